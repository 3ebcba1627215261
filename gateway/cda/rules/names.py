"""The names of people in the header: how many, with which parts, titles of the value sets.

Source: CI-SIS "Structuration minimale des documents de santé", PersonneStructure.
"""

from __future__ import annotations

from lxml import etree

from gateway import valuesets as sets
from gateway.cda.elements import name_of, text_of
from gateway.cda.rules.engine import WARNING, Book, Context, step_name
from gateway.cda.rules.looking import find, kids
from gateway.cda.rules.vocabulary import is_null, known, letters, set_shown

BOOK = Book("names")

_CD = "ClinicalDocument"
_SM = "CI-SIS Structuration minimale, {}"
_ENCOUNTER = f"{_CD}/componentOf/encompassingEncounter"
_PERSONS = {
    f"{_CD}/author/assignedAuthor/assignedPerson": True,
    f"{_CD}/legalAuthenticator/assignedEntity/assignedPerson": True,
    f"{_CD}/authenticator/assignedEntity/assignedPerson": True,
    f"{_CD}/informant/assignedEntity/assignedPerson": True,
    f"{_CD}/informant/relatedEntity/relatedPerson": True,
    f"{_CD}/participant/associatedEntity/associatedPerson": True,
    f"{_CD}/documentationOf/serviceEvent/performer/assignedEntity/assignedPerson": False,
    f"{_CD}/informationRecipient/intendedRecipient/informationRecipient": False,
    f"{_ENCOUNTER}/responsibleParty/assignedEntity/assignedPerson": True,
    f"{_ENCOUNTER}/encounterParticipant/assignedEntity/assignedPerson": True,
}
"""Where a person stands, and whether the validator demands the name there."""
NAME = BOOK.rule(
    "A-1",
    "Une personne doit avoir exactement un nom avec un nom de famille.",
    "A person must have exactly one name with a family name.",
    source=_SM.format("assignedPerson/name [1..1], family [1..1]"),
)
NAME_SPEC = BOOK.rule(
    "A-1b",
    "Une personne doit avoir exactement un nom avec un nom de famille.",
    "A person must have exactly one name with a family name.",
    source=_SM.format("assignedPerson/name [1..1], family [1..1]; the validator does not ask it here"),
    official=None,
)
NAME_PARTS = BOOK.rule(
    "A-1c",
    "Un nom a plusieurs {name} : un seul est permis.",
    "A name has several {name}: one is allowed.",
    source=_SM.format("name: family [1..1], given, prefix, suffix [0..1]"),
)
PREFIX = BOOK.rule(
    "A-1d",
    "La civilité « {value} » n'est pas dans {expected}.",
    "The title of courtesy “{value}” is not in {expected}.",
    source=_SM.format("name/prefix: JDV_J245"),
)
SUFFIX = BOOK.rule(
    "A-1e",
    "Le titre « {value} » n'est pas dans {expected}.",
    "The title “{value}” is not in {expected}.",
    source=_SM.format("name/suffix: JDV_J246"),
)

TWO_NAMES = BOOK.rule(
    "A-1f",
    "Le professionnel {expected} a un autre nom à un autre endroit du document : « {value} ».",
    "The professional {expected} has another name at another place of the document: “{value}”.",
    source=_SM.format("id of a professional: the national identifier of one person (the official request departs)"),
    spec=WARNING,
    official=None,
)
_HOLDERS = ("assignedPerson", "associatedPerson", "informationRecipient", "playingEntity")
"""The elements that hold the person of a role."""


def person(element: etree._Element, context: Context) -> None:
    """The name of a person: one, with one family name, titles of the value sets."""
    demanded = _PERSONS.get(_where(element), True)
    if context.official and find(element, "name") is None and step_name(element) == "associatedPerson":
        return
    named = [one for one in kids(element, "name") if find(one, "family") is not None]
    if any(is_null(find(one, "family")) for one in named):
        context.say(NAME_SPEC, element, at="name/family", value="nullFlavor")
    if len(named) != 1 or (not context.official and len(kids(element, "name")) != 1):
        context.say(NAME if demanded else NAME_SPEC, element, at="name/family", value=str(len(named)))
    for name in named:
        for part in ("family", "given", "prefix", "suffix"):
            if len(kids(name, part)) > 1:
                context.say(NAME_PARTS, name, at=part, name=part)
    for rule, part, table in ((PREFIX, "prefix", sets.PREFIX), (SUFFIX, "suffix", sets.SUFFIX)):
        for one in kids(element, f"name/{part}"):
            word = (one.text or "").strip() if not context.official else one.text or ""
            if not known(table, word) and (context.official or not is_null(one)):
                context.say(rule, one, value=text_of(one), expected=set_shown(table))


BOOK.at(*_PERSONS)(person)


@BOOK.at(f"{_CD}/dataEnterer/assignedEntity/assignedPerson")
def data_enterer(element: etree._Element, context: Context) -> None:
    """The validator looks at no name of who entered the data."""
    if not context.official:
        person(element, context)


@BOOK.end
def one_name_each(root: etree._Element, context: Context) -> None:
    """A national identifier is of one person: wherever it stands, the family name is the same or a part of it."""
    known: dict[str, str] = {}
    for element in context.collected["professional"]:
        family, number = _family(element.getparent()), element.get("extension", "").strip()
        if not family or not number:
            continue
        first, other = letters(known.setdefault(number, family)), letters(family)
        if first not in other and other not in first:
            context.say(TWO_NAMES, element, value=family, expected=number)


def _family(role: etree._Element | None) -> str:
    found = (one for name in _HOLDERS for one in kids(role, f"{name}/name/family"))
    return text_of(next(found, None))


def _where(element: etree._Element) -> str:
    names = [name_of(one) for one in (element, *element.iterancestors())]
    return "/".join(reversed(names))
