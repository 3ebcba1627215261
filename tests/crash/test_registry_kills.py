"""kill -9 of the registry during submissions: what was answered is whole, what was not is whole or absent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from gateway.registry.files import DocumentFiles
from gateway.registry.retrieval import DocumentRequest
from gateway.registry.service import RegistryService
from gateway.registry.verify import Looked, verify
from gateway.store.engine import open_engine
from gateway.xds import queries
from tests.support import registry_wire as wire
from tests.support.postgresql import Server, server
from tests.support.registry import REPOSITORY, new_unique_id

_PROGRAM = """
import sys
from pathlib import Path
from gateway import log
from gateway.registry.serve import RegistrySettings, run
log.configure(level="error")
run(
    RegistrySettings(port=0, database_url=sys.argv[1], blobs=Path(sys.argv[2]), repository_unique_id=sys.argv[3]),
    ready=lambda host, port: print(f"http://{host}:{port}", flush=True),
)
"""
SENDERS = 4
ANSWERED = 12
"""Submissions answered before each kill."""


@contextmanager
def running(database_url: str, documents: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-c", _PROGRAM, database_url, str(documents), REPOSITORY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            yield next(line.strip() for line in process.stdout if line.startswith("http")), process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


class Sender(threading.Thread):
    """Submits two documents at a time until it is told to stop; remembers what was answered and what was not."""

    def __init__(self, url: str, over: threading.Event) -> None:
        super().__init__(name="sender")
        self._url = url
        self._over = over
        self.answered: list[tuple[str, str]] = []
        self.unanswered: list[tuple[str, str]] = []

    def run(self) -> None:
        while not self._over.is_set():
            pair = (new_unique_id(), new_unique_id())
            objects = "".join(wire.extrinsic_object(uid, name=f"Document{n}") for n, uid in enumerate(pair))
            documents = "".join(wire.by_part(f"Document{n}", f"d{n}@hand") for n in range(2))
            parts = {f"d{n}@hand": content_of(uid) for n, uid in enumerate(pair)}
            try:
                body = wire.provide_and_register(objects, documents)
                answer = wire.post(f"{self._url}/repository", wire.ITI_41, body, parts)
                assert wire.status_of(answer) == "Success", answer.text
            except requests.RequestException:
                self.unanswered.append(pair)
            else:
                self.answered.append(pair)


def content_of(unique_id: str) -> bytes:
    return f"<a>{unique_id}</a>".encode() * 500


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    with server("fsync=on") as one:
        yield one


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_a_registry_killed_during_submissions_keeps_its_word(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    documents = tmp_path / "documents"
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql").database()
    answered: list[tuple[str, str]] = []
    unanswered: list[tuple[str, str]] = []
    for turn in range(3):
        over = threading.Event()
        with running(url, documents) as (address, process):
            senders = [Sender(address, over) for _ in range(SENDERS)]
            for sender in senders:
                sender.start()
            while sum(len(sender.answered) for sender in senders) < ANSWERED:
                time.sleep(0.002 * turn)
            os.killpg(process.pid, signal.SIGKILL)
            over.set()
            for sender in senders:
                sender.join()
            process.wait()
        answered += [pair for sender in senders for pair in sender.answered]
        unanswered += [pair for sender in senders for pair in sender.unanswered]
    assert len(answered) >= 3 * ANSWERED
    assert unanswered
    with running(url, documents):
        service = RegistryService(open_engine(url), DocumentFiles(documents), REPOSITORY)
        try:
            assert {there(service, pair) for pair in answered} == {2}
            assert {there(service, pair) for pair in unanswered} <= {0, 2}
            assert list(verify(service.engine, service.files, REPOSITORY, Looked())) == []
        finally:
            service.close()


def there(service: RegistryService, pair: tuple[str, str]) -> int:
    """How many of the two documents are registered, each with its bytes."""
    found = service.stored_query(queries.get_documents(unique_ids=pair)).entries
    with service.retrieve([DocumentRequest(REPOSITORY, one.unique_id) for one in found]) as retrieval:
        assert retrieval.errors == []
        for held in retrieval.documents:
            assert held.content.read() == content_of(held.unique_id)
        return len(retrieval.documents)
