"""MLLP framing without sockets: bytes in, messages and named faults out.

A block is ``<VT> message <FS> <CR>`` (HL7 v2.5 Implementation guide, appendix C "Minimal Lower Layer Protocol",
release 1; IHE ITI TF-2 appendix C.2). A message holds neither VT nor FS, so each of them found in the wrong place tells
what went wrong, and reading goes on at the next VT:

==============================  =======================================================================
outside, then VT                a block begins; anything but blanks before it is noise
outside, then FS                the beginning was lost (``mllp_no_start``): answered, its sender waits
inside, then VT                 the sender began anew (``mllp_restarted``): the first try is not answered
inside, then FS and CR          the block is whole
inside, then FS and VT, LF      the block is whole; its CR was forgotten
inside, then FS and other       FS stands inside the message (``mllp_stray_end``): refused at its real end
above the limit                 nothing more is kept (``mllp_too_large``): refused at its end
==============================  =======================================================================

Whether FS is the end cannot be known until the next byte comes, and a sender that forgets the CR sends none: the owner
of the connection waits a moment and then calls :meth:`Framer.settle`. To deliver at FS at once would make a message
out of the first half of one that holds an FS, and what stands in the second half may be "masked to the patient".
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from enum import Enum, auto

from gateway.errors import InputRejected

START = b"\x0b"
END = b"\x1c"
DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024
HEAD_BYTES = 4096
"""So much is kept of a message that is refused here: its MSH, to address the answer."""
NOISE_LIMIT_BYTES = 1024 * 1024

_CARRIAGE_RETURN, _LINE_FEED = 0x0D, 0x0A


@dataclass(frozen=True, slots=True)
class Block:
    """One message."""

    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Bytes that were no block; reading goes on behind them."""

    code: str
    """Key of the texts."""
    size_bytes: int
    head: bytes = field(default=b"", repr=False)
    answered: bool = False
    """Whether a sender waits for the answer."""
    fatal: bool = False
    """Whether the connection is not worth keeping."""


Event = Block | Fault


def frame(message: bytes) -> bytes:
    """*message* as a block; raises InputRejected (``mllp_control_character``) when it holds VT or FS."""
    if START in message or END in message:
        raise InputRejected("mllp_control_character", hl7_code="199")
    return b"".join((START, message, END, b"\r"))


class _State(Enum):
    OUTSIDE = auto()
    INSIDE = auto()
    ENDING = auto()
    """Inside, and the last byte was FS."""


class Framer:
    """Takes what one connection receives, in pieces of any size, and gives blocks and faults in order."""

    def __init__(self, max_message_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.max_message_bytes = max_message_bytes
        self._state = _State.OUTSIDE
        # BytesIO gives its bytes away without a copy, and a message that comes byte by byte costs no object a byte.
        self._kept = io.BytesIO()
        self._size = 0
        self._fault = ""

    @property
    def in_block(self) -> bool:
        """Whether a block has begun and not ended."""
        return self._state is not _State.OUTSIDE

    @property
    def ending(self) -> bool:
        """Whether the last byte was an FS whose CR has not come."""
        return self._state is _State.ENDING

    @property
    def held_bytes(self) -> int:
        """What is kept in memory of an unfinished block."""
        return self._kept.tell()

    def receive(self, data: bytes) -> list[Event]:
        """What *data* completes."""
        events: list[Event] = []
        edges = _Edges(data)
        position = 0
        while position < len(data):
            if self._state is _State.OUTSIDE:
                position = self._outside(data, position, edges, events)
            elif self._state is _State.INSIDE:
                position = self._inside(data, position, edges, events)
            else:
                position = self._ending(data, position, events)
        return events

    def settle(self) -> list[Event]:
        """No byte has followed an FS for a while: it was the end."""
        return self._finish() if self.ending else []

    def close(self) -> list[Event]:
        """The connection has ended: what is left is a message without its last CR, or nothing of use."""
        if self.ending:
            return self._finish()
        if self.in_block:
            return self._drop("mllp_no_end")
        return self._drop("mllp_noise") if self._noisy() else []

    def _outside(self, data: bytes, position: int, edges: _Edges, events: list[Event]) -> int:
        start, end = edges.after(position)
        self._keep(data, position, min(start, end), limit=HEAD_BYTES)
        if start < end:
            if self._noisy():
                events += self._drop("mllp_noise")
            self._begin(_State.INSIDE)
            return start + 1
        if end < len(data):
            # After its forgotten VT the message may have had everything else.
            answered = b"MSH" in self._head()
            events += self._drop("mllp_no_start" if answered else "mllp_noise", answered=answered)
            return end + 1
        if self._size > NOISE_LIMIT_BYTES:
            events += self._drop("mllp_noise", fatal=True)
        return len(data)

    def _inside(self, data: bytes, position: int, edges: _Edges, events: list[Event]) -> int:
        start, end = edges.after(position)
        at = min(start, end)
        self._keep(data, position, at, limit=HEAD_BYTES if self._fault else self.max_message_bytes)
        if at == len(data):
            return at
        if start < end:
            events += self._drop("mllp_restarted")
            self._begin(_State.INSIDE)
        else:
            self._state = _State.ENDING
        return at + 1

    def _ending(self, data: bytes, position: int, events: list[Event]) -> int:
        byte = data[position]
        if byte == END[0]:
            return position + 1
        if byte in (_CARRIAGE_RETURN, _LINE_FEED, START[0]):
            events += self._finish()
            return position if byte == START[0] else position + 1
        self._refuse("mllp_stray_end")
        self._state = _State.INSIDE
        return position

    def _keep(self, data: bytes, start: int, end: int, *, limit: int) -> None:
        self._size += end - start
        if self._state is _State.INSIDE and self._size > self.max_message_bytes:
            self._refuse("mllp_too_large")
            limit = HEAD_BYTES
        room = limit - self._kept.tell()
        if room > 0 and end > start:
            self._kept.write(data if end - start == len(data) <= room else data[start : min(end, start + room)])

    def _refuse(self, code: str) -> None:
        """From now on only the head is kept."""
        if not self._fault:
            head = self._head()
            self._fault, self._kept = code, io.BytesIO()
            self._kept.write(head)

    def _finish(self) -> list[Event]:
        if self._fault:
            return self._drop(self._fault, answered=True)
        content = self._kept.getvalue()
        self._begin(_State.OUTSIDE)
        return [Block(content)]

    def _drop(self, code: str, *, answered: bool = False, fatal: bool = False) -> list[Event]:
        fault = Fault(code=code, size_bytes=self._size, head=self._head(), answered=answered, fatal=fatal)
        self._begin(_State.OUTSIDE)
        return [fault]

    def _begin(self, state: _State) -> None:
        self._state, self._kept, self._size, self._fault = state, io.BytesIO(), 0, ""

    def _head(self) -> bytes:
        return bytes(self._kept.getbuffer()[:HEAD_BYTES])

    def _noisy(self) -> bool:
        return bool(self._head().strip(b"\r\n\t \x00")) or self._size > HEAD_BYTES


class _Edges:
    """Where the next VT and FS stand; each is looked for again only when it has been passed."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._start = self._end = -1

    def after(self, position: int) -> tuple[int, int]:
        """The next VT and the next FS at or behind *position*; the length of the data where there is none."""
        if self._start < position:
            self._start = self._find(START, position)
        if self._end < position:
            self._end = self._find(END, position)
        return self._start, self._end

    def _find(self, byte: bytes, position: int) -> int:
        at = self._data.find(byte, position)
        return len(self._data) if at < 0 else at
