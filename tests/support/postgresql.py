"""A throwaway PostgreSQL server: its own folder, its own socket, no port, gone with the tests that asked for it."""

from __future__ import annotations

import glob
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

_START_S = 60.0
_count = itertools.count()


class Server:
    """A server in *folder*; it may be stopped rudely and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def initialise(self) -> None:
        options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(
            [_program("initdb"), "-D", str(self._data), *options], check=True, stdout=subprocess.DEVNULL, **self._as()
        )

    def start(self, *settings: str) -> None:
        """Raises AssertionError when the server does not answer within a minute."""
        wanted = ["listen_addresses=", f"unix_socket_directories={self._folder}", "max_connections=200", *settings]
        arguments = [word for setting in wanted for word in ("-c", setting)]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("postgres"), "-D", str(self._data), *arguments], stdout=log, stderr=log, **self._as()
            )
        deadline = time.monotonic() + _START_S
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)

    def stop(self, *, rudely: bool = False) -> None:
        """Fast shutdown, or the immediate one, after which the server recovers from its log."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if rudely else signal.SIGINT)
            self._process.wait(_START_S)
            self._process = None

    @property
    def pid(self) -> int:
        """Of the server's first process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def database(self, template: str = "template1") -> str:
        """The URL of a new database."""
        name = f"test{next(_count)}"
        self._execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self.url(name)

    def _execute(self, statement: str) -> None:
        engine = sa.create_engine(self.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(statement))

    def _answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except sa.exc.OperationalError:
            return False
        return True

    def _as(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": self._folder}


@contextmanager
def server(*settings: str) -> Iterator[Server]:
    """A running server that trusts whoever reaches its socket; without *settings* it does not sync, being a test's."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        one = Server(folder)
        one.initialise()
        try:
            one.start(*(settings or ("fsync=off",)))
            yield one
        finally:
            one.stop()
    finally:
        shutil.rmtree(folder)


def empty(url: str, tables: Iterable[sa.Table]) -> None:
    """Take everything out of *tables* but what says which release may use them."""
    names = ", ".join(table.name for table in tables if table.name != "schema_compatibility")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY"))


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[Server]:
    """One server for the tests of a module."""
    with server() as one:
        yield one


def _program(name: str) -> str:
    return sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))[-1]
