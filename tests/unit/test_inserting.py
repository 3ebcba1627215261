"""Rows given to the driver as they are: the same rows, and the same failures, as through SQLAlchemy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from gateway.audit.inserting import insert_new, insert_or_replace, insert_or_replace_rows, insert_row, insert_rows
from gateway.errors import InputRejected, Unavailable
from gateway.store.engine import reading, transaction
from gateway.store.schema import IDENTITIES, LINEAGES, MESSAGES, REPORT_STUDIES
from tests.support.store import Stage, accept, accepted, share

MOMENT = datetime(2026, 3, 12, 11, 31, 0, 123456, timezone(timedelta(hours=1)))
MESSAGE = {
    **{column.name: "" for column in MESSAGES.columns if isinstance(column.type, sa.String)},
    "id": "é",
    "received_at": MOMENT,
    "recorded_at": MOMENT,
    "size_bytes": 2**40,
    "duplicate": True,
    "whole": False,
    "envelope": b"\x00\xff",
    "blob": None,
}


def rows(on: Stage, table: sa.Table) -> list[dict[str, object]]:
    with reading(on.engine) as connection:
        return [dict(row._mapping) for row in connection.execute(sa.select(table))]


def test_a_row_is_what_sqlalchemy_would_have_inserted(on: Stage) -> None:
    with transaction(on.engine) as connection:
        insert_row(connection, MESSAGES, MESSAGE)
        connection.execute(sa.insert(MESSAGES), {**MESSAGE, "id": "other"})
    ours, theirs = rows(on, MESSAGES)
    assert ours == {**theirs, "id": "é", "sequence": ours["sequence"]}
    assert ours["received_at"] == MOMENT.astimezone(UTC)
    assert ours["envelope"] == b"\x00\xff"
    assert (ours["duplicate"], ours["whole"]) == (True, False)


def test_a_row_with_a_known_key_is_passed_over(on: Stage) -> None:
    with transaction(on.engine) as connection:
        assert insert_new(connection, LINEAGES, {"key": "one"})
        assert not insert_new(connection, LINEAGES, {"key": "one"})
        assert insert_new(connection, LINEAGES, {"key": "two", "lease": "token"})
    assert [(row["key"], row["lease"]) for row in rows(on, LINEAGES)] == [("one", None), ("two", "token")]


def test_a_row_with_a_known_key_gets_the_new_values(on: Stage) -> None:
    change = {
        "key": "one",
        "site": "nord",
        "root": "1.2",
        "extension": None,
        "into": "{}",
        "merged": False,
        "actor": "GAM|CHU",
        "changed_at": MOMENT,
    }
    with transaction(on.engine) as connection:
        insert_or_replace(connection, IDENTITIES, change)
        insert_or_replace(connection, IDENTITIES, {**change, "extension": "é", "merged": True})
    assert rows(on, IDENTITIES) == [
        {**change, "extension": "é", "merged": True, "changed_at": MOMENT.astimezone(UTC)},
    ]


@pytest.mark.parametrize("count", [1, 2, 20])
def test_several_rows_with_known_keys_get_the_new_values(on: Stage, count: int) -> None:
    keys = [f"{number:02}" for number in range(count)]
    with transaction(on.engine) as connection:
        insert_row(connection, LINEAGES, {"key": "00", "lease": "old", "lease_until": MOMENT})
        insert_or_replace_rows(connection, LINEAGES, [{"key": key, "lease": f"new {key}"} for key in keys])
        insert_or_replace_rows(connection, LINEAGES, [])
    found = [(row["key"], row["lease"], row["lease_until"]) for row in rows(on, LINEAGES)]
    assert sorted(found) == [(key, f"new {key}", None) for key in keys]  # type: ignore[type-var]


@pytest.mark.parametrize("count", [1, 3, 20])
def test_many_rows_are_one_call_and_none_is_none(on: Stage, count: int) -> None:
    of = accepted()
    accept(on.store, of, [share(of)], [])
    more = [{"report_id": of.id, "position": 10 + number, "study_uid": f"1.2.{number}"} for number in range(count)]
    with transaction(on.engine) as connection:
        insert_rows(connection, REPORT_STUDIES, more)
        insert_rows(connection, REPORT_STUDIES, [])
    assert [row for row in rows(on, REPORT_STUDIES) if int(str(row["position"])) >= 10] == more


def test_a_known_key_is_a_failure_without_the_values(on: Stage) -> None:
    with on.engine.connect() as connection, connection.begin():
        insert_row(connection, LINEAGES, {"key": "secret"})
        with pytest.raises(sa.exc.IntegrityError) as caught:
            insert_row(connection, LINEAGES, {"key": "secret"})
        connection.rollback()
    assert caught.value.params is None
    assert rows(on, LINEAGES) == []


@pytest.mark.parametrize("value", ["\ud800", "a" * 65])
def test_what_cannot_be_kept_has_the_name_that_it_had(on: Stage, value: str) -> None:
    def ours(connection: sa.Connection) -> None:
        insert_row(connection, LINEAGES, {"key": value})

    def theirs(connection: sa.Connection) -> None:
        connection.execute(sa.insert(LINEAGES), {"key": value})

    told = []
    for insert in (ours, theirs):
        try:
            with transaction(on.engine) as connection:
                insert(connection)
                connection.rollback()
        except (InputRejected, Unavailable) as error:
            told.append(error.code)
    assert told in ([], ["store_value", "store_value"])
