"""The doorbell between machines: PostgreSQL's NOTIFY and LISTEN. It carries no news but "look".

Losing every ring costs one polling interval, for the truth is in the tables; so nothing here ever raises.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Engine, text

from gateway.store.engine import POSTGRESQL_ALIVE

log = structlog.get_logger(__name__)

CHANNEL = "gateway_work"
_QUIET_S = 0.05
_AGAIN_S = 5.0
_LOOK_UP_S = 1.0
_PATIENCE_S = 10.0


class Notifier:
    """Rings on every machine; whoever rings does not wait, and rings that come together are one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rung = threading.Event()
        self._ended = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def ring(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._ended:
                    self._begin()
        self._rung.set()

    def _begin(self) -> None:
        thread = threading.Thread(target=self._run, name="notifier", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No thread is to be had: the next ring tries again.
            log.warning("bell.not_rung", kind="RuntimeError")
        else:
            self._thread = thread

    def close(self) -> None:
        """The last ring goes out first."""
        with self._lock:
            self._ended = True
            thread = self._thread
        self._rung.set()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._ended:
            self._rung.wait()
            self._rung.clear()
            try:
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
            except Exception as error:  # noqa: BLE001 - nothing may end the ringing: it is a thread that nobody watches
                log.warning("bell.not_rung", kind=type(error).__name__)
            time.sleep(_QUIET_S)


class Listener:
    """Calls *ring* whenever a machine rings, and after each time that it could not listen."""

    def __init__(self, url: str, ring: Callable[[], None]) -> None:
        """*url*: as SQLAlchemy has it, ``postgresql+psycopg://…``."""
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._ring = ring
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 - nothing may end the listening: it is a thread that nobody watches
                log.warning("bell.not_heard", kind=type(error).__name__)
                self._ended.wait(_AGAIN_S)

    def _listen(self) -> None:
        from gateway.store.patient import PatientConnection  # an extra: whoever has no PostgreSQL has no psycopg

        alive: dict[str, Any] = POSTGRESQL_ALIVE
        with PatientConnection.connect(self._url, autocommit=True, connect_timeout=10, **alive) as connection:
            connection.patience_s = _PATIENCE_S
            connection.execute(f"LISTEN {CHANNEL}")
            self._ring()  # whatever came while nobody listened
            while not self._ended.is_set():
                for _ in connection.notifies(timeout=_LOOK_UP_S, stop_after=1):
                    self._ring()
