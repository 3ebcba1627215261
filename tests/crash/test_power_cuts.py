"""Power cuts: whatever the disk had not synced is gone, and nothing that was acknowledged is."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from gateway.errors import GatewayError
from tests.crash.cuts import cut, lost, recorded

CUTS = int(os.environ.get("GATEWAY_TEST_CUTS", "40"))


@pytest.mark.timeout(900)
def test_nothing_that_was_acknowledged_is_lost_in_a_power_cut(tmp_path: Path) -> None:
    assert cut(CUTS, tmp_path, seed=7) == set()


@pytest.mark.timeout(300)
def test_a_store_that_does_not_sync_is_found_out(tmp_path: Path) -> None:
    """The recorder tells: with synchronous=OFF some cuts lose what was acknowledged, or spoil the file."""
    chance = random.Random(7)
    harmed = 0
    with recorded(tmp_path / "store", pragma="PRAGMA synchronous=OFF") as recorder:
        while not harmed:
            at = chance.randint(len(recorder.events) // 2, len(recorder.events))
            acknowledged = recorder.after_cut(at, tmp_path / "cut", chance)
            try:
                harmed += bool(lost(tmp_path / "cut", acknowledged))
            except (GatewayError, AssertionError):
                harmed += 1
