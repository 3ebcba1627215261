"""Hostile DICOM: data sets that explode or lie, associations that babble, a PACS with a hundred thousand answers."""

from __future__ import annotations

import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.dicom import messages, pdu
from gateway.dicom.guard import read_file
from gateway.dicom.messages import Assembler, Command, command_set
from gateway.dicom.pdu import Associate, Context, Pdu
from gateway.dicom.query import PacsClient
from gateway.dicom.wire import Wire
from gateway.errors import GatewayError, InputRejected, PeerMisbehaved
from tests.support import dicom_corpus as corpus
from tests.support import dicom_scp
from tests.support.dicom_dcmqrscp import RECEIVER_TITLE, receiving
from tests.support.dicom_objects import CT, STUDY, body, encoded, image

EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
TITLE = "HOSTILE"


class Sender:
    """Speaks the upper layer to the receiver, and then whatever a test wants."""

    def __init__(self, port: int, syntax: str = EXPLICIT) -> None:
        self.wire = Wire(socket.create_connection(("127.0.0.1", port)), 10.0)
        self.wire.budget_bytes = 1 << 30
        contexts = tuple(Context(1 + 2 * n, uid, (syntax,)) for n, uid in enumerate((CT, corpus.KEY_OBJECT_SELECTION)))
        request = Associate(called_aet=RECEIVER_TITLE, calling_aet=TITLE, contexts=contexts)
        self.wire.send(request.encode())
        _, content = self.wire.receive()
        self.accepted = {one.context_id for one in Associate.decode(content).answered if one.result == 0}

    def store(self, data: bytes, *, context_id: int = 1, sop_class: str = CT, instance: str = "1.2.3") -> int:
        """The status that is answered; -1 for an abort or the end of the connection."""
        command = command_set(
            {
                messages.FIELD: Command.C_STORE_REQUEST,
                messages.MESSAGE_ID: 7,
                messages.SOP_CLASS: sop_class,
                messages.SOP_INSTANCE: instance,
                messages.PRIORITY: 0,
            },
            data=True,
        )
        try:
            for one in pdu.fragments(context_id, command, data, 131_072):
                self.wire.send(one)
            kind, content = self.wire.receive()
        except OSError:
            return -1
        if kind != Pdu.DATA:
            return -1
        (message,) = [Assembler().take(*value) for value in pdu.values(content)]
        assert message is not None
        assert message.responds_to == 7
        return message.status


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with receiving(tmp_path_factory.mktemp("hostile"), TITLE, silence_s=2.0, instance_limit_bytes=1 << 20) as (
        one,
        _,
        told,
    ):
        yield one.port
        assert told == []


def nested(depth: int) -> bytes:
    return b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" * depth


@pytest.mark.parametrize(
    "data",
    [
        nested(5_000),
        b"\x08\0\x18\0UI\xff\xff1.2.3",
        b"\xe0\x7f\x10\0OW\0\0\xff\xff\xff\x7f" + b"\0" * 100,
        b"MZ" + b"\0" * 300,
        b"\x08\0\x18\0UI\x06\x001.2.3\0" * 10,
        body(image())[:-3],
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        zlib.compress(b"\0" * 1_000_000),
        b"\x01",
    ],
)
def test_a_data_set_that_lies_is_refused_and_the_receiver_lives(port: int, data: bytes) -> None:
    sender = Sender(port)
    assert sender.store(data) in (0xC000, 0xA900)
    # The association goes on.
    assert sender.store(body(image()), instance=f"{STUDY}.1.9") == 0xA900
    sender.wire.close()


@given(st.binary(max_size=200))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_data_set_is_taken_that_is_none(port: int, data: bytes) -> None:
    sender = Sender(port)
    assert sender.store(data or b"\0") in (0xC000, 0xA900)
    sender.wire.close()


def test_deflated_is_never_negotiated(port: int) -> None:
    sender = Sender(port, DEFLATED)
    assert sender.accepted == set()
    assert sender.store(b"x") == -1
    sender.wire.close()


