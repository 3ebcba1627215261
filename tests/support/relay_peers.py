"""The two ends of the relay as programs that know nothing of the gateway's code: raw sockets, messages cut by hand.

Sources: HL7 v2.5 implementation guide, appendix C (framing), section 2.9.2 (original mode).
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_START, _END = b"\x0b", b"\x1c\r"


def header(message: bytes, number: int) -> bytes:
    """A field of MSH."""
    return message.split(b"\r")[0].split(b"|")[number - 1]


def exchange(port: int, message: bytes, timeout_s: float = 20.0) -> list[bytes]:
    """Send one message; gives MSA-1 and MSA-2 of what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        connection.sendall(_START + message + _END)
        answer = b""
        while not answer.endswith(_END):
            data = connection.recv(65536)
            assert data, "closed without an answer"
            answer += data
    row = next(row for row in answer.strip(_START + _END).split(b"\r") if row.startswith(b"MSA"))
    return row.split(b"|")[1:3]


@dataclass
class OtherEnd:
    """A receiver that acknowledges everything, or what ``answer`` says, and keeps it."""

    port: int
    received: list[bytes] = field(default_factory=list)
    answer: bytes = b"AA"

    def wait_for(self, count: int, timeout_s: float = 30.0) -> list[bytes]:
        deadline = time.monotonic() + timeout_s
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} messages came"
            time.sleep(0.02)
        return self.received

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._talk, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        self._connections.append(connection)
        rest = b""
        with connection:
            while True:
                try:
                    data = connection.recv(65536)
                except OSError:
                    return
                if not data:
                    return
                rest += data
                while _END in rest:
                    block, _, rest = rest.partition(_END)
                    message = block.lstrip(_START)
                    self.received.append(message)
                    code = header(message, 9).split(b"^")[1]
                    rows = (
                        b"MSH|^~\\&|||||2026||ACK^" + code + b"|ACK|T|2.5.1",
                        b"MSA|" + self.answer + b"|" + header(message, 10),
                        b"",
                    )
                    connection.sendall(_START + b"\r".join(rows) + _END)

    def __post_init__(self) -> None:
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []


@contextmanager
def other_end(port: int = 0) -> Iterator[OtherEnd]:
    """A receiver on *port* of loopback; everything is closed afterwards."""
    listening = socket.create_server(("127.0.0.1", port))
    end = OtherEnd(listening.getsockname()[1])
    thread = threading.Thread(target=end._serve, args=(listening,))
    thread.start()
    try:
        yield end
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for connection in end._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        thread.join(10)
        for other in end._threads:
            other.join(10)


def free_port() -> int:
    """A port of loopback on which nobody listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
