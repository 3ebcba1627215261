"""PDUs of the hot path as bytes: presentation data values, a stream cut anywhere, and every kind of nonsense."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom.pdu import P_DATA_TF

from gateway.dicom.network import messages, negotiation, pdu
from gateway.dicom.network.messages import Assembler, Command, answer_set
from gateway.dicom.network.pdu import Malformed, Pdu
from gateway.dicom.network.wire import PDU_LIMIT_BYTES, Exceeded, Wire


@given(st.integers(0, 300), st.integers(7, 90), st.integers(0, 200))
def test_answers_are_cut_and_put_together_again(size: int, max_length: int, number: int) -> None:
    command = answer_set(
        {
            messages.FIELD: Command.C_STORE_RESPONSE,
            messages.RESPONDS_TO: number,
            messages.SOP_INSTANCE: "1" * (size % 65),
            messages.STATUS: size,
        }
    )
    ours, theirs = Assembler(), b""
    whole = []
    for one in pdu.command_pdus(5, command, max_length):
        kind, length = pdu.header(one)
        assert (kind, length) == (Pdu.DATA, len(one) - 6)
        assert length <= max_length
        whole += [ours.take(*value) for value in pdu.values(memoryview(one)[6:])]
        read = P_DATA_TF()
        read.decode(one)
        theirs += read.presentation_data_value_items[0].data[1:]
    (message,) = [one for one in whole if one is not None]
    assert (message.field, message.responds_to, message.context_id) == (Command.C_STORE_RESPONSE, number, 5)
    assert (message.status, message.sop_instance_uid, message.data) == (size, "1" * (size % 65), None)
    assert theirs == command


@given(st.binary(max_size=60))
def test_no_presentation_data_values_raise_anything_but_malformed(noise: bytes) -> None:
    try:
        list(pdu.values(memoryview(noise)))
    except Malformed:
        return


def pair(silence_s: float = 2.0) -> tuple[Wire, socket.socket]:
    listener = socket.create_server(("127.0.0.1", 0))
    other = socket.create_connection(listener.getsockname())
    connection, _ = listener.accept()
    listener.close()
    return Wire(connection, silence_s), other


@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=6), st.integers(500, 50_000))
@settings(max_examples=30, deadline=None)
def test_pdus_arrive_whole_however_the_stream_is_cut(sizes: list[int], piece: int) -> None:
    wire, other = pair()
    wire.budget_bytes = 1 << 30
    stream = b"".join(b"\x04\0" + size.to_bytes(4, "big") + bytes([n]) * size for n, size in enumerate(sizes))

    def send() -> None:
        for start in range(0, len(stream), piece):
            other.sendall(stream[start : start + piece])
        other.close()

    thread = threading.Thread(target=send)
    thread.start()
    for n, size in enumerate(sizes):
        kind, content = wire.receive()
        assert (kind, bytes(content)) == (Pdu.DATA, bytes([n]) * size)
    with pytest.raises(OSError, match="ended"):
        wire.receive()
    thread.join()
    wire.close()


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"\x09\0\0\0\0\x04", Malformed),
        (b"HTTP/1", Malformed),
        (b"\x04\0\xff\xff\xff\xff", Exceeded),
        (b"\x04\0" + (PDU_LIMIT_BYTES + 1).to_bytes(4, "big"), Exceeded),
        (b"\x04\0\0", OSError),
        (b"", OSError),
    ],
)
def test_what_is_no_pdu_or_too_long_is_refused(sent: bytes, error: type[Exception]) -> None:
    wire, other = pair()
    other.sendall(sent)
    other.close()
    with pytest.raises(error):
        wire.receive()
    wire.close()


def test_silence_ends_the_wait_and_so_does_the_deadline() -> None:
    wire, other = pair(silence_s=0.2)
    with pytest.raises(TimeoutError):
        wire.receive()
    wire.deadline = time.monotonic() - 1
    other.sendall(negotiation.RELEASE_REPLY)
    with pytest.raises(TimeoutError):
        wire.receive()
    assert not wire.is_quiet
    other.close()
    wire.close()
    assert not wire.is_quiet
