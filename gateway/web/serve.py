"""The production server: gunicorn with threads, set so that slow or hostile clients cannot stop it.

One worker, so that caches are shared. Three things gunicorn does not do by itself, each measured: it waits for slow
goodbyes in its main loop, so here its threads do; under TLS it makes a new SSL context for every connection, so ours
is made once; and nothing ends a connection that sends half a request, so sockets have time-outs. Python's ssl module
does not heed SO_RCVTIMEO, hence one way in the clear and another under TLS. A client that sends one byte now and then
still holds a thread: sites that face the Internet keep a reverse proxy in front.

gunicorn takes over the signals: :func:`run` belongs in the main thread of a process of its own, and ends on TERM
after the requests under way.
"""

from __future__ import annotations

import logging
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIApplication

import structlog
from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.http import wsgi

from gateway.errors import GatewayError, SettingsError
from gateway.server import Worker
from gateway.web import memory

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2 (RFC 9325 section 4.2); those of TLS 1.3 need no choice."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServerSettings:
    """Where the server listens and how patient it is."""

    host: str = "127.0.0.1"
    port: int = 8080
    threads: int = 24
    certificate: str = ""
    """File with the certificate and its chain; in the clear when empty (a reverse proxy ends TLS)."""
    key: str = ""
    client_authorities: str = ""
    """File of the authorities of client certificates. A certificate is asked for and not demanded."""
    socket_timeout_s: float = 15.0
    """A connection that neither sends nor takes anything for so long is closed."""
    keepalive_s: int = 15
    graceful_timeout_s: int = 20
    """After TERM, for the requests under way."""
    header_bytes: int = 8190
    header_fields: int = 60
    request_line_bytes: int = 4094


def run(
    application: Callable[[], WSGIApplication],
    settings: WebServerSettings,
    sock: socket.socket | None = None,
    *,
    ended: Callable[[], None] = lambda: None,
) -> None:
    """Serve until TERM. *application* is called in the worker process, after the fork, and *ended* at its end.

    *sock*: a bound socket to use instead of host and port, so that a parent can choose the port; it is taken over.
    What *application* opened and runs threads of its own must be closed by *ended*: the process waits for them.
    Raises SettingsError when the certificate cannot be read; ends the process when the address is in use.
    """
    context = tls_context(settings) if settings.certificate else None
    address = f"fd://{sock.detach()}" if sock is not None else f"{_bracketed(settings.host)}:{settings.port}"
    _Server(application, ended, settings, context, address).run()


def tls_context(settings: WebServerSettings) -> ssl.SSLContext:
    """The one context of the server: TLS 1.2 or later, every connection with a time-out from its handshake on."""
    context = _TimedContext(ssl.PROTOCOL_TLS_SERVER)
    context.timeout_s = settings.socket_timeout_s
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.set_ciphers(CIPHERS)
        context.load_cert_chain(settings.certificate, settings.key or None)
        if settings.client_authorities:
            context.load_verify_locations(settings.client_authorities)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError):
        raise SettingsError("web_certificate", place="certificate") from None
    return context


class _TimedContext(ssl.SSLContext):
    timeout_s: float = 15.0

    def wrap_socket(self, sock: socket.socket, *args: Any, **options: Any) -> ssl.SSLSocket:
        sock.settimeout(self.timeout_s)
        return super().wrap_socket(sock, *args, **options)


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(
        self,
        application: Callable[[], WSGIApplication],
        ended: Callable[[], None],
        settings: WebServerSettings,
        context: ssl.SSLContext | None,
        address: str,
    ) -> None:
        self._application = application
        self._ended = ended
        self._settings = settings
        self._context = context
        self._address = address
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        chosen: dict[str, object] = {
            "bind": self._address,
            "workers": 1,
            "worker_class": Worker,
            "threads": settings.threads,
            "worker_connections": 512,
            "keepalive": settings.keepalive_s,
            "graceful_timeout": settings.graceful_timeout_s,
            "limit_request_line": settings.request_line_bytes,
            "limit_request_fields": settings.header_fields,
            "limit_request_field_size": settings.header_bytes,
            "forwarded_allow_ips": "",
            "proxy_allow_ips": "",
            "control_socket_disable": True,
            "logger_class": _Log,
            "when_ready": self._when_ready,
            "worker_exit": self._worker_exit,
        }
        if self._context is not None:
            chosen["certfile"] = settings.certificate
            chosen["keyfile"] = settings.key or None
            chosen["ssl_context"] = self._ssl_context
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        memory.keep_freed()
        # The one way to keep the server's name out of its answers.
        wsgi.SERVER = "gateway"
        return self._application()

    def _ssl_context(self, config: object, default: object) -> ssl.SSLContext | None:
        return self._context

    def _worker_exit(self, server: Any, worker: Any) -> None:
        self._ended()

    def _when_ready(self, server: Any) -> None:
        seconds = int(self._settings.socket_timeout_s)
        microseconds = int(self._settings.socket_timeout_s % 1 * 1_000_000)
        patience = struct.pack("ll", seconds, microseconds)
        for listener in server.LISTENERS:
            # Accepted sockets inherit both.
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
            log.info("web.listening", port=listener.sock.getsockname()[1], tls=self._context is not None)


class _Log(glogging.Logger):  # type: ignore[misc]
    """gunicorn's messages without their arguments, which may hold the address that was asked for."""

    def setup(self, config: Any) -> None:
        super().setup(config)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        self.error_log.addHandler(_Forward())

    def access(self, *_: Any) -> None:
        """No access log: an address may hold an accession number."""


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        # Some messages come with the request's words filled in already, always behind a colon.
        facts = {"words": str(record.msg).partition(":")[0][:80]}
        if error is not None:
            facts["error"] = str(error) if isinstance(error, GatewayError) else type(error).__name__
        if record.levelno >= logging.WARNING:
            log.warning("web.server", **facts)
        else:
            log.debug("web.server", **facts)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
