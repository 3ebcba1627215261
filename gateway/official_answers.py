"""What the official validator says of some files: its process is started, asked and ended here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from gateway.check_report import LIMITS, digest
from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, Unavailable
from gateway.trust import safexml

START_S = 300.0
"""Compiling the schematrons for the first time takes a minute or two."""
EACH_S = 30.0


def ask(files: Iterable[Path], checkout: Path, python: str = sys.executable) -> dict[str, tuple[str, ...]]:
    """The errors that the validator of *checkout* reports of each file, by the digest of its bytes.

    Files that cannot be read or are no XML are left out: our own verdict says why. Raises InputRejected
    ``official_unusable`` when *checkout* is not one or Saxon is not installed, Unavailable ``official_slow`` when it
    does not answer in time, PeerMisbehaved ``official_failed`` when it ends early.
    """
    if not checkout.is_dir():
        raise InputRejected("official_unusable", place=str(checkout), words=checkout.name)
    known = {name: one for name, one in ((str(file), _digest(file)) for file in files) if one is not None}
    if not known:
        return {}
    command = [python, "-m", "gateway.official_validator", str(checkout), str(_cache())]
    try:
        answered = subprocess.run(
            command,
            input="".join(f"{name}\n" for name in known),
            capture_output=True,
            text=True,
            timeout=START_S + EACH_S * len(known),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable("official_slow") from None
    return _answers(answered.stdout, known)


def _answers(output: str, known: dict[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in output.splitlines():
        try:
            answer = json.loads(line)
        except ValueError:
            continue  # something that a library printed
        if "unusable" in answer:
            raise InputRejected("official_unusable", words=str(answer["unusable"])[:300])
        found[known[answer["file"]]] = tuple(str(one) for one in answer["errors"])
    if len(found) < len(set(known.values())):
        raise PeerMisbehaved("official_failed", answered=len(found), asked=len(set(known.values())))
    return found


def _digest(file: Path) -> str | None:
    """None for a file that the validator need not be asked about."""
    if "\n" in str(file):
        return None
    try:
        content = file.read_bytes()
        safexml.parse(content, LIMITS)
    except (OSError, GatewayError):
        return None
    return digest(content)


def _cache() -> Path:
    """Where the compiled sheets are kept: the user's cache folder, else the system's temporary one."""
    home = os.environ.get("XDG_CACHE_HOME") or (str(Path.home() / ".cache") if os.environ.get("HOME") else "")
    return Path(home or tempfile.gettempdir()) / "drim-gateway" / "official"
