"""The history of the tables, and how a database is brought up to date: Alembic without an ini file.

One line of revisions for every package that keeps tables (store, audit, registry): they are in one database, so they
move together. A revision never changes once it was released; the next one stands beside it in ``versions``.

Upgrades roll: a revision adds (tables, columns with a default) and takes nothing away, so that the release before it
goes on working on the new tables while machines are brought up to date one by one. The database says itself from
which revision on a release may work with it (:data:`COMPATIBLE_FROM`).

Alembic is imported when there is something to migrate: every start, every command and every question after the health
of the gateway comes here to find that there is nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, delete, insert, inspect, select, text

from gateway.errors import SettingsError
from gateway.store.engine import reading, take_as_long, transaction
from gateway.store.schema_care import SCHEMA_COMPATIBILITY

if TYPE_CHECKING:
    from alembic.config import Config

log = structlog.get_logger(__name__)

_FOLDER = Path(__file__).parent
_REVISIONS = tuple(sorted(path.stem[1:5] for path in (_FOLDER / "versions").glob("r[0-9]*.py")))
"""By the names of their files; one follows the other."""
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
COMPATIBLE_FROM = "0003"
"""The oldest revision whose release still works with the tables of :func:`head`. A revision that takes something away
must raise it."""
_LOCK = 0x6472696D  # any number that nobody else of the database uses


def head() -> str:
    """The revision that this version of the gateway works with."""
    return _REVISIONS[-1]


def current(engine: Engine) -> str | None:
    """The revision of the database, None for one without tables. Raises Unavailable."""
    with reading(engine) as connection:
        return _current(connection)


def check(engine: Engine) -> None:
    """Raises SettingsError unless this release may work with the database (``store_schema_old``,
    ``store_schema_unknown``): it is at :func:`head`, or a later release has migrated it and says that ours still may.
    """
    with reading(engine) as connection:
        _compare(connection, _current(connection))


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to *revision*, in one transaction; several processes may ask at once.

    A database that a later version has migrated is left as it is when ours may still work with it, else SettingsError
    (``store_schema_unknown``) is raised; raises Unavailable.
    """
    with transaction(engine) as connection:
        _alone(connection)
        found = _current(connection)
        if found is not None and not known(found):
            if not _may_work(connection, found):
                raise SettingsError("store_schema_unknown", current=found)
            log.info("store.schema_is_newer", current=found, head=head())
            return
        if found != head() or revision not in ("head", found):
            from alembic import command

            command.upgrade(_config(connection), revision)
        _say_who_may_work(connection)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to *revision* (``base``: no tables at all). Data that has no place there is lost."""
    from alembic import command

    with transaction(engine) as connection:
        _alone(connection)
        command.downgrade(_config(connection), revision)


def _compare(connection: Connection, found: str | None) -> None:
    if found == head():
        return
    if found is not None and not known(found):
        if _may_work(connection, found):
            return
        raise SettingsError("store_schema_unknown", current=found)
    raise SettingsError("store_schema_old", current=found or "-", head=head())


def _may_work(connection: Connection, found: str) -> bool:
    """Whether the later release that left the database at *found* says that ours may work with it."""
    if not inspect(connection).has_table(SCHEMA_COMPATIBILITY.name):
        return False
    query = select(SCHEMA_COMPATIBILITY.c.compatible_from).where(SCHEMA_COMPATIBILITY.c.revision == found)
    oldest = connection.execute(query).scalar_one_or_none()
    return oldest is not None and oldest <= head()


def _say_who_may_work(connection: Connection) -> None:
    if _current(connection) == head():
        connection.execute(delete(SCHEMA_COMPATIBILITY))
        connection.execute(
            insert(SCHEMA_COMPATIBILITY), {"revision": head(), "compatible_from": min(COMPATIBLE_FROM, head())}
        )


def _alone(connection: Connection) -> None:
    """Wait until no other process migrates; SQLite's write lock, which this transaction has, says so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        take_as_long(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    # Alembic reads its options as a format string.
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none()


def known(revision: str) -> bool:
    """Whether this release knows the revision *revision*."""
    return revision in _REVISIONS
