"""multipart/related, read without sockets: fed with chunks of any size, it keeps every part byte for byte.

A line end belongs to the delimiter that follows it and to nothing else, so a document may begin and end with CR LF.
Contents wait in one spool a message: in memory up to a limit, then in one unnamed temporary file.

Sources: RFC 2046 section 5.1.1 (grammar), RFC 2387 (``start``), SOAP MTOM (W3C, 2005).
"""

from __future__ import annotations

import bisect
import enum
import hashlib
import io
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, TYPE_CHECKING, BinaryIO

from gateway.errors import InputRejected, InputTooLarge, Unavailable
from gateway.xds import mime

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SOAP_MEDIA_TYPE = "application/soap+xml"
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")

_CHUNK_BYTES = 256 * 1024
"""Of what is read out of the spool at once: each piece gives the interpreter away and waits to have it back."""
_PIECE_BYTES = 1024
"""What a piece in memory counts at least: a message that drips in holds more in objects than in bytes."""
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


class _Spool:
    """The contents of all parts, one after the other: in memory as they came, beyond *memory_bytes* in one unnamed
    temporary file."""

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._pieces: list[bytes] = []
        self._starts: list[int] = []
        """Where each piece begins."""
        self._held_bytes = 0
        self._file: IO[bytes] | None = None
        self.size_bytes = 0

    def append(self, data: bytes) -> None:
        if not data:
            return
        if self._file is None:
            self._held_bytes += max(len(data), _PIECE_BYTES)
            if self._held_bytes <= self._memory_bytes:
                self._pieces.append(data)
                self._starts.append(self.size_bytes)
                self.size_bytes += len(data)
                return
        try:
            if self._file is None:
                self._file = self._moved()
            self._file.write(data)
        except OSError as error:
            raise Unavailable("mtom_spool") from error
        self.size_bytes += len(data)

    def read(self, offset: int, size: int) -> bytes:
        if self._file is None:
            return self._remembered(offset, size)
        try:
            self._file.seek(offset)
            return self._file.read(size)
        except OSError as error:
            raise Unavailable("mtom_spool") from error

    def close(self) -> None:
        self._pieces.clear()
        self._starts.clear()
        if self._file is not None:
            self._file.close()

    def _moved(self) -> IO[bytes]:
        """A file that holds what was in memory."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with its message
        try:
            file.writelines(self._pieces)
        except BaseException:
            file.close()
            raise
        self._pieces.clear()
        self._starts.clear()
        return file

    def _remembered(self, offset: int, size: int) -> bytes:
        """At most *size* bytes from *offset*; a part that came at once is given as it is, without a copy."""
        first = bisect.bisect_right(self._starts, offset) - 1
        found: list[bytes] = []
        while size > 0 and 0 <= first < len(self._pieces):
            start = offset - self._starts[first]
            piece = self._pieces[first][start : start + size]
            if not piece:
                break
            found.append(piece)
            offset += len(piece)
            size -= len(piece)
            first += 1
        return found[0] if len(found) == 1 else b"".join(found)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One part of a message that was read; usable by one thread, until its message is closed."""

    content_id: str
    mime_type: str
    size_bytes: int
    _spool: _Spool = field(repr=False)
    _offset: int = field(default=0, repr=False)

    @classmethod
    def of(cls, content: bytes, mime_type: str = "") -> Part:
        """A part that is not of a message: a document that stood in the envelope itself."""
        spool = _Spool(len(content) + _PIECE_BYTES)
        spool.append(content)
        return cls("", mime_type, len(content), spool)

    def read(self) -> bytes:
        """The whole content."""
        return self._spool.read(self._offset, self.size_bytes)

    def chunks(self, size: int = _CHUNK_BYTES) -> Iterator[bytes]:
        """The content in pieces of at most *size* bytes."""
        for start in range(0, self.size_bytes, size):
            yield self._spool.read(self._offset + start, min(size, self.size_bytes - start))

    def open(self) -> BinaryIO:
        """The content as a seekable stream, for sending it on."""
        return io.BufferedReader(_Window(self), _CHUNK_BYTES)

    def sha1(self) -> str:
        """The XDS hash, 40 hexadecimal digits (ITI TF-3 section 4.2.3.2.10)."""
        digest = hashlib.sha1(usedforsecurity=False)
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()


class _Window(io.RawIOBase):
    """A part as a file of its own."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._part.size_bytes}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        size = max(0, min(len(view), self._part.size_bytes - self._position))
        content = self._part._spool.read(self._part._offset + self._position, size)
        view[: len(content)] = content
        self._position += len(content)
        return len(content)


@dataclass(frozen=True, slots=True, eq=False)
class Incoming:
    """A message that was read to its end: the envelope and the other parts by their content ids. Close it."""

    root: Part
    parts: Mapping[str, Part]
    action: str
    """The ``action`` parameter of the Content-Type, or empty."""
    _spool: _Spool = field(repr=False)

    def close(self) -> None:
        self._spool.close()

    def __enter__(self) -> Incoming:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
        self._spool = _Spool(limits.memory_bytes)

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
