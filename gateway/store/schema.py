"""The tables of the gateway's truth.

Names and types are the same on SQLite and on PostgreSQL. Keys that a stranger could make long (unique ids, set ids)
are kept as digests, because PostgreSQL refuses an index entry above some 2,700 bytes. A column of JSON text carries
the version of its form (:mod:`gateway.store.forms`); JSON escapes what one of the databases would refuse (NUL, half a
surrogate pair), so everything a sender wrote by hand stands in JSON.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.audit.columns import UtcTime

METADATA = MetaData()

_DIGEST = String(64)
"""A SHA-256 in hexadecimal."""
_SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")

REPORTS = Table(
    "reports",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("key", _DIGEST, nullable=False),  # of site and unique id: what is unique
    Column("site", Text, nullable=False),
    Column("unique_id", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("extension", Text),
    Column("digest", _DIGEST, nullable=False),  # key of the bytes in the blobs
    Column("statements_digest", Text, nullable=False),
    Column("received", Text, nullable=False),  # JSON: how it came
    Column("statements", Text, nullable=False),  # JSON: what was stated beside it
    Column("patient_cx", Text, nullable=False),
    Column("authors", Text, nullable=False),  # JSON: identifiers of who wrote or signed
    Column("received_at", UtcTime, nullable=False),
    UniqueConstraint("key", name="reports_one_unique_id"),
    Index("reports_digest", "digest"),
)

REPORT_STUDIES = Table(
    "report_studies",
    METADATA,
    Column("report_id", Text, ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("study_uid", Text, nullable=False),
    Index("report_studies_study_uid", "study_uid"),
)

REPORT_ACCESSIONS = Table(
    "report_accessions",
    METADATA,
    Column("report_id", Text, ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("root", Text, nullable=False),
    Column("extension", Text),
)

_LEASED = text("lease_until IS NOT NULL")
LINEAGES = Table(
    "lineages",
    METADATA,
    Column("key", _DIGEST, primary_key=True),  # of site and lineage
    Column("lease", Text),  # token of the worker that holds one of its shares
    Column("lease_until", UtcTime),
    Column("share_id", Text),  # the share that is held
    # Of the leased alone: a look for the free ones must go by the time at which their shares are due.
    Index("lineages_lease_until", "lease_until", sqlite_where=_LEASED, postgresql_where=_LEASED),
)
"""What is leased is the lineage: its one row is what two workers of PostgreSQL meet at, so that never two of its
shares are worked on at a time."""

SHARES = Table(
    "shares",
    METADATA,
    Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),  # the order of arrival
    Column("id", Text, nullable=False),
    Column("report_id", Text, ForeignKey("reports.id"), nullable=False),
    Column("site", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("lineage", Text, nullable=False),
    Column("lineage_key", _DIGEST, ForeignKey("lineages.key"), nullable=False),
    Column("state", Text, nullable=False),
    Column("claim_at", UtcTime),  # ``due_at`` while there is something to do, else null: what workers look at
    Column("due_at", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("progress", Text, nullable=False),  # JSON
    Column("reason", Text, nullable=False),
    Column("facts", Text, nullable=False),  # JSON
    Column("registered_at", UtcTime),
    UniqueConstraint("id", name="shares_one_id"),
    Index("shares_claim_at", "claim_at", "sequence"),
    Index("shares_lineage", "lineage_key", "destination", "sequence"),
    Index("shares_report", "report_id"),
    Index("shares_state", "state", "sequence"),
    sqlite_autoincrement=True,
)

SUBMISSIONS = Table(
    "submissions",
    METADATA,
    Column("share_id", Text, ForeignKey("shares.id"), primary_key=True),
    Column("submission_set_unique_id", Text, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("metadata", LargeBinary, nullable=False),
    Column("signature_digest", Text, nullable=False),
    Index("submissions_signature_digest", "signature_digest"),
)

DOCUMENTS = Table(
    "documents",
    METADATA,
    Column("share_id", Text, ForeignKey("submissions.share_id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("unique_id", Text, nullable=False),
    Column("entry_id", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("type_code", Text, nullable=False),
    Column("format_code", Text, nullable=False),
    Column("digest", _DIGEST, nullable=False),
    Column("hash", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("study_uid", Text, nullable=False),
    Column("title", Text, nullable=False),
    Index("documents_digest", "digest"),
)

MANIFESTS = Table(
    "manifests",
    METADATA,
    Column("destination", Text, primary_key=True),
    Column("study_uid", Text, primary_key=True),
    Column("share_id", Text, ForeignKey("submissions.share_id", ondelete="CASCADE"), nullable=False),
    Column("unique_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("requests", Text, nullable=False),
    Column("shared", Boolean, nullable=False),
    Index("manifests_share", "share_id"),
)

PAIRINGS = Table(
    "pairings",
    METADATA,
    Column("report_id", Text, ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True),
    Column("study_uid", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("extension", Text),
    Column("paired_at", UtcTime, nullable=False),
    Index("pairings_study", "study_uid", "site"),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),  # JSON
    Column("csrf_token", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Index("sessions_seen_at", "seen_at"),
)

LOGIN_ATTEMPTS = Table(
    "login_attempts",
    METADATA,
    Column("state", Text, primary_key=True),
    Column("browser", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("code_verifier", Text, nullable=False),
    Column("next_url", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index("login_attempts_created_at", "created_at"),
)

HANDLES = Table(
    "handles",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("session_id", Text, nullable=False),  # no foreign key: a logout may overtake the page that names it
    Column("site", Text, nullable=False),
    Column("study_uid", Text, nullable=False),
    Column("report_id", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index("handles_session", "session_id"),
    Index("handles_created_at", "created_at"),
)
