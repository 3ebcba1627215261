"""Rows asked for by many keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam

from gateway.store.prepared import Prepared

# SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535.
_KEYS = 1000


class Keyed:
    """A query that is asked by many keys at a time (:func:`rows_by`)."""

    def __init__(self, query: Select[Any], column: Column[Any]) -> None:
        self._query = query
        self._column = column
        self._forms: dict[int, Prepared] = {}

    def all(self, connection: Connection, keys: Sequence[Any]) -> list[tuple[Any, Any]]:
        """Each row for *keys*, with its key."""
        # One form for each power of two: few statements, whatever the number of keys.
        count = 1 << (len(keys) - 1).bit_length()
        form = self._forms.get(count)
        if form is None:
            wanted: list[Any] = [bindparam(f"key{number}") for number in range(count)]
            form = self._forms[count] = Prepared(self._query.where(self._column.in_(wanted)))
        given = [*keys, *[keys[-1]] * (count - len(keys))]
        rows = form.all(connection, {f"key{number}": key for number, key in enumerate(given)})
        return [(getattr(row, self._column.name), row) for row in rows]


def keyed(query: Select[Any], column: Column[Any]) -> Keyed:
    """*query*, asked by *column*, which it selects."""
    return Keyed(query, column)


def rows_by(connection: Connection, query: Keyed, keys: Iterable[Any]) -> dict[Any, Sequence[Any]]:
    """The rows of *query* for *keys*, grouped by the key, in its order."""
    found: dict[Any, list[Any]] = {}
    rest = iter(dict.fromkeys(keys))
    while some := list(islice(rest, _KEYS)):
        for key, row in query.all(connection, some):
            found.setdefault(key, []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}
