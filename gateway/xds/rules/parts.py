"""A file with a message in it, taken apart leniently: HTTP head or none, multipart or plain XML.

``gateway.xds.mtom`` refuses a wrong message at its first fault, as a server must; here every fault becomes a finding
and what can be read is read on. Work and memory grow with the file's size alone: at most :data:`MOST_PARTS` parts.

Sources: RFC 2046 section 5.1.1 (multipart), RFC 2387 (``type``, ``start``, ``start-info``), SOAP MTOM.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field

from gateway.errors import GatewayError, InputRejected
from gateway.xds import mime
from gateway.xds.mtom import XOP_MEDIA_TYPE
from gateway.xds.multipart import BOUNDARY, SOAP_MEDIA_TYPE
from gateway.xds.rules import http_heads
from gateway.xds.rules.http_heads import HEAD
from gateway.xds.rules.rule import ERROR, WARNING, Findings, rule

MOST_PARTS = 1000
_HEAD_BYTES = 64 * 1024
_FIRST_BOUNDARY = re.compile(rb"(?:\A|\n)--([0-9A-Za-z'()+_,\-./:=? ]{1,70}?)[ \t]*\r?\n(?=[A-Za-z-]+[ \t]*:)")
_MTOM = "SOAP MTOM (W3C, 2005), RFC 2387"

MEDIA_TYPE = rule(
    "mime.media-type",
    ERROR,
    f"{_MTOM}, {SOAP_MEDIA_TYPE} of RFC 3902",
    "Le Content-Type est « {value} » ; attendu : {expected}.",
    "The Content-Type is “{value}”; expected: {expected}.",
)
PARAMETER = rule(
    "mime.parameter",
    ERROR,
    _MTOM,
    "Le paramètre {attribute} du Content-Type vaut « {value} » ; attendu : {expected}.",
    "The parameter {attribute} of the Content-Type is “{value}”; expected: {expected}.",
)
CLOSED = rule(
    "mime.closed",
    ERROR,
    "RFC 2046 section 5.1.1",
    "Le message multipart n'a pas de délimiteur final : il est tronqué.",
    "The multipart message has no closing delimiter: it is cut off.",
)
LINE_ENDS = rule(
    "mime.line-ends",
    WARNING,
    "RFC 2046 section 5.1.1",
    "Les lignes des en-têtes finissent par LF au lieu de CR LF : le fichier a sans doute été converti.",
    "The header lines end in LF instead of CR LF: the file was probably converted.",
)
ROOT = rule(
    "mime.root",
    ERROR,
    _MTOM,
    "La partie racine annoncée par start (« {value} ») n'est pas dans le message.",
    "The root part that start names (“{value}”) is not in the message.",
)
FIRST = rule(
    "mime.first",
    ERROR,
    "RFC 2387 section 3.2 (without start the root is the first part)",
    "Sans paramètre start, la première partie (« {value} ») est la racine, et elle n'est pas l'enveloppe.",
    "Without a start parameter the first part (“{value}”) is the root, and it is not the envelope.",
)
ROOT_TYPE = rule(
    "mime.root-type",
    ERROR,
    "XOP 1.0 (W3C, 2005) section 4.1",
    "Le Content-Type de la partie racine est « {value} » ; attendu : {expected}.",
    "The Content-Type of the root part is “{value}”; expected: {expected}.",
)
CONTENT_ID = rule(
    "mime.content-id",
    ERROR,
    "RFC 2387, RFC 2392",
    "Une partie n'a pas de Content-ID, ou deux parties ont le même : « {value} ».",
    "A part has no Content-ID, or two parts have the same: “{value}”.",
)
ENCODING = rule(
    "mime.encoding",
    ERROR,
    "RFC 2045 section 6",
    "Le contenu de la partie « {value} » ne suit pas son Content-Transfer-Encoding.",
    "The content of the part “{value}” does not follow its Content-Transfer-Encoding.",
)
BLANKS = rule(
    "xml.blanks",
    ERROR,
    "XML 1.0 section 2.8",
    "Des blancs précèdent la déclaration XML : aucun lecteur n'est tenu de les accepter.",
    "Blanks stand before the XML declaration: no reader need accept them.",
)
TOO_MANY = rule(
    "mime.parts",
    ERROR,
    "RFC 2046",
    f"Le message a plus de {MOST_PARTS} parties.",
    f"The message has more than {MOST_PARTS} parts.",
)


_XML_ENCODING = re.compile(rb"""\s*<\?xml[^>]{0,60}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks; behind one the declaration is not of ASCII."""


@dataclass(slots=True)
class Part:
    """One part of a multipart message."""

    content_id: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(slots=True)
class Apart:
    """A file taken apart."""

    root: bytes = field(repr=False)
    """The XML."""
    parts: dict[str, Part] = field(default_factory=dict)
    multipart: bool = False
    actions: tuple[str, ...] = ()
    """Every ``action`` that a Content-Type gives: the message's, the root part's, those within their parameters."""
    content_type: str = ""
    method: str | None = None
    """Of the HTTP request; empty for an HTTP answer, None where the file has no first line."""
    status: int | None = None
    """Of the HTTP answer."""


def take_apart(content: bytes, findings: Findings) -> Apart:
    """The XML of *content* and the parts beside it.

    Raises InputRejected ``xds_no_message`` when there is nothing that could be one.
    """
    head = http_heads.read(content, findings)
    apart = _apart(head, findings)
    if stated := head.fields.get("soapaction", "").strip('"'):
        apart.actions = (*apart.actions, stated)  # of SOAP 1.1; who sends it still must not contradict himself
    apart.method, apart.status = head.method, head.status
    return apart


def _apart(head: http_heads.Head, findings: Findings) -> Apart:
    stated, body = head.fields.get("content-type", ""), head.body
    declared = _content_type(stated, findings) if stated else None
    found = _FIRST_BOUNDARY.search(body[:_HEAD_BYTES])
    boundary = declared.parameters.get("boundary", "") if declared else ""
    in_body = found[1].decode("ascii") if found else ""
    if head.method is not None and not stated:
        expected = SOAP_MEDIA_TYPE if _looks_like_xml(body) else "multipart/related"
        findings.add(MEDIA_TYPE, "Content-Type", value="", expected=expected)
    if _looks_like_xml(body):
        if declared and declared.media_type.startswith("multipart/"):
            findings.add(PARAMETER, "Content-Type", attribute="boundary", value=boundary, expected="multipart/related")
        elif declared and declared.media_type != SOAP_MEDIA_TYPE:
            findings.add(MEDIA_TYPE, "Content-Type", value=declared.media_type, expected=SOAP_MEDIA_TYPE)
        elif declared and (wrong := _other_charset(declared, body)):
            findings.add(PARAMETER, "Content-Type", attribute="charset", value=wrong[0], expected=wrong[1])
        return Apart(_without_blanks(body, findings), actions=_actions(declared), content_type=stated)
    if not in_body and (not boundary or f"--{boundary}".encode() not in body):
        raise InputRejected("xds_no_message")
    if declared is not None:
        _declared(declared, in_body or boundary, body, findings)
    used = boundary if boundary and f"--{boundary}".encode() in body else in_body
    return _split(body, used, declared, stated, findings)


def _looks_like_xml(body: bytes) -> bool:
    start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<"))


def _without_blanks(content: bytes, findings: Findings) -> bytes:
    """*content* from its XML declaration on: blanks before it are no XML, and published captures have them."""
    stripped = content.lstrip(b" \t\r\n")
    if stripped == content or not stripped.startswith(b"<?xml"):
        return content
    findings.add(BLANKS, "XML")
    return stripped


def _content_type(text: str, findings: Findings) -> mime.ContentType | None:
    try:
        return mime.ContentType.parse(text)
    except GatewayError:
        findings.add(HEAD, "Content-Type", attribute="Content-Type", value=text)
        return None


def _declared(declared: mime.ContentType, in_body: str, body: bytes, findings: Findings) -> None:
    """The Content-Type of the whole message."""
    if declared.media_type != "multipart/related":
        findings.add(MEDIA_TYPE, "Content-Type", value=declared.media_type, expected="multipart/related")
    known = declared.parameters
    boundary = known.get("boundary", "")
    if BOUNDARY.fullmatch(boundary) is None or f"--{boundary}".encode() not in body:
        findings.add(PARAMETER, "Content-Type", attribute="boundary", value=boundary, expected=in_body)
    for name, expected in (("type", XOP_MEDIA_TYPE), ("start-info", SOAP_MEDIA_TYPE)):
        # start-info may carry the action too: application/soap+xml; action="…"
        if known.get(name, "").partition(";")[0].strip().lower() != expected:
            findings.add(PARAMETER, "Content-Type", attribute=name, value=known.get(name, ""), expected=expected)


def _split(body: bytes, boundary: str, declared: mime.ContentType | None, stated: str, findings: Findings) -> Apart:
    delimiter = b"\n--" + boundary.encode("ascii")
    text = body if body.startswith(delimiter[1:]) else body[max(body.find(delimiter), 0) + 1 :]
    pieces = (b"\n" + text).split(delimiter, MOST_PARTS + 2)
    if len(pieces) > MOST_PARTS + 2:
        findings.add(TOO_MANY, "MIME")
    found: list[Part] = []
    closed = False
    converted = False
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            closed = True
            break
        head, separator, content = _halves(piece)
        converted |= separator == b"\n\n"
        found.append(_part(head, content.removesuffix(b"\r") if separator != b"\n\n" else content, findings))
    if not closed:
        findings.add(CLOSED, "MIME")
    if converted:
        findings.add(LINE_ENDS, "MIME")
    return _sorted(found, declared, stated, findings)


def _halves(piece: bytes) -> tuple[bytes, bytes, bytes]:
    """Header, what parts them, content. The line end behind the delimiter belongs to neither."""
    for separator in (b"\r\n\r\n", b"\n\n"):
        at = piece.find(separator)
        if 0 <= at <= _HEAD_BYTES:
            return piece[:at], separator, piece[at + len(separator) :]
    return b"", b"", piece.lstrip(b"\r\n")


def _part(head: bytes, content: bytes, findings: Findings) -> Part:
    fields: dict[str, str] = {}
    try:
        lines = re.sub(rb"\r?\n", b"\r\n", head.strip(b" \t\r\n"))
        fields = mime.parse_fields(lines) if lines else {}
    except GatewayError:
        findings.add(HEAD, "MIME", attribute="MIME", value=head[:80].decode("latin-1").strip())
    content_id = fields.get("content-id", "").strip().removeprefix("<").removesuffix(">")
    encoding = fields.get("content-transfer-encoding", "")
    if encoding.strip().lower() == "7bit" and not (content.isascii() and b"\0" not in content):
        findings.add(ENCODING, "MIME", value=content_id)
    try:
        decoder = mime.decoder(encoding)
        content = decoder.feed(content) + decoder.finish()
    except GatewayError:
        findings.add(ENCODING, "MIME", value=content_id)
    return Part(content_id, fields.get("content-type", ""), content)


def _other_charset(declared: mime.ContentType, content: bytes) -> tuple[str, str] | None:
    """The charset of a Content-Type and that of the XML, where they differ.

    What the Content-Type says of the characters goes before what the XML says (RFC 7303 section 3): no other.
    """
    stated = declared.parameters.get("charset", "")
    match = _XML_ENCODING.match(content)
    written = match[1].decode("ascii") if match else "UTF-8"
    same = stated.lower() == written.lower() or (stated.lower() == "us-ascii" and content.isascii())
    return None if not stated or same or content.startswith(_UTF_16) else (stated, written)


def _actions(*declared: mime.ContentType | None) -> tuple[str, ...]:
    """Every action that Content-Types give, in ``action`` or within ``type`` and ``start-info``."""
    found: list[str] = []
    for one in filter(None, declared):
        found.append(one.parameters.get("action", ""))
        for name in ("type", "start-info"):
            with contextlib.suppress(GatewayError):
                found.append(mime.ContentType.parse(one.parameters.get(name, "")).parameters.get("action", ""))
    return tuple(dict.fromkeys(filter(None, found)))


def _sorted(found: list[Part], declared: mime.ContentType | None, stated: str, findings: Findings) -> Apart:
    """Which part is the root, and whether it says so."""
    start = (declared.parameters.get("start", "") if declared else "").removeprefix("<").removesuffix(">")
    root = next((part for part in found if part.content_id == start), None) if start else None
    if start and root is None:
        findings.add(ROOT, "Content-Type", attribute="start", value=start)
    root = root or next((part for part in found if "xop+xml" in part.media_type), None) or next(iter(found), None)
    if root is None:
        raise InputRejected("xds_no_message")
    if declared and not start and root is not found[0]:
        findings.add(FIRST, "MIME", value=found[0].content_id)
    declared_root = _content_type(root.media_type, findings) if root.media_type else None
    media_type = declared_root.media_type if declared_root else ""
    if media_type != XOP_MEDIA_TYPE:
        findings.add(ROOT_TYPE, "MIME", value=media_type, expected=XOP_MEDIA_TYPE)
    elif declared_root and declared_root.parameters.get("type", SOAP_MEDIA_TYPE).partition(";")[0] != SOAP_MEDIA_TYPE:
        findings.add(ROOT_TYPE, "MIME", value=declared_root.parameters["type"], expected=f"type={SOAP_MEDIA_TYPE}")
    elif declared_root and (wrong := _other_charset(declared_root, root.content)):
        findings.add(ROOT_TYPE, "MIME", value=f"charset={wrong[0]}", expected=f"charset={wrong[1]}")
    actions = _actions(declared, declared_root)
    apart = Apart(_without_blanks(root.content, findings), multipart=True, actions=actions, content_type=stated)
    for part in found:
        if part is root:
            continue
        if not part.content_id or part.content_id in apart.parts or part.content_id == root.content_id:
            findings.add(CONTENT_ID, "MIME", value=part.content_id)
        if part.content_id:
            apart.parts.setdefault(part.content_id, part)
    return apart
