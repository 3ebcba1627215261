"""The few statements that SQLAlchemy writes by dialect, and rows asked for by many keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Insert, Row, Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

# SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535.
_KEYS = 1000
_INSERT: dict[str, type[sqlite.Insert] | type[postgresql.Insert]] = {
    "sqlite": sqlite.Insert,
    "postgresql": postgresql.Insert,
}


def insert_new(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless a unique key stands in its way; gives whether it was inserted.

    On PostgreSQL this waits for a transaction that is inserting the same key, and does not spoil its own.
    """
    return connection.execute(_insert_new(connection.dialect.name, table), values).first() is not None


def insert_or_replace(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """Insert a row, or give the row with the same primary key these values, which are all of a row."""
    connection.execute(_insert_or_replace(connection.dialect.name, table), values)


def rows_by(
    connection: Connection, query: Select[Any], column: Column[Any], keys: Iterable[str]
) -> dict[str, Sequence[Row[Any]]]:
    """The rows of *query* whose *column* (which it selects) is one of *keys*, grouped by that key, in its order."""
    found: dict[str, list[Row[Any]]] = {}
    rest = iter(dict.fromkeys(keys))
    while some := list(islice(rest, _KEYS)):
        for row in connection.execute(query.where(column.in_(some))):
            found.setdefault(row._mapping[column], []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


# Made once: to make such a statement takes SQLAlchemy longer than to run it.


@cache
def _insert_new(dialect: str, table: Table) -> ReturningInsert[Any]:
    return _INSERT[dialect](table).on_conflict_do_nothing().returning(*table.primary_key.columns)


@cache
def _insert_or_replace(dialect: str, table: Table) -> Insert:
    statement = _INSERT[dialect](table)
    keys = table.primary_key.columns
    rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=rest)
