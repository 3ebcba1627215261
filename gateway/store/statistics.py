"""The picture of the day: how many shares stand where, how fast they go, what is held, who does not answer.

Everything is read off indexes: shares that are on their way or held by their state, the day's by the moment of their
registration. What was shared on other days is never walked over.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Integer, Row, case, cast, func, select

from gateway.model.overview import HeldReason, Interval, PeerTrouble, Picture
from gateway.model.share import Deed, ShareState
from gateway.store import overviews
from gateway.store.schema import REPORTS, SHARES

INTERVAL_S = 1800
_ROWS = 50_000
"""Of the day, for the delays; of more than these the newest count."""
_OF_REPORTS = SHARES.c.deed == Deed.PUBLISH.value
"""A withdrawal or a new manifest years later says nothing of how fast reports are shared."""
_MOVING = (ShareState.WAITING, ShareState.FROZEN, ShareState.SENDING)
_ENDED = (ShareState.SUPERSEDED, ShareState.WITHDRAWN, ShareState.ABANDONED)


def picture(connection: Connection, since: datetime, now: datetime) -> Picture:
    """How things stand at *now*, and what happened from *since* (the beginning of the site's day) on."""
    registered = _registered(connection, since)
    arrived = _arrived(connection, since)
    delays = sorted(row.delay for row in registered)
    return Picture(
        at=now,
        since=since,
        states=_states(connection),
        received=sum(arrived.values()),
        shared=_shared(connection, since),
        median_s=statistics.median(delays) if delays else None,
        slowest_s=delays[min(len(delays) - 1, len(delays) * 9 // 10)] if delays else None,
        intervals=_intervals(since, now, registered, arrived),
        held=_held(connection),
        troubles=_troubles(connection),
        last_registered=_last(registered, "destination", "registered_s"),
        last_frozen=_last(registered, "site", "registered_s"),
    )


def seconds(connection: Connection, column: Column[Any] | ColumnElement[Any]) -> ColumnElement[int]:
    """A moment as whole seconds since 1970."""
    if connection.dialect.name == "sqlite":
        return cast(func.unixepoch(column), Integer)
    return cast(func.floor(func.extract("epoch", column)), Integer)


def _states(connection: Connection) -> dict[str, int]:
    """Counted one by one, each off the index; those that are shared for good would be walked over for nothing."""
    query = select(func.count()).select_from(SHARES)
    return {
        state.value: connection.execute(query.where(SHARES.c.state == state.value)).scalar_one()
        for state in (*_MOVING, ShareState.HELD, *_ENDED)
    }


def _shared(connection: Connection, since: datetime) -> int:
    query = select(func.count()).select_from(SHARES).where(SHARES.c.registered_at >= since, _OF_REPORTS)
    return connection.execute(query).scalar_one()


def _registered(connection: Connection, since: datetime) -> Sequence[Row[Any]]:
    at, received = seconds(connection, SHARES.c.registered_at), seconds(connection, REPORTS.c.received_at)
    return connection.execute(
        select(SHARES.c.site, SHARES.c.destination, at.label("registered_s"), (at - received).label("delay"))
        .select_from(SHARES.join(REPORTS, REPORTS.c.id == SHARES.c.report_id))
        .where(SHARES.c.registered_at >= since, _OF_REPORTS)
        .order_by(SHARES.c.registered_at.desc())
        .limit(_ROWS)
    ).all()


def _arrived(connection: Connection, since: datetime) -> dict[int, int]:
    """Reports by interval."""
    interval = seconds(connection, REPORTS.c.received_at) / INTERVAL_S
    whole = cast(func.floor(interval) if connection.dialect.name == "postgresql" else interval, Integer)
    # The quotient of two whole numbers has no fraction on either database once it is cast.
    rows = connection.execute(
        select(whole.label("interval"), func.count().label("reports"))
        .where(REPORTS.c.received_at >= since)
        .group_by("interval")
    )
    return {row.interval: row.reports for row in rows}


def _intervals(
    since: datetime, now: datetime, registered: Sequence[Row[Any]], arrived: dict[int, int]
) -> tuple[Interval, ...]:
    delays: dict[int, list[float]] = {}
    for row in registered:
        delays.setdefault(row.registered_s // INTERVAL_S, []).append(row.delay)
    first, last = int(since.timestamp()) // INTERVAL_S, int(now.timestamp()) // INTERVAL_S
    return tuple(
        Interval(
            start=datetime.fromtimestamp(number * INTERVAL_S, UTC),
            received=arrived.get(number, 0),
            shared=len(delays.get(number, ())),
            median_s=statistics.median(delays[number]) if number in delays else None,
        )
        for number in range(first, min(last, first + int(timedelta(days=2).total_seconds()) // INTERVAL_S) + 1)
    )


def _held(connection: Connection) -> tuple[HeldReason, ...]:
    groups = connection.execute(
        select(SHARES.c.reason, func.count().label("shares"), func.max(SHARES.c.sequence).label("newest"))
        .where(SHARES.c.state == ShareState.HELD.value)
        .group_by(SHARES.c.reason)
        .order_by(func.count().desc(), SHARES.c.reason)
    ).all()
    newest = {each.sequence: each for each in overviews.of(connection, [row.newest for row in groups])}
    return tuple(
        HeldReason(reason=row.reason, count=row.shares, newest=newest[row.newest])
        for row in groups
        if row.newest in newest
    )


def _troubles(connection: Connection) -> tuple[PeerTrouble, ...]:
    """Shares whose last try had no answer: they wait for their PACS, or are under way to their destination."""
    is_pacs = case((SHARES.c.state == ShareState.WAITING.value, 1), else_=0).label("is_pacs")
    of = (SHARES.c.site, SHARES.c.destination, is_pacs, SHARES.c.reason)
    rows = connection.execute(
        select(
            *of,
            func.count().label("shares"),
            func.max(SHARES.c.updated_at).label("last_at"),
            func.max(SHARES.c.sequence).label("newest"),
        )
        .where(
            SHARES.c.state.in_([state.value for state in (ShareState.WAITING, ShareState.SENDING)]),
            SHARES.c.attempts > 0,
            SHARES.c.reason != "",
        )
        .group_by(*of)
        .order_by(func.count().desc())
    ).all()
    newest = {each.sequence: each.share for each in overviews.of(connection, [row.newest for row in rows])}
    return tuple(
        PeerTrouble(
            site=row.site,
            destination=row.destination,
            is_pacs=bool(row.is_pacs),
            reason=row.reason,
            facts=newest[row.newest].facts if row.newest in newest else {},
            count=row.shares,
            last_at=row.last_at,
        )
        for row in rows
    )


def _last(rows: Sequence[Row[Any]], name: str, moment: str) -> dict[str, datetime]:
    """The newest moment of each, the rows being newest first."""
    found: dict[str, datetime] = {}
    for row in rows:
        found.setdefault(getattr(row, name), datetime.fromtimestamp(getattr(row, moment), UTC))
    return found
