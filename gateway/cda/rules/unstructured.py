"""Level 1: a document whose body is a PDF, a text or an image in a CDA envelope.

Sources: CI-SIS "Structuration minimale", documents with a body that is not structured (three templateIds, IHE XDS-SD);
IHE ITI TF-3 5.2 (XDS-SD: PDF/A-1 or plain text, in base64); CI-SIS, media types of the bodies (JDV of the format codes:
PDF, text, RTF, JPEG, TIFF).
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error

from lxml import etree

from gateway.cda.elements import attribute
from gateway.cda.rules.engine import WARNING, Book, Context, Model
from gateway.cda.rules.looking import find, kids
from gateway.cda.rules.profiles import XDS_SD

BOOK = Book("level 1", models={Model.LEVEL_1})

_CD = "ClinicalDocument"
_TEMPLATES = frozenset({"2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", XDS_SD})
_SIGNATURES = {
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
    "text/rtf": (b"{\\rtf",),
    "text/plain": (),
}
_ATTACHED = {"image/png": (b"\x89PNG\r\n\x1a\n",), "image/gif": (b"GIF87a", b"GIF89a")}
"""Formats of attached documents alone."""
_HEADER_BYTES = 1024
"""A PDF may have bytes before its signature: readers look this far (ISO 32000-1 annex H.3.4.1)."""

TEMPLATES = BOOK.rule(
    "H-13b",
    "Un document non structuré déclare exactement trois templateId : HL7 France, CI-SIS et 1.3.6.1.4.1.19376.1.2.20.",
    "A document that is not structured declares exactly three templateIds: HL7 France, CI-SIS and"
    " 1.3.6.1.4.1.19376.1.2.20.",
    source="CI-SIS Structuration minimale: nonXMLBody, templateId; IHE ITI TF-3 5.2 (XDS-SD)",
)
MEDIA_TYPE = BOOK.rule(
    "L-1",
    "Le corps doit dire son type de contenu (mediaType) : {expected} ; il dit « {value} ».",
    "The body must say its type of content (mediaType): {expected}; it says “{value}”.",
    source="CI-SIS Structuration minimale: nonXMLBody/text/@mediaType",
    official=None,
)
REPRESENTATION = BOOK.rule(
    "L-2",
    "Le corps doit être en base64 (representation B64).",
    "The body must be in base64 (representation B64).",
    source="CI-SIS Structuration minimale: nonXMLBody/text/@representation B64",
    official=None,
)
EMPTY = BOOK.rule(
    "L-3",
    "Le corps du document est vide.",
    "The body of the document is empty.",
    source="CI-SIS Structuration minimale: nonXMLBody/text holds the document itself",
    official=None,
)
CONTENT = BOOK.rule(
    "L-4",
    "Le corps n'est pas du {expected} : ses premiers octets ne sont pas ceux de ce format.",
    "The body is no {expected}: its first bytes are not those of this format.",
    source="CI-SIS Structuration minimale: nonXMLBody/text/@mediaType says what the content is",
    official=None,
)
REFERENCE = BOOK.rule(
    "L-5",
    "Le corps renvoie à un document extérieur (reference) : il doit être dans le document.",
    "The body points to a document outside (reference): it must be in the document.",
    source="CI-SIS Structuration minimale: nonXMLBody/text holds the document itself",
    spec=WARNING,
    official=None,
)


@BOOK.at(_CD)
def templates(root: etree._Element, context: Context) -> None:
    declared = [attribute(one, "root") for one in kids(root, "templateId")]
    if len(declared) != len(_TEMPLATES) or set(declared) != _TEMPLATES:
        context.say(TEMPLATES, root, at="templateId", value=" ".join(declared))


@BOOK.at(f"{_CD}/component/nonXMLBody/text")
def body(element: etree._Element, context: Context) -> None:
    media_type = attribute(element, "mediaType")
    if media_type not in _SIGNATURES:
        context.say(MEDIA_TYPE, element, at="@mediaType", value=media_type, expected=", ".join(_SIGNATURES))
    if find(element, "reference") is not None:
        context.say(REFERENCE, element, at="reference")
        return
    content = element.text
    if content is None or not content.strip():
        context.say(EMPTY, element)
    elif attribute(element, "representation") != "B64":
        context.say(REPRESENTATION, element, at="@representation")
    else:
        _signature(element, media_type, content, context)


def _signature(element: etree._Element, media_type: str, content: str, context: Context) -> None:
    """Look at the first bytes; whether all of it is base64 is the rule of the data type."""
    if is_other_format(media_type, content):
        context.say(CONTENT, element, expected=media_type)


def is_other_format(media_type: str, content: str) -> bool:
    """Whether the base64 *content* begins otherwise than its *media_type* does; False where that cannot be told."""
    signatures = _SIGNATURES.get(media_type) or _ATTACHED.get(media_type, ())
    try:
        head = b64decode("".join(content[: 3 * _HEADER_BYTES].split())[: _HEADER_BYTES // 3 * 4])
    except (Base64Error, ValueError):
        return False
    if not signatures or not head:
        return False
    return signatures[0] not in head if media_type == "application/pdf" else not head.startswith(signatures)
