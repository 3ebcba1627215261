"""The production server: what it answers, what it refuses, how it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
import requests
import trustme

from gateway.errors import SettingsError
from gateway.web.app import create_app
from gateway.web.serve import WebServerSettings, run, tls_context
from tests.support.web import KEY, bound_socket, build

TIMEOUT_S = 1.0
THREADS = 3


def application() -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Says who the caller is, or how much it sent."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            try:
                body = str(len(environ["wsgi.input"].read())).encode()
            except OSError:
                body = b"late"
        else:
            certificate = getattr(environ["gunicorn.socket"], "getpeercert", lambda: None)()
            body = b"somebody" if certificate else b"nobody"
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return answer


def child(factory: Callable[[], WSGIApplication], settings: WebServerSettings, sock: socket.socket) -> None:
    """The main of the server's process."""
    run(factory, settings, sock)


@contextmanager
def server(
    factory: Callable[[], WSGIApplication] = application, *, main: Callable[..., None] = child, **settings: Any
) -> Iterator[tuple[int, BaseProcess]]:
    sock = bound_socket()
    port = sock.getsockname()[1]
    chosen = WebServerSettings(threads=THREADS, socket_timeout_s=TIMEOUT_S, graceful_timeout_s=5, **settings)
    process = multiprocessing.get_context("spawn").Process(target=main, args=(factory, chosen, sock))
    process.start()
    sock.close()
    try:
        yield port, process
    finally:
        process.terminate()
        process.join(20)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


@pytest.fixture(scope="module")
def clear() -> Iterator[int]:
    with server() as (port, _):
        yield port


def reports() -> WSGIApplication:
    """The gateway's own web, over doubles that accept every report."""
    with tempfile.TemporaryDirectory() as folder:
        return create_app(build(Path(folder), "http://127.0.0.1:1", "http://127.0.0.1:2").parts)


