"""What comes after a publication, told with the real store, documents and metadata: versions, withdrawals, orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.demo import reports
from gateway.demo.identity import CT
from gateway.errors import InputRejected, PeerRefused, PeerUnreachable
from gateway.flow.events import Delete, New, Replace
from gateway.flow.patience import Patience
from gateway.flow.policy import Policy
from gateway.model.identifiers import Identifier
from gateway.model.report import Reliability, Statements
from gateway.model.share import Deed, Receipt, Share, ShareState
from gateway.texts import TEXTS
from gateway.trust import safexml
from gateway.xds import ebrim
from tests.fakes.destination import FakeDestination
from tests.fakes.world import SITE, World, exam, received, world
from tests.support.images import looking

S = ShareState
AWAY = PeerUnreachable("registry_unreachable", peer="registry")
SET = Identifier("1.2.250.1.999.1.1.9.1")
V = [Identifier(f"1.2.250.1.999.1.1.8.{number}") for number in range(100, 105)]
"""Ids of the versions of one report."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def version(number: int, **changes: Any) -> bytes:
    """Version *number* (from 1) of the report."""
    return _built(number, **changes) if changes else _plain(number)


@cache
def _plain(number: int) -> bytes:
    return _built(number)


def _built(number: int, **changes: Any) -> bytes:
    values: dict[str, Any] = {"replaces": V[number - 2] if number > 1 else None, "set_id": SET}
    draft = reports.Draft(study=CT, document=V[number - 1], version=number, **(values | changes))
    return reports.level3(draft)


def send(here: World, number: int, **changes: Any) -> Receipt:
    content = version(number, **changes)
    return here.accepting.accept(New(received(content)) if number == 1 else Replace(received(content), None))


def delete(here: World, number: int) -> Receipt:
    return here.accepting.accept(Delete(received(version(number))))


def settle(here: World, *, days: float = 0) -> None:
    """Carry everything that is due; with *days* let time pass from one due moment to the next."""
    end = here.clock.now().timestamp() + days * 86_400
    for _ in range(500):
        share = here.claim()
        if share is not None:
            here.sharing.carry(share)
            continue
        due = here.store.next_due()
        if due is None or due.timestamp() > end:
            return
        here.clock.at = max(due, here.clock.at)
    raise AssertionError("it never ends")


def states(here: World) -> dict[tuple[str, str], str]:
    """State of each share by (deed, report)."""
    names = {one.unique_id: f"v{number}" for number, one in enumerate(V, 1)}
    return {
        (row.share.deed.value, names.get(row.report_unique_id, row.report_unique_id)): row.share.state.value
        for row in here.store.overviews(limit=50)
    }


def share_of(here: World, number: int, deed: Deed = Deed.PUBLISH) -> Share:
    rows = here.store.overviews(limit=50)
    return next(r.share for r in rows if r.report_unique_id == V[number - 1].unique_id and r.share.deed is deed)


def visible(here: World) -> set[str]:
    """The versions of the report that people find at the registry."""
    return {f"v{n}" for n, one in enumerate(V, 1) if one.unique_id in here.destination.approved}


def everything(here: World) -> set[str]:
    """What ever arrived at the registry, of the report."""
    return {f"v{n}" for n, one in enumerate(V, 1) if one.unique_id in here.destination.documents}


# -- replacement ------------------------------------------------------------------------------------------------------


def test_a_new_version_takes_the_place_of_the_one_before(here: World) -> None:
    send(here, 1)
    settle(here)
    send(here, 2)
    settle(here)
    assert states(here) == {("publish", "v1"): "superseded", ("publish", "v2"): "shared"}
    assert visible(here) == {"v2"}
    assert share_of(here, 2).target == share_of(here, 1).id


def test_the_replacement_is_frozen_with_its_association_and_sent_the_same_at_each_try(here: World) -> None:
    send(here, 1)
    settle(here)
    send(here, 2)
    here.destination.before = [AWAY, AWAY]
    settle(here, days=1)
    frozen = here.store.frozen(share_of(here, 2).id)
    assert here.destination.sent[-1][0] == frozen.metadata
    kinds = [one.type for one in ebrim.read(safexml.parse(frozen.metadata)).associations]
    assert sum(kind.endswith("RPLC") for kind in kinds) == 1


