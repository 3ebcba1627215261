"""Secrets out of files, read each time: one that was changed holds from then on."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import SettingsError

_LIMIT_BYTES = 4096


def read_secret(file: Path) -> str:
    """The first line of *file*; raises SettingsError (``notice_secret``)."""
    try:
        with file.open("rb") as stream:
            lines = stream.read(_LIMIT_BYTES).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    secret = lines[0].strip() if lines else ""
    if not secret:
        raise SettingsError("notice_secret", place=str(file), file=file)
    return secret
