"""Series and studies on their way through: one transfer each, shared by all who read it, bounded in memory.

A transfer runs in a thread of its own and puts what comes on a shelf. Who reads may join while it comes, and goes
through the instances in the order of arrival. What every reader has had is let go when room is needed, least recently
used first; a transfer whose readers are slower than the PACS waits for them. A transfer that nobody reads any more is
ended. Nothing is written to disk.

Nobody is given an instance that is not in the examination's own list, nor one of another study: the transfer's key is
the study (and series), the list is compared, and :mod:`gateway.dicom.stream` has held each instance against the key.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from enum import Enum

import structlog

from gateway.dicom.stream import Upstream
from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, PeerUnreachable, Unavailable
from gateway.model.exam import Exam, Instance
from gateway.model.image import StoredInstance

_log = structlog.get_logger(__name__)

LINGER_S = 15.0
"""A transfer that a viewer began goes on for so long after its last question."""
WINDOW_BYTES = 4 << 20
"""What a transfer may always be ahead of its slowest reader, however full the shelf is."""
_PATIENCE_S = 120.0
"""A reader that takes nothing for so long is not waited for any longer."""
_TICK_S = 0.5


class State(Enum):
    """How a transfer stands."""

    LOADING = 1
    WHOLE = 2
    """Everything in the examination's list has come."""
    STOPPED = 3
    """Ended before that: nobody wanted more, the shelf was full, or the PACS failed."""


class _Enough(Exception):
    """Nobody wants more of this transfer."""


class Holding:
    """What has come of one transfer. Guarded by the shelf's lock."""

    def __init__(self, study_uid: str, series_uid: str, wanted: dict[str, tuple[str, Instance]], lock: threading.RLock):
        self.study_uid = study_uid
        self.series_uid = series_uid
        self.wanted = wanted
        """SOP Instance UID to the series and the instance, of all that the examination lists."""
        self.arrived = threading.Condition(lock)
        self.items: list[StoredInstance | None] = []
        """In the order of arrival; None: let go."""
        self.places: dict[str, int] = {}
        self.size_bytes = 0
        self.dropped = 0
        """How many of the first items were let go."""
        self.state = State.LOADING
        self.error: GatewayError | None = None
        self.readers: dict[object, int] = {}
        """Each reader's next place."""
        self.touched = float("-inf")
        self.closed = False

    def ahead_bytes(self) -> int:
        """What the slowest reader has not had yet."""
        slowest = min(self.readers.values(), default=len(self.items))
        return sum(one.size_bytes for one in self.items[slowest:] if one is not None)


