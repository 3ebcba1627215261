"""The audit trail: a table to which each action's event is added in the transaction that makes the action true.

Source of what an event says: IHE ITI TF-2 section 3.20, DICOM PS3.15 annex A.5. Rows are added and read, never changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    select,
)

from gateway.audit.columns import UtcTime
from gateway.audit.inserting import insert_rows
from gateway.model.audit import AuditEvent, Outcome

METADATA = MetaData()


AUDIT_EVENTS = Table(
    "audit_events",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("recorded_at", UtcTime, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("event", Text, nullable=False),  # JSON with its version
    # What it is about: a share, else a report, else a document. The release before this one writes without it.
    Column("subject", Text, nullable=False, server_default=""),
    Index("audit_events_action", "action", "sequence"),
    Index("audit_events_subject", "subject", "sequence"),
    sqlite_autoincrement=True,
)

_VERSION = 1
_SUBJECT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as it stands in the trail."""

    sequence: int
    """Grows with time; on PostgreSQL a smaller one may become visible after a larger one."""
    recorded_at: datetime
    event: AuditEvent


def record(connection: Connection, event: AuditEvent) -> None:
    """Add *event* to the trail in the transaction of *connection*, with the moment of now."""
    record_all(connection, (event,))


def record_all(connection: Connection, events: Iterable[AuditEvent]) -> None:
    """Add *events* in their order, as :func:`record`."""
    now = datetime.now(UTC)
    rows = [
        {
            "recorded_at": now,
            "action": event.action,
            "outcome": event.outcome.value,
            "event": _dump(event),
            "subject": _subject(event.facts.get("share") or event.facts.get("report") or event.document),
        }
        for event in events
    ]
    insert_rows(connection, AUDIT_EVENTS, rows)


def about(connection: Connection, subjects: Sequence[str], *, limit: int = 1000) -> Sequence[Recorded]:
    """At most *limit* events about *subjects* (ids of shares, of reports, of documents): the newest, in their order."""
    rows = connection.execute(
        select(AUDIT_EVENTS)
        .where(AUDIT_EVENTS.c.subject.in_([_subject(one) for one in subjects if one]))
        .order_by(AUDIT_EVENTS.c.sequence.desc())
        .limit(limit)
    ).all()
    return [_recorded(row) for row in reversed(rows)]


def events(connection: Connection, *, after: int = 0, limit: int = 1000) -> Sequence[Recorded]:
    """At most *limit* events with a sequence above *after*, in their order."""
    rows = connection.execute(
        select(AUDIT_EVENTS).where(AUDIT_EVENTS.c.sequence > after).order_by(AUDIT_EVENTS.c.sequence).limit(limit)
    )
    return [_recorded(row) for row in rows]


def _subject(value: str) -> str:
    """*value*, or its digest where it is longer than an id of ours: a stranger could make an index entry too long."""
    return value if len(value) <= _SUBJECT else hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def _recorded(row: Row[Any]) -> Recorded:
    return Recorded(
        sequence=row.sequence,
        recorded_at=row.recorded_at,
        event=_load(row.action, Outcome(row.outcome), json.loads(row.event)),
    )


def _dump(event: AuditEvent) -> str:
    return json.dumps(
        {
            "version": _VERSION,
            "actor": event.actor,
            "patient": event.patient,
            "study_uid": event.study_uid,
            "document": event.document,
            "facts": event.facts,
        }
    )


def _load(action: str, outcome: Outcome, data: dict[str, object]) -> AuditEvent:
    facts = data["facts"]
    return AuditEvent(
        action=action,
        outcome=outcome,
        actor=str(data["actor"]),
        patient=str(data["patient"]),
        study_uid=str(data["study_uid"]),
        document=str(data["document"]),
        facts={str(name): str(value) for name, value in facts.items()} if isinstance(facts, dict) else {},
    )
