"""A message as it is written (ER7, "vertical bar" encoding), byte for byte.

Reading keeps the received bytes and only notes where segments begin and end; a field is looked for when it is asked
for, and unescaped after splitting, so a value can never make a delimiter. A message of 64 MiB is therefore read
without a second copy of it. What no rule names (unknown segments, further fields, repetitions) simply stays.

Sources: HL7 v2.5 sections 2.5 to 2.8 and 2.15.9.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from gateway.errors import InputRejected, InputTooLarge
from gateway.hl7 import charset as charsets
from gateway.hl7.charset import Charset
from gateway.hl7.delimiters import Delimiters, unescaped

MAX_SEGMENTS = 20_000
_SHORT_BYTES = 8192
"""A segment up to this size is cut into its fields at once, which is faster than to look for each; one that holds a
document stays as it is."""
MAX_LINES = 1_000_000
"""Ends of lines of any kind; 64 MiB of base64 in lines of 76 characters have 0.9 million."""
HEADER_BYTES = 64 * 1024

_START = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n \t]*MSH")
_NAME = re.compile(rb"[A-Z][A-Z0-9]{2}")


class _Source:
    """What the segments of a message share. They refer to it and not to the message: no cycle keeps 64 MiB alive."""

    __slots__ = ("charset", "delimiters", "divided", "raw")

    def __init__(self, raw: bytes, delimiters: Delimiters) -> None:
        self.raw = raw
        self.delimiters = delimiters
        self.divided = _divided(delimiters)
        self.charset = charsets.UTF_8


class Segment:
    """One segment: its name, its place among those of its name (from 1), and its fields, found when asked for."""

    __slots__ = ("_fields", "_found", "_offset", "_source", "_starts", "end", "name", "sequence", "start")

    def __init__(self, source: _Source, name: str, sequence: int, start: int, end: int) -> None:
        self._source = source
        self.name = name
        self.sequence = sequence
        self.start = start
        self.end = end
        # MSH-1 is the separator itself, so what follows the name of MSH is its second field.
        self._offset = 1 if name == "MSH" else 0
        self._starts = [start + len(name) + 1]
        self._found: dict[tuple[int, int, int, int], tuple[int, int]] = {}
        self._fields: list[bytes] | None = None

    def span(self, field: int, repetition: int = 0, component: int = 0, subcomponent: int = 0) -> tuple[int, int]:
        """Where a value stands in the message, as (start, end); equal when there is none. Positions count from 1.

        0 means: not divided at this level. MSH-1 and MSH-2, which are no values, are never divided.
        """
        if self.name == "MSH" and field == 1:
            return self.start + 3, self.start + 4
        if self.name == "MSH" and field == 2:
            return self._field(field - self._offset)
        asked = (field, repetition, component, subcomponent)
        if repetition > 1:
            return self._look_for(*asked)
        # Looked for once: the end of a document lies behind all of its base64. Further repetitions can be a million.
        found = self._found.get(asked)
        if found is None:
            found = self._found[asked] = self._look_for(*asked)
        return found

    def _look_for(self, field: int, repetition: int, component: int, subcomponent: int) -> tuple[int, int]:
        raw, delimiters = self._source.raw, self._source.delimiters
        if subcomponent:
            return _nth(raw, *self.span(field, repetition, component), delimiters.subcomponent, subcomponent)
        if component:
            return _nth(raw, *self.span(field, repetition), delimiters.component, component)
        if repetition:
            return _nth(raw, *self.span(field), delimiters.repetition, repetition)
        return self._field(field - self._offset)

    def raw(self, field: int) -> bytes:
        """The bytes of a whole field, escapes and delimiters in place."""
        fields = self._cut(field)
        if fields is None:
            start, end = self.span(field)
            return self._source.raw[start:end]
        number = field - self._offset
        return fields[number] if number < len(fields) else b""

    def upto(self, field: int) -> bytes:
        """The segment from its name to the end of a field."""
        fields = self._cut(field)
        if fields is None:
            return self._source.raw[self.start : self.span(field)[1]]
        return self._source.delimiters.field.join(fields[: field - self._offset + 1])

    def text(self, field: int, component: int = 1, subcomponent: int = 1, repetition: int = 1) -> str:
        """One value, decoded and unescaped, blanks around it removed; empty when there is none or it is ``""``."""
        value = self._value(field, repetition, component, subcomponent)
        if not value:
            return ""
        source = self._source
        if source.delimiters.escape in value:
            value = unescaped(value, source.delimiters, source.charset.codec)
        text = value.decode(source.charset.codec, "replace").strip()
        return "" if text == '""' else text

    def has(self, field: int, component: int = 1) -> bool:
        """Whether anything at all stands there, in the first repetition."""
        if self.end - self.start > _SHORT_BYTES:
            # The bounds are enough: the value may be 60 MiB of base64.
            start, end = self.span(field, 1, component)
            return start < end
        return bool(self._value(field, 1, component, 0))

    def repetitions(self, field: int) -> Iterator[int]:
        """The numbers of the repetitions of a field, from 1; none when the field is empty."""
        start, end = self.span(field)
        delimiter = self._source.delimiters.repetition
        number = 1
        while start < end:
            yield number
            at = self._source.raw.find(delimiter, start, end) if delimiter else -1
            if at < 0:
                return
            start = at + 1
            number += 1

    def place(self, field: int, repetition: int = 0, component: int = 0) -> str:
        """The location of a value as ERR-2 writes it: ``PID^1^3^2^4``."""
        numbers = [self.sequence, field, repetition or (1 if component else 0), component]
        return "^".join([self.name, *(str(number) for number in numbers if number)])

    def _value(self, field: int, repetition: int, component: int, subcomponent: int) -> bytes:
        """The bytes of :meth:`span`."""
        source = self._source
        fields = self._cut(field)
        if fields is None:
            start, end = self.span(field, repetition, component, subcomponent)
            return source.raw[start:end]
        number = field - self._offset
        value = fields[number] if number < len(fields) else b""
        if not value or source.divided(value) is None:
            # Most values hold no delimiter: one look instead of three.
            return value if repetition <= 1 and component <= 1 and subcomponent <= 1 else b""
        delimiters = source.delimiters
        if repetition:
            value = _part(value, delimiters.repetition, repetition)
        if component:
            value = _part(value, delimiters.component, component)
        return _part(value, delimiters.subcomponent, subcomponent) if subcomponent else value

    def _cut(self, field: int) -> list[bytes] | None:
        """The name and the fields behind it; None where they are looked for one by one: in a long segment, and for
        MSH-1 and MSH-2."""
        if self._fields is None and self.end - self.start <= _SHORT_BYTES:
            self._fields = self._source.raw[self.start : self.end].split(self._source.delimiters.field)
        return None if field <= 2 and self.name == "MSH" else self._fields

    def _field(self, number: int) -> tuple[int, int]:
        """The bounds of the *number*th field after the name; each separator is looked for once."""
        starts = self._starts
        while len(starts) <= number:
            if starts[-1] > self.end:
                return self.end, self.end
            at = self._source.raw.find(self._source.delimiters.field, starts[-1], self.end)
            starts.append((self.end if at < 0 else at) + 1)
        # A segment without any separator ends before its first field would begin.
        return (starts[number - 1], starts[number] - 1) if starts[0] <= self.end else (self.end, self.end)


@lru_cache(maxsize=32)
def _divided(delimiters: Delimiters) -> Callable[[bytes], re.Match[bytes] | None]:
    """Finds a delimiter of repetitions, components or subcomponents; a message may have none of a kind."""
    some = re.escape(delimiters.component + delimiters.repetition + delimiters.subcomponent)
    return re.compile(b"[" + some + b"]").search


def _part(value: bytes, delimiter: bytes, number: int) -> bytes:
    if not delimiter or delimiter not in value:
        return value if number == 1 else b""
    parts = value.split(delimiter, number)
    return parts[number - 1] if number <= len(parts) else b""


def _nth(raw: bytes, start: int, end: int, delimiter: bytes, number: int) -> tuple[int, int]:
    if not delimiter:
        return (start, end) if number == 1 else (end, end)
    while True:
        at = raw.find(delimiter, start, end)
        if number == 1:
            return start, (end if at < 0 else at)
        if at < 0:
            return end, end
        start = at + 1
        number -= 1


class Message:
    """A message: its bytes, its delimiters, its character set, its segments in order."""

    __slots__ = ("_by_name", "_source", "segments")

    def __init__(self, source: _Source, segments: tuple[Segment, ...]) -> None:
        self._source = source
        self.segments = segments
        self._by_name: dict[str, list[Segment]] = {}
        for segment in segments:
            self._by_name.setdefault(segment.name, []).append(segment)

    @property
    def raw(self) -> bytes:
        """The message as it was received."""
        return self._source.raw

    @property
    def delimiters(self) -> Delimiters:
        """MSH-1 and MSH-2."""
        return self._source.delimiters

    @property
    def charset(self) -> Charset:
        """What MSH-18 says."""
        return self._source.charset

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    def all(self, name: str) -> tuple[Segment, ...]:
        """The segments of that name, in order."""
        return tuple(self._by_name.get(name, ()))

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        return next(iter(self._by_name.get(name, ())), None)


def parse(raw: bytes) -> Message:
    """Read a message; segments end in CR, LF or both.

    Raises InputRejected, with the place and the code of table 0357: ``hl7_not_a_message``, ``hl7_delimiters``,
    ``hl7_segment_name``, the three of :func:`gateway.hl7.charset.of_message`; and InputTooLarge above
    :data:`MAX_SEGMENTS` or :data:`MAX_LINES`.
    """
    return _parse(raw, check_charset=True)


def parse_anyway(raw: bytes) -> Message:
    """Read what :func:`parse` refuses for its characters or for a line that is no segment; for judging alone.

    Such a line is left out, and bytes that are not of the character set are read as question marks. Raises
    InputRejected as :func:`parse` does for what is no message at all.
    """
    return _parse(raw, check_charset=False, every_line=False)


def parse_header(raw: bytes) -> Message:
    """Read the first segment alone, at most 64 KiB of it, whatever its bytes decode to; raises as :func:`parse`."""
    start, delimiters = _beginning(raw)
    head = raw[start : start + HEADER_BYTES]
    _, end = next(_segment_bounds(head, 0, delimiters.field))
    source = _Source(head[:end], delimiters)
    message = Message(source, (Segment(source, "MSH", 1, 0, end),))
    source.charset = charsets.named(message.header.text(18)) or charsets.UTF_8
    return message


def with_carriage_returns(raw: bytes) -> bytes:
    """*raw* with every segment ended by CR, as a file with line feeds must be before it is sent.

    Raises as :func:`parse_anyway` does.
    """
    message = parse_anyway(raw)
    return b"".join(raw[segment.start : segment.end] + b"\r" for segment in message.segments)


def _beginning(raw: bytes) -> tuple[int, Delimiters]:
    match = _START.match(raw, 0, 1024)
    if match is None:
        raise InputRejected("hl7_not_a_message", place="MSH^1", hl7_code="100")
    start = match.end() - 3
    return start, Delimiters.read(raw[start : start + 16])


def _parse(raw: bytes, *, check_charset: bool, every_line: bool = True) -> Message:
    start, delimiters = _beginning(raw)
    # A shorter message cannot have so many; to count costs as much as everything else that is read here.
    if len(raw) > MAX_LINES and raw.count(b"\n") + raw.count(b"\r") > MAX_LINES:
        raise InputTooLarge("hl7_too_many_lines", place="MSH^1", limit=MAX_LINES)
    source = _Source(raw, delimiters)
    message = Message(source, tuple(_segments(source, start, every_line=every_line)))
    stated = message.header.text(18)
    source.charset = charsets.of_message(raw, stated) if check_charset else charsets.named(stated) or charsets.UTF_8
    return message


def _segments(source: _Source, start: int, *, every_line: bool) -> Iterator[Segment]:
    raw, separator = source.raw, source.delimiters.field
    counts: dict[str, int] = {}
    previous = "MSH^1"
    for number, (begin, end) in enumerate(_segment_bounds(raw, start, separator), 1):
        if number > MAX_SEGMENTS:
            raise InputTooLarge("hl7_too_many_segments", place=previous, limit=MAX_SEGMENTS)
        if not _NAME.match(raw, begin, end) or (end > begin + 3 and raw[begin + 3 : begin + 4] != separator):
            if not every_line:
                continue
            raise InputRejected("hl7_segment_name", place=previous, hl7_code="100")
        name = raw[begin : begin + 3].decode("ascii")
        counts[name] = counts.get(name, 0) + 1
        previous = f"{name}^{counts[name]}"
        yield Segment(source, name, counts[name], begin, end)


def _segment_bounds(raw: bytes, start: int, separator: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of each segment.

    CR always ends one (HL7 v2.5 section 2.6.4). LF, which the standard does not allow and official examples use, ends
    one where a segment, another end or the end of the message follows; elsewhere it is a line break inside a value.
    """
    follows = _what_follows_an_end(separator)
    size = len(raw)
    carriage_return = line_feed = -1
    begin = position = start
    while begin < size:
        # Each is looked for again only when it has been passed: the whole walk reads the bytes at most twice.
        if carriage_return < position:
            carriage_return = _find(raw, b"\r", position)
        if line_feed < position:
            line_feed = _find(raw, b"\n", position)
        end = min(carriage_return, line_feed)
        position = end + 1
        if end == line_feed < size and end > begin and not follows.match(raw, position):
            continue
        if end - begin > 16 or raw[begin:end].strip():
            yield begin, end
        begin = position


def _find(raw: bytes, byte: bytes, start: int) -> int:
    at = raw.find(byte, start)
    return len(raw) if at < 0 else at


@lru_cache(maxsize=32)
def _what_follows_an_end(separator: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"[\r\n]|\Z|[A-Z][A-Z0-9]{2}(?:[\r\n]|\Z|" + re.escape(separator) + rb")")
