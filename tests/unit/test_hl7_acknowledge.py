"""Acknowledgements in original mode."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InputConflicts, InputRejected, NotSupportedYet, Unavailable
from gateway.hl7 import er7
from gateway.hl7.acknowledge import accepted, read_request, refused
from gateway.hl7.charset import LATIN_9, UTF_8, Charset
from gateway.model.share import Receipt
from gateway.texts import TEXTS
from tests.support.hl7 import Draft, Recorder, answer, mdm, value


def never(event: object) -> Receipt:
    raise AssertionError(event)


def test_an_acknowledgement_mirrors_the_header_of_the_request() -> None:
    reply = accepted(read_request(mdm().bytes()))
    header = er7.parse(reply).header
    assert [header.text(number) for number in (3, 4, 5, 6)] == ["DRIMBOX", "Imagerie-Y", "RIS-Y", "Imagerie-Y"]
    assert header.raw(9) == b"ACK^T02^ACK"
    assert (header.text(11), header.text(12), header.text(17), header.text(18)) == ("T", "2.6", "FRA", "UNICODE UTF-8")
    assert header.text(21) == ""
    assert re.fullmatch(r"\d{14}\+0000", header.text(7))
    assert (value(reply, "MSA", 1), value(reply, "MSA", 2)) == ("AA", "015")
    assert er7.parse(reply).first("ERR") is None
    assert reply.endswith(b"\r")
    assert b"\n" not in reply


@given(st.lists(st.text("A|^~\\&#Xé\r", max_size=8), min_size=4, max_size=4), st.sampled_from([UTF_8, LATIN_9]))
def test_what_is_remembered_of_a_sender_is_what_its_header_says(parts: list[str], charset: Charset) -> None:
    """Headers that begin alike are read once; here with one that is too long to be remembered."""
    beginning, rest = "MSH|^~\\&|" + "|".join(parts), f"|||ADT^A08|1|P|2.5||||||{charset.name}|||"
    remembered = read_request(f"{beginning}{rest}\rPID|1\r".encode(charset.codec))
    padding = " " * 600
    read_anew = read_request(f"{beginning}{padding}{rest}\rPID|1\r".encode(charset.codec))
    assert remembered.addresses == read_anew.addresses


def test_the_character_set_counts_for_headers_that_begin_alike() -> None:
    header = "MSH|^~\\&|RIS\\XE9\\|{}|A|B|2024||ADT^A08|1|P|2.5||||||{}\r"
    one, other = (header.format("é", each.name).encode(each.codec) for each in (LATIN_9, UTF_8))
    assert read_request(one).sender == "RISé|é"
    assert read_request(other).sender == "RIS\\XE9\\|é"
    assert read_request(header.format("", LATIN_9.name).encode()).sender == "RISé|"
    assert read_request(header.format("", UTF_8.name).encode()).sender == "RIS\\XE9\\|"


def test_each_acknowledgement_has_a_control_id_of_its_own() -> None:
    request = read_request(Draft().bytes())
    assert len({value(accepted(request), "MSH", 10) for _ in range(50)}) == 50


def test_a_refusal_says_where_what_and_a_sentence() -> None:
    reply = answer(Draft(status="P").bytes(), never)
    assert reply is not None
    assert (value(reply, "MSA", 1), value(reply, "MSA", 2)) == ("AE", "015")
    error = er7.parse(reply).first("ERR")
    assert error is not None
    assert error.raw(2) == b"OBX^1^11"
    assert error.raw(3) == b"103^Table value not found^messageErrorCondition"
    assert (error.text(4), error.text(7)) == ("E", "hl7_not_validated")
    assert error.text(8).startswith("Seul un compte rendu validé est accepté")


def test_an_event_that_is_not_supported_yet_is_an_ae_201() -> None:
    def accept(event: object) -> Receipt:
        raise NotSupportedYet("replacement_not_supported_yet", hl7_code="201")

    reply = answer(Draft(order_control="RO", status="C").bytes(), accept)
    assert reply is not None
    assert (value(reply, "MSA", 1), value(reply, "ERR", 3)) == ("AE", "201")


def test_a_gateway_that_cannot_take_work_answers_ar_and_may_be_asked_again() -> None:
    def accept(event: object) -> Receipt:
        raise Unavailable("hl7_internal_error")

    reply = answer(Draft().bytes(), accept)
    assert reply is not None
    assert (value(reply, "MSA", 1), value(reply, "ERR", 3), value(reply, "ERR", 5)) == ("AR", "207", "906")


def test_a_fault_of_ours_is_answered_ar_and_shows_nothing() -> None:
    def accept(event: object) -> Receipt:
        raise KeyError("PAT-ESSAI")

    reply = answer(Draft().bytes(), accept)
    assert reply is not None
    assert (value(reply, "MSA", 1), value(reply, "ERR", 7)) == ("AR", "hl7_internal_error")
    assert b"PAT-ESSAI" not in reply


def test_identifiers_stay_out_of_a_refusal() -> None:
    def accept(event: object) -> Receipt:
        raise InputConflicts(
            "patient_differs", place="/ClinicalDocument/recordTarget", report="279035121518989", pacs="7"
        )

    reply = answer(Draft().bytes(), accept)
    assert reply is not None
    assert b"279035121518989" not in reply
    assert value(reply, "ERR", 2, 1) == "OBX"
    assert value(reply, "ERR", 7) == "patient_differs at /ClinicalDocument/recordTarget"


def test_a_duplicate_is_acknowledged_as_the_first_was() -> None:
    reply = answer(Draft().bytes(), lambda event: Receipt(report_id="r", duplicate=True))
    assert reply is not None
    assert value(reply, "MSA", 1) == "AA"


@pytest.mark.parametrize("raw", [b"", b"hello", b"MSH", b"MSH|a|", b"PID|1\r"])
def test_what_has_no_header_is_answered_with_an_empty_msa_2(raw: bytes) -> None:
    reply = answer(raw, never)
    assert reply is not None
    header = er7.parse(reply).header
    assert header.raw(9) == b"ACK^^ACK"
    assert (header.text(12), header.text(18)) == ("2.5", "UNICODE UTF-8")
    assert (value(reply, "MSA", 1), value(reply, "MSA", 2)) == ("AE", "")
    assert value(reply, "ERR", 3) in {"100", "102"}


@pytest.mark.parametrize(
    "raw", ["MSH|^~\\&|A|B|C|D|2024||ACK^R01^ACK|1|P|2.5\rMSA|AA|1\r", "MSH|^~\\&|||||||ORR^O02|1|P|2.5\nMSA|AE|2\n"]
)
def test_an_answer_is_never_answered(raw: str) -> None:
    assert answer(raw.encode(), never) is None


def test_an_answer_is_made_in_the_character_set_of_the_request() -> None:
    reply = answer(Draft(charset="8859/15", status="P").bytes(codec="iso8859-15"), never)
    assert reply is not None
    assert value(reply, "MSH", 18) == "8859/15"
    assert "validé".encode("iso8859-15") in reply


def test_bytes_that_lie_about_their_character_set_are_refused_at_msh_18() -> None:
    reply = answer(Draft().bytes(codec="iso8859-15"), never)
    assert reply is not None
    error = er7.parse(reply).first("ERR")
    assert error is not None
    assert error.raw(2) == b"MSH^1^18"


def test_other_delimiters_are_answered_in_the_usual_ones() -> None:
    raw = b"MSH#*!?@#RIS|1#FAC#BOX#FAC#2024##ORU*R01#a?F?b#P#2.5\r"
    reply = answer(raw, never)
    assert reply is not None
    assert value(reply, "MSA", 2) == "a#b"
    assert value(reply, "MSH", 5) == "RIS|1"


def test_hostile_headers_cannot_shape_the_answer() -> None:
    raw = b"MSH|^~\\&|" + b"A" * 5000 + b"|\\X0D\\MSA\\F\\AA|||||x\\X0D\\y^^z|c\\X0D\\d|\\X1C\\|9^\\X0B\\\rPID|1\r"
    reply = answer(raw, never)
    assert reply is not None
    assert [segment.name for segment in er7.parse(reply).segments] == ["MSH", "MSA", "ERR"]
    assert value(reply, "MSA", 2) == "cd"
    assert len(reply) < 1500
    assert not set(reply) & set(b"\x0b\x1c\n")


def test_every_sentence_fits_every_character_set_of_an_answer() -> None:
    request = read_request(Draft(charset="8859/15").bytes(codec="iso8859-15"))
    for code, text in TEXTS.items():
        if code.startswith(("hl7_", "mllp_")):
            reply = refused(request, InputRejected(code))
            assert value(reply, "ERR", 8).count("?") == text.fr.count("{") + text.fr.count("?")


def test_an_accepted_message_has_reached_the_flow_once() -> None:
    recorder = Recorder()
    assert answer(Draft().bytes(), recorder) is not None
    assert len(recorder.events) == 1
