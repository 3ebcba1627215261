"""Part 10 bytes to elements, for documents of strangers: no more of a file than a key object selection needs.

pydicom makes an object of every item and judges every value by settings of the whole process: eleven seconds for the
20 000 references that this reads in one, and warnings that threads share. Here only the sequences of
``tags.SEQUENCES`` are opened, everything is bounded, and values stay bytes until they are asked for.
Sources: DICOM PS3.5 sections 7.1 to 7.5 and 6.1.2.3; PS3.10 section 7.1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from pydicom.charset import python_encoding

from gateway.errors import InputRejected, InputTooLarge
from gateway.kos import tags

SIZE_BYTES = 16 * 1024 * 1024
"""Three times the manifest of 20 000 instances."""
ITEMS = 200_000
DEPTH = 16
ELEMENTS = 4096
"""Of one data set or item; a real one has less than a hundred."""

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_ESCAPE = b"\x1b"

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
        return _decoded(value, self.character_sets).strip(" \0")

    def items(self, tag: int) -> list[Item]:
        """The items of a sequence; none when it is absent."""
        value = self.elements.get(tag, [])
        if isinstance(value, bytes):
            raise InputRejected("kos_malformed", place=tags.name(tag))
        return [Item(elements, self.character_sets) for elements in value]


def decode(content: bytes) -> Item:
    """The data set of a Part 10 file.

    Raises InputTooLarge above ``SIZE_BYTES``, ``ITEMS`` or ``DEPTH``; InputRejected for a file that is not DICOM, a
    transfer syntax that no key object needs (a deflated file could unfold to any size) or broken encoding.
    """
    if len(content) > SIZE_BYTES:
        raise InputTooLarge("kos_too_large", size=len(content), limit=SIZE_BYTES)
    if content[128:132] != b"DICM":
        raise InputRejected("kos_not_dicom")
    transfer_syntax, start = _file_meta(content)
    if transfer_syntax not in (EXPLICIT, IMPLICIT):
        raise InputRejected("kos_transfer_syntax", place="(0002,0010)", syntax=transfer_syntax[:64])
    elements, _ = _Reader(content).elements(start, len(content), 0, implicit=transfer_syntax == IMPLICIT)
    declared = elements.get(tags.SPECIFIC_CHARACTER_SET, b"")
    sets = declared.decode("ascii", "replace").strip(" \0").split("\\") if isinstance(declared, bytes) else []
    return Item(elements, tuple(name.strip() for name in sets))


def _file_meta(content: bytes) -> tuple[str, int]:
    """Transfer Syntax UID, and where the data set begins; the meta information is always Explicit VR Little Endian."""
    offset, transfer_syntax = 132, ""
    while content[offset : offset + 2] == b"\x02\x00":
        tag, start, length, _ = _header(content, offset, len(content), implicit=False)
        offset = start + length
        if offset > len(content):
            raise InputRejected("kos_malformed", place=tags.name(tag))
        if tag == 0x00020010:
            transfer_syntax = content[start:offset].decode("ascii", "replace").strip(" \0")
    return transfer_syntax, offset


def _header(content: bytes, offset: int, end: int, *, implicit: bool) -> tuple[int, int, int, bytes]:
    """Tag, start of the value, length and VR of the element at *offset*."""
    if offset + 8 > end:
        raise InputRejected("kos_malformed", place=f"byte {offset}")
    group, number = struct.unpack_from("<HH", content, offset)
    tag = group << 16 | number
    if implicit or group == 0xFFFE:
        return tag, offset + 8, int.from_bytes(content[offset + 4 : offset + 8], "little"), b""
    vr = content[offset + 4 : offset + 6]
    if vr not in _LONG_VRS:
        return tag, offset + 8, int.from_bytes(content[offset + 6 : offset + 8], "little"), vr
    if offset + 12 > end:
        raise InputRejected("kos_malformed", place=tags.name(tag))
    return tag, offset + 12, int.from_bytes(content[offset + 8 : offset + 12], "little"), vr


@dataclass(slots=True)
class _Reader:
    content: bytes
    seen: int = field(default=0)
    """Items so far."""

    def elements(self, offset: int, end: int, depth: int, *, implicit: bool) -> tuple[Elements, int]:
        """Elements up to *end* or to the end mark of an item; and the offset behind them."""
        found: Elements = {}
        while offset < end:
            tag, start, length, vr = _header(self.content, offset, end, implicit=implicit)
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
            if tag in tags.SEQUENCES:
                found[tag], _ = self._sequence(start, offset, depth + 1, implicit=implicit or vr == b"UN")
            else:
                found[tag] = self.content[start:offset]
        return found, offset

    def _sequence(self, offset: int, end: int, depth: int, *, implicit: bool) -> tuple[list[Elements], int]:
        """Items up to *end* or to the end mark of a sequence; and the offset behind them."""
        if depth > DEPTH:
            raise InputTooLarge("kos_too_deep", limit=DEPTH)
        items: list[Elements] = []
        while offset < end:
            tag, start, length, _ = _header(self.content, offset, end, implicit=True)
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


def _decoded(value: bytes, character_sets: tuple[str, ...]) -> str:
    """Text of *value*: by the first character set, or by the last where the value switches sets by escapes.

    That reads every single set and the usual extended ones (PS3.5 section 6.1.2.5.3); an odd byte becomes a mark.
    """
    if value.isascii() and _ESCAPE not in value:
        return value.decode("ascii")
    name = character_sets[-1 if _ESCAPE in value else 0] if character_sets else ""
    return value.decode(python_encoding.get(name, "iso8859"), "replace")
