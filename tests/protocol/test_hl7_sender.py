"""The sender: one message out, its acknowledgement back, and what a bad receiver is called."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, PeerUnreachable
from gateway.hl7 import mllp
from gateway.hl7.sender import Sender, send
from tests.support.hl7 import Draft, Recorder, listening

ORU = Draft().bytes()
ACK = b"MSH|^~\\&|A|B|C|D|2024||ACK^R01^ACK|7|P|2.5\rMSA|AA|015\r"


@contextmanager
def receiver(behave: Callable[[socket.socket], None], *, times: int = 1) -> Iterator[int]:
    """A server of one behaviour, on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(times):
                connection, _address = server.accept()
                with connection:
                    connection.settimeout(20)
                    behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            thread.join(20)


def answering(*pieces: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        received = b""
        while not received.endswith(b"\x1c\r"):
            received += connection.recv(65536)
        for piece in pieces:
            connection.sendall(piece)

    return behave


def fault(behave: Callable[[socket.socket], None], timeout_s: float = 10) -> GatewayError:
    with receiver(behave) as port, pytest.raises(GatewayError) as caught:
        send("127.0.0.1", port, ORU, timeout_s)
    return caught.value


@pytest.mark.parametrize(
    "pieces",
    [
        (mllp.frame(ACK),),
        tuple(mllp.frame(ACK)[at : at + 1] for at in range(len(ACK) + 3)),
        (b"\x0b" + ACK + b"\x1c",),
        (b"\r\n" + mllp.frame(ACK.replace(b"015", b"")),),
    ],
)
def test_the_acknowledgement_is_given_as_it_came(pieces: tuple[bytes, ...]) -> None:
    with receiver(answering(*pieces)) as port:
        assert b"MSA|AA|" in send("127.0.0.1", port, ORU, 10)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "hl7_peer_unreachable"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "hl7_peer_framing"),
        (b"\x0b" + ACK, "hl7_peer_framing"),
        (mllp.frame(ACK) + mllp.frame(ACK), "hl7_peer_framing"),
        (mllp.frame(ACK.replace(b"015", b"016")), "hl7_peer_other_answer"),
        (mllp.frame(b"hello"), "hl7_peer_other_answer"),
        (mllp.frame(ORU), "hl7_peer_other_answer"),
    ],
)
def test_each_bad_answer_has_a_name(answer: bytes, code: str) -> None:
    error = fault(answering(answer))
    assert error.code == code
    assert error.retry
    assert isinstance(error, PeerUnreachable if code == "hl7_peer_unreachable" else PeerMisbehaved)


def test_an_endless_answer_is_not_kept() -> None:
    flood = answering(b"\x0b", *[b"x" * 65536] * 20, b"\x1c\r")
    assert fault(flood).code == "hl7_peer_framing"


def test_a_silent_receiver_is_left_after_the_time_limit() -> None:
    left = threading.Event()

    def behave(connection: socket.socket) -> None:
        assert left.wait(20)

    with receiver(behave) as port:
        with pytest.raises(PeerUnreachable) as caught:
            send("127.0.0.1", port, ORU, 0.2)
        left.set()
    assert caught.value.code == "hl7_peer_silent"


def test_nobody_there_is_told_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(PeerUnreachable) as caught:
        send("127.0.0.1", port, ORU, 5)
    assert (caught.value.code, caught.value.facts["port"]) == ("hl7_peer_unreachable", str(port))


def test_what_is_no_message_is_not_sent() -> None:
    for message in (b"hello", ORU + b"\x1c"):
        with pytest.raises(InputRejected):
            send("127.0.0.1", 1, message, 1)


def test_a_kept_connection_is_made_again_after_a_fault_and_nothing_is_sent_twice() -> None:
    with receiver(answering(mllp.frame(ACK)), times=2) as port, Sender("127.0.0.1", port, 10) as sender:
        assert sender.send(ORU) == ACK
        with pytest.raises(PeerUnreachable):
            sender.send(ORU)  # the other side has closed by now
        assert sender.send(ORU) == ACK


def test_a_kept_connection_serves_many_messages() -> None:
    recorder = Recorder()
    with listening(recorder) as listener, Sender("127.0.0.1", listener.port, 10) as sender:
        for _ in range(5):
            sender.send(ORU)
        sender.close()
        sender.send(ORU)
    assert len(recorder.events) == 6
