"""One message on its way through a thread, and those that follow it at once on the same connection.

To hand a message from the loop to a thread, and its answer back, takes 0.8 ms of processor, as long as everything that
is done with a small one (measured). So the thread that has answered sends the answer itself, and listens for
:data:`LINGER_S`: a sender that waits for its answer before it goes on, as all do, has the next message there by then,
and that is answered by the same thread. Whatever is not a whole message in that time is the loop's again, with what has
come of it: silence, a fault, the end, a slow or large message, an answer that the sender does not take; and so is every
message while others wait for a thread. Idle, slow and oversize senders are therefore met by the loop alone.

Only in the clear: what TLS has to decrypt, asyncio has.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field

from gateway.hl7.acknowledge import Request
from gateway.hl7.budget import Budget
from gateway.hl7.mllp import Block, Event, Fault, Framer
from gateway.hl7.order import Line, Order, Place
from gateway.hl7.reception import Meeting

LINGER_S = 0.002
"""How long a thread waits for the next message; when others wait for a thread, they wait this much longer at most."""
PIECE_BYTES = 64 * 1024
LANE_BYTES = 512 * 1024
"""The most that a thread reads by itself; it is not in the budget."""
_NEVER = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What every connection of a listener shares."""

    max_message_bytes: int
    idle_timeout_s: float
    read_timeout_s: float
    budget: Budget
    executor: Executor
    order: Order
    line: Line = field(default_factory=Line)
    answer_timeout_s: float
    meeting: Callable[[str], Meeting]
    """From the name of the other side: a message whose last byte has just come."""
    read: Callable[[bytes], Request]
    answer: Callable[[bytes, Meeting, Place, Request], bytes | None]
    """Runs in the executor; gives the acknowledgement."""
    answer_fault: Callable[[Fault, Meeting], bytes | None]
    """As :attr:`answer`."""
    busy: Callable[[Request], bytes | None]


class _Work:
    """One message, with its place."""

    __slots__ = ("meeting", "message", "place", "request")

    def __init__(self, message: bytes, request: Request, meeting: Meeting, place: Place) -> None:
        self.message = message
        self.request = request
        self.meeting = meeting
        self.place = place


class Lane:
    """From the first message that the loop hands over until the connection is the loop's again.

    Until then the loop neither reads nor writes there, nor asks the framer.
    """

    def __init__(
        self, rules: Rules, peer: str, framer: Framer, descriptor: int | None, goes_on: Callable[[], bool]
    ) -> None:
        """*descriptor*: the socket, where the thread may use it; *goes_on*: whether a further message is wanted."""
        self.unsent = b""
        """What the loop has to send."""
        self.events: deque[Event] = deque()
        """What has come and the loop has to handle."""
        self.has_read = False
        self._rules = rules
        self._peer = peer
        self._framer = framer
        self._descriptor = descriptor
        self._coming = select.poll()
        if descriptor is not None:
            self._coming.register(descriptor, select.POLLIN)
        self._goes_on = goes_on
        # Held whenever the socket is used: the loop may take the connection away, and then it is closed.
        self._owning = threading.Lock()
        self._is_ours = True
        self._overdue_at = _NEVER
        self._work: _Work | None = None

    # .. in the loop

    def begin(self, message: bytes) -> Future[None]:
        """Hand *message* to a thread; raises RuntimeError when none is to be had."""
        rules = self._rules
        request = rules.read(message)
        work = _Work(message, request, rules.meeting(self._peer), rules.order.place(request.sender, rules.line))
        self._set_under_way(work)
        try:
            future = rules.executor.submit(self._run)
        except RuntimeError:
            # Who stands behind this place would wait for it for ever.
            self.forget()
            raise
        return future

    def forget(self) -> None:
        """The message has not begun, and will not. The executor keeps what was cancelled until a thread comes to it:
        of a store that hangs for an hour, each message that was sent again."""
        work, self._work = self._work, None
        if work is not None:
            self._rules.order.begun(self._rules.line)
            self._passed(work)

    def seconds_left(self) -> float:
        """Until the answer under way is overdue; negative when it is."""
        left = self._overdue_at - time.monotonic()
        return min(left, self._rules.answer_timeout_s)

    def take_back(self) -> None:
        """The connection is the loop's from now on; what is under way goes on, and its answer is not sent."""
        with self._owning:
            self._is_ours = False

    def take_back_if_overdue(self) -> Request | None:
        """As :meth:`take_back`, and the message whose answer is overdue; None when there is none."""
        with self._owning:
            work = self._work
            if work is None or self.seconds_left() > 0:
                return None
            self._is_ours = False
            return work.request

    # .. in the thread

    def _run(self) -> None:
        rules, work = self._rules, self._work
        rules.order.begun(rules.line)
        while work is not None:
            try:
                reply = rules.answer(work.message, work.meeting, work.place, work.request)
            finally:
                self._passed(work)
            work = self._next() if self._answered(reply) else None

    def _passed(self, work: _Work) -> None:
        work.place.passed()
        self._rules.order.leave(work.request.sender, work.place)

    def _answered(self, reply: bytes | None) -> bool:
        """Send *reply*; whether the next message may be read here."""
        with self._owning:
            if not self._is_ours:
                return False
            self._work, self._overdue_at = None, _NEVER
            self.unsent = reply or b""
            if self._descriptor is None:
                return False
            with suppress(OSError):
                # What cannot be sent now, or ever, the loop finds out.
                self.unsent = self.unsent[os.write(self._descriptor, self.unsent) :] if self.unsent else b""
            return not self.unsent

    def _next(self) -> _Work | None:
        """The next message, if it comes whole and in time, and is nobody's turn before."""
        until = time.monotonic() + LINGER_S
        while not self.events:
            if not self._goes_on() or self._rules.line.waiting or not self._read(until):
                return None
        block = self.events[0]
        if not isinstance(block, Block) or not self._goes_on():
            return None
        request = self._rules.read(block.content)
        place = self._rules.order.at_once(request.sender, self._rules.line)
        if place is None:
            return None
        self.events.popleft()
        work = _Work(block.content, request, self._rules.meeting(self._peer), place)
        with self._owning:
            self._set_under_way(work)
        return work

    def _read(self, until: float) -> bool:
        """Read what comes before *until*; whether something came that this lane may hold."""
        assert self._descriptor is not None  # noqa: S101 - _answered has looked
        left_ms = (until - time.monotonic()) * 1000
        if left_ms <= 0 or not self._coming.poll(left_ms):
            return False
        room = LANE_BYTES - self._framer.held_bytes
        with self._owning:
            if not self._is_ours or room <= 0:
                return False
            try:
                data = os.read(self._descriptor, min(PIECE_BYTES, room))
            except OSError:
                return False
            if not data:
                # The end is still there when the loop reads.
                return False
            self.has_read = True
            self.events.extend(self._framer.receive(data))
        return True

    def _set_under_way(self, work: _Work) -> None:
        self._work = work
        self._overdue_at = time.monotonic() + self._rules.answer_timeout_s