def test_a_version_waits_for_the_one_before_to_be_out(here: World) -> None:
    send(here, 1)
    here.destination.before = [AWAY] * 3
    here.carry()
    send(here, 2)
    settle(here, days=1)
    assert visible(here) == {"v2"}
    assert states(here)[("publish", "v1")] == "superseded"


def test_the_same_replacement_twice_is_one(here: World) -> None:
    send(here, 1)
    assert [send(here, 2).duplicate, send(here, 2).duplicate] == [False, True]
    settle(here)
    assert len(here.destination.sent) == 2


@pytest.mark.parametrize("order", [(3, 2, 1), (2, 3, 1), (3, 1, 2), (2, 1, 3)])
@pytest.mark.parametrize("work", [True, False])
def test_versions_that_come_in_the_wrong_order_end_in_the_right_one(
    here: World, order: tuple[int, ...], work: bool
) -> None:
    for number in order:
        send(here, number)
        if work:
            settle(here)
    assert all(step.reason in ("", "parent_unknown") for step in here.store.steps(share_of(here, order[0]).id)[:2])
    settle(here, days=1)
    assert visible(here) == {"v3"}
    assert [states(here)[("publish", f"v{n}")] for n in (1, 2, 3)] == ["superseded", "superseded", "shared"]


def test_a_chain_of_replacements_is_a_lineage_whatever_the_set_ids_say(here: World) -> None:
    send(here, 1, set_id=None)
    send(here, 2, set_id=Identifier("1.2.250.1.999.1.1.9.7"))
    assert share_of(here, 1).lineage == share_of(here, 2).lineage
    settle(here)
    assert visible(here) == {"v2"}


@pytest.mark.parametrize(("choice", "ends", "reason"), [
    ("wait", "held", "parent_unknown_too_late"), ("hold", "held", "parent_unknown"), ("new", "shared", ""),
])  # fmt: skip
def test_a_parent_that_never_came_is_the_settings_matter(tmp_path: Path, choice: Any, ends: str, reason: str) -> None:
    with world(tmp_path, policy=Policy(unknown_parent=choice)) as here:
        send(here, 2)
        settle(here, days=4)
        share = share_of(here, 2)
        assert (share.state.value, share.reason) == (ends, reason)
        assert not reason or (reason in TEXTS and f"do_{reason}" in TEXTS)


def test_a_late_first_version_does_not_go_over_the_second(tmp_path: Path) -> None:
    with world(tmp_path, policy=Policy(unknown_parent="new")) as here:
        send(here, 2)
        settle(here)
        send(here, 1)
        settle(here)
        assert visible(here) == everything(here) == {"v2"}
        assert states(here)[("publish", "v1")] == "superseded"


def test_a_person_publishes_a_replacement_of_nothing_as_a_report_of_its_own(here: World) -> None:
    send(here, 2)
    settle(here, days=4)
    held = share_of(here, 2)
    here.sharing.correct_and_replay(held.id, {"parent": "none"}, "someone")
    settle(here)
    assert visible(here) == {"v2"}


def test_a_new_version_takes_the_place_of_one_that_is_held(here: World) -> None:
    send(here, 1)
    here.destination.before = [PeerRefused("registry_refused", words="no")]
    settle(here)
    assert states(here)[("publish", "v1")] == "held"
    send(here, 2)
    settle(here)
    assert states(here) == {("publish", "v1"): "superseded", ("publish", "v2"): "shared"}
    assert visible(here) == {"v2"}


def test_a_held_version_that_the_registry_has_after_all_is_replaced_there(here: World) -> None:
    send(here, 1)
    here.destination.lose_replies = 1
    here.destination.questions = [PeerRefused("registry_refused", words="no")]
    settle(here, days=1)
    assert states(here)[("publish", "v1")] == "held"
    send(here, 2)
    settle(here, days=1)
    assert visible(here) == {"v2"}
    assert everything(here) == {"v1", "v2"}


def test_two_versions_of_one_parent_end_in_the_later_one(here: World) -> None:
    send(here, 1)
    settle(here)
    send(here, 2)
    settle(here)
    send(here, 3, replaces=V[0])
    settle(here)
    assert visible(here) == {"v3"}