class Shelf:
    """The transfers of one PACS."""

    def __init__(
        self,
        limit_bytes: int,
        upstream: Upstream,
        clock: Callable[[], float] = time.monotonic,
        linger_s: float = LINGER_S,
    ) -> None:
        self._limit_bytes = limit_bytes
        self._upstream = upstream
        self._clock = clock
        self._linger_s = linger_s
        self._lock = threading.RLock()
        self._holdings: OrderedDict[tuple[str, str], Holding] = OrderedDict()
        self._threads: set[threading.Thread] = set()
        self._size_bytes = 0
        self._closed = False

    @property
    def size_bytes(self) -> int:
        """What is kept now, what readers still hold beside it left out."""
        return self._size_bytes

    def close(self) -> None:
        """End every transfer and wait for their threads."""
        with self._lock:
            self._closed = True
            for holding in self._holdings.values():
                holding.closed = True
                holding.arrived.notify_all()
            threads = tuple(self._threads)
        for thread in threads:
            thread.join(timeout=5.0)

    # For viewers

    def begin(self, exam: Exam, series_uid: str) -> None:
        """Have the series come, as a viewer that has shown one image of it will want the others."""
        with self._lock:
            holding = self._holdings.get((exam.study_uid, series_uid))
            if holding is None or holding.wanted.keys() != _wanted(exam, series_uid).keys():
                if self._closed or _size(exam, series_uid) < 2:
                    return
                try:
                    holding = self._start(exam, series_uid)
                except PeerUnreachable:
                    return  # a look ahead alone: the image that was asked for is shown
            # One that has stopped is not begun again: what it lacks is asked for image by image.
            holding.touched = self._clock()

    def find(self, study_uid: str, series_uid: str, sop_instance_uid: str, wait_s: float) -> StoredInstance | None:
        """The instance if it has come, or comes within *wait_s* seconds; None where it must be asked for by itself."""
        until = time.monotonic() + wait_s
        with self._lock:
            for key in ((study_uid, series_uid), (study_uid, "")):
                holding = self._holdings.get(key)
                if holding is None or sop_instance_uid not in holding.wanted:
                    continue
                self._holdings.move_to_end(key)
                holding.touched = self._clock()
                while (
                    sop_instance_uid not in holding.places
                    and holding.state is State.LOADING
                    and (left := until - time.monotonic()) > 0
                ):
                    holding.arrived.wait(left)
                place = holding.places.get(sop_instance_uid)
                found = None if place is None else holding.items[place]
                if found is not None:
                    return found
        return None

    # For readers of all of it

    def read(self, exam: Exam, series_uid: str = "") -> Reading:
        """Everything of the series, or of the study, as it comes. Close what is given."""
        with self._lock:
            if self._closed:
                raise Unavailable("images_closing")
            holding = self._joinable(exam, series_uid) or self._start(exam, series_uid)
            reader = object()
            holding.readers[reader] = 0
        return Reading(holding, reader, self._lock, self._clock)

    def whole(self, exam: Exam, series_uid: str = "") -> tuple[StoredInstance, ...] | None:
        """Everything at once, where it is all here already."""
        with self._lock:
            holding = self._joinable(exam, series_uid)
            if holding is None or holding.state is not State.WHOLE:
                return None
            return tuple(one for one in holding.items if one is not None)

    # Transfers

    def _joinable(self, exam: Exam, series_uid: str) -> Holding | None:
        key = (exam.study_uid, series_uid)
        holding = self._holdings.get(key)
        if holding is None:
            return None
        unusable = holding.dropped or holding.closed or holding.state is State.STOPPED
        if unusable or holding.wanted.keys() != _wanted(exam, series_uid).keys():
            if holding.state is not State.LOADING or not holding.readers:
                self._forget(key)
            return None
        self._holdings.move_to_end(key)
        return holding

    def _start(self, exam: Exam, series_uid: str) -> Holding:
        wanted = _wanted(exam, series_uid)
        if not wanted:
            raise InputRejected("image_unknown")
        holding = Holding(exam.study_uid, series_uid, wanted, self._lock)
        key = (exam.study_uid, series_uid)
        if key in self._holdings:
            self._forget(key)
        thread = threading.Thread(target=self._run, args=(holding, exam), name="transfer", daemon=True)
        try:
            thread.start()  # it waits for the lock before it does anything with what it has brought
        except RuntimeError:
            # No thread is to be had: readers would wait for ever for a transfer that nobody makes.
            raise PeerUnreachable("images_ended") from None
        self._holdings[key] = holding
        self._threads.add(thread)
        return holding

    def _run(self, holding: Holding, exam: Exam) -> None:
        error: GatewayError | None = Unavailable("images_closing")
        state = State.STOPPED
        try:
            self._upstream.every(exam, holding.series_uid, lambda one: self._take(holding, one))
            self._missing(holding)
            error, state = None, State.WHOLE
        except _Enough:
            error = PeerUnreachable("images_ended")
        except GatewayError as failure:
            error = failure
            _log.warning("transfer.failed", code=failure.code, came=len(holding.items), wanted=len(holding.wanted))
        finally:
            with self._lock:
                holding.state, holding.error = state, error
                holding.arrived.notify_all()
                self._threads.discard(threading.current_thread())

    def _missing(self, holding: Holding) -> None:
        """Ask by itself for each instance that the transfer left out; what does not come ends it in an error."""
        with self._lock:
            left = [found for uid, found in holding.wanted.items() if uid not in holding.places]
        if left:
            _log.info("transfer.left_out", instances=len(left))
        for series_uid, instance in left:
            self._take(holding, self._upstream.one(holding.study_uid, series_uid, instance))
        if len(holding.places) < len(holding.wanted):
            raise PeerMisbehaved("images_left_out")

    def _take(self, holding: Holding, one: StoredInstance) -> None:
        with self._lock:
            if self._is_left(holding):
                raise _Enough
            uid = one.sop_instance_uid
            if uid in holding.places or uid not in holding.wanted:
                return
            holding.places[uid] = len(holding.items)
            holding.items.append(one)
            if not holding.closed:
                holding.size_bytes += one.size_bytes
                self._size_bytes += one.size_bytes
            holding.arrived.notify_all()
            self._make_room(holding)

    def _is_left(self, holding: Holding) -> bool:
        if self._closed or (holding.closed and not holding.readers):
            return True
        return not holding.readers and self._clock() - holding.touched > self._linger_s

    def _make_room(self, holding: Holding) -> None:
        """Let go what nobody needs until the shelf is within its limit, or wait for this transfer's readers."""
        until = self._clock() + _PATIENCE_S
        while self._size_bytes > self._limit_bytes or holding.closed:
            if self._let_go(holding) and not holding.closed:
                continue
            if not holding.readers:
                raise _Enough  # a viewer's look ahead: the rest is asked for image by image
            if holding.ahead_bytes() <= WINDOW_BYTES:
                return
            if self._closed or self._clock() > until:
                raise PeerUnreachable("images_ended")
            holding.arrived.wait(_TICK_S)

    def _let_go(self, asking: Holding) -> bool:
        """Free something; False where everything is still needed."""
        for key, other in self._holdings.items():
            if other is not asking and not other.readers and other.state is not State.LOADING:
                self._forget(key)
                return True
        freed = [self._drop_read(one) for one in (*self._holdings.values(), asking)]
        return any(freed)

    def _drop_read(self, holding: Holding) -> bool:
        """Let go what every reader of *holding* has had."""
        if not holding.readers:
            return False
        slowest = min(holding.readers.values())
        before = self._size_bytes
        for place in range(holding.dropped, slowest):
            gone = holding.items[place]
            holding.items[place] = None
            if gone is not None and not holding.closed:
                holding.size_bytes -= gone.size_bytes
                self._size_bytes -= gone.size_bytes
        holding.dropped = max(holding.dropped, slowest)
        return self._size_bytes < before

    def _forget(self, key: tuple[str, str]) -> None:
        """Take a holding off the shelf; its readers keep what they are given of it."""
        holding = self._holdings.pop(key)
        holding.closed = True
        self._size_bytes -= holding.size_bytes
        holding.size_bytes = 0
        holding.arrived.notify_all()


