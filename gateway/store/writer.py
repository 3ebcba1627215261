"""How transactions that write are run: ``writer.run(function)``, with one answer on both databases.

PostgreSQL groups commits itself, so there each function has its own transaction (:class:`DirectWriter`). SQLite has
one write lock; threads that compete for it by waiting and asking again make some of them wait very long. So there the
threads of a process stand in line (:class:`GroupWriter`): the first of the line leads. It takes what has queued up
behind it, runs each function in its own savepoint, commits once, lets the callers go, and hands the lead to the next
of the line. A caller who is alone hands nothing to anybody: it commits in its own thread. A function that raises
undoes itself alone; a commit that fails fails every function of its group, for none of them happened. What can be
done for several callers at once (``run_together``) is: the rows of all go into one statement of each table, in one
savepoint, and one by one where that fails.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine, exc

from gateway.audit.inserting import driver_cursor
from gateway.errors import Unavailable
from gateway.store.checkpoints import Checkpoints
from gateway.store.engine import mapped, transaction

log = structlog.get_logger(__name__)

T = TypeVar("T")
G = TypeVar("G")

Together = Callable[[Connection, Sequence[G]], Sequence[T]]
"""Does for several callers what each of them gives, in their order, and gives a result for each. What it raises undoes
what it did for all of them: then it is called anew for each alone."""

_GROUP = 64
_SAVEPOINT, _UNDONE, _RELEASED = "SAVEPOINT unit", "ROLLBACK TO unit", "RELEASE unit"
_CALLED = 0


class Writer(Protocol):
    """Runs functions in transactions that may write."""

    def run(self, function: Callable[[Connection], T], queued: Callable[[], None] = lambda: None) -> T:
        """The result of *function*, which is durable. What it raises comes through, the database's failures mapped
        (:func:`gateway.store.engine.mapped`), and nothing it did remains.

        *queued* is called as soon as it is sure that a function given later will happen later."""

    def run_together(self, together: Together[G, T], given: G, queued: Callable[[], None] = lambda: None) -> T:
        """As :meth:`run`, the result of *together* for *given*, and where others behind one another wait with the same
        *together*, it may be called once for all of them: several rows go into one statement then."""

    def run_ahead(self, function: Callable[[Connection], T]) -> T:
        """As :meth:`run`, for what may be undone by a power cut until something that came later is durable: a claim,
        a look at a study. Then it never happened, and nothing outside may know of it."""

    def close(self) -> None:
        """End what was queued; a later :meth:`run` raises Unavailable (``store_closed``)."""


def open_writer(engine: Engine) -> Writer:
    """The writer that fits *engine*."""
    return GroupWriter(engine) if engine.dialect.name == "sqlite" else DirectWriter(engine)


class DirectWriter:
    """One transaction a function, in the caller's thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = False

    def run(self, function: Callable[[Connection], T], queued: Callable[[], None] = lambda: None) -> T:
        result = self._run(function, ahead=False)
        # Two transactions that run side by side have no order: only the end of one is sure.
        queued()
        return result

    def run_together(self, together: Together[G, T], given: G, queued: Callable[[], None] = lambda: None) -> T:
        return self.run(lambda connection: together(connection, (given,))[0], queued)

    def run_ahead(self, function: Callable[[Connection], T]) -> T:
        """The server does not wait for its disk: the log is written in order, so a later commit that does wait keeps
        this one too. Of the four of a share that leaves two."""
        return self._run(function, ahead=True)

    def _run(self, function: Callable[[Connection], T], *, ahead: bool) -> T:
        if self._closed:
            raise Unavailable("store_closed")
        with transaction(self._engine, ahead=ahead) as connection:
            return function(connection)

    def close(self) -> None:
        self._closed = True


class _Unit:
    """One function on its way, and the caller who waits for it."""

    def __init__(
        self, function: Callable[[Connection], Any], together: Together[Any, Any] | None = None, given: Any = None
    ) -> None:
        """*function* is *together* for *given* alone, where there is one."""
        self.function = function
        self.together = together
        self.given = given
        self.called = threading.Event()
        """Set when the unit is settled, or when its caller is to lead."""
        self.settled = False
        self._result: Any = None
        self._error: BaseException | None = None

    def work(self, connection: Connection) -> None:
        """Run in a savepoint. An OperationalError is the database's own trouble: it leaves, and ends the group.

        The savepoint is made by the driver: SQLAlchemy's takes longer (0.12 ms) than a transaction of one's own, and a
        group would gain nothing.
        """
        _run(connection, _SAVEPOINT)
        try:
            self._result = self.function(connection)
        except exc.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            self._error = error
            _run(connection, _UNDONE)
        _run(connection, _RELEASED)

    def found(self, result: Any) -> None:
        """What :meth:`work` would have found, from somebody who did it together with others'."""
        self._result = result

    def settle(self, result: Any = None, error: BaseException | None = None) -> None:
        """Let the caller go with *result* or *error*; with neither, with what :meth:`work` found."""
        self._result = self._result if result is None else result
        self._error = self._error if error is None else error
        self.settled = True
        self.called.set()

    def outcome(self) -> Any:
        """The function's result, or what it raised."""
        if self._error is not None:
            raise self._error
        return self._result


def _work_together(connection: Connection, units: Sequence[_Unit], together: Together[Any, Any]) -> None:
    """As :meth:`_Unit.work` of each of *units*, which have *together* in common, in one savepoint if that can be."""
    _run(connection, _SAVEPOINT)
    try:
        results = together(connection, [unit.given for unit in units])
    except exc.OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - whose it is comes out when each is done alone
        log.info("store.done_one_by_one", size=len(units), kind=type(error).__name__)
        _run(connection, _UNDONE)
        _run(connection, _RELEASED)
        for unit in units:
            unit.work(connection)
        return
    _run(connection, _RELEASED)
    for unit, result in zip(units, results, strict=True):
        unit.found(result)