def test_an_older_version_does_not_go_over_a_later_one(here: World) -> None:
    send(here, 1)
    settle(here)
    send(here, 3, replaces=V[0])
    settle(here)
    send(here, 2)
    settle(here)
    assert visible(here) == {"v3"}
    assert share_of(here, 2).reason == "version_not_latest"


# -- withdrawal -------------------------------------------------------------------------------------------------------


def test_a_withdrawn_report_is_no_longer_seen(here: World) -> None:
    send(here, 1)
    settle(here)
    delete(here, 1)
    settle(here)
    assert visible(here) == set()
    assert states(here)[("publish", "v1")] == "withdrawn"
    assert states(here)[("withdraw", "v1")] == "withdrawn"
    assert not here.destination.approved, "the manifest goes with the last report"


def test_what_is_withdrawn_before_it_left_never_leaves(here: World) -> None:
    send(here, 1)
    delete(here, 1)
    settle(here)
    assert states(here) == {("publish", "v1"): "withdrawn", ("withdraw", "v1"): "withdrawn"}
    assert not here.destination.sent
    assert not here.destination.taken_back


def test_a_withdrawal_that_comes_before_its_report_keeps_it_from_leaving(here: World) -> None:
    delete(here, 1)
    settle(here)
    send(here, 1)
    settle(here)
    assert not here.destination.sent
    assert states(here) == {("publish", "v1"): "withdrawn", ("withdraw", "v1"): "withdrawn"}


def test_a_withdrawal_of_the_unknown_is_held_at_its_deadline(here: World) -> None:
    delete(here, 1)
    settle(here, days=4)
    assert share_of(here, 1, Deed.WITHDRAW).reason == "target_unknown_too_late"


def test_the_same_withdrawal_twice_is_one(here: World) -> None:
    send(here, 1)
    settle(here)
    assert [delete(here, 1).duplicate, delete(here, 1).duplicate] == [False, True]
    settle(here)
    assert here.destination.taken_back.count(V[0].unique_id) == 1


def test_the_withdrawal_of_a_version_that_has_not_left_takes_the_one_before_with_it(here: World) -> None:
    send(here, 1)
    settle(here)
    send(here, 2)
    delete(here, 2)
    settle(here)
    assert visible(here) == set()
    assert everything(here) == {"v1"}
    assert {states(here)[("publish", name)] for name in ("v1", "v2")} == {"withdrawn"}


def test_the_withdrawal_of_a_former_version_is_a_persons_matter(here: World) -> None:
    send(here, 1)
    settle(here)
    send(here, 2)
    settle(here)
    delete(here, 1)
    settle(here)
    assert share_of(here, 1, Deed.WITHDRAW).reason == "withdrawal_of_a_former_version"
    assert visible(here) == {"v2"}


def test_a_withdrawal_while_the_report_may_be_out_asks_and_ends_in_nothing_seen(here: World) -> None:
    send(here, 1)
    here.destination.lose_replies = 1
    here.carry()
    delete(here, 1)
    settle(here, days=1)
    assert visible(here) == set()
    assert states(here)[("publish", "v1")] == "withdrawn"


def test_what_did_not_arrive_is_not_sent_again_once_it_is_withdrawn(here: World) -> None:
    send(here, 1)
    here.destination.before = [AWAY]
    here.carry()
    delete(here, 1)
    settle(here, days=1)
    assert not here.destination.sent
    assert states(here)[("publish", "v1")] == "withdrawn"


def test_a_lost_answer_to_a_withdrawal_is_asked_for_again(here: World) -> None:
    send(here, 1)
    settle(here)
    delete(here, 1)
    here.destination.lose_replies = 1
    settle(here, days=1)
    assert visible(here) == set()
    assert states(here)[("withdraw", "v1")] == "withdrawn"


def test_a_person_withdraws_and_asks_twice(here: World) -> None:
    send(here, 1)
    settle(here)
    share = share_of(here, 1)
    first = here.sharing.withdraw(share.id, "someone")
    assert here.sharing.withdraw(share.id, "someone").id == first.id
    settle(here)
    assert visible(here) == set()
    with pytest.raises(InputRejected, match="share_cannot_be_withdrawn"):
        here.sharing.withdraw(share.id, "someone")