def test_an_instance_above_the_limit_ends_the_association(port: int) -> None:
    sender = Sender(port)
    assert sender.store(b"\0" * (2 << 20)) == -1
    sender.wire.close()


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"\0" * 100,
        b"\x01\0\xff\xff\xff\xff",
        b"\x01\0\0\0\0\x04\0\x01\0\0",
        b"\x04\0\0\0\0\x06\0\0\0\x02\x01\x03",
        b"\x05\0\0\0\0\x04\0\0\0\0",
        b"\x01\0\0\0\0\x50" + b"\0" * 74 + b"\x10\0\xff\xff\0\0",
        b"",
    ],
)
def test_what_is_no_association_is_ended_and_others_are_served(port: int, noise: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as babbling:
        babbling.sendall(noise)
        babbling.shutdown(socket.SHUT_WR)
        while babbling.recv(4096):
            continue
    sender = Sender(port)
    assert sender.accepted == {1, 3}
    sender.wire.close()


def test_silent_connections_end_by_themselves(tmp_path: Path) -> None:
    before = threading.active_count()
    with receiving(tmp_path, TITLE, silence_s=0.3) as (one, _, _):
        held = [socket.create_connection(("127.0.0.1", one.port), timeout=10) for _ in range(5)]
        assert [connection.recv(1) for connection in held] == [b""] * 5
        for connection in held:
            connection.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("preamble", [b"MZ", b"\x7fELF", b"%PDF-1.7", b"<script>", b"#!/bin/sh\n", b"PK\x03\x04"])
def test_a_file_that_is_also_something_else_is_refused(preamble: bytes) -> None:
    content = encoded(image())
    with pytest.raises(InputRejected, match="dicom_polyglot"):
        read_file(preamble + content[len(preamble) :])
    assert read_file(b"II*\0" + content[4:]).Modality == "CT"


# A PACS


def answers(connection: socket.socket, rows: Iterator[bytes]) -> None:
    """The answers *rows*, then Success, as one stream."""
    common = {messages.FIELD: Command.C_FIND_RESPONSE, messages.RESPONDS_TO: 1, messages.SOP_CLASS: dicom_scp.FIND}
    pending = command_set({**common, messages.STATUS: 0xFF00}, data=True)
    batch = bytearray()
    head = b"".join(pdu.fragments(1, pending, b"", 16_384))
    for row in rows:
        batch += head + b"\x04\0" + struct.pack(">IIBB", len(row) + 6, len(row) + 2, 1, 2) + row
        if len(batch) > 500_000:
            connection.sendall(batch)
            batch.clear()
    batch += b"".join(pdu.fragments(1, command_set({**common, messages.STATUS: 0}, data=False), b"", 16_384))
    connection.sendall(batch)


def image_answer(number: int, sop_class: bytes = CT.encode()) -> bytes:
    def element(tag: bytes, vr: bytes, value: bytes) -> bytes:
        value += b"\0" * (len(value) % 2)
        return tag + vr + struct.pack("<H", len(value)) + value

    return b"".join(
        (
            element(b"\x08\0\x16\0", b"UI", sop_class),
            element(b"\x08\0\x18\0", b"UI", f"{STUDY}.1.{number}".encode()),
            element(b"\x20\0\x0d\0", b"UI", STUDY.encode()),
            element(b"\x20\0\x0e\0", b"UI", f"{STUDY}.1".encode()),
        )
    )


@pytest.mark.parametrize(("count", "fits"), [(10_000, True), (100_001, False)])
def test_many_answers_are_taken_and_a_hundred_thousand_is_the_end(count: int, fits: bool) -> None:
    from gateway.dicom import answers as reading
    from gateway.dicom import keys
    from tests.protocol.test_dicom_query import accept, drain, receive

    def serve(connection: socket.socket) -> None:
        accept(connection)
        receive(connection)
        answers(connection, (image_answer(number) for number in range(count)))
        drain(connection)

    with dicom_scp.listening(serve) as at:
        client = PacsClient(dicom_scp.settings(at))
        try:
            if fits:
                assert len(client._questions.ask(keys.image_keys(STUDY), reading.image_row)) == count
            else:
                with pytest.raises(PeerMisbehaved, match="pacs_too_many_answers"):
                    client._questions.ask(keys.image_keys(STUDY), reading.image_row)
        finally:
            client.close()


@given(st.binary(max_size=300))
@settings(max_examples=15, deadline=None)
def test_whatever_a_pacs_answers_is_a_named_error(noise: bytes) -> None:
    from tests.protocol.test_dicom_query import accept

    def serve(connection: socket.socket) -> None:
        accept(connection)
        connection.sendall(noise)

    with dicom_scp.listening(serve) as at:
        client = PacsClient(dicom_scp.settings(at, response_timeout_s=1.0))
        with pytest.raises(GatewayError):
            client.study(STUDY)
        client.close()
