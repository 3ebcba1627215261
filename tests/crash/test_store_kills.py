"""kill -9, again and again: what was reported as kept is there, and nothing is there by half."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import select as io
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.errors import InputRejected, Unavailable
from gateway.model.share import ShareState
from gateway.store.blobs import FileBlobs
from gateway.store.engine import open_engine, reading
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import (
    DATABASES,
    NOW,
    Stage,
    accept,
    accepted,
    claimed,
    event,
    frozen,
    keep,
    manifest,
    pairing,
    report,
    share,
    stage,
    url_of,
)

KILLS = int(os.environ.get("GATEWAY_TEST_KILLS", "20"))


class Child:
    """A forked process; what it tells comes line by line, each line written at once."""

    def __init__(self, work: Callable[[Callable[[str], None]], None]) -> None:
        self._reader, writer = os.pipe()
        self._told = b""
        self.pid = os.fork()
        if self.pid == 0:
            try:
                work(lambda line: _tell(writer, line))
            finally:
                os._exit(0)
        os.close(writer)

    def wait_for_a_word(self) -> None:
        ready, _, _ = io.select([self._reader], [], [], 60)
        assert ready, "the child says nothing"

    def kill(self) -> list[str]:
        """Kill it, and give everything that it told."""
        os.kill(self.pid, signal.SIGKILL)
        return self.end()

    def end(self) -> list[str]:
        while some := os.read(self._reader, 65536):
            self._told += some
        os.close(self._reader)
        os.waitpid(self.pid, 0)
        return self._told.decode().splitlines()


def _tell(descriptor: int, line: str) -> None:
    os.write(descriptor, f"{line}\n".encode())


@contextmanager
def threads(count: int, work: Callable[[int], None]) -> Iterator[None]:
    started = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in started:
        thread.start()
    yield
    for thread in started:
        thread.join()


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    one = url_of(request.param, tmp_path, request)
    with stage(one):
        pass
    return one


def accept_for_ever(url: str, folder: Path, tell: Callable[[str], None]) -> None:
    blobs = FileBlobs(folder)
    with stage(url, migrate=False) as on:

        def send(_: int) -> None:
            while True:
                content = os.urandom(3000)
                name = hashlib.sha256(content).hexdigest()
                of = accepted(report(number=name), id=name, digest=blobs.put(content))
                accept(on.store, of, [share(of, id=name)], [event()])
                tell(name)

        with threads(4, send):
            pass


@pytest.mark.timeout(600)
def test_what_was_acknowledged_survives_every_kill(url: str, tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(KILLS):
        child = Child(lambda tell: accept_for_ever(url, tmp_path / "blobs", tell))
        child.wait_for_a_word()
        time.sleep(random.uniform(0, 0.15))
        told += child.kill()
    blobs = FileBlobs(tmp_path / "blobs")
    with stage(url, migrate=False) as on:
        assert len(told) >= KILLS
        for name in told:
            blobs.get(on.store.report(name).digest)
        kept = on.store.overviews(limit=1_000_000)
        assert {each.share.id for each in kept} >= set(told)
        assert on.actions() == ["report.accepted"] * len(kept)
        for each in kept:
            blobs.get(on.store.report(each.share.report_id).digest)
        if on.engine.dialect.name == "sqlite":
            with reading(on.engine) as connection:
                assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
                assert connection.execute(sa.text("PRAGMA foreign_key_check")).all() == []


def share_for_ever(url: str, tell: Callable[[str], None]) -> None:
    with stage(url, migrate=False) as on:

        def work(_: int) -> None:
            while True:
                name = os.urandom(16).hex()
                study = f"1.2.{int(name, 16)}"
                of = accepted(report(number=name, studies=(study,)), id=name)
                accept(on.store, of, [share(of, id=name, destination=name)], [])
                mine = on.store.claim(NOW, 3600)
                if mine is None:
                    continue
                uid = on.store.overviews(limit=1, report_id=mine.report_id)[0].study_uids[0]
                ready = replace(mine, state=ShareState.FROZEN)
                on.store.freeze(ready, frozen(uid), [manifest(mine, uid)], [pairing(uid)], [])
                tell(f"frozen {mine.id} {uid}")
                on.store.registered(replace(mine, state=ShareState.SHARED), [])
                tell(f"shared {mine.id} {uid}")

        with threads(4, work):
            pass


@pytest.mark.timeout(600)
def test_a_share_is_frozen_and_registered_whole_or_not_at_all(url: str) -> None:
    told: list[str] = []
    for _ in range(KILLS):
        child = Child(lambda tell: share_for_ever(url, tell))
        child.wait_for_a_word()
        time.sleep(random.uniform(0, 0.15))
        told += child.kill()
    with stage(url, migrate=False) as on:
        kept = {each.share.id: each for each in on.store.overviews(limit=1_000_000)}
        for line in told:
            state, share_id, uid = line.split()
            found = on.store.manifest(share_id, uid)
            assert found is not None
            assert found.shared or state == "frozen"
        for share_id, each in kept.items():
            assert _whole(on, share_id, each.share.state, each.study_uids[0]), share_id


def _whole(on: Stage, share_id: str, state: ShareState, uid: str) -> bool:
    found = on.store.manifest(share_id, uid)
    try:
        documents = len(on.store.frozen(share_id).documents)
    except InputRejected:
        documents = 0
    if state is ShareState.WAITING:
        return found is None and documents == 0
    return found is not None and documents == 2 and found.shared == (state is ShareState.SHARED)


def claim_all(url: str, expected: int, tell: Callable[[str], None]) -> None:
    with stage(url, migrate=False) as on:

        def work(_: int) -> None:
            while len(on.store.overviews(limit=expected, states=["shared"])) < expected:
                mine = on.store.claim(NOW, 3600)
                if mine is None:
                    continue
                begin = time.monotonic_ns()
                time.sleep(0.001)
                end = time.monotonic_ns()
                on.store.save(replace(mine, state=ShareState.SHARED), [])
                tell(f"{mine.id} {mine.lineage} {begin} {end}")

        with threads(4, work):
            pass


@pytest.mark.timeout(300)
def test_two_processes_never_hold_a_share_or_a_lineage_together(url: str) -> None:
    with stage(url, migrate=False) as on:
        for number in range(60):
            keep(on.store, lineage=f"L{number % 12}", destination=f"D{number % 2}")
    children = [Child(lambda tell: claim_all(url, 60, tell)) for _ in range(2)]
    told = [line.split() for child in children for line in child.end()]
    assert len({share_id for share_id, *_ in told}) == len(told) == 60
    by_lineage: dict[str, list[tuple[int, int]]] = {}
    for _, lineage, begin, end in told:
        by_lineage.setdefault(lineage, []).append((int(begin), int(end)))
    for held in by_lineage.values():
        held.sort()
        assert all(first[1] < second[0] for first, second in pairwise(held))


# A disk without room: a limit on the size of files, in a process that has nothing else to lose


def fill_up(url: str, folder: Path, tell: Callable[[str], None]) -> None:
    blobs = FileBlobs(folder)
    with stage(url, migrate=False) as on:
        limit = max(path.stat().st_size for path in Path(on.engine.url.database or "").parent.iterdir())
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit + 30_000, hard))
        try:
            while True:
                tell(keep(on.store).id)
        except Unavailable as error:
            tell(f"error {error.code}")
        try:
            blobs.put(bytes(limit + 30_001))
        except Unavailable as error:
            tell(f"error {error.code}")
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        tell(keep(on.store).id)
        blobs.put(bytes(limit + 30_001))
        claimed(on.store)
        tell("end")


def test_without_room_nothing_is_promised_and_with_room_it_goes_on(tmp_path: Path) -> None:
    url = url_of("sqlite", tmp_path, None)  # type: ignore[arg-type]
    with stage(url):
        pass
    told = Child(lambda tell: fill_up(url, tmp_path / "blobs", tell)).end()
    errors = [line.split()[1] for line in told if line.startswith("error")]
    # SQLite tells a full disk from a limit; the limit it calls a failed write.
    assert errors == ["store_unavailable", "store_full"]
    assert told[-1] == "end"
    promised = {line for line in told[:-1] if not line.startswith("error")}
    engine = open_engine(url)
    with reading(engine) as connection:
        assert set(connection.execute(sa.text("SELECT id FROM shares")).scalars()) == promised
        assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
    engine.dispose()
