"""The database's edge: how it opens, what its failures are called."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.errors import GatewayError, InputRejected, SettingsError, Unavailable
from gateway.store.engine import mapped, open_engine, reading, transaction
from gateway.texts.store import TEXTS
from tests.support.postgresql import Server


@pytest.mark.parametrize(
    "url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://u@h/d", "postgresql+psycopg2://u@h/d"]
)
def test_an_address_of_no_use_is_a_setting_to_correct(url: str) -> None:
    with pytest.raises(SettingsError, match="store_url"):
        open_engine(url)


def test_an_address_never_shows_its_password() -> None:
    with pytest.raises(SettingsError) as caught:
        open_engine("mysql://user:secret@host/database")
    assert "secret" not in f"{caught.value} {caught.value.facts}"


def test_the_short_name_of_postgresql_gets_our_driver() -> None:
    engine = open_engine("postgresql://user@nowhere.invalid/database")
    assert engine.url.drivername == "postgresql+psycopg"
    engine.dispose()


def test_the_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        engine = open_engine(f"sqlite:///{tmp_path}/a/b/gateway.db")
        with transaction(engine) as connection:
            connection.exec_driver_sql("CREATE TABLE t (x)")
            names = {path.name for path in (tmp_path / "a/b").iterdir()}
            modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a/b").iterdir()}
    finally:
        os.umask(before)
        engine.dispose()
    assert names == {"gateway.db", "gateway.db-wal", "gateway.db-shm"}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_a_file_that_was_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").touch(mode=0o644)
    open_engine(f"sqlite:///{tmp_path}/gateway.db").dispose()
    assert stat.S_IMODE((tmp_path / "gateway.db").stat().st_mode) == 0o600


def test_every_connection_is_durable_and_strict(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/gateway.db", busy_timeout_s=3)
    with reading(engine) as one, reading(engine) as other:
        for connection in (one, other):
            pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas] == ["wal", 2, 1, 3000]
    engine.dispose()


def test_sqlite_itself_waits_for_whoever_reads_and_never_for_whoever_writes(tmp_path: Path) -> None:
    """Who writes asks again and again by itself; one connection may do both in turns."""
    engine = open_engine(f"sqlite:///{tmp_path}/gateway.db", busy_timeout_s=3, pool_size=1)
    waits_ms = []
    for begun in (reading, transaction, transaction, reading, reading, transaction):
        with begun(engine) as connection:
            waits_ms.append(connection.exec_driver_sql("PRAGMA busy_timeout").scalar())
    assert waits_ms == [3000, 0, 0, 3000, 3000, 0]
    engine.dispose()


def test_what_a_savepoint_would_undo_is_written_into_no_file(tmp_path: Path) -> None:
    """SQLite makes such a file for itself and takes its name away at once: it is seen as an open one without a name."""
    engine = open_engine(f"sqlite:///{tmp_path}/gateway.db", pool_size=1)
    with transaction(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE long (number INTEGER PRIMARY KEY, text TEXT)")
        connection.exec_driver_sql(
            "INSERT INTO long (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
            " SELECT hex(zeroblob(2000)) FROM n"
        )
    with transaction(engine) as connection:
        connection.exec_driver_sql("SAVEPOINT unit")
        connection.exec_driver_sql("UPDATE long SET text = hex(zeroblob(1999))")
        opened = [os.readlink(one) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
        connection.exec_driver_sql("ROLLBACK TO unit")
        assert connection.exec_driver_sql("SELECT min(length(text)) FROM long").scalar() == 4000
    assert not [path for path in opened if "etilqs" in path]
    engine.dispose()


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/gateway.db", busy_timeout_s=0.1)
    with transaction(engine) as writing:
        writing.exec_driver_sql("CREATE TABLE t (x)")
        with reading(engine) as connection:
            assert sa.inspect(connection).get_table_names() == []
        with pytest.raises(Unavailable, match="store_busy"), transaction(engine):
            pass
    engine.dispose()


def test_an_exception_rolls_back(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/gateway.db")

    def break_off() -> None:
        with transaction(engine) as connection:
            connection.exec_driver_sql("CREATE TABLE t (x)")
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    with reading(engine) as connection:
        assert sa.inspect(connection).get_table_names() == []
    engine.dispose()


def test_a_folder_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(Unavailable, match="store_unavailable"):
        open_engine(f"sqlite:///{tmp_path}/taken/gateway.db")


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").write_bytes(b"not a database" * 100)
    with pytest.raises(Unavailable, match="store_unavailable"):
        open_engine(f"sqlite:///{tmp_path}/gateway.db")


def test_a_pool_without_a_free_connection_is_busy(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/gateway.db", busy_timeout_s=0.1, pool_size=1)
    with reading(engine), pytest.raises(Unavailable, match="store_busy"), reading(engine):
        pass
    engine.dispose()


def test_a_database_that_may_not_grow_is_full_and_serves_again(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/gateway.db")
    with transaction(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.exec_driver_sql("PRAGMA max_page_count=4")
    with pytest.raises(Unavailable, match="store_full"), transaction(engine) as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(100000))")
    with transaction(engine) as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000")
        connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(100000))")
    engine.dispose()


class _Postgresql(Exception):
    """What psycopg's errors look like."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("DETAIL: Key (patient)=(secret) already exists")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "family", "code"),
    [
        ("53100", Unavailable, "store_full"),
        ("55P03", Unavailable, "store_busy"),
        ("40P01", Unavailable, "store_busy"),
        ("53300", Unavailable, "store_busy"),
        ("57P01", Unavailable, "store_unavailable"),
        ("08006", Unavailable, "store_unavailable"),
        ("23505", Unavailable, "store_unavailable"),
        ("22021", InputRejected, "store_value"),
        ("54000", InputRejected, "store_value"),
    ],
)
def test_each_failure_of_postgresql_has_one_name(sqlstate: str, family: type[GatewayError], code: str) -> None:
    with pytest.raises(family, match=code) as caught, mapped():
        raise sa.exc.DBAPIError("INSERT", {"patient": "secret"}, _Postgresql(sqlstate))
    assert "secret" not in f"{caught.value} {caught.value.facts}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.postgresql
