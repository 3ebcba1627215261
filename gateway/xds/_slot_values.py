"""The grammar of slot values in stored queries (ITI TF-2 section 3.18.4.1.2.3.5)::

value   = number | string | list
list    = "(" string *( "," string ) ")"
string  = "'" *( any but "'" | "''" ) "'"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from gateway.xds.constants import VALUE_LENGTH

_STRING = re.compile(r"\s*'([^']*(?:''[^']*)*)'\s*")
_NUMBER = re.compile(r"[0-9]{1,14}")


class Kind(Enum):
    """What a parameter holds."""

    TEXT = "one string"
    TEXTS = "a list of strings"
    CODES = "a list of code^^scheme"
    TIME = "one DTM, 4 to 14 digits, UTC"
    NUMBER = "one number"

    @property
    def single(self) -> bool:
        return self in (Kind.TEXT, Kind.TIME, Kind.NUMBER)

    @property
    def bare(self) -> bool:
        """Written without quotes."""
        return self in (Kind.TIME, Kind.NUMBER)


def well_formed(kind: Kind, value: str) -> bool:
    """Whether *value*, unquoted, may stand for *kind*."""
    if kind is Kind.CODES:
        code, _, system = value.partition("^^")
        return bool(code and system)
    if kind is Kind.TIME:
        return _NUMBER.fullmatch(value) is not None and len(value) in (4, 6, 8, 10, 12, 14)
    if kind is Kind.NUMBER:
        return _NUMBER.fullmatch(value) is not None
    return bool(value)


def write(kind: Kind, values: Sequence[str]) -> Iterator[str]:
    """The Value texts of one slot; a list goes on in another Value when it would pass the length of the schema."""
    if kind.bare:
        yield from values
        return
    quoted = ["'" + value.replace("'", "''") + "'" for value in values]
    if kind is Kind.TEXT:
        yield from quoted
        return
    line: list[str] = []
    length = 2
    for item in quoted:
        if line and length + len(item) > VALUE_LENGTH:
            yield f"({','.join(line)})"
            line, length = [], 2
        line.append(item)
        length += len(item) + 1
    yield f"({','.join(line)})"


def read(kind: Kind, texts: Iterable[str]) -> tuple[str, ...]:
    """The values in the Value texts of one slot; raises ValueError when the grammar is broken.

    Numbers in quotes, single strings in parentheses and lists without them were seen: all are read.
    """
    values: list[str] = []
    for text in texts:
        if kind.bare and _NUMBER.fullmatch(text):
            values.append(text)
        elif text:
            values.extend(_strings(text))
    return tuple(values)


def _strings(text: str) -> Iterator[str]:
    listed = text.startswith("(")
    if listed != text.endswith(")"):
        raise ValueError("a parenthesis is missing")
    inner = text[1:-1] if listed else text
    position = 0
    while match := _STRING.match(inner, position):
        yield match[1].replace("''", "'")
        position = match.end()
        if position == len(inner):
            return
        if inner[position] != ",":
            raise ValueError("a comma is missing")
        position += 1
    raise ValueError("a quoted string is missing")
