"""What a report carries as bytes: pictures shown in their place, documents to open, everything else only named.

A picture is shown when it says and is PNG, JPEG or GIF; SVG is a document with scripts and is not. Sources: HL7 v3
data type ED; CDA R2 section 4.3.6 (observationMedia, renderMultiMedia); FR-Document-attache (3.18).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from gateway.cda.elements import CDA, attribute, find, path
from gateway.cda.render.facts import narrative_texts, resolved
from gateway.cda.render.html import h, link, shown, web_address
from gateway.cda.render.words import word

PARTS = 100
"""Attachments of one report that are looked at."""
_PICTURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
}
_FILES = {"application/pdf": "pdf", "image/tiff": "tif", "text/rtf": "rtf", "application/rtf": "rtf"}
"""What may be downloaded under its own name of kind; the browser is never asked to show any but PDF."""
_SHOWN_BYTES = 1_400_000
"""A larger PDF is not shown in place as a ``data:`` URL, which Chromium leaves blank above 2 MB; it can be saved."""
_MEDIA = f"{{{CDA}}}observationMedia"

PartUrl = Callable[[int], str]
"""From the number of a part (from 0) to the address where the caller serves it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One attachment, or the body of a level-1 report."""

    number: int
    media_type: str
    content: bytes
    """Empty when it cannot be decoded, or is elsewhere."""
    address: str = ""
    """Where it is, when the report only refers to it."""
    title: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether a browser may show it as a picture: its first bytes are those of the kind that it says."""
        return self.media_type in _PICTURES and self.content.startswith(_PICTURES[self.media_type])

    @property
    def is_pdf(self) -> bool:
        """Whether it says and is PDF."""
        return self.media_type == "application/pdf" and b"%PDF-" in self.content[:1024]

    @property
    def may_be_saved(self) -> bool:
        """Whether a link to download it is offered."""
        return self.is_pdf if self.media_type == "application/pdf" else bool(self.content) and self.media_type in _FILES

    @property
    def data_url(self) -> str:
        """The content as a ``data:`` URL."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode('ascii')}"


def part_of(number: int, value: etree._Element | None, title: str = "") -> Part:
    """The part that an ED holds; *title*: what people call it."""
    media_type = shown(attribute(value, "mediaType").lower()) or "text/plain"
    address = attribute(find(value, "reference"), "value")
    if value is None or address or attribute(value, "compression"):
        return Part(number, media_type, b"", address, title)
    written = "".join(str(text) for text in value.itertext())
    if attribute(value, "representation").upper() != "B64":
        return Part(number, media_type, written.encode(), "", title)
    return Part(number, media_type, _decoded(written), "", title)


def _decoded(written: str) -> bytes:
    try:
        return base64.b64decode("".join(written.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def media(root: etree._Element) -> list[tuple[etree._Element, Part]]:
    """Every observationMedia, of at most ``PARTS``, with what it holds."""
    elements = islice(root.iter(_MEDIA), PARTS)
    return [(one, part_of(number, find(one, "value"), _title(one))) for number, one in enumerate(elements)]


def _title(element: etree._Element) -> str:
    """What the cluster of an attachment (FR-Document-attache) calls it: the text that its observation refers to."""
    section = next(element.iterancestors(f"{{{CDA}}}section"), None)
    cluster = next(element.iterancestors(f"{{{CDA}}}organizer"), None)
    if section is None or cluster is None:
        return ""
    texts = narrative_texts(find(section, "text"))
    for observation in cluster.iterfind(path("component/observation")):
        value = find(observation, "value")
        titles = (resolved(find(value, "originalText"), texts), resolved(find(observation, "text"), texts))
        if title := next(filter(None, titles), "") or attribute(value, "displayName"):
            return title
    return ""


def figure(part: Part, language: str, part_url: PartUrl | None, *, body: bool = False) -> etree._Element:
    """A part as a reader meets it; *body*: it is the whole report, and a PDF is open from the start."""
    title = part.title or word("attachment", language)
    if part.address:
        address = web_address(part.address)
        about = link(address, word("abroad", language)) if address else word("abroad", language)
        return h("figure", h("figcaption", about), class_="part")
    if part.is_picture:
        caption = h("figcaption", title) if part.title else None
        alternative = part.title or word("image", language)
        return h("figure", h("img", src=part.data_url, alt=alternative), caption, class_="picture")
    if part.media_type == "text/plain" and part.content:
        return h("figure", h("pre", part.content.decode("utf-8", "replace")), class_="part")
    if not part.may_be_saved:
        told = word("no_show", language, type=part.media_type)
        return h("figure", h("figcaption", h("b", title), " ", told), class_="part")
    return _document(part, title, language, part_url, body)


def _document(part: Part, title: str, language: str, part_url: PartUrl | None, body: bool) -> etree._Element:
    address = part_url(part.number) if part_url else part.data_url
    about = f"{part.media_type}, {_size(len(part.content), language)}"
    name = f"document-{part.number + 1}.{_FILES[part.media_type]}"
    save = h("a", word("download", language), href=address, download=name)
    caption = h("figcaption", h("b", title), " ", h("span", f"({about})", class_="quiet"), " ", save)
    if not part.is_pdf:
        return h("figure", caption, class_="part")
    if not part_url and len(part.content) > _SHOWN_BYTES:
        return h("figure", caption, class_="part")
    shown_in_place = h("object", word("open_pdf", language), data=address, type="application/pdf", aria_label=title)
    if body:
        return h("figure", shown_in_place, caption, class_="part whole")
    fold = h("details", h("summary", word("show_pdf", language)), shown_in_place)
    return h("figure", caption, fold, class_="part")


def _size(size_bytes: int, language: str) -> str:
    if size_bytes < 1000:
        return f"{size_bytes} {'bytes' if language == 'en' else 'octets'}"
    if size_bytes < 1_000_000:
        return f"{round(size_bytes / 1000)} {'kB' if language == 'en' else 'ko'}"
    told = f"{size_bytes / 1_000_000:.1f}"
    return f"{told} MB" if language == "en" else f"{told.replace('.', ',')} Mo"
