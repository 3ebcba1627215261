"""Several workers on one PostgreSQL: rung from elsewhere, taken over, back after the database was away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import Unavailable
from gateway.model.share import Share, ShareState
from gateway.store.bell import Listener, Notifier
from gateway.store.clock import DatabaseClock, database_time
from gateway.store.engine import open_engine
from gateway.work import Worker
from tests.support.postgresql import Server, server
from tests.support.store import Stage, keep, stage

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server("fsync=on") as one:
        yield one


def until(true: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Host:
    """A worker with connections, clock and bell of its own."""

    def __init__(self, url: str, *, lease_s: float = 60.0, poll_s: float = 0.2) -> None:
        self.carried: list[str] = []
        self._rang = threading.Event()
        self._stack = stage(url, migrate=False)
        self.on = self._stack.__enter__()
        self.listener = Listener(url, self._rang.set)
        self.worker = Worker(
            self,
            self.on.store,
            DatabaseClock(lambda: database_time(self.on.engine)),
            self._wait,
            threads=2,
            lease_s=lease_s,
            poll_s=poll_s,
        )
        self.thread = threading.Thread(target=self.worker.run)

    def carry(self, share: Share) -> Share:
        self.carried.append(share.id)
        self.on.store.save(replace(share, state=ShareState.SHARED), [])
        return replace(share, state=ShareState.SHARED, lease="")

    def _wait(self, timeout_s: float) -> bool:
        rang = self._rang.wait(timeout_s)
        self._rang.clear()
        return rang

    def __enter__(self) -> Host:
        self.listener.start()
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.stop()
        self._rang.set()
        self.thread.join(60)
        self.listener.close()
        self._stack.__exit__(None, None, None)


def shared(on: Stage) -> int:
    return len(on.store.overviews(limit=1000, states=["shared"]))


def test_a_report_that_one_host_takes_is_rung_for_on_another(running: Server) -> None:
    url = running.database()
    with stage(url) as on, Host(url, poll_s=600) as host:
        notifier = Notifier(on.engine)
        # Until it listens, and after: the first ring may come too early, and is made up for when it listens.
        keep(on.store)
        notifier.ring()
        until(lambda: len(host.carried) == 1)
        keep(on.store)
        notifier.ring()
        until(lambda: len(host.carried) == 2)
        notifier.close()


def test_two_hosts_carry_each_share_once(running: Server) -> None:
    url = running.database()
    with stage(url) as on:
        for _ in range(60):
            keep(on.store)
        with Host(url) as one, Host(url) as other:
            until(lambda: shared(on) == 60)
        assert len(one.carried) + len(other.carried) == 60
        assert not set(one.carried) & set(other.carried)


def test_what_a_dead_worker_held_is_taken_over_within_the_lease(running: Server) -> None:
    url = running.database()
    with stage(url) as on:
        keep(on.store)
        dead = on.store.claim(database_time(on.engine), 1.0)
        assert dead is not None
        began = time.monotonic()
        with Host(url) as host:
            until(lambda: host.carried == [dead.id])
        assert time.monotonic() - began < 10


def test_a_host_whose_clock_is_wrong_takes_nothing_that_is_held(
    running: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = running.database()
    with stage(url) as on:
        keep(on.store)
        held = on.store.claim(database_time(on.engine), 60)
        assert held is not None
        # An hour ahead of the database: by its own clock the lease ended long ago.
        monkeypatch.setattr("gateway.store.clock.time.clock_gettime", lambda _: time.monotonic() + 3600)
        with Host(url) as host:
            time.sleep(0.5)
            assert host.carried == []


def test_everything_goes_on_by_itself_when_the_database_comes_back(running: Server) -> None:
    url = running.database()
    with stage(url) as on, Host(url) as host:
        keep(on.store)
        until(lambda: shared(on) == 1)
        running.stop(rudely=True)
        with pytest.raises(Unavailable, match="store_unavailable"):
            keep(on.store)
        time.sleep(0.5)
        running.start("fsync=on")
        keep(on.store)
        until(lambda: len(host.carried) == 2)


def test_a_bell_without_a_database_harms_nobody() -> None:
    engine = open_engine("postgresql+psycopg://postgres@/nothing?host=/nowhere", busy_timeout_s=1)
    notifier = Notifier(engine)
    notifier.ring()
    rang: list[Any] = []
    listener = Listener("postgresql+psycopg://postgres@/nothing?host=/nowhere", lambda: rang.append(1))
    listener.start()
    time.sleep(0.2)
    listener.close()
    notifier.close()
    engine.dispose()
    assert rang == []
