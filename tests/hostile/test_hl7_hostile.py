"""What a hostile or broken sender may send: named errors, bounded memory, nothing lost for the others."""

from __future__ import annotations

import base64
import threading
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway.errors import InputRejected, InputTooLarge
from gateway.hl7 import er7, mllp
from gateway.model.share import Receipt
from tests.support.hl7 import CDA, Draft, Peer, Recorder, answer, listening, mdm, read_event, value

MIB = 1024 * 1024


def kept(event: object) -> Receipt:
    return Receipt(report_id="r", duplicate=False)


def refusal(message: bytes) -> InputRejected:
    with pytest.raises(InputRejected) as caught:
        read_event(message)
    return caught.value


@pytest.mark.parametrize("draft", [Draft(), mdm()])
def test_a_message_cut_anywhere_is_refused_by_name_or_whole_enough(draft: Draft) -> None:
    whole = draft.bytes()
    document_end = whole.index(b"||||||F") + len(b"||||||F")
    for end in range(len(whole)):
        try:
            event = read_event(whole[:end])
        except InputRejected:
            continue
        # Cut behind the document: everything that identifies it was there.
        assert end >= document_end
        assert event.received.content == CDA  # type: ignore[union-attr]


@given(st.data())
def test_changed_bytes_are_read_or_refused_by_name_and_always_answered(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([Draft().bytes(), mdm().bytes(), mdm().bytes("\n")])))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"|", b"\r", b"~", b"^"])
        )
    reply = answer(bytes(whole), kept)
    if reply is not None:
        parsed = er7.parse(reply)
        assert value(reply, "MSA", 1) in {"AA", "AE"}
        assert [segment.name for segment in parsed.segments][:2] == ["MSH", "MSA"]
        mllp.frame(reply)


@given(st.binary(max_size=400))
def test_any_bytes_get_an_answer_that_can_be_framed(raw: bytes) -> None:
    reply = answer(raw, kept)
    if reply is not None:
        mllp.frame(reply)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"MSH|^~\\&|A\r" + b"ZZZ\r" * 30_000, "hl7_too_many_segments"),
        (b"MSH|^~\\&|A\rNTE|" + b"\n" * 1_100_000, "hl7_too_many_lines"),
        (b"MSH|^~\\&|A\r" + b"\n\r" * 600_000, "hl7_too_many_lines"),
    ],
)
def test_floods_of_segments_and_lines_are_refused(message: bytes, code: str) -> None:
    error = refusal(message)
    assert isinstance(error, InputTooLarge)
    assert error.code == code


def test_floods_inside_a_field_cost_no_objects() -> None:
    for flood in (b"~" * 5_000_000, b"^" * 5_000_000, b"&" * 5_000_000):
        draft = Draft().bytes().replace(b"PID|||", b"PID|||" + flood)
        tracemalloc.start()
        refusal(draft)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 15_000_000


def test_floods_of_fields_cost_no_objects() -> None:
    draft = Draft().bytes().replace(b"ORC|NW", b"ORC|NW" + b"|" * 900_000)
    tracemalloc.start()
    read_event(draft)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15_000_000