def test_the_sender_withdraws_by_the_id_it_was_given(here: World) -> None:
    receipt = send(here, 1)
    settle(here)
    assert not here.accepting.withdraw(receipt.report_id, "ris").duplicate
    settle(here)
    assert here.accepting.withdraw(receipt.report_id, "ris").duplicate
    assert visible(here) == set()


def test_a_version_that_comes_after_the_withdrawal_of_its_replacement_takes_everything_with_it(here: World) -> None:
    send(here, 1)
    settle(here)
    send(here, 3)
    delete(here, 3)
    settle(here)
    assert visible(here) == {"v1"}, "nobody knows yet that the third is a version of the first"
    send(here, 2)
    settle(here, days=1)
    assert visible(here) == set()
    assert {states(here)[("publish", f"v{n}")] for n in (1, 2, 3)} == {"withdrawn"}


def test_each_destination_has_a_state_of_its_own(tmp_path: Path) -> None:
    with world(tmp_path, site=replace(SITE, destinations=("registry", "other"))) as here:
        other = FakeDestination(here.blobs)
        here.sharing = replace(
            here.sharing,
            destinations={"registry": here.destination, "other": other},
            flavours={"registry": "ihe", "other": "ihe"},
            links={"registry": "missing", "other": "never"},
        )
        send(here, 1)
        settle(here)
        other.before = [PeerRefused("registry_refused", words="no")]
        send(here, 2)
        settle(here)
        reports_there = {one.unique_id for one in V} & other.approved
        assert (visible(here), reports_there) == ({"v2"}, {V[0].unique_id})
        delete(here, 2)
        settle(here, days=1)
        assert (visible(here), {one.unique_id for one in V} & other.approved) == (set(), set())
        held = [row.share for row in here.store.overviews(limit=20) if row.share.state is S.HELD]
        assert not held


# -- corrections, by statement and by hand ----------------------------------------------------------------------------


MASKED = Statements(reliability=Reliability.QUALIFIED, masked=frozenset({"MASQUE_PS"}))


def test_another_masking_of_the_same_bytes_corrects_the_metadata(here: World) -> None:
    send(here, 1)
    settle(here)
    here.accepting.accept(New(received(version(1), statements=MASKED)))
    settle(here)
    assert states(here)[("correct", "v1")] == "shared"
    (wanted,) = here.destination.corrected
    entries = ebrim.read(safexml.parse(wanted.metadata)).entries
    assert {entry.unique_id for entry in entries} == here.destination.approved
    assert all("MASQUE_PS" in {code.code for code in entry.confidentiality_codes} for entry in entries)


def test_another_masking_before_it_left_is_what_leaves(here: World) -> None:
    send(here, 1)
    here.accepting.accept(New(received(version(1), statements=MASKED)))
    settle(here)
    (entry, *_) = ebrim.read(safexml.parse(here.destination.sent[0][0])).entries
    assert "MASQUE_PS" in {code.code for code in entry.confidentiality_codes}


def test_a_person_states_a_region_where_nobody_knows_it(here: World) -> None:
    send(here, 1)
    here.destination.before = [PeerRefused("registry_refused", words="no")]
    settle(here)
    share = share_of(here, 1)
    here.sharing.correct_and_replay(share.id, {"region": "76752008^2.16.840.1.113883.6.96^sein"}, "someone")
    settle(here)
    entries = ebrim.read(safexml.parse(here.destination.sent[-1][0])).entries
    assert all("76752008" in {code.code for code in entry.event_codes} for entry in entries)
    assert share_of(here, 1).overrides == {"region": "76752008^2.16.840.1.113883.6.96^sein"}


def test_a_person_corrects_what_is_published(here: World) -> None:
    send(here, 1)
    settle(here)
    here.sharing.correct_and_replay(share_of(here, 1).id, {"region": "76752008^2.16.840.1.113883.6.96^sein"}, "someone")
    settle(here)
    (wanted,) = here.destination.corrected
    entries = ebrim.read(safexml.parse(wanted.metadata)).entries
    assert all("76752008" in {code.code for code in entry.event_codes} for entry in entries)


