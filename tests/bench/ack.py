"""Acknowledging: reports a second and p99, against a bare loop that decodes, parses and writes as durably."""

from __future__ import annotations

import base64
import os
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from lxml import etree

from gateway.hl7.sender import Sender
from gateway.model.identifiers import Identifier
from tests.bench.rows import Row, at_least
from tests.bench.studies import named
from tests.support.gateway import Running, message, planned

SIZE = 200_000
FLAT_OUT = 300
CONNECTIONS = 16
RATE = 20.0
PACED_S = 20.0


def run() -> list[Row]:
    # A PACS that answers and has nothing yet: each report is looked for once, as when reports come before images.
    with planned(look_interval_s=60) as gateway:
        gateway.world.studies.mkdir()
        gateway.start_pacs()
        gateway.start_gateway()
        warm, flat = _messages("warm", 20), _messages("flat", FLAT_OUT)
        _send_all(gateway, warm)
        began = time.perf_counter()
        _send_all(gateway, flat)
        ours = FLAT_OUT / (time.perf_counter() - began)
        against = bare(flat)
        p99 = _paced(gateway)
    what = "reports acknowledged a second (200 kB each, one connection, synced), against a bare loop"
    return [
        at_least("ack", what, ours, against, "1/s", 0.5),
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


def _messages(key: str, count: int) -> list[bytes]:
    base = named(key)
    studies = (replace(base, report=Identifier(f"{base.report.root[:50]}.{n}")) for n in range(1, count + 1))
    return [message(study, SIZE) for study in studies]


def _send_all(gateway: Running, messages: list[bytes]) -> None:
    with Sender("127.0.0.1", gateway.mllp_port, 30) as sender:
        for one in messages:
            assert b"|AA|" in sender.send(one).replace(b"MSA|AA|", b"|AA|")


def bare(messages: list[bytes]) -> float:
    """Messages a second of a loop that decodes the document of each, parses it and writes it as durably.

    A message without a document is split and written whole.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = os.open(name, os.O_RDONLY)
        began = time.perf_counter()
        for number, one in enumerate(messages):
            content = one
            start = one.find(b"^Base64^") + 8
            if start >= 8:
                content = base64.b64decode(one[start : one.index(b"|", start)])
                etree.fromstring(content, etree.XMLParser(huge_tree=True))  # noqa: TID251 - bare on purpose
            else:
                [segment.split("|") for segment in one.decode().split("\r")]
            path = Path(name, str(number))
            with path.with_suffix(".part").open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            path.with_suffix(".part").rename(path)
            os.fsync(folder)
        took = time.perf_counter() - began
        os.close(folder)
    return len(messages) / took


def _paced(gateway: Running) -> float:
    messages = _messages("paced", int(RATE * PACED_S))
    took: list[float] = []
    lock = threading.Lock()

    def send_some(first: int) -> None:
        with Sender("127.0.0.1", gateway.mllp_port, 30) as sender:
            for number in range(first, len(messages), CONNECTIONS):
                time.sleep(max(0.0, began + number / RATE - time.perf_counter()))
                at = time.perf_counter()
                sender.send(messages[number])
                with lock:
                    took.append((time.perf_counter() - at) * 1000)

    began = time.perf_counter() + 0.5
    threads = [threading.Thread(target=send_some, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(took)[int(len(took) * 0.99)]
