"""Disks that are full or read-only: a true one of our own where the machine lets us mount it, else what the programs
see of one, so that no machine has to leave these tests out.
"""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import pytest
import sqlalchemy as sa

_NOBODY = 65_534
_ROOM = 1_073_741_823
"""Pages; SQLite's own limit."""


class Disk(Protocol):
    """Where a world stands."""

    folder: Path

    def fill(self, engine: sa.Engine) -> None:
        """Until there is no room for a byte more."""

    def free(self) -> None:
        """There is room again."""


def can_mount() -> bool:
    """Whether this process may mount a disk of its own."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        if _mount(Path(folder), "1m") != 0:
            return False
        subprocess.run(["umount", "-l", folder], check=True)
        return True


@contextmanager
def mounted(folder: Path) -> Iterator[Disk]:
    """A small disk at *folder*, in memory."""
    folder.mkdir()
    assert _mount(folder, "24m") == 0
    try:
        yield _Mounted(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _mount(folder: Path, size: str) -> int:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode


class _Mounted:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, engine: sa.Engine) -> None:
        with (self.folder / "ballast").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass

    def free(self) -> None:
        (self.folder / "ballast").unlink()


@contextmanager
def pretended(folder: Path) -> Iterator[Disk]:
    """A folder whose disk is full for those who write files there (``ENOSPC``), and for SQLite (``SQLITE_FULL``)."""
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        yield _Pretended(folder, patch)


class _Pretended:
    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._full = False
        for name in ("write", "fsync", "fdatasync"):
            # A file system that gives out its room late says so when it is asked to sync.
            patch.setattr(os, name, self._refusing(getattr(os, name)))

    def fill(self, engine: sa.Engine) -> None:
        self._full = True
        sa.event.listen(engine, "checkout", self._limit)
        engine.dispose()

    def free(self) -> None:
        self._full = False

    def _limit(self, connection: Any, *_: object) -> None:
        # No page more than there are: SQLite says then what it says of a full disk.
        connection.execute(f"PRAGMA max_page_count = {1 if self._full else _ROOM}").close()

    def _refusing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(descriptor: int, *arguments: Any, **named: Any) -> Any:
            if self._full and self._is_here(descriptor):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(descriptor, *arguments, **named)

        return call

    def _is_here(self, descriptor: int) -> bool:
        with suppress(OSError):
            return os.readlink(f"/proc/self/fd/{descriptor}").startswith(f"{self.folder}/")
        return False


def as_an_ordinary_user(work: Callable[[Path], None]) -> None:
    """*work* in a process and a folder of its own, as somebody whom the permissions of files bind."""
    with tempfile.TemporaryDirectory(prefix="ordinary-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                if os.geteuid() == 0:
                    os.setgid(_NOBODY)
                    os.setuid(_NOBODY)
                work(folder)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        _allow(folder, writing=True)
        assert os.waitstatus_to_exitcode(status) == 0


def _allow(folder: Path, *, writing: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755 if writing else 0o555)
        else:
            path.chmod(0o644 if writing else 0o444)


def read_only(folder: Path) -> None:
    """Nothing below *folder* may be written any more."""
    _allow(folder, writing=False)


def writable(folder: Path) -> None:
    """The reverse of :func:`read_only`."""
    _allow(folder, writing=True)
