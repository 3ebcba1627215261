"""``gateway serve``: one parent, and children for the web, the intake and the work, of these as many as ``[work]
processes`` says.

The parent starts the children, starts again one that dies, and passes on a TERM or Ctrl-C. Each child asks the kernel
for a TERM at the parent's end, so none outlives it, however it ends.

Children are forked, so that what all of them need is imported once: on two processors a start takes half as long as
with fresh interpreters. It is safe because the parent has one thread, no open database and no socket, ever.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, ForkProcess
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from gateway import log
from gateway.doors import guard, listening, refuse_taken
from gateway.errors import Unavailable
from gateway.model.relay import RelayMessage
from gateway.model.watch import Watch
from gateway.monitoring.status import numbered
from gateway.process import (
    Doorbell,
    as_a_child,
    keep_what_is_made,
    signals_held_back,
    when_told_to_end,
)
from gateway.settings import Settings, load
from gateway.wiring.house import House
from gateway.wiring.peers import Part
from gateway.wiring.web import web_application, web_server_settings
from gateway.work import Make, SideWorker, Worker

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from gateway.registry.setup import RegistrySettings

_log = structlog.get_logger(__name__)

RESTART_PAUSE_S = 1.0
LONGEST_PAUSE_S = 16.0
LIVED_S = 60.0
"""A child that ends by itself before it has lived so long is started again later each time, up to LONGEST_PAUSE_S: what
it lacks will not be there at once. One that was killed lacked nothing."""
TRIES = 60
"""To start a child, one a second, while the machine gives no process."""
STORE_PAUSE_S = 5.0
STOP_PATIENCE_S = 30.0
WORK_NICENESS = 5
LOOK_LEASE_S = 900.0
"""For one look at a published study, however large and slow its PACS."""


@dataclass(frozen=True, slots=True)
class Bell:
    """The pipes of one child: where it listens, if it works, and where it rings."""

    heard: Connection
    rung: tuple[Connection, ...]


@dataclass(slots=True)
class Child:
    """One child and how to start it."""

    name: str
    main: Callable[[Path, Bell], None]
    bell: Bell
    process: ForkProcess | None = None
    started_at: float = 0.0
    not_before: float = 0.0
    pause_s: float = RESTART_PAUSE_S
    tries: int = 0
    """To start it, in vain."""


def serve(path: Path, roles: tuple[str, ...] = ("web", "intake", "work", "receive")) -> int:
    """Run *roles* until TERM or Ctrl-C; returns the exit code. Raises SettingsError before anything starts.

    Several of these, on one machine or on many, may stand on one PostgreSQL with one folder of documents, each with the
    roles that it is given; a store that does not answer yet is awaited.
    """
    settings = load(path)
    log.configure(level=settings.log_level)
    guard(settings)
    for door, host, port in listening(settings, roles):
        refuse_taken(door, host, port)
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if not prepare(settings, lambda: stopping):
        return 0
    context = multiprocessing.get_context("fork")
    off = {"intake": not settings.mllp.enabled, "receive": not settings.receive.enabled}
    children = _children([role for role in roles if not off.get(role)], settings.work.processes, context)
    while not stopping:
        for child in children:
            _start_if_needed(child, context, path)
        wait([child.process.sentinel for child in children if child.process], timeout=0.2)
    return _stop_all(children)


def prepare(settings: Settings, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Make the store's folder and bring its tables to this version, as soon as the store answers.

    False when it did not answer before *stopping*. Raises SettingsError (a store that a later version has migrated).
    """
    while not stopping():
        try:
            _upgrade(settings)
        except Unavailable as error:
            # After a power cut the database may be up later than we are: nobody should have to start us again.
            _log.warning("store.awaited", code=error.code)
            deadline = time.monotonic() + STORE_PAUSE_S
            while not stopping() and time.monotonic() < deadline:
                time.sleep(0.1)
        else:
            return True
    return False


