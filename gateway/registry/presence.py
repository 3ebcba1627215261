"""What only a submission's XML shows: every mandatory part that is absent, and what reading would lose.

``gateway.xds.ebrim`` stops at the first part that is missing, for without it there is no object. So that one answer
names everything that is wrong, :func:`missing` and :func:`unreadable` look at the elements themselves, and
:func:`completed` gives a copy in which every gap is filled with something neutral: it is judged by the other rules
and never stored.

Source: ITI TF-3 tables 4.3.1-1 and 4.3.1-2 (XDS Document Source, required).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from uuid import uuid4

from lxml import etree

from gateway.model.document import ON_DEMAND, ReferenceId, RegistryError
from gateway.model.identifiers import new_uid
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
_FOLDER_CODES = {c.FOLDER_CODES: "codeList"}
_FOLDER_IDENTIFIERS = {c.FOLDER_PATIENT_ID: "patientId", c.FOLDER_UNIQUE_ID: "uniqueId"}
_SINGLE_SCHEMES = {
    scheme: name
    for table in (_ENTRY_CODES, _ENTRY_IDENTIFIERS, _SET_CODES, _SET_IDENTIFIERS, _FOLDER_IDENTIFIERS)
    for scheme, name in table.items()
    if scheme != c.ENTRY_CONFIDENTIALITY
}
_SINGLE_SLOTS = frozenset(
    {
        *("creationTime", "documentAvailability", "hash", "languageCode", "lastUpdateTime", "legalAuthenticator"),
        *("repositoryUniqueId", "serviceStartTime", "serviceStopTime", "size", "sourcePatientId", "submissionTime"),
    }
)
_SINGLE_OF_CLASSIFICATIONS = ("codingScheme", "authorPerson")
_SLOT, _VALUE = rim("Slot"), rim("Value")
_DESCRIBING = (_SLOT, rim("Classification"), rim("ExternalIdentifier"))
_PACKAGED = {*_SET_CODES, *_SET_IDENTIFIERS, *_FOLDER_CODES, *_FOLDER_IDENTIFIERS, c.SET_AUTHOR}
_SCHEMES = {
    rim("ExtrinsicObject"): frozenset({*_ENTRY_CODES, *_ENTRY_IDENTIFIERS, c.ENTRY_EVENT, c.ENTRY_AUTHOR}),
    rim("RegistryPackage"): frozenset(_PACKAGED),
    rim("Association"): frozenset({c.ASSOCIATION_DOCUMENTATION}),
}
_ASSOCIATION_ATTRIBUTES = ("associationType", "sourceObject", "targetObject")
_PATIENT_IDENTIFIERS = (c.ENTRY_PATIENT_ID, c.SET_PATIENT_ID, c.FOLDER_PATIENT_ID)
_SIZE = re.compile(r"[0-9]{1,18}")
_NEUTRAL = {"creationTime": "2000", "languageCode": "fr", "submissionTime": "2000", "mimeType": "text/xml"}
_NOBODY = "1^^^&1.2&ISO"

_Beside = dict[str, list[etree._Element]]
"""Classifications that stand beside their object instead of inside it, by its id."""


def name_associations(registry_object_list: etree._Element) -> None:
    """Give an id to associations that came without: the registry owes them one, and nothing in the message uses it."""
    for element in registry_object_list.iterchildren(rim("Association")):
        if not element.get("id", "").strip():
            element.set("id", f"urn:uuid:{uuid4()}")


def missing(registry_object_list: etree._Element) -> tuple[RegistryError, ...]:
    """One XDSRegistryMetadataError for each mandatory part that is absent or empty."""
    found: list[RegistryError] = []
    for kind, element, absent in _absences(registry_object_list):
        found += [metadata_error(f"{kind}.{name} is missing", element.get("id", "")) for name in absent]
    return tuple(found)


def completed(registry_object_list: etree._Element) -> etree._Element:
    """A copy whose gaps are filled, for the rules to judge the rest; what cannot be read is left out of it."""
    copy = deepcopy(registry_object_list)
    patient = _anybody(copy)
    for kind, element, absent in list(_absences(copy)):
        gaps = list(absent)
        if kind == "Association" and gaps:
            copy.remove(element)
            continue
        for name in gaps:
            _fill(element, kind, name, patient)
    for element in copy.iterchildren(rim("ExtrinsicObject")):
        for value, _ in list(_unreadable_values(element)):
            value.getparent().remove(value)  # type: ignore[union-attr]
    return copy


def unreadable(registry_object_list: etree._Element) -> tuple[RegistryError, ...]:
    """Values that reading would refuse or lose: a size that is no number, a reference id that is no CXi, all but the
    first of an attribute that has one value.

    Without its authority an accession number would match every site's, so a CXi.4 that is there and is not
    ``&OID&ISO`` is refused too.
    """
    found: list[RegistryError] = []
    for element in registry_object_list.iterchildren(rim("ExtrinsicObject"), rim("RegistryPackage")):
        where = element.get("id", "")
        found += [metadata_error(words, where) for _, words in _unreadable_values(element)]
        found += [
            metadata_error(f"{name} stands {count} times, it has one value", where) for name, count in _doubled(element)
        ]
    return tuple(found)


def lost(registry_object_list: etree._Element) -> tuple[RegistryError, ...]:
    """A warning for each classification and external identifier whose scheme is none of the object's attributes.

    It is not kept, and the submission succeeds all the same (ITI TF-3 section 4.2.3.1.6 knows slots alone as extra
    metadata); said aloud, because a scheme in which one letter is wrong would lose a modality without a word.
    """
    found: list[RegistryError] = []
    for element in registry_object_list.iterchildren(*_SCHEMES):
        known = _SCHEMES[str(element.tag)]
        for child in element.iterchildren(*_DESCRIBING[1:]):
            scheme = (child.get("classificationScheme") or child.get("identificationScheme") or "").strip()
            if scheme and scheme not in known:
                context = f"the scheme {quote(scheme)} is none of the object's attributes: what it says was not kept"
                where = element.get("id", "")
                found.append(
                    RegistryError(code="XDSExtraMetadataNotSaved", context=context, severity="Warning", location=where)
                )
    return tuple(found)


def _doubled(element: etree._Element) -> Iterator[tuple[str, int]]:
    """Attributes of one value that have several, with their number."""
    counts: dict[str, int] = {}
    for child in element.iterchildren(*_DESCRIBING):
        if child.tag == _SLOT:
            name = child.get("name", "").strip()
            if name in _SINGLE_SLOTS:
                found = sum(1 for value in child.iter(_VALUE) if (value.text or "").strip())
                counts[name] = counts.get(name, 0) + found
        else:
            scheme = child.get("classificationScheme") or child.get("identificationScheme") or ""
            if name := _SINGLE_SCHEMES.get(scheme.strip(), ""):
                counts[name] = counts.get(name, 0) + 1
            for slot in child.iterchildren(_SLOT):
                name = slot.get("name", "").strip()
                found = sum(1 for value in slot.iter(_VALUE) if (value.text or "").strip())
                if found > 1 and name in _SINGLE_OF_CLASSIFICATIONS:
                    counts[name] = found
    return ((name, count) for name, count in counts.items() if count > 1)


def _absences(objects: etree._Element) -> Iterator[tuple[str, etree._Element, Iterator[str]]]:
    """Each object with its kind and the names of what it lacks."""
    beside: _Beside = {}
    for classification in objects.iterchildren(rim("Classification")):
        beside.setdefault(classification.get("classifiedObject", "").strip(), []).append(classification)
    for element in objects.iterchildren(rim("ExtrinsicObject")):
        yield "DocumentEntry", element, _entry(element, beside)
    for element in objects.iterchildren(rim("RegistryPackage")):
        if _is_folder(element, beside):
            yield "Folder", element, _folder(element, beside)
        else:
            yield "SubmissionSet", element, _submission_set(element, beside)
    for element in objects.iterchildren(rim("Association")):
        yield "Association", element, (n for n in _ASSOCIATION_ATTRIBUTES if not element.get(n, "").strip())


def _is_folder(element: etree._Element, beside: _Beside) -> bool:
    """By its node, else, as reading does, by its unique id."""
    nodes = {one.get("classificationNode", "").strip() for one in _classifications(element, beside)}
    if c.SUBMISSION_SET_NODE in nodes:
        return False
    schemes = {one.get("identificationScheme", "").strip() for one in element.iterchildren(rim("ExternalIdentifier"))}
    return c.FOLDER_NODE in nodes or c.FOLDER_UNIQUE_ID in schemes


def _entry(element: etree._Element, beside: _Beside) -> Iterator[str]:
    yield from (name for name in ("id", "mimeType") if not element.get(name, "").strip())
    if not _has_slot(element, "languageCode"):
        yield "languageCode"
    if not _has_slot(element, "creationTime") and element.get("objectType") != ON_DEMAND:
        yield "creationTime"
    yield from _codes(element, beside, _ENTRY_CODES)
    yield from _identifiers(element, _ENTRY_IDENTIFIERS)


def _submission_set(element: etree._Element, beside: _Beside) -> Iterator[str]:
    if not element.get("id", "").strip():
        yield "id"
    if not _has_slot(element, "submissionTime"):
        yield "submissionTime"
    yield from _codes(element, beside, _SET_CODES)
    yield from _identifiers(element, _SET_IDENTIFIERS)


def _folder(element: etree._Element, beside: _Beside) -> Iterator[str]:
    if not element.get("id", "").strip():
        yield "id"
    yield from _codes(element, beside, _FOLDER_CODES)
    yield from _identifiers(element, _FOLDER_IDENTIFIERS)


def _classifications(element: etree._Element, beside: _Beside) -> list[etree._Element]:
    return [*element.iterchildren(rim("Classification")), *beside.get(element.get("id", "").strip(), ())]


def _codes(element: etree._Element, beside: _Beside, schemes: dict[str, str]) -> Iterator[str]:
    """Codes without a value or without their codingScheme."""
    own = _classifications(element, beside)
    for scheme, name in schemes.items():
        classifications = [one for one in own if one.get("classificationScheme", "").strip() == scheme]
        if not classifications or not all(one.get("nodeRepresentation", "").strip() for one in classifications):
            yield name
        elif not all(_has_slot(one, "codingScheme") for one in classifications):
            yield f"{name}/codingScheme"


def _identifiers(element: etree._Element, schemes: dict[str, str]) -> Iterator[str]:
    stated = {
        one.get("identificationScheme", "").strip()
        for one in element.iterchildren(rim("ExternalIdentifier"))
        if one.get("value", "").strip()
    }
    yield from (name for scheme, name in schemes.items() if scheme not in stated)


def _has_slot(element: etree._Element, name: str) -> bool:
    return any(_is_filled(slot) for slot in _slots(element, name))


def _slots(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return (slot for slot in element.iterchildren(_SLOT) if slot.get("name", "").strip() == name)


def _is_filled(slot: etree._Element) -> bool:
    return any((value.text or "").strip() for value in slot.iter(_VALUE))


def _unreadable_values(element: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    for slot in element.iterchildren(_SLOT):
        form = _FORMS.get(slot.get("name", "").strip())
        for value in slot.iter(_VALUE) if form else ():
            text = (value.text or "").strip()
            if form and text and (wrong := form[1](text)):
                yield value, f"DocumentEntry.{form[0]} {quote(text)} {wrong}"


def _size(text: str) -> str:
    return "" if _SIZE.fullmatch(text) else "is not a number of bytes"


def _reference(text: str) -> str:
    parts = text.split("^")
    if len(parts) > 3 and parts[3] and (wrong := forms.authority(parts[3], "CXi.4")):
        return wrong
    try:
        ReferenceId.parse(text)
    except ValueError:
        return "lacks CXi.1 (the id) or CXi.5 (its type): id^^^&OID&ISO^type"
    return ""


_FORMS = {"size": ("size", _size), c.REFERENCE_ID_LIST: ("referenceIdList", _reference)}


def _anybody(objects: etree._Element) -> str:
    """A patient of the message, so that a gap that is filled contradicts nothing."""
    for one in objects.iter(rim("ExternalIdentifier")):
        if one.get("identificationScheme", "").strip() in _PATIENT_IDENTIFIERS and one.get("value", "").strip():
            return str(one.get("value"))
    return _NOBODY


def _fill(element: etree._Element, kind: str, name: str, patient: str) -> None:
    if name in ("id", "mimeType"):
        element.set(name, _NEUTRAL.get(name) or f"urn:uuid:{uuid4()}")
    elif name in _NEUTRAL:
        _add_slot(element, name, _NEUTRAL[name])
    elif name in ("patientId", "uniqueId", "sourceId"):
        scheme = _scheme(kind, name, identifiers=True)
        for one in list(element.iterchildren(rim("ExternalIdentifier"))):
            if one.get("identificationScheme", "").strip() == scheme:
                element.remove(one)
        value = patient if name == "patientId" else new_uid()
        etree.SubElement(element, rim("ExternalIdentifier"), {"identificationScheme": scheme, "value": value})
    else:
        _fill_code(element, _scheme(kind, name.partition("/")[0], identifiers=False))


def _fill_code(element: etree._Element, scheme: str) -> None:
    owner, parent = element.get("id", "").strip(), element.getparent()
    beside = [] if parent is None else list(parent.iterchildren(rim("Classification")))
    for one in [*element.iterchildren(rim("Classification")), *beside]:
        own = one.getparent() is element or one.get("classifiedObject", "").strip() == owner
        if own and one.get("classificationScheme", "").strip() == scheme:
            one.getparent().remove(one)  # type: ignore[union-attr]
    made = etree.SubElement(element, rim("Classification"), {"classificationScheme": scheme, "nodeRepresentation": "-"})
    _add_slot(made, "codingScheme", "-")


def _scheme(kind: str, name: str, *, identifiers: bool) -> str:
    tables = {
        "DocumentEntry": (_ENTRY_CODES, _ENTRY_IDENTIFIERS),
        "SubmissionSet": (_SET_CODES, _SET_IDENTIFIERS),
        "Folder": (_FOLDER_CODES, _FOLDER_IDENTIFIERS),
    }
    return next(scheme for scheme, one in tables[kind][identifiers].items() if one == name)


def _add_slot(element: etree._Element, name: str, value: str) -> None:
    for slot in list(_slots(element, name)):
        element.remove(slot)
    slot = etree.SubElement(element, rim("Slot"), {"name": name})
    etree.SubElement(etree.SubElement(slot, rim("ValueList")), rim("Value")).text = value
