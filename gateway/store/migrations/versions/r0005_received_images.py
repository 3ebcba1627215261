"""What the receiver keeps: rejection notes, imports."""

from __future__ import annotations

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""


def downgrade() -> None:
    """See above."""
