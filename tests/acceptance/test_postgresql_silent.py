"""A PostgreSQL that is there, takes what it is sent and answers nothing: nobody waits for it for ever."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import psycopg
import pytest

from gateway.errors import Unavailable
from gateway.store.bell import Listener
from gateway.store.engine import open_engine, reading, snapshot, transaction
from tests.support.postgresql import Server, postgresql_server  # noqa: F401

pytestmark = pytest.mark.postgresql

BUSY_S = 0.2
"""A wait for a row lock; a statement may take three times that, and the gateway gives up five seconds later."""


def stopped(pid: int, then: Callable[[], None]) -> None:
    """Do *then* while the server's process *pid* stands still."""
    os.kill(pid, signal.SIGSTOP)
    try:
        then()
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_statement_that_is_never_answered_is_given_up(
    postgresql_server: Server,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.store.engine._LATER_THAN_ITS_LIMIT_S", 0.3)
    engine = open_engine(postgresql_server.database(), busy_timeout_s=BUSY_S)
    with transaction(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x int)")
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()

    def write() -> None:
        with pytest.raises(Unavailable, match="store_unavailable"), transaction(engine) as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")

    stopped(pid, write)
    # The connection was closed: the next one is another, and nothing of the first was kept.
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() != pid
    engine.dispose()


def test_an_idle_connection_that_is_never_answered_is_replaced(
    postgresql_server: Server,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = open_engine(postgresql_server.database(), busy_timeout_s=BUSY_S)
    with reading(engine) as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    monkeypatch.setattr("gateway.store.engine._IDLE_S", -1.0)

    def read() -> None:
        with reading(engine) as connection:
            assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() != pid

    stopped(pid, read)
    engine.dispose()


def test_what_may_take_long_is_waited_for(
    postgresql_server: Server,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A backup reads everything in one transaction; after it the connection is as impatient as before."""
    monkeypatch.setattr("gateway.store.engine._LATER_THAN_ITS_LIMIT_S", -0.4)
    engine = open_engine(postgresql_server.database(), busy_timeout_s=BUSY_S)
    with snapshot(engine) as connection:
        connection.exec_driver_sql("SELECT pg_sleep(0.8)")
    with pytest.raises(Unavailable), reading(engine) as connection:
        connection.exec_driver_sql("SELECT pg_sleep(5)")
    engine.dispose()


def test_the_listener_ends_while_the_server_is_silent(
    postgresql_server: Server,  # noqa: F811
) -> None:
    url = postgresql_server.database()
    rang = threading.Event()
    listener = Listener(url, rang.set)
    listener.start()
    assert rang.wait(30)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN gateway_work'").fetchone()
    assert row is not None
    stopped(row[0], listener.close)
