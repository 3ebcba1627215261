"""Registered objects <-> rows: pure.

An object is kept whole as JSON in ``body`` (the model's own attributes, with the version of this form), and what is
searched stands in columns beside it. The columns are derived from the body and not read back, but for the few that
may change after registration: ``status``, ``patient_id``, ``last_update_time``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from enum import StrEnum
from operator import attrgetter
from typing import Any, TypeVar

from gateway.errors import Unavailable
from gateway.model.codes import Code
from gateway.model.document import Association, Author, DocumentEntry, Folder, ReferenceId, SubmissionSet
from gateway.registry import forms

FORM = 1
"""Version of the JSON form."""

Row = dict[str, Any]
Registered = SubmissionSet | Folder | DocumentEntry | Association
_T = TypeVar("_T", DocumentEntry, SubmissionSet, Folder, Association)


class Kind(StrEnum):
    """What an object is, as the columns ``source_kind`` and ``target_kind`` say it."""

    SUBMISSION_SET = "S"
    FOLDER = "F"
    ENTRY = "D"
    ASSOCIATION = "A"

    @property
    def words(self) -> str:
        """Its name in the standard."""
        return {"S": "SubmissionSet", "F": "Folder", "D": "DocumentEntry", "A": "Association"}[self.value]


def dump(value: Registered) -> str:
    """The whole of *value* as JSON; what is empty is left out."""
    names, members = _PARTS[type(value)]
    stated: dict[str, Any] = {"form": FORM}
    for name, member in zip(names, members(value), strict=True):
        if member or type(member) is int:  # a size of 0 is stated
            stated[name] = member
    return _ENCODER.encode(stated)


def _members(part: Code | Author | ReferenceId) -> dict[str, Any]:
    names, members = _PARTS[type(part)]
    return dict(zip(names, members(part), strict=True))


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_members)


def _parts(kind: type[Any]) -> tuple[tuple[str, ...], attrgetter[tuple[Any, ...]]]:
    names = tuple(one.name for one in dataclasses.fields(kind))
    return names, attrgetter(*names)


_PARTS = {kind: _parts(kind) for kind in (SubmissionSet, Folder, DocumentEntry, Association, Code, Author, ReferenceId)}
"""The names of the attributes of a kind, and what gives all of them at once."""


def load(kind: type[_T], body: str, **later: str) -> _T:
    """The object of *kind* that :func:`dump` wrote, with the attributes that changed *later*.

    Raises Unavailable (``store_form``) for a form of a later version.
    """
    stated = json.loads(body)
    form = stated.pop("form", None)
    if form != FORM:
        raise Unavailable("store_form", version=form)
    return kind(**{**_EMPTY[kind], **{name: _value(name, member) for name, member in {**stated, **later}.items()}})


def _value(name: str, member: Any) -> Any:
    if name in {"slots", "extra_slots"}:
        return tuple((slot, tuple(values)) for slot, values in member)
    if name == "authors":
        return tuple(Author(**{part: _plain(held) for part, held in author.items()}) for author in member)
    if name == "reference_ids":
        return tuple(ReferenceId(**reference) for reference in member)
    if isinstance(member, dict):
        return Code(**member)
    if name == "codes" or name.endswith("_codes"):
        return tuple(Code(**code) for code in member)
    return _plain(member)


def _plain(member: Any) -> Any:
    return tuple(member) if isinstance(member, list) else member


def _required(kind: type[Registered]) -> dict[str, Any]:
    """What :func:`dump` leaves out though the object cannot be made without: an on-demand document's creationTime."""
    required = [one for one in dataclasses.fields(kind) if one.default is dataclasses.MISSING]
    return {one.name: () if one.name.endswith("_codes") else "" for one in required}


_EMPTY: dict[type[Registered], dict[str, Any]] = {
    kind: _required(kind) for kind in (SubmissionSet, Folder, DocumentEntry, Association)
}


