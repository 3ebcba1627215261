"""The state table: the forbidden is tested as fully as the allowed, for every deed."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from gateway.flow.states import FINAL, RULES, TABLE, Happening, Refused, after, drawn
from gateway.model.share import Deed, ShareState

EVERY_PAIR = list(itertools.product(Deed, ShareState, Happening))
DOCS = Path(__file__).parents[2] / "docs"
BY_PEOPLE = {Happening.TAKEN_UP, Happening.SENT_AGAIN, Happening.GIVEN_UP}


@pytest.mark.parametrize("deed", Deed)
def test_every_pair_is_a_transition_or_a_named_refusal(deed: Deed) -> None:
    for _, state, happening in (pair for pair in EVERY_PAIR if pair[0] is deed):
        if (deed, state, happening) in TABLE:
            assert after(state, happening, deed) is TABLE[deed, state, happening]
        else:
            with pytest.raises(Refused) as refusal:
                after(state, happening, deed)
            assert (refusal.value.state, refusal.value.happening, refusal.value.deed) == (state, happening, deed)
            assert state.value in str(refusal.value)


def test_no_pair_stands_twice() -> None:
    assert len(TABLE) == sum(len(rule.deeds) for rule in RULES)


@pytest.mark.parametrize("deed", Deed)
def test_what_has_ended_moves_by_people_or_by_what_amends_it(deed: Deed) -> None:
    moves = {(state, happening) for (of, state, happening) in TABLE if of is deed and state in FINAL}
    by_others = {
        (ShareState.SHARED, Happening.REPLACED),
        (ShareState.SHARED, Happening.TAKEN_BACK),
        (ShareState.HELD, Happening.REPLACED),
        (ShareState.HELD, Happening.TAKEN_BACK),
        (ShareState.HELD, Happening.REGISTERED),
        (ShareState.HELD, Happening.NOTHING_LOST),
    }
    assert moves - by_others <= {(ShareState.HELD, happening) for happening in BY_PEOPLE}
    assert deed in (Deed.PUBLISH, Deed.MANIFEST) or not moves & by_others


@pytest.mark.parametrize("deed", Deed)
def test_superseded_withdrawn_and_abandoned_are_ends(deed: Deed) -> None:
    ends = {ShareState.SUPERSEDED, ShareState.WITHDRAWN, ShareState.ABANDONED}
    assert not [state for (of, state, _) in TABLE if of is deed and state in ends]


@pytest.mark.parametrize("deed", Deed)
def test_what_may_be_out_is_never_given_up_unasked(deed: Deed) -> None:
    following = {TABLE[of, state, h] for (of, state, h) in TABLE if of is deed and state is ShareState.SENDING}
    assert ShareState.ABANDONED not in following
    assert ShareState.WAITING not in following


@pytest.mark.parametrize("deed", Deed)
def test_every_state_that_waits_can_be_too_late(deed: Deed) -> None:
    assert after(ShareState.WAITING, Happening.TOO_LATE, deed) is ShareState.HELD
    if any(of is deed and state is ShareState.SENDING for (of, state, _) in TABLE):
        assert after(ShareState.SENDING, Happening.TOO_LATE, deed) is ShareState.HELD


@pytest.mark.parametrize("deed", Deed)
def test_every_state_of_a_deed_can_be_reached_from_the_first_and_ends(deed: Deed) -> None:
    reached = {ShareState.WAITING}
    while more := {TABLE[of, s, h] for (of, s, h) in TABLE if of is deed and s in reached} - reached:
        reached |= more
    wanted = set(ShareState)
    if deed in (Deed.CORRECT, Deed.WITHDRAW):
        wanted -= {ShareState.FROZEN, ShareState.SUPERSEDED}
        wanted -= {ShareState.SHARED} if deed is Deed.WITHDRAW else {ShareState.WITHDRAWN, ShareState.SENDING}
    assert reached == wanted


@pytest.mark.parametrize("name", ["life.md", "life.en.md"])
def test_the_pages_show_the_table(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    assert drawn(page) == page, "run scripts/states"
