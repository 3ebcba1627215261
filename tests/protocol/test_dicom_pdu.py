"""PDUs as bytes: what pynetdicom reads of ours, what we read of its, and every kind of nonsense."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ

from gateway.dicom import messages, pdu
from gateway.dicom.messages import Assembler, Command, command_set
from gateway.dicom.pdu import Answered, Associate, Context, Malformed, Pdu
from gateway.dicom.wire import PDU_LIMIT_BYTES, Exceeded, Wire

UIDS = st.lists(st.integers(0, 99_999), min_size=2, max_size=7).map(lambda parts: ".".join(map(str, parts)))
REQUEST = Associate(
    called_aet="PACS",
    calling_aet="GATEWAY",
    contexts=(
        Context(1, "1.2.840.10008.1.1", ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")),
        Context(3, "1.2.3", ("1.2",)),
    ),
    max_length=131_072,
    roles={"1.2.3": (False, True)},
    extended={"1.2.840.10008.1.1": b"\x01"},
)


def test_pynetdicom_reads_our_request() -> None:
    read = A_ASSOCIATE_RQ()
    read.decode(REQUEST.encode())
    primitive = read.to_primitive()
    assert (primitive.called_ae_title, primitive.calling_ae_title) == ("PACS", "GATEWAY")
    asked = [
        (context.context_id, str(context.abstract_syntax), tuple(map(str, context.transfer_syntax)))
        for context in primitive.presentation_context_definition_list
    ]
    assert asked == [(one.context_id, one.abstract_syntax, one.transfer_syntaxes) for one in REQUEST.contexts]
    assert primitive.maximum_length_received == 131_072
    assert read.user_information.role_selection["1.2.3"].scp_role
    assert read.user_information.ext_neg[0].app_info == b"\x01"


def test_pynetdicom_reads_our_acceptance_and_our_rejection() -> None:
    accept = Associate(called_aet="PACS", calling_aet="GATEWAY", answered=(Answered(1, 0, "1.2.840.10008.1.2"),))
    read = A_ASSOCIATE_AC()
    read.decode(accept.encode())
    (context,) = read.to_primitive().presentation_context_definition_results_list
    assert (context.result, str(context.transfer_syntax[0])) == (0, "1.2.840.10008.1.2")
    rejection = A_ASSOCIATE_RJ()
    rejection.decode(pdu.reject(1, 1, 7))
    assert "Called AE title not recognised" in rejection.reason_str


@given(
    st.lists(st.tuples(UIDS, st.lists(UIDS, min_size=1, max_size=4)), min_size=1, max_size=20),
    st.dictionaries(UIDS, st.tuples(st.booleans(), st.booleans()), max_size=4),
    st.dictionaries(UIDS, st.binary(max_size=6), max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_what_is_encoded_is_decoded(
    contexts: list[tuple[str, list[str]]], roles: dict[str, tuple[bool, bool]], extended: dict[str, bytes], length: int
) -> None:
    made = Associate(
        called_aet="A",
        calling_aet="B C",
        contexts=tuple(Context(2 * n + 1, uid, tuple(syntaxes)) for n, (uid, syntaxes) in enumerate(contexts)),
        max_length=length,
        roles=roles,
        extended=extended,
    )
    encoded = made.encode()
    kind, size = pdu.header(encoded)
    assert (kind, size) == (Pdu.ASSOCIATE_REQUEST, len(encoded) - 6)
    read = Associate.decode(encoded[6:])
    assert read.contexts == made.contexts
    assert (read.roles, read.extended, read.max_length) == (made.roles, made.extended, length)
    assert (read.called_aet, read.calling_aet, read.version) == ("A", "B C", "DRIM_GATEWAY")


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_make_an_association_raise_anything_but_malformed(noise: bytes, prefixed: bool) -> None:
    content = REQUEST.encode()[6:74] + noise if prefixed else noise
    try:
        Associate.decode(content)
    except Malformed:
        return


@given(st.integers(0, 300), st.integers(7, 90), st.integers(0, 200))
def test_messages_are_cut_and_put_together_again(size: int, max_length: int, number: int) -> None:
    data = bytes(n % 256 for n in range(size))
    command = command_set({messages.FIELD: Command.C_FIND_REQUEST, messages.MESSAGE_ID: number}, data=bool(data))
    assembler = Assembler()
    whole = []
    for one in pdu.fragments(5, command, data, max_length):
        kind, length = pdu.header(one)
        assert (kind, length) == (Pdu.DATA, len(one) - 6)
        assert length <= max_length
        whole += [assembler.take(*value) for value in pdu.values(memoryview(one)[6:])]
    (message,) = [one for one in whole if one is not None]
    assert (message.field, message.message_id, message.context_id) == (Command.C_FIND_REQUEST, number, 5)
    assert bytes(message.data or b"") == data


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
    other.sendall(pdu.RELEASE_REPLY)
    with pytest.raises(TimeoutError):
        wire.receive()
    assert not wire.is_quiet
    other.close()
    wire.close()
    assert not wire.is_quiet
