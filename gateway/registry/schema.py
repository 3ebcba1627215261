"""The tables of the document registry and repository.

Two halves, as IHE cuts them: ``registry_documents`` is the repository (unique id to bytes, which lie in files), every
other table the registry (metadata and what is searched in it). One document has one row in the repository, and in
the registry an entry for each submission that brought it and each version of its metadata (ITI-57).

Columns hold what queries look at, in the form that is compared; ``body`` holds the object as it was registered
(:mod:`gateway.registry.rows`). ``status``, ``patient_id`` and ``last_update_time`` may change later: there the column
is the truth. ``id`` is the order of registration, given by the registry under its lock. ``submission_id`` is the
submission set that brought an object, for the export. Names and types are the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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

_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
_ID = String(64)
"""``urn:uuid:`` and 36 characters, or an OID."""
_VALUE = String(256)
"""A slot value: 256 characters at most (ebRIM 3.0 ShortName, ITI TF-3 section 4.2.3.1.7)."""
_TIME = String(14)
"""A DTM of full precision (:func:`gateway.registry.forms.full_time`)."""
_WHEN = String(32)
"""A moment of this registry: ISO 8601, UTC."""

DOCUMENTS = Table(
    "registry_documents",
    METADATA,
    Column("unique_id", _VALUE, primary_key=True),
    Column("digest", String(64), nullable=False),  # SHA-256, key of the bytes
    Column("hash", String(40), nullable=False),  # SHA-1, lower case
    Column("size_bytes", _NUMBER, nullable=False),
    Column("mime_type", _VALUE, nullable=False),
    Column("received_at", _WHEN, nullable=False),
    Index("registry_documents_digest", "digest"),
)


def _number() -> Column[int]:
    return Column("id", _NUMBER, primary_key=True, autoincrement=False)


def _submission() -> Column[int]:
    # No foreign key: a submission set may be removed (ITI-62) before what it caused.
    return Column("submission_id", _NUMBER, nullable=False)


def _of(table: str) -> Column[int]:
    return Column("owner", _NUMBER, ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True)


SUBMISSION_SETS = Table(
    "registry_submission_sets",
    METADATA,
    _number(),
    Column("entry_uuid", _ID, nullable=False),
    Column("unique_id", _VALUE, nullable=False),
    Column("source_id", _ID, nullable=False),
    Column("patient_id", _VALUE, nullable=False),  # CX as submitted
    Column("patient_key", _VALUE, nullable=False),  # id and authority of it, what is compared
    Column("submission_time", _TIME, nullable=False),
    Column("content_type_code", _VALUE, nullable=False),
    Column("content_type_system", _VALUE, nullable=False),
    Column("status", _VALUE, nullable=False),
    Column("body", Text, nullable=False),
    Column("registered_at", _WHEN, nullable=False),
    UniqueConstraint("entry_uuid", name="registry_submission_sets_uuid"),
    UniqueConstraint("unique_id", name="registry_submission_sets_unique_id"),
    Index("registry_submission_sets_patient", "patient_key", "submission_time"),
)

SET_AUTHORS = Table(
    "registry_submission_set_authors",
    METADATA,
    _of("registry_submission_sets"),
    Column("position", Integer, primary_key=True),
    Column("person", Text, nullable=False),  # as in registry_entry_authors
)

FOLDERS = Table(
    "registry_folders",
    METADATA,
    _number(),
    _submission(),
    Column("entry_uuid", _ID, nullable=False),
    Column("logical_id", _ID, nullable=False),
    Column("version", Integer, nullable=False),
    Column("latest", Boolean, nullable=False),
    Column("unique_id", _VALUE, nullable=False),
    Column("patient_id", _VALUE, nullable=False),
    Column("patient_key", _VALUE, nullable=False),
    Column("status", _VALUE, nullable=False),
    Column("last_update_time", _TIME, nullable=False),
    Column("body", Text, nullable=False),
    Column("registered_at", _WHEN, nullable=False),
    UniqueConstraint("entry_uuid", name="registry_folders_uuid"),
    UniqueConstraint("unique_id", "version", name="registry_folders_one_version"),
    UniqueConstraint("logical_id", "version", name="registry_folders_one_lineage"),
    Index("registry_folders_patient", "patient_key", "last_update_time"),
    Index("registry_folders_submission", "submission_id"),
)

FOLDER_CODES = Table(
    "registry_folder_codes",
    METADATA,
    _of("registry_folders"),
    Column("position", Integer, primary_key=True),
    Column("code", _VALUE, nullable=False),
    Column("system", _VALUE, nullable=False),
)

ENTRIES = Table(
    "registry_entries",
    METADATA,
    _number(),
    _submission(),
    Column("entry_uuid", _ID, nullable=False),
    Column("logical_id", _ID, nullable=False),
    Column("version", Integer, nullable=False),
    Column("latest", Boolean, nullable=False),
    Column("unique_id", _VALUE, nullable=False),
    Column("repository_unique_id", _ID, nullable=False),
    Column("patient_id", _VALUE, nullable=False),
    Column("patient_key", _VALUE, nullable=False),
    Column("status", _VALUE, nullable=False),
    Column("availability", _VALUE, nullable=False),  # empty: online
    Column("object_type", _ID, nullable=False),
    Column("hash", String(40), nullable=False),  # empty: on-demand
    Column("size_bytes", _NUMBER),
    Column("mime_type", _VALUE, nullable=False),
    Column("creation_time", _TIME),
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
    Column("registered_at", _WHEN, nullable=False),
    UniqueConstraint("entry_uuid", name="registry_entries_uuid"),
    # Not unique: the same document may be submitted again, with an entry of its own (NIST 12004).
    Index("registry_entries_unique_id", "unique_id"),
    UniqueConstraint("logical_id", "version", name="registry_entries_one_lineage"),
    Index("registry_entries_patient", "patient_key", "creation_time"),
    Index("registry_entries_submission", "submission_id"),
)

REFERENCE_IDS = Table(
    "registry_reference_ids",
    METADATA,
    _of("registry_entries"),
    Column("position", Integer, primary_key=True),
    Column("value", _VALUE, nullable=False),
    Column("authority", _VALUE, nullable=False),  # OID, or empty: not stated
    Column("type_code", _VALUE, nullable=False),
    Index("registry_reference_ids_value", "value", "type_code", "authority"),
)

CODES = Table(
    "registry_entry_codes",
    METADATA,
    _of("registry_entries"),
    Column("attribute", String(32), primary_key=True),  # ``event`` or ``confidentiality``
    Column("position", Integer, primary_key=True),
    Column("code", _VALUE, nullable=False),
    Column("system", _VALUE, nullable=False),
)

AUTHORS = Table(
    "registry_entry_authors",
    METADATA,
    _of("registry_entries"),
    Column("position", Integer, primary_key=True),
    Column("person", Text, nullable=False),  # XCN with its case folded, for LIKE (folding may lengthen it)
)

ASSOCIATIONS = Table(
    "registry_associations",
    METADATA,
    _number(),
    _submission(),
    Column("entry_uuid", _ID, nullable=False),
    Column("type", _VALUE, nullable=False),
    Column("source", _ID, nullable=False),
    Column("source_kind", String(1), nullable=False),  # gateway.registry.rows.Kind
    Column("target", _ID, nullable=False),
    Column("target_kind", String(1), nullable=False),
    Column("status", _VALUE, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("entry_uuid", name="registry_associations_uuid"),
    Index("registry_associations_source", "source"),
    Index("registry_associations_target", "target"),
    Index("registry_associations_submission", "submission_id"),
)

PATIENTS = Table(
    "registry_patients",
    METADATA,
    Column("patient_key", _VALUE, primary_key=True),
    Column("patient_id", _VALUE, nullable=False),
    Column("merged_into", _VALUE, nullable=False),  # patient_key of the survivor, or empty
    Column("recorded_at", _WHEN, nullable=False),
)
