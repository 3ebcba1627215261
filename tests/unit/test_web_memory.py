"""Memory that images leave stays with the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gateway.web import memory

_TAKES_AND_FREES = """
import resource
from gateway.web import memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def turn():
    before = faults()
    held = [bytearray(500_000) for _ in range(20)]
    for one in held:
        one[::4096] = b"x" * len(one[::4096])
    del held
    return faults() - before

{keep}
turn()
print(turn())
"""


def faults(keep: str) -> int:
    """Pages that the system had to hand out for the second ten megabytes, in a process of its own."""
    script = _TAKES_AND_FREES.format(keep=keep)
    return int(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)


def test_what_was_freed_is_used_again() -> None:
    assert faults("memory.keep_freed()") < 200 < faults("")


def test_another_c_library_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    assert memory.keep_freed() is False
