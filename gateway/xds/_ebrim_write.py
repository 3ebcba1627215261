"""Objects of the model to ebRIM 3.0 elements, in the order that ``rim.xsd`` prescribes.

Within an object: Slot*, Name, Description, VersionInfo, Classification*, ExternalIdentifier*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from uuid import NAMESPACE_URL, uuid5

from lxml import etree

from gateway.model.codes import Code
from gateway.model.document import Association, Author, DocumentEntry, Submission, SubmissionSet
from gateway.xds import constants as c
from gateway.xds.constants import rim

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")

Slots = Sequence[tuple[str, Sequence[str]]]


class _Identifiers:
    """Gives every classification and external identifier an id that no other element of the message has.

    In a submission they are symbolic (``cl1``, ``ei1``); in an answer a registry owes UUIDs (``rim.xsd``,
    IdentifiableType), derived from the object's own so that two answers agree.
    """

    def __init__(self, submission: Submission, *, symbolic: bool) -> None:
        ids = [item.entry_uuid for item in submission.submission_sets]
        ids += [item.entry_uuid for item in submission.entries]
        ids += [item.entry_uuid for item in submission.associations]
        if len(set(ids)) != len(ids):
            raise ValueError("two objects of a submission have one id")
        self._taken = set(ids)
        self._symbolic = symbolic
        self._numbers = count(1)

    def new(self, prefix: str, owner: str, position: int) -> str:
        if not self._symbolic:
            return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{owner}#{prefix}{position}')}"
        return next(name for name in (f"{prefix}{number}" for number in self._numbers) if name not in self._taken)


class _ObjectWriter:
    """One registry object while it is written; call the methods in the order of the schema."""

    def __init__(self, parent: etree._Element, tag: str, attributes: Mapping[str, str], ids: _Identifiers) -> None:
        stated = {name: value for name, value in attributes.items() if value}
        self.element = etree.SubElement(parent, rim(tag), stated)
        self._owner = attributes["id"]
        self._ids = ids
        self._position = count(1)

    def slots(self, slots: Slots) -> None:
        _slots(self.element, slots)

    def text(self, tag: str, value: str, language: str) -> None:
        _text(self.element, tag, value, language)

    def version(self, version: str) -> None:
        if version:
            etree.SubElement(self.element, rim("VersionInfo"), {"versionName": version})

    def node(self, node: str) -> None:
        self._classification({"classificationNode": node})

    def code(self, scheme: str, code: Code, language: str) -> None:
        element = self._classification({"classificationScheme": scheme, "nodeRepresentation": code.code})
        _slots(element, [("codingScheme", [code.system])])
        _text(element, "Name", code.display, language)

    def author(self, scheme: str, author: Author) -> None:
        """An author without any attribute is not written: there is nothing to say."""
        slots: Slots = [
            ("authorPerson", [author.person]),
            ("authorInstitution", author.institutions),
            ("authorRole", author.roles),
            ("authorSpecialty", author.specialties),
        ]
        if any(any(values) for _, values in slots):
            # nodeRepresentation is required and blank for authors (ITI TF-3 section 4.2.3.1.4.1)
            _slots(self._classification({"classificationScheme": scheme, "nodeRepresentation": ""}), slots)

    def identifier(self, scheme: str, value: str, name: str) -> None:
        attributes = {
            "id": self._ids.new("ei", self._owner, next(self._position)),
            "objectType": c.OBJECT_TYPE + "ExternalIdentifier",
            "registryObject": self._owner,
            "identificationScheme": scheme,
            "value": value,
        }
        element = etree.SubElement(self.element, rim("ExternalIdentifier"), attributes)
        _text(element, "Name", name, "")

    def _classification(self, attributes: Mapping[str, str]) -> etree._Element:
        common = {
            "id": self._ids.new("cl", self._owner, next(self._position)),
            "objectType": c.OBJECT_TYPE + "Classification",
            "classifiedObject": self._owner,
        }
        return etree.SubElement(self.element, rim("Classification"), {**common, **attributes})


def _slots(parent: etree._Element, slots: Slots) -> None:
    for name, values in slots:
        stated = [value for value in values if value]
        if not stated:
            continue
        slot = etree.SubElement(parent, rim("Slot"), {"name": name})
        value_list = etree.SubElement(slot, rim("ValueList"))
        for value in stated:
            etree.SubElement(value_list, rim("Value")).text = value


def _text(parent: etree._Element, tag: str, value: str, language: str) -> None:
    if not value:
        return
    attributes = {c.XML_LANG: language} if _LANGUAGE.fullmatch(language) else {}
    attributes.update(charset="UTF-8", value=value)
    etree.SubElement(etree.SubElement(parent, rim(tag)), rim("LocalizedString"), attributes)


def object_list(submission: Submission, *, symbolic: bool, parent: etree._Element | None = None) -> etree._Element:
    """The rim:RegistryObjectList of every object; *symbolic* ids for a submission, UUIDs for an answer.

    Raises ValueError when two objects share an id, or a text holds a character that XML cannot carry.
    """
    name = rim("RegistryObjectList")
    element = etree.Element(name, nsmap=c.PREFIXES) if parent is None else etree.SubElement(parent, name)
    ids = _Identifiers(submission, symbolic=symbolic)
    language = next((entry.language_code for entry in submission.entries), "")
    for submission_set in submission.submission_sets:
        _submission_set(element, submission_set, ids, language)
    for entry in submission.entries:
        _entry(element, entry, ids)
    for association in submission.associations:
        _association(element, association, ids)
    return element


def object_refs(ids: Iterable[str], home: str) -> etree._Element:
    """The rim:RegistryObjectList of references alone (returnType ObjectRef)."""
    element = etree.Element(rim("RegistryObjectList"), nsmap=c.PREFIXES)
    for identifier in ids:
        etree.SubElement(element, rim("ObjectRef"), {"id": identifier, **({"home": home} if home else {})})
    return element


def _submission_set(parent: etree._Element, item: SubmissionSet, ids: _Identifiers, language: str) -> None:
    attributes = {
        "id": item.entry_uuid,
        "home": item.home_community_id,
        "objectType": c.OBJECT_TYPE + "RegistryPackage",
        "status": item.status,
    }
    writer = _ObjectWriter(parent, "RegistryPackage", attributes, ids)
    writer.slots([("submissionTime", [item.submission_time])])
    writer.text("Name", item.title, language)
    writer.text("Description", item.comments, language)
    for author in item.authors:
        writer.author(c.SET_AUTHOR, author)
    writer.code(c.SET_CONTENT_TYPE, item.content_type_code, language)
    writer.node(c.SUBMISSION_SET_NODE)
    writer.identifier(c.SET_PATIENT_ID, item.patient_id, "XDSSubmissionSet.patientId")
    writer.identifier(c.SET_SOURCE_ID, item.source_id, "XDSSubmissionSet.sourceId")
    writer.identifier(c.SET_UNIQUE_ID, item.unique_id, "XDSSubmissionSet.uniqueId")


def _entry(parent: etree._Element, entry: DocumentEntry, ids: _Identifiers) -> None:
    attributes = {
        "id": entry.entry_uuid,
        "home": entry.home_community_id,
        "lid": entry.logical_id,
        "objectType": entry.object_type,
        "status": entry.status,
        "mimeType": entry.mime_type,
    }
    language = entry.language_code
    writer = _ObjectWriter(parent, "ExtrinsicObject", attributes, ids)
    writer.slots(list(_entry_slots(entry)))
    writer.text("Name", entry.title, language)
    writer.text("Description", entry.comments, language)
    writer.version(entry.version)
    for author in entry.authors:
        writer.author(c.ENTRY_AUTHOR, author)
    for scheme, code in _entry_codes(entry):
        writer.code(scheme, code, language)
    writer.identifier(c.ENTRY_PATIENT_ID, entry.patient_id, "XDSDocumentEntry.patientId")
    writer.identifier(c.ENTRY_UNIQUE_ID, entry.unique_id, "XDSDocumentEntry.uniqueId")


def _entry_slots(entry: DocumentEntry) -> Iterator[tuple[str, Sequence[str]]]:
    extra: dict[str, list[str]] = {}
    for name, values in entry.extra_slots:
        extra.setdefault(name, []).extend(values)
    yield "creationTime", [entry.creation_time]
    yield "hash", [entry.hash]
    yield "languageCode", [entry.language_code]
    yield "legalAuthenticator", [entry.legal_authenticator]
    yield "repositoryUniqueId", [entry.repository_unique_id]
    yield "serviceStartTime", [entry.service_start_time]
    yield "serviceStopTime", [entry.service_stop_time]
    yield "size", ["" if entry.size is None else str(entry.size)]
    yield "sourcePatientId", [entry.source_patient_id]
    yield "sourcePatientInfo", entry.source_patient_info
    yield "URI", [entry.uri]
    # reference ids that the reader could not take apart stand among the extra slots under the same name
    unread = extra.pop(c.REFERENCE_ID_LIST, [])
    yield c.REFERENCE_ID_LIST, [*(reference.cxi() for reference in entry.reference_ids), *unread]
    yield from extra.items()


def _entry_codes(entry: DocumentEntry) -> Iterator[tuple[str, Code]]:
    yield c.ENTRY_CLASS, entry.class_code
    for code in entry.confidentiality_codes:
        yield c.ENTRY_CONFIDENTIALITY, code
    for code in entry.event_codes:
        yield c.ENTRY_EVENT, code
    yield c.ENTRY_FORMAT, entry.format_code
    yield c.ENTRY_FACILITY, entry.healthcare_facility_type_code
    yield c.ENTRY_PRACTICE, entry.practice_setting_code
    yield c.ENTRY_TYPE, entry.type_code


def _association(parent: etree._Element, item: Association, ids: _Identifiers) -> None:
    attributes = {
        "id": item.entry_uuid,
        "objectType": c.OBJECT_TYPE + "Association",
        "status": item.status,
        "associationType": item.type,
        "sourceObject": item.source,
        "targetObject": item.target,
    }
    _ObjectWriter(parent, "Association", attributes, ids).slots(item.slots)
