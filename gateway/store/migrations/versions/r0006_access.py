"""Who may see what: sessions, break-glass, links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _added(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("handles", _added("shown"))
    for name in ("details", "provider_session", "subject_key"):
        op.add_column("sessions", _added(name))
    op.add_column("sessions", sa.Column("refresh_at", moment))
    for name in ("provider_session", "subject_key"):
        op.create_index(f"sessions_{name}", "sessions", [name])
    op.add_column("login_attempts", _added("provider"))
    op.add_column("login_attempts", sa.Column("silent", sa.Boolean(), nullable=False, server_default=sa.false()))
    report = sa.ForeignKey("reports.id", ondelete="CASCADE")
    op.create_table("report_facts", sa.Column("report_id", sa.Text(), report, primary_key=True), _text("facts"))
    report = sa.ForeignKey("reports.id", ondelete="CASCADE")
    op.create_table(
        "report_numbers",
        sa.Column("report_id", sa.Text(), report, primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
    )
    op.create_index("report_numbers_key", "report_numbers", ["key"])
    op.create_table(
        "break_glass",
        sa.Column("id", sa.Text(), primary_key=True),
        *(_text(name) for name in ("session_id", "actor", "reason", "asked", "patient_key")),
        sa.Column("created_at", moment, nullable=False),
    )
    op.create_index("break_glass_session", "break_glass", ["session_id", "patient_key"])
    op.create_index("break_glass_created_at", "break_glass", ["created_at"])


def downgrade() -> None:
    for name in ("break_glass", "report_numbers", "report_facts"):
        op.drop_table(name)
    for name in ("silent", "provider"):
        op.drop_column("login_attempts", name)
    for name in ("subject_key", "provider_session"):
        op.drop_index(f"sessions_{name}", "sessions")
    for name in ("refresh_at", "subject_key", "provider_session", "details"):
        op.drop_column("sessions", name)
    op.drop_column("handles", "shown")
