"""The encounter during which the act was done, the documents replaced, the consents.

Source: CI-SIS "Structuration minimale des documents de santé": componentOf, relatedDocument, authorization.
"""

from __future__ import annotations

from lxml import etree

from gateway import valuesets as sets
from gateway.cda.elements import attribute
from gateway.cda.rules.constraints import Owner, attributes, children, from_set
from gateway.cda.rules.engine import Book, Context
from gateway.cda.rules.looking import find, kids
from gateway.cda.rules.vocabulary import is_null, known, set_shown

BOOK = Book("encounter")

_CD = "ClinicalDocument"
_SM = "CI-SIS Structuration minimale, {}"
_ENCOUNTER = f"{_CD}/componentOf/encompassingEncounter"
_FACILITY = f"{_ENCOUNTER}/location/healthCareFacility"
ENCOUNTER = Owner("La prise en charge", "The encounter")

children(BOOK, "E-1b", _ENCOUNTER, "location", ENCOUNTER, _SM.format("encompassingEncounter/location [1..1]"))
children(BOOK, "E-1c", _ENCOUNTER, "effectiveTime", ENCOUNTER, _SM.format("encompassingEncounter/effectiveTime [1..1]"))
_KIND = Owner("Type de prise en charge", "Type of encounter")
attributes(
    BOOK, "E-1d", f"{_ENCOUNTER}/code", "code codeSystem displayName", _KIND, _SM.format("encompassingEncounter/code")
)  # fmt: skip
from_set(
    BOOK, "E-1e", f"{_ENCOUNTER}/code", sets.ENCOUNTER_TYPE, _KIND, _SM.format("encompassingEncounter/code: JDV_J142")
)
_PLACE = Owner("Le lieu de prise en charge", "The place of care")
children(BOOK, "E-1f", _FACILITY, "code", _PLACE, _SM.format("healthCareFacility/code [1..1]"))
_SECTOR = Owner("Modalité d'exercice", "Type of facility")
attributes(
    BOOK, "E-1g", f"{_FACILITY}/code", "code codeSystem displayName", _SECTOR, _SM.format("healthCareFacility/code")
)  # fmt: skip
from_set(BOOK, "E-1h", f"{_FACILITY}/code", sets.FACILITY_TYPE, _SECTOR, _SM.format("healthCareFacility/code: JDV_J02"))
_DISCHARGE = f"{_ENCOUNTER}/dischargeDispositionCode"
attributes(
    BOOK,
    "E-1j",
    _DISCHARGE,
    "code displayName",
    Owner("Mode de sortie", "Discharge"),
    _SM.format("dischargeDispositionCode: code, displayName"),
)
DISCHARGE_SYSTEM = BOOK.rule(
    "E-1k",
    "Le mode de sortie est codé dans {expected}, non dans « {value} ».",
    "The discharge is coded in {expected}, not in “{value}”.",
    source=_SM.format("dischargeDispositionCode/@codeSystem: 1.2.250.1.213.2.14"),
)
_DISCHARGES = "1.2.250.1.213.2.14"
ENCOUNTER_PARTICIPATION = BOOK.rule(
    "E-1i",
    "Le type de participation « {value} » n'est pas dans {expected}.",
    "The type of participation “{value}” is not in {expected}.",
    source=_SM.format("encounterParticipant/@typeCode: JDV_J140"),
)

RELATED = BOOK.rule(
    "R-1",
    "Le document ne peut remplacer (RPLC) qu'un seul document, avec un identifiant.",
    "The document can replace (RPLC) one document only, with one identifier.",
    source=_SM.format("relatedDocument[RPLC] [0..1], parentDocument/id [1..1]"),
)
CONSENT = BOOK.rule(
    "Z-1",
    "Un consentement doit avoir un code et un statusCode completed.",
    "A consent must have a code and a statusCode completed.",
    source=_SM.format("authorization/consent: code [1..1], statusCode completed"),
)


@BOOK.at(_DISCHARGE)
def discharge(element: etree._Element, context: Context) -> None:
    if element.get("codeSystem", _DISCHARGES) != _DISCHARGES:
        context.say(DISCHARGE_SYSTEM, element, at="@codeSystem", expected=_DISCHARGES)


@BOOK.at(f"{_ENCOUNTER}/encounterParticipant")
def participant(element: etree._Element, context: Context) -> None:
    kind = element.get("typeCode", "")
    if kind and not known(sets.ENCOUNTER_PARTICIPATION, kind):
        expected = set_shown(sets.ENCOUNTER_PARTICIPATION)
        context.say(ENCOUNTER_PARTICIPATION, element, at="@typeCode", expected=expected)


@BOOK.at(_CD)
def replaced(root: etree._Element, context: Context) -> None:
    found = [one for one in kids(root, "relatedDocument") if attribute(one, "typeCode") == "RPLC"]
    if len(found) > 1:
        context.say(RELATED, found[1])
    for one in found if context.official else kids(root, "relatedDocument"):
        parent = find(one, "parentDocument")
        ids = [] if parent is None else [each for each in kids(parent, "id") if not is_null(each)]
        if len(ids) != 1:
            context.say(RELATED, one, at="parentDocument/id", value=str(len(ids)), expected="1..1")


@BOOK.at(f"{_CD}/authorization/consent")
def consent(element: etree._Element, context: Context) -> None:
    status = find(element, "statusCode")
    done = status is not None and (status.get("code") == "completed" or is_null(status))
    if not done or find(element, "code") is None:
        context.say(CONSENT, element)
