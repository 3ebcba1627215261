"""The values of a data set, read without pydicom: every answer of a PACS passes here, thousands a study.

Text is decoded by the Specific Character Set of the data set or of its parent (DICOM PS3.5 section 6.1). A PACS that
declares none and sends bytes beyond ASCII has sent UTF-8 (what was asked for) or else Latin-1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Protocol

from pydicom.charset import convert_encodings, decode_bytes, python_encoding

from gateway.dicom.guard import DEFAULT, SHORT_VRS, Kind, Limits, walk
from gateway.kos.decode import ENCODINGS

CHARACTER_SET = 0x00080005
_NUMBERS = {vr: Struct(form) for vr, form in ((b"US", "<H"), (b"SS", "<h"), (b"UL", "<I"), (b"SL", "<i"))} | {
    b"FL": Struct("<f"),
    b"FD": Struct("<d"),
}
_EXPLICIT = Struct("<HH2sH")
_SINGLE_BYTE = frozenset(f"ISO_IR {number}" for number in (100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 203))
_UNTRIMMED = frozenset({b"UT", b"ST", b"LT"})


class Header(Protocol):
    """A data set one can ask for values, whatever it came in."""

    def texts(self, tag: int) -> tuple[str, ...]:
        """The values as text, without padding; binary numbers in decimal. Empty when absent."""

    def items(self, tag: int) -> tuple[Header, ...]:
        """The items of a sequence; empty when absent."""

    def __contains__(self, tag: int) -> bool:
        """Whether the attribute is there, be it empty."""


def text(header: Header, tag: int) -> str:
    """The first value, or nothing."""
    return next(iter(header.texts(tag)), "")


class Values:
    """One data set or item; nothing is decoded before it is asked for."""

    __slots__ = ("_character_set", "_elements", "_forced")

    def __init__(self, character_set: tuple[str, ...] = (), *, forced: bool = False) -> None:
        self._elements: dict[int, tuple[bytes, memoryview | list[Values]]] = {}
        self._character_set = character_set
        self._forced = forced

    @classmethod
    def read(
        cls,
        data: bytes | bytearray | memoryview,
        *,
        implicit: bool,
        limits: Limits = DEFAULT,
        character_set: str = "",
    ) -> Values:
        """Read the data set *data* (little endian); raises as :func:`gateway.dicom.guard.walk`.

        *character_set*: what the text is really in, whatever the data set declares.
        """
        view = memoryview(data)
        root = cls((character_set,), forced=True) if character_set else cls()
        if not implicit and root._read_flat(view, limits):
            return root
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
                here.append(cls(parent._character_set, forced=parent._forced))
                here = here[-1]
            elif kind is Kind.END:
                here = opened.pop()
        return root

    def _read_flat(self, view: memoryview, limits: Limits) -> bool:
        """Read a data set of short, unnested elements: most answers are one. False, and nothing read, for any other.

        What does not fit is left to the walk, which names it.
        """
        size = len(view)
        if size > limits.size_bytes or size > 8 * limits.elements:
            return False
        elements: dict[int, tuple[bytes, memoryview | list[Values]]] = {}
        position = 0
        while position + 8 <= size:
            group, number, vr, length = _EXPLICIT.unpack_from(view, position)
            if vr not in SHORT_VRS or group == 0xFFFE:
                return False
            start = position + 8
            position = start + length
            elements[group << 16 | number] = (vr, view[start:position])
        if position != size:
            return False
        self._elements = elements
        if CHARACTER_SET in elements:
            self._put(CHARACTER_SET, b"CS", self.raw(CHARACTER_SET))
        return True

    def _put(self, tag: int, vr: bytes, value: memoryview) -> None:
        self._elements[tag] = (vr, value)
        if tag == CHARACTER_SET and not self._forced:
            names = bytes(value).decode("ascii", "replace").split("\\")
            self._character_set = tuple(name.strip(" \0") for name in names)

    def _sequence(self, tag: int) -> list[Values]:
        items: list[Values] = []
        self._elements[tag] = (b"SQ", items)
        return items

    def __contains__(self, tag: int) -> bool:
        return tag in self._elements

    def is_misread(self, tag: int) -> bool:
        """Whether the text of *tag* is surely not in its character set.

        Bytes that the set does not have, or bytes beyond ASCII that are said to be of a single-byte set and are well
        formed UTF-8, which no name written in such a set is by chance.
        """
        raw = bytes(self.raw(tag))
        if raw.isascii():
            return False
        if any("\ufffd" in value for value in self.texts(tag)):
            return True
        if self._forced or len(self._character_set) != 1 or self._character_set[0] not in _SINGLE_BYTE:
            return False
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    def tags(self) -> Iterator[tuple[int, bytes]]:
        """Every attribute with its VR, in the order of the data set."""
        for tag, (vr, value) in self._elements.items():
            yield tag, b"SQ" if isinstance(value, list) else vr

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
        plain = bytes(value)
        if plain.isascii() and b"\\" not in plain and b"\x1b" not in plain and vr not in _UNTRIMMED:
            return (plain.decode("ascii").strip(" \0"),)
        decoded = decode(plain, self._character_set)
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
    if name in ENCODINGS and name not in ("", "ISO_IR 6", "ISO 2022 IR 6"):
        return value.decode(ENCODINGS[name], "replace")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


class JsonValues:
    """A data set in the DICOM JSON model (PS3.18 annex F)."""

    __slots__ = ("_attributes",)

    def __init__(self, attributes: Mapping[str, object]) -> None:
        self._attributes = attributes

    @property
    def attributes(self) -> Mapping[str, object]:
        """As it came."""
        return self._attributes

    def __contains__(self, tag: int) -> bool:
        return f"{tag:08X}" in self._attributes

    def _values(self, tag: int) -> list[object]:
        attribute = self._attributes.get(f"{tag:08X}")
        values = attribute.get("Value") if isinstance(attribute, dict) else None
        return values if isinstance(values, list) else []

    def texts(self, tag: int) -> tuple[str, ...]:
        return tuple(text for text in map(_plain, self._values(tag)) if text is not None)

    def items(self, tag: int) -> tuple[JsonValues, ...]:
        return tuple(JsonValues(value) for value in self._values(tag) if isinstance(value, dict))


def _plain(value: object) -> str | None:
    """A value of the JSON model as the text it would be in a data set; a PN by its component groups."""
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, dict) and not any(isinstance(part, list | dict) for part in value.values()):
        groups = [str(value.get(group, "") or "") for group in ("Alphabetic", "Ideographic", "Phonetic")]
        return "=".join(groups).rstrip("=")
    return None
