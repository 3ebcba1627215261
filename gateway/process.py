"""Processes: children that cannot outlive their parent, and the doorbell between them."""

from __future__ import annotations

import ctypes
import os
import select
import signal

_PR_SET_PDEATHSIG = 1


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


class Doorbell:
    """A pipe between the process that accepts and the one that works; it carries no news but "look".

    Losing every ring costs one polling interval: the truth is in the store. A killed process can leave no lock
    behind, which a semaphore could.
    """

    def __init__(self, reader: int, writer: int) -> None:
        self._reader = reader
        self._writer = writer
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)

    def ring(self) -> None:
        """Wake the waiting process; never blocks."""
        try:
            os.write(self._writer, b"!")
        except (BlockingIOError, BrokenPipeError):
            return  # full: it is ringing already; broken: nobody is there, and the store remembers

    def wait(self, timeout_s: float) -> bool:
        """Wait for a ring, at most *timeout_s*; True when it rang."""
        ready, _, _ = select.select([self._reader], [], [], timeout_s)
        if not ready:
            return False
        while True:
            try:
                if len(os.read(self._reader, 4096)) < 4096:
                    return True
            except BlockingIOError:
                return True
