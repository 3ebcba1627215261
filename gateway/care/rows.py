"""The rows of a store in a form that belongs to no database: a line of JSON a row, compressed.

Tables and columns are those that the database has, so that a table that is added one day is in the backup without
anybody thinking of it; only what lives for minutes (logins) or is this machine's own book is left out. Moments are
written in UTC, bytes in base64.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pybase64
import sqlalchemy as sa

from gateway.errors import InputRejected
from gateway.store import references

LEFT_OUT = frozenset(
    {
        "alembic_version",
        "schema_compatibility",
        "sessions",
        "login_attempts",
        "handles",
        "peers",
        "rates",
        "chores",
    }
)
_BLOBS = frozenset((column.table.name, column.name) for column in references.COLUMNS)
"""Columns that name a document: what must be among the documents of the backup."""
_BATCH = 500
_LINE_MOST = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumped:
    """A table as it was written."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str
    """Of the lines, uncompressed."""

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "columns": list(self.columns), "rows": self.rows, "sha256": self.sha256}


@dataclass(slots=True)
class Dump:
    """A table on its way out: iterate :meth:`chunks`, then ask for :meth:`told`."""

    connection: sa.Connection
    table: sa.Table
    digests: set[str]
    """Digests of documents that rows name are added here."""
    _rows: int = 0
    _hash: Any = field(default_factory=hashlib.sha256)

    def chunks(self) -> Iterator[bytes]:
        """The compressed lines."""
        packer = zlib.compressobj(6, wbits=31)
        order = list(self.table.primary_key.columns)
        query = sa.select(self.table).order_by(*order).execution_options(yield_per=_BATCH)
        naming = [i for i, c in enumerate(self.table.columns) if (self.table.name, c.name) in _BLOBS]
        for row in self.connection.execute(query):
            self._rows += 1
            self.digests.update(str(row[place]) for place in naming if row[place])
            line = json.dumps([_outer(value) for value in row], separators=(",", ":")).encode() + b"\n"
            self._hash.update(line)
            yield packer.compress(line)
        yield packer.flush()

    def told(self) -> Dumped:
        return Dumped(
            name=self.table.name,
            columns=tuple(column.name for column in self.table.columns),
            rows=self._rows,
            sha256=self._hash.hexdigest(),
        )


def tables(connection: sa.Connection) -> list[sa.Table]:
    """The tables that a backup holds, each after those that it refers to."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]


def load(connection: sa.Connection, table: sa.Table, dumped: Mapping[str, Any], chunks: Iterable[bytes]) -> int:
    """Insert the rows of a table; gives their number. Raises InputRejected (``backup_unreadable``)."""
    name = table.name
    columns = [str(column) for column in dumped["columns"]]
    unknown = sorted(set(columns) - {column.name for column in table.columns})
    if unknown:
        raise InputRejected("backup_unreadable", name=name, words=f"unknown columns {', '.join(unknown)}")
    inner = [_inner(table.c[column], connection.dialect.name) for column in columns]
    insert = sa.insert(table)
    batch: list[dict[str, Any]] = []
    count, hashed = 0, hashlib.sha256()
    for line in lines(name, chunks):
        hashed.update(line)
        values = _values(name, line, len(columns))
        batch.append({c: make(v) for c, make, v in zip(columns, inner, values, strict=True)})
        count += 1
        if len(batch) == _BATCH:
            connection.execute(insert, batch)
            batch.clear()
    if batch:
        connection.execute(insert, batch)
    if count != dumped["rows"] or hashed.hexdigest() != dumped["sha256"]:
        raise InputRejected("backup_unreadable", name=name, words="rows are missing or were changed")
    _count_on(connection, table)
    return count


def lines(name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a table's file. Raises InputRejected (``backup_unreadable``)."""
    unpacker = zlib.decompressobj(wbits=31)
    rest = b""
    try:
        for chunk in chunks:
            while chunk:
                rest += unpacker.decompress(chunk, 1 << 20)
                *whole, rest = rest.split(b"\n")
                yield from (line + b"\n" for line in whole)
                if len(rest) > _LINE_MOST:
                    raise InputRejected("backup_unreadable", name=name, words="a line without end")
                chunk = unpacker.unconsumed_tail
    except zlib.error as error:
        raise InputRejected("backup_unreadable", name=name, words=str(error)) from None
    if rest or not unpacker.eof:
        raise InputRejected("backup_unreadable", name=name, words="cut off")


def _values(name: str, line: bytes, count: int) -> Sequence[Any]:
    try:
        values = json.loads(line)
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != count:
        raise InputRejected("backup_unreadable", name=name, words="a line that is no row")
    return values


def _outer(value: Any) -> Any:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return {"at": aware.astimezone(UTC).isoformat()}
    if isinstance(value, bytes | memoryview):
        return {"bytes": pybase64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    return value


def _inner(column: sa.Column[Any], dialect: str) -> Callable[[Any], Any]:
    """Makes of what stands in the line what the column of this database takes."""
    is_boolean = isinstance(column.type, sa.Boolean)

    def make(value: Any) -> Any:
        if isinstance(value, dict):
            if "at" in value:
                moment = datetime.fromisoformat(value["at"])
                return moment if dialect == "postgresql" else moment.replace(tzinfo=None)
            if "on" in value:
                return date.fromisoformat(value["on"])
            return pybase64.b64decode(value["bytes"], validate=True)
        return bool(value) if is_boolean and value is not None else value

    return make


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """A number that the database gives goes on after the highest one of the rows."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        sequence = connection.execute(
            sa.text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
        ).scalar()
        if sequence:
            highest = connection.execute(sa.select(sa.func.max(column))).scalar()
            if highest is not None:
                connection.execute(
                    sa.text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest}
                )
