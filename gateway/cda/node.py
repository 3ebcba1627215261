"""Reading so that nothing is lost silently: what is not taken from an element is listed.

A :class:`Node` wraps an element. Its attributes, children and text are *taken* one by one; ``finish`` walks the nodes
and lists what nobody took, with its path and why (the keys ``not_understood_*`` of ``gateway.texts.report``, without
that prefix). A child that nobody took is listed once, for itself and everything below it.

The work is bounded: by the number of nodes, the depth and the length of the list. What lies beyond a bound is not
taken, and so listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from gateway.cda.elements import CDA

NODES = 50_000
"""How many elements of one document are read (the official example has 2,300)."""
DEPTH = 60
LISTED = 500
"""How many places are named; then one more entry says that there are others."""

XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSI_TYPE = f"{{{XSI}}}type"

_PREFIX = f"{{{CDA}}}"
_SPACE = re.compile(r"[ \t\r\n]+")
_SILENT = frozenset({f"{{{XSI}}}schemaLocation", f"{{{XSI}}}noNamespaceSchemaLocation"})
"""Attributes that say where a schema is: no data of the document."""


def collapsed(text: str | None) -> str:
    """*text* with runs of XML white space as one space and none at its ends."""
    return _SPACE.sub(" ", text).strip(" ") if text else ""


class Log:
    """What was not understood in one document, and how much of it was read."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.left = NODES

    def add(self, path: str, why: str) -> None:
        """List *path*, or say once that there is more."""
        if len(self.found) < LISTED:
            self.found.append((path, why))
        elif len(self.found) == LISTED:
            self.found.append(("/", "more"))

    @property
    def full(self) -> bool:
        """Whether nothing more will be listed."""
        return len(self.found) > LISTED

    def spend(self) -> bool:
        """Whether one more element may be read; counts it."""
        self.left -= 1
        return self.left >= 0