@pytest.fixture(scope="module")
def intake() -> Iterator[int]:
    with server(reports) as (port, _):
        yield port


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def encrypted(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("tls")
    leaf = authority.issue_cert("127.0.0.1")
    leaf.cert_chain_pems[0].write_to_path(str(folder / "certificate.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    with server(
        certificate=str(folder / "certificate.pem"),
        key=str(folder / "key.pem"),
        client_authorities=str(folder / "authority.pem"),
    ) as (port, _):
        yield port


def raw(port: int, sent: bytes) -> bytes:
    """What the server answers to *sent*, up to its closing."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(sent)
        answer = b""
        while chunk := sock.recv(65536):
            answer += chunk
        return answer


def get(port: int) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"http://127.0.0.1:{port}/", timeout=60)


def test_it_answers_on_the_socket_it_was_given_and_hides_what_it_is(clear: int) -> None:
    answer = get(clear)
    assert answer.text == "nobody"
    assert answer.headers["Server"] == "gateway"


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(100)) + b"\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"rubbish\r\n\r\n", b"400"),
    ],
)
def test_heads_of_all_measure_are_refused(clear: int, request_head: bytes, status: bytes) -> None:
    answer = raw(clear, request_head)
    assert answer.split(b" ", 2)[1] == status


@pytest.mark.parametrize(
    "half", [b"GET / HTTP/1.1\r\nHost:", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"]
)
def test_half_sent_requests_do_not_stop_it(clear: int, half: bytes) -> None:
    stuck = []
    try:
        for _ in range(3 * THREADS):
            sock = socket.create_connection(("127.0.0.1", clear), timeout=60)
            sock.sendall(half)
            stuck.append(sock)
        assert get(clear).text == "nobody"
    finally:
        for sock in stuck:
            sock.close()


HEAD = (
    f"POST /api/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\nContent-Type: text/xml\r\n"
    "Connection: close\r\n"
).encode()


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (b"Content-Length: 4\r\n\r\n<a/>", b"202"),
        (b"Transfer-Encoding: chunked\r\n\r\n4\r\n<a/>\r\n0\r\n\r\n", b"202"),
        (b"Content-Length: 99\r\n\r\n<a/>", b"408"),
        (b"Transfer-Encoding: chunked\r\n\r\n99\r\n<a/>", b"408"),
        (b"Transfer-Encoding: chunked\r\n\r\n4\r\n<a/>\r\n", b"408"),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n<a/>\r\n0\r\n\r\n", b"408"),
        (b"Content-Length: 99999999999\r\n\r\n<a/>", b"413"),
        (b"\r\n", b"400"),
    ],
)
@pytest.mark.parametrize("leaves", [True, False])
def test_a_report_is_taken_whole_or_not_at_all(intake: int, rest: bytes, status: bytes, leaves: bool) -> None:
    with socket.create_connection(("127.0.0.1", intake), timeout=60) as sock:
        sock.sendall(HEAD + rest)
        if leaves:
            sock.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := sock.recv(65536):
            answer += chunk
    assert answer.split(b" ", 2)[1] == status


def test_clients_that_never_hang_up_do_not_stop_it(clear: int) -> None:
    idle = []
    try:
        for _ in range(10 * THREADS):
            sock = socket.create_connection(("127.0.0.1", clear), timeout=60)
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            idle.append(sock)
        assert get(clear).text == "nobody"
    finally:
        for sock in idle:
            sock.close()


def test_stuck_handshakes_do_not_stop_it(encrypted: int, authority: trustme.CA) -> None:
    stuck = []
    try:
        for _ in range(3 * THREADS):
            sock = socket.create_connection(("127.0.0.1", encrypted), timeout=60)
            sock.sendall(b"\x16\x03\x01")
            stuck.append(sock)
        assert shake(encrypted, authority)[1] == b"nobody"
    finally:
        for sock in stuck:
            sock.close()


def shake(port: int, authority: trustme.CA, own: trustme.LeafCert | None = None, **limits: Any) -> tuple[str, bytes]:
    """The version of TLS that was agreed on, and what the server says."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    for name, value in limits.items():
        setattr(context, name, value)
    if own is not None:
        own.configure_cert(context)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as sock,
    ):
        version = sock.version() or ""
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while chunk := sock.recv(65536):
            answer += chunk
        return version, answer.partition(b"\r\n\r\n")[2]


def test_tls_is_new_and_a_client_certificate_reaches_the_application(encrypted: int, authority: trustme.CA) -> None:
    assert shake(encrypted, authority) == ("TLSv1.3", b"nobody")
    assert shake(encrypted, authority, maximum_version=ssl.TLSVersion.TLSv1_2) == ("TLSv1.2", b"nobody")
    assert shake(encrypted, authority, authority.issue_cert("box.example.org")) == ("TLSv1.3", b"somebody")
    with pytest.raises(OSError):  # noqa: PT011 - under TLS 1.3 the refusal comes as an alert or as a closed connection
        shake(encrypted, authority, trustme.CA().issue_cert("box.example.org"))


def test_old_tls_is_refused_by_the_context(tmp_path: Path, authority: trustme.CA) -> None:
    leaf = authority.issue_cert("127.0.0.1")
    leaf.cert_chain_pems[0].write_to_path(str(tmp_path / "certificate.pem"))
    leaf.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    context = tls_context(
        WebServerSettings(certificate=str(tmp_path / "certificate.pem"), key=str(tmp_path / "key.pem"))
    )
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    names = {cipher["name"] for cipher in context.get_ciphers()}
    assert all("GCM" in name or "CHACHA20" in name for name in names)


def test_a_certificate_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("rubbish")
    for name in ("absent.pem", "bad.pem"):
        with pytest.raises(SettingsError) as raised:
            tls_context(WebServerSettings(certificate=str(tmp_path / name)))
        assert raised.value.code == "web_certificate"


def test_it_ends_in_order_when_told_to() -> None:
    with server() as (port, process):
        assert get(port).text == "nobody"
        os.kill(process.pid or 0, signal.SIGTERM)
        process.join(20)
        assert process.exitcode == 0


class Opened:
    """An application with a thread of its own, which ends when it is closed and leaves a mark then."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark
        self.closed: threading.Event | None = None

    def __call__(self) -> WSGIApplication:
        self.closed = threading.Event()
        threading.Thread(target=self._live, args=(self.closed,)).start()
        return application()

    def close(self) -> None:
        assert self.closed is not None
        self.closed.set()

    def _live(self, closed: threading.Event) -> None:
        closed.wait()
        self.mark.write_text("closed", encoding="utf-8")


def closing_child(opened: Opened, settings: WebServerSettings, sock: socket.socket) -> None:
    """The main of a server's process that closes what its application opened."""
    run(opened, settings, sock, ended=opened.close)


def test_what_the_application_opened_is_closed_at_the_end(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "mark")
    with server(opened, main=closing_child) as (port, process):
        assert requests.get(f"http://127.0.0.1:{port}/", timeout=10).text == "nobody"
        process.terminate()
        process.join(60)
        assert opened.mark.read_text(encoding="utf-8") == "closed"
