"""Manifest rows and watched studies, on both databases: who takes what, and what goes back."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import InputConflicts
from gateway.model.codes import Code
from gateway.model.exam import KeyObjectNote
from gateway.model.share import Deed, Manifest, Share, ShareState
from gateway.model.watch import Watch, WatchState
from gateway.store.blobs import FileBlobs
from gateway.store.looks import PacedLooks
from gateway.store.pace import Rate
from gateway.store.received import SqlReceived
from gateway.store.watches import SqlWatches
from tests.support.store import (
    DMP,
    NOW,
    SITE,
    Stage,
    accept,
    accepted,
    claimed,
    event,
    frozen,
    later,
    manifest,
    pairing,
    report,
    share,
    stage,
    uid,
)

NOTE = KeyObjectNote(
    sop_instance_uid="1.2.9", series_uid="1.2.8", title=Code("113001", "DCM", "é"), marked=frozenset({"1.2.3"})
)


def claim_of(on: Stage, study: str, **changes: object) -> Share:
    """A claimed share of a new report over *study*."""
    of = accepted(report(studies=[study]))
    accept(on.store, of, [share(of, lineage=of.id, **changes)], [event()])
    return claimed(on.store)


def freezes(on: Stage, mine: Share, study: str, replaces: str = "") -> Manifest | None:
    """Freeze a manifest of *study*, in place of *replaces*; None when another was there first."""
    made = replace(manifest(mine, study), replaces=replaces)
    state = replace(mine, state=ShareState.FROZEN)
    done = on.store.freeze(state, frozen(study), [made], [pairing(study)], [event()])
    return made if done else None


def registers(on: Stage, mine: Share) -> None:
    on.store.registered(replace(mine, state=ShareState.SHARED, updated_at=NOW), [event()])


def gives_up(on: Stage, mine: Share) -> None:
    on.store.save(replace(mine, state=ShareState.ABANDONED), [event()])


def publishes(on: Stage, study: str) -> Manifest:
    mine = claim_of(on, study)
    made = freezes(on, mine, study)
    assert made is not None
    registers(on, mine)
    return made


def standing(on: Stage, study: str) -> Manifest | None:
    return on.store.manifest(DMP, study)


# The row of a study's manifest


def test_a_manifest_takes_the_place_of_the_one_that_stands(on: Stage) -> None:
    study = uid()
    first = publishes(on, study)
    mine = claim_of(on, study)
    second = freezes(on, mine, study, first.unique_id)
    assert second is not None
    assert standing(on, study) == replace(second, share_id=mine.id)
    registers(on, mine)
    assert standing(on, study) == replace(second, share_id=mine.id, shared=True)


def test_of_two_that_replace_one_manifest_the_second_finds_it_taken(on: Stage) -> None:
    study = uid()
    first = publishes(on, study)
    one, other = claim_of(on, study), claim_of(on, study)
    assert freezes(on, one, study, first.unique_id) is not None
    assert freezes(on, other, study, first.unique_id) is None
    assert freezes(on, other, study) is None
    registers(on, one)
    assert freezes(on, other, study, first.unique_id) is None


def test_a_manifest_that_is_given_up_leaves_the_one_that_stood(on: Stage) -> None:
    study = uid()
    first = publishes(on, study)
    before = standing(on, study)
    mine = claim_of(on, study)
    assert freezes(on, mine, study, first.unique_id) is not None
    gives_up(on, mine)
    assert standing(on, study) == before
    other = claim_of(on, study)
    assert freezes(on, other, study, first.unique_id) is not None


def test_a_manifest_alone_that_gave_way_leaves_its_share_superseded(on: Stage) -> None:
    study = uid()
    first = publishes(on, study)
    alone = claim_of(on, study, deed=Deed.MANIFEST, study_uid=study)
    second = freezes(on, alone, study, first.unique_id)
    assert second is not None
    registers(on, alone)
    third = claim_of(on, study, deed=Deed.MANIFEST, study_uid=study)
    assert freezes(on, third, study, second.unique_id) is not None
    registers(on, third)
    assert on.store.share(alone.id).state is ShareState.SUPERSEDED
    assert on.store.share(third.id).state is ShareState.SHARED


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["freeze", "register", "give up"]), st.integers(0, 2)), max_size=14))
def test_whatever_happens_in_whatever_order_one_manifest_stands(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    with stage(f"sqlite:///{folder}/gateway.db") as on:
        study, stands = uid(), ""
        under_way: dict[int, tuple[Share, Manifest]] = {}
        for act, number in acts:
            if act == "freeze" and number not in under_way:
                mine = claim_of(on, study)
                made = freezes(on, mine, study, stands)
                assert (made is not None) is not bool(under_way)
                if made is None:
                    gives_up(on, mine)
                else:
                    under_way[number] = (mine, made)
            elif act == "register" and number in under_way:
                mine, made = under_way.pop(number)
                registers(on, mine)
                stands = made.unique_id
            elif act == "give up" and number in under_way:
                gives_up(on, under_way.pop(number)[0])
            row = standing(on, study)
            if under_way:
                assert row is not None
                assert not row.shared
                assert row.replaces == stands
            else:
                assert (row.unique_id if row else "") == stands
                assert row is None or row.shared


# Watched studies


def test_what_is_published_is_due_after_an_hour_and_once(on: Stage) -> None:
    study, watches = uid(), SqlWatches(on.engine, on.writer)
    publishes(on, study)
    assert watches.next_due() == later(3600)
    assert watches.claim(later(3599), 900) is None
    mine = watches.claim(later(3600), 900)
    assert mine is not None
    assert (mine.site, mine.study_uid, mine.round, mine.told) == (SITE, study, 0, False)
    assert watches.claim(later(3601), 900) is None
    # Who died looking left a claim that runs out.
    assert watches.claim(later(4500), 900) is not None


def test_two_gateways_never_look_at_one_study(on: Stage) -> None:
    for _ in range(8):
        publishes(on, uid())
    found: list[Watch] = []
    lock = threading.Lock()

    def look() -> None:
        watches = SqlWatches(on.engine, on.writer)
        while (mine := watches.claim(later(4000), 900)) is not None:
            with lock:
                found.append(mine)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.study_uid for one in found}) == len(found) == 8


def test_no_two_looks_of_all_machines_are_nearer_than_the_pace_allows(on: Stage) -> None:
    for _ in range(6):
        publishes(on, uid())
    machines = [PacedLooks(SqlWatches(on.engine, on.writer), on.writer, Rate(per_minute=20.0)) for _ in range(3)]
    looked = []
    for tenths in range(250):
        at = later(4000 + tenths / 10)
        looked += [at for machine in machines if machine.claim(at, 900) is not None]
    assert len(looked) == 6
    assert all((after - before).total_seconds() >= 3.0 for before, after in itertools.pairwise(looked))
    assert (looked[-1] - looked[0]).total_seconds() <= 20.0, "a moment that was given to one is used by it"
    # The whole day's claims run out; the next one comes when it may look, not before.
    assert machines[0].next_due() is not None


def test_another_pace_in_the_settings_holds_from_the_next_start(on: Stage) -> None:
    for _ in range(3):
        publishes(on, uid())
    known = SqlWatches(on.engine, on.writer)
    slow = [PacedLooks(known, on.writer, Rate(per_minute=0.1)) for _ in range(3)]
    assert [one.claim(later(4000), 900) is not None for one in slow] == [True, False, False]
    assert slow[1].next_due() == later(4600)
    quick = PacedLooks(known, on.writer, Rate(per_minute=60.0))
    assert quick.claim(later(4001), 900) is None
    assert quick.next_due() == later(4002)
    assert quick.claim(later(4002), 900) is not None


def test_a_look_counts_only_when_nothing_was_told_since(on: Stage) -> None:
    study, watches = uid(), SqlWatches(on.engine, on.writer)
    publishes(on, study)
    assert watches.told([study, "1.2.3"], NOW) == 1
    mine = watches.claim(NOW, 900)
    assert mine is not None
    assert mine.told
    watches.told([study], later(1))
    done = replace(mine, round=1, due_at=later(86_400), told=False, view="v", lost={"lost": "1"})
    assert not watches.looked(mine, done)
    again = watches.claim(later(1), 900)
    assert again is not None
    assert watches.looked(again, replace(done, round=2))
    (kept,) = watches.lost(limit=5)
    assert (kept.round, kept.view, kept.told, kept.due_at) == (2, "v", False, later(86_400))


def test_a_look_brings_its_share_and_an_end(on: Stage) -> None:
    study, watches = uid(), SqlWatches(on.engine, on.writer)
    of = accepted(report(studies=[study]))
    accept(on.store, of, [share(of)], [event()])
    first = claimed(on.store)
    assert freezes(on, first, study) is not None
    registers(on, first)
    mine = watches.claim(later(3600), 900)
    assert mine is not None
    new = share(of, deed=Deed.MANIFEST, study_uid=study, lineage=f"study:{study}")
    made = on.store.manifest(DMP, study)
    assert made is not None
    assert watches.looked(mine, replace(mine, state=WatchState.ENDED), [new], [(made, "f2")], [event("study.changed")])
    assert claimed(on.store).id == new.id
    assert watches.next_due() is None
    after = on.store.manifest(DMP, study)
    assert after is not None
    assert after.fingerprint == "f2"
    (one,) = watches.standing(SITE, study)
    assert (one.destination, one.reports, one.under_way) == (DMP, (of.id,), True)


def test_what_the_release_before_published_is_watched_too(on: Stage) -> None:
    from sqlalchemy import delete

    from gateway.store.schema import WATCHES

    study, watches = uid(), SqlWatches(on.engine, on.writer)
    publishes(on, study)
    on.writer.run(lambda connection: connection.execute(delete(WATCHES)))
    assert watches.next_due() is None
    assert watches.adopt(NOW) == 1
    assert watches.adopt(NOW) == 0
    assert watches.next_due() == NOW


def test_a_withdrawal_has_its_studies_looked_at_now(on: Stage) -> None:
    study, watches = uid(), SqlWatches(on.engine, on.writer)
    publishes(on, study)
    mine = claim_of(on, study, deed=Deed.WITHDRAW)
    on.store.registered(replace(mine, state=ShareState.WITHDRAWN, updated_at=NOW), [event()])
    assert watches.next_due() == NOW


# What PACS send


def test_a_note_and_the_studies_it_speaks_of_are_one_transaction(on: Stage, tmp_path: Path) -> None:
    study, watches = uid(), SqlWatches(on.engine, on.writer)
    publishes(on, study)
    received = SqlReceived(on.engine, on.writer, FileBlobs(tmp_path / "blobs"))
    assert received.keep_rejection(NOTE, [study, "1.2.7"], b"note", peer="PACS", now=NOW)
    assert received.rejections(study) == (NOTE,)
    assert received.rejections("1.2.7") == (NOTE,)
    assert watches.next_due() == NOW
    mine = watches.claim(NOW, 900)
    assert mine is not None
    assert not received.keep_rejection(NOTE, [study, "1.2.7"], b"note", peer="PACS", now=later(1))
    assert watches.next_due() == NOW + timedelta(seconds=900)
    with pytest.raises(InputConflicts, match="instance_differs"):
        received.keep_rejection(NOTE, [study], b"other", peer="PACS", now=NOW)
    digest = FileBlobs(tmp_path / "blobs").put(b"note")
    assert on.store.is_referenced(digest)
    assert received.take_back(study, NOTE.sop_instance_uid, actor="a person", now=later(9))
    assert not received.take_back(study, NOTE.sop_instance_uid, actor="a person", now=later(9))
    assert received.rejections(study) == ()
    assert watches.next_due() == later(9)
    assert {"rejection.received", "rejection.taken_back"} <= set(on.actions())


def test_a_report_is_not_erased_while_another_stands_on_its_manifest(on: Stage) -> None:
    from gateway.store.erasing import erasable_by_hand

    study = uid()
    first = publishes(on, study)
    mine = on.store.share(first.share_id) if first.share_id else None
    assert mine is not None
    assert len(on.writer.run(lambda c: erasable_by_hand(c, mine.report_id, "everything"))) == 1
    registers(on, claim_of(on, study))
    assert on.writer.run(lambda c: erasable_by_hand(c, mine.report_id, "everything")) == []
    assert len(on.writer.run(lambda c: erasable_by_hand(c, mine.report_id, "documents"))) == 1
