"""Messages that come at once behind an answer: the thread that answered reads them, and the loop has all the rest."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest

from gateway.flow.events import Event, New
from gateway.hl7 import lane, mllp
from gateway.hl7.budget import Budget
from gateway.hl7.lane import Lane, Rules
from gateway.hl7.mllp import Framer
from gateway.hl7.order import Line, Order
from gateway.hl7.ports import Admission
from gateway.hl7.reception import Reception
from gateway.wiring.care import SystemClock
from tests.support.hl7 import Draft, Peer, Recorder, listening, value


def framed(control_id: str) -> bytes:
    return mllp.frame(Draft(control_id=control_id).bytes())


def verdict(answer: bytes) -> tuple[str, str]:
    return value(answer, "MSA", 1), value(answer, "MSA", 2)


def control_ids(recorder: Recorder) -> list[str]:
    return [event.received.control_id for event in recorder.events if isinstance(event, New)]


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the loop has handed to threads; those listen for as long as a test may take."""
    submit, handed = ThreadPoolExecutor.submit, list[object]()

    def noted(pool: ThreadPoolExecutor, *given: Any, **named: Any) -> Any:
        handed.append(given[0])
        return submit(pool, *given, **named)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", noted)
    monkeypatch.setattr(lane, "LINGER_S", 20)
    return handed


def test_a_sender_that_waits_for_each_answer_is_handed_over_once(handed_over: list[object]) -> None:
    recorder = Recorder()
    with listening(recorder) as listener, Peer(listener.port) as peer:
        for number in range(30):
            peer.write(framed(str(number)))
            assert verdict(peer.read()) == ("AA", str(number))
        peer.socket.close()
    assert control_ids(recorder) == [str(number) for number in range(30)]
    assert len(handed_over) == 1


def test_a_sender_that_does_not_wait_is_answered_in_order(handed_over: list[object]) -> None:
    recorder = Recorder()
    with listening(recorder) as listener, Peer(listener.port) as peer:
        peer.write(framed("first"))
        assert verdict(peer.read()) == ("AA", "first")
        peer.write(b"".join(framed(str(number)) for number in range(100)))
        assert [verdict(peer.read()) for _ in range(100)] == [("AA", str(number)) for number in range(100)]
        peer.socket.close()
    assert len(recorder.events) == 101


def test_a_fault_behind_a_message_is_the_loops_and_what_follows_is_served(handed_over: list[object]) -> None:
    with listening(Recorder()) as listener, Peer(listener.port) as peer:
        peer.write(framed("1"))
        assert verdict(peer.read()) == ("AA", "1")
        stray = b"\x0b" + Draft(control_id="2").bytes() + b"\x1cx\x1c\r"
        peer.write(stray + framed("3"))
        assert verdict(peer.read()) == ("AE", "2")
        assert verdict(peer.read()) == ("AA", "3")
        peer.socket.close()
    assert len(handed_over) == 3


@pytest.mark.parametrize("first_bytes", [1, 100, -1])
def test_a_message_that_comes_in_parts_is_the_loops(monkeypatch: pytest.MonkeyPatch, first_bytes: int) -> None:
    monkeypatch.setattr(lane, "LINGER_S", 0.02)
    with listening(Recorder()) as listener, Peer(listener.port) as peer:
        for number in range(3):
            peer.write(framed("whole"))
            assert verdict(peer.read()) == ("AA", "whole")
            block = framed(str(number))
            peer.write(block[:first_bytes])
            threading.Event().wait(0.05)
            peer.write(block[first_bytes:])
            assert verdict(peer.read()) == ("AA", str(number))


def test_a_sender_that_stops_in_a_message_is_left_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "LINGER_S", 0.02)
    with listening(Recorder(), read_timeout_s=0.2) as listener, Peer(listener.port) as peer:
        peer.write(framed("1"))
        assert verdict(peer.read()) == ("AA", "1")
        peer.write(framed("2")[:50])
        assert peer.read() == b""


def test_a_message_too_large_for_a_thread_is_read_by_the_loop(
    monkeypatch: pytest.MonkeyPatch, handed_over: list[object]
) -> None:
    monkeypatch.setattr(lane, "LANE_BYTES", 1000)
    with listening(Recorder()) as listener, Peer(listener.port) as peer:
        for number in range(3):
            peer.write(framed(str(number)))
            assert verdict(peer.read()) == ("AA", str(number))
        peer.socket.close()
    assert len(handed_over) == 3


def test_a_later_message_that_takes_too_long_is_told_to_come_again(handed_over: list[object]) -> None:
    release = threading.Event()

    def before(event: Event) -> None:
        if isinstance(event, New) and event.received.control_id == "slow":
            release.wait(20)

    recorder = Recorder(before=before)
    with listening(recorder, answer_timeout_s=0.3) as listener, Peer(listener.port) as peer:
        for number in range(3):
            peer.write(framed(str(number)))
            assert verdict(peer.read()) == ("AA", str(number))
        peer.write(framed("slow") + framed("behind"))
        assert verdict(peer.read()) == ("AR", "slow")
        release.set()
        assert verdict(peer.read()) == ("AA", "behind")
        peer.socket.close()
    assert control_ids(recorder) == ["0", "1", "2", "slow", "behind"]


def test_one_thread_serves_many_connections_of_one_sender() -> None:
    recorder = Recorder()
    with listening(recorder, threads=1) as listener:

        def work(number: int) -> None:
            with Peer(listener.port) as peer:
                for each in range(20):
                    peer.write(framed(f"{number}-{each}"))
                    assert verdict(peer.read()) == ("AA", f"{number}-{each}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(recorder.events) == 80


def test_nobody_goes_before_those_who_wait_for_a_thread() -> None:
    order, line = Order(), Line()
    waiting = order.place("a", line)
    assert order.at_once("a", line) is None
    assert order.at_once("b", line) is None
    assert order.at_once("b", Line()) is not None
    order.begun(line)
    next_one = order.at_once("a", line)
    assert next_one is not None
    assert not next_one.is_clear
    waiting.passed()
    next_one.wait()


@contextmanager
def lane_to(ours: socket.socket, **rules: Any) -> Iterator[tuple[Lane, Recorder]]:
    recorder = Recorder()
    reception = Reception(recorder, SystemClock())
    with ThreadPoolExecutor(1) as executor:
        made = Rules(
            max_message_bytes=1_000_000,
            idle_timeout_s=10,
            read_timeout_s=10,
            budget=Budget(1_000_000),
            executor=executor,
            order=Order(),
            answer_timeout_s=10,
            meeting=partial(reception.meeting, Admission()),
            read=reception.read,
            answer=reception.answer,
            answer_fault=lambda fault, meeting: None,
            busy=reception.busy,
        )
        yield Lane(made, "peer", Framer(), ours.fileno(), lambda: True), recorder


def test_an_answer_that_the_sender_does_not_take_is_left_to_the_loop() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, lane_to(ours) as (one, recorder):
        ours.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                ours.send(b"x" * 4096)
        one.begin(Draft().bytes()).result(20)
        assert b"MSA|AA|" in one.unsent
        assert len(recorder.events) == 1


def test_a_connection_that_was_taken_back_is_not_written_to() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, lane_to(ours) as (one, recorder):
        one.take_back()
        one.begin(Draft().bytes()).result(20)
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)
        assert len(recorder.events) == 1
