"""The tables of the document registry and repository.

Two halves, as IHE cuts them: ``registry_documents`` is the repository (unique id to bytes, which lie in the blobs),
every other table the registry (metadata and what is searched in it). One document has one row in the repository and,
for each version of its metadata, one entry in the registry: version 1 alone until metadata updates (ITI-57) exist.

Columns hold what queries look at, in the form that is compared; ``body`` holds the object as it was registered
(:mod:`gateway.registry.rows`). Names and types are the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

_ID = String(64)
"""``urn:uuid:`` and 36 characters, or an OID."""
_VALUE = String(256)
"""A slot value: 256 characters at most (ebRIM 3.0 ShortName, ITI TF-3 section 4.2.3.1.7)."""
_TIME = String(14)
"""A DTM of full precision (:func:`gateway.registry.forms.full_time`)."""

DOCUMENTS = Table(
    "registry_documents",
    METADATA,
    Column("unique_id", _VALUE, primary_key=True),
    Column("digest", String(64), nullable=False),  # SHA-256, key of the bytes in the blobs
    Column("hash", String(40), nullable=False),  # SHA-1, lower case
    Column("size_bytes", Integer, nullable=False),
    Column("mime_type", _VALUE, nullable=False),
    Column("received_at", String(32), nullable=False),  # ISO 8601, UTC
    Index("registry_documents_digest", "digest"),
)

ENTRIES = Table(
    "registry_entries",
    METADATA,
    Column("entry_uuid", _ID, primary_key=True),
    Column("logical_id", _ID, nullable=False),
    Column("version", Integer, nullable=False),
    Column("unique_id", _VALUE, nullable=False),
    Column("repository_unique_id", _ID, nullable=False),
    Column("patient_id", _VALUE, nullable=False),  # CX as submitted
    Column("patient_key", _VALUE, nullable=False),  # id and authority of it, what is compared
    Column("status", _VALUE, nullable=False),
    Column("object_type", _ID, nullable=False),
    Column("hash", String(40), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("mime_type", _VALUE, nullable=False),
    Column("creation_time", _TIME, nullable=False),
    Column("service_start_time", _TIME),
    Column("service_stop_time", _TIME),
    Column("class_code", _VALUE, nullable=False),
    Column("class_system", _VALUE, nullable=False),
    Column("type_code", _VALUE, nullable=False),
    Column("type_system", _VALUE, nullable=False),
    Column("format_code", _VALUE, nullable=False),
    Column("format_system", _VALUE, nullable=False),
    Column("facility_code", _VALUE, nullable=False),
    Column("facility_system", _VALUE, nullable=False),
    Column("practice_code", _VALUE, nullable=False),
    Column("practice_system", _VALUE, nullable=False),
    Column("body", Text, nullable=False),
    Column("registered_at", String(32), nullable=False),  # ISO 8601, UTC
    UniqueConstraint("unique_id", "version", name="registry_entries_one_version"),
    UniqueConstraint("logical_id", "version", name="registry_entries_one_lineage"),
    Index("registry_entries_patient", "patient_key", "creation_time"),
)


def _entry() -> Column[str]:
    return Column("entry_uuid", _ID, ForeignKey("registry_entries.entry_uuid", ondelete="CASCADE"), primary_key=True)


REFERENCE_IDS = Table(
    "registry_reference_ids",
    METADATA,
    _entry(),
    Column("position", Integer, primary_key=True),
    Column("value", _VALUE, nullable=False),
    Column("authority", _VALUE, nullable=False),  # OID, or empty: not stated
    Column("type_code", _VALUE, nullable=False),
    Index("registry_reference_ids_value", "value", "type_code"),
)

CODES = Table(
    "registry_entry_codes",
    METADATA,
    _entry(),
    Column("attribute", String(32), primary_key=True),  # ``event`` or ``confidentiality``
    Column("position", Integer, primary_key=True),
    Column("code", _VALUE, nullable=False),
    Column("system", _VALUE, nullable=False),
    Index("registry_entry_codes_code", "code", "attribute"),
)

AUTHORS = Table(
    "registry_entry_authors",
    METADATA,
    _entry(),
    Column("position", Integer, primary_key=True),
    Column("person", Text, nullable=False),  # XCN with its case folded, for LIKE (folding may lengthen it)
)

SUBMISSION_SETS = Table(
    "registry_submission_sets",
    METADATA,
    Column("entry_uuid", _ID, primary_key=True),
    Column("unique_id", _VALUE, nullable=False),
    Column("source_id", _ID, nullable=False),
    Column("patient_key", _VALUE, nullable=False),
    Column("submission_time", _TIME, nullable=False),
    Column("status", _VALUE, nullable=False),
    Column("body", Text, nullable=False),
    Column("registered_at", String(32), nullable=False),  # ISO 8601, UTC
    UniqueConstraint("unique_id", name="registry_submission_sets_unique_id"),
    Index("registry_submission_sets_patient", "patient_key"),
)

ASSOCIATIONS = Table(
    "registry_associations",
    METADATA,
    Column("entry_uuid", _ID, primary_key=True),
    Column("type", _VALUE, nullable=False),
    Column("source", _ID, nullable=False),
    Column("target", _ID, nullable=False),
    Column("status", _VALUE, nullable=False),
    Column("body", Text, nullable=False),
    Index("registry_associations_source", "source"),
    Index("registry_associations_target", "target"),
)


def create(connection: Connection) -> None:
    """Make every table: for tests. A running registry gets them from the migrations of the store."""
    METADATA.create_all(connection)
