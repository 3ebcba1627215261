"""Every rule beside the table of attributes: the message it is broken by, and that nothing else was wrong before."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import pytest
from lxml import etree

import gateway.xds.rules.judge as judging
from gateway.model.finding import Finding, Severity, Verdict
from gateway.xds import constants as c
from gateway.xds import ebrim, queries, updates
from gateway.xds.constants import XDSB, rim
from gateway.xds.envelope import ENVELOPE, MUST_UNDERSTAND, WSA, qualified
from gateway.xds.retrieval import ImagingSeries, imaging_request
from gateway.xds.rules.attributes import RULES as ROWS
from gateway.xds.rules.judge import judge
from gateway.xds.rules.rule import CATALOGUE
from tests.support import xds_messages as m
from tests.support.xds_changes import (
    HAS_MEMBER,
    Element,
    add_association,
    add_node,
    add_slot,
    association,
    classified,
    drop,
    entry,
    identifier,
    limited,
    node,
    objects,
    on_demand,
    package,
    slot,
    text,
    told,
    twice,
    value,
)

Change = Callable[[Element], object]
Kind = Literal[
    "dmp", "ihe", "full", "answer", "refusal", "query", "retrieve", "retrieved", "update", "remove", "rmd", "rad69"
]
DOCUMENT = f"{{{XDSB}}}Document"
INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"
OLD_REGION = "1.2.250.1.213.1.1.5.695"
REFERENCES = c.REFERENCE_ID_LIST
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
OTHER = "urn:uuid:99999999-2222-4333-8444-555555555555"
REPLACES = "urn:ihe:iti:2007:AssociationType:RPLC"
SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
SNAPSHOT = "urn:ihe:iti:2010:AssociationType:IsSnapshotOf"
UPDATE = "urn:ihe:iti:2010:UpdateDocumentSet"
UPDATE_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
SUBMITS = "urn:ihe:iti:2010:AssociationType:SubmitAssociation"
APPENDS = "urn:ihe:iti:2007:AssociationType:APND"
ON_DEMAND_REGISTRATION = "urn:ihe:iti:2010:RegisterOnDemandDocumentEntry"


def updated() -> Element:
    """The whole message as an update of its entry and folder."""
    root = m.full()
    for number, one in enumerate((entry(root), package(root, 2))):
        one.set("lid", f"urn:uuid:{number:08d}-2222-4333-8444-555555555555")
    for number in (1, 2):
        add_slot(association(root, number), "PreviousVersion", "1")
        add_slot(association(root, number), "AssociationPropagation", "no")
    association(root, 4).set("associationType", SUBMITS)
    add_association(root, SUBMITS, "SubmissionSet01", "A5", "A6")
    return root


def retrieval() -> Element:
    request = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetRequest", nsmap={"xdsb": XDSB})
    one = etree.SubElement(request, f"{{{XDSB}}}DocumentRequest")
    for name, told_ in (
        ("HomeCommunityId", "urn:oid:1.2.3"),
        ("RepositoryUniqueId", "1.2.3"),
        ("DocumentUniqueId", "1.2"),
    ):
        etree.SubElement(one, f"{{{XDSB}}}{name}").text = told_
    return request


def retrieved() -> Element:
    answer = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetResponse", nsmap={"xdsb": XDSB})
    answer.append(ebrim.write_response(ebrim.RegistryResponse(status=ebrim.ResponseStatus.SUCCESS)))
    one = etree.SubElement(answer, f"{{{XDSB}}}DocumentResponse")
    for name, told_ in (
        ("RepositoryUniqueId", "1.2.3"),
        ("DocumentUniqueId", "1.2"),
        ("mimeType", "text/xml"),
        ("Document", "PGEvPg=="),
    ):
        etree.SubElement(one, f"{{{XDSB}}}{name}").text = told_
    return answer


def removal() -> Element:
    """ITI-62 of two objects."""
    return updates.remove_objects([OTHER, OTHER.replace("9999", "8888")])


def documents_removal() -> Element:
    """ITI-86 of the entry of the whole message."""
    return updates.remove_documents(ebrim.read(m.full()).entries, "1.2.3")


def imaging_retrieval() -> Element:
    """RAD-69 of two instances."""
    series = ImagingSeries(
        study_uid="1.2.3",
        series_uid="1.2.3.1",
        instance_uids=("1.2.3.1.1", "1.2.3.1.2"),
        retrieve_location_uid="1.2.9",
        home_community_id="urn:oid:1.2.9",
    )
    return imaging_request([series], ["1.2.840.10008.1.2.1"])


def base(kind: Kind) -> Element:
    made: dict[str, Callable[[], Element]] = {
        "full": m.full,
        "answer": m.answer,
        "refusal": m.refusal,
        "query": m.query,
        "retrieve": retrieval,
        "retrieved": retrieved,
        "update": updated,
        "remove": removal,
        "rmd": documents_removal,
        "rad69": imaging_retrieval,
    }
    if kind == "dmp" or kind == "ihe":
        return m.envelope(m.request(kind))
    if kind in ("full", "update"):
        return m.envelope(made[kind](), m.REGISTER if kind == "full" else UPDATE)
    return made[kind]()


def judged(kind: Kind, root: Element) -> tuple[Finding, ...]:
    """Findings of the message, its documents beside it where it has some."""
    flavour: Literal["dmp", "ihe"] = "dmp" if kind == "dmp" else "ihe"
    content = m.packed(root, flavour)[0] if kind in ("dmp", "ihe") else etree.tostring(root)
    return judge(content, flavour).findings


def header(root: Element, name: str) -> Element:
    return next(root.iter(qualified(WSA, name)))


def body(root: Element) -> Element:
    return next(root.iter(qualified(ENVELOPE, "Body")))


def document(root: Element, number: int = 1) -> Element:
    return list(root.iter(DOCUMENT))[number - 1]


def include(root: Element, number: int = 1) -> Element:
    return list(root.iter(INCLUDE))[number - 1]


def author(root: Element) -> Element:
    return classified(entry(root), c.ENTRY_AUTHOR)


def renamed(element: Element, tag: str) -> None:
    element.tag = tag


def error(root: Element) -> Element:
    return next(root.iter(f"{{{c.RS}}}RegistryError"))


def inline(root: Element, text_: str) -> None:
    drop(include(root))
    document(root).text = text_


def code(root: Element, scheme: str, code_: str, system: str = "", number: int = 1) -> None:
    found = classified(entry(root, number), scheme)
    found.set("nodeRepresentation", code_)
    if system:
        told(found, "codingScheme", system)


def event(root: Element, code_: str, number: int = 1, entry_number: int = 1) -> None:
    """Another code for an event of an entry."""
    classified(entry(root, entry_number), c.ENTRY_EVENT, number).set("nodeRepresentation", code_)


def manifest_as(root: Element, **attributes: str) -> None:
    """The first entry, whose document is the report, says that it is a manifest."""
    code(root, c.ENTRY_FORMAT, "1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.2.6.1")
    for name, one in attributes.items():
        entry(root).set(name, one)


def _status_update(root: Element) -> None:
    made = add_association(root, UPDATE_STATUS, "SubmissionSet01", OTHER)
    add_slot(made, "OriginalStatus", APPROVED)


def _one_id(root: Element) -> None:
    """The entry has the id of its first version, everywhere."""
    for one in root.iter(etree.Element):
        for name, told_ in one.attrib.items():
            if told_ == "Document01":
                one.set(name, OTHER)
    entry(root).set("lid", OTHER)


def _folder_member(root: Element) -> None:
    drop(association(root, 4))


def _no_change(root: Element) -> Element:
    """An UpdateAvailabilityStatus from Approved to Approved."""
    made = add_association(root, UPDATE_STATUS, "SubmissionSet01", OTHER)
    for name in ("OriginalStatus", "NewStatus"):
        add_slot(made, name, APPROVED)
    return made


def _unqualified(action: Element) -> None:
    """mustUnderstand without its namespace."""
    action.attrib.clear()
    action.set("mustUnderstand", "true")


def _by_two_ids(root: Element) -> None:
    """GetDocuments by entryUUIDs and by unique ids."""
    root[1].set("id", queries.GET_DOCUMENTS)
    for found in list(root[1]):
        drop(found)
    add_slot(root[1], "$XDSDocumentEntryEntryUUID", f"('{OTHER}')")
    add_slot(root[1], "$XDSDocumentEntryUniqueId", "('1.2.3')")


def _snapshot(root: Element) -> None:
    add_association(root, SNAPSHOT, "Document01", "Document02")


CASES: tuple[tuple[str, Kind, Change], ...] = (
    # the envelope
    ("soap.envelope", "dmp", lambda r: twice(body(r)[0])),
    ("soap.text", "dmp", lambda r: setattr(body(r), "text", "x")),
    ("soap.text", "dmp", lambda r: setattr(header(r, "To"), "tail", "x")),
    ("soap.header", "dmp", lambda r: renamed(header(r, "ReplyTo"), "ReplyTo")),
    ("soap.must-understand", "dmp", lambda r: header(r, "To").set(MUST_UNDERSTAND, "yes")),
    ("soap.body", "dmp", lambda r: renamed(body(r)[0], "{urn:other}Thing")),
    ("soap.fault", "dmp", lambda r: renamed(body(r)[0], qualified(ENVELOPE, "Fault"))),
    ("wsa.missing", "dmp", lambda r: drop(header(r, "MessageID"))),
    ("wsa.missing", "ihe", lambda r: drop(header(r, "Action"))),
    ("wsa.to", "dmp", lambda r: drop(header(r, "To"))),
    ("wsa.reply-to", "dmp", lambda r: drop(header(r, "ReplyTo"))),
    ("wsa.repeated", "dmp", lambda r: twice(header(r, "Action"))),
    ("wsa.must-understand", "dmp", lambda r: header(r, "Action").attrib.clear()),
    ("wsa.must-understand", "dmp", lambda r: _unqualified(header(r, "Action"))),
    ("wsa.address", "dmp", lambda r: setattr(header(r, "To"), "text", "registre")),
    ("wsa.message-id", "dmp", lambda r: setattr(header(r, "MessageID"), "text", "urn:uuid:1")),
    (
        "wsa.message-id",
        "dmp",
        lambda r: setattr(header(r, "MessageID"), "text", "x" + str(header(r, "MessageID").text)),
    ),
    (
        "wsa.address",
        "dmp",
        lambda r: setattr(header(r, "ReplyTo")[0], "text", "http://www.w4.org/2005/08/addressing/anonymous"),
    ),
    ("wsa.action", "dmp", lambda r: setattr(header(r, "Action"), "text", m.REGISTER)),
    ("wsa.action-parameter", "dmp", lambda r: None),  # judged with another Content-Type below
    (
        "wsa.namespace",
        "dmp",
        lambda r: renamed(header(r, "To"), "{http://schemas.xmlsoap.org/ws/2004/08/addressing}To"),
    ),
    ("wsa.unknown", "dmp", lambda r: renamed(header(r, "To"), qualified(WSA, "Too"))),
    # the form of the message
    ("ebrim.element", "dmp", lambda r: renamed(slot(entry(r), "hash"), rim("Slots"))),
    ("ebrim.attribute", "dmp", lambda r: entry(r).set("mimetype", "text/xml")),
    ("ebrim.attribute.form", "dmp", lambda r: entry(r).set("isOpaque", "no")),
    ("ebrim.attribute.form", "answer", lambda r: r.set("totalResultCount", "one")),
    ("ebrim.text", "dmp", lambda r: setattr(objects(r), "text", "x")),
    ("ebrim.order", "dmp", lambda r: entry(r).append(slot(entry(r), "hash"))),
    ("ebrim.repeated", "dmp", lambda r: twice(next(entry(r).iterchildren(rim("Name"))))),
    ("ebrim.missing", "dmp", lambda r: drop(next(slot(entry(r), "hash").iter(rim("ValueList"))))),
    ("ebrim.attribute.missing", "dmp", lambda r: association(r).attrib.pop("id")),
    ("slot.repeated", "dmp", lambda r: twice(slot(entry(r), "hash"))),
    ("slot.empty", "dmp", lambda r: drop(value(entry(r), "hash"))),
    ("slot.value-empty", "dmp", lambda r: told(entry(r), "hash", " ")),
    ("slot.value-long", "ihe", lambda r: told(author(r), "authorRole", "a" * 257)),
    ("name.charset", "dmp", lambda r: text(entry(r)).set("charset", "ISO-8859-1")),
    ("name.language", "dmp", lambda r: text(entry(r)).set(c.XML_LANG, "fr_FR")),
    ("name.language-repeated", "dmp", lambda r: twice(text(entry(r)))),
    ("name.empty", "ihe", lambda r: text(entry(r)).set("value", "")),
    ("submission.list", "dmp", lambda r: drop(objects(r))),
    # ids, classifications, identifiers
    ("id.form", "dmp", lambda r: classified(entry(r), c.ENTRY_TYPE).set("id", "urn:uuid:1")),
    ("id.repeated", "dmp", lambda r: classified(entry(r), c.ENTRY_TYPE).set("id", "Document02")),
    ("id.symbolic", "answer", lambda r: classified(entry(r), c.ENTRY_TYPE).set("id", "cl1")),
    ("package.kind", "dmp", lambda r: drop(node(r, c.SUBMISSION_SET_NODE))),
    ("package.kind", "dmp", lambda r: add_node(package(r), c.FOLDER_NODE)),
    ("object-type", "dmp", lambda r: entry(r).set("objectType", "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c2")),
    ("object-type", "dmp", lambda r: association(r).set("objectType", "Association")),
    ("object-type.missing", "answer", lambda r: classified(entry(r), c.ENTRY_TYPE).attrib.pop("objectType")),
    (
        "classification.scheme",
        "dmp",
        lambda r: classified(entry(r), c.ENTRY_EVENT).set("classificationScheme", "urn:uuid:1"),
    ),
    ("classification.node", "dmp", lambda r: add_node(entry(r), c.FOLDER_NODE)),
    ("classification.node.repeated", "dmp", lambda r: twice(node(r, c.SUBMISSION_SET_NODE))),
    ("classification.kind", "dmp", lambda r: node(r, c.SUBMISSION_SET_NODE).set("classificationScheme", c.ENTRY_TYPE)),
    ("classification.owner", "dmp", lambda r: classified(entry(r), c.ENTRY_TYPE).set("classifiedObject", "Document02")),
    ("classification.stray", "dmp", lambda r: add_node(objects(r), c.FOLDER_NODE)),
    ("classification.outside", "dmp", lambda r: objects(r).append(classified(entry(r), c.ENTRY_TYPE))),
    ("code.missing", "dmp", lambda r: classified(entry(r), c.ENTRY_TYPE).set("nodeRepresentation", "")),
    ("code.scheme", "dmp", lambda r: drop(slot(classified(entry(r), c.ENTRY_TYPE), "codingScheme"))),
    ("code.scheme", "ihe", lambda r: twice(value(classified(entry(r), c.ENTRY_TYPE), "codingScheme"))),
    (
        "code.scheme-form",
        "ihe",
        lambda r: told(classified(entry(r), c.ENTRY_TYPE), "codingScheme", "2.16.840.1.113883.6."),
    ),
    ("code.display", "dmp", lambda r: drop(text(classified(entry(r), c.ENTRY_TYPE)))),
    ("code.slot", "dmp", lambda r: add_slot(classified(entry(r), c.ENTRY_TYPE), "codeScheme", "1.2")),
    ("code.long", "ihe", lambda r: classified(entry(r), c.ENTRY_TYPE).set("nodeRepresentation", "a" * 257)),
    (
        "code.scheme-form",
        "ihe",
        lambda r: told(classified(entry(r), c.ENTRY_CLASS), "codingScheme", "1.2.250.1.213.1.1.4.1x"),
    ),
    ("code.form", "ihe", lambda r: code(r, c.ENTRY_EVENT, "mr")),
    ("code.form", "ihe", lambda r: code(r, c.ENTRY_TYPE, "18748-5")),
    ("code.form", "ihe", lambda r: code(r, c.ENTRY_TYPE, "IRM", "2.16.840.1.113883.6.1")),
    ("code.form", "ihe", lambda r: code(r, c.ENTRY_EVENT, "61685008", "2.16.840.1.113883.6.96")),
    ("code.form", "ihe", lambda r: code(r, c.ENTRY_EVENT, "Genou", "2.16.840.1.113883.6.96")),
    ("code.repeated", "ihe", lambda r: twice(classified(entry(r), c.ENTRY_EVENT))),
    (
        "identifier.scheme",
        "dmp",
        lambda r: identifier(entry(r), c.ENTRY_UNIQUE_ID).set("identificationScheme", c.SET_UNIQUE_ID),
    ),
    ("identifier.owner", "dmp", lambda r: identifier(entry(r), c.ENTRY_UNIQUE_ID).set("registryObject", "Document02")),
    ("identifier.name", "dmp", lambda r: text(identifier(entry(r), c.ENTRY_UNIQUE_ID)).set("value", "uniqueId")),
    ("identifier.name.missing", "dmp", lambda r: drop(text(identifier(entry(r), c.ENTRY_UNIQUE_ID)))),
    ("slot.misspelt", "dmp", lambda r: slot(entry(r), "serviceStopTime").set("name", "serviceStoptime")),
    ("slot.misspelt", "ihe", lambda r: slot(entry(r), "size").set("name", "siez")),
    ("slot.misplaced", "answer", lambda r: entry(r).insert(0, slot(author(r), "authorPerson"))),
    ("slot.misplaced", "full", lambda r: add_slot(package(r), "creationTime", "2021")),
    ("slot.not-urn", "ihe", lambda r: add_slot(entry(r), "remark", "x")),
    ("slot.not-urn", "answer", lambda r: add_slot(entry(r), "remark", "x")),
    ("slot.ihe", "ihe", lambda r: add_slot(entry(r), "urn:ihe:iti:more", "x")),
    ("status", "dmp", lambda r: entry(r).set("status", "Approuvé")),
    ("status", "answer", lambda r: entry(r).set("status", APPROVED + "d")),
    ("status.missing", "answer", lambda r: entry(r).attrib.pop("status")),
    ("version.form", "full", lambda r: next(entry(r).iter(rim("VersionInfo"))).set("versionName", "0")),
    # what one entry says
    (
        "cx.type",
        "ihe",
        lambda r: [
            e.set("value", e.get("value", "") + "^NH")
            for e in r.iter(rim("ExternalIdentifier"))
            if "&ISO" in e.get("value", "")
        ],
    ),
    ("DocumentEntry.sourcePatientId.authority", "ihe", lambda r: told(entry(r), "sourcePatientId", "IPP101")),
    ("DocumentEntry.sourcePatientId.authority", "ihe", lambda r: told(entry(r), "sourcePatientId", "IPP101^^^domain")),
    ("xon.components", "ihe", lambda r: told(author(r), "authorInstitution", "A^^^^^&1.2.3&ISO^IDNST^^^1")),
    ("xcn.authority", "ihe", lambda r: told(entry(r), "legalAuthenticator", "8012^PAT^Anne")),
    ("value.repeated", "ihe", lambda r: twice(value(entry(r), REFERENCES))),
    ("author.empty", "ihe", lambda r: [drop(slot(author(r), name)) for name in ("authorPerson", "authorInstitution")]),
    ("author.persons", "ihe", lambda r: twice(value(author(r), "authorPerson"))),
    ("author.slot", "ihe", lambda r: slot(author(r), "authorRole").set("name", "authorRoles")),
    ("author.node-representation", "ihe", lambda r: author(r).set("nodeRepresentation", "x")),
    ("author.form", "ihe", lambda r: told(author(r), "authorPerson", "8012^PAT^A^^^^^^1.2.3")),
    ("author.form", "ihe", lambda r: told(author(r), "authorInstitution", "^^^^^^^^^1.2.3")),
    ("author.form", "full", lambda r: told(author(r), "authorTelecommunication", "alain@example.org")),
    (
        "DocumentEntry.sourcePatientInfo.field-repeated",
        "ihe",
        lambda r: told(entry(r), "sourcePatientInfo", "PID-8|M", 3),
    ),
    ("DocumentEntry.sourcePatientInfo.unwanted", "ihe", lambda r: told(entry(r), "sourcePatientInfo", "PID-19|279", 5)),
    (
        "DocumentEntry.sourcePatientInfo.pid-3",
        "ihe",
        lambda r: told(entry(r), "sourcePatientInfo", "PID-3|B^^^&1.2&ISO", 1),
    ),
    (
        "DocumentEntry.sourcePatientInfo.born-later",
        "ihe",
        lambda r: told(entry(r), "sourcePatientInfo", "PID-7|20220101", 3),
    ),
    (
        "DocumentEntry.referenceIdList.type",
        "ihe",
        lambda r: told(entry(r), REFERENCES, "A^^^&1.2&ISO^urn:local:number"),
    ),
    (
        "DocumentEntry.referenceIdList.type-ihe",
        "ihe",
        lambda r: told(entry(r), REFERENCES, "A^^^&1.2&ISO^urn:ihe:iti:xds:2013:acession"),
    ),
    (
        "DocumentEntry.referenceIdList.authority",
        "ihe",
        lambda r: told(entry(r), REFERENCES, "ACN102^^^^urn:ihe:iti:xds:2013:accession"),
    ),
    (
        "DocumentEntry.uniqueId.uuid",
        "full",
        lambda r: identifier(entry(r), c.ENTRY_UNIQUE_ID).set("value", "8F3B8038-5122-4e1b-8af4-29bb8759e8ae"),
    ),
    ("code.system-of-another", "full", lambda r: code(r, c.ENTRY_TYPE, "N", "2.16.840.1.113883.5.25")),
    (
        "DocumentEntry.referenceIdList.uid",
        "ihe",
        lambda r: told(entry(r), REFERENCES, "1.02^^^^urn:ihe:iti:xds:2016:studyInstanceUID", 3),
    ),
    (
        "DocumentEntry.referenceIdList.uid-authority",
        "ihe",
        lambda r: told(entry(r), REFERENCES, "1.2^^^&1.2&ISO^urn:ihe:iti:xds:2016:studyInstanceUID", 3),
    ),
    ("on-demand.attribute", "ihe", on_demand),
    ("on-demand.provided", "ihe", on_demand),
    (
        "DocumentEntry.hash.base64",
        "ihe",
        lambda r: told(entry(r), "hash", base64.b64encode(bytes.fromhex(value(entry(r), "hash").text or "")).decode()),
    ),
    ("title.long", "ihe", lambda r: text(entry(r)).set("value", "é" * 128)),
    ("title.long", "ihe", lambda r: text(package(r)).set("value", "é" * 256)),
    ("DocumentEntry.documentAvailability.value", "full", lambda r: told(entry(r), "documentAvailability", "Online")),
    ("service-times.order", "ihe", lambda r: told(entry(r), "serviceStopTime", "20210108092459")),
    ("creation-time.later", "ihe", lambda r: told(entry(r, 2), "creationTime", "20210108101901")),
    (
        "DocumentEntry.confidentialityCode.several",
        "ihe",
        lambda r: twice(classified(entry(r), c.ENTRY_CONFIDENTIALITY)).set("nodeRepresentation", "R"),
    ),
    ("service-times.later", "ihe", lambda r: told(entry(r), "serviceStartTime", "20210110")),
    ("DocumentEntry.hash.nothing", "full", lambda r: told(entry(r), "size", "12")),
    ("logical-id.first", "full", lambda r: entry(r).set("lid", OTHER)),
    (
        "source-patient.other",
        "ihe",
        lambda r: told(entry(r), "sourcePatientInfo", "PID-3|IPP102^^^&1.2.250.1.213.4.5.2.4&ISO", 1),
    ),
    (
        "source-patient.other",
        "dmp",
        lambda r: told(entry(r), "sourcePatientId", "279035121518990^^^&1.2.250.1.213.1.4.10&ISO^NH"),
    ),
    ("DocumentEntry.confidentialityCode.level", "ihe", lambda r: code(r, c.ENTRY_CONFIDENTIALITY, "X")),
    # the submission as a whole
    ("submission.set", "dmp", lambda r: drop(package(r))),
    ("submission.set", "dmp", lambda r: twice(package(r))),
    ("submission.empty", "dmp", lambda r: [drop(one) for one in list(objects(r))[1:]]),
    (
        "SubmissionSet.sourceId.taken",
        "ihe",
        lambda r: identifier(package(r), c.SET_UNIQUE_ID).set("value", "1.2.250.1.999.1.1.8121"),
    ),
    ("unique-id.repeated", "dmp", lambda r: identifier(entry(r, 2), c.ENTRY_UNIQUE_ID).set("value", "2.25.12")),
    (
        "patient-id.differs",
        "dmp",
        lambda r: identifier(entry(r), c.ENTRY_PATIENT_ID).set(
            "value", "279035121518990^^^&1.2.250.1.213.1.4.10&ISO^NH"
        ),
    ),
    (
        "patient-id.writing",
        "dmp",
        lambda r: identifier(entry(r), c.ENTRY_PATIENT_ID).set("value", "279035121518989^^^&1.2.250.1.213.1.4.10&ISO"),
    ),
    ("source-patient.differs", "ihe", lambda r: told(entry(r, 2), "sourcePatientInfo", "PID-8|M", 4)),
    ("has-member.missing", "dmp", lambda r: drop(association(r))),
    ("has-member.folder", "full", _folder_member),
    ("has-member.source", "dmp", lambda r: association(r).set("sourceObject", "Document02")),
    ("has-member.target", "full", lambda r: association(r, 3).set("targetObject", "SubmissionSet01")),
    ("has-member.status", "dmp", lambda r: told(association(r), "SubmissionSetStatus", "Reference")),
    ("has-member.status", "dmp", lambda r: drop(slot(association(r), "SubmissionSetStatus"))),
    ("has-member.status", "dmp", lambda r: add_association(r, HAS_MEMBER, "SubmissionSet01", OTHER)),
    ("association.type", "dmp", lambda r: association(r).set("associationType", HAS_MEMBER + "s")),
    ("association.type-short", "dmp", lambda r: association(r).set("associationType", "HasMember")),
    ("association.transaction", "dmp", _status_update),
    ("update.status", "dmp", _status_update),
    ("association.unresolved", "dmp", lambda r: association(r).set("targetObject", "Document09")),
    ("association.itself", "dmp", lambda r: add_association(r, REPLACES, "Document02", "Document02")),
    ("association.repeated", "dmp", lambda r: twice(association(r))),
    (
        "association.documentation",
        "full",
        lambda r: association(r).append(classified(association(r, 5), c.ASSOCIATION_DOCUMENTATION)),
    ),
    ("association.status", "dmp", lambda r: association(r).set("status", APPROVED)),
    ("relationship.source", "dmp", lambda r: add_association(r, REPLACES, OTHER, "Document01")),
    ("relationship.source", "dmp", lambda r: add_association(r, SIGNS, "SubmissionSet01", "Document01")),
    ("relationship.target", "ihe", lambda r: add_association(r, SIGNS, "Document01", "SubmissionSet01")),
    ("relationship.inside", "dmp", lambda r: add_association(r, REPLACES, "Document02", "Document01")),
    ("relationship.snapshot", "dmp", _snapshot),
    ("limited-metadata", "ihe", lambda r: add_node(entry(r), c.ENTRY_LIMITED_NODE)),
    ("limited-metadata.xds", "ihe", limited),
    ("limited-metadata.answered", "answer", lambda r: add_node(entry(r), c.ENTRY_LIMITED_NODE)),
    ("association.unresolved", "answer", lambda r: association(r).set("sourceObject", "SubmissionSet01")),
    ("has-member.status", "answer", lambda r: drop(slot(association(r), "SubmissionSetStatus"))),
    ("has-member.status", "answer", lambda r: told(association(r), "SubmissionSetStatus", "original")),
    (
        "patient-id.answered",
        "answer",
        lambda r: identifier(entry(r), c.ENTRY_PATIENT_ID).set("value", "IPP102^^^&1.2.250.1.213.4.5.2.4&ISO"),
    ),
    ("update.status-same", "update", lambda r: _no_change(r)),
    ("update.status", "update", lambda r: told(_no_change(r), "NewStatus", APPROVED + "x")),
    ("update.previous-version", "update", lambda r: drop(slot(association(r), "PreviousVersion"))),
    ("update.logical-id", "update", lambda r: entry(r).attrib.pop("lid")),
    ("update.same-id", "update", lambda r: _one_id(r)),
    ("update.propagation", "update", lambda r: told(association(r), "AssociationPropagation", "YES")),
    ("update.operation", "update", lambda r: add_association(r, REPLACES, "SubmissionSet01", OTHER)),
    ("update.target", "update", lambda r: association(r, 4).set("targetObject", OTHER)),
    ("update.target", "update", lambda r: association(r).set("targetObject", OTHER)),
    ("update.not-submitted", "update", lambda r: drop(association(r, 4))),
    ("update.repeated", "update", lambda r: package(r, 2).set("lid", entry(r).get("lid", ""))),
    ("update.joined", "update", lambda r: drop(slot(association(r), "AssociationPropagation"))),
    ("update.slot", "full", lambda r: add_slot(association(r), "PreviousVersion", "1")),
    ("relationship.replaced-too", "full", lambda r: add_association(r, APPENDS, "Document01", OTHER)),
    (
        "on-demand.stable",
        "full",
        lambda r: setattr(header(r, "Action"), "text", ON_DEMAND_REGISTRATION),
    ),
    # documents
    ("document.missing", "dmp", lambda r: drop(document(r))),
    ("document.without-entry", "dmp", lambda r: document(r).set("id", "Document09")),
    ("document.repeated", "dmp", lambda r: document(r, 2).set("id", "Document01")),
    ("document.on-demand", "ihe", on_demand),
    ("document.empty", "dmp", lambda r: inline(r, "")),
    ("document.content", "dmp", lambda r: inline(r, "é")),
    ("document.not-mtom", "dmp", lambda r: inline(r, base64.b64encode(m.REPORT).decode())),
    ("document.hash", "dmp", lambda r: told(entry(r), "hash", "0" * 40)),
    ("document.size", "dmp", lambda r: told(entry(r), "size", "1")),
    ("document.kind", "dmp", lambda r: entry(r).set("mimeType", "application/pdf")),
    ("include.href", "dmp", lambda r: include(r).set("href", "file:///etc/passwd")),
    ("include.unresolved", "dmp", lambda r: include(r).set("href", "cid:nobody")),
    ("include.repeated", "dmp", lambda r: include(r, 2).set("href", "cid:document1@gateway")),
    ("include.unused", "dmp", lambda r: drop(document(r))),
    ("include.text", "dmp", lambda r: setattr(document(r), "text", "x")),
    ("include.text", "dmp", lambda r: setattr(include(r), "text", "x")),
    ("ebrim.attribute", "dmp", lambda r: document(r).set("mimeType", "text/xml")),
    ("document.part-type", "ihe", lambda r: None),  # judged with another part below
    # formats and contents
    ("format.mime-type", "ihe", lambda r: entry(r).set("mimeType", "text/plain")),
    ("format.system", "ihe", lambda r: code(r, c.ENTRY_FORMAT, "urn:ihe:iti:xds-sd:pdf:2008", "1.2.3")),
    ("format.unknown", "ihe", lambda r: code(r, c.ENTRY_FORMAT, "urn:ihe:rad:CDA")),
    ("format.unknown", "ihe", lambda r: code(r, c.ENTRY_FORMAT, "urn:ihe:iti:xds-sd:pdf:2009")),
    ("format.unknown", "ihe", lambda r: code(r, c.ENTRY_FORMAT, "IMG", "1.3.6.1.4.1.19376.1.2.3")),
    ("format.dicom", "ihe", lambda r: code(r, c.ENTRY_FORMAT, "urn:other:format", "1.2.3", 2)),
    ("manifest.unique-id.form", "ihe", lambda r: identifier(entry(r, 2), c.ENTRY_UNIQUE_ID).set("value", "2.25.11^1")),
    ("manifest.unique-id", "ihe", lambda r: identifier(entry(r, 2), c.ENTRY_UNIQUE_ID).set("value", "2.25.99")),
    (
        "manifest.study",
        "ihe",
        lambda r: told(entry(r, 2), REFERENCES, "1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID", 2),
    ),
    (
        "manifest.accession",
        "ihe",
        lambda r: told(entry(r, 2), REFERENCES, "B1^^^&1.2.250.1.213.4.5.2.5&ISO^urn:ihe:iti:xds:2013:accession"),
    ),
    (
        "manifest.patient",
        "dmp",
        lambda r: identifier(entry(r, 2), c.ENTRY_PATIENT_ID).set(
            "value", "179035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
        ),
    ),
    ("manifest.birth", "ihe", lambda r: told(entry(r, 2), "sourcePatientInfo", "PID-7|19790329", 3)),
    ("manifest.sex", "ihe", lambda r: told(entry(r, 2), "sourcePatientInfo", "PID-8|M", 4)),
    ("manifest.name", "ihe", lambda r: told(entry(r, 2), "sourcePatientInfo", "PID-5|AUTRE^DOMINIQUE", 2)),
    (
        "manifest.order",
        "ihe",
        lambda r: told(entry(r, 2), REFERENCES, "OPN103^^^&1.2.250.1.213.4.5.2.6&ISO^urn:ihe:iti:xds:2013:order", 3),
    ),
    ("report.name", "ihe", lambda r: told(entry(r), "sourcePatientInfo", "PID-5|DURAND^DOMINIQUE", 2)),
    (
        "report.reference",
        "ihe",
        lambda r: told(entry(r), REFERENCES, "ACN104^^^&1.2.250.1.213.4.5.2.5&ISO^urn:ihe:iti:xds:2013:accession"),
    ),
    (
        "report.reference",
        "ihe",
        lambda r: told(entry(r), REFERENCES, "1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID", 3),
    ),
    ("code.form", "dmp", lambda r: code(r, c.ENTRY_EVENT, "NZQN01", "1.2.250.1.213.2.5")),
    ("manifest.modality", "ihe", lambda r: event(r, "CT", entry_number=2)),
    ("manifest.service-time", "ihe", lambda r: told(entry(r, 2), "serviceStartTime", "20210101")),
    ("report.traits", "ihe", lambda r: told(entry(r), "sourcePatientInfo", "PID-8|M", 4)),
    ("report.traits", "ihe", lambda r: told(entry(r), "sourcePatientInfo", "PID-7|19790329", 3)),
    ("report.events", "ihe", lambda r: [event(r, "US"), event(r, "XA", 2)]),
    ("report.format", "ihe", lambda r: code(r, c.ENTRY_FORMAT, "urn:ihe:iti:xds-sd:pdf:2008")),
    ("home.differs", "dmp", lambda r: [entry(r, n).set("home", f"urn:oid:1.2.{n}") for n in (1, 2)]),
    ("report.unique-id", "ihe", lambda r: identifier(entry(r), c.ENTRY_UNIQUE_ID).set("value", "1.2.3")),
    ("report.type", "dmp", lambda r: code(r, c.ENTRY_TYPE, "52040-3")),
    (
        "report.patient",
        "dmp",
        lambda r: identifier(entry(r), c.ENTRY_PATIENT_ID).set(
            "value", "179035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
        ),
    ),
    ("report.language", "dmp", lambda r: told(entry(r), "languageCode", "en-GB")),
    ("report.creation-time", "dmp", lambda r: told(entry(r), "creationTime", "20210108111700")),
    ("report.service-time", "dmp", lambda r: told(entry(r), "serviceStartTime", "20210108102500")),
    ("report.title", "dmp", lambda r: text(entry(r)).set("value", "Autre")),
    (
        "submission.studies",
        "ihe",
        lambda r: told(entry(r), REFERENCES, "1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID", 3),
    ),
    (
        "submission.accessions",
        "ihe",
        lambda r: told(entry(r), REFERENCES, "B1^^^&1.2&ISO^urn:ihe:iti:xds:2013:accession", 1),
    ),
    # answers and queries
    ("response.status", "refusal", lambda r: r.set("status", "Failure")),
    ("response.without-error", "refusal", lambda r: error(r).set("severity", c.ERROR_SEVERITY + "Warning")),
    ("response.success-with-error", "refusal", lambda r: r.set("status", c.RESPONSE_STATUS + "Success")),
    ("response.highest-severity", "refusal", lambda r: r[0].set("highestSeverity", c.ERROR_SEVERITY + "Warning")),
    ("response.error.attribute", "refusal", lambda r: error(r).attrib.pop("codeContext")),
    ("response.error.severity", "refusal", lambda r: error(r).set("severity", "Error")),
    ("response.error.code", "refusal", lambda r: error(r).set("errorCode", "XDSPatientId")),
    ("response.error.code-misspelt", "refusal", lambda r: error(r).set("errorCode", "XDSPatientIdDoesNotMatchs")),
    ("response.error.query", "answer", lambda r: r.insert(0, _error_list("XDSPatientIdDoesNotMatch"))),
    ("response.error.submission", "refusal", lambda r: error(r).set("errorCode", "XDSTooManyResults")),
    ("response.error.retrieval", "retrieved", lambda r: r[0].append(_error_list("XDSPatientIdDoesNotMatch"))),
    (
        "response.failure-with-objects",
        "answer",
        lambda r: [r.set("status", c.RESPONSE_STATUS + "Failure"), r.insert(0, _error_list("XDSRegistryError"))],
    ),
    ("response.error.query", "answer", lambda r: r.insert(0, _error_list("XDSRegistryMetadataError"))),
    ("retrieve.repository", "retrieve", lambda r: setattr(r[0][1], "text", "1.02")),
    ("retrieve.missing", "retrieve", lambda r: drop(r[0][2])),
    ("retrieve.home", "retrieve", lambda r: setattr(r[0][0], "text", "1.2.3")),
    ("retrieve.document", "retrieve", lambda r: setattr(r[0][2], "text", "1.02")),
    ("retrieve.repeated", "retrieve", lambda r: twice(r[0])),
    ("ebrim.repeated", "retrieve", lambda r: twice(r[0][1])),
    ("ebrim.element", "retrieve", lambda r: renamed(r[0][0], f"{{{XDSB}}}Home")),
    ("retrieve.mime-type", "retrieved", lambda r: setattr(r[1][2], "text", "xml")),
    ("retrieve.missing", "retrieved", lambda r: drop(r[1][3])),
    ("retrieve.status", "retrieved", lambda r: drop(r[1])),
    ("document.content", "retrieved", lambda r: setattr(r[1][3], "text", "PGEvPg=")),
    ("document.kind", "retrieved", lambda r: setattr(r[1][3], "text", "aGVsbG8=")),
    ("document.empty", "retrieved", lambda r: setattr(r[1][3], "text", "")),
    ("ebrim.missing", "remove", lambda r: drop(r[0])),
    ("ebrim.element", "remove", lambda r: etree.SubElement(r, rim("AdhocQuery")).set("id", OTHER)),
    ("retrieve.home", "remove", lambda r: r[0][0].set("home", "1.2.3")),
    ("remove.id", "remove", lambda r: r[0][0].set("id", "Document01")),
    ("remove.repeated", "remove", lambda r: r[0][0].set("id", str(r[0][1].get("id")))),
    ("remove.scope", "remove", lambda r: r.set("deletionScope", "DeleteRepositoryItemOnly")),
    ("ebrim.missing", "rmd", lambda r: drop(r[0])),
    ("retrieve.repository", "rmd", lambda r: setattr(r[0].find(f"{{{XDSB}}}RepositoryUniqueId"), "text", "1.x")),
    ("ebrim.missing", "rad69", lambda r: drop(r[1])),
    ("ebrim.attribute.missing", "rad69", lambda r: r[0].attrib.clear()),
    ("imaging.uid", "rad69", lambda r: r[0][0].set("seriesInstanceUID", "1.02")),
    ("imaging.uid", "rad69", lambda r: setattr(r[1][0], "text", "JPEG")),
    ("imaging.uid-of-another", "rad69", lambda r: r[0][0].set("seriesInstanceUID", "1.2.3")),
    ("imaging.uid-of-another", "rad69", lambda r: setattr(r[0][0][0][2], "text", "1.2.3.1")),
    ("retrieve.error-of-delivered", "retrieved", lambda r: _refused(r, "1.2")),
    ("imaging.uid", "rad69", lambda r: setattr(r[0][0][0][2], "text", "1.2.3^4")),
    ("query.id", "query", lambda r: r[1].set("id", OTHER)),
    ("query.return-type", "query", lambda r: r[0].set("returnType", "LeafClasses")),
    ("query.return-composed-objects", "query", lambda r: r[0].set("returnComposedObjects", "false")),
    ("query.parameter.missing", "query", lambda r: drop(slot(r[1], "$XDSDocumentEntryStatus"))),
    ("query.parameter.unknown", "query", lambda r: add_slot(r[1], "$XDSFolderStatus", "('a')")),
    ("query.parameter.misspelt", "query", lambda r: add_slot(r[1], "$XDSDocumentEntryClasCode", "('a^^1.2')")),
    ("query.parameter.misspelt", "query", lambda r: add_slot(r[1], "XDSDocumentEntryTypeCode", "('a^^1.2')")),
    ("query.parameter.repeated", "query", lambda r: twice(slot(r[1], "$XDSDocumentEntryStatus"))),
    ("query.parameter.several", "query", lambda r: _by_two_ids(r)),
    ("query.parameter.value", "query", lambda r: told(r[1], "$XDSDocumentEntryStatus", "('Approved')")),
    ("query.parameter.value", "query", lambda r: told(r[1], "$XDSDocumentEntryReferenceIdList", "('A1^^^1.2.3')")),
    ("query.parameter.value", "query", lambda r: told(r[1], "$XDSDocumentEntryEventCodeList", "('CT^^1.2.3.')")),
    ("query.parameter.value", "query", lambda r: told(r[1], "$XDSDocumentEntryCreationTimeFrom", "20210230")),
    ("query.parameter.value", "query", lambda r: add_slot(r[1], "$XDSDocumentEntryType", "('stable')")),
    ("query.parameter.value", "query", lambda r: add_slot(r[1], "$MetadataLevel", "3")),
    ("query.period", "query", lambda r: add_slot(r[1], "$XDSDocumentEntryCreationTimeTo", "2021")),
    ("query.home", "query", lambda r: r[1].set("home", "1.2.3")),
    ("query.parameter.missing", "query", lambda r: _of_several_patients(r)),
    ("query.parameter.form", "query", lambda r: told(r[1], "$XDSDocumentEntryPatientId", "IPP101^^^&1.2.3&ISO")),
    ("query.parameter.form", "query", lambda r: told(r[1], "$XDSDocumentEntryCreationTimeFrom", "'20210230X'")),
    ("query.parameter.form", "query", lambda r: told(r[1], "$XDSDocumentEntryEventCodeList", "('CT')")),
    # France
    ("dmp.value-set", "dmp", lambda r: code(r, c.ENTRY_PRACTICE, "AMBULATOIRES")),
    ("dmp.value-set", "dmp", lambda r: code(r, c.ENTRY_EVENT, "KO")),
    ("dmp.system", "dmp", lambda r: code(r, c.ENTRY_PRACTICE, "AMBULATOIRE", "1.2.3")),
    ("dmp.system-old", "dmp", lambda r: code(r, c.ENTRY_EVENT, "MR", "1.2.250.1.213.1.1.5.618")),
    ("dmp.region-withdrawn", "dmp", lambda r: code(r, c.ENTRY_EVENT, "69536005", "2.16.840.1.113883.6.96")),
    (
        "dmp.display-of-another",
        "dmp",
        lambda r: text(classified(entry(r), c.ENTRY_EVENT)).set("value", "Tomodensitométrie"),
    ),
    ("dmp.display", "dmp", lambda r: text(classified(entry(r), c.ENTRY_EVENT)).set("value", "IRM")),
    ("dmp.required", "dmp", lambda r: drop(slot(entry(r), "legalAuthenticator"))),
    ("dmp.required", "dmp", lambda r: drop(classified(entry(r, 2), c.ENTRY_EVENT, 2))),
    ("dmp.required", "dmp", lambda r: drop(value(entry(r, 2), REFERENCES, 1))),
    ("dmp.required", "dmp", lambda r: drop(value(entry(r), "sourcePatientInfo", 1))),
    ("dmp.expected", "dmp", lambda r: drop(value(entry(r, 2), REFERENCES, 3))),
    (
        "dmp.identity",
        "dmp",
        lambda r: identifier(entry(r), c.ENTRY_PATIENT_ID).set("value", "IPP101^^^&1.2.250.1.213.4.5.2.4&ISO^PI"),
    ),
    (
        "dmp.identity",
        "dmp",
        lambda r: identifier(entry(r), c.ENTRY_PATIENT_ID).set(
            "value", "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^PI"
        ),
    ),
    (
        "dmp.identity",
        "dmp",
        lambda r: identifier(entry(r), c.ENTRY_PATIENT_ID).set(
            "value", "27903512151898^^^&1.2.250.1.213.1.4.10&ISO^NH"
        ),
    ),
    (
        "dmp.identity-key",
        "dmp",
        lambda r: identifier(entry(r), c.ENTRY_PATIENT_ID).set(
            "value", "279035121518988^^^&1.2.250.1.213.1.4.10&ISO^NH"
        ),
    ),
    (
        "dmp.person",
        "dmp",
        lambda r: told(entry(r), "legalAuthenticator", "801234560804^PAT-CHEF^Anne^^^^^^&1.2.250.1.71.4.2.1&ISO"),
    ),
    (
        "dmp.person",
        "dmp",
        lambda r: told(entry(r), "legalAuthenticator", "801234560804^PAT-CHEF^Anne^^^^^^&1.2.3&ISO^D^^^IDNPS"),
    ),
    (
        "dmp.structure",
        "dmp",
        lambda r: told(author(r), "authorInstitution", "Imagerie^^^^^&1.2.250.1.71.4.2.2&ISO^^^^1120456789"),
    ),
    (
        "dmp.national-id",
        "dmp",
        lambda r: told(author(r), "authorInstitution", "Imagerie^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^112045678"),
    ),
    (
        "dmp.person",
        "dmp",
        lambda r: told(
            entry(r), "legalAuthenticator", "80123456080^PAT-CHEF^Anne^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
        ),
    ),
    ("dmp.specialty", "dmp", lambda r: told(author(r), "authorSpecialty", "Radiologie")),
    ("dmp.specialty", "dmp", lambda r: told(author(r), "authorSpecialty", "G15_10/SM99^X^1.2.250.1.213.1.1.4.5")),
    ("code.scheme-form", "ihe", lambda r: told(classified(entry(r), c.ENTRY_CLASS), "codingScheme", "A^B^^&1.2&ISO")),
    ("dmp.source-patient-info", "dmp", lambda r: told(entry(r), "sourcePatientInfo", "PID-8|O", 3)),
    ("dmp.language", "dmp", lambda r: told(entry(r), "languageCode", "fr")),
    ("dmp.confidentiality", "dmp", lambda r: code(r, c.ENTRY_CONFIDENTIALITY, "MASQUE_PS", "1.2.250.1.213.1.1.4.13")),
    ("dmp.class-of-type", "dmp", lambda r: code(r, c.ENTRY_CLASS, "11")),
    (
        "dmp.format-of-type",
        "dmp",
        lambda r: code(r, c.ENTRY_FORMAT, "1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.2.6.1"),
    ),
    ("dmp.manifest", "dmp", lambda r: code(r, c.ENTRY_TYPE, "18748-4", "2.16.840.1.113883.6.1", 2)),
    ("dmp.manifest-comments", "dmp", lambda r: drop(next(entry(r, 2).iterchildren(rim("Description"))))),
    (
        "dmp.one-study",
        "dmp",
        lambda r: setattr(
            twice(value(entry(r, 2), REFERENCES, 2)), "text", "1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID"
        ),
    ),
    ("dmp.submission-time", "dmp", lambda r: told(entry(r), "submissionTime", "20210108101901")),
    ("dmp.submission-time.form", "dmp", lambda r: told(entry(r), "submissionTime", "hier")),
)
_OUTSIDE = ("wsa.action-parameter", "document.part-type")
"""Broken by what stands outside the envelope."""
ELSEWHERE = {
    # of documents: test_xds_rules_contents.py
    *("report.person", "report.structure", "report.specialty", "report.confidentiality", "report.place"),
    "report.related",
    *("manifest.creation-time", "manifest.title"),
    # of a signature: test_xds_rules_signatures.py
    *(f"dmp.signature.{name}" for name in ("association", "source", "purpose", "format-system", "masks")),
    # test_xds_rules_attributes.py
    *(made.id for row in ROWS.values() for made in (row.missing, row.repeated, row.form) if made),
    # of the outer form of a file: test_xds_rules_file.py
    *("soap.version", "mime.head", "mime.media-type", "mime.parameter", "mime.closed", "mime.line-ends", "mime.root"),
    *("mime.root-type", "mime.content-id", "mime.encoding", "mime.parts", "include.alone", "response.partial"),
    *("xml.blanks", "document.part-type", "wsa.action-parameter", "manifest.unreadable", "report.malformed"),
    *("http.method", "http.status", "http.repeated", "mime.first", "soap.fault.form"),
    # of a transaction that the envelope names: test_xds_rules_borders.py
    *("query.transaction", "query.home.missing", "home.missing", "relationship.transformed"),
    *("findings.more", "findings.more-warnings", "submission.too-many"),
}


def _of_several_patients(root: Element) -> None:
    """A query of ITI-51 that names neither a patient nor what would stand for one."""
    root[1].set("id", "urn:uuid:3d1bdb10-39a2-11de-89c2-2f44d94eaa9f")
    for name in ("PatientId", "EventCodeList", "ReferenceIdList"):
        drop(slot(root[1], f"$XDSDocumentEntry{name}"))


def _refused(root: Element, unique_id: str, severity: str = "Error") -> None:
    """An answer that is partial, with an error about one document."""
    root[0].set("status", c.PARTIAL_SUCCESS)
    root[0].append(_error_list("XDSDocumentUniqueIdError"))
    drop(root[0][0][1])
    error(root).set("location", unique_id)
    error(root).set("severity", c.ERROR_SEVERITY + severity)


def _error_list(name: str) -> Element:
    found = next(m.refusal().iter(f"{{{c.RS}}}RegistryErrorList"))
    error(found).set("errorCode", name)
    return found


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_message_that_is_altered_below_has_no_finding(kind: Kind) -> None:
    assert [one.message.en for one in judged(kind, base(kind))] == []


@pytest.mark.parametrize(
    ("name", "kind", "change"),
    [case for case in CASES if case[0] not in _OUTSIDE],
    ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES) if case[0] not in _OUTSIDE],
)
def test_a_broken_rule_is_named(name: str, kind: Kind, change: Change) -> None:
    root = base(kind)
    change(root)
    found = judged(kind, root)
    assert name in {one.rule for one in found}
    for one in found:
        assert one.source
        for words in (one.message.fr, one.message.en):
            assert words
            assert "{" not in words.replace("{urn", "").replace("{http", "")


def test_every_rule_has_a_case() -> None:
    assert set(CATALOGUE) - {name for name, _, _ in CASES} - ELSEWHERE == set()


@pytest.mark.parametrize("kind", ["dmp", "ihe"])
def test_the_flavour_is_recognised_by_more_than_one_mark(kind: Literal["dmp", "ihe"]) -> None:
    judgement = judge(m.message(kind))
    assert judgement.verdict is Verdict.VALID
    assert judgement.about["flavour"] == kind
    root = m.envelope(m.request(kind))
    identifier(package(root), c.SET_PATIENT_ID).set(
        "value", "279035121518989^^^&1.2.250.1.213.1.4.10&ISO" + ("" if kind == "dmp" else "^NH")
    )
    assert judge(m.packed(root, kind)[0]).about["flavour"] == kind


@pytest.mark.parametrize(
    "change",
    [
        lambda r: told(entry(r), "hash", (value(entry(r), "hash").text or "").upper()),
        lambda r: drop(slot(entry(r), "hash")),
        lambda r: add_slot(entry(r), "urn:example:more", "x"),
        lambda r: told(entry(r), REFERENCES, "ACN102^^^^urn:ihe:iti:xds:2013:accession"),
        lambda r: told(entry(r), REFERENCES, "ACN102^^^DEPT^urn:ihe:iti:xds:2013:accession"),
        lambda r: told(
            entry(r), REFERENCES, "ACN102^^^&1.2.250.1.213.4.5.2.5&ISO^urn:ihe:iti:xds:2013:accession^&1.2&ISO"
        ),
        lambda r: told(entry(r), "sourcePatientInfo", "PID-3|IPP101^^^domain", 1),
        lambda r: told(entry(r), "hash", base64.b64encode(bytes.fromhex(value(entry(r), "hash").text or "")).decode()),
        lambda r: objects(r).append(node(package(r), c.SUBMISSION_SET_NODE)),
        lambda r: [one.attrib.pop("objectType", None) for one in r.iter(rim("Classification"), rim("Association"))],
        lambda r: entry(r).set("status", "urn:oasis:names:tc:ebxml-regrep:StatusType:Submitted"),
        lambda r: [
            drop(one)
            for one in entry(r).iter(rim("Classification"))
            if one.get("classificationScheme") == c.ENTRY_AUTHOR
        ],
        lambda r: [one.attrib.pop("charset") for one in r.iter(rim("LocalizedString"))],
        lambda r: [one.attrib.pop(c.XML_LANG, None) for one in r.iter(rim("LocalizedString"))],
        lambda r: entry(r).insert(0, entry(r)[-1]),
        lambda r: told(entry(r), "legalAuthenticator", "^PAT-CHEF^Anne"),
        lambda r: told(entry(r), "sourcePatientInfo", "PID-5|PAT\\T\\TROIS^DOMINIQUE~PAT^D", 2),
        lambda r: etree.SubElement(entry(r), rim("VersionInfo")).set("versionName", "1.1"),
        lambda r: add_association(r, REPLACES, "Document02", OTHER),
        lambda r: add_association(r, "urn:ihe:iti:2007:AssociationType:APND", "Document02", "Document01"),
        lambda r: add_slot(
            add_association(r, HAS_MEMBER, "SubmissionSet01", OTHER), "SubmissionSetStatus", "Reference"
        ),
        lambda r: code(
            r, c.ENTRY_CONFIDENTIALITY, "1.3.6.1.4.1.21367.2006.7.101", "Connect-a-thon confidentialityCodes"
        ),
    ],
)
def test_what_ihe_permits_and_other_stacks_write_is_valid(change: Change) -> None:
    root = base("ihe")
    change(root)
    assert [one.message.en for one in judged("ihe", root) if one.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    "change",
    [
        lambda r: [
            code(r, c.ENTRY_EVENT, "MR", "1.2.250.1.213.1.1.5.618"),
            told(classified(entry(r), c.ENTRY_EVENT, 3), "codingScheme", OLD_REGION),
        ],
        lambda r: told(classified(entry(r), c.ENTRY_EVENT, 3), "codingScheme", "1.2.250.1.213.2.5"),
        lambda r: told(
            entry(r, 2),
            REFERENCES,
            "1.2.250.1.213.4.5.2.1.102^^^&1.2.3.4.5.6&ISO^urn:ihe:iti:xds:2016:studyInstanceUID",
            2,
        ),
        lambda r: code(r, c.ENTRY_CLASS, "10"),
        lambda r: _unqualified(header(r, "Action")),
        lambda r: told(entry(r, 2), "serviceStartTime", "20210108102500+0100"),
        lambda r: drop(slot(entry(r), "submissionTime")),
        lambda r: [
            code(r, c.ENTRY_CONFIDENTIALITY, "N"),
            twice(classified(entry(r), c.ENTRY_CONFIDENTIALITY)).set("nodeRepresentation", "INVISIBLE_PATIENT"),
            told(classified(entry(r), c.ENTRY_CONFIDENTIALITY, 2), "codingScheme", "1.2.250.1.213.1.1.4.13"),
        ],
        lambda r: (
            twice(classified(entry(r), c.ENTRY_EVENT)).set("nodeRepresentation", "NFQJ002")
            or told(classified(entry(r), c.ENTRY_EVENT, 2), "codingScheme", "1.2.250.1.213.2.5")
        ),
        lambda r: drop(value(entry(r, 2), REFERENCES, 3)),
    ],
)
def test_what_french_samples_of_any_year_write_is_valid(change: Change) -> None:
    root = base("dmp")
    change(root)
    assert [one.message.en for one in judged("dmp", root) if one.severity is Severity.ERROR] == []


def test_findings_beyond_the_limit_are_counted_and_the_verdict_stands() -> None:
    root = m.full()
    for number in range(700):
        add_association(root, REPLACES, "Document01", "nobody", f"more{number}")
    judgement = judge(etree.tostring(root), "ihe")
    assert judgement.verdict is Verdict.INVALID
    assert judgement.findings[-1].rule == "findings.more"
    assert len(judgement.findings) == 501


def test_warnings_beyond_the_limit_leave_a_message_valid() -> None:
    root = m.full()
    for number in range(600):
        told_ = f"A{number}^^^&1.2&ISO^urn:local:number"
        twice(value(entry(root), REFERENCES)).text = told_
    judgement = judge(etree.tostring(root), "ihe")
    assert judgement.verdict is Verdict.VALID
    assert judgement.findings[-1].rule == "findings.more-warnings"


def test_a_message_with_too_many_objects_is_invalid_for_that_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MOST_OBJECTS", 3)
    judgement = judge(etree.tostring(m.full()), "ihe")
    assert [one.rule for one in judgement.findings] == ["submission.too-many"]


def test_the_page_on_metadata_lists_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metadata.md").read_text(encoding="utf-8")
    of_rows = {made.id for row in ROWS.values() for made in (row.missing, row.repeated, row.form) if made}
    missing = [
        one.id
        for one in CATALOGUE.values()
        if one.id not in of_rows and f"| `{one.id}` | {one.severity.value} |" not in page
    ]
    assert missing == []
    for name in ROWS:
        kinds = [kind for kind in ("missing", "repeated", "form") if getattr(ROWS[name], kind)]
        assert not kinds or any(
            line.startswith(f"| {name} |") and ", ".join(kinds) in line for line in page.splitlines()
        )


def _weights(kind: Kind, change: Change) -> dict[str, Severity]:
    root = base(kind)
    change(root)
    return {one.rule: one.severity for one in judged(kind, root)}


@pytest.mark.parametrize(("kind", "weight"), [("dmp", Severity.ERROR), ("ihe", Severity.WARNING)])
def test_a_document_made_days_after_it_was_sent_is_wrong_in_france(kind: Kind, weight: Severity) -> None:
    assert _weights(kind, lambda r: told(entry(r, 2), "creationTime", "20210112"))["creation-time.later"] is weight
    assert _weights(kind, lambda r: told(package(r), "submissionTime", "20200108"))["creation-time.later"] is weight
    seconds = _weights(kind, lambda r: told(entry(r, 2), "creationTime", "20210108101901"))
    assert seconds["creation-time.later"] is Severity.WARNING


@pytest.mark.parametrize("name", ["serviceStartTime", "serviceStopTime"])
def test_an_examination_is_over_when_its_report_is_made(name: str) -> None:
    assert _weights("ihe", lambda r: told(entry(r), name, "20210110"))["service-times.later"] is Severity.ERROR
    assert "service-times.later" not in _weights("ihe", lambda r: told(entry(r), name, "20210109"))


@pytest.mark.parametrize(
    "change",
    [
        lambda r: drop(value(entry(r), "sourcePatientInfo", 4)),  # one entry says less of the patient than another
        lambda r: told(entry(r, 2), "sourcePatientId", "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^PI"),
        lambda r: [entry(r, n).set("home", "urn:oid:1.2.3") for n in (1, 2)],
        lambda r: event(r, "US"),  # of several modalities that the entry gives one is enough
        lambda r: twice(classified(entry(r), c.ENTRY_EVENT)).set("nodeRepresentation", "24628-0"),
        lambda r: told(entry(r, 2), "serviceStartTime", "20210107"),
    ],
)
def test_what_two_objects_say_in_their_own_way_is_no_contradiction(change: Change) -> None:
    rules_ = {"source-patient.differs", "home.differs", "report.events", "manifest.service-time"}
    assert not rules_ & set(_weights("dmp", change))


def test_one_field_of_the_patient_that_differs_is_named() -> None:
    root = base("dmp")
    told(entry(root, 2), "sourcePatientInfo", "PID-8|M", 3)
    [found] = [one for one in judged("dmp", root) if one.rule == "source-patient.differs"]
    assert (found.value, found.expected, found.severity) == ("PID-8|M", "PID-8|F", Severity.ERROR)


def test_the_number_of_a_french_patient_has_a_domain() -> None:
    weights = _weights("dmp", lambda r: told(entry(r), "sourcePatientId", "IPP101"))
    assert weights["DocumentEntry.sourcePatientId.authority"] is Severity.ERROR


@pytest.mark.parametrize(
    ("format_", "body", "right"),
    [
        ("urn:ihe:iti:xds-sd:pdf:2008", '<nonXMLBody><text mediaType="application/pdf"/></nonXMLBody>', True),
        ("urn:ihe:iti:xds-sd:pdf:2008", '<nonXMLBody><text mediaType="text/plain"/></nonXMLBody>', False),
        ("urn:ihe:iti:xds-sd:pdf:2008", "<structuredBody/>", False),
        ("urn:ihe:iti:xds-sd:text:2008", '<nonXMLBody><text mediaType="text/plain"/></nonXMLBody>', True),
        ("urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", "<structuredBody/>", True),
        (
            "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013",
            '<nonXMLBody><text mediaType="application/pdf"/></nonXMLBody>',
            False,
        ),
        ("urn:other:format", "<structuredBody/>", True),
    ],
)
def test_the_format_of_a_report_goes_with_its_body(format_: str, body: str, right: bool) -> None:
    def change(root: Element) -> None:
        code(root, c.ENTRY_FORMAT, format_)
        report = f'<ClinicalDocument xmlns="urn:hl7-org:v3"><component>{body}</component></ClinicalDocument>'
        inline(root, base64.b64encode(report.encode()).decode())

    assert ("report.format" not in _weights("ihe", change)) is right


def test_a_manifest_of_images_that_do_not_tell_their_modality_is_of_any() -> None:
    def change(root: Element) -> None:
        event(root, "XC", entry_number=2)
        content = m._parts("ihe")[1][1].content
        assert isinstance(content, bytes)
        content = content.replace(b"1.2.840.10008.5.1.4.1.1.4\0", b"1.2.840.10008.5.1.4.1.1.7\0")
        drop(include(root, 2))
        document(root, 2).text = base64.b64encode(content).decode()

    weights = _weights("ihe", change)
    assert "manifest.unreadable" not in weights
    assert "manifest.modality" not in weights


@pytest.mark.parametrize(
    ("query_id", "name", "text_", "right"),
    [
        (None, "$XDSDocumentEntryStatus", "'urn:oasis:names:tc:ebxml-regrep:StatusType:Approved'", False),
        (None, "$XDSDocumentEntryEventCodeList", "'CT^^1.2.840.10008.2.16.4'", False),
        (None, "$XDSDocumentEntryPatientId", "('IPP101^^^&1.2.3&ISO')", True),  # public samples write it so
        ("f26abbcb-ac74-4422-8a30-edb644bbc1a9", "$XDSSubmissionSetAuthorPerson", "'%Smith%'", True),
    ],
)
def test_a_list_of_a_query_stands_in_parentheses(query_id: str | None, name: str, text_: str, right: bool) -> None:
    def change(root: Element) -> None:
        adhoc = next(root.iter(rim("AdhocQuery")))
        if query_id:
            adhoc.set("id", f"urn:uuid:{query_id}")
            add_slot(adhoc, name, text_)
        else:
            told(adhoc, name, text_)

    assert ("query.parameter.form" not in _weights("query", change)) is right


def test_the_first_version_of_an_object_is_version_1() -> None:
    zero = _weights("update", lambda r: told(association(r), "PreviousVersion", "0"))
    assert zero["update.previous-version"] is Severity.ERROR


def test_the_logical_id_in_an_answer_is_no_symbol() -> None:
    assert _weights("answer", lambda r: entry(r).set("lid", "x"))["DocumentEntry.logicalID.form"] is Severity.ERROR


@pytest.mark.parametrize(
    ("uid", "right"),
    [
        ("1.2.840.10008.1.2.4.90", True),
        ("1.2.250.1.999.4", True),  # a maker's own
        ("1.2.840.10008.5.1.4.1.1.2", False),
    ],
)
def test_images_are_asked_for_in_transfer_syntaxes(uid: str, right: bool) -> None:
    def change(root: Element) -> None:
        for one in root.iter(f"{{{c.XDSI}}}TransferSyntaxUID"):
            one.text = uid

    assert ("imaging.uid" not in _weights("rad69", change)) is right


def test_an_answer_is_partial_for_what_it_does_not_carry() -> None:
    assert _weights("retrieved", lambda r: _refused(r, "1.9")) == {}


@pytest.mark.parametrize(
    ("patient", "dmp", "ihe"),
    [
        ("'279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH'", True, False),
        ("'279035121518989^^^&1.2.250.1.213.1.4.10&ISO'", False, True),
        ("'27903512151898^^^&1.2.250.1.213.1.4.10&ISO^NH'", False, False),
        ("'IPP101^^^&1.2.3&ISO'", False, True),
        ("'IPP101^^^&1.2.3&ISO^PI'", False, False),
    ],
)
def test_a_query_names_the_patient_as_its_flavour_does(patient: str, dmp: bool, ihe: bool) -> None:
    root = m.query()
    told(next(root.iter(rim("AdhocQuery"))), "$XDSDocumentEntryPatientId", patient)
    for flavour, right in (("dmp", dmp), ("ihe", ihe)):
        judgement = judge(etree.tostring(root), flavour)  # type: ignore[arg-type]
        assert ("query.parameter.value" not in {one.rule for one in judgement.findings}) is right
    recognised = judge(etree.tostring(root)).about["flavour"]
    assert recognised == ("dmp" if patient.endswith("^NH'") else "ihe")


@pytest.mark.parametrize(
    ("reference", "right"),
    [
        ("1.2.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID", True),
        ("1.02.3^^^^urn:ihe:iti:xds:2016:studyInstanceUID", False),
        ("A1^^^^urn:ihe:iti:xds:2013:accession", True),
        ("A1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:order", True),
        ("A1^^^^urn:ihe:iti:xds:2013:order", False),
    ],
)
def test_a_query_asks_for_references_as_entries_have_them(reference: str, right: bool) -> None:
    weights = _weights("query", lambda r: told(r[1], "$XDSDocumentEntryReferenceIdList", f"('{reference}')"))
    assert ("query.parameter.value" not in weights) is right


def test_a_region_may_be_missing_in_what_a_french_registry_answers() -> None:
    """Specification 003: [1..*] in table 12, [0..*] in table 14."""
    for answered, weight in ((False, Severity.ERROR), (True, Severity.WARNING)):
        submission = m.request("dmp")[0]
        drop(classified(entry(submission, 2), c.ENTRY_EVENT, 2))
        root = submission
        if answered:
            root = etree.Element(f"{{{c.QUERY}}}AdhocQueryResponse", status=c.RESPONSE_STATUS + "Success")
            root.append(objects(submission))
        found = judge(etree.tostring(root), "dmp").findings
        stated = [one.severity for one in found if one.more.get("attribute") == "eventCodeList/region"]
        assert stated == [weight]
