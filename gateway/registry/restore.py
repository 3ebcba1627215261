"""A folder of submissions into the registry.

An export of :mod:`gateway.registry.export` comes back as it was: entryUUIDs, versions, statuses, and nothing of it is
judged again but its hashes. It may be broken off and begun again: what is there already is left as it is.

Any other folder of submissions is submitted: each sub-folder, in the order of the names, holds ``metadata.xml`` (a
SubmitObjectsRequest, as ITI-42 sends it) and ``documents/1.xml``, ``documents/2.dcm``…, the bytes of its
ExtrinsicObjects by their position. It goes the way of ITI-41, or of ITI-42 when there is no ``documents``, and is
refused for the same reasons.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from gateway.errors import InputRejected, SettingsError
from gateway.model.document import Association, DocumentEntry, Folder, RegistryError, Submission
from gateway.registry import catalogue, forms, patients, received, rows, schema
from gateway.registry.export import FORM
from gateway.registry.files import Content
from gateway.registry.rows import Kind
from gateway.registry.service import RegistryService, is_refused
from gateway.store.engine import transaction
from gateway.trust import safexml
from gateway.xds import ebrim

_CHUNK_BYTES = 1024 * 1024
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileContent:
    """A document in a file."""

    path: Path

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def read(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one sub-folder; ``known`` when everything of it was there already."""

    name: str
    errors: tuple[RegistryError, ...] = ()
    known: bool = False


def restore(service: RegistryService, folder: Path) -> Iterator[Imported]:
    """Take in every submission of *folder*, telling of each when it is durable.

    Raises SettingsError (``registry_folder_empty``, ``registry_import_repository``, ``registry_import_form``),
    InputRejected for a metadata file that is no XML or no submission, Unavailable.
    """
    submissions = (
        sorted(path for path in folder.iterdir() if (path / "metadata.xml").is_file()) if folder.is_dir() else []
    )
    if not submissions:
        raise SettingsError("registry_folder_empty", place=str(folder))
    if not _is_export(folder, service.repository_unique_id):
        for path in submissions:
            yield Imported(path.name, _submit(service, path))
        return
    yield from (_objects(service, path) for path in submissions)
    # Associations may name what a later submission brought, so they wait for everything else.
    for path in submissions:
        _associations(service, path)
    _patients(service, folder / "patients.txt")


def _is_export(folder: Path, repository: str) -> bool:
    path = folder / "export.json"
    if not path.is_file():
        return False
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
        form, theirs = stated["form"], stated["repository_unique_id"]
    except (ValueError, TypeError, KeyError):
        raise SettingsError("registry_import_form", place=str(path)) from None
    if form != FORM:
        raise SettingsError("registry_import_form", place=str(path))
    if theirs != repository:
        raise SettingsError(
            "registry_import_repository", place="registry.repository_unique_id", theirs=theirs, ours=repository
        )
    return True


def _submit(service: RegistryService, path: Path) -> tuple[RegistryError, ...]:
    root = safexml.parse((path / "metadata.xml").read_bytes())
    asked = received.submission(root)
    if asked.submission is None:
        return asked.errors
    files = _documents(path, asked.submission)
    if not files:
        return service.register(asked.submission, found=asked.errors)
    return service.provide_and_register(asked.submission, files, asked.errors)


def _documents(path: Path, submission: Submission) -> Mapping[str, Content]:
    """The documents of a sub-folder by the ids of their entries; what has no entry keeps its name, to be refused."""
    found = sorted((path / "documents").iterdir()) if (path / "documents").is_dir() else []
    names = {str(position): entry.entry_uuid for position, entry in enumerate(submission.entries, 1)}
    return {names.get(file.name.partition(".")[0], file.name): FileContent(file) for file in found}


def _read(path: Path) -> Submission:
    return ebrim.read(safexml.parse((path / "metadata.xml").read_bytes()))


