"""What the demo starts beside the gateway, each in a process that cannot outlive it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from gateway import log
from gateway.errors import Unavailable
from gateway.process import die_with_parent

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0


def free_port(wanted: int, taken: set[int]) -> int:
    """*wanted* when nobody listens there and it is not in *taken*, else a free one; the answer joins *taken*."""
    port = wanted if wanted not in taken and _is_free(wanted) else 0
    while port == 0 or port in taken:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    taken.add(port)
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def wait_for_port(
    port: int, process: SpawnProcess, told_to_end: threading.Event, timeout_s: float = READY_TIMEOUT_S
) -> None:
    """Until something accepts on *port*; raises Unavailable when *process* ends first, when *told_to_end*, or after
    *timeout_s*."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and not told_to_end.is_set():
        if not process.is_alive():
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Unavailable("demo_part_failed", part=process.name)


@dataclass
class Household:
    """The processes of one demo, started in order and stopped in the opposite one."""

    _running: list[SpawnProcess] = field(default_factory=list)
    told_to_end: threading.Event = field(default_factory=threading.Event)
    """Set: no part is waited for any longer."""

    def start(self, name: str, main: Callable[..., Any], *arguments: Any, ready_port: int) -> None:
        """Start *main* in a process of its own and wait until *ready_port* accepts."""
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_enter, args=(os.getpid(), main, arguments), name=name)
        process.start()
        self._running.append(process)
        wait_for_port(ready_port, process, self.told_to_end)

    def wait_for(self, name: str, port: int) -> None:
        """Wait until the part *name* accepts on a further *port*."""
        process = next(process for process in self._running if process.name == name)
        wait_for_port(port, process, self.told_to_end)

    def dead(self) -> str:
        """The name of a part that has ended, or an empty string."""
        return next((process.name for process in self._running if not process.is_alive()), "")

    def kill(self, name: str) -> None:
        """End the part *name*, and what it has started, at once and without a word (KILL): what a test of crashes does.

        A child that is left would finish what it is doing, as after any end of its parent.
        """
        process = next(process for process in self._running if process.name == name)
        self._running.remove(process)
        children = _children(process.pid)
        process.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        process.join()

    def stop(self) -> None:
        """End every part: TERM, patience, KILL."""
        for process in reversed(self._running):
            process.terminate()
            process.join(STOP_TIMEOUT_S)
            if process.is_alive():
                process.kill()
                process.join()
        self._running.clear()


def _children(pid: int | None) -> list[int]:
    """The processes that *pid* has started (Linux)."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def _enter(parent: int, main: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    die_with_parent(parent)
    # Ctrl-C reaches the whole terminal group; the demo alone decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log.configure(level="warning")
    main(*arguments)
