"""A multipart body read as it comes, part by part (RFC 2046 section 5.1.1, DICOM PS3.18 section 8.6).

A boundary that also stands inside a part cannot be told from the real one, so the length that a part declares is
followed where it declares one; its bytes are then received where they stay. No sockets here: the body is whatever has
``read`` and ``readline``.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Protocol

_LINE_BYTES = 64 << 10
_LINES = 1000
_PIECE_BYTES = 1 << 20
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)')
"""Name and value of one parameter of a media type (RFC 9110 section 5.6.6)."""
_QUOTED_PAIR = re.compile(r"\\(.)")


class Broken(Exception):
    """The body is no multipart body, or ends before its last boundary."""


class TooLarge(Exception):
    """A part is above the limit."""


class Stream(Protocol):
    """A body on its way."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self, limit: int, /) -> bytes: ...


def boundary(content_type: str) -> bytes:
    """The boundary that *content_type* states; empty where it is not multipart."""
    if not content_type.lstrip().lower().startswith("multipart/"):
        return b""
    for name, value in _PARAMETER.findall(content_type):
        if name.lower() == "boundary":
            plain = _QUOTED_PAIR.sub(r"\1", value[1:-1]) if value.startswith('"') else value
            return str(plain).encode("latin-1", "replace")
    return b""


class Content:
    """What one part holds, to be read before the next part is asked for; what is left then is thrown away."""

    def __init__(self, stream: Stream, length: int) -> None:
        self._stream = stream
        self.left = length
        """Bytes that were not read yet."""

    def read(self, size: int) -> bytes:
        """The next *size* bytes, or fewer at the end of the part; raises Broken where the body ends before that."""
        size = min(size, self.left)
        found = self._stream.read(size)
        while len(found) < size:
            more = self._stream.read(size - len(found))
            if not more:
                raise Broken
            found += more
        self.left -= size
        return found


class Parts:
    """The parts of one body, in order."""

    def __init__(self, mark: bytes, stream: Stream, limit_bytes: int) -> None:
        """*mark*: the boundary; *limit_bytes*: of one part."""
        self._delimiter = b"--" + mark
        self._stream = stream
        self._limit_bytes = limit_bytes

    def __iter__(self) -> Iterator[Content]:
        """Raises Broken and TooLarge, and what the body's own reading raises."""
        last = self._to_first()
        while not last:
            length = self._declared()
            if length is None:
                found, last = self._up_to_boundary()
                yield Content(io.BytesIO(found), len(found))
                continue
            if length > self._limit_bytes:
                raise TooLarge
            content = Content(self._stream, length)
            yield content
            while content.left:
                content.read(_PIECE_BYTES)
            last = self._boundary_after()

    def _to_first(self) -> bool:
        """Throw away the preamble; whether the first boundary is the last."""
        for _ in range(_LINES):
            line = self._line()
            ended = self._is_boundary(line)
            if ended is not None:
                return ended
        raise Broken

    def _line(self) -> bytes:
        line = self._stream.readline(_LINE_BYTES)
        if not line:
            raise Broken
        return line

    def _is_boundary(self, line: bytes) -> bool | None:
        """Whether *line* is the closing boundary; None where it is none at all."""
        if not line.startswith(self._delimiter):
            return None
        rest = line[len(self._delimiter) :].strip(b" \t\r\n")
        return {b"": False, b"--": True}.get(rest)

    def _declared(self) -> int | None:
        """The length that the part's header fields state."""
        length: int | None = None
        for _ in range(_LINES):
            line = self._line().rstrip(b"\r\n")
            if not line:
                return length
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
        raise Broken

    def _boundary_after(self) -> bool:
        """The boundary behind a part of a declared length; whether it is the last."""
        if self._line().strip(b"\r\n"):
            raise Broken
        ended = self._is_boundary(self._line())
        if ended is None:
            raise Broken
        return ended

    def _up_to_boundary(self) -> tuple[bytes, bool]:
        """A part up to the next boundary, and whether that is the last."""
        found = bytearray()
        while True:
            line = self._stream.readline(_PIECE_BYTES)
            if not line:
                raise Broken
            if found.endswith(b"\r\n") or not found:
                ended = self._is_boundary(line)
                if ended is not None:
                    return bytes(found[:-2]), ended
            found += line
            if len(found) > self._limit_bytes:
                raise TooLarge
