"""Acknowledging: reports a second and p99, against a bare loop that decodes, parses and writes as durably.

**What is compared.** The gateway answers AA when the document is a synced file under its name in a synced folder, and
what it knows of the report and the message around it is committed to SQLite with ``synchronous=FULL``. The bare loop
does what a plain program must do for the same promise, and nothing else: it decodes the message by its character set,
splits it into segments and fields, decodes the base64, parses the XML, writes the document to a file that it syncs,
renames, and whose folder it syncs, and commits one row with the rest of the message. So both sides sync three times a
report. It uses the standard library's base64 and SQLite, and lxml; it has no socket, does not look at what it parsed,
hashes nothing, and keeps neither history, audit trail nor anything by which a report is found.

Both sides have their turns with the same messages, because a disk is not as quick at one moment as at the next.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from lxml import etree

from gateway.hl7.sender import Sender
from gateway.model.identifiers import Identifier
from tests.bench.rows import Row, at_least
from tests.bench.studies import named
from tests.support.gateway import Running, message, planned

SIZE = 200_000
"""Bytes of a report."""
ROUNDS = 3
A_ROUND = 100
CONNECTIONS = 16
RATE = 20.0
PACED_S = 20.0

_KEY = "bench"
_INTAKE = f'''
[[intake.key]]
name = "bench"
sha256 = "{hashlib.sha256(_KEY.encode()).hexdigest()}"
site = "presquile"
'''
_CODECS = {"": "utf-8", "UNICODE UTF-8": "utf-8", "8859/15": "iso8859-15", "8859/1": "iso8859-1"}
"""By MSH-18."""


def run() -> list[Row]:
    # A PACS that answers and has nothing yet: each report is looked for once, as when reports come before images.
    with planned(look_interval_s=60) as gateway, bare_loop() as loop:
        settings = gateway.world.settings_file
        with settings.open("a", encoding="utf-8") as file:
            file.write(_INTAKE)
        gateway.world.studies.mkdir()
        gateway.start_pacs()
        gateway.start_gateway()
        over_mllp = _in_turns(partial(_send_all, gateway), loop, "mllp")
        over_http = _in_turns(partial(_post_all, gateway), loop.documents, "http")
        p99 = _paced(gateway)
    what = "reports {} a second (200 kB each, one connection, synced), against a bare loop"
    return [
        at_least("ack", what.format("acknowledged"), *over_mllp, "1/s", 0.5),
        # No goal is set for this one.
        replace(at_least("ack", what.format("posted over HTTP"), *over_http, "1/s", 0), goal="figure"),
        Row(
            row="ack",
            what=f"p99 of an acknowledgement at {RATE:.0f} a second over {CONNECTIONS} connections",
            ours=p99,
            against=None,
            unit="ms",
            goal="< 50 ms",
            met=p99 < 50,
        ),
    ]


Side = Callable[[Sequence[bytes]], float]
"""Takes messages and gives the seconds that took."""


def _in_turns(ours: Side, against: Side, key: str) -> tuple[float, float]:
    """Messages a second of both sides."""
    for side in (ours, against):
        side(_messages(f"warm {key}", 20))
    ours_s = against_s = 0.0
    for number in range(ROUNDS):
        some = _messages(f"{key} {number}", A_ROUND)
        ours_s += ours(some)
        against_s += against(some)
    return ROUNDS * A_ROUND / ours_s, ROUNDS * A_ROUND / against_s


def _messages(key: str, count: int) -> list[bytes]:
    base = named(key)
    bare_size = len(base64.b64decode(_document(message(base))))
    studies = (replace(base, report=Identifier(f"{base.report.root[:50]}.{n}")) for n in range(1, count + 1))
    return [message(study, max(0, SIZE - bare_size)) for study in studies]


def _send_all(gateway: Running, messages: Sequence[bytes]) -> float:
    """Seconds until the last of *messages*, sent one after the other, is acknowledged."""
    with Sender("127.0.0.1", gateway.mllp_port, 30) as sender:
        began = time.perf_counter()
        for one in messages:
            assert b"MSA|AA|" in sender.send(one)
        return time.perf_counter() - began


def _post_all(gateway: Running, messages: Sequence[bytes]) -> float:
    """As :func:`_send_all`, the documents of *messages* over HTTP on a kept connection."""
    documents = [base64.b64decode(_document(one)) for one in messages]
    said = {"Authorization": f"Bearer {_KEY}", "Content-Type": "application/xml", "Identity-Reliability": "VALI"}
    with closing(HTTPConnection("127.0.0.1", gateway.world.ports["web"], timeout=30)) as connection:
        connection.connect()
        began = time.perf_counter()
        for one in documents:
            connection.request("POST", "/api/reports", one, said)
            answer = connection.getresponse()
            told = answer.read()
            assert answer.status == HTTPStatus.ACCEPTED, told
        return time.perf_counter() - began


class BareLoop:
    """Takes messages one after the other; see the head of this module."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self._folder = folder
        self._database = database
        self._taken = 0

    def __call__(self, messages: Sequence[bytes]) -> float:
        """Seconds until the last of *messages* is durable."""
        began = time.perf_counter()
        for one in messages:
            self._take(one)
        return time.perf_counter() - began

    def documents(self, messages: Sequence[bytes]) -> float:
        """As a call, of the documents of *messages* alone: what comes over HTTP has nothing around it."""
        contents = [base64.b64decode(_document(one)) for one in messages]
        began = time.perf_counter()
        for content in contents:
            self._keep(content, "")
        return time.perf_counter() - began

    def _take(self, one: bytes) -> None:
        header = one[: one.index(b"\r")].split(b"|")
        text = one.decode(_CODECS[header[17].decode()])
        segments = [segment.split("|") for segment in text.split("\r")]
        encoded = ""
        for segment in segments:
            if segment[0] == "OBX" and segment[2] == "ED":
                encoded = segment[5].split("^")[4]
        if encoded:
            # By its beginning: to look for all of it would cost more than to decode it.
            at = text.index(encoded[:100])
            self._keep(base64.b64decode(encoded), text[:at] + text[at + len(encoded) :])
        else:
            self._keep(b"", text)

    def _keep(self, content: bytes, rest: str) -> None:
        self._taken += 1
        if content:
            etree.fromstring(content, etree.XMLParser(huge_tree=True))  # noqa: TID251 - bare on purpose
            self._write(content)
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute("INSERT INTO messages VALUES (?, ?)", (self._taken, rest))
        self._database.execute("COMMIT")

    def _write(self, content: bytes) -> None:
        path = self._folder / str(self._taken)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


