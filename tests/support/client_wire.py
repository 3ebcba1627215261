"""What a client sent, read by Python's own MIME reader and by lxml, and answers written by hand, letter by letter.

Nothing of ``gateway.xds`` is used here: a mistake that its writer and its reader share is seen.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Protocol
from xml.sax.saxutils import escape

from lxml import etree

from gateway.trust import safexml

BOUNDARY = "----=_Part_7_by.hand"
SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
PARTIAL = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"
_RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
_QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
_RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"


class Received(Protocol):
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Wire:
    """A message taken apart: header blocks by local name, the one element of the body, the parts by Content-ID."""

    content_type: str
    headers: Mapping[str, str]
    body: etree._Element
    parts: Mapping[str, bytes]

    @property
    def action(self) -> str:
        return self.headers["Action"]

    def texts(self, name: str) -> list[str]:
        """The texts of every element of that local name, in order."""
        return [(one.text or "").strip() for one in self.body.iter(f"{{*}}{name}")]

    def attributes(self, name: str, attribute: str) -> list[str]:
        return [str(one.get(attribute)) for one in self.body.iter(f"{{*}}{name}")]

    def slots(self, name: str) -> dict[str, list[str]]:
        """The slots of the first element of that local name."""
        (first, *_) = self.body.iter(f"{{*}}{name}")
        return {
            str(slot.get("name")): [str(value.text) for value in slot.iter("{*}Value")]
            for slot in first.iterchildren("{*}Slot")
        }


def read(seen: Received) -> Wire:
    """A request as the standard library reads it."""
    content_type = seen.headers["content-type"]
    message = email.message_from_bytes(
        f"Content-Type: {content_type}\r\n\r\n".encode() + seen.body, policy=email.policy.HTTP
    )
    contents: dict[str, bytes] = {}
    if message.is_multipart():
        for part in message.iter_parts():  # type: ignore[attr-defined]
            contents[part["Content-ID"].strip("<>")] = part.get_payload(decode=True)
        root = contents.pop(str(message.get_param("start")).strip("<>"))
    else:
        root = seen.body
    envelope = safexml.parse(root)
    header, body = envelope.iterchildren("{*}Header", "{*}Body")
    blocks = {etree.QName(block).localname: "".join(block.itertext()).strip() for block in header}
    (inner,) = body.iterchildren("*")
    return Wire(content_type, blocks, inner, contents)


def envelope(body: str, relates_to: str = "") -> bytes:
    related = f"<a:RelatesTo>{relates_to}</a:RelatesTo>" if relates_to else ""
    return (
        '<?xml version="1.0"?><S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://www.w3.org/2005/08/addressing">'
        f"<S:Header>{related}</S:Header><S:Body>{body}</S:Body></S:Envelope>"
    ).encode()


def errors(*listed: tuple[str, str, str, str]) -> str:
    """A RegistryErrorList: code, context, severity, location each."""
    each = "".join(
        f'<r:RegistryError errorCode="{code}" codeContext="{escape(context)}" location="{location}" '
        f'severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:{severity}"/>'
        for code, context, severity, location in listed
    )
    return f"<r:RegistryErrorList>{each}</r:RegistryErrorList>" if listed else ""


def response(status: str = SUCCESS, *listed: tuple[str, str, str, str]) -> str:
    return f'<r:RegistryResponse xmlns:r="{_RS}" status="{status}">{errors(*listed)}</r:RegistryResponse>'


def query_response(objects: str, status: str = SUCCESS, *listed: tuple[str, str, str, str]) -> str:
    return (
        f'<q:AdhocQueryResponse xmlns:q="{_QUERY}" xmlns:r="{_RS}" xmlns:rim="{_RIM}" status="{status}">'
        f"{errors(*listed)}<rim:RegistryObjectList>{objects}</rim:RegistryObjectList></q:AdhocQueryResponse>"
    )


def retrieved(documents: Mapping[str, str], status: str = SUCCESS, *listed: tuple[str, str, str, str]) -> str:
    """An ITI-43 answer: unique id and content id (or base64 behind ``inline:``) of each document."""
    each = "".join(
        "<x:DocumentResponse><x:RepositoryUniqueId>1.2.250.1.999.7.1</x:RepositoryUniqueId>"
        f"<x:DocumentUniqueId>{unique_id}</x:DocumentUniqueId><x:mimeType>application/dicom</x:mimeType>"
        f'<x:Document><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:{content_id}"/>'
        "</x:Document></x:DocumentResponse>"
        for unique_id, content_id in documents.items()
    )
    return (
        '<x:RetrieveDocumentSetResponse xmlns:x="urn:ihe:iti:xds-b:2007">'
        f"{response(status, *listed)}{each}</x:RetrieveDocumentSetResponse>"
    )


def multipart(root: bytes, parts: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Content-Type and body; the boundary begins with the dashes that Java's writers put there."""
    pieces = [f'--{BOUNDARY}\r\nContent-Type: application/xop+xml; type="application/soap+xml"\r\n'.encode()]
    pieces += [b"Content-ID: <root@hand>\r\n\r\n", root]
    for content_id, content in parts.items():
        head = f"\r\n--{BOUNDARY}\r\nContent-ID: <{content_id}>\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        pieces += [head.encode(), content]
    pieces.append(f"\r\n--{BOUNDARY}--".encode())
    kind = f'multipart/related; type="application/xop+xml"; start="<root@hand>"; boundary="{BOUNDARY}"'
    return kind, b"".join(pieces)


def saying(
    body: str | Callable[[Wire], str], parts: Mapping[str, bytes] | None = None
) -> Callable[[Received, BaseHTTPRequestHandler], None]:
    """Answers with *body*, in MTOM when there are *parts*."""

    def behave(seen: Received, handler: BaseHTTPRequestHandler) -> None:
        wire = read(seen)
        root = envelope(body(wire) if callable(body) else body, wire.headers["MessageID"])
        kind, content = ("application/soap+xml", root) if parts is None else multipart(root, parts)
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return behave


class Repeated(io.RawIOBase):
    """A document as large as one likes that no one holds: *block* over and over, cut at *size_bytes*."""

    def __init__(self, size_bytes: int, block: bytes = bytes(range(256)) * 256) -> None:
        self.size_bytes = size_bytes
        self._block = block
        self._position = 0

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, self.size_bytes, len(self._block)):
            yield self._block[: min(len(self._block), self.size_bytes - start)]

    def sha1(self) -> str:
        digest = hashlib.sha1(usedforsecurity=False)
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset if whence == io.SEEK_SET else self.size_bytes + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        start = self._position % len(self._block)
        given = self._block[start : start + min(len(buffer), self.size_bytes - self._position)]
        buffer[: len(given)] = given
        self._position += len(given)
        return len(given)
