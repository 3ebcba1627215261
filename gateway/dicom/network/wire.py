"""Protocol data units over a connected socket, bounded in size and in time, without Nagle's and delayed-ACK pauses.

One thread reads and writes; nothing else ever touches the socket, so no message can be lost between two readers
(pynetdicom's reactor thread loses some at this speed, see :mod:`gateway.dicom.network.upper`). Linux forgets
TCP_QUICKACK, so it is set before each wait: a small C-FIND on a kept association costs 1 ms with it and 88 without.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time

from gateway.dicom.network.pdu import HEADER_BYTES, Malformed, Pdu, header

PDU_LIMIT_BYTES = 1 << 20
"""Above what is announced: some peers ignore the maximum length they were told."""
ANNOUNCED_BYTES = 1 << 17
_BUFFER_BYTES = PDU_LIMIT_BYTES + HEADER_BYTES
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_KINDS = frozenset(int(kind) for kind in Pdu)


class Exceeded(Exception):
    """The peer sends more than it may."""


class Wire:
    """The connected socket of one association."""

    def __init__(self, connection: socket.socket, silence_s: float) -> None:
        """*silence_s*: the longest wait for a byte."""
        self._connection = connection
        self._silence_s = silence_s
        self._timeout_s = silence_s
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self.budget_bytes = PDU_LIMIT_BYTES
        """What may still be received before Exceeded is raised."""
        self.deadline = float("inf")
        """When the operation under way must have ended (``time.monotonic``)."""
        connection.settimeout(silence_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive(self) -> tuple[int, memoryview]:
        """The next PDU: its type, and its content, which stays valid until the next call.

        Raises TimeoutError after silence or at the deadline, OSError at the end of the connection, Malformed for what
        is no PDU, Exceeded for one that is too long or beyond the budget.
        """
        self._fill(HEADER_BYTES)
        kind, length = header(self._buffer, self._start)
        if kind not in _KINDS:
            raise Malformed("PDU type")
        if length > PDU_LIMIT_BYTES or length > self.budget_bytes:
            raise Exceeded
        self.budget_bytes -= length
        self._fill(HEADER_BYTES + length)
        start = self._start + HEADER_BYTES
        self._start = start + length
        return kind, self._view[start : self._start]

    def _fill(self, wanted: int) -> None:
        """Have *wanted* bytes from the start of the buffer on."""
        held = self._end - self._start
        if held >= wanted:
            return
        if self._start and (not held or self._start + wanted > _BUFFER_BYTES):
            self._buffer[:held] = self._buffer[self._start : self._end]
            self._start, self._end = 0, held
        while self._end - self._start < wanted:
            self._end += self._read(self._view[self._end :])

    def _read(self, into: memoryview) -> int:
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        timeout_s = min(self._silence_s, left_s)
        if timeout_s != self._timeout_s:
            self._connection.settimeout(timeout_s)
            self._timeout_s = timeout_s
        if _QUICKACK is not None:
            self._connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        received = self._connection.recv_into(into)
        if not received:
            raise ConnectionResetError("the peer ended the connection")
        return received

    def send(self, content: bytes) -> None:
        """Raises TimeoutError when the peer does not take it, OSError when it is gone."""
        self._connection.sendall(content)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come and the connection stands: what a parked association must look like."""
        if self._end > self._start or self._connection.fileno() < 0:
            return False
        if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
            return False
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        """Close the connection; may be called again."""
        with contextlib.suppress(OSError):  # it may have ended already
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
