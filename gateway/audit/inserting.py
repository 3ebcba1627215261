"""Rows inserted by statements that are compiled once and given to the driver as they are.

An accepted report brings some fifteen rows of as many tables before its sender is answered. SQLAlchemy's ``execute``
takes 0.1 ms of processor for a row that SQLite inserts in 0.01 (measured), so here it writes the statement and tells
how values are converted, once, and the driver runs it. What the driver raises becomes what SQLAlchemy would have
raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Dialect, Table, bindparam, exc
from sqlalchemy.dialects import postgresql, sqlite

Values = Mapping[str, Any]
"""Of a row, by the names of its columns; the database fills in the others."""

INSERT: dict[str, type[sqlite.Insert] | type[postgresql.Insert]] = {
    "sqlite": sqlite.Insert,
    "postgresql": postgresql.Insert,
}
"""What writes an INSERT with a clause for keys that are known, by the name of the dialect."""


def insert_row(connection: Connection, table: Table, values: Values) -> None:
    """Insert a row in the transaction of *connection*."""
    _execute(connection, _insertion(connection.dialect, table, tuple(values)), values)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, each with the same columns; none is nothing."""
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql" and len(rows) <= _FEW:
        together = {f"{name}_{at}": row[name] for at, row in enumerate(rows) for name in names}
        _execute(connection, _insertion(connection.dialect, table, names, rows=len(rows)), together)
        return
    insertion = _insertion(connection.dialect, table, names)
    with driver_cursor(connection, insertion.text) as cursor:
        cursor.executemany(insertion.text, [insertion.parameters(values) for values in rows])


def insert_new(connection: Connection, table: Table, values: Values) -> bool:
    """Insert a row unless a unique key stands in its way; gives whether it was inserted.

    On PostgreSQL this waits for a transaction that is inserting the same key, and does not spoil its own.
    """
    return _execute(connection, _insertion(connection.dialect, table, tuple(values), "skip"), values) == 1


def insert_or_replace(connection: Connection, table: Table, values: Values) -> None:
    """Insert a row, or give the row with the same primary key these values, which are all of a row."""
    _execute(connection, _insertion(connection.dialect, table, tuple(values), "replace"), values)


class _Insertion(NamedTuple):
    """A statement in the words of one dialect."""

    text: str
    names: tuple[str, ...]
    """Of the values, in the order of the parameters."""
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]
    """Of the places whose values the driver does not take as they are."""
    positional: bool

    def parameters(self, values: Values) -> Any:
        """*values* as the driver takes them."""
        row = [values[name] for name in self.names]
        for place, convert in self.converters:
            row[place] = convert(row[place])
        return row if self.positional else dict(zip(self.names, row, strict=True))


_CURSOR = "gateway_cursor"
"""Where a connection keeps its cursor, in ``Connection.info``, which ends with the connection of the driver."""

_FEW = 8
"""Rows that go to PostgreSQL in one statement. Several by one statement each is four ways to the server and back
(psycopg begins a pipeline for them): worth it for many."""

_Known = Literal["fail", "skip", "replace"]
"""What becomes of a row whose key is known."""

_insertions: dict[tuple[str, Table, tuple[str, ...], _Known, int], _Insertion] = {}


def _insertion(
    dialect: Dialect, table: Table, names: tuple[str, ...], known: _Known = "fail", *, rows: int = 0
) -> _Insertion:
    """*rows*: how many at a time, their values named with their number; 0 is one, its values named as they are."""
    key = (dialect.name, table, names, known, rows)
    if key not in _insertions:
        _insertions[key] = _compiled(dialect, table, names, known, rows)
    return _insertions[key]


def _compiled(dialect: Dialect, table: Table, names: tuple[str, ...], known: _Known, rows: int) -> _Insertion:
    # Inline: the database does not give back the key that it made.
    statement = INSERT[dialect.name](table).inline()
    if known == "skip":
        statement = statement.on_conflict_do_nothing()
    elif known == "replace":
        keys = table.primary_key.columns
        rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_=rest)
    columns = {f"{name}_{at}": table.c[name] for at in range(rows) for name in names} or {n: table.c[n] for n in names}
    if rows:
        statement = statement.values([{name: bindparam(f"{name}_{at}") for name in names} for at in range(rows)])
    compiled: Any = statement.compile(dialect=dialect, column_keys=None if rows else list(names))
    in_order = tuple(compiled.positiontup or columns)
    converters = [columns[name].type.dialect_impl(dialect).bind_processor(dialect) for name in in_order]
    return _Insertion(
        text=compiled.string,
        names=in_order,
        converters=tuple((place, convert) for place, convert in enumerate(converters) if convert is not None),
        positional=compiled.positional,
    )


def _execute(connection: Connection, insertion: _Insertion, values: Values) -> int:
    with driver_cursor(connection, insertion.text) as cursor:
        cursor.execute(insertion.text, insertion.parameters(values))
        return int(cursor.rowcount)


@contextmanager
def driver_cursor(connection: Connection, text: str) -> Iterator[Any]:
    """A cursor of the driver, to run *text* by and to read to its end; what that raises is raised as SQLAlchemy does,
    without parameters: they hold patients.

    psycopg finds out for each cursor anew how values are read, which takes twice as long as the statement (measured):
    there a connection keeps its cursor.
    """
    dialect = connection.dialect
    # Taken out while it is used, so that two never share it.
    cursor = connection.info.pop(_CURSOR, None) or connection.connection.cursor()
    keeps = False
    try:
        yield cursor
        keeps = dialect.name == "postgresql"
    except dialect.loaded_dbapi.Error as error:
        raise exc.DBAPIError.instance(
            text, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
        ) from error
    finally:
        if keeps:
            connection.info[_CURSOR] = cursor
        else:
            cursor.close()
