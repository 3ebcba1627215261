"""Identifiers of queries and retrievals: which attributes are asked for, and their bytes (DICOM PS3.4 section C.2.2).

Values are UIDs that were checked before, or empty; so an identifier is a few known elements, and no data set library
is asked, which would warn of the leading zeros that archives are full of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct

from pydicom.datadict import dictionary_VR, tag_for_keyword

from gateway.errors import InputRejected
from gateway.model.identifiers import is_safe_key

CHARACTER_SET = 0x00080005
LEVEL = 0x00080052
STUDY_UID = 0x0020000D
SERIES_UID = 0x0020000E
SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018
UTF_8 = "ISO_IR 192"

_UID_AS_FOUND = re.compile(r"[0-9.]{1,64}", re.ASCII)
_IMPLICIT = Struct("<HHI")
_EXPLICIT = Struct("<HH2sH")


def tags(*keywords: str) -> tuple[int, ...]:
    """The tags of attributes named as the data dictionary names them (PS3.6)."""
    found = tuple(tag_for_keyword(keyword) for keyword in keywords)
    if None in found:
        raise ValueError(f"no such attribute among {keywords}")
    return tuple(int(tag) for tag in found if tag is not None)


_STUDY_KEYS = tags(
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "PatientBirthDate",
    "PatientSex",
    "OtherPatientIDsSequence",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "ReferringPhysicianName",
    "NumberOfStudyRelatedInstances",
    "InstanceAvailability",
)
_SERIES_KEYS = tags(
    "SeriesInstanceUID",
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "BodyPartExamined",
    "SeriesDate",
    "SeriesTime",
    "Laterality",
    "RequestAttributesSequence",
    "NumberOfSeriesRelatedInstances",
    "InstanceAvailability",
)
_IMAGE_KEYS = tags("SOPClassUID", "SOPInstanceUID", "InstanceNumber", "NumberOfFrames")


@dataclass(frozen=True, slots=True)
class Identifier:
    """What is asked: a level, unique keys with their values, and attributes to be returned."""

    level: str
    unique: tuple[tuple[int, str], ...]
    returned: tuple[int, ...] = ()
    character_set: str = UTF_8

    def encode(self, *, implicit: bool) -> bytes:
        """The data set, little endian."""
        values = dict.fromkeys(self.returned, "")
        values.update({CHARACTER_SET: self.character_set, LEVEL: self.level})
        values.update(self.unique)
        return b"".join(_element(tag, values[tag], implicit) for tag in sorted(values))


def _element(tag: int, value: str, implicit: bool) -> bytes:
    vr = dictionary_VR(tag).encode()
    content = value.encode("ascii")
    content += (b"\0" if vr == b"UI" else b" ") * (len(content) % 2)
    if implicit:
        return _IMPLICIT.pack(tag >> 16, tag & 0xFFFF, len(content)) + content
    head = _EXPLICIT.pack(tag >> 16, tag & 0xFFFF, vr, 0 if vr == b"SQ" else len(content))
    return head + (b"\0\0\0\0" if vr == b"SQ" else content)


def checked_uid(value: str) -> str:
    """*value*, which may be sent as a unique key; raises InputRejected ``pacs_key_unsafe``.

    Components with leading zeros are let through: PS3.5 section 9.1 forbids them and archives are full of them.
    """
    if not is_safe_key(value) or not is_uid_as_found(value):
        raise InputRejected("pacs_key_unsafe")
    return value


def is_uid_as_found(value: str) -> bool:
    """Whether *value* is made of digits and dots, 64 at most."""
    return _UID_AS_FOUND.fullmatch(value) is not None


def study_keys(study_uid: str, character_set: str = UTF_8) -> Identifier:
    """The STUDY level query."""
    return Identifier("STUDY", ((STUDY_UID, study_uid),), _STUDY_KEYS, character_set)


def series_keys(study_uid: str, character_set: str = UTF_8) -> Identifier:
    """The SERIES level query."""
    return Identifier("SERIES", ((STUDY_UID, study_uid),), _SERIES_KEYS, character_set)


def image_keys(study_uid: str, series_uid: str = "", character_set: str = UTF_8) -> Identifier:
    """The IMAGE level query, of one series or of the whole study.

    Without the series it is a relational query (PS3.4 section C.4.1.2.2.1), which a PACS may refuse.
    """
    return Identifier("IMAGE", ((STUDY_UID, study_uid), (SERIES_UID, series_uid)), _IMAGE_KEYS, character_set)


def retrieval_keys(study_uid: str, series_uid: str = "", sop_instance_uids: Iterable[str] = ()) -> Identifier:
    """What a C-GET or C-MOVE names: a study, a series of it, or instances of that series."""
    unique = [(STUDY_UID, study_uid)]
    instances = "\\".join(sop_instance_uids)
    level = "IMAGE" if instances else "SERIES" if series_uid else "STUDY"
    if series_uid:
        unique.append((SERIES_UID, series_uid))
    if instances:
        unique.append((SOP_INSTANCE_UID, instances))
    return Identifier(level, tuple(unique))
