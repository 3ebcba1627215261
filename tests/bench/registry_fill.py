"""A registry of any number of entries, written past the registry: rows made of one registered study, in bulk.

Each study is a report and a manifest of one submission; a patient has ten studies. Everything that is unique follows
the study's number, so that the indexes grow at their end.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gateway.model.document import DocumentEntry
from gateway.registry import schema
from gateway.registry.setup import RegistrySettings, prepare
from gateway.store.engine import reading
from tests.support.registry import (
    REPOSITORY,
    Bytes,
    accession,
    entry,
    running_service,
    study,
    submission,
)

STUDIES_A_PATIENT = 10
_MARK = 987654321
_CHUNK = 20_000


def patient_id(number: int) -> str:
    return f"P{number:09}^^^&1.2.250.1.213.1.4.10&ISO"


def accession_number(number: int) -> str:
    return f"A{number:09}"


def entries(number: int) -> tuple[DocumentEntry, DocumentEntry]:
    """The report and the manifest of a study."""
    shared: dict[str, Any] = {
        "patient_id": patient_id(number // STUDIES_A_PATIENT),
        "reference_ids": (accession(accession_number(number)), study(f"1.2.250.1.999.3.{number}")),
    }
    report = entry("report", unique_id=f"1.2.250.1.999.8.{number}.1", **shared)
    manifest = entry("manifest", unique_id=f"1.2.250.1.999.8.{number}.2", mime_type="application/dicom", **shared)
    return report, manifest


def fill(folder: Path, count: int) -> Path:
    """A new registry of *count* entries under *folder*; gives the path of its database."""
    path = folder / "registry.db"
    settings = RegistrySettings(
        database_url=f"sqlite:///{path}", blobs=folder / "documents", repository_unique_id=REPOSITORY
    )
    prepare(settings)
    template = _template()
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-200000", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    studies = count // 2
    for start in range(0, studies, _CHUNK):
        connection.execute("BEGIN")
        for table, rows in template.items():
            columns = list(rows[0])
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names
            connection.executemany(statement, _made(table, rows, start, min(start + _CHUNK, studies)))
        connection.execute("COMMIT")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    return path


def _template() -> dict[str, list[dict[str, Any]]]:
    """The rows of one registered study, by table, owners before what they own."""
    report, manifest = entries(_MARK)
    submitted = submission(report, manifest, patient_id=report.patient_id, unique_id=f"1.2.250.1.999.9.{_MARK}")
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder)) as service:
        documents = {one.entry_uuid: Bytes(b"<a/>") for one in submitted.entries}
        assert service.provide_and_register(submitted, documents) == ()
        with reading(service.engine) as connection:
            return {
                table.name: rows
                for table in schema.METADATA.sorted_tables
                if (rows := [dict(row._mapping) for row in connection.execute(sa.select(table))])
            }


def _made(table: str, rows: list[dict[str, Any]], start: int, stop: int) -> Iterator[tuple[Any, ...]]:
    """*rows* for each study of a range: numbers, ids and patients its own."""
    patient, mark = f"P{_MARK // STUDIES_A_PATIENT:09}", str(_MARK)
    uuids = {value: n for n, value in enumerate(sorted(_uuids(rows)), 1)}
    for number in range(start, stop):
        for row in rows:
            values = []
            for name, value in row.items():
                if isinstance(value, str):
                    made = value.replace(patient, f"P{number // STUDIES_A_PATIENT:09}").replace(mark, f"{number:09}")
                    for uuid in uuids:
                        if uuid in made:
                            made = made.replace(uuid, f"urn:uuid:{_key(uuid):08x}-0000-4000-8000-{number:012x}")
                    values.append(made)
                elif name in ("id", "owner"):
                    values.append(number * (2 if _twice(table) else 1) + value)
                elif name == "submission_id":
                    values.append(number + value)
                else:
                    values.append(value)
            yield tuple(values)


def _twice(table: str) -> bool:
    """Whether a study has two rows of *table*, or of what it belongs to."""
    return not table.startswith("registry_submission")


def _uuids(rows: list[dict[str, Any]]) -> set[str]:
    return {part[:45] for row in rows for value in row.values() if isinstance(value, str) for part in _tails(value)}


def _tails(value: str) -> Iterator[str]:
    position = value.find("urn:uuid:")
    while position >= 0:
        tail = value[position : position + 45]
        if len(tail) == 45 and not tail.startswith("urn:uuid:7edca82f"):
            yield tail
        position = value.find("urn:uuid:", position + 1)


def _key(uuid: str) -> int:
    """A number of its own for each UUID of the template."""
    return int(uuid[9:17], 16)
