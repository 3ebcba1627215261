"""What the receiver keeps: rejection notes and imports; what a replaced manifest was until the new one is shared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("manifests", sa.Column("former", sa.Text(), nullable=False, server_default=""))
    op.add_column("watches", sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "received_instances",
        sa.Column("study_uid", sa.Text(), primary_key=True),
        sa.Column("sop_instance_uid", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("received_instances_instance", "received_instances", ["sop_instance_uid"])
    op.create_index("received_instances_digest", "received_instances", ["digest"])
    op.create_index("received_instances_received_at", "received_instances", ["received_at"])


def downgrade() -> None:
    op.drop_table("received_instances")
    op.drop_column("watches", "told")
    op.drop_column("manifests", "former")
