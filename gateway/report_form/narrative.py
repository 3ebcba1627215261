"""The words of a report: what a person reads, in the form that HL7 CDA R2 gives to narratives.

Made of the same facts as the entries; what an entry refers to stands in a ``content`` with an ID.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.model.datatypes import Wording
from gateway.model.narrative import Narrative, Part

Inline = Part | str
Cell = Inline | Sequence[Inline]
_BULLETS = ("- ", "• ", "* ", "– ")


def part(name: str, *children: Inline, **attributes: str) -> Part:
    """An element of a narrative; empty words and attributes are left out."""
    kept = tuple(child for child in children if child != "")
    return Part(name, tuple(sorted((key, value) for key, value in attributes.items() if value)), kept)


def marked(identifier: str, text: str) -> Part:
    """*text* where an entry can refer to it; its lines are kept."""
    children: list[Inline] = []
    for line in _lines(text):
        children += [part("br"), line] if children else [line]
    return part("content", *children, ID=identifier)


def refer(identifier: str, media_type: str = "") -> Wording:
    """What an entry says of words that stand in the narrative."""
    return Wording(reference=f"#{identifier}", media_type=media_type)


def said(text: str) -> Narrative:
    """Free text: a paragraph each line, a list where lines begin with a bullet; one line alone is the text itself."""
    lines = _lines(text)
    if len(lines) == 1 and not lines[0].startswith(_BULLETS):
        return Narrative((lines[0],))
    return Narrative(tuple(_blocks(lines)))


def blocks(*content: Part) -> Narrative:
    """A narrative of block elements."""
    return Narrative(content)


def titled(title: str, content: Inline) -> Part:
    """A table of one cell with its heading, as the official example sets free text of one kind."""
    return table([title], [[content]])


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Part:
    """A table with its headings."""
    head = part("thead", part("tr", *(part("th", title) for title in heads)))
    body = part("tbody", *(part("tr", *(_cell(cell) for cell in row)) for row in rows))
    return part("table", head, body, border="0")


def _cell(content: Cell) -> Part:
    if isinstance(content, str | Part):
        return part("td", content)
    return part("td", *content)


def _lines(text: str) -> list[str]:
    """The lines of *text* that say something, white space collapsed."""
    return [line for line in (" ".join(line.split()) for line in text.splitlines()) if line] or [""]


def _blocks(lines: list[str]) -> Iterable[Part]:
    items: list[Part] = []
    for line in lines:
        if line.startswith(_BULLETS):
            items.append(part("item", line[2:].lstrip()))
            continue
        if items:
            yield part("list", *items)
            items = []
        yield part("paragraph", line)
    if items:
        yield part("list", *items)
