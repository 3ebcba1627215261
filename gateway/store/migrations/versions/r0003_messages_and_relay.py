"""The log of received messages, and the teleradiology relay."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = ("messages", "relay_requests", "relay_lines", "relay_messages")
"""In the order of their making: each after those it refers to."""


def upgrade() -> None:
    _messages()
    _requests()
    _deliveries()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _messages() -> None:
    op.create_table(
        "messages",
        _sequence(),
        _text("id"),
        _digest("key"),
        *(_text(name) for name in ("port", "peer", "sender", "control_id", "kind", "profile")),
        _time("received_at"),
        _time("recorded_at"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        _digest("digest"),
        *(_text(name) for name in ("answer", "code", "place", "hl7_code", "report_ids", "relay_id")),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        _text("again_of"),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        _text("cuts"),
        _digest("blob", null=True),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("id", name="messages_one_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("messages_key", "messages", ["key", "answer"])
    op.create_index("messages_received_at", "messages", ["received_at"])
    op.create_index("messages_blob", "messages", ["blob"])


def _requests() -> None:
    op.create_table(
        "relay_requests",
        _sequence(),
        _text("id"),
        *(_text(name) for name in ("site", "platform", "order_root")),
        _text("order_extension", null=True),
        *(_text(name) for name in ("state", "patient_cx", "told", "report_id")),
        _time("created_at"),
        _time("updated_at"),
        *(_time(f"{name}_at", null=True) for name in ("sent", "answered", "cancelled", "performed", "reported")),
        sa.UniqueConstraint("id", name="relay_requests_one_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("relay_requests_state", "relay_requests", ["state", "sequence"])
    op.create_index("relay_requests_platform", "relay_requests", ["platform", "sequence"])


def _deliveries() -> None:
    op.create_table(
        "relay_lines",
        _digest("key", primary=True),
        _text("lease", null=True),
        _time("lease_until", null=True),
        _text("message_id", null=True),
    )
    leased = sa.text("lease_until IS NOT NULL")
    op.create_index(
        "relay_lines_lease_until", "relay_lines", ["lease_until"], sqlite_where=leased, postgresql_where=leased
    )
    op.create_table(
        "relay_messages",
        _sequence(),
        _text("id"),
        sa.Column("request_id", sa.Text(), sa.ForeignKey("relay_requests.id"), nullable=False),
        sa.Column("line_key", sa.String(64), sa.ForeignKey("relay_lines.key"), nullable=False),
        *(_text(name) for name in ("direction", "flow", "profile", "control_id")),
        _digest("digest"),
        _digest("outgoing"),
        _text("state"),
        sa.Column("settled", sa.Boolean(), nullable=False),
        _time("claim_at", null=True),
        _time("due_at"),
        _time("created_at"),
        _time("updated_at"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _text("reason"),
        _text("facts"),
        _time("delivered_at", null=True),
        _text("answer"),
        sa.UniqueConstraint("id", name="relay_messages_one_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("relay_messages_claim_at", "relay_messages", ["claim_at", "sequence"])
    op.create_index("relay_messages_line", "relay_messages", ["line_key", "settled", "sequence"])
    op.create_index("relay_messages_request", "relay_messages", ["request_id", "sequence"])
    op.create_index("relay_messages_digest", "relay_messages", ["digest"])
    op.create_index("relay_messages_outgoing", "relay_messages", ["outgoing"])


def _sequence() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("sequence", kind, primary_key=True, autoincrement=True)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _digest(name: str, *, primary: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), primary_key=primary, nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)
