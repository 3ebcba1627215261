"""Deadlines under clocks that are set, outages, and a gateway that stood still: nothing is held early."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.demo.identity import CT
from gateway.errors import PeerUnreachable
from gateway.flow.patience import Patience
from gateway.model.share import Share, ShareState
from gateway.store import pace
from tests.fakes.world import World, exam, world
from tests.unit.test_life import send, settle, share_of

AWAY = PeerUnreachable("pacs_unreachable", peer="pacs")
REGISTRY_AWAY = PeerUnreachable("registry_unreachable", peer="registry")
HOUR = timedelta(hours=1)
WAITING, SENDING, HELD, SHARED = ShareState.WAITING, ShareState.SENDING, ShareState.HELD, ShareState.SHARED


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, patience=Patience(look_interval_s=1800)) as made:
        yield made


def tried(here: World) -> Share:
    """The one share after its next look or try."""
    share = here.claim()
    if share is None:
        due = here.store.next_due()
        assert due is not None
        here.clock.at = max(here.clock.at, due)
        share = here.claim()
    assert share is not None
    return here.sharing.carry(share)


def looks_until_held(here: World, most: int = 1000) -> Share:
    for _ in range(most):
        share = tried(here)
        if share.state is HELD:
            return share
    raise AssertionError("it is never held")


def test_a_clock_set_forward_holds_nothing_that_waits_for_its_study(here: World) -> None:
    del here.pacs.exams[CT.study_uid]
    send(here, 1)
    assert tried(here).state is WAITING
    here.clock.at += timedelta(days=400)
    assert tried(here).state is WAITING
    here.clock.at -= timedelta(days=400)
    here.clock.at += HOUR
    here.pacs.exams[CT.study_uid] = exam()
    # The worker's chore, each minute.
    here.store._writer.run(lambda connection: pace.mend(connection, here.clock.now(), 7_200, 86_400, 120))
    settle(here, days=1)
    assert share_of(here, 1).state is SHARED


def test_a_study_that_never_comes_is_held_after_three_days_of_looks(here: World) -> None:
    del here.pacs.exams[CT.study_uid]
    send(here, 1)
    began = here.clock.now()
    held = looks_until_held(here)
    assert held.reason == "study_absent_too_late"
    assert timedelta(days=3) < here.clock.now() - began < timedelta(days=3, hours=2)


def test_the_hours_of_an_outage_are_not_counted_against_the_study(here: World) -> None:
    send(here, 1)
    here.pacs.failures = [AWAY] * 5_000
    began = here.clock.now()
    while here.clock.now() - began < timedelta(hours=120):
        assert tried(here).state is WAITING
    here.pacs.failures = []
    del here.pacs.exams[CT.study_uid]
    back = here.clock.now()
    held = looks_until_held(here)
    assert held.reason == "study_absent_too_late"
    assert here.clock.now() - back > timedelta(days=2, hours=20)


def test_a_gateway_that_stood_still_for_a_week_goes_on(here: World) -> None:
    del here.pacs.exams[CT.study_uid]
    send(here, 1)
    tried(here)
    here.clock.at += timedelta(days=7)
    assert tried(here).state is WAITING
    here.pacs.exams[CT.study_uid] = exam()
    settle(here, days=1)
    assert share_of(here, 1).state is SHARED


def test_a_pacs_that_is_away_for_a_month_holds_what_waits_for_it(here: World) -> None:
    send(here, 1)
    here.pacs.failures = [AWAY] * 5_000
    began = here.clock.now()
    held = looks_until_held(here, 5000)
    assert held.reason == "pacs_too_late"
    assert timedelta(days=30) < here.clock.now() - began < timedelta(days=31)


def test_a_clock_set_forward_holds_nothing_that_the_registry_has_not_answered(here: World) -> None:
    here.destination.before = [REGISTRY_AWAY] * 3
    send(here, 1)
    while tried(here).state is not SENDING:
        pass
    here.clock.at += timedelta(days=400)
    assert tried(here).state is SENDING
    settle(here, days=1)
    assert share_of(here, 1).state is SHARED


def test_a_clock_set_forward_holds_nothing_that_waits_for_what_it_replaces(here: World) -> None:
    send(here, 2)
    assert tried(here).state is WAITING
    here.clock.at += timedelta(days=400)
    assert tried(here).state is WAITING
    send(here, 1)
    settle(here, days=1)
    assert (share_of(here, 1).state, share_of(here, 2).state) == (ShareState.SUPERSEDED, SHARED)


def test_the_patience_with_the_study_begins_when_what_it_replaces_is_out(here: World) -> None:
    send(here, 1)
    here.destination.before = [REGISTRY_AWAY] * 2000
    while here.clock.now() - share_of(here, 1).created_at < timedelta(days=5):
        tried(here)
    send(here, 2)
    del here.pacs.exams[CT.study_uid]
    here.destination.before = []
    settle(here, days=0.2)
    waits = share_of(here, 2)
    assert waits.state is WAITING
    assert waits.reason == "study_absent"
    assert waits.waited_s < 86_400


def test_a_person_who_takes_it_up_gives_it_new_patience(here: World) -> None:
    del here.pacs.exams[CT.study_uid]
    send(here, 1)
    held = looks_until_held(here)
    here.sharing.replay(held.id, "someone")
    assert tried(here).state is WAITING
