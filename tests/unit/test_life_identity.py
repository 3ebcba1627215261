"""A patient's identity that was corrected or merged: nothing stays under the wrong one, nothing comes later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.demo import identity
from gateway.demo.identity import CT
from gateway.errors import Mismatch
from gateway.flow.events import IdentityChanged, Replace
from gateway.flow.identity import Consequences, as_it_holds, changes
from gateway.flow.policy import Policy
from gateway.model.identifiers import INS_TEST, Identifier
from gateway.model.identity import IdentityChange
from gateway.model.share import Deed, Share, ShareState
from gateway.store import corrections
from gateway.store.engine import transaction
from gateway.trust import safexml
from gateway.xds import ebrim
from tests.fakes.clock import StoppedClock
from tests.fakes.world import SITE, World, exam, received, world
from tests.support.images import looking
from tests.unit.test_life import V, send, settle, share_of, states, version, visible

PATIENT = identity.PATIENT
INS = PATIENT.ins
LOCAL = PATIENT.local_identifiers[0]
assert INS is not None
RIGHT_INS = Identifier(INS_TEST, "279035121518989")
MERGED = Identifier(LOCAL.root, "IPP-RIGHT")
SENDER = next(iter(SITE.senders))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def here_now() -> datetime:
    return StoppedClock().now()


SHARE = Share(
    id="s",
    report_id="r",
    site=SITE.name,
    destination="registry",
    lineage="r",
    state=ShareState.SHARED,
    due_at=here_now(),
    created_at=here_now(),
    updated_at=here_now(),
)


def tell(here: World, gone: Identifier, *now: Identifier, merged: bool = True) -> None:
    """The patient administration says that *gone* is *now*."""
    here.accepting.accept(IdentityChanged(gone, now[0] if merged else None, known=now, sender=SENDER))


def publications(here: World) -> list[Share]:
    return [row.share for row in here.store.overviews(limit=20) if row.share.deed is Deed.PUBLISH]


def test_what_stands_under_a_wrong_national_identity_is_withdrawn_and_held(here: World) -> None:
    send(here, 1)
    settle(here)
    assert INS is not None
    tell(here, INS, RIGHT_INS, LOCAL)
    settle(here)
    assert not here.destination.approved
    again, first = publications(here)
    assert (first.state, again.state, again.reason) == (ShareState.WITHDRAWN, ShareState.HELD, "identity_corrected")


def test_the_document_that_names_the_wrong_national_identity_never_comes_back(here: World) -> None:
    send(here, 1)
    settle(here)
    assert INS is not None
    tell(here, INS, RIGHT_INS, LOCAL)
    settle(here)
    here.sharing.replay(publications(here)[0].id, "someone")
    settle(here)
    assert publications(here)[0].reason == "identity_corrected"
    assert not here.destination.approved


def test_a_version_under_the_right_identity_takes_its_place(here: World) -> None:
    send(here, 1)
    settle(here)
    assert INS is not None
    tell(here, INS, RIGHT_INS, LOCAL)
    settle(here)
    right = replace(PATIENT, identifiers=(RIGHT_INS, LOCAL))
    here.pacs.exams[CT.study_uid] = exam(other_patient_ids=(RIGHT_INS,))
    here.accepting.accept(Replace(received(version(2, patient=right)), None))
    settle(here, days=1)
    assert visible(here) == {"v2"}
    assert {share.state for share in publications(here)} == {
        ShareState.SHARED,
        ShareState.SUPERSEDED,
        ShareState.WITHDRAWN,
    }


def test_what_several_messages_tell_at_once_is_followed_one_by_one_where_a_report_is_published(here: World) -> None:
    send(here, 1)
    settle(here)
    assert INS is not None
    merged = change(INS, RIGHT_INS, LOCAL)
    each = (change(MERGED, LOCAL), merged, replace(merged, now=(RIGHT_INS,)))
    told = [
        corrections.Told([one], lambda published, one=one: Consequences(published, Policy()).of([one]), None)  # type: ignore[misc]
        for one in each
    ]
    with transaction(here.store._engine) as connection:
        followed = corrections.keep(connection, told)
    assert [len(found.shares) for (found,) in followed] == [0, 2, 0], "the third finds what the second has begun"
    (held,) = here.store.identity_changes(SITE.name, [INS])
    assert held.now == (RIGHT_INS,)


def test_telling_it_again_changes_nothing_more(here: World) -> None:
    send(here, 1)
    settle(here)
    assert INS is not None
    for _ in range(3):
        tell(here, INS, RIGHT_INS, LOCAL)
        settle(here)
    assert len(publications(here)) == 2
    assert here.destination.taken_back.count(V[0].unique_id) == 1


def test_what_is_published_while_a_change_waits_for_its_turn_is_withdrawn_too(here: World) -> None:
    class Meanwhile:
        def wait(self) -> None:
            send(here, 1)
            settle(here)

        def passed(self) -> None:
            pass

    assert INS is not None
    change = IdentityChanged(INS, RIGHT_INS, known=(RIGHT_INS, LOCAL), sender=SENDER)
    here.accepting.accept_all((change,), turn=Meanwhile())
    settle(here)
    assert not here.destination.approved
    assert [one.state for one in publications(here)] == [ShareState.HELD, ShareState.WITHDRAWN]


def test_a_merge_of_local_identifiers_leaves_what_is_published_under_the_national_one(here: World) -> None:
    send(here, 1)
    settle(here)
    tell(here, LOCAL, MERGED)
    settle(here)
    assert visible(here) == {"v1"}


def test_a_report_that_comes_after_a_merge_is_stated_under_what_holds(here: World) -> None:
    tell(here, LOCAL, MERGED)
    here.pacs.exams[CT.study_uid] = exam(patient_id=MERGED.extension)
    send(here, 1)
    settle(here)
    (entry, *_) = ebrim.read(safexml.parse(here.destination.sent[0][0])).entries
    assert (MERGED.extension or "") in entry.source_patient_id
    assert visible(here) == {"v1"}


def test_a_report_that_comes_later_under_a_wrong_national_identity_is_held(here: World) -> None:
    assert INS is not None
    tell(here, INS, RIGHT_INS)
    send(here, 1)
    settle(here)
    assert share_of(here, 1).reason == "identity_corrected"
    assert not here.destination.sent


def test_a_correction_that_names_another_national_identity_counts_as_one(here: World) -> None:
    send(here, 1)
    settle(here)
    tell(here, LOCAL, LOCAL, RIGHT_INS, merged=False)
    settle(here)
    assert not here.destination.approved


def test_a_correction_of_traits_alone_changes_nothing_that_is_published(here: World) -> None:
    send(here, 1)
    settle(here)
    tell(here, LOCAL, *PATIENT.identifiers, merged=False)
    settle(here)
    assert visible(here) == {"v1"}
    assert states(here) == {("publish", "v1"): "shared"}


def test_an_unknown_patient_is_kept_for_later_and_nothing_is_begun(here: World) -> None:
    tell(here, Identifier("1.2.250.1.999.44", "nobody"), Identifier("1.2.250.1.999.44", "somebody"))
    assert not here.store.overviews(limit=10)
    assert here.store.identity_changes(SITE.name, [Identifier("1.2.250.1.999.44", "nobody")])


def test_what_has_not_left_is_withdrawn_too(here: World) -> None:
    send(here, 1)
    assert INS is not None
    tell(here, INS, RIGHT_INS)
    settle(here)
    assert not here.destination.sent


def test_a_corrected_report_of_another_patient_comes_after_the_wrong_one_is_gone(here: World) -> None:
    send(here, 1)
    settle(here)
    right = replace(PATIENT, identifiers=(RIGHT_INS, LOCAL))
    here.pacs.exams[CT.study_uid] = exam(other_patient_ids=(RIGHT_INS,))
    here.accepting.accept(Replace(received(version(2, patient=right)), None))
    settle(here, days=1)
    assert visible(here) == {"v2"}
    assert states(here)[("publish", "v1")] == "withdrawn"
    assert states(here)[("publish", "v2")] == "shared"


def test_a_person_says_that_the_patient_is_wrong(here: World) -> None:
    send(here, 1)
    settle(here)
    held = here.sharing.correct_identity(share_of(here, 1).id, "someone")
    settle(here)
    assert not here.destination.approved
    assert (held.state, held.reason) == (ShareState.HELD, "identity_corrected")
    here.sharing.replay(held.id, "someone")
    settle(here)
    assert visible(here) == {"v1"}


def test_it_may_be_made_again_at_once(tmp_path: Path) -> None:
    local = replace(SITE, patient_id_issuer=LOCAL.root)
    with world(tmp_path, site=local, policy=Policy(identity_change="remake")) as here:
        settings = replace(here.destination._settings, patient_identity="local")
        here.destination._settings = settings
        send(here, 1)
        settle(here)
        here.pacs.exams[CT.study_uid] = exam(patient_id=MERGED.extension)
        tell(here, LOCAL, MERGED)
        settle(here, days=1)
        again, first = publications(here)
        assert (first.state, again.state) == (ShareState.WITHDRAWN, ShareState.SHARED)
        assert (MERGED.extension or "") in here.store.frozen(again.id).patient_id


def test_a_change_is_for_the_sites_of_its_sender() -> None:
    other = replace(SITE, name="other", senders=frozenset({"X|Y"}))
    now = here_now()
    told = changes(IdentityChanged(LOCAL, MERGED, known=(MERGED,), sender=SENDER), [SITE, other], now)
    assert [one.site for one in told] == [SITE.name]
    unsaid = changes(IdentityChanged(LOCAL, MERGED, known=(MERGED,), sender="Z|Z"), [SITE, other], now)
    assert [one.site for one in unsaid] == [SITE.name, "other"]
    assert changes(IdentityChanged(LOCAL, LOCAL, known=(LOCAL,)), [SITE], now) == []


def test_an_identity_follows_its_changes_and_a_national_one_stops_it() -> None:
    now = here_now()
    (merge,) = changes(IdentityChanged(LOCAL, MERGED, known=(MERGED,)), [SITE], now)
    assert set(as_it_holds(PATIENT, [merge]).identifiers) == {INS, MERGED}
    assert INS is not None
    (other,) = changes(IdentityChanged(INS, RIGHT_INS, known=(RIGHT_INS,)), [SITE], now)
    with pytest.raises(Mismatch, match="identity_corrected"):
        as_it_holds(PATIENT, [other])


def change(gone: Identifier, *now: Identifier, merged: bool = True) -> IdentityChange:
    (one,) = changes(IdentityChanged(gone, now[0] if merged and now else None, known=now), [SITE], here_now())
    return replace(one, merged=merged, now=now)


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        (change(RIGHT_INS, LOCAL), True),
        (change(Identifier(INS_TEST, "1"), RIGHT_INS, merged=False), False),
        (change(LOCAL, *PATIENT.identifiers, merged=False), True),
        (change(LOCAL, RIGHT_INS, merged=False), False),
        (change(LOCAL, MERGED), True),
        (change(LOCAL, MERGED, RIGHT_INS), False),
        (change(PATIENT.identifiers[0], LOCAL), False),
        (change(PATIENT.identifiers[0], *PATIENT.identifiers, merged=False), True),
    ],
    ids=[
        "another patient's number is gone",
        "another patient's number belongs to a national identity that is not this one",
        "traits alone",
        "a correction that names another national identity",
        "a local merge",
        "a local merge into a patient with another national identity",
        "a national identity that is gone and has no successor",
        "traits of the national identity alone",
    ],
)
def test_a_document_is_published_as_it_is_only_while_its_national_identity_holds(
    told: IdentityChange, holds: bool
) -> None:
    assert PATIENT.identifiers[0] == INS
    if holds:
        as_it_holds(PATIENT, [told])
        return
    with pytest.raises(Mismatch, match="identity_corrected"):
        as_it_holds(PATIENT, [told])


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        (change(PATIENT.identifiers[0], LOCAL), False),
        (change(PATIENT.identifiers[0], *PATIENT.identifiers, merged=False), True),
        (change(LOCAL, MERGED), False),
        (change(LOCAL, LOCAL, merged=False), True),
    ],
    ids=["national, gone", "national, traits", "local, gone", "local, traits"],
)
@pytest.mark.parametrize("kind", ["", "^PI"])
def test_what_stands_under_a_number_that_is_gone_is_wrong_and_a_correction_of_traits_moves_nothing(
    told: IdentityChange, stands: bool, kind: str
) -> None:
    class Published:
        """One report of the patient, sent under the local number."""

        def publications(self, named: Sequence[tuple[str, Identifier]]) -> dict[tuple[str, Identifier], list[Share]]:
            return {each: [SHARE] for each in named}

        def amendments(self, _: str) -> list[Share]:
            return []

        def patient_identifiers(self, _: str) -> tuple[Identifier, ...]:
            return PATIENT.identifiers

        def frozen(self, _: str) -> SimpleNamespace:
            return SimpleNamespace(patient_id=LOCAL.cx() + kind)

    (found,) = Consequences(Published(), Policy()).of([told])  # type: ignore[arg-type]
    assert (found.shares == ()) is stands
    again = Consequences(Published(), Policy(), {SHARE.id}).of([told])  # type: ignore[arg-type]
    assert again[0].shares == (), "what follows once follows once"


def test_a_manifest_that_is_made_again_later_stands_under_the_identifier_that_holds(tmp_path: Path) -> None:
    local = replace(SITE, patient_id_issuer=LOCAL.root)
    with world(tmp_path, site=local, policy=Policy(identity_change="remake")) as here:
        looks = looking(here, identity_change="remake")
        here.destination._settings = replace(here.destination._settings, patient_identity="local")
        send(here, 1)
        settle(here)
        here.pacs.exams[CT.study_uid] = exam(patient_id=MERGED.extension)
        tell(here, LOCAL, MERGED)
        settle(here, days=1)
        before = here.store.manifest("registry", CT.study_uid)
        here.pacs.exams[CT.study_uid] = exam(patient_id=MERGED.extension, instances=4)
        looks.tell()
        looks.settle()
        now = here.store.manifest("registry", CT.study_uid)
        assert before is not None
        assert now is not None
        assert now.replaces == before.unique_id, "replaced, as one of the same patient"
        assert (MERGED.extension or "") in here.store.frozen(now.share_id).patient_id
        assert len(here.destination.approved) == 2


def test_a_merge_of_local_identifiers_is_no_correction_of_what_stands_under_the_national_one(here: World) -> None:
    send(here, 1)
    settle(here)
    tell(here, LOCAL, MERGED)
    settle(here)
    assert not here.destination.corrected
    here.pacs.exams[CT.study_uid] = exam(patient_id=MERGED.extension)
    send(here, 2)
    settle(here)
    (entry, *_) = ebrim.read(safexml.parse(here.destination.sent[-1][0])).entries
    assert (MERGED.extension or "") in entry.source_patient_id
