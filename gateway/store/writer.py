"""How transactions that write are run: ``writer.run(function)``, with one answer on both databases.

PostgreSQL groups commits itself, so there each function has its own transaction (:class:`DirectWriter`). SQLite has
one write lock; threads that compete for it by waiting and asking again make some of them wait very long. So there one
thread a process writes for all (:class:`GroupWriter`): it takes what has queued up, runs each function in its own
savepoint, commits once, and only then lets the callers go. A function that raises undoes itself alone; a commit that
fails fails every function of its group, for none of them happened.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine, exc

from gateway.errors import Unavailable
from gateway.store.engine import mapped, transaction

log = structlog.get_logger(__name__)

T = TypeVar("T")

_GROUP = 64


class Writer(Protocol):
    """Runs functions in transactions that may write."""

    def run(self, function: Callable[[Connection], T]) -> T:
        """The result of *function*, which is durable. What it raises comes through, the database's failures mapped
        (:func:`gateway.store.engine.mapped`), and nothing it did remains."""

    def close(self) -> None:
        """End what was queued, then the thread; a later :meth:`run` raises Unavailable (``store_closed``)."""


def open_writer(engine: Engine) -> Writer:
    """The writer that fits *engine*."""
    return GroupWriter(engine) if engine.dialect.name == "sqlite" else DirectWriter(engine)


class DirectWriter:
    """One transaction a function, in the caller's thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = False

    def run(self, function: Callable[[Connection], T]) -> T:
        if self._closed:
            raise Unavailable("store_closed")
        with transaction(self._engine) as connection:
            return function(connection)

    def close(self) -> None:
        self._closed = True


class _Unit:
    """One function on its way, and the caller who waits for it."""

    def __init__(self, function: Callable[[Connection], Any]) -> None:
        self.function = function
        self.done: Future[Any] = Future()
        self._result: Any = None
        self._error: Exception | None = None

    def work(self, connection: Connection) -> None:
        """Run in a savepoint. An OperationalError is the database's own trouble: it leaves, and ends the group."""
        try:
            with connection.begin_nested():
                self._result = self.function(connection)
        except exc.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            self._error = error

    def settle(self) -> None:
        """Let the caller go, now that the group is committed."""
        if self._error is None:
            self.done.set_result(self._result)
        else:
            self.done.set_exception(self._error)


class GroupWriter:
    """One thread that commits for all; it starts with the first function, in whichever process that is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = False
        self._begin()
        _writers.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._queue: SimpleQueue[_Unit | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(self, function: Callable[[Connection], T]) -> T:
        unit = _Unit(function)
        with self._lock:
            if self._closed:
                raise Unavailable("store_closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
                self._thread.start()
            elif self._thread is threading.current_thread():
                raise RuntimeError("a function that is being written may not wait for another one")
            self._queue.put(unit)
        with mapped():
            result: T = unit.done.result()
        return result

    def close(self) -> None:
        with self._lock:
            thread, self._closed = self._thread, True
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            group, last = self._take()
            if len(group) == 1:
                self._commit_one(group[0])
            elif group:
                self._commit(group)
            if last:
                return

    def _take(self) -> tuple[list[_Unit], bool]:
        """What waits, at least one; and whether it is the last. Nothing is queued after the end mark."""
        group: list[_Unit] = []
        try:
            while len(group) < _GROUP:
                unit = self._queue.get(block=not group)
                if unit is None:
                    return group, True
                group.append(unit)
        except Empty:
            return group, False
        return group, False

    def _commit_one(self, unit: _Unit) -> None:
        """A function alone: the transaction is its own, and a savepoint would only cost time."""
        try:
            with transaction(self._engine) as connection:
                result = unit.function(connection)
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            unit.done.set_exception(error)
        else:
            unit.done.set_result(result)

    def _commit(self, group: list[_Unit]) -> None:
        try:
            with transaction(self._engine) as connection:
                for unit in group:
                    unit.work(connection)
        except Exception as error:  # noqa: BLE001 - handed to every caller of the group
            log.warning("store.group_failed", size=len(group), kind=type(error).__name__)
            for unit in group:
                unit.done.set_exception(error)
        else:
            for unit in group:
                unit.settle()


_writers: weakref.WeakSet[GroupWriter] = weakref.WeakSet()


def _begin_after_fork() -> None:
    # The thread stays with the parent, and so does whatever was queued for it.
    for writer in list(_writers):
        writer._begin()


os.register_at_fork(after_in_child=_begin_after_fork)
