"""Hostile DICOM: data sets that explode or lie, associations that babble, a PACS with a hundred thousand answers."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import build_context

from gateway.dicom import answers as reading
from gateway.dicom import keys, receive
from gateway.dicom.guard import read_file
from gateway.dicom.network import admission, negotiation, pdu
from gateway.dicom.network.messages import Assembler
from gateway.dicom.network.pdu import Malformed, Pdu
from gateway.dicom.network.proposal import QUERY, UNCOMPRESSED
from gateway.dicom.network.vetting import LIMIT_BYTES
from gateway.dicom.network.wire import Wire
from gateway.dicom.query import PacsClient
from gateway.errors import GatewayError, InputRejected, PeerMisbehaved
from tests.support import dicom_corpus as corpus
from tests.support import dicom_scp
from tests.support.dicom_dcmqrscp import RECEIVER_TITLE, receiving
from tests.support.dicom_objects import CT, STUDY, body, encoded, image
from tests.support.dicom_wire import accept, answers, associated, item, pdus
from tests.support.dicom_wire import receive as taken

EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
TITLE = "HOSTILE"


class Sender:
    """Speaks the upper layer to the receiver, and then whatever a test wants."""

    def __init__(self, port: int, syntax: str = EXPLICIT) -> None:
        self.wire = Wire(socket.create_connection(("127.0.0.1", port)), 10.0)
        self.wire.budget_bytes = 1 << 30
        contexts = [build_context(uid, [syntax]) for uid in (CT, corpus.KEY_OBJECT_SELECTION)]
        contexts[0].context_id, contexts[1].context_id = 1, 3
        self.wire.send(negotiation.association_request(RECEIVER_TITLE, TITLE, contexts, max_length=16_384, extended={}))
        _, content = self.wire.receive()
        self.accepted = {one.context_id for one in negotiation.read_acceptance(content, contexts).contexts}

    def store(self, data: bytes, *, context_id: int = 1, sop_class: str = CT, instance: str = "1.2.3") -> int:
        """The status that is answered; -1 for an abort or the end of the connection."""
        request = C_STORE()
        request.MessageID, request.Priority = 7, 0
        request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sop_class, instance
        request.DataSet = BytesIO(data)
        try:
            for one in pdus(request, C_STORE_RQ, context_id):
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


def dripped(port: int, every_s: float = 0.02) -> int:
    """How many bytes of the longest request there is are taken, one now and then, before the connection ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        for count, byte in enumerate(b"\x01\0\0\x04\0\0" + b"\0" * 1000):
            try:
                slow.sendall(bytes([byte]))
            except OSError:
                return count
            time.sleep(every_s)
    return 1006


def test_a_request_that_drips_in_is_given_up_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "REQUEST_S", 0.3)
    with receiving(tmp_path, TITLE, silence_s=30.0) as (one, _, _):
        assert dripped(one.port) < 1006
        sender = Sender(one.port)
        time.sleep(0.5)
        assert sender.store(body(image())) >= 0, "an association that stands is not held to that time"
        sender.wire.close()


def test_who_is_nobody_by_their_address_holds_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "_STRANGER_S", 0.2)
    with (
        receiving(tmp_path, silence_s=30.0) as (one, _, _),
        socket.create_connection(("127.0.0.1", one.port), timeout=10) as silent,
    ):
        assert silent.recv(1) == b""


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


@pytest.mark.parametrize(("count", "fits"), [(10_000, True), (10_001, False)])
def test_as_many_answers_as_are_allowed_are_taken_and_one_more_is_the_end(count: int, fits: bool) -> None:
    def serve(connection: socket.socket) -> None:
        accept(connection)
        taken(connection)
        answers(connection, itertools.repeat(image_answer(1), count))
        taken(connection, 1)  # the release or the abort

    with dicom_scp.listening(serve) as at:
        assert dicom_scp.settings(at).answer_limit == 100_000
        client = PacsClient(dicom_scp.settings(at, answer_limit=10_000))
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
    def serve(connection: socket.socket) -> None:
        accept(connection)
        connection.sendall(noise)

    with dicom_scp.listening(serve) as at:
        client = PacsClient(dicom_scp.settings(at, response_timeout_s=1.0))
        with pytest.raises(GatewayError):
            client.study(STUDY)
        client.close()


# The association itself

EVERY_SYNTAX = b"".join(item(0x40, b"1.2.%d" % number) for number in range(1, 5_000))
PROPOSED = item(0x30, CT.encode()) + item(0x40, EXPLICIT.encode())


