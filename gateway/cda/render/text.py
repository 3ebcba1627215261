"""The rendered report as plain blocks, for a terminal: the same order and the same words as the page.

It walks the HTML that :mod:`gateway.cda.render` makes, so that nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_BLOCKS = frozenset({"p", "div", "section", "header", "article", "figure", "figcaption", "details", "object", "pre"})
_LISTS = frozenset({"ul", "ol"})
_BREAK = "\x00"
"""A line break; no text of a document can hold it."""


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    mark: str = ""
    """What stands before the item of a list: a bullet or a number."""


@dataclass(frozen=True, slots=True)
class Pairs:
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[str, ...] = ()
    """Where the links of its cells lead; a cell says ``[1]`` for the first."""


Block = Heading | Paragraph | Pairs | Table


def blocks(element: etree._Element) -> Iterator[Block]:
    """The blocks of a rendered report, in reading order."""
    inline: list[str] = []
    if element.text:
        inline.append(element.text)
    for child in element:
        if _is_block(child):
            yield from _said(inline)
            inline = []
            yield from _block(child)
        else:
            inline.append(_BREAK if child.tag == "br" else _inline(child))
        inline.append(child.tail or "")
    yield from _said(inline)


def _is_block(element: etree._Element) -> bool:
    tag = str(element.tag)
    if tag in _BLOCKS or tag in _LISTS or tag in _HEADINGS or tag in ("table", "dl"):
        return True
    return any(str(one.tag) in _BLOCKS | _LISTS | {"table"} for one in element.iterdescendants())


def _block(element: etree._Element) -> Iterator[Block]:
    tag = str(element.tag)
    if tag in _HEADINGS:
        yield Heading(_HEADINGS[tag], _text(element))
    elif tag == "dl":
        yield Pairs(tuple(_pairs(element)))
    elif tag == "table":
        yield _table(element)
    elif tag in _LISTS:
        yield from _items(element)
    elif tag not in ("details", "object"):
        yield from blocks(element)


def _said(inline: list[str]) -> Iterator[Block]:
    lines = (" ".join(line.split()) for line in "".join(inline).split(_BREAK))
    if text := "\n".join(filter(None, lines)):
        yield Paragraph(text)


def _inline(element: etree._Element, links: list[str] | None = None) -> str:
    """The text of an inline element, its line breaks, and where its links lead: beside them, or gathered in *links*."""
    told = [element.text or ""]
    for child in element:
        told += [_BREAK if child.tag == "br" else _inline(child, links), child.tail or ""]
    address = element.get("href", "")
    if not address.startswith("http"):
        return "".join(told)
    if links is None:
        return f"{''.join(told)} <{address}>"
    links.append(address)
    return f"{''.join(told)} [{len(links)}]"


def _text(element: etree._Element) -> str:
    return " ".join("".join(str(one) for one in element.itertext()).split())


def _pairs(element: etree._Element) -> Iterator[tuple[str, str]]:
    for group in element:
        about = group.findtext("dt") or ""
        yield about, "\n".join(_text(one) for one in group.findall("dd"))


def _items(element: etree._Element) -> Iterator[Block]:
    for number, item in enumerate(element.findall("li"), start=1):
        mark = f"{number}." if element.tag == "ol" else "•"
        inner = list(blocks(item))
        for position, block in enumerate(inner):
            yield Paragraph(block.text, mark if position == 0 else "") if isinstance(block, Paragraph) else block


def _table(element: etree._Element) -> Table:
    caption = element.find("caption")
    head: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    links: list[str] = []
    for row in element.iter("tr"):
        cells = tuple(_cell(one, links) for one in row if one.tag in ("th", "td"))
        section = row.getparent()
        if section is not None and section.tag == "thead" and not head:
            head = cells
        else:
            rows.append(cells)
    return Table("" if caption is None else _text(caption), head, tuple(rows), tuple(links))


def _cell(element: etree._Element, links: list[str]) -> str:
    return "\n".join(filter(None, (" ".join(line.split()) for line in _inline(element, links).split(_BREAK))))
