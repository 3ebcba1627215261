"""The database's edge: how it is opened, what a transaction is, what its failures are called.

Two databases, one code. SQLite is embedded: write-ahead log, ``synchronous=FULL`` (a commit that returned survives a
power cut; ``NORMAL`` would lose the last ones), foreign keys on, and a transaction that may write takes the write
lock at its beginning (``BEGIN IMMEDIATE``), because one that asks for it in the middle is refused instead of waiting.
PostgreSQL is reached by psycopg 3, in READ COMMITTED (:mod:`gateway.store.patient` bounds its silence).

On both the driver begins nothing of itself: what begins a transaction is said here, in the words of its kind
(:data:`_BEGINS`).

Nothing of SQLAlchemy leaves this package: :func:`mapped` turns its exceptions into :mod:`gateway.errors`.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import exc

from gateway.audit.inserting import driver_cursor
from gateway.errors import GatewayError, InputRejected, SettingsError, Unavailable
from gateway.store.checkpoints import LONGEST_LOG_PAGES
from gateway.store.files import full, make_folder, sync_folder

log = structlog.get_logger(__name__)

_BEGINS = "gateway_begins"
"""With which words the next transaction of a connection begins, in its ``Connection.info``; without, it may write."""
_WORDS = {
    "sqlite": {"writing": "BEGIN IMMEDIATE", "ahead": "BEGIN IMMEDIATE", "reading": "BEGIN"},
    # One way to the server and back, not two. READ COMMITTED gives each statement the state of its own moment, in a
    # transaction or without: readings are without, since most of them are one statement.
    "postgresql": {"writing": "BEGIN", "ahead": "BEGIN; SET LOCAL synchronous_commit TO OFF", "reading": ""},
}
_READS = "gateway_reads"
"""What a connection to SQLite was last made ready for, in ``Connection.info``: to read, or to write."""
_IDLE_S = 1.0
_USED_AT = "gateway_used_at"
_ASK_AGAIN_S = 0.0005
_LATER_THAN_ITS_LIMIT_S = 5.0
"""How much later than at its own limit PostgreSQL is given up: a server that lives ends a statement itself."""
_POSTGRESQL_OPTIONS = "-c timezone=UTC -c synchronous_commit=on -c client_encoding=UTF8"

POSTGRESQL_ALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""How soon a server that went without a word (its host lost power, a cable) is given up: after 25 s. Without it whoever
waits for its answer waits for two hours and a quarter, which is Linux's own idea of it; the server's time limits do not
count where there is no server. Source: PostgreSQL, libpq, 'Database Connection Control Functions'."""

_SQLITE_FULL = frozenset({"SQLITE_FULL"})
_SQLITE_BUSY = frozenset({"SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_RECOVERY", "SQLITE_LOCKED"})
# SQLSTATE, PostgreSQL appendix A: disk_full; lock_not_available, query_canceled (a time limit of ours),
# deadlock_detected, serialization_failure, too_many_connections.
_POSTGRESQL_FULL = frozenset({"53100"})
_POSTGRESQL_BUSY = frozenset({"55P03", "57014", "40P01", "40001", "53300"})
# Classes 22 (data exception) and 54 (program limit exceeded): this value can never be stored.
_POSTGRESQL_VALUE = ("22", "54")


def open_engine(url: str, *, busy_timeout_s: float = 10.0, pool_size: int = 32) -> sa.Engine:
    """Open ``sqlite:///path`` or ``postgresql+psycopg://…``; the file and its folder are made, for their owner alone.

    *busy_timeout_s* bounds each wait: for the write lock, for a row lock, for a free connection, for a server that
    does not answer a connect. *pool_size* is the number of connections at most, one a thread that is in a
    transaction.

    Raises SettingsError (``store_url``, ``store_driver``) and, for SQLite, which is opened at once, Unavailable.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        engine = _open_sqlite(parsed, busy_timeout_s, pool_size)
    else:
        engine = _open_postgresql(parsed, busy_timeout_s, pool_size)
    _opened.add(engine)
    return engine


def transaction(engine: sa.Engine, *, ahead: bool = False) -> AbstractContextManager[sa.Connection]:
    """A transaction that may write: committed at the end, rolled back by any exception. Raises as :func:`mapped`.

    *ahead*: PostgreSQL does not wait for its disk (:meth:`gateway.store.writer.Writer.run_ahead`).
    """
    return _begun_by(engine, "ahead" if ahead else "writing")


def reading(engine: sa.Engine) -> AbstractContextManager[sa.Connection]:
    """A transaction that only reads: on SQLite it never waits for a writer. Raises as :func:`mapped`."""
    return _begun_by(engine, "reading")


@contextmanager
def _begun_by(engine: sa.Engine, kind: str) -> Iterator[sa.Connection]:
    with mapped(), engine.connect() as connection:
        connection.info[_BEGINS] = _WORDS[engine.dialect.name][kind]
        with connection.begin():
            yield connection


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that reads everything as it stands at one moment, however long that takes. Raises as
    :func:`mapped`."""
    if engine.dialect.name == "sqlite":
        with reading(engine) as connection:
            yield connection
        return
    level: Any = {"isolation_level": "REPEATABLE READ"}
    with mapped(), engine.connect().execution_options(**level) as connection, connection.begin():
        take_as_long(connection)
        yield connection