class Reading:
    """One reader's way through a holding. To be closed; a reader that is not keeps the transfer waiting."""

    def __init__(self, holding: Holding, reader: object, lock: threading.RLock, clock: Callable[[], float]) -> None:
        self._holding = holding
        self._reader = reader
        self._lock = lock
        self._clock = clock

    def __iter__(self) -> Iterator[StoredInstance]:
        """Each instance once, in the order of arrival.

        Raises what the transfer ended with, after everything that came before it; PeerUnreachable (``images_ended``)
        where this reader was too slow to be waited for.
        """
        place = 0
        while (one := self._next(place)) is not None:
            yield one
            place += 1

    def _next(self, place: int) -> StoredInstance | None:
        holding = self._holding
        with self._lock:
            if self._reader not in holding.readers:
                raise PeerUnreachable("images_ended")
            holding.readers[self._reader] = place
            holding.arrived.notify_all()
            while place >= len(holding.items) and holding.state is State.LOADING:
                holding.arrived.wait(_TICK_S)
            if place < len(holding.items):
                one = holding.items[place]
                if one is None:
                    raise PeerUnreachable("images_ended")
                return one
            if holding.error is not None:
                raise holding.error
            return None

    def close(self) -> None:
        """Leave; may be called again."""
        with self._lock:
            self._holding.readers.pop(self._reader, None)
            self._holding.arrived.notify_all()

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _wanted(exam: Exam, series_uid: str) -> dict[str, tuple[str, Instance]]:
    return {
        instance.sop_instance_uid: (series.series_uid, instance)
        for series in exam.series
        if not series_uid or series.series_uid == series_uid
        for instance in series.instances
    }


def _size(exam: Exam, series_uid: str) -> int:
    return sum(len(one.instances) for one in exam.series if one.series_uid == series_uid)
