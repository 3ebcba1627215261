"""The outbox of notices: what is held and was not told yet becomes a notice, and a notice is delivered.

A notice and the note of what it tells are one transaction, so nothing is told in two notices and nothing is forgotten.
A channel has one notice on its way at most: while its server is away, what is held meanwhile waits for the next one.
Delivery is leased, repeated until it was accepted, and always with the same id: what cannot be known (the process died
between the server's acceptance and our commit) is sent again under the id that the receiver has seen.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, and_, delete, exists, func, insert, or_, select, union_all, update

from gateway.audit.inserting import insert_new
from gateway.model.notice import Held, Notice
from gateway.model.relay import DeliveryState
from gateway.model.share import ShareState
from gateway.store.engine import reading
from gateway.store.schema import SHARES
from gateway.store.schema_notices import CHANNELS, NOTICES, TOLD
from gateway.store.schema_relay import RELAY_MESSAGES, RELAY_REQUESTS
from gateway.store.writer import Writer

MOST_TOLD = 10_000
"""Of one notice; what is beyond comes in the next."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A notice that this process delivers; *lease* is compared when the outcome is written."""

    notice: Notice
    channel: str
    lease: str
    attempts: int


class SqlNotices:
    """Notices in SQL."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def make(self, channel: str, now: datetime, interval_s: float) -> Notice | None:
        """A notice of everything that *channel* was not told of; None when there is nothing, or it is too early.

        Raises Unavailable.
        """
        if not self._anything(channel):
            return None
        return self._writer.run(lambda connection: _make(connection, channel, now, interval_s))

    def claim(self, channel: str, now: datetime, lease_s: float) -> OnItsWay | None:
        """The notice of *channel* that is to be delivered now, for *lease_s* seconds; raises Unavailable."""
        with reading(self._engine) as connection:
            query = select(NOTICES).where(NOTICES.c.channel == channel, NOTICES.c.due_at <= now)
            row = connection.execute(query.order_by(NOTICES.c.made_at).limit(1)).one_or_none()
        if row is None:
            return None
        lease = uuid.uuid4().hex
        taken = (
            update(NOTICES)
            .where(NOTICES.c.id == row.id, NOTICES.c.due_at == row.due_at)
            .values(lease=lease, due_at=now + timedelta(seconds=lease_s))
        )
        if not self._writer.run(lambda connection: connection.execute(taken).rowcount == 1):
            return None
        return OnItsWay(_notice(row.id, row.made_at, row.content), channel, lease, row.attempts)

    def delivered(self, one: OnItsWay, now: datetime) -> None:
        """The receiver has it; raises Unavailable."""
        self._end(one, due_at=None, delivered_at=now, reason="", attempts=one.attempts + 1)

    def failed(self, one: OnItsWay, due: datetime, reason: str) -> None:
        """It is tried again at *due*; raises Unavailable."""
        self._end(one, due_at=due, reason=reason, attempts=one.attempts + 1)

    def waiting(self) -> dict[str, tuple[int, str]]:
        """Of each channel that has a notice on its way: (tries, code of the last failure). Raises Unavailable."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(NOTICES).where(NOTICES.c.due_at.is_not(None)))
            return {row.channel: (row.attempts, row.reason) for row in rows}

    def _anything(self, channel: str) -> bool:
        with reading(self._engine) as connection:
            return bool(_untold(connection, channel, 1))

    def _end(self, one: OnItsWay, **values: object) -> None:
        written = (
            update(NOTICES)
            .where(NOTICES.c.id == one.notice.id, NOTICES.c.lease == one.lease)
            .values(lease=None, **values)
        )
        self._writer.run(lambda connection: connection.execute(written).rowcount)


def _make(connection: Connection, channel: str, now: datetime, interval_s: float) -> Notice | None:
    insert_new(connection, CHANNELS, {"name": channel, "made_at": _NEVER})
    pending = exists().where(NOTICES.c.channel == channel, NOTICES.c.due_at.is_not(None))
    turn = (
        update(CHANNELS)
        .where(
            CHANNELS.c.name == channel,
            # A moment to come is a clock that was set back.
            or_(CHANNELS.c.made_at <= now - timedelta(seconds=interval_s), CHANNELS.c.made_at > now),
            ~pending,
        )
        .values(made_at=now)
    )
    if connection.execute(turn).rowcount != 1:
        return None
    new = _untold(connection, channel, MOST_TOLD)
    notice = Notice(
        id=str(uuid.uuid4()), made_at=now, new=len(new), altogether=_all_held(connection), held=tuple(_grouped(new))
    )
    ids = [one.work_id for one in new]
    _forget(connection, channel, ids, now)
    if new:
        rows = [{"channel": channel, "work_id": one.work_id, "held_at": one.held_at} for one in new]
        connection.execute(insert(TOLD), rows)
    connection.execute(
        insert(NOTICES),
        {
            "id": notice.id,
            "channel": channel,
            "content": json.dumps(notice.as_json()),
            "made_at": now,
            "due_at": now,
            "lease": None,
            "attempts": 0,
            "reason": "",
        },
    )
    return notice


