"""kill -9 between keeping a message and acknowledging it: the sender sends again, and nothing happens twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.hl7 import acknowledge, er7, reception
from gateway.hl7.ports import Admission
from tests.support.relay import report, request, stage, written


def keep_and_die(folder: Path, message: bytes) -> None:
    """In a process of its own: everything up to the acknowledgement, and then the end."""

    def die(_: object) -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    reception.acknowledge.accepted = die  # type: ignore[assignment]
    with stage(folder) as here:
        here.reception.answer(message, here.reception.meeting(Admission(), "test"))


@pytest.mark.parametrize("make", [lambda: written(request()), report])
def test_what_was_kept_and_not_acknowledged_is_recognised_when_it_comes_again(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    message = make()
    process = multiprocessing.get_context("spawn").Process(target=keep_and_die, args=(tmp_path, message))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert acknowledge.accepted.__name__ == "accepted"
    with stage(tmp_path) as here:
        assert len(here.on_their_way()) == 1
        reply = here.reception.answer(message, here.reception.meeting(Admission(), "test"))
        assert reply is not None
        assert er7.parse(reply).all("MSA")[0].text(1) == "AA"
        assert len(here.on_their_way()) == 1
        assert [one.duplicate for one in here.messages.find(limit=9)] == [True, False]
        assert len(here.world.store.overviews(limit=9)) == (1 if b"OBX|1|ED" in message else 0)
