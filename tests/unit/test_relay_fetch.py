"""An end that fetches its messages: it is offered them in order, and they are delivered when it says so, or answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.errors import InputRejected, Unavailable
from gateway.flow.fetch import NotNow, NotOfThisEnd
from gateway.model.relay import ANSWERED, FETCHED, RECEIVED, DeliveryState, Direction, End, Flow, RelayMessage
from tests.fakes import world as worlds
from tests.support.relay import NUMBER, Stage, answer, cancellation, report, request, stage, written

THERE = End(Direction.TO_PLATFORM, "lecture")
HERE = End(Direction.TO_SITE, worlds.SITE.name)


@pytest.fixture
def pulled(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path, fetching=frozenset({Direction.TO_PLATFORM}), check_pacs=False) as made:
        yield made


def offered(here: Stage, end: End = THERE) -> list[RelayMessage]:
    """What *end* may fetch, once the worker has looked at everything that is due."""
    here.forward()
    return [message for _, message in here.fetching.offered(end, limit=100)]


def fetch(here: Stage, message: RelayMessage) -> bytes:
    return here.fetching.give(here.store.request(message.request_id), message, "tlr")


def receive(here: Stage, message: RelayMessage) -> None:
    here.fetching.received(here.store.request(message.request_id), message, "tlr")


def test_messages_are_offered_one_after_the_other_until_each_is_received(pulled: Stage) -> None:
    first, second = written(request()), written(cancellation())
    pulled.take(first)
    pulled.take(second)
    (one,) = offered(pulled)
    assert fetch(pulled, one) == fetch(pulled, one) == first
    receive(pulled, one)
    (other,) = offered(pulled)
    assert (fetch(pulled, other), other.flow) == (second, Flow.CANCEL)
    receive(pulled, other)
    assert offered(pulled) == []
    assert [message.answer for message in pulled.on_their_way()] == [RECEIVED, RECEIVED]
    assert {message.state for message in pulled.on_their_way()} == {DeliveryState.DELIVERED}
    assert pulled.platform.sent == []


def test_to_say_again_that_it_is_there_changes_nothing(pulled: Stage) -> None:
    pulled.take(written(request()))
    (one,) = offered(pulled)
    receive(pulled, one)
    (delivered,) = pulled.on_their_way()
    pulled.world.clock.forward(60)
    receive(pulled, pulled.fetching.message(THERE, pulled.request(), one.id))
    assert pulled.on_their_way() == [delivered]
    # It is read again as often as it is asked for.
    assert fetch(pulled, pulled.fetching.message(THERE, pulled.request(), one.id))


def test_what_is_not_fetched_is_looked_at_with_growing_delays_and_held_at_the_deadline(tmp_path: Path) -> None:
    fetching = frozenset({Direction.TO_PLATFORM})
    with stage(tmp_path, fetching=fetching, check_pacs=False, deadline_s=100_000.0) as here:
        here.take(written(request()))
        (one,) = offered(here)
        assert here.on_their_way()[0].reason == "relay_not_fetched"
        for _ in range(60):
            here.world.clock.forward(3600)
            here.forward()
        (late,) = here.on_their_way()
        assert (late.state, late.reason) == (DeliveryState.HELD, "relay_not_fetched")
        assert offered(here) == []
        with pytest.raises(NotOfThisEnd):
            here.fetching.message(THERE, here.request(), one.id)
        with pytest.raises(Unavailable):
            receive(here, one)
        here.forwarding.take_up(late.id, "somebody")
        assert [message.id for message in offered(here)] == [one.id]


def test_a_message_that_a_person_gave_up_is_given_to_nobody(tmp_path: Path) -> None:
    with stage(tmp_path, fetching=frozenset({Direction.TO_PLATFORM}), check_pacs=False, deadline_s=1.0) as here:
        here.take(written(request()))
        (one,) = offered(here)
        for _ in range(20):
            here.world.clock.forward(600)
            here.forward()
        here.forwarding.give_up(one.id, "somebody")
        assert offered(here) == []
        with pytest.raises(NotOfThisEnd):
            here.fetching.message(THERE, here.request(), one.id)


@pytest.mark.parametrize("back", ["answer", "report"])
def test_an_answer_says_that_the_request_is_there_when_it_was_fetched(pulled: Stage, back: str) -> None:
    pulled.take(written(request()))
    (one,) = offered(pulled)
    fetch(pulled, one)
    said = written(answer(), back=True) if back == "answer" else report()
    assert pulled.take(said)[0] == "AA"
    asked = pulled.store.message(one.id)
    assert (asked.state, asked.answer) == (DeliveryState.DELIVERED, ANSWERED)
    assert asked.delivered_at is not None


def test_an_answer_says_nothing_of_what_was_not_fetched(pulled: Stage) -> None:
    pulled.take(written(request()))
    (one,) = offered(pulled)
    pulled.take(written(answer(), back=True))
    assert [message.id for message in offered(pulled)] == [one.id]
    receive(pulled, one)
    # Asked again with other words: the answer that crosses it was not about them.
    pulled.take(written(request(justification="Vertiges")))
    (again,) = offered(pulled)
    pulled.take(written(answer(), back=True))
    assert [message.id for message in offered(pulled)] == [again.id]


def test_an_answer_settles_no_cancellation_though_it_was_fetched(pulled: Stage) -> None:
    pulled.take(written(cancellation()))
    (one,) = offered(pulled)
    fetch(pulled, one)
    pulled.take(written(answer(), back=True))
    assert [message.id for message in offered(pulled)] == [one.id]


def test_that_it_was_fetched_is_kept_when_a_worker_looks_at_it_meanwhile(pulled: Stage) -> None:
    pulled.take(written(request()))
    (one,) = offered(pulled)
    pulled.world.clock.forward(600)
    claimed = pulled.store.claim(pulled.world.clock.now(), 60)
    assert claimed is not None
    fetch(pulled, one)
    pulled.forwarding.carry(claimed)
    assert pulled.store.message(one.id).answer == FETCHED


def test_who_has_the_message_has_the_last_word_whoever_works_on_it(pulled: Stage) -> None:
    pulled.take(written(request()))
    pulled.take(written(cancellation()))
    (one,) = offered(pulled)
    pulled.world.clock.forward(600)
    claimed = pulled.store.claim(pulled.world.clock.now(), 60)
    assert claimed is not None
    receive(pulled, one)
    with pytest.raises(Unavailable) as lost:
        pulled.forwarding.carry(claimed)
    assert lost.value.code == "lease_lost"
    assert pulled.store.message(one.id).state is DeliveryState.DELIVERED
    # The line is free for the next one, without waiting for the end of that lease.
    assert [message.flow for message in offered(pulled)] == [Flow.CANCEL]


def test_each_end_has_its_own_messages_alone(tmp_path: Path) -> None:
    both = frozenset({Direction.TO_PLATFORM, Direction.TO_SITE})
    with stage(tmp_path, fetching=both, check_pacs=False) as here:
        here.take(written(request()))
        here.take(written(answer(), back=True))
        (there,), (back,) = offered(here, THERE), offered(here, HERE)
        assert (there.flow, back.flow) == (Flow.REQUEST, Flow.ANSWER)
        asked = here.request()
        for end, message in ((THERE, back), (HERE, there)):
            with pytest.raises(NotOfThisEnd):
                here.fetching.message(end, asked, message.id)
        for stranger in (End(Direction.TO_PLATFORM, "autre"), End(Direction.TO_SITE, "sud")):
            with pytest.raises(NotOfThisEnd):
                here.fetching.request(stranger, asked.id)
        assert here.fetching.request(THERE, asked.id) == here.fetching.request(HERE, asked.id) == asked


def test_an_end_that_is_sent_its_messages_fetches_none(pulled: Stage) -> None:
    pulled.take(written(answer(), back=True))
    (message,) = pulled.on_their_way()
    with pytest.raises(NotNow) as refusal:
        pulled.fetching.offered(HERE, limit=1)
    assert (refusal.value.code, refusal.value.http_status) == ("relay_not_fetching", 409)
    with pytest.raises(NotNow):
        pulled.fetching.message(HERE, pulled.request(), message.id)


def test_pages_begin_behind_a_message_even_when_it_is_delivered_by_then(pulled: Stage) -> None:
    for number in range(5):
        pulled.take(written(request(replace(NUMBER, extension=f"OPN-{number}"))))
    everything = offered(pulled)
    first = pulled.fetching.offered(THERE, limit=2)
    assert [message for _, message in first] == everything[:2]
    receive(pulled, everything[1])
    rest = pulled.fetching.offered(THERE, limit=9, after=everything[1].id)
    assert [message.id for _, message in rest] == [message.id for message in everything[2:]]
    newest = pulled.store.requests(limit=2)
    older = pulled.store.requests(limit=9, after=newest[-1].id)
    assert [one.order.extension for one in (*newest, *older)] == [f"OPN-{number}" for number in (4, 3, 2, 1, 0)]
    with pytest.raises(InputRejected, match="relay_cursor"):
        pulled.fetching.offered(THERE, limit=1, after="nobody")
    with pytest.raises(InputRejected, match="relay_cursor"):
        pulled.store.requests(limit=1, after="nobody")


def test_who_was_given_what_is_in_the_audit_trail(pulled: Stage) -> None:
    pulled.take(written(request()))
    (one,) = offered(pulled)
    fetch(pulled, one)
    receive(pulled, one)
    rows = sa.text("SELECT action, event FROM audit_events WHERE action LIKE 'relay.%' ORDER BY sequence")
    with pulled.world.store._engine.connect() as connection:
        kept = [(row.action, json.loads(row.event)) for row in connection.execute(rows)]
    assert [action for action, _ in kept] == ["relay.taken", "relay.fetched", "relay.delivered"]
    for _, event in kept[1:]:
        assert (event["actor"], event["facts"]["message"]) == ("tlr", one.id)
        assert event["patient"] == pulled.request().patient_cx
