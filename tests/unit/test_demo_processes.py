"""The parts of the demo: who is told to end does not wait for one that does not come."""

from __future__ import annotations

import threading
import time

import pytest

from gateway.demo.processes import wait_for_port
from gateway.errors import Unavailable


class _Starting:
    """A part that never listens."""

    name = "pacs"

    def is_alive(self) -> bool:
        return True


def test_who_is_told_to_end_waits_for_no_part() -> None:
    told = threading.Event()
    told.set()
    began = time.monotonic()
    with pytest.raises(Unavailable, match="demo_part_failed"):
        wait_for_port(1, _Starting(), told, timeout_s=600.0)  # type: ignore[arg-type]
    assert time.monotonic() - began < 300
