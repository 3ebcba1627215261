"""Messages kept and acknowledged, by size, over one connection and over eight, against a bare loop of the same bytes.

The smallest are identity messages (ADT^A08); the others carry a report. The bare loop is that of ``ack``.

The senders are bare sockets that look for the code of each answer and no more: they share the processors with the
gateway, which no sender of a hospital does. (The gateway's own sender, which reads and compares every answer, took as
much processor a message as the bare loop.)

Both sides have their turns with the same messages, as in ``ack``: a disk is not as quick at one moment as at the next.
And both have run before until SQLite writes over its log instead of making the file longer, which takes the file system
nearly twice as long: a gateway is in that state from its first minutes on, for good.
"""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace

from gateway.hl7 import mllp
from gateway.model.identifiers import Identifier
from tests.bench.ack import BareLoop, bare_loop
from tests.bench.rows import Row, at_least
from tests.bench.studies import named
from tests.support.gateway import Running, message, planned
from tests.support.hl7_messages import RIGHT, put
from tests.support.hl7_messages import message as written

REPORTS = {"330 kB": (205_000, 27), "7 MB": (5_200_000, 3)}
"""Bytes by which the report is made larger, and how many messages a connection sends in a round."""
IDENTITIES = 70
ROUNDS = 3
LONG_LOG = 1200
"""Identity messages after which the logs of both sides have been written over."""
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
        _in_turns(gateway, loop, [[_messages("2 kB", f"log {number}", LONG_LOG // 8) for number in range(8)]])
        for size in ("2 kB", *REPORTS):
            _in_turns(gateway, loop, [[_messages(size, f"warm {size}", 3)]])
            for connections in (1, CONNECTIONS):
                rounds = [
                    [_messages(size, f"{size} {connections} {at} {number}", 0) for number in range(connections)]
                    for at in range(ROUNDS)
                ]
                what = f"messages of {size} kept and acknowledged a second over {connections} connections"
                rows.append(at_least("hl7", what, *_in_turns(gateway, loop, rounds), "1/s", 0.5))
    return rows


def _in_turns(gateway: Running, loop: BareLoop, rounds: list[list[list[bytes]]]) -> tuple[float, float]:
    """Messages a second of both sides; a round has a lot of messages for each connection."""
    ours_s = against_s = 0.0
    for lots in rounds:
        ours_s += _flat_out(gateway, lots)
        against_s += loop([one for lot in lots for one in lot])
    count = sum(len(lot) for lots in rounds for lot in lots)
    return count / ours_s, count / against_s


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
    """Seconds until the last is acknowledged, each lot over a connection of its own, all at once."""
    threads = [threading.Thread(target=_send, args=(gateway, lot)) for lot in lots]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def _send(gateway: Running, messages: list[bytes]) -> None:
    with socket.create_connection(("127.0.0.1", gateway.mllp_port), 60) as sender:
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for one in messages:
            sender.sendall(mllp.frame(one))
            answer = b""
            while not answer.endswith(mllp.END + b"\r"):
                piece = sender.recv(4096)
                assert piece, "the connection was closed"
                answer += piece
            assert b"MSA|AA|" in answer
