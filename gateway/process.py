"""Processes: children that are forked and cannot outlive their parent, how they are told to end, and the doorbell
between them."""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

_PR_SET_PDEATHSIG = 1
_ENDING = (signal.SIGTERM, signal.SIGINT)
_RING, _NUDGE = b"!", b"."
_YOUNG_OBJECTS = 10_000
"""So many are made before the collector looks for cycles among them. A message makes some thousands, which go by
themselves when it is answered; Python's own 700 has them looked at four times a message, 5 to 8 % of its processor
(measured)."""


def die_with_parent(parent: int) -> None:
    """Have the kernel send TERM to this process when *parent* (its process id) ends, however it ends.

    Call it first in a child that was started from its parent's main thread (the flag is tied to that thread). If the
    parent is gone already, the child leaves at once.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        os._exit(0)


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Around a fork: a TERM that comes in between must not find its parent's handler in the child, which would take
    it for its parent's own. What came is delivered at the end; a child calls :func:`as_a_child` first."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def as_a_child(parent: int) -> None:
    """At the very beginning of a child that was forked from *parent*: it ends by a TERM, and at its parent's end.

    Ctrl-C reaches the whole group of a terminal; the parent alone decides, and sends TERM.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    die_with_parent(parent)


def when_told_to_end(stop: Callable[[], None], *, signals: Iterable[signal.Signals] = (signal.SIGTERM,)) -> None:
    """Have *stop* called, in a thread of its own, when the first of *signals* comes. Call it in the main thread.

    A handler runs in the middle of whatever the main thread does: with the lock of an Event in its hands, the handler's
    own ``Event.set`` waits for that lock for ever, and the process never ends (2 of 60 in a tight loop, measured). What
    the handler does here, ``SimpleQueue.put``, is safe at any moment.
    """
    told: SimpleQueue[int] = SimpleQueue()

    def wait() -> None:
        told.get()
        stop()

    threading.Thread(target=wait, name="ending", daemon=True).start()
    for number in signals:
        signal.signal(number, lambda number, _: told.put(number))


def keep_what_is_made() -> None:
    """Have the garbage collector pass over what there is now, which stays: called when a process is ready to serve.

    Else its full collection goes through the 160,000 objects of a gateway every hundred messages or so: 100 ms of
    processor (measured), in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])


class Doorbell:
    """Pipes between the processes that accept and those that work; they carry no news but "look".

    Losing every ring costs one polling interval: the truth is in the store. A killed process can leave no lock
    behind, which a semaphore could.
    """

    def __init__(self, reader: int, writer: int, *others: int) -> None:
        """*writer* leads to *reader*, where this process waits if it works; *others* to the further ones that work."""
        self._reader = reader
        self._writer = writer
        self._others = others
        for end in (reader, writer, *others):
            os.set_blocking(end, False)

    def ring(self) -> None:
        """Wake the waiting processes: something came in; never blocks."""
        for writer in (self._writer, *self._others):
            _write(writer, _RING)

    def nudge(self) -> None:
        """End one's own waiting: there is more to do, though nothing came in; never blocks."""
        _write(self._writer, _NUDGE)

    def wait(self, timeout_s: float) -> bool:
        """Wait for a ring or a nudge, at most *timeout_s*; True when it rang."""
        ready, _, _ = select.select([self._reader], [], [], timeout_s)
        rang = False
        while ready:
            try:
                words = os.read(self._reader, 4096)
            except BlockingIOError:
                break
            rang = rang or _RING in words
            if len(words) < 4096:
                break
        return rang


def _write(writer: int, word: bytes) -> None:
    try:
        os.write(writer, word)
    except (BlockingIOError, BrokenPipeError):
        return  # full: it is ringing already; broken: nobody is there, and the store remembers
