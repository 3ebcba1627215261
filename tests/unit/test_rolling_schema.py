"""Upgrades roll: the release before works on the tables of this one, and this one on those of the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.errors import SettingsError
from gateway.model.share import Deed, ShareState
from gateway.store import migrations
from gateway.store.engine import open_engine, reading, transaction
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import DATABASES, NOW, claimed, keep, later, stage, url_of

BEFORE = migrations.COMPATIBLE_FROM


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    one = open_engine(url_of(request.param, tmp_path, request))
    yield one
    one.dispose()


def tables_of(engine: sa.Engine) -> dict[str, sa.Table]:
    metadata = sa.MetaData()
    with reading(engine) as connection:
        metadata.reflect(connection)
    return dict(metadata.tables)


def test_the_release_before_writes_and_reads_on_the_tables_of_this_one(engine: sa.Engine) -> None:
    """With the columns that it knows and no others, as its statements name them."""
    migrations.upgrade(engine, BEFORE)
    before = tables_of(engine)
    migrations.upgrade(engine)
    values = {name: _row(table) for name, table in before.items() if not name.startswith("alembic")}
    with transaction(engine) as connection:
        for table in next(iter(before.values())).metadata.sorted_tables:
            if table.name in values:
                connection.execute(sa.insert(table), values[table.name])
    with reading(engine) as connection:
        for name, row in values.items():
            (found,) = connection.execute(sa.select(before[name])).mappings().all()
            assert set(found) == set(row)
    # And what it wrote, this release carries on.
    with stage(engine.url.render_as_string(hide_password=False), migrate=False) as on:
        mine = claimed(on.store, later(10))
        assert (mine.deed, mine.state, mine.target) == (Deed.PUBLISH, ShareState.WAITING, "")


_WORDS = {
    "state": "waiting",
    "progress": '{"version": 1, "words": {}}',
    "facts": '{"version": 1, "words": {}}',
    "outcome": "0",
}


def _row(table: sa.Table) -> dict[str, Any]:
    """A value in every column, each reference to the one row of its table."""
    return {column.name: _value(table, column) for column in table.columns}


def _value(table: sa.Table, column: sa.Column[Any]) -> Any:
    if table.name == "lineages" and column.name in ("lease", "lease_until", "share_id"):
        return None
    kind = column.type.python_type
    if kind is datetime:
        return NOW
    if kind is bool:
        return False
    if kind in (int, float):
        return 1
    if kind is bytes:
        return b"x"
    return _WORDS.get(column.name, "k")


def test_every_table_says_who_may_use_it(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    with reading(engine) as connection:
        rows = connection.execute(sa.text("SELECT revision, compatible_from FROM schema_compatibility")).all()
    assert [tuple(row) for row in rows] == [(migrations.head(), BEFORE)]


@pytest.mark.parametrize(("oldest", "works"), [("0003", True), ("0008", True), ("9998", False)])
def test_this_release_works_on_later_tables_that_allow_it(engine: sa.Engine, oldest: str, works: bool) -> None:
    migrations.upgrade(engine)
    with transaction(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(
            sa.text("UPDATE schema_compatibility SET revision = '9999', compatible_from = :oldest"), {"oldest": oldest}
        )
    if works:
        migrations.check(engine)
        migrations.upgrade(engine)
        assert migrations.current(engine) == "9999"
        with stage(engine.url.render_as_string(hide_password=False), migrate=False) as on:
            keep(on.store)
            assert claimed(on.store)
    else:
        with pytest.raises(SettingsError, match="store_schema_unknown"):
            migrations.check(engine)
        with pytest.raises(SettingsError, match="store_schema_unknown"):
            migrations.upgrade(engine)
