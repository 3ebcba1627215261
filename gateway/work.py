"""The worker: claims what is due and carries it on, a few at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

import structlog

from gateway.errors import GatewayError
from gateway.flow.ports import Clock
from gateway.log import where
from gateway.store.pace import AWAY, PACED, Postponed

log = structlog.get_logger(__name__)

CHORES_INTERVAL_S = 60.0
QUIET_S = 0.02
POSTPONED = frozenset({AWAY, PACED})
BURST_S = 1.0
"""While reports come in at less than QUIET_S apart, acknowledging them goes first, for at most BURST_S at a time."""


class Work(Protocol):
    """What is carried: a share, a message of the relay."""

    @property
    def id(self) -> str: ...
    @property
    def state(self) -> StrEnum: ...
    @property
    def reason(self) -> str: ...


W = TypeVar("W", bound=Work)


class Carrier(Protocol[W]):
    """The story: :class:`gateway.flow.share.Sharing`, :class:`gateway.flow.forward.Forwarding`."""

    def carry(self, work: W, /) -> W: ...


class Gate(Protocol[W]):
    """What holds workers back (:class:`gateway.store.pacing.Pace`)."""

    def begin(self) -> None: ...
    def carrying(self, work: W, /) -> AbstractContextManager[None]: ...
    def postpone(self, work: W, postponed: Postponed, /) -> W: ...


class Claims(Protocol[W]):
    """Where work is claimed (:class:`gateway.flow.ports.Store`, :class:`gateway.flow.ports.RelayStore`)."""

    def claim(self, now: datetime, lease_s: float) -> W | None: ...
    def next_due(self) -> datetime | None: ...
    def renew(self, work: W, until: datetime, /) -> bool: ...


class Worker(Generic[W]):
    """Threads that carry shares, or messages of the relay.

    *wait* blocks until something may be due or its timeout (seconds) has passed, and gives whether something came in;
    *nudge* ends it from within, because what was carried may have made way for the next one. A share is leased while
    it is carried, and the lease is lengthened for as long as that takes; a worker that dies leaves a lease that runs
    out.
    """

    def __init__(
        self,
        sharing: Carrier[W],
        store: Claims[W],
        clock: Clock,
        wait: Callable[[float], bool],
        *,
        threads: int,
        lease_s: float,
        poll_s: float,
        chores: Callable[[], None] = lambda: None,
        nudge: Callable[[], None] = lambda: None,
        name: str = "share",
        gate: Gate[W] | None = None,
    ) -> None:
        self._name = name
        self._events = {what: f"{name}.{what}" for what in ("moved", "interrupted", "failed", "postponed")}
        self._gate = gate
        self._begun = gate is None
        self._sharing = sharing
        self._store = store
        self._clock = clock
        self._wait = wait
        self._lease_s = lease_s
        self._poll_s = poll_s
        self._chores = chores
        self._nudge = nudge
        self._chores_due = 0.0
        self._places = threading.Semaphore(threads)
        self._held = _Held(self._renewed, lease_s / 3)
        self._stopping = threading.Event()
        self._letting_pass = threading.Event()
        self._busy: set[threading.Thread] = set()

    def run(self) -> None:
        """Work until :meth:`stop`; what is under way is finished before this returns."""
        try:
            while not self._stopping.is_set():
                self._turn()
        finally:
            for thread in list(self._busy):
                thread.join()
            self._held.end()

    def stop(self) -> None:
        """Ask :meth:`run` to end."""
        self._stopping.set()

    def _turn(self) -> None:
        try:
            self._begin()
            self._do_chores()
            self._let_pass(self._wait(0))
            if not self._start_one():
                self._let_pass(self._wait(self._pause_s()))
        except GatewayError as error:
            log.warning("work.store_unavailable", code=error.code)
            self._stopping.wait(self._poll_s)

    def _let_pass(self, rang: bool) -> None:
        """After a ring: until no further one came for a moment. Intake and work share one disk and one processor."""
        if not rang:
            return
        latest = time.monotonic() + BURST_S
        self._letting_pass.set()
        try:
            while rang and not self._stopping.is_set() and time.monotonic() < latest:
                rang = self._wait(QUIET_S)
        finally:
            self._letting_pass.clear()

    def _begin(self) -> None:
        """Once, as soon as the store answers."""
        if not self._begun and self._gate is not None:
            self._gate.begin()
            self._begun = True

    def _do_chores(self) -> None:
        """What has to be done now and then: old logins forgotten, files without a row swept."""
        if time.monotonic() >= self._chores_due:
            self._chores_due = time.monotonic() + CHORES_INTERVAL_S
            try:
                self._chores()
            except GatewayError:
                raise
            except Exception as error:  # noqa: BLE001 - what tidies up must not keep the shares from being carried
                log.error("work.chores_failed", error=type(error).__name__, where=where(error))

    def _start_one(self) -> bool:
        if not self._places.acquire(blocking=False):
            # Whoever has a place goes on by itself, and nudges when it leaves it.
            self._let_pass(self._wait(self._poll_s))
            return True
        share = None
        try:
            share = self._claimed()
        finally:
            if share is None:
                self._places.release()
        if share is None:
            return False
        thread = threading.Thread(target=self._carry_on, args=(share,), name=f"{self._name}-{share.id[:8]}")
        self._busy.add(thread)
        try:
            thread.start()
        except RuntimeError:
            # The machine gives no further thread: the share's lease runs out, and whoever can carries it.
            log.warning(self._events["failed"], share=share.id, error="no_thread")
            self._busy.discard(thread)
            self._places.release()
            return False
        return True

    def _pause_s(self) -> float:
        due = self._store.next_due()
        if due is None:
            return self._poll_s
        return min(self._poll_s, max(0.01, (due - self._clock.now()).total_seconds()))

    def _claimed(self) -> W | None:
        return self._store.claim(self._clock.now(), self._lease_s)

    def _carry_on(self, share: W) -> None:
        """Carry *share*, and then what is due: who has a place claims for it, so that nobody waits for one thread that
        claims for all, nor for a new thread."""
        following: W | None = share
        try:
            while following is not None:
                self._carry(following)
                following = self._following()
                if following is not None:
                    # Others that waited for what was carried may be due too.
                    self._nudge()
        finally:
            self._busy.discard(threading.current_thread())
            self._places.release()
            # Whoever came to nothing leaves the place to the one that waits until something is due.
            self._nudge()

    def _following(self) -> W | None:
        if self._stopping.is_set() or self._letting_pass.is_set():
            return None
        try:
            return self._claimed()
        except GatewayError as error:
            log.warning("work.store_unavailable", code=error.code)
            return None

    def _carry(self, share: W) -> None:
        try:
            with self._held.holding(share):
                ended = self._carried(share)
            # Of ten thousand that wait, none is worth a line each time that it still does.
            moved = (ended.state, ended.reason) != (share.state, share.reason)
            write = log.info if moved and ended.reason not in POSTPONED else log.debug
            write(self._events["moved"], share=share.id, state=ended.state.value, reason=ended.reason)
        except GatewayError as error:
            log.warning(self._events["interrupted"], share=share.id, code=error.code)
        except Exception as error:  # noqa: BLE001 - one broken share must not stop the others; its lease runs out
            log.error(self._events["failed"], share=share.id, error=type(error).__name__, where=where(error))

    def _carried(self, share: W) -> W:
        if self._gate is None:
            return self._sharing.carry(share)
        try:
            with self._gate.carrying(share):
                return self._sharing.carry(share)
        except Postponed as postponed:
            log.debug(self._events["postponed"], share=share.id, code=postponed.code)
            return self._gate.postpone(share, postponed)

    def _renewed(self, share: W) -> bool:
        """Its lease is lengthened; False when it is not held any more."""
        try:
            return self._store.renew(share, self._clock.now() + timedelta(seconds=self._lease_s))
        except GatewayError as error:
            log.warning("lease.not_renewed", share=share.id, code=error.code)
        except Exception as error:  # noqa: BLE001 - the leases of the others are lengthened all the same
            log.error("lease.not_renewed", share=share.id, error=type(error).__name__, where=where(error))
        return True


class _Held(Generic[W]):
    """What is carried now. One thread lengthens all its leases: one for each would be made and waited for between a
    share and the next."""

    def __init__(self, renewed: Callable[[W], bool], interval_s: float) -> None:
        """*renewed* lengthens a lease, and gives whether it is held still; that is done each *interval_s* seconds."""
        self._renewed = renewed
        self._interval_s = interval_s
        self._held: dict[str, W] = {}
        self._changing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    @contextmanager
    def holding(self, work: W) -> Iterator[None]:
        """Around the carrying of *work*. Raises RuntimeError when the machine gives no thread."""
        with self._changing:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="lease-keeper")
                thread.start()
                self._thread = thread
            self._held[work.id] = work
        try:
            yield
        finally:
            with self._changing:
                self._held.pop(work.id, None)

    def end(self) -> None:
        """When nothing is held any more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._interval_s):
            with self._changing:
                held = list(self._held.values())
            for work in held:
                if not self._renewed(work):
                    with self._changing:
                        self._held.pop(work.id, None)