def nested_items(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = item(0x50, content)
    return content


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([bytes(LIMIT_BYTES)], "association length"),
        ([b"\x20\0\xff\xff" + bytes(20)], "item length"),
        ([b"\x20"], "item"),
        ([item(0x20, b"\x01")], "presentation context"),
        ([item(0x20, b"\x01\0\0\0" + PROPOSED)] * 2, "presentation context"),
        ([item(0x20, bytes([n, 0, 0, 0]) + PROPOSED) for n in range(129)], "presentation context"),
        ([item(0x20, b"\x02\0\0\0" + PROPOSED)], "association"),
        ([item(0x20, b"\x01\0\0\0" + item(0x40, EXPLICIT.encode()))], "abstract syntax"),
        ([item(0x20, b"\x01\0\0\0" + PROPOSED + PROPOSED)], "abstract syntax"),
        ([item(0x20, b"\x01\0\0\0" + item(0x30, CT.encode()))], "transfer syntax"),
        ([item(0x20, b"\x01\0\0\0" + item(0x30, b"1." * 40))], "UID"),
        ([item(0x20, b"\x01\0\0\0" + item(0x30, "1.2.é".encode()))], "UID"),
        ([item(0x50, item(0x51, b"\0"))], "association"),
        ([item(0x50, item(0x51, b"\0\0\0\x05"))], "maximum length"),
        ([item(0x50, item(0x54, b"\0\x03" + b"1.2" + b"\x07\x07"))], "association"),
        ([item(0x50, item(0x56, b"\0\x031.2") * 600)], "user information"),
        ([item(0x50, b"")] * 2, "user information"),
    ],
)
def test_a_proposal_that_is_malformed_is_named(items: list[bytes], words: str) -> None:
    content = memoryview(associated(1, *items))[6:]
    with pytest.raises(Malformed, match=f"^{words}$"):
        admission.read_request(content)


def test_a_proposal_of_everything_costs_little_and_items_in_items_nothing() -> None:
    contexts = [item(0x20, bytes([2 * n + 1, 0, 0, 0]) + PROPOSED + EVERY_SYNTAX) for n in range(3)]
    request = admission.read_request(memoryview(associated(1, *contexts))[6:])
    assert [len(one.transfer_syntax) for one in request.contexts] == [1, 1, 1]
    nested = admission.read_request(memoryview(associated(1, nested_items(10_000)))[6:])
    assert nested.contexts == ()


def test_titles_names_and_items_that_some_peers_send_are_borne() -> None:
    content = associated(
        1,
        item(0x10, b"1.2.840.10008.3.1.1.1"),
        item(0x77, b"of a later edition"),
        item(0x20, b"\x01\0\0\0" + item(0x30, CT.encode() + b"\0") + item(0x40, EXPLICIT.encode() + b" ")),
        item(
            0x50, item(0x51, bytes(4)) + item(0x55, b"A name of more than 16") + item(0x52, b"1.02") + item(0x7F, b"x")
        ),
    ).replace(b"GATEWAY".ljust(16), b"GATEWAY".ljust(16, b"\0"))
    request = admission.read_request(memoryview(content)[6:])
    assert (request.calling_aet, request.max_length) == ("GATEWAY", 0)
    (context,) = request.contexts
    assert (context.abstract_syntax, context.transfer_syntax) == (CT, [EXPLICIT])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0x10, 0x20, 0x21, 0x30, 0x40, 0x50, 0x51, 0x54, 0x55, 0x56]), st.binary(max_size=40)
        ),
        max_size=6,
    ),
    st.binary(max_size=40),
    st.integers(0, 2**16),
)
def test_no_bytes_make_an_association_raise_anything_but_malformed(
    items: list[tuple[int, bytes]], noise: bytes, place: int
) -> None:
    asked = negotiation.proposed_contexts(QUERY)
    whole = bytearray(associated(1, *(item(kind, content) for kind, content in items)))[6:]
    request = bytearray(
        negotiation.association_request("P", "G", asked, max_length=0, extended={QUERY.service: b"1"})[6:]
    )
    start = place % len(request)
    request[start : start + len(noise)] = noise
    for content in (bytes(whole), bytes(whole) + noise, bytes(request), noise):
        for read in (admission.read_request, lambda given: negotiation.read_acceptance(given, asked)):
            try:
                found = read(memoryview(content))
            except Malformed:
                continue
            if isinstance(found, admission.Request):
                taken = {str(context.abstract_syntax) for context in found.contexts}
                admission.acceptance(found, tuple((uid, UNCOMPRESSED) for uid in sorted(taken)), 0)
