"""Orders and documented acts: placer and accession numbers, studies, codes, modalities, regions, performers.

The rules, with their source, stand in ``order_acts_book``.
"""

from __future__ import annotations

from lxml import etree

from gateway import valuesets as sets
from gateway.cda.elements import PS3_20, attribute, name_of
from gateway.cda.rules.engine import Context, Model
from gateway.cda.rules.looking import find, kids, tagged
from gateway.cda.rules.order_acts_book import (
    ACCESSION,
    ACCESSION_PARTS,
    ACCESSION_TWICE,
    AUTHOR_ORGANIZATION,
    CCAM_FORM,
    CCAM_SYSTEM,
    CCAM_TWICE,
    CODE_MISSING,
    ESTABLISHMENT,
    EVENT_MISSING,
    MODALITY,
    NATIONAL_ID,
    ORDER_MISSING,
    ORDER_TWICE,
    PERFORMER_ID,
    PERFORMER_MISSING,
    PERFORMER_ORGANIZATION,
    PLACER,
    PLACER_EXTENSION,
    PROFESSION,
    QUALIFIED_OTHERWISE,
    QUALIFIER,
    REGION,
    REGION_MISSING,
    SCREENING_TWICE,
    STUDY,
    STUDY_EXTENSION,
    STUDY_FORM,
    STUDY_TWICE,
    TIME_MISSING,
    TRANSLATION_UNKNOWN,
    TRANSLATIONS,
)
from gateway.cda.rules.order_acts_book import BOOK as BOOK
from gateway.cda.rules.profiles import IMAGING_REPORT
from gateway.cda.rules.vocabulary import allowed, is_null, set_shown, shown
from gateway.model.codes import CCAM_SYSTEMS, DCM, LOINC, SNOMED_CT
from gateway.model.identifiers import ORGANIZATION_OID, PROFESSIONAL_OID, is_uid

_CD = "ClinicalDocument"
_ORDER = f"{_CD}/inFulfillmentOf/order"
_EVENT = f"{_CD}/documentationOf/serviceEvent"
_ACCESSION = f"{{{PS3_20}}}accessionNumber"
_SCREENING = "Z13.9"
_ICD_10 = "2.16.840.1.113883.6.3"
_CCAM = "1.2.250.1.213.2.5"
_MODALITY, _REGION = ("121139", DCM), ("39111-0", LOINC)


def applies(context: Context) -> bool:
    """Whether the document is an imaging report: a letter in a level-1 envelope has no order and no study."""
    return context.model is Model.CR_IMG or attribute(find(context.root, "code"), "code") == IMAGING_REPORT


@BOOK.at(_CD)
def document(root: etree._Element, context: Context) -> None:
    if not applies(context):
        return
    if find(root, "inFulfillmentOf") is None:
        context.say(ORDER_MISSING, root, at="inFulfillmentOf")
    events = kids(root, "documentationOf/serviceEvent")
    screenings = [one for one in events if _is_screening(one)]
    if len(screenings) > 1:
        context.say(SCREENING_TWICE, screenings[1])
    if len(screenings) == len(events):
        context.say(EVENT_MISSING, root, at="documentationOf")
    _distinct(root, context)
    for author in kids(root, "author/assignedAuthor"):
        if find(author, "assignedAuthoringDevice") is None and not _is_named(find(author, "representedOrganization")):
            context.say(AUTHOR_ORGANIZATION, author, at="representedOrganization")
    for steps in _PROFESSIONALS:
        for one in kids(root, steps):
            name = steps.partition("/")[0]
            if find(one, "assignedPerson") is not None and find(one, "code") is None:
                context.say(PROFESSION, one, at="code", name=name)
            _national(one, name, context)


@BOOK.element("author")
def author_of_section(element: etree._Element, context: Context) -> None:
    """The author of an addendum; those of the header are looked at with who signed."""
    professional, part = find(element, "assignedAuthor"), element.getparent()
    if not context.official and professional is not None and part is not None and name_of(part) == "section":
        _national(professional, "author", context)


