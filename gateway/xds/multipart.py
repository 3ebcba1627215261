"""multipart/related, read without sockets: fed with chunks of any size, it keeps every part byte for byte.

A line end belongs to the delimiter that follows it and to nothing else, so a document may begin and end with CR LF.
Contents wait in one spool a message (``_spool.py``).

Sources: RFC 2046 section 5.1.1 (grammar), RFC 2387 (``start``), SOAP MTOM (W3C, 2005).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from gateway.errors import InputRejected, InputTooLarge
from gateway.xds import mime
from gateway.xds._spool import Incoming, Part, Spool

SOAP_MEDIA_TYPE = "application/soap+xml"
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")

_MAXIMUM_PADDING_BYTES = 64
_LINE_END = re.compile(rb"[ \t]*\r\n")
_UNDECIDED = re.compile(rb"-?|[ \t]*\r?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a message may be at most."""

    parts: int = 1000
    header_bytes: int = 16 * 1024
    """Of one part."""
    root_bytes: int = 64 * 1024 * 1024
    """Of the envelope, which is read into memory."""
    part_bytes: int = 1024 * 1024 * 1024
    """Of one document, decoded."""
    total_bytes: int = 2 * 1024 * 1024 * 1024
    memory_bytes: int = 1024 * 1024
    """What all parts of a message may hold in memory; beyond it they go to one temporary file."""


DEFAULT = Limits()


class _State(enum.Enum):
    PREAMBLE = enum.auto()
    HEADER = enum.auto()
    BODY = enum.auto()
    EPILOGUE = enum.auto()
    SINGLE = enum.auto()
    """Not a multipart: all that comes is the envelope."""


class Reader:
    """Reads one message, fed with chunks as they come; every way of cutting gives the same parts.

    ``multipart/related`` is read as MTOM (the first part, or the one that ``start`` names, is the envelope);
    a bare ``application/soap+xml`` is an envelope without parts.

    Raises InputRejected (``mtom_media_type``, ``mtom_boundary``, ``mtom_truncated``, ``mtom_root``, ``mtom_part``,
    ``mime_header``, ``mime_encoding``), InputTooLarge (``mtom_too_large``, ``facts["what"]`` tells of what) and
    Unavailable (``mtom_spool``: no room for the parts). After an error nothing is kept.
    """

    def __init__(self, content_type: str, limits: Limits = DEFAULT) -> None:
        declared = mime.ContentType.parse(content_type)
        self._limits = limits
        self._parameters = declared.parameters
        self._total_bytes = 0
        self._parts: list[Part] = []
        self._content_id = self._mime_type = ""
        self._decoder: mime.Decoder = mime.Identity()
        self._start = 0
        self._drop = 0
        # The line end before the first delimiter may be missing: it is put there.
        self._buffer = bytearray(b"\r\n")
        self._delimiter = b""
        if declared.media_type == "multipart/related":
            boundary = declared.parameters.get("boundary", "")
            if BOUNDARY.fullmatch(boundary) is None:
                raise InputRejected("mtom_boundary")
            self._delimiter = b"\r\n--" + boundary.encode("ascii")
            self._state = _State.PREAMBLE
        elif declared.media_type == SOAP_MEDIA_TYPE:
            self._mime_type = SOAP_MEDIA_TYPE
            self._state = _State.SINGLE
        else:
            raise InputRejected("mtom_media_type", media_type=declared.media_type[:100])
        self._spool = Spool(limits.memory_bytes)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        try:
            self._total_bytes += len(chunk)
            if self._total_bytes > self._limits.total_bytes:
                raise InputTooLarge("mtom_too_large", what="message", limit=self._limits.total_bytes)
            if self._state is _State.SINGLE:
                self._keep(chunk)
            elif self._state is not _State.EPILOGUE:
                self._buffer += chunk
                while self._step():
                    continue
        except Exception:
            self.close()
            raise

    def finish(self) -> Incoming:
        """The message; the body has ended. What it holds is the caller's to close."""
        try:
            if self._state is _State.SINGLE:
                self._end_part()
            elif self._state is not _State.EPILOGUE:
                raise InputRejected("mtom_truncated")
            root, parts = self._sorted()
            if root.size_bytes > self._limits.root_bytes:
                raise InputTooLarge("mtom_too_large", what="envelope", limit=self._limits.root_bytes)
            return Incoming(root, parts, self._parameters.get("action", ""), self._spool)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Forget everything: for a message that is given up."""
        self._spool.close()
        self._buffer.clear()

    def _step(self) -> bool:
        """One move; False when it needs more bytes."""
        if self._state is _State.HEADER:
            return self._header()
        if self._state is _State.EPILOGUE:
            self._buffer.clear()
            return False
        return self._until_delimiter()

    def _until_delimiter(self) -> bool:
        found = self._buffer.find(self._delimiter)
        if found < 0:
            self._take(max(0, len(self._buffer) - len(self._delimiter) + 1))
            return False
        end = found + len(self._delimiter)
        tail = bytes(self._buffer[end : end + _MAXIMUM_PADDING_BYTES + 2])
        line_end = _LINE_END.match(tail)
        if not tail.startswith(b"--") and line_end is None:
            if len(tail) < _MAXIMUM_PADDING_BYTES + 2 and _UNDECIDED.fullmatch(tail):
                self._take(found)
                return False
            self._take(end)  # a line of the content that only begins like the delimiter
            return True
        self._take(found)
        if self._state is _State.BODY:
            self._end_part()
        if line_end is None:
            self._state = _State.EPILOGUE
        else:
            # The line end stays: with it an empty header ends in CR LF CR LF as every other.
            del self._buffer[: len(self._delimiter) + line_end.end() - 2]
            self._state = _State.HEADER
        return True

    def _header(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end > self._limits.header_bytes or (end < 0 and len(self._buffer) - 4 >= self._limits.header_bytes):
            raise InputTooLarge("mtom_too_large", what="part header", limit=self._limits.header_bytes)
        if end < 0:
            return False
        fields = mime.parse_fields(bytes(self._buffer[2:end]))
        # The last line end stays too, for a delimiter may follow at once; it is no content.
        del self._buffer[: end + 2]
        self._drop = 2
        if len(self._parts) >= self._limits.parts:
            raise InputTooLarge("mtom_too_large", what="number of parts", limit=self._limits.parts)
        self._content_id = fields.get("content-id", "").removeprefix("<").removesuffix(">")
        self._mime_type = mime.ContentType.parse(fields.get("content-type", "application/octet-stream")).media_type
        self._decoder = mime.decoder(fields.get("content-transfer-encoding", ""))
        self._state = _State.BODY
        return True

    def _take(self, size: int) -> None:
        """Remove *size* bytes from the buffer; in a body they are content, but for the header's line end."""
        if self._state is _State.BODY and size:
            dropped = min(self._drop, size)
            self._drop -= dropped
            with memoryview(self._buffer) as whole, whole[dropped:size] as content:
                self._keep(bytes(content))
        del self._buffer[:size]

    def _keep(self, data: bytes) -> None:
        content = self._decoder.feed(data)
        if self._spool.size_bytes - self._start + len(content) > self._limits.part_bytes:
            raise InputTooLarge("mtom_too_large", what="document", limit=self._limits.part_bytes)
        self._spool.append(content)

    def _end_part(self) -> None:
        self._spool.append(self._decoder.finish())
        size_bytes = self._spool.size_bytes - self._start
        self._parts.append(Part(self._content_id, self._mime_type, size_bytes, self._spool, self._start))
        self._start = self._spool.size_bytes

    def _sorted(self) -> tuple[Part, dict[str, Part]]:
        start = self._parameters.get("start", "").removeprefix("<").removesuffix(">")
        root = next((part for part in self._parts if not start or part.content_id == start), None)
        if root is None:
            raise InputRejected("mtom_root")
        parts: dict[str, Part] = {}
        for part in self._parts:
            if part is root:
                continue
            if not part.content_id or part.content_id in (*parts, root.content_id):
                raise InputRejected("mtom_part", words="Content-ID")
            parts[part.content_id] = part
        return root, parts
