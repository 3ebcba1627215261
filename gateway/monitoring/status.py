"""Status files: how each process of this machine says that it lives, and what it has counted.

A file, because a process that only works has no port, and a container's health check can read one. The file of a
process is ``<host>.<role>.<process id>.json`` in ``[monitoring] folder``; it is written anew every few seconds, whole
(written beside, renamed), and removed at the end. One that was killed leaves its file, which the next process of its
role takes away; until then it tells that something is wrong. Not synced: after a power cut nobody lives.
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from gateway.errors import GatewayError
from gateway.monitoring.figures import Figures

log = structlog.get_logger(__name__)

BEAT_S = 5.0
SILENT_AFTER_S = 30.0
"""A process whose file is older than this hangs, or is gone without a goodbye."""
_UNSAFE = re.compile(r"[^A-Za-z0-9-]+")
_LIMIT_BYTES = 4 * 1024 * 1024
_YOUNGER_S = 1.0


@dataclass(frozen=True, slots=True)
class Status:
    """What a process said of itself last."""

    role: str
    pid: int
    started_at: float
    """Seconds since 1970, as :attr:`at`."""
    at: float
    resident_bytes: int = 0
    store: str = ""
    """Code of the failure when it could not reach the store; empty when it could."""
    figures: Sequence[Mapping[str, Any]] = field(default=(), repr=False)

    def silent(self, now: float) -> bool:
        """Whether it has said nothing for too long."""
        return now - self.at > SILENT_AFTER_S


class Beacon:
    """Writes the status file of one process, from a thread of its own; never stops the work for a failure."""

    def __init__(
        self,
        folder: Path,
        role: str,
        figures: Figures,
        *,
        look: Callable[[], None] = lambda: None,
        before: Callable[[], None] = lambda: None,
        beat_s: float = BEAT_S,
    ) -> None:
        """*look* reaches the store and raises GatewayError where it cannot; *before* brings gauges up to date."""
        self._stem = f"{_host()}.{_UNSAFE.sub('-', role)}"
        self._path = folder / f"{self._stem}.{os.getpid()}.json"
        self._role = role
        self._figures = figures
        self._look = look
        self._before = before
        self._beat_s = beat_s
        self._started_at = time.time()
        self._ended = threading.Event()
        self._told = False
        self._thread = threading.Thread(target=self._run, name=f"status-{role}", daemon=True)

    def start(self) -> None:
        self._take_away()
        self._thread.start()

    def stop(self) -> None:
        """Stop, and take the file away."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._beat_s + 1)
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            self._failed(error)

    def beat(self) -> None:
        """Write the file once."""
        store = ""
        try:
            self._look()
            self._before()
        except GatewayError as error:
            store = error.code
        told = {
            "role": self._role,
            "pid": os.getpid(),
            "started_at": self._started_at,
            "at": time.time(),
            "resident_bytes": resident_bytes(),
            "store": store,
            "figures": self._figures.dump(),
        }
        try:
            self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            beside = self._path.with_suffix(".new")
            beside.write_text(json.dumps(told), encoding="utf-8")
            beside.replace(self._path)
        except OSError as error:
            self._failed(error)

    def _run(self) -> None:
        while True:
            try:
                self.beat()
            except Exception as error:  # noqa: BLE001 - who is silent is taken to hang; it is tried again
                self._failed(error)
            if self._ended.wait(self._beat_s):
                return

    def _take_away(self) -> None:
        """The files of processes of this role that are gone."""
        for path in self._path.parent.glob(f"{self._stem}.*.*"):
            number = path.name.split(".")[-2]
            if number.isdecimal() and not _wrote(int(number), path):
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    self._failed(error)

    def _failed(self, error: Exception) -> None:
        # Said once: a folder that cannot be written stays so until somebody looks.
        if not self._told:
            self._told = True
            words = getattr(error, "strerror", None) or type(error).__name__
            log.warning("status.not_written", role=self._role, words=words)


def read_all(folder: Path) -> list[Status]:
    """What the processes of this machine said last, by role and age; a file that cannot be read is passed over."""
    read = (_read(path) for path in folder.glob(f"{_host()}.*.json"))
    return sorted((one for one in read if one is not None), key=lambda one: (one.role, one.started_at, one.pid))


def _read(path: Path) -> Status | None:
    try:
        if path.stat().st_size > _LIMIT_BYTES:
            return None
        told = json.loads(path.read_bytes())
        return Status(
            role=str(told["role"]),
            pid=int(told["pid"]),
            started_at=float(told["started_at"]),
            at=float(told["at"]),
            resident_bytes=int(told["resident_bytes"]),
            store=str(told["store"]),
            figures=[one for one in told["figures"] if isinstance(one, dict) and isinstance(one.get("labels"), dict)],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def named(statuses: Iterable[Status]) -> list[tuple[str, Status]]:
    """Each with a name of its own: its role, and from the second of a role on a number behind it."""
    seen: Counter[str] = Counter()
    found = []
    for status in statuses:
        seen[status.role] += 1
        found.append((numbered(status.role, seen[status.role]), status))
    return found


def numbered(role: str, number: int) -> str:
    """The name of the process of *role* that is its *number* th, from 1."""
    return role if number == 1 else f"{role}-{number}"


def now() -> float:
    """The moment that :attr:`Status.at` is compared with."""
    return time.time()


def resident_bytes() -> int:
    """Memory of this process that is in use (Linux, /proc/self/statm); 0 where that is not told."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _wrote(pid: int, path: Path) -> bool:
    """Whether the process *pid* can have written *path*: it lives, and lived then (Linux, /proc/PID/stat, field 22).

    After a power cut, or in a container that starts anew, the number is soon another process's; its file would tell
    for ever that something is wrong.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        began_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        silent_s = time.time() - path.stat().st_mtime
    except (OSError, ValueError, IndexError):
        return False
    return time.clock_gettime(time.CLOCK_BOOTTIME) - began_s > silent_s - _YOUNGER_S


def _host() -> str:
    return _UNSAFE.sub("-", socket.gethostname()) or "host"