def _upgrade(settings: Settings) -> None:
    from gateway.store.migrations import upgrade

    house = House(settings)
    try:
        upgrade(house.engine)
        house.life.take_over()
    finally:
        house.close()


def _children(roles: Sequence[str], working: int, context: ForkContext) -> list[Child]:
    """One child a role, and *working* of the work. Who takes something in rings all of these; each of them rings itself
    alone, for what it makes due it can carry itself."""
    pipes = [context.Pipe(duplex=False) for _ in range(working)]
    everyone = Bell(pipes[0][0], tuple(writer for _, writer in pipes))
    mains = {"web": web_main, "intake": intake_main, "receive": receive_main}
    children = [Child(role, mains[role], everyone) for role in roles if role != "work"]
    if "work" in roles:
        children += [
            Child(numbered("work", number), work_main, Bell(reader, (writer,)))
            for number, (reader, writer) in enumerate(pipes, 1)
        ]
    return children


def _start_if_needed(child: Child, context: ForkContext, path: Path) -> None:
    now = time.monotonic()
    if child.process is not None:
        if child.process.is_alive():
            return
        code = child.process.exitcode or 0
        _log.error("child.ended", child=child.name, exit_code=code)
        soon = code >= 0 and now - child.started_at < LIVED_S
        child.pause_s = min(2 * child.pause_s, LONGEST_PAUSE_S) if soon else RESTART_PAUSE_S
        child.process, child.not_before = None, now + child.pause_s
    if now < child.not_before:
        return
    process = context.Process(target=_as_child, args=(child.main, os.getpid(), path, child.bell), name=child.name)
    try:
        with signals_held_back():
            process.start()
    except OSError as error:
        # No room for a further process now: the others go on, and this one is started when there is. Not for ever: each
        # try leaves the pipes behind that multiprocessing had made for it, and whoever started us may know better.
        child.tries += 1
        _log.error("child.not_started", child=child.name, words=error.strerror, tries=child.tries)
        if child.tries >= TRIES:
            raise
        child.not_before = now + RESTART_PAUSE_S
        return
    child.process, child.started_at, child.tries = process, now, 0


def _stop_all(children: list[Child]) -> int:
    running = [child for child in children if child.process]
    for child in running:
        assert child.process is not None  # noqa: S101 - filtered above
        child.process.terminate()
    deadline = time.monotonic() + STOP_PATIENCE_S
    worst = 0
    for child in running:
        assert child.process is not None  # noqa: S101 - filtered above
        child.process.join(max(0.0, deadline - time.monotonic()))
        if child.process.is_alive():
            _log.error("child.killed", child=child.name)
            child.process.kill()
            child.process.join()
        # A child that was still starting had no handler for our TERM yet, and nothing to finish.
        if child.process.exitcode != -signal.SIGTERM:
            worst = max(worst, abs(child.process.exitcode or 0))
    return worst


# -- what each child does ---------------------------------------------------------------------------------------------


def _as_child(main: Callable[[Path, Bell], None], parent: int, path: Path, bell: Bell) -> None:
    as_a_child(parent)
    main(path, bell)


def _enter(path: Path, bell: Bell, part: Part = "") -> tuple[Settings, House, Doorbell]:
    settings = load(path)
    log.configure(level=settings.log_level)
    doorbell = Doorbell(bell.heard.fileno(), *(each.fileno() for each in bell.rung))
    return settings, House(settings, doorbell.ring, part), doorbell


def web_main(path: Path, bell: Bell) -> None:
    """The web child: gunicorn in its own main thread."""
    from gateway.web import serve as web

    settings, house, _ = _enter(path, bell, "web")

    def application() -> WSGIApplication:
        # After the server's fork: a thread does not follow it.
        house.monitoring.begin("web")
        made = web_application(house)
        keep_what_is_made()
        return made

    web.run(application, web_server_settings(settings), ended=house.close)


