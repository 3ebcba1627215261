"""What was there before the lists were: found by them after the upgrade, on both databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.model.overview import ShareFilter
from gateway.store import migrations
from gateway.store.engine import transaction
from gateway.store.seeing import SqlOverview
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import DATABASES, NOW, later, stage, url_of

_WORDS = json.dumps({"version": 1, "words": {}})


def row(connection: sa.Connection, table: str, **values: Any) -> None:
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)  # noqa: S608 - our own names


def before(connection: sa.Connection, number: int) -> None:
    """A report with its share and an event, as the release before wrote them."""
    moment = later(1800 * number)
    stamp = moment.strftime("%Y-%m-%d %H:%M:%S.%f") if connection.dialect.name == "sqlite" else moment
    report, one = f"report-{number}", f"share-{number}"
    received = {"version": 1, "channel": "mllp", "sender": "RIS|NORD", "control_id": "M"}
    row(
        connection,
        "reports",
        id=report,
        key=f"{number:064}",
        site="nord",
        unique_id=f"1.2.3^CR{number}",
        root="1.2.3",
        extension=f"CR{number}",
        digest=f"{number:064}",
        statements_digest="",
        received=json.dumps(received),
        statements="{}",
        patient_cx=f"P{number // 2}^^^&1.2.250.1.213.1.4.10&ISO^NH",
        authors="{}",
        received_at=stamp,
    )
    row(connection, "report_accessions", report_id=report, position=0, root="1.2", extension=f"a{number}")
    row(connection, "lineages", key=f"{number:064}")
    row(
        connection,
        "shares",
        id=one,
        report_id=report,
        site="nord",
        destination="dmp",
        lineage=report,
        lineage_key=f"{number:064}",
        state="held",
        due_at=stamp,
        created_at=stamp,
        updated_at=stamp,
        attempts=0,
        progress=_WORDS,
        reason="patient_differs",
        facts=_WORDS,
    )
    event = {"version": 1, "actor": "gateway", "patient": "", "study_uid": "", "document": "", "facts": {"share": one}}
    row(connection, "audit_events", recorded_at=stamp, action="share.held", outcome="8", event=json.dumps(event))


@pytest.mark.parametrize("database", DATABASES)
def test_what_was_there_before_is_found(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with stage(url_of(database, tmp_path, request), migrate=False) as on:
        migrations.upgrade(on.engine, "0007")
        with transaction(on.engine) as connection:
            for number in range(6):
                before(connection, number)
        migrations.upgrade(on.engine)
        overview = SqlOverview(on.engine)

        def found(**wanted: Any) -> list[str]:
            return [one.share.id for one in overview.page(ShareFilter(**wanted), limit=10).overviews]

        assert found(accession="A3") == ["share-3"]
        assert found(patient="p1") == ["share-3", "share-2"]
        assert found(since=NOW, until=later(3600)) == ["share-1", "share-0"]
        assert found(since=later(7200)) == ["share-5", "share-4"]
        assert [line.event.action for line in overview.history("share-4").trail] == ["share.held"]
        migrations.downgrade(on.engine, "0007")
