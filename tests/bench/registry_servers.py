"""Two servers for ``scripts/bench registry``, each a process under gunicorn: ours, and one that does nothing.

``python -m tests.bench.registry_servers registry FOLDER | bare FOLDER`` prints its address when it listens.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.registry import REPOSITORY

LARGE = "large.bin"


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Server]:
    """A server over *folder*, ended at the end."""
    command = [sys.executable, "-m", "tests.bench.registry_servers", kind, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            address = next(line.strip() for line in process.stdout if line.startswith("http"))
            yield Server(address.removeprefix("http://"), process.pid)
        finally:
            process.terminate()
            process.wait(30)


class Server:
    """Where a server listens, and what its processes hold."""

    def __init__(self, address: str, pid: int) -> None:
        self.host, _, port = address.partition(":")
        self.port = int(port)
        self._pid = pid

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=120)

    def resident_mb(self) -> float:
        """Of the worker, which is the child that serves, in 10^6 bytes."""
        children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        sizes = []
        for pid in (str(self._pid), *children):
            status = Path(f"/proc/{pid}/status").read_text()
            line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
            sizes.append(int(line.split()[1]) * 1024 / 1e6)
        return max(sizes)


def post(connection: http.client.HTTPConnection, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """One round trip on a kept connection."""
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status == 200, content
    return content


def drain(connection: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: bytes) -> int:
    """One round trip whose answer is read into one buffer; gives its size in bytes."""
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    assert answer.status == 200
    buffer = memoryview(bytearray(1024 * 1024))
    size = 0
    while count := answer.readinto(buffer):
        size += count
    return size


def _registry(folder: Path) -> None:
    from gateway import log
    from gateway.registry.serve import RegistrySettings, run

    log.configure(level="warning")
    settings = RegistrySettings(
        port=0,
        database_url=f"sqlite:///{folder / 'registry.db'}",
        blobs=folder / "documents",
        repository_unique_id=REPOSITORY,
    )
    run(settings, ready=lambda host, port: print(f"http://{host}:{port}", flush=True))


def _bare(folder: Path) -> None:
    from flask import Flask, Response, send_file
    from gunicorn.app.base import BaseApplication

    app = Flask(__name__, static_folder=None)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """POST of anything to ``/SIZE``: that many bytes. Not by Flask, which ours does without on these paths too."""
        if environ["REQUEST_METHOD"] != "POST":
            return app(environ, start_response)
        environ["wsgi.input"].read()
        size = int(environ["PATH_INFO"][1:])
        start_response("200 OK", [("Content-Type", "application/soap+xml"), ("Content-Length", str(size))])
        return [b"x" * size]

    @app.get("/file")
    def file() -> Response:
        return send_file(folder / LARGE, mimetype="application/octet-stream")

    class Bare(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options: dict[str, Any] = {
                "bind": "127.0.0.1:0",
                "worker_class": "gthread",
                "workers": 1,
                "threads": 16,
                "loglevel": "warning",
                "control_socket_disable": True,
                "when_ready": lambda server: print(
                    f"http://127.0.0.1:{server.LISTENERS[0].sock.getsockname()[1]}", flush=True
                ),
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Callable[..., Any]:
            return answer

    Bare().run()


if __name__ == "__main__":
    {"registry": _registry, "bare": _bare}[sys.argv[1]](Path(sys.argv[2]))
