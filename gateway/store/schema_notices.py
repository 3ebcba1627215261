"""The tables of who was told of what is held."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from gateway.audit.columns import UtcTime
from gateway.store.schema import METADATA

NOTICES = Table(
    "notices",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("channel", Text, nullable=False),  # mail, webhook
    Column("content", Text, nullable=False),  # JSON: counts, reasons and our own ids
    Column("made_at", UtcTime, nullable=False),
    Column("due_at", UtcTime),  # null when it was delivered
    Column("lease", Text),  # token of the process that is delivering it
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),  # code of the last failure
    Column("delivered_at", UtcTime),
    Index("notices_channel", "channel", "made_at"),
)
"""Messages to people, made and then delivered: a message that is made is not lost."""

TOLD = Table(
    "told",
    METADATA,
    Column("channel", Text, primary_key=True),
    Column("work_id", Text, primary_key=True),  # of a share, or of a message of the relay
    Column("held_at", UtcTime, nullable=False),
    Index("told_held_at", "held_at"),
)
"""What a channel was told of, written together with the notice that tells it."""

CHANNELS = Table(
    "channels",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("made_at", UtcTime, nullable=False),  # when its last notice was made
)
"""One row a channel: where two processes that want to tell the same meet."""
