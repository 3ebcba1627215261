"""What the store can be counted by: for metrics, and nothing of a patient in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from gateway.model.share import ShareState
from gateway.store.engine import reading
from gateway.store.schema import SESSIONS, SHARES
from gateway.store.schema_notices import NOTICES
from gateway.store.schema_relay import RELAY_MESSAGES

UNSETTLED = (ShareState.WAITING, ShareState.FROZEN, ShareState.SENDING, ShareState.HELD)
"""States of shares that are few enough to be looked at one by one, and in which something is still to happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """One look at the store."""

    shares: dict[tuple[str, str], int] = field(default_factory=dict)
    """By (destination, state)."""
    oldest_s: dict[tuple[str, str], float] = field(default_factory=dict)
    """Age of the oldest share in each state in which something is still to happen; a held one's since it is held."""
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)
    """Tries without an answer of the shares as they stand."""
    held: dict[tuple[str, str], int] = field(default_factory=dict)
    """Held shares by (destination, reason)."""
    due: int = 0
    """Shares that could be worked on now."""
    due_oldest_s: float = 0.0
    """For how long the first of them has been due."""
    relay: dict[str, int] = field(default_factory=dict)
    """Messages of the relay that are not settled, by state."""
    sessions: int = 0
    notices: dict[str, int] = field(default_factory=dict)
    """Notices not delivered yet, by channel."""


def tallies(engine: Engine, now: datetime) -> Tallies:
    """Count; raises Unavailable."""
    with reading(engine) as connection:
        due, due_since = _due(connection, now)
        return Tallies(
            shares=_shares(connection),
            **_unsettled(connection, now),
            due=due,
            due_oldest_s=_age_s(due_since, now),
            relay=_relay(connection),
            sessions=connection.execute(select(func.count()).select_from(SESSIONS)).scalar_one(),
            notices={
                row.channel: row.many
                for row in connection.execute(
                    select(NOTICES.c.channel, func.count().label("many"))
                    .where(NOTICES.c.due_at.is_not(None))
                    .group_by(NOTICES.c.channel)
                )
            },
        )


def _shares(connection: Connection) -> dict[tuple[str, str], int]:
    query = select(SHARES.c.state, SHARES.c.destination, func.count().label("many")).group_by(
        SHARES.c.state, SHARES.c.destination
    )
    return {(row.destination, row.state): row.many for row in connection.execute(query)}


def _unsettled(connection: Connection, now: datetime) -> dict[str, Any]:
    columns = (SHARES.c.destination, SHARES.c.state)
    query = (
        select(
            *columns,
            func.min(SHARES.c.created_at).label("created"),
            func.min(SHARES.c.updated_at).label("updated"),
            func.sum(SHARES.c.attempts).label("attempts"),
        )
        .where(SHARES.c.state.in_([state.value for state in UNSETTLED]))
        .group_by(*columns)
    )
    rows = connection.execute(query).all()
    since = {row: row.updated if row.state == ShareState.HELD else row.created for row in rows}
    reasons = (
        select(SHARES.c.destination, SHARES.c.reason, func.count().label("many"))
        .where(SHARES.c.state == ShareState.HELD)
        .group_by(SHARES.c.destination, SHARES.c.reason)
    )
    return {
        "oldest_s": {(row.destination, row.state): _age_s(since[row], now) for row in rows},
        "attempts": {(row.destination, row.state): int(row.attempts) for row in rows},
        "held": {(row.destination, row.reason): row.many for row in connection.execute(reasons)},
    }


def _due(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    query = select(func.count().label("many"), func.min(SHARES.c.claim_at).label("first")).where(
        SHARES.c.claim_at <= now
    )
    row = connection.execute(query).one()
    return row.many, row.first


def _relay(connection: Connection) -> dict[str, int]:
    query = (
        select(RELAY_MESSAGES.c.state, func.count().label("many"))
        .where(RELAY_MESSAGES.c.settled.is_(False))
        .group_by(RELAY_MESSAGES.c.state)
    )
    return {row.state: row.many for row in connection.execute(query)}


def _age_s(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())
