"""The worker: carries what is due, survives what goes wrong, stops when it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.demo import reports
from gateway.errors import Unavailable
from gateway.model.share import Share, ShareState
from gateway.work import SideWorker, Worker
from tests.bench.studies import named
from tests.fakes.world import World, world


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


class _Running:
    """A worker in a thread of its own; *sharing* and *store* may be replaced by ones that fail."""

    def __init__(self, here: World, **changes: Any) -> None:
        self.bell = threading.Event()
        self.worker = Worker(
            changes.pop("sharing", here.sharing),
            changes.pop("store", here.store),
            here.clock,
            self._wait,
            threads=2,
            lease_s=changes.pop("lease_s", 120),
            poll_s=0.05,
            **changes,
        )
        self.thread = threading.Thread(target=self.worker.run)

    def _wait(self, timeout_s: float) -> bool:
        rang = self.bell.wait(timeout_s)
        self.bell.clear()
        return rang

    def __enter__(self) -> _Running:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.stop()
        self.thread.join(30)
        assert not self.thread.is_alive()


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _state(here: World) -> ShareState:
    return here.store.overviews(limit=1)[0].share.state


def test_what_is_due_is_carried_without_being_told(here: World) -> None:
    here.accept()
    with _Running(here):
        _until(lambda: _state(here) is ShareState.SHARED)


def _report(number: int) -> bytes:
    return reports.level3(reports.Draft(study=named(f"w{number}")))


class _Noting:
    """Carries nothing far, and notes which thread did."""

    def __init__(self, here: World, begin: Callable[[], None] = lambda: None) -> None:
        self._here = here
        self._begin = begin
        self.threads: list[threading.Thread] = []

    def carry(self, share: Share) -> Share:
        self.threads.append(threading.current_thread())
        self._begin()
        done = replace(share, state=ShareState.SHARED)
        self._here.store.save(done, [])
        return replace(done, lease="")


def test_who_has_carried_one_goes_on_with_the_next(here: World) -> None:
    for number in range(6):
        here.accept(content=_report(number))
    noting = _Noting(here)
    with _Running(here, sharing=noting):
        _until(lambda: len(noting.threads) == 6)
    assert len(set(noting.threads)) <= 2


def test_while_reports_come_in_nobody_goes_on(here: World) -> None:
    here.accept(content=_report(1))
    here.accept(content=_report(2))
    rings = 0
    ringing = False
    seen: list[bool] = []

    def begin() -> None:
        nonlocal ringing
        seen.append(ringing)
        if len(seen) == 1:
            ringing = True
            _until(lambda: rings > 0)

    def wait(timeout_s: float) -> bool:
        nonlocal rings, ringing
        time.sleep(min(timeout_s, 0.01))
        rings += ringing
        ringing = ringing and rings < 10
        return ringing

    worker = Worker(_Noting(here, begin), here.store, here.clock, wait, threads=1, lease_s=120, poll_s=0.05)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        _until(lambda: len(seen) == 2)
    finally:
        worker.stop()
        thread.join(30)
    assert seen == [False, False]


def test_what_is_carried_makes_way_for_the_next_without_a_ring(here: World) -> None:
    nudged = threading.Event()
    here.accept()
    with _Running(here, nudge=nudged.set):
        assert nudged.wait(30)
        _until(lambda: _state(here) is ShareState.SHARED)


def test_one_share_that_breaks_does_not_stop_the_others(here: World) -> None:
    class Breaking:
        broken = 0

        def carry(self, share: Share) -> Share:
            self.broken += 1
            if self.broken == 1:
                raise RuntimeError("a bug of ours, with a name in it")
            return here.sharing.carry(share)

    here.accept()
    breaking = Breaking()
    with _Running(here, sharing=breaking):
        _until(lambda: breaking.broken == 1)
        assert _state(here) is ShareState.WAITING
        here.clock.forward(121)
        _until(lambda: _state(here) is ShareState.SHARED)


def test_a_store_that_is_away_for_a_while_is_asked_again(here: World) -> None:
    class Away:
        failures = 3

        def __getattr__(self, name: str) -> Any:
            return getattr(here.store, name)

        def claim(self, *arguments: Any) -> Share | None:
            if self.failures:
                self.failures -= 1
                raise Unavailable("store_unavailable", cause="x")
            return here.store.claim(*arguments)

    here.accept()
    with _Running(here, store=Away()):
        _until(lambda: _state(here) is ShareState.SHARED)


def test_stopping_waits_for_what_is_under_way(here: World) -> None:
    begun, go = threading.Event(), threading.Event()

    class Slow:
        def carry(self, share: Share) -> Share:
            begun.set()
            go.wait(30)
            return here.sharing.carry(share)

    here.accept()
    with _Running(here, sharing=Slow()) as running:
        assert begun.wait(30)
        running.worker.stop()
        time.sleep(0.1)
        assert running.thread.is_alive()
        go.set()
    assert _state(here) is ShareState.SHARED


def test_chores_are_done_at_the_start_and_not_at_every_turn(here: World) -> None:
    done: list[int] = []
    with _Running(here, chores=lambda: done.append(1)) as running:
        _until(lambda: bool(done))
        for _ in range(5):
            running.bell.set()
            time.sleep(0.02)
    assert done == [1]


def test_a_machine_that_gives_no_thread_delays_a_share_and_stops_nothing(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First for who carries it, then for who keeps its lease."""
    start, refused = threading.Thread.start, ["share-", "lease-"]

    def start_or_not(thread: threading.Thread) -> None:
        if refused and thread.name.startswith(refused[0]):
            del refused[0]
            raise RuntimeError("can't start new thread")
        start(thread)

    here.accept()
    monkeypatch.setattr(threading.Thread, "start", start_or_not)
    with _Running(here):
        for left in (1, 0):
            _until(lambda left=left: len(refused) == left)  # type: ignore[misc]
            assert _state(here) is ShareState.WAITING
            here.clock.forward(121)
        _until(lambda: _state(here) is ShareState.SHARED)


