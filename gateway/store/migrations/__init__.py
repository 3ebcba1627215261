"""The history of the tables, and how a database is brought up to date: Alembic without an ini file.

One line of revisions for every package that keeps tables (store, audit, registry): they are in one database, so they
move together. A revision never changes once it was released; the next one stands beside it in ``versions``.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from gateway.errors import SettingsError
from gateway.store.engine import reading, transaction

_FOLDER = Path(__file__).parent
_LOCK = 0x6472696D  # any number that nobody else of the database uses


def head() -> str:
    """The revision that this version of the gateway works with."""
    revision = _script().get_current_head()
    assert revision is not None  # noqa: S101 - a test holds that there is one
    return revision


def current(engine: Engine) -> str | None:
    """The revision of the database, None for one without tables. Raises Unavailable."""
    with reading(engine) as connection:
        return _current(connection)


def check(engine: Engine) -> None:
    """Raises SettingsError unless the database is at :func:`head` (``store_schema_old``, ``store_schema_unknown``)."""
    _compare(current(engine))


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to *revision*, in one transaction; several processes may ask at once.

    Raises SettingsError (``store_schema_unknown``) for a database that a later version has migrated, Unavailable.
    """
    with transaction(engine) as connection:
        _alone(connection)
        found = _current(connection)
        if found is not None and not _known(found):
            raise SettingsError("store_schema_unknown", current=found)
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to *revision* (``base``: no tables at all). Data that has no place there is lost."""
    with transaction(engine) as connection:
        _alone(connection)
        command.downgrade(_config(connection), revision)


def _compare(found: str | None) -> None:
    if found == head():
        return
    if found is not None and not _known(found):
        raise SettingsError("store_schema_unknown", current=found)
    raise SettingsError("store_schema_old", current=found or "-", head=head())


def _alone(connection: Connection) -> None:
    """Wait until no other process migrates; SQLite's write lock, which this transaction has, says so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    # Alembic reads its options as a format string.
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _known(revision: str) -> bool:
    try:
        return _script().get_revision(revision) is not None
    except (CommandError, RevisionError):
        return False
