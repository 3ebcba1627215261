"""Registered objects <-> rows: pure.

An object is kept whole as JSON in ``body`` (the model's own attributes, with the version of this form), and what is
searched stands in columns beside it. A body is the truth: the columns are derived from it and never read back.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, TypeVar

from gateway.errors import Unavailable
from gateway.model.codes import Code
from gateway.model.document import Association, Author, DocumentEntry, ReferenceId, SubmissionSet
from gateway.registry import forms

FORM = 1
"""Version of the JSON form."""

Row = dict[str, Any]
_T = TypeVar("_T", DocumentEntry, SubmissionSet, Association)


def dump(value: DocumentEntry | SubmissionSet | Association) -> str:
    """The whole of *value* as JSON; what is empty is left out."""
    stated = {name: member for name, member in dataclasses.asdict(value).items() if member not in ("", (), None)}
    return json.dumps({"form": FORM, **stated}, ensure_ascii=False, separators=(",", ":"))


def load(kind: type[_T], body: str) -> _T:
    """The object of *kind* that :func:`dump` wrote; raises Unavailable (``store_form``) for one of a later version."""
    stated = json.loads(body)
    form = stated.pop("form", None)
    if form != FORM:
        raise Unavailable("store_form", version=form)
    return kind(**{name: _value(name, member) for name, member in stated.items()})


def _value(name: str, member: Any) -> Any:
    if name in {"slots", "extra_slots"}:
        return tuple((slot, tuple(values)) for slot, values in member)
    if name == "authors":
        return tuple(Author(**{part: _plain(held) for part, held in author.items()}) for author in member)
    if name == "reference_ids":
        return tuple(ReferenceId(**reference) for reference in member)
    if name.endswith("_code") and isinstance(member, dict):
        return Code(**member)
    if name.endswith("_codes"):
        return tuple(Code(**code) for code in member)
    return _plain(member)


def _plain(member: Any) -> Any:
    return tuple(member) if isinstance(member, list) else member


def entry_row(entry: DocumentEntry, registered_at: str) -> Row:
    """The row of ``registry_entries``."""
    return {
        "entry_uuid": entry.entry_uuid,
        "logical_id": entry.logical_id,
        "version": int(entry.version),
        "unique_id": entry.unique_id,
        "repository_unique_id": entry.repository_unique_id,
        "patient_id": entry.patient_id,
        "patient_key": forms.patient_key(entry.patient_id),
        "status": entry.status,
        "object_type": entry.object_type,
        "hash": entry.hash,
        "size_bytes": entry.size,
        "mime_type": entry.mime_type,
        "creation_time": forms.full_time(entry.creation_time),
        "service_start_time": forms.full_time(entry.service_start_time) if entry.service_start_time else None,
        "service_stop_time": forms.full_time(entry.service_stop_time) if entry.service_stop_time else None,
        **_code("class", entry.class_code),
        **_code("type", entry.type_code),
        **_code("format", entry.format_code),
        **_code("facility", entry.healthcare_facility_type_code),
        **_code("practice", entry.practice_setting_code),
        "body": dump(entry),
        "registered_at": registered_at,
    }


def reference_rows(entry: DocumentEntry) -> list[Row]:
    """The rows of ``registry_reference_ids``."""
    return [
        {
            "entry_uuid": entry.entry_uuid,
            "position": position,
            "value": reference.value,
            "authority": reference.authority,
            "type_code": reference.type_code,
        }
        for position, reference in enumerate(entry.reference_ids)
    ]


def code_rows(entry: DocumentEntry) -> list[Row]:
    """The rows of ``registry_entry_codes``: the attributes that hold several codes."""
    return [
        {
            "entry_uuid": entry.entry_uuid,
            "attribute": attribute,
            "position": position,
            "code": code.code,
            "system": code.system,
        }
        for attribute, codes in (("event", entry.event_codes), ("confidentiality", entry.confidentiality_codes))
        for position, code in enumerate(codes)
    ]


def author_rows(entry: DocumentEntry) -> list[Row]:
    """The rows of ``registry_entry_authors``: authors that are persons."""
    return [
        {"entry_uuid": entry.entry_uuid, "position": position, "person": author.person.casefold()}
        for position, author in enumerate(entry.authors)
        if author.person
    ]


def submission_set_row(submission_set: SubmissionSet, registered_at: str) -> Row:
    """The row of ``registry_submission_sets``."""
    return {
        "entry_uuid": submission_set.entry_uuid,
        "unique_id": submission_set.unique_id,
        "source_id": submission_set.source_id,
        "patient_key": forms.patient_key(submission_set.patient_id),
        "submission_time": forms.full_time(submission_set.submission_time),
        "status": submission_set.status,
        "body": dump(submission_set),
        "registered_at": registered_at,
    }


def association_row(association: Association) -> Row:
    """The row of ``registry_associations``."""
    return {
        "entry_uuid": association.entry_uuid,
        "type": association.type,
        "source": association.source,
        "target": association.target,
        "status": association.status,
        "body": dump(association),
    }


def _code(name: str, code: Code) -> Row:
    return {f"{name}_code": code.code, f"{name}_system": code.system}
