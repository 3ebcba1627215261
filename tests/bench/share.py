"""The whole share, from the last byte of an ORU to "registered", against the sum of its bare parts."""

from __future__ import annotations

import os
import sqlite3
import statistics
import tempfile
from pathlib import Path

import requests

from gateway.hl7.sender import send
from tests.bench.find import findscu
from tests.bench.rows import Row, at_most, milliseconds
from tests.bench.studies import named, slices
from tests.support import orthanc
from tests.support.gateway import Running, message, running

ROUNDS = 5


def run() -> list[Row]:
    studies = [named(f"share-{n}") for n in range(ROUNDS + 1)]
    with orthanc.running() as pacs:
        for study in studies:
            pacs.store(slices(study, 500, size=64))
        with running(pacs) as gateway:
            whole, parts = [], []
            for number, study in enumerate(studies):
                oru = message(study)

                def shared(oru: bytes = oru, study: object = study) -> None:
                    send("127.0.0.1", gateway.mllp_port, oru, 30)
                    gateway.wait_for(study, "shared")  # type: ignore[arg-type]

                took = milliseconds(shared)
                bare = _bare(pacs, gateway, study.study_uid)
                if number:  # the first warms up
                    whole.append(took)
                    parts.append(bare)
    ours, against = statistics.median(whole), statistics.median(parts)
    what = "ORU to registered, 500 instances in Orthanc, against two findscu, a POST of the same bytes and a commit"
    return [at_most("share", what, ours, against, "ms", 1.5)]


def _bare(pacs: orthanc.Orthanc, gateway: Running, study_uid: str) -> float:
    """Two IMAGE-level findscu, a POST of the bytes of the last submission, one synced commit."""
    finds = sum(milliseconds(lambda: findscu(pacs, study_uid)) for _ in range(2))
    request = _last_request(gateway)
    post = milliseconds(lambda: _post(gateway, *request))
    return finds + post + milliseconds(_commit)


def _last_request(gateway: Running) -> tuple[dict[str, str], bytes]:
    """The newest ITI-41 as it was sent. The registry has it already and says so, which costs it less than taking it:
    the bare side is, if anything, flattered."""
    assert gateway.world.record is not None
    raw = max(gateway.world.record.iterdir()).read_bytes()
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    headers = {name: value for name, value in fields if name.lower() in ("content-type", "soapaction")}
    return headers, body


def _post(gateway: Running, headers: dict[str, str], body: bytes) -> None:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(gateway.world.repository_url, data=body, headers=headers, timeout=30)
        answer.raise_for_status()


def _commit() -> None:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder, "one.db"))
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=full")
        connection.execute("create table t (x)")
        connection.execute("insert into t values (?)", (os.urandom(200),))
        connection.commit()
        connection.close()
