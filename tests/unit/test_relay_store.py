"""The relay's tables and the log of messages on both databases: leases, order, what is found again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import InputRejected, Unavailable
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import Identifier
from gateway.model.message import ACCEPTED, Arrival, Verdict
from gateway.model.relay import (
    ANSWERED,
    FETCHED,
    RECEIVED,
    DeliveryState,
    Direction,
    End,
    Entry,
    Flow,
    RelayMessage,
    RelayRequest,
    RequestState,
)
from gateway.store import messages as message_log
from gateway.store.messages import SqlMessages
from gateway.store.relays import SqlRelays
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import DATABASES, Stage, stage, url_of

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@dataclass
class Tables:
    stage: Stage
    relays: SqlRelays
    messages: SqlMessages
    blobs: dict[str, bytes]


@pytest.fixture(params=DATABASES)
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    blobs: dict[str, bytes] = {}

    def put(content: bytes) -> str:
        digest = f"{len(blobs):064x}"
        blobs[digest] = content
        return digest

    with stage(url_of(request.param, tmp_path, request)) as one:
        yield Tables(
            one, SqlRelays(one.engine, one.writer), SqlMessages(one.engine, one.writer, put, blobs.__getitem__), blobs
        )


def arrival(number: str, **changes: object) -> Arrival:
    made = Arrival(
        id=f"m{number}",
        port="mllp",
        peer="10.0.0.1:1",
        sender="RIS|NORD",
        control_id=number,
        kind="ORM^O01",
        received_at=NOW,
        size_bytes=5,
        envelope=f"hello {number}".encode(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def entry(number: str, request: str = "r1", direction: Direction = Direction.TO_PLATFORM) -> Entry:
    def change(before: RelayRequest | None) -> RelayRequest:
        made = before or RelayRequest(
            id=request,
            site="nord",
            platform="lecture",
            order=Identifier("1.2.3", request),
            state=RequestState.SENT,
            created_at=NOW,
            updated_at=NOW,
        )
        return replace(made, accessions=(*made.accessions, number))

    message = RelayMessage(
        id=f"d{number}",
        request_id=request,
        direction=direction,
        flow=Flow.REQUEST,
        profile="tlr-1-request",
        control_id=number,
        digest="0" * 64,
        state=DeliveryState.WAITING,
        due_at=NOW,
        created_at=NOW,
        updated_at=NOW,
    )
    return Entry(request_id=request, change=change, message=message)


def test_a_line_gives_its_messages_one_after_the_other(tables: Tables) -> None:
    for number in ("1", "2"):
        assert tables.relays.enter(entry(number), arrival(number))
    tables.relays.enter(entry("3", direction=Direction.TO_SITE), arrival("3"))
    first = tables.relays.claim(NOW, 60)
    other_way = tables.relays.claim(NOW, 60)
    assert first is not None
    assert other_way is not None
    assert (first.id, other_way.id) == ("d1", "d3")
    assert tables.relays.claim(NOW, 60) is None
    assert tables.relays.renew(first, NOW + timedelta(seconds=90))
    tables.relays.save(replace(first, state=DeliveryState.HELD), [])
    # The line stops at what is held.
    assert tables.relays.claim(NOW, 60) is None
    assert tables.relays.held(["r1"])["r1"].id == "d1"
    tables.relays.save(replace(tables.relays.message("d1"), state=DeliveryState.ABANDONED), [])
    second = tables.relays.claim(NOW, 60)
    assert second is not None
    assert second.id == "d2"
    assert tables.relays.request("r1").accessions == ("1", "2", "3")


def test_what_an_end_fetches_is_delivered_whoever_has_its_line(tables: Tables) -> None:
    there = End(Direction.TO_PLATFORM, "lecture")
    for number, asked in (("1", "r1"), ("2", "r1"), ("3", "r2")):
        tables.relays.enter(entry(number, asked), None)
    while (one := tables.relays.claim(NOW, 60)) is not None:
        tables.relays.save(replace(one, state=DeliveryState.SENDING, due_at=NOW + timedelta(minutes=1)), [])
    pairs = tables.relays.offered(there, limit=9)
    assert [(request.id, message.id) for request, message in pairs] == [("r1", "d1"), ("r2", "d3")]
    assert [message.id for _, message in tables.relays.offered(there, limit=9, after="d1")] == ["d3"]
    assert tables.relays.offered(End(Direction.TO_PLATFORM, "autre"), limit=9) == ()
    assert tables.relays.offered(End(Direction.TO_SITE, "nord"), limit=9) == ()

    later = NOW + timedelta(minutes=1)
    leased = tables.relays.claim(later, 60)
    assert leased is not None
    event = AuditEvent(action="relay.delivered", actor="tlr")
    tables.relays.fetched(leased.id, event)
    tables.relays.save(leased, [], release=False)
    assert tables.relays.message(leased.id).answer == FETCHED
    tables.relays.received(leased, later, event)
    with pytest.raises(Unavailable, match="lease_lost"):
        tables.relays.save(leased, [])
    with pytest.raises(Unavailable, match="lease_lost"):
        tables.relays.received(leased, later, event)
    done = tables.relays.message(leased.id)
    assert (done.state, done.answer, done.delivered_at) == (DeliveryState.DELIVERED, RECEIVED, later)
    # Its line is free, and so is what stands behind it.
    assert {one.id for one in (tables.relays.claim(later, 60), tables.relays.claim(later, 60)) if one} == {"d2", "d3"}


def test_an_answer_delivers_the_request_that_was_fetched_in_one_transaction(tables: Tables) -> None:
    tables.relays.enter(entry("1"), None)
    asked = tables.relays.claim(NOW, 60)
    assert asked is not None
    tables.relays.save(replace(asked, state=DeliveryState.SENDING), [])
    back = replace(entry("2", direction=Direction.TO_SITE), answers=True)
    tables.relays.enter(back, None)
    assert tables.relays.message("d1").state is DeliveryState.SENDING
    tables.relays.fetched("d1", AuditEvent(action="relay.fetched", actor="tlr"))
    again = replace(entry("3", direction=Direction.TO_SITE), answers=True)
    tables.relays.enter(again, None)
    assert (tables.relays.message("d1").state, tables.relays.message("d1").answer) == (
        DeliveryState.DELIVERED,
        ANSWERED,
    )


def test_a_lease_that_ran_out_goes_to_another_and_the_first_writes_nothing(tables: Tables) -> None:
    tables.relays.enter(entry("1"), None)
    first = tables.relays.claim(NOW, 60)
    assert first is not None
    assert tables.relays.next_due() == NOW + timedelta(seconds=60)
    second = tables.relays.claim(NOW + timedelta(seconds=61), 60)
    assert second is not None
    assert not tables.relays.renew(first, NOW)
    with pytest.raises(Unavailable, match="lease_lost"):
        tables.relays.save(first, [])
    with pytest.raises(Unavailable, match="lease_lost"):
        tables.relays.save(replace(second, lease=""), [])
    tables.relays.save(replace(second, state=DeliveryState.DELIVERED, delivered_at=NOW + timedelta(minutes=2)), [])
    assert tables.relays.next_due() is None
    (delays,) = tables.relays.delays(NOW)
    assert (delays.delivery_median_s, delays.requests) == (120, 1)


def test_messages_of_one_order_from_many_threads_all_count(tables: Tables) -> None:
    def work(number: int) -> None:
        tables.relays.enter(entry(str(number)), arrival(str(number)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(tables.relays.request("r1").accessions) == sorted(str(number) for number in range(12))
    assert len(tables.relays.messages("r1")) == 12


def test_the_same_message_enters_once(tables: Tables) -> None:
    assert tables.relays.enter(entry("1"), arrival("1"))
    assert not tables.relays.enter(entry("2"), arrival("1", id="again"))
    assert [one.duplicate for one in tables.messages.find(limit=9)] == [True, False]
    assert [one.id for one in tables.relays.messages("r1")] == ["d1"]


def test_what_fails_in_the_middle_leaves_nothing(tables: Tables) -> None:
    def change(before: RelayRequest | None) -> RelayRequest:
        raise InputRejected("relay_order_elsewhere")

    with pytest.raises(InputRejected):
        tables.relays.enter(replace(entry("1"), change=change), arrival("1"))
    assert tables.messages.find(limit=9) == ()
    with pytest.raises(InputRejected, match="relay_request_unknown"):
        tables.relays.request("r1")


def test_messages_are_found_by_part_of_their_sender(tables: Tables) -> None:
    for number, sender in enumerate(("RIS|NORD", "RIS|SUD", "100%|_")):
        tables.messages.refuse(arrival(str(number), sender=sender), Verdict(answer="AE", code="hl7_type"))
    assert [one.sender for one in tables.messages.find(limit=9, sender="RIS|")] == ["RIS|SUD", "RIS|NORD"]
    assert [one.sender for one in tables.messages.find(limit=9, sender="%")] == ["100%|_"]
    assert tables.messages.find(limit=9, since=NOW + timedelta(seconds=1)) == ()


def test_a_message_apart_and_one_in_pieces_are_put_together_again(tables: Tables) -> None:
    tables.messages.refuse(arrival("1", envelope=b"beg", apart=b"beginning and all"), Verdict(answer="AE"))
    assert tables.messages.content("m1") == b"beginning and all"
    tables.blobs["f" * 64] = b"a document"
    cut = arrival("2", envelope=b"before|after", offsets=(7,))
    row = message_log.row(cut, ACCEPTED, digests=["f" * 64], report_ids=["r"])
    tables.stage.writer.run(lambda connection: message_log.record(connection, (row,)))
    assert tables.messages.content("m2") == b"before|YSBkb2N1bWVudA==after"
    assert tables.stage.store.is_referenced(f"{0:064x}")
    assert not tables.stage.store.is_referenced("e" * 64)
    assert tables.messages.forget(NOW + timedelta(days=1), NOW) == 2


def test_the_bytes_of_a_relayed_message_are_named(tables: Tables) -> None:
    tables.relays.enter(entry("1"), None)
    assert tables.stage.store.is_referenced("0" * 64)
