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
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from gateway.audit.columns import UtcTime

METADATA = MetaData()

DIGEST = String(64)
"""A SHA-256 in hexadecimal."""
NAMES_BLOB = {"names": "blob"}
"""``info`` of a column that names a document's bytes (:mod:`gateway.store.references`)."""
SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")


def lines(name: str, held: str) -> Table:
    """A table of what is leased (:mod:`gateway.store.leasing`); *held*: its column for the id of what is worked on."""
    leased = text("lease_until IS NOT NULL")
    return Table(
        name,
        METADATA,
        Column("key", DIGEST, primary_key=True),  # of what makes a line
        Column("lease", Text),  # token of the worker that holds something of it
        Column("lease_until", UtcTime),
        Column(held, Text),
        # Of the leased alone: a look for the free ones must go by the time at which what stands in them is due.
        Index(f"{name}_lease_until", "lease_until", sqlite_where=leased, postgresql_where=leased),
    )


REPORTS = Table(
    "reports",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("key", DIGEST, nullable=False),  # of site and unique id: what is unique
    Column("site", Text, nullable=False),
    Column("unique_id", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("extension", Text),
    Column("digest", DIGEST, nullable=False, info=NAMES_BLOB),
    Column("statements_digest", Text, nullable=False),
    Column("received", Text, nullable=False),  # JSON: how it came
    Column("statements", Text, nullable=False),  # JSON: what was stated beside it
    Column("patient_cx", Text, nullable=False),
    Column("authors", Text, nullable=False),  # JSON: identifiers of who wrote or signed
    Column("received_at", UtcTime, nullable=False),
    # With defaults: the release before this one goes on writing while machines are brought up to date one by one.
    Column("kind", Text, nullable=False, server_default="report"),  # or ``withdrawal``: the message that withdraws one
    Column("replaces", Text, nullable=False, server_default=""),  # unique id of the report that it replaces
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

REPORT_PATIENTS = Table(
    "report_patients",
    METADATA,
    Column("report_id", Text, ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("key", DIGEST, nullable=False),  # of root and extension
    Column("root", Text, nullable=False),
    Column("extension", Text),
    Index("report_patients_key", "key"),
)
"""Under which identifiers a patient is named in a report: how an identity that changes finds its reports."""

IDENTITIES = Table(
    "identities",
    METADATA,
    Column("key", DIGEST, primary_key=True),  # of site, root and extension
    Column("site", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("extension", Text),
    Column("into", Text, nullable=False),  # JSON: the identifiers, birth date and sex that hold now
    Column("merged", Boolean, nullable=False),
    Column("actor", Text, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)
"""Identities that were corrected or merged: also for the reports that come later under the old one."""

LINEAGES = lines("lineages", "share_id")
"""What is leased is the lineage: its one row is what two workers of PostgreSQL meet at, so that never two of its
shares are worked on at a time."""

_WITHDRAWING = text("deed = 'withdraw' AND claim_at IS NOT NULL")

SHARES = Table(
    "shares",
    METADATA,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),  # the order of arrival
    Column("id", Text, nullable=False),
    Column("report_id", Text, ForeignKey("reports.id"), nullable=False),
    Column("site", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("lineage", Text, nullable=False),
    Column("lineage_key", DIGEST, ForeignKey("lineages.key"), nullable=False),
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
    # With defaults: the release before this one goes on writing while machines are brought up to date one by one.
    Column("deed", Text, nullable=False, server_default="publish"),
    Column("target", Text, nullable=False, server_default=""),
    Column("study_uid", Text, nullable=False, server_default=""),
    Column("awaits", Text, nullable=False, server_default=""),  # key of the report that it amends, not here yet
    Column("behind", Boolean, nullable=False, server_default=false()),  # it came before what it amends
    Column("overrides", Text, nullable=False, server_default=""),  # JSON
    Column("waited_s", Float, nullable=False, server_default="0"),
    Column("away_s", Float, nullable=False, server_default="0"),
    UniqueConstraint("id", name="shares_one_id"),
    Index("shares_claim_at", "claim_at", "sequence"),
    Index("shares_lineage", "lineage_key", "destination", "sequence"),
    Index("shares_report", "report_id"),
    Index("shares_state", "state", "sequence"),
    Index("shares_state_destination", "state", "destination"),
    Index("shares_target", "target"),
    # Each claim asks whether something is about to withdraw it. Nearly every target is empty: a database that has
    # counted them would rather read all that waits than look one up in the index of all.
    Index("shares_withdrawing", "target", sqlite_where=_WITHDRAWING, postgresql_where=_WITHDRAWING),
    Index("shares_awaits", "awaits"),
    sqlite_autoincrement=True,
)

SHARE_STEPS = Table(
    "share_steps",
    METADATA,
    Column("share_id", Text, ForeignKey("shares.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("times", Integer, nullable=False),
    Column("happening", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", Text, nullable=False),  # JSON
    Column("actor", Text, nullable=False),
)
"""The history of each share: what happened, where it led; tries that end alike are counted in one row."""

SUBMISSIONS = Table(
    "submissions",
    METADATA,
    Column("share_id", Text, ForeignKey("shares.id"), primary_key=True),
    Column("submission_set_unique_id", Text, nullable=False),
    Column("patient_id", Text, nullable=False),
    Column("metadata", LargeBinary, nullable=False),
    Column("signature_digest", Text, nullable=False, info=NAMES_BLOB),
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
    Column("digest", DIGEST, nullable=False, info=NAMES_BLOB),
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
    Column("replaces", Text, nullable=False, server_default=""),
    # JSON: what the row said before, until the registry has the manifest that takes its place.
    Column("former", Text, nullable=False, server_default=""),
    Index("manifests_share", "share_id"),
    Index("manifests_study", "study_uid"),
)

WATCHES = Table(
    "watches",
    METADATA,
    Column("site", Text, primary_key=True),
    Column("study_uid", Text, primary_key=True),
    Column("round", Integer, nullable=False),  # how often it was looked at since it was published
    Column("due_at", UtcTime),  # null: not looked at any more
    Column("fingerprint", Text, nullable=False),  # of what the last look that led to something saw
    Column("lost", Text, nullable=False),  # JSON: what the PACS lost or changed, for people
    Column("told", Boolean, nullable=False, server_default=false()),  # somebody said that the images changed
    Index("watches_due_at", "due_at"),
    Index("watches_study", "study_uid"),
)
"""Published studies that are looked at again."""

RECEIVED_INSTANCES = Table(
    "received_instances",
    METADATA,
    Column("study_uid", Text, primary_key=True),
    Column("sop_instance_uid", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # "rejection", "import", or "step" (a performed step that has not ended)
    Column("digest", DIGEST, nullable=False, info=NAMES_BLOB),  # of the Part 10 bytes
    Column("size_bytes", BigInteger, nullable=False),
    Column("peer", Text, nullable=False),  # AE title of who sent it
    Column("note", Text, nullable=False),  # JSON: what a rejection says
    Column("received_at", UtcTime, nullable=False),
    Index("received_instances_instance", "sop_instance_uid"),
    Index("received_instances_digest", "digest"),
    Index("received_instances_received_at", "received_at"),
)
"""Instances that a PACS sent: rejection notes (a row for each study they speak of), imports."""

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
    # With defaults: the release before this one goes on writing while machines are brought up to date one by one.
    Column("details", Text, nullable=False, server_default=""),  # JSON
    Column("provider_session", Text, nullable=False, server_default=""),  # digest of issuer and sid
    Column("subject_key", Text, nullable=False, server_default=""),  # digest of issuer and sub
    Column("refresh_at", UtcTime),  # null: the provider's tokens are not asked for again
    Index("sessions_seen_at", "seen_at"),
    Index("sessions_provider_session", "provider_session"),
    Index("sessions_subject_key", "subject_key"),
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
    Column("provider", Text, nullable=False, server_default=""),
    Column("silent", Boolean, nullable=False, server_default=false()),
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
    # JSON: every study and how it is to be seen; empty where the release before wrote the row.
    Column("shown", Text, nullable=False, server_default=""),
    Index("handles_session", "session_id"),
    Index("handles_created_at", "created_at"),
)

MESSAGES = Table(
    "messages",
    METADATA,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("key", DIGEST, nullable=False),  # what two deliveries of one message have in common
    Column("port", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("control_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("answer", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("hl7_code", Text, nullable=False),
    Column("report_ids", Text, nullable=False),  # JSON
    Column("relay_id", Text, nullable=False),
    Column("duplicate", Boolean, nullable=False),
    Column("again_of", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),  # without the documents, which are in the blobs
    Column("cuts", Text, nullable=False),  # JSON: where the documents stood
    Column("blob", DIGEST, info=NAMES_BLOB),  # the whole message where it is too large for a row
    Column("whole", Boolean, nullable=False),
    UniqueConstraint("id", name="messages_one_id"),
    Index("messages_key", "key", "answer"),
    Index("messages_received_at", "received_at"),
    Index("messages_control_id", "control_id", "sequence"),
    Index("messages_blob", "blob", sqlite_where=text("blob IS NOT NULL"), postgresql_where=text("blob IS NOT NULL")),
    sqlite_autoincrement=True,
)
