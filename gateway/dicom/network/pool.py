"""Associations kept open with one PACS, each lent to one owner at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from gateway.dicom.network.association import Requestor
from gateway.dicom.network.proposal import Proposal
from gateway.dicom.settings import PacsSettings
from gateway.errors import PeerUnreachable

_log = structlog.get_logger(__name__)
T = TypeVar("T")


_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0


class Backoff:
    """Leaves a PACS alone that could not be reached twice in a row, a little longer each time.

    Who asks meanwhile is told the reason at once, instead of waiting for one time-out more.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0
        self._error: PeerUnreachable | None = None

    def check(self) -> None:
        """Raises PeerUnreachable, as the last attempt did, while the pause lasts."""
        with self._lock:
            error = self._error if self._clock() < self._until else None
        if error is not None:
            raise PeerUnreachable(error.code, place=error.place, **error.facts)

    def failed(self, error: PeerUnreachable) -> None:
        with self._lock:
            self._failures += 1
            self._error = error
            if self._failures > 1:
                pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._failures - 2, 10))
                self._until = self._clock() + pause_s

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._until, self._error = 0, 0.0, None


class Pool:
    """At most ``max_associations`` of them; the last used is lent first, idle ones are released by a timer."""

    def __init__(self, settings: PacsSettings) -> None:
        self.settings = settings
        self._permits = threading.BoundedSemaphore(settings.max_associations)
        self._lock = threading.Lock()
        self._parked: list[Requestor] = []
        self._lent = 0
        self._backoff = Backoff()
        self._timer: threading.Timer | None = None
        self._closed = False

    def run(self, proposal: Proposal, operation: Callable[[Requestor], T]) -> T:
        """What *operation* gives on an association of *proposal*.

        An association that was kept may have been closed by the peer meanwhile: where it is lost before the first
        answer, the operation is tried once more on a new one. Raises what *operation* raises, PeerUnreachable
        (``pacs_all_busy``) when no association became free, and what opening one raises.
        """
        if not self._permits.acquire(timeout=self.settings.response_timeout_s):
            raise PeerUnreachable("pacs_all_busy", pacs=self.settings.name)
        try:
            return self._run(proposal, operation)
        finally:
            with self._lock:
                self._lent -= 1
            self._permits.release()

    def _run(self, proposal: Proposal, operation: Callable[[Requestor], T]) -> T:
        kept = self._borrow(proposal)
        if kept is not None:
            try:
                return self._use(kept, operation)
            except PeerUnreachable as error:
                if error.code != "pacs_lost" or kept.answered:
                    raise
            # The others were parked beside it and are as dead.
            self.release_idle(older_than_s=0.0)
            _log.info("pacs.association_stale", pacs=self.settings.name)
        return self._use(self._open(proposal), operation)

    def _open(self, proposal: Proposal) -> Requestor:
        self._backoff.check()
        try:
            requestor = Requestor(self.settings, proposal)
        except PeerUnreachable as error:
            self._backoff.failed(error)
            raise
        self._backoff.succeeded()
        return requestor

    def _use(self, requestor: Requestor, operation: Callable[[Requestor], T]) -> T:
        try:
            result = operation(requestor)
        except BaseException:
            requestor.drop()
            raise
        self._park(requestor)
        return result

    def _borrow(self, proposal: Proposal) -> Requestor | None:
        """A parked association of *proposal*, if one stands; counts the caller as having one lent."""
        found: Requestor | None = None
        spare: list[Requestor] = []
        with self._lock:
            matching = [requestor for requestor in self._parked if requestor.proposal == proposal]
            while matching and found is None:
                candidate = matching.pop()
                self._parked.remove(candidate)
                if candidate.established:
                    found = candidate
                else:
                    spare.append(candidate)
            # Permits bound the lent ones alone; parked ones of other proposals give way.
            while found is None and self._parked and self._lent + len(self._parked) >= self.settings.max_associations:
                spare.append(self._parked.pop(0))
            self._lent += 1
        for requestor in spare:
            requestor.release()
        return found

    def _park(self, requestor: Requestor) -> None:
        requestor.parked_at = time.monotonic()
        with self._lock:
            kept = requestor.established and not self._closed
            if kept:
                self._parked.append(requestor)
                self._arm()
        if not kept:
            requestor.release()

    def _arm(self) -> None:
        """Start the timer unless one runs; the lock is held."""
        if self._timer is None and self._parked and not self._closed:
            timer = threading.Timer(self.settings.idle_release_s, self._sweep)
            timer.daemon = True
            try:
                timer.start()
            except RuntimeError:
                return  # no thread is to be had: the next that is parked asks again
            self._timer = timer

    def _sweep(self) -> None:
        self.release_idle(older_than_s=self.settings.idle_release_s)
        with self._lock:
            self._timer = None
            self._arm()

    def release_idle(self, *, older_than_s: float) -> None:
        """Release the parked associations that were last used *older_than_s* ago or before."""
        before = time.monotonic() - older_than_s
        with self._lock:
            idle = [requestor for requestor in self._parked if requestor.parked_at <= before]
            self._parked = [requestor for requestor in self._parked if requestor.parked_at > before]
        for requestor in idle:
            requestor.release()
        if idle:
            _log.debug("pacs.released", pacs=self.settings.name, associations=len(idle))

    def close(self) -> None:
        """Release every parked association; those lent are released when they come back."""
        with self._lock:
            self._closed = True
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            timer.join()
        self.release_idle(older_than_s=0.0)