def _run(connection: Connection, statement: str) -> None:
    with driver_cursor(connection, statement) as cursor:
        cursor.execute(statement)


class GroupWriter:
    """The threads of one process in line; whoever comes to its head commits for those behind it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = False
        self._begin()
        _writers.add(self)

    def _begin(self) -> None:
        self._kept: Connection | None = None
        """Of whoever leads. To borrow one and to give it back takes SQLAlchemy twice as long as the transaction."""
        self._checkpoints = Checkpoints(self._engine)
        self._changed = threading.Condition()
        self._line: deque[_Unit] = deque()
        self._leader: int | None = None
        """The thread that commits, :data:`_CALLED` until the next of the line has taken over; None when all is done."""

    def run(self, function: Callable[[Connection], T], queued: Callable[[], None] = lambda: None) -> T:
        result: T = self._run(_Unit(function), queued)
        return result

    def run_together(self, together: Together[G, T], given: G, queued: Callable[[], None] = lambda: None) -> T:
        unit = _Unit(lambda connection: together(connection, (given,))[0], together, given)
        result: T = self._run(unit, queued)
        return result

    def _run(self, unit: _Unit, queued: Callable[[], None]) -> Any:
        leads = self._stand_in_line(unit)
        try:
            queued()
        finally:
            # Whatever that raises: who stands in line takes part, or those behind wait for ever.
            if not leads:
                self._wait(unit)
            if not unit.settled:
                self._lead()
        with mapped():
            return unit.outcome()

    def run_ahead(self, function: Callable[[Connection], T]) -> T:
        """Durable here: SQLite has one promise for all that a connection commits."""
        return self.run(function)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: self._leader is None)
            self._give_back()
        self._checkpoints.stop()

    def _stand_in_line(self, unit: _Unit) -> bool:
        """Whether its caller leads at once."""
        me = threading.get_ident()
        with self._changed:
            if self._closed:
                raise Unavailable("store_closed")
            if self._leader == me:
                raise RuntimeError("a function that is being written may not wait for another one")
            self._line.append(unit)
            if self._leader is None:
                self._leader = me
                return True
        return False

    def _wait(self, unit: _Unit) -> None:
        try:
            unit.called.wait()
        except BaseException:
            # Interrupted: the others must not wait for a leader who has gone.
            with self._changed:
                if unit in self._line:
                    self._line.remove(unit)
                if unit.called.is_set() and not unit.settled:
                    self._pass_on()
            raise

    def _lead(self) -> None:
        """Commit for the head of the line, which is the caller's own unit, and for what stands behind it."""
        with self._changed:
            self._leader = threading.get_ident()
            group = [self._line.popleft() for _ in range(min(len(self._line), _GROUP))]
        try:
            if len(group) == 1:
                self._commit_one(group[0])
            else:
                self._commit(group)
            self._checkpoints.committed()
        finally:
            for unit in group:
                if not unit.settled:  # the leader was interrupted; whether it was in time to commit is not known
                    unit.settle(error=Unavailable("store_closed"))
            with self._changed:
                self._pass_on()

    def _pass_on(self) -> None:
        if self._line:
            self._leader = _CALLED
            self._line[0].called.set()
        else:
            self._leader = None
            self._changed.notify_all()

    def _commit_one(self, unit: _Unit) -> None:
        """A function alone: the transaction is its own, and a savepoint would only cost time."""
        try:
            with self._transaction() as connection:
                result = unit.function(connection)
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
            unit.settle(error=error)
        else:
            unit.settle(result)

    def _commit(self, group: list[_Unit]) -> None:
        try:
            with self._transaction() as connection:
                for together, alike in groupby(group, lambda unit: unit.together):
                    units = list(alike)
                    if together is not None and len(units) > 1:
                        _work_together(connection, units, together)
                    else:
                        for unit in units:
                            unit.work(connection)
        except Exception as error:  # noqa: BLE001 - handed to every caller of the group
            log.warning("store.group_failed", size=len(group), kind=type(error).__name__)
            for unit in group:
                unit.settle(error=error)
        else:
            for unit in group:
                unit.settle()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """As :func:`gateway.store.engine.transaction`, on the connection that is kept."""
        with mapped():
            if self._kept is None:
                self._kept = self._engine.connect()
            try:
                with self._kept.begin():
                    yield self._kept
            except exc.SQLAlchemyError:
                self._give_back()
                raise

    def _give_back(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def before_fork(self) -> None:
        """No idle connection is carried over a fork (:mod:`gateway.store.engine`)."""
        with self._changed:
            if self._leader is None:
                self._give_back()


_writers: weakref.WeakSet[GroupWriter] = weakref.WeakSet()


_of_the_parent: list[Connection | None] = []
"""Connections that a child has over a fork and neither uses nor closes."""


def _give_back_before_fork() -> None:
    for writer in list(_writers):
        writer.before_fork()


def _begin_after_fork() -> None:
    # Whoever stood in line stays with the parent, and so does the leader.
    for writer in list(_writers):
        # What a thread of the parent was committing by: to close it here would end the parent's log under it.
        _of_the_parent.append(writer._kept)
        writer._begin()


os.register_at_fork(before=_give_back_before_fork, after_in_child=_begin_after_fork)
