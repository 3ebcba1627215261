"""Answers that end in time, however slowly they come.

The time-out of a socket is for each silence: a peer that sends a byte now and then, out of malice or behind a broken
line, holds whoever reads it for as long as it likes, and with it the lock, the worker or the round of notices that
waits for the answer. Here the whole of an answer has a deadline, its header fields and its last byte included.
"""

from __future__ import annotations

import io
import socket
import time


class Timed(io.RawIOBase):
    """What comes on a socket, until a deadline: reading raises TimeoutError then, as it does after a silence."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        """*raw*: the bytes of *sock*, which has its time-out for silence already; *deadline*: of the monotonic
        clock."""
        self._raw, self._sock, self._deadline = raw, sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int | None:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        silence_s = self._sock.gettimeout()
        if silence_s is not None and silence_s <= left_s:
            return self._raw.readinto(buffer)  # type: ignore[arg-type]
        self._sock.settimeout(left_s)
        try:
            return self._raw.readinto(buffer)  # type: ignore[arg-type]
        finally:
            self._sock.settimeout(silence_s)

    def close(self) -> None:
        self._raw.close()
        super().close()


def timed(sock: socket.socket, deadline: float) -> io.BufferedReader:
    """What comes on *sock*, until *deadline* of the monotonic clock."""
    return io.BufferedReader(Timed(sock.makefile("rb", buffering=0), sock, deadline))
