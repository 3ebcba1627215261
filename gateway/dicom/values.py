"""The values of a data set, read without pydicom: every answer of a PACS passes here, thousands a study.

Text is decoded by the Specific Character Set of the data set or of its parent (DICOM PS3.5 section 6.1). A PACS that
declares none and sends bytes beyond ASCII has sent UTF-8 (what was asked for) or else Latin-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Protocol

from pydicom.charset import convert_encodings, decode_bytes, python_encoding

from gateway.dicom.guard import DEFAULT, Kind, Limits, walk

CHARACTER_SET = 0x00080005
_NUMBERS = {vr: Struct(form) for vr, form in ((b"US", "<H"), (b"SS", "<h"), (b"UL", "<I"), (b"SL", "<i"))} | {
    b"FL": Struct("<f"),
    b"FD": Struct("<d"),
}
_UNTRIMMED = frozenset({b"UT", b"ST", b"LT"})


class Header(Protocol):
    """A data set one can ask for values, whatever it came in."""

    def texts(self, tag: int) -> tuple[str, ...]:
        """The values as text, without padding; binary numbers in decimal. Empty when absent."""

    def items(self, tag: int) -> tuple[Header, ...]:
        """The items of a sequence; empty when absent."""


def text(header: Header, tag: int) -> str:
    """The first value, or nothing."""
    return next(iter(header.texts(tag)), "")


class Values:
    """One data set or item; nothing is decoded before it is asked for."""

    __slots__ = ("_character_set", "_elements")

    def __init__(self, character_set: tuple[str, ...] = ()) -> None:
        self._elements: dict[int, tuple[bytes, memoryview | list[Values]]] = {}
        self._character_set = character_set

    @classmethod
    def read(cls, data: bytes | bytearray | memoryview, *, implicit: bool, limits: Limits = DEFAULT) -> Values:
        """Read the data set *data* (little endian); raises as :func:`gateway.dicom.guard.walk`."""
        view = memoryview(data)
        root = cls()
        opened: list[Values | list[Values]] = []
        here: Values | list[Values] = root
        for kind, tag, vr, start, length in walk(data, implicit=implicit, limits=limits):
            if kind is Kind.VALUE and isinstance(here, Values):
                here._put(tag, vr, view[start : start + length])
            elif kind is Kind.SEQUENCE and isinstance(here, Values):
                opened.append(here)
                here = here._sequence(tag)
            elif kind is Kind.ITEM and isinstance(here, list):
                opened.append(here)
                parent = next(o for o in reversed(opened) if isinstance(o, Values))
                here.append(cls(parent._character_set))
                here = here[-1]
            elif kind is Kind.END:
                here = opened.pop()
        return root

    def _put(self, tag: int, vr: bytes, value: memoryview) -> None:
        self._elements[tag] = (vr, value)
        if tag == CHARACTER_SET:
            names = bytes(value).decode("ascii", "replace").split("\\")
            self._character_set = tuple(name.strip(" \0") for name in names)

    def _sequence(self, tag: int) -> list[Values]:
        items: list[Values] = []
        self._elements[tag] = (b"SQ", items)
        return items

    def __contains__(self, tag: int) -> bool:
        return tag in self._elements

    def raw(self, tag: int) -> memoryview:
        """The bytes of a value; empty when absent or a sequence."""
        _, value = self._elements.get(tag, (b"", memoryview(b"")))
        return value if isinstance(value, memoryview) else memoryview(b"")

    def items(self, tag: int) -> tuple[Values, ...]:
        _, value = self._elements.get(tag, (b"", ()))
        return tuple(value) if isinstance(value, list) else ()

    def texts(self, tag: int) -> tuple[str, ...]:
        vr, value = self._elements.get(tag, (b"", b""))
        if isinstance(value, list) or not value:
            return ()
        number = _NUMBERS.get(vr)
        if number is not None:
            whole = len(value) // number.size * number.size
            return tuple(str(n) for (n,) in number.iter_unpack(value[:whole]))
        decoded = decode(bytes(value), self._character_set)
        if vr in _UNTRIMMED:
            return (decoded.rstrip(" \0"),)
        return tuple(part.strip(" \0") for part in decoded.split("\\"))


def decode(value: bytes, character_set: tuple[str, ...]) -> str:
    """*value* as text; what cannot be decoded becomes U+FFFD, nothing is raised."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    if len(character_set) > 1 and all(name in python_encoding for name in character_set):
        return decode_bytes(value, convert_encodings(list(character_set)), {0x5C, 0x5E, 0x3D})
    name = character_set[0] if character_set else ""
    if name in python_encoding and name not in ("", "ISO_IR 6", "ISO 2022 IR 6"):
        return value.decode(python_encoding[name], "replace")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


class JsonValues:
    """A data set in the DICOM JSON model (PS3.18 annex F)."""

    __slots__ = ("_attributes",)

    def __init__(self, attributes: Mapping[str, object]) -> None:
        self._attributes = attributes

    def _values(self, tag: int) -> list[object]:
        attribute = self._attributes.get(f"{tag:08X}")
        values = attribute.get("Value") if isinstance(attribute, dict) else None
        return values if isinstance(values, list) else []

    def texts(self, tag: int) -> tuple[str, ...]:
        return tuple(str(value) for value in self._values(tag) if isinstance(value, str | int | float))

    def items(self, tag: int) -> tuple[JsonValues, ...]:
        return tuple(JsonValues(value) for value in self._values(tag) if isinstance(value, dict))
