"""The header of a report that is read whole: what the short reading found, and everything beside it.

Sources: CI-SIS "Structuration minimale des documents de santé"; IMG-CR-IMG 2024.01 technical specification section
3.2; HL7 CDA R2.
"""

from __future__ import annotations

from typing import Any

from gateway.cda.acts import LITERAL, MODALITY, REGION, SCREENING
from gateway.cda.datatypes import (
    address,
    bounds,
    code_of,
    coded,
    concepts,
    identifier,
    identifiers,
    maybe_concept,
    stated,
    timestamp,
)
from gateway.cda.elements import PS3_20
from gateway.cda.node import Node
from gateway.cda.whole import people
from gateway.model.codes import CCAM_SYSTEMS
from gateway.model.datatypes import Concept, InstanceId
from gateway.model.identifiers import Identifier
from gateway.model.people import Organization, Professional
from gateway.model.report import Act, Authorization, Encounter, Order, RelatedDocument, Report


def header(node: Node, short: Report, *, imaging: bool = True) -> dict[str, Any]:
    """The attributes of the report, to replace those of *short*; the body stays to be taken.

    Without *imaging* no id of an act is a study.
    """
    node.fixed(classCode="DOCCLIN", moodCode="EVN")
    for name in ("id", "setId"):
        _plain(node.take(name))
    version = node.take("versionNumber")
    if version:
        version.get("value")
    return {
        **_document(node),
        **_participations(node, short),
        **_acts(node, imaging),
        "orders": tuple(_order(each) for each in node.all("inFulfillmentOf")),
        "related": tuple(_related(each) for each in node.all("relatedDocument")),
        "authorizations": tuple(_authorization(each) for each in node.all("authorization")),
        "encounter": _encounter(node.take("componentOf")),
    }


def _document(node: Node) -> dict[str, Any]:
    type_id, code, title = node.take("typeId"), node.take("code"), node.take("title")
    return {
        "realm": code_of(node, "realmCode"),
        "type_id": identifier(type_id) if type_id else None,
        "templates": identifiers(node, "templateId"),
        "code_translations": concepts(code, "translation") if code else (),
        "code": coded(code) if code else None,
        "title": title.text() if title else "",
        "effective_time": timestamp(node.take("effectiveTime")),
        "confidentiality": maybe_concept(node, "confidentialityCode"),
        "language": code_of(node, "languageCode"),
    }


def _plain(node: Node | None) -> None:
    """Take what the short reading has of an II; anything more is listed."""
    if node and not node.peek("nullFlavor"):
        node.get("root")
        node.get("extension")


def _participations(node: Node, short: Report) -> dict[str, Any]:
    target, enterer = node.take("recordTarget"), node.take("dataEnterer")
    if target:
        target.fixed(typeCode="RCT", contextControlCode="OP")
    role = target.take("patientRole") if target else None
    signer = node.take("legalAuthenticator")
    for each, kind in ((enterer, "ENT"), (signer, "LA")):
        if each:
            each.fixed(typeCode=kind, contextControlCode="OP")
    return {
        "patient": people.patient(role, short.patient) if role else short.patient,
        "authors": tuple(author(each) for each in node.all("author")),
        "data_enterer": people.professional(enterer, "assignedEntity") if enterer else None,
        "informants": tuple(people.informant(each) for each in node.all("informant")),
        "custodian": _custodian(node.take("custodian")),
        "recipients": tuple(people.recipient(each) for each in node.all("informationRecipient")),
        "legal_authenticator": people.professional(signer, "assignedEntity") if signer else None,
        "authenticators": tuple(_authenticator(each) for each in node.all("authenticator")),
        "participants": tuple(people.participant(each) for each in node.all("participant")),
    }


def author(node: Node) -> Professional:
    """An author, of the document, a section or an entry."""
    node.fixed(typeCode="AUT", contextControlCode="OP")
    return people.professional(node, "assignedAuthor")


def _authenticator(node: Node) -> Professional:
    node.fixed(typeCode="AUTHEN")
    return people.professional(node, "assignedEntity")


def _custodian(node: Node | None) -> Organization | None:
    if node is None:
        return None
    node.fixed(typeCode="CST")
    assigned = node.take("assignedCustodian")
    if assigned is None:
        return None
    assigned.fixed(classCode="ASSIGNED")
    structure = assigned.take("representedCustodianOrganization")
    return people.organization(structure) if structure else None


def _order(node: Node) -> Order:
    node.fixed(typeCode="FLFS")
    order = node.take("order")
    if order is None:
        return Order()
    order.fixed(classCode="ACT", moodCode="RQO")
    placer, accession = order.take("id"), order.foreign(f"{{{PS3_20}}}accessionNumber")
    placer_id, placer_null = _number(placer)
    accession_id, accession_null = _number(accession)
    if accession and accession_id and not accession_id.extension:
        # an accession number is the extension: a root alone names an issuer and no examination
        accession.complain("unknown")
        accession_id = None
    return Order(
        placer=placer_id,
        placer_null=placer_null,
        accession=accession_id,
        accession_null=accession_null,
        code=maybe_concept(order, "code"),
        priority=maybe_concept(order, "priorityCode"),
    )


def _number(node: Node | None) -> tuple[Identifier | None, str]:
    """An order's number, or the nullFlavor with which it is withheld."""
    if node is None:
        return None, ""
    if node.peek("nullFlavor"):
        return None, node.get("nullFlavor")
    found = identifier(node)
    return (found if found.root or found.extension else None), ""


