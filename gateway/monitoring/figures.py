"""What one process counts while it works: counters, histograms, moments.

A process keeps its figures in memory and writes them now and then into its status file
(:mod:`gateway.monitoring.status`), from which whoever is asked for metrics reads those of every process of the
machine. They begin at nothing when a process starts, which Prometheus knows of counters.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gateway.monitoring.exposition import Family, Sample

FAST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Bounds for calls and acknowledgements, in seconds."""
LONG_S = (10.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 259_200.0)
"""Bounds for what waits for images, in seconds."""

Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a figure is."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    words: str
    bounds: tuple[float, ...] = ()


PEER_CALLS = Kind(
    "gateway_peer_call_seconds", "histogram", "Duration of calls to PACS, registries and repositories.", FAST_S
)
PEER_ERRORS = Kind("gateway_peer_errors_total", "counter", "Calls that failed, by the code of the failure.")
PEER_SUCCESS = Kind("gateway_peer_last_success_timestamp_seconds", "gauge", "When a peer answered last as it should.")
PEER_FAILURE = Kind("gateway_peer_last_failure_timestamp_seconds", "gauge", "When a call to a peer failed last.")
SHARE_MOVES = Kind("gateway_share_moves_total", "counter", "Times a share was worked on, by the state it led to.")
SHARE_DELAY = Kind(
    "gateway_share_delay_seconds", "histogram", "From the acceptance of a report until it was registered.", LONG_S
)
RELAY_MOVES = Kind("gateway_relay_moves_total", "counter", "Times a relayed message was worked on, by its state.")
MESSAGES = Kind("gateway_messages_total", "counter", "HL7 messages answered, by acknowledgement code.")
ANSWER_DELAY = Kind(
    "gateway_message_answer_seconds", "histogram", "From the last byte of an HL7 message to its answer.", FAST_S
)
CACHE = Kind("gateway_image_cache_bytes", "gauge", "Memory held by images on their way to viewers.")
LIMITED = Kind(
    "gateway_requests_limited_total",
    "counter",
    "Requests without a session refused for their number, by kind.",
)
KINDS = {
    kind.name: kind
    for kind in (
        PEER_CALLS,
        PEER_ERRORS,
        PEER_SUCCESS,
        PEER_FAILURE,
        SHARE_MOVES,
        SHARE_DELAY,
        RELAY_MOVES,
        MESSAGES,
        ANSWER_DELAY,
        CACHE,
        LIMITED,
    )
}


class Figures:
    """The figures of this process; safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Key, float] = {}
        self._histograms: dict[Key, tuple[list[int], list[float]]] = {}

    def count(self, kind: Kind, by: float = 1, **labels: str) -> None:
        """Add *by* to a counter."""
        key = _key(kind, labels)
        with self._lock:
            self._values[key] = self._values.get(key, 0) + by

    def put(self, kind: Kind, value: float, **labels: str) -> None:
        """Set a gauge."""
        with self._lock:
            self._values[_key(kind, labels)] = value

    def observe(self, kind: Kind, value: float, **labels: str) -> None:
        """Add one observation to a histogram."""
        key = _key(kind, labels)
        with self._lock:
            counts, total = self._histograms.setdefault(key, ([0] * (len(kind.bounds) + 1), [0.0]))
            counts[bisect_left(kind.bounds, value)] += 1
            total[0] += value

    def dump(self) -> list[dict[str, Any]]:
        """Everything, in a form that JSON holds; :func:`families` reads it."""
        with self._lock:
            plain = [{"name": name, "labels": dict(labels), "value": v} for (name, labels), v in self._values.items()]
            counted = [
                {"name": name, "labels": dict(labels), "counts": list(counts), "sum": total[0]}
                for (name, labels), (counts, total) in self._histograms.items()
            ]
        return plain + counted


def _key(kind: Kind, labels: Mapping[str, str]) -> Key:
    return kind.name, tuple(sorted(labels.items()))


def families(dumps: Iterable[tuple[Mapping[str, str], Iterable[Mapping[str, Any]]]]) -> list[Family]:
    """The families of several processes' dumps, each with labels of its own (its role).

    What another version has written and this one does not know, or knows otherwise, is left out.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in KINDS}
    for common, dump in dumps:
        for one in dump:
            kind = KINDS.get(str(one.get("name")))
            if kind is not None:
                samples[kind.name] += _samples(kind, {**one["labels"], **common}, one)
    return [Family(kind.name, kind.kind, kind.words, samples[kind.name]) for kind in KINDS.values()]


def _samples(kind: Kind, labels: dict[str, str], one: Mapping[str, Any]) -> Iterator[Sample]:
    if kind.kind != "histogram":
        if "value" in one:
            yield Sample(float(one["value"]), labels)
        return
    counts = one.get("counts", ())
    if len(counts) != len(kind.bounds) + 1:
        return
    running = 0
    for bound, count in zip((*kind.bounds, float("inf")), counts, strict=True):
        running += count
        yield Sample(running, {**labels, "le": "+Inf" if bound == float("inf") else f"{bound:g}"}, "_bucket")
    yield Sample(float(one["sum"]), labels, "_sum")
    yield Sample(running, labels, "_count")
