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


def test_a_deadline_is_used_up_by_looks_and_not_by_the_clock() -> None:
    patience = Patience()
    assert patience.passed_s(NOW, NOW + timedelta(seconds=60)) == 60
    assert patience.passed_s(NOW, NOW + timedelta(days=40)) == patience.counted_s < patience.study_deadline_s / 10
    assert patience.passed_s(NOW, NOW - timedelta(days=40)) == 0
    assert patience.counted_s >= 2 * patience.retry_longest_s


def test_what_counts_between_two_looks_follows_the_settings() -> None:
    assert Patience(look_interval_s=86_400).counted_s == 2 * 86_400


def test_the_deadlines() -> None:
    patience = Patience(study_deadline_s=60, parent_deadline_s=60, peer_deadline_s=600)
    assert [patience.study_is_late(60), patience.study_is_late(61)] == [False, True]
    assert [patience.parent_is_late(59), patience.parent_is_late(60)] == [False, True]
    assert [patience.peer_is_late(600), patience.peer_is_late(601)] == [False, True]


def test_what_awaits_its_parent_is_looked_at_now_and_then_and_at_its_deadline() -> None:
    patience = Patience(parent_deadline_s=10_000)
    assert patience.parent_due(NOW, 0) == NOW + timedelta(hours=1)
    assert patience.parent_due(NOW, 9_000) == NOW + timedelta(seconds=1_000)
    assert patience.parent_due(NOW, 20_000) > NOW
