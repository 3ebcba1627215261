"""The pace of the looks at published studies, one for all workers on all machines (``[life] looks_per_minute``)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from gateway.model.watch import Watch
from gateway.store import pace, watches
from gateway.store.pace import Rate
from gateway.store.watches import SqlWatches
from gateway.store.writer import Writer

LOOKS = "life:looks"
"""Where the rates are kept; no destination has a colon in its name."""


class PacedLooks:
    """Claims of published studies; of all who claim, none goes sooner than the rate allows. Raises Unavailable."""

    def __init__(self, known: SqlWatches, writer: Writer, rate: Rate) -> None:
        self._known = known
        self._writer = writer
        self._rate = rate
        self._rated = False
        self._not_before: datetime | None = None
        """The moment that the store gave this one to come back at; nobody else was given it."""

    def claim(self, now: datetime, lease_s: float) -> Watch | None:
        """As :meth:`gateway.store.watches.SqlWatches.claim`; None while others have looked too recently."""
        if self._not_before is not None and now < self._not_before:
            return None
        due = self._known.next_due()
        if due is None or due > now:
            return None
        found, self._not_before = self._writer.run(lambda connection: self._take(connection, now, lease_s))
        return found

    def _take(self, connection: Connection, now: datetime, lease_s: float) -> tuple[Watch | None, datetime | None]:
        if not self._rated:
            pace.rated(connection, LOOKS, self._rate, now)
            self._rated = True
        until = pace.take(connection, LOOKS, self._rate, now)
        return (None, until) if until is not None else (watches.claim(connection, now, lease_s), None)

    def next_due(self) -> datetime | None:
        """When the next study is due, and this one may look."""
        due = self._known.next_due()
        return due if due is None or self._not_before is None else max(due, self._not_before)

    def renew(self, watch: Watch, until: datetime, /) -> bool:
        """A look is short, and its claim is long enough: never."""
        return False
