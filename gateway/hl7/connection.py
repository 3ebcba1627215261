"""One connection of the listener: messages strictly one after the other, each answered before the next is begun."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future

import structlog

from gateway.hl7.lane import Lane, Rules
from gateway.hl7.mllp import Block, Event, Fault, Framer
from gateway.hl7.wire import Wire

SETTLE_S = 0.25
"""How long the CR behind an FS is waited for, when a sender forgets it."""
CLOSE_S = 5.0
"""How long the last answer may take to leave when a connection ends."""
MAX_FAULTS = 100
"""Faults in a row after which a connection is not worth keeping."""

_log = structlog.get_logger(__name__)


class Connection:
    """Reads, has each message answered by a thread, reads on.

    Nothing is read while a message is worked on, so a sender that is faster than the store is held back by TCP.
    """

    def __init__(self, wire: Wire, rules: Rules, peer: str = "", descriptor: int | None = None) -> None:
        """*descriptor*: the socket, where a thread may read and write there by itself (:mod:`gateway.hl7.lane`)."""
        self._peer = peer
        self._wire = wire
        self._rules = rules
        self._descriptor = descriptor
        self._framer = Framer(rules.max_message_bytes)
        # Taken out one by one, so that an answered message is not kept until the next bytes come.
        self._events: deque[Event] = deque()
        self._faults = 0
        self._deadline = 0.0
        self._working = False
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """End after the message that is worked on, at once when there is none."""
        self._stopping = True
        if not self._working and self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Serve until the peer leaves, is silent for too long, or :meth:`stop`."""
        self._task = asyncio.current_task()
        try:
            await self._serve()
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        except TimeoutError:
            _log.info("hl7.connection_timed_out", in_message=self._framer.in_block)
        except OSError as error:
            # Whatever was accepted and could not be answered is sent again, and recognised then.
            _log.info("hl7.connection_lost", error=type(error).__name__)
        finally:
            await self._rules.budget.release(self)
            await self._close()

    async def _serve(self) -> None:
        self._restart_clock(self._rules.idle_timeout_s)
        while not self._stopping:
            data = await self._read()
            if data is None:
                self._events.extend(self._framer.settle())
            elif data:
                await self._receive(data)
            else:
                self._events.extend(self._framer.close())
            while self._events:
                if self._stopping or not await self._handle(self._events.popleft()):
                    return
            if data == b"":
                return

    async def _read(self) -> bytes | None:
        """The next bytes, empty at the end; None when nothing followed an FS for a moment. Raises TimeoutError."""
        if self._framer.ending:
            try:
                async with asyncio.timeout(SETTLE_S):
                    return await self._wire.read()
            except TimeoutError:
                return None
        async with asyncio.timeout_at(self._deadline):
            return await self._wire.read()

    async def _receive(self, data: bytes) -> None:
        was_in_block = self._framer.in_block
        self._events.extend(self._framer.receive(data))
        if self._framer.in_block and (self._events or not was_in_block):
            self._restart_clock(self._rules.read_timeout_s)
        await self._hold()

    async def _hold(self) -> None:
        """Have room for what has come; the sender is not to blame for the time its bytes wait for that."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        blocks = sum(len(event.content) for event in self._events if isinstance(event, Block))
        await self._rules.budget.hold(self, self._framer.held_bytes + blocks)
        self._deadline += loop.time() - began

    async def _handle(self, event: Event) -> bool:
        """Answer one event; False when the connection must end."""
        if isinstance(event, Fault):
            self._faults += 1
            loop = asyncio.get_running_loop()
            meeting = self._rules.meeting(self._peer)
            await self._write(
                await loop.run_in_executor(self._rules.executor, self._rules.answer_fault, event, meeting)
            )
            if event.fatal or self._faults > MAX_FAULTS:
                return False
        else:
            self._faults = 0
            self._working = True
            try:
                await self._work(event)
            finally:
                self._working = False
        if not self._framer.in_block:
            self._restart_clock(self._rules.idle_timeout_s)
        return True

    async def _work(self, block: Block) -> None:
        """Have *block* answered, and what a thread reads behind it."""
        alone = self._wire.hold() and not self._events and not self._framer.in_block
        descriptor = self._descriptor if alone else None
        lane = Lane(self._rules, self._peer, self._framer, descriptor, lambda: not self._stopping)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            reply = await self._answer(lane, block.content)
        finally:
            lane.take_back()
            await self._rules.budget.release(self, self._framer.held_bytes)
            self._deadline += loop.time() - began
        await self._write(reply)
        if lane.has_read:
            self._events.extend(lane.events)
            self._restart_clock(self._rules.read_timeout_s)
            await self._hold()

    async def _answer(self, lane: Lane, message: bytes) -> bytes | None:
        """What is to be sent when the lane has come to its end, or AR when an answer takes too long.

        What was not begun by then is not done. What was begun goes on, and is recognised when the sender sends it
        again.
        """
        loop = asyncio.get_running_loop()
        try:
            work = lane.begin(message)
        except RuntimeError:
            return self._rules.busy(self._rules.read(message))
        del message
        while not work.done():
            await _done(work, loop, lane.seconds_left())
            if not work.done() and (overdue := lane.take_back_if_overdue()) is not None:
                if work.cancel():
                    lane.forget()
                return self._rules.busy(overdue)
        work.result()
        return lane.unsent

    async def _write(self, reply: bytes | None) -> None:
        if reply:
            async with asyncio.timeout(self._rules.read_timeout_s):
                await self._wire.write(reply)

    async def _close(self) -> None:
        """Send what is still to be sent, for a moment."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._wire.close()
        except OSError:  # TimeoutError is one
            self._wire.transport.abort()

    def _restart_clock(self, seconds: float) -> None:
        self._deadline = asyncio.get_running_loop().time() + seconds


async def _done(work: Future[None], loop: asyncio.AbstractEventLoop, timeout_s: float) -> None:
    """Until *work* is done, or *timeout_s* is over."""
    told = loop.create_future()

    def done(_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell, told)

    work.add_done_callback(done)
    timer = loop.call_later(max(0.0, timeout_s), _tell, told)
    try:
        await told
    finally:
        timer.cancel()


def _tell(told: asyncio.Future[None]) -> None:
    if not told.done():
        told.set_result(None)
