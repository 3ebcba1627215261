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
    _execute_for(connection, table, rows, "fail")


def insert_new(connection: Connection, table: Table, values: Values) -> bool:
    """Insert a row unless a unique key stands in its way; gives whether it was inserted.

    On PostgreSQL this waits for a transaction that is inserting the same key, and does not spoil its own.
    """
    return _execute(connection, _insertion(connection.dialect, table, tuple(values), "skip"), values) == 1


def insert_or_replace(connection: Connection, table: Table, values: Values) -> None:
    """Insert a row, or give the row with the same primary key these values, which are all of a row."""
    _execute(connection, _insertion(connection.dialect, table, tuple(values), "replace"), values)


def insert_or_replace_rows(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """As :func:`insert_or_replace`, for rows with different keys; none is nothing."""
    _execute_for(connection, table, rows, "replace")


class _Insertion(NamedTuple):
    """A statement in the words of one dialect."""

    text: str
    values: tuple[tuple[int, str], ...]
    """Which value of which row each parameter is, in their order."""
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]
    """Of the places whose values the driver does not take as they are."""
    names: tuple[str, ...]
    """Of the parameters, for a driver that takes them by name."""

    def parameters(self, *rows: Values) -> Any:
        """*rows*, as many as the statement has, as the driver takes them."""
        given = [rows[at][name] for at, name in self.values]
        for place, convert in self.converters:
            given[place] = convert(given[place])
        return dict(zip(self.names, given, strict=True)) if self.names else given


_CURSOR = "gateway_cursor"
"""Where a connection keeps its cursor, in ``Connection.info``, which ends with the connection of the driver."""

_FEW = 8
"""Rows that go into one statement. On SQLite that takes half as long as a statement each (8 rows: 13 us instead of 25
by ``executemany``). To PostgreSQL several statements are four ways to the server and back (psycopg begins a pipeline
for them): worth it for many."""

_Known = Literal["fail", "skip", "replace"]
"""What becomes of a row whose key is known."""

_insertions: dict[tuple[str, Table, tuple[str, ...], _Known, int], _Insertion] = {}


def _insertion(
    dialect: Dialect, table: Table, names: tuple[str, ...], known: _Known = "fail", *, rows: int = 1
) -> _Insertion:
    """*rows*: how many at a time."""
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
    wanted = {f"{name}_{at}": (at, name) for at in range(rows) for name in names}
    statement = statement.values([{name: bindparam(f"{name}_{at}") for name in names} for at in range(rows)])
    compiled: Any = statement.compile(dialect=dialect)
    in_order = tuple(compiled.positiontup or wanted)
    values = tuple(wanted[parameter] for parameter in in_order)
    converters = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for _, name in values]
    return _Insertion(
        text=compiled.string,
        values=values,
        converters=tuple((place, convert) for place, convert in enumerate(converters) if convert is not None),
        names=() if compiled.positional else in_order,
    )


def _execute_for(connection: Connection, table: Table, rows: Sequence[Values], known: _Known) -> None:
    if not rows:
        return
    dialect, names = connection.dialect, tuple(rows[0])
    if len(rows) <= _FEW:
        _execute(connection, _insertion(dialect, table, names, known, rows=len(rows)), *rows)
    else:
        insertion = _insertion(dialect, table, names, known)
        with driver_cursor(connection, insertion.text) as cursor:
            cursor.executemany(insertion.text, [insertion.parameters(values) for values in rows])


def _execute(connection: Connection, insertion: _Insertion, *rows: Values) -> int:
    with driver_cursor(connection, insertion.text) as cursor:
        cursor.execute(insertion.text, insertion.parameters(*rows))
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