Make = Callable[[Callable[[float], bool], Callable[[], None]], Worker[W]]
"""Gives a worker, from how it is to wait and how it is nudged (:class:`Worker`)."""


class SideWorker:
    """A worker beside the main one, in a thread of its own; it is rung when the main one is."""

    def __init__(self, make: Make[W], ended: Callable[[], None]) -> None:
        """*ended* is called when it ends, told to or not: without it the process would look well and leave its work
        undone."""
        self._woken = threading.Event()
        self._rang = False
        self._worker = make(self._wait, self._woken.set)
        self._ended = ended
        self._broken_by: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="side-worker")

    def start(self) -> None:
        self._thread.start()

    def ring(self) -> None:
        """Something came in."""
        self._rang = True
        self._woken.set()

    def stop(self) -> None:
        """Ask it to end."""
        self._worker.stop()
        self._woken.set()

    def join(self) -> None:
        """Wait until what is under way is finished."""
        if self._thread.ident is not None:
            self._thread.join()

    def check(self) -> None:
        """Raises what broke it, if something did."""
        if self._broken_by is not None:
            raise self._broken_by

    def _run(self) -> None:
        try:
            self._worker.run()
        except Exception as error:  # noqa: BLE001 - raised by check, in the thread that runs the process
            self._broken_by = error
        self._ended()

    def _wait(self, timeout_s: float) -> bool:
        self._woken.wait(timeout_s)
        self._woken.clear()
        rang, self._rang = self._rang, False
        return rang