def intake_main(path: Path, bell: Bell) -> None:
    """The intake child: the MLLP listener."""
    from gateway.hl7 import listener
    from gateway.wiring.relay import listener_ports

    settings, house, _ = _enter(path, bell)
    house.monitoring.begin("intake")
    try:
        reception = house.reception
        keep_what_is_made()
        listener.run(listener_ports(settings), reception)
    finally:
        house.close()


def receive_main(path: Path, bell: Bell) -> None:
    """The receiving child: the C-STORE SCP."""
    _, house, _ = _enter(path, bell)
    receiver = house.receiver()
    house.monitoring.begin("receive")
    when_told_to_end(receiver.stop)
    try:
        receiver.run()
    finally:
        house.close()
    sys.exit(0)


def work_main(path: Path, bell: Bell) -> None:
    """A work child."""
    from gateway.care.retention import retain

    settings, house, doorbell = _enter(path, bell, "work")
    # Who waits for an acknowledgement or an image goes first.
    os.nice(WORK_NICENESS)

    def stop() -> None:
        worker.stop()
        for each in beside:
            each.stop()
        doorbell.ring()

    beside = [SideWorker(_look_worker(house), stop)]
    if settings.platform:
        beside.append(SideWorker(_relay_worker(house), stop))

    def wait(timeout_s: float) -> bool:
        rang = doorbell.wait(timeout_s)
        if rang:
            for each in beside:
                each.ring()
        return rang

    worker = Worker(
        house.monitoring.carrier(house.sharing),
        house.store,
        house.clock,
        wait,
        threads=settings.work.threads,
        lease_s=settings.work.lease_s,
        poll_s=settings.work.poll_s,
        chores=house.chores(daily=partial(retain, house)),
        nudge=doorbell.nudge,
        gate=house.pace,
    )
    house.bell.listen()
    house.monitoring.begin("work")
    keep_what_is_made()

    when_told_to_end(stop)
    try:
        for each in beside:
            each.start()
        worker.run()
    finally:
        # Whatever ended the one ends the others: threads that went on would keep a process that carries nothing.
        stop()
        for each in beside:
            each.join()
        house.close()
    for each in beside:
        each.check()
    sys.exit(0)


def _look_worker(house: House) -> Make[Watch]:
    """What looks at published studies again: one at a time."""
    table = house.settings.work

    def make(wait: Callable[[float], bool], nudge: Callable[[], None]) -> Worker[Watch]:
        return Worker(
            house.life.looking(house.sharing),
            house.life.paced(),
            house.clock,
            wait,
            threads=1,
            lease_s=LOOK_LEASE_S,
            poll_s=table.poll_s,
            nudge=nudge,
            name="look",
        )

    return make


def _relay_worker(house: House) -> Make[RelayMessage]:
    """What sends the messages of the teleradiology relay."""
    table = house.settings.work

    def make(wait: Callable[[float], bool], nudge: Callable[[], None]) -> Worker[RelayMessage]:
        return Worker(
            house.monitoring.carrier(house.relay.forwarding),
            house.relay.store,
            house.clock,
            wait,
            threads=table.threads,
            lease_s=table.lease_s,
            poll_s=table.poll_s,
            nudge=nudge,
            name="relay",
        )

    return make


def serve_registry(path: Path) -> int:
    """``gateway registry``: the document registry and repository, in this process, until TERM or Ctrl-C."""
    from gateway.registry.serve import run

    settings = load(path)
    log.configure(level=settings.log_level)
    run(registry_settings(settings))
    return 0


def registry_settings(settings: Settings) -> RegistrySettings:
    """What the registry must know, out of ``[registry]``."""
    from gateway.registry.setup import RegistrySettings

    table = settings.registry
    return RegistrySettings(
        host=table.host,
        port=table.port,
        allow_plain=table.allow_plain,
        database_url=table.url,
        blobs=table.blobs,
        repository_unique_id=table.repository_unique_id,
        threads=table.threads,
        max_body_bytes=table.max_body_bytes,
        patient_authorities=frozenset(table.patient_authorities),
        listed_patients=table.patients == "listed",
        keep_extra_slots=table.keep_extra_slots,
    )
