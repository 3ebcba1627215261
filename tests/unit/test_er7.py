"""Reading messages as they are written (HL7 v2.5 chapter 2)."""

from __future__ import annotations

import pytest

from gateway.errors import InputRejected
from gateway.hl7 import er7
from gateway.hl7.charset import LATIN_9, UTF_8
from gateway.hl7.delimiters import Delimiters
from gateway.hl7.writer import Writer

HEADER = "MSH|^~\\&|APP|FAC|||2024||ORU^R01|1|T|2.5|||||FRA|UNICODE UTF-8"


def read(*segments: str, end: str = "\r", header: str = HEADER, codec: str = "utf-8") -> er7.Message:
    return er7.parse("".join(row + end for row in (header, *segments)).encode(codec))


def refusal(raw: bytes) -> InputRejected:
    with pytest.raises(InputRejected) as caught:
        er7.parse(raw)
    return caught.value


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\n\n", "\r\r\n"])
def test_segments_end_in_carriage_return_line_feed_or_both(end: str) -> None:
    message = read("PID|1||X", "ZZZ|y", end=end)
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "ZZZ"]
    assert message.segments[1].text(3) == "X"


def test_one_message_may_end_its_segments_in_several_ways() -> None:
    message = er7.parse(f"{HEADER}\rPID|a\nORC|NW\r\nOBR|1".encode())
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "ORC", "OBR"]


def test_a_line_feed_inside_a_value_stays_there() -> None:
    message = read("OBX|1|FT|x||first line\nsecond line||||||F", "NTE|1")
    assert message.segments[1].text(5) == "first line\nsecond line"
    assert message.segments[1].text(11) == "F"


def test_fields_are_numbered_as_the_standard_does() -> None:
    header = read().header
    assert header.raw(1) == b"|"
    assert header.raw(2) == b"^~\\&"
    assert (header.text(3), header.text(9), header.text(9, 2), header.text(18)) == (
        "APP",
        "ORU",
        "R01",
        "UNICODE UTF-8",
    )
    assert header.text(40) == ""


def test_repetitions_components_and_subcomponents_are_found() -> None:
    patient = read("PID|||1^^^A&1.2&ISO^INS~2^^^B&1.3&ISO^PI").segments[1]
    assert list(patient.repetitions(3)) == [1, 2]
    assert patient.text(3, 4, 2, repetition=2) == "1.3"
    assert patient.text(3, 4, 4, repetition=2) == ""
    assert patient.text(3, repetition=3) == ""
    assert list(patient.repetitions(4)) == []
    assert patient.place(3, 2, 4) == "PID^1^3^2^4"
    assert patient.place(3) == "PID^1^3"


def test_any_delimiters_are_read() -> None:
    message = er7.parse(b"MSH#*!?@#APP#FAC\rPID###1*2!3@4")
    assert message.delimiters == Delimiters(b"#", b"*", b"!", b"?", b"@")
    assert message.segments[1].text(3, 1, 2, repetition=2) == "4"


def test_an_escape_is_undone_after_splitting_only() -> None:
    row = read(r"OBX|1|TX|x||a\F\b\S\c\T\d\R\e\E\f|next").segments[1]
    assert row.text(5) == "a|b^c&d~e\\f"
    assert row.text(6) == "next"


def test_bytes_and_line_breaks_may_be_escaped() -> None:
    row = read(r"OBX|1|TX|x||caf\XC3A9\\.br\\X0D\z").segments[1]
    assert row.text(5) == "café\n\rz"


def test_an_escape_that_says_nothing_stays_as_it_is_written() -> None:
    row = read(r"OBX|1|TX|x||\H\bold\N\ \XE9\ \X0\ C:\dir").segments[1]
    assert row.text(5) == r"\H\bold\N\ \XE9\ \X0\ C:\dir"


def test_a_null_value_is_empty() -> None:
    assert read('PID|||""').segments[1].text(3) == ""


def test_the_bytes_are_kept_as_they_came() -> None:
    raw = b"\n" + HEADER.encode() + b"\nZZ1|\\X00\\|~^&\n\n"
    assert er7.parse(raw).raw == raw