def _national(professional: etree._Element, name: str, context: Context) -> None:
    ids = [attribute(each, "root") for each in kids(professional, "id")]
    if attribute(find(professional, "code"), "code").startswith(_HEALTH) and ids and PROFESSIONAL_OID not in ids:
        context.say(NATIONAL_ID, professional, at="id/@root", value=ids[0], expected=PROFESSIONAL_OID, name=name)


_HEALTH = "G15_"
"""Professions of health, in the table of professions of the CI-SIS (TRE_G15)."""
_PROFESSIONALS = (
    "author/assignedAuthor",
    "legalAuthenticator/assignedEntity",
    "documentationOf/serviceEvent/performer/assignedEntity",
)


def _is_named(organization: etree._Element | None) -> bool:
    """Whether an organisation says who it is, by an identifier or a name."""
    if organization is None or is_null(organization):
        return False
    return any(not is_null(one) for name in ("id", "name") for one in kids(organization, name))


def _distinct(root: etree._Element, context: Context) -> None:
    seen: set[str] = set()
    for one in kids(root, "documentationOf/serviceEvent/id"):
        uid = attribute(one, "root")
        if uid and uid in seen and not is_null(one):
            context.say(STUDY_TWICE, one, at="@root")
        seen.add(uid)
    numbers: set[tuple[str, str]] = set()
    orders: set[tuple[tuple[str, str], ...]] = set()
    for order in kids(root, "inFulfillmentOf/order"):
        accession, placer = (_number(one) for one in (next(iter(tagged(order, _ACCESSION)), None), find(order, "id")))
        if (accession, placer) in orders and all(accession):
            context.say(ORDER_TWICE, order, value=".".join(accession))
        elif accession in numbers and all(accession):
            context.say(ACCESSION_TWICE, order, at="ps3-20:accessionNumber", value=".".join(accession))
        numbers.add(accession)
        orders.add((accession, placer))


def _number(element: etree._Element | None) -> tuple[str, str]:
    return attribute(element, "root"), attribute(element, "extension")


@BOOK.at(_ORDER)
def order(element: etree._Element, context: Context) -> None:
    if not applies(context):
        return
    placers = kids(element, "id")
    if len(placers) != 1:
        context.say(PLACER, element, at="id", value=str(len(placers)), expected="1..1")
    elif not is_null(placers[0]) and not placers[0].get("extension"):
        context.say(PLACER_EXTENSION, placers[0], at="@extension")
    accessions = tagged(element, _ACCESSION)
    if len(accessions) != 1:
        context.say(ACCESSION, element, at="ps3-20:accessionNumber", value=str(len(accessions)), expected="1..1")
    for one in accessions:
        if is_null(one) or not one.get("root") or not one.get("extension", "").strip():
            context.say(ACCESSION_PARTS, one)


def _is_screening(event: etree._Element) -> bool:
    code = find(event, "code")
    return attribute(code, "code") == _SCREENING and attribute(code, "codeSystem") == _ICD_10


@BOOK.at(_EVENT)
def event(element: etree._Element, context: Context) -> None:
    if not applies(context):
        return
    code = find(element, "code")
    if context.official:
        if code is not None and code.get("codeSystem") == LOINC and not _with_qualifier(code, _MODALITY):
            context.say(TRANSLATIONS, code, at="translation")
        return
    if _is_screening(element):
        return
    _study(element, context)
    if code is None or code.get("codeSystem") != LOINC or not allowed(sets.IMAGING_CODES, code, context):
        where, at = (element, "code") if code is None else (code, "@code")
        value = "" if code is None else shown(code)
        context.say(CODE_MISSING, where, at=at, value=value, expected=set_shown(sets.IMAGING_CODES))
    if code is not None:
        _translations(code, context)
    low = find(element, "effectiveTime/low")
    if low is None or not low.get("value"):
        context.say(TIME_MISSING, element, at="effectiveTime/low")
    _performer(element, context)


def _with_qualifier(code: etree._Element, name: tuple[str, str]) -> bool:
    """As the validator looks: the code of the qualifier's name alone."""
    return any(one.get("code") == name[0] for one in kids(code, "translation/qualifier/name"))


