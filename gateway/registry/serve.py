"""The registry under gunicorn: one worker with threads, in the clear, on this machine unless told otherwise.

Transport security is a device in front (``allow_plain``) until the registry speaks TLS itself. The time-outs stand on
the listening socket, from which accepted ones inherit them: gunicorn's own ``timeout`` watches a worker's main loop
and not its threads, and without these eight half-sent headers stop eight threads for ever (measured).
"""

from __future__ import annotations

import contextlib
import errno
import gc
import ipaddress
import os
import socket
import struct
from collections.abc import Callable
from typing import Any

import structlog
from gunicorn.app.base import BaseApplication

from gateway.errors import SettingsError
from gateway.model.identifiers import is_uid
from gateway.registry.app import create_app
from gateway.registry.setup import RegistrySettings, build_service, limits, prepare
from gateway.server import Worker

__all__ = ["RegistrySettings", "build_service", "limits", "prepare", "run"]

log = structlog.get_logger(__name__)

_BACKLOG = 256


def run(settings: RegistrySettings, ready: Callable[[str, int], None] | None = None) -> None:
    """Bring the tables to this version and serve until TERM or Ctrl-C; it must be the main thread, and never returns.

    *ready* is called with the address and port once connections are accepted. Raises SettingsError
    (``registry_plain_port``, ``registry_repository_id``, ``registry_port``) and Unavailable (the database, the blobs)
    before anything is served; ends by SystemExit.
    """
    _check(settings)
    listening = _listen(settings.host, settings.port)
    try:
        prepare(settings)
    except BaseException:
        listening.close()
        raise
    host, port = listening.getsockname()[:2]

    def when_ready(server: Any) -> None:
        for listener in server.LISTENERS:
            _bound_waiting(listener.sock, settings.socket_timeout_s)
        log.info("registry.listening", host=host, port=port)
        if ready is not None:
            ready(host, port)

    # From here on the socket is gunicorn's, which opens the descriptor again and closes this one.
    _Server(settings, listening.detach(), when_ready).run()


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings alone: no command line, no environment, no file, no control socket."""

    def __init__(self, settings: RegistrySettings, descriptor: int, when_ready: Callable[[Any], None]) -> None:
        self._settings = settings
        self._options: dict[str, object] = {
            "bind": f"fd://{descriptor}",
            "worker_class": Worker,
            "workers": 1,
            "threads": settings.threads,
            "backlog": _BACKLOG,
            "graceful_timeout": settings.stop_timeout_s,
            "loglevel": "warning",
            "when_ready": when_ready,
            "control_socket_disable": True,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        # Called in the worker, after the fork: no connection of the parent is carried over.
        application = create_app(build_service(self._settings), limits(self._settings))
        # What is imported stays: the collector looked through it again and again, a tenth of a submission's time.
        gc.collect()
        gc.freeze()
        return application


def _check(settings: RegistrySettings) -> None:
    if not is_uid(settings.repository_unique_id):
        value = settings.repository_unique_id[:64]
        raise SettingsError("registry_repository_id", place="registry.repository_unique_id", value=value)
    if not 0 <= settings.port <= 65535:  # the resolver would take the rest of a division by 65536
        raise _unusable(settings.host, settings.port, OSError(errno.EINVAL, ""))
    if not settings.allow_plain and not _is_loopback(settings.host):
        raise SettingsError("registry_plain_port", place="registry.allow_plain", host=settings.host)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, ours before gunicorn starts: it would try a port in use for five seconds and then exit."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        raise _unusable(host, port, error) from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _unusable(host, port, error) from None
    return listening


def _unusable(host: str, port: int, error: OSError) -> SettingsError:
    words = os.strerror(error.errno) if error.errno and error.errno > 0 else type(error).__name__
    return SettingsError("registry_port", place="registry.port", host=host, port=port, words=words)


def _bound_waiting(listening: socket.socket, timeout_s: float) -> None:
    seconds, fraction = divmod(timeout_s, 1)
    value = struct.pack("ll", int(seconds), int(fraction * 1_000_000))
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        listening.setsockopt(socket.SOL_SOCKET, option, value)
