"""The document registry learns versions, folders, lifecycles and patients.

Its tables are made anew with numbers as keys, and what a registry of revision 0001 held is carried over: version 1 of
every entry, submission sets, and HasMember associations, which is all there was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_CARRIED = (
    "registry_documents",
    "registry_entries",
    "registry_reference_ids",
    "registry_entry_codes",
    "registry_entry_authors",
    "registry_submission_sets",
    "registry_associations",
)
_MADE = (
    "registry_documents",
    "registry_submission_sets",
    "registry_submission_set_authors",
    "registry_folders",
    "registry_folder_codes",
    "registry_entries",
    "registry_reference_ids",
    "registry_entry_codes",
    "registry_entry_authors",
    "registry_associations",
    "registry_patients",
)
_BATCH = 500

Row = dict[str, Any]


def upgrade() -> None:
    for table in _CARRIED:
        op.execute(f"CREATE TEMPORARY TABLE carried_{table} AS SELECT * FROM {table}")  # noqa: S608 - our names
    _drop(_CARRIED)
    _make()
    _carry()
    for table in _CARRIED:
        op.execute(f"DROP TABLE carried_{table}")


def downgrade() -> None:
    """Back to the tables of 0001, empty: they have no place for versions and folders."""
    _drop(_MADE)
    from gateway.store.migrations.versions import r0001_first_tables as first

    first._registry_repository()
    first._registry_entries()
    first._registry_sets()


def _drop(tables: tuple[str, ...]) -> None:
    for table in reversed(tables):
        op.drop_table(table)


def _carry() -> None:
    connection = op.get_bind()
    for batch in _rows(connection, "registry_documents", "unique_id"):
        _insert(connection, "registry_documents", batch)
    sets = _numbered(connection, "registry_submission_sets", _carried_set)
    owner = _first_sets(connection, sets)
    entries = _numbered(connection, "registry_entries", lambda row: _carried_entry(row, owner))
    for table in ("registry_reference_ids", "registry_entry_codes", "registry_entry_authors"):
        for batch in _rows(connection, table, "entry_uuid, position"):
            _insert(connection, table, [_owned(row, entries) for row in batch])
    _numbered(
        connection,
        "registry_associations",
        lambda row: {**row, "submission_id": sets.get(row["source"], 0), "source_kind": "S", "target_kind": "D"},
        order="entry_uuid",
    )


def _numbered(connection: sa.Connection, table: str, carried: Any, order: str = "registered_at, entry_uuid") -> Any:
    """Carry *table* over with numbers in its order; gives the number of each entryUUID."""
    numbers: dict[str, int] = {}
    for batch in _rows(connection, table, order):
        rows = []
        for row in batch:
            numbers[row["entry_uuid"]] = len(numbers) + 1
            rows.append({**carried(row), "id": numbers[row["entry_uuid"]]})
        _insert(connection, table, rows)
    return numbers


def _carried_set(row: Row) -> Row:
    body = json.loads(row["body"])
    code = body.get("content_type_code", {})
    return {
        **row,
        "patient_id": body.get("patient_id", ""),
        "content_type_code": code.get("code", ""),
        "content_type_system": code.get("system", ""),
    }


def _carried_entry(row: Row, owner: dict[str, int]) -> Row:
    return {**row, "submission_id": owner.get(row["entry_uuid"], 0), "latest": True, "availability": ""}


def _first_sets(connection: sa.Connection, sets: dict[str, int]) -> dict[str, int]:
    """The set that brought each entry: the first that has it as a member."""
    owner: dict[str, int] = {}
    for batch in _rows(connection, "registry_associations", "entry_uuid"):
        for row in batch:
            number = sets.get(row["source"], 0)
            owner[row["target"]] = min(owner.get(row["target"], number), number)
    return owner


def _owned(row: Row, numbers: dict[str, int]) -> Row:
    return {**{name: value for name, value in row.items() if name != "entry_uuid"}, "owner": numbers[row["entry_uuid"]]}


def _rows(connection: sa.Connection, table: str, order: str) -> Iterator[list[Row]]:
    selected = connection.execute(sa.text(f"SELECT * FROM carried_{table} ORDER BY {order}"))  # noqa: S608 - our names
    found = iter(selected.mappings().all())
    while batch := [dict(row) for row in islice(found, _BATCH)]:
        yield batch


def _insert(connection: sa.Connection, table: str, rows: list[Row]) -> None:
    columns = list(rows[0])
    connection.execute(sa.table(table, *(sa.column(name) for name in columns)).insert(), rows)


def _make() -> None:
    op.create_table(
        "registry_documents",
        _string("unique_id", 256, key=True),
        _string("digest", 64),
        _string("hash", 40),
        _number("size_bytes"),
        _string("mime_type", 256),
        _string("received_at", 32),
    )
    op.create_index("registry_documents_digest", "registry_documents", ["digest"])
    _submission_sets()
    _folders()
    _entries()
    _associations()
    op.create_table(
        "registry_patients",
        _string("patient_key", 256, key=True),
        _string("patient_id", 256),
        _string("merged_into", 256),
        _string("recorded_at", 32),
    )


def _submission_sets() -> None:
    op.create_table(
        "registry_submission_sets",
        _number("id", key=True),
        _string("entry_uuid", 64),
        _string("unique_id", 256),
        _string("source_id", 64),
        _string("patient_id", 256),
        _string("patient_key", 256),
        _string("submission_time", 14),
        _string("content_type_code", 256),
        _string("content_type_system", 256),
        *_end(),
        sa.UniqueConstraint("entry_uuid", name="registry_submission_sets_uuid"),
        sa.UniqueConstraint("unique_id", name="registry_submission_sets_unique_id"),
    )
    op.create_index("registry_submission_sets_patient", "registry_submission_sets", ["patient_key", "submission_time"])
    op.create_table("registry_submission_set_authors", _owner("registry_submission_sets"), _position(), _text("person"))


def _folders() -> None:
    op.create_table(
        "registry_folders",
        *_versioned(),
        _string("last_update_time", 14),
        *_end(),
        sa.UniqueConstraint("entry_uuid", name="registry_folders_uuid"),
        sa.UniqueConstraint("unique_id", "version", name="registry_folders_one_version"),
        sa.UniqueConstraint("logical_id", "version", name="registry_folders_one_lineage"),
    )
    op.create_index("registry_folders_patient", "registry_folders", ["patient_key", "last_update_time"])
    op.create_index("registry_folders_submission", "registry_folders", ["submission_id"])
    op.create_table(
        "registry_folder_codes",
        _owner("registry_folders"),
        _position(),
        _string("code", 256),
        _string("system", 256),
    )


def _entries() -> None:
    op.create_table(
        "registry_entries",
        *_versioned(),
        _string("repository_unique_id", 64),
        _string("availability", 256),
        _string("object_type", 64),
        _string("hash", 40),
        _number("size_bytes", null=True),
        _string("mime_type", 256),
        *(_string(name, 14, null=True) for name in ("creation_time", "service_start_time", "service_stop_time")),
        *(
            _string(f"{attribute}_{part}", 256)
            for attribute in ("class", "type", "format", "facility", "practice")
            for part in ("code", "system")
        ),
        *_end(),
        sa.UniqueConstraint("entry_uuid", name="registry_entries_uuid"),
        sa.UniqueConstraint("logical_id", "version", name="registry_entries_one_lineage"),
    )
    op.create_index("registry_entries_unique_id", "registry_entries", ["unique_id"])
    op.create_index("registry_entries_patient", "registry_entries", ["patient_key", "creation_time"])
    op.create_index("registry_entries_submission", "registry_entries", ["submission_id"])
    op.create_table(
        "registry_reference_ids",
        _owner("registry_entries"),
        _position(),
        _string("value", 256),
        _string("authority", 256),
        _string("type_code", 256),
    )
    op.create_index("registry_reference_ids_value", "registry_reference_ids", ["value", "type_code", "authority"])
    op.create_table(
        "registry_entry_codes",
        _owner("registry_entries"),
        _string("attribute", 32, key=True),
        _position(),
        _string("code", 256),
        _string("system", 256),
    )
    op.create_table("registry_entry_authors", _owner("registry_entries"), _position(), _text("person"))


def _associations() -> None:
    op.create_table(
        "registry_associations",
        _number("id", key=True),
        _number("submission_id"),
        _string("entry_uuid", 64),
        _string("type", 256),
        _string("source", 64),
        _string("source_kind", 1),
        _string("target", 64),
        _string("target_kind", 1),
        _string("status", 256),
        _text("body"),
        sa.UniqueConstraint("entry_uuid", name="registry_associations_uuid"),
    )
    for name in ("source", "target"):
        op.create_index(f"registry_associations_{name}", "registry_associations", [name])
    op.create_index("registry_associations_submission", "registry_associations", ["submission_id"])


def _versioned() -> tuple[sa.Column[Any], ...]:
    return (
        _number("id", key=True),
        _number("submission_id"),
        _string("entry_uuid", 64),
        _string("logical_id", 64),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("latest", sa.Boolean(), nullable=False),
        _string("unique_id", 256),
        _string("patient_id", 256),
        _string("patient_key", 256),
    )


def _end() -> tuple[sa.Column[Any], ...]:
    return _string("status", 256), _text("body"), _string("registered_at", 32)


def _owner(table: str) -> sa.Column[Any]:
    return _number("owner", sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), key=True)


def _position() -> sa.Column[Any]:
    return sa.Column("position", sa.Integer(), primary_key=True, nullable=False)


def _number(name: str, *extra: Any, key: bool = False, null: bool = False) -> sa.Column[Any]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, *extra, primary_key=key, nullable=null, autoincrement=False)


def _string(name: str, length: int, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), primary_key=key, nullable=null)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)
