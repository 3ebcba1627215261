"""Where the documents are: the folder that the rows of the store speak of, and no other.

A folder on a shared disk, or on one of its own, may not be mounted: what is there then is an empty folder of another
disk. A report kept there would be acknowledged and never found again, by other machines at once, by this one after the
mount. So a folder without a trace of us is taken for a new one only as long as the store is new as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Engine, Table, inspect, literal, select

from gateway.errors import Unavailable
from gateway.store import references
from gateway.store.blobs import FileBlobs
from gateway.store.engine import reading


def open_documents(folder: Path, engine: Engine) -> FileBlobs:
    """The documents in *folder*, which is made where the store is empty. Raises as :func:`check_there`."""
    check_there(folder, engine, {column.table for column in references.COLUMNS})
    return FileBlobs(folder)


def check_there(folder: Path, engine: Engine, tables: Iterable[Table]) -> None:
    """See that *folder* is one of ours, or that none of *tables*, whose rows name documents, has a row yet.

    Raises Unavailable: ``store_documents_away`` when they have rows and *folder* has never been ours.
    """
    if not FileBlobs.is_at(folder) and _any_row(engine, tables):
        raise Unavailable("store_documents_away", folder=str(folder))


def _any_row(engine: Engine, tables: Iterable[Table]) -> bool:
    """Whether one of *tables* has a row; a database without tables has none."""
    with reading(engine) as connection:
        there = set(inspect(connection).get_table_names())
        one = [select(literal(1)).select_from(table).limit(1) for table in tables if table.name in there]
        return any(connection.execute(query).first() is not None for query in one)
