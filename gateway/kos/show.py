"""What a key object selection document says, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pydicom.uid import UID

from gateway.kos.selection import KeyObjectSelection, SelectedSeries
from gateway.model.codes import Code
from gateway.model.identifiers import Identifier
from gateway.texts.plain import shown


def lines(document: KeyObjectSelection, *, instances: bool) -> Iterator[str]:
    """The document as a tree of text; control characters of a hostile file are shown, not obeyed."""
    for line in _lines(document, instances=instances):
        yield shown(line)


def _lines(document: KeyObjectSelection, *, instances: bool) -> Iterator[str]:
    yield f"{_code(document.title) or 'no title'}  {document.sop_instance_uid}"
    yield f"├─ made       {document.created or '-'}, series {document.series_uid or '-'}"
    born, sex = document.patient_birth_date or "-", document.patient_sex or "-"
    yield f"├─ patient    {document.patient_name or '-'}, born {born}, sex {sex}"
    for identifier in document.patient_identifiers:
        yield f"│   └─ {_identifier(identifier)}"
    yield f"├─ study      {document.study_uid}"
    yield f"│   └─ {document.study_date or '-'} {document.study_time or '-'}  {document.study_description or '-'}"
    if document.accession:
        yield f"│   └─ accession {_identifier(document.accession)}"
    for request in document.requests:
        placer = f", order {_identifier(request.placer)}" if request.placer else ""
        accession = _identifier(request.accession) if request.accession else "-"
        yield f"├─ request    accession {accession}{placer}"
    if document.description:
        yield "├─ text"
        for line in document.description.splitlines():
            yield f"│   │ {line}"
    for study in document.studies:
        yield f"├─ evidence   {study.study_uid}: {_counted(study.series)}"
        for series in study.series:
            yield from _series(series, instances=instances)
    kinds = Counter(reference.value_type for reference in document.references)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "nothing"
    yield f"└─ content    {told}"


def _series(series: SelectedSeries, *, instances: bool) -> Iterator[str]:
    number = "" if series.number is None else f" n° {series.number}"
    yield f"│   ├─ series{number}  {series.series_uid}: {len(series.instances)} instances"
    for name, value in _retrieval(series).items():
        yield f"│   │   ├─ {name}  {value}"
    for sop_class, count in Counter(instance.sop_class_uid for instance in series.instances).items():
        yield f"│   │   ├─ {count} {_class(sop_class)}"
    if instances:
        for instance in series.instances:
            yield f"│   │   │   └─ {instance.sop_instance_uid}"


def as_json(document: KeyObjectSelection, *, instances: bool) -> dict[str, object]:
    """The document as JSON values."""
    return {
        "sop_instance_uid": document.sop_instance_uid,
        "series_uid": document.series_uid,
        "title": _json_code(document.title),
        "manifest": document.is_manifest,
        "created": document.created,
        "patient": {
            "identifiers": [_json_identifier(one) for one in document.patient_identifiers],
            "name": document.patient_name,
            "birth_date": document.patient_birth_date,
            "sex": document.patient_sex,
        },
        "study": {
            "study_uid": document.study_uid,
            "date": document.study_date,
            "time": document.study_time,
            "description": document.study_description,
            "accession": _json_identifier(document.accession),
        },
        "requests": [
            {
                "study_uid": request.study_uid,
                "accession": _json_identifier(request.accession),
                "placer": _json_identifier(request.placer),
            }
            for request in document.requests
        ],
        "description": document.description,
        "counts": {
            "studies": len(document.studies),
            "series": sum(len(study.series) for study in document.studies),
            "instances": len(document.instances),
            "content": dict(Counter(reference.value_type for reference in document.references)),
        },
        "studies": [
            {
                "study_uid": study.study_uid,
                "series": [_json_series(series, instances=instances) for series in study.series],
            }
            for study in document.studies
        ],
    }


def _json_series(series: SelectedSeries, *, instances: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "series_uid": series.series_uid,
        "number": series.number,
        "retrieval": _retrieval(series),
        "instances": len(series.instances),
        "classes": dict(Counter(instance.sop_class_uid for instance in series.instances)),
    }
    if instances:
        told["objects"] = [
            {
                "sop_class_uid": instance.sop_class_uid,
                "sop_instance_uid": instance.sop_instance_uid,
                "number": instance.number,
                "frames": instance.frames,
            }
            for instance in series.instances
        ]
    return told


def _retrieval(series: SelectedSeries) -> dict[str, str]:
    named = {
        "Retrieve URL": series.retrieve_url,
        "Retrieve AE Title": series.retrieve_ae_title,
        "Retrieve Location UID": series.retrieve_location_uid,
    }
    return {name: value for name, value in named.items() if value}


def _counted(series: tuple[SelectedSeries, ...]) -> str:
    return f"{len(series)} series, {sum(len(one.instances) for one in series)} instances"


def _class(sop_class_uid: str) -> str:
    return str(UID(sop_class_uid).name)


def _code(code: Code | None) -> str:
    return f"({code.code}, {code.system}, {code.display})" if code else ""


def _json_code(code: Code | None) -> dict[str, str] | None:
    return {"value": code.code, "scheme": code.system, "meaning": code.display} if code else None


def _identifier(identifier: Identifier) -> str:
    return f"{identifier.extension} ({identifier.root or 'no issuer'})"


def _json_identifier(identifier: Identifier | None) -> dict[str, str] | None:
    return {"value": identifier.extension or "", "issuer": identifier.root} if identifier else None
