"""The one place where XML is parsed.

Every document comes from a stranger, and none of ours needs a DOCTYPE, so there is never an entity to expand. expat
reads as far as the first element and refuses a DOCTYPE and odd encodings; then libxml2 builds the tree under its own
guards (256 levels, 10 MB a text node). A document above 10 MB may hold such a text node rightly (a report with a PDF
in it): expat then reads all of it first and counts, and only a document within our limits is given to libxml2 with
its guards lifted.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

from lxml import etree

from gateway.errors import InputRejected, InputTooLarge

ENCODINGS = frozenset({"utf-8", "utf-16", "iso-8859-1", "iso-8859-15", "us-ascii", "windows-1252"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may be at most."""

    size_bytes: int = 64 * 1024 * 1024
    depth: int = 256
    elements: int = 1_000_000


DEFAULT = Limits()

_LARGEST_TEXT_BYTES = 10_000_000
_LIBXML2_DEPTH = 256
"""What libxml2 allows of a text node and of levels without ``huge_tree``."""


def parse(content: bytes, limits: Limits = DEFAULT) -> etree._Element:
    """The root element of *content*; comments and processing instructions are kept, source lines too.

    Raises InputTooLarge above *limits*, and InputRejected with ``xml_doctype``, ``xml_encoding`` or ``xml_malformed``
    (``facts["line"]`` tells where, ``facts["words"]`` what the parser said, without any text of the document).
    """
    if len(content) > limits.size_bytes:
        raise InputTooLarge("xml_too_large", size=len(content), limit=limits.size_bytes)
    guarded = len(content) < _LARGEST_TEXT_BYTES and limits.depth >= _LIBXML2_DEPTH
    _examine(content, limits, whole=not guarded)
    # No element without its "<", and none of less than four bytes: bounds on their number that cost next to nothing.
    if guarded and len(content) > 4 * limits.elements and content.count(b"<") > limits.elements:
        raise InputTooLarge("xml_too_many_elements", limit=limits.elements)
    parser = etree.XMLParser(  # noqa: TID251 - this is the place
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=not guarded, collect_ids=False
    )
    try:
        root = etree.fromstring(content, parser)  # noqa: TID251
    except etree.XMLSyntaxError as error:
        if error.msg and "depth" in error.msg:
            raise InputTooLarge("xml_too_deep", limit=limits.depth) from None
        raise InputRejected("xml_malformed", line=error.lineno or 0, words="not well-formed") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise InputRejected("xml_doctype")
    return root


class _FirstElement(Exception):
    """The prologue has ended."""


def _examine(content: bytes, limits: Limits, *, whole: bool) -> None:
    """Refuse what the prologue may not hold; with *whole* read on to the end and count levels and elements."""
    depth = elements = 0

    def declaration(version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ENCODINGS:
            raise InputRejected("xml_encoding", line=parser.CurrentLineNumber, encoding=encoding[:40])

    def doctype(*_: object) -> None:
        raise InputRejected("xml_doctype", line=parser.CurrentLineNumber)

    def start(name: str, attributes: list[str]) -> None:
        nonlocal depth, elements
        if not whole:
            raise _FirstElement
        depth += 1
        elements += 1
        if depth > limits.depth:
            raise InputTooLarge("xml_too_deep", limit=limits.depth)
        if elements > limits.elements:
            raise InputTooLarge("xml_too_many_elements", limit=limits.elements)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.XmlDeclHandler = declaration
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(content, True)
    except _FirstElement:
        return
    except expat.ExpatError as error:
        words = expat.errors.messages.get(error.code, "not well-formed")
        raise InputRejected("xml_malformed", line=error.lineno, words=words) from None
    except (LookupError, ValueError):
        raise InputRejected("xml_encoding", encoding="?") from None


def serialise(root: etree._Element) -> bytes:
    """The whole document of *root* as UTF-8 with its declaration, comments and processing instructions around it."""
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)
