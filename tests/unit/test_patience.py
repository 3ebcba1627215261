"""Delays and deadlines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.flow.patience import Patience

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_never_longer_than_the_longest_nor_shorter_than_half_of_the_first(
    attempts: int, chance: float
) -> None:
    patience = Patience(retry_first_s=2, retry_longest_s=3600)
    delay = (patience.try_again(NOW, attempts, lambda: chance) - NOW).total_seconds()
    assert 1 <= delay <= 3600


def test_delays_double_until_the_longest() -> None:
    patience = Patience(retry_first_s=2, retry_longest_s=60)
    delays = [(patience.try_again(NOW, n, lambda: 1.0) - NOW).total_seconds() for n in range(8)]
    assert delays == [2, 4, 8, 16, 32, 60, 60, 60]


def test_the_deadline_counts_from_acceptance() -> None:
    patience = Patience(study_deadline_s=60)
    assert not patience.is_too_late(NOW, NOW + timedelta(seconds=60))
    assert patience.is_too_late(NOW, NOW + timedelta(seconds=61))
