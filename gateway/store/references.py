"""Which columns name a document's bytes: said once, at the column, for all who must know every one of them.

The sweep of the folder of documents, the backup and the erasure by rule each look through them; a column that one of
them forgot would be a document lost.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, bindparam, select

from gateway.store import schema_relay  # noqa: F401 - its tables are of the store too
from gateway.store.schema import METADATA, NAMES_BLOB

COLUMNS: tuple[Column[str], ...] = tuple(
    column for table in METADATA.sorted_tables for column in table.columns if NAMES_BLOB.items() <= column.info.items()
)
_QUERIES = [select(column).where(column == bindparam("digest")).limit(1) for column in COLUMNS]


def is_referenced(connection: Connection, digest: str) -> bool:
    """Whether any row of the store names the blob *digest*."""
    return any(connection.execute(query, {"digest": digest}).first() is not None for query in _QUERIES)
