"""The network edge of SOAP calls: one POST over a kept connection, its failures mapped here and nowhere else.

Redirects are not followed, proxies and credentials of the environment are not used, cookies are not kept, and an
answer is read under limits of size and time.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import quote, urlsplit

import requests
import urllib3

from gateway import __version__
from gateway.errors import (
    InputRejected,
    PeerMisbehaved,
    PeerRefused,
    PeerUnreachable,
    SettingsError,
)
from gateway.trust import safexml
from gateway.trust.http import WholeInTime
from gateway.xds import mtom
from gateway.xds.envelope import Envelope, read_envelope
from gateway.xds.mime import ContentType
from gateway.xds.mistakes import fault_of_soap_11, mistake

OnWire = Callable[[bytes, mtom.Outgoing], None]
"""Gets the head of a request and its body just before they leave; it may read the body, which is rewound after."""

LIMITS = mtom.Limits()
"""Of an answer, whose documents wait in a temporary file."""

_TRY_LATER = frozenset({408, 425, 429})
BUSY_STATUS = _TRY_LATER | {503}
"""What says of a fault that it passes."""
_XML_MEDIA_TYPES = frozenset({"text/xml", "application/xml"})
_FAULT_BYTES = 256 * 1024
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a peer is reached. Times in seconds; files in PEM."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    """Of silence."""
    answer_timeout_s: float = 600.0
    """Of an answer from its first byte to its last: a peer that drips is not waited for."""
    ca_file: str = ""
    """Authorities that are trusted; empty means those of the certifi package."""
    certificate_file: str = ""
    key_file: str = ""
    proxy_url: str = ""
    """HTTP proxy; https goes through it by CONNECT, end to end."""
    proxy_credentials_file: str = ""
    """A file with ``user:password`` for the proxy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the envelope that was read under limits, and its parts, which the owner closes."""

    http_status: int
    envelope: Envelope
    incoming: mtom.Incoming


class _Adapter(WholeInTime):
    """Closes its connections when it is closed.

    urllib3 leaves that to the collector of garbage, and a failure that someone keeps holds its connection.
    """

    def close(self) -> None:
        for key in self.poolmanager.pools.keys():  # noqa: SIM118 - it cannot be iterated
            pool = self.poolmanager.pools.get(key)
            if pool is not None:
                pool.close()
        super().close()


class Transport:
    """Kept connections to one peer; may be used by several threads. Raises SettingsError for files that are absent."""

    def __init__(self, connection: Connection, limits: mtom.Limits = LIMITS, on_wire: OnWire | None = None) -> None:
        self._connection = connection
        self._limits = limits
        self._on_wire = on_wire
        files = (connection.ca_file, connection.certificate_file, connection.key_file)
        for name in (*files, connection.proxy_credentials_file):
            if name and not Path(name).is_file():
                raise SettingsError("registry_file", place=name, name=name)
        _check_certificates(connection)
        session = requests.Session()
        whole_s = connection.read_timeout_s + connection.answer_timeout_s
        session.mount("http://", _Adapter(whole_s))
        session.mount("https://", _Adapter(whole_s))
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.verify = connection.ca_file or True
        if connection.certificate_file:
            session.cert = (connection.certificate_file, connection.key_file or connection.certificate_file)
        if connection.proxy_url:
            session.proxies = dict.fromkeys(("http", "https"), _proxy(connection))
        self._session = session

    def close(self) -> None:
        self._session.close()

    def post(self, url: str, body: mtom.Outgoing) -> Answer:
        """Send *body* and read the answer.

        Raises PeerUnreachable (nothing usable came, or the peer is busy), PeerRefused (HTTP says no), PeerMisbehaved
        (the answer is not SOAP, is broken or is above the limits), Unavailable (no room for the answer).
        """
        peer = peer_of(url)
        with _mapped(peer, self._connection), contextlib.closing(body):
            request = self._session.prepare_request(requests.Request("POST", url, data=body, headers=_headers(body)))
            if self._on_wire is not None:
                self._on_wire(_head(request), body)
                body.rewind()
            timeouts = (self._connection.connect_timeout_s, self._connection.read_timeout_s)
            response = self._session.send(request, stream=True, timeout=timeouts, allow_redirects=False)
            with contextlib.closing(response):
                _check(response, peer, self._chunks)
                return self._read(response, peer)

    def _read(self, response: requests.Response, peer: str) -> Answer:
        try:
            reader = mtom.Reader(response.headers["Content-Type"], self._limits)
            with contextlib.ExitStack() as undo:
                undo.callback(reader.close)
                for chunk in self._chunks(response.raw, peer):
                    reader.feed(chunk)
                incoming = reader.finish()
                envelope = read_envelope(safexml.parse(incoming.root.read()))
                undo.pop_all()
        except InputRejected as error:
            raise mistake(error, peer) from error
        return Answer(response.status_code, envelope, incoming)

    def _chunks(self, raw: urllib3.BaseHTTPResponse, peer: str) -> Iterator[bytes]:
        deadline = time.monotonic() + self._connection.answer_timeout_s
        # read1 gives what is there; read would wait until its whole amount has dripped in.
        while chunk := raw.read1(_CHUNK_BYTES, decode_content=False):
            yield chunk
            if time.monotonic() > deadline:
                raise PeerUnreachable("registry_timeout", peer=peer, seconds=self._connection.answer_timeout_s)


def peer_of(url: str) -> str:
    """Host and port of *url*, without user, path or query; raises SettingsError (``registry_url``)."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise SettingsError("registry_url", url=url) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("registry_url", url=url)
    return f"{parts.hostname}{port}"


