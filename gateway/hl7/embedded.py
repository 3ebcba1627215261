"""The document inside a message: which observation carries it, and its bytes.

Source: CI-SIS "Transmission d'un document CDA R2 en HL7 v2" 2.1, first OBX: OBX-2 ``ED``, OBX-5
``application^TEXT^XML^Base64^data``; HL7 v2.5 section 2.A.24 (ED).
"""

from __future__ import annotations

import binascii

import pybase64

from gateway.errors import InputRejected
from gateway.hl7 import profiles
from gateway.hl7.er7 import Message, Segment

_ENCODING, _SUBTYPE, _DATA = 4, 3, 5
_BLANKS = b" \t\r\n"


MOST_DOCUMENTS = 2
"""In one ORU: the same report at level 1 and level 3. An MDM has one."""


def find(message: Message, most: int = MOST_DOCUMENTS) -> list[Segment]:
    """The OBX of each document: encapsulated XML that is not the text of a mail; at least one, at most *most*.

    Raises InputRejected (``hl7_no_document``, ``hl7_not_cda``, ``hl7_too_many_documents``).
    """
    encapsulated = [row for row in message.all("OBX") if row.text(2) == profiles.ENCAPSULATED and not _is_mail(row)]
    if not encapsulated:
        raise InputRejected("hl7_no_document", place="OBX^1^5", hl7_code="101")
    documents = [row for row in encapsulated if row.text(5, _SUBTYPE).upper() in ("XML", "")]
    if not documents:
        raise InputRejected("hl7_not_cda", place=encapsulated[0].place(5, component=_SUBTYPE), hl7_code="103")
    if len(documents) > most:
        raise InputRejected("hl7_too_many_documents", place=documents[most].place(5), hl7_code="198", limit=most)
    return documents


def span(document: Segment) -> tuple[int, int]:
    """Where the data stand in the message."""
    return document.span(5, 1, _DATA)


def content(message: Message, document: Segment) -> bytes:
    """The bytes of the document.

    Official messages lack padding characters, so missing padding is accepted, and so are blanks and escaped line
    breaks; a character outside the alphabet, or a length that no number of bytes encodes to, is refused
    (``hl7_base64``), and so is another encoding (``hl7_encapsulation``).
    """
    if document.text(5, _ENCODING).upper() != "BASE64":
        raise InputRejected("hl7_encapsulation", place=document.place(5, component=_ENCODING), hl7_code="103")
    start, end = span(document)
    escape = message.delimiters.escape
    data: bytes | memoryview = memoryview(message.raw)[start:end]
    if escape and message.raw.find(escape, start, end) >= 0:
        data = document.text(5, _DATA).encode("utf-8")
    try:
        return decoded(data)
    except ValueError:
        raise InputRejected("hl7_base64", place=document.place(5, component=_DATA), hl7_code="102") from None


def decoded(data: bytes | memoryview) -> bytes:
    """Base64 (RFC 4648 section 4) with blanks and without padding where the sender left it out; raises ValueError."""
    try:
        return pybase64.b64decode(data, validate=True)
    except binascii.Error:
        # Only now is a copy worth it: what is whole was decoded where it stands.
        bare = bytes(data).translate(None, _BLANKS)
        digits = bare.rstrip(b"=")
        if len(bare) - len(digits) > 2 or len(digits) % 4 == 1:
            raise
        return pybase64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)


def _is_mail(row: Segment) -> bool:
    return row.text(3, 3) == profiles.METADATA_SYSTEM or row.text(3).startswith("CORPSMAIL_")
