"""Surviving: a start on a full store, the way back after an outage, and workers on several hosts.

``GATEWAY_BENCH_WAITING`` (10,000) reports wait in the outage, ``GATEWAY_BENCH_STORED`` (100,000) shares are stored at
the start, ``GATEWAY_BENCH_SHARES`` (200) are published by each number of workers. The PACS is in memory here. Where
hosts are counted the submissions go over the wire to a registry that stands for a far one (:mod:`far_registry`): it
takes 200 ms and next to no processor. It was the gateway's own once, whose work on these cores no real peer would do
there; the figures from then hold 7 to 11 ms a share of it.

``life`` runs all of it, ``restart``, ``outage`` and ``hosts`` one part alone.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from gateway.demo import reports
from gateway.flow.events import New
from gateway.settings import load
from gateway.store import migrations
from gateway.store.blobs import FileBlobs
from gateway.store.engine import open_engine, reading, transaction
from gateway.wiring.house import House
from tests.bench import far_registry, life_hosts
from tests.bench.far_registry import FarRegistry
from tests.bench.rows import Row, at_least, at_most
from tests.fakes.world import received
from tests.support import postgresql
from tests.support.gateway import Running, planned

WAITING = int(os.environ.get("GATEWAY_BENCH_WAITING", "10000"))
STORED = int(os.environ.get("GATEWAY_BENCH_STORED", "100000"))
SHARES = int(os.environ.get("GATEWAY_BENCH_SHARES", "200"))
DELAY_S = 0.2
_MOST_BYTES = 300 * 1024 * 1024


def run() -> list[Row]:
    return [*restart(), *outage(), *hosts()]


# -- a start ----------------------------------------------------------------------------------------------------------


def restart() -> list[Row]:
    """A start on a full store."""
    with planned() as here:
        settings = load(here.world.settings_file)
        engine = open_engine(settings.store.url)
        migrations.upgrade(engine)
        FileBlobs(settings.store.blobs)
        _fill(engine, STORED)
        engine.dispose()
        here.start_identity_provider()
        began, before = time.perf_counter(), _processor_s()
        # The command itself: a process that imports a benchmark first would be measured with it.
        command = [str(Path(sys.executable).with_name("gateway")), "serve", "-c", str(here.world.settings_file)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                _until(lambda: _is_ready(here), engine, pause_s=0.02)
                took, used = time.perf_counter() - began, _processor_s() - before
            finally:
                process.terminate()
    print(f"start: {used:.2f} s of processor in all processes on {_cores()} cores", file=sys.stderr)
    what = f"start until the web says that it is ready and the intake listens, {STORED} shares stored"
    return [at_most("restart", what, took, 3.0, "s", 1.0)]


def _is_ready(here: Running) -> bool:
    try:
        with urllib.request.urlopen(f"{here.world.public_url}/readyz", timeout=5) as answer:  # noqa: S310 - our own
            ready = answer.status == 200
        socket.create_connection(("127.0.0.1", here.mllp_port), timeout=1).close()
    except OSError:
        return False
    return ready


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


def outage() -> list[Row]:
    """Two drains of as many reports: one as they come, one after the registry was away for them all."""
    with tempfile.TemporaryDirectory(prefix="bench-life-") as name:
        plain = _drained(Path(name, "plain"), away=False)
        after = _drained(Path(name, "away"), away=True)
    print(
        f"{after.tried} tries reached the registry while {WAITING} waited; processor of the worker a share:"
        f" {plain.used_s * 1000:.0f} ms as they come, {after.used_s * 1000:.0f} ms after the outage",
        file=sys.stderr,
    )
    resident, what = after.resident_bytes / 2**20, f"{WAITING} reports, shares a second"
    return [
        at_least("after outage", what, 1 / after.took_s, 1 / plain.took_s, "/s", 0.8),
        at_most("waiting", f"memory of a worker, {WAITING} waiting", resident, _MOST_BYTES / 2**20, "MB", 1.0),
    ]


class _Drained(NamedTuple):
    took_s: float
    """A share, from the registry's return to the last one."""
    used_s: float
    """Of processor, a share."""
    resident_bytes: int
    """The most that the worker had."""
    tried: int
    """Tries that reached the registry while it was away."""


def _drained(folder: Path, *, away: bool) -> _Drained:
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
    with _workers([settings], folder) as processes:
        if away:
            # Until each was tried or put off.
            _until(lambda: _count(engine, "state = 'waiting' AND reason = ''") == 0, engine)
            time.sleep(2)
            tried = (folder / "asked").stat().st_size
            (folder / "away").unlink()
        else:
            # A worker that starts is not what is measured.
            _until(lambda: _count(engine, "state = 'shared'") > 0, engine)
        (worker,) = (process.pid or 0 for process in processes)
        began, before, done = time.perf_counter(), _processor_s(worker), _count(engine, "state = 'shared'")
        _until(lambda: _count(engine, "state = 'shared'") == WAITING, engine)
        took, used = time.perf_counter() - began, _processor_s(worker) - before
        resident = _peak_bytes(worker)
    engine.dispose()
    return _Drained(took / (WAITING - done), used / (WAITING - done), resident, tried)


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


