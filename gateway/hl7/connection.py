"""One connection of the listener: messages strictly one after the other, each answered before the next is begun."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import structlog

from gateway.hl7.acknowledge import Request
from gateway.hl7.budget import Budget
from gateway.hl7.mllp import Block, Event, Fault, Framer
from gateway.hl7.order import Order, Place
from gateway.hl7.reception import Meeting

READ_BYTES = 256 * 1024
SETTLE_S = 0.25
"""How long the CR behind an FS is waited for, when a sender forgets it."""
CLOSE_S = 5.0
"""How long the last answer may take to leave when a connection ends."""
MAX_FAULTS = 100
"""Faults in a row after which a connection is not worth keeping."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What every connection of a listener shares."""

    max_message_bytes: int
    idle_timeout_s: float
    read_timeout_s: float
    budget: Budget
    executor: Executor
    order: Order
    answer_timeout_s: float
    meeting: Callable[[str], Meeting]
    """From the name of the other side: a message whose last byte has just come."""
    read: Callable[[bytes], Request]
    answer: Callable[[bytes, Meeting, Place, Request], bytes | None]
    """Runs in the executor; gives the acknowledgement."""
    answer_fault: Callable[[Fault, Meeting], bytes | None]
    """As :attr:`answer`."""
    busy: Callable[[Request], bytes | None]


class Connection:
    """Reads, hands each message to the executor, writes the answer, reads on.

    Nothing is read while a message is worked on, so a sender that is faster than the store is held back by TCP.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rules: Rules, peer: str = ""
    ) -> None:
        self._peer = peer
        self._reader = reader
        self._writer = writer
        self._rules = rules
        self._framer = Framer(rules.max_message_bytes)
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
                events = self._framer.settle()
            elif data:
                events = await self._receive(data)
            else:
                events = self._framer.close()
            # Taken out one by one, so that an answered message is not kept until the next bytes come.
            queue = deque(events)
            del events
            while queue:
                if self._stopping or not await self._handle(queue.popleft()):
                    return
            if data == b"":
                return

    async def _read(self) -> bytes | None:
        """The next bytes, empty at the end; None when nothing followed an FS for a moment. Raises TimeoutError."""
        if self._framer.ending:
            try:
                async with asyncio.timeout(SETTLE_S):
                    return await self._reader.read(READ_BYTES)
            except TimeoutError:
                return None
        async with asyncio.timeout_at(self._deadline):
            return await self._reader.read(READ_BYTES)

    async def _receive(self, data: bytes) -> list[Event]:
        was_in_block = self._framer.in_block
        events = self._framer.receive(data)
        if self._framer.in_block and (events or not was_in_block):
            self._restart_clock(self._rules.read_timeout_s)
        loop = asyncio.get_running_loop()
        began = loop.time()
        blocks = sum(len(event.content) for event in events if isinstance(event, Block))
        await self._rules.budget.hold(self, self._framer.held_bytes + blocks)
        # The sender is not to blame for the time its bytes waited for room.
        self._deadline += loop.time() - began
        return events

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
                await self._write(await self._work(event))
            finally:
                self._working = False
        if not self._framer.in_block:
            self._restart_clock(self._rules.idle_timeout_s)
        return True

    async def _work(self, block: Block) -> bytes | None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            return await self._answer(block.content)
        finally:
            await self._rules.budget.release(self, self._framer.held_bytes)
            self._deadline += loop.time() - began

    async def _answer(self, message: bytes) -> bytes | None:
        """The acknowledgement, or AR when it takes too long: what was not begun is not done then.

        What was begun goes on, and is recognised when the sender sends it again.
        """
        rules = self._rules
        request = rules.read(message)
        place = rules.order.place(request.sender)
        loop = asyncio.get_running_loop()
        answered = loop.create_future()

        def done(_: object) -> None:
            place.passed()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_tell, answered)

        meeting = rules.meeting(self._peer)
        # The executor's queue keeps what was cancelled, with all that it was given, until a thread comes to it: of a
        # store that hangs for an hour, each message that was sent again.
        waiting = [message]
        try:
            work = rules.executor.submit(lambda: rules.answer(waiting.pop(), meeting, place, request))
        except RuntimeError:
            # No thread is to be had. Who stands behind this place would wait for it for ever.
            place.passed()
            rules.order.leave(request.sender, place)
            return rules.busy(request)
        work.add_done_callback(done)
        try:
            async with asyncio.timeout(rules.answer_timeout_s):
                await answered
            return work.result()
        except TimeoutError:
            if work.cancel():
                waiting.clear()
            return rules.busy(request)
        finally:
            if work.done():
                rules.order.leave(request.sender, place)

    async def _write(self, reply: bytes | None) -> None:
        if reply is None:
            return
        self._writer.write(reply)
        if self._writer.transport.get_write_buffer_size():
            async with asyncio.timeout(self._rules.read_timeout_s):
                await self._writer.drain()

    async def _close(self) -> None:
        """Send what is still to be sent, for a moment."""
        self._writer.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._writer.wait_closed()
        except OSError:  # TimeoutError is one
            self._writer.transport.abort()

    def _restart_clock(self, seconds: float) -> None:
        self._deadline = asyncio.get_running_loop().time() + seconds


def _tell(answered: asyncio.Future[None]) -> None:
    # One that was waited for too long was cancelled.
    if not answered.done():
        answered.set_result(None)
