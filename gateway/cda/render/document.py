"""A report as a page that a clinician reads and prints: HTML that holds no script and needs none.

    page(root)        a whole document: style and pictures inside, opened from a file or a mail
    article(root)     the report alone, to be put into a page that links :func:`stylesheet`
    parts(root)       the attachments (or the PDF of a level-1 report), for a caller that serves them beside

The page forbids itself by its own Content Security Policy whatever is not its one style sheet (allowed by hash), its
pictures and its PDF. Everything of the report goes through ``render_narrative``'s list of elements and through lxml's
escaping. Sections stand in the order of the specification (IMG-CR-IMG 2024.01 technical specification section 3.3),
whatever their order in the document; those it does not know come last.

Sources: CDA R2 section 4.3; IMG-CR-IMG 2024.01; WCAG 2.2 for the structure (one heading a section, headers of tables,
texts of links).
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from lxml import etree

from gateway.cda.elements import CDA, attribute, children, find, name_of, path, text_of
from gateway.cda.render.banner import addresses_of, banner, images_link, title_of
from gateway.cda.render.entries import untold
from gateway.cda.render.facts import each, label, moment, person
from gateway.cda.render.html import h
from gateway.cda.render.media import Part, PartUrl, figure, media, part_of
from gateway.cda.render.narrative import Narratives
from gateway.cda.render.words import word
from gateway.errors import InputRejected

SECTIONS = 500
"""Sections of one report that are rendered."""
_LEVELS = 12
"""Levels of sections in one another that are rendered."""
_ORDER = (
    ("addendum", {"1.2.250.1.213.1.1.2.210", "1.2.840.10008.9.6"}, ""),
    ("clinical", {"1.2.250.1.213.1.1.2.205", "1.2.840.10008.9.2"}, "55752-0"),
    ("request", {"1.2.250.1.213.1.1.2.211", "1.2.840.10008.9.7"}, "55115-0"),
    ("history", {"1.2.250.1.213.1.1.2.213", "2.16.840.1.113883.10.20.22.2.39"}, "11329-0"),
    ("act", {"1.2.250.1.213.1.1.2.206", "1.2.840.10008.9.3"}, "55111-9"),
    ("complications", {"1.2.250.1.213.1.1.2.214", "2.16.840.1.113883.10.20.22.2.37"}, "55109-3"),
    ("exposure", {"1.2.250.1.213.1.1.2.215", "1.2.840.10008.9.8"}, "73569-6"),
    ("catalog", {"1.2.250.1.213.1.1.2.217", "2.16.840.1.113883.10.20.6.1.1"}, "121181"),
    ("devices", {"1.2.250.1.213.1.1.2.1", "1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5"}, "46264-8"),
    ("results", {"1.2.250.1.213.1.1.2.208", "2.16.840.1.113883.10.20.6.1.2"}, "59776-5"),
    ("earlier", {"1.2.250.1.213.1.1.2.150", "1.3.6.1.4.1.19376.1.5.3.1.3.27"}, "30954-2"),
    ("comparison", {"1.2.250.1.213.1.1.2.207", "1.2.840.10008.9.4"}, "18834-2"),
    ("conclusion", {"1.2.250.1.213.1.1.2.209", "1.2.840.10008.9.5"}, "19005-8"),
    ("documents", {"1.2.250.1.213.1.1.2.37"}, ""),
    ("patient", {"1.2.250.1.213.1.1.2.107", "1.3.6.1.4.1.19376.1.5.3.1.1.9.39"}, "34895-3"),
)
"""Kind, templates and code in the specification's order; Addendum and Documents share a code (55107-7)."""
_KINDS = {root: (rank, kind) for rank, (kind, roots, _) in enumerate(_ORDER) for root in roots}
_KINDS_BY_CODE = {code: (rank, kind) for rank, (kind, _, code) in enumerate(_ORDER) if code}
_OTHER = (len(_ORDER), "other")


def page(root: etree._Element, language: str = "fr", part_url: PartUrl | None = None) -> bytes:
    """The whole HTML document of a parsed report, in UTF-8.

    *language* (``fr`` or ``en``) is that of the words around the report. *part_url* gives the address of an attachment
    that the caller serves; without it documents are inside as ``data:``. Raises InputRejected ``report_not_cda``.
    """
    style = stylesheet()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    self_ = "'self' " if part_url else ""
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; object-src {self_}data:; "
        f"frame-src {self_}data:; base-uri 'none'; form-action 'none'"
    )
    head = h(
        "head",
        h("meta", charset="utf-8"),
        h("meta", http_equiv="Content-Security-Policy", content=policy),
        h("meta", name="viewport", content="width=device-width, initial-scale=1"),
        h("meta", name="referrer", content="no-referrer"),
        h("title", title_of(root, language)),
        h("style", style),
    )
    body = h("body", h("main", article(root, language, part_url)), class_="report-page")
    return serialised(h("html", head, body, lang=language), whole=True)


