"""The bell between machines: nothing ends the ringing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from unittest.mock import MagicMock

import pytest

from gateway.store.bell import Notifier


class _Engine:
    """Calls *each* for every connection that is asked for."""

    def __init__(self, each: Callable[[], None]) -> None:
        self._each = each

    def connect(self) -> MagicMock:
        self._each()
        return MagicMock()


def _notifier(each: Callable[[], None]) -> Notifier:
    return Notifier(_Engine(each))  # type: ignore[arg-type]


def test_a_ring_that_fails_in_whatever_way_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.store.bell._QUIET_S", 0.0)
    rung = threading.Semaphore(0)

    def fails() -> None:
        rung.release()
        raise LookupError("a bug of ours")

    notifier = _notifier(fails)
    for _ in range(3):
        notifier.ring()
        assert rung.acquire(timeout=10)
    notifier.close()


def test_a_machine_that_gives_no_thread_loses_a_ring_and_not_the_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    rung, start, refused = threading.Event(), threading.Thread.start, [1]

    def start_or_not(thread: threading.Thread) -> None:
        if refused:
            refused.pop()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_not)
    notifier = _notifier(rung.set)
    notifier.ring()
    assert not rung.is_set()
    notifier.ring()
    assert rung.wait(10)
    notifier.close()
