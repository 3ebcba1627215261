"""Received instances that must not be lost: a folder for each study, a file for each instance.

A file is written, synced and renamed before anybody is told that it is there, and is never changed. Every process of
the gateway reads the same folders.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection
from pathlib import Path

from gateway.dicom.keys import is_uid_as_found
from gateway.dicom.notes import is_rejection, note_of
from gateway.errors import InputConflicts, InputRejected, Unavailable
from gateway.kos import read as kos
from gateway.model.exam import KeyObjectNote


class InstanceFolder:
    """Part 10 files by study."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, study_uid: str, sop_instance_uid: str, content: bytes) -> bool:
        """Keep *content*, durably; False when it is there already.

        Raises InputConflicts (``instance_differs``) when other bytes are there under this UID, Unavailable.
        """
        path = self._path(study_uid, sop_instance_uid)
        part = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
        try:
            if path.exists():
                if path.read_bytes() != content:
                    raise InputConflicts("instance_differs")
                return False
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            for folder in (path.parent, self._folder):
                _sync(folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise Unavailable("spool_unavailable", words=error.strerror or "disk") from None
        return True

    def names(self, study_uid: str) -> list[Path]:
        """The files of a study."""
        if not is_uid_as_found(study_uid) or not study_uid.strip("."):
            return []
        try:
            return sorted((self._folder / study_uid).glob("*.dcm"))
        except OSError as error:
            raise Unavailable("spool_unavailable", words=error.strerror or "disk") from None

    def _path(self, study_uid: str, sop_instance_uid: str) -> Path:
        for uid in (study_uid, sop_instance_uid):
            if not is_uid_as_found(uid) or not uid.strip("."):
                raise InputRejected("pacs_key_unsafe")
        return self._folder / study_uid / f"{sop_instance_uid}.dcm"


class RejectionFolder:
    """Rejection notes by the study that they speak of. May be used by several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._files = InstanceFolder(folder)
        self._lock = threading.Lock()
        self._known: dict[Path, KeyObjectNote] = {}

    def keep(self, content: bytes) -> tuple[str, ...]:
        """Keep the note *content* under every study it speaks of; these, or nothing for another key object.

        Raises as :func:`gateway.kos.read.read`, and as :meth:`InstanceFolder.keep`.
        """
        selection = kos.read(content)
        if not is_rejection(selection.title):
            return ()
        studies = tuple(dict.fromkeys(study.study_uid for study in selection.studies))
        for study_uid in studies:
            self._files.keep(study_uid, selection.sop_instance_uid, content)
        return studies

    def of(self, study_uid: str) -> Collection[KeyObjectNote]:
        """The notes of a study; raises Unavailable when one cannot be read: nothing is shared then."""
        found = []
        for path in self._files.names(study_uid):
            with self._lock:
                note = self._known.get(path)
            if note is None:
                try:
                    note = note_of(kos.read(path.read_bytes()))
                except (OSError, InputRejected):
                    raise Unavailable("spool_unavailable", words=path.suffix) from None
                with self._lock:
                    self._known[path] = note
            found.append(note)
        return found


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
