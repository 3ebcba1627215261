"""A data set as it is written, nothing lost: order, doubles, VRs, lengths, every sequence opened. For the checker.

Sources: DICOM PS3.5 sections 7.1 (elements), 7.5 (sequences), 6.2.2 (UN). The guard of ``gateway.dicom`` has walked the
bytes before; the limits here hold without it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct

from pydicom.datadict import DicomDictionary  # type: ignore[attr-defined]

from gateway.errors import InputRejected, InputTooLarge
from gateway.kos import tags

ELEMENTS = 1_500_000
DEPTH = 32

_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_EXPLICIT_HEAD = Struct("<HH2sH").unpack_from
_IMPLICIT_HEAD = Struct("<HHI").unpack_from
_LENGTH = Struct("<I").unpack_from


@dataclass(slots=True, eq=False)
class Element:
    """One element."""

    tag: int
    vr: str
    """As written, or by the dictionary in Implicit VR."""
    value: bytes = b""
    items: list[Node] | None = None
    """Of a sequence."""

    @property
    def empty(self) -> bool:
        """No item, or nothing but padding."""
        return not self.items if self.items is not None else not self.value.strip(b" \0")


@dataclass(slots=True, eq=False)
class Node:
    """A data set or an item."""

    elements: list[Element] = field(default_factory=list)
    by_tag: dict[int, Element] = field(default_factory=dict)
    """The first of each tag."""

    def get(self, tag: int) -> Element | None:
        return self.by_tag.get(tag)

    def items(self, tag: int) -> list[Node]:
        """The items of a sequence; none when it is absent or is none."""
        found = self.by_tag.get(tag)
        return (found.items or []) if found else []

    def ascii(self, tag: int) -> str:
        """The value of an element of the default repertoire, without its padding; empty when it is absent."""
        found = self.by_tag.get(tag)
        return found.value.decode("ascii", "replace").strip(" \0") if found and found.items is None else ""

    def has(self, tag: int) -> bool:
        """Whether it is there with a value."""
        found = self.by_tag.get(tag)
        return found is not None and not found.empty


def dictionary_vr(tag: int) -> str:
    """The VR of the data dictionary (PS3.6), ``US or SS`` as it stands there; ``UN`` for what it does not know."""
    entry = DicomDictionary.get(tag)
    if entry is not None:
        return str(entry[0])
    if tag & 0xFFFF == 0:
        return "UL"
    if tag >> 16 & 1:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    return "UN"


def parse(body: bytes, *, implicit: bool) -> Node:
    """The data set *body*; raises InputRejected (``kos_malformed``) or InputTooLarge (``kos_too_many_items``, …)."""
    reader = _Reader(body)
    node, _ = reader.node(0, len(body), 0, implicit=implicit)
    return node


def walk(node: Node) -> Iterator[Node]:
    """*node* and every item below it."""
    pending = [node]
    while pending:
        one = pending.pop()
        yield one
        for element in one.elements:
            if element.items:
                pending += element.items


@dataclass(slots=True)
class _Reader:
    body: bytes
    seen: int = 0

    def node(self, offset: int, end: int, depth: int, *, implicit: bool) -> tuple[Node, int]:
        """Elements up to *end* or to the end mark of an item; and the offset behind them."""
        node = Node()
        while offset < end:
            start = offset + 8
            if start > end:
                raise InputRejected("kos_malformed", place=f"byte {offset}")
            vr = b""
            if implicit:
                group, number, length = _IMPLICIT_HEAD(self.body, offset)
            else:
                group, number, vr, length = _EXPLICIT_HEAD(self.body, offset)
                if group == 0xFFFE:
                    (length,) = _LENGTH(self.body, offset + 4)
                elif vr in _LONG_VRS:
                    start += 4
                    if start > end:
                        raise InputRejected("kos_malformed", place=f"byte {offset}")
                    (length,) = _LENGTH(self.body, offset + 8)
            tag = group << 16 | number
            if tag == _ITEM_END:
                return node, start
            self.seen += 1
            if self.seen > ELEMENTS:
                raise InputTooLarge("kos_too_many_items", limit=ELEMENTS)
            element, offset = self._element(tag, vr, start, length, end, depth, implicit=implicit)
            node.elements.append(element)
            node.by_tag.setdefault(tag, element)
        return node, offset

    def _element(
        self, tag: int, vr: bytes, start: int, length: int, end: int, depth: int, *, implicit: bool
    ) -> tuple[Element, int]:
        name = dictionary_vr(tag) if implicit else vr.decode("ascii", "replace")
        inside_implicit = implicit or vr == b"UN"
        if length == _UNDEFINED:
            items, after = self._items(start, end, depth + 1, implicit=inside_implicit)
            return Element(tag, name, items=items), after
        after = start + length
        if after > end:
            raise InputRejected("kos_malformed", place=tags.name(tag))
        if name == "SQ" or (name == "UN" and dictionary_vr(tag) == "SQ"):
            items, _ = self._items(start, after, depth + 1, implicit=inside_implicit)
            return Element(tag, name, items=items), after
        return Element(tag, name, self.body[start:after]), after

    def _items(self, offset: int, end: int, depth: int, *, implicit: bool) -> tuple[list[Node], int]:
        """Items up to *end* or to the end mark of a sequence; and the offset behind them."""
        if depth > DEPTH:
            raise InputTooLarge("kos_too_deep", limit=DEPTH)
        items: list[Node] = []
        while offset < end:
            start = offset + 8
            if start > end:
                raise InputRejected("kos_malformed", place=f"byte {offset}")
            group, number, length = _IMPLICIT_HEAD(self.body, offset)
            tag = group << 16 | number
            if tag == _SEQUENCE_END:
                return items, start
            stop = end if length == _UNDEFINED else start + length
            if tag != _ITEM or stop > end:
                raise InputRejected("kos_malformed", place=tags.name(tag))
            node, after = self.node(start, stop, depth, implicit=implicit)
            items.append(node)
            offset = after if length == _UNDEFINED else stop
        return items, offset