@pytest.mark.parametrize("values", [{"unknown": "x"}, {"region": "no code"}, {"region": "x" * 501}, {"parent": "y"}])
def test_what_cannot_be_corrected_is_refused(here: World, values: dict[str, str]) -> None:
    send(here, 1)
    here.destination.before = [PeerRefused("registry_refused", words="no")]
    settle(here)
    with pytest.raises(InputRejected, match="share_value_not_correctable"):
        here.sharing.correct_and_replay(share_of(here, 1).id, values, "someone")


def test_what_waits_or_is_held_is_given_up_with_a_reason(here: World) -> None:
    send(here, 1)
    share = share_of(here, 1)
    with pytest.raises(InputRejected, match="share_reason_needed"):
        here.sharing.abandon(share.id, " ", "someone")
    assert here.sharing.abandon(share.id, "sent by mistake", "someone").state is S.ABANDONED
    settle(here)
    assert not here.destination.sent
    with pytest.raises(InputRejected, match="share_cannot_be_abandoned"):
        here.sharing.abandon(share.id, "again", "someone")


def test_what_the_registry_has_is_not_given_up(here: World) -> None:
    send(here, 1)
    here.destination.lose_replies = 1
    here.destination.questions = [PeerRefused("registry_refused", words="no")]
    settle(here, days=1)
    with pytest.raises(InputRejected, match="share_is_out"):
        here.sharing.abandon(share_of(here, 1).id, "no matter", "someone")


def test_everything_that_waits_ends_for_a_person_in_the_end(tmp_path: Path) -> None:
    with world(
        tmp_path, patience=Patience(look_interval_s=3600, retry_longest_s=86_400, peer_deadline_s=864_000)
    ) as here:
        send(here, 1)
        here.destination.before = [AWAY] * 10_000
        settle(here, days=40)
        share = share_of(here, 1)
        assert (share.state, share.reason) == (S.HELD, "registry_too_late")


# -- history ----------------------------------------------------------------------------------------------------------


def test_the_history_tells_each_thing_once_and_counts_tries(here: World) -> None:
    send(here, 1)
    here.destination.before = [AWAY] * 4
    settle(here, days=1)
    share = share_of(here, 1)
    told = [(step.happening, step.state.value, step.times) for step in here.store.steps(share.id)]
    assert told == [
        ("", "waiting", 1),
        ("STUDY_INCOMPLETE", "waiting", 1),
        ("FROZEN", "frozen", 1),
        ("DEPARTURE", "sending", 1),
        ("UNANSWERED", "sending", 4),
        ("REGISTERED", "shared", 1),
    ]


def test_the_history_names_who_did_what(here: World) -> None:
    send(here, 1)
    share = share_of(here, 1)
    here.sharing.abandon(share.id, "sent by mistake", "Dr Someone")
    last = here.store.steps(share.id)[-1]
    assert (last.actor, last.state, last.facts) == ("Dr Someone", S.ABANDONED, {"words": "sent by mistake"})
    assert here.store.steps(share.id)[0].actor == "RIS-DEMO|PRESQUILE"
    assert replace(last, times=1) == last


def _regions(here: World, metadata: bytes) -> set[bool]:
    """Whether each entry names the region that a person stated."""
    entries = ebrim.read(safexml.parse(metadata)).entries
    return {"76752008" in {code.code for code in entry.event_codes} for entry in entries}


def test_what_a_person_stated_holds_for_what_follows_by_itself(here: World) -> None:
    looks = looking(here)
    send(here, 1)
    settle(here)
    here.sharing.correct(share_of(here, 1).id, {"region": "76752008^2.16.840.1.113883.6.96^sein"}, "someone")
    settle(here)
    assert _regions(here, here.destination.corrected[-1].metadata) == {True}
    # The sender masks the same bytes; images come late: neither takes back what the person said.
    here.accepting.accept(New(received(version(1), statements=MASKED)))
    settle(here)
    assert len(here.destination.corrected) == 2
    assert _regions(here, here.destination.corrected[-1].metadata) == {True}
    here.pacs.exams[CT.study_uid] = exam(instances=4)
    looks.tell()
    looks.settle()
    assert _regions(here, here.destination.sent[-1][0]) == {True}
    # An empty value takes it back.
    here.sharing.correct(share_of(here, 1).id, {"region": ""}, "someone")
    settle(here)
    assert _regions(here, here.destination.corrected[-1].metadata) == {False}
