"""Shares that replace, correct and withdraw; their history; studies that are looked at again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, default in (("deed", "publish"), ("target", ""), ("study_uid", "")):
        op.add_column("shares", sa.Column(name, sa.Text(), nullable=False, server_default=default))
    op.create_index("shares_target", "shares", ["target"])
    op.add_column("manifests", sa.Column("replaces", sa.Text(), nullable=False, server_default=""))
    op.create_index("manifests_study", "manifests", ["study_uid"])
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "share_steps",
        sa.Column("share_id", sa.Text(), sa.ForeignKey("shares.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("happening", "state", "reason", "facts", "actor")),
    )
    op.create_table(
        "watches",
        sa.Column("site", sa.Text(), primary_key=True),
        sa.Column("study_uid", sa.Text(), primary_key=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("due_at", moment),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("lost", sa.Text(), nullable=False),
    )
    op.create_index("watches_due_at", "watches", ["due_at"])


def downgrade() -> None:
    op.drop_table("watches")
    op.drop_table("share_steps")
    op.drop_index("manifests_study", "manifests")
    op.drop_column("manifests", "replaces")
    op.drop_index("shares_target", "shares")
    for name in ("study_uid", "target", "deed"):
        op.drop_column("shares", name)
