"""Peers that are away, rates, chores, erasures, and which releases may use the tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = ("schema_compatibility", "erasures", "chores", "rates", "peers")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)

    def text(name: str) -> sa.Column[str]:
        return sa.Column(name, sa.Text(), nullable=False)

    op.create_table(
        "peers",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        text("reason"),
        *(sa.Column(name, moment) for name in ("opened_at", "probe_at", "prober_at")),
    )
    op.create_table(
        "rates",
        sa.Column("destination", sa.Text(), primary_key=True),
        sa.Column("per_minute", sa.Float(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("counted_at", moment, nullable=False),
        sa.Column("spread_until", moment, nullable=False),
    )
    op.create_table(
        "chores",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("done_at", moment),
        sa.Column("lease_until", moment),
        text("holder"),
    )
    op.create_table(
        "erasures",
        sa.Column("report_id", sa.Text(), primary_key=True),
        *(text(name) for name in ("site", "unique_id", "what")),
        sa.Column("erased_at", moment, nullable=False),
    )
    op.create_index("erasures_erased_at", "erasures", ["erased_at"])
    op.create_table(
        "schema_compatibility",
        sa.Column("revision", sa.Text(), primary_key=True),
        text("compatible_from"),
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
