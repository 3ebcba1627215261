"""The tables' history, on both databases: forth, back, and equal to what the code believes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from gateway.audit import trail
from gateway.errors import SettingsError
from gateway.registry import schema as registry
from gateway.store import forms, migrations, schema, schema_notices  # noqa: F401 - its tables stand beside
from gateway.store.engine import open_engine, reading, transaction
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import DATABASES, NOW, url_of

EVERY_METADATA = (schema.METADATA, trail.METADATA, registry.METADATA)


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    one = open_engine(url_of(request.param, tmp_path, request))
    yield one
    one.dispose()


def tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def test_a_migrated_database_is_what_the_code_believes(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, EVERY_METADATA) == []  # type: ignore[arg-type]
    inspector = sa.inspect(engine)
    for metadata in EVERY_METADATA:
        for table in metadata.sorted_tables:
            keys = [column.name for column in table.primary_key.columns]
            assert inspector.get_pk_constraint(table.name)["constrained_columns"] == keys, table.name


def test_every_table_goes_when_the_history_is_taken_back(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    assert tables(engine) == {table.name for metadata in EVERY_METADATA for table in metadata.sorted_tables}
    migrations.downgrade(engine, "base")
    assert tables(engine) == set()
    assert migrations.current(engine) is None
    migrations.upgrade(engine)
    assert migrations.current(engine) == migrations.head()


def test_the_names_of_the_revisions_say_their_order() -> None:
    history = ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions()
    assert tuple(one.revision for one in history)[::-1] == migrations._REVISIONS
    assert migrations.head() == migrations._REVISIONS[-1]


def test_a_database_is_checked_before_it_is_used(engine: sa.Engine) -> None:
    with pytest.raises(SettingsError, match="store_schema_old"):
        migrations.check(engine)
    migrations.upgrade(engine)
    migrations.check(engine)
    with transaction(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="store_schema_unknown"):
        migrations.check(engine)
    with pytest.raises(SettingsError, match="store_schema_unknown"):
        migrations.upgrade(engine)


def test_to_find_that_nothing_is_to_be_migrated_takes_no_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    engine = open_engine(url)
    migrations.upgrade(engine)
    engine.dispose()
    code = (
        "import sys; from gateway.store import migrations; from gateway.store.engine import open_engine;"
        f"engine = open_engine({url!r}); migrations.upgrade(engine); migrations.check(engine);"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_second_upgrade_changes_nothing(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    migrations.upgrade(engine)
    migrations.check(engine)


def test_several_may_upgrade_at_once(engine: sa.Engine) -> None:
    trouble: list[Exception] = []

    def go() -> None:
        try:
            migrations.upgrade(engine)
        except Exception as error:  # noqa: BLE001 - looked at below
            trouble.append(error)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    migrations.check(engine)


def test_a_migration_that_fails_leaves_nothing(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the tables would be worse than none."""
    from alembic import command

    plain = command.upgrade

    def break_off(*arguments: Any) -> None:
        plain(*arguments)
        raise KeyError

    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", break_off)
        with pytest.raises(KeyError):
            migrations.upgrade(engine)
    assert tables(engine) == set()
    migrations.upgrade(engine)
    migrations.check(engine)


def test_the_patients_of_earlier_reports_are_found_by_their_identifier(engine: sa.Engine) -> None:
    migrations.upgrade(engine, "0003")
    with transaction(engine) as connection:
        reports = schema.REPORTS
        for number, cx in enumerate(("279035121518989^^^&1.2.250.1.213.1.4.10&ISO", "")):
            known = {column.name: "{}" for column in reports.columns if column.name not in ("kind", "replaces")}
            known |= {"id": f"r{number}", "key": f"k{number}", "patient_cx": cx, "received_at": NOW}
            connection.execute(sa.insert(reports).values(known))
    migrations.upgrade(engine)
    with reading(engine) as connection:
        (row,) = connection.execute(sa.select(schema.REPORT_PATIENTS)).all()
    assert (row.report_id, row.root, row.extension) == ("r0", "1.2.250.1.213.1.4.10", "279035121518989")
    assert row.key == forms.key("patient", row.root, row.extension)
