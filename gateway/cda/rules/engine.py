"""The engine: what a rule is, how checks are registered, and what a check is given to say what it found.

A **rule** is a frozen value: a stable id, one sentence in both languages, its source, and how much it weighs in each
profile. A **check** is a short function ``(element, context)`` that looks at one element and calls ``context.say(rule,
element, ...)`` for what is wrong. A **book** holds the rules and the checks of one part of the document; checks are
registered by where they apply, never by searching the tree::

    BOOK = Book("sections", models={Model.CR_IMG})
    S_8 = BOOK.rule("S-8", "La conclusion est vide.", "The conclusion is empty.",
                    source="001 3.3.9: « text [1..1] Conclusions sous forme textuelle »", official=None)

    @BOOK.template("1.2.250.1.213.1.1.2.209", "1.2.840.10008.9.5")     # once for an element, whichever it declares
    def conclusion(section, context):
        if not text_of(find(section, "text")):
            context.say(S_8, section, at="text")

    @BOOK.at("ClinicalDocument/recordTarget/patientRole")              # path of names from the root
    @BOOK.element("telecom")                                           # a name of urn:hl7-org:v3 anywhere
    @BOOK.kind("II")                                                   # a data type or class, as the grammar has it
    @BOOK.end                                                          # (root, context), after the walk

The walk (:mod:`gateway.cda.rules.walk`) meets every element once, in document order; a check may look down from its
element with :mod:`gateway.cda.elements` and the helpers of :mod:`gateway.cda.rules.vocabulary`, never with ``//``.
What a check wants to compare with another place goes into ``context.collected`` and is compared in an ``end`` check.
Findings are put into document order afterwards, and at most ``KEPT`` of each rule are kept, with a count of the rest:
memory stays bounded whatever the document.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import TypeVar, cast

from lxml import etree

from gateway.cda.elements import CDA, PS3_20
from gateway.cda.rules.looking import is_alone, tagged
from gateway.model.finding import Finding, Severity
from gateway.texts.text import Text

KEPT = 50
"""Findings of one rule that are kept; the rest is counted."""
_SHOWN = 200
"""Characters of a value that a finding shows."""

ERROR, WARNING, ADVICE = Severity.ERROR, Severity.WARNING, Severity.ADVICE


class Profile(StrEnum):
    """By whose measure a document is judged."""

    SPEC = "spec"
    """What the technical specification and the header rules require, plain sense included."""
    OFFICIAL = "official"
    """What the ANS validator reports today."""


class Model(StrEnum):
    """What kind of document the rules are for."""

    CR_IMG = "IMG-CR-IMG"
    DA_IMG = "IMG-DA-IMG"
    LEVEL_1 = "CDA-N1"
    """A body that is not structured: a PDF, an image or a text."""
    OTHER = "other"
    """Any other model: the common header and the structure of CDA alone are judged."""


EVERY_MODEL = frozenset(Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule; ``spec`` and ``official`` say its weight in each profile, None that the profile does not know it."""

    id: str
    text: Text
    """May hold ``{value}``, ``{expected}`` and the facts given to :meth:`Context.say`."""
    source: str
    """Document, section and sentence."""
    spec: Severity | None
    official: Severity | None
    part: str
    """The book it stands in."""
    softened: frozenset[Model] = frozenset()
    """Models for which it only warns in ``spec``, and which ``official`` does not ask."""

    def severity(self, profile: Profile, model: Model | None = None) -> Severity | None:
        """Its weight in *profile*, for a document of *model*."""
        weight = self.spec if profile is Profile.SPEC else self.official
        if model in self.softened:
            return Severity.WARNING if weight is Severity.ERROR and profile is Profile.SPEC else None
        if model is Model.OTHER and profile is Profile.SPEC and self.official is None and weight is Severity.ERROR:
            return Severity.WARNING  # plain sense of ours, about a model whose own specification we do not judge
        return weight


Answer = TypeVar("Answer")
Check = Callable[[etree._Element, "Context"], None]


