"""The registry as it runs: its own process, gunicorn, a real port."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from gateway.errors import SettingsError
from gateway.registry import serve
from gateway.registry.serve import RegistrySettings
from gateway.texts import TEXTS
from tests.support import registry_wire as wire
from tests.support.monitoring import read_exposition
from tests.support.registry import REPOSITORY, new_unique_id

_PROGRAM = """
import sys
from pathlib import Path
from gateway.registry.serve import RegistrySettings, run
folder = Path(sys.argv[1])
run(
    RegistrySettings(
        port=0, database_url=f"sqlite:///{folder / 'registry.db'}", blobs=folder / "blobs",
        repository_unique_id=sys.argv[2], threads=2, socket_timeout_s=float(sys.argv[3]), max_body_bytes=1_000_000,
    ),
    ready=lambda host, port: print(f"http://{host}:{port}", flush=True),
)
"""


@contextmanager
def running(folder: Path, socket_timeout_s: float = 15.0) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The registry over *folder*, in a process group of its own; none of it is left at the end."""
    command = [sys.executable, "-c", _PROGRAM, str(folder), REPOSITORY, str(socket_timeout_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            yield next(line.strip() for line in process.stdout if line.startswith("http")), process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


def submit(url: str, unique_id: str, content: bytes) -> str:
    body = wire.provide_and_register(wire.extrinsic_object(unique_id), wire.by_part())
    return wire.status_of(wire.post(f"{url}/repository", wire.ITI_41, body, {"d1@hand": content}))


def content_of(url: str, unique_id: str) -> bytes:
    answer = wire.post(f"{url}/repository", wire.ITI_43, wire.retrieve((REPOSITORY, unique_id)), {})
    return wire.parts_of(answer)[1].get_payload(decode=True)  # type: ignore[return-value]


def test_a_registry_that_was_killed_has_everything_it_said_success_to(tmp_path: Path) -> None:
    kept = {new_unique_id(): os.urandom(5_000) for _ in range(5)}
    with running(tmp_path) as (url, process):
        for unique_id, content in kept.items():
            assert submit(url, unique_id, content) == "Success"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    with running(tmp_path) as (url, process):
        for unique_id, content in kept.items():
            assert content_of(url, unique_id) == content
        process.terminate()
        assert process.wait(30) == 0


def test_half_sent_headers_and_bodies_do_not_stop_it(tmp_path: Path) -> None:
    with running(tmp_path, socket_timeout_s=0.5) as (url, _):
        host, port = url.removeprefix("http://").split(":")
        stuck = [socket.create_connection((host, int(port)), timeout=30) for _ in range(4)]
        try:
            for number, connection in enumerate(stuck):
                length = b"Content-Type: application/soap+xml\r\nContent-Length: 50\r\n\r\n<a" if number % 2 else b""
                connection.sendall(b"POST /repository HTTP/1.1\r\nHost: x\r\n" + length)
            assert requests.get(f"{url}/health", timeout=60).status_code == 200
            assert submit(url, new_unique_id(), b"x") == "Success"
        finally:
            for connection in stuck:
                connection.close()


def test_what_it_holds_and_answers_is_counted(tmp_path: Path) -> None:
    with running(tmp_path) as (url, _):
        assert submit(url, new_unique_id(), b"x") == "Success"
        assert requests.post(f"{url}/registry", data=b"<x/>", timeout=60).status_code >= 400
        answer = requests.get(f"{url}/metrics", timeout=60)
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        told = read_exposition(answer.text)
        assert told["registry_up"] == {(): 1.0}
        assert told["registry_entries"] == {(("status", "Approved"),): 1.0}
        assert sum(told["registry_transactions_total"].values()) == 1.0
        assert sum(told["registry_faults_total"].values()) == 1.0


def test_a_body_above_the_limit_is_413(tmp_path: Path) -> None:
    with running(tmp_path) as (url, _):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            head = b"POST /repository HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\n"
            connection.sendall(head + b"Content-Length: 1000001\r\n\r\n")
            assert b" 413 " in connection.recv(100)


def test_a_port_in_use_is_a_settings_error_that_names_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            serve.run(_settings(tmp_path, port=port))
    assert (caught.value.code, caught.value.facts["port"]) == ("registry_port", str(port))
    assert not (tmp_path / "registry.db").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"host": "0.0.0.0"}, "registry_plain_port"),
        ({"host": "192.0.2.1"}, "registry_plain_port"),
        ({"host": "192.0.2.1", "allow_plain": True}, "registry_port"),
        ({"host": "no such host"}, "registry_plain_port"),
        ({"port": 70_000}, "registry_port"),
        ({"repository_unique_id": "DEPOT"}, "registry_repository_id"),
        ({"database_url": "mysql://x"}, "store_url"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(tmp_path: Path, changes: dict[str, object], code: str) -> None:
    with pytest.raises(SettingsError) as caught:
        serve.run(_settings(tmp_path, **changes))
    assert caught.value.code == code
    assert code in TEXTS


def _settings(folder: Path, **changes: object) -> RegistrySettings:
    usual: dict[str, object] = {
        "port": 0,
        "database_url": f"sqlite:///{folder / 'registry.db'}",
        "blobs": folder / "blobs",
        "repository_unique_id": REPOSITORY,
    }
    return RegistrySettings(**{**usual, **changes})  # type: ignore[arg-type]


def test_a_server_that_is_out_of_files_goes_on_when_it_has_some(tmp_path: Path) -> None:
    with running(tmp_path) as (url, process):
        requests.get(f"{url}/", timeout=60)
        port, workers = int(url.rpartition(":")[2]), Path(f"/proc/{process.pid}/task/{process.pid}/children")
        worker = int(workers.read_text())
        before = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (3, before[1]))
        with socket.create_connection(("127.0.0.1", port), timeout=60) as knocking:
            knocking.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            time.sleep(0.6)
            resource.prlimit(worker, resource.RLIMIT_NOFILE, before)
            assert knocking.recv(64).startswith(b"HTTP/1.1 404")
        assert int(workers.read_text()) == worker
