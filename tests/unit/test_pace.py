"""Rates and peers that are away, on both databases: who may go, when the others come back."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.errors import PeerRefused, PeerUnreachable
from gateway.model.share import Share, ShareState
from gateway.store import pace
from gateway.store.pace import Postponed, Rate
from gateway.store.pacing import Pace, Paced
from tests.fakes.clock import StoppedClock
from tests.support.store import NOW, Stage, claimed, keep, later

TEN = Rate(per_minute=10, burst=3)


def take(on: Stage, now: datetime, rate: Rate = TEN) -> datetime | None:
    return on.writer.run(lambda connection: pace.take(connection, "dmp", rate, now))


def held_back(on: Stage, clock: StoppedClock, **changes: Any) -> Pace:
    options: dict[str, Any] = {"rates": {}, "sites_of": {"main": ["nord"]}} | changes
    return Pace(on.engine, on.writer, on.store, clock, **options)


# Rates


def test_a_burst_goes_at_once_and_the_next_ones_at_the_rate(on: Stage) -> None:
    assert [take(on, NOW) for _ in range(3)] == [None] * 3
    assert [take(on, NOW) for _ in range(3)] == [later(6), later(12), later(18)]
    assert take(on, later(6)) is None
    assert take(on, later(6)) == later(24)


def test_no_minute_sees_more_than_the_rate_and_the_burst(on: Stage) -> None:
    went: list[float] = []
    for tenth in range(0, 3000, 7):
        if take(on, later(tenth / 10)) is None:
            went.append(tenth / 10)
    for start in went:
        assert sum(start <= moment < start + 60 for moment in went) <= 10 + 3
    assert len(went) >= 0.9 * (300 / 6)


def test_after_a_long_pause_no_more_than_the_burst_goes_at_once(on: Stage) -> None:
    for _ in range(10):
        take(on, NOW)
    assert [take(on, later(86_400)) for _ in range(4)].count(None) == 3


def test_several_workers_share_one_rate(on: Stage) -> None:
    went: list[datetime | None] = []
    threads = [threading.Thread(target=lambda: went.append(take(on, NOW))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert went.count(None) == 3
    waiting = [moment for moment in went if moment is not None]
    assert len(set(waiting)) == 5


def test_a_queue_that_is_too_long_comes_back_within_minutes(on: Stage) -> None:
    moments = [take(on, NOW, Rate(per_minute=1)) for _ in range(40)]
    assert all(moment <= later(pace.LONGEST_S) for moment in moments if moment)


def test_a_clock_that_is_put_back_stops_no_rate(on: Stage) -> None:
    for _ in range(10):
        take(on, later(1e6))
    assert (take(on, NOW) or NOW) <= later(12)
    assert take(on, later(30)) is None


def test_a_rate_that_is_changed_wakes_those_that_wait_for_it(on: Stage) -> None:
    keep(on.store)
    take(on, NOW)
    on.store.save(replace(claimed(on.store), due_at=later(500), reason=pace.PACED), [])
    held_back(on, StoppedClock(NOW), rates={"dmp": TEN}).begin()
    assert on.store.claim(NOW, 60) is None
    held_back(on, StoppedClock(NOW), rates={"dmp": Rate(per_minute=600)}).begin()
    assert on.store.claim(NOW, 60) is not None


# Peers that are away


class Peer:
    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = PeerUnreachable("registry_unreachable")

    def send(self) -> str:
        self.calls += 1
        if self.error:
            raise self.error
        return "sent"

    def prepare(self) -> str:
        return "prepared"


class Outage:
    """A peer behind a pace, and shares that try to reach it as the worker has them do."""

    def __init__(self, on: Stage, **changes: Any) -> None:
        self.on = on
        self.clock = StoppedClock(NOW)
        self.pace = held_back(on, self.clock, **changes)
        self.peer = Peer()
        self.paced = Paced(self.peer, "destination:dmp", self.pace, destination="dmp", local=("prepare",))

    def carry(self, share: Share) -> str:
        """What becomes of the share: sent, failed or postponed."""
        self.pace._seen_at = float("-inf")
        try:
            with self.pace.carrying(share):
                self.paced.prepare()
                self.paced.send()
        except Postponed as postponed:
            self.pace.postpone(share, postponed)
            return "postponed"
        except PeerUnreachable as error:
            attempts = share.attempts + 1
            self.on.store.save(
                replace(share, state=ShareState.SENDING, attempts=attempts, due_at=later(9e5), reason=error.code), []
            )
            return "failed"
        self.on.store.save(replace(share, state=ShareState.SHARED), [])
        return "sent"

    def carry_all(self) -> list[str]:
        told = []
        while share := self.on.store.claim(self.clock.now(), 60):
            told.append(self.carry(share))
        return told


def test_while_a_peer_is_away_one_tries_and_the_others_wait_without_trying(on: Stage) -> None:
    for _ in range(30):
        keep(on.store)
    here = Outage(on)
    assert here.carry_all() == ["failed"] * pace.FAILURES + ["postponed"] * 28
    assert here.peer.calls == pace.FAILURES
    for _ in range(10):
        here.clock.forward(60)
        here.carry_all()
    # Pauses of 2, 4, … 60 seconds, and each minute one look of ours: one try a minute.
    assert pace.FAILURES + 5 <= here.peer.calls <= pace.FAILURES + 10
    waiting = [row.share for row in on.store.overviews(limit=100) if row.share.state is ShareState.WAITING]
    assert waiting
    assert {share.attempts for share in waiting} == {0}
    assert {share.reason for share in waiting} == {"peer_away"}


def test_of_the_few_that_wait_one_is_always_due_soon(on: Stage) -> None:
    for _ in range(4):
        keep(on.store)
    here = Outage(on)
    assert here.carry_all() == ["failed"] * pace.FAILURES + ["postponed"] * 2
    for tries in (1, 2):
        due = on.store.next_due()
        assert due is not None
        assert due <= here.clock.now() + timedelta(seconds=60)
        here.clock.at = due
        assert here.carry_all().count("failed") == 1
        assert here.peer.calls == pace.FAILURES + tries


def test_the_only_share_that_waits_tries_soon_after_the_longest_outage(on: Stage) -> None:
    keep(on.store)
    here = Outage(on)
    share = claimed(on.store)
    for _ in range(pace.FAILURES):
        here.pace.failed("destination:dmp", "registry_unreachable")
    on.store.save(replace(share, state=ShareState.SENDING, attempts=12, due_at=later(9e5), reason="silent"), [])
    assert on.store.next_due() == later(9e5), "its own delay"
    for tries in range(1, 4):
        here.pace.probe()
        due = on.store.next_due()
        assert due is not None
        assert due <= here.clock.now() + timedelta(seconds=60)
        here.clock.at = due
        assert here.carry_all() == ["failed"]
        assert here.peer.calls >= tries


def test_who_has_been_sent_to_try_is_not_doubled(on: Stage) -> None:
    for _ in range(4):
        keep(on.store)
    here = Outage(on)
    here.carry_all()
    due = [row.share.due_at for row in on.store.overviews(limit=9)]
    here.pace.probe()
    assert [row.share.due_at for row in on.store.overviews(limit=9)] == due


def test_an_outage_uses_up_the_patience_with_the_peer_of_what_is_postponed(on: Stage) -> None:
    for _ in range(12):
        keep(on.store)
    here = Outage(on)
    for _ in range(5):
        here.carry_all()
        here.clock.forward(pace.LONGEST_S)
    here.carry_all()
    waited = [row.share for row in on.store.overviews(limit=9) if row.share.reason == pace.AWAY]
    assert waited
    assert all(share.away_s > 3600 for share in waited)
    assert all(share.waited_s == 0 for share in waited)


def test_the_answer_wakes_everything_that_waited(on: Stage) -> None:
    for _ in range(30):
        keep(on.store)
    here = Outage(on)
    here.carry_all()
    here.clock.forward(61)
    here.peer.error = None
    here.carry_all()
    assert [row.share.state for row in on.store.overviews(limit=100)] == [ShareState.SHARED] * 30


def test_after_an_outage_nothing_goes_faster_than_the_rate(on: Stage) -> None:
    for _ in range(30):
        keep(on.store)
    here = Outage(on, rates={"dmp": TEN})
    here.carry_all()
    here.clock.forward(3600)
    here.peer.error = None
    sent = []
    for _ in range(400):
        here.clock.forward(1)
        sent += [here.clock.now()] * here.carry_all().count("sent")
    for start in sent:
        assert sum(start <= moment < start + timedelta(seconds=60) for moment in sent) <= 13
    assert len(sent) == 30


def test_a_peer_that_refuses_is_there(on: Stage) -> None:
    here = Outage(on)
    here.peer.error = PeerRefused("registry_refused", words="no")
    for _ in range(5):
        share = keep(on.store)
        with pytest.raises(PeerRefused), here.pace.carrying(claimed(on.store)):
            here.paced.send()
        assert share
    assert here.pace._peers_away() == frozenset()


def test_other_destinations_go_on(on: Stage) -> None:
    here = Outage(on)
    for _ in range(3):
        keep(on.store)
    here.carry_all()
    here.pace._seen_at = float("-inf")
    other = Paced(Peer(), "destination:region", here.pace, destination="region")
    other._peer.error = None
    keep(on.store, destination="region")
    with here.pace.carrying(claimed(on.store)):
        assert other.send() == "sent"


def test_outside_of_a_share_nothing_is_held_back(on: Stage) -> None:
    here = Outage(on, rates={"dmp": Rate(per_minute=1)})
    here.peer.error = None
    assert [here.paced.send() for _ in range(5)] == ["sent"] * 5


def test_a_pacs_that_answers_wakes_its_sites_alone(on: Stage) -> None:
    one = keep(on.store)
    clock = StoppedClock(NOW)
    held = held_back(on, clock)
    for _ in range(pace.FAILURES):
        held.failed("pacs:main", "pacs_unreachable")
    on.store.save(replace(claimed(on.store), due_at=later(500), reason=pace.AWAY), [])
    held.worked("pacs:other")
    assert on.store.claim(NOW, 60) is None
    held.worked("pacs:main")
    assert claimed(on.store).id == one.id


# Clocks


def test_a_clock_that_was_put_back_keeps_nothing_waiting(on: Stage) -> None:
    keep(on.store, due_at=later(86_400 * 400))
    held = keep(on.store, due_at=later(-1))
    assert claimed(on.store, later(0)).id == held.id
    clock = StoppedClock(NOW - timedelta(days=30))
    held_back(on, clock).mend(3600, 86_400, 60)
    assert claimed(on.store, clock.now(), 600).due_at == clock.now()
    assert on.store.claim(clock.now(), 60) is None
    assert claimed(on.store, clock.now() + timedelta(seconds=61)).id == held.id


def test_what_is_due_as_it_should_be_is_not_mended(on: Stage) -> None:
    keep(on.store, due_at=later(3000))
    held_back(on, StoppedClock(NOW)).mend(3600, 86_400, 60)
    assert on.store.next_due() == later(3000)
