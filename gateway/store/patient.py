"""Connections to PostgreSQL that do not wait for ever.

libpq has no time-out for an answer. A server whose host is gone is given up by TCP (``POSTGRESQL_ALIVE`` of
:mod:`gateway.store.engine`), and one that lives ends a statement at its own limit. One that is there, takes what it is
sent and answers nothing (its disk hangs, it is stopped, its machine swaps) is neither: whoever asked it would wait as
long as that lasts. All that psycopg waits for goes through one method, and that gets a deadline here.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen


class PatientConnection(psycopg.Connection[Any]):
    """One that is closed when the server has not answered within ``patience_s`` seconds."""

    patience_s: float | None = None
    """None: as long as it takes."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """As psycopg's own; raises OperationalError when the server was silent for too long.

        The connection is of no use then: whatever it was asked may still be done, or not.
        """
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience_s)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer") from None
