"""What the rules of entries share: the book, the frame that every entry has, and short questions to an element.

The **frame** of an entry is its element, ``classCode`` and ``moodCode``, its templateIds and its ``id``. ``spec`` asks
it of every element that declares one of the templates; ``official`` only where the ANS validator's rule starts (its
*trigger*), and with the numbers that this rule has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from lxml import etree

from gateway.cda.elements import attribute, name_of
from gateway.cda.rules.engine import ERROR, WARNING, Book, Context, Model, Rule
from gateway.cda.rules.looking import declarations, find, kids
from gateway.model.finding import Severity
from gateway.valuesets import load

BOOK = Book("entries", models={Model.CR_IMG})

LOINC = "2.16.840.1.113883.6.1"
DCM = "1.2.840.10008.2.16.4"
SNOMED_CT = "2.16.840.1.113883.6.96"
CCAM = frozenset({"1.2.250.1.213.2.5", "1.2.250.1.215.300.1"})
"""The OID of 001, and the one of the official example and of newer ANS files."""
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """A code that the specification fixes."""

    code: str
    system: str
    display: str

    def __str__(self) -> str:
        return f"{self.code} ({self.display}), {self.system}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The frame of one entry."""

    key: str
    name: str
    element: str
    class_code: str
    templates: tuple[str, ...]
    """All of them are declared together; the first is where the official rule starts."""
    source: str
    exact: bool = False
    """The official rule counts the templateIds."""
    lenient: Literal["", "mood", "class", "all"] = ""
    """What the official rule does not look at: the moodCode, the classCode too, or the element itself too."""
    ids: tuple[int, int | None] = (0, None)
    """How many ids, as the official rule has it."""
    spec_ids: Severity | None = ERROR
    code: Coding | None = None
    negatable: bool = False
    """Whether it may say that something is not (``negationInd``): a finding may, what was done or given may not."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The rules of an entry's frame."""

    templates: Rule | None
    element: Rule
    ids: Rule | None
    code: Rule | None


def frame(entry: Entry) -> Frame:
    """Make the rules of *entry*'s frame; :func:`framed` applies them."""
    many = len(entry.templates) > 1
    least, most = entry.ids
    return Frame(
        templates=BOOK.rule(
            f"{entry.key}a",
            f"L'entrée {entry.name} doit déclarer {'ensemble les modèles' if many else 'le modèle'} {{expected}}.",
            f"The entry {entry.name} must declare {'together the templates' if many else 'the template'} {{expected}}.",
            source=f"{entry.source} (templateId)",
            spec=ERROR if many else None,
        )
        if many or entry.exact
        else None,
        element=BOOK.rule(
            f"{entry.key}b",
            f"L'entrée {entry.name} doit être un élément {{expected}} ; trouvé : {{value}}.",
            f"The entry {entry.name} must be an element {{expected}}; found: {{value}}.",
            source=f"{entry.source} (classCode, moodCode)",
            official=None if entry.lenient == "all" else ERROR,
        ),
        ids=BOOK.rule(
            f"{entry.key}c",
            f"L'entrée {entry.name} doit avoir {'exactement un' if most == 1 else 'un'} identifiant (id).",
            f"The entry {entry.name} must have {'exactly one' if most == 1 else 'an'} id.",
            source=f"{entry.source} (id)",
            spec=entry.spec_ids,
        )
        if least
        else None,
        code=BOOK.rule(
            f"{entry.key}d",
            f"Le code de l'entrée {entry.name} est fixé à {{expected}} ; trouvé : {{value}}.",
            f"The code of the entry {entry.name} is fixed to {{expected}}; found: {{value}}.",
            source=f"{entry.source} (code)",
        )
        if entry.code
        else None,
    )


def framed(element: etree._Element, context: Context, entry: Entry, rules: Frame) -> bool:
    """Say what is wrong with the frame of *element*; whether the rest of the entry's rules apply to it.

    In ``official`` they apply only to an element that declares the trigger.
    """
    declared = declarations(element)
    if context.official and entry.templates[0] not in declared:
        return False
    missing = [root for root in entry.templates if root not in declared]
    counted = context.official and entry.exact and len(declared) != len(entry.templates)
    if rules.templates is not None and (missing or counted):
        expected = " + ".join(entry.templates)
        context.say(rules.templates, element, value=" + ".join(declared), expected=expected)
    _check_element(element, context, entry, rules)
    if rules.ids is not None:
        least, most = entry.ids
        count = len(kids(element, "id"))
        if count < least or (most is not None and count > most):
            context.say(rules.ids, element, at="id", value=str(count))
    if rules.code is not None and entry.code is not None:
        check_code(element, context, rules.code, entry.code)
    return True


