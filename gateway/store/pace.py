"""How fast, and whether at all: rates of destinations, and peers that are away, kept in the store for all workers.

A destination may have a rate. Its tokens grow with the time up to its burst, and each submission takes one. Who finds
none comes back at a moment of its own, so that ten thousand that wait do not come back together.

A peer (a destination, a PACS) that does not answer :data:`FAILURES` times in a row is taken to be away. From then on
one share a turn tries it, after a pause that doubles; the others wait without trying. The answer that comes wakes
everything that waited for it, and the rate, where there is one, says how fast that goes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

from gateway.audit.inserting import insert_new
from gateway.errors import Unavailable
from gateway.store.schema import LINEAGES, SHARES
from gateway.store.schema_care import PEERS, RATES

FAILURES = 2
AWAY = "peer_away"
PACED = "destination_paced"
_AWAY_S = 600.0
"""How long others wait while one tries; the answer wakes them sooner."""
LONGEST_S = 2 * _AWAY_S


class Postponed(Unavailable):
    """Not now: the share goes back as it is, and no try is counted."""

    def __init__(self, code: str, until: datetime, **facts: str) -> None:
        super().__init__(code, place="", **facts)
        self.until = until


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many submissions a destination takes: a minute, and at once after a pause."""

    per_minute: float
    burst: float = 1.0

    @property
    def interval_s(self) -> float:
        return 60.0 / self.per_minute


def take(connection: Connection, destination: str, rate: Rate, now: datetime) -> datetime | None:
    """Take one token; without any, the moment to come back at, which nobody else was given."""
    query = select(RATES).where(RATES.c.destination == destination).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        insert_new(connection, RATES, _full(destination, rate, now))
        row = connection.execute(query).one()
    # A clock that was put back gives nothing, and takes nothing.
    passed_s = max(0.0, (now - row.counted_at).total_seconds())
    tokens = min(rate.burst, row.tokens + passed_s / rate.interval_s)
    values: dict[str, Any] = {"tokens": tokens, "counted_at": now, "per_minute": rate.per_minute}
    until = None
    if tokens >= 1.0:
        values["tokens"] = tokens - 1.0
    else:
        until, values["spread_until"] = _place(row.spread_until, now, (1.0 - tokens) * rate.interval_s, rate)
    connection.execute(update(RATES).where(RATES.c.destination == destination).values(values))
    return until


def _place(spread_until: datetime, now: datetime, first_s: float, rate: Rate) -> tuple[datetime, datetime]:
    """A moment to come back at, and up to when moments were then handed out.

    Those for whom the queue is too long come back within some minutes and ask again: what left the queue meanwhile
    leaves no hole for long.
    """
    ahead_s = (spread_until - now).total_seconds()
    if ahead_s > 2 * _AWAY_S:  # the clock was put back
        ahead_s = 0.0
    if ahead_s > _AWAY_S:
        return _later(now), spread_until
    until = now + timedelta(seconds=max(first_s, ahead_s + rate.interval_s))
    return until, until


def _later(now: datetime) -> datetime:
    return now + timedelta(seconds=_AWAY_S * (1.0 + random.random()))  # noqa: S311 - only to spread them


def rated(connection: Connection, destination: str, rate: Rate, now: datetime) -> None:
    """At the start of a worker: a rate that was changed in the settings holds at once, for those who wait too."""
    row = connection.execute(select(RATES).where(RATES.c.destination == destination)).one_or_none()
    if row is None or row.per_minute == rate.per_minute:
        return
    changed = _full(destination, rate, now) | {"tokens": min(row.tokens, rate.burst)}
    connection.execute(update(RATES).where(RATES.c.destination == destination).values(changed))
    wake(connection, [SHARES.c.destination == destination, SHARES.c.reason == PACED], now)


def _full(destination: str, rate: Rate, now: datetime) -> dict[str, Any]:
    return {
        "destination": destination,
        "per_minute": rate.per_minute,
        "tokens": rate.burst,
        "counted_at": now,
        "spread_until": now,
    }


# -- peers ------------------------------------------------------------------------------------------------------------


def away(connection: Connection) -> dict[str, Row[Any]]:
    """The peers that are taken to be away, by name."""
    rows = connection.execute(select(PEERS).where(PEERS.c.opened_at.is_not(None)))
    return {row.name: row for row in rows}


def may_try(connection: Connection, name: str, now: datetime, pause: Callable[[int], float]) -> datetime | None:
    """None: go. Else when to come back; of those who ask, one is given the moment of the next try.

    Who goes while the peer is away moves that moment: nobody else goes before *pause* seconds (of the number of
    failures) have passed.
    """
    row = connection.execute(select(PEERS).where(PEERS.c.name == name).with_for_update()).one_or_none()
    if row is None or row.opened_at is None:
        return None
    this = PEERS.c.name == name
    if row.probe_at <= now:
        next_try = now + timedelta(seconds=pause(row.failures))
        connection.execute(update(PEERS).where(this).values(probe_at=next_try, prober_at=None))
        return None
    if row.prober_at is None or row.prober_at <= now:
        connection.execute(update(PEERS).where(this).values(prober_at=row.probe_at))
        until: datetime = row.probe_at
        return until
    return _later(now)


