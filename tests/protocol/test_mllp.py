"""MLLP framing: bytes in, messages and named faults out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InputRejected
from gateway.hl7.mllp import HEAD_BYTES, NOISE_LIMIT_BYTES, Block, Event, Fault, Framer, frame

A, B = b"MSH|^~\\&|A\r", b"MSH|^~\\&|B\r"
ALPHABET = st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\n", b"a", b"MSH|", b"\x1c\r", b"\x0bb\x1c\r"])


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def read(*data: bytes, limit: int = 1000, close: bool = True) -> list[Event]:
    framer = Framer(limit)
    events = [event for one in data for event in framer.receive(one)]
    return [*events, *framer.close()] if close else events


def told(*data: bytes, limit: int = 1000) -> list[object]:
    """Contents of blocks, codes of faults."""
    return [event.content if isinstance(event, Block) else event.code for event in read(*data, limit=limit)]


def test_a_frame_is_vt_message_fs_cr() -> None:
    assert frame(b"MSH") == b"\x0bMSH\x1c\r"


@pytest.mark.parametrize("message", [b"a\x0bb", b"a\x1cb"])
def test_a_message_that_holds_a_framing_character_is_not_framed(message: bytes) -> None:
    with pytest.raises(InputRejected) as caught:
        frame(message)
    assert caught.value.code == "mllp_control_character"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_messages_are_found_however_the_bytes_are_cut(size: int) -> None:
    assert told(*pieces(frame(A) + frame(B) + frame(b""), size)) == [A, B, b""]


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # blanks between messages are nothing
        (b"\r\n " + frame(A) + b"\r\n" + frame(B) + b"\n", [A, B]),
        # garbage before VT
        (b"noise" + frame(A), ["mllp_noise", A]),
        (frame(A) + b"GET / HTTP/1.1\r\n\r\n" + frame(B), [A, "mllp_noise", B]),
        # VT forgotten
        (A + b"\x1c\r" + frame(B), ["mllp_no_start", B]),
        (b"\x1c\r" + frame(B), ["mllp_noise", B]),
        # end forgotten: the next VT tells
        (b"\x0b" + A + frame(B), ["mllp_restarted", B]),
        (b"\x0b\x0b" + frame(B), ["mllp_restarted", "mllp_restarted", B]),
        # end block without its CR
        (b"\x0b" + A + b"\x1c" + frame(B), [A, B]),
        (b"\x0b" + A + b"\x1c\n" + frame(B), [A, B]),
        (b"\x0b" + A + b"\x1c", [A]),
        (b"\x0b" + A + b"\x1c\x1c\r" + frame(B), [A, B]),
        # FS inside: never the first half of a message
        (b"\x0b" + A + b"\x1cOBX|MASQUE_PS\r\x1c\r" + frame(B), ["mllp_stray_end", B]),
        (b"\x0b" + A + b"\x1cX" + frame(B), ["mllp_restarted", B]),
        # the connection ends too early
        (b"\x0b" + A, ["mllp_no_end"]),
        (frame(A) + b"noise", [A, "mllp_noise"]),
        (b"", []),
    ],
)
def test_broken_framing_is_named_and_the_next_message_is_read(data: bytes, expected: list[object], size: int) -> None:
    assert told(*pieces(data, size)) == expected


def test_only_a_sender_that_waits_is_answered() -> None:
    answered = {
        fault.code: fault.answered
        for data in (
            A + b"\x1c\r",
            b"noise\x0b",
            b"\x0b" + A + b"\x0b",
            b"\x0b\x1cx\x1c\r",
            frame(b"x" * 1001),
            b"\x0bx",
        )
        for fault in read(data)
        if isinstance(fault, Fault) and fault.size_bytes
    }
    assert answered == {
        "mllp_no_start": True,
        "mllp_noise": False,
        "mllp_restarted": False,
        "mllp_no_end": False,
        "mllp_stray_end": True,
        "mllp_too_large": True,
    }


def test_an_end_without_cr_is_settled_when_nothing_follows() -> None:
    framer = Framer()
    assert framer.receive(b"\x0b" + A + b"\x1c") == []
    assert framer.ending
    assert framer.in_block
    assert framer.settle() == [Block(A)]
    assert not framer.in_block
    assert framer.receive(b"\r" + frame(B)) == [Block(B)]
    assert framer.settle() == []


@pytest.mark.parametrize("size", [7, 500, 100_000])
def test_a_message_above_the_limit_is_refused_at_its_end_and_not_kept(size: int) -> None:
    framer = Framer(1000)
    events: list[Event] = []
    for piece in pieces(frame(A + b"x" * 50_000) + frame(B), size):
        events += framer.receive(piece)
        assert framer.held_bytes <= HEAD_BYTES
    assert [type(event) for event in events] == [Fault, Block]
    fault = events[0]
    assert isinstance(fault, Fault)
    assert (fault.code, fault.size_bytes) == ("mllp_too_large", len(A) + 50_000)
    assert fault.head.startswith(A)


def test_the_limit_itself_is_allowed() -> None:
    assert told(frame(b"x" * 1000)) == [b"x" * 1000]
    assert told(frame(b"x" * 1001)) == ["mllp_too_large"]


def test_endless_noise_ends_the_connection() -> None:
    framer = Framer()
    faults = [event for _ in range(40) for event in framer.receive(b"z" * 65536)]
    assert faults
    assert all(isinstance(fault, Fault) and fault.fatal and fault.size_bytes > NOISE_LIMIT_BYTES for fault in faults)


@given(st.lists(ALPHABET, max_size=30).map(b"".join), st.integers(1, 7))
def test_how_the_bytes_are_cut_changes_nothing(data: bytes, size: int) -> None:
    assert read(*pieces(data, size)) == read(data)


@given(st.lists(ALPHABET, max_size=20).map(b"".join))
def test_whatever_came_before_the_next_message_is_read(data: bytes) -> None:
    # One CR ends whatever may be open; a block that is open then is abandoned at the next VT.
    assert told(data + b"\r" + frame(A))[-1] == A


@given(st.lists(st.binary(max_size=50).filter(lambda m: not set(m) & {0x0B, 0x1C}), max_size=5))
def test_what_is_framed_is_read(messages: list[bytes]) -> None:
    assert told(b"".join(map(frame, messages))) == messages


def test_a_flood_of_edges_is_read_in_linear_time() -> None:
    # Quadratic reading would outlast the time limit of the suite.
    assert len(read(b"\x1c" * 100_000)) == 100_000
    assert len(read(b"\x0b" * 100_000)) == 100_000
