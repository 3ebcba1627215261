"""The relay's tables: requests, and their messages on their way, leased by the line (a request, one way).

Of one line one message at a time is worked on (:mod:`gateway.store.leasing`), and none while an earlier one is neither
delivered nor abandoned: a message that is held stops those behind it, because an order that was refused cannot be
cancelled or completed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from statistics import median, quantiles
from typing import Any

from sqlalchemy import Connection, Engine, Row, exists, insert, select, update

from gateway import audit
from gateway.audit.inserting import insert_new
from gateway.errors import InputRejected, Unavailable
from gateway.flow.ports import NO_TURN, Turn
from gateway.flow.relay_states import IDLE, SETTLED
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import Identifier
from gateway.model.message import ACCEPTED, Arrival, fingerprint, same_message
from gateway.model.relay import (
    RECEIVED,
    Delays,
    DeliveryState,
    Direction,
    End,
    Entry,
    Flow,
    RelayMessage,
    RelayRequest,
    RequestState,
)
from gateway.store import fetching, forms, messages
from gateway.store.engine import reading
from gateway.store.leasing import Leases
from gateway.store.schema import MESSAGES, REPORTS
from gateway.store.schema_relay import RELAY_LINES, RELAY_MESSAGES, RELAY_REQUESTS
from gateway.store.statements import keyed, rows_by
from gateway.store.writer import Writer

_TOLD = ("modality", "act", "responsible", "reader", "protocol", "reason")
_TOLD_LISTS = ("accessions", "study_uids")
_MOMENTS = ("sent_at", "answered_at", "cancelled_at", "performed_at", "reported_at")
_earlier = RELAY_MESSAGES.alias("earlier")
_FIRST_OF_LINE = ~exists().where(
    _earlier.c.line_key == RELAY_MESSAGES.c.line_key,
    _earlier.c.settled.is_(False),
    _earlier.c.sequence < RELAY_MESSAGES.c.sequence,
)
_LEASES = Leases(RELAY_MESSAGES, RELAY_LINES, line="line_key", held="message_id", may_go=_FIRST_OF_LINE)
_HELD = keyed(
    select(RELAY_MESSAGES)
    .where(RELAY_MESSAGES.c.state == DeliveryState.HELD.value)
    .order_by(RELAY_MESSAGES.c.sequence),
    RELAY_MESSAGES.c.request_id,
)
_MOST_MEASURED = 100_000


def enter(connection: Connection, entry: Entry) -> bool:
    """Change the request of *entry* and add its message; gives True."""
    table = RELAY_REQUESTS
    # The row is made first, and read under its lock: two messages of one order meet here.
    row = connection.execute(select(table).where(table.c.id == entry.request_id).with_for_update()).one_or_none()
    if row is None:
        made = entry.change(None)
        if insert_new(connection, table, {"id": entry.request_id, **_request_row(made), "created_at": made.created_at}):
            _add(connection, entry)
            return True
        row = connection.execute(select(table).where(table.c.id == entry.request_id).with_for_update()).one()
    made = entry.change(_request(row))
    if entry.answers:
        fetching.answered(connection, made)
    changed = _request_row(made)
    connection.execute(update(table).where(table.c.id == entry.request_id).values(changed))
    _add(connection, entry)
    return True


class SqlRelays:
    """The relay in SQL (:class:`gateway.flow.ports.RelayStore`). Every method raises Unavailable as the store's do."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def enter(
        self,
        entry: Entry,
        arrival: Arrival | None,
        turn: Turn = NO_TURN,
        *,
        apart: str = "",
        events: Iterable[AuditEvent] = (),
    ) -> bool:
        kept = tuple(events)

        def write(connection: Connection) -> bool:
            known = arrival is not None and _taken(connection, arrival, apart)
            if not known:
                enter(connection, entry)
                for event in kept:
                    audit.record(connection, event)
            if arrival is not None:
                row = messages.row(arrival, ACCEPTED, relay_id=entry.request_id, duplicate=known, blob=apart)
                messages.record(connection, (row,))
            return not known

        return self._writer.run(write, turn.passed)

    def request(self, request_id: str) -> RelayRequest:
        with reading(self._engine) as connection:
            row = connection.execute(select(RELAY_REQUESTS).where(RELAY_REQUESTS.c.id == request_id)).one_or_none()
        if row is None:
            raise InputRejected("relay_request_unknown", request=request_id)
        return _request(row)

    def requests(
        self, *, limit: int, states: Sequence[str] = (), platform: str = "", site: str = "", after: str = ""
    ) -> Sequence[RelayRequest]:
        query = select(RELAY_REQUESTS)
        if states:
            query = query.where(RELAY_REQUESTS.c.state.in_([str(state) for state in states]))
        if platform:
            query = query.where(RELAY_REQUESTS.c.platform == platform)
        if site:
            query = query.where(RELAY_REQUESTS.c.site == site)
        with reading(self._engine) as connection:
            if after:
                query = query.where(RELAY_REQUESTS.c.sequence < fetching.place_of(connection, RELAY_REQUESTS, after))
            rows = connection.execute(query.order_by(RELAY_REQUESTS.c.sequence.desc()).limit(max(0, limit))).all()
        return tuple(map(_request, rows))

    def messages(self, request_id: str) -> Sequence[RelayMessage]:
        query = select(RELAY_MESSAGES).where(RELAY_MESSAGES.c.request_id == request_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(RELAY_MESSAGES.c.sequence)).all()
        return tuple(_message(row, "") for row in rows)

    def message(self, message_id: str) -> RelayMessage:
        with reading(self._engine) as connection:
            row = connection.execute(select(RELAY_MESSAGES).where(RELAY_MESSAGES.c.id == message_id)).one_or_none()
        if row is None:
            raise InputRejected("relay_message_unknown", message=message_id)
        return _message(row, "")

    def held(self, request_ids: Iterable[str]) -> dict[str, RelayMessage]:
        with reading(self._engine) as connection:
            found = rows_by(connection, _HELD, request_ids)
        return {request_id: _message(rows[0], "") for request_id, rows in found.items()}

    def claim(self, now: datetime, lease_s: float) -> RelayMessage | None:
        claimed = self._writer.run(lambda connection: _LEASES.claim(connection, now, lease_s))
        return None if claimed is None else _message(*claimed)

    def next_due(self) -> datetime | None:
        with reading(self._engine) as connection:
            return _LEASES.next_due(connection)

    def renew(self, message: RelayMessage, until: datetime) -> bool:
        return self._writer.run(
            lambda connection: _LEASES.renew(connection, _line_key(message), message.lease, message.id, until)
        )

    def save(self, message: RelayMessage, events: Iterable[AuditEvent], *, release: bool = True) -> None:
        kept = tuple(events)

        def write(connection: Connection) -> None:
            _save(connection, message, release=release)
            for event in kept:
                audit.record(connection, event)

        self._writer.run(write)

    def offered(self, end: End, *, limit: int, after: str = "") -> Sequence[tuple[RelayRequest, RelayMessage]]:
        with reading(self._engine) as connection:
            rows = fetching.offered(connection, end, limit, after)
        return tuple((_request(request), _message(message, "")) for request, message in rows)

    def fetched(self, message_id: str, event: AuditEvent) -> None:
        def write(connection: Connection) -> None:
            fetching.fetched(connection, message_id)
            audit.record(connection, event)

        self._writer.run(write)

    def received(self, message: RelayMessage, now: datetime, event: AuditEvent) -> None:
        def write(connection: Connection) -> None:
            if not fetching.deliver(connection, message.id, now, RECEIVED):
                raise Unavailable("lease_lost", share=message.id)
            audit.record(connection, event)

        self._writer.run(write)

    def delays(self, since: datetime) -> Sequence[Delays]:
        request_rows = select(RELAY_REQUESTS).where(RELAY_REQUESTS.c.created_at >= since).limit(_MOST_MEASURED)
        message_rows = (
            select(RELAY_REQUESTS.c.platform, RELAY_MESSAGES.c.state, RELAY_MESSAGES.c.created_at,
                   RELAY_MESSAGES.c.delivered_at)
            .join(RELAY_REQUESTS, RELAY_REQUESTS.c.id == RELAY_MESSAGES.c.request_id)
            .where(RELAY_MESSAGES.c.created_at >= since)
            .limit(_MOST_MEASURED)
        )  # fmt: skip
        with reading(self._engine) as connection:
            requests = connection.execute(request_rows).all()
            sent = connection.execute(message_rows).all()
        names = sorted({row.platform for row in requests})
        return tuple(
            _delays(name, [r for r in requests if r.platform == name], [m for m in sent if m.platform == name])
            for name in names
        )

    def authors(self, site: str, report_unique_id: str) -> frozenset[str] | None:
        query = select(REPORTS.c.authors).where(REPORTS.c.key == forms.key(site, report_unique_id))
        with reading(self._engine) as connection:
            found = connection.execute(query).scalar_one_or_none()
        return None if found is None else forms.load_authors(found)


