"""Messages found by their control id; and only those that are a blob of their own are in the index of blobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("messages_control_id", "messages", ["control_id", "sequence"])
    # Nearly every message has none: its row was an entry of this index for nothing.
    op.drop_index("messages_blob", "messages")
    some = sa.text("blob IS NOT NULL")
    op.create_index("messages_blob", "messages", ["blob"], sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    op.drop_index("messages_blob", "messages")
    op.create_index("messages_blob", "messages", ["blob"])
    op.drop_index("messages_control_id", "messages")
