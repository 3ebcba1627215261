"""The sending side of MLLP: one message out, its acknowledgement back (HL7 v2.5 section 2.9.2, original mode)."""

from __future__ import annotations

import socket
import ssl
import time
from types import TracebackType
from typing import Self

from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, PeerUnreachable
from gateway.hl7 import er7, mllp
from gateway.hl7.mllp import Block, Event, Framer

MAX_ANSWER_BYTES = 1024 * 1024
_READ_BYTES = 64 * 1024


def send(host: str, port: int, message: bytes, timeout_s: float, *, tls: ssl.SSLContext | None = None) -> bytes:
    """Send *message* over a connection of its own and give its acknowledgement; raises as :meth:`Sender.send`."""
    with Sender(host, port, timeout_s, tls=tls) as sender:
        return sender.send(message)


class Sender:
    """A kept connection to one receiver, for one thread at a time.

    It is made when the first message is sent and made again after any fault; nothing is sent twice by itself, because
    a message whose answer was lost may have been taken.
    """

    def __init__(self, host: str, port: int, timeout_s: float, *, tls: ssl.SSLContext | None = None) -> None:
        """*timeout_s*: for connecting, sending and the answer together."""
        self.host = host
        self.port = port
        self.timeout_s = timeout_s
        self._tls = tls
        self._socket: socket.socket | None = None
        self._framer = Framer(MAX_ANSWER_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next :meth:`send` makes a new one."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._framer = None, Framer(MAX_ANSWER_BYTES)

    def send(self, message: bytes) -> bytes:
        """Send *message* and give the acknowledgement that came, whatever it says.

        Raises PeerUnreachable (``hl7_peer_unreachable``, ``hl7_peer_silent``): the message may or may not have been
        taken; PeerMisbehaved (``hl7_peer_framing``, ``hl7_peer_other_answer``): what came answers something else;
        InputRejected when *message* cannot be framed or has no MSH.
        """
        block = mllp.frame(message)
        control_id = er7.parse_header(message).header.text(10)
        deadline = time.monotonic() + self.timeout_s
        try:
            connection = self._connected(deadline)
            connection.settimeout(_left(deadline))
            connection.sendall(block)
            answer = self._answer(connection, deadline)
            if not _answers(answer, control_id):
                raise PeerMisbehaved("hl7_peer_other_answer", **self._where())
        except TimeoutError:
            self.close()
            raise PeerUnreachable("hl7_peer_silent", **self._where(), limit=self.timeout_s) from None
        except OSError as error:
            self.close()
            words = error.strerror or type(error).__name__
            raise PeerUnreachable("hl7_peer_unreachable", **self._where(), words=words) from None
        except GatewayError:
            self.close()
            raise
        return answer

    def _connected(self, deadline: float) -> socket.socket:
        if self._socket is None:
            plain = socket.create_connection((self.host, self.port), timeout=_left(deadline))
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket = plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self.host)
            except OSError:
                plain.close()
                raise
        return self._socket

    def _answer(self, connection: socket.socket, deadline: float) -> bytes:
        while True:
            connection.settimeout(min(_left(deadline), 0.25) if self._framer.ending else _left(deadline))
            events = self._receive(connection)
            if len(events) > 1 or (events and not isinstance(events[0], Block)):
                raise PeerMisbehaved("hl7_peer_framing", **self._where())
            if events and isinstance(events[0], Block):
                return events[0].content

    def _receive(self, connection: socket.socket) -> list[Event]:
        try:
            data = connection.recv(_READ_BYTES)
        except TimeoutError:
            if self._framer.ending:
                return self._framer.settle()
            raise
        if data:
            return self._framer.receive(data)
        events = self._framer.close()
        if not events:
            raise ConnectionResetError
        return events

    def _where(self) -> dict[str, str]:
        return {"host": self.host, "port": str(self.port)}


def _left(deadline: float) -> float:
    """Seconds to *deadline*; raises TimeoutError when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _answers(answer: bytes, control_id: str) -> bool:
    """Whether it is an acknowledgement, and not of another message; an empty MSA-2 is let pass."""
    try:
        acknowledgement = er7.parse(answer).first("MSA")
    except InputRejected:
        return False
    return acknowledgement is not None and acknowledgement.text(2) in ("", control_id)
