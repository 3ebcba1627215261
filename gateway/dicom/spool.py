"""Instances that a PACS delivers by C-MOVE, on their way from the receiver to who asked for them.

The receiver is one process, who asks is another; a folder lies between them. Who asks says first which study is
expected, the receiver writes what comes of it, whole and renamed into place before it answers Success, and the final
answer to the C-MOVE says that all of it is there. Files are not synced: after a crash they are asked for again.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from gateway.dicom.keys import is_uid_as_found
from gateway.errors import InputRejected, Unavailable

_EXPECTED = "expected"
EXPECTED_FOR_S = 900.0
KEPT_FOR_S = 600.0


class Spool:
    """One folder, made when it is first needed. Its users need no lock: names are UIDs, files are whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def expect(self, study_uid: str) -> None:
        """Say that instances of this study are asked for now; raises Unavailable."""
        try:
            (self._folder / _EXPECTED).mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / _EXPECTED / _name(study_uid)).touch()
        except OSError as error:
            raise Unavailable("spool_unavailable", words=error.strerror or "disk") from None

    def expects(self, study_uid: str) -> bool:
        """Whether somebody said so a short while ago; raises Unavailable."""
        try:
            since = (self._folder / _EXPECTED / _name(study_uid)).stat().st_mtime
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Unavailable("spool_unavailable", words=error.strerror or "disk") from None
        return time.time() - since < EXPECTED_FOR_S

    def put(self, sop_instance_uid: str, content: bytes) -> None:
        """Keep a Part 10 file for a short while; raises Unavailable (disk full)."""
        path = self._folder / f"{_name(sop_instance_uid)}.dcm"
        part = path.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}.part")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_bytes(content)
            part.rename(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise Unavailable("spool_unavailable", words=error.strerror or "disk") from None

    def get(self, sop_instance_uid: str) -> bytes | None:
        """The Part 10 file, if it is there; raises Unavailable."""
        try:
            return (self._folder / f"{_name(sop_instance_uid)}.dcm").read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable("spool_unavailable", words=error.strerror or "disk") from None

    def present(self) -> set[str]:
        """The SOP Instance UIDs of every file that is there, whosever it is; raises Unavailable."""
        try:
            return {name.removesuffix(".dcm") for name in os.listdir(self._folder) if name.endswith(".dcm")}
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise Unavailable("spool_unavailable", words=error.strerror or "disk") from None

    def forget(self, sop_instance_uids: Iterable[str]) -> None:
        """Delete these instances, where they are there."""
        for uid in sop_instance_uids:
            with contextlib.suppress(OSError):
                (self._folder / f"{_name(uid)}.dcm").unlink()

    def sweep(self) -> None:
        """Delete what is older than anybody waits for."""
        if not self._folder.is_dir():
            return
        now = time.time()
        for path in (*self._folder.glob("*.dcm"), *self._folder.glob("*.part"), *self._folder.glob(f"{_EXPECTED}/*")):
            limit_s = EXPECTED_FOR_S if path.parent.name == _EXPECTED else KEPT_FOR_S
            with contextlib.suppress(OSError):  # another sweep was faster
                if now - path.stat().st_mtime > limit_s:
                    path.unlink()


def _name(uid: str) -> str:
    """*uid* as the name of a file; raises InputRejected for anything that is more than digits and dots."""
    if not is_uid_as_found(uid) or not uid.strip("."):
        raise InputRejected("pacs_key_unsafe")
    return uid