def _taken(connection: Connection, arrival: Arrival, blob: str) -> bool:
    of_bytes = fingerprint(arrival.envelope, [blob] if blob else [])
    key = same_message(arrival.sender, arrival.control_id, arrival.kind, [], of_bytes)
    before = select(MESSAGES.c.id).where(MESSAGES.c.key == key, MESSAGES.c.answer == ACCEPTED.answer)
    return connection.execute(before.limit(1)).first() is not None


def _add(connection: Connection, entry: Entry) -> None:
    if entry.message is None:
        return
    message = entry.message
    line_key = _line_key(message)
    insert_new(connection, RELAY_LINES, {"key": line_key})
    connection.execute(
        insert(RELAY_MESSAGES),
        {
            "id": message.id,
            "request_id": message.request_id,
            "line_key": line_key,
            "direction": message.direction.value,
            "flow": message.flow.value,
            "profile": message.profile,
            "control_id": message.control_id,
            "digest": message.digest,
            "created_at": message.created_at,
            **_changing(message),
        },
    )


def _save(connection: Connection, message: RelayMessage, *, release: bool) -> None:
    """Under its lease; one without (a person looks at it) only while it is held and leased to nobody."""
    written = update(RELAY_MESSAGES).where(RELAY_MESSAGES.c.id == message.id)
    if message.lease:
        if not _LEASES.fence(connection, _line_key(message), message.lease, message.id, release=release):
            raise Unavailable("lease_lost", share=message.id)
    else:
        leased = exists().where(RELAY_LINES.c.message_id == RELAY_MESSAGES.c.id)
        written = written.where(RELAY_MESSAGES.c.state == DeliveryState.HELD.value, ~leased)
    changed = _changing(message)
    if message.state is DeliveryState.SENDING:
        # Nothing was said to us, and whoever fetches it may have been given it since it was claimed.
        del changed["answer"]
    if connection.execute(written.values(changed)).rowcount != 1:
        raise Unavailable("lease_lost", share=message.id)


