"""Tables and indexes for looking at shares: found by what people know of them, listed page by page.

Everything here follows from the other tables. A release that does not know these tables yet may go on writing beside
this one: :func:`gateway.store.listing.catch_up` fills in what it left out.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from gateway.store.schema import METADATA, REPORTS, SHARES

_SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")

REPORT_KEYS = Table(
    "report_keys",
    METADATA,
    # Digest of a kind and a value: a stranger can make values long, and nobody reads a patient out of this table.
    Column("key", String(64), primary_key=True),
    Column("report_id", Text, ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True),
    Index("report_keys_report", "report_id"),
)
"""Reports by accession number, by patient identifier, by unique id."""

SHARE_MODALITIES = Table(
    "share_modalities",
    METADATA,
    Column("modality", String(16), primary_key=True),
    Column("sequence", _SEQUENCE, ForeignKey("shares.sequence", ondelete="CASCADE"), primary_key=True),
    Index("share_modalities_share", "sequence"),
)

SHARE_HOURS = Table(
    "share_hours",
    METADATA,
    Column("hour", Integer, primary_key=True, autoincrement=False),  # since 1970
    Column("sequence", BigInteger, nullable=False),
)
"""The first share of each hour: a time becomes a place in the order of arrival, and every index ends with that."""

Index("shares_place", SHARES.c.site, SHARES.c.destination, SHARES.c.sequence)
Index("shares_registered_at", SHARES.c.registered_at)
Index("reports_received_at", REPORTS.c.received_at)
