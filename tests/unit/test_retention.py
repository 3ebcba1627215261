"""Retention: what is old and at its end is erased, nothing else, with a trace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.care.backup import Wishes, back_up
from gateway.care.retention import by_hand, by_rule, retain
from gateway.errors import InputRejected, Unavailable
from gateway.model.share import ShareState
from gateway.store.engine import reading, transaction
from gateway.wiring.house import House
from tests.fakes.clock import StoppedClock
from tests.support.care import house, publish, settings_file
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import DATABASES, NOW, url_of

OLD = NOW - timedelta(days=400)
RULE = "[retention]\ndays = 365\n"


def open_house(path: Path) -> Iterator[House]:
    with house(path) as made:
        made.clock = StoppedClock(NOW)
        yield made


@pytest.fixture(params=DATABASES)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = "sqlite:///gateway.db" if request.param == "sqlite" else url_of(request.param, tmp_path, request)
    yield from open_house(settings_file(tmp_path / "one", url, RULE))


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[House]:
    """One whose rule takes everything."""
    yield from open_house(settings_file(tmp_path / "one", more=RULE + 'erase = "everything"\n'))


def age(here: House) -> None:
    """The files are as old as their rows."""
    import os

    for digest in here.blobs.digests():
        os.utime(here.settings.store.blobs / digest[:2] / digest, (OLD.timestamp(), OLD.timestamp()))


def actions(here: House) -> list[str]:
    with reading(here.engine) as connection:
        return list(connection.execute(sa.text("SELECT action FROM audit_events ORDER BY sequence")).scalars())


def count(here: House, table: str) -> int:
    with reading(here.engine) as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def test_what_is_old_loses_its_bytes_and_keeps_its_trace(here: House) -> None:
    old, young = publish(here, at=OLD), publish(here)
    age(here)
    (erased,) = by_rule(here)
    assert (erased.report_id, erased.documents) == (old.report_id, 3)
    with pytest.raises(Unavailable, match="store_blob_missing"):
        here.blobs.get(here.store.report(old.report_id).digest)
    assert here.blobs.get(here.store.report(young.report_id).digest)
    assert here.store.share(old.id).state is ShareState.SHARED
    assert actions(here)[-1] == "report.erased"
    assert list(by_rule(here)) == []


@pytest.mark.parametrize("state", [ShareState.WAITING, ShareState.FROZEN, ShareState.SENDING, ShareState.HELD])
def test_what_is_held_or_under_way_is_never_erased(tmp_path: Path, state: ShareState) -> None:
    for here in open_house(settings_file(tmp_path / "one", more=RULE)):
        one = publish(here, at=OLD, state=state)
        age(here)
        assert list(by_rule(here)) == []
        with pytest.raises(InputRejected, match="report_not_erasable"):
            by_hand(here, one.report_id, "everything", "me", "the patient asked")
        assert here.blobs.get(here.store.report(one.report_id).digest)


def test_bytes_that_another_report_needs_stay(here: House) -> None:
    publish(here, content=b"same", at=OLD)
    young = publish(here, content=b"same")
    age(here)
    (erased,) = by_rule(here)
    assert erased.documents == 0
    assert here.blobs.get(here.store.report(young.report_id).digest)


def test_bytes_that_were_just_put_again_wait_for_the_next_day(here: House) -> None:
    publish(here, at=OLD)
    assert retain(here) == 0
    age(here)
    assert retain(here) == 1


def test_without_a_rule_nothing_is_erased(tmp_path: Path) -> None:
    with house(settings_file(tmp_path / "one")) as here:
        publish(here, at=OLD)
        age(here)
        assert retain(here) == 0


def test_a_dry_run_erases_nothing(here: House) -> None:
    one = publish(here, at=OLD)
    age(here)
    assert [erased.report_id for erased in by_rule(here, dry_run=True)] == [one.report_id]
    assert here.blobs.get(here.store.report(one.report_id).digest)
    assert "report.erased" not in actions(here)


def test_everything_takes_every_row_but_the_trace(whole: House) -> None:
    publish(whole, at=OLD)
    age(whole)
    assert retain(whole) == 1
    for table in ("reports", "shares", "submissions", "documents", "manifests", "pairings", "lineages"):
        assert count(whole, table) == 0, table
    assert count(whole, "erasures") == 1
    assert list(whole.blobs.digests()) == []
    assert retain(whole) == 0


def test_of_reports_that_replaced_one_another_the_last_goes_first(whole: House) -> None:
    first = publish(whole, at=OLD)
    second = publish(whole)
    with transaction(whole.engine) as connection:
        connection.execute(
            sa.text("UPDATE shares SET target = :target WHERE id = :id"), {"target": first.id, "id": second.id}
        )
    age(whole)
    assert retain(whole) == 0
    whole.clock = StoppedClock(NOW + timedelta(days=366))
    assert [each.report_id for each in by_rule(whole)] == [second.report_id]
    assert [each.report_id for each in by_rule(whole)] == [first.report_id]


def test_one_report_is_erased_by_hand_with_a_reason(here: House) -> None:
    one = publish(here)
    here.clock = StoppedClock(NOW + timedelta(days=3000))
    assert by_hand(here, one.report_id, "documents", "me", "the patient asked").documents == 3
    assert actions(here)[-1] == "report.erased"


def test_a_backup_does_not_miss_what_was_erased(here: House, tmp_path: Path) -> None:
    publish(here, at=OLD)
    publish(here)
    age(here)
    retain(here)
    assert back_up(here, tmp_path / "one" / "gateway.toml", tmp_path / "backup", Wishes()).missing == ()


def test_an_erasure_that_was_broken_off_is_done_again(here: House, monkeypatch: pytest.MonkeyPatch) -> None:
    one = publish(here, at=OLD)
    age(here)

    def away(*_: object) -> None:
        raise Unavailable("store_unavailable")

    with monkeypatch.context() as patch:
        patch.setattr("gateway.store.erasing.erase", away)
        with pytest.raises(Unavailable):
            retain(here)
    assert [each.report_id for each in by_rule(here)] == [one.report_id]
