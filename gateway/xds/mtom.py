"""MTOM/XOP: a SOAP envelope with its documents beside it in multipart/related, written and read without sockets.

The writer (:func:`write`) gives a file-like body with a known length, whose documents stay where they are until they
are read. The reader (:class:`Reader`, of ``multipart.py``) gives back every part byte for byte; :func:`resolve` joins
the parts to the elements that name them.

Sources: SOAP MTOM (W3C, 2005), XOP 1.0 (W3C, 2005), RFC 2046 section 5.1.1, RFC 2387, RFC 2392 (``cid:``).
What peers ask beyond the letter: the boundary quoted, ``type``, ``start``, ``start-info`` and ``action`` all present.
"""

from __future__ import annotations

import binascii
import contextlib
import io
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from lxml import etree

from gateway.errors import InputRejected, Unavailable
from gateway.xds import mime
from gateway.xds._spool import Incoming, Part
from gateway.xds.multipart import BOUNDARY, DEFAULT, SOAP_MEDIA_TYPE, Limits, Reader

__all__ = [
    "DEFAULT",
    "SOAP_MEDIA_TYPE",
    "Attachment",
    "Incoming",
    "Limits",
    "Outgoing",
    "Part",
    "Reader",
    "content",
    "documents_by_id",
    "include",
    "plain",
    "resolve",
    "unused_part",
    "write",
]

XOP_MEDIA_TYPE = "application/xop+xml"
XOP = "http://www.w3.org/2004/08/xop/include"
INCLUDE = f"{{{XOP}}}Include"
ROOT_CONTENT_ID = "root.envelope@gateway"

