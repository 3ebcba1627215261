"""Documented acts as every document of the CI-SIS has them (CI-SIS "Structuration minimale", documentationOf)."""

from __future__ import annotations

from lxml import etree

from gateway.cda.elements import attribute
from gateway.cda.rules.constraints import Owner, attributes, children
from gateway.cda.rules.datatypes import moment
from gateway.cda.rules.engine import Book, Context
from gateway.cda.rules.looking import find, kids
from gateway.cda.rules.vocabulary import is_null

BOOK = Book("documented acts")

_CD = "ClinicalDocument"
_EVENT = f"{_CD}/documentationOf/serviceEvent"
_SM = "CI-SIS Structuration minimale, documentationOf: {}"
ACT = Owner("L'acte documenté", "The documented act")

MAIN_ACT = BOOK.rule(
    "D-2",
    "Le premier documentationOf doit être l'acte principal : exactement un exécutant (performer) et une date"
    " (effectiveTime).",
    "The first documentationOf must be the main act: exactly one performer and one effectiveTime.",
    source=_SM.format("the main act comes first, with its performer and its time"),
)
CODE = BOOK.rule(
    "D-3c",
    "Le code d'un acte documenté doit avoir code et codeSystem, ou un nullFlavor seul.",
    "The code of a documented act must have code and codeSystem, or a nullFlavor alone.",
    source=_SM.format("serviceEvent/code"),
)
children(BOOK, "D-3d", _EVENT, "effectiveTime", ACT, _SM.format("effectiveTime [0..1]"), least=0)
children(
    BOOK,
    "D-3e",
    f"{_EVENT}/effectiveTime",
    "low",
    Owner("La date d'un acte", "The time of an act"),
    _SM.format("effectiveTime/low [1..1]"),
)
attributes(
    BOOK,
    "D-3f",
    f"{_EVENT}/effectiveTime/low",
    "value",
    Owner("Le début d'un acte", "The beginning of an act"),
    _SM.format("effectiveTime/low/@value"),
)
PERFORMERS = BOOK.rule(
    "D-3g",
    "Un acte documenté a plusieurs exécutants (performer PRF) : un seul est permis.",
    "A documented act has several performers (PRF): one is allowed.",
    source=_SM.format("performer[PRF] [0..1]"),
)
QUALIFIERS = BOOK.rule(
    "D-6d",
    "Une translation a plusieurs qualifier, ou un qualifier sans name : un seul de chaque est attendu.",
    "A translation has several qualifiers, or a qualifier without name: one of each is expected.",
    source=_SM.format("code/translation/qualifier [0..1], name [1..1]"),
)
ENTITY = BOOK.rule(
    "D-9c",
    "L'exécutant d'un acte doit avoir une organisation (representedOrganization).",
    "The performer of an act must have an organisation (representedOrganization).",
    source=_SM.format("performer/assignedEntity/representedOrganization [1..1]"),
)
_PERFORMER = f"{_EVENT}/performer/assignedEntity"
children(
    BOOK,
    "D-9d",
    _PERFORMER,
    "id",
    Owner("L'exécutant", "The performer"),
    _SM.format("performer/assignedEntity/id [1..1]"),
)
children(
    BOOK,
    "D-9e",
    f"{_PERFORMER}/representedOrganization",
    "standardIndustryClassCode",
    Owner("L'organisation de l'exécutant", "The organisation of the performer"),
    _SM.format("performer/…/standardIndustryClassCode [1..1], JDV_J04"),
    null=False,
)
BEFORE_DOCUMENT = BOOK.rule(
    "D-3h",
    "L'acte commence ({value}) après la date du document ({expected}).",
    "The act begins ({value}) after the date of the document ({expected}).",
    source="CI-SIS Structuration minimale; plain sense: a document is written about an act that has begun",
    official=None,
)


@BOOK.at(_CD)
def main_act(root: etree._Element, context: Context) -> None:
    first = find(root, "documentationOf")
    if first is None:
        return
    events = kids(first, "serviceEvent")
    for name in ("performer", "effectiveTime"):
        found = sum(len(kids(one, name)) for one in events)
        if found != 1:
            context.say(MAIN_ACT, first, at=f"serviceEvent/{name}", value=str(found), expected="1..1")


@BOOK.at(f"{_EVENT}/code")
def code(element: etree._Element, context: Context) -> None:
    stated = element.get("code") is not None, element.get("codeSystem") is not None
    if stated != ((False, False) if is_null(element) else (True, True)):
        context.say(CODE, element)


@BOOK.at(f"{_EVENT}/code/translation")
def translation(element: etree._Element, context: Context) -> None:
    qualifiers = kids(element, "qualifier")
    if len(qualifiers) > 1 or any(len(kids(one, "name")) != 1 for one in qualifiers):
        context.say(QUALIFIERS, element, at="qualifier")


@BOOK.at(_EVENT)
def performers(element: etree._Element, context: Context) -> None:
    found = [one for one in kids(element, "performer") if one.get("typeCode") == "PRF"]
    if len(found) > 1:
        context.say(PERFORMERS, found[1])
    for one in found:
        if find(one, "assignedEntity/representedOrganization") is None:
            context.say(ENTITY, one, at="assignedEntity/representedOrganization")


@BOOK.at(f"{_EVENT}/effectiveTime/low")
def begun(element: etree._Element, context: Context) -> None:
    written = attribute(find(context.root, "effectiveTime"), "value")
    start, document = moment(element.get("value", "")), moment(written)
    if start is None or document is None:
        return
    parts = min(start.digits, document.digits, 8) // 2 - 1  # the year, with its month, with its day
    if start.moment.timetuple()[:parts] > document.moment.timetuple()[:parts]:
        context.say(BEFORE_DOCUMENT, element, at="@value", expected=written)
