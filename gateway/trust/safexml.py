"""The one place where XML is parsed.

Every document comes from a stranger. Two passes: expat first reads the bytes and refuses what no document of ours
needs (a DOCTYPE, so no entity of any kind; an odd encoding; too deep, too many elements, too large), then libxml2
builds the tree. libxml2's own guard against large text nodes (10 MB, which a report with an embedded PDF passes) is
lifted by ``huge_tree``, and only because the first pass has bounded everything that this guard is for.
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
    depth: int = 200
    elements: int = 1_000_000


DEFAULT = Limits()


def parse(content: bytes, limits: Limits = DEFAULT) -> etree._Element:
    """The root element of *content*; comments and processing instructions are kept, source lines too.

    Raises InputTooLarge above *limits*, and InputRejected with ``xml_doctype``, ``xml_encoding`` or ``xml_malformed``
    (``facts["line"]`` tells where, ``facts["words"]`` what the parser said, without any text of the document).
    """
    _examine(content, limits)
    parser = etree.XMLParser(  # noqa: TID251 - this is the place
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True, collect_ids=False
    )
    try:
        root = etree.fromstring(content, parser)  # noqa: TID251
    except etree.XMLSyntaxError as error:
        raise InputRejected("xml_malformed", hl7_code="207", line=error.lineno or 0, words="not well-formed") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise InputRejected("xml_doctype", hl7_code="207")
    return root


def _examine(content: bytes, limits: Limits) -> None:
    if len(content) > limits.size_bytes:
        raise InputTooLarge("xml_too_large", size=len(content), limit=limits.size_bytes)
    depth = elements = 0

    def declaration(version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ENCODINGS:
            raise InputRejected("xml_encoding", encoding=encoding[:40])

    def doctype(*_: object) -> None:
        raise InputRejected("xml_doctype")

    def start(name: str, attributes: list[str]) -> None:
        nonlocal depth, elements
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
    except expat.ExpatError as error:
        words = expat.errors.messages.get(error.code, "not well-formed")
        raise InputRejected("xml_malformed", line=error.lineno, words=words) from None
    except (LookupError, ValueError):
        raise InputRejected("xml_encoding", encoding="?") from None


def serialise(root: etree._Element) -> bytes:
    """The whole document of *root* as UTF-8 with its declaration, comments and processing instructions around it."""
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)
