"""What only a submission's XML shows: every mandatory part that is absent, and what reading would lose.

``gateway.xds.ebrim`` stops at the first part that is missing, for without it there is no object; then :func:`missing`
looks at the elements themselves, for an answer that names them all.

Source: ITI TF-3 tables 4.3.1-1 and 4.3.1-2 (XDS Document Source, required).
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from gateway.model.document import ON_DEMAND, RegistryError
from gateway.registry import forms
from gateway.registry.findings import metadata_error, quote
from gateway.xds import constants as c
from gateway.xds.constants import rim

_ENTRY_CODES = {
    c.ENTRY_CLASS: "classCode",
    c.ENTRY_CONFIDENTIALITY: "confidentialityCode",
    c.ENTRY_FORMAT: "formatCode",
    c.ENTRY_FACILITY: "healthcareFacilityTypeCode",
    c.ENTRY_PRACTICE: "practiceSettingCode",
    c.ENTRY_TYPE: "typeCode",
}
_ENTRY_IDENTIFIERS = {c.ENTRY_PATIENT_ID: "patientId", c.ENTRY_UNIQUE_ID: "uniqueId"}
_SET_CODES = {c.SET_CONTENT_TYPE: "contentTypeCode"}
_SET_IDENTIFIERS = {c.SET_PATIENT_ID: "patientId", c.SET_SOURCE_ID: "sourceId", c.SET_UNIQUE_ID: "uniqueId"}
_ASSOCIATION_ATTRIBUTES = ("id", "associationType", "sourceObject", "targetObject")


_Beside = dict[str, list[etree._Element]]
"""Classifications that stand beside their object instead of inside it, by its id."""


def missing(registry_object_list: etree._Element) -> tuple[RegistryError, ...]:
    """One XDSRegistryMetadataError for each mandatory part that is absent or empty."""
    found: list[RegistryError] = []
    beside: _Beside = {}
    for classification in registry_object_list.iterchildren(rim("Classification")):
        beside.setdefault(classification.get("classifiedObject", "").strip(), []).append(classification)
    for element in registry_object_list.iterchildren(rim("ExtrinsicObject")):
        found += _of("DocumentEntry", element, _entry(element, beside))
    for element in registry_object_list.iterchildren(rim("RegistryPackage")):
        found += _of("SubmissionSet", element, _submission_set(element, beside))
    for element in registry_object_list.iterchildren(rim("Association")):
        absent = (name for name in _ASSOCIATION_ATTRIBUTES if not element.get(name, "").strip())
        found += _of("Association", element, absent)
    return tuple(found)


def _of(kind: str, element: etree._Element, absent: Iterator[str]) -> Iterator[RegistryError]:
    where = element.get("id", "")
    for name in absent:
        yield metadata_error(f"{kind}.{name} is missing", where)


def _entry(element: etree._Element, beside: _Beside) -> Iterator[str]:
    yield from (name for name in ("id", "mimeType") if not element.get(name, "").strip())
    slots = {slot.get("name", "").strip() for slot in element.iterchildren(rim("Slot")) if _is_filled(slot)}
    if "languageCode" not in slots:
        yield "languageCode"
    if "creationTime" not in slots and element.get("objectType") != ON_DEMAND:
        yield "creationTime"
    yield from _codes(element, beside, _ENTRY_CODES)
    yield from _identifiers(element, _ENTRY_IDENTIFIERS)


def _submission_set(element: etree._Element, beside: _Beside) -> Iterator[str]:
    if not element.get("id", "").strip():
        yield "id"
    if not any(slot.get("name") == "submissionTime" and _is_filled(slot) for slot in element.iterchildren(rim("Slot"))):
        yield "submissionTime"
    yield from _codes(element, beside, _SET_CODES)
    yield from _identifiers(element, _SET_IDENTIFIERS)


def _codes(element: etree._Element, beside: _Beside, schemes: dict[str, str]) -> Iterator[str]:
    """Codes without a value or without their codingScheme."""
    own = [*element.iterchildren(rim("Classification")), *beside.get(element.get("id", "").strip(), ())]
    for scheme, name in schemes.items():
        classifications = [one for one in own if one.get("classificationScheme", "").strip() == scheme]
        if not any(one.get("nodeRepresentation", "").strip() for one in classifications):
            yield name
        elif not any(_is_filled(slot) for one in classifications for slot in one.iterchildren(rim("Slot"))):
            yield f"{name}/codingScheme"


def _identifiers(element: etree._Element, schemes: dict[str, str]) -> Iterator[str]:
    stated = {
        one.get("identificationScheme", "").strip()
        for one in element.iterchildren(rim("ExternalIdentifier"))
        if one.get("value", "").strip()
    }
    yield from (name for scheme, name in schemes.items() if scheme not in stated)


def _is_filled(slot: etree._Element) -> bool:
    return any((value.text or "").strip() for value in slot.iter(rim("Value")))


def unreadable(registry_object_list: etree._Element) -> tuple[RegistryError, ...]:
    """Reference ids whose authority would be lost on reading: a CXi.4 that is there and is not ``&OID&ISO``.

    Without its authority an accession number would match every site's, so it is refused instead.
    """
    found: list[RegistryError] = []
    for element in registry_object_list.iterchildren(rim("ExtrinsicObject")):
        where = element.get("id", "")
        for slot in element.iterchildren(rim("Slot")):
            if slot.get("name", "").strip() == c.REFERENCE_ID_LIST:
                found += (error for value in slot.iter(rim("Value")) for error in _authority(value, where))
    return tuple(found)


def _authority(value: etree._Element, where: str) -> Iterator[RegistryError]:
    text = (value.text or "").strip()
    parts = text.split("^")
    if len(parts) > 3 and parts[3] and (wrong := forms.authority(parts[3], "CXi.4")):
        yield metadata_error(f"DocumentEntry.referenceIdList {quote(text)} {wrong}", where)
