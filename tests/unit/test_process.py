"""The doorbell and the tie to a parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from gateway.process import Doorbell


def test_a_ring_wakes_who_waits_and_many_rings_are_one() -> None:
    reader, writer = os.pipe()
    bell = Doorbell(reader, writer)
    try:
        assert not bell.wait(0)
        for _ in range(100_000):
            bell.ring()
        assert bell.wait(1)
        assert not bell.wait(0)
    finally:
        os.close(reader)
        os.close(writer)


PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline().strip(), flush=True)
sys.stdin.read()
"""
CHILD = """
import sys, time
from gateway.process import die_with_parent
die_with_parent(int(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""


def test_a_child_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    child, word = parent.stdout.readline().split()
    assert word == "ready"
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while _alive(int(child)) and time.monotonic() < deadline:
        time.sleep(0.02)
    parent.stdout.close()
    parent.stdin.close()
    assert not _alive(int(child))


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