class Book:
    """The rules and checks of one part of the document, for the *models* named (all of them by default).

    For a model of *softened* the rules only warn in ``spec``, and ``official`` does not ask them.
    """

    def __init__(self, name: str, models: Iterable[Model] = EVERY_MODEL, softened: Iterable[Model] = ()) -> None:
        self.name = name
        self.models = frozenset(models)
        self.softened = frozenset(softened)
        self.rules: list[Rule] = []
        self.checks: list[tuple[str, str, Check]] = []
        """(how, where, check): how is ``at``, ``template``, ``element``, ``kind`` or ``end``."""

    def rule(
        self,
        rule_id: str,
        fr: str,
        en: str,
        *,
        source: str,
        spec: Severity | None = ERROR,
        official: Severity | None = ERROR,
    ) -> Rule:
        """Add a rule; None as a weight means that the profile does not know it."""
        rule = Rule(
            id=rule_id,
            text=Text(fr, en),
            source=source,
            spec=spec,
            official=official,
            part=self.name,
            softened=self.softened,
        )
        self.rules.append(rule)
        return rule

    def at(self, *paths: str) -> Callable[[Check], Check]:
        """Check each element at one of *paths*: CDA names from the root, ``ClinicalDocument/author/time``."""
        return self._register("at", paths)

    def template(self, *roots: str) -> Callable[[Check], Check]:
        """Check each element that declares one of the templateIds *roots*, once."""
        return self._register("template", roots)

    def element(self, *names: str) -> Callable[[Check], Check]:
        """Check each element of one of *names* (CDA namespace), wherever it stands."""
        return self._register("element", names)

    def kind(self, *types: str) -> Callable[[Check], Check]:
        """Check each element whose class or data type in the grammar is one of *types*; ``xsi:type`` counts."""
        return self._register("kind", types)

    def end(self, check: Check) -> Check:
        """Call *check* with the root when every element has been met."""
        return self._register("end", ("",))(check)

    def _register(self, how: str, places: Iterable[str]) -> Callable[[Check], Check]:
        def decorate(check: Check) -> Check:
            self.checks.extend((how, place, check) for place in places)
            return check

        return decorate