def test_connections_that_the_server_has_ended_are_not_used_again(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Server = request.getfixturevalue("postgresql_server")
    engine = open_engine(server.database())
    one, other = engine.connect(), engine.connect()
    pids = [each.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for each in (one, other)]
    one.close()
    other.close()
    with transaction(engine) as connection:
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM unnest(:pids) pid WHERE pid <> pg_backend_pid()"),
            {"pids": pids},
        )
    monkeypatch.setattr("gateway.store.engine._IDLE_S", -1.0)
    for _ in range(3):
        with reading(engine) as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    engine.dispose()


@pytest.mark.postgresql
def test_a_server_that_went_without_a_word_is_given_up_soon(request: pytest.FixtureRequest) -> None:
    """What Linux does with these is not tried here: the answer of a host whose cable is pulled (measured: 25.5 s)."""
    server: Server = request.getfixturevalue("postgresql_server")
    engine = open_engine(server.database())
    with transaction(engine) as connection:
        driver: Any = connection.connection.driver_connection
        given = driver.info.get_parameters()
    engine.dispose()
    tries = int(given["keepalives_idle"]) + int(given["keepalives_interval"]) * int(given["keepalives_count"])
    assert tries <= 30, "the server's own limit of a statement"
    assert int(given["tcp_user_timeout"]) <= 30_000


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_no_failure_of_a_disk_is_taken_for_a_value_that_cannot_be_kept(number: int) -> None:
    with pytest.raises(Unavailable) as caught, mapped():
        raise OSError(number, "as the system says")
    assert caught.value.acknowledgement == "AR", "the sender sends again"


def test_our_own_failures_pass_unchanged() -> None:
    mine = InputRejected("mine")
    with pytest.raises(InputRejected) as caught, mapped():
        raise mine
    assert caught.value is mine


def test_parameters_stay_out_of_what_the_database_says(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/gateway.db")
    with engine.begin() as connection, pytest.raises(sa.exc.OperationalError) as caught:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:name)"), {"name": "secret"})
    engine.dispose()
    assert isinstance(caught.value.orig, sqlite3.OperationalError)
    assert "secret" not in str(caught.value)


def test_every_sentence_is_there_in_both_languages() -> None:
    for code, text in TEXTS.items():
        assert text.fr, code
        assert text.en, code
        assert text.fr != text.en, code