def entry_row(entry: DocumentEntry, number: int, submission: int, registered_at: str) -> Row:
    """The row of ``registry_entries``: the latest version."""
    return {
        **_versioned(entry, number, submission, registered_at),
        "repository_unique_id": entry.repository_unique_id,
        "availability": entry.document_availability,
        "object_type": entry.object_type,
        "hash": entry.hash,
        "size_bytes": entry.size,
        "mime_type": entry.mime_type,
        "creation_time": _time(entry.creation_time),
        "service_start_time": _time(entry.service_start_time),
        "service_stop_time": _time(entry.service_stop_time),
        **_code("class", entry.class_code),
        **_code("type", entry.type_code),
        **_code("format", entry.format_code),
        **_code("facility", entry.healthcare_facility_type_code),
        **_code("practice", entry.practice_setting_code),
    }


def reference_rows(entry: DocumentEntry, number: int) -> list[Row]:
    """The rows of ``registry_reference_ids``."""
    return [
        {
            "owner": number,
            "position": position,
            "value": reference.value,
            "authority": reference.authority,
            "type_code": reference.type_code,
        }
        for position, reference in enumerate(entry.reference_ids)
    ]


def code_rows(entry: DocumentEntry, number: int) -> list[Row]:
    """The rows of ``registry_entry_codes``: the attributes that hold several codes."""
    return [
        {"attribute": attribute, **row}
        for attribute, codes in (("event", entry.event_codes), ("confidentiality", entry.confidentiality_codes))
        for row in _codes(codes, number)
    ]


def author_rows(authors: Iterable[Author], number: int) -> list[Row]:
    """The rows of ``registry_entry_authors`` or ``registry_submission_set_authors``: authors that are persons."""
    return [
        {"owner": number, "position": position, "person": author.person.casefold()}
        for position, author in enumerate(authors)
        if author.person
    ]


def folder_row(folder: Folder, number: int, submission: int, registered_at: str) -> Row:
    """The row of ``registry_folders``: the latest version."""
    return {
        **_versioned(folder, number, submission, registered_at),
        "last_update_time": forms.full_time(folder.last_update_time),
    }


def folder_code_rows(folder: Folder, number: int) -> list[Row]:
    """The rows of ``registry_folder_codes``."""
    return _codes(folder.codes, number)


def submission_set_row(submission_set: SubmissionSet, number: int, registered_at: str) -> Row:
    """The row of ``registry_submission_sets``."""
    return {
        "id": number,
        "entry_uuid": submission_set.entry_uuid,
        "unique_id": submission_set.unique_id,
        "source_id": submission_set.source_id,
        "patient_id": submission_set.patient_id,
        "patient_key": forms.patient_key(submission_set.patient_id),
        "submission_time": forms.full_time(submission_set.submission_time),
        "content_type_code": submission_set.content_type_code.code,
        "content_type_system": submission_set.content_type_code.system,
        "status": submission_set.status,
        "body": dump(submission_set),
        "registered_at": registered_at,
    }


def association_row(association: Association, number: int, submission: int, source: Kind, target: Kind) -> Row:
    """The row of ``registry_associations``; *source* and *target* are the kinds of its ends."""
    return {
        "id": number,
        "submission_id": submission,
        "entry_uuid": association.entry_uuid,
        "type": association.type,
        "source": association.source,
        "source_kind": source.value,
        "target": association.target,
        "target_kind": target.value,
        "status": association.status,
        "body": dump(association),
    }


def _versioned(item: DocumentEntry | Folder, number: int, submission: int, registered_at: str) -> Row:
    return {
        "id": number,
        "submission_id": submission,
        "entry_uuid": item.entry_uuid,
        "logical_id": item.logical_id,
        "version": int(item.version),
        "latest": True,
        "unique_id": item.unique_id,
        "patient_id": item.patient_id,
        "patient_key": forms.patient_key(item.patient_id),
        "status": item.status,
        "body": dump(item),
        "registered_at": registered_at,
    }


def _time(dtm: str) -> str | None:
    return forms.full_time(dtm) if dtm else None


def _code(name: str, code: Code) -> Row:
    return {f"{name}_code": code.code, f"{name}_system": code.system}


def _codes(codes: Iterable[Code], number: int) -> list[Row]:
    return [
        {"owner": number, "position": position, "code": code.code, "system": code.system}
        for position, code in enumerate(codes)
    ]