def _acts(node: Node, imaging: bool) -> dict[str, Any]:
    studies: list[Act] = []
    others: list[Act] = []
    screening: Concept | None = None
    for each in node.all("documentationOf"):
        each.fixed(typeCode="DOC")
        event = each.take("serviceEvent")
        if event is None:
            continue
        event.fixed(classCode="ACT", moodCode="EVN")
        code = event.peek_child("code")
        if code is not None and (code.get("code"), code.get("codeSystem")) == SCREENING:
            screening = screening or maybe_concept(event, "code")
            continue
        act = _act(event, imaging)
        (studies if act.study_uid else others).append(act)
    return {
        "acts": tuple(studies),
        "other_acts": tuple(others),
        "screening": screening is not None,
        "screening_code": screening,
    }


def _act(event: Node, imaging: bool) -> Act:
    every = identifiers(event)
    usable = [each for each in every if each.root and not (isinstance(each, InstanceId) and each.null_flavor)]
    usable.sort(key=lambda each: (each.extension or "") not in ("", LITERAL))
    study = usable[0] if usable and imaging else None
    code = event.take("code")
    translations = concepts(code, "translation") if code else ()
    performers = [_performer(each) for each in event.all("performer")]
    start, stop, start_null, stop_null = bounds(event.take("effectiveTime"))
    return Act(
        study_uid=study.root if study else "",
        study_extension=(study.extension or "") if study else "",
        more_identifiers=tuple(each for each in every if each is not study),
        code=coded(code) if code else None,
        procedures=_of(translations, "procedure"),
        modalities=_of(translations, "modality"),
        regions=_of(translations, "region"),
        more_translations=_of(translations, ""),
        start=start,
        stop=stop,
        start_null=start_null,
        stop_null=stop_null,
        performer=performers[0] if performers else None,
        more_performers=tuple(performers[1:]),
    )


def _of(translations: tuple[Concept, ...], kind: str) -> tuple[Concept, ...]:
    return tuple(each for each in translations if _kind(each) == kind)


def _kind(translation: Concept) -> str:
    """What a translation of an act's code means, told by its system and by the name of its qualifier."""
    names = {(q.name.code, q.name.system) for q in translation.qualifiers if q.name}
    if not translation.code:
        return ""
    if translation.system in CCAM_SYSTEMS:
        return "procedure"
    return "modality" if MODALITY in names else "region" if REGION in names else ""


def _performer(node: Node) -> Professional:
    node.fixed(typeCode="PRF")
    return people.professional(node, "assignedEntity")


def _related(node: Node) -> RelatedDocument:
    parent = node.take("parentDocument")
    kind = node.get("typeCode")
    if parent is None:
        return RelatedDocument(type_code=kind, identifier=Identifier(""))
    parent.fixed(classCode="DOCCLIN", moodCode="EVN")
    first, *more = identifiers(parent) or (Identifier(""),)
    set_id, version = parent.take("setId"), parent.take("versionNumber")
    number = version.peek("value") if version else ""
    if version and number.isascii() and number.isdigit() and len(number) < 10:
        version.get("value")
    else:
        number = ""
    return RelatedDocument(
        type_code=kind,
        identifier=first,
        more_identifiers=tuple(more),
        code=maybe_concept(parent, "code"),
        set_id=identifier(set_id) if set_id else None,
        version=int(number) if number else None,
    )


def _authorization(node: Node) -> Authorization:
    node.fixed(typeCode="AUTH")
    consent = node.take("consent")
    if consent is None:
        return Authorization()
    consent.fixed(classCode="CONS", moodCode="EVN")
    return Authorization(
        identifiers=identifiers(consent), code=maybe_concept(consent, "code"), status=code_of(consent, "statusCode")
    )


def _encounter(node: Node | None) -> Encounter | None:
    if node:
        node.fixed(typeCode="COMP")
    encounter = node.take("encompassingEncounter") if node else None
    if encounter is None:
        return None
    encounter.fixed(classCode="ENC", moodCode="EVN")
    start, stop, start_null, stop_null = bounds(encounter.take("effectiveTime"))
    responsible = encounter.take("responsibleParty")
    if responsible:
        responsible.fixed(typeCode="RESP")
    return Encounter(
        identifiers=identifiers(encounter),
        code=maybe_concept(encounter, "code"),
        start=start,
        stop=stop,
        start_null=start_null,
        stop_null=stop_null,
        discharge=maybe_concept(encounter, "dischargeDispositionCode"),
        responsible=people.professional(responsible, "assignedEntity") if responsible else None,
        participants=tuple(people.encounter_participant(each) for each in encounter.all("encounterParticipant")),
        **_facility(encounter.take("location")),
    )


def _facility(location: Node | None) -> dict[str, Any]:
    if location:
        location.fixed(typeCode="LOC")
    facility = location.take("healthCareFacility") if location else None
    if facility is None:
        return {}
    facility.fixed(classCode="SDLOC")
    known, _ = stated(facility)
    place, provider = facility.take("location"), facility.take("serviceProviderOrganization")
    if place:
        place.fixed(classCode="PLC", determinerCode="INSTANCE")
    name, where = (place.take("name"), place.take("addr")) if place else (None, None)
    return {
        "facility": known[0] if known else None,
        "facility_type": maybe_concept(facility, "code"),
        "facility_name": name.text() if name else "",
        "facility_address": address(where) if where else None,
        "provider": people.organization(provider) if provider else None,
    }
