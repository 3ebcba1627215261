"""The metrics of a machine's gateway: what the store can be counted by, and what its processes have counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from gateway import __version__
from gateway.monitoring import figures
from gateway.monitoring.exposition import Family, Sample, text_of
from gateway.monitoring.health import Health
from gateway.monitoring.status import Status, named
from gateway.store.tallies import Tallies


def text(
    *,
    tallies: Tallies | None,
    statuses: Sequence[Status],
    health: Health,
    free: Mapping[str, int],
    now: float,
) -> str:
    """All of it; *tallies* is None when the store could not be counted, *free* is bytes by the name of a place."""
    families = [
        _one("gateway_info", "The version that answers.", 1, {"version": __version__}),
        _one("gateway_ready", "1 when this machine's gateway can do its work.", int(health.ready)),
        _one("gateway_store_up", "1 when the store could be counted.", int(tallies is not None)),
        _gauge("gateway_look_ok", "What readiness was judged by: 1 ok, 0.5 warning, 0 wrong.", _looks(health)),
        _gauge("gateway_disk_free_bytes", "Room on the disks under the store.", _labelled("place", free)),
        *_processes(statuses, now),
    ]
    if tallies is not None:
        families += _of_store(tallies)
    live = [(name, status) for name, status in named(statuses) if not status.silent(now)]
    families += figures.families(({"role": name}, status.figures) for name, status in live)
    return text_of(families)


def _of_store(tallies: Tallies) -> list[Family]:
    return [
        _gauge("gateway_shares", "Shares by destination and state.", _by(("destination", "state"), tallies.shares)),
        _gauge(
            "gateway_share_oldest_seconds",
            "Age of the oldest share in a state in which something is still to happen.",
            _by(("destination", "state"), tallies.oldest_s),
        ),
        _gauge(
            "gateway_share_attempts",
            "Tries without an answer of the shares as they stand.",
            _by(("destination", "state"), tallies.attempts),
        ),
        _gauge("gateway_shares_held", "Held shares by reason.", _by(("destination", "reason"), tallies.held)),
        _one("gateway_queue_due", "Shares that could be worked on now.", tallies.due),
        _one(
            "gateway_queue_due_oldest_seconds",
            "For how long the first of them could have been worked on.",
            tallies.due_oldest_s,
        ),
        _gauge("gateway_relay_messages", "Messages of the relay, not settled.", _labelled("state", tallies.relay)),
        _one("gateway_sessions", "Sessions of people that are kept.", tallies.sessions),
        _gauge("gateway_notices_waiting", "Notices that were not delivered.", _labelled("channel", tallies.notices)),
    ]


def _processes(statuses: Sequence[Status], now: float) -> list[Family]:
    def each(value: Callable[[Status], float]) -> list[Sample]:
        return [Sample(value(status), {"role": name}) for name, status in named(statuses)]

    return [
        _gauge("gateway_process_up", "1 for a process that says that it lives.", each(lambda s: not s.silent(now))),
        _gauge("gateway_process_store_up", "1 when it reaches the store.", each(lambda s: not s.store)),
        _gauge("gateway_process_start_time_seconds", "When it started.", each(lambda s: s.started_at)),
        _gauge("gateway_process_resident_memory_bytes", "Memory in use.", each(lambda s: s.resident_bytes)),
    ]


def _looks(health: Health) -> list[Sample]:
    values = {"ok": 1.0, "warning": 0.5, "wrong": 0.0}
    return [Sample(values[look.state], {"look": look.name}) for look in health.looks]


def _one(name: str, words: str, value: float, labels: Mapping[str, str] | None = None) -> Family:
    return Family(name, "gauge", words, (Sample(value, labels or {}),))


def _gauge(name: str, words: str, samples: Iterable[Sample]) -> Family:
    return Family(name, "gauge", words, tuple(samples))


def _labelled(label: str, values: Mapping[str, float]) -> list[Sample]:
    return [Sample(value, {label: name}) for name, value in sorted(values.items())]


def _by(labels: tuple[str, str], values: Mapping[tuple[str, str], float]) -> list[Sample]:
    return [Sample(value, dict(zip(labels, key, strict=True))) for key, value in sorted(values.items())]
