"""The narrative of a section: a small tree of the elements that HL7 CDA R2 allows there.

It is kept as a value rather than as bytes, so that two reports compare, entries find the words they refer to, and a
page is made of it without ever copying a stranger's markup. The canonical form, which reading gives and building must
write without adding white space:

* names and attributes of the CDA narrative schema only (others are listed as not understood, their text kept);
* attributes sorted by name; ``ID`` as written; white space in attributes trimmed;
* runs of white space are one space; none at the start or end of the whole, none directly inside ``table``, ``thead``,
  ``tfoot``, ``tbody``, ``tr``, ``colgroup`` and ``list``; two neighbouring strings are one.

Source: HL7 CDA R2 section 4.3.5, NarrativeBlock.xsd.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BLOCKS = frozenset({"paragraph", "table", "thead", "tfoot", "tbody", "tr", "list", "item", "caption", "br"})
"""Elements that begin a new line."""


@dataclass(frozen=True, slots=True)
class Part:
    """One element of a narrative: ``content``, ``paragraph``, ``table``, ``list``, ``linkHtml``..."""

    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[Part | str, ...] = ()

    def get(self, name: str) -> str:
        """An attribute, or an empty string."""
        return dict(self.attributes).get(name, "")

    @property
    def text(self) -> str:
        """The words in and below, white space collapsed."""
        return _text(self.children)


@dataclass(frozen=True, slots=True)
class Narrative:
    """``section/text``; empty when the section says nothing."""

    children: tuple[Part | str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    """``ID``, ``language``, ``styleCode`` of the text itself."""

    @property
    def text(self) -> str:
        """All words, white space collapsed."""
        return _text(self.children)

    def parts(self) -> Iterator[Part]:
        """Every element, in the order of the document."""
        pending = [part for part in self.children if isinstance(part, Part)][::-1]
        while pending:
            part = pending.pop()
            yield part
            pending.extend([child for child in part.children if isinstance(child, Part)][::-1])

    def find(self, reference: str) -> Part | None:
        """The element that ``#id`` (or ``id``: senders forget the sign) points to."""
        wanted = reference.removeprefix("#")
        return next((part for part in self.parts() if wanted and part.get("ID") == wanted), None)


def _text(children: tuple[Part | str, ...]) -> str:
    words: list[str] = []
    pending: list[Part | str] = list(children[::-1])
    while pending:
        child = pending.pop()
        if isinstance(child, str):
            words.append(child)
            continue
        if child.name in BLOCKS or child.name in ("td", "th"):
            words.append(" ")
            pending.append(" ")
        pending.extend(child.children[::-1])
    return " ".join("".join(words).split())
