"""The manifest of a published study over the years: other reports, other images, other requests, none left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.demo.identity import CT
from gateway.errors import PeerRefused, PeerUnreachable
from gateway.kos import read as kos
from gateway.model.exam import ImagingRequest, KeyObjectNote
from gateway.model.report import Reliability, Statements
from gateway.model.share import Deed, ShareState
from gateway.model.site import ManifestSettings
from gateway.store import migrations
from gateway.store.engine import open_engine
from gateway.store.schema import METADATA
from gateway.trust import safexml
from gateway.xds import ebrim
from tests.fakes.destination import FakeDestination
from tests.fakes.world import SITE, World, exam, world
from tests.support import postgresql
from tests.support.images import OTHER_CT, Looking, both, looking, rejection, report, with_instances, with_series
from tests.support.store import DATABASES

SHARED, HELD, SENDING, WITHDRAWN = ShareState.SHARED, ShareState.HELD, ShareState.SENDING, ShareState.WITHDRAWN
SUPERSEDED, WAITING, ABANDONED = ShareState.SUPERSEDED, ShareState.WAITING, ShareState.ABANDONED
AWAY = PeerUnreachable("registry_unreachable", peer="registry")
PRESENTATION = "1.2.840.10008.5.1.4.1.1.11.1"


def uids(*numbers: int) -> set[str]:
    return {f"1.2.250.1.999.5.{n}" for n in numbers}


@pytest.fixture(scope="module")
def on_postgresql() -> Iterator[str]:
    """One store for all: a database for each would keep the disk busier than the stories do."""
    with postgresql.server() as server:
        url = server.database()
        engine = open_engine(url)
        migrations.upgrade(engine)
        engine.dispose()
        yield url


@pytest.fixture(params=DATABASES)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("on_postgresql")
        postgresql.empty(url, METADATA.sorted_tables)
    with world(tmp_path, url=url) as made:
        yield made


@pytest.fixture
def published(here: World) -> Looking:
    """A world with one report and its manifest of three images at the registry."""
    looks = looking(here)
    here.accept()
    assert here.carry().state is SHARED
    assert looks.instances() == uids(1, 2, 3)
    return looks


def change(here: World, *numbers: int) -> None:
    here.pacs.exams[CT.study_uid] = with_instances(exam(), *numbers)


# -- other reports over one study -----------------------------------------------------------------------------------


def test_a_second_report_with_another_order_makes_a_manifest_that_carries_both(published: Looking) -> None:
    here = published.here
    first = here.store.manifest("registry", CT.study_uid)
    assert first is not None
    here.accept(content=report(77, placer="ANOTHER-ORDER"))
    assert here.carry().state is SHARED
    now = here.store.manifest("registry", CT.study_uid)
    assert now is not None
    assert now.replaces == first.unique_id
    assert first.unique_id not in here.destination.approved
    assert published.numbers() == {CT.accession.extension, CT.placer.extension, "ANOTHER-ORDER"}
    references = here.destination.sent[-1][0]
    assert b"ANOTHER-ORDER" in references
    assert (CT.placer.extension or "").encode() in references


def test_a_second_report_with_another_accession_number_makes_a_manifest_that_carries_both(published: Looking) -> None:
    here = published.here
    other = replace(CT.accession, extension="ACC-TWO")
    here.pacs.exams[CT.study_uid] = replace(exam(), requests=(ImagingRequest(accession=other),))
    here.accept(content=report(77, placer="ORDER-TWO", accession="ACC-TWO"))
    assert here.carry().state is SHARED
    assert published.numbers() == {CT.accession.extension, CT.placer.extension, "ACC-TWO", "ORDER-TWO"}


def test_a_second_report_with_the_same_numbers_shares_the_manifest(published: Looking) -> None:
    here = published.here
    before = here.store.manifest("registry", CT.study_uid)
    here.accept(content=report(77))
    assert here.carry().state is SHARED
    assert here.store.manifest("registry", CT.study_uid) == before


def test_of_two_reports_that_replace_at_a_time_the_second_waits(published: Looking) -> None:
    here = published.here
    here.accept(content=report(77, placer="TWO"))
    here.destination.before = [AWAY]
    assert here.carry().state is SENDING
    here.accept(content=report(78, placer="THREE"))
    share = here.claim()
    assert share is not None
    waiting = here.sharing._step(here.sharing._step(share))
    assert (waiting.state, waiting.reason) == (WAITING, "manifest_under_way")
    published.settle(1)
    assert published.numbers() == {CT.accession.extension, CT.placer.extension, "TWO", "THREE"}
    assert len([one for one in here.destination.approved if one == published.manifest().sop_instance_uid]) == 1


def test_a_replacement_that_is_given_up_leaves_the_manifest_that_stood(published: Looking) -> None:
    here = published.here
    before = here.store.manifest("registry", CT.study_uid)
    here.accept(content=report(77, placer="TWO"))
    here.destination.before = [PeerRefused("registry_refused", codes="XDSRegistryError", words="no")]
    held = here.carry()
    assert held.state is HELD
    under_way = here.store.manifest("registry", CT.study_uid)
    assert under_way is not None
    assert not under_way.shared
    here.sharing.abandon(held.id, "not wanted", "a person")
    assert here.store.manifest("registry", CT.study_uid) == before
    here.accept(content=report(78, placer="THREE"))
    assert here.carry().state is SHARED
    assert published.numbers() == {CT.accession.extension, CT.placer.extension, "THREE"}


def test_a_first_manifest_that_is_given_up_leaves_none(here: World) -> None:
    looks = looking(here)
    here.accept()
    here.destination.before = [PeerRefused("registry_refused", codes="XDSRegistryError", words="no")]
    held = here.carry()
    here.sharing.abandon(held.id, "not wanted", "a person")
    assert here.store.manifest("registry", CT.study_uid) is None
    here.accept(content=report(77))
    assert here.carry().state is SHARED
    assert looks.instances() == uids(1, 2, 3)


# -- images that change ---------------------------------------------------------------------------------------------


def test_late_images_make_a_new_manifest_in_place_of_the_old_one(published: Looking) -> None:
    here = published.here
    first = published.manifest().sop_instance_uid
    change(here, 1, 2, 3, 4)
    assert published.tell() == 1
    (share,) = published.settle()
    assert (share.deed, share.state) == (Deed.MANIFEST, SHARED)
    assert published.instances() == uids(1, 2, 3, 4)
    assert first not in here.destination.approved
    assert [document.kind for document in here.store.frozen(share.id).documents] == ["manifest"]
    assert published.numbers() == {CT.accession.extension, CT.placer.extension}


def test_late_images_that_nobody_tells_of_are_found_after_an_hour(published: Looking) -> None:
    change(published.here, 1, 2, 3, 4)
    assert published.settle(0.9) == []
    (share,) = published.settle(0.2)
    assert share.state is SHARED
    assert published.instances() == uids(1, 2, 3, 4)


def test_a_study_is_looked_at_after_an_hour_a_day_a_week_and_then_every_month(published: Looking) -> None:
    here = published.here
    looks: list[float] = []
    begun = here.clock.now()
    for _ in range(5):
        due = published.watches.next_due()
        assert due is not None
        here.clock.at = due
        watch = published.look()
        assert watch is not None
        looks.append((here.clock.now() - begun).total_seconds())
    hour, day = 3600, 86_400
    waits = [later - earlier for earlier, later in zip([0.0, *looks], looks, strict=False)]
    assert waits == [hour, day, 7 * day, 30 * day, 30 * day]
    assert published.look() is None
    assert len(here.destination.sent) == 1


def test_rejected_images_leave_the_manifest(published: Looking) -> None:
    here = published.here
    here.pacs.exams[CT.study_uid] = replace(with_instances(exam(), 1, 3), notes=(rejection(*uids(2)),))
    published.tell()
    (share,) = published.settle()
    assert share.state is SHARED
    assert published.instances() == uids(1, 3)


def test_a_change_that_is_not_shared_makes_no_manifest(tmp_path: Path) -> None:
    site = replace(SITE, manifest=ManifestSettings(presentation_states=False))
    with world(tmp_path, site=site) as here:
        looks = looking(here)
        here.accept()
        here.carry()
        before = looks.manifest().sop_instance_uid
        here.pacs.exams[CT.study_uid] = with_series(exam(), "PR", PRESENTATION, "1.2.250.1.999.5.90")
        looks.tell()
        assert looks.settle() == []
        assert looks.manifest().sop_instance_uid == before
        standing = here.store.manifest("registry", CT.study_uid)
        assert standing is not None
        assert standing.fingerprint == here.pacs.exams[CT.study_uid].fingerprint


def test_a_study_of_which_everything_was_rejected_loses_its_manifest(published: Looking) -> None:
    here = published.here
    first = published.manifest().sop_instance_uid
    del here.pacs.exams[CT.study_uid]
    published.tell()
    (share,) = published.settle()
    assert (share.deed, share.state) == (Deed.MANIFEST, SHARED)
    assert here.destination.taken_back == [first]
    assert here.store.manifest("registry", CT.study_uid) is None
    # The report stands: images that come again get a first manifest again.
    here.pacs.exams[CT.study_uid] = exam()
    published.tell()
    published.settle()
    assert published.instances() == uids(1, 2, 3)
    assert first not in here.destination.approved


def test_images_lost_without_a_word_are_for_a_person_to_decide(published: Looking) -> None:
    here = published.here
    change(here, 1, 2)
    assert published.settle(2) == []
    (held,) = published.shares()
    assert (held.state, held.reason) == (HELD, "images_lost")
    assert (held.facts["lost"], held.facts["of"]) == ("1", "3")
    assert published.instances() == uids(1, 2, 3)
    (watch,) = published.watches.lost(limit=10)
    assert watch.lost["lost"] == "1"
    published.settle(24 * 10)
    assert len(published.shares()) == 1
    assert published.watches.lost(limit=10)
    here.sharing.replay(held.id, "a person")
    published.settle()
    assert published.instances() == uids(1, 2)
    published.settle(24)
    assert not published.watches.lost(limit=10)


def test_a_loss_that_a_person_gave_up_is_not_proposed_again(published: Looking) -> None:
    here = published.here
    change(here, 1, 2)
    published.settle(2)
    (held,) = published.shares()
    looks = here.pacs.looks
    for _ in range(20):
        published.settle(24)
    assert here.pacs.looks - looks <= 4, "what waits for a person is not looked at all the time"
    here.sharing.abandon(held.id, "the archive is being moved", "a person")
    published.settle(24 * 40)
    assert len(published.shares()) == 1
    change(here, 1)
    published.settle(24 * 40)
    assert [one.state for one in published.shares()] == [HELD, ABANDONED]


def test_images_that_come_back_need_nobody_s_decision(published: Looking) -> None:
    here = published.here
    change(here, 1, 2)
    published.settle(2)
    assert [(one.state, one.reason) for one in published.shares()] == [(HELD, "images_lost")]
    change(here, 1, 2, 3)
    published.settle(24)
    published.settle(1)
    (done,) = published.shares()
    assert (done.state, done.reason) == (SHARED, "")
    assert not published.watches.lost(limit=10)
    assert here.destination.taken_back == []
    assert published.instances() == uids(1, 2, 3)
    assert "NOTHING_LOST" in [step.happening for step in here.store.steps(done.id)]


def test_images_that_come_back_in_part_are_still_for_a_person(published: Looking) -> None:
    here = published.here
    change(here, 1)
    published.settle(2)
    change(here, 1, 2)
    published.settle(24)
    assert [(one.state, one.reason) for one in published.shares()] == [(HELD, "images_lost")]


def test_a_loss_that_a_note_explains_later_is_amended(here: World) -> None:
    notes: dict[str, list[KeyObjectNote]] = {}
    looks = looking(here, notes)
    here.accept()
    here.carry()
    change(here, 1, 2)
    looks.settle(2)
    assert [one.state for one in looks.shares()] == [HELD]
    notes[CT.study_uid] = [rejection(*uids(3))]
    looks.tell()
    looks.settle(1)
    assert [one.state for one in looks.shares()] == [SHARED]
    assert looks.instances() == uids(1, 2)


def test_a_study_that_vanished_is_reported_and_its_manifest_stands(published: Looking) -> None:
    del published.here.pacs.exams[CT.study_uid]
    published.settle(2)
    (held,) = published.shares()
    assert (held.state, held.reason, held.facts["lost"]) == (HELD, "images_lost", "3")
    assert published.here.destination.taken_back == []


def test_images_lost_without_a_word_are_amended_where_the_site_says_so(here: World) -> None:
    looks = looking(here, lost_images="amend")
    here.accept()
    here.carry()
    change(here, 1, 2)
    (share,) = looks.settle(2)
    assert share.state is SHARED
    assert looks.instances() == uids(1, 2)


def test_images_that_a_received_note_rejects_are_not_lost(here: World) -> None:
    notes = {CT.study_uid: [rejection(*uids(3))]}
    looks = looking(here, notes)
    here.accept()
    here.carry()
    change(here, 1, 2)
    (share,) = looks.settle(2)
    assert share.state is SHARED
    assert not looks.watches.lost(limit=10)


def test_a_pacs_that_is_away_is_looked_at_again_and_nothing_is_concluded(published: Looking) -> None:
    here = published.here
    here.pacs.failures = [PeerUnreachable("pacs_unreachable", pacs="p")]
    published.tell()
    assert published.settle() == []
    change(here, 1, 2, 3, 4)
    published.settle(0.1)
    assert published.instances() == uids(1, 2, 3, 4)


def test_what_is_told_during_a_look_is_looked_at_after_it(published: Looking) -> None:
    here = published.here
    published.tell()
    watch = published.watches.claim(here.clock.now(), 900)
    assert watch is not None
    here.clock.forward(1)
    published.tell()
    assert published.watching.carry(watch).reason == "look_overtaken"
    change(here, 1, 2, 3, 4)
    published.settle()
    assert published.instances() == uids(1, 2, 3, 4)


def test_a_study_that_still_grows_makes_one_manifest_when_it_is_whole(published: Looking) -> None:
    here = published.here
    here.sharing = replace(here.sharing, patience=replace(here.sharing.patience, look_interval_s=60))
    change(here, 1, 2, 3, 4)
    published.tell()
    assert published.look() is not None
    assert here.carry().reason == "study_settling"
    change(here, 1, 2, 3, 4, 5)
    here.clock.forward(60)
    assert here.carry().reason == "study_settling"
    here.clock.forward(60)
    assert here.carry().state is SHARED
    assert published.instances() == uids(1, 2, 3, 4, 5)
    assert len(here.destination.sent) == 2


def test_a_later_manifest_supersedes_the_share_that_made_the_one_before(published: Looking) -> None:
    here = published.here
    for last in (4, 5):
        change(here, *range(1, last + 1))
        published.tell()
        published.settle()
    assert [one.state for one in published.shares()] == [SHARED, SUPERSEDED]
    assert [one.state for one in published.shares(deed=Deed.PUBLISH)] == [SHARED]


def test_another_patient_in_the_pacs_holds_the_new_manifest(published: Looking) -> None:
    here = published.here
    change(here, 1, 2, 3, 4)
    changed = replace(here.pacs.exams[CT.study_uid], patient_id="SOMEONE-ELSE", other_patient_ids=())
    here.pacs.exams[CT.study_uid] = changed
    published.tell()
    published.settle()
    (held,) = published.shares()
    assert (held.state, held.reason) == (HELD, "patient_differs")
    assert published.instances() == uids(1, 2, 3)


@pytest.mark.parametrize("described", ["extra", "instead"])
def test_a_manifest_with_description_replaces_its_own_kind(tmp_path: Path, described: str) -> None:
    with world(tmp_path, site=replace(SITE, manifest=ManifestSettings(mado=described))) as here:
        looks = looking(here)
        here.accept()
        here.carry()
        before = here.destination.approved
        change(here, 1, 2, 3, 4)
        looks.tell()
        looks.settle()
        number = 2 if described == "extra" else 1
        assert len(here.destination.gone & before) == number
        assert len(here.destination.approved - before) == number


KINDS = {"none": ["113030"], "instead": ["MADOTEMP001"], "extra": ["113030", "MADOTEMP001"]}


@pytest.mark.parametrize(
    ("before", "after", "taken_back"),
    [
        ("extra", "none", ["MADOTEMP001"]),
        ("extra", "instead", ["113030"]),
        ("instead", "extra", []),
        ("instead", "none", []),
        ("none", "instead", []),
        ("none", "extra", []),
    ],
)
@pytest.mark.parametrize("lost_replies", [0, 2])
def test_a_site_that_changes_its_kinds_of_manifest_leaves_none_of_the_former(
    tmp_path: Path, before: str, after: str, taken_back: list[str], lost_replies: int
) -> None:
    with world(tmp_path, site=replace(SITE, manifest=ManifestSettings(mado=before))) as here:
        looks = looking(here)
        report_id = here.accept().report_id
        here.carry()
        old = titles(here, here.destination.approved)
        assert sorted(old.values()) == KINDS[before]
        here.sharing.sites[SITE.name] = replace(SITE, manifest=ManifestSettings(mado=after))  # type: ignore[index]
        change(here, 1, 2, 3, 4)
        looks.tell()
        here.destination.lose_replies = lost_replies
        for hours in (0.0, 1.0, 1.0, 1.0):
            looks.settle(hours=hours)
        now = titles(here, here.destination.approved)
        assert sorted(now.values()) == KINDS[after]
        assert not old.keys() & now.keys()
        assert {old[one] for one in here.destination.taken_back} == set(taken_back)
        # What goes with the report is what stands now.
        here.destination.lose_replies = 0
        _withdraw_report(looks, report_id)
        looks.settle()
        assert titles(here, here.destination.approved) == {}


def titles(here: World, unique_ids: set[str]) -> dict[str, str]:
    """Of each manifest among *unique_ids*, the code of its title."""
    found = {}
    for share in here.store.overviews(limit=100):
        for document in share.documents:
            if document.unique_id in unique_ids and document.kind == "manifest":
                title = kos.read(here.blobs.get(document.digest)).title
                found[document.unique_id] = title.code if title else ""
    return found


# -- withdrawals ----------------------------------------------------------------------------------------------------


def _withdraw_report(looks: Looking, report_id: str) -> None:
    (share,) = [one for one in looks.shares(deed=Deed.PUBLISH) if one.report_id == report_id]
    looks.here.sharing.withdraw(share.id, "a person")


def test_the_manifest_goes_with_the_last_report(published: Looking) -> None:
    here = published.here
    second = here.accept(content=report(77, placer="TWO"))
    here.carry()
    (first,) = [one.report_id for one in published.shares(deed=Deed.PUBLISH) if one.report_id != second.report_id]
    _withdraw_report(published, first)
    published.settle()
    # The second report stands, so the manifest does, with its numbers alone.
    assert published.numbers() == {CT.accession.extension, "TWO"}
    last = published.manifest().sop_instance_uid
    _withdraw_report(published, second.report_id)
    published.settle()
    assert here.store.manifest("registry", CT.study_uid) is None
    assert last in here.destination.gone
    assert here.destination.approved == set()
    assert published.settle(24 * 60) == []


def test_the_manifest_stays_after_the_last_report_where_the_site_says_so(here: World) -> None:
    looks = looking(here, manifest_after_last_report="keep")
    receipt = here.accept()
    here.carry()
    _withdraw_report(looks, receipt.report_id)
    looks.settle(24)
    assert looks.instances() == uids(1, 2, 3)


@pytest.mark.parametrize("trouble", ["before", "reply"])
def test_a_withdrawal_of_a_manifest_is_done_once_however_the_registry_answers(published: Looking, trouble: str) -> None:
    here = published.here
    del here.pacs.exams[CT.study_uid]
    published.tell()
    if trouble == "before":
        here.destination.before = [AWAY, AWAY]
    else:
        here.destination.lose_replies = 1
    published.settle()
    published.settle(1)
    published.settle(1)
    assert [one.state for one in published.shares()] == [SHARED]
    assert here.store.manifest("registry", CT.study_uid) is None


def test_a_patient_under_whom_the_manifest_must_not_stand_any_more(published: Looking) -> None:
    """The registry refuses a replacement across patients: the old manifest is withdrawn, and a first one is made."""
    here = published.here
    first = published.manifest().sop_instance_uid
    row = here.store.manifest("registry", CT.study_uid)
    assert row is not None
    from sqlalchemy import update

    from gateway.store.schema import SUBMISSIONS

    here.store._writer.run(lambda c: c.execute(update(SUBMISSIONS).values(patient_id="OTHER^^^&1.2.3&ISO")))
    change(here, 1, 2, 3, 4)
    published.tell()
    published.settle()
    published.settle(0.1)
    assert first in here.destination.gone
    assert published.instances() == uids(1, 2, 3, 4)
    now = here.store.manifest("registry", CT.study_uid)
    assert now is not None
    assert now.replaces == ""


def test_a_share_that_waits_for_a_study_looks_when_it_is_told_of(here: World) -> None:
    looks = looking(here)
    come = here.pacs.exams.pop(CT.study_uid)
    here.accept()
    here.sharing = replace(here.sharing, patience=replace(here.sharing.patience, look_interval_s=600))
    assert here.carry().reason == "study_absent"
    assert here.claim() is None
    here.pacs.exams[CT.study_uid] = come
    looks.tell()
    assert here.carry().reason == "study_settling"
    looks.tell()
    assert here.claim() is None, "the time between two looks is kept"


# -- settings of a destination --------------------------------------------------------------------------------------


def test_a_destination_may_want_its_manifests_otherwise(tmp_path: Path) -> None:
    site = replace(SITE, manifest_at={"registry": ManifestSettings(presentation_states=False)})
    with world(tmp_path, site=site) as here:
        looks = looking(here)
        here.pacs.exams[CT.study_uid] = with_series(exam(), "PR", PRESENTATION, "1.2.250.1.999.5.90")
        here.accept()
        assert here.carry().state is SHARED
        assert looks.instances() == uids(1, 2, 3)
        looks.tell()
        assert looks.settle() == []


# -- a crash at every border ----------------------------------------------------------------------------------------


class _Crash(BaseException):
    """The process ends here; nothing after it runs."""


def _crashing(here: World, monkeypatch: pytest.MonkeyPatch, where: str, when: str, nth: int = 1) -> None:
    """The *nth* call of ``store.NAME`` or ``destination.NAME`` ends the process *before* or *after* its effect."""
    owner, name = where.split(".")
    real, calls = getattr(getattr(here, owner), name), iter(range(1, 99))

    def crashing(*arguments: object, **named: object) -> object:
        call = next(calls)
        if call == nth and when == "before":
            raise _Crash
        result = real(*arguments, **named)
        if call == nth:
            raise _Crash
        return result

    monkeypatch.setattr(getattr(here, owner), name, crashing)


def _crash_and_go_on(looks: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.suppress(_Crash):
        looks.settle()
    monkeypatch.undo()
    # The leases run out: of the share, and of the look.
    looks.settle(0.05)
    looks.settle(0.3)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "where", ["store.save", "store.freeze", "store.registered", "destination.replacing", "destination.send"]
)
def test_a_crash_anywhere_ends_in_one_manifest_in_place_of_the_old_one(
    published: Looking, monkeypatch: pytest.MonkeyPatch, where: str, when: str
) -> None:
    here = published.here
    change(here, 1, 2, 3, 4)
    published.tell()
    _crashing(here, monkeypatch, where, when)
    _crash_and_go_on(published, monkeypatch)
    assert published.instances() == uids(1, 2, 3, 4)
    assert [one.state for one in published.shares()] == [SHARED]
    assert len(here.destination.approved) == 2


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("where", ["store.save", "store.registered", "destination.take_back"])
def test_a_crash_anywhere_ends_in_the_manifest_withdrawn(
    published: Looking, monkeypatch: pytest.MonkeyPatch, where: str, when: str
) -> None:
    here = published.here
    del here.pacs.exams[CT.study_uid]
    published.tell()
    _crashing(here, monkeypatch, where, when, nth=2 if where == "store.save" else 1)
    _crash_and_go_on(published, monkeypatch)
    assert here.store.manifest("registry", CT.study_uid) is None
    assert [one.state for one in published.shares()] == [SHARED]
    assert len(here.destination.approved) == 1


def test_a_crash_during_a_look_is_looked_at_again(published: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    change(published.here, 1, 2, 3, 4)
    published.tell()
    monkeypatch.setattr(published.watches, "looked", lambda *_: (_ for _ in ()).throw(_Crash))
    with pytest.raises(_Crash):
        published.look()
    monkeypatch.undo()
    assert published.settle(0.2) == []
    published.settle(0.1)
    assert published.instances() == uids(1, 2, 3, 4)


# -- one report over several studies --------------------------------------------------------------------------------


def test_a_report_over_two_studies_replaces_the_manifest_of_the_one_that_changed(here: World) -> None:
    looks = looking(here)
    here.pacs.exams[OTHER_CT.study_uid] = exam(OTHER_CT)
    here.accept(content=both())
    assert here.carry().state is SHARED
    first = {uid: here.store.manifest("registry", uid) for uid in (CT.study_uid, OTHER_CT.study_uid)}
    change(here, 1, 2, 3, 4)
    looks.tell()
    (share,) = looks.settle()
    assert share.study_uid == CT.study_uid
    assert looks.instances() == uids(1, 2, 3, 4)
    assert here.store.manifest("registry", OTHER_CT.study_uid) == first[OTHER_CT.study_uid]
    # A second report over one of them carries its number into that one alone.
    here.accept(content=report(77, placer="TWO"))
    assert here.carry().state is SHARED
    assert "TWO" in looks.numbers()
    assert here.store.manifest("registry", OTHER_CT.study_uid) == first[OTHER_CT.study_uid]
    for one in looks.shares(deed=Deed.PUBLISH):
        here.sharing.withdraw(one.id, "a person")
    looks.settle()
    assert here.destination.approved == set()


# -- reports whose bytes were erased after their time ---------------------------------------------------------------


def _erase(here: World, *report_ids: str) -> None:
    for report_id in report_ids:
        here.blobs._path(here.store.report(report_id).digest).unlink()


def test_the_manifest_carries_what_an_erased_report_had_ordered(published: Looking) -> None:
    here = published.here
    (first,) = published.shares(deed=Deed.PUBLISH)
    _erase(here, first.report_id)
    here.accept(content=report(77, placer="TWO"))
    assert here.carry().state is SHARED
    assert published.numbers() == {CT.accession.extension, CT.placer.extension, "TWO"}
    published.tell()
    assert published.settle() == []


def test_images_that_change_when_every_report_was_erased_are_for_a_person(published: Looking) -> None:
    (first,) = published.shares(deed=Deed.PUBLISH)
    _erase(published.here, first.report_id)
    change(published.here, 1, 2, 3, 4)
    published.tell()
    published.settle()
    (held,) = published.shares()
    assert (held.state, held.reason) == (HELD, "manifest_report_erased")


# -- several destinations -------------------------------------------------------------------------------------------


def test_each_destination_gets_its_manifest_in_its_own_time(tmp_path: Path) -> None:
    with world(tmp_path, site=replace(SITE, destinations=("registry", "second"))) as here:
        second = FakeDestination(here.blobs)
        here.sharing = replace(
            here.sharing,
            destinations={"registry": here.destination, "second": second},
            flavours={"registry": "ihe", "second": "ihe"},
            links={"registry": "missing", "second": "missing"},
        )
        looks = looking(here)
        here.accept()
        looks.settle()
        second.questions = [AWAY]
        second.before = [AWAY] * 3
        change(here, 1, 2, 3, 4)
        looks.tell()
        looks.settle()
        assert looks.instances() == uids(1, 2, 3, 4)
        assert [one.state for one in looks.shares() if one.destination == "second"] != [SHARED]
        for _ in range(4):
            looks.settle(1)
        assert {one.state for one in looks.shares()} == {SHARED}
        assert len(second.approved) == len(here.destination.approved) == 2
        assert second.gone


# -- masks ----------------------------------------------------------------------------------------------------------


def _masks(metadata: bytes) -> set[str]:
    """confidentialityCode of the manifest in a submission."""
    entries = ebrim.read(safexml.parse(metadata)).entries
    (entry,) = [one for one in entries if one.mime_type == "application/dicom"]
    return {one.code for one in entry.confidentiality_codes}


def test_a_manifest_stays_as_hidden_as_the_most_hidden_report(here: World) -> None:
    looks = looking(here)
    masked = Statements(reliability=Reliability.QUALIFIED, masked=frozenset({"INVISIBLE_PATIENT"}))
    here.accept(statements=masked)
    here.carry()
    here.accept(content=report(77, placer="TWO"))
    here.carry()
    assert [_masks(metadata) for metadata, _ in here.destination.sent] == [{"N", "INVISIBLE_PATIENT"}] * 2
    change(here, 1, 2, 3, 4)
    looks.tell()
    looks.settle()
    assert _masks(here.destination.sent[-1][0]) == {"N", "INVISIBLE_PATIENT"}


# -- manifests alone ------------------------------------------------------------------------------------------------


def test_where_manifests_alone_are_published_the_last_withdrawal_takes_them(tmp_path: Path) -> None:
    with world(tmp_path, site=replace(SITE, publish=frozenset({"kos"}))) as here:
        looks = looking(here)
        receipt = here.accept()
        here.carry()
        assert looks.instances() == uids(1, 2, 3)
        change(here, 1, 2, 3, 4)
        looks.tell()
        looks.settle()
        assert looks.instances() == uids(1, 2, 3, 4)
        _withdraw_report(looks, receipt.report_id)
        looks.settle()
        assert here.destination.approved == set()
        assert here.store.manifest("registry", CT.study_uid) is None
