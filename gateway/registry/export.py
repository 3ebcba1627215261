"""A registry as a folder of submissions, for another one, a backup, or a person to read.

::

    export.json              form, repositoryUniqueId
    patients.txt             the registry's list of patients, where it has one: a CX a line, and into whom it was merged
    000000001/metadata.xml   a SubmitObjectsRequest: the submission set of that number and everything it brought, as it
                             is now (statuses, versions, entryUUIDs)
    000000001/documents/2.xml  the bytes of its second ExtrinsicObject, where they are in this repository

Folder ``000000000`` holds what outlived its submission set. :mod:`gateway.registry.restore` reads it back.
"""

from __future__ import annotations

import json
import mimetypes
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from gateway.errors import SettingsError
from gateway.model.document import Association, DocumentEntry, Folder, Submission, SubmissionSet
from gateway.registry import catalogue, patients, rows, schema
from gateway.registry.files import DocumentFiles
from gateway.store.engine import reading
from gateway.trust import safexml
from gateway.xds import ebrim

FORM = 1
_DIGITS = 9
_BATCH = 200
_EXTENSIONS = {"application/dicom": ".dcm", "text/xml": ".xml", "application/xml": ".xml"}
_T = TypeVar("_T", SubmissionSet, Folder, DocumentEntry, Association)


@dataclass(frozen=True, slots=True)
class Exported:
    """How much was written."""

    submissions: int
    documents: int


def export(engine: sa.Engine, files: DocumentFiles, repository: str, folder: Path) -> Exported:
    """Write everything into *folder*, which is made and must be empty.

    Each submission is a look at the database of its own: what changes meanwhile is in the export as it was or as it
    is. Raises SettingsError (``registry_folder_used``), Unavailable (a document that is gone or damaged, the disk).
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SettingsError("registry_folder_used", place=str(folder))
    submissions = documents = 0
    for number in _numbers(engine):
        with reading(engine) as connection:
            submission = _submission(connection, number)
            held = catalogue.stored_documents(connection, (one.unique_id for one in submission.entries))
        if submission == Submission():
            continue
        target = folder / f"{number:0{_DIGITS}}"
        target.mkdir()
        (target / "metadata.xml").write_bytes(safexml.serialise(ebrim.write(submission)))
        submissions += 1
        for position, entry in enumerate(submission.entries, 1):
            if entry.repository_unique_id == repository and entry.unique_id in held:
                name = f"{position}{_extension(entry.mime_type)}"
                _copy(files, held[entry.unique_id].digest, target / "documents" / name)
                documents += 1
    _write_patients(engine, folder / "patients.txt")
    # Last, so that a folder without it is known to be incomplete.
    stated = {"form": FORM, "repository_unique_id": repository}
    (folder / "export.json").write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
    return Exported(submissions, documents)


def _numbers(engine: sa.Engine) -> Iterator[int]:
    """0, and the number of every submission set, a few at a time."""
    yield 0
    last = 0
    column = schema.SUBMISSION_SETS.c.id
    while True:
        with reading(engine) as connection:
            query = sa.select(column).where(column > last).order_by(column).limit(_BATCH)
            found = [row[0] for row in connection.execute(query)]
        yield from found
        if not found:
            return
        last = found[-1]


def _submission(connection: sa.Connection, number: int) -> Submission:
    """The set of *number* and what it brought, as they are now."""
    s, f, e, a = schema.SUBMISSION_SETS.c, schema.FOLDERS.c, schema.ENTRIES.c, schema.ASSOCIATIONS.c
    return Submission(
        submission_sets=_loaded(connection, SubmissionSet, s.id == number, s.id),
        folders=_loaded(connection, Folder, f.submission_id == number, f.id),
        entries=_loaded(connection, DocumentEntry, e.submission_id == number, e.id),
        associations=_loaded(connection, Association, a.submission_id == number, a.id),
    )


def _loaded(
    connection: sa.Connection, kind: type[_T], condition: sa.ColumnElement[bool], order: sa.ColumnElement[int]
) -> tuple[_T, ...]:
    later = {
        SubmissionSet: ("status", "patient_id"),
        Folder: ("status", "patient_id", "last_update_time"),
        DocumentEntry: ("status", "patient_id"),
        Association: ("status",),
    }[kind]
    assert isinstance(order, sa.Column)  # noqa: S101 - as _submission calls it
    table: Any = order.table
    query = sa.select(table.c.body, *(table.c[name] for name in later)).where(condition).order_by(order)
    return tuple(rows.load(kind, row[0], **dict(zip(later, row[1:], strict=True))) for row in connection.execute(query))


def _copy(files: DocumentFiles, digest: str, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    with files.content(digest) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, 1024 * 1024)


def _write_patients(engine: sa.Engine, target: Path) -> None:
    with reading(engine) as connection:
        lines = [
            one.patient_id + (f" -> {one.merged_into}" if one.merged_into else "")
            for one in patients.listed(connection)
        ]
    if lines:
        target.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _extension(mime_type: str) -> str:
    plain = mime_type.partition(";")[0].strip().lower()
    return _EXTENSIONS.get(plain) or mimetypes.guess_extension(plain) or ".bin"
