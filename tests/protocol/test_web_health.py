"""What machines that watch are told, through the whole web application."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from gateway.errors import SettingsError
from gateway.monitoring.door import HealthDoor, HealthParts, HealthServer
from gateway.monitoring.health import Health, Look, PeerState
from gateway.web.app import create_app
from tests.support.monitoring import read_exposition
from tests.support.web import Site, bound_socket, build, serving

READY = Health((Look("store", "ok"), Look("disk store", "warning", "health_disk_low", {"folder": "/srv/secret"})))
UNREADY = Health((Look("store", "wrong", "store_busy"),), (PeerState("pacs main", False, 5.0),))
NEAR = (ip_network("127.0.0.0/8"), ip_network("::1"))


def parts(**changes: object) -> HealthParts:
    given: dict[str, object] = {
        "networks": NEAR,
        "ready": lambda: READY,
        "metrics": lambda: "# TYPE gateway_ready gauge\ngateway_ready 1\n",
        **changes,
    }
    return HealthParts(**given)  # type: ignore[arg-type]


@contextmanager
def web(
    folder: Path, told: HealthParts | None, before: Callable[[WSGIEnvironment], None] | None = None
) -> Iterator[int]:
    """The web application on loopback; *before* changes each question as a proxy or another peer would."""
    sock = bound_socket()
    port = sock.getsockname()[1]
    site: Site = build(folder, f"http://127.0.0.1:{port}", "http://127.0.0.1:9")
    application: WSGIApplication = create_app(replace(site.parts, health=told))

    def changed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if before is not None:
            before(environ)
        return application(environ, start_response)

    with serving(changed, sock):
        yield port


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def test_a_probe_learns_that_it_lives_is_ready_and_what_it_counted(tmp_path: Path) -> None:
    with web(tmp_path, parts()) as port:
        status, headers, body = ask(port, "/healthz", Host="10.1.2.3:8080")
        assert (status, body) == (200, "alive\n")
        assert headers["cache-control"] == "no-store"
        status, headers, body = ask(port, "/readyz")
        assert (status, headers["content-type"]) == (200, "application/json")
        assert json.loads(body)["ready"] is True
        assert "/srv/secret" not in body
        status, headers, body = ask(port, "/metrics")
        assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert read_exposition(body) == {"gateway_ready": {(): 1.0}}
        assert ask(port, "/healthz", "HEAD")[2] == ""
        assert ask(port, "/healthz", "POST")[0] == 405


def test_what_is_not_ready_answers_503_and_says_what(tmp_path: Path) -> None:
    with web(tmp_path, parts(ready=lambda: UNREADY)) as port:
        status, _, body = ask(port, "/readyz")
        assert status == 503
        told = json.loads(body)
        assert told["looks"] == [{"name": "store", "state": "wrong", "code": "store_busy"}]
        assert told["peers"] == [{"name": "pacs main", "up": False, "since": 5}]
        assert ask(port, "/healthz")[0] == 200


@pytest.mark.parametrize(
    "change",
    [
        {"REMOTE_ADDR": "10.9.9.9"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_HOST": "rebound.example"},
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_who_is_far_or_comes_through_a_proxy_finds_nothing(tmp_path: Path, change: dict[str, str], path: str) -> None:
    with web(tmp_path, parts(), lambda environ: environ.update(change)) as port:
        assert ask(port, path)[0] in (404, 421)


def test_nothing_is_there_when_the_settings_want_nothing(tmp_path: Path) -> None:
    with web(tmp_path, None) as port:
        assert {ask(port, path)[0] for path in ("/healthz", "/readyz", "/metrics")} == {404}


def test_an_address_of_the_older_family_inside_the_newer_one_is_known(tmp_path: Path) -> None:
    with web(tmp_path, parts(), lambda environ: environ.update(REMOTE_ADDR="::ffff:127.0.0.1")) as port:
        assert ask(port, "/healthz")[0] == 200


def test_with_a_token_the_metrics_are_for_who_has_it_wherever_it_is(tmp_path: Path) -> None:
    def far(environ: WSGIEnvironment) -> None:
        environ["REMOTE_ADDR"] = "10.9.9.9"

    with web(tmp_path, parts(token=lambda: "long random word"), far) as port:
        status, headers, _ = ask(port, "/metrics")
        assert (status, headers["www-authenticate"]) == (401, 'Bearer realm="metrics"')
        assert ask(port, "/metrics", Authorization="Bearer wrong")[0] == 401
        assert ask(port, "/metrics", Authorization="Basic long random word")[0] == 401
        assert ask(port, "/metrics", Authorization="Bearer long random word")[0] == 200
        assert ask(port, "/readyz", Authorization="Bearer long random word")[0] == 404


def test_without_the_file_of_the_token_nobody_gets_the_metrics() -> None:
    def token() -> str:
        raise SettingsError("metrics_token")

    server = HealthServer(parts(token=token), lambda host: True, [])
    environ: WSGIEnvironment = {"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics", "HTTP_AUTHORIZATION": "Bearer "}
    told: list[str] = []
    assert server.answers(environ)
    list(server(environ, lambda status, headers, exc_info=None: told.append(status)))  # type: ignore[arg-type, return-value, func-returns-value]
    assert told == ["401 Unauthorized"]


# -- a port without the web -------------------------------------------------------------------------------------------


@contextmanager
def door(told: HealthParts, port: int = 0) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", port))
        number = int(free.getsockname()[1])
    made = HealthDoor("127.0.0.1", number, told)
    made.start()
    try:
        _await(number)
        yield number
    finally:
        made.stop()


def _await(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        time.sleep(0.02)
    raise TimeoutError("nobody listens")


def test_a_machine_without_the_web_answers_at_a_port_of_its_own() -> None:
    with door(parts(ready=lambda: UNREADY)) as port:
        assert ask(port, "/healthz")[::2] == (200, "alive\n")
        status, _, body = ask(port, "/readyz")
        assert (status, json.loads(body)["ready"]) == (503, False)
        assert read_exposition(ask(port, "/metrics")[2]) == {"gateway_ready": {(): 1.0}}
        assert ask(port, "/console")[0] == 404
        assert ask(port, "/healthz", "POST")[0] == 405


def test_its_own_port_answers_those_alone_who_may_ask() -> None:
    with door(parts(networks=(ip_network("192.0.2.0/24"),))) as port:
        assert ask(port, "/healthz")[0] == 404
    with door(parts(token=lambda: "word")) as port:
        assert ask(port, "/metrics")[0] == 401
        assert ask(port, "/metrics", Authorization="Bearer word")[0] == 200
        assert ask(port, "/healthz", Forwarded="for=10.0.0.1")[0] == 404


def test_silent_callers_do_not_stop_the_port() -> None:
    with door(parts()) as port:
        silent = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(6)]
        try:
            assert ask(port, "/healthz")[0] == 200
        finally:
            for one in silent:
                one.close()


def test_a_second_process_takes_the_port_when_the_first_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.monitoring.door._ASKED_AGAIN_S", 0.05)
    with door(parts()) as port:
        second = HealthDoor("127.0.0.1", port, parts(metrics=lambda: "second 2\n"))
        second.start()
        try:
            assert "gateway_ready" in ask(port, "/metrics")[2]
            time.sleep(0.2)
        except BaseException:
            second.stop()
            raise
    try:
        _await(port)
        assert ask(port, "/metrics")[2] == "second 2\n"
    finally:
        second.stop()


def test_a_machine_that_gives_no_thread_costs_no_place_at_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    start, refused = threading.Thread.start, list(range(20))

    def start_or_not(thread: threading.Thread) -> None:
        if refused and "process_request_thread" in thread.name:
            refused.pop()
            raise RuntimeError("can't start new thread")
        start(thread)

    with door(parts()) as port:
        monkeypatch.setattr(threading.Thread, "start", start_or_not)
        while refused:
            with contextlib.suppress(OSError, http.client.HTTPException):
                ask(port, "/healthz")
        assert ask(port, "/healthz")[0] == 200


def test_callers_that_drip_do_not_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.monitoring.door._WHOLE_S", 0.2)
    with door(parts()) as port:
        dripping = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(8)]
        deadline = time.monotonic() + 10
        try:
            while True:
                for one in dripping:
                    with contextlib.suppress(OSError):
                        one.send(b"G")
                with contextlib.suppress(OSError, http.client.HTTPException):
                    if ask(port, "/healthz")[0] == 200:
                        break
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            for one in dripping:
                one.close()