_CHUNK_BYTES = 256 * 1024
"""Of a document at once: each piece goes to the socket by itself."""
_MEDIA_TYPE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+/[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTENT_ID = re.compile(r"[A-Za-z0-9._@+:=-]{1,200}")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document to send beside the envelope, which names it by ``include(content_id)``."""

    content_id: str
    mime_type: str
    content: bytes | Path | BinaryIO = field(repr=False)
    """The bytes, the file that holds them, or a seekable stream that is read from its beginning."""


def include(content_id: str) -> etree._Element:
    """The xop:Include element that stands for the part *content_id* (XOP section 2.1)."""
    element = etree.Element(INCLUDE, nsmap={"xop": XOP})
    element.set("href", f"cid:{content_id}")
    return element


class Outgoing:
    """A message body to send: read it as a file, once; :meth:`rewind` to send the same bytes again.

    It holds no more than one chunk of a document in memory. ``close`` gives back the file that is being read.
    """

    def __init__(self, content_type: str, pieces: Sequence[bytes | Path | BinaryIO]) -> None:
        self.content_type = content_type
        self._pieces = [(piece, _size(piece)) for piece in pieces]
        self.size_bytes = sum(size for _, size in self._pieces)
        self._chunks = self._produce()
        self._ready = memoryview(b"")

    def __len__(self) -> int:
        return self.size_bytes

    def __iter__(self) -> Iterator[bytes]:
        """The rest in chunks, as they were read and without a copy of each."""
        if self._ready:
            given, self._ready = bytes(self._ready), memoryview(b"")
            yield given
        # Not ``yield from``: who stops in the middle may read on.
        while chunk := next(self._chunks, b""):
            yield chunk

    def read(self, size: int = -1) -> bytes:
        """At most *size* bytes, all of the rest when negative; empty at the end.

        Raises Unavailable (``mtom_source``) when a document cannot be read or has become shorter.
        """
        if size < 0:
            return b"".join(self)
        if not self._ready:
            self._ready = memoryview(next(self._chunks, b""))
        given, self._ready = self._ready[:size], self._ready[size:]
        return bytes(given)

    def rewind(self) -> None:
        """Start again from the first byte."""
        self.close()
        self._chunks = self._produce()
        self._ready = memoryview(b"")

    def close(self) -> None:
        self._chunks.close()  # type: ignore[attr-defined]

    def _produce(self) -> Iterator[bytes]:
        for piece, size in self._pieces:
            if isinstance(piece, bytes):
                if piece:  # an empty chunk would be taken for the end
                    yield piece
                continue
            try:
                with contextlib.ExitStack() as stack:
                    stream = stack.enter_context(piece.open("rb")) if isinstance(piece, Path) else piece
                    stream.seek(0)
                    left = size
                    while left:
                        chunk = stream.read(min(_CHUNK_BYTES, left))
                        if not chunk:
                            raise Unavailable("mtom_source")
                        left -= len(chunk)
                        yield chunk
            except OSError as error:
                raise Unavailable("mtom_source") from error


def _size(piece: bytes | Path | BinaryIO) -> int:
    if isinstance(piece, bytes):
        return len(piece)
    try:
        return piece.stat().st_size if isinstance(piece, Path) else piece.seek(0, io.SEEK_END)
    except OSError as error:
        raise Unavailable("mtom_source") from error


def write(
    root_xml: bytes, attachments: Sequence[Attachment], action: str = "", *, boundary: str | None = None
) -> Outgoing:
    """The message of an envelope and its documents, to be sent under ``content_type``.

    *boundary* is for golden bytes; by default it is drawn at random after the content is fixed, so that no document
    holds it (128 bits; bytes in memory are searched all the same). Raises ValueError for a content id, media type,
    action or boundary that cannot stand in a header, Unavailable (``mtom_source``) for a file that cannot be read.
    """
    contents = [root_xml, *(one.content for one in attachments if isinstance(one.content, bytes))]
    if boundary is None:
        boundary = f"MIME_{secrets.token_hex(16)}"
    if BOUNDARY.fullmatch(boundary) is None or any(boundary.encode() in content for content in contents):
        raise ValueError("this boundary cannot be used")
    named = f"; action={mime.quoted(action)}" if action else ""
    root_type = f'{XOP_MEDIA_TYPE}; charset=UTF-8; type="{SOAP_MEDIA_TYPE}"{named}'
    # What stands between two documents is one piece: each piece is sent by itself.
    pieces: list[bytes | Path | BinaryIO] = []
    text = _part_header(boundary, root_type, ROOT_CONTENT_ID) + root_xml
    for one in attachments:
        if _MEDIA_TYPE.fullmatch(one.mime_type) is None or _CONTENT_ID.fullmatch(one.content_id) is None:
            raise ValueError("a content id or a media type cannot stand in a header")
        pieces += [text + b"\r\n" + _part_header(boundary, one.mime_type, one.content_id), one.content]
        text = b""
    pieces.append(text + f"\r\n--{boundary}--\r\n".encode("ascii"))
    content_type = (
        f'multipart/related; boundary="{boundary}"; type="{XOP_MEDIA_TYPE}"; start="<{ROOT_CONTENT_ID}>"; '
        f'start-info="{SOAP_MEDIA_TYPE}"{named}'
    )
    return Outgoing(content_type, pieces)


def plain(root_xml: bytes, action: str = "") -> Outgoing:
    """An envelope without documents, as ``application/soap+xml`` (SOAP 1.2 part 2 section 7, RFC 3902)."""
    named = f"; action={mime.quoted(action)}" if action else ""
    return Outgoing(f"{SOAP_MEDIA_TYPE}; charset=UTF-8{named}", [root_xml])


def _part_header(boundary: str, content_type: str, content_id: str) -> bytes:
    return (
        f"--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: <{content_id}>\r\n\r\n"
    ).encode("ascii")


def resolve(root: etree._Element, incoming: Incoming, *, all_used: bool = True) -> dict[etree._Element, Part]:
    """Which part stands in which element: for each xop:Include of *root*, its parent and the part.

    Every part is used exactly once (at most once, when they need not be *all_used*), and only parts of the same
    message can be named (``cid:``). Raises InputRejected (``mtom_part``): another scheme, a part that is absent, used
    twice or not used, text beside an Include.
    """
    resolved: dict[etree._Element, Part] = {}
    left = dict(incoming.parts)
    for element in root.iter(INCLUDE):
        parent = element.getparent()
        href = element.get("href", "")
        if parent is None or len(parent) != 1 or len(element) or (parent.text or "").strip():
            raise InputRejected("mtom_part", words="xop:Include")
        if href[:4].lower() != "cid:":
            raise InputRejected("mtom_part", words="href")
        part = left.pop(unquote(href[4:]), None)
        if part is None:
            raise InputRejected("mtom_part", words="cid")
        resolved[parent] = part
    if left and all_used:
        raise unused_part()
    return resolved


def unused_part() -> InputRejected:
    """A part of the message that no element names."""
    return InputRejected("mtom_part", words="unused")


def content(element: etree._Element, resolved: Mapping[etree._Element, Part]) -> Part:
    """The content of an xsd:base64Binary element: its part, or its own text decoded.

    Raises InputRejected (``mime_encoding``) for text that is not base64.
    """
    part = resolved.get(element)
    if part is not None:
        return part
    try:
        text = (element.text or "").translate(dict.fromkeys(map(ord, " \t\r\n"))).encode("ascii")
        decoded = binascii.a2b_base64(text, strict_mode=True) if text else b""
    except (binascii.Error, UnicodeEncodeError):
        raise InputRejected("mime_encoding", encoding="base64") from None
    return Part.of(decoded)


def documents_by_id(root: etree._Element, resolved: Mapping[etree._Element, Part]) -> dict[str, Part]:
    """The contents of the ``xdsb:Document`` elements of an ITI-41 request by their ids (ITI TF-2 section 3.41.4.1.2).

    Raises InputRejected as :func:`content`, and (``mtom_part``) for an id that is missing or given twice.
    """
    documents: dict[str, Part] = {}
    for element in root.iterchildren("{urn:ihe:iti:xds-b:2007}Document"):
        identifier = element.get("id", "")
        if not identifier or identifier in documents:
            raise InputRejected("mtom_part", words="Document/@id")
        documents[identifier] = content(element, resolved)
    return documents
