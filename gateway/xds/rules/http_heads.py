"""The HTTP head of a message, where the file has one: first line, fields, and the body without its chunks.

Sources: RFC 9110 sections 5.2, 5.3, 8.6; RFC 9112 sections 2 to 7 (message format, transfer codings).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.xds.rules.rule import ERROR, Findings, rule

MOST_BYTES = 64 * 1024
"""Of a head."""
_START_LINE = re.compile(rb"(?:([A-Z]{3,10}) \S+ HTTP/[123](?:\.[01])?|HTTP/[123](?:\.[01])? (\d{3})[^\r\n]*)\r?\n")
_HEADER_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*:[^\r\n]*\r?\n")
_SINGLE = frozenset({"content-type", "content-length", "soapaction"})
"""Fields that say one thing, so that two of them can only agree."""

HEAD = rule(
    "mime.head",
    ERROR,
    "RFC 9112, RFC 2045",
    "L'en-tête {attribute} est mal formé : « {value} ».",
    "The header {attribute} is malformed: “{value}”.",
)
REPEATED = rule(
    "http.repeated",
    ERROR,
    "RFC 9110 section 5.3",
    "L'en-tête {attribute} est présent deux fois et dit « {value} », puis « {expected} ».",
    "The header {attribute} is there twice and says “{value}”, then “{expected}”.",
)


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a body."""

    fields: Mapping[str, str]
    """By their names in lower case."""
    body: bytes = field(repr=False)
    method: str | None = None
    """Of a request; empty for an answer, None where the file has no first line."""
    status: int | None = None
    """Of an answer."""


def read(content: bytes, findings: Findings) -> Head:
    """The head of *content* and the body behind it; a file without a head is all body."""
    start = _START_LINE.match(content)
    fields, body = _fields(content, start.end() if start else 0, findings)
    length = fields.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        findings.add(HEAD, "HTTP", attribute="Content-Length", value=length)
    if "chunked" in fields.get("transfer-encoding", "").lower():
        whole = unchunked(body)
        # programs that record messages join the chunks and keep the field
        if whole is None and not body.lstrip().startswith((b"--", b"<")):
            findings.add(HEAD, "HTTP", attribute="Transfer-Encoding", value=body[:20].decode("latin-1"))
        body = body if whole is None else whole
    if start is None:
        return Head(fields, body)
    return Head(fields, body, (start[1] or b"").decode("ascii"), int(start[2]) if start[2] else None)


def _fields(content: bytes, position: int, findings: Findings) -> tuple[dict[str, str], bytes]:
    """The fields from *position* (behind the first line or without one), and the rest."""
    fields: dict[str, str] = {}
    began = position
    while match := _HEADER_LINE.match(content, position):
        if match.end() > MOST_BYTES:
            return {}, content
        name, _, value = match[0].decode("latin-1").partition(":")
        name, value = name.strip().lower(), value.strip()
        position = match.end()
        while content[position : position + 1] in (b" ", b"\t"):  # a folded line
            end = content.find(b"\n", position) + 1
            if not end or end > MOST_BYTES:
                return {}, content
            value += " " + content[position:end].decode("latin-1").strip()
            position = end
        if name in _SINGLE and fields.get(name, value) != value:
            findings.add(REPEATED, "HTTP", attribute=name, value=fields[name], expected=value)
        fields.setdefault(name, value)
    if position == began and not began:
        return {}, content
    blank = re.compile(rb"\r?\n").match(content, position)
    if blank is None:
        if not began and "content-type" not in fields:
            return {}, content
        findings.add(HEAD, "HTTP", attribute="HTTP", value=content[position : position + 60].decode("latin-1"))
        return fields, content[position:].lstrip(b"\r\n")
    return fields, content[blank.end() :]


def unchunked(body: bytes) -> bytes | None:
    """The content of a body in chunks (RFC 9112 section 7.1); None when it is not so."""
    pieces: list[bytes] = []
    position = 0
    while True:
        end = body.find(b"\r\n", position)
        size = body[position:end].partition(b";")[0].strip() if end >= 0 else b"?"
        if re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size) is None:
            return None
        length = int(size, 16)
        if not length:
            return b"".join(pieces)
        pieces.append(body[end + 2 : end + 2 + length])
        position = end + 2 + length + 2
