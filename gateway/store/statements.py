"""The few statements that SQLAlchemy writes by dialect, and rows asked for by many keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Insert, Row, Select, Table, bindparam

from gateway.audit.inserting import INSERT

# SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535.
_KEYS = 1000


def insert_or_replace(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """Insert a row, or give the row with the same primary key these values, which are all of a row."""
    connection.execute(_insert_or_replace(connection.dialect.name, table), values)


class Keyed(NamedTuple):
    """A query that is asked by many keys at a time (:func:`rows_by`)."""

    query: Select[Any]
    column: Column[Any]


def keyed(query: Select[Any], column: Column[Any]) -> Keyed:
    """*query*, asked by *column*, which it selects."""
    return Keyed(query.where(column.in_(bindparam("keys", expanding=True))), column)


def rows_by(connection: Connection, query: Keyed, keys: Iterable[Any]) -> dict[Any, Sequence[Row[Any]]]:
    """The rows of *query* for *keys*, grouped by the key, in its order."""
    found: dict[Any, list[Row[Any]]] = {}
    rest = iter(dict.fromkeys(keys))
    while some := list(islice(rest, _KEYS)):
        for row in connection.execute(query.query, {"keys": some}):
            found.setdefault(row._mapping[query.column], []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


# Made once: to make such a statement takes SQLAlchemy longer than to run it.


@cache
def _insert_or_replace(dialect: str, table: Table) -> Insert:
    statement = INSERT[dialect](table)
    keys = table.primary_key.columns
    rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=rest)
