"""The links in a PDF: found and told, never changed.

A level-1 report is a PDF in an envelope, and its link to the images, if it has one, was put into the PDF by whoever
made it. This is a scanner for the ``URI`` actions of link annotations, not a reader of PDF: it looks for ``/URI``
followed by a string, in the file as it stands and in what its Flate streams hold (objects are kept in compressed
streams since PDF 1.5). An encrypted PDF tells nothing. Sources: ISO 32000-1 sections 7.3.4, 7.4.4, 7.5.7, 12.6.4.7;
IMG-CR-IMG 2024.01.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from itertools import islice

from lxml import etree

from gateway.cda.elements import attribute, find

MOST_LINKS = 200
_MOST_KEYS = 20_000
"""How often ``/URI`` is looked behind."""
_MOST_STREAMS = 5_000
_MOST_STREAM_BYTES = 64 * 1024 * 1024
"""Of all streams together, packed and unpacked."""
_MOST_OF_ONE_BYTES = 4 * 1024 * 1024
_LONGEST_LINK = 2_048
_DICTIONARY_BYTES = 1_024
"""How far before a stream its dictionary is looked for."""

_KEY = re.compile(rb"/URI(?=[\s(<])")
_URI = re.compile(
    rb"/URI\s{0,64}(?:\((?P<words>(?:[^\\()]|\\.|\((?:[^\\()]|\\.){0,256}\)){1,2048})\)|<(?P<digits>[0-9A-Fa-f\s]{2,4096})>)",
    re.DOTALL,
)
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|[\r\n])|(.))", re.DOTALL)
_STRING = etree.XPath("string()")
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pdf_links(content: bytes) -> tuple[str, ...]:
    """The addresses of the links of the PDF *content*, each once, in the order found; at most ``MOST_LINKS``."""
    found: dict[str, None] = {}
    keys = ((part, key.start()) for part in _parts(content) for key in _KEY.finditer(part))
    for part, position in islice(keys, _MOST_KEYS):
        match = _URI.match(part, position)
        address = "" if match is None else _text(match)
        if address:
            found.setdefault(address)
        if len(found) >= MOST_LINKS:
            break
    return tuple(found)


def links_of_unstructured(root: etree._Element) -> tuple[str, ...]:
    """The links inside the PDF of a level-1 document; none when its body is another kind, or unreadable."""
    text = find(root, "component/nonXMLBody/text")
    if text is None or attribute(text, "mediaType") != "application/pdf":
        return ()
    try:
        return pdf_links(b64decode(str(_STRING(text))))
    except (Error, ValueError):
        return ()


def _parts(content: bytes) -> Iterator[bytes]:
    """The file itself, then what its compressed streams hold, up to the limits; pictures are passed over."""
    yield content
    left = _MOST_STREAM_BYTES
    for number, start in enumerate(match.end() for match in _STREAM.finditer(content)):
        if number >= _MOST_STREAMS or left <= 0:
            return
        described = content[max(0, start - _DICTIONARY_BYTES) : start].rpartition(b" obj")[2]
        if b"/FlateDecode" not in described or b"/Image" in described:
            continue
        limit = min(left, _MOST_OF_ONE_BYTES)
        end = content.find(b"endstream", start, start + limit)
        packed = content[start : end if end >= 0 else start + limit]
        left -= len(packed)
        try:
            part = zlib.decompressobj().decompress(packed, limit)
        except zlib.error:
            continue
        left -= len(part)
        yield part


def _text(match: re.Match[bytes]) -> str:
    if match.group("digits") is not None:
        digits = re.sub(rb"\s", b"", match.group("digits"))
        words = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    else:
        words = _ESCAPE.sub(_unescaped, match.group("words"))
    return words.decode("latin-1").strip()[:_LONGEST_LINK]


def _unescaped(match: re.Match[bytes]) -> bytes:
    octal, line_end, character = match.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    return b"" if line_end else _ESCAPED.get(character, character)
