"""The way to a registry: proxies, certificates that are none, kept connections."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from gateway.errors import PeerUnreachable, SettingsError
from tests.support.soap import answering, client_of, frozen, playing, success


@dataclass
class Proxy:
    """A proxy on loopback: what it was asked for and with which credentials."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextlib.contextmanager
def tunnelling(status: int = 200) -> Iterator[Proxy]:
    """A proxy that answers CONNECT with *status* and then passes bytes both ways."""
    proxy = Proxy()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_CONNECT(self) -> None:
            proxy.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
            self.send_response(status)
            self.end_headers()
            if status == 200:
                host, _, port = self.path.rpartition(":")
                with socket.create_connection((host, int(port)), timeout=10) as far:
                    _pass_on(self.connection, far)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = False

    server = Server(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    other = {near: far, far: near}
    while True:
        ready, _, _ = select.select([near, far], [], [], 10)
        for one in ready:
            chunk = one.recv(65536)
            if not chunk:
                return
            other[one].sendall(chunk)
        if not ready:
            return


def test_a_plain_call_goes_through_the_proxy_with_its_credentials(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("gateway:s3:cret@%\n", encoding="utf-8")
    with playing(answering(lambda _: success())) as proxy:
        address = proxy.url.removesuffix("/xds")
        settings = {"proxy_url": address, "proxy_credentials_file": str(credentials)}
        there = {"registry_url": "http://registry.example.test/r", "repository_url": "http://registry.example.test/p"}
        with client_of(proxy, **settings, **there) as client:
            client.send(frozen(), again=False)
        (seen,) = proxy.seen
    assert seen.path == "http://registry.example.test/p"
    scheme, _, encoded = seen.headers["proxy-authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded)) == ("Basic", b"gateway:s3:cret@%")
    assert b"s3:cret" not in seen.body


def test_a_secure_call_goes_through_the_proxy_end_to_end(tmp_path: Path) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    files = {"ca_file": str(tmp_path / "ca.pem"), "certificate_file": str(tmp_path / "certificate.pem")}
    authority.cert_pem.write_to_path(files["ca_file"])
    authority.issue_cert("gateway.example").private_key_and_cert_chain_pem.write_to_path(files["certificate_file"])
    with (
        playing(answering(lambda _: success()), server) as loopback,
        tunnelling() as proxy,
        client_of(loopback, proxy_url=proxy.url, **files) as client,
    ):
        client.send(frozen(), again=False)
        client.send(frozen(), again=False)
        assert len(loopback.seen) == 2
        assert loopback.connections == 1
        assert proxy.asked == [(loopback.url.removeprefix("https://").removesuffix("/xds"), "")]
    assert "proxy-authorization" not in loopback.seen[0].headers


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_is_named(status: int) -> None:
    with (
        tunnelling(status) as proxy,
        playing(answering(success())) as loopback,
        client_of(loopback, proxy_url=proxy.url, repository_url="https://registry.example.test/") as client,
    ):
        with pytest.raises(PeerUnreachable, match="registry_proxy") as caught:
            client.send(frozen(), again=False)
        assert caught.value.facts == {"peer": "registry.example.test", "proxy": proxy.url.removeprefix("http://")}


def test_a_proxy_that_is_away_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        with (
            playing(answering(success())) as loopback,
            client_of(loopback, proxy_url=address) as client,
            pytest.raises(PeerUnreachable, match="registry_proxy"),
        ):
            client.send(frozen(), again=False)


@pytest.mark.parametrize("content", [b"", b"nobody", b":secret", b"\xff\xfe:x", "é:x".encode()])
def test_proxy_credentials_that_are_none_stop_the_start(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_bytes(content)
    with (
        playing(answering(success())) as loopback,
        pytest.raises(SettingsError, match="registry_proxy_file"),
        client_of(loopback, proxy_url="http://127.0.0.1:9", proxy_credentials_file=str(path)),
    ):
        pass


@pytest.mark.parametrize("name", ["ca_file", "certificate_file"])
def test_a_certificate_that_is_none_stops_the_start(name: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with (
        playing(answering(success())) as loopback,
        pytest.raises(SettingsError, match="registry_certificate"),
        client_of(loopback, **{name: str(path)}),
    ):
        pass
