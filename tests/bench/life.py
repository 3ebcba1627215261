"""Surviving: a start on a full store, the way back after an outage, and workers on several hosts.

``GATEWAY_BENCH_WAITING`` (10,000) reports wait in the outage, ``GATEWAY_BENCH_STORED`` (100,000) shares are stored at
the start, ``GATEWAY_BENCH_SHARES`` (200) are published by each number of workers. The PACS is in memory here; the
registry is the gateway's own, with 200 ms more a submission, where hosts are counted.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gateway.demo import reports
from gateway.flow.events import New
from gateway.settings import load
from gateway.store import migrations
from gateway.store.engine import open_engine, reading, transaction
from gateway.wiring.house import House
from tests.bench import life_hosts
from tests.bench.rows import Row, at_least, at_most
from tests.fakes.world import received
from tests.support import postgresql
from tests.support.gateway import planned

WAITING = int(os.environ.get("GATEWAY_BENCH_WAITING", "10000"))
STORED = int(os.environ.get("GATEWAY_BENCH_STORED", "100000"))
SHARES = int(os.environ.get("GATEWAY_BENCH_SHARES", "200"))
DELAY_S = 0.2
_MOST_BYTES = 300 * 1024 * 1024


def run() -> list[Row]:
    return [_restart(), *_outage(), _hosts()]


# -- a start ----------------------------------------------------------------------------------------------------------


def _restart() -> Row:
    with planned() as here:
        settings = load(here.world.settings_file)
        engine = open_engine(settings.store.url)
        migrations.upgrade(engine)
        _fill(engine, STORED)
        engine.dispose()
        here.start_identity_provider()
        began = time.perf_counter()
        here.start_gateway()
        took = time.perf_counter() - began
    what = f"start to web and intake listening, {STORED} shares stored"
    return at_most("restart", what, took, 3.0, "s", 1.0)


def _fill(engine: sa.Engine, count: int) -> None:
    """Shares of every age, a tenth of them waiting; every column that may not be empty has something in it."""
    metadata = sa.MetaData()
    with reading(engine) as connection:
        metadata.reflect(connection, only=["reports", "lineages", "shares"])
    words: dict[str, Any] = {"progress": '{"version": 1, "words": {}}', "facts": '{"version": 1, "words": {}}'}
    at = datetime.now(UTC).replace(tzinfo=None)

    def row(table: sa.Table, number: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for column in table.columns:
            if column.name == "sequence" or column.nullable or column.server_default is not None:
                continue
            kind = column.type.python_type
            values[column.name] = at if kind is datetime else 0 if kind in (int, bool) else f"{number}"
        return values

    with transaction(engine) as connection:
        for start in range(0, count, 1000):
            numbers = range(start, min(count, start + 1000))
            of_reports = metadata.tables["reports"]
            connection.execute(sa.insert(of_reports), [row(of_reports, n) for n in numbers])
            connection.execute(sa.insert(metadata.tables["lineages"]), [{"key": f"{n}"} for n in numbers])
            made = []
            for n in numbers:
                waits = n % 10 == 0
                made.append(
                    row(metadata.tables["shares"], n)
                    | words
                    | {
                        "report_id": f"{n}",
                        "lineage_key": f"{n}",
                        "state": "waiting" if waits else "shared",
                        "reason": "",
                        "claim_at": at + timedelta(hours=1) if waits else None,
                    }
                )
            connection.execute(sa.insert(metadata.tables["shares"]), made)


# -- an outage --------------------------------------------------------------------------------------------------------


def _outage() -> list[Row]:
    """Two drains of as many reports: one as they come, one after the registry was away for them all."""
    with tempfile.TemporaryDirectory(prefix="bench-life-") as name:
        plain_s, _, _ = _drained(Path(name, "plain"), away=False)
        after_s, resident, tried = _drained(Path(name, "away"), away=True)
    print(f"{tried} tries reached the registry while {WAITING} waited", file=sys.stderr)
    return [
        at_least(
            "after outage", f"{WAITING} reports, shares a second", WAITING / after_s, WAITING / plain_s, "/s", 0.8
        ),
        at_most("waiting", f"memory of a worker, {WAITING} waiting", resident / 2**20, _MOST_BYTES / 2**20, "MB", 1.0),
    ]


def _drained(folder: Path, *, away: bool) -> tuple[float, int, int]:
    """(seconds from the registry's return to the last share, most memory of the worker, tries while it was away)."""
    folder.mkdir()
    settings = life_hosts.write_settings(
        folder, "host.toml", f"sqlite:///{folder}/gateway.db", folder / "blobs", 4, "http://127.0.0.1:1"
    )
    engine = open_engine(f"sqlite:///{folder}/gateway.db")
    migrations.upgrade(engine)
    (folder / "asked").touch()
    if away:
        (folder / "away").touch()
    _accept(settings, WAITING)
    tried = 0
    with _workers([settings], None, folder) as processes:
        if away:
            # Until each was tried or put off.
            _until(lambda: _count(engine, "state = 'waiting' AND reason = ''") == 0, engine)
            time.sleep(2)
            tried = (folder / "asked").stat().st_size
            (folder / "away").unlink()
        else:
            # A worker that starts is not what is measured.
            _until(lambda: _count(engine, "state = 'shared'") > 0, engine)
        began, done = time.perf_counter(), _count(engine, "state = 'shared'")
        _until(lambda: _count(engine, "state = 'shared'") == WAITING, engine)
        took = (time.perf_counter() - began) / (WAITING - done) * WAITING
        resident = max(_peak_bytes(process.pid or 0) for process in processes)
    engine.dispose()
    return took, resident, tried


def _accept(settings: Path, count: int) -> None:
    house = House(load(settings))
    try:
        for number in range(count):
            draft = reports.Draft(study=life_hosts.study_of(number))
            house.accepting.accept(New(received(content=reports.level3(draft))))
    finally:
        house.close()


def _count(engine: sa.Engine, where: str) -> int:
    with reading(engine) as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM shares WHERE {where}")).scalar_one())  # noqa: S608


def _until(true: Any, engine: sa.Engine, patience_s: float = 1800.0) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > deadline:
            with reading(engine) as connection:
                told = connection.execute(sa.text("SELECT state, reason, count(*) FROM shares GROUP BY 1, 2")).all()
            raise TimeoutError(str(told))
        time.sleep(0.1)


# -- hosts ------------------------------------------------------------------------------------------------------------


def _hosts() -> Row:
    """8 workers on two hosts against one, at a registry that takes 200 ms; what the processors allow is the bound."""
    with ExitStack() as stack:
        here = stack.enter_context(planned())
        database = stack.enter_context(postgresql.server("fsync=on"))
        here.start_registry()
        registry = f"http://127.0.0.1:{here.world.ports['registry']}"
        one_s, cpu_s = _published(here.world.folder, database, registry, [1], max(10, SHARES // 8), 0)
        eight_s, busy_s = _published(here.world.folder, database, registry, [4, 4], SHARES, 10_000)
    cores = len(os.sched_getaffinity(0))
    allowed = min(8.0, cores / max(cpu_s, busy_s) * one_s)
    speed = one_s / eight_s
    print(
        f"one worker {1 / one_s:.2f}/s, eight on two hosts {1 / eight_s:.2f}/s, "
        f"{max(cpu_s, busy_s) * 1000:.0f} ms of processor a share on {cores} cores",
        file=sys.stderr,
    )
    what = "8 workers on 2 hosts over 1, registry of 200 ms, PostgreSQL; against min(8, what the cores allow)"
    return at_least("hosts", what, speed, allowed, "x", 0.85)


def _published(
    folder: Path, database: postgresql.Server, registry: str, threads: list[int], count: int, first: int
) -> tuple[float, float]:
    """(seconds a share, processor seconds a share of gateway, registry and database)."""
    url = database.database()
    engine = open_engine(url)
    migrations.upgrade(engine)
    blobs = folder / f"blobs-{first}"
    settings = [
        life_hosts.write_settings(folder, f"host-{first}-{n}.toml", url, blobs, number, registry)
        for n, number in enumerate(threads)
    ]
    house = House(load(settings[0]))
    warm = 2 * sum(threads)
    _offer(house, first, warm + count)
    with _workers(settings, DELAY_S, folder):
        # The first ones warm everything up.
        _until(lambda: _count(engine, "state = 'shared'") >= warm, engine)
        began, before, done = time.perf_counter(), _processor_s(), _count(engine, "state = 'shared'")
        _until(lambda: _count(engine, "state = 'shared'") == count + warm, engine)
        took, used = time.perf_counter() - began, _processor_s() - before
        count += warm - done
    house.close()
    engine.dispose()
    return took / count, used / count


def _offer(house: House, first: int, count: int) -> None:
    for number in range(first, first + count):
        draft = reports.Draft(study=life_hosts.study_of(number))
        house.accepting.accept(New(received(content=reports.level3(draft))))


@contextmanager
def _workers(settings: list[Path], delay_s: float | None, folder: Path) -> Iterator[list[SpawnProcess]]:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=life_hosts.work, args=(os.getpid(), one, delay_s, folder)) for one in settings]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
            process.join(60)


def _peak_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _processor_s() -> float:
    """Of everything that this benchmark has started, and lives."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    tick = os.sysconf("SC_CLK_TCK")
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        used[pid] = (int(fields[11]) + int(fields[12])) / tick
    own = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in own} - own:
        own |= more
    return sum(used[pid] for pid in own - {os.getpid()})
