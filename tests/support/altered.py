"""Manifests with one thing altered: every element and item, at every level, in every usual way."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from gateway.kos.encode import LONG_VRS, item_head
from gateway.kos.file import take_apart
from gateway.kos.tree import Element, Node, dictionary_vr, parse

_LONG = LONG_VRS | {"OD", "OF", "OL", "OV", "OW", "SV", "UC", "UN", "UV"}


class Altered:
    """A manifest that is taken apart, altered in place and put together again."""

    def __init__(self, content: bytes) -> None:
        self._head = content[: len(content) - len(take_apart(content).body)]
        self._body = take_apart(content).body

    def tree(self) -> Node:
        """A fresh tree."""
        return parse(self._body, implicit=False)

    def file(self, root: Node) -> bytes:
        """The Part 10 file of a tree."""
        return self._head + encoded(root)

    def alterations(self) -> Iterator[tuple[str, bytes]]:
        """Every alteration with its name."""
        for number, (path, _, _) in enumerate(_places(self.tree())):
            for name, change in _CHANGES.items():
                root = self.tree()
                _, node, element = _places(root)[number]
                if change(node, element):
                    content = self.file(root)
                    if content[len(self._head) :] != self._body:
                        yield f"{name} {path}", content


def encoded(node: Node) -> bytes:
    """The elements of *node* in Explicit VR Little Endian, as they stand."""
    parts = []
    for element in node.elements:
        value = element.value
        if element.items is not None:
            items = [encoded(item) for item in element.items]
            value = b"".join(item_head(len(item)) + item for item in items)
        group, number, vr = element.tag >> 16, element.tag & 0xFFFF, element.vr.encode()
        if element.vr in _LONG:
            parts.append(struct.pack("<HH2sHI", group, number, vr, 0, len(value)) + value)
        else:
            parts.append(struct.pack("<HH2sH", group, number, vr, len(value)) + value)
    return b"".join(parts)


def _places(root: Node, path: str = "") -> list[tuple[str, Node, Element]]:
    found = []
    for element in root.elements:
        name = keyword_for_tag(element.tag) or f"{element.tag:08X}"
        place = f"{path}.{name}" if path else name
        found.append((place, root, element))
        for index, item in enumerate(element.items or ()):
            found += _places(item, f"{place}[{index + 1}]")
    return found


def _delete(node: Node, element: Element) -> bool:
    node.elements.remove(element)
    return True


def _double(node: Node, element: Element) -> bool:
    node.elements.insert(node.elements.index(element), element)
    return True


def _empty(_: Node, element: Element) -> bool:
    element.value = b""
    if element.items is not None:
        element.items = []
    return True


def _garble(_: Node, element: Element) -> bool:
    if element.items is not None or not element.value:
        return False
    letters = bytearray(element.value.rstrip(b" \0"))
    at = len(letters) // 2
    letters[at] = ord("7") if letters[at] != ord("7") else ord("3")
    element.value = bytes(letters) + element.value[len(letters) :]
    return True


def _lower(_: Node, element: Element) -> bool:
    if element.items is not None:
        return False
    element.value = element.value.lower()
    return True


def _longer(_: Node, element: Element) -> bool:
    if element.items is not None:
        return False
    element.value = element.value.rstrip(b" \0") + b"9" * (70 + len(element.value.rstrip(b" \0")) % 2)
    return True


def _several(_: Node, element: Element) -> bool:
    if element.items is not None or not element.value:
        return False
    value = element.value.rstrip(b" \0")
    element.value = value + b"\\" + value + b" "
    return True


def _other_vr(_: Node, element: Element) -> bool:
    if element.items is not None:
        return False
    element.vr = "LO" if element.vr != "LO" else "SH"
    return True


def _accents(_: Node, element: Element) -> bool:
    if element.items is not None or not element.value:
        return False
    element.value = b"\xe9\xe8" + element.value[2:]
    return True


def _drop_item(_: Node, element: Element) -> bool:
    if not element.items:
        return False
    element.items = element.items[1:]
    return True


def _repeat_item(_: Node, element: Element) -> bool:
    if not element.items:
        return False
    element.items = [*element.items, element.items[0]]
    return True


def _hollow_item(_: Node, element: Element) -> bool:
    if not element.items:
        return False
    element.items = [Node(), *element.items[1:]]
    return True


def _misplace(node: Node, element: Element) -> bool:
    if len(node.elements) < 2:
        return False
    node.elements.remove(element)
    node.elements.insert(
        0 if element.tag != node.elements[0].tag and node.elements[0].tag < element.tag else 1, element
    )
    return True


_CHANGES = {
    "delete": _delete,
    "double": _double,
    "empty": _empty,
    "garble": _garble,
    "lower": _lower,
    "longer": _longer,
    "several": _several,
    "other vr": _other_vr,
    "latin-1": _accents,
    "drop item": _drop_item,
    "repeat item": _repeat_item,
    "hollow item": _hollow_item,
    "misplace": _misplace,
}


def edited(content: bytes, edits: dict[str, object]) -> bytes:
    """The manifest with values set: path to text, bytes, a list of nodes, or None to delete.

    A path names keywords and items from 1: ``ReferencedRequestSequence[1].AccessionNumber``; an element that is not
    there yet is made. ``.vr`` at its end sets the VR.
    """
    whole = Altered(content)
    root = whole.tree()
    for path, value in edits.items():
        *steps, last = path.split(".")
        node = root
        for step in steps if last != "vr" else steps[:-1]:
            keyword, _, index = step.partition("[")
            node = node.items(_tag(keyword))[int(index.rstrip("]")) - 1]
        if last == "vr":
            _existing(node, _tag(steps[-1])).vr = str(value)
        elif value is None:
            node.elements = [element for element in node.elements if element.tag != _tag(last)]
        else:
            _set(node, _tag(last), value)
        node.by_tag = {element.tag: element for element in node.elements}
    return whole.file(root)


def item(**values: object) -> Node:
    """An item of the given elements, by keyword."""
    node = Node()
    for keyword, value in values.items():
        _set(node, _tag(keyword), value)
    return node


def items(content: bytes, path: str) -> list[Node]:
    """The items at *path* of a fresh tree."""
    node = Altered(content).tree()
    *steps, last = path.split(".")
    for step in steps:
        keyword, _, index = step.partition("[")
        node = node.items(_tag(keyword))[int(index.rstrip("]")) - 1]
    return node.items(_tag(last))


def _tag(keyword: str) -> int:
    found = tag_for_keyword(keyword)
    return int(keyword, 16) if found is None else found


def _existing(node: Node, tag: int) -> Element:
    return next(element for element in node.elements if element.tag == tag)


def _set(node: Node, tag: int, value: object) -> None:
    element = next((element for element in node.elements if element.tag == tag), None)
    if element is None:
        element = Element(tag, dictionary_vr(tag).split(" or ")[0])
        place = sum(other.tag < tag for other in node.elements)
        node.elements.insert(place, element)
    if isinstance(value, list):
        element.items = value
    else:
        raw = value if isinstance(value, bytes) else str(value).encode()
        pad = b"\0" if element.vr in ("UI", "OW", "OB") else b" "
        element.value = raw if isinstance(value, bytes) or len(raw) % 2 == 0 else raw + pad
    node.by_tag[tag] = element
