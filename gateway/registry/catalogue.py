"""What the database holds, looked up by id, and how rows are written. Every function works inside a transaction of
its caller, who has taken the write lock first (:func:`lock`) where it is going to write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from gateway.audit.inserting import insert_rows
from gateway.model.document import Association, DocumentEntry, Folder, Status, SubmissionSet
from gateway.registry import rows, schema
from gateway.registry.rows import Kind
from gateway.store.prepared import Prepared

_POSTGRESQL_LOCK = 0x44524D31
"""Any fixed number, known to this registry alone."""
_BATCH = 512
"""Values of one IN list: SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535."""
TABLES: Mapping[Kind, sa.Table] = {
    Kind.SUBMISSION_SET: schema.SUBMISSION_SETS,
    Kind.FOLDER: schema.FOLDERS,
    Kind.ENTRY: schema.ENTRIES,
    Kind.ASSOCIATION: schema.ASSOCIATIONS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A registered object, without its body. What its kind does not have is empty, and its version 1, the latest."""

    kind: Kind
    number: int
    uuid: str
    status: str
    patient_key: str = ""
    unique_id: str = ""
    logical_id: str = ""
    version: int = 1
    latest: bool = True
    object_type: str = ""
    hash: str = ""
    type: str = ""
    source: str = ""
    source_kind: str = ""
    target: str = ""
    target_kind: str = ""

    @property
    def approved(self) -> bool:
        return self.status == Status.APPROVED


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document of the repository."""

    unique_id: str
    digest: str
    """SHA-256, key of its bytes."""
    hash: str
    """SHA-1."""
    size_bytes: int
    mime_type: str


_COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    Kind.SUBMISSION_SET: ("patient_key", "unique_id"),
    Kind.FOLDER: ("patient_key", "unique_id", "logical_id", "version", "latest"),
    Kind.ENTRY: ("patient_key", "unique_id", "logical_id", "version", "latest", "object_type", "hash"),
    Kind.ASSOCIATION: ("type", "source", "source_kind", "target", "target_kind"),
}


def lock(connection: sa.Connection) -> None:
    """One change at a time: what was looked up stays true until the commit.

    On SQLite the transaction holds the write lock from its beginning. On PostgreSQL an advisory lock does the same for
    changes and for nothing else, queries included; metadata rows are written in milliseconds, and replacements need
    the order.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRESQL_LOCK)))


def by_column(connection: sa.Connection, kind: Kind, column: str, values: Iterable[str]) -> Iterator[Stored]:
    """The objects of *kind* with one of *values* in *column*, in the order of registration."""
    names = _COLUMNS[kind]
    for size, batch in _padded(values):
        for row in _by_column(kind, column, size).all(connection, batch):
            rest = dict(zip(names, row[3:], strict=True))
            yield Stored(kind=kind, number=row[0], uuid=row[1], status=row[2], **rest)


@cache
def _by_column(kind: Kind, column: str, size: int) -> Prepared:
    c = TABLES[kind].c
    names = ("id", "entry_uuid", "status", *_COLUMNS[kind])
    return Prepared(sa.select(*(c[name] for name in names)).where(_any(c[column], size)).order_by(c.id))


def taken_unique_ids(connection: sa.Connection, unique_ids: Iterable[str]) -> set[str]:
    """Of *unique_ids* those of submission sets and folders."""
    found: set[str] = set()
    for size, batch in _padded(unique_ids):
        found.update(row[0] for row in _taken(size).all(connection, batch))
    return found


@cache
def _taken(size: int) -> Prepared:
    sets, folders = schema.SUBMISSION_SETS.c.unique_id, schema.FOLDERS.c.unique_id
    return Prepared(sa.union_all(*(sa.select(column).where(_any(column, size)) for column in (sets, folders))))


def objects(connection: sa.Connection, uuids: Iterable[str]) -> dict[str, Stored]:
    """Of *uuids* (entryUUIDs of any kind of object) those that are registered."""
    wanted = set(uuids)
    if not wanted:
        return {}
    return {stored.uuid: stored for kind in Kind for stored in by_column(connection, kind, "entry_uuid", wanted)}


def latest_entries(connection: sa.Connection, unique_ids: Iterable[str]) -> dict[str, list[Stored]]:
    """Of *unique_ids* those that are registered, each with the latest versions of its entries, the oldest first."""
    found: dict[str, list[Stored]] = {}
    for stored in by_column(connection, Kind.ENTRY, "unique_id", unique_ids):
        if stored.latest:
            found.setdefault(stored.unique_id, []).append(stored)
    return found


def stored_documents(connection: sa.Connection, unique_ids: Iterable[str]) -> dict[str, StoredDocument]:
    """Of *unique_ids* those that the repository has."""
    found: dict[str, StoredDocument] = {}
    for size, batch in _padded(unique_ids):
        for row in _documents(size).all(connection, batch):
            found[row[0]] = StoredDocument(row[0], row[1], row[2], row[3], row[4])
    return found


@cache
def _documents(size: int) -> Prepared:
    c = schema.DOCUMENTS.c
    return Prepared(sa.select(c.unique_id, c.digest, c.hash, c.size_bytes, c.mime_type).where(_any(c.unique_id, size)))


