"""ebRIM 3.0 elements to objects of the model: strict on what XDS requires, tolerant of how stacks write it.

Tolerated, because it was seen: any order of children, a hash in upper case or in base64, LocalizedString without
language, blanks around values, slots nobody named (kept), classifications beside their object instead of inside it,
short association types, a URI cut into numbered parts (as ITI TF-3 had it before revision 10), a package without its
classification node.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lxml import etree

from gateway.errors import InputRejected
from gateway.model.document import (
    ON_DEMAND,
    STABLE,
    Association,
    AssociationType,
    DocumentEntry,
    Folder,
    ReferenceId,
    Submission,
    SubmissionSet,
)
from gateway.model.identifiers import is_uid
from gateway.xds import constants as c
from gateway.xds._ebrim_elements import DESCRIPTION, NAME, ObjectReader
from gateway.xds.constants import rim

_ENTRY_SLOTS = frozenset(
    {
        "creationTime",
        "documentAvailability",
        "hash",
        "languageCode",
        "legalAuthenticator",
        "repositoryUniqueId",
        "serviceStartTime",
        "serviceStopTime",
        "size",
        "sourcePatientId",
        "sourcePatientInfo",
        "URI",
        c.REFERENCE_ID_LIST,
    }
)
_SET_SLOTS = frozenset({"submissionTime", "intendedRecipient"})
_FOLDER_SLOTS = frozenset({"lastUpdateTime"})
_SHORT_TYPES = {type_.value.rpartition(":")[2]: type_.value for type_ in AssociationType}
_URI_PART = re.compile(r"([0-9]{1,4})\|(.*)", re.DOTALL)
_SIZE = re.compile(r"[0-9]{1,18}")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
_SHA1_BYTES = 20


class Reading(NamedTuple):
    """Objects, and whether they hold all that was said: False when a second value of an attribute that has one, or a
    scheme that is none of the object's attributes, or a reference id's odd authority may have been left out."""

    submission: Submission
    whole: bool


def _children(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    return element.iterchildren(rim(tag))


def registry_object_list(element: etree._Element) -> etree._Element | None:
    """The rim:RegistryObjectList in a request or an answer, or *element* itself; None when an answer has none.

    Raises InputRejected when *element* is no such message, or a submission without its list.
    """
    name = rim("RegistryObjectList")
    if element.tag == name:
        return element
    request = f"{{{c.LCM}}}SubmitObjectsRequest"
    inner = element if element.tag == request else element.find(request)
    found = (element if inner is None else inner).find(name)
    if found is None and element.tag != f"{{{c.QUERY}}}AdhocQueryResponse":
        raise InputRejected("registry_metadata", place=_local(element), attribute="RegistryObjectList", object="")
    return found


def objects(element: etree._Element, *, strict: bool) -> Reading:
    """Everything in a rim:RegistryObjectList.

    *strict* refuses a reference id that is not a CXi; else it is kept among the extra slots under its own name, so
    that one odd entry does not spoil an answer. Raises InputRejected (``registry_metadata``: a part is missing,
    ``registry_metadata_value``: a part cannot be read).
    """
    beside: dict[str, list[etree._Element]] = {}
    for child in _children(element, "Classification"):
        beside.setdefault(child.get("classifiedObject", "").strip(), []).append(child)

    def readers(tag: str) -> Iterator[ObjectReader]:
        for number, child in enumerate(_children(element, tag), 1):
            yield ObjectReader(
                child, f"/RegistryObjectList/{tag}[{number}]", beside.get(child.get("id", "").strip(), ())
            )

    packages = list(readers("RegistryPackage"))
    entries = list(readers("ExtrinsicObject"))
    associations = list(readers("Association"))
    submission = Submission(
        submission_sets=tuple(_submission_set(reader) for reader in packages if not _is_folder(reader)),
        folders=tuple(_folder(reader) for reader in packages if _is_folder(reader)),
        entries=tuple(_entry(reader, strict=strict) for reader in entries),
        associations=tuple(_association(reader) for reader in associations),
    )
    return Reading(submission, all(reader.is_whole() for reader in (*packages, *entries, *associations)))


def object_refs(element: etree._Element) -> tuple[str, ...]:
    """The ids of the rim:ObjectRef children."""
    return tuple(child.get("id", "").strip() for child in _children(element, "ObjectRef"))


def _is_folder(reader: ObjectReader) -> bool:
    """By its node, else, as for submission sets, by its unique id."""
    if c.SUBMISSION_SET_NODE in reader.nodes:
        return False
    return c.FOLDER_NODE in reader.nodes or bool(reader.identifier(c.FOLDER_UNIQUE_ID))


def _folder(reader: ObjectReader) -> Folder:
    return Folder(
        entry_uuid=reader.need(reader.attribute("id"), "id"),
        unique_id=reader.need(reader.identifier(c.FOLDER_UNIQUE_ID), "XDSFolder.uniqueId"),
        patient_id=reader.need(reader.identifier(c.FOLDER_PATIENT_ID), "XDSFolder.patientId"),
        codes=reader.codes(c.FOLDER_CODES, "XDSFolder.codeList"),
        title=reader.text(NAME),
        comments=reader.text(DESCRIPTION),
        last_update_time=reader.slot("lastUpdateTime"),
        status=reader.attribute("status"),
        home_community_id=reader.attribute("home"),
        logical_id=reader.attribute("lid"),
        version=reader.version,
        limited_metadata=c.FOLDER_LIMITED_NODE in reader.nodes,
        extra_slots=reader.extra_slots(_FOLDER_SLOTS),
    )


def _submission_set(reader: ObjectReader) -> SubmissionSet:
    if c.SUBMISSION_SET_NODE not in reader.nodes and not reader.identifier(c.SET_UNIQUE_ID):
        reader.refuse("classificationNode")
    return SubmissionSet(
        entry_uuid=reader.need(reader.attribute("id"), "id"),
        unique_id=reader.need(reader.identifier(c.SET_UNIQUE_ID), "XDSSubmissionSet.uniqueId"),
        source_id=reader.need(reader.identifier(c.SET_SOURCE_ID), "XDSSubmissionSet.sourceId"),
        patient_id=reader.need(reader.identifier(c.SET_PATIENT_ID), "XDSSubmissionSet.patientId"),
        content_type_code=reader.code(c.SET_CONTENT_TYPE, "XDSSubmissionSet.contentTypeCode"),
        submission_time=reader.need(reader.slot("submissionTime"), "XDSSubmissionSet.submissionTime"),
        authors=reader.authors(c.SET_AUTHOR),
        title=reader.text(NAME),
        comments=reader.text(DESCRIPTION),
        intended_recipients=reader.slots.get("intendedRecipient", ()),
        status=reader.attribute("status"),
        home_community_id=reader.attribute("home"),
        logical_id=reader.attribute("lid"),
        version=reader.version,
        limited_metadata=c.SET_LIMITED_NODE in reader.nodes,
        extra_slots=reader.extra_slots(_SET_SLOTS),
    )


def _entry(reader: ObjectReader, *, strict: bool) -> DocumentEntry:
    object_type = reader.attribute("objectType") or STABLE
    creation_time = reader.slot("creationTime")
    if object_type != ON_DEMAND:  # its document does not exist yet (ITI TF-3 table 4.2.3.2-1)
        reader.need(creation_time, "XDSDocumentEntry.creationTime")
    references, unread = _references(reader, strict=strict)
    confidentiality = reader.codes(c.ENTRY_CONFIDENTIALITY, "XDSDocumentEntry.confidentialityCode")
    if not confidentiality:
        reader.refuse("XDSDocumentEntry.confidentialityCode")
    extra = reader.extra_slots(_ENTRY_SLOTS)
    if unread:
        extra = (*extra, (c.REFERENCE_ID_LIST, unread))
    return DocumentEntry(
        entry_uuid=reader.need(reader.attribute("id"), "id"),
        unique_id=reader.need(reader.identifier(c.ENTRY_UNIQUE_ID), "XDSDocumentEntry.uniqueId"),
        mime_type=reader.need(reader.attribute("mimeType"), "XDSDocumentEntry.mimeType"),
        patient_id=reader.need(reader.identifier(c.ENTRY_PATIENT_ID), "XDSDocumentEntry.patientId"),
        class_code=reader.code(c.ENTRY_CLASS, "XDSDocumentEntry.classCode"),
        type_code=reader.code(c.ENTRY_TYPE, "XDSDocumentEntry.typeCode"),
        format_code=reader.code(c.ENTRY_FORMAT, "XDSDocumentEntry.formatCode"),
        healthcare_facility_type_code=reader.code(c.ENTRY_FACILITY, "XDSDocumentEntry.healthcareFacilityTypeCode"),
        practice_setting_code=reader.code(c.ENTRY_PRACTICE, "XDSDocumentEntry.practiceSettingCode"),
        confidentiality_codes=confidentiality,
        creation_time=creation_time,
        language_code=reader.need(reader.slot("languageCode"), "XDSDocumentEntry.languageCode"),
        source_patient_id=reader.slot("sourcePatientId"),
        source_patient_info=reader.slots.get("sourcePatientInfo", ()),
        title=reader.text(NAME),
        comments=reader.text(DESCRIPTION),
        authors=reader.authors(c.ENTRY_AUTHOR),
        legal_authenticator=reader.slot("legalAuthenticator"),
        event_codes=reader.codes(c.ENTRY_EVENT, "XDSDocumentEntry.eventCodeList"),
        reference_ids=references,
        service_start_time=reader.slot("serviceStartTime"),
        service_stop_time=reader.slot("serviceStopTime"),
        hash=_hash(reader.slot("hash")),
        size=_size(reader),
        repository_unique_id=reader.slot("repositoryUniqueId"),
        home_community_id=reader.attribute("home"),
        uri=_uri(reader.slots.get("URI", ())),
        status=reader.attribute("status"),
        object_type=object_type,
        logical_id=reader.attribute("lid"),
        version=reader.version,
        document_availability=reader.slot("documentAvailability"),
        limited_metadata=c.ENTRY_LIMITED_NODE in reader.nodes,
        extra_slots=extra,
    )


def _hash(text: str) -> str:
    """40 hexadecimal digits in lower case; the base64 of a SHA-1, which some stacks write, is turned into them.

    What is neither stays as it came, for the registry's rules to name.
    """
    if _HEXADECIMAL.fullmatch(text):
        return text.lower()
    try:
        digest = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return text
    return digest.hex() if len(digest) == _SHA1_BYTES else text


def _references(reader: ObjectReader, *, strict: bool) -> tuple[tuple[ReferenceId, ...], tuple[str, ...]]:
    references, unread = [], []
    for value in reader.slots.get(c.REFERENCE_ID_LIST, ()):
        try:
            reference = ReferenceId.parse(value)
        except ValueError:
            if strict:
                reader.refuse("XDSDocumentEntry.referenceIdList", "registry_metadata_value")
            unread.append(value)
            reader.whole = False
            continue
        odd = reference.cxi() != value or (reference.authority and not is_uid(reference.authority))
        reader.whole &= not odd
        references.append(reference)
    return tuple(references), tuple(unread)


def _size(reader: ObjectReader) -> int | None:
    text = reader.slot("size")
    if text and _SIZE.fullmatch(text) is None:
        reader.refuse("XDSDocumentEntry.size", "registry_metadata_value")
    return int(text) if text else None


def _uri(values: Sequence[str]) -> str:
    parts = [_URI_PART.fullmatch(value) for value in values]
    if len(values) < 2 or not all(parts):
        return next(iter(values), "")
    numbered = sorted((int(part[1]), part[2]) for part in parts if part)
    return "".join(text for _, text in numbered)


def _association(reader: ObjectReader) -> Association:
    type_ = reader.need(reader.attribute("associationType"), "Association.associationType")
    return Association(
        entry_uuid=reader.need(reader.attribute("id"), "id"),
        type=_SHORT_TYPES.get(type_, type_),
        source=reader.need(reader.attribute("sourceObject"), "Association.sourceObject"),
        target=reader.need(reader.attribute("targetObject"), "Association.targetObject"),
        slots=reader.extra_slots(()),
        status=reader.attribute("status"),
        documentation=reader.optional_code(c.ASSOCIATION_DOCUMENTATION, "Association.documentation"),
        home_community_id=reader.attribute("home"),
        logical_id=reader.attribute("lid"),
        version=reader.version,
    )


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname
