"""Watches found by their study: whoever tells of images that changed, or erases a report, names the study alone."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("watches_study", "watches", ["study_uid"])


def downgrade() -> None:
    op.drop_index("watches_study", "watches")
