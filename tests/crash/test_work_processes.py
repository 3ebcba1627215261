"""Several processes that work, under one parent: all live, one that is killed comes again, none outlives the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gateway.monitoring.health import role_looks
from gateway.monitoring.status import now, read_all
from tests.support.gateway import planned

_PATIENCE_S = 60.0


def _pids(folder: Path) -> set[int]:
    """Of those that have said that they work, and do."""
    return {one.pid for one in read_all(folder) if one.role == "work" and Path(f"/proc/{one.pid}").exists()}


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_processes_of_the_work_are_started_kept_and_ended_by_one_parent() -> None:
    with planned() as here:
        file = here.world.settings_file
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("[work]\n", "[work]\nprocesses = 2\n"), encoding="utf-8")
        folder = here.world.folder / "status"
        command = [sys.executable, "-m", "gateway", "serve", "--only", "work", "--config", str(file)]
        parent = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _until(lambda: len(_pids(folder)) == 2)
            looks = role_looks(read_all(folder), ["work", "work"], now())
            assert [(look.name, look.state) for look in looks] == [("process work", "ok"), ("process work-2", "ok")]
            gone, kept = sorted(_pids(folder))
            os.kill(gone, signal.SIGKILL)
            _until(lambda: len(_pids(folder) - {gone}) == 2)
            assert kept in _pids(folder)
        finally:
            parent.kill()
            parent.wait()
        _until(lambda: not _pids(folder))
