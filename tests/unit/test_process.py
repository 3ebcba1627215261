"""The doorbell and the tie to a parent."""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
import threading
import time

from gateway.process import Doorbell, keep_what_is_made, when_told_to_end


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


def test_a_nudge_ends_the_waiting_and_is_no_ring() -> None:
    reader, writer = os.pipe()
    bell = Doorbell(reader, writer)
    try:
        bell.nudge()
        began = time.monotonic()
        assert not bell.wait(30)
        assert time.monotonic() - began < 20
        bell.nudge()
        bell.ring()
        bell.nudge()
        assert bell.wait(0), "a ring among nudges is heard"
        assert not bell.wait(0)
    finally:
        os.close(reader)
        os.close(writer)


def test_a_ring_wakes_all_that_work_and_a_nudge_oneself_alone() -> None:
    mine, other = os.pipe(), os.pipe()
    bell, beside = Doorbell(*mine, other[1]), Doorbell(*other)
    try:
        bell.ring()
        assert bell.wait(0)
        assert beside.wait(0)
        bell.nudge()
        assert select.select([mine[0]], [], [], 0)[0]
        assert not select.select([other[0]], [], [], 0)[0]
    finally:
        for end in (*mine, *other):
            os.close(end)


FORKING = """
import multiprocessing, os, signal, time
from gateway.process import as_a_child, signals_held_back

signal.signal(signal.SIGTERM, lambda *_: None)

def main(parent):
    os.kill(os.getpid(), signal.SIGTERM)
    as_a_child(parent)
    time.sleep(60)

with signals_held_back():
    child = multiprocessing.get_context("fork").Process(target=main, args=(os.getpid(),))
    child.start()
child.join(30)
print(child.exitcode, signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""


def test_a_term_before_a_forked_child_has_begun_ends_it_whatever_its_parent_does_with_one() -> None:
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(-signal.SIGTERM), "False"]


def test_a_term_in_the_middle_of_what_its_handling_needs_too_is_heard() -> None:
    lock, told = threading.Lock(), threading.Event()

    def stop() -> None:
        with lock:
            told.set()

    before = signal.getsignal(signal.SIGUSR1)
    try:
        when_told_to_end(stop, signals=(signal.SIGUSR1,))
        with lock:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not told.wait(0.05), "the handler has come and gone, and holds nobody up"
        assert told.wait(20)
    finally:
        signal.signal(signal.SIGUSR1, before)


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


def test_what_is_made_before_serving_is_not_looked_at_again() -> None:
    made = [[number] for number in range(1000)]
    usual = gc.get_threshold()
    try:
        keep_what_is_made()
        assert gc.get_threshold() > usual
        looked_at = {id(one) for one in gc.get_objects()}
        assert not looked_at & {id(one) for one in made}
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
