"""Messages: reading, judging and plain splitting of the same bytes, and the library ``hl7`` where it is installed.

Our parser finds the segments and cuts a value when somebody asks for it; splitting and ``hl7`` cut every value at once.
So the second row is the one to compare: it asks for all that the gateway needs, and decodes the document.
"""

from __future__ import annotations

import base64
import importlib
from collections.abc import Callable
from statistics import median

from gateway.hl7 import er7
from gateway.hl7.check.judge import judge
from gateway.hl7.intake import read_events
from tests.bench.rows import Row, milliseconds
from tests.support.hl7_messages import RIGHT, cda, message, put

SIZES = {"3 kB": 0, "330 kB": 183_500, "7 MB": 3_935_500}
"""Bytes of the document in the CDA, which is base64 twice in the message; a report in a message has 3 kB at least."""
_LOOPS = {"3 kB": 300, "330 kB": 30, "7 MB": 3}
_ROUNDS = 5


def run() -> list[Row]:
    """Messages a second, each side measured in turns in this run; figures without a goal."""
    rows = []
    for size, document_bytes in SIZES.items():
        raw = _message(document_bytes)
        sides: dict[str, Callable[[bytes], object]] = {
            "split": _split,
            "parsed": er7.parse,
            "read": read_events,
            "judged": judge,
        }
        library = _library()
        if library is not None:
            sides["hl7"] = library
        taken = _in_turns(sides, raw, _LOOPS[size])
        for side, what in (
            ("parsed", "parsed (segments found, values cut when they are asked for)"),
            ("read", "parsed, decoded and read into an event"),
            ("judged", "judged by every rule, document included"),
        ):
            rows.append(_figure(f"messages of {size} {what} a second, against plain splitting", taken, side, "split"))
        if library is not None:
            rows.append(_figure(f"messages of {size} parsed a second, against the library hl7", taken, "parsed", "hl7"))
    return rows


def _figure(what: str, taken: dict[str, float], ours: str, against: str) -> Row:
    ours_hz, theirs_hz = 1000 / taken[ours], 1000 / taken[against]
    return Row(row="hl7", what=what, ours=ours_hz, against=theirs_hz, unit="1/s", goal="figure", met=True)


def _in_turns(sides: dict[str, Callable[[bytes], object]], raw: bytes, loops: int) -> dict[str, float]:
    """Milliseconds a message of each side, the median of rounds in which every side has its turn."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(_ROUNDS):
        for name, side in sides.items():
            taken[name].append(milliseconds(lambda side=side: [side(raw) for _ in range(loops)]) / loops)  # type: ignore[misc]
    return {name: median(each) for name, each in taken.items()}


def _message(document_bytes: int) -> bytes:
    body = base64.b64encode(b"x" * document_bytes).decode() or "JVBERi0="
    content = cda().replace(b"JVBERi0=", body.encode())
    rows = put(RIGHT["cda-oru-r01"], "OBX^1^5^1^5", base64.b64encode(content).decode())
    return message(rows)


def _split(raw: bytes) -> object:
    """What a parser without rules does: every segment, field, repetition and component as a list."""
    return [
        [[repetition.split("^") for repetition in field.split("~")] for field in segment.split("|")]
        for segment in raw.decode().split("\r")
    ]


def _library() -> Callable[[bytes], object] | None:
    try:
        library = importlib.import_module("hl7")
    except ImportError:
        return None
    parse: Callable[[bytes], object] = library.parse
    return parse
