"""The tables of who may see what: what reports tell that rights depend on, and each use of break-glass."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from gateway.audit.columns import UtcTime
from gateway.store.schema import METADATA

REPORT_FACTS = Table(
    "report_facts",
    METADATA,
    Column("report_id", Text, ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True),
    Column("facts", Text, nullable=False),  # JSON
)
"""What a report tells that rights depend on (:class:`gateway.model.rights.ExamFacts`)."""

REPORT_NUMBERS = Table(
    "report_numbers",
    METADATA,
    Column("report_id", Text, ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("key", String(64), nullable=False),  # digest of kind and value
    Index("report_numbers_key", "key"),
)
"""By which accession numbers and patient identifiers a report is found, each as a digest of one length."""

BREAK_GLASS = Table(
    "break_glass",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("session_id", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),  # JSON: as it was typed
    Column("asked", Text, nullable=False),
    Column("patient_key", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index("break_glass_session", "session_id", "patient_key"),
    Index("break_glass_created_at", "created_at"),
)
"""Each time somebody saw images without a tie to the patient, and why."""
