"""Kills at random under load, on both stores: nothing acknowledged is lost, nothing is published twice."""

from __future__ import annotations

import os
import random

import pytest

from tests.crash.storm import storm

KILLS = int(os.environ.get("GATEWAY_TEST_KILLS", "50" if os.environ.get("CI") else "3"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_nothing_is_lost_or_published_twice_whatever_is_killed(store: str) -> None:
    outcome = storm(KILLS, store, random.SystemRandom().randrange(1 << 30))
    assert outcome.ok, outcome
    assert outcome.kills == KILLS