def test_a_large_document_is_copied_few_times() -> None:
    content = CDA * (12 * MIB // len(CDA))
    message = Draft(data=base64.b64encode(content).decode()).bytes()
    tracemalloc.start()
    event = read_event(message)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert event.received.content == content  # type: ignore[union-attr]
    # The decoded document is needed; beside it there is no second copy of the message.
    assert peak < len(content) + 2 * MIB


def test_an_escape_cannot_make_a_segment_or_a_field() -> None:
    draft = Draft(control_id="x\\F\\y", extra=("NTE|1||a\\X0D\\OBX\\F\\9\\F\\CE\\F\\MASQUE_PS^^MetaDMPMSS\\F\\\\F\\Y",))
    event = read_event(draft.bytes())
    assert event.received.control_id == "x|y"  # type: ignore[union-attr]
    assert event.received.statements.masked == frozenset()  # type: ignore[union-attr]


def test_a_second_patient_or_message_cannot_hide_in_the_first() -> None:
    assert refusal(Draft().bytes() + Draft().bytes()).code == "hl7_segment_twice"
    assert refusal(mdm().bytes() + b"TXA|2|18748-4\r").place == "TXA^2"


def test_a_document_may_be_anything_and_is_never_parsed_here() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><a>&b;</a>'
    event = read_event(Draft(data=base64.b64encode(bomb).decode()).bytes())
    assert event.received.content == bomb  # type: ignore[union-attr]


def test_a_hostile_neighbour_does_not_stop_the_others() -> None:
    recorder = Recorder()
    hostile = [
        b"\x0b" * 5000,
        b"\x1c" * 5000,
        b"\x0b" + b"x" * MIB,
        b"z" * (2 * MIB),
        b"\x0b\x1c\r" * 300,
        b"\x16\x03\x01" * 200,
    ]

    def attack(port: int, data: bytes) -> None:
        try:
            with Peer(port) as peer:
                peer.socket.settimeout(1)
                peer.write(data)
                while peer.socket.recv(65536):
                    pass
        except OSError:
            return

    with listening(recorder, max_message_bytes=MIB // 2, read_timeout_s=2) as listener:
        threads = [threading.Thread(target=attack, args=(listener.port, data)) for data in hostile]
        for thread in threads:
            thread.start()
        with Peer(listener.port) as peer:
            for _ in range(20):
                assert value(peer.exchange(Draft().bytes()), "MSA", 1) == "AA"
        for thread in threads:
            thread.join()
    assert len(recorder.events) == 20


def test_a_message_that_never_ends_holds_no_memory() -> None:
    framer = mllp.Framer(MIB)
    assert framer.receive(b"\x0b" + Draft().bytes()) == []
    piece = b"x" * MIB
    for _ in range(1024):
        assert framer.receive(piece) == []
        assert framer.held_bytes <= MIB
    (fault,) = framer.receive(b"\x1c\r")
    assert isinstance(fault, mllp.Fault)
    assert (fault.code, fault.size_bytes > 1024 * MIB) == ("mllp_too_large", True)


def test_a_storm_of_acknowledgements_is_met_with_silence_and_the_next_report_is_taken() -> None:
    storm = mllp.frame(b"MSH|^~\\&|A|B|C|D|20260101||ACK^R01^ACK|1|P|2.5\rMSA|AA|015\r") * 1000
    recorder = Recorder()
    with listening(recorder) as listener, Peer(listener.port) as peer:
        peer.write(storm)
        assert value(peer.exchange(Draft(control_id="behind").bytes()), "MSA", 2) == "behind"
        peer.write(storm)
        peer.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            peer.socket.recv(1)
    assert len(recorder.events) == 1


@pytest.mark.parametrize("made", ["19000101000000", "99991231235959+1400", "20260231", "soon"])
def test_a_sender_whose_clock_is_far_off_is_taken_and_dated_by_ours(made: str) -> None:
    recorder = Recorder()
    raw = Draft().bytes()
    header = raw.split(b"\r")[0].split(b"|")
    header[6] = made.encode()
    with listening(recorder) as listener, Peer(listener.port) as peer:
        before = datetime.now(UTC)
        assert value(peer.exchange(b"|".join(header) + raw[raw.index(b"\r") :]), "MSA", 1) == "AA"
    (arrival,) = recorder.arrivals
    assert arrival is not None
    assert before <= arrival.received_at <= datetime.now(UTC)


def test_connections_that_come_and_go_are_forgotten() -> None:
    with listening(Recorder(), max_connections=250) as listener:
        for _ in range(100):
            with Peer(listener.port) as peer:
                peer.write(b"\x0bMSH|")
        for _ in range(200):
            with Peer(listener.port) as peer:
                assert value(peer.exchange(Draft().bytes()), "MSA", 1) == "AA"


def test_a_refusal_never_quotes_the_patient() -> None:
    canary = "CANARI-TESTEUR"
    for draft in (Draft(), mdm()):
        text = draft.text().replace("PAT-ESSAI", canary).replace("279035121518989", "279035999999999")
        for old, new in (
            ("19790328", "né en mai"),
            ("|F|", f"|{canary}|"),
            ("Y^^exp", f"{canary}^^exp"),
            ("&ISO", "&X"),
        ):
            raw = text.replace(old, new).encode()
            with capture_logs() as lines:
                reply = answer(raw, kept)
            assert canary not in str(lines)
            assert reply is not None
            assert canary.encode() not in reply
            assert b"279035999999999" not in reply
