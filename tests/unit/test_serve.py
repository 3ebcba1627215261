"""The parent of ``gateway serve``: what it does when the machine gives no process."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from gateway import serve
from gateway.serve import Child


class _Process:
    """One that starts when *room* says so."""

    def __init__(self, room: list[bool]) -> None:
        self._room = room

    def start(self) -> None:
        if not self._room.pop(0):
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    def is_alive(self) -> bool:
        return True


class _Context:
    def __init__(self, room: list[bool]) -> None:
        self._room = room

    def Process(self, **_: Any) -> _Process:  # noqa: N802 - the name that multiprocessing gives it
        return _Process(self._room)


def _turn(child: Child, room: list[bool]) -> None:
    child.not_before = 0.0
    serve._start_if_needed(child, _Context(room), Path("gateway.toml"), (None, None))  # type: ignore[arg-type]


def test_a_child_that_cannot_be_started_now_is_started_later_and_the_others_go_on() -> None:
    child, room = Child("work", lambda path, bell: None), [False, False, True]
    for started in (False, False, True):
        _turn(child, room)
        assert (child.process is not None) is started
    assert child.tries == 0


def test_it_is_not_tried_for_ever() -> None:
    child, room = Child("work", lambda path, bell: None), [False] * serve.TRIES
    while len(room) > 1:
        _turn(child, room)
    with pytest.raises(OSError, match="unavailable"):
        _turn(child, room)
