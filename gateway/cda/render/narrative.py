"""The narrative of a section as HTML: what the list below allows, and of everything else only its text.

Nothing of the source is copied as markup: each element is made anew from its local name, and only the attributes named
here are looked at. Sources: CDA R2 section 4.3.5 and NarrativeBlock.xsd.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lxml import etree

from gateway.cda.elements import CDA, attribute, name_of
from gateway.cda.render.html import add, h, link, web_address
from gateway.cda.render.media import Part, PartUrl, figure
from gateway.cda.render.words import word

DEPTH = 60
"""Levels of narrative elements in one another; below, only text."""
ELEMENTS = 60_000
"""Narrative elements of one report that are rendered; a report of a hundred pages has some thousands."""

_STYLES = {
    "bold": "bold",
    "italics": "italic",
    "bolditalics": "bold italic",
    "underline": "underline",
    "emphasis": "italic",
    "lrule": "rule-left",
    "rrule": "rule-right",
    "toprule": "rule-top",
    "botrule": "rule-bottom",
    "arabic": "arabic",
    "littleroman": "little-roman",
    "bigroman": "big-roman",
    "littlealpha": "little-alpha",
    "bigalpha": "big-alpha",
    "disc": "disc",
    "circle": "circle",
    "square": "square",
}
_PARENTS = {
    "thead": ("table",),
    "tbody": ("table",),
    "tfoot": ("table",),
    "tr": ("table", "thead", "tbody", "tfoot"),
    "th": ("tr",),
    "td": ("tr",),
    "item": ("list",),
}
"""Parts of tables and lists, and where they may stand; elsewhere they are text."""
_PLAIN = {"sub": "sub", "sup": "sup", "thead": "thead", "tbody": "tbody", "tfoot": "tfoot", "tr": "tr", "item": "li"}
_BLOCKS = frozenset({"table", "list", "paragraph", "renderMultiMedia"})
_DROPPED = frozenset({"col", "colgroup"})
_ALIGN = frozenset({"left", "center", "right", "justify"})
_SCOPES = frozenset({"row", "col", "rowgroup", "colgroup"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", re.ASCII)
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_.-]", re.ASCII)


class Narratives:
    """The narratives of one report: its pictures, the ids already given, and how much may still be rendered."""

    def __init__(self, parts: Mapping[str, Part], language: str, part_url: PartUrl | None = None) -> None:
        self._parts = parts
        self._language = language
        self._part_url = part_url
        self._left = ELEMENTS
        self._depth = 0
        self._ids: set[str] = set()
        self.rendered: set[str] = set()
        """IDs of the parts that a narrative has shown in their place."""

    def render(self, text: etree._Element | None) -> etree._Element | None:
        """A section's text; None when it says nothing."""
        if text is None:
            return None
        made = h("div", class_="narrative")
        self._content(text, made)
        if not len(made) and not (made.text or "").strip():
            return None
        if self._left <= 0:
            add(made, h("p", word("cut", self._language), class_="notice"))
        return made

    def _content(self, source: etree._Element, target: etree._Element) -> None:
        if self._depth >= DEPTH:
            add(target, "".join(str(text) for text in source.itertext()))
            return
        self._depth += 1
        add(target, source.text)
        for child in source:
            if isinstance(child.tag, str) and self._left > 0:
                self._left -= 1
                add(target, self._element(child, name_of(source)))
            add(target, child.tail)
        self._depth -= 1

    def _element(self, source: etree._Element, parent: str) -> etree._Element | None:
        name = name_of(source) if str(source.tag).startswith(f"{{{CDA}}}") else ""
        if name in _DROPPED:
            return None
        if parent not in _PARENTS.get(name, (parent,)):
            name = ""
        make = _MAKERS.get(name)
        return make(self, source) if make else self._filled(source, _PLAIN.get(name, "span"))

    def _filled(self, source: etree._Element, tag: str) -> etree._Element:
        made = h(tag)
        self._attributes(source, made)
        self._content(source, made)
        return made

    def _attributes(self, source: etree._Element, made: etree._Element) -> None:
        if attribute(source, "ID"):
            anchor = _anchor(attribute(source, "ID"))
            if anchor not in self._ids:
                self._ids.add(anchor)
                made.set("id", anchor)
        words = attribute(source, "styleCode").lower().split()
        align = attribute(source, "align").lower()
        classes = [_STYLES[one] for one in words if one in _STYLES]
        classes += [f"align-{align}"] if align in _ALIGN else []
        if classes:
            made.set("class", " ".join(dict.fromkeys(classes)))
        if _LANGUAGE.fullmatch(attribute(source, "language")):
            made.set("lang", attribute(source, "language"))

    def br(self, _: etree._Element) -> etree._Element:
        return h("br")

    def content(self, source: etree._Element) -> etree._Element:
        revised = {"insert": "ins", "delete": "del"}
        return self._filled(source, revised.get(attribute(source, "revised"), "span"))

    def paragraph(self, source: etree._Element) -> etree._Element:
        inline = all(name_of(one) not in _BLOCKS for one in source.iterdescendants(f"{{{CDA}}}*"))
        return self._filled(source, "p" if inline else "div")

    def list_(self, source: etree._Element) -> etree._Element:
        made = self._filled(source, "ol" if attribute(source, "listType") == "ordered" else "ul")
        captions = made.findall("p")
        if not captions:
            return made
        block = h("div", class_="list")
        for caption in captions:
            caption.tail = None
            block.append(caption)
        block.append(made)
        return block

    def caption(self, source: etree._Element) -> etree._Element:
        parent = source.getparent()
        in_table = parent is not None and name_of(parent) == "table"
        made = self._filled(source, "caption" if in_table else "p")
        made.set("class", "caption")
        return made

    def table(self, source: etree._Element) -> etree._Element:
        table = self._filled(source, "table")
        return h("div", table, class_="scroll", tabindex="0", role="region", aria_label=word("table", self._language))

    def cell(self, source: etree._Element) -> etree._Element:
        made = self._filled(source, name_of(source))
        for name in ("colspan", "rowspan"):
            value = attribute(source, name)
            if value.isascii() and value.isdigit() and 1 < int(value[:4]) <= 100:
                made.set(name, value)
        scope = attribute(source, "scope").lower()
        if name_of(source) == "th":
            made.set("scope", scope if scope in _SCOPES else "col")
        return made

    def link_html(self, source: etree._Element) -> etree._Element:
        href = attribute(source, "href")
        if href.startswith("#"):
            made = self._filled(source, "a")
            made.set("href", f"#{_anchor(href[1:])}")
            return made
        made = self._filled(source, "span")
        address = web_address(href)
        return made if address is None else link(address, made)

    def footnote(self, source: etree._Element) -> etree._Element:
        made = self._filled(source, "span")
        made.set("class", "footnote")
        return made

    def footnote_ref(self, source: etree._Element) -> etree._Element:
        return h("sup", h("a", "*", href=f"#{_anchor(attribute(source, 'IDREF'))}"))

    def render_multimedia(self, source: etree._Element) -> etree._Element:
        made = h("div", class_="media")
        for name in attribute(source, "referencedObject").split():
            if name in self._parts:
                self.rendered.add(name)
                made.append(figure(self._parts[name], self._language, self._part_url))
        if not len(made):
            made.append(h("p", word("no_image", self._language), class_="notice"))
        self._content(source, made)
        return made


_MAKERS: dict[str, Callable[[Narratives, etree._Element], etree._Element]] = {
    "br": Narratives.br,
    "content": Narratives.content,
    "paragraph": Narratives.paragraph,
    "list": Narratives.list_,
    "caption": Narratives.caption,
    "table": Narratives.table,
    "th": Narratives.cell,
    "td": Narratives.cell,
    "linkHtml": Narratives.link_html,
    "footnote": Narratives.footnote,
    "footnoteRef": Narratives.footnote_ref,
    "renderMultiMedia": Narratives.render_multimedia,
}
"""The elements that are more than a change of name."""


def _anchor(identifier: str) -> str:
    """An HTML id of our own space for an ID of the document."""
    return "t-" + _NOT_IN_ID.sub("_", identifier)[:100]
