"""The first tables: store, audit trail, document registry.

A revision is written by hand and stands for itself: it does not import the tables as they are today.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "reports",
    "report_studies",
    "report_accessions",
    "lineages",
    "shares",
    "submissions",
    "documents",
    "manifests",
    "pairings",
    "sessions",
    "login_attempts",
    "handles",
    "audit_events",
    "registry_documents",
    "registry_entries",
    "registry_reference_ids",
    "registry_entry_codes",
    "registry_entry_authors",
    "registry_submission_sets",
    "registry_associations",
)
"""In the order of their making: each after those it refers to."""


def upgrade() -> None:
    _reports()
    _shares()
    _submissions()
    _access()
    _audit()
    _registry_repository()
    _registry_entries()
    _registry_sets()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _text(name: str, *extra: Any, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), *extra, primary_key=key, nullable=null)


def _string(name: str, length: int, *extra: Any, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), *extra, primary_key=key, nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _integer(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), primary_key=key, nullable=False)


def _sequence() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("sequence", kind, primary_key=True, autoincrement=True)


def _owner(name: str, target: str, *, key: bool = True) -> sa.Column[str]:
    return _text(name, sa.ForeignKey(target, ondelete="CASCADE"), key=key)


def _reports() -> None:
    op.create_table(
        "reports",
        _text("id", key=True),
        _string("key", 64),
        _text("site"),
        _text("unique_id"),
        _text("root"),
        _text("extension", null=True),
        _string("digest", 64),
        _text("statements_digest"),
        _text("received"),
        _text("statements"),
        _text("patient_cx"),
        _text("authors"),
        _time("received_at"),
        sa.UniqueConstraint("key", name="reports_one_unique_id"),
    )
    op.create_index("reports_digest", "reports", ["digest"])
    op.create_table(
        "report_studies", _owner("report_id", "reports.id"), _integer("position", key=True), _text("study_uid")
    )
    op.create_index("report_studies_study_uid", "report_studies", ["study_uid"])
    op.create_table(
        "report_accessions",
        _owner("report_id", "reports.id"),
        _integer("position", key=True),
        _text("root"),
        _text("extension", null=True),
    )


def _shares() -> None:
    op.create_table(
        "lineages",
        _string("key", 64, key=True),
        _text("lease", null=True),
        _time("lease_until", null=True),
        _text("share_id", null=True),
    )
    leased = sa.text("lease_until IS NOT NULL")
    op.create_index("lineages_lease_until", "lineages", ["lease_until"], sqlite_where=leased, postgresql_where=leased)
    op.create_table(
        "shares",
        _sequence(),
        _text("id"),
        _text("report_id", sa.ForeignKey("reports.id")),
        _text("site"),
        _text("destination"),
        _text("lineage"),
        _string("lineage_key", 64, sa.ForeignKey("lineages.key")),
        _text("state"),
        _time("claim_at", null=True),
        _time("due_at"),
        _time("created_at"),
        _time("updated_at"),
        _integer("attempts"),
        _text("progress"),
        _text("reason"),
        _text("facts"),
        _time("registered_at", null=True),
        sa.UniqueConstraint("id", name="shares_one_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("shares_claim_at", "shares", ["claim_at", "sequence"])
    op.create_index("shares_lineage", "shares", ["lineage_key", "destination", "sequence"])
    op.create_index("shares_report", "shares", ["report_id"])
    op.create_index("shares_state", "shares", ["state", "sequence"])


def _submissions() -> None:
    op.create_table(
        "submissions",
        _text("share_id", sa.ForeignKey("shares.id"), key=True),
        _text("submission_set_unique_id"),
        _text("patient_id"),
        sa.Column("metadata", sa.LargeBinary(), nullable=False),
        _text("signature_digest"),
    )
    op.create_index("submissions_signature_digest", "submissions", ["signature_digest"])
    op.create_table(
        "documents",
        _owner("share_id", "submissions.share_id"),
        _integer("position", key=True),
        *(_text(name) for name in ("kind", "unique_id", "entry_id", "mime_type", "type_code", "format_code")),
        _string("digest", 64),
        _text("hash"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        _text("study_uid"),
        _text("title"),
    )
    op.create_index("documents_digest", "documents", ["digest"])
    op.create_table(
        "manifests",
        _text("destination", key=True),
        _text("study_uid", key=True),
        _owner("share_id", "submissions.share_id", key=False),
        _text("unique_id"),
        _text("fingerprint"),
        _text("requests"),
        sa.Column("shared", sa.Boolean(), nullable=False),
    )
    op.create_index("manifests_share", "manifests", ["share_id"])
    op.create_table(
        "pairings",
        _owner("report_id", "reports.id"),
        _text("study_uid", key=True),
        _text("site"),
        _text("root"),
        _text("extension", null=True),
        _time("paired_at"),
    )
    op.create_index("pairings_study", "pairings", ["study_uid", "site"])


def _access() -> None:
    op.create_table(
        "sessions", _text("id", key=True), _text("person"), _text("csrf_token"), _time("created_at"), _time("seen_at")
    )
    op.create_index("sessions_seen_at", "sessions", ["seen_at"])
    op.create_table(
        "login_attempts",
        _text("state", key=True),
        *(_text(name) for name in ("browser", "nonce", "code_verifier", "next_url")),
        _time("created_at"),
    )
    op.create_index("login_attempts_created_at", "login_attempts", ["created_at"])
    op.create_table(
        "handles",
        _text("id", key=True),
        *(_text(name) for name in ("session_id", "site", "study_uid", "report_id")),
        _time("created_at"),
    )
    op.create_index("handles_session", "handles", ["session_id"])
    op.create_index("handles_created_at", "handles", ["created_at"])


def _audit() -> None:
    op.create_table(
        "audit_events",
        _sequence(),
        _time("recorded_at"),
        _text("action"),
        _text("outcome"),
        _text("event"),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_events_action", "audit_events", ["action", "sequence"])


def _registry_repository() -> None:
    op.create_table(
        "registry_documents",
        _string("unique_id", 256, key=True),
        _string("digest", 64),
        _string("hash", 40),
        _integer("size_bytes"),
        _string("mime_type", 256),
        _string("received_at", 32),
    )
    op.create_index("registry_documents_digest", "registry_documents", ["digest"])


def _registry_entries() -> None:
    op.create_table(
        "registry_entries",
        _string("entry_uuid", 64, key=True),
        _string("logical_id", 64),
        _integer("version"),
        _string("unique_id", 256),
        _string("repository_unique_id", 64),
        _string("patient_id", 256),
        _string("patient_key", 256),
        _string("status", 256),
        _string("object_type", 64),
        _string("hash", 40),
        _integer("size_bytes"),
        _string("mime_type", 256),
        _string("creation_time", 14),
        _string("service_start_time", 14, null=True),
        _string("service_stop_time", 14, null=True),
        *(
            _string(f"{attribute}_{part}", 256)
            for attribute in ("class", "type", "format", "facility", "practice")
            for part in ("code", "system")
        ),
        _text("body"),
        _string("registered_at", 32),
        sa.UniqueConstraint("unique_id", "version", name="registry_entries_one_version"),
        sa.UniqueConstraint("logical_id", "version", name="registry_entries_one_lineage"),
    )
    op.create_index("registry_entries_patient", "registry_entries", ["patient_key", "creation_time"])
    op.create_table(
        "registry_reference_ids",
        _registry_entry(),
        _integer("position", key=True),
        _string("value", 256),
        _string("authority", 256),
        _string("type_code", 256),
    )
    op.create_index("registry_reference_ids_value", "registry_reference_ids", ["value", "type_code"])
    op.create_table(
        "registry_entry_codes",
        _registry_entry(),
        _string("attribute", 32, key=True),
        _integer("position", key=True),
        _string("code", 256),
        _string("system", 256),
    )
    op.create_index("registry_entry_codes_code", "registry_entry_codes", ["code", "attribute"])
    op.create_table("registry_entry_authors", _registry_entry(), _integer("position", key=True), _text("person"))


def _registry_entry() -> sa.Column[str]:
    return _string("entry_uuid", 64, sa.ForeignKey("registry_entries.entry_uuid", ondelete="CASCADE"), key=True)


def _registry_sets() -> None:
    op.create_table(
        "registry_submission_sets",
        _string("entry_uuid", 64, key=True),
        _string("unique_id", 256),
        _string("source_id", 64),
        _string("patient_key", 256),
        _string("submission_time", 14),
        _string("status", 256),
        _text("body"),
        _string("registered_at", 32),
        sa.UniqueConstraint("unique_id", name="registry_submission_sets_unique_id"),
    )
    op.create_index("registry_submission_sets_patient", "registry_submission_sets", ["patient_key"])
    op.create_table(
        "registry_associations",
        _string("entry_uuid", 64, key=True),
        _string("type", 256),
        _string("source", 64),
        _string("target", 64),
        _string("status", 256),
        _text("body"),
    )
    op.create_index("registry_associations_source", "registry_associations", ["source"])
    op.create_index("registry_associations_target", "registry_associations", ["target"])