@dataclass(frozen=True, slots=True)
class _Work:
    work_id: str
    kind: str
    site: str
    destination: str
    reason: str
    held_at: datetime


def _untold(connection: Connection, channel: str, limit: int) -> list[_Work]:
    """What is held and *channel* was not told of, or was told of another time that it was held."""
    found: list[_Work] = []
    told = and_(TOLD.c.channel == channel, TOLD.c.work_id == SHARES.c.id, TOLD.c.held_at == SHARES.c.updated_at)
    shares = (
        select(SHARES.c.id, SHARES.c.site, SHARES.c.destination, SHARES.c.reason, SHARES.c.updated_at)
        .where(SHARES.c.state == ShareState.HELD, ~exists().where(told))
        .order_by(SHARES.c.sequence)
        .limit(limit)
    )
    for row in connection.execute(shares):
        found.append(_Work(row.id, "share", row.site, row.destination, row.reason, row.updated_at))
    told = and_(
        TOLD.c.channel == channel, TOLD.c.work_id == RELAY_MESSAGES.c.id, TOLD.c.held_at == RELAY_MESSAGES.c.updated_at
    )
    messages = (
        select(
            RELAY_MESSAGES.c.id,
            RELAY_REQUESTS.c.site,
            RELAY_REQUESTS.c.platform,
            RELAY_MESSAGES.c.reason,
            RELAY_MESSAGES.c.updated_at,
        )
        .join(RELAY_REQUESTS, RELAY_REQUESTS.c.id == RELAY_MESSAGES.c.request_id)
        .where(
            RELAY_MESSAGES.c.settled.is_(False),
            RELAY_MESSAGES.c.state == DeliveryState.HELD,
            ~exists().where(told),
        )
        .order_by(RELAY_MESSAGES.c.sequence)
        .limit(limit)
    )
    for row in connection.execute(messages):
        found.append(_Work(row.id, "relay", row.site, row.platform, row.reason, row.updated_at))
    return found[:limit]


def _grouped(new: Sequence[_Work]) -> list[Held]:
    counts = Counter((one.kind, one.site, one.destination, one.reason) for one in new)
    return [
        Held(
            kind=kind,
            site=site,
            destination=destination,
            reason=reason,
            many=many,
            ids=tuple(
                one.work_id
                for one in new
                if (one.kind, one.site, one.destination, one.reason) == (kind, site, destination, reason)
            )[:20],
        )
        for (kind, site, destination, reason), many in counts.most_common()
    ]


def _all_held(connection: Connection) -> int:
    each = union_all(
        select(func.count().label("many")).select_from(SHARES).where(SHARES.c.state == ShareState.HELD),
        select(func.count().label("many"))
        .select_from(RELAY_MESSAGES)
        .where(RELAY_MESSAGES.c.settled.is_(False), RELAY_MESSAGES.c.state == DeliveryState.HELD),
    ).subquery()
    return int(connection.execute(select(func.sum(each.c.many))).scalar_one())


def _forget(connection: Connection, channel: str, ids: Sequence[str], now: datetime) -> None:
    """What was told of work that is about to be told again, or is held no more; notices of long ago."""
    for start in range(0, len(ids), 500):
        again = TOLD.c.work_id.in_(ids[start : start + 500])
        connection.execute(delete(TOLD).where(TOLD.c.channel == channel, again))
    held = exists().where(SHARES.c.id == TOLD.c.work_id, SHARES.c.state == ShareState.HELD)
    message = exists().where(RELAY_MESSAGES.c.id == TOLD.c.work_id, RELAY_MESSAGES.c.state == DeliveryState.HELD)
    connection.execute(delete(TOLD).where(TOLD.c.channel == channel, ~held, ~message))
    connection.execute(delete(NOTICES).where(NOTICES.c.due_at.is_(None), NOTICES.c.made_at < now - _KEPT))


def _notice(notice_id: str, made_at: datetime, content: str) -> Notice:
    return Notice.from_json(notice_id, made_at, json.loads(content))
