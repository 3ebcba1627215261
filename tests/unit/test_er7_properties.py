"""Whatever is written is read back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InputRejected
from gateway.hl7 import er7
from gateway.hl7.charset import LATIN_1, LATIN_9, UTF_8, Charset
from gateway.hl7.delimiters import STANDARD, Delimiters, escapes, unescaped
from gateway.hl7.writer import Writer

SIGNS = "!#$%*+-/:;<=>?@[]_{}|^~\\&"
CHARSETS = st.sampled_from([UTF_8, LATIN_9, LATIN_1])
DELIMITERS = st.permutations(SIGNS).map(lambda signs: Delimiters(*(sign.encode() for sign in signs[:5])))


PRINTABLE = {
    UTF_8: st.characters(exclude_categories=["Cc", "Cs", "Z"]),
    # Made from the codec itself: every character the set has, and no other.
    **{
        charset: st.sampled_from(bytes(range(0xA0, 0x100)).decode(charset.codec) + SIGNS)
        for charset in (LATIN_1, LATIN_9)
    },
}
TEXTS = {charset: st.text(one | st.sampled_from("\r\n\x0b\x1c\0")) for charset, one in PRINTABLE.items()}


@given(st.data(), CHARSETS, DELIMITERS)
def test_an_escaped_value_is_unescaped_to_itself(data: st.DataObject, charset: Charset, delimiters: Delimiters) -> None:
    text = data.draw(TEXTS[charset])
    raw = text.translate(escapes(delimiters)).encode(charset.codec)
    assert not set(raw) & set(b"\r\n\x0b\x1c" + delimiters.field + delimiters.component)
    assert unescaped(raw, delimiters, charset.codec).decode(charset.codec) == text


@given(st.lists(st.lists(TEXTS[UTF_8].map(str.strip), min_size=1, max_size=4), min_size=1, max_size=6), DELIMITERS)
def test_a_written_segment_is_read_back(rows: list[list[str]], delimiters: Delimiters) -> None:
    writer = Writer(UTF_8, delimiters)
    header = writer.segment("MSH", {3: "APP", 18: UTF_8.name})
    segment = writer.segment("ZZZ", {number: writer.field(*row) for number, row in enumerate(rows, 1)})
    message = er7.parse(writer.message(header, segment))
    assert message.delimiters == delimiters
    for number, row in enumerate(rows, 1):
        for component, text in enumerate(row, 1):
            assert message.segments[1].text(number, component) == ("" if text == '""' else text)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_by_name(tail: bytes) -> None:
    for raw in (tail, b"MSH|^~\\&|" + tail, b"MSH" + tail, b"MSH|^~\\&|A\rOBX|" + tail):
        try:
            message = er7.parse(raw)
        except InputRejected:
            continue
        assert message.raw == raw
        for segment in message.segments:
            for number in range(1, 12):
                segment.text(number, 2, 2)
                list(segment.repetitions(number))


def test_the_standard_delimiters_are_the_usual_ones() -> None:
    assert STANDARD.field + STANDARD.encoding_characters == b"|^~\\&"


@given(st.text(alphabet='AB|~^&\\"# ', max_size=80), DELIMITERS | st.just(STANDARD), st.integers(1, 9), st.data())
def test_a_value_is_the_bytes_between_its_bounds(
    written: str, delimiters: Delimiters, field: int, data: st.DataObject
) -> None:
    """A short segment is cut at once and a long one searched: both find the same."""
    repetition, component, subcomponent = (data.draw(st.integers(1, 4)) for _ in range(3))
    head = b"MSH" + delimiters.field + delimiters.encoding_characters + delimiters.field
    body = f"ZZZ{delimiters.field.decode()}".encode() + written.encode()
    padding = delimiters.field + b"x" * 9000
    short, long = (er7.parse(head + b"\r" + each) for each in (body, body + padding))
    for segment in (short.segments[-1], long.segments[-1]):
        start, end = segment.span(field, repetition, component, subcomponent)
        between = unescaped((body + padding)[start - len(head) - 1 : end - len(head) - 1], delimiters, "utf-8")
        text = between.decode().strip()
        told = segment.text(field, component, subcomponent, repetition)
        assert told == ("" if text == '""' else text)
        first, last = segment.span(field, 1, component)
        assert segment.has(field, component) == (first < last)
