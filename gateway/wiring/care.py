"""Builds what keeps the gateway well: the pace of its workers, the bell between machines, the clock, the chores."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from gateway.settings import Settings
from gateway.store.bell import Listener, Notifier
from gateway.store.chores import chore
from gateway.store.clock import DatabaseClock, database_time
from gateway.store.pace import Rate
from gateway.store.pacing import Pace, Paced

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.flow.ports import Clock, Store
    from gateway.store.blobs import FileBlobs
    from gateway.store.writer import Writer

log = structlog.get_logger(__name__)

HOUR_S = 3600.0
DAY_S = 86_400.0
_ORPHAN_AGE = timedelta(days=1)
"""A file without a row is younger than this while its row is on the way, and is left over from a crash after."""
_LOOK_AGAIN_S = HOUR_S / 2
"""Between the two looks at a file that nothing names."""


def is_shared(settings: Settings) -> bool:
    """Whether several machines may stand on the store."""
    return not settings.store.url.startswith("sqlite")


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def clock(settings: Settings, engine: Callable[[], Engine]) -> Clock:
    """The time by which leases end and shares are due: of one machine its own, of several their database's."""
    return DatabaseClock(lambda: database_time(engine())) if is_shared(settings) else SystemClock()


def pace(settings: Settings, engine: Engine, writer: Writer, store: Store, time_of: Clock) -> Pace:
    """What holds the workers back."""
    sites_of: dict[str, list[str]] = {}
    for name, site in settings.site.items():
        sites_of.setdefault("+".join(site.pacs_names) or "*", []).append(name)
    rates = {
        name: Rate(per_minute=table.max_per_minute, burst=float(table.burst))
        for name, table in settings.destination.items()
        if table.max_per_minute
    }
    patience = settings.patience
    return Pace(
        engine,
        writer,
        store,
        time_of,
        rates=rates,
        sites_of=sites_of,
        first_s=patience.retry_first_s,
        longest_s=min(60.0, patience.retry_longest_s),
    )


def paced_destinations(destinations: Mapping[str, Any], pace_of: Pace) -> dict[str, Any]:
    """Each destination, held back; to prepare a submission asks for leave, and reaches nobody."""
    return {
        name: Paced(one, f"destination:{name}", pace_of, destination=name, local=("prepare",))
        for name, one in destinations.items()
    }


def paced_pacs(pacs: Mapping[str, Any], pace_of: Pace) -> dict[str, Any]:
    """Each PACS, or several as one, held back."""
    return {name: Paced(one, f"pacs:{name}", pace_of) for name, one in pacs.items()}


class Bell:
    """What accepts rings, what works listens: in this machine by a pipe, between machines by the database."""

    def __init__(self, settings: Settings, engine: Callable[[], Engine], ring: Callable[[], None]) -> None:
        self._ring = ring
        self._engine = engine
        self._shared = is_shared(settings)
        self._url = settings.store.url
        self._notifier: Notifier | None = None
        self._listener: Listener | None = None
        self._lock = threading.Lock()

    def ring(self) -> None:
        """Something may be due, here or elsewhere; does not wait."""
        self._ring()
        if self._shared:
            with self._lock:
                if self._notifier is None:
                    self._notifier = Notifier(self._engine())
            self._notifier.ring()

    def listen(self) -> None:
        """Have the pipe of this process rung by other machines too."""
        if self._shared:
            self._listener = Listener(self._url, self._ring)
            self._listener.start()

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        if self._notifier is not None:
            self._notifier.close()


class Chores:
    """What the workers do now and then, each thing by one of them."""

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        clock_of: Clock,
        pace_of: Pace,
        blobs: FileBlobs,
        is_referenced: Callable[[str], bool],
        *,
        hourly: Callable[[], object],
        daily: Callable[[], object],
    ) -> None:
        """*hourly*, *daily*: further things to do, by one of all workers."""
        self._settings = settings
        self._writer = writer
        self._clock = clock_of
        self._pace = pace_of
        self._blobs = blobs
        self._is_referenced = is_referenced
        self._hourly = hourly
        self._daily = daily
        self._orphans: dict[Path, float] = {}
        self._found_at = 0.0

    def __call__(self) -> None:
        """Do what is due; raises Unavailable."""
        patience, lease_s = self._settings.patience, self._settings.work.lease_s
        delays = (patience.retry_longest_s, patience.look_interval_s, patience.retry_first_s)
        self._pace.mend(2 * max(delays), 2 * patience.study_deadline_s, lease_s)
        self._pace.probe()
        now = self._clock.now()
        with chore(self._writer, "hourly", now, every_s=HOUR_S) as mine:
            if mine:
                self._hourly()
        self._remove_orphans()
        with chore(self._writer, "daily", now, every_s=DAY_S, lease_s=6 * HOUR_S) as mine:
            if mine:
                self._find_orphans(now)
                self._daily()

    def _find_orphans(self, now: datetime) -> None:
        self._orphans = self._blobs.orphans(now - _ORPHAN_AGE, self._is_referenced)
        self._found_at = time.monotonic()

    def _remove_orphans(self) -> None:
        if self._orphans and time.monotonic() - self._found_at >= _LOOK_AGAIN_S:
            self._blobs.remove(self._orphans, self._is_referenced)
            self._orphans = {}
