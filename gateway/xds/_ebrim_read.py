"""ebRIM 3.0 elements to objects of the model: strict on what XDS requires, tolerant of how stacks write it.

Tolerated, because it was seen: any order of children, a hash in upper case or in base64, LocalizedString without
language, blanks around values, slots nobody named (kept), classifications beside their object instead of inside it,
short association types, a URI cut into numbered parts (as ITI TF-3 had it before revision 10), a package without its
classification node.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple, NoReturn

from lxml import etree

from gateway.errors import InputRejected
from gateway.model.codes import Code
from gateway.model.document import (
    ON_DEMAND,
    STABLE,
    Association,
    AssociationType,
    Author,
    DocumentEntry,
    Folder,
    ReferenceId,
    Slots,
    Submission,
    SubmissionSet,
)
from gateway.model.identifiers import is_uid
from gateway.xds import constants as c
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
_SLOT, _VALUE_LIST, _VALUE, _LOCALIZED = (rim(one) for one in ("Slot", "ValueList", "Value", "LocalizedString"))
_CLASSIFICATION, _IDENTIFIER = rim("Classification"), rim("ExternalIdentifier")
_NAME, _DESCRIPTION, _VERSION = rim("Name"), rim("Description"), rim("VersionInfo")


class Reading(NamedTuple):
    """Objects, and whether they hold all that was said: False when a second value of an attribute that has one, or a
    scheme that is none of the object's attributes, or a reference id's odd authority may have been left out."""

    submission: Submission
    whole: bool


class _Described:
    """What describes an object or a classification: its slots and texts, in one walk over its children."""

    __slots__ = ("element", "inside", "others", "slots", "texts")

    def __init__(self, element: etree._Element, *, inside: bool = True) -> None:
        self.element = element
        self.inside = inside
        """Whether a classification stands in its object, and not beside it."""
        self.slots: dict[str, tuple[str, ...]] = {}
        """Values by slot name; a slot that is repeated is joined."""
        self.texts: dict[str, str] = {}
        """By tag, the first LocalizedString that says something, in whatever language."""
        self.others: list[etree._Element] = []
        slots, texts = self.slots, self.texts
        for child in element:
            tag = str(child.tag)
            if tag == _SLOT:
                name = child.get("name", "").strip()
                values = _values(child)
                slots[name] = (*slots[name], *values) if name in slots else values
            elif tag in (_NAME, _DESCRIPTION):
                if not texts.get(tag):
                    texts[tag] = _localized(child)
            else:
                self.others.append(child)


# Children are walked and their tags compared: lxml takes half as long again to look for a tag among so few.


def _values(slot: etree._Element) -> tuple[str, ...]:
    return tuple(
        [
            text
            for one in slot
            if one.tag == _VALUE_LIST
            for value in one
            if value.tag == _VALUE and (text := inner_text(value))
        ]
    )


def inner_text(element: etree._Element) -> str:
    """The text of *element* without the blanks around it; comments do not count."""
    if len(element):
        return "".join(str(text) for text in element.itertext()).strip()
    return (element.text or "").strip()


def _localized(text: etree._Element) -> str:
    for localized in text:
        if localized.tag == _LOCALIZED and (value := localized.get("value", "").strip()):
            return str(value)
    return ""


class _ObjectReader:
    """One registry object: its attributes, and what stands in it and beside it, found by name or scheme."""

    def __init__(self, element: etree._Element, place: str, beside: Sequence[etree._Element]) -> None:
        own = _Described(element)
        self._element = element
        self._place = place
        self._texts = own.texts
        self.slots = own.slots
        self._identifiers: dict[str, str] = {}
        self._classifications: dict[str, list[_Described]] = {}
        self._version = ""
        self.nodes: set[str] = set()
        self.whole = True
        """Whether nothing was left out so far."""
        self._asked: set[str] = set()
        """Schemes of attributes that were read."""
        for child in own.others:
            if child.tag == _CLASSIFICATION:
                self._classify(_Described(child))
            elif child.tag == _IDENTIFIER:
                scheme = child.get("identificationScheme", "").strip()
                self.whole &= scheme not in self._identifiers
                self._identifiers.setdefault(scheme, child.get("value", "").strip())
            elif child.tag == _VERSION and not self._version:
                self._version = child.get("versionName", "").strip()
        for child in beside:
            self._classify(_Described(child, inside=False))

    def _classify(self, one: _Described) -> None:
        scheme = one.element.get("classificationScheme", "").strip()
        self._classifications.setdefault(scheme, []).append(one)
        self.nodes.add(one.element.get("classificationNode", "").strip())

    def attribute(self, name: str) -> str:
        return (self._element.get(name) or "").strip()

    def slot(self, name: str) -> str:
        """The one value of a slot, or empty."""
        return next(iter(self.slots.get(name, ())), "")

    def text(self, tag: str) -> str:
        return self._texts.get(tag, "")

    def version(self) -> str:
        return self._version

    def identifier(self, scheme: str) -> str:
        self._asked.add(scheme)
        return self._identifiers.get(scheme, "")

    def codes(self, scheme: str, attribute: str) -> tuple[Code, ...]:
        self._asked.add(scheme)
        return tuple([self._code(one, attribute) for one in self._classifications.get(scheme, ())])

    def code(self, scheme: str, attribute: str) -> Code:
        """The first code of *scheme*; refuses its absence."""
        self._asked.add(scheme)
        found = self._classifications.get(scheme)
        if not found:
            self.refuse(attribute)
        self.whole &= len(found) == 1
        return self._code(found[0], attribute)

    def authors(self, scheme: str) -> tuple[Author, ...]:
        self._asked.add(scheme)
        authors = []
        for one in self._classifications.get(scheme, ()):
            slots = one.slots
            persons = slots.get("authorPerson", ())
            self.whole &= len(persons) < 2
            authors.append(
                Author(
                    person=next(iter(persons), ""),
                    institutions=slots.get("authorInstitution", ()),
                    roles=slots.get("authorRole", ()),
                    specialties=slots.get("authorSpecialty", ()),
                    telecommunications=slots.get("authorTelecommunication", ()),
                )
            )
        return tuple(author for author in authors if author != Author())

    def optional_code(self, scheme: str, attribute: str) -> Code | None:
        return next(iter(self.codes(scheme, attribute)), None)

    def extra_slots(self, known: Container[str]) -> Slots:
        """The slots that the model does not name, as they came."""
        return tuple((name, values) for name, values in self.slots.items() if name not in known and values)

    def need(self, value: str, attribute: str) -> str:
        return value or self.refuse(attribute)

    def refuse(self, attribute: str, code: str = "registry_metadata") -> NoReturn:
        raise InputRejected(code, place=self._place, attribute=attribute, object=self.attribute("id"))

    def is_whole(self) -> bool:
        """Whether what was read is all that stands in the object."""
        if not self.whole or any(len(values) > 1 and not _several(name) for name, values in self.slots.items()):
            return False
        inside = {scheme for scheme, found in self._classifications.items() if any(one.inside for one in found)}
        return inside | self._identifiers.keys() <= self._asked | _NO_SCHEME

    def _code(self, one: _Described, attribute: str) -> Code:
        code = self.need(one.element.get("nodeRepresentation", "").strip(), attribute)
        systems = one.slots.get("codingScheme", ())
        self.whole &= len(systems) < 2
        return Code(code, self.need(next(iter(systems), ""), f"{attribute}/codingScheme"), one.texts.get(_NAME, ""))


_NO_SCHEME = frozenset({""})
_SEVERAL_VALUES = frozenset({"sourcePatientInfo", "intendedRecipient", "URI"})


def _several(slot: str) -> bool:
    """Whether the slot may have several values: one of these attributes, or one that has a URN for a name."""
    return slot in _SEVERAL_VALUES or slot.startswith("urn:")


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

    def readers(tag: str) -> Iterator[_ObjectReader]:
        for number, child in enumerate(_children(element, tag), 1):
            yield _ObjectReader(
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


def _is_folder(reader: _ObjectReader) -> bool:
    """By its node, else, as for submission sets, by its unique id."""
    if c.SUBMISSION_SET_NODE in reader.nodes:
        return False
    return c.FOLDER_NODE in reader.nodes or bool(reader.identifier(c.FOLDER_UNIQUE_ID))


def _folder(reader: _ObjectReader) -> Folder:
    return Folder(
        entry_uuid=reader.need(reader.attribute("id"), "id"),
        unique_id=reader.need(reader.identifier(c.FOLDER_UNIQUE_ID), "XDSFolder.uniqueId"),
        patient_id=reader.need(reader.identifier(c.FOLDER_PATIENT_ID), "XDSFolder.patientId"),
        codes=reader.codes(c.FOLDER_CODES, "XDSFolder.codeList"),
        title=reader.text(_NAME),
        comments=reader.text(_DESCRIPTION),
        last_update_time=reader.slot("lastUpdateTime"),
        status=reader.attribute("status"),
        home_community_id=reader.attribute("home"),
        logical_id=reader.attribute("lid"),
        version=reader.version(),
        limited_metadata=c.FOLDER_LIMITED_NODE in reader.nodes,
        extra_slots=reader.extra_slots(_FOLDER_SLOTS),
    )


def _submission_set(reader: _ObjectReader) -> SubmissionSet:
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
        title=reader.text(_NAME),
        comments=reader.text(_DESCRIPTION),
        intended_recipients=reader.slots.get("intendedRecipient", ()),
        status=reader.attribute("status"),
        home_community_id=reader.attribute("home"),
        logical_id=reader.attribute("lid"),
        version=reader.version(),
        limited_metadata=c.SET_LIMITED_NODE in reader.nodes,
        extra_slots=reader.extra_slots(_SET_SLOTS),
    )


def _entry(reader: _ObjectReader, *, strict: bool) -> DocumentEntry:
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
        title=reader.text(_NAME),
        comments=reader.text(_DESCRIPTION),
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
        version=reader.version(),
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


def _references(reader: _ObjectReader, *, strict: bool) -> tuple[tuple[ReferenceId, ...], tuple[str, ...]]:
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


def _size(reader: _ObjectReader) -> int | None:
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


def _association(reader: _ObjectReader) -> Association:
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
        version=reader.version(),
    )


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname
