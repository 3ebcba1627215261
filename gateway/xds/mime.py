"""MIME as MTOM uses it: header fields, content types with parameters, transfer encodings. No I/O.

Sources: RFC 2045 (fields, transfer encodings), RFC 2046 section 5.1 (multipart), RFC 2387 (multipart/related).
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import InputRejected, InputTooLarge

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - the token of RFC 2045, section 5.1
_MEDIA_TYPE = re.compile(rf"[ \t]*({_TOKEN}/{_TOKEN})[ \t]*")
# Peers write parameters unquoted that the grammar wants quoted (boundary=----=_Part_1): all up to ';' is taken.
_PARAMETER = re.compile(rf';[ \t\r\n]*({_TOKEN})[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^;"]*)[ \t]*')
_FIELD = re.compile(rf"({_TOKEN})[ \t]*:(.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_FOLD = re.compile(r"\r\n(?=[ \t])")
_ONCE = frozenset({"content-type", "content-id", "content-transfer-encoding"})
_MAXIMUM_FIELD_CHARACTERS = 4096
_MAXIMUM_LINE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class ContentType:
    """A Content-Type: ``media_type`` in lower case, ``parameters`` by their names in lower case."""

    media_type: str
    parameters: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> ContentType:
        """Read the value of a Content-Type field; raises InputRejected (``mime_header``)."""
        if _MEDIA_TYPE.fullmatch(text) and len(text) <= _MAXIMUM_FIELD_CHARACTERS:  # as most parts have it
            return cls(text.strip(" \t").lower(), {})
        media = _MEDIA_TYPE.match(text)
        if media is None or len(text) > _MAXIMUM_FIELD_CHARACTERS:
            raise InputRejected("mime_header", field="Content-Type")
        parameters: dict[str, str] = {}
        position = media.end()
        while text[position:].strip(" \t\r\n;"):
            match = _PARAMETER.match(text, position)
            if match is None or match[1].lower() in parameters:
                raise InputRejected("mime_header", field="Content-Type")
            parameters[match[1].lower()] = _unquoted(match[2])
            position = match.end()
        return cls(media[1].lower(), parameters)


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        return _ESCAPED.sub(r"\1", value[1:-1]) if "\\" in value else value[1:-1]
    return value.strip()


def quoted(value: str) -> str:
    """*value* as a quoted-string; raises ValueError when it holds a control character or is not ASCII."""
    if not value.isascii() or not value.isprintable():
        raise ValueError("not printable ASCII")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def parse_fields(block: bytes) -> dict[str, str]:
    """The fields of a part's header, names in lower case, folded lines unfolded.

    Raises InputRejected (``mime_header``) for a line that is no field and for a Content field given twice.
    """
    fields: dict[str, str] = {}
    if not block:
        return fields
    text = _FOLD.sub("", block.decode("latin-1"))
    for line in text.split("\r\n"):
        match = _FIELD.fullmatch(line)
        if match is None:
            raise InputRejected("mime_header", field="?")
        name = match[1].lower()
        if name in fields and name in _ONCE:
            raise InputRejected("mime_header", field=name)
        fields[name] = match[2].strip()
    return fields


class Decoder(Protocol):
    """Takes a part's body in chunks and gives its content, the same for every way of cutting."""

    def feed(self, data: bytes) -> bytes:
        """Raises InputRejected (``mime_encoding``)."""

    def finish(self) -> bytes:
        """What was kept back; raises as :meth:`feed`."""


class Identity:
    """``7bit``, ``8bit``, ``binary``: the octets are the content."""

    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class Base64:
    """``base64`` (RFC 2045 section 6.8), as the French demonstrator sends its manifests. Blanks alone are skipped."""

    def __init__(self) -> None:
        self._rest = b""
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        text = self._rest + data.translate(None, b" \t\r\n")
        whole = len(text) - len(text) % 4
        self._rest = text[whole:]
        if not whole:
            return b""
        if self._ended:
            raise InputRejected("mime_encoding", encoding="base64")
        self._ended = text[:whole].endswith(b"=")
        try:
            return binascii.a2b_base64(text[:whole], strict_mode=True)
        except binascii.Error:
            raise InputRejected("mime_encoding", encoding="base64") from None

    def finish(self) -> bytes:
        if self._rest:
            raise InputRejected("mime_encoding", encoding="base64")
        return b""


class QuotedPrintable:
    """``quoted-printable`` (RFC 2045 section 6.7), decoded line by line."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if any(len(line) > _MAXIMUM_LINE_BYTES for line in (*lines, self._rest)):
            raise InputTooLarge("mime_encoding", encoding="quoted-printable")
        return b"".join(binascii.a2b_qp(line + b"\n") for line in lines)

    def finish(self) -> bytes:
        rest, self._rest = self._rest, b""
        return binascii.a2b_qp(rest)


def decoder(encoding: str) -> Decoder:
    """The decoder of a Content-Transfer-Encoding (any case; empty means ``7bit``).

    Raises InputRejected (``mime_encoding``) for an encoding that RFC 2045 does not name.
    """
    name = encoding.strip().lower()
    if name in ("", "7bit", "8bit", "binary"):
        return Identity()
    if name == "base64":
        return Base64()
    if name == "quoted-printable":
        return QuotedPrintable()
    raise InputRejected("mime_encoding", encoding=name[:40])
