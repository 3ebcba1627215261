"""The listener over loopback: what is acknowledged, in which order, and what a broken sender meets."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import trustme

from gateway.errors import Unavailable
from gateway.flow.events import Event, New
from gateway.hl7 import mllp
from gateway.hl7.acknowledge import Request
from gateway.hl7.budget import Budget
from gateway.hl7.listener import Listener, ListenerSettings
from gateway.hl7.reception import Reception
from gateway.hl7.sender import Sender, send
from gateway.wiring.care import SystemClock
from tests.support.hl7 import CDA, Draft, Peer, Recorder, listening, mdm, value

ORU = Draft().bytes()


def control_ids(recorder: Recorder) -> list[str]:
    return [event.received.control_id for event in recorder.events if isinstance(event, New)]


def verdict(answer: bytes) -> tuple[str, str]:
    return value(answer, "MSA", 1), value(answer, "MSA", 2)


@pytest.mark.parametrize("message", [ORU, Draft().bytes("\n"), mdm().bytes(), mdm().bytes("\r\n")])
def test_a_report_is_kept_and_acknowledged(message: bytes) -> None:
    recorder = Recorder()
    with listening(recorder) as listener:
        assert verdict(send("127.0.0.1", listener.port, message, 10)) == ("AA", "015")
    (event,) = recorder.events
    assert isinstance(event, New)
    assert event.received.content == CDA


def test_one_connection_carries_many_messages() -> None:
    recorder = Recorder()
    with listening(recorder) as listener, Sender("127.0.0.1", listener.port, 10) as sender:
        for number in range(50):
            assert verdict(sender.send(Draft(control_id=str(number)).bytes())) == ("AA", str(number))
    assert control_ids(recorder) == [str(number) for number in range(50)]


def test_messages_of_one_connection_are_worked_on_one_after_the_other() -> None:
    working = threading.Lock()

    def before(event: Event) -> None:
        assert working.acquire(blocking=False)
        time.sleep(0.01)
        working.release()

    recorder = Recorder(before=before)
    with listening(recorder) as listener, Peer(listener.port) as peer:
        peer.write(b"".join(mllp.frame(Draft(control_id=str(number)).bytes()) for number in range(20)))
        answers = [verdict(peer.read()) for _ in range(20)]
    assert answers == [("AA", str(number)) for number in range(20)]
    assert control_ids(recorder) == [str(number) for number in range(20)]


def test_connections_do_not_wait_for_each_other() -> None:
    # Each waits for the other: served one by one they would never both arrive.
    meeting = threading.Barrier(2, timeout=20)
    recorder = Recorder(before=lambda event: meeting.wait() and None)
    with listening(recorder) as listener, Peer(listener.port) as one, Peer(listener.port) as other:
        one.write(mllp.frame(ORU))
        other.write(mllp.frame(ORU))
        assert verdict(one.read()) == verdict(other.read()) == ("AA", "015")


def test_the_acknowledgement_leaves_only_after_the_report_is_kept() -> None:
    kept = threading.Event()
    answered = threading.Event()

    def before(event: Event) -> None:
        assert not answered.wait(0.2)
        kept.set()

    with listening(Recorder(before=before)) as listener, Peer(listener.port) as peer:
        peer.write(mllp.frame(ORU))
        peer.read()
        answered.set()
        assert kept.is_set()


def test_a_refusal_keeps_the_connection() -> None:
    recorder = Recorder()
    with listening(recorder) as listener, Peer(listener.port) as peer:
        assert verdict(peer.exchange(Draft(status="P").bytes())) == ("AE", "015")
        assert verdict(peer.exchange(b"hello")) == ("AE", "")
        assert verdict(peer.exchange(ORU)) == ("AA", "015")
    assert len(recorder.events) == 1


def test_a_fault_of_ours_is_answered_ar_and_the_connection_kept() -> None:
    failing = [True]

    def before(event: Event) -> None:
        if failing.pop() if failing else False:
            raise RuntimeError("no text of this may be shown")

    with listening(Recorder(before=before)) as listener, Peer(listener.port) as peer:
        assert verdict(peer.exchange(ORU)) == ("AR", "015")
        assert verdict(peer.exchange(ORU)) == ("AA", "015")


def test_broken_framing_is_answered_and_the_next_message_served() -> None:
    with listening(Recorder()) as listener, Peer(listener.port) as peer:
        peer.write(b"noise\r\n" + mllp.frame(ORU))
        assert verdict(peer.read()) == ("AA", "015")
        peer.write(b"\x0b" + Draft(control_id="cut").bytes()[:200] + mllp.frame(ORU))
        assert verdict(peer.read()) == ("AA", "015")
        peer.write(ORU + b"\x1c\r")
        assert verdict(peer.read()) == ("AE", "015")
        peer.write(b"\x0b" + ORU + b"\x1cx\x1c\r" + mllp.frame(ORU))
        assert verdict(peer.read()) == ("AE", "015")
        assert verdict(peer.read()) == ("AA", "015")


def test_a_sender_that_forgets_the_last_cr_is_answered() -> None:
    with listening(Recorder()) as listener, Peer(listener.port) as peer:
        for _ in range(2):
            peer.write(b"\x0b" + ORU + b"\x1c")
            assert verdict(peer.read()) == ("AA", "015")


def test_a_sender_that_has_said_everything_is_still_answered() -> None:
    with listening(Recorder()) as listener, Peer(listener.port) as peer:
        peer.write(b"\x0b" + ORU + b"\x1c")
        peer.socket.shutdown(socket.SHUT_WR)
        assert verdict(peer.read()) == ("AA", "015")
        assert peer.read() == b""


def test_an_acknowledgement_is_never_answered() -> None:
    with listening(Recorder()) as listener, Peer(listener.port) as peer:
        peer.write(mllp.frame(b"MSH|^~\\&|A|B|C|D|2024||ACK^R01^ACK|7|P|2.5\rMSA|AA|1\r"))
        assert verdict(peer.exchange(ORU)) == ("AA", "015")


def test_a_message_above_the_limit_is_refused_by_name() -> None:
    with listening(Recorder(), max_message_bytes=5000) as listener, Peer(listener.port) as peer:
        answer = peer.exchange(Draft(data="QUJD" * 100_000).bytes())
        assert verdict(answer) == ("AE", "015")
        assert value(answer, "ERR", 7) == "mllp_too_large"
        assert verdict(peer.exchange(ORU)) == ("AA", "015")


def test_a_silent_or_slow_sender_is_left() -> None:
    with listening(Recorder(), idle_timeout_s=0.2) as listener, Peer(listener.port) as peer:
        assert peer.read() == b""
    with listening(Recorder(), read_timeout_s=0.2) as listener, Peer(listener.port) as peer:
        peer.write(b"\x0b" + ORU)
        assert peer.read() == b""


def test_a_byte_now_and_then_does_not_keep_a_message_open() -> None:
    with listening(Recorder(), read_timeout_s=0.3) as listener, Peer(listener.port) as peer:
        peer.socket.settimeout(0.02)
        peer.write(b"\x0b")
        assert any(_closed_after(peer, b"x") for _ in range(1000))


def _closed_after(peer: Peer, data: bytes) -> bool:
    try:
        peer.write(data)
        return peer.socket.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_connection_too_many_is_closed_at_once() -> None:
    with listening(Recorder(), max_connections=1) as listener, Peer(listener.port) as first:
        assert verdict(first.exchange(ORU)) == ("AA", "015")
        with Peer(listener.port) as second:
            assert second.read() == b""
        assert verdict(first.exchange(ORU)) == ("AA", "015")


def test_stopping_finishes_and_answers_what_is_worked_on() -> None:
    begun, release = threading.Event(), threading.Event()

    def before(event: Event) -> None:
        begun.set()
        assert release.wait(20)

    recorder = Recorder(before=before)
    with listening(recorder) as listener, Peer(listener.port) as busy, Peer(listener.port) as idle:
        busy.write(mllp.frame(ORU))
        assert begun.wait(20)
        listener.request_stop()
        assert idle.read() == b""
        with pytest.raises(OSError, match="refused"):
            Peer(listener.port)
        release.set()
        assert verdict(busy.read()) == ("AA", "015")
        assert busy.read() == b""
    assert len(recorder.events) == 1


def test_a_port_in_use_is_told_by_name() -> None:
    with listening(Recorder()) as listener:
        with pytest.raises(Unavailable) as caught:
            asyncio.run(Listener(ListenerSettings(port=listener.port), Reception(Recorder(), SystemClock())).start())
        assert caught.value.code == "hl7_cannot_listen"


def test_messages_travel_over_mutual_tls_and_strangers_do_not_enter() -> None:
    ca = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.verify_mode = ssl.CERT_REQUIRED
    ca.issue_cert("127.0.0.1").configure_cert(server)
    ca.configure_trust(server)
    known, stranger = ssl.create_default_context(), ssl.create_default_context()
    ca.configure_trust(known)
    ca.configure_trust(stranger)
    ca.issue_cert("ris.example").configure_cert(known)
    trustme.CA().issue_cert("ris.example").configure_cert(stranger)
    recorder = Recorder()
    with listening(recorder, ssl=server) as listener:
        big = Draft(data=base64.b64encode(CDA * 20_000).decode()).bytes()
        for message in (ORU, big):
            assert verdict(send("127.0.0.1", listener.port, message, 20, tls=known)) == ("AA", "015")
        for context in (stranger, None):
            with pytest.raises(Exception, match="hl7_peer"):
                send("127.0.0.1", listener.port, ORU, 2, tls=context)
    assert len(recorder.events) == 2


def test_answers_are_not_delayed_by_the_socket() -> None:
    # Nagle against delayed acknowledgements would cost 40 ms a message.
    with listening(Recorder()) as listener, Peer(listener.port) as peer:
        peer.exchange(ORU)
        (connection,) = listener._connections.values()
        accepted = connection._wire.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_budget_lets_the_first_finish_and_the_others_wait() -> None:
    async def story() -> list[str]:
        told: list[str] = []
        budget = Budget(100)
        await budget.hold("first", 60)
        await budget.hold("second", 30)

        async def more(name: str, size: int) -> None:
            await budget.hold(name, size)
            told.append(name)

        waiting = asyncio.create_task(more("second", 60))
        third = asyncio.create_task(more("third", 20))
        await asyncio.sleep(0)
        # Above the limit, and yet not stuck: the first may always go on.
        await more("first", 150)
        await asyncio.sleep(0.01)
        assert told == ["first"]
        await budget.release("first")
        await asyncio.gather(waiting, third)
        assert budget.held_bytes == 80
        await budget.release("second")
        await budget.release("third")
        assert budget.held_bytes == 0
        return told

    assert sorted(asyncio.run(story())) == ["first", "second", "third"]


def test_many_large_messages_pass_through_a_small_budget() -> None:
    recorder = Recorder()
    message = Draft(data=base64.b64encode(CDA * 10_000).decode()).bytes()
    with listening(recorder, max_held_bytes=1_000_000, threads=2) as listener:
        answers: list[bytes] = []
        senders = [
            threading.Thread(target=lambda: answers.append(send("127.0.0.1", listener.port, message, 60)))
            for _ in range(6)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    assert [verdict(answer) for answer in answers] == [("AA", "015")] * 6


def test_accept_is_given_to_every_message_once() -> None:
    recorder = Recorder()
    with listening(recorder) as listener, Peer(listener.port) as peer:
        assert [verdict(peer.exchange(ORU))[0] for _ in range(2)] == ["AA", "AA"]
    assert len(recorder.events) == 2


def test_a_message_for_which_there_is_no_thread_is_told_to_come_again_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit, refused = ThreadPoolExecutor.submit, [1]

    def submit_or_not(pool: ThreadPoolExecutor, *given: Any, **named: Any) -> Any:
        if refused:
            refused.pop()
            raise RuntimeError("can't start new thread")
        return submit(pool, *given, **named)

    recorder = Recorder()
    with listening(recorder) as listener, Sender("127.0.0.1", listener.port, 10) as sender:
        monkeypatch.setattr(ThreadPoolExecutor, "submit", submit_or_not)
        assert verdict(sender.send(Draft(control_id="1").bytes())) == ("AR", "1")
        assert verdict(sender.send(Draft(control_id="1").bytes())) == ("AA", "1")
        assert verdict(sender.send(Draft(control_id="2").bytes())) == ("AA", "2")
    assert control_ids(recorder) == ["1", "2"]


def test_a_message_that_waited_too_long_is_not_kept_in_memory() -> None:
    goes_on, read = threading.Event(), list[bytes]()

    class Reading(Reception):
        def read(self, message: bytes) -> Request:
            read.append(message)
            return super().read(message)

    recorder = Recorder(before=lambda event: goes_on.wait(20) and None)
    reception = Reading(recorder, SystemClock())
    with (
        listening(recorder, reception=reception, threads=1, answer_timeout_s=0.2) as listener,
        Peer(listener.port) as one,
        Peer(listener.port) as other,
    ):
        one.write(mllp.frame(ORU))
        assert verdict(one.read())[0] == "AR"
        other.write(mllp.frame(ORU))
        assert verdict(other.read())[0] == "AR"
        deadline = time.monotonic() + 10
        while sys.getrefcount(read[1]) > 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        goes_on.set()
    assert len(recorder.events) == 1
