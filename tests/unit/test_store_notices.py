"""The outbox of notices and the figures of the store, on both databases."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.model.notice import Notice
from gateway.model.share import Share, ShareState
from gateway.store.engine import transaction
from gateway.store.notices import SqlNotices
from gateway.store.schema import SHARES
from gateway.store.tallies import tallies
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import DATABASES, NOW, Stage, keep, stage, url_of

SOON = NOW + timedelta(minutes=1)
LATER = NOW + timedelta(minutes=20)
INTERVAL_S = 900.0


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with stage(url_of(request.param, tmp_path, request)) as one:
        yield one


def held(place: Stage, reason: str = "patient_differs", **changes: object) -> Share:
    return keep(place.store, state=ShareState.HELD, reason=reason, facts={"report": "PATIENT^NAME"}, **changes)


def outbox(place: Stage) -> SqlNotices:
    return SqlNotices(place.engine, place.writer)


def deliver(box: SqlNotices) -> Notice:
    one = box.claim("mail", NOW, 60)
    assert one is not None
    box.delivered(one, NOW)
    return one.notice


def test_what_is_held_is_told_once_to_each_channel(place: Stage) -> None:
    box = outbox(place)
    assert box.make("mail", NOW, INTERVAL_S) is None
    first, second = held(place), held(place, reason="sex_differs")
    notice = box.make("mail", NOW, INTERVAL_S)
    assert notice is not None
    assert (notice.new, notice.altogether) == (2, 2)
    assert {(one.reason, one.many, one.ids) for one in notice.held} == {
        ("patient_differs", 1, (first.id,)),
        ("sex_differs", 1, (second.id,)),
    }
    assert deliver(box) == notice
    assert box.make("mail", LATER, INTERVAL_S) is None
    other = box.make("webhook", NOW, INTERVAL_S)
    assert other is not None
    assert other.id != notice.id


def test_no_two_notices_come_within_the_interval(place: Stage) -> None:
    box = outbox(place)
    held(place)
    assert box.make("mail", NOW, INTERVAL_S) is not None
    deliver(box)
    held(place)
    assert box.make("mail", SOON, INTERVAL_S) is None
    notice = box.make("mail", LATER, INTERVAL_S)
    assert notice is not None
    assert (notice.new, notice.altogether) == (1, 2)


def test_while_one_is_on_its_way_what_comes_waits_for_the_next(place: Stage) -> None:
    box = outbox(place)
    held(place)
    assert box.make("mail", NOW, INTERVAL_S) is not None
    held(place)
    assert box.make("mail", LATER, INTERVAL_S) is None
    deliver(box)
    assert box.make("mail", LATER, INTERVAL_S) is not None


def test_a_delivery_that_failed_is_tried_again_with_the_same_bytes(place: Stage) -> None:
    box = outbox(place)
    held(place)
    made = box.make("mail", NOW, INTERVAL_S)
    one = box.claim("mail", NOW, 60)
    assert one is not None
    assert box.claim("mail", NOW, 60) is None
    box.failed(one, SOON, "notice_mail_unreachable")
    assert box.waiting() == {"mail": (1, "notice_mail_unreachable")}
    assert box.claim("mail", NOW, 60) is None
    again = box.claim("mail", SOON, 60)
    assert again is not None
    assert again.notice == made
    assert again.attempts == 1


def test_a_process_that_died_leaves_its_notice_to_the_next_and_cannot_write_any_more(place: Stage) -> None:
    box = outbox(place)
    held(place)
    box.make("mail", NOW, INTERVAL_S)
    dead = box.claim("mail", NOW, 60)
    assert dead is not None
    heir = box.claim("mail", NOW + timedelta(seconds=60), 60)
    assert heir is not None
    assert heir.notice == dead.notice
    box.failed(dead, LATER, "notice_mail_refused")
    assert box.waiting() == {"mail": (0, "")}
    box.delivered(heir, NOW)
    assert box.waiting() == {}


def test_what_is_held_another_time_is_told_another_time(place: Stage) -> None:
    box = outbox(place)
    one = held(place)
    box.make("mail", NOW, INTERVAL_S)
    deliver(box)
    with transaction(place.engine) as connection:
        connection.execute(update(SHARES).where(SHARES.c.id == one.id).values(updated_at=SOON))
    notice = box.make("mail", LATER, INTERVAL_S)
    assert notice is not None
    assert notice.new == 1


def test_of_several_processes_that_look_at_one_time_one_tells(place: Stage) -> None:
    held(place)
    outboxes = [outbox(place) for _ in range(4)]
    start = threading.Barrier(len(outboxes))
    made: list[Notice | None] = []

    def look(box: SqlNotices) -> None:
        start.wait()
        made.append(box.make("mail", NOW, INTERVAL_S))

    threads = [threading.Thread(target=look, args=(box,)) for box in outboxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in made if one is not None]) == 1
    assert outbox(place).waiting() == {"mail": (0, "")}


def test_a_clock_that_was_set_back_does_not_silence_it(place: Stage) -> None:
    box = outbox(place)
    held(place)
    box.make("mail", LATER, INTERVAL_S)
    one = box.claim("mail", LATER, 60)
    assert one is not None
    box.delivered(one, LATER)
    held(place)
    assert box.make("mail", NOW, INTERVAL_S) is not None


def test_a_notice_names_no_patient_and_few_ids(place: Stage) -> None:
    box = outbox(place)
    for _ in range(30):
        held(place)
    notice = box.make("mail", NOW, INTERVAL_S)
    assert notice is not None
    (one,) = notice.held
    assert (one.many, len(one.ids)) == (30, 20)
    assert "PATIENT" not in json.dumps(notice.as_json())
    assert Notice.from_json(notice.id, notice.made_at, json.loads(json.dumps(notice.as_json()))) == notice


def test_the_store_is_counted_by_state_age_and_reason(place: Stage) -> None:
    keep(place.store, attempts=3)
    keep(place.store, state=ShareState.SHARED, created_at=NOW)
    held(place)
    found = tallies(place.engine, NOW + timedelta(seconds=90))
    assert found.shares == {("dmp", "waiting"): 1, ("dmp", "shared"): 1, ("dmp", "held"): 1}
    assert found.oldest_s == {("dmp", "waiting"): 90.0, ("dmp", "held"): 90.0}
    assert found.attempts == {("dmp", "waiting"): 3, ("dmp", "held"): 0}
    assert found.held == {("dmp", "patient_differs"): 1}
    assert (found.due, found.due_oldest_s) == (1, 90.0)
    assert (found.sessions, found.relay, found.notices) == (0, {}, {})
