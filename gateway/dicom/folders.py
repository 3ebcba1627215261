"""What the release before this one kept of received instances: a folder for each study, a file for each instance.

It is taken over into the store when the gateway starts; nothing is written here any more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from gateway.dicom.incoming import Kept
from gateway.dicom.notes import note_of
from gateway.errors import InputConflicts, InputRejected, Unavailable
from gateway.kos import read as kos

_log = structlog.get_logger(__name__)


def take_over(folder: Path, kept: Kept, now: datetime) -> int:
    """Give *kept* what lies in ``rejections`` and ``imports`` of *folder*, and remove it there; how many files.

    A file that cannot be read stays, and is named in the log. Raises Unavailable.
    """
    taken = 0
    for path in _files(folder / "rejections"):
        taken += _taken(path, lambda content: _keep_note(kept, content, now))
    for path in _files(folder / "imports"):
        study_uid, instance_uid = path.parent.name, path.stem

        def keep(content: bytes, study_uid: str = study_uid, instance_uid: str = instance_uid) -> object:
            return kept.keep_import(study_uid, instance_uid, content, peer="", now=now)

        taken += _taken(path, keep)
    return taken


def _keep_note(kept: Kept, content: bytes, now: datetime) -> object:
    selection = kos.read(content)
    studies = tuple(dict.fromkeys(study.study_uid for study in selection.studies))
    return kept.keep_rejection(note_of(selection), studies, content, peer="", now=now)


def _taken(path: Path, keep: Callable[[bytes], object]) -> bool:
    try:
        keep(path.read_bytes())
        path.unlink()
    except (InputRejected, InputConflicts) as error:
        _log.error("receive.file_unreadable", file=path.name, code=error.code)
        return False
    except OSError as error:
        raise Unavailable("spool_unavailable", words=error.strerror or "disk") from None
    return True


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*/*.dcm"))
    except OSError as error:
        raise Unavailable("spool_unavailable", words=error.strerror or "disk") from None
