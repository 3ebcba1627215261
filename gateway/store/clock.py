"""One time for several machines: that of their database.

Due times and leases are written by one machine and read by another; clocks that differ by a minute would end leases
that are held, and a clock that is set would move them all. Between two looks at the database the time goes on by the
machine's monotonic clock, which nobody can set.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine, text

from gateway.errors import GatewayError
from gateway.store.engine import reading

log = structlog.get_logger(__name__)

REFRESH_S = 30.0
_WORTH_TELLING_S = 2.0
_PATIENCE_S = 1.0
"""A server whose disk hangs keeps its connections and answers nothing, and no time limit of its own ends that."""


def database_time(engine: Engine) -> datetime:
    """The database's own clock (PostgreSQL). Raises Unavailable."""
    with reading(engine) as connection:
        moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)


class DatabaseClock:
    """Implements :class:`gateway.flow.ports.Clock`; safe for threads. While the database is away it goes on alone."""

    def __init__(
        self,
        ask: Callable[[], datetime],
        *,
        monotonic: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._wall = wall
        self._lock = threading.Lock()
        self._known: tuple[datetime, float] | None = None
        self._asked_at = float("-inf")
        self._asking: threading.Thread | None = None

    def now(self) -> datetime:
        """Never waits for the database for long, but for its first answer: who receives messages asks for the time
        between two of them, and must answer when the database does not."""
        asking = self._refresh() if self._monotonic() - self._asked_at >= REFRESH_S else None
        if asking is not None:
            asking.join(_PATIENCE_S)
        known = self._known
        if known is None:
            return self._wall()
        at, since = known
        return at + timedelta(seconds=self._monotonic() - since)

    def _refresh(self) -> threading.Thread | None:
        """Ask, one at a time; the thread that does so, once there is a time to go on with meanwhile."""
        with self._lock:
            if self._monotonic() - self._asked_at < REFRESH_S or (self._asking is not None and self._asking.is_alive()):
                return None
            self._asked_at = self._monotonic()
            if self._known is None:
                self._ask_now()
                return None
            self._asking = threading.Thread(target=self._ask_now, name="clock", daemon=True)
            try:
                self._asking.start()
            except RuntimeError:
                log.warning("clock.not_asked", code="no_thread")
                return None
            return self._asking

    def _ask_now(self) -> None:
        before = self._monotonic()
        try:
            moment = self._ask()
        except GatewayError as error:
            log.warning("clock.not_asked", code=error.code)
            return
        after = self._monotonic()
        if self._known is not None:
            off_s = (moment - self._known[0]).total_seconds() - (after - self._known[1])
            if abs(off_s) > _WORTH_TELLING_S:
                log.warning("clock.database_was_set", by_s=round(off_s, 1))
        # The answer was right somewhere between question and answer.
        self._known = moment, (before + after) / 2
