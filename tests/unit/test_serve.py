"""The parent of ``gateway serve``: which children it has, and when it starts one again."""

from __future__ import annotations

import errno
import multiprocessing
import signal
from pathlib import Path
from typing import Any

import pytest

from gateway import serve
from gateway.serve import Bell, Child


class _Process:
    """One that starts when *room* says so."""

    def __init__(self, room: list[bool]) -> None:
        self._room = room
        self.exitcode: int | None = None

    def start(self) -> None:
        if not self._room.pop(0):
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    def is_alive(self) -> bool:
        return self.exitcode is None


class _Context:
    def __init__(self, room: list[bool]) -> None:
        self._room = room

    def Process(self, **_: Any) -> _Process:  # noqa: N802 - the name that multiprocessing gives it
        return _Process(self._room)


def _child() -> Child:
    return Child("work", lambda path, bell: None, Bell(None, ()))  # type: ignore[arg-type]


def _turn(child: Child, room: list[bool]) -> None:
    child.not_before = 0.0
    serve._start_if_needed(child, _Context(room), Path("gateway.toml"))  # type: ignore[arg-type]


def _ended(child: Child, code: int) -> float:
    """*child*, running, ends with *code*; after how many seconds it is started again."""
    assert child.process is not None
    child.process.exitcode = code  # type: ignore[misc]
    serve._start_if_needed(child, _Context([]), Path("gateway.toml"))  # type: ignore[arg-type]
    assert child.process is None
    return child.pause_s


def test_a_child_that_cannot_be_started_now_is_started_later_and_the_others_go_on() -> None:
    child, room = _child(), [False, False, True]
    for started in (False, False, True):
        _turn(child, room)
        assert (child.process is not None) is started
    assert child.tries == 0


def test_it_is_not_tried_for_ever() -> None:
    child, room = _child(), [False] * serve.TRIES
    while len(room) > 1:
        _turn(child, room)
    with pytest.raises(OSError, match="unavailable"):
        _turn(child, room)


def test_a_child_that_ends_by_itself_again_and_again_is_started_later_each_time() -> None:
    child, pauses = _child(), []
    for _ in range(6):
        _turn(child, [True])
        pauses.append(_ended(child, 1))
    assert pauses == [2.0, 4.0, 8.0, 16.0, 16.0, 16.0]


def test_one_that_was_killed_or_had_lived_a_while_is_started_again_after_a_second() -> None:
    child = _child()
    for code, lived_s in ((1, 0.0), (-signal.SIGKILL, 0.0), (1, serve.LIVED_S)):
        _turn(child, [True])
        child.started_at -= lived_s
        pause_s = _ended(child, code)
        assert pause_s == (2.0 if (code, lived_s) == (1, 0.0) else serve.RESTART_PAUSE_S)


def test_there_are_as_many_that_work_as_the_settings_say_and_each_is_rung_and_nudges_itself_alone() -> None:
    context = multiprocessing.get_context("fork")
    children = serve._children(["web", "work", "receive"], 3, context)
    assert [child.name for child in children] == ["web", "receive", "work", "work-2", "work-3"]
    web, _, *working = (child.bell for child in children)
    assert web.rung == tuple(bell.rung[0] for bell in working)
    assert len(set(web.rung)) == 3
    for bell in working:
        (own,) = bell.rung
        own.send_bytes(b"!")
        assert bell.heard.poll()
        assert [other.heard.poll() for other in working].count(True) == 1
        bell.heard.recv_bytes()
    for bell in working:
        bell.heard.close()
        bell.rung[0].close()
