"""``gateway hl7 send`` against a receiver that takes, one that refuses, one that is full, and nobody."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.hl7 import commands
from gateway.errors import InputRejected, Unavailable
from gateway.hl7 import acknowledge, mllp
from tests.support.hl7_messages import RIGHT, message


@contextmanager
def receiving(reply: Callable[[bytes], bytes], times: int = 1) -> Iterator[int]:
    """A receiver of one message a connection, on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def serve() -> None:
            for _ in range(times):
                connection, _address = server.accept()
                with connection:
                    connection.settimeout(20)
                    received = b""
                    while not received.endswith(b"\x1c\r"):
                        received += connection.recv(65536)
                    connection.sendall(mllp.frame(reply(received[1:-2])))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            thread.join(30)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "message.hl7"
    path.write_bytes(message(RIGHT["cda-oru-r01"], "\n"))
    return path


def send(path: Path, port: int, *more: str) -> tuple[int, str]:
    result = CliRunner().invoke(commands, ["send", str(path), "--to", f"127.0.0.1:{port}", *more])
    return result.exit_code, result.stdout


def test_an_accepted_message_ends_with_0_and_left_with_carriage_returns(file: Path) -> None:
    taken = []

    def accept(received: bytes) -> bytes:
        taken.append(received)
        return acknowledge.accepted(acknowledge.read_request(received))

    with receiving(accept, 2) as port:
        assert send(file, port, "--lang", "en") == (0, "AA: accepted\n")
        ended, out = send(file, port, "--json")
    assert (ended, json.loads(out)["code"], json.loads(out)["control_id"]) == (0, "AA", "0001")
    assert taken == [message(RIGHT["cda-oru-r01"])] * 2


def test_a_refused_message_ends_with_1_and_says_why(file: Path) -> None:
    error = InputRejected("hl7_not_validated", place="OBX^1^11", hl7_code="103", field="OBX-11")
    with receiving(lambda received: acknowledge.refused(acknowledge.read_request(received), error)) as port:
        ended, out = send(file, port)
    assert ended == 1
    assert out.startswith("AE: refusé")
    assert "OBX^1^11 103" in out


def test_a_receiver_that_is_full_asks_for_later(file: Path) -> None:
    error = Unavailable("hl7_internal_error")
    with receiving(lambda received: acknowledge.refused(acknowledge.read_request(received), error)) as port:
        ended, out = send(file, port)
    assert (ended, out.split(":")[0]) == (1, "AR")


def test_nobody_there_ends_with_2(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ended, out = send(file, port, "--timeout", "2")
    assert ended == 2
    assert f"127.0.0.1:{port}" in out