def test_one_thread_keeps_every_lease_and_outlives_one_that_breaks(here: World) -> None:
    go, kept = threading.Event(), []

    class Slow:
        def carry(self, share: Share) -> Share:
            go.wait(30)
            return here.sharing.carry(share)

    class Renewing:
        def __getattr__(self, name: str) -> Any:
            return getattr(here.store, name)

        def renew(self, share: Share, until: datetime) -> bool:
            kept.append(share.id)
            if len(kept) == 1:
                raise LookupError("a bug of ours")
            return here.store.renew(share, until)

    here.accept()
    with _Running(here, sharing=Slow(), store=Renewing(), lease_s=0.06):
        try:
            _until(lambda: len(kept) > 2)
            assert [thread.name for thread in threading.enumerate()].count("lease-keeper") == 1
        finally:
            go.set()
        _until(lambda: _state(here) is ShareState.SHARED)


def test_a_worker_beside_the_main_one_that_breaks_is_not_passed_over_in_silence(here: World) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise LookupError("a bug of ours")

    ended = threading.Event()

    def make(wait: Callable[[float], bool], nudge: Callable[[], None]) -> Worker[Share]:
        return Worker(here.sharing, Broken(), here.clock, wait, threads=1, lease_s=120, poll_s=0.05)

    beside = SideWorker(make, ended.set)
    beside.join()  # before it began: nothing to wait for
    beside.start()
    assert ended.wait(30)
    beside.join()
    with pytest.raises(LookupError):
        beside.check()


def test_a_chore_that_breaks_does_not_keep_the_shares_from_being_carried(here: World) -> None:
    def chores() -> None:
        raise LookupError("a bug of ours")

    here.accept()
    with _Running(here, chores=chores):
        _until(lambda: _state(here) is ShareState.SHARED)
