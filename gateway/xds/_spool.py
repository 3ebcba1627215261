"""What came in a message: its parts, which wait in one spool until they are read.

In memory up to a limit, beyond it in one unnamed temporary file.
"""

from __future__ import annotations

import bisect
import hashlib
import io
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, TYPE_CHECKING, BinaryIO

from gateway.errors import Unavailable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK_BYTES = 256 * 1024
"""Of what is read out of the spool at once: each piece gives the interpreter away and waits to have it back."""
_PIECE_BYTES = 1024
"""What a piece in memory counts at least: a message that drips in holds more in objects than in bytes."""


class Spool:
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
    _spool: Spool = field(repr=False)
    _offset: int = field(default=0, repr=False)

    @classmethod
    def of(cls, content: bytes, mime_type: str = "") -> Part:
        """A part that is not of a message: a document that stood in the envelope itself."""
        spool = Spool(len(content) + _PIECE_BYTES)
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
    _spool: Spool = field(repr=False)

    def close(self) -> None:
        self._spool.close()

    def __enter__(self) -> Incoming:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
