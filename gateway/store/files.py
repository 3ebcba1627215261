"""Small truths about files: folders for their owner alone, names that survive a power cut, a disk that is full."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def full(error: BaseException) -> bool:
    """Whether *error* says that there is no room: disk, quota, or the process's limit of file size."""
    return isinstance(error, OSError) and error.errno in _FULL


def make_folder(folder: Path) -> None:
    """Make *folder* and what is missing above it, mode 0700, each synced into its parent. Raises OSError.

    A folder that exists keeps its mode: it may hold more than ours.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable (a rename is only as durable as the folder that holds it)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
