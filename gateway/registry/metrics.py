"""``GET /metrics`` of the registry: what it holds and what it has answered, as Prometheus reads it.

Nothing of a patient. The counters are those of this process and begin at nothing when it starts, which Prometheus knows
of counters.
"""

from __future__ import annotations

import threading
import time
from collections import Counter

import sqlalchemy as sa

from gateway.errors import Unavailable
from gateway.monitoring.exposition import CONTENT_TYPE, Family, Sample, text_of
from gateway.monitoring.health import Remembered
from gateway.registry import schema
from gateway.registry.service import RegistryService
from gateway.store.engine import reading

__all__ = ["CONTENT_TYPE", "Metrics"]

_COUNTED_S = 30.0
"""For how long the rows are not counted again: a registry of millions takes its time for it."""


class Metrics:
    """Counts what the registry answers, and tells it; safe for threads."""

    def __init__(self, service: RegistryService) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._answers: Counter[tuple[str, str]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._started_at = time.time()
        self._held = Remembered(self._count, _COUNTED_S)

    def answered(self, transaction: str, status: str, duration_s: float) -> None:
        """A transaction was answered with the status of the ebRS response."""
        with self._lock:
            self._answers[transaction, status] += 1
            self._seconds[transaction] += duration_s  # type: ignore[assignment] # a Counter adds any number

    def refused(self, code: str) -> None:
        """A request was answered with a SOAP fault."""
        with self._lock:
            self._faults[code] += 1

    def text(self) -> str:
        """All of it."""
        held = self._held()
        with self._lock:
            answers, seconds, faults = dict(self._answers), dict(self._seconds), dict(self._faults)
        families = [
            Family("registry_up", "gauge", "1 when the database answers.", (Sample(int(held is not None)),)),
            Family("registry_start_time_seconds", "gauge", "When this process started.", (Sample(self._started_at),)),
            Family(
                "registry_transactions_total",
                "counter",
                "Transactions answered, by the status of the response.",
                [Sample(n, {"transaction": t, "status": s}) for (t, s), n in sorted(answers.items())],
            ),
            Family(
                "registry_transaction_seconds_total",
                "counter",
                "Time that the transactions have taken.",
                [Sample(total, {"transaction": name}) for name, total in sorted(seconds.items())],
            ),
            Family(
                "registry_faults_total",
                "counter",
                "Requests answered with a SOAP fault, by the code of the failure.",
                [Sample(n, {"code": code}) for code, n in sorted(faults.items())],
            ),
        ]
        if held is not None:
            families.append(
                Family(
                    "registry_entries",
                    "gauge",
                    "Document entries by availability status.",
                    [Sample(n, {"status": status}) for status, n in sorted(held.items())],
                )
            )
        return text_of(families)

    def _count(self) -> dict[str, int] | None:
        """How many entries have each status; None when the database does not answer."""
        status = schema.ENTRIES.c.status
        try:
            with reading(self._service.engine) as connection:
                rows = connection.execute(sa.select(status, sa.func.count()).group_by(status)).all()
        except Unavailable:
            return None
        return {str(name).rpartition(":")[2]: int(number) for name, number in rows}