def _any(column: sa.ColumnElement[str], size: int) -> sa.ColumnElement[bool]:
    """One of *size* values. Statements are made once a size: making one takes longer than running it."""
    return column.in_([sa.bindparam(f"value{number}") for number in range(size)])


def _padded(values: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """*values* in batches, each filled up to the next power of two with its last."""
    for batch in _batches(sorted(set(values))):
        size = 1 << (len(batch) - 1).bit_length()
        filled = [*batch, *[batch[-1]] * (size - len(batch))]
        yield size, {f"value{number}": value for number, value in enumerate(filled)}


def withdrawn(connection: sa.Connection, unique_ids: Iterable[str]) -> list[str]:
    """Of *unique_ids* those whose document was withdrawn: its entries are Deleted, as the French DMP says it."""
    found = latest_entries(connection, unique_ids)
    return [name for name, entries in found.items() if all(one.status == Status.DELETED for one in entries)]


def is_referenced(connection: sa.Connection, digest: str) -> bool:
    """Whether a document of the repository has the bytes of *digest*."""
    query = sa.select(schema.DOCUMENTS.c.unique_id).where(schema.DOCUMENTS.c.digest == digest).limit(1)
    return connection.execute(query).first() is not None


def links(connection: sa.Connection, end: str, uuids: Iterable[str]) -> Iterator[Stored]:
    """The associations whose *end* (``source`` or ``target``) is one of *uuids*."""
    return by_column(connection, Kind.ASSOCIATION, end, uuids)


def body(connection: sa.Connection, kind: Kind, number: int) -> str:
    """The JSON of one object."""
    c = TABLES[kind].c
    found: str = connection.execute(sa.select(c.body).where(c.id == number)).scalar_one()
    return found


def set_status(connection: sa.Connection, kind: Kind, numbers: Iterable[int], status: str) -> None:
    """Give the objects *numbers* of *kind* another status."""
    table = TABLES[kind]
    for batch in _batches(sorted(set(numbers))):
        connection.execute(table.update().where(table.c.id.in_(batch)).values(status=status))


class Writer:
    """Inserts the rows of one submission set, with numbers that follow those given before."""

    def __init__(self, connection: sa.Connection, registered_at: str) -> None:
        self._connection = connection
        self._registered_at = registered_at
        self._next: dict[Kind, int] = {}
        self._rows: dict[sa.Table, list[rows.Row]] = {}
        self.submission = 0
        """The number of the submission set."""

    def submission_set(self, one: SubmissionSet) -> None:
        self.submission = self._number(Kind.SUBMISSION_SET)
        self._add(schema.SUBMISSION_SETS, [rows.submission_set_row(one, self.submission, self._registered_at)])
        self._add(schema.SET_AUTHORS, rows.author_rows(one.authors, self.submission))

    def folder(self, one: Folder) -> None:
        number = self._number(Kind.FOLDER)
        self._add(schema.FOLDERS, [rows.folder_row(one, number, self.submission, self._registered_at)])
        self._add(schema.FOLDER_CODES, rows.folder_code_rows(one, number))

    def entry(self, one: DocumentEntry) -> None:
        number = self._number(Kind.ENTRY)
        self._add(schema.ENTRIES, [rows.entry_row(one, number, self.submission, self._registered_at)])
        self._add(schema.REFERENCE_IDS, rows.reference_rows(one, number))
        self._add(schema.CODES, rows.code_rows(one, number))
        self._add(schema.AUTHORS, rows.author_rows(one.authors, number))

    def association(self, one: Association, source: Kind, target: Kind) -> None:
        number = self._number(Kind.ASSOCIATION)
        self._add(schema.ASSOCIATIONS, [rows.association_row(one, number, self.submission, source, target)])

    def documents(self, documents: Sequence[rows.Row]) -> None:
        """Rows of ``registry_documents``."""
        self._add(schema.DOCUMENTS, list(documents))

    def flush(self) -> None:
        """Insert everything, each table at once, owners before what they own."""
        for table in _OWNERS_FIRST:
            if values := self._rows.get(table):
                insert_rows(self._connection, table, values)
        self._rows = {}

    def _number(self, kind: Kind) -> int:
        if not self._next:
            (highest,) = _HIGHEST.all(self._connection, {})
            self._next = {one: (number or 0) + 1 for one, number in zip(Kind, highest, strict=True)}
        number = self._next[kind]
        self._next[kind] += 1
        return number

    def _add(self, table: sa.Table, values: list[rows.Row]) -> None:
        self._rows.setdefault(table, []).extend(values)


_OWNERS_FIRST = tuple(schema.METADATA.sorted_tables)
_HIGHEST = Prepared(
    sa.select(*(sa.select(sa.func.max(TABLES[kind].c.id)).scalar_subquery().label(kind.value) for kind in Kind))
)


def selected(
    connection: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[str], values: Iterable[str]
) -> Iterator[Sequence[Any]]:
    """The rows of *query* with one of *values* in *column*."""
    for batch in _batches(sorted(set(values))):
        yield from connection.execute(query.where(column.in_(batch)))


def _batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
