"""The character set of a message: what MSH-18 says, and whether the bytes agree.

Sources: HL7 v2.5 section 2.15.9.18 and table 0211; CI-SIS "Transmission d'un document CDA R2 en HL7 v2" 2.1, MSH-18
(``UNICODE UTF-8`` or ``8859/15``).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import InputRejected

PLACE = "MSH^1^18"
_CHUNK_BYTES = 64 * 1024
_C1 = re.compile(rb"[\x80-\x9f]")


@dataclass(frozen=True, slots=True)
class Charset:
    """A value of table 0211 with the codec that reads it."""

    name: str
    codec: str


UTF_8 = Charset("UNICODE UTF-8", "utf-8")
LATIN_9 = Charset("8859/15", "iso8859-15")
LATIN_1 = Charset("8859/1", "iso8859-1")
ASCII = Charset("ASCII", "ascii")

_BY_NAME = {
    UTF_8.name: UTF_8,
    LATIN_9.name: LATIN_9,
    LATIN_1.name: LATIN_1,
    ASCII.name: ASCII,
    # Deprecated since v2.5 without saying which encoding of Unicode; senders that still write it send UTF-8.
    "UNICODE": UTF_8,
    # Not of the table, and common.
    **dict.fromkeys(("UTF-8", "UTF8", "UNICODE UTF8"), UTF_8),
    **dict.fromkeys(("8859-15", "ISO-8859-15", "ISO8859-15", "ISO 8859-15", "LATIN-9", "LATIN9"), LATIN_9),
    **dict.fromkeys(("8859-1", "ISO-8859-1", "ISO8859-1", "ISO 8859-1", "LATIN-1", "LATIN1"), LATIN_1),
}


def named(name: str) -> Charset | None:
    """The character set that MSH-18 *name* means; UTF-8 when it is empty, None when it is not one that is read."""
    return _BY_NAME.get(name.strip().upper()) if name.strip() else UTF_8


def of_message(raw: bytes, name: str) -> Charset:
    """The character set of the message *raw* whose MSH-18 is *name*.

    Raises InputRejected at ``MSH^1^18``: ``hl7_charset_unknown``, ``hl7_charset_unstated`` (MSH-18 is empty and the
    bytes are not UTF-8), ``hl7_charset_contradicted`` (the bytes are not what MSH-18 says).
    """
    charset = named(name)
    if charset is None:
        raise InputRejected("hl7_charset_unknown", place=PLACE, hl7_code="103")
    if not _agrees(raw, charset):
        code = "hl7_charset_contradicted" if name.strip() else "hl7_charset_unstated"
        raise InputRejected(code, place=PLACE, hl7_code="103", charset=charset.name)
    return charset


def _agrees(raw: bytes, charset: Charset) -> bool:
    if raw.isascii():
        return True
    if charset is UTF_8:
        return _is_utf_8(raw)
    if charset is ASCII:
        return False
    # Every byte means something in ISO 8859, so a lie shows in two other ways: as C1 controls, which no text has
    # (windows-1252, UTF-8 punctuation), or as text that is whole and well-formed UTF-8, which real Latin text is not.
    return not any(not chunk.isascii() and _C1.search(chunk) for chunk in _chunks(raw)) and not _is_utf_8(raw)


def _chunks(raw: bytes) -> Iterator[bytes]:
    return (raw[start : start + _CHUNK_BYTES] for start in range(0, len(raw), _CHUNK_BYTES))


def _is_utf_8(raw: bytes) -> bool:
    # In pieces: decoding 64 MiB at once would need up to four times as much.
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(raw):
            # Most are base64; one that cuts off a character of the chunk before it is no UTF-8.
            if decoder.getstate()[0] or not chunk.isascii():
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
