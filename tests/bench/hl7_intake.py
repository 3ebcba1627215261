"""Messages kept and acknowledged, by size, over one connection and over eight, against a bare loop of the same bytes.

The smallest are identity messages (ADT^A08); the others carry a report. The bare loop is that of ``ack``.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from gateway.hl7.sender import Sender
from gateway.model.identifiers import Identifier
from tests.bench.ack import bare_loop
from tests.bench.rows import Row, at_least
from tests.bench.studies import named
from tests.support.gateway import Running, message, planned
from tests.support.hl7_messages import RIGHT, put
from tests.support.hl7_messages import message as written

REPORTS = {"330 kB": (205_000, 80), "7 MB": (5_200_000, 8)}
"""Bytes by which the report is made larger, and how many messages a connection sends."""
IDENTITIES = 200
FURTHER = 1560
"""Bytes by which an identity message is made as large as a request of teleradiology."""
CONNECTIONS = 8


def run() -> list[Row]:
    """One row a size and number of connections."""
    rows = []
    with planned(look_interval_s=60) as gateway, bare_loop() as loop:
        gateway.world.studies.mkdir()
        gateway.start_pacs()
        gateway.start_gateway()
        for size in ("2 kB", *REPORTS):
            _flat_out(gateway, [_messages(size, f"warm {size}", 3)])
            for connections in (1, CONNECTIONS):
                lots = [_messages(size, f"{size} {connections} {number}", 0) for number in range(connections)]
                what = f"messages of {size} kept and acknowledged a second over {connections} connections"
                flat = [one for lot in lots for one in lot]
                rows.append(at_least("hl7", what, _flat_out(gateway, lots), len(flat) / loop(flat), "1/s", 0.5))
    return rows


def _messages(size: str, key: str, count: int) -> list[bytes]:
    if size == "2 kB":
        return [_identity(f"{key} {number}") for number in range(count or IDENTITIES)]
    padding, many = REPORTS[size]
    base = named(key)
    ids = (Identifier(f"{base.report.root[:50]}.{number}") for number in range(1, (count or many) + 1))
    return [message(replace(base, report=one), padding) for one in ids]


def _identity(key: str) -> bytes:
    """An A08 of 2 kB: a hospital's systems write more than the identity, and it is all sent."""
    rows = put(RIGHT["adt-a08"], "MSH^1^10", key.replace(" ", "")[-20:])
    return written([*rows[:-1], f"OBX|1|TX|NOTE^Remarque^L||{'x' * FURTHER}||||||F", rows[-1]])


def _flat_out(gateway: Running, lots: list[list[bytes]]) -> float:
    """Messages a second, each lot over a connection of its own, all at once."""
    threads = [threading.Thread(target=_send, args=(gateway, lot)) for lot in lots]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(map(len, lots)) / (time.perf_counter() - began)


def _send(gateway: Running, messages: list[bytes]) -> None:
    with Sender("127.0.0.1", gateway.mllp_port, 60) as sender:
        for one in messages:
            assert b"MSA|AA|" in sender.send(one)
