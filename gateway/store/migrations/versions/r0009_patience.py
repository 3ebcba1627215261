"""How long a share has waited, counted by its looks and tries instead of by the clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COLUMNS = ("waited_s", "away_s")


def upgrade() -> None:
    # With a default: the release before this one goes on adding shares. What waits already has its whole patience anew.
    for name in _COLUMNS:
        op.add_column("shares", sa.Column(name, sa.Float(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("shares", name)