@contextmanager
def bare_loop() -> Iterator[BareLoop]:
    """A bare loop with a folder and a database of its own."""
    with tempfile.TemporaryDirectory() as name, closing(sqlite3.connect(Path(name, "bare.db"))) as database:
        database.isolation_level = None
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"):
            database.execute(statement)
        database.execute("CREATE TABLE messages (number INTEGER PRIMARY KEY, rest TEXT)")
        documents = Path(name, "documents")
        documents.mkdir()
        yield BareLoop(documents, database)


def _document(one: bytes) -> bytes:
    """The base64 in a message."""
    start = one.index(b"^Base64^") + 8
    return one[start : one.index(b"|", start)]


def _paced(gateway: Running) -> float:
    """Milliseconds that 99 of 100 acknowledgements take at most, each from the moment at which it was to be sent."""
    messages = _messages("paced", int(RATE * PACED_S))
    with ExitStack() as stack:
        senders = [stack.enter_context(Sender("127.0.0.1", gateway.mllp_port, 30)) for _ in range(CONNECTIONS)]
        threads = stack.enter_context(ThreadPoolExecutor(CONNECTIONS))
        began = time.perf_counter() + 0.2

        def send_some(first: int) -> list[float]:
            took = []
            for number in range(first, len(messages), CONNECTIONS):
                due = began + number / RATE
                time.sleep(max(0.0, due - time.perf_counter()))
                assert b"MSA|AA|" in senders[first].send(messages[number])
                took.append((time.perf_counter() - due) * 1000)
            return took

        every = sorted(one for some in threads.map(send_some, range(CONNECTIONS)) for one in some)
    assert len(every) == len(messages)
    return every[int(len(every) * 0.99)]