def _study(element: etree._Element, context: Context) -> None:
    ids = kids(element, "id")
    if len(ids) != 1 or is_null(ids[0]):
        context.say(STUDY, element, at="id", value=str(len(ids)), expected="1..1")
    for one in ids:
        if one.get("root") is not None and not is_uid(attribute(one, "root")):
            context.say(STUDY_FORM, one, at="@root")
        if one.get("extension") is not None:
            context.say(STUDY_EXTENSION, one, at="@extension")


def _translations(code: etree._Element, context: Context) -> None:
    modalities = regions = ccam = 0
    for one in kids(code, "translation"):
        names = kids(one, "qualifier/name")
        kinds = [(attribute(name, "code"), attribute(name, "codeSystem")) for name in names]
        system = attribute(one, "codeSystem")
        if system in CCAM_SYSTEMS and not kinds:
            ccam += 1
            _ccam(one, context)
        elif kinds == [_MODALITY] or (not kinds and system == DCM):
            modalities += kinds == [_MODALITY]
            _translation(one, kinds, context)
        elif kinds == [_REGION] or (not kinds and system == SNOMED_CT):
            regions += kinds == [_REGION]
            _translation(one, kinds, context)
        elif kinds:
            context.say(QUALIFIER, one, at="qualifier/name", value=" ".join(".".join(kind) for kind in kinds))
        else:
            context.say(TRANSLATION_UNKNOWN, one, value=shown(one))
    if not modalities:
        context.say(TRANSLATIONS, code, at="translation")
    if not regions:
        context.say(REGION_MISSING, code, at="translation")
    if ccam > 1:
        context.say(CCAM_TWICE, code, at="translation", value=str(ccam))


def _translation(one: etree._Element, kinds: list[tuple[str, str]], context: Context) -> None:
    is_region = kinds == [_REGION] or (not kinds and attribute(one, "codeSystem") == SNOMED_CT)
    rule, table = (REGION, sets.REGION) if is_region else (MODALITY, sets.MODALITY)
    value = find(one, "qualifier/value")
    if not kinds:
        context.say(QUALIFIER, one, at="qualifier/name", value="")
    elif value is not None and _coded(value) != _coded(one):
        context.say(QUALIFIED_OTHERWISE, value, value=shown(value), expected=shown(one))
    if not one.get("codeSystem") or not allowed(table, one, context):
        context.say(rule, one, at="@code", value=shown(one), expected=set_shown(table))


def _coded(element: etree._Element) -> tuple[str, str]:
    return attribute(element, "code"), attribute(element, "codeSystem")


def _ccam(one: etree._Element, context: Context) -> None:
    code = attribute(one, "code")
    if not (len(code) == 7 and code[:4].isalpha() and code[:4].isupper() and code[4:].isdecimal()):
        context.say(CCAM_FORM, one, at="@code")
    if one.get("codeSystem") != _CCAM:
        context.say(CCAM_SYSTEM, one, at="@codeSystem")


@BOOK.at(f"{_EVENT}/code/translation")
def official_modality(element: etree._Element, context: Context) -> None:
    """As the validator looks: a translation of DCM is a modality of the value set."""
    if context.official and element.get("codeSystem") == DCM and not allowed(sets.MODALITY, element, context):
        context.say(MODALITY, element, at="@code", value=shown(element), expected=set_shown(sets.MODALITY))


def _performer(element: etree._Element, context: Context) -> None:
    performers = [one for one in kids(element, "performer") if one.get("typeCode") == "PRF"]
    if len(performers) != 1:
        context.say(PERFORMER_MISSING, element, at="performer", value=str(len(performers)), expected="1..1")
    for one in performers:
        entity = find(one, "assignedEntity")
        ids = [] if entity is None else kids(entity, "id")
        if len(ids) != 1 or not ids[0].get("extension"):
            context.say(PERFORMER_ID, one, at="assignedEntity/id")
        organization = find(entity, "representedOrganization")
        known = [] if organization is None else kids(organization, "id")
        if len(known) != 1 or not known[0].get("root"):
            context.say(PERFORMER_ORGANIZATION, one, at="assignedEntity/representedOrganization/id")
        elif known[0].get("root") != ORGANIZATION_OID:
            context.say(ESTABLISHMENT, known[0], at="@root", expected=ORGANIZATION_OID)
