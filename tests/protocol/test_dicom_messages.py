"""DIMSE messages from fragments: golden bytes, every cut, and no other error than the named ones."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dicom.network.messages import Assembler, Command, Message
from gateway.errors import InputRejected

FIND_RESPONSE = bytes.fromhex(
    "00000000 04000000 4c000000"  # group length, 76
    "00000200 1c000000 312e322e3834302e31303030382e352e312e342e312e322e322e3100"  # Affected SOP Class UID
    "00000001 02000000 2080"  # Command Field: C-FIND-RSP
    "00002001 02000000 0700"  # Message ID Being Responded To: 7
    "00000008 02000000 0100"  # Command Data Set Type: present
    "00000009 02000000 00ff".replace(" ", "")  # Status: pending
)
FINAL = FIND_RESPONSE.replace(bytes.fromhex("00000008020000000100"), bytes.fromhex("00000008020000000101")).replace(
    b"\x00\xff", b"\x00\x00"
)


def fed(assembler: Assembler, content: bytes, kind: int, cuts: list[int]) -> list[Message]:
    """*content* given in pieces, the last of them marked so."""
    edges = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    pieces = [content[a:b] for a, b in itertools.pairwise(edges)] or [b""]
    taken = [
        assembler.take(1, kind | (2 if number == len(pieces) - 1 else 0), piece) for number, piece in enumerate(pieces)
    ]
    return [message for message in taken if message is not None]


def take_all(assembler: Assembler, fragments: list[bytes]) -> None:
    for fragment in fragments:
        assembler.take(1, fragment[0], fragment[1:])


def test_a_pending_answer_is_read() -> None:
    assembler = Assembler()
    assert fed(assembler, FIND_RESPONSE, 1, []) == []
    (message,) = fed(assembler, b"data", 0, [])
    assert message.field == Command.C_FIND_RESPONSE
    assert (message.responds_to, message.status, message.context_id) == (7, 0xFF00, 1)
    assert message.sop_class_uid == "1.2.840.10008.5.1.4.1.2.2.1"
    assert message.data == b"data"


@given(st.lists(st.integers(0, 500)), st.lists(st.integers(0, 500)), st.binary(min_size=1, max_size=400))
def test_any_cut_gives_the_same_messages(command_cuts: list[int], data_cuts: list[int], data: bytes) -> None:
    assembler = Assembler()
    for _ in range(2):
        assert fed(assembler, FIND_RESPONSE, 1, command_cuts) == []
        (pending,) = fed(assembler, data, 0, data_cuts)
        assert pending.data == data
        (final,) = fed(assembler, FINAL, 1, command_cuts)
        assert (final.status, final.data) == (0, None)


def test_fragments_out_of_order_are_refused() -> None:
    for sequence in ([b"\x00data"], [b"\x02data"], [b"\x03" + FIND_RESPONSE, b"\x03" + FIND_RESPONSE]):
        with pytest.raises(InputRejected):
            take_all(Assembler(), sequence)


def test_data_of_another_context_is_refused() -> None:
    assembler = Assembler()
    assembler.take(1, 3, FIND_RESPONSE)
    with pytest.raises(InputRejected):
        assembler.take(3, 2, b"data")


def test_a_command_that_never_ends_is_refused() -> None:
    with pytest.raises(InputRejected):
        take_all(Assembler(), [b"\x01" + b"\0" * 1000] * 100)


@given(st.lists(st.tuples(st.integers(1, 3), st.binary(min_size=1, max_size=60)), max_size=8))
def test_no_fragments_raise_anything_but_named_errors(fragments: list[tuple[int, bytes]]) -> None:
    assembler = Assembler()
    for context_id, fragment in fragments:
        try:
            message = assembler.take(context_id, fragment[0], fragment[1:])
        except InputRejected:
            return
        if message is not None:
            assert message.status >= -1
