"""The time of several machines, and the chores that one of them does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from gateway.errors import Unavailable
from gateway.store import chores, clock
from gateway.store.clock import REFRESH_S, DatabaseClock, database_time
from tests.support.postgresql import Server, postgresql_server  # noqa: F401
from tests.support.store import NOW, Stage, later, stage


class Machine:
    """A machine's clocks, and a database that says the time."""

    def __init__(self) -> None:
        self.monotonic_s = 1000.0
        self.wall = NOW
        self.database = NOW
        self.away = False
        self.ask_again: Callable[[], object] = lambda: None
        self.clock = DatabaseClock(self.ask, monotonic=lambda: self.monotonic_s, wall=lambda: self.wall)

    def ask(self) -> datetime:
        if self.away:
            raise Unavailable("store_unavailable")
        self.ask_again()
        return self.database

    def forward(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.wall += timedelta(seconds=seconds)
        self.database += timedelta(seconds=seconds)


@pytest.mark.parametrize("jump_s", [-86_400.0, -90.0, 90.0, 86_400.0 * 30])
def test_a_machine_whose_clock_is_set_goes_on_in_the_database_s_time(jump_s: float) -> None:
    here = Machine()
    assert here.clock.now() == NOW
    here.wall += timedelta(seconds=jump_s)
    for passed in (1, 10, 100, 1000):
        here.forward(passed)
        assert here.clock.now() == here.database


def test_machines_whose_clocks_differ_say_the_same_time() -> None:
    one, other = Machine(), Machine()
    other.wall += timedelta(minutes=17)
    assert one.clock.now() == other.clock.now()


def test_a_database_whose_clock_is_set_is_followed() -> None:
    here = Machine()
    here.clock.now()
    here.database += timedelta(hours=1)
    here.forward(REFRESH_S)
    assert here.clock.now() == here.database


def test_while_the_database_is_away_the_time_goes_on() -> None:
    here = Machine()
    here.clock.now()
    here.away = True
    here.forward(500)
    here.wall -= timedelta(days=3)
    assert here.clock.now() == later(500)
    here.away = False
    here.forward(REFRESH_S)
    assert here.clock.now() == later(500 + REFRESH_S)


def test_a_database_that_hangs_keeps_nobody_waiting_for_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_PATIENCE_S", 0.01)
    here, hangs = Machine(), threading.Event()
    here.clock.now()
    asked: list[int] = []
    here.ask_again = lambda: asked.append(1) or hangs.wait(30)
    for _ in range(3):
        here.forward(REFRESH_S)
        assert here.clock.now() == here.database
    assert len(asked) == 1, "one asks, however long that takes"
    hangs.set()


def test_before_the_first_answer_the_machine_s_own_clock_serves() -> None:
    here = Machine()
    here.away = True
    assert here.clock.now() == NOW


@pytest.mark.postgresql
def test_the_database_is_asked_for_its_own_time(postgresql_server: Server) -> None:  # noqa: F811
    with stage(postgresql_server.database(), migrate=False) as on:
        first, second = database_time(on.engine), database_time(on.engine)
    assert first < second
    assert first.utcoffset() == timedelta(0)


# Chores


def take(on: Stage, now: datetime) -> bool:
    return on.writer.run(lambda connection: chores.take(connection, "sweep", now, 3600, 600))


def test_a_chore_is_done_by_one_and_not_again_before_its_time(on: Stage) -> None:
    with chores.chore(on.writer, "sweep", NOW, every_s=3600) as mine:
        assert mine
        with chores.chore(on.writer, "sweep", NOW, every_s=3600) as others:
            assert not others
    assert not take(on, later(3599))
    assert take(on, later(3600))


def test_a_chore_that_broke_off_is_taken_over_when_its_lease_ends(on: Stage) -> None:
    assert take(on, NOW)
    assert not take(on, later(599))
    assert take(on, later(600))


def test_a_clock_that_was_put_back_does_not_keep_a_chore_from_being_done(on: Stage) -> None:
    with chores.chore(on.writer, "sweep", later(1e7), every_s=3600):
        pass
    assert take(on, NOW)
