"""Statements that are compiled once give, write and refuse what SQLAlchemy does, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, literal_column, select, update
from sqlalchemy.exc import IntegrityError

from gateway.errors import Unavailable
from gateway.store.engine import reading, transaction
from gateway.store.prepared import Prepared
from gateway.store.schema import LINEAGES, MANIFESTS, SHARES, SUBMISSIONS, WATCHES
from gateway.store.statements import keyed, rows_by
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import DATABASES, NOW, Stage, claimed, frozen, keep, manifest, stage, url_of

_OF_SITE = WATCHES.c.site == bindparam("at_site")


@pytest.fixture(params=DATABASES)
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with stage(url_of(request.param, tmp_path, request)) as one:
        yield one


def _watch(study: str, due: datetime | None = NOW, *, told: bool = False) -> dict[str, Any]:
    return {
        "site": "nord",
        "study_uid": study,
        "round": 2,
        "due_at": due,
        "fingerprint": "é'\"",
        "lost": "",
        "told": told,
    }


def test_rows_are_those_that_sqlalchemy_gives(on: Stage) -> None:
    keep(on.store)
    one = claimed(on.store)
    on.store.freeze(one, frozen("1.2.3"), [manifest(one, "1.2.3")], [], [])
    with transaction(on.engine) as connection:
        connection.execute(insert(WATCHES), [_watch("1.2", told=True), _watch("1.3", None)])
    with reading(on.engine) as connection:
        # Times, truths, bytes, fractions and nulls.
        for table in (SHARES, LINEAGES, MANIFESTS, SUBMISSIONS, WATCHES):
            query = select(table).order_by(*table.primary_key.columns)
            prepared = Prepared(query).all(connection, {})
            plain = connection.execute(query).all()
            assert [tuple(row) for row in prepared] == [tuple(row) for row in plain]
            assert [list(map(type, row)) for row in prepared] == [list(map(type, row)) for row in plain]
            assert [row._asdict() for row in prepared] == [dict(row._mapping) for row in plain]


def test_a_word_of_the_statement_is_written_into_it_and_anything_else_is_a_parameter(on: Stage) -> None:
    """What SQLite is told as a parameter it may not take for the condition of a partial index."""
    odd = "it's 50 % or :so"
    query = select(WATCHES.c.study_uid, bindparam("given", odd).label("odd")).where(
        WATCHES.c.site == "nord",
        WATCHES.c.lost == "",
        WATCHES.c.fingerprint != odd,
        WATCHES.c.study_uid == bindparam("at"),
    )
    with transaction(on.engine) as connection:
        connection.execute(insert(WATCHES), [_watch("1.2"), _watch("1.3")])
        prepared = Prepared(query)
        (row,) = prepared.all(connection, {"at": "1.3"})
        assert tuple(row) == ("1.3", odd)
        (form,) = prepared._forms.values()
    assert "site = 'nord'" in form.text
    assert odd not in form.text
    assert set(form.fixed.values()) == {"", odd}


def test_an_update_sets_what_it_is_given_and_tells_how_many_rows(on: Stage) -> None:
    with transaction(on.engine) as connection:
        connection.execute(insert(WATCHES), [_watch("1.2"), _watch("1.3")])
        later = datetime(2027, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
        write = Prepared(update(WATCHES).where(_OF_SITE))
        assert write.count(connection, {"at_site": "nord", "due_at": later}) == 2
        assert write.count(connection, {"at_site": "nord", "told": True, "due_at": None}) == 2
        assert write.count(connection, {"at_site": "sud", "told": False}) == 0
        rows = connection.execute(select(WATCHES)).all()
        assert [(row.due_at, row.told, row.round) for row in rows] == [(None, True, 2)] * 2
        assert Prepared(delete(WATCHES).where(_OF_SITE)).count(connection, {"at_site": "nord"}) == 2


def test_words_of_an_enumeration_and_limits_stand_in_the_statement(on: Stage) -> None:
    first, second = keep(on.store), keep(on.store)
    query = select(SHARES.c.id).where(SHARES.c.state == first.state).order_by(SHARES.c.sequence)
    with reading(on.engine) as connection:
        assert Prepared(query).scalars(connection, {}) == [first.id, second.id]
        assert Prepared(query.limit(1)).one_or_none(connection, {}).id == first.id
        assert Prepared(query.limit(literal_column("1"))).one_or_none(connection, {}).id == first.id
        assert Prepared(query.where(SHARES.c.id == bindparam("one"))).one_or_none(connection, {"one": "no"}) is None
        with pytest.raises(ValueError, match="more than one row"):
            Prepared(query).one_or_none(connection, {})


def test_what_the_driver_refuses_is_named_as_elsewhere_and_undone(on: Stage) -> None:
    copy = Prepared(insert(LINEAGES).from_select(["key"], select(LINEAGES.c.key)))
    keep(on.store)
    with pytest.raises(Unavailable, match="store_unavailable"), transaction(on.engine) as connection:
        copy.count(connection, {})
    with transaction(on.engine) as connection:
        nested = connection.begin_nested()
        with pytest.raises(IntegrityError):
            copy.count(connection, {})
        nested.rollback()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 1000, 1001, 2500])
def test_rows_are_found_by_any_number_of_keys(on: Stage, count: int) -> None:
    with transaction(on.engine) as connection:
        connection.execute(insert(WATCHES), [_watch(f"1.{number}") for number in range(2500)])
    by_study = keyed(select(WATCHES), WATCHES.c.study_uid)
    with reading(on.engine) as connection:
        found = rows_by(connection, by_study, [*(f"1.{number}" for number in range(count)), "other"])
    assert sorted(found) == sorted(f"1.{number}" for number in range(count))
    assert all(len(rows) == 1 and rows[0].study_uid == study for study, rows in found.items())
