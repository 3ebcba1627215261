"""Checkpoints of SQLite beside the commits: the log stays short, and nothing depends on the thread that sees to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from gateway.store import checkpoints
from gateway.store.engine import open_engine, reading, transaction
from gateway.store.writer import GroupWriter

PATIENCE_S = 30.0
A_PAGE = "x" * 4000


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    monkeypatch.setattr(checkpoints, "PAUSE_S", 0.01)
    one = open_engine(f"sqlite:///{tmp_path}/gateway.db")
    with transaction(one) as connection:
        connection.exec_driver_sql("CREATE TABLE things (words TEXT)")
    yield one
    one.dispose()


@pytest.fixture
def writer(engine: sa.Engine) -> Iterator[GroupWriter]:
    one = GroupWriter(engine)
    yield one
    one.close()


def put(connection: sa.Connection) -> None:
    connection.exec_driver_sql("INSERT INTO things VALUES (?)", (A_PAGE,))


def in_the_database(folder: Path) -> int:
    """How many things stand in the database itself, without its log."""
    alone = folder / "alone.db"
    shutil.copyfile(folder / "gateway.db", alone)
    try:
        with closing(sqlite3.connect(alone)) as connection:
            return int(connection.execute("SELECT count(*) FROM things").fetchone()[0])
    except sqlite3.DatabaseError:  # copied while it was being written
        return -1


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def rounds() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "checkpoints"]


def test_what_was_committed_comes_into_the_database_without_another_commit(writer: GroupWriter, tmp_path: Path) -> None:
    for _ in range(3):
        writer.run(put)
    until(lambda: in_the_database(tmp_path) == 3)


def test_the_thread_ends_when_nothing_is_committed_and_begins_again(writer: GroupWriter, tmp_path: Path) -> None:
    writer.run(put)
    until(lambda: not rounds())
    writer.run(put)
    until(lambda: in_the_database(tmp_path) == 2)


def test_the_log_is_begun_anew_instead_of_growing(writer: GroupWriter, tmp_path: Path) -> None:
    sizes = []
    for number in range(1, 11):
        writer.run(lambda connection: [put(connection) for _ in range(50)])
        until(lambda number=number: in_the_database(tmp_path) == 50 * number)  # type: ignore[misc]
        sizes.append((tmp_path / "gateway.db-wal").stat().st_size)
    assert max(sizes) < 3 * sizes[0]


def test_a_reader_of_an_older_state_holds_back_nobody(writer: GroupWriter, engine: sa.Engine, tmp_path: Path) -> None:
    writer.run(put)
    with reading(engine) as connection:
        count = sa.text("SELECT count(*) FROM things")
        assert connection.execute(count).scalar() == 1
        for _ in range(5):
            writer.run(put)
        time.sleep(0.05)
        assert connection.execute(count).scalar() == 1
    writer.run(put)
    until(lambda: in_the_database(tmp_path) == 7)


def test_a_closed_writer_leaves_no_thread(writer: GroupWriter) -> None:
    writer.run(put)
    writer.close()
    assert not rounds()


def test_a_checkpoint_that_fails_disturbs_no_commit(
    writer: GroupWriter, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Event()

    def refuse() -> None:
        tried.set()
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(writer._checkpoints, "_engine", SimpleNamespace(raw_connection=refuse))
    writer.run(put)
    assert tried.wait(PATIENCE_S)
    writer.run(put)
    with reading(engine) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM things")).scalar() == 2


def test_a_commit_is_told_though_no_thread_is_to_be_had(
    writer: GroupWriter, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    writer.run(put)
    with reading(engine) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM things")).scalar() == 1


def test_without_the_thread_a_commit_copies_a_log_that_has_become_long(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints.Checkpoints, "committed", lambda self: None)
    with reading(engine) as connection:
        longest = connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar()
    assert longest == checkpoints.LONGEST_LOG_PAGES
    writer = GroupWriter(engine)
    rows = checkpoints.LONGEST_LOG_PAGES + 100
    writer.run(lambda connection: [put(connection) for _ in range(rows)])
    assert in_the_database(tmp_path) == rows
    writer.close()


def test_no_thread_is_at_work_while_a_child_is_forked(writer: GroupWriter, tmp_path: Path) -> None:
    writer.run(put)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            writer.run(put)
            writer.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    writer.run(put)
    until(lambda: in_the_database(tmp_path) == 3)
