"""The MLLP listener: accepts connections, reads reports, acknowledges each after it is kept.

Original mode (HL7 v2.5 section 2.9.2): the one answer to a message is sent when the application has taken it over.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from asyncio import sslproto
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import structlog

from gateway.errors import Unavailable
from gateway.hl7 import mllp
from gateway.hl7.acknowledge import Request
from gateway.hl7.budget import Budget
from gateway.hl7.connection import CLOSE_S, Connection
from gateway.hl7.lane import Rules
from gateway.hl7.mllp import Fault
from gateway.hl7.order import Order, Place
from gateway.hl7.ports import ListenerSettings
from gateway.hl7.reception import Meeting, Reception
from gateway.hl7.wire import Wire
from gateway.trust.tls import caller

_HANDSHAKE_TIMEOUT_S = 10.0
_BACKLOG = 100
_TLS_BUFFER_BYTES = 16 * 1024
"""Of each TLS connection; asyncio's own 256 KiB would take 300 MB for a thousand silent senders (measured)."""

_log = structlog.get_logger(__name__)

__all__ = ["Listener", "ListenerSettings", "run"]


class Listener:
    """One port; :meth:`start`, then :meth:`serve` until :meth:`request_stop`, or :meth:`stop`."""

    def __init__(self, settings: ListenerSettings, reception: Reception, order: Order | None = None) -> None:
        """*reception* answers in threads, several at once; messages of one connection strictly one after the other.

        Ports that share an *order* keep that of each sender over all of them.
        """
        self.settings = settings
        self._reception = reception
        self._order = order or Order()
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_requested = asyncio.Event()
        self._stopping = False
        self._rules: Rules | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._connections: dict[asyncio.Task[None], Connection] = {}

    @property
    def port(self) -> int:
        """The port that is listened on; the setting's before :meth:`start`."""
        if self._server is None or not self._server.sockets:
            return self.settings.port
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen; raises Unavailable (``hl7_cannot_listen``) when the address cannot be had."""
        settings = self.settings
        if settings.ssl is not None:
            sslproto.SSLProtocol.max_size = _TLS_BUFFER_BYTES
        self._loop = asyncio.get_running_loop()
        self._executor = ThreadPoolExecutor(settings.threads, thread_name_prefix="hl7")
        self._rules = Rules(
            max_message_bytes=settings.max_message_bytes,
            idle_timeout_s=settings.idle_timeout_s,
            read_timeout_s=settings.read_timeout_s,
            budget=Budget(settings.max_held_bytes),
            executor=self._executor,
            order=self._order,
            answer_timeout_s=settings.answer_timeout_s,
            meeting=partial(self._reception.meeting, settings.admission),
            read=self._reception.read,
            answer=self._answer,
            answer_fault=self._answer_fault,
            busy=self._busy,
        )
        try:
            self._server = await self._loop.create_server(
                lambda: Wire(self._connected),
                settings.host,
                settings.port,
                backlog=_BACKLOG,
                ssl=settings.ssl,
                ssl_handshake_timeout=_HANDSHAKE_TIMEOUT_S if settings.ssl else None,
                ssl_shutdown_timeout=CLOSE_S if settings.ssl else None,
            )
        except OSError as error:
            self._executor.shutdown()
            raise Unavailable(
                "hl7_cannot_listen", host=settings.host, port=settings.port, words=error.strerror or "refused"
            ) from None
        _log.info(
            "hl7.listening",
            name=settings.admission.port,
            host=settings.host,
            port=self.port,
            tls=settings.ssl is not None,
        )

    async def serve(self) -> None:
        """Listen, if :meth:`start` has not, until :meth:`request_stop`; then :meth:`stop`."""
        if self._server is None:
            await self.start()
        try:
            await self._stop_requested.wait()
        finally:
            await self.stop()

    def request_stop(self) -> None:
        """End :meth:`serve`; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop_requested.set)

    async def stop(self, grace_s: float = 30.0) -> None:
        """Take no more, finish and answer what was wholly received and begun within *grace_s*, close."""
        server, self._server = self._server, None
        if server is None:
            return
        self._stopping = True
        server.close()
        for connection in self._connections.values():
            connection.stop()
        late: set[asyncio.Task[None]] = set()
        if self._connections:
            _, late = await asyncio.wait(list(self._connections), timeout=grace_s)
        for task in late:
            _log.error("hl7.stopped_unanswered")
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        # Since Python 3.12 this waits for connections in their TLS handshake too.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await server.wait_closed()
        if self._executor is not None:
            self._executor.shutdown(wait=not late, cancel_futures=True)
        _log.info("hl7.stopped")

    def _connected(self, wire: Wire) -> None:
        full = len(self._connections) >= self.settings.max_connections
        if self._rules is None or self._stopping or full:
            _log.warning("hl7.connection_refused", full=full, limit=self.settings.max_connections)
            wire.transport.close()
            return
        peer = self._peer(wire.transport)
        if peer is None:
            wire.transport.close()
            return
        accepted = wire.transport.get_extra_info("socket")
        # An answer is one small write; it must not wait for the acknowledgement of the one before.
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        descriptor = accepted.fileno() if self.settings.ssl is None else None
        connection = Connection(wire, self._rules, peer, descriptor)
        task = asyncio.get_running_loop().create_task(connection.run())
        self._connections[task] = connection
        task.add_done_callback(self._disconnected)

    def _disconnected(self, task: asyncio.Task[None]) -> None:
        self._connections.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("hl7.connection_failed", error=type(error).__name__)

    def _peer(self, transport: asyncio.Transport) -> str | None:
        """The name of the other side: that in its certificate, else its address; None for one that may not speak."""
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        who = caller(certificate, self.settings.client_names)
        address = transport.get_extra_info("peername")
        if not who.allowed:
            _log.warning("hl7.stranger_refused", name=who.name, address=address[0] if address else "")
            return None
        return who.name or (f"{address[0]}:{address[1]}" if address else "")

    def _answer(self, message: bytes, meeting: Meeting, place: Place, request: Request) -> bytes | None:
        return _framed(self._reception.answer(message, meeting, place, request))

    def _answer_fault(self, fault: Fault, meeting: Meeting) -> bytes | None:
        return _framed(self._reception.answer_fault(fault, meeting, self.settings.max_message_bytes))

    def _busy(self, request: Request) -> bytes | None:
        return _framed(self._reception.busy(request))


def _framed(reply: bytes | None) -> bytes | None:
    return None if reply is None else mllp.frame(reply)


def run(
    ports: ListenerSettings | Sequence[ListenerSettings],
    reception: Reception,
    *,
    started: Callable[[Listener], None] | None = None,
) -> None:
    """Listen on *ports* until TERM or INT, or until ``request_stop`` of a listener that *started* is given.

    In a thread that is not the main one, signals are left alone. Raises Unavailable (``hl7_cannot_listen``).
    """
    every = (ports,) if isinstance(ports, ListenerSettings) else tuple(ports)
    asyncio.run(_run(every, reception, started))


async def _run(
    ports: Sequence[ListenerSettings], reception: Reception, started: Callable[[Listener], None] | None
) -> None:
    order = Order()
    listeners = [Listener(port, reception, order) for port in ports]
    try:
        for listener in listeners:
            await listener.start()
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, _request_stop, listeners)
        if started is not None:
            for listener in listeners:
                started(listener)
        await asyncio.gather(*(listener.serve() for listener in listeners))
    finally:
        for listener in listeners:
            await listener.stop(0)


def _request_stop(listeners: Sequence[Listener]) -> None:
    for listener in listeners:
        listener.request_stop()