def _objects(service: RegistryService, path: Path) -> Imported:
    """The set, folders, entries and documents of a sub-folder of an export, in one transaction."""
    submission = _read(path)
    with service.files.receive(_documents(path, submission)) as receiving:
        facts = {one.entry_id: one for one in receiving.measured}
        for entry in submission.entries:
            fact = facts.get(entry.entry_uuid)
            if fact is not None and (fact.sha1, fact.size_bytes) != (entry.hash, entry.size):
                raise InputRejected("registry_import_hash", place=str(path), unique_id=entry.unique_id)
        receiving.keep()

    def write(connection: sa.Connection) -> bool:
        uuids = [
            *(one.entry_uuid for one in submission.submission_sets),
            *(one.entry_uuid for one in submission.folders),
            *(one.entry_uuid for one in submission.entries),
        ]
        known = catalogue.objects(connection, uuids)
        documents = catalogue.stored_documents(connection, [entry.unique_id for entry in submission.entries])
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        writer = catalogue.Writer(connection, moment)
        for submission_set in submission.submission_sets:
            if submission_set.entry_uuid in known:
                writer.submission = known[submission_set.entry_uuid].number
            else:
                writer.submission_set(submission_set)
        for folder in submission.folders:
            if folder.entry_uuid not in known:
                writer.folder(folder)
        for entry in submission.entries:
            if entry.entry_uuid not in known:
                writer.entry(entry)
        fresh: dict[str, rows.Row] = {}
        for entry in submission.entries:
            fact = facts.get(entry.entry_uuid)
            if fact is not None and entry.unique_id not in documents:
                fresh[entry.unique_id] = {
                    "unique_id": entry.unique_id,
                    "digest": fact.sha256,
                    "hash": fact.sha1,
                    "size_bytes": fact.size_bytes,
                    "mime_type": entry.mime_type,
                    "received_at": moment,
                }
        writer.documents(list(fresh.values()))
        writer.flush()
        _settle_versions(connection, (*submission.folders, *submission.entries))
        return len(known) == len(uuids) and not fresh

    return Imported(path.name, known=_change(service, write))


def _settle_versions(connection: sa.Connection, items: tuple[Folder | DocumentEntry, ...]) -> None:
    """Of each lineage the highest version is the latest, whatever was read first."""
    for table in (schema.FOLDERS, schema.ENTRIES):
        for lid in sorted({item.logical_id for item in items if item.version != "1"}):
            newest = sa.select(sa.func.max(table.c.version)).where(table.c.logical_id == lid).scalar_subquery()
            connection.execute(table.update().where(table.c.logical_id == lid).values(latest=table.c.version == newest))


def _associations(service: RegistryService, path: Path) -> None:
    submission = _read(path)

    def write(connection: sa.Connection) -> None:
        named = {end for one in submission.associations for end in (one.source, one.target)}
        named |= {one.entry_uuid for one in submission.associations}
        named |= {one.entry_uuid for one in submission.submission_sets}
        known = catalogue.objects(connection, named)
        inner = {one.entry_uuid: Kind.ASSOCIATION for one in submission.associations}
        writer = catalogue.Writer(connection, "")
        for submission_set in submission.submission_sets:
            writer.submission = known[submission_set.entry_uuid].number
        for one in submission.associations:
            if one.entry_uuid not in known:
                writer.association(one, _kind(one, one.source, known, inner), _kind(one, one.target, known, inner))
        writer.flush()

    _change(service, write)


def _kind(one: Association, end: str, known: Mapping[str, catalogue.Stored], inner: Mapping[str, Kind]) -> Kind:
    if end in known:
        return known[end].kind
    if end in inner:
        return inner[end]
    raise InputRejected("registry_import_reference", place=one.entry_uuid, end=end)


def _patients(service: RegistryService, path: Path) -> None:
    if not path.is_file():
        return
    merged: list[tuple[str, str]] = []
    names: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        patient_id, _, survivor = line.partition(" -> ")
        names[forms.patient_key(patient_id)] = patient_id
        if survivor:
            merged.append((patient_id, survivor))
    service.add_patients(names.values())

    def write(connection: sa.Connection) -> None:
        for patient_id, survivor in merged:
            patients.merge(connection, names.get(survivor, survivor), [patient_id], datetime.now(UTC))

    _change(service, write)


def _change(service: RegistryService, write: Callable[[sa.Connection], T]) -> T:
    with transaction(service.engine) as connection:
        catalogue.lock(connection)
        return write(connection)


def refused(imported: Imported) -> bool:
    """Whether the submission was not taken in."""
    return is_refused(imported.errors)