def failed(
    connection: Connection,
    name: str,
    code: str,
    waiting: Collection[Any],
    now: datetime,
    pause: Callable[[int], float],
) -> bool:
    """No answer; gives whether the peer is taken to be away from now on, which it was not before.

    Of the shares that wait for it (the conditions *waiting*) one is due at the next try: somebody must find out when
    the peer is back, however few there are.
    """
    insert_new(connection, PEERS, {"name": name, "failures": 0, "reason": ""})
    row = connection.execute(select(PEERS).where(PEERS.c.name == name).with_for_update()).one()
    failures = row.failures + 1
    values: dict[str, Any] = {"failures": failures, "reason": code}
    opens = row.opened_at is None and failures >= FAILURES
    if failures >= FAILURES:
        values["opened_at"] = row.opened_at or now
        probe_at = max(now + timedelta(seconds=pause(failures)), row.probe_at or now)
        values |= {"probe_at": probe_at, "prober_at": probe_at if _send_one(connection, waiting, probe_at) else None}
    connection.execute(update(PEERS).where(PEERS.c.name == name).values(values))
    return opens


def probe(connection: Connection, name: str, waiting: Collection[Any], now: datetime) -> bool:
    """See that somebody tries a peer that is away when it may be tried; gives whether a share was sent to do so.

    The share that failed last has a delay of its own, which is long after a long outage; when it is the only one, and
    when the one that was to try it is gone, nobody would find out in time that the peer is back.
    """
    row = connection.execute(select(PEERS).where(PEERS.c.name == name).with_for_update()).one_or_none()
    if row is None or row.opened_at is None or (row.prober_at is not None and row.prober_at > now):
        return False
    at = max(row.probe_at, now)
    sent = _send_one(connection, waiting, at)
    connection.execute(update(PEERS).where(PEERS.c.name == name).values(prober_at=at if sent else None))
    return sent


def _send_one(connection: Connection, waiting: Collection[Any], at: datetime) -> bool:
    # Not one that is being carried, such as the one that has just failed: it has its own delay.
    leased = select(LINEAGES.c.key).where(LINEAGES.c.lease_until.is_not(None))
    held_up = or_(SHARES.c.reason == AWAY, SHARES.c.attempts > 0)
    query = select(SHARES.c.sequence).where(
        held_up, SHARES.c.claim_at.is_not(None), SHARES.c.lineage_key.not_in(leased), *waiting
    )
    one = connection.execute(query.order_by(SHARES.c.claim_at, SHARES.c.sequence).limit(1)).scalar_one_or_none()
    if one is None:
        return False
    connection.execute(update(SHARES).where(SHARES.c.sequence == one).values(claim_at=at, due_at=at))
    return True


def worked(connection: Connection, name: str, waiting: Collection[Any], now: datetime) -> int:
    """An answer: the peer is there, and whatever waited for it (the conditions *waiting*) is due; gives how many."""
    row = connection.execute(select(PEERS).where(PEERS.c.name == name).with_for_update()).one_or_none()
    if row is None or not row.failures:
        return 0
    closed = {"failures": 0, "reason": "", "opened_at": None, "probe_at": None, "prober_at": None}
    connection.execute(update(PEERS).where(PEERS.c.name == name).values(closed))
    if row.opened_at is None:
        return 0
    return wake(connection, [*waiting, or_(SHARES.c.reason == AWAY, SHARES.c.attempts > 0)], now)


def wake(connection: Connection, which: Collection[Any], now: datetime) -> int:
    """Whatever of *which* is not due yet is due now; what a worker holds keeps its lease."""
    woken = update(SHARES).where(SHARES.c.claim_at > now, *which).values(claim_at=now, due_at=now)
    return connection.execute(woken).rowcount


# -- a clock that was put back ----------------------------------------------------------------------------------------


def mend(connection: Connection, now: datetime, longest_s: float, deadline_s: float, lease_s: float) -> int:
    """After the clock was put back: what is due later than any delay of ours is due now, and a lease that ends later
    than any lease of ours ends within one. Gives how many rows it moved, usually none.

    *longest_s*: of all delays; *deadline_s*: of shares that wait for what they amend.
    """
    latest = now + timedelta(seconds=longest_s)
    waits = and_(SHARES.c.awaits != "", SHARES.c.claim_at <= now + timedelta(seconds=deadline_s))
    moved = connection.execute(
        update(SHARES).where(SHARES.c.claim_at > latest, ~waits).values(claim_at=now, due_at=now)
    ).rowcount
    ends = now + timedelta(seconds=lease_s)
    moved += connection.execute(
        update(LINEAGES).where(LINEAGES.c.lease_until > ends + timedelta(seconds=lease_s)).values(lease_until=ends)
    ).rowcount
    moved += connection.execute(
        update(PEERS).where(PEERS.c.probe_at > latest).values(probe_at=now, prober_at=None)
    ).rowcount
    return moved


def states(connection: Connection) -> Mapping[str, tuple[datetime, str]]:
    """For people: who is away, since when, and why."""
    return {name: (row.opened_at, row.reason) for name, row in away(connection).items()}