class Node:
    """An element of the CDA namespace that is being read."""

    __slots__ = (
        "_attributes", "_children", "_depth", "_foreign", "_nodes", "_parent", "_step", "_text", "_totals", "element",
        "log",
    )  # fmt: skip

    def __init__(self, element: etree._Element, log: Log, parent: Node | None = None, step: str = "") -> None:
        self.element = element
        self.log = log
        self._parent = parent
        self._depth: int = parent._depth + 1 if parent else 0
        self._step = step or str(element.tag).rpartition("}")[2]
        self._attributes = {str(name): str(value) for name, value in element.attrib.items()}
        self._children: dict[str, list[etree._Element]] = {}
        self._foreign: list[etree._Element] = []
        self._nodes: list[Node] = []
        self._text = False
        for child in element.iterchildren("*"):
            tag = str(child.tag)
            if tag.startswith(_PREFIX):
                self._children.setdefault(tag[len(_PREFIX) :], []).append(child)
            else:
                self._foreign.append(child)
        self._totals: dict[str, int] = {}
        for name, group in self._children.items():
            if len(group) > 1:
                self._totals[name] = len(group)
                group.reverse()  # taken from the end, in the order of the document

    @property
    def path(self) -> str:
        """The XPath of this element, positions where a name is repeated."""
        steps = []
        node: Node | None = self
        while node is not None:
            steps.append(node._step)
            node = node._parent
        return "/" + "/".join(reversed(steps))

    def get(self, name: str) -> str:
        """Take an attribute; trimmed, empty when it is absent."""
        return self._attributes.pop(name, "").strip()

    def peek(self, name: str) -> str:
        """An attribute without taking it."""
        return self._attributes.get(name, "").strip()

    def fixed(self, **values: str) -> None:
        """Take attributes that have the one value that the schema gives them anyway; others stay, to be listed."""
        for name, value in values.items():
            if self._attributes.get(name) == value:
                del self._attributes[name]

    def type(self, *expected: str) -> str:
        """Take xsi:type without its prefix; when *expected* are named, only if it is one of them."""
        name = self.peek(XSI_TYPE).rpartition(":")[2]
        if name and (not expected or name in expected):
            del self._attributes[XSI_TYPE]
            return name
        return ""

    def has(self, name: str) -> bool:
        """Whether a child called *name* is still to be taken."""
        return bool(self._children.get(name))

    def peek_child(self, name: str) -> etree._Element | None:
        """The next child called *name* without taking it."""
        group = self._children.get(name)
        return group[-1] if group else None

    def take(self, name: str) -> Node | None:
        """Take the next child called *name*."""
        group = self._children.get(name)
        if not group or self._depth >= DEPTH or not self.log.spend():
            return None
        return self._made(name, group)

    def all(self, name: str) -> list[Node]:
        """Take every child called *name*."""
        found = []
        while (child := self.take(name)) is not None:
            found.append(child)
        return found

    def foreign(self, tag: str) -> Node | None:
        """Take the next child with the qualified name *tag* of another namespace."""
        for position, child in enumerate(self._foreign):
            if child.tag == tag and self.log.spend():
                del self._foreign[position]
                node = Node(child, self.log, self, tag.rpartition("}")[2])
                self._nodes.append(node)
                return node
        return None

    def ordered(self) -> Iterator[tuple[str, Node]]:
        """Take every child, with its name, in the order of the document."""
        for child in self.element.iterchildren(f"{_PREFIX}*"):
            name = str(child.tag)[len(_PREFIX) :]
            group = self._children.get(name)
            if group and group[-1] is child and self._depth < DEPTH and self.log.spend():
                yield name, self._made(name, group)

    def text(self) -> str:
        """Take the text directly inside, its white space collapsed."""
        self._text = True
        return collapsed("".join(self._texts()))

    def raw(self) -> str:
        """Take the text directly inside as it stands (base64: no copy is made)."""
        self._text = True
        if len(self.element) == 0:
            return self.element.text or ""
        return "".join(self._texts())

    def whole(self) -> etree._Element:
        """Take everything below, to be read by other means; attributes stay to be taken."""
        self._children.clear()
        self._foreign.clear()
        self._text = True
        return self.element

    def complain(self, why: str, attribute: str = "") -> None:
        """List this element, or one attribute of it (which is taken)."""
        if attribute:
            self._attributes.pop(attribute, None)
            self.log.add(f"{self.path}/@{attribute}", why)
        else:
            self.log.add(self.path, why)

    def finish(self) -> None:
        """List everything that was not taken here and below."""
        if self.log.full:
            return
        if self._attributes:
            self._list_attributes()
        for name, group in self._children.items():
            if group:
                self._list_children(name, group)
        for child in self._foreign:
            self.log.add(f"{self.path}/{_qualified(child, str(child.tag))}", "foreign")
        if not self._text and any(text.strip() for text in self._texts()):
            self.log.add(f"{self.path}/text()", "text")
        for node in self._nodes:
            node.finish()

    def _made(self, name: str, group: list[etree._Element]) -> Node:
        child = group.pop()
        node = Node(child, self.log, self, self._named(name, len(group)))
        self._nodes.append(node)
        return node

    def _named(self, name: str, left: int) -> str:
        """The step of the child called *name* after which *left* of them remain."""
        total = self._totals.get(name, 1)
        return name if total == 1 else f"{name}[{total - left}]"

    def _texts(self) -> Iterator[str]:
        yield self.element.text or ""
        for child in self.element:
            yield child.tail or ""

    def _list_attributes(self) -> None:
        for name in self._attributes:
            if name not in _SILENT:
                why = "withheld" if name == "nullFlavor" else "foreign" if name.startswith("{") else "unknown"
                self.log.add(f"{self.path}/@{_qualified(self.element, name)}", why)

    def _list_children(self, name: str, group: list[etree._Element]) -> None:
        why = "too_deep" if self._depth >= DEPTH else "too_many" if self.log.left < 0 else "unknown"
        if len(group) < self._totals.get(name, 1) and why == "unknown":
            why = "repeated"
        for left in range(len(group) - 1, -1, -1):
            self.log.add(f"{self.path}/{self._named(name, left)}", why)
            if self.log.full:
                return


def _qualified(element: etree._Element, tag: str) -> str:
    """A name with the prefix that *element* has for its namespace."""
    namespace, _, local = tag.rpartition("}")
    prefix = next((prefix for prefix, uri in element.nsmap.items() if uri == namespace[1:] and prefix), "")
    return f"{prefix}:{local}" if prefix else local
