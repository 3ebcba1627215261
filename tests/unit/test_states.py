"""The state table: the forbidden is tested as fully as the allowed."""

from __future__ import annotations

import itertools

import pytest

from gateway.flow.states import FINAL, TABLE, Happening, Refused, after
from gateway.model.share import ShareState

EVERY_PAIR = list(itertools.product(ShareState, Happening))


@pytest.mark.parametrize(("state", "happening"), EVERY_PAIR)
def test_every_pair_is_a_transition_or_a_named_refusal(state: ShareState, happening: Happening) -> None:
    if (state, happening) in TABLE:
        assert after(state, happening) is TABLE[state, happening]
    else:
        with pytest.raises(Refused) as refusal:
            after(state, happening)
        assert (refusal.value.state, refusal.value.happening) == (state, happening)
        assert state.value in str(refusal.value)


def test_only_a_person_moves_a_share_that_has_ended_and_never_a_shared_one() -> None:
    moves = {pair for pair in TABLE if pair[0] in FINAL}
    assert moves == {(ShareState.HELD, Happening.TAKEN_UP), (ShareState.HELD, Happening.SENT_AGAIN)}


def test_only_a_share_that_says_it_may_be_out_can_be_registered_by_sending() -> None:
    before = {state for (state, _), following in TABLE.items() if following is ShareState.SHARED}
    assert before == {ShareState.SENDING, ShareState.WAITING}
    assert TABLE[ShareState.WAITING, Happening.NOTHING_TO_SEND] is ShareState.SHARED


def test_every_state_can_be_reached_from_the_first() -> None:
    reached = {ShareState.WAITING}
    while more := {following for (state, _), following in TABLE.items() if state in reached} - reached:
        reached |= more
    assert reached == set(ShareState)