def take_as_long(connection: sa.Connection) -> None:
    """Of a transaction that has begun: its statements may take as long as they do (a copy, a migration)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.connection.driver_connection.patience_s = None  # type: ignore[union-attr]


@contextmanager
def mapped() -> Iterator[None]:
    """Turn every failure of the database, once, into one of ours.

    Unavailable with ``store_full``, ``store_busy`` or ``store_unavailable``; InputRejected with ``store_value`` for a
    value that no retry can store (a NUL on PostgreSQL, half a surrogate pair). The database's own words may quote
    rows, so they are dropped: the log keeps the kind of failure and its code.
    """
    try:
        yield
    except (exc.SQLAlchemyError, OSError, UnicodeError) as error:
        raise _ours(error) from None


def _ours(error: exc.SQLAlchemyError | OSError | UnicodeError) -> GatewayError:
    kind, code = type(error).__name__, _native_code(error)
    if isinstance(error, UnicodeError | exc.DataError) or code.startswith(_POSTGRESQL_VALUE):
        mapped_to: GatewayError = InputRejected("store_value")
    elif full(error) or code in _SQLITE_FULL or code in _POSTGRESQL_FULL:
        mapped_to = Unavailable("store_full")
    elif isinstance(error, exc.TimeoutError) or code in _SQLITE_BUSY or code in _POSTGRESQL_BUSY:
        mapped_to = Unavailable("store_busy")
    else:
        mapped_to = Unavailable("store_unavailable", cause=code or kind)
    log.warning("store.failed", code=mapped_to.code, kind=kind, native=code)
    return mapped_to


def _native_code(error: BaseException) -> str:
    """SQLSTATE, or the name of SQLite's result code, or the name of errno; empty when there is none."""
    if isinstance(error, OSError):
        # By name: the number of EINVAL, 22, would be taken for PostgreSQL's class of values that cannot be kept.
        return errno.errorcode.get(error.errno or 0, "")
    original = getattr(error, "orig", None)
    return str(getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None) or "")


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (exc.ArgumentError, ValueError):
        raise SettingsError("store_url", scheme="?") from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    on_disk = parsed.drivername in ("sqlite", "sqlite+pysqlite") and parsed.database not in (None, "", ":memory:")
    if not on_disk and parsed.drivername != "postgresql+psycopg":
        raise SettingsError("store_url", scheme=parsed.drivername)
    return parsed


def is_there(url: str) -> bool:
    """Whether there is a store to open: the file of SQLite; a server is taken to be there. Raises SettingsError."""
    parsed = _parse(url)
    return not parsed.drivername.startswith("sqlite") or Path(parsed.database or "").exists()


def _create(url: sa.URL, **options: Any) -> sa.Engine:
    try:
        # Parameters hold patients: they stay out of every exception and every log line.
        return sa.create_engine(url, hide_parameters=True, **options)
    except (ImportError, exc.NoSuchModuleError):
        raise SettingsError("store_driver", scheme=url.drivername) from None
    except (exc.ArgumentError, TypeError):
        raise SettingsError("store_url", scheme=url.drivername) from None


def _open_postgresql(url: sa.URL, busy_timeout_s: float, pool_size: int) -> sa.Engine:
    milliseconds = int(busy_timeout_s * 1000)
    limits = f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds * 3}"
    engine = _create(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=busy_timeout_s,
        pool_recycle=3600,
        # The driver's own BEGIN would be a way to the server of its own; ours comes with the event below.
        isolation_level="AUTOCOMMIT",
        connect_args={
            "connect_timeout": max(2, int(busy_timeout_s)),
            **POSTGRESQL_ALIVE,
            "options": f"{_POSTGRESQL_OPTIONS} {limits}",
        },
    )
    patience_s = busy_timeout_s * 3 + _LATER_THAN_ITS_LIMIT_S

    @sa.event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, arguments: Any, named: Any) -> Any:
        from gateway.store.patient import PatientConnection  # an extra: whoever has no PostgreSQL has no psycopg

        connection = PatientConnection.connect(*arguments, **named)
        connection.patience_s = patience_s
        return connection

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        words = connection.info.pop(_BEGINS, "BEGIN")
        # What asks for a level of its own (a snapshot, none at all) gets that from the driver.
        if words and "isolation_level" not in connection.get_execution_options():
            with driver_cursor(connection, words) as cursor:
                cursor.execute(words, prepare=False)

    _look_at_idle_connections(engine, busy_timeout_s, patience_s)
    return engine


