"""What the console lists and what people are told."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_AT_ONCE = 5000


def upgrade() -> None:
    _lists()
    _fill()
    _notices()


def downgrade() -> None:
    op.drop_index("relay_messages_state", "relay_messages")
    op.drop_index("shares_state_destination", "shares")
    for table in ("channels", "told", "notices"):
        op.drop_table(table)
    op.drop_index("audit_events_subject", "audit_events")
    op.drop_column("audit_events", "subject")
    op.drop_index("reports_received_at", "reports")
    op.drop_index("shares_registered_at", "shares")
    op.drop_index("shares_place", "shares")
    for table in ("share_hours", "share_modalities", "report_keys"):
        op.drop_table(table)


def _lists() -> None:
    text = sa.Text()
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "report_keys",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("report_id", text, sa.ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True),
    )
    op.create_index("report_keys_report", "report_keys", ["report_id"])
    op.create_table(
        "share_modalities",
        sa.Column("modality", sa.String(16), primary_key=True),
        sa.Column("sequence", sequence, sa.ForeignKey("shares.sequence", ondelete="CASCADE"), primary_key=True),
    )
    op.create_index("share_modalities_share", "share_modalities", ["sequence"])
    op.create_table(
        "share_hours",
        sa.Column("hour", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
    )
    op.create_index("shares_place", "shares", ["site", "destination", "sequence"])
    op.create_index("shares_registered_at", "shares", ["registered_at"])
    op.create_index("reports_received_at", "reports", ["received_at"])
    op.add_column("audit_events", sa.Column("subject", text, nullable=False, server_default=""))
    op.create_index("audit_events_subject", "audit_events", ["subject", "sequence"])


def _notices() -> None:
    text, moment = sa.Text(), sa.DateTime(timezone=True)
    op.create_table(
        "notices",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("channel", text, nullable=False),
        sa.Column("content", text, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("due_at", moment),
        sa.Column("lease", text),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", text, nullable=False),
        sa.Column("delivered_at", moment),
    )
    op.create_index("notices_channel", "notices", ["channel", "made_at"])
    op.create_table(
        "told",
        sa.Column("channel", text, primary_key=True),
        sa.Column("work_id", text, primary_key=True),
        sa.Column("held_at", moment, nullable=False),
    )
    op.create_index("told_held_at", "told", ["held_at"])
    op.create_table(
        "channels",
        sa.Column("name", text, primary_key=True),
        sa.Column("made_at", moment, nullable=False),
    )
    op.create_index("shares_state_destination", "shares", ["state", "destination"])
    op.create_index("relay_messages_state", "relay_messages", ["settled", "state"])


def _fill() -> None:
    """What the tables that are there already tell."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        hour = "CAST(unixepoch(r.received_at) / 3600 AS INTEGER)"
        share, report = "json_extract(event, '$.facts.share')", "json_extract(event, '$.facts.report')"
    else:
        hour = "CAST(floor(extract(epoch FROM r.received_at) / 3600) AS INTEGER)"
        share, report = "event::json->'facts'->>'share'", "event::json->'facts'->>'report'"
    op.execute(
        f"INSERT INTO share_hours (hour, sequence) SELECT {hour}, min(s.sequence)"  # noqa: S608 - our own words
        " FROM shares s JOIN reports r ON r.id = s.report_id GROUP BY 1"
    )
    op.execute(
        f"UPDATE audit_events SET subject = coalesce({share}, {report}, '')"  # noqa: S608 - our own words
        f" WHERE (action LIKE 'share.%' OR action LIKE 'report.%') AND length(coalesce({share}, {report}, '')) <= 64"
    )
    keys = sa.table("report_keys", sa.column("key"), sa.column("report_id"))
    after = ""
    while True:
        rows = connection.execute(
            sa.text("SELECT id, unique_id, patient_cx FROM reports WHERE id > :after ORDER BY id LIMIT :many"),
            {"after": after, "many": _AT_ONCE},
        ).all()
        if not rows:
            return
        after = rows[-1].id
        wanted = {(row.id, "report", row.unique_id) for row in rows}
        wanted |= {(row.id, "patient", row.patient_cx.partition("^")[0]) for row in rows if row.patient_cx}
        accessions = sa.text(
            "SELECT report_id, root, extension FROM report_accessions WHERE report_id >= :first AND report_id <= :last"
        )
        for row in connection.execute(accessions, {"first": rows[0].id, "last": after}):
            wanted.add((row.report_id, "accession", row.extension or row.root))
        made = {(_key(kind, value), report_id) for report_id, kind, value in wanted}
        op.bulk_insert(keys, [{"key": key, "report_id": report_id} for key, report_id in sorted(made)])


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(json.dumps([kind, value.strip().upper()]).encode("ascii")).hexdigest()
