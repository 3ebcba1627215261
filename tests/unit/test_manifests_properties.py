"""Whatever happens to a study in whatever order, its manifest comes to say the truth."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.demo.identity import CT
from gateway.errors import InputRejected, PeerUnreachable
from gateway.model.share import Deed, ShareState
from tests.fakes.world import exam, world
from tests.support.images import Looking, looking, report, with_instances

AWAY = PeerUnreachable("registry_unreachable", peer="registry")

ACTS = st.one_of(
    st.tuples(st.just("images"), st.frozensets(st.integers(1, 5), max_size=5)),
    st.tuples(st.just("report"), st.integers(1, 3)),
    st.tuples(st.just("withdraw"), st.integers(1, 3)),
    st.tuples(st.just("registry away"), st.integers(1, 2)),
    st.tuples(st.just("reply lost"), st.just(1)),
    st.tuples(st.just("pacs away"), st.integers(1, 2)),
    st.tuples(st.just("one step"), st.just(0)),
    st.tuples(st.just("settle"), st.sampled_from([0, 2, 30])),
    st.tuples(st.just("abandon"), st.just(0)),
)


class Story:
    """The world, and what ought to be."""

    def __init__(self, looks: Looking) -> None:
        self.looks = looks
        self.here = looks.here
        self.images = frozenset({1, 2, 3})
        self.reports: dict[int, str] = {}
        self.gone: set[int] = set()

    def do(self, act: str, what: object) -> None:
        here = self.here
        match act, what:
            case "images", frozenset():
                self.images = what
                if what:
                    here.pacs.exams[CT.study_uid] = with_instances(exam(), *sorted(what))
                else:
                    here.pacs.exams.pop(CT.study_uid, None)
                self.looks.tell()
            case "report", int(number) if number not in self.reports:
                content = report(number, placer=f"ORDER-{number}")
                self.reports[number] = here.accept(content=content).report_id
            case "withdraw", int(number) if number in self.reports and number not in self.gone:
                for share in self.looks.shares(deed=Deed.PUBLISH):
                    if share.report_id == self.reports[number]:
                        try:
                            here.sharing.withdraw(share.id, "a person")
                        except InputRejected:
                            return
                        self.gone.add(number)
            case "registry away", int(times):
                here.destination.before += [AWAY] * times
            case "reply lost", _:
                here.destination.lose_replies = 1
            case "pacs away", int(times):
                here.pacs.failures += [PeerUnreachable("pacs_unreachable", pacs="p")] * times
            case "one step", _:
                share = here.claim()
                if share is not None:
                    here.sharing.carry(share)
            case "settle", int(hours):
                self.looks.settle(hours)
            case _:
                pass

    def come_to_rest(self) -> None:
        """Every peer is back; days pass."""
        here = self.here
        here.destination.before, here.destination.lose_replies, here.pacs.failures = [], 0, []
        for hours in (0, 0.1, 2, 2, 30, 200, 24 * 40):
            self.looks.settle(hours)

    def check(self) -> None:
        here = self.here
        living = {
            number
            for number, report_id in self.reports.items()
            for share in self.looks.shares(ShareState.SHARED, deed=Deed.PUBLISH)
            if share.report_id == report_id
        }
        assert not living & self.gone
        row = here.store.manifest("registry", CT.study_uid)
        if not living or not self.images:
            assert row is None
        else:
            assert self.looks.instances() == {f"1.2.250.1.999.5.{n}" for n in self.images}
            orders = {one for one in self.looks.numbers() if one.startswith("ORDER-")}
            assert orders == {f"ORDER-{number}" for number in living}
        manifests = {
            document.unique_id
            for overview in here.store.overviews(limit=100)
            for document in overview.documents
            if document.kind == "manifest"
        } & here.destination.approved
        assert manifests == ({row.unique_id} if row is not None else set())


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, max_size=12))
def test_in_the_end_the_one_manifest_at_the_registry_says_the_truth(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, object]]
) -> None:
    with world(tmp_path_factory.mktemp("story")) as here:
        story = Story(looking(here, lost_images="amend"))
        for act, what in acts:
            story.do(act, what)
        story.come_to_rest()
        story.check()
