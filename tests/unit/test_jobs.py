"""The job table, on both databases: who may work on what, and who may still write."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import InputConflicts, InputRejected, Unavailable
from gateway.model.share import Share, ShareState
from gateway.store.engine import reading, transaction
from gateway.store.schema import LINEAGES, SHARES
from tests.support.store import (
    DMP,
    NOW,
    Stage,
    accept,
    accepted,
    claimed,
    event,
    frozen,
    keep,
    later,
    manifest,
    pairing,
    share,
    stage,
)


def waiting_until(one: Share, due: datetime) -> Share:
    return replace(one, due_at=due, updated_at=NOW)


# Claims


def test_the_share_that_is_due_longest_is_claimed_first(on: Stage) -> None:
    keep(on.store, due_at=later(-5))
    oldest = keep(on.store, due_at=later(-9))
    keep(on.store, due_at=later(5))
    mine = claimed(on.store)
    assert mine.id == oldest.id
    assert mine.lease
    assert replace(mine, lease="") == oldest


def test_nothing_due_is_nothing_claimed(on: Stage) -> None:
    assert on.store.claim(NOW, 60) is None
    keep(on.store, due_at=later(1))
    assert on.store.claim(NOW, 60) is None


def test_a_leased_share_is_not_claimed_before_its_lease_ends(on: Stage) -> None:
    keep(on.store)
    first = claimed(on.store, NOW, 60)
    assert on.store.claim(later(59), 60) is None
    second = claimed(on.store, later(60))
    assert second.id == first.id
    assert second.lease != first.lease


@pytest.mark.parametrize("state", [ShareState.SHARED, ShareState.HELD])
def test_what_is_finished_or_held_is_never_claimed(on: Stage, state: ShareState) -> None:
    keep(on.store)
    on.store.save(replace(claimed(on.store), state=state), [])
    assert on.store.claim(later(1e6), 60) is None
    assert on.store.next_due() is None


@pytest.mark.parametrize("state", [ShareState.WAITING, ShareState.FROZEN, ShareState.SENDING])
def test_what_is_under_way_is_claimed_again_when_it_is_due(on: Stage, state: ShareState) -> None:
    keep(on.store)
    on.store.save(replace(claimed(on.store), state=state, due_at=later(30)), [])
    assert on.store.claim(later(29), 60) is None
    assert claimed(on.store, later(30)).state is state


def test_of_one_lineage_one_share_at_a_time(on: Stage) -> None:
    keep(on.store, lineage="L", destination="one")
    keep(on.store, lineage="L", destination="two")
    first = claimed(on.store)
    assert on.store.claim(NOW, 60) is None
    on.store.save(waiting_until(first, later(99)), [])
    assert claimed(on.store).destination == "two"


def test_lineages_of_two_sites_do_not_wait_for_one_another(on: Stage) -> None:
    keep(on.store, lineage="L")
    of = accepted(site="sud")
    accept(on.store, of, [share(of, lineage="L")], [])
    assert {claimed(on.store).site, claimed(on.store).site} == {"nord", "sud"}


def test_a_later_share_never_overtakes_an_unfinished_one_of_its_lineage(on: Stage) -> None:
    first = keep(on.store, lineage="L", due_at=later(50))
    second = keep(on.store, lineage="L", due_at=NOW)
    assert on.store.claim(later(49), 60) is None
    assert on.store.next_due() == later(50)
    mine = claimed(on.store, later(50))
    assert mine.id == first.id
    on.store.save(replace(mine, state=ShareState.SHARED), [])
    assert claimed(on.store, later(50)).id == second.id


def test_a_held_share_lets_the_next_of_its_lineage_go(on: Stage) -> None:
    keep(on.store, lineage="L")
    second = keep(on.store, lineage="L")
    on.store.save(replace(claimed(on.store), state=ShareState.HELD), [])
    assert claimed(on.store).id == second.id


def test_the_next_moment_is_when_a_claim_succeeds(on: Stage) -> None:
    assert on.store.next_due() is None
    keep(on.store, due_at=later(10))
    keep(on.store, due_at=later(20))
    assert on.store.next_due() == later(10)
    assert claimed(on.store, later(10), 60)
    assert on.store.next_due() == later(20)
    assert claimed(on.store, later(20), 10)
    assert on.store.next_due() == later(30)
    assert on.store.claim(later(29), 60) is None
    assert claimed(on.store, later(30), 60)


def test_however_many_wait_behind_one_another_what_may_go_is_found(on: Stage) -> None:
    for _ in range(80):
        keep(on.store, lineage="L", due_at=later(-9))
    free = keep(on.store, due_at=later(-5))
    last = keep(on.store, due_at=later(7))
    first = claimed(on.store)
    assert first.lineage == "L"
    assert on.store.next_due() == later(-5)
    assert claimed(on.store).id == free.id
    assert on.store.claim(NOW, 60) is None
    assert on.store.next_due() == later(7)
    assert claimed(on.store, later(7)).id == last.id
    on.store.save(replace(first, state=ShareState.SHARED), [])
    assert claimed(on.store, later(8)).lineage == "L"


# Leases


def test_a_lease_can_be_lengthened_while_it_is_ours(on: Stage) -> None:
    keep(on.store)
    mine = claimed(on.store, NOW, 10)
    assert on.store.renew(mine, later(100))
    assert on.store.claim(later(99), 60) is None
    other = claimed(on.store, later(100), 60)
    assert not on.store.renew(mine, later(500))
    assert on.store.renew(other, later(500))


def test_a_worker_that_lost_its_lease_writes_nothing(on: Stage) -> None:
    keep(on.store)
    slow = claimed(on.store, NOW, 10)
    quick = claimed(on.store, later(10), 60)
    late = replace(slow, state=ShareState.FROZEN)
    for write in (
        lambda: on.store.save(replace(slow, state=ShareState.SHARED), [event("late")]),
        lambda: on.store.registered(replace(slow, state=ShareState.SHARED), [event("late")]),
        lambda: on.store.freeze(late, frozen(), [], [], [event("late")]),
    ):
        with pytest.raises(Unavailable, match="lease_lost"):
            write()
    assert "late" not in on.actions()
    with pytest.raises(InputRejected, match="store_not_frozen"):
        on.store.frozen(slow.id)
    on.store.save(waiting_until(quick, later(99)), [event("quick")])
    assert on.actions()[-1] == "quick"


def test_a_lease_that_ended_but_was_given_to_nobody_still_writes(on: Stage) -> None:
    keep(on.store)
    mine = claimed(on.store, NOW, 1)
    on.store.save(replace(mine, state=ShareState.SHARED, updated_at=later(100)), [])
    assert on.store.overviews(limit=1)[0].share.state is ShareState.SHARED


def test_a_save_may_keep_the_lease(on: Stage) -> None:
    keep(on.store)
    mine = claimed(on.store)
    on.store.save(replace(mine, state=ShareState.SENDING), [event("sending")], release=False)
    assert on.store.claim(NOW, 60) is None
    on.store.save(replace(mine, state=ShareState.SHARED), [event("shared")])
    assert on.actions()[-2:] == ["sending", "shared"]
    with pytest.raises(Unavailable, match="lease_lost"):
        on.store.save(mine, [])


def test_a_save_keeps_everything_that_may_change(on: Stage) -> None:
    keep(on.store)
    changed = replace(
        claimed(on.store),
        state=ShareState.HELD,
        due_at=later(1.000001),
        updated_at=later(2),
        attempts=7,
        progress={"1.2.3": "é\x00"},
        reason="share_waits",
        facts={"words": "\ud800"},
        registered_at=later(3),
    )
    on.store.save(changed, [])
    assert on.store.overviews(limit=1)[0].share == replace(changed, lease="")


def test_a_person_releases_a_held_share_and_nothing_else(on: Stage) -> None:
    keep(on.store)
    mine = claimed(on.store)
    seen = on.store.overviews(limit=1)[0].share
    with pytest.raises(Unavailable, match="lease_lost"):
        on.store.save(waiting_until(seen, NOW), [])
    on.store.save(replace(mine, state=ShareState.HELD, reason="r"), [], release=False)
    with pytest.raises(Unavailable, match="lease_lost"):
        on.store.save(waiting_until(seen, NOW), [])
    on.store.save(replace(mine, state=ShareState.HELD, reason="r"), [])
    on.store.save(waiting_until(seen, NOW), [event("share.released")])
    assert claimed(on.store).id == mine.id
    with pytest.raises(Unavailable, match="lease_lost"):
        on.store.save(waiting_until(seen, NOW), [])


def test_a_moment_without_a_zone_is_not_kept(on: Stage) -> None:
    keep(on.store)
    mine = claimed(on.store)
    with pytest.raises(Unavailable, match="store_unavailable"):
        on.store.save(replace(mine, due_at=datetime(2026, 1, 1)), [])  # noqa: DTZ001 - the point


def test_moments_of_any_zone_come_back_as_the_same_moment_in_utc(on: Stage) -> None:
    from zoneinfo import ZoneInfo

    due = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Paris"))
    keep(on.store, due_at=due)
    found = on.store.next_due()
    assert found == due
    assert found is not None
    assert found.utcoffset() == timedelta(0)


# Freezing


def freezing(on: Stage, study: str) -> Share:
    keep(on.store)
    mine = claimed(on.store)
    return replace(mine, state=ShareState.FROZEN, updated_at=later(1))


def test_what_was_frozen_comes_back_byte_for_byte(on: Stage) -> None:
    mine, submission = freezing(on, "1.2.3"), frozen("1.2.3")
    made = manifest(mine, "1.2.3")
    assert on.store.freeze(mine, submission, [made], [pairing("1.2.3")], [event("share.frozen")])
    assert on.store.frozen(mine.id) == submission
    assert on.store.manifest(DMP, "1.2.3") == made
    assert on.store.manifest("other", "1.2.3") is None
    overview = on.store.overviews(limit=1)[0]
    assert overview.share == replace(mine, lease="")
    assert overview.documents == submission.documents
    assert on.actions()[-1] == "share.frozen"
    on.store.save(replace(mine, state=ShareState.SENDING), [], release=False)


def test_a_study_gets_one_manifest_a_destination_and_the_loser_writes_nothing(on: Stage) -> None:
    first, second = freezing(on, "1.2.3"), freezing(on, "1.2.3")
    assert on.store.freeze(first, frozen("1.2.3"), [manifest(first, "1.2.3")], [pairing("1.2.3")], [])
    both = [manifest(second, "1.2.2"), manifest(second, "1.2.3")]
    assert not on.store.freeze(second, frozen("1.2.2"), both, [pairing("1.2.2")], [event("lost")])
    assert on.store.manifest(DMP, "1.2.2") is None
    with pytest.raises(InputRejected, match="store_not_frozen"):
        on.store.frozen(second.id)
    assert "lost" not in on.actions()
    on.store.save(replace(second, state=ShareState.WAITING, due_at=later(5)), [])
    elsewhere = replace(manifest(second, "1.2.3"), destination="other")
    again = replace(claimed(on.store, later(5)), state=ShareState.FROZEN)
    assert on.store.freeze(again, frozen("1.2.3"), [elsewhere], [], [])


def test_what_may_have_left_is_not_frozen_anew(on: Stage) -> None:
    mine = freezing(on, "1.2.3")
    submission = frozen("1.2.3")
    assert on.store.freeze(mine, submission, [manifest(mine, "1.2.3")], [], [])
    with pytest.raises(InputConflicts, match="store_frozen_already"):
        on.store.freeze(mine, frozen("1.2.3"), [], [], [])
    assert on.store.frozen(mine.id) == submission


def test_a_share_that_was_sent_back_to_wait_freezes_anew(on: Stage) -> None:
    mine = freezing(on, "1.2.3")
    assert on.store.freeze(mine, frozen("1.2.3"), [manifest(mine, "1.2.3")], [], [])
    on.store.save(replace(mine, state=ShareState.WAITING), [], release=False)
    anew, made = frozen("1.2.3"), manifest(mine, "1.2.3")
    assert on.store.freeze(mine, anew, [made], [], [])
    assert on.store.frozen(mine.id) == anew
    assert on.store.manifest(DMP, "1.2.3") == made


def test_what_is_registered_is_shared_with_its_manifests_and_let_go(on: Stage) -> None:
    mine = freezing(on, "1.2.3")
    on.store.freeze(mine, frozen("1.2.3"), [manifest(mine, "1.2.3")], [], [])
    done = replace(mine, state=ShareState.SHARED, registered_at=later(9))
    on.store.registered(done, [event("share.registered")])
    found = on.store.manifest(DMP, "1.2.3")
    assert found is not None
    assert found.shared
    (overview,) = on.store.overviews(limit=5, states=[ShareState.SHARED])
    assert overview.share.registered_at == later(9)
    assert on.actions()[-1] == "share.registered"
    assert not on.store.renew(mine, later(99))


# Overviews


def test_overviews_are_newest_first_and_chosen_by_state_and_report(on: Stage) -> None:
    kept = [keep(on.store, due_at=later(number)) for number in range(5)]
    assert [each.share.id for each in on.store.overviews(limit=3)] == [each.id for each in reversed(kept[2:])]
    assert [each.share.id for each in on.store.overviews(limit=9, report_id=kept[1].report_id)] == [kept[1].id]
    on.store.save(replace(claimed(on.store), state=ShareState.HELD), [])
    assert [each.share.id for each in on.store.overviews(limit=9, states=["held"])] == [kept[0].id]
    assert len(on.store.overviews(limit=9, states=["held", "waiting"])) == 5
    assert on.store.overviews(limit=0) == ()
    overview = on.store.overviews(limit=1)[0]
    assert overview.accession_numbers == ("A1",)
    assert len(overview.study_uids) == 1
    assert overview.received_at == NOW


# Many workers


def test_eight_workers_never_hold_one_lineage_twice(on: Stage) -> None:
    for number in range(40):
        keep(on.store, lineage=f"L{number % 10}", destination=f"D{number % 2}")
    order: dict[tuple[str, str], list[str]] = {}
    for overview in reversed(on.store.overviews(limit=99)):
        order.setdefault((overview.share.lineage, overview.share.destination), []).append(overview.share.id)
    held: set[str] = set()
    done: list[Share] = []
    trouble: list[str] = []
    guard = threading.Lock()

    def work() -> None:
        while len(done) < 40:
            mine = on.store.claim(NOW, 600)
            if mine is None:
                continue
            with guard:
                if mine.lineage in held:
                    trouble.append(mine.id)
                held.add(mine.lineage)
            with guard:
                held.discard(mine.lineage)
                done.append(mine)
            on.store.save(replace(mine, state=ShareState.SHARED), [])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    assert sorted(share.id for share in done) == sorted(each for ids in order.values() for each in ids)
    for key, ids in order.items():
        assert [share.id for share in done if (share.lineage, share.destination) == key] == ids


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(1, 6)), min_size=1, max_size=12))
def test_waiting_until_the_next_moment_always_finds_work(
    tmp_path_factory: pytest.TempPathFactory, plans: list[tuple[int, int, int]]
) -> None:
    """Whatever is due and leased: before ``next_due`` nothing can be claimed, at it something can."""
    with stage(f"sqlite:///{tmp_path_factory.mktemp('jobs')}/gateway.db") as one:
        for lineage, due, _ in plans:
            keep(one.store, lineage=f"L{lineage}", due_at=later(due))
        for _, _, lease_s in plans:
            moment = one.store.next_due()
            assert moment is not None
            assert one.store.claim(moment - timedelta(microseconds=1), 1) is None
            mine = claimed(one.store, moment, lease_s)
            if lease_s % 2:
                one.store.save(replace(mine, state=ShareState.SHARED), [])


def test_looking_for_work_never_goes_through_every_share(tmp_path: Path) -> None:
    """Waiting costs a row, not a look at it: with 100,000 of them a scan would take half a second."""
    with stage(f"sqlite:///{tmp_path}/gateway.db") as one:
        keep(one.store)
        asked: list[str] = []

        # Of the driver, with the values: not everything goes by SQLAlchemy.
        @sa.event.listens_for(one.engine, "checkout")
        def listen(connection: Any, *_: object) -> None:
            connection.set_trace_callback(asked.append)

        one.store.next_due()
        one.store.renew(claimed(one.store), later(60))
        one.store.next_due()
        one.store.overviews(limit=5, states=["held"])
        looked = [statement for statement in asked if statement.startswith(("SELECT", "UPDATE"))]
        assert len(looked) > 5
        with one.engine.connect() as connection:
            for statement in looked:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
                # But for the few that were taken off the index first.
                assert not any(row.detail.startswith("SCAN") and row.detail != "SCAN some" for row in plan), statement


def test_what_leaves_as_it_is_frozen_has_passed_both_steps(on: Stage) -> None:
    """One transaction: after a crash it is as it was before, or the registry is asked first."""
    keep(on.store)
    mine, study = claimed(on.store), "1.2.3"
    fixed = replace(mine, state=ShareState.FROZEN, happening="FROZEN")
    leaving = replace(fixed, state=ShareState.SENDING, happening="DEPARTURE")
    kept = frozen(study)
    args = (kept, [manifest(mine, study)], [pairing(study)], [event("share.frozen"), event("share.sending")])
    assert on.store.freeze(leaving, *args, through=[fixed])
    assert on.store.share(mine.id).state is ShareState.SENDING
    assert on.store.frozen(mine.id) == kept
    assert [step.happening for step in on.store.steps(mine.id)][-2:] == ["FROZEN", "DEPARTURE"]
    assert on.actions()[-2:] == ["share.frozen", "share.sending"]
    with pytest.raises(InputConflicts, match="store_frozen_already"):
        on.store.freeze(leaving, *args, through=[fixed])


def waiting(on: Stage, count: int) -> None:
    """*count* shares that wait and amend nothing, beside as many that are out; counted by the database."""
    keep(on.store)
    with transaction(on.engine) as connection:
        row = connection.execute(sa.select(SHARES)).one()._asdict()
        del row["sequence"]
        numbers = range(2 * count)
        connection.execute(sa.insert(LINEAGES), [{"key": f"{n}"} for n in numbers])
        connection.execute(
            sa.insert(SHARES),
            [
                {**row, "id": f"many-{n}", "lineage_key": f"{n}", "claim_at": later(n) if n % 2 else None}
                for n in numbers
            ],
        )
    with transaction(on.engine) as connection:
        connection.exec_driver_sql("ANALYZE")


def test_a_claim_reads_few_rows_once_the_database_has_counted_them(on: Stage) -> None:
    """Nearly every target is empty: with that known, a look through all that waits seemed cheaper than the index."""
    waiting(on, 1000)
    asked: list[str] = []
    if on.engine.dialect.name == "sqlite":

        @sa.event.listens_for(on.engine, "checkout")
        def listen(connection: Any, *_: object) -> None:
            connection.set_trace_callback(asked.append)

    before = _read_by_postgresql(on)
    for _ in range(5):
        claimed(on.store, later(5000))
        on.store.next_due()
    assert _read_by_postgresql(on) - before < 1000  # it was a thousand for each claim
    looks = [statement for statement in asked if statement.startswith("SELECT") and "withdrawal" in statement]
    assert looks or on.engine.dialect.name != "sqlite"
    with on.engine.connect() as connection:
        for statement in looks:
            plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
            assert any("USING INDEX shares_withdrawing" in step for step in plan)
            assert not any(step.startswith("SCAN") and step != "SCAN some" for step in plan)


def _read_by_postgresql(on: Stage) -> int:
    """Rows of shares that it has read so far; 0 for SQLite, whose plans say it."""
    if on.engine.dialect.name == "sqlite":
        return 0
    with reading(on.engine) as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    with reading(on.engine) as connection:
        query = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'shares'"
        return int(connection.exec_driver_sql(query).scalar_one())
