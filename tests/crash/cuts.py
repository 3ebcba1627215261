"""Reports taken on a disk that is recorded, and what is left of them when the power goes."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from gateway.errors import GatewayError
from gateway.store import migrations
from gateway.store.blobs import FileBlobs
from gateway.store.engine import open_engine, reading
from gateway.store.sql import SqlStore
from gateway.store.writer import open_writer
from tests.crash.recorder import Recorder, recording
from tests.support.store import accept, accepted, event, report, share, stage

THREADS = 4
REPORTS = 12


def work(recorder: Recorder, folder: Path, *, pragma: str = "") -> None:
    """Take reports as the intake does, several senders at once; each is acknowledged when it is kept."""
    engine = open_engine(f"sqlite:///{folder}/gateway.db")
    if pragma:
        sa.event.listen(engine, "connect", lambda raw, _: raw.execute(pragma).close())
        engine.dispose()
    migrations.upgrade(engine)
    writer = open_writer(engine)
    store, blobs = SqlStore(engine, writer), FileBlobs(folder / "blobs")

    def send(number: int) -> None:
        chance = random.Random(number)
        for _ in range(REPORTS):
            content = chance.randbytes(chance.randint(10, 20_000))
            name = hashlib.sha256(content).hexdigest()
            with blobs.begin(content) as keeping:
                of = accepted(report(number=name), id=name, digest=keeping.digest)
                accept(store, of, [share(of, id=name)], [event()], keeping.finish)
            recorder.acknowledged(name)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    engine.dispose()


@contextmanager
def recorded(folder: Path, *, pragma: str = "") -> Iterator[Recorder]:
    folder.mkdir()
    with recording(folder) as recorder:
        work(recorder, folder, pragma=pragma)
    yield recorder


def lost(folder: Path, acknowledged: set[str]) -> set[str]:
    """What of *acknowledged* the store in *folder* does not have whole, when it is started on what is left."""
    if not acknowledged:
        return set()
    missing = set()
    blobs = FileBlobs(folder / "blobs")
    with stage(f"sqlite:///{folder}/gateway.db", migrate=False) as on:
        with reading(on.engine) as connection:
            assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
        for name in acknowledged:
            try:
                blobs.get(on.store.report(name).digest)
            except GatewayError:
                missing.add(name)
    return missing


def cut(count: int, folder: Path, seed: int) -> set[str]:
    """What of the acknowledged *count* power cuts lose, each at some moment of one recording."""
    chance = random.Random(seed)
    gone: set[str] = set()
    with recorded(folder / "store") as recorder:
        first = next(n for n, each in enumerate(recorder.events) if each.kind == "acknowledge")
        assert sum(each.kind == "acknowledge" for each in recorder.events) == THREADS * REPORTS
        for _ in range(count):
            at = chance.randint(first, len(recorder.events))
            acknowledged = recorder.after_cut(at, folder / "cut", chance)
            gone |= lost(folder / "cut", acknowledged)
    return gone
