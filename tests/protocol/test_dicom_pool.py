"""Kept associations: lent to one owner, replaced when the peer closed them, released when idle."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from pynetdicom import AE

from gateway.demo.pacs import DemoPacs
from gateway.dicom.network.association import Requestor
from gateway.dicom.network.pool import Backoff, Pool
from gateway.dicom.network.proposal import ECHO, QUERY
from gateway.errors import PeerMisbehaved, PeerUnreachable
from tests.support.dicom_scp import settings


@pytest.fixture
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoPacs]:
    running = DemoPacs(tmp_path_factory.mktemp("pacs"), "PACS")
    running.start()
    yield running
    running.stop()


def echo(pool: Pool) -> int:
    return pool.run(ECHO, Requestor.echo)


def open_at(pacs: DemoPacs) -> int:
    entity: AE = pacs._entity
    return sum(association.is_established for association in entity.active_associations)


def until(condition: object, limit_s: float = 10.0) -> bool:
    ends = time.monotonic() + limit_s
    while time.monotonic() < ends:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def test_an_association_is_kept_and_used_again(pacs: DemoPacs) -> None:
    pool = Pool(settings(pacs.port))
    used = [pool.run(ECHO, id) for _ in range(5)]
    assert len(set(used)) == 1
    pool.close()


def test_one_that_the_peer_closed_is_replaced_without_an_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    first = DemoPacs(tmp_path_factory.mktemp("pacs"), "PACS")
    first.start()
    pool = Pool(settings(first.port))
    assert echo(pool) == 0
    first.stop()
    again = DemoPacs(first.folder, "PACS", first.port)
    again.start()
    assert echo(pool) == 0
    pool.close()
    again.stop()


def test_idle_ones_are_released_by_themselves(pacs: DemoPacs) -> None:
    pool = Pool(settings(pacs.port, idle_release_s=0.2))
    before = threading.active_count()
    assert echo(pool) == 0
    assert until(lambda: open_at(pacs) == 0)
    assert until(lambda: threading.active_count() <= before)
    pool.close()


def test_there_are_never_more_than_allowed(pacs: DemoPacs) -> None:
    pool = Pool(settings(pacs.port, max_associations=2))
    highest = 0
    barrier = threading.Barrier(2)

    def work(requestor: Requestor) -> int:
        nonlocal highest
        highest = max(highest, open_at(pacs))
        return requestor.echo()

    def both() -> None:
        barrier.wait()
        for _ in range(5):
            pool.run(ECHO, work)
            pool.run(QUERY, id)

    threads = [threading.Thread(target=both) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool.close()
    assert highest <= 2


def test_when_all_are_lent_one_waits_and_is_then_told(pacs: DemoPacs) -> None:
    pool = Pool(settings(pacs.port, max_associations=1, response_timeout_s=1.5))

    def within(requestor: Requestor) -> None:
        with pytest.raises(PeerUnreachable, match="pacs_all_busy"):
            echo(pool)

    pool.run(ECHO, within)
    assert echo(pool) == 0
    pool.close()


def test_one_is_dropped_after_any_exception(pacs: DemoPacs) -> None:
    pool = Pool(settings(pacs.port))

    def fails(requestor: Requestor) -> None:
        raise PeerMisbehaved("pacs_protocol")

    with pytest.raises(PeerMisbehaved):
        pool.run(ECHO, fails)
    assert until(lambda: open_at(pacs) == 0)
    pool.close()


def test_a_closed_pool_keeps_nothing(pacs: DemoPacs) -> None:
    before = threading.active_count()
    pool = Pool(settings(pacs.port))
    pool.run(ECHO, lambda requestor: pool.close())
    assert until(lambda: open_at(pacs) == 0)
    assert until(lambda: threading.active_count() <= before)


def test_a_pacs_that_cannot_be_reached_is_left_alone_a_little_longer_each_time() -> None:
    now = 0.0
    backoff = Backoff(lambda: now)
    away = PeerUnreachable("pacs_unreachable", pacs="test", words="refused")
    backoff.failed(away)
    backoff.check()
    pauses = []
    for _ in range(12):
        backoff.failed(away)
        with pytest.raises(PeerUnreachable) as caught:
            backoff.check()
        assert (caught.value.code, caught.value.facts) == (away.code, away.facts)
        began = now
        while True:
            try:
                backoff.check()
                break
            except PeerUnreachable:
                now += 0.25
        pauses.append(now - began)
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert pauses[-1] == 30.0
    backoff.succeeded()
    backoff.failed(away)
    backoff.check()


def test_a_machine_that_gives_no_thread_costs_no_answer_and_the_idle_are_released_later(
    pacs: DemoPacs, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, refused = threading.Thread.start, [1]

    def start_or_not(thread: threading.Thread) -> None:
        if refused and isinstance(thread, threading.Timer):
            refused.pop()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_not)
    pool = Pool(settings(pacs.port, idle_release_s=0.2))
    assert echo(pool) == 0
    assert not refused
    assert echo(pool) == 0
    assert until(lambda: not pool._parked)
    pool.close()
