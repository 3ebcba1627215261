"""How the demo's PACS matches and answers C-FIND (DICOM PS3.4 section C.2.2.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

HEADER_KEYWORDS: list[str] = [
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyDate",
    "StudyTime",
    "SeriesDate",
    "SeriesTime",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "Modality",
    "InstitutionName",
    "ReferringPhysicianName",
    "StudyDescription",
    "SeriesDescription",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "PatientBirthDate",
    "PatientSex",
    "OtherPatientIDsSequence",
    "BodyPartExamined",
    "ProtocolName",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "StudyID",
    "SeriesNumber",
    "InstanceNumber",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "RequestAttributesSequence",
]
_UNMATCHED = frozenset({"SpecificCharacterSet", "QueryRetrieveLevel", "TimezoneOffsetFromUTC"})
_COUNTED = frozenset(
    {
        "ModalitiesInStudy",
        "NumberOfStudyRelatedSeries",
        "NumberOfStudyRelatedInstances",
        "NumberOfSeriesRelatedInstances",
    }
)


def answers_study(identifier: Dataset, study: Sequence[Sequence[Dataset]]) -> bool:
    """Whether *study* (headers of its instances, by series) matches at the STUDY level."""
    wanted = identifier.get("ModalitiesInStudy")
    modalities = {str(series[0].get("Modality", "")) for series in study}
    if wanted and not modalities & set([wanted] if isinstance(wanted, str) else wanted):
        return False
    return matches(identifier, study[0][0])


def matches(identifier: Dataset, header: Dataset) -> bool:
    """Whether *header* matches every key of *identifier* that has a value; sequences match universally."""
    return all(
        _matches(key, header.get(key.tag))
        for key in identifier
        if key.keyword not in _UNMATCHED | _COUNTED and key.VR != "SQ" and not key.is_empty
    )


def _matches(key: DataElement, element: DataElement | None) -> bool:
    value = "" if element is None or element.value is None else str(element.value)
    if key.VR == "UI":
        return value in ([str(uid) for uid in key.value] if key.VM > 1 else [str(key.value)])
    wanted = str(key.value)
    if key.VR in ("DA", "TM") and "-" in wanted:
        first, _, last = wanted.partition("-")
        return bool(value) and first <= value and (not last or value[: len(last)] <= last)
    if key.VR == "PN":
        value, wanted = value.casefold(), wanted.casefold()
    return re.fullmatch(_pattern(wanted), value) is not None


def _pattern(wanted: str) -> str:
    """Wild card matching (PS3.4 section C.2.2.2.4)."""
    return "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in wanted)


def answer(
    identifier: Dataset,
    header: Dataset,
    ae_title: str,
    *,
    series: Sequence[Dataset] = (),
    study: Sequence[Sequence[Dataset]] = (),
) -> Dataset:
    """The keys of *identifier* as *header* has them, with what is counted over the study or the series."""
    counted = {
        "QueryRetrieveLevel": identifier.QueryRetrieveLevel,
        "SpecificCharacterSet": "ISO_IR 192",
        "RetrieveAETitle": ae_title,
        "ModalitiesInStudy": sorted({str(one[0].get("Modality", "")) for one in study}),
        "NumberOfStudyRelatedSeries": len(study),
        "NumberOfStudyRelatedInstances": sum(map(len, study)),
        "NumberOfSeriesRelatedInstances": len(series),
    }
    found = Dataset()
    for key in identifier:
        if key.keyword in counted:
            continue
        if key.tag in header:
            found[key.tag] = header[key.tag]
        else:
            found.add_new(key.tag, key.VR, [] if key.VR == "SQ" else "")
    for keyword, value in counted.items():
        if keyword in ("QueryRetrieveLevel", "SpecificCharacterSet", "RetrieveAETitle") or keyword in identifier:
            setattr(found, keyword, value)
    return found
