"""Group commit: one answer to each caller, and it is true."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.errors import InputRejected, Unavailable
from gateway.store.engine import open_engine, reading, transaction
from gateway.store.writer import DirectWriter, GroupWriter, Writer, open_writer

METADATA = sa.MetaData()
THINGS = sa.Table("things", METADATA, sa.Column("id", sa.Integer, primary_key=True))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    one = open_engine(f"sqlite:///{tmp_path}/gateway.db", busy_timeout_s=0.2)
    with transaction(one) as connection:
        METADATA.create_all(connection)
    yield one
    one.dispose()


@pytest.fixture(params=[GroupWriter, DirectWriter])
def writer(request: pytest.FixtureRequest, engine: sa.Engine) -> Iterator[Writer]:
    one = request.param(engine)
    yield one
    one.close()


def put(number: int) -> Callable[[sa.Connection], int]:
    def function(connection: sa.Connection) -> int:
        connection.execute(sa.insert(THINGS), {"id": number})
        return number

    return function


def kept(engine: sa.Engine) -> list[int]:
    with reading(engine) as connection:
        return list(connection.execute(sa.select(THINGS.c.id).order_by(THINGS.c.id)).scalars())


def together(writer: Writer, functions: list[Callable[[sa.Connection], Any]]) -> list[Any]:
    """Run *functions* in one group; gives the answers."""
    return in_one_group(writer, [lambda one=one: writer.run(one) for one in functions])  # type: ignore[misc]


def in_one_group(writer: Writer, callers: list[Callable[[], Any]]) -> list[Any]:
    """Have *callers* queue in their order while somebody holds the writer; gives their answers."""
    answers: list[Any] = [None] * len(callers)
    release, held = threading.Event(), threading.Event()

    def hold(connection: sa.Connection) -> None:
        held.set()
        release.wait()

    def send(place: int) -> None:
        try:
            answers[place] = callers[place]()
        except Exception as error:  # noqa: BLE001 - looked at by the test
            answers[place] = error

    holder = threading.Thread(target=writer.run, args=(hold,))
    holder.start()
    held.wait()
    threads = [threading.Thread(target=send, args=(place,)) for place in range(len(callers))]
    for number, thread in enumerate(threads, 1):
        thread.start()
        while isinstance(writer, GroupWriter) and len(writer._line) < number:
            time.sleep(0.001)
    release.set()
    for thread in [holder, *threads]:
        thread.join()
    return answers


def test_sqlite_gets_the_line_and_nothing_else_does(engine: sa.Engine) -> None:
    writer = open_writer(engine)
    assert isinstance(writer, GroupWriter)
    writer.close()


def test_a_function_that_ran_is_durable_when_it_returns(writer: Writer, engine: sa.Engine) -> None:
    assert writer.run(put(1)) == 1
    assert kept(engine) == [1]


def test_what_a_function_raises_comes_through_and_undoes_it_alone(writer: Writer, engine: sa.Engine) -> None:
    def fail(connection: sa.Connection) -> None:
        put(2)(connection)
        raise InputRejected("mine")

    with pytest.raises(InputRejected, match="mine"):
        writer.run(fail)
    with pytest.raises(Unavailable, match="store_unavailable"):
        writer.run(lambda connection: connection.execute(sa.text("SELECT * FROM nowhere")))
    assert writer.run(put(3)) == 3
    assert kept(engine) == [3]


def test_of_a_group_the_failing_unit_fails_alone(engine: sa.Engine) -> None:
    writer = GroupWriter(engine)
    writer.run(put(1))

    def refuse(connection: sa.Connection) -> None:
        put(7)(connection)
        raise InputRejected("mine")

    answers = together(writer, [put(2), put(1), put(3), refuse, put(4)])
    writer.close()
    assert answers[0] == 2
    assert isinstance(answers[1], Unavailable)
    assert isinstance(answers[3], InputRejected)
    assert (answers[2], answers[4]) == (3, 4)
    assert kept(engine) == [1, 2, 3, 4]


class Several:
    """Puts what several callers give; notes how many came together each time."""

    def __init__(self) -> None:
        self.times: list[int] = []

    def __call__(self, connection: sa.Connection, given: Sequence[int]) -> list[int]:
        self.times.append(len(given))
        for number in given:
            put(number)(connection)
            if number < 0:
                raise InputRejected("mine")
        return [number * 10 for number in given]


def test_what_can_be_done_together_is_done_once_for_those_behind_one_another(engine: sa.Engine) -> None:
    several, others = Several(), Several()
    with closing(GroupWriter(engine)) as writer:
        assert writer.run_together(several, 1) == 10
        answers = in_one_group(
            writer,
            [
                lambda: writer.run_together(several, 2),
                lambda: writer.run_together(several, 3),
                lambda: writer.run(put(4)),
                lambda: writer.run_together(several, 5),
                lambda: writer.run_together(others, 6),
                lambda: writer.run_together(others, 7),
            ],
        )
    assert answers == [20, 30, 4, 50, 60, 70]
    assert (several.times, others.times) == ([1, 2, 1], [2])
    assert kept(engine) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("wrong", [-1, 1], ids=["refused by us", "refused by the database"])
def test_where_one_of_several_fails_each_is_done_alone_and_it_fails_alone(engine: sa.Engine, wrong: int) -> None:
    several = Several()
    with closing(GroupWriter(engine)) as writer:
        writer.run(put(1))
        callers = [lambda given=given: writer.run_together(several, given) for given in (2, wrong, 3)]  # type: ignore[misc]
        answers = in_one_group(writer, callers)
    assert (answers[0], answers[2]) == (20, 30)
    assert isinstance(answers[1], InputRejected if wrong < 0 else Unavailable)
    assert several.times == [3, 1, 1, 1]
    assert kept(engine) == [1, 2, 3]


def test_several_done_together_fail_together_when_the_database_gives_them_up(engine: sa.Engine) -> None:
    def give_up(connection: sa.Connection, given: Sequence[int]) -> list[int]:
        put(given[0])(connection)
        connection.exec_driver_sql("ROLLBACK")
        raise InputRejected("mine")

    with closing(GroupWriter(engine)) as writer:
        answers = in_one_group(
            writer, [lambda: writer.run_together(give_up, 1), lambda: writer.run_together(give_up, 2)]
        )
    assert [type(answer) for answer in answers] == [Unavailable] * 2
    assert kept(engine) == []


def test_a_database_with_transactions_of_its_own_is_given_each_alone(engine: sa.Engine) -> None:
    several, told = Several(), threading.Event()
    assert DirectWriter(engine).run_together(several, 1, told.set) == 10
    assert told.is_set()
    assert several.times == [1]


def test_a_commit_that_fails_fails_every_caller_of_its_group(engine: sa.Engine) -> None:
    writer = GroupWriter(engine)
    armed = threading.Event()

    @sa.event.listens_for(engine, "commit")
    def fail(connection: sa.Connection) -> None:
        if armed.is_set():
            raise sa.exc.OperationalError("COMMIT", None, Exception("disk I/O error"))

    def arm(connection: sa.Connection) -> None:
        armed.set()

    answers = together(writer, [put(number) for number in range(5)] + [arm])
    armed.clear()
    assert [type(answer) for answer in answers] == [Unavailable] * 6
    assert kept(engine) == []
    assert writer.run(put(9)) == 9
    writer.close()


def test_a_transaction_that_the_database_gave_up_takes_its_group_with_it(engine: sa.Engine) -> None:
    """A full disk makes SQLite roll back by itself: what came before in the group must not be told as kept."""
    writer = GroupWriter(engine)

    def give_up(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")
        raise InputRejected("mine")

    answers = together(writer, [put(1), put(2), give_up, put(3)])
    told = sorted(answer for answer in answers if isinstance(answer, int))
    assert told == kept(engine) == []
    writer.close()


def test_a_database_that_another_process_holds_is_busy_and_then_serves(writer: Writer, engine: sa.Engine) -> None:
    with transaction(engine), pytest.raises(Unavailable, match="store_busy"):
        writer.run(put(1))
    assert writer.run(put(1)) == 1


def test_a_closed_writer_ends_its_queue_and_then_says_so(engine: sa.Engine) -> None:
    writer = GroupWriter(engine)
    before = threading.active_count()
    assert together(writer, [put(number) for number in range(20)]) == list(range(20))
    writer.close()
    writer.close()
    assert threading.active_count() == before
    with pytest.raises(Unavailable, match="store_closed"):
        writer.run(put(99))
    assert len(kept(engine)) == 20


def test_a_function_that_waits_for_another_one_is_refused(engine: sa.Engine) -> None:
    writer = GroupWriter(engine)
    with pytest.raises(RuntimeError):
        writer.run(lambda connection: writer.run(put(1)))
    assert writer.run(put(2)) == 2
    writer.close()


def test_a_child_process_writes_with_a_line_of_its_own(engine: sa.Engine) -> None:
    writer = GroupWriter(engine)
    writer.run(put(1))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            writer.run(put(2))
            writer.close()
            code = 0 if kept(engine) == [1, 2] else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    writer.run(put(3))
    writer.close()
    assert kept(engine) == [1, 2, 3]


def test_who_is_told_too_early_and_breaks_leaves_nobody_waiting(engine: sa.Engine) -> None:
    def broken() -> None:
        raise LookupError

    with closing(open_writer(engine)) as one:
        with pytest.raises(LookupError):
            one.run(put(1), broken)
        assert one.run(put(2)) == 2
    assert kept(engine) == [1, 2]


def test_the_connection_of_the_line_is_kept_until_a_fork_a_fault_or_the_end(engine: sa.Engine) -> None:
    pool = engine.pool
    assert isinstance(pool, sa.pool.QueuePool)
    with closing(GroupWriter(engine)) as writer:
        writer.run(put(1))
        writer.run(put(2))
        assert pool.checkedout() == 1
        writer.before_fork()
        assert pool.checkedout() == 0
        writer.run(put(3))
        with pytest.raises(Unavailable):
            writer.run(put(3))
        assert pool.checkedout() == 0
        with pytest.raises(InputRejected):
            writer.run(refuse)
        assert writer.run(put(4)) == 4
    assert pool.checkedout() == 0
    assert kept(engine) == [1, 2, 3, 4]


def refuse(connection: sa.Connection) -> None:
    put(7)(connection)
    raise InputRejected("mine")
