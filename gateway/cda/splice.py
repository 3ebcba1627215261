"""Changes to a document that leave every other byte of it as it came.

A tree written out again is another file: quotes, blanks in tags, line ends, references and the encoding go the way of
the writer. A report that somebody signed is therefore never written out again. Changes are made in the tree, so that
the next step sees them, and noted; at the end the notes are cut into the bytes. Where an element stands is found by
walking the tags of the bytes beside the elements of the tree: the document has been parsed before, is well-formed and
has no DOCTYPE, so its tags can be told from comments, instructions and CDATA by one pattern.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from gateway.cda.elements import name_of

_MARKUP = re.compile(
    rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>"
    rb"|<(?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')++>",
    re.DOTALL,
)
_NEXT_ELEMENT = rb"""
    (?: [^<]++ | <!--.*?--> | <\?.*?\?> | <!\[CDATA\[.*?\]\]> | </[^>]*+> )*+
    (?P<tag> <(?:[^"'>]++|"[^"]*+"|'[^']*+')++> )
"""
_ELEMENT = re.compile(_NEXT_ELEMENT, re.DOTALL | re.VERBOSE)
"""Up to and with the next start tag."""
_MANY = 64
_MANY_ELEMENTS = re.compile(rb"(?>%b){%d}" % (_NEXT_ELEMENT.replace(b"?P<tag>", b"?:"), _MANY), re.DOTALL | re.VERBOSE)
_CLOSE = ord("/")
_NO_TAG = b"!?"
"""How a comment, CDATA or an instruction goes on."""
_ATTRIBUTE = re.compile(rb"(?P<name>[^\s=/>]+)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*')", re.DOTALL)
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_WIDE = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE_WITHOUT_MARK = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))


@dataclass(slots=True)
class _Span:
    """Where an element stands in the bytes: its start tag, and its end tag unless it is ``<empty/>``."""

    start: int
    inside: int
    """After the start tag."""
    until: int = -1
    """Before the end tag; -1 for an empty-element tag."""
    end: int = -1


class Changes:
    """The changes of one document, made in its tree and noted for its bytes."""

    def __init__(self, root: etree._Element) -> None:
        self._order = {element: index for index, element in enumerate(root.iter("*"))}
        self._added: dict[etree._Element, etree._Element | None] = {}
        """What was added, and the sibling it was put after: itself for "at the end", None for "at the beginning"."""
        self._rewritten: list[etree._Element] = []
        self._set: dict[tuple[etree._Element, str], None] = {}

    def __bool__(self) -> bool:
        return bool(self._added or self._rewritten or self._set)

    def insert(self, parent: etree._Element, child: etree._Element, order: Sequence[str]) -> None:
        """Put *child* where the schema's *order* of children wants it: right after the last of its likes."""
        rank = {name: index for index, name in enumerate(order)}
        own = rank[name_of(child)]
        before = [s for s in parent.iterchildren("*") if rank.get(name_of(s), len(order)) <= own]
        if before:
            child.tail, before[-1].tail = before[-1].tail, None
            before[-1].addnext(child)
        else:
            child.tail, parent.text = parent.text, None
            parent.insert(0, child)
        self._added[child] = before[-1] if before else None

    def append(self, parent: etree._Element, child: etree._Element) -> None:
        """Put *child* after everything in *parent*."""
        parent.append(child)
        self._added[child] = child

    def set(self, element: etree._Element, name: str, value: str) -> None:
        """Give the attribute *name* of *element* another value."""
        element.set(name, value)
        self._set[element, name] = None

    def rewrite(self, element: etree._Element, attributes: Mapping[str, str], *content: etree._Element) -> None:
        """Give *element* these attributes and children, and nothing else."""
        tail = element.tail
        element.clear()
        element.tail = tail
        for name, value in attributes.items():
            element.set(name, value)
        element.extend(content)
        self._rewritten.append(element)

    def applied(self, content: bytes) -> bytes:
        """The bytes *content*, of which the tree was parsed, with the changes; *content* itself when there are none."""
        if not self:
            return content
        mark, codec = _encoding(content)
        if codec.startswith("utf-16"):
            narrow = content[len(mark) :].decode(codec, "surrogatepass").encode("utf-8", "surrogatepass")
            return mark + self._cut(narrow, "utf-8").decode("utf-8", "surrogatepass").encode(codec, "surrogatepass")
        return self._cut(content, codec)

    # .. in the bytes

    def _cut(self, content: bytes, codec: str) -> bytes:
        spans = _Spans(content)
        edits: list[tuple[int, int, bytes]] = []
        for element in self._rewritten:
            if element in self._order:
                span = spans[self._order[element]]
                edits.append((span.start, max(span.end, span.inside), _rendered(element, codec)))
        for element, name in self._set:
            if element in self._order:
                edits.append(_attribute(content, spans[self._order[element]], element, name, codec))
        edits += self._insertions(content, spans, codec)
        for start, end, new in sorted(edits, key=lambda edit: edit[:2], reverse=True):
            content = content[:start] + new + content[end:]
        return content

    def _insertions(self, content: bytes, spans: _Spans, codec: str) -> Iterator[tuple[int, int, bytes]]:
        """One edit a place: what several changes put there comes in the order of the tree."""
        places: dict[tuple[int, int], list[etree._Element]] = {}
        parents = dict.fromkeys(parent for child in self._added if (parent := child.getparent()) in self._order)
        for parent in parents:
            index = self._order[parent]
            for child in parent.iterchildren("*"):
                if child in self._added:
                    places.setdefault((index, self._point(child, spans, spans[index])), []).append(child)
        for (index, point), children in places.items():
            span = spans[index]
            words = b"".join(_rendered(child, codec) for child in children)
            if span.until >= 0:
                yield point, point, words
                continue
            name = re.split(rb"[\s/]", content[span.start + 1 : span.inside], maxsplit=1)[0]
            yield span.inside - 2, span.inside, b">" + words + b"</" + name + b">"

    def _point(self, child: etree._Element, spans: _Spans, parent: _Span) -> int:
        """Where *child* goes among what was there before."""
        after = self._added[child]
        while after is not None and after in self._added:
            if self._added[after] is after:
                return parent.until if parent.until >= 0 else parent.inside
            after = self._added[after]
        if after is None:
            return parent.inside
        before = spans[self._order[after]]
        return max(before.end, before.inside)


def _encoding(content: bytes) -> tuple[bytes, str]:
    """The byte order mark, and the codec as far as it matters: how a character of ours is written."""
    for mark, codec in _WIDE:
        if content.startswith(mark):
            return mark, codec
    for beginning, codec in _WIDE_WITHOUT_MARK:
        if content.startswith(beginning):
            return b"", codec
    declared = _DECLARED.match(content.removeprefix(codecs.BOM_UTF8))
    return b"", declared.group(1).decode().lower() if declared else "utf-8"


class _Spans:
    """The places of elements, by their number in the order of the document (the order of ``iter()``).

    A report has some thousand elements, and a few change: the others are passed over some at a time, inside the
    pattern, which takes a third of what looking at each tag does.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._passed = [0]
        """Where one is after each :data:`_MANY` elements."""
        self._found: dict[int, _Span] = {}

    def __getitem__(self, number: int) -> _Span:
        if number not in self._found:
            self._found[number] = self._span(number)
        return self._found[number]

    def _span(self, number: int) -> _Span:
        many, some = divmod(number, _MANY)
        while len(self._passed) <= many:
            self._passed.append(_there(_MANY_ELEMENTS.match(self._content, self._passed[-1])).end())
        at = self._passed[many]
        for _ in range(some):
            at = _there(_ELEMENT.match(self._content, at)).end()
        span = _Span(*_there(_ELEMENT.match(self._content, at)).span("tag"))
        if self._content[span.inside - 2] != _CLOSE:
            span.until, span.end = self._end_tag(span.inside)
        return span

    def _end_tag(self, inside: int) -> tuple[int, int]:
        """The end tag of the element whose content begins at *inside*."""
        open_elements = 1
        for tag in _MARKUP.finditer(self._content, inside):
            start, end = tag.span()
            kind = self._content[start + 1]
            if kind == _CLOSE:
                open_elements -= 1
                if not open_elements:
                    return start, end
            elif kind not in _NO_TAG and self._content[end - 2] != _CLOSE:
                open_elements += 1
        raise ValueError("the document was parsed before: its elements end")


def _there(found: re.Match[bytes] | None) -> re.Match[bytes]:
    if found is None:
        raise ValueError("the document was parsed before: its elements are in its bytes")
    return found


def _attribute(content: bytes, span: _Span, element: etree._Element, name: str, codec: str) -> tuple[int, int, bytes]:
    value = _attribute_value(str(element.get(name, "")), codec)
    tag = content[span.start : span.inside]
    for stated in _ATTRIBUTE.finditer(tag):
        if stated.group("name") == name.encode():
            return span.start + stated.start("value"), span.start + stated.end("value"), value
    at = span.inside - (2 if tag.endswith(b"/>") else 1)
    return at, at, b" " + name.encode() + b"=" + value


def _rendered(element: etree._Element, codec: str) -> bytes:
    """An element of ours, without declarations of namespaces: it uses the prefix of the element it is put into."""
    parent = element.getparent()
    prefix = "" if parent is None or not parent.prefix else f"{parent.prefix}:"
    pieces: list[bytes] = []

    def render(one: etree._Element) -> None:
        name = f"{prefix}{name_of(one)}".encode()
        attributes = b"".join(
            b" " + str(key).encode() + b"=" + _attribute_value(str(v), codec) for key, v in one.items()
        )
        if not len(one) and not one.text:
            pieces.append(b"<" + name + attributes + b"/>")
            return
        pieces.append(b"<" + name + attributes + b">" + _encoded(escape(one.text or ""), codec))
        for child in one.iterchildren("*"):
            render(child)
            pieces.append(_encoded(escape(child.tail or ""), codec))
        pieces.append(b"</" + name + b">")

    render(element)
    return b"".join(pieces)


def _attribute_value(value: str, codec: str) -> bytes:
    return _encoded('"' + escape(value, {'"': "&quot;"}) + '"', codec)


def _encoded(text: str, codec: str) -> bytes:
    """*text* in the encoding of the document; what that cannot hold as a character reference."""
    return text.encode(codec, "xmlcharrefreplace")
