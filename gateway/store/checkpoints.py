"""Checkpoints of SQLite: what commits wrote to the log is copied into the database beside them.

A commit of SQLite ends with its pages in the write-ahead log; when that has grown, somebody copies them to their
places in the database and syncs it. SQLite lets the commit do so that made the log long enough: with some 60 pages a
report every 19th sender waited for it. Here a thread does it, twice a second while there are commits, without the
write lock (``PASSIVE``); it ends when there are none. A log whose pages have all been copied is begun anew by the next
commit, so it stays as short as what is written between two rounds.

Nothing depends on the thread: without it, or when it falls behind, a commit does it itself from
:data:`LONGEST_LOG_PAGES` on, and the last process to close the database copies the rest. Source:
https://www.sqlite.org/wal.html, sections 3.1 and 6.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref

import structlog
from sqlalchemy import Engine, exc

log = structlog.get_logger(__name__)

LONGEST_LOG_PAGES = 8000
"""From this length on, 32 MB, a commit copies the log itself (``wal_autocheckpoint``)."""
PAUSE_S = 0.5


class Checkpoints:
    """The rounds of one process for one database of SQLite."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._due = False
        _all.add(self)

    def committed(self) -> None:
        """There is something to copy; a round comes soon."""
        self._due = True
        if self._thread is None:
            self._begin()

    def stop(self) -> None:
        """End the thread; a later commit begins a new one."""
        with self._changed:
            thread = self._thread
            self._ending.set()
        if thread is not None:
            thread.join()
        self._ending.clear()

    def _begin(self) -> None:
        with self._changed:
            if self._thread is None:
                # Not waited for at the end of the process: the next one finds the log.
                thread = threading.Thread(target=self._rounds, name="checkpoints", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    # No thread is to be had: what was committed stays in the log, and its caller must hear so.
                    log.warning("store.checkpoint_failed", kind="RuntimeError")
                else:
                    self._thread = thread

    def _rounds(self) -> None:
        while self._goes_on():
            self._copy()

    def _goes_on(self) -> bool:
        """After a pause: whether something was committed meanwhile; the thread ends when not, or when told to."""
        told = self._ending.wait(PAUSE_S)
        with self._changed:
            if self._due and not told:
                self._due = False
                return True
            self._thread = None
            return False

    def _copy(self) -> None:
        try:
            connection = self._engine.raw_connection()
            try:
                # What another process is copying, or a reader still needs, stays for the next round.
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").close()
            finally:
                connection.close()
        except (exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
            # The log is durable as it is; the next round, or a commit, tries again.
            log.warning("store.checkpoint_failed", kind=type(error).__name__)


_all: weakref.WeakSet[Checkpoints] = weakref.WeakSet()


def _stop_before_fork() -> None:
    # No connection in use is carried over a fork (gateway.store.engine).
    for each in list(_all):
        each.stop()


os.register_at_fork(before=_stop_before_fork)