@dataclass(slots=True)
class _Raw:
    """What was said, before its path and its place in the document are known."""

    rule: Rule
    element: etree._Element
    at: str
    value: str | None
    expected: str | None
    facts: dict[str, str]
    order: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Context:
    """What a check is given beside its element."""

    root: etree._Element
    profile: Profile
    model: Model
    level: int
    """1 (body not structured) or 3."""
    official: bool = field(init=False)
    """Whether the profile is ``official``."""
    collected: dict[str, list[etree._Element]] = field(default_factory=lambda: defaultdict(list))
    """Elements that checks lay aside for an ``end`` check, by a name of their own."""
    stated: dict[str, str] = field(default_factory=dict)
    """The attributes of the element that the walk has come to, for the checks of its kind: read once for all."""
    begun: list[tuple[int, int]] = field(default_factory=list)
    """How many IDs, and references to an ID, had been met when each section of the body began."""
    _alive: list[etree._Element] = field(default_factory=list)
    """Every element, in document order: while they are held, looking at them again makes nothing anew."""
    _siblings: dict[tuple[etree._Element | None, object], set[object]] = field(default_factory=dict)
    _answers: dict[object, object] = field(default_factory=dict)
    _raw: list[_Raw] = field(default_factory=list)
    _count: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _seen: set[tuple[str, etree._Element, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.official = self.profile is Profile.OFFICIAL
        self._alive = [*self.root.iter()]

    def once(self, ask: Callable[[etree._Element], Answer]) -> Answer:
        """What *ask* says of the root, for the checks that need the same of the whole document; not to be altered."""
        if ask not in self._answers:
            self._answers[ask] = ask(self.root)
        return cast(Answer, self._answers[ask])

    def repeats(self, element: etree._Element, key: object) -> bool:
        """Whether a sibling of the same name, met before, had the same *key*."""
        place = element.getparent(), element.tag
        seen = self._siblings.get(place)
        if seen is None:
            self._siblings[place] = {key}
            return False
        if key in seen:
            return True
        seen.add(key)
        return False

    def say(
        self,
        rule: Rule,
        element: etree._Element,
        /,
        *,
        at: str = "",
        value: str | None = None,
        expected: str | None = None,
        **facts: object,
    ) -> None:
        """*rule* is broken at *element*, or at *at* below it (``title``, ``@value``); nothing if the profile lacks it.

        *value* is taken from the attribute when *at* names one. The same rule is said once for one place.
        """
        count = self._count[rule.id]
        if count >= KEPT:
            self._count[rule.id] = count + 1
            return
        key = (rule.id, element, at)
        if rule.severity(self.profile, self.model) is None or key in self._seen:
            return
        self._count[rule.id] = count + 1
        self._seen.add(key)
        if value is None and at.startswith("@"):
            value = element.get(_attribute_name(at[1:]))
        told = {name: str(fact) for name, fact in facts.items()}
        self._raw.append(_Raw(rule, element, at, value, expected, told))

    def findings(self) -> tuple[Finding, ...]:
        """Everything said, in document order, with paths and lines."""
        if not self._raw:
            return ()
        order = dict(zip(self._alive, count()))
        for said, raw in enumerate(self._raw):
            raw.order = (order.get(raw.element, 0), said)
        self._raw.sort(key=lambda raw: raw.order)
        last = {raw.rule.id: raw for raw in self._raw}
        place = Places()
        return tuple(self._finding(raw, place, last[raw.rule.id] is raw) for raw in self._raw)

    def _finding(self, raw: _Raw, place: Places, last: bool) -> Finding:
        severity = raw.rule.severity(self.profile, self.model)
        assert severity is not None  # noqa: S101 - say() has looked
        unshown = self._count[raw.rule.id] - KEPT if last else 0
        value = None if raw.value is None else raw.value[:_SHOWN]
        facts = _Facts(raw.facts, value=value or "", expected=raw.expected or "")
        text = Text(raw.rule.text.fr.format_map(facts), raw.rule.text.en.format_map(facts))
        if unshown > 0:
            text = Text(f"{text.fr} (et {unshown} autres fois)", f"{text.en} (and {unshown} more times)")
        path = place.path(raw.element)
        return Finding(
            rule=raw.rule.id,
            severity=severity,
            path=f"{path}/{raw.at}" if raw.at else path,
            message=text,
            source=raw.rule.source,
            line=line_of(raw.element),
            value=value,
            expected=raw.expected,
            more={"not_shown": str(unshown)} if unshown > 0 else {},
        )


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


class Places:
    """Paths with positions; siblings of a name are counted once, so that many findings among many stay cheap."""

    def __init__(self) -> None:
        self._positions: dict[tuple[etree._Element, object], dict[etree._Element, int]] = {}
        self._paths: dict[etree._Element, str] = {}

    def path(self, element: etree._Element) -> str:
        """``/ClinicalDocument/component/structuredBody/component[3]/section``."""
        above: list[etree._Element] = []
        at: etree._Element | None = element
        while at is not None and at not in self._paths:
            above.append(at)
            at = at.getparent()
        path = "" if at is None else self._paths[at]
        for one in reversed(above):
            path = self._paths[one] = f"{path}/{self._step(one)}"
        return path

    def _step(self, element: etree._Element) -> str:
        parent, tag = element.getparent(), str(element.tag)
        if parent is None or is_alone(element):
            return step_name(element)
        positions = self._positions.get((parent, tag))
        if positions is None:
            positions = {one: position for position, one in enumerate(tagged(parent, tag), 1)}
            self._positions[parent, tag] = positions
        return f"{step_name(element)}[{positions[element]}]"


def line_of(element: etree._Element) -> int | None:
    """The line of the file on which *element* begins, from 1."""
    line: object = element.sourceline
    return line if isinstance(line, int) else None


def step_name(element: etree._Element) -> str:
    """The name in a path: bare in the CDA namespace, with its prefix elsewhere."""
    namespace, _, name = str(element.tag).rpartition("}")
    if namespace == _CDA:
        return name
    prefix = "ps3-20" if namespace == _PS3_20 else element.prefix
    return f"{prefix}:{name}" if prefix else name


_CDA, _PS3_20 = f"{{{CDA}", f"{{{PS3_20}"


def _attribute_name(name: str) -> str:
    return "{http://www.w3.org/2001/XMLSchema-instance}type" if name == "xsi:type" else name
