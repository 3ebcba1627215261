"""Part 10 bytes to elements, for documents of strangers: no more of a file than a key object selection needs.

pydicom makes an object of every item and judges every value by settings of the whole process: eleven seconds for the
20 000 references that this reads in less than half a second, and warnings that threads share. Here only the sequences
of ``tags.SEQUENCES`` are opened, everything is bounded, and values stay bytes until they are asked for.
Sources: DICOM PS3.5 sections 7.1 to 7.5 and 6.1.2.3; PS3.10 section 7.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct

from pydicom.charset import python_encoding

from gateway.errors import InputRejected, InputTooLarge
from gateway.kos import tags
from gateway.kos.file import EXPLICIT, IMPLICIT, READABLE, take_apart

__all__ = ["ENCODINGS", "EXPLICIT", "IMPLICIT", "Elements", "Item", "decode", "decoded"]

ENCODINGS = {"ISO_IR 203": "iso8859-15", "ISO 2022 IR 203": "iso8859-15", **python_encoding}
"""Python's name of each Specific Character Set; Latin alphabet No. 9 is younger than the list of older pydicoms."""

ITEMS = 400_000
DEPTH = 16
ELEMENTS = 4096
"""Of one data set or item; a real one has less than a hundred."""

_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_ESCAPE = b"\x1b"
_EXPLICIT_HEAD = Struct("<HH2sH").unpack_from
_IMPLICIT_HEAD = Struct("<HHI").unpack_from
_LENGTH = Struct("<I").unpack_from

Elements = dict[int, "bytes | list[Elements]"]


@dataclass(frozen=True, slots=True)
class Item:
    """The elements of a data set or of an item, with the character sets of the whole."""

    elements: Elements
    character_sets: tuple[str, ...] = ()

    def text(self, tag: int) -> str:
        """The value without its padding; empty when it is absent, several values keep their backslashes."""
        value = self.elements.get(tag, b"")
        if not isinstance(value, bytes):
            raise InputRejected("kos_malformed", place=tags.name(tag))
        return decoded(value, self.character_sets).strip(" \0")

    def items(self, tag: int) -> list[Item]:
        """The items of a sequence; none when it is absent."""
        return [Item(elements, self.character_sets) for elements in self.raw_items(tag)]

    def raw_items(self, tag: int) -> list[Elements]:
        """The items of a sequence as bare elements."""
        value = self.elements.get(tag, [])
        if isinstance(value, bytes):
            raise InputRejected("kos_malformed", place=tags.name(tag))
        return value


def decode(content: bytes) -> Item:
    """The data set of a Part 10 file.

    Raises as :func:`gateway.kos.file.take_apart`, InputTooLarge above ``ITEMS``, ``ELEMENTS`` or ``DEPTH``, and
    InputRejected for a transfer syntax that no key object needs or broken encoding.
    """
    part10 = take_apart(content)
    if part10.transfer_syntax not in READABLE:
        raise InputRejected("kos_transfer_syntax", place="(0002,0010)", syntax=part10.transfer_syntax[:64])
    implicit = part10.transfer_syntax == IMPLICIT
    elements, _ = _Reader(part10.body).elements(0, len(part10.body), 0, implicit=implicit)
    declared = elements.get(tags.SPECIFIC_CHARACTER_SET, b"")
    sets = declared.decode("ascii", "replace").strip(" \0").split("\\") if isinstance(declared, bytes) else []
    return Item(elements, tuple(name.strip() for name in sets))


@dataclass(slots=True)
class _Reader:
    content: bytes
    seen: int = field(default=0)
    """Items so far."""

    def elements(self, offset: int, end: int, depth: int, *, implicit: bool) -> tuple[Elements, int]:
        """Elements up to *end* or to the end mark of an item; and the offset behind them."""
        content, sequences = self.content, tags.SEQUENCES
        found: Elements = {}
        while offset < end:
            start = offset + 8
            if start > end:
                raise InputRejected("kos_malformed", place=f"byte {offset}")
            vr = b""
            if implicit:
                group, number, length = _IMPLICIT_HEAD(content, offset)
            else:
                group, number, vr, length = _EXPLICIT_HEAD(content, offset)
                if group == 0xFFFE:
                    (length,) = _LENGTH(content, offset + 4)
                elif vr in _LONG_VRS:
                    start += 4
                    if start > end:
                        raise InputRejected("kos_malformed", place=f"byte {offset}")
                    (length,) = _LENGTH(content, offset + 8)
            tag = group << 16 | number
            if tag == _ITEM_END:
                return found, start
            if len(found) > ELEMENTS:
                raise InputTooLarge("kos_too_many_items", limit=ELEMENTS)
            if length == _UNDEFINED:
                # PS3.5 6.2.2: a UN of undefined length is a sequence in implicit VR
                found[tag], offset = self._sequence(start, end, depth + 1, implicit=implicit or vr == b"UN")
                continue
            offset = start + length
            if offset > end:
                raise InputRejected("kos_malformed", place=tags.name(tag))
            if tag in sequences:
                found[tag], _ = self._sequence(start, offset, depth + 1, implicit=implicit or vr == b"UN")
            else:
                found[tag] = content[start:offset]
        return found, offset

    def _sequence(self, offset: int, end: int, depth: int, *, implicit: bool) -> tuple[list[Elements], int]:
        """Items up to *end* or to the end mark of a sequence; and the offset behind them."""
        if depth > DEPTH:
            raise InputTooLarge("kos_too_deep", limit=DEPTH)
        content = self.content
        items: list[Elements] = []
        while offset < end:
            start = offset + 8
            if start > end:
                raise InputRejected("kos_malformed", place=f"byte {offset}")
            group, number, length = _IMPLICIT_HEAD(content, offset)
            tag = group << 16 | number
            if tag == _SEQUENCE_END:
                return items, start
            stop = end if length == _UNDEFINED else start + length
            if tag != _ITEM or stop > end:
                raise InputRejected("kos_malformed", place=tags.name(tag))
            self.seen += 1
            if self.seen > ITEMS:
                raise InputTooLarge("kos_too_many_items", limit=ITEMS)
            item, after = self.elements(start, stop, depth, implicit=implicit)
            items.append(item)
            offset = after if length == _UNDEFINED else stop
        return items, offset


def decoded(value: bytes, character_sets: tuple[str, ...]) -> str:
    """Text of *value*: by the first character set, or by the last where the value switches sets by escapes.

    That reads every single set and the usual extended ones (PS3.5 section 6.1.2.5.3); an odd byte becomes a mark.
    """
    if value.isascii() and _ESCAPE not in value:
        return value.decode("ascii")
    name = character_sets[-1 if _ESCAPE in value else 0] if character_sets else ""
    return value.decode(ENCODINGS.get(name, "iso8859"), "replace")
