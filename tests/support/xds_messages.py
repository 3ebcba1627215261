"""ITI-41 messages for the checker: a report and the manifests of two studies, whole and in every outer form."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache
from typing import Literal

from lxml import etree

from gateway.kos.build import ManifestRequest, build
from gateway.kos.requests import Order
from gateway.model.codes import Code
from gateway.model.document import (
    DOCUMENT_ONLINE,
    Association,
    AssociationType,
    Author,
    RegistryError,
    Status,
    Submission,
)
from gateway.model.exam import Exam
from gateway.model.share import ManifestDraft, Pairing, Publication
from gateway.trust.safexml import parse
from gateway.xds import ebrim, mtom
from gateway.xds.constants import XDSB
from gateway.xds.envelope import ANONYMOUS, ENVELOPE, MUST_UNDERSTAND, WSA, qualified
from gateway.xds.metadata import MetadataSettings, prepare
from tests.support.publications import (
    KNEE_EXAM,
    KNEE_PAIRING,
    NOW,
    PATIENT,
    PUBLICATION,
    SITE,
    THORAX_EXAM,
    THORAX_PAIRING,
)
from tests.support.submissions import ENTRY, FOLDER, MEMBER, SUBMISSION_SET

Flavour = Literal["dmp", "ihe"]
ACTION = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
REGISTER = "urn:ihe:iti:2007:RegisterDocumentSet-b"
LOCAL_PATIENT = "IPP101^^^&1.2.250.1.213.4.5.2.4&ISO"
AUTHOR = Author(
    person="1.2.3^PAT-RADIO^Alain",
    institutions=("Imagerie du Parc^^^^^^^^^1.2.3.4.5",),
    roles=("Radiologue",),
    specialties=("Radiologie",),
    telecommunications=("^^Internet^alain@example.org",),
)
_PERSON = (
    '<id root="1.2.250.1.71.4.2.1" extension="%s"/>%s<assignedPerson><name><family>%s</family><given>%s</given></name>'
    '</assignedPerson><representedOrganization><id root="1.2.250.1.71.4.2.2" extension="1120456789"/>'
    '<standardIndustryClassCode code="AMBULATOIRE" codeSystem="1.2.250.1.213.1.1.4.9"/></representedOrganization>'
)
_WRITER = _PERSON % (
    "801234560801",
    '<code code="G15_10/SM44" codeSystem="1.2.250.1.213.1.1.4.5"/>',
    "PAT-RADIO",
    "Alain",
)
_SIGNATORY = _PERSON % ("801234560804", "", "PAT-CHEF", "Anne")
_ORDER = (
    '<inFulfillmentOf><order><id root="1.2.250.1.213.4.5.2.6" extension="OPN%s"/><accessionNumber '
    'xmlns="urn:dicom-org:ps3-20" root="1.2.250.1.213.4.5.2.5" extension="ACN%s"/></order></inFulfillmentOf>'
)
REPORT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.250.1.213.4.5.4.402"/>'
    '<code code="18748-4" codeSystem="2.16.840.1.113883.6.1"/>'
    "<title>CR d'imagerie médicale - IRM du genou, scanner du thorax</title>"
    '<effectiveTime value="20210108111700+0100"/>'
    '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="fr-FR"/>'
    '<recordTarget><patientRole><id extension="279035121518989" root="1.2.250.1.213.1.4.10"/>'
    '<id extension="IPP101" root="1.2.250.1.213.4.5.2.4"/><patient>'
    "<name><given>Dominique Marie-Louise</given><family>Pat Trois</family></name>"
    "<name><family>PAT-AUTRE</family></name>"
    '<administrativeGenderCode code="F"/><birthTime value="19790328"/>'
    "<birthplace><place><addr><county>51215</county></addr></place></birthplace></patient></patientRole></recordTarget>"
    f"<author><assignedAuthor>{_WRITER}</assignedAuthor></author>"
    f"<legalAuthenticator><assignedEntity>{_SIGNATORY}</assignedEntity></legalAuthenticator>"
    f"{_ORDER % ('102', '102')}{_ORDER % ('103', '103')}"
    '<documentationOf><serviceEvent><id root="1.2.250.1.213.4.5.2.1.103"/><effectiveTime>'
    '<high value="20210108114500+0100"/></effectiveTime></serviceEvent></documentationOf>'
    '<documentationOf><serviceEvent><id root="1.2.250.1.213.4.5.2.1.102"/><code code="24628-0">'
    '<translation code="CT" codeSystem="1.2.840.10008.2.16.4">'
    '<qualifier><name code="121139"/></qualifier></translation></code><effectiveTime>'
    '<low value="20210108102500+0100"/></effectiveTime></serviceEvent>'
    "</documentationOf><componentOf><encompassingEncounter><location><healthCareFacility>"
    '<code code="SA08" codeSystem="1.2.250.1.71.4.2.4"/></healthCareFacility></location></encompassingEncounter>'
    "</componentOf><component><structuredBody/></component></ClinicalDocument>\n"
).encode()


def _orders(pairing: Pairing) -> tuple[Order, ...]:
    stated = PUBLICATION.report.orders
    return tuple((one.accession, one.placer) for one in stated if one.accession == pairing.accession)


def _draft(exam: Exam, pairing: Pairing, unique_id: str, flavour: Flavour) -> ManifestDraft:
    content = build(
        exam,
        ManifestRequest(
            sop_instance_uid=unique_id,
            series_instance_uid=f"{unique_id}.1",
            created_at=NOW,
            site=replace(SITE, retrieve_url="https://box.example/dicom-web-rs"),
            patient=PATIENT,
            accession=pairing.accession,
            orders=_orders(pairing),
            flavour=flavour,
        ),
    )
    return ManifestDraft(exam=exam, pairing=pairing, unique_id=unique_id, created_at=NOW, content=content)


@cache
def publication(flavour: Flavour) -> Publication:
    """The publication of ``publications`` with documents that can be read."""
    drafts = (
        _draft(KNEE_EXAM, KNEE_PAIRING, "2.25.11", flavour),
        _draft(THORAX_EXAM, THORAX_PAIRING, "2.25.12", flavour),
    )
    return replace(PUBLICATION, report_content=REPORT, manifests=drafts)


@cache
def _parts(flavour: Flavour) -> tuple[bytes, tuple[mtom.Attachment, ...]]:
    told = publication(flavour)
    frozen = prepare(told, MetadataSettings(flavour=flavour, destination="registre"))
    contents = [REPORT, *(draft.content for draft in told.manifests)]
    request = etree.Element(f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest", nsmap={"xdsb": XDSB})
    request.append(parse(frozen.metadata))
    attachments = []
    for number, (document, content) in enumerate(zip(frozen.documents, contents, strict=True), 1):
        content_id = f"document{number}@gateway"
        element = etree.SubElement(request, f"{{{XDSB}}}Document", {"id": document.entry_id})
        element.append(mtom.include(content_id))
        attachments.append(mtom.Attachment(content_id, document.mime_type, content))
    return etree.tostring(request), tuple(attachments)


def request(flavour: Flavour) -> etree._Element:
    """The ProvideAndRegisterDocumentSetRequest, free to be changed."""
    return parse(_parts(flavour)[0])


def envelope(body: etree._Element, action: str = ACTION) -> etree._Element:
    """A SOAP 1.2 request around *body*, as the IHE appendix wants it."""
    root = etree.Element(qualified(ENVELOPE, "Envelope"), nsmap={"env": ENVELOPE, "wsa": WSA})
    header = etree.SubElement(root, qualified(ENVELOPE, "Header"))
    etree.SubElement(header, qualified(WSA, "Action"), {MUST_UNDERSTAND: "1"}).text = action
    etree.SubElement(header, qualified(WSA, "MessageID")).text = "urn:uuid:11111111-2222-4333-8444-555555555555"
    etree.SubElement(header, qualified(WSA, "To")).text = "https://registre.example/repository"
    reply = etree.SubElement(header, qualified(WSA, "ReplyTo"))
    etree.SubElement(reply, qualified(WSA, "Address")).text = ANONYMOUS
    etree.SubElement(root, qualified(ENVELOPE, "Body")).append(copy.deepcopy(body))
    return root


def packed(root: etree._Element, flavour: Flavour = "dmp", action: str = ACTION) -> tuple[bytes, str]:
    """The MTOM body of the envelope *root* with the documents beside it, and its Content-Type."""
    xml = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    outgoing = mtom.write(xml, _parts(flavour)[1], action, boundary="MIME_boundary")
    return outgoing.read(), outgoing.content_type


def message(flavour: Flavour = "dmp", *, head: bool = True) -> bytes:
    """The whole ITI-41 message, with its HTTP head or without."""
    body, content_type = packed(envelope(request(flavour)), flavour)
    return with_head(body, content_type) if head else body


def full() -> etree._Element:
    """A SubmitObjectsRequest of ITI-42 (``ihe``) in which every attribute of every object is stated."""
    submission_set = replace(
        SUBMISSION_SET,
        patient_id=LOCAL_PATIENT,
        authors=(AUTHOR,),
        title="Lot",
        comments="Envoi",
        intended_recipients=("Hôpital^^^^^^^^^1.2.3|^DUPOND^Anne|^^Internet^anne@example.org",),
        home_community_id="urn:oid:1.2.3",
    )
    entry = replace(
        ENTRY,
        patient_id=LOCAL_PATIENT,
        source_patient_id="IPP101^^^&1.2.250.1.213.4.5.2.4&ISO",
        source_patient_info=(
            "PID-3|IPP101^^^&1.2.250.1.213.4.5.2.4&ISO",
            "PID-5|PAT^DOMINIQUE",
            "PID-7|1979",
            "PID-8|F",
        ),
        title="Compte rendu",
        comments="Relu",
        authors=(AUTHOR,),
        legal_authenticator="1.2.3^PAT-CHEF^Anne",
        event_codes=(Code("CT", "1.2.840.10008.2.16.4", "CT"),),
        service_start_time="20210108",
        service_stop_time="20210108",
        repository_unique_id="1.2.3.4",
        home_community_id="urn:oid:1.2.3",
        uri="DOC%20001.XML",
        logical_id=ENTRY.entry_uuid,
        version="1",
        document_availability=DOCUMENT_ONLINE,
        extra_slots=(("urn:example:more", ("1",)),),
    )
    folder = replace(FOLDER, patient_id=LOCAL_PATIENT, comments="Dossier", home_community_id="urn:oid:1.2.3")
    members = (
        MEMBER,
        Association(entry_uuid="A2", type=AssociationType.HAS_MEMBER, source="SubmissionSet01", target="Folder01"),
        Association(entry_uuid="A3", type=AssociationType.HAS_MEMBER, source="Folder01", target="Document01"),
        Association(entry_uuid="A4", type=AssociationType.HAS_MEMBER, source="SubmissionSet01", target="A3"),
        Association(
            entry_uuid="A5",
            type=AssociationType.REPLACE,
            source="Document01",
            target="urn:uuid:99999999-2222-4333-8444-555555555555",
            documentation=Code("CORR", "1.2.3", "Correction"),
        ),
    )
    whole = Submission(submission_sets=(submission_set,), entries=(entry,), folders=(folder,), associations=members)
    return parse(etree.tostring(ebrim.write(whole)))


def answer() -> etree._Element:
    """An AdhocQueryResponse with one entry and its submission set, as a registry gives them."""

    def urn(number: int) -> str:
        return f"urn:uuid:{number:08d}-2222-4333-8444-555555555555"

    told = ebrim.read(full())
    entry = replace(told.entries[0], entry_uuid=urn(1), logical_id=urn(1), status=Status.APPROVED)
    submission_set = replace(told.submission_sets[0], entry_uuid=urn(2), status=Status.APPROVED)
    member = replace(MEMBER, entry_uuid=urn(3), source=urn(2), target=urn(1), status=Status.APPROVED)
    objects = ebrim.write_object_list(
        Submission(submission_sets=(submission_set,), entries=(entry,), associations=(member,))
    )
    response = ebrim.RegistryResponse(status=ebrim.ResponseStatus.SUCCESS)
    return parse(etree.tostring(ebrim.write_query_response(response, objects)))


def refusal() -> etree._Element:
    """A RegistryResponse with an error and a warning."""
    errors = (
        RegistryError(code="XDSPatientIdDoesNotMatch", context="other patient"),
        RegistryError(code="XDSExtraMetadataNotSaved", context="slot", severity="Warning"),
    )
    response = ebrim.RegistryResponse(status=ebrim.ResponseStatus.FAILURE, errors=errors)
    return parse(etree.tostring(ebrim.write_response(response)))


def query() -> etree._Element:
    """FindDocumentsByReferenceId with a time and a code."""
    return parse(
        b'<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
        b'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
        b'<query:ResponseOption returnType="LeafClass" returnComposedObjects="true"/>'
        b'<rim:AdhocQuery id="urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492">'
        + b"".join(
            b'<rim:Slot name="%s"><rim:ValueList><rim:Value>%s</rim:Value></rim:ValueList></rim:Slot>' % slot
            for slot in (
                (b"$XDSDocumentEntryPatientId", b"'IPP101^^^&amp;1.2.3&amp;ISO'"),
                (b"$XDSDocumentEntryStatus", b"('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"),
                (
                    b"$XDSDocumentEntryReferenceIdList",
                    b"('A1^^^&amp;1.2.3&amp;ISO^urn:ihe:iti:xds:2013:accession')",
                ),
                (b"$XDSDocumentEntryCreationTimeFrom", b"2021"),
                (b"$XDSDocumentEntryEventCodeList", b"('CT^^1.2.840.10008.2.16.4')"),
            )
        )
        + b"</rim:AdhocQuery></query:AdhocQueryRequest>"
    )


def with_head(body: bytes, content_type: str) -> bytes:
    """An HTTP POST of *body*."""
    head = f"POST /repository HTTP/1.1\r\nHost: registre.example\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
