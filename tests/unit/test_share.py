"""The share, told with the real store, documents and metadata; the PACS and the registry are played."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cda import link, read
from gateway.demo import reports
from gateway.demo.identity import CHEST, CT
from gateway.errors import (
    GatewayError,
    InputConflicts,
    InputRejected,
    NotSupportedYet,
    PeerMisbehaved,
    PeerRefused,
    PeerUnreachable,
    Unavailable,
)
from gateway.flow.accept import Accepting
from gateway.flow.events import ImagesChanged, New
from gateway.flow.patience import Patience
from gateway.model.identifiers import Identifier
from gateway.model.report import Reliability, Statements
from gateway.model.share import Share, ShareState
from gateway.texts import TEXTS
from gateway.trust import safexml
from tests.fakes.world import SITE, World, exam, received, world

WAITING, SHARED, HELD, SENDING = ShareState.WAITING, ShareState.SHARED, ShareState.HELD, ShareState.SENDING
AWAY = PeerUnreachable("registry_unreachable", peer="registry")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def _kinds(here: World, share: Share) -> list[str]:
    return sorted(document.kind for document in here.store.frozen(share.id).documents)


def test_a_report_becomes_a_report_with_its_link_and_a_manifest(here: World) -> None:
    here.accept()
    share = here.carry()
    assert share.state is SHARED
    assert share.registered_at == here.clock.now()
    assert _kinds(here, share) == ["manifest", "report"]
    assert here.pacs.looks == 2
    published = next(d for d in here.store.frozen(share.id).documents if d.kind == "report")
    links = link.links_of(safexml.parse(here.blobs.get(published.digest)))
    assert links == {
        CT.study_uid: "https://images.example.org/IHEInvokeImageDisplay?requestType=STUDY"
        f"&studyUID={CT.study_uid}&Accessionnumber={CT.accession.dotted}&idCDA={CT.report.root}"
    }


def test_a_level_1_report_is_published_byte_for_byte(here: World) -> None:
    content = reports.level1(reports.Draft(study=CHEST))
    here.pacs.exams[CHEST.study_uid] = exam(CHEST)
    here.accept(content=content)
    share = here.carry()
    published = next(d for d in here.store.frozen(share.id).documents if d.kind == "report")
    assert here.blobs.get(published.digest) == content


@pytest.mark.parametrize(
    ("publish", "kinds"),
    [({"report"}, ["report"]), ({"kos"}, ["manifest"]), ({"report", "kos"}, ["manifest", "report"])],
)
def test_what_is_published_is_the_sites_choice(tmp_path: Path, publish: set[str], kinds: list[str]) -> None:
    with world(tmp_path, site=replace(SITE, publish=frozenset(publish))) as here:
        here.accept()
        assert _kinds(here, here.carry()) == kinds


# -- acceptance -----------------------------------------------------------------------------------------------------


def test_the_same_report_again_is_answered_and_has_no_second_effect(here: World) -> None:
    first = here.accept()
    again = here.accept()
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.report_id == again.report_id
    assert len(here.store.overviews(limit=10)) == 1


def test_other_bytes_under_one_id_are_a_conflict(here: World) -> None:
    here.accept()
    other = reports.level3(reports.Draft(study=CT)).replace(b"</title>", b" bis</title>", 1)
    with pytest.raises(InputConflicts):
        here.accept(content=other)
    assert len(here.store.overviews(limit=10)) == 1


def test_the_same_bytes_with_other_statements_are_a_conflict_for_a_dmp(tmp_path: Path) -> None:
    with world(tmp_path, flavour="dmp") as here:
        here.accept()
        with pytest.raises(InputConflicts):
            here.accept(statements=Statements(reliability=Reliability.QUALIFIED, masked=frozenset({"MASQUE_PS"})))


def test_a_report_that_nobody_answers_for_is_refused(here: World) -> None:
    content = reports.level3(reports.Draft(study=CT))
    root = safexml.parse(content)
    signed = root.find("{urn:hl7-org:v3}legalAuthenticator")
    assert signed is not None
    root.remove(signed)
    with pytest.raises(InputRejected) as refusal:
        here.accept(content=safexml.serialise(root))
    assert refusal.value.code == "report_not_validated"
    assert not here.store.overviews(limit=10)
    with pytest.raises(Unavailable, match="store_blob_missing"):
        here.blobs.get(hashlib.sha256(safexml.serialise(root)).hexdigest())


def test_a_sender_and_a_custodian_that_no_site_knows_are_refused(tmp_path: Path) -> None:
    with world(tmp_path, site=replace(SITE, senders=frozenset(), custodians=frozenset())) as here:
        with pytest.raises(InputRejected) as refusal:
            here.accept()
        assert refusal.value.code == "site_unknown"


def test_a_site_is_known_by_its_custodian_when_the_sender_speaks_for_several(here: World) -> None:
    other = replace(SITE, name="other", custodians=frozenset({"1.2.3^9"}))
    accepting: Accepting = replace(here.accepting, sites={"presquile": SITE, "other": other})
    accepting.accept(New(received()))
    assert here.store.overviews(limit=10)[0].share.site == "presquile"


def test_images_that_changed_are_nothing_to_a_gateway_that_does_not_watch(here: World) -> None:
    with pytest.raises(NotSupportedYet) as refusal:
        here.accepting.accept(ImagesChanged("1.2.3"))
    assert refusal.value.hl7_code == "201"
    assert refusal.value.acknowledgement == "AE"


# -- the study ------------------------------------------------------------------------------------------------------


def test_an_absent_study_is_waited_for_and_then_held(tmp_path: Path) -> None:
    with world(tmp_path, patience=Patience(look_interval_s=60, study_deadline_s=600)) as here:
        del here.pacs.exams[CT.study_uid]
        here.accept()
        share = here.carry_until(HELD)
        assert share.reason == "study_absent_too_late"
        assert here.pacs.looks > 5
        assert not here.destination.sent
        assert share.facts["study"] == CT.study_uid


def test_a_study_that_comes_later_is_shared_then(here: World) -> None:
    come = here.pacs.exams.pop(CT.study_uid)
    here.accept()
    share = here.claim()
    assert share is not None
    waiting = _one_look(here, share)
    assert (waiting.state, waiting.reason) == (WAITING, "study_absent")
    here.pacs.exams[CT.study_uid] = come
    here.clock.forward(1)
    assert here.carry_until(SHARED).state is SHARED


def test_a_study_that_still_grows_is_not_shared(tmp_path: Path) -> None:
    with world(tmp_path, patience=Patience(look_interval_s=60, study_deadline_s=600)) as here:
        here.pacs.growing = True
        here.accept()
        share = here.carry_until(HELD)
        assert share.reason == "study_settling_too_late"
        assert not here.destination.sent


@pytest.mark.parametrize(
    "error",
    [
        PeerUnreachable("pacs_unreachable", pacs="p"),
        PeerRefused("pacs_failed", pacs="p"),
        PeerMisbehaved("pacs_other_study", pacs="p"),
    ],
)
def test_a_pacs_in_trouble_is_tried_again_and_nothing_is_published_meanwhile(here: World, error: GatewayError) -> None:
    here.accept()
    here.pacs.failures = [error] * 3
    share = here.carry()
    assert (share.state, share.attempts, share.reason) == (WAITING, 1, error.code)
    assert not here.destination.sent
    assert here.carry_until(SHARED).state is SHARED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"patient_id": "SOMEONE-ELSE", "other_patient_ids": ()}, "patient_differs"),
        ({"patient_birth_date": "19811110"}, "birth_date_differs"),
        ({"accession_number": "OTHER"}, "accession_differs"),
    ],
)
def test_another_patient_or_request_in_the_pacs_holds_the_share(
    here: World, change: dict[str, object], reason: str
) -> None:
    here.pacs.exams[CT.study_uid] = exam(**change)
    here.accept()
    share = here.carry()
    assert (share.state, share.reason) == (HELD, reason)
    assert not here.destination.sent
    assert reason in TEXTS


def test_a_dmp_destination_takes_a_qualified_identity_alone(tmp_path: Path) -> None:
    with world(tmp_path, flavour="dmp") as here:
        here.accept(statements=Statements(reliability=Reliability.PROVISIONAL))
        share = here.carry()
        assert share.state is HELD
        assert share.reason in TEXTS
        assert not here.destination.sent


# -- two reports over one study -------------------------------------------------------------------------------------


def _second_report(placer: str = CT.placer.extension or "") -> bytes:
    study = replace(CT, placer=replace(CT.placer, extension=placer))
    return reports.level3(reports.Draft(study=study, document=Identifier("1.2.250.1.999.1.1.8.77")))


def test_a_second_report_over_the_same_study_shares_its_manifest(here: World) -> None:
    here.accept()
    first = here.carry()
    here.accept(content=_second_report())
    second = here.carry()
    assert (_kinds(here, first), _kinds(here, second)) == (["manifest", "report"], ["report"])


def test_a_second_report_waits_while_the_first_is_publishing_the_manifest(here: World) -> None:
    here.accept()
    here.destination.before = [AWAY]
    assert here.carry().state is SENDING
    here.accept(content=_second_report())
    second = here.claim()
    assert second is not None
    waiting = _one_look(here, _one_look(here, second))
    assert (waiting.state, waiting.reason) == (WAITING, "manifest_under_way")
    here.clock.forward(5)
    assert here.carry_until(SHARED).state is SHARED
    here.clock.forward(100)
    here.carry_until(SHARED)
    assert len(here.destination.sent) == 2


def _one_look(here: World, share: Share) -> Share:
    return here.sharing._step(share)


# -- the submission -------------------------------------------------------------------------------------------------


def test_a_registry_that_is_away_gets_the_same_bytes_later(here: World) -> None:
    here.accept()
    here.destination.before = [AWAY, AWAY, AWAY]
    share = here.carry()
    assert (share.state, share.attempts, share.reason) == (SENDING, 1, "registry_unreachable")
    frozen = here.store.frozen(share.id)
    assert here.carry_until(SHARED).state is SHARED
    assert here.destination.sent == [(frozen.metadata, tuple(d.digest for d in frozen.documents))]


def test_delays_grow_while_the_registry_is_away(here: World) -> None:
    here.accept()
    here.destination.before = [AWAY] * 6
    delays = []
    for _ in range(6):
        share = here.carry()
        delays.append((share.due_at - here.clock.now()).total_seconds())
        here.clock.at = share.due_at
    assert all(later > earlier * 0.99 for earlier, later in zip(delays, delays[2:], strict=False))
    assert delays[-1] > 8 * delays[0]


def test_a_lost_reply_does_not_publish_twice(here: World) -> None:
    here.accept()
    here.destination.lose_replies = 1
    assert here.carry().state is SENDING
    assert here.carry_until(SHARED).state is SHARED
    assert len(here.destination.sent) == 1
    assert here.destination.asked == 1


def test_a_refusal_holds_the_share_with_the_registrys_own_words(here: World) -> None:
    here.accept()
    here.destination.before = [PeerRefused("registry_refused", words="XDSRegistryMetadataError: wrong region")]
    share = here.carry()
    assert (share.state, share.reason) == (HELD, "registry_refused")
    assert "wrong region" in share.facts["words"]


def test_a_document_known_under_other_bytes_holds_the_share(here: World) -> None:
    here.accept()
    here.destination.before = [AWAY]
    share = here.carry()
    here.destination.documents[here.store.frozen(share.id).documents[0].unique_id] = "0" * 40
    share = here.carry_until(HELD)
    assert share.reason == "registry_other_hash"


# -- a crash at every border ------------------------------------------------------------------------------------------


class _Crash(BaseException):
    """The process ends here; nothing after it runs."""


@pytest.mark.parametrize("lost", ["save", "freeze", "registered"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_crash_around_any_commit_ends_in_one_publication(
    here: World, monkeypatch: pytest.MonkeyPatch, lost: str, when: str, nth: int
) -> None:
    here.accept()
    calls = 0
    real = getattr(here.store, lost)

    def crashing(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == nth and when == "before":
            raise _Crash
        result = real(*arguments, **named)
        if calls == nth:
            raise _Crash
        return result

    monkeypatch.setattr(here.store, lost, crashing)
    try:
        share = here.carry()
    except _Crash:
        share = None
    monkeypatch.undo()
    if share is None or share.state is not SHARED:
        here.clock.forward(121)
        _carry_what_is_left(here)
    assert len(here.destination.sent) == 1
    (row,) = here.store.overviews(limit=10)
    assert row.share.state is SHARED
    assert {d.unique_id for d in row.documents} == set(here.destination.documents)


def _carry_what_is_left(here: World) -> None:
    (row,) = here.store.overviews(limit=10)
    if row.share.state is not SHARED:
        here.carry_until(SHARED)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_around_the_sending_ends_in_one_publication(
    here: World, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    here.accept()
    real = here.destination.send

    def crashing(*arguments: object, **named: object) -> None:
        if when == "after":
            real(*arguments, **named)  # type: ignore[arg-type]
        raise _Crash

    monkeypatch.setattr(here.destination, "send", crashing)
    with pytest.raises(_Crash):
        here.carry()
    monkeypatch.undo()
    here.clock.forward(121)
    assert here.carry_until(SHARED).state is SHARED
    assert len(here.destination.sent) == 1


def test_a_worker_that_lost_its_lease_cannot_save(here: World) -> None:
    here.accept()
    slow = here.claim()
    assert slow is not None
    here.clock.forward(121)
    quick = here.claim()
    assert quick is not None
    with pytest.raises(Unavailable):
        here.sharing.carry(slow)
    assert here.sharing.carry(quick).state is SHARED
    assert len(here.destination.sent) == 1


def test_the_published_report_reads_as_the_received_one(here: World) -> None:
    here.accept()
    share = here.carry()
    published = next(d for d in here.store.frozen(share.id).documents if d.kind == "report")
    before = read.read(safexml.parse(received().content))
    assert read.read(safexml.parse(here.blobs.get(published.digest))) == before


# -- what the sender said, and what a person does ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason"),
    [({"to_dmp": False}, "sender_says_not_dmp"), ({"secret_connection": True}, "secret_connection_not_supported_yet")],
)
def test_what_the_sender_says_of_the_dmp_binds_there_and_there_alone(
    tmp_path: Path, said: dict[str, bool], reason: str
) -> None:
    statements = Statements(reliability=Reliability.QUALIFIED, **said)  # type: ignore[arg-type]
    (tmp_path / "dmp").mkdir()
    with world(tmp_path / "dmp", flavour="dmp") as here:
        here.accept(statements=statements)
        share = here.carry()
        assert (share.state, share.reason) == (HELD, reason)
        assert not here.destination.sent
    (tmp_path / "ihe").mkdir()
    with world(tmp_path / "ihe") as here:
        here.accept(statements=statements)
        assert here.carry().state is SHARED


def test_a_held_share_is_taken_up_again_from_the_beginning_with_new_patience(tmp_path: Path) -> None:
    with world(tmp_path, patience=Patience(look_interval_s=60, study_deadline_s=600)) as here:
        absent = here.pacs.exams.pop(CT.study_uid)
        here.accept()
        held = here.carry_until(HELD)
        here.pacs.exams[CT.study_uid] = absent
        assert here.sharing.replay(held.id, "someone").state is WAITING
        assert here.carry_until(SHARED).state is SHARED
        assert len(here.destination.sent) == 1


def test_a_refused_share_is_sent_again_as_it_was_fixed_after_asking(here: World) -> None:
    here.accept()
    here.destination.before = [PeerRefused("registry_http", status="404")]
    held = here.carry()
    frozen = here.store.frozen(held.id)
    assert here.sharing.replay(held.id, "someone").state is SENDING
    assert here.carry().state is SHARED
    assert here.destination.asked == 1
    assert here.destination.sent == [(frozen.metadata, tuple(d.digest for d in frozen.documents))]


def test_only_a_held_share_is_taken_up_again(here: World) -> None:
    here.accept()
    share = here.carry()
    with pytest.raises(InputRejected) as refusal:
        here.sharing.replay(share.id, "someone")
    assert refusal.value.code == "share_not_held"
    with pytest.raises(InputRejected) as unknown:
        here.sharing.replay("no-such-share", "someone")
    assert unknown.value.code == "store_share_unknown"