def _look_at_idle_connections(engine: sa.Engine, soon_s: float, patience_s: float) -> None:
    """See whether the server still has a connection that was idle for :data:`_IDLE_S`, before it is used.

    SQLAlchemy's own look (``pool_pre_ping``) asks before each use: two dozen times a share. The server answers this one
    within *soon_s* seconds, anything else within *patience_s*.
    """

    @sa.event.listens_for(engine, "checkin")
    def used(connection: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()
        if connection is not None:
            connection.patience_s = patience_s

    @sa.event.listens_for(engine, "checkout")
    def look(connection: Any, record: Any, _: object) -> None:
        if time.monotonic() - record.info.get(_USED_AT, float("inf")) > _IDLE_S:
            connection.patience_s = soon_s
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error:
                # What made this one useless (a server that was restarted) did so to those that are as old.
                raise exc.InvalidatePoolError from None
            connection.patience_s = patience_s


def _open_sqlite(url: sa.URL, busy_timeout_s: float, pool_size: int) -> sa.Engine:
    path = Path(url.database or "")
    with mapped():
        make_folder(path.parent)
        _make_file(path)
    engine = _create(url, pool_size=pool_size, max_overflow=0, pool_timeout=busy_timeout_s)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # The driver's own BEGIN is deferred and comes late; ours comes with the event below.
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            for pragma in (
                f"busy_timeout={int(busy_timeout_s * 1000)}",
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "trusted_schema=OFF",
                f"wal_autocheckpoint={LONGEST_LOG_PAGES}",
            ):
                cursor.execute(f"PRAGMA {pragma}")
        finally:
            cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        raw = connection.connection.driver_connection
        # By the driver itself: SQLAlchemy's way takes longer than the rest of a small transaction. What goes wrong is
        # asked for again in that way, which gives it its name.
        words = connection.info.pop(_BEGINS, "BEGIN IMMEDIATE")
        reads = words == "BEGIN"
        # Told when the kind changes only: the connection of a writer hardly ever reads.
        if raw is not None and reads is not connection.info.get(_READS, True):
            _make_ready(raw, busy_timeout_s, reads=reads)
            connection.info[_READS] = reads
        if not (_begun(raw) if reads else _took_the_lock(raw, busy_timeout_s)):
            connection.exec_driver_sql(words)

    with reading(engine) as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    if mode != "wal":
        # A file system without shared memory (some network shares): the promise of durability would be empty.
        engine.dispose()
        raise Unavailable("store_unavailable", cause="journal_mode")
    return engine


def _make_ready(raw: Any, busy_timeout_s: float, *, reads: bool) -> None:
    """For the next transactions of this connection.

    Only who reads waits inside SQLite (:func:`_took_the_lock`), and only who reads may need room on the disk to sort.
    What a savepoint would undo is small: SQLite would write it into a file of its own, each page by two calls of the
    system, as many as all that is committed takes (measured).
    """
    for pragma in (
        f"busy_timeout={int(busy_timeout_s * 1000) if reads else 0}",
        f"temp_store={'DEFAULT' if reads else 'MEMORY'}",
    ):
        raw.execute(f"PRAGMA {pragma}").close()


def _begun(raw: Any) -> bool:
    try:
        raw.execute("BEGIN").close()
    except sqlite3.Error:
        return False
    return True


def _took_the_lock(raw: Any, busy_timeout_s: float) -> bool:
    """Begin a transaction with the write lock; False when it could not be had, and the caller asks for the reason.

    SQLite's own wait sleeps longer at each turn, up to 100 ms, while another process of ours holds the lock for two:
    an acknowledgement then takes fifty times as long as it needs (measured). So it is asked again at once.
    """
    deadline = time.monotonic() + busy_timeout_s
    while time.monotonic() < deadline:
        try:
            raw.execute("BEGIN IMMEDIATE").close()
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorname", "") not in _SQLITE_BUSY:
                return False
        else:
            return True
        time.sleep(_ASK_AGAIN_S)
    return False


def _make_file(path: Path) -> None:
    """Make the file for its owner alone before SQLite would make it for everyone; its log files take its mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    sync_folder(path.parent)


_opened: weakref.WeakSet[sa.Engine] = weakref.WeakSet()


def _close_before_fork() -> None:
    # SQLite's locks are the process's, and a child that inherits an open database believes that it holds its
    # parent's: it could reset a log in use. So no idle connection is carried over a fork.
    for engine in list(_opened):
        engine.dispose()


def _forget_after_fork() -> None:
    for engine in list(_opened):
        engine.dispose(close=False)


os.register_at_fork(before=_close_before_fork, after_in_child=_forget_after_fork)