def _until(true: Any, engine: sa.Engine, pause_s: float = 0.1) -> None:
    """Raises TimeoutError, with what there is, after ten minutes and a third of a second a report."""
    deadline = time.monotonic() + 600 + max(WAITING, SHARES) / 3
    while not true():
        if time.monotonic() > deadline:
            with reading(engine) as connection:
                told = connection.execute(sa.text("SELECT state, reason, count(*) FROM shares GROUP BY 1, 2")).all()
            raise TimeoutError(str(told))
        time.sleep(pause_s)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


# -- hosts ------------------------------------------------------------------------------------------------------------


def hosts() -> list[Row]:
    """8 workers on two hosts against one, at a registry that takes 200 ms; what the processors allow is the bound.

    A worker is a process there, four on each host; and, because a host may have one process of four threads as well,
    the same once more so: those share one interpreter, and with it one processor.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-hosts-")))
        database = stack.enter_context(postgresql.server("fsync=on"))
        registry = stack.enter_context(far_registry.running(DELAY_S))
        one = _published(folder, database, registry, [1], max(10, SHARES // 8), 0)
        processes = _published(folder, database, registry, [1] * 8, SHARES, 10_000)
        threads = _published(folder, database, registry, [4, 4], SHARES, 5_000)
    return [
        _speed("hosts", "8 workers, 4 processes on each of 2 hosts", one, processes),
        _speed("hosts, threads", "the same as 4 threads of one process", one, threads),
    ]


def _speed(row: str, what: str, one: tuple[float, dict[str, float]], eight: tuple[float, dict[str, float]]) -> Row:
    cores, used = _cores(), max(one[1], eight[1], key=lambda each: sum(each.values()))
    allowed = min(8.0, cores / sum(used.values()) * one[0])
    parts = ", ".join(f"{name} {used_s * 1000:.0f}" for name, used_s in used.items())
    print(
        f"one worker {1 / one[0]:.2f}/s, {what} {1 / eight[0]:.2f}/s, "
        f"{sum(used.values()) * 1000:.0f} ms of processor a share on {cores} cores ({parts})",
        file=sys.stderr,
    )
    where = f"{what}, over 1, registry of 200 ms, PostgreSQL; against min(8, what the cores allow)"
    return at_least(row, where, one[0] / eight[0], allowed, "x", 0.85)


def _published(
    folder: Path, database: postgresql.Server, registry: FarRegistry, threads: list[int], count: int, first: int
) -> tuple[float, dict[str, float]]:
    """(seconds a share, processor seconds a share of workers, registry and database)."""
    url = database.database()
    engine = open_engine(url)
    migrations.upgrade(engine)
    blobs = folder / f"blobs-{first}"
    settings = [
        life_hosts.write_settings(folder, f"host-{first}-{n}.toml", url, blobs, number, registry.url)
        for n, number in enumerate(threads)
    ]
    house = House(load(settings[0]))
    warm = 2 * sum(threads)
    _offer(house, first, warm + count)
    with _workers(settings, None) as workers:

        def used() -> dict[str, float]:
            pids = [worker.pid or 0 for worker in workers]
            return {
                "workers": sum(map(_processor_s, pids)),
                "database": _processor_s(database.pid),
                "registry": _processor_s(registry.pid),
            }

        # The first ones warm everything up.
        _until(lambda: _count(engine, "state = 'shared'") >= warm, engine)
        began, before, done = time.perf_counter(), used(), _count(engine, "state = 'shared'")
        _until(lambda: _count(engine, "state = 'shared'") == count + warm, engine)
        took, after = time.perf_counter() - began, used()
        count += warm - done
    house.close()
    engine.dispose()
    return took / count, {name: (after[name] - before[name]) / count for name in after}


def _offer(house: House, first: int, count: int) -> None:
    for number in range(first, first + count):
        draft = reports.Draft(study=life_hosts.study_of(number))
        house.accepting.accept(New(received(content=reports.level3(draft))))


@contextmanager
def _workers(settings: list[Path], switched: Path | None) -> Iterator[list[SpawnProcess]]:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=life_hosts.work, args=(os.getpid(), one, switched)) for one in settings]
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


def _processor_s(root: int = 0) -> float:
    """Of the process *root* and everything that it has started, and lives; 0: of what this benchmark has started."""
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
    own = {root or os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in own} - own:
        own |= more
    return sum(used.get(pid, 0.0) for pid in own - {os.getpid()})
