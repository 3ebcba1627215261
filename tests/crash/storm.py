"""Kills at random, under load: intake, workers and, with PostgreSQL, the database, against the gateway's own registry.

    python -m tests.crash.storm [--kills N] [--store sqlite|postgresql] [--cuts N] [--seed N] [--json]

Messages come in all the while; each is sent until it is acknowledged, as a sender does. With PostgreSQL there are two
hosts, each with settings of its own and a worker, on one folder of documents; with SQLite one host with two gateways
that work. At the end everything acknowledged must be shared, and the registry must have each
report and each manifest once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from gateway.care.reconcile import Reconciliation
from gateway.demo.identity import DemoStudy
from gateway.errors import GatewayError
from gateway.hl7.sender import Sender
from gateway.settings import load
from gateway.store.engine import open_engine, reading
from gateway.wiring.house import House
from tests.bench.studies import named, slices
from tests.crash.cuts import cut
from tests.support import postgresql
from tests.support.gateway import Running, message, planned

STUDIES = 1000
_PAUSE_S = 1.0
"""How long a part that has come up is let go on, at most."""
_DRAIN_S = 120.0
_COMMAND = (
    "import sys; from gateway.process import die_with_parent; die_with_parent(int(sys.argv[1])); "
    "sys.argv[1:2] = []; from gateway.cli import main; main()"
)
_SOON = """
[work]
threads = 4
poll_s = 0.3
lease_s = 3.0
"""


@dataclass
class Outcome:
    """What a storm has shown."""

    store: str
    kills: int = 0
    killed: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    resent: int = 0
    lost: list[str] = field(default_factory=list)
    """Acknowledged, and not shared at the end."""
    twice: list[str] = field(default_factory=list)
    """Reports or manifests that the registry has under more than one id, or more than once."""
    differences: list[str] = field(default_factory=list)
    storm_s: float = 0.0
    drain_s: float = 0.0

    @property
    def ok(self) -> bool:
        return not (self.lost or self.twice or self.differences) and self.acknowledged > 0

    def as_json(self) -> dict[str, object]:
        return {**self.__dict__, "ok": self.ok}


class Host:
    """One ``gateway serve``: its settings, its process and its children."""

    def __init__(self, name: str, settings: Path, roles: tuple[str, ...]) -> None:
        self.name = name
        self._settings = settings
        self._roles = roles
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        only = [word for role in self._roles for word in ("--only", role)]
        arguments = [sys.executable, "-c", _COMMAND, str(os.getpid()), "serve", "-c", str(self._settings), *only]
        log = (self._settings.parent / f"{self.name}.log").open("ab")
        with log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log)

    def keep_up(self) -> None:
        """Start it again when it has ended, as an init system does."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def kill(self, chance: random.Random) -> bool:
        """kill -9 of one of its processes, the parent now and then; False when there is none yet."""
        assert self._process is not None
        victims = _children(self._process.pid)
        if not victims or chance.random() < 0.2:
            victims = [self._process.pid]
        with suppress(ProcessLookupError):
            os.kill(chance.choice(victims), signal.SIGKILL)
            return True
        return False

    def is_up(self) -> bool:
        """Whether one of its children has opened the store."""
        return self._process is not None and any(map(_has_store, _children(self._process.pid)))

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _children(pid: int) -> list[int]:
    """The processes that the parent has started."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in found]


def _has_store(pid: int) -> bool:
    """The file of SQLite, or a connection to anybody."""
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                where = os.readlink(descriptor)
                if where.startswith("socket:") or where.endswith("/gateway.db"):
                    return True
    return False


class Ris:
    """Sends each report until it is acknowledged."""

    def __init__(self, port: int, studies: list[DemoStudy], pause_s: float) -> None:
        self._port = port
        self._studies = studies
        self._pause_s = pause_s
        self.acknowledged: list[DemoStudy] = []
        self._seen = 0
        self.resent = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def has_more(self) -> bool:
        """Whether something was acknowledged since this was said last, or nothing is left to send."""
        now = len(self.acknowledged)
        more, self._seen = now > self._seen or not self._thread.is_alive(), now
        return more

    def __enter__(self) -> Ris:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        with Sender("127.0.0.1", self._port, 5) as sender:
            for study in self._studies:
                content = message(study)
                while not self._stopping.is_set():
                    try:
                        answer = sender.send(content)
                    except GatewayError:
                        answer = b""
                    if b"MSA|AA|" in answer:
                        self.acknowledged.append(study)
                        break
                    assert b"MSA|AE|" not in answer, answer
                    self.resent += 1
                    self._stopping.wait(0.1)
                if self._stopping.wait(self._pause_s):
                    return


def storm(kills: int, store: str, seed: int, *, folder_of_logs: Path | None = None) -> Outcome:
    """*kills* kills on *store* (``sqlite``, ``postgresql``); the outcome, whatever it is."""
    outcome = Outcome(store)
    chance = random.Random(seed)
    studies = [named(f"k{number}") for number in range(min(STUDIES, 20 + 2 * kills))]
    with ExitStack() as stack:
        here = stack.enter_context(planned())
        database = stack.enter_context(postgresql.server("fsync=on")) if store == "postgresql" else None
        for study in studies:
            into = here.world.studies / study.key
            into.mkdir(parents=True)
            for number, content in enumerate(slices(study, 1, size=16, series=1)):
                (into / f"{number}.dcm").write_bytes(content)
        here.start_pacs()
        here.start_registry()
        hosts = _hosts(here, database)
        stack.callback(_keep_logs, here.world.folder, folder_of_logs)
        stack.enter_context(_running(hosts))
        _wait_for_door(here.mllp_port)
        began = time.monotonic()
        victims = {host.name: host.kill for host in hosts}
        up = {host.name: host.is_up for host in hosts}
        if database is not None:
            victims["database"] = partial(_kill_database, database)
            up["database"] = lambda: chance.random() < 0.004
        with Ris(here.mllp_port, studies, 0.1) as ris:
            # It is up when it has acknowledged something: one that is killed before tells little.
            up["intake"] = ris.has_more
            next_at: dict[str, float] = {}
            while outcome.kills < kills:
                time.sleep(0.05)
                now = time.monotonic()
                for host in hosts:
                    host.keep_up()
                for name, kill in victims.items():
                    # Most are let come up again, and then killed at any moment of what they do; some while they start.
                    if name not in next_at and (up[name]() or chance.random() < 0.002):
                        next_at[name] = now + chance.uniform(0.0, _PAUSE_S)
                    if now >= next_at.get(name, now + 1) and outcome.kills < kills and kill(chance):
                        del next_at[name]
                        if name == "intake":
                            ris.has_more()
                        outcome.kills += 1
                        outcome.killed[name] = outcome.killed.get(name, 0) + 1
        outcome.storm_s = round(time.monotonic() - began, 1)
        outcome.acknowledged, outcome.resent = len(ris.acknowledged), ris.resent
        _drain(here, hosts, ris.acknowledged, outcome)
        _judge(here, ris.acknowledged, outcome)
    return outcome


def _keep_logs(folder: Path, into: Path | None) -> None:
    if into is None:
        return
    into.mkdir(parents=True, exist_ok=True)
    for log in folder.glob("*.log"):
        (into / log.name).write_bytes(log.read_bytes())


def _hosts(here: Running, database: postgresql.Server | None) -> list[Host]:
    text = here.world.settings_file.read_text(encoding="utf-8")
    assert "[work]\npoll_s = 0.5\n" in text
    text = text.replace("[work]\npoll_s = 0.5\n", _SOON)
    text = text.replace("retry_first_s = 0.2", "retry_first_s = 0.2\nretry_longest_s = 1.0")
    record = next(line for line in text.splitlines() if line.startswith("record = "))
    text = text.replace(record + "\n", "")
    if database is None:
        here.world.settings_file.write_text(text, encoding="utf-8")
        parts = {"intake": "intake", "work-1": "work", "work-2": "work"}
        return [Host(name, here.world.settings_file, (role,)) for name, role in parts.items()]
    text = text.replace('url = "sqlite:///gateway.db"', f'url = "{database.database()}"\nblobs = "shared-documents"')
    here.world.settings_file.write_text(text, encoding="utf-8")
    other = here.world.folder / "gateway-2.toml"
    other.write_text(text.replace("threads = 4", "threads = 3"), encoding="utf-8")
    return [
        Host("intake", here.world.settings_file, ("intake",)),
        Host("work-1", here.world.settings_file, ("work",)),
        Host("work-2", other, ("work",)),
    ]


@contextmanager
def _running(hosts: list[Host]) -> Iterator[None]:
    try:
        for host in hosts:
            host.start()
        yield
    finally:
        for host in hosts:
            host.stop()


def _wait_for_door(port: int) -> None:
    import socket

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.1)
    raise TimeoutError("the intake does not listen")


def _kill_database(database: postgresql.Server, chance: random.Random) -> bool:
    """kill -9 of a backend, upon which the server throws all others out and recovers; or of everything at once."""
    if chance.random() < 0.5:
        database.stop(rudely=True)
        database.start("fsync=on")
        return True
    engine = sa.create_engine(database.url(), poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            pids = list(connection.execute(sa.text(query)).scalars())
    except sa.exc.OperationalError:
        return False
    if not pids:
        return False
    with suppress(ProcessLookupError):
        os.kill(chance.choice(pids), signal.SIGKILL)
    return True


def _drain(here: Running, hosts: list[Host], studies: list[DemoStudy], outcome: Outcome) -> None:
    """Until everything acknowledged is shared, or nothing moves any more."""
    began = time.monotonic()
    wanted = {study.report.unique_id for study in studies}
    engine = open_engine(load(here.world.settings_file).store.url)
    try:
        while True:
            for host in hosts:
                host.keep_up()
            try:
                missing = wanted - _shared(engine)
            except GatewayError:
                missing = wanted
            if not missing or time.monotonic() - began > _DRAIN_S:
                break
            time.sleep(0.3)
    finally:
        engine.dispose()
    outcome.drain_s = round(time.monotonic() - began, 1)
    outcome.lost = sorted(missing)


def _shared(engine: sa.Engine) -> set[str]:
    query = "SELECT r.unique_id FROM shares s JOIN reports r ON r.id = s.report_id WHERE s.state = 'shared'"
    with reading(engine) as connection:
        return set(connection.execute(sa.text(query)).scalars())


def _judge(here: Running, studies: list[DemoStudy], outcome: Outcome) -> None:
    """The registry's own rows: of each acknowledged study one report and one manifest, with the ids that were fixed."""
    settings = load(here.world.settings_file)
    registry = open_engine(settings.registry.url)
    try:
        with reading(registry) as connection:
            rows = connection.execute(sa.text("SELECT unique_id, mime_type FROM registry_entries")).all()
    finally:
        registry.dispose()
    ids = [row.unique_id for row in rows]
    outcome.twice += sorted({one for one in ids if ids.count(one) > 1})
    manifests = sum(row.mime_type == "application/dicom" for row in rows)
    reports = len(rows) - manifests
    if outcome.lost:
        return
    # A message whose acknowledgement was lost with the storm's end is shared too: counted by the store.
    house = House(settings)
    try:
        shared = len(_shared(house.engine))
        if (reports, manifests) != (shared, shared):
            outcome.twice.append(f"{shared} shares, {reports} reports and {manifests} manifests in the registry")
        comparison = Reconciliation(house, per_minute=1e9)
        outcome.differences = [f"{one.code} {one.facts}" for one in comparison.differences()]
    finally:
        house.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--cuts", type=int, default=0, help="power cuts of SQLite and the documents, instead of kills")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--logs", type=Path, default=None, help="a folder that the logs are copied into")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 30) if given.seed is None else given.seed
    if given.cuts:
        with tempfile.TemporaryDirectory(prefix="power-cuts-") as folder:
            gone = cut(given.cuts, Path(folder), seed)
        told = {"seed": seed, "cuts": given.cuts, "lost": sorted(gone), "ok": not gone}
        print(json.dumps(told) if given.json else f"{given.cuts} power cuts, seed {seed}: {len(gone)} lost")
        return 1 if gone else 0
    outcome = storm(given.kills, given.store, seed, folder_of_logs=given.logs)
    if given.json:
        print(json.dumps({"seed": seed, **outcome.as_json()}))
    else:
        print(f"{outcome.kills} kills ({outcome.killed}) in {outcome.storm_s} s on {given.store}, seed {seed}")
        print(
            f"{outcome.acknowledged} acknowledged ({outcome.resent} sent again), all shared after {outcome.drain_s} s"
        )
        print(f"{len(outcome.lost)} lost, {len(outcome.twice)} published twice, {len(outcome.differences)} differences")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
