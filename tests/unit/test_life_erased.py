"""What can still be done with a report whose bytes were erased when their time came: nothing ends in a silent loop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.model.share import Deed, ShareState
from tests.fakes.world import World, world
from tests.unit.test_life import V, send, settle, share_of, states, visible


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        send(made, 1)
        settle(made)
        _erase(made)
        yield made


def _erase(here: World, number: int = 1) -> None:
    """Every document of the store, as ``gateway retain`` does it with ``erase = "documents"``."""
    share = share_of(here, number)
    digests = {here.store.report(share.report_id).digest}
    digests |= {document.digest for document in here.store.frozen(share.id).documents}
    for digest in digests:
        assert here.blobs.forget(digest, here.clock.now() + timedelta(days=3_650))


def test_a_correction_is_held_with_a_reason(here: World) -> None:
    asked = here.sharing.correct(share_of(here, 1).id, {"type_code": "18748-4^2.16.840.1.113883.6.1^x"}, "someone")
    settle(here, days=1)
    held = here.store.share(asked.id)
    assert (held.state, held.reason) == (ShareState.HELD, "report_erased")


def test_it_can_be_withdrawn(here: World) -> None:
    here.sharing.withdraw(share_of(here, 1).id, "someone")
    settle(here, days=1)
    assert states(here)[(Deed.WITHDRAW.value, "v1")] == "withdrawn"
    assert not here.destination.approved


def test_a_new_version_takes_its_place(here: World) -> None:
    send(here, 2)
    settle(here, days=1)
    assert visible(here) == {"v2"}


def test_which_of_two_versions_is_the_later_one_is_not_guessed(here: World) -> None:
    send(here, 2)
    settle(here)
    _erase(here, 2)
    send(here, 3, replaces=V[0])
    settle(here, days=1)
    held = share_of(here, 3)
    assert (held.state, held.reason) == (ShareState.HELD, "version_not_latest")
    assert visible(here) == {"v2"}