def article(
    root: etree._Element, language: str = "fr", part_url: PartUrl | None = None, top: int = 1
) -> etree._Element:
    """The report as one ``article``; *top* is the level of its first heading. Arguments and errors as :func:`page`."""
    if root.tag != f"{{{CDA}}}ClinicalDocument":
        raise InputRejected("report_not_cda", place="/")
    made = h("article", banner(root, language, top), class_="report")
    spoken = attribute(find(root, "languageCode"), "code")
    body = h("div", class_="body", lang=spoken if spoken.replace("-", "").isalpha() and spoken.isascii() else None)
    made.append(body)
    unstructured = find(root, "component/nonXMLBody")
    if unstructured is not None:
        part = part_of(0, find(unstructured, "text"), title_of(root, language))
        body.append(figure(part, language, part_url, body=True))
    else:
        _Body(root, language, part_url, top + 1).render(body)
    return made


def parts(root: etree._Element) -> tuple[Part, ...]:
    """What a report carries as bytes, by the numbers that ``part_url`` is asked for."""
    unstructured = find(root, "component/nonXMLBody")
    if unstructured is not None:
        return (part_of(0, find(unstructured, "text"), text_of(find(root, "title"))),)
    return tuple(part for _, part in media(root))


@cache
def stylesheet() -> str:
    """The style of a rendered report, on a screen and on paper; every rule of it is below ``.report``."""
    return files("gateway.cda.render").joinpath("render.css").read_text(encoding="utf-8")


def serialised(element: etree._Element, *, whole: bool = False) -> bytes:
    """HTML of an element; *whole* adds the document type."""
    told: bytes = etree.tostring(element, method="html", encoding="utf-8")
    return b"<!DOCTYPE html>\n" + told if whole else told


def kind_of(section: etree._Element) -> tuple[int, str]:
    """Where the specification puts a section, and our word for it; by its templates, else by its code."""
    for template in section.iterfind(path("templateId")):
        if found := _KINDS.get(attribute(template, "root")):
            return found
    return _KINDS_BY_CODE.get(attribute(find(section, "code"), "code"), _OTHER)


class _Body:
    """The sections of one report."""

    def __init__(self, root: etree._Element, language: str, part_url: PartUrl | None, level: int) -> None:
        self._language = language
        self._part_url = part_url
        self._level = level
        found = media(root)
        self._media = [(one, part, next(one.iterancestors(path("section")), None)) for one, part in found]
        named = {attribute(one, "ID"): part for one, part in reversed(found) if attribute(one, "ID")}
        self._narratives = Narratives(named, language, part_url)
        self._left = SECTIONS
        self._root = root

    def render(self, target: etree._Element) -> None:
        body = find(self._root, "component/structuredBody")
        if body is not None:
            self._sections(body, target, self._level)

    def _sections(self, parent: etree._Element, target: etree._Element, level: int) -> None:
        if level - self._level >= _LEVELS:
            return
        found = [(kind_of(one), one) for component in parent.iterfind(path("component")) for one in children(component)]
        sections = [(kind, one) for kind, one in found if name_of(one) == "section"]
        for (_, kind), section in sorted(sections, key=lambda one: one[0][0]):
            if self._left <= 0:
                target.append(h("p", word("cut", self._language), class_="notice"))
                return
            self._left -= 1
            target.append(self._section(section, kind, level))

    def _section(self, section: etree._Element, kind: str, level: int) -> etree._Element:
        title = text_of(find(section, "title")) or label(find(section, "code")) or word("others", self._language)
        made = h("section", h(f"h{min(level, 6)}", title), class_=f"section {kind}")
        for author in each(section, "author"):
            said = (person(find(author, "assignedAuthor")), moment(find(author, "time"), self._language))
            made.append(h("p", ", ".join(filter(None, said)), class_="byline"))
        narrative = self._narratives.render(find(section, "text"))
        if narrative is not None:
            made.append(narrative)
        for table in untold(section, self._language):
            made.append(table)
        for part in self._attached(section):
            made.append(figure(part, self._language, self._part_url))
        if narrative is None and kind == "catalog":
            for number, (_, address) in enumerate(addresses_of(section), start=1):
                made.append(h("p", images_link(address, number, self._language)))
        before = len(made)
        self._sections(section, made, level + 1)
        if narrative is None and len(made) == before == 1:
            made.append(h("p", word("empty", self._language), class_="quiet"))
        return made

    def _attached(self, section: etree._Element) -> list[Part]:
        """The attachments of a section's own entries that its narrative did not show in their place."""
        return [
            part
            for element, part, owner in self._media
            if owner is section and attribute(element, "ID") not in self._narratives.rendered
        ]
