"""kill -9 in the middle of a submission, on real parts: with half of its bytes out, with none of its answer in, with
half of its answer in. The registry is asked first each time, and each document is there once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.bench.studies import named, slices
from tests.crash.test_gateway import _published_once, _send
from tests.support.gateway import planned

_SOME = 6_000
"""Bytes of a submission: the envelope and a part of the documents."""


class Passage:
    """Stands before the repository, and stops passing bytes on at one place of the next submission."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._left: dict[str, int] = {}
        self.reached = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    def stop_at(self, direction: str, count: int) -> None:
        """From now on *count* bytes more pass ``up`` or ``down``, and none after them on their connection."""
        with self._lock:
            self.reached.clear()
            self._left = {direction: count}

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to), 10)
                server.settimeout(None)
                self._open += [client, server]
                stopped = threading.Event()
                for direction, reader, writer in (("up", client, server), ("down", server, client)):
                    thread = threading.Thread(target=self._pass, args=(direction, reader, writer, stopped))
                    self._threads.append(thread)
                    thread.start()

    def _pass(self, direction: str, reader: socket.socket, writer: socket.socket, stopped: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while some := reader.recv(4096):
                if not stopped.is_set():
                    writer.sendall(self._allowed(direction, some, stopped))
            writer.shutdown(socket.SHUT_WR)

    def _allowed(self, direction: str, some: bytes, stopped: threading.Event) -> bytes:
        with self._lock:
            left = self._left.get(direction)
            if left is None:
                return some
            if len(some) <= left:
                self._left[direction] = left - len(some)
                return some
            # This connection is dead from here on; the next ones pass everything.
            self._left = {}
            stopped.set()
            self.reached.set()
            return some[:left]

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in (self._listener, *self._open):
            one.close()


@contextmanager
def passage(port: int) -> Iterator[Passage]:
    made = Passage(port)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join()


@pytest.mark.timeout(600)
def test_a_submission_that_is_cut_by_a_kill_is_registered_once() -> None:
    with planned(lease_s=3.0) as here, passage(here.world.ports["registry"]) as repository:
        studies = [named(f"half{number}") for number in range(3)]
        for study in studies:
            into = here.world.studies / study.key
            into.mkdir(parents=True)
            for number, content in enumerate(slices(study, 1, size=16, series=1)):
                (into / f"{number}.dcm").write_bytes(content)
        settings = here.world.settings_file.read_text(encoding="utf-8")
        url = f'repository_url = "{here.world.repository_url}"'
        assert url in settings
        through = url.replace(f":{here.world.ports['registry']}/", f":{repository.port}/")
        here.world.settings_file.write_text(settings.replace(url, through), encoding="utf-8")
        here.start_pacs()
        here.start_registry()
        here.start_gateway()
        # With half of it out, with the answer on its way, with half of the answer in.
        for study, place in zip(studies, (("up", _SOME), ("down", 0), ("down", 100)), strict=True):
            repository.stop_at(*place)
            _send(here, study)
            assert repository.reached.wait(60)
            assert here.state(study) == "sending"
            here.world.household.kill("gateway")
            here.start_gateway()
            here.wait_for(study, "shared", timeout_s=200)
            _published_once(here, study)
