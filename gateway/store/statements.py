"""The few statements that SQLAlchemy writes by dialect, and rows asked for by many keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, Table
from sqlalchemy.dialects import postgresql, sqlite

# SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535.
_KEYS = 1000


def insert_new(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless a unique key stands in its way; gives whether it was inserted.

    On PostgreSQL this waits for a transaction that is inserting the same key, and does not spoil its own.
    """
    statement = _insert(connection)(table).values(values).on_conflict_do_nothing()
    return connection.execute(statement.returning(*table.primary_key.columns)).first() is not None


def insert_or_replace(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """Insert a row, or give the row with the same primary key these values."""
    keys = [column.name for column in table.primary_key.columns]
    rest = {name: value for name, value in values.items() if name not in keys}
    connection.execute(_insert(connection)(table).values(values).on_conflict_do_update(index_elements=keys, set_=rest))


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


def _insert(connection: Connection) -> type[sqlite.Insert] | type[postgresql.Insert]:
    return sqlite.Insert if connection.dialect.name == "sqlite" else postgresql.Insert
