"""Statements that are compiled once and given to the driver as they are, with the rows that they give.

A share asks and writes some thirty statements between its report and its registration. SQLAlchemy's ``execute`` takes
as much processor for each as the driver and PostgreSQL together (0.2 ms, measured), so what every share needs goes by
here: SQLAlchemy writes the statement and tells how values are converted, once, and the driver runs it. Rows that are
only inserted have :mod:`gateway.audit.inserting`.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnClause,
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Float,
    Insert,
    Select,
    Update,
    exc,
    literal_column,
)
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import CompoundSelect

from gateway.audit.inserting import driver_cursor

Converter = Callable[[Any], Any]
Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete


class Prepared:
    """A statement whose parameters have names (``bindparam``), and no list among them.

    What an UPDATE sets is told by the values that are given, as SQLAlchemy does. May be used by several threads. Raises
    what ``Connection.execute`` raises.
    """

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._forms: dict[tuple[str, tuple[str, ...]], _Form] = {}

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """The rows, whose values have the names of the columns."""
        form = self._form(connection.dialect, values)
        parameters = form.parameters(values)
        with driver_cursor(connection, form.text) as cursor:
            cursor.execute(form.text, parameters)
            return [form.row(found) for found in cursor.fetchall()]

    def one_or_none(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """The only row, or None; of a query that gives one at most."""
        rows = self.all(connection, values)
        if len(rows) > 1:
            raise ValueError("more than one row")
        return rows[0] if rows else None

    def scalars(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """The first value of each row."""
        return [row[0] for row in self.all(connection, values)]

    def count(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Of a statement that writes: how many rows it wrote."""
        form = self._form(connection.dialect, values)
        parameters = form.parameters(values)
        with driver_cursor(connection, form.text) as cursor:
            cursor.execute(form.text, parameters)
            return int(cursor.rowcount)

    def _form(self, dialect: Dialect, values: Mapping[str, Any]) -> _Form:
        key = (dialect.name, tuple(values))
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _compiled(self._statement, dialect, key[1])
        return form


class _Form(NamedTuple):
    """A statement in the words of one dialect."""

    text: str
    names: tuple[str, ...]
    """Of the parameters, in their order."""
    fixed: Mapping[str, Any]
    """The parameters that the statement itself has."""
    converters: Mapping[str, Converter]
    """Of the parameters that the driver does not take as they are."""
    positional: bool
    kind: Callable[..., Any]
    """Of the rows."""
    readers: tuple[tuple[int, Converter], ...]
    """Of the places of a row whose values are not meant as the driver gives them."""

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """*values* as the driver takes them; raises StatementError for one that cannot be kept."""
        given = {**self.fixed, **values}
        try:
            for name, convert in self.converters.items():
                given[name] = convert(given[name])
        except ValueError as error:
            raise exc.StatementError(str(error), self.text, None, error, hide_parameters=True) from error
        return [given[name] for name in self.names] if self.positional else given

    def row(self, found: tuple[Any, ...]) -> Any:
        """A row as it is meant."""
        if not self.readers:
            return self.kind(*found)
        meant = list(found)
        for place, read in self.readers:
            meant[place] = read(meant[place])
        return self.kind(*meant)


def _compiled(statement: Statement, dialect: Dialect, names: tuple[str, ...]) -> _Form:
    columns = list(statement.selected_columns) if isinstance(statement, Select | CompoundSelect) else []
    written: Any = visitors.replacement_traverse(statement, {}, _as_text)
    compiled: Any = written.compile(dialect=dialect, column_keys=list(names))
    binds = {compiled.bind_names[bind]: bind for bind in compiled.bind_names}
    converters = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in binds.items()}
    readers = [_reader(column, dialect) for column in columns]
    return _Form(
        text=compiled.string,
        names=tuple(compiled.positiontup or binds),
        fixed={name: _plain(bind.effective_value) for name, bind in binds.items() if not bind.required},
        converters={name: convert for name, convert in converters.items() if convert is not None},
        positional=compiled.positional,
        kind=namedtuple("Row", [column.name for column in columns]),
        readers=tuple((place, read) for place, read in enumerate(readers) if read is not None),
    )


def _as_text(element: Any, **_: Any) -> ColumnClause[Any] | None:
    """A word that is the statement's own, written into it.

    As a parameter SQLite takes it for one that may be another next time: where a partial index may fit or not by it
    (``deed = 'withdraw'``), it plans the statement anew at each run, 80 us instead of 7 (measured).
    """
    if not isinstance(element, BindParameter) or element.required:
        return None
    word = element.value
    if not isinstance(word, str) or not word.isascii() or not word.replace("_", "").isalnum():
        return None
    return literal_column(f"'{word}'", element.type)


def _plain(value: Any) -> Any:
    """A word of an enumeration as text: psycopg goes a longer way for it each time."""
    return str(value) if isinstance(value, str) else value


def _reader(column: ColumnElement[Any], dialect: Dialect) -> Converter | None:
    # Both drivers give floats as such; SQLAlchemy would ask for the number that PostgreSQL gives the type.
    if isinstance(column.type, Float):
        return None
    read: Converter | None = column.type.dialect_impl(dialect).result_processor(dialect, None)
    return read