def _line_key(message: RelayMessage) -> str:
    return forms.key(message.request_id, message.direction.value)


def _changing(message: RelayMessage) -> dict[str, Any]:
    return {
        "outgoing": message.outgoing,
        "state": message.state.value,
        "settled": message.state in SETTLED,
        "claim_at": None if message.state in IDLE else message.due_at,
        "due_at": message.due_at,
        "updated_at": message.updated_at,
        "attempts": message.attempts,
        "reason": message.reason,
        "facts": forms.dump_words(message.facts),
        "delivered_at": message.delivered_at,
        "answer": message.answer,
    }


def _request_row(request: RelayRequest) -> dict[str, Any]:
    told = {name: getattr(request, name) for name in _TOLD}
    lists = {name: list(getattr(request, name)) for name in _TOLD_LISTS}
    return {
        "site": request.site,
        "platform": request.platform,
        "order_root": request.order.root,
        "order_extension": request.order.extension,
        "state": request.state.value,
        "patient_cx": request.patient_cx,
        "told": forms.dump({**told, **lists}),
        "report_id": request.report_id,
        "updated_at": request.updated_at,
        **{name: getattr(request, name) for name in _MOMENTS},
    }


def _request(row: Row[Any]) -> RelayRequest:
    told = forms.load(row.told)
    lists: dict[str, Any] = {name: tuple(told[name]) for name in _TOLD_LISTS}
    moments: dict[str, Any] = {name: getattr(row, name) for name in _MOMENTS}
    return RelayRequest(
        id=row.id,
        site=row.site,
        platform=row.platform,
        order=Identifier(row.order_root, row.order_extension),
        state=RequestState(row.state),
        created_at=row.created_at,
        updated_at=row.updated_at,
        patient_cx=row.patient_cx,
        report_id=row.report_id,
        **{name: told[name] for name in _TOLD},
        **lists,
        **moments,
    )


def _message(row: Row[Any], lease: str) -> RelayMessage:
    return RelayMessage(
        id=row.id,
        request_id=row.request_id,
        direction=Direction(row.direction),
        flow=Flow(row.flow),
        profile=row.profile,
        control_id=row.control_id,
        digest=row.digest,
        outgoing=row.outgoing,
        state=DeliveryState(row.state),
        due_at=row.due_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        attempts=row.attempts,
        reason=row.reason,
        facts=forms.load_words(row.facts),
        delivered_at=row.delivered_at,
        answer=row.answer,
        lease=lease,
    )


def _delays(platform: str, requests: Sequence[Any], sent: Sequence[Any]) -> Delays:
    answers = _seconds(requests, lambda row: (row.sent_at, row.answered_at))
    reports = _seconds(requests, lambda row: (row.performed_at, row.reported_at))
    deliveries = _seconds(sent, lambda row: (row.created_at, row.delivered_at))
    states = [row.state for row in requests]
    messages_in = [row.state for row in sent]
    return Delays(
        platform=platform,
        requests=len(requests),
        by_state={state.value: states.count(state.value) for state in RequestState},
        answer_median_s=_median(answers),
        answer_p90_s=_p90(answers),
        report_median_s=_median(reports),
        report_p90_s=_p90(reports),
        delivery_median_s=_median(deliveries),
        delivery_p90_s=_p90(deliveries),
        waiting=messages_in.count(DeliveryState.WAITING.value) + messages_in.count(DeliveryState.SENDING.value),
        held=messages_in.count(DeliveryState.HELD.value),
    )


def _seconds(rows: Sequence[Any], ends: Callable[[Any], tuple[datetime | None, datetime | None]]) -> list[float]:
    """What came in another order (an answer before its request) says nothing of a delay."""
    pairs = [ends(row) for row in rows]
    return [(end - begin).total_seconds() for begin, end in pairs if begin and end and begin <= end]


def _median(values: list[float]) -> float | None:
    return median(values) if values else None


def _p90(values: list[float]) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=10, method="inclusive")[8]
