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
from gateway.model.document import Association, Author, DocumentEntry, Folder, Submission, SubmissionSet
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
        ids += [item.entry_uuid for item in submission.folders]
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

    def node(self, node: str, *, stated: bool = True) -> None:
        if stated:
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
            ("authorTelecommunication", author.telecommunications),
        ]
        if any(any(values) for _, values in slots):
            # nodeRepresentation is required and blank for authors (ITI TF-3 section 4.2.3.1.4.1)
            _slots(self._classification({"classificationScheme": scheme, "nodeRepresentation": ""}), slots)

    def identifier(self, scheme: str, value: str) -> None:
        attributes = {
            "id": self._ids.new("ei", self._owner, next(self._position)),
            "objectType": c.OBJECT_TYPE + "ExternalIdentifier",
            "registryObject": self._owner,
            "identificationScheme": scheme,
            "value": value,
        }
        element = etree.SubElement(self.element, rim("ExternalIdentifier"), attributes)
        _text(element, "Name", c.IDENTIFIER_NAMES[scheme], "")

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
    for folder in submission.folders:
        _folder(element, folder, ids, language)
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
    writer = _package(parent, item, ids)
    writer.slots(
        _with_extra(
            [("submissionTime", [item.submission_time]), ("intendedRecipient", item.intended_recipients)],
            item.extra_slots,
        )
    )
    writer.text("Name", item.title, language)
    writer.text("Description", item.comments, language)
    writer.version(item.version)
    for author in item.authors:
        writer.author(c.SET_AUTHOR, author)
    writer.code(c.SET_CONTENT_TYPE, item.content_type_code, language)
    writer.node(c.SUBMISSION_SET_NODE)
    writer.node(c.SET_LIMITED_NODE, stated=item.limited_metadata)
    writer.identifier(c.SET_PATIENT_ID, item.patient_id)
    writer.identifier(c.SET_SOURCE_ID, item.source_id)
    writer.identifier(c.SET_UNIQUE_ID, item.unique_id)


def _folder(parent: etree._Element, item: Folder, ids: _Identifiers, language: str) -> None:
    writer = _package(parent, item, ids)
    writer.slots(_with_extra([("lastUpdateTime", [item.last_update_time])], item.extra_slots))
    writer.text("Name", item.title, language)
    writer.text("Description", item.comments, language)
    writer.version(item.version)
    for code in item.codes:
        writer.code(c.FOLDER_CODES, code, language)
    writer.node(c.FOLDER_NODE)
    writer.node(c.FOLDER_LIMITED_NODE, stated=item.limited_metadata)
    writer.identifier(c.FOLDER_PATIENT_ID, item.patient_id)
    writer.identifier(c.FOLDER_UNIQUE_ID, item.unique_id)


def _package(parent: etree._Element, item: SubmissionSet | Folder, ids: _Identifiers) -> _ObjectWriter:
    attributes = {
        "id": item.entry_uuid,
        "home": item.home_community_id,
        "lid": item.logical_id,
        "objectType": c.OBJECT_TYPE + "RegistryPackage",
        "status": item.status,
    }
    return _ObjectWriter(parent, "RegistryPackage", attributes, ids)


def _with_extra(named: Slots, extra: Slots) -> Slots:
    """*named* slots and *extra* ones; those of one name are joined, for a name may stand once only (``rim.xsd``)."""
    joined: dict[str, list[str]] = {}
    for name, values in extra:
        joined.setdefault(name, []).extend(values)
    if taken := {name for name, _ in named} & set(joined):
        raise ValueError(f"an extra slot has the name of an attribute: {min(taken)}")
    return [*named, *joined.items()]


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
    writer.slots(_entry_slots(entry))
    writer.text("Name", entry.title, language)
    writer.text("Description", entry.comments, language)
    writer.version(entry.version)
    for author in entry.authors:
        writer.author(c.ENTRY_AUTHOR, author)
    for scheme, code in _entry_codes(entry):
        writer.code(scheme, code, language)
    writer.node(c.ENTRY_LIMITED_NODE, stated=entry.limited_metadata)
    writer.identifier(c.ENTRY_PATIENT_ID, entry.patient_id)
    writer.identifier(c.ENTRY_UNIQUE_ID, entry.unique_id)


def _entry_slots(entry: DocumentEntry) -> Slots:
    # reference ids that the reader could not take apart stand among the extra slots under the same name
    unread = [value for name, values in entry.extra_slots if name == c.REFERENCE_ID_LIST for value in values]
    named: Slots = [
        ("creationTime", [entry.creation_time]),
        ("documentAvailability", [entry.document_availability]),
        ("hash", [entry.hash]),
        ("languageCode", [entry.language_code]),
        ("legalAuthenticator", [entry.legal_authenticator]),
        ("repositoryUniqueId", [entry.repository_unique_id]),
        ("serviceStartTime", [entry.service_start_time]),
        ("serviceStopTime", [entry.service_stop_time]),
        ("size", ["" if entry.size is None else str(entry.size)]),
        ("sourcePatientId", [entry.source_patient_id]),
        ("sourcePatientInfo", entry.source_patient_info),
        ("URI", [entry.uri]),
        (c.REFERENCE_ID_LIST, [*(reference.cxi() for reference in entry.reference_ids), *unread]),
    ]
    return _with_extra(named, [slot for slot in entry.extra_slots if slot[0] != c.REFERENCE_ID_LIST])


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
        "home": item.home_community_id,
        "lid": item.logical_id,
        "objectType": c.OBJECT_TYPE + "Association",
        "status": item.status,
        "associationType": item.type,
        "sourceObject": item.source,
        "targetObject": item.target,
    }
    writer = _ObjectWriter(parent, "Association", attributes, ids)
    writer.slots(item.slots)
    writer.version(item.version)
    if item.documentation is not None:
        writer.code(c.ASSOCIATION_DOCUMENTATION, item.documentation, "")
