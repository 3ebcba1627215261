"""Whatever comes in whatever order, through outages, lost answers and kills: one version is seen, the right one."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.errors import PeerUnreachable
from gateway.model.share import ShareState
from tests.fakes.world import World, world
from tests.unit.test_life import V, delete, send, settle, states, visible
from tests.unit.test_life_crash import Borders, Crash, When

LAST = 3


class Lineage(RuleBasedStateMachine):
    """A report of three versions, and the withdrawal of the last, in the hands of chance."""

    def __init__(self) -> None:
        super().__init__()
        self._exits = contextlib.ExitStack()
        folder = Path(self._exits.enter_context(tempfile.TemporaryDirectory()))
        self.here: World = self._exits.enter_context(world(folder))
        self.came: set[int] = set()
        self.withdrawn = False

    @rule(number=st.integers(1, LAST))
    def a_version_comes(self, number: int) -> None:
        assert send(self.here, number).duplicate == (number in self.came)
        self.came.add(number)

    @rule()
    def the_last_version_is_withdrawn(self) -> None:
        assert delete(self.here, LAST).duplicate == self.withdrawn
        self.withdrawn = True

    @rule(tries=st.integers(1, 3))
    def the_registry_goes_away(self, tries: int) -> None:
        self.here.destination.before = [PeerUnreachable("registry_unreachable", peer="registry")] * tries

    @rule()
    def an_answer_will_be_lost(self) -> None:
        self.here.destination.lose_replies = 1

    @rule(many=st.integers(1, 4))
    def some_work_is_done(self, many: int) -> None:
        for _ in range(many):
            share = self.here.claim()
            if share is not None:
                self.here.sharing.carry(share)

    @rule(border=st.integers(0, 6), when=st.sampled_from(get_args(When)))
    def a_worker_is_killed(self, border: int, when: When) -> None:
        share = self.here.claim()
        if share is None:
            return
        with Borders(self.here, border, when), contextlib.suppress(Crash):
            self.here.sharing.carry(share)
        self.here.clock.forward(121)

    @rule()
    def an_hour_passes(self) -> None:
        self.here.clock.forward(3600)

    @invariant()
    def one_version_at_most_is_seen(self) -> None:
        assert len(visible(self.here)) <= 1

    def teardown(self) -> None:
        """When everything that came has had its time, the registry has the last of the versions that hang together."""
        try:
            self.here.destination.before = []
            self.here.clock.forward(121)
            settle(self.here, days=1)
            self._ends_well()
        finally:
            self._exits.close()

    def _ends_well(self) -> None:
        chain = 0
        while chain + 1 in self.came:
            chain += 1
        gone = self.withdrawn and chain == LAST
        assert visible(self.here) == (set() if gone or not chain else {f"v{chain}"})
        for (deed, name), state in states(self.here).items():
            number = int(name[1:])
            if deed == "publish" and number <= chain:
                assert state != ShareState.HELD
                assert state != ShareState.WAITING, "nothing that can go on waits"
        sent = [one for one in V if one.unique_id in self.here.destination.documents]
        assert len(sent) <= len(self.came)


TestLineage = Lineage.TestCase
TestLineage.settings = settings(
    max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
