"""``/healthz``, ``/readyz`` and ``/metrics``: for machines that watch, before anything else of the web, or at a port of
their own where there is no web (``[monitoring] port``).

Bare WSGI, because a probe has no session, sends the machine's address as its Host, and must be answered while the rest
is in trouble. Nothing here tells of a patient. Answered are those who ask directly from an address of the settings: a
request that came through a proxy carries a header of it, and whoever is behind the proxy is a stranger. A page that
had its own name made to point here (DNS rebinding) sends that name, so a Host must be an address or ``localhost``, or
a name of ours.
"""

from __future__ import annotations

import contextlib
import errno
import hmac
import ipaddress
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog

from gateway.errors import GatewayError
from gateway.monitoring.exposition import CONTENT_TYPE
from gateway.monitoring.health import Health

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_HOST", "HTTP_VIA")
_PLAIN = "text/plain; charset=utf-8"

_ASKED_AGAIN_S = 10.0
"""Until a port that another process has is asked for again."""
_AT_ONCE = 8
_SILENCE_S = 10.0
_WHOLE_S = 30.0
"""For a question, its answer and the time that the looks take."""

log = structlog.get_logger(__name__)

Header = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthParts:
    """What is told, and to whom."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    """Whoever asks from one of these is answered."""
    ready: Callable[[], Health]
    metrics: Callable[[], str]
    """The figures as text."""
    token: Callable[[], str] | None = None
    """The word that ``/metrics`` asks for, from wherever it is asked; raises GatewayError. None: as the other two."""


class HealthServer:
    """Answers the three addresses."""

    def __init__(self, parts: HealthParts, host_is_ours: Callable[[str], bool], headers: Iterable[Header]) -> None:
        self._parts = parts
        self._host_is_ours = host_is_ours
        self._headers = list(headers)

    def answers(self, environ: WSGIEnvironment) -> bool:
        """Whether this is a question for here, from somebody who may ask it."""
        path = environ.get("PATH_INFO", "")
        if path not in PATHS:
            return False
        return (path == "/metrics" and self._parts.token is not None) or self._is_near(environ)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The answer to a question that :meth:`answers`."""
        method = environ.get("REQUEST_METHOD", "")
        if method not in ("GET", "HEAD"):
            return self._tell(start_response, method, "405 Method Not Allowed", b"", extra=[("Allow", "GET, HEAD")])
        path = environ["PATH_INFO"]
        if path == "/healthz":
            return self._tell(start_response, method, "200 OK", b"alive\n")
        if path == "/readyz":
            health = self._parts.ready()
            status = "200 OK" if health.ready else "503 Service Unavailable"
            body = json.dumps(health.as_json()).encode() + b"\n"
            return self._tell(start_response, method, status, body, "application/json")
        if not self._has_token(environ):
            extra = [("WWW-Authenticate", 'Bearer realm="metrics"')]
            return self._tell(start_response, method, "401 Unauthorized", b"401 Unauthorized\n", extra=extra)
        return self._tell(start_response, method, "200 OK", self._parts.metrics().encode(), CONTENT_TYPE)

    def _is_near(self, environ: WSGIEnvironment) -> bool:
        if any(environ.get(name) for name in _FORWARDED):
            return False
        try:
            address = ipaddress.ip_address(environ.get("REMOTE_ADDR", ""))
        except ValueError:
            return False
        # A port that listens on both families shows the older one's addresses inside the newer one's.
        address = getattr(address, "ipv4_mapped", None) or address
        if not any(address in network for network in self._parts.networks):
            return False
        host = environ.get("HTTP_HOST", "")
        return _is_address(host) or self._host_is_ours(host)

    def _has_token(self, environ: WSGIEnvironment) -> bool:
        if self._parts.token is None:
            return True
        try:
            expected = self._parts.token()
        except GatewayError:
            return False
        scheme, _, sent = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(sent.strip().encode(), expected.encode())

    def _tell(
        self,
        start_response: StartResponse,
        method: str,
        status: str,
        body: bytes,
        content_type: str = _PLAIN,
        extra: Iterable[Header] = (),
    ) -> Iterable[bytes]:
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), *self._headers, *extra]
        start_response(status, headers)
        return [] if method == "HEAD" else [body]


def _is_address(host: str) -> bool:
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    name = name.strip("[]").lower()
    if name in ("", "localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class HealthDoor:
    """The three addresses at a port of their own, answered from a thread of the process that has it.

    The processes of a machine all ask for the port; one gets it, and speaks for all of them, whose status files it
    reads. When it ends another takes its place.
    """

    def __init__(self, host: str, port: int, parts: HealthParts) -> None:
        self._address = (host, port)
        self._answers = HealthServer(parts, lambda _: False, [("Cache-Control", "no-store")])
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, and let the port go."""
        self._ended.set()
        self._thread.join(timeout=_SILENCE_S)

    def _run(self) -> None:
        told = False
        while not self._ended.is_set():
            try:
                server = _Server(self._address, _Handler)
            except OSError as error:
                if error.errno != errno.EADDRINUSE and not told:
                    told = True
                    log.error("health.port_unusable", port=self._address[1], words=error.strerror)
                self._ended.wait(_ASKED_AGAIN_S)
                continue
            with server:
                server.set_app(self._answer)
                log.info("health.listening", host=self._address[0], port=self._address[1])
                while not self._ended.is_set():
                    server.handle_request()
                    server.cut_late()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._answers.answers(environ):
            return self._answers(environ, start_response)
        start_response("404 Not Found", [("Content-Type", _PLAIN), ("Content-Length", "0")])
        return []


class _Server(ThreadingMixIn, WSGIServer):
    """A few questions at a time; who comes beside them, or is silent, is not answered."""

    daemon_threads = True
    block_on_close = False
    timeout = 0.3
    """Until it looks whether it is to end."""

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._since: dict[socket.socket, float] = {}
        """Who is being answered, and since when."""
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # Without the base's question for this machine's name, which waits for a name server.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def get_request(self) -> tuple[Any, Any]:
        try:
            return super().get_request()
        except OSError:
            # Out of files, mostly: who knocks stays at the door, and asking again at once would only burn processor.
            time.sleep(self.timeout)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        self._since[request] = time.monotonic()
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            # No thread is to be had.
            self._leave(request)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._leave(request)

    def cut_late(self) -> None:
        """End what has lasted too long: a byte now and then would hold a place for hours."""
        before = time.monotonic() - _WHOLE_S
        for request, since in list(self._since.items()):
            if since < before:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def _leave(self, request: Any) -> None:
        self._since.pop(request, None)
        self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Who asked went away, or said nothing in time.
        log.debug("health.not_answered")


class _Handler(WSGIRequestHandler):
    timeout = _SILENCE_S

    def address_string(self) -> str:
        return str(self.client_address[0])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        log.debug("health.asked")
