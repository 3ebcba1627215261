"""The tables of what keeps the gateway well: peers that are away, rates, chores, erasures, who may use the tables."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, Table, Text

from gateway.audit.columns import UtcTime
from gateway.store.schema import METADATA

PEERS = Table(
    "peers",
    METADATA,
    Column("name", Text, primary_key=True),  # "destination:NAME", "pacs:NAME"
    Column("failures", Integer, nullable=False),  # without an answer in between
    Column("reason", Text, nullable=False),
    Column("opened_at", UtcTime),  # null: it answers
    Column("probe_at", UtcTime),  # when the next one may try
    Column("prober_at", UtcTime),  # when the share that was told to try is due
)
"""Who does not answer: one share tries, the others wait."""

RATES = Table(
    "rates",
    METADATA,
    Column("destination", Text, primary_key=True),
    Column("per_minute", Float, nullable=False),
    Column("tokens", Float, nullable=False),
    Column("counted_at", UtcTime, nullable=False),
    Column("spread_until", UtcTime, nullable=False),  # up to when comings back were handed out
)
"""How many submissions may leave now, for all workers together."""

CHORES = Table(
    "chores",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("done_at", UtcTime),
    Column("lease_until", UtcTime),
    Column("holder", Text, nullable=False),
)
"""What is done now and then by one process of all."""

ERASURES = Table(
    "erasures",
    METADATA,
    Column("report_id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("unique_id", Text, nullable=False),
    Column("what", Text, nullable=False),  # "documents": its bytes; "everything": its rows too
    Column("erased_at", UtcTime, nullable=False),
    Index("erasures_erased_at", "erased_at"),
)
"""What was erased by rule: the unique id stays, so that it can be told that the report was here."""

SCHEMA_COMPATIBILITY = Table(
    "schema_compatibility",
    METADATA,
    Column("revision", Text, primary_key=True),
    Column("compatible_from", Text, nullable=False),
)
"""One row: the revision of the tables, and the oldest one whose release can still work with them."""
