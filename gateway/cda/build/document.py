"""A :class:`gateway.model.report.Report` to a CDA document.

What is written is what the value says, in the order of the CDA R2 schema, with the namespaces of the official example:
nothing is made up here and nothing is left out, so that a report that is built and read whole again is the same
value. What a complete IMG-CR-IMG report must say (templates, codes, titles, narrative, ids) is put into the value by
``gateway.report_form``, from the plain facts of an examination. Sources: HL7 CDA R2; CI-SIS "Structuration minimale";
IMG-CR-IMG 2024.01 technical specification.
"""

from __future__ import annotations

from gateway.cda.build.body import body
from gateway.cda.build.datatypes import address, concept, concepts, identifier, identifiers, interval, timestamp
from gateway.cda.build.markup import Element, made, words, written
from gateway.cda.build.people import (
    assigned,
    author,
    data_enterer,
    encounter_participant,
    informant,
    organization,
    participant,
    patient,
    performer,
    recipient,
    signatory,
)
from gateway.cda.elements import CDA, PS3_20
from gateway.model.codes import DCM, LOINC, Code
from gateway.model.datatypes import Concept
from gateway.model.identifiers import Identifier
from gateway.model.report import Act, Authorization, Encounter, Order, RelatedDocument, Report
from gateway.model.report_body import Body

REALM = "FR"
TYPE_ID = Identifier("2.16.840.1.113883.1.3", "POCD_HD000040")
MODALITY_NAME = Concept("121139", DCM, "Modalité d'imagerie", system_name="DCM")
REGION_NAME = Concept("39111-0", LOINC, "localisation anatomique", system_name="LOINC")
SCREENING = Concept(
    "Z13.9", "2.16.840.1.113883.6.3", "Examen spécial de dépistage, sans précision", system_name="CIM-10"
)
_NAMESPACES = {"xmlns": CDA, "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "xmlns:ps3-20": PS3_20}


def build(report: Report) -> bytes:
    """The document of *report* in UTF-8, of level 3 or 1 by what its ``body`` holds.

    Raises InputRejected (``build_character``) for a character that XML cannot hold.
    """
    return written(Element("ClinicalDocument", _NAMESPACES, [e for e in _document(report) if e is not None]))


def _document(report: Report) -> list[Element | None]:
    return [
        made("realmCode", {"code": report.realm or REALM}),
        identifier("typeId", report.type_id or TYPE_ID),
        *identifiers(report.templates, name="templateId"),
        identifier("id", report.identifier),
        _document_code(report),
        words("title", report.title),
        timestamp("effectiveTime", report.effective_time),
        concept("confidentialityCode", report.confidentiality),
        made("languageCode", {"code": report.language}) if report.language else None,
        identifier("setId", report.set_id),
        None if report.version is None else made("versionNumber", {"value": str(report.version)}),
        patient(report.patient),
        *(author(one) for one in report.authors),
        None if report.data_enterer is None else data_enterer(report.data_enterer),
        *(informant(one) for one in report.informants),
        _custodian(report),
        *(recipient(one) for one in report.recipients),
        None if report.legal_authenticator is None else signatory("legalAuthenticator", report.legal_authenticator),
        *(signatory("authenticator", one) for one in report.authenticators),
        *(participant(one) for one in report.participants),
        *(_order(one) for one in report.orders),
        *(_documented(one) for one in (*report.acts, *report.other_acts)),
        _screening(report),
        *(_related(one) for one in report.related),
        *(_authorization(one) for one in report.authorizations),
        None if report.encounter is None else made("componentOf", {}, _encounter(report.encounter)),
        made("component", {}, body(report.body or Body(), report.level)),
    ]


def _document_code(report: Report) -> Element | None:
    element = concept("code", report.code)
    if element is not None and not (isinstance(report.code, Concept) and report.code.translations):
        element.children += [one for one in concepts("translation", report.code_translations) if one is not None]
    return element


def _custodian(report: Report) -> Element | None:
    if report.custodian is None:
        return None
    held = organization("representedCustodianOrganization", report.custodian)
    return made("custodian", {}, made("assignedCustodian", {}, held))


def _order(order: Order) -> Element:
    number = identifier("ps3-20:accessionNumber", order.accession, order.accession_null)
    return made(
        "inFulfillmentOf",
        {},
        made(
            "order",
            {},
            identifier("id", order.placer, order.placer_null),
            concept("code", order.code),
            concept("priorityCode", order.priority),
            number,
        ),
    )


def _documented(act: Act) -> Element:
    """One documentationOf; the first of a document must be that of the main act, with its performer."""
    study = Identifier(act.study_uid, act.study_extension or None) if act.study_uid else None
    found = [
        *concepts("translation", act.procedures),
        *(_role(one, MODALITY_NAME) for one in act.modalities),
        *(_role(one, REGION_NAME) for one in act.regions),
        *concepts("translation", act.more_translations),
    ]
    translations = [one for one in found if one is not None]
    code = concept("code", act.code) or (made("code") if translations else None)
    if code is not None:
        code.children += translations
    performers = [one for one in (act.performer, *act.more_performers) if one is not None]
    event = made(
        "serviceEvent",
        {"classCode": "ACT"},
        identifier("id", study),
        [identifier("id", one) for one in act.more_identifiers],
        code,
        interval("effectiveTime", act.start, act.stop, act.start_null, act.stop_null),
        [performer(one, "PRF") for one in performers],
    )
    return made("documentationOf", {}, event)


def _role(code: Code, name: Concept) -> Element | None:
    """A translation that says by its qualifier what it is: a modality, a region."""
    element = concept("translation", code)
    said = isinstance(code, Concept) and any(q.name and q.name.is_code(name.code, name.system) for q in code.qualifiers)
    if element is not None and not said:
        element.children.append(made("qualifier", {}, concept("name", name)))
    return element


def _screening(report: Report) -> Element | None:
    if not report.screening:
        return None
    return made(
        "documentationOf",
        {},
        made("serviceEvent", {"classCode": "ACT"}, concept("code", report.screening_code or SCREENING)),
    )


def _related(related: RelatedDocument) -> Element:
    version = None if related.version is None else made("versionNumber", {"value": str(related.version)})
    parent = made(
        "parentDocument",
        {},
        identifier("id", related.identifier),
        [identifier("id", one) for one in related.more_identifiers],
        concept("code", related.code),
        identifier("setId", related.set_id),
        version,
    )
    return made("relatedDocument", {"typeCode": related.type_code}, parent)


def _authorization(value: Authorization) -> Element:
    status = made("statusCode", {"code": value.status}) if value.status else None
    return made(
        "authorization", {}, made("consent", {}, identifiers(value.identifiers), concept("code", value.code), status)
    )


def _encounter(value: Encounter) -> Element:
    place = made(
        "location",
        {},
        words("name", value.facility_name),
        None if value.facility_address is None else address(value.facility_address),
    )
    facility = made(
        "healthCareFacility",
        {},
        identifier("id", value.facility),
        concept("code", value.facility_type),
        place if place.says else None,
        organization("serviceProviderOrganization", value.provider),
    )
    responsible = value.responsible
    return made(
        "encompassingEncounter",
        {},
        identifiers(value.identifiers),
        concept("code", value.code),
        interval("effectiveTime", value.start, value.stop, value.start_null, value.stop_null),
        concept("dischargeDispositionCode", value.discharge),
        None if responsible is None else made("responsibleParty", {}, assigned("assignedEntity", responsible)),
        [encounter_participant(one) for one in value.participants],
        made("location", {}, facility) if facility.says else None,
    )
