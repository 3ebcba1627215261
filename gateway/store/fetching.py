"""The statements of an end of the relay that fetches its messages (:mod:`gateway.flow.fetch`), on one connection.

What is fetched is leased to nobody for long: a worker looks at it now and then. Who has the message has the last word,
so its line is taken from whoever has it leased, and what that one would write is refused as after any lost lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from gateway.errors import InputRejected
from gateway.model.relay import ANSWERED, FETCHED, DeliveryState, Direction, End, Flow, RelayRequest
from gateway.store import forms
from gateway.store.schema_relay import RELAY_LINES, RELAY_MESSAGES, RELAY_REQUESTS
from gateway.store.statements import keyed, rows_by

_REQUESTS = keyed(select(RELAY_REQUESTS), RELAY_REQUESTS.c.id)
_OFFERED = (
    RELAY_MESSAGES.c.settled.is_(False),
    RELAY_MESSAGES.c.state == DeliveryState.SENDING.value,
)


def offered(connection: Connection, end: End, limit: int, after: str) -> Sequence[tuple[Row[Any], Row[Any]]]:
    """The rows of requests and of the messages that *end* may fetch, the longest waiting first."""
    table = RELAY_MESSAGES
    whose = RELAY_REQUESTS.c.platform if end.direction is Direction.TO_PLATFORM else RELAY_REQUESTS.c.site
    query = (
        select(table)
        .join(RELAY_REQUESTS, RELAY_REQUESTS.c.id == table.c.request_id)
        .where(*_OFFERED, table.c.direction == end.direction.value, whose == end.name)
    )
    if after:
        query = query.where(table.c.sequence > place_of(connection, table, after))
    rows = connection.execute(query.order_by(table.c.sequence).limit(max(0, limit))).all()
    requests = rows_by(connection, _REQUESTS, [row.request_id for row in rows])
    return [(requests[row.request_id][0], row) for row in rows]


def place_of(connection: Connection, table: Table, row_id: str) -> int:
    """Where a row stands in the order of arrival; raises InputRejected (``relay_cursor``) for an unknown one."""
    found = connection.execute(select(table.c.sequence).where(table.c.id == row_id)).scalar_one_or_none()
    if found is None:
        raise InputRejected("relay_cursor", place="after")
    return int(found)


def fetched(connection: Connection, message_id: str) -> None:
    """Mark a message as given."""
    table = RELAY_MESSAGES
    connection.execute(update(table).where(table.c.id == message_id, *_OFFERED).values(answer=FETCHED))


def deliver(connection: Connection, message_id: str, now: datetime, answer: str) -> bool:
    """Mark a message as delivered, whoever has its lease; False when it is not one that may be fetched."""
    lines, table = RELAY_LINES, RELAY_MESSAGES
    # The line before the message, as who has the lease does: two that meet wait for each other and do not lock up.
    of_message = select(table.c.line_key).where(table.c.id == message_id).scalar_subquery()
    freed = update(lines).where(lines.c.key == of_message, lines.c.message_id == message_id)
    connection.execute(freed.values(lease=None, lease_until=None, message_id=None))
    done = update(table).where(table.c.id == message_id, *_OFFERED).values(
        state=DeliveryState.DELIVERED.value,
        settled=True,
        claim_at=None,
        delivered_at=now,
        updated_at=now,
        attempts=0,
        reason="",
        facts=forms.dump_words({}),
        answer=answer,
    )  # fmt: skip
    return connection.execute(done).rowcount == 1


def answered(connection: Connection, request: RelayRequest) -> None:
    """The platform answers *request*: it has the message that asked, if that was given to it.

    Nothing else of its line is settled: what it was not given it cannot have read.
    """
    table = RELAY_MESSAGES
    asked = select(table.c.id).where(
        table.c.request_id == request.id,
        table.c.direction == Direction.TO_PLATFORM.value,
        table.c.flow == Flow.REQUEST.value,
        table.c.answer == FETCHED,
        *_OFFERED,
    )
    for message_id in connection.execute(asked).scalars().all():
        deliver(connection, message_id, request.updated_at, ANSWERED)
