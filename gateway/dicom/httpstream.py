"""GETs on kept connections, their bodies received where they stay: what DICOMweb asks of a PACS.

``requests`` takes two milliseconds of processor for an answer and copies its body three times: as long as a PACS takes
for a whole image. Here the answer is that of :mod:`gateway.trust.answers`, whose whole time is bounded, not each
silence alone: a PACS that sends a byte now and then holds nobody.

A connection serves one answer at a time, and the next only when that one was read to its end; leaving an answer before
it ends closes the connection, which is how a transfer is ended.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import unquote, urlsplit

from gateway.dicom.settings import PacsSettings
from gateway.trust import answers

_REST_BYTES = 1024
"""What may stand behind the last boundary of a body; a connection with more of it is not kept."""


class Answer(answers.Answer):
    """One answer to a GET, its body not read yet. Reading raises OSError and http.client.HTTPException."""

    def check_whole(self) -> None:
        """To be called where nothing more is read: raises IncompleteRead where more was announced."""
        if self.length:
            raise http.client.IncompleteRead(b"", self.length)


class Body(Protocol):
    """A body, decompressed where it came so."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self, limit: int, /) -> bytes: ...


def body(answer: Answer) -> Body:
    """The body of *answer*: a few servers compress whatever they are asked. Reading then raises EOFError and
    zlib.error as well."""
    compressed = answer.getheader("Content-Encoding", "").strip().lower() == "gzip"
    return gzip.GzipFile(fileobj=answer) if compressed else answer


class Connections:
    """Kept connections to the DICOMweb address of one PACS. May be used by several threads."""

    def __init__(self, settings: PacsSettings) -> None:
        self._settings = settings
        address = urlsplit(settings.dicomweb_url)
        self._tls = (settings.web_tls or ssl.create_default_context()) if address.scheme == "https" else None
        self._host = address.hostname or ""
        self._port = address.port or (http.client.HTTP_PORT if self._tls is None else http.client.HTTPS_PORT)
        self._base = address.path.rstrip("/")
        self._fields = f"Host: {address.netloc.rpartition('@')[2]}\r\nAccept-Encoding: identity\r\n"
        if address.username is not None:
            pair = f"{unquote(address.username)}:{unquote(address.password or '')}".encode()
            self._fields += f"Authorization: Basic {base64.b64encode(pair).decode('ascii')}\r\n"
        self._lock = threading.Lock()
        self._kept: list[socket.socket] = []
        self._closed = False

    def close(self) -> None:
        """Close those that nobody uses; the others are closed by who uses them."""
        with self._lock:
            self._closed = True
            kept, self._kept = self._kept, []
        for sock in kept:
            sock.close()

    @contextmanager
    def get(self, path: str, accept: str) -> Iterator[Answer]:
        """The answer to a GET of *path* under the PACS's DICOMweb address.

        Raises OSError and http.client.HTTPException, as does reading the body.
        """
        sock, answer = self._ask(f"{self._base}/{path}", accept)
        keeps = False
        try:
            yield answer
            with contextlib.suppress(OSError, http.client.HTTPException):
                if not answer.isclosed():
                    answer.read(_REST_BYTES)
                keeps = answer.isclosed() and not answer.will_close
        finally:
            answer.close()
            if keeps:
                self._keep(sock)
            else:
                sock.close()

    def _ask(self, target: str, accept: str) -> tuple[socket.socket, Answer]:
        """Ask on a kept connection; on a new one where there is none, or where the server has just closed it."""
        if not (target.isascii() and target.isprintable()) or " " in target:
            raise http.client.InvalidURL
        question = f"GET {target} HTTP/1.1\r\n{self._fields}Accept: {accept}\r\n\r\n".encode("latin-1")
        deadline = time.monotonic() + self._settings.operation_timeout_s
        kept = self._take()
        if kept is not None:
            with contextlib.suppress(ConnectionError):  # http.client's RemoteDisconnected is one
                return kept, self._answer(kept, question, deadline)
        new = self._connected()
        return new, self._answer(new, question, deadline)

    def _answer(self, sock: socket.socket, question: bytes, deadline: float) -> Answer:
        with contextlib.ExitStack() as undoing:
            undoing.callback(sock.close)
            sock.settimeout(self._settings.response_timeout_s)
            sock.sendall(question)
            answer = Answer(sock, deadline=deadline)
            undoing.callback(answer.close)
            answer.begin()
            undoing.pop_all()
        return answer

    def _connected(self) -> socket.socket:
        sock = socket.create_connection((self._host, self._port), self._settings.connect_timeout_s)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock if self._tls is None else self._tls.wrap_socket(sock, server_hostname=self._host)
        except BaseException:
            sock.close()
            raise

    def _take(self) -> socket.socket | None:
        while True:
            with self._lock:
                if not self._kept:
                    return None
                sock = self._kept.pop()
            if not _has_something(sock):
                return sock
            sock.close()

    def _keep(self, sock: socket.socket) -> None:
        with self._lock:
            if not self._closed and len(self._kept) < self._settings.max_associations * 4:
                self._kept.append(sock)
                return
        sock.close()


def _has_something(sock: socket.socket) -> bool:
    """Whether something came that nobody asked for: the end of the connection, mostly."""
    watch = select.poll()
    watch.register(sock, select.POLLIN)
    return bool(watch.poll(0))
