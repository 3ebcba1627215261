"""The tables of the teleradiology relay: requests, and their messages on their way."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from gateway.audit.columns import UtcTime
from gateway.store.schema import DIGEST, METADATA, NAMES_BLOB, SEQUENCE, lines

RELAY_REQUESTS = Table(
    "relay_requests",
    METADATA,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("order_root", Text, nullable=False),
    Column("order_extension", Text),
    Column("state", Text, nullable=False),
    Column("patient_cx", Text, nullable=False),
    Column("told", Text, nullable=False),  # JSON: what its messages told
    Column("report_id", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    Column("answered_at", UtcTime),
    Column("cancelled_at", UtcTime),
    Column("performed_at", UtcTime),
    Column("reported_at", UtcTime),
    UniqueConstraint("id", name="relay_requests_one_id"),
    Index("relay_requests_state", "state", "sequence"),
    Index("relay_requests_platform", "platform", "sequence"),
    sqlite_autoincrement=True,
)

RELAY_LINES = lines("relay_lines", "message_id")
"""What is leased of the relay: the messages of one request that go one way, in their order."""

RELAY_MESSAGES = Table(
    "relay_messages",
    METADATA,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),  # the order of arrival
    Column("id", Text, nullable=False),
    Column("request_id", Text, ForeignKey("relay_requests.id"), nullable=False),
    Column("line_key", DIGEST, ForeignKey("relay_lines.key"), nullable=False),
    Column("direction", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("control_id", Text, nullable=False),
    Column("digest", DIGEST, nullable=False, info=NAMES_BLOB),  # the bytes as they came
    Column("outgoing", DIGEST, nullable=False, info=NAMES_BLOB),  # the bytes that leave; empty until they are fixed
    Column("state", Text, nullable=False),
    Column("settled", Boolean, nullable=False),  # delivered or abandoned: those behind it may go
    Column("claim_at", UtcTime),
    Column("due_at", UtcTime, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", Text, nullable=False),  # JSON
    Column("delivered_at", UtcTime),
    Column("answer", Text, nullable=False),
    UniqueConstraint("id", name="relay_messages_one_id"),
    Index("relay_messages_claim_at", "claim_at", "sequence"),
    Index("relay_messages_line", "line_key", "settled", "sequence"),
    Index("relay_messages_state", "settled", "state"),
    Index("relay_messages_request", "request_id", "sequence"),
    Index("relay_messages_digest", "digest"),
    Index("relay_messages_outgoing", "outgoing"),
    sqlite_autoincrement=True,
)
