"""``/healthz``, ``/readyz`` and ``/metrics``: for machines that watch, before anything else of the web.

Bare WSGI, because a probe has no session, sends the machine's address as its Host, and must be answered while the rest
is in trouble. Nothing here tells of a patient. Answered are those who ask directly from an address of the settings: a
request that came through a proxy carries a header of it, and whoever is behind the proxy is a stranger. A page that
had its own name made to point here (DNS rebinding) sends that name, so a Host must be an address or ``localhost``, or
a name of ours.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from wsgiref.types import StartResponse, WSGIEnvironment

from gateway.errors import GatewayError
from gateway.monitoring.exposition import CONTENT_TYPE
from gateway.monitoring.health import Health

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_HOST", "HTTP_VIA")
_PLAIN = "text/plain; charset=utf-8"

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
