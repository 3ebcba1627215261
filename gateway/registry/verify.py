"""Whether a registry is whole: every hash, every reference (``gateway registry verify``).

Nothing is changed. The tables are read a few rows at a time, each row's own rules at once, so that a registry of any
size is looked at in bounded memory while it serves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gateway.errors import Unavailable
from gateway.model.document import STABLE, AssociationType
from gateway.registry import catalogue, schema
from gateway.registry.files import DocumentFiles
from gateway.registry.rows import Kind
from gateway.store.engine import reading

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: ``code`` (key of the texts), and the id of the object or document."""

    code: str
    name: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Looked:
    """How much was looked at so far."""

    documents: int = 0
    entries: int = 0
    folders: int = 0
    submission_sets: int = 0
    associations: int = 0
    orphans: int = 0
    """Files that no document names: what a broken-off submission leaves behind, for the sweeper."""


def verify(engine: sa.Engine, files: DocumentFiles, repository: str, looked: Looked) -> Iterator[Fault]:
    """Every fault, as it is found; *looked* counts along. Raises Unavailable when the database goes away."""
    yield from _documents(engine, files, looked)
    yield from _entries(engine, repository, looked)
    yield from _versions(engine, schema.FOLDERS, Kind.FOLDER, looked)
    yield from _associations(engine, looked)
    for batch in _rows(engine, schema.SUBMISSION_SETS, "id"):
        looked.submission_sets += len(batch)
    for digest in files.digests():
        with reading(engine) as connection:
            looked.orphans += not catalogue.is_referenced(connection, digest)


def _documents(engine: sa.Engine, files: DocumentFiles, looked: Looked) -> Iterator[Fault]:
    for batch in _rows(engine, schema.DOCUMENTS, "unique_id"):
        looked.documents += len(batch)
        for row in batch:
            try:
                facts = files.measure(row.digest)
            except Unavailable as error:
                yield Fault(error.code, row.unique_id, (("digest", row.digest),))
                continue
            if (facts.sha256, facts.sha1, facts.size_bytes) != (row.digest, row.hash, row.size_bytes):
                yield Fault("registry_verify_bytes", row.unique_id)


def _entries(engine: sa.Engine, repository: str, looked: Looked) -> Iterator[Fault]:
    yield from _versions(engine, schema.ENTRIES, Kind.ENTRY, looked)
    for batch in _rows(engine, schema.ENTRIES, "id"):
        ours = [row for row in batch if row.repository_unique_id == repository and row.object_type == STABLE]
        with reading(engine) as connection:
            documents = catalogue.stored_documents(connection, (row.unique_id for row in ours))
        for row in ours:
            document = documents.get(row.unique_id)
            # An entry whose document was removed (ITI-86) stays.
            if document is not None and (document.hash, document.size_bytes) != (row.hash, row.size_bytes):
                yield Fault("registry_verify_entry", row.entry_uuid, (("unique_id", row.unique_id),))


def _versions(engine: sa.Engine, table: sa.Table, kind: Kind, looked: Looked) -> Iterator[Fault]:
    """Each object is a member of a submission set, and of each lineage the highest version alone is the latest."""
    for batch in _rows(engine, table, "id"):
        if kind is Kind.ENTRY:
            looked.entries += len(batch)
        else:
            looked.folders += len(batch)
        with reading(engine) as connection:
            links = catalogue.links(connection, "target", (row.entry_uuid for row in batch))
            members = {
                link.target
                for link in links
                if link.type == AssociationType.HAS_MEMBER and link.source_kind == Kind.SUBMISSION_SET
            }
            lineages = list(catalogue.by_column(connection, kind, "logical_id", (row.logical_id for row in batch)))
        highest: dict[str, int] = {}
        for one in lineages:
            highest[one.logical_id] = max(highest.get(one.logical_id, 0), one.version)
        for row in batch:
            if row.entry_uuid not in members:
                yield Fault("registry_verify_member", row.entry_uuid)
            if bool(row.latest) != (row.version == highest[row.logical_id]):
                yield Fault("registry_verify_version", row.entry_uuid)


def _associations(engine: sa.Engine, looked: Looked) -> Iterator[Fault]:
    for batch in _rows(engine, schema.ASSOCIATIONS, "id"):
        looked.associations += len(batch)
        with reading(engine) as connection:
            known = catalogue.objects(connection, {end for row in batch for end in (row.source, row.target)})
        for row in batch:
            for end, kind in ((row.source, row.source_kind), (row.target, row.target_kind)):
                if end not in known or known[end].kind != kind:
                    yield Fault("registry_verify_reference", row.entry_uuid, (("end", end),))


def _rows(engine: sa.Engine, table: sa.Table, key: str) -> Iterator[Sequence[Any]]:
    """All rows of *table* without their bodies, in the order of *key*, a transaction a batch."""
    columns = [column for column in table.c if column.name != "body"]
    order = table.c[key]
    last: Any = None
    while True:
        query = sa.select(*columns).order_by(order).limit(_BATCH)
        with reading(engine) as connection:
            batch = connection.execute(query if last is None else query.where(order > last)).all()
        if not batch:
            return
        yield batch
        last = getattr(batch[-1], key)
