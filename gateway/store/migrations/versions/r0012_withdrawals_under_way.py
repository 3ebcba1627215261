"""Withdrawals under way found by what they withdraw: each claim asks for them, and they are few."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    under_way = sa.text("deed = 'withdraw' AND claim_at IS NOT NULL")
    op.create_index("shares_withdrawing", "shares", ["target"], sqlite_where=under_way, postgresql_where=under_way)


def downgrade() -> None:
    op.drop_index("shares_withdrawing", "shares")