@pytest.mark.parametrize(
    ("stated", "codec", "name"),
    [
        ("UNICODE UTF-8", "utf-8", UTF_8.name),
        ("UNICODE", "utf-8", UTF_8.name),
        ("", "utf-8", UTF_8.name),
        ("8859/15", "iso8859-15", LATIN_9.name),
        ("8859/1", "iso8859-1", "8859/1"),
        ("8859/15~UNICODE UTF-8", "iso8859-15", LATIN_9.name),
        ("UTF8", "utf-8", UTF_8.name),
        ("ISO-8859-15", "iso8859-15", LATIN_9.name),
        ("iso8859-1", "iso8859-1", "8859/1"),
    ],
)
def test_msh_18_decides_how_bytes_are_read(stated: str, codec: str, name: str) -> None:
    message = read("PID|||é", header=HEADER.replace("UNICODE UTF-8", stated), codec=codec)
    assert message.segments[1].text(3) == "é"
    assert message.charset.name == name


def test_the_euro_sign_tells_latin_9_from_latin_1() -> None:
    message = read("PID|||€", header=HEADER.replace("UNICODE UTF-8", "8859/15"), codec="iso8859-15")
    assert message.segments[1].text(3) == "€"


@pytest.mark.parametrize(
    ("stated", "value", "code"),
    [
        ("UNICODE UTF-8", b"\xe9", "hl7_charset_contradicted"),
        ("8859/15", "é".encode(), "hl7_charset_contradicted"),
        ("8859/1", b"l\x92os", "hl7_charset_contradicted"),
        ("ASCII", b"\xe9", "hl7_charset_contradicted"),
        ("", b"\xe9", "hl7_charset_unstated"),
        ("UNICODE UTF-16", b"e", "hl7_charset_unknown"),
        ("JIS X 0208", b"e", "hl7_charset_unknown"),
    ],
)
def test_bytes_that_contradict_msh_18_are_refused_there(stated: str, value: bytes, code: str) -> None:
    error = refusal(HEADER.replace("UNICODE UTF-8", stated).encode() + b"\rPID|||" + value)
    assert (error.code, error.place, error.hl7_code) == (code, "MSH^1^18", "103")


@pytest.mark.parametrize("raw", [b"", b"PID|1", b"GET / HTTP/1.1\r\n", b"FHS|^~\\&|", b"\x00" * 2000, b"<xml/>"])
def test_what_does_not_begin_with_msh_is_no_message(raw: bytes) -> None:
    assert refusal(raw).code == "hl7_not_a_message"


@pytest.mark.parametrize(
    "raw", [b"MSH", b"MSH|", b"MSH||a", b"MSH|^^~&|", b"MSHA^~\\&A", b"MSH|\xe9~\\&|", b"MSH|^~\\&#%$|"]
)
def test_delimiters_must_be_different_signs(raw: bytes) -> None:
    assert refusal(raw).code == "hl7_delimiters"


def test_a_line_that_is_no_segment_is_refused_behind_the_last_good_one() -> None:
    error = refusal(HEADER.encode() + b"\rPID|1\rPID|2\rJVBERi0xLjQ=\r")
    assert (error.code, error.place, error.hl7_code) == ("hl7_segment_name", "PID^2", "100")


def test_a_byte_order_mark_and_blank_lines_before_msh_are_passed_over() -> None:
    assert er7.parse(b"\xef\xbb\xbf\r\n" + HEADER.encode()).header.text(3) == "APP"


def test_a_writer_escapes_what_would_be_a_delimiter_or_a_frame() -> None:
    writer = Writer()
    row = writer.segment("NTE", {3: "a|b^c~d&e\\f\x0bg\x1ch\r"})
    assert row == rb"NTE|||a\F\b\S\c\R\d\T\e\E\f\X0B\g\X1C\h\X0D" + b"\\"


def test_a_writer_refuses_what_the_character_set_lacks() -> None:
    with pytest.raises(InputRejected) as caught:
        Writer(LATIN_9).text("l’os")
    assert caught.value.code == "hl7_not_encodable"
