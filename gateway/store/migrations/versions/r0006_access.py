"""Who may see what: sessions, break-glass, links."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""


def downgrade() -> None:
    """See above."""
