"""Lists of studies, series and instances for viewers that speak DICOMweb (DICOM PS3.18 section 10.6).

QIDO-like: what the asker may see is known beforehand (a handle's studies, or one shared study that is named), so keys
narrow that list down and never widen it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from gateway.model.exam import Exam, Instance, Series

_KEYS = {
    "StudyInstanceUID": "0020000D",
    "SeriesInstanceUID": "0020000E",
    "SOPInstanceUID": "00080018",
    "SOPClassUID": "00080016",
    "Modality": "00080060",
    "ModalitiesInStudy": "00080061",
    "AccessionNumber": "00080050",
    "PatientID": "00100020",
    "StudyDate": "00080020",
    "SeriesNumber": "00200011",
    "InstanceNumber": "00200013",
}
_NOT_KEYS = frozenset({"limit", "offset", "includefield", "fuzzymatching", "accept"})
_MOST = 10_000


def studies(exams: Iterable[Exam], query: str) -> list[dict[str, Any]]:
    """One object a study."""
    return _narrowed([_study(exam) for exam in exams], query)


def series(exam: Exam, query: str) -> list[dict[str, Any]]:
    """One object a series of *exam*."""
    return _narrowed([_study(exam) | _series(one) for one in exam.series], query)


def instances(exam: Exam, series_uid: str, query: str) -> list[dict[str, Any]]:
    """One object an instance of *exam*, or of one series of it."""
    chosen = [one for one in exam.series if not series_uid or one.series_uid == series_uid]
    return _narrowed(
        [{**_uids(exam), **_series(one), **_instance(instance)} for one in chosen for instance in one.instances], query
    )


def study_uids(query: str) -> tuple[str, ...]:
    """The studies that a search names."""
    named = dict(_pairs(query))
    value = named.get("0020000D", "")
    return tuple(part for part in value.replace("\\", ",").split(",") if part)


def _pairs(query: str) -> list[tuple[str, str]]:
    return [(_KEYS.get(name, name.upper()), value) for name, value in parse_qsl(query, max_num_fields=64)]


def _narrowed(rows: list[dict[str, Any]], query: str) -> list[dict[str, Any]]:
    try:
        pairs = parse_qsl(query, max_num_fields=64)
    except ValueError:
        return []
    named = dict(pairs)
    for name, value in pairs:
        tag = _KEYS.get(name, name.upper())
        if name.lower() not in _NOT_KEYS and tag in set(_KEYS.values()) and value not in ("", "*"):
            rows = [row for row in rows if _matches(row.get(tag), value)]
    start, count = _number(named.get("offset", ""), 0), _number(named.get("limit", ""), _MOST)
    return rows[start : start + min(count, _MOST)]


def _matches(attribute: Mapping[str, Any] | None, wanted: str) -> bool:
    values = [str(value) for value in (attribute or {}).get("Value", ())]
    choices = wanted.replace("\\", ",").split(",")
    if attribute is not None and attribute.get("vr") == "DA" and "-" in wanted:
        low, _, high = wanted.partition("-")
        return any((not low or value >= low) and (not high or value <= high) for value in values)
    return any(value in choices for value in values)


def _number(value: str, default: int) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else default


def _uids(exam: Exam) -> dict[str, Any]:
    return {"0020000D": _value("UI", exam.study_uid)}


def _study(exam: Exam) -> dict[str, Any]:
    modalities = sorted({one.modality for one in exam.series if one.modality})
    return {
        "00080005": _value("CS", "ISO_IR 192"),
        "00080020": _value("DA", exam.study_date),
        "00080030": _value("TM", exam.study_time),
        "00080050": _value("SH", exam.accession_number),
        "00080061": _values("CS", modalities),
        "00081030": _value("LO", exam.description),
        "00100010": {"vr": "PN", **({"Value": [{"Alphabetic": exam.patient_name}]} if exam.patient_name else {})},
        "00100020": _value("LO", exam.patient_id),
        "00100030": _value("DA", exam.patient_birth_date),
        "00100040": _value("CS", exam.patient_sex),
        **_uids(exam),
        "00200010": _value("SH", exam.study_id),
        "00201206": _values("IS", [len(exam.series)]),
        "00201208": _values("IS", [len(exam.instances)]),
    }


def _series(one: Series) -> dict[str, Any]:
    return {
        "00080060": _value("CS", one.modality),
        "0008103E": _value("LO", one.description),
        "00180015": _value("CS", one.body_part),
        "0020000E": _value("UI", one.series_uid),
        "00200011": _values("IS", [] if one.number is None else [one.number]),
        "00201209": _values("IS", [len(one.instances)]),
    }


def _instance(instance: Instance) -> dict[str, Any]:
    return {
        "00080016": _value("UI", instance.sop_class_uid),
        "00080018": _value("UI", instance.sop_instance_uid),
        "00200013": _values("IS", [] if instance.number is None else [instance.number]),
        "00280008": _values("IS", [] if instance.frames is None else [instance.frames]),
    }


def _value(vr: str, value: str) -> dict[str, Any]:
    return _values(vr, [value] if value else [])


def _values(vr: str, values: Sequence[Any]) -> dict[str, Any]:
    return {"vr": vr, **({"Value": list(values)} if values else {})}