def _check_certificates(connection: Connection) -> None:
    """Raises SettingsError (``registry_certificate``) for files that the first call would stumble over.

    A key under a passphrase is one: OpenSSL would ask for it at a terminal that nobody watches.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    name = connection.ca_file
    try:
        if connection.ca_file:
            context.load_verify_locations(connection.ca_file)
        if connection.certificate_file:
            name = connection.certificate_file
            context.load_cert_chain(name, connection.key_file or None, password="")
    except (OSError, ValueError):  # an SSLError is an OSError
        raise SettingsError("registry_certificate", place=name, name=name) from None


def _proxy(connection: Connection) -> str:
    """The proxy's address with its credentials; raises SettingsError (``registry_url``, ``registry_proxy_file``)."""
    peer_of(connection.proxy_url)
    if not connection.proxy_credentials_file:
        return connection.proxy_url
    name = connection.proxy_credentials_file
    try:
        user, separator, password = Path(name).read_text("utf-8").strip().partition(":")
    except (OSError, UnicodeDecodeError):
        raise SettingsError("registry_proxy_file", place=name, name=name) from None
    if not separator or not user or not (user + password).isascii():  # Basic has no agreed encoding beyond it
        raise SettingsError("registry_proxy_file", place=name, name=name)
    scheme, _, rest = connection.proxy_url.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest.rpartition('@')[2]}"


def _headers(body: mtom.Outgoing) -> dict[str, str]:
    return {
        "Content-Type": body.content_type,
        "Accept": "multipart/related, application/xop+xml, application/soap+xml",
        "Accept-Encoding": "identity",
        "User-Agent": f"drim-gateway/{__version__}",
    }


def _head(request: requests.PreparedRequest) -> bytes:
    host = urlsplit(request.url or "").netloc
    lines = [f"POST {request.path_url} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1", "replace")


def _check(
    response: requests.Response, peer: str, chunks: Callable[[urllib3.BaseHTTPResponse, str], Iterator[bytes]]
) -> None:
    """Whether the answer holds SOAP 1.2; if not, a fault of SOAP 1.1 or its status speaks (RFC 9110 section 15)."""
    status = response.status_code
    if 300 <= status < 400:
        raise PeerRefused("registry_redirect", peer=peer, status=status, words=f"HTTP {status}")
    try:
        media_type = ContentType.parse(response.headers.get("Content-Type", "")).media_type
    except InputRejected:
        media_type = ""
    coded = response.headers.get("Content-Encoding", "identity").lower() != "identity"
    if not coded and media_type in ("multipart/related", mtom.SOAP_MEDIA_TYPE):
        return
    if not coded and media_type in _XML_MEDIA_TYPES:
        content = b"".join(_first(chunks(response.raw, peer), _FAULT_BYTES))
        if fault := fault_of_soap_11(content, peer, status, BUSY_STATUS):
            raise fault
    raise_for_status(status, peer)
    raise PeerMisbehaved("registry_not_soap", peer=peer, status=status, media_type=media_type[:100])


def _first(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """*chunks* until they hold *size* bytes."""
    for chunk in chunks:
        yield chunk
        size -= len(chunk)
        if size <= 0:
            return


def raise_for_status(status: int, peer: str) -> None:
    """Raises PeerUnreachable for 5xx, 408, 425 and 429, PeerRefused for every other 4xx."""
    if status >= 500 or status in _TRY_LATER:
        raise PeerUnreachable("registry_http_busy", peer=peer, status=status)
    if status >= 400:
        raise PeerRefused("registry_http", peer=peer, status=status, words=f"HTTP {status}")


def _tls_reason(error: BaseException | None) -> str:
    """What OpenSSL says is wrong (``certificate has expired``), from within what urllib3 wraps it in."""
    for _ in range(8):
        if isinstance(error, ssl.SSLError):
            told = getattr(error, "verify_message", "") or (error.reason or "").replace("_", " ").lower()
            return told[:200] or "TLS"
        inner = getattr(error, "reason", None)
        wrapped = inner if isinstance(inner, BaseException) else next(iter(getattr(error, "args", ())), None)
        error = wrapped if isinstance(wrapped, BaseException) else getattr(error, "__context__", None)
    return "TLS"


@contextlib.contextmanager
def _mapped(peer: str, connection: Connection) -> Iterator[None]:
    """Every exception of requests, urllib3 and the socket, as ours."""
    try:
        yield
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
        raise SettingsError("registry_url", url=peer) from None
    except requests.exceptions.ProxyError as error:
        raise PeerUnreachable("registry_proxy", peer=peer, proxy=peer_of(connection.proxy_url)) from error
    except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
        raise PeerUnreachable("registry_tls", peer=peer, reason=_tls_reason(error)) from error
    except requests.exceptions.ConnectTimeout as error:
        raise PeerUnreachable("registry_unreachable", peer=peer) from error
    except (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError) as error:
        raise PeerUnreachable("registry_timeout", peer=peer, seconds=connection.read_timeout_s) from error
    except requests.exceptions.ConnectionError as error:
        # Retries are off: urllib3 wraps in MaxRetryError only what failed before the request could leave.
        never_left = bool(error.args) and isinstance(error.args[0], urllib3.exceptions.MaxRetryError)
        raise PeerUnreachable("registry_unreachable" if never_left else "registry_lost", peer=peer) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise PeerUnreachable("registry_lost", peer=peer) from error
