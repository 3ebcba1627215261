"""Where the documents are: the folder that the rows of the store speak of, and no other.

A folder on a shared disk, or on one of its own, may not be mounted: what is there then is an empty folder of another
disk. A report kept there would be acknowledged and never found again, by other machines at once, by this one after the
mount. So a folder without a trace of us is taken for a new one only as long as the store is new as well.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, literal, select

from gateway.errors import Unavailable
from gateway.store import references
from gateway.store.blobs import FileBlobs
from gateway.store.engine import reading


def open_documents(folder: Path, engine: Engine) -> FileBlobs:
    """The documents in *folder*, which is made where the store is empty.

    Raises Unavailable: ``store_documents_away`` when the store has rows and *folder* has never been ours.
    """
    if not FileBlobs.is_at(folder) and _is_in_use(engine):
        raise Unavailable("store_documents_away", folder=str(folder))
    return FileBlobs(folder)


def _is_in_use(engine: Engine) -> bool:
    """Whether any table that names documents has a row; a database without tables has none."""
    with reading(engine) as connection:
        tables = {column.table.name: column.table for column in references.COLUMNS}
        there = tables.keys() & set(inspect(connection).get_table_names())
        one = [select(literal(1)).select_from(tables[name]).limit(1) for name in sorted(there)]
        return any(connection.execute(query).first() is not None for query in one)