def _check_element(element: etree._Element, context: Context, entry: Entry, rules: Frame) -> None:
    name, class_code, mood = name_of(element), attribute(element, "classCode"), attribute(element, "moodCode")
    lenient = entry.lenient if context.official else ""
    right = (
        (lenient == "all" or name == entry.element)
        and (lenient in ("all", "class") or class_code == entry.class_code)
        and (bool(lenient) or mood == "EVN")
    )
    if not right:
        expected = f"{entry.element}[@classCode={entry.class_code}, @moodCode=EVN]"
        context.say(rules.element, element, value=f"{name}[{class_code}, {mood}]", expected=expected)
    if not entry.negatable and element.get("negationInd") == "true":
        context.say(NEGATED, element, at="@negationInd", expected="false", name=entry.name)


NEGATED = BOOK.rule(
    "N-24",
    "L'entrée {name} dit que ce qu'elle décrit n'a pas eu lieu (negationInd), et le décrit pourtant.",
    "The entry {name} says that what it tells did not take place (negationInd), and tells it nevertheless.",
    source="HL7 CDA R2 4.3.6.1.2 Act.negationInd; 001 3.3.4 (actes réalisés, produits administrés, doses mesurées)",
    official=None,
)


def check_code(element: etree._Element, context: Context, rule: Rule, fixed: Coding, at: str = "code") -> None:
    """Say *rule* unless the child *at* of *element* has the fixed code and its system."""
    found = find(element, at)
    if not is_coded(found, fixed):
        context.say(rule, element, at=at, value=shown(found), expected=str(fixed))
    elif found is not None:
        check_display(found, context, fixed)


DISPLAY = BOOK.rule(
    "N-20",
    "Le libellé « {value} » n'est pas celui que la spécification fixe pour ce code : « {expected} ».",
    "The display “{value}” is not the one that the specification fixes for this code: “{expected}”.",
    source="001 3.3.3 à 3.3.11 : codes « Fixé à la valeur : code=…, displayName=… »",
    spec=WARNING,
    official=None,
)


def check_display(element: etree._Element, context: Context, fixed: Coding) -> None:
    """Warn when the display of a fixed code says something else; a display that is absent says nothing wrong."""
    display = attribute(element, "displayName")
    if display and plain(display) not in (plain(fixed.display), plain(fixed.display) + "s"):
        context.say(DISPLAY, element, at="@displayName", expected=fixed.display)


# .. questions to an element


def is_coded(element: etree._Element | None, fixed: Coding) -> bool:
    """Whether it has the code and the system of *fixed*."""
    return attribute(element, "code") == fixed.code and attribute(element, "codeSystem") == fixed.system


def nested(element: etree._Element) -> bool:
    """Whether elements of its name are nested beyond any report.

    The official counts take in everything below; in there they are not made, so that time stays bounded.
    """
    return sum(1 for _ in islice(element.iterancestors(element.tag), _NESTED)) == _NESTED


_NESTED = 8


def in_set(element: etree._Element, name: str) -> bool:
    """Whether it has a code and its system, together in the value set *name*."""
    code, system = attribute(element, "code"), attribute(element, "codeSystem")
    return bool(code and system) and load(name).has(code, system)


def shown(element: etree._Element | None) -> str:
    """A code as a finding shows it."""
    if element is None:
        return "—"
    null = attribute(element, "nullFlavor")
    return f"nullFlavor {null}" if null else f"{attribute(element, 'code')}, {attribute(element, 'codeSystem')}"


def names_no_product(system: str) -> bool:
    """Whether *system* is one of acts, roles, places and states, whose codes name neither a product nor a device."""
    return system in _OF_NO_PRODUCT or system.startswith(_TABLES_OF_NO_PRODUCT)


_OF_NO_PRODUCT = frozenset({LOINC, *CCAM, "0.4.0.127.0.16.1.1.2.1"})
_TABLES_OF_NO_PRODUCT = ("2.16.840.1.113883.5.", "1.2.250.1.213.1.1.4.", "1.2.250.1.71.")
"""The vocabularies of HL7, and the tables of the CI-SIS and of the national directory."""


def outside_set(element: etree._Element, name: str) -> bool:
    """Whether the official look-up of value sets refuses *element* (no nullFlavor allowed).

    A value whose ``xsi:type`` is neither ``CD`` nor ``CE`` escapes it.
    """
    if element.get("nullFlavor") is not None:
        return True
    kind = element.get(XSI_TYPE)
    if kind is not None and kind not in ("CD", "CE"):
        return False
    return not in_set(element, name)


_SAME = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "–": "-", "‑": "-", "\u00a0": " ", "\u202f": " "})


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """*text* without what typing may change: apostrophes, hyphens, white space, case."""
    return " ".join(text.translate(_SAME).casefold().split())


def in_order(book: Book) -> None:
    """Put the rules of *book* into the order of their ids (N-2 before N-10), whatever module made them first."""
    book.rules.sort(key=lambda rule: [int(part) if part.isdigit() else part for part in _PARTS.findall(rule.id)])


_PARTS = re.compile(r"\d+|\D+")
