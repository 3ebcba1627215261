"""Bodies of DICOMweb answers: multipart as it comes, and never an end that looks whole when something is missing.

A body whose length is known from the start is sent with it. One that is sent while it comes has no length and ends with
its closing boundary and the last chunk of HTTP; when the PACS fails in between, neither is sent: the connection is
closed, which every client takes for a broken transfer (RFC 9112 section 7.1).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import structlog

from gateway.errors import GatewayError, NotSupportedYet
from gateway.model.image import StoredInstance

log = structlog.get_logger(__name__)


class BrokenOff(Exception):
    """The answer cannot be ended rightly: the server closes the connection."""


class Piece(NamedTuple):
    """One part of a multipart answer."""

    media_type: str
    content: Sequence[bytes]
    location: str = ""

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self.content))


class Multipart:
    """The frame around pieces (RFC 2046 section 5.1.1, RFC 2387)."""

    def __init__(self, root_type: str) -> None:
        self._mark = secrets.token_hex(20)
        self._begun = False
        self.content_type = f'multipart/related; type="{root_type}"; boundary="{self._mark}"'

    def head(self, piece: Piece) -> bytes:
        """What stands before a piece; nothing before the first boundary, which some clients look for at the start."""
        opening = "\r\n" if self._begun else ""
        self._begun = True
        location = f"Content-Location: {piece.location}\r\n" if piece.location else ""
        return (
            f"{opening}--{self._mark}\r\nContent-Type: {piece.media_type}\r\n"
            f"Content-Length: {piece.size_bytes}\r\n{location}\r\n"
        ).encode("ascii")

    @property
    def end(self) -> bytes:
        """What stands after the last."""
        return f"\r\n--{self._mark}--\r\n".encode("ascii")

    def whole(self, pieces: Sequence[Piece]) -> list[bytes]:
        """All of it."""
        found: list[bytes] = []
        for piece in pieces:
            found += [self.head(piece), *piece.content]
        return [*found, self.end]


def piece(instance: StoredInstance) -> Piece:
    """*instance* as a part."""
    return Piece(f"application/dicom; transfer-syntax={instance.transfer_syntax}", (instance.head, instance.data))


class Coming(Iterator[Piece]):
    """Pieces that are made while they come, those passed over that are in no form that is taken.

    What an answer is has been said before its end is known: something may be passed over only as long as the answer
    says, or can say still, that it is not everything.
    """

    def __init__(self, made: Iterator[Callable[[], Piece]]) -> None:
        self._made = made
        self.left_out = 0
        self.may_leave_out = True

    def __next__(self) -> Piece:
        """Raises NotSupportedYet where the answer says that it is everything, and what the making raises."""
        for make in self._made:
            try:
                return make()
            except NotSupportedYet:
                if not self.may_leave_out:
                    raise
                self.left_out += 1
        raise StopIteration


class Flowing:
    """A body that is sent while it comes: an iterable for the server, which closes it at the end or before."""

    def __init__(
        self,
        frame: Multipart,
        first: Piece,
        rest: Iterator[Piece],
        close: Callable[[], None],
        told: Callable[[int, str], None],
    ) -> None:
        """*told* is called at the end with the number of pieces that were sent whole, and the code of what ended it."""
        self._frame = frame
        self._first = first
        self._rest = rest
        self._close = close
        self._told = told
        self._sent = 0
        self._code = ""

    def __iter__(self) -> Iterator[bytes]:
        """Raises BrokenOff in the middle where the rest does not come."""
        current: Piece | None = self._first
        while current is not None:
            # What is small goes out with what is large behind it, not by itself.
            *small, large = current.content
            yield b"".join((self._frame.head(current), *small))
            yield large
            self._sent += 1
            try:
                current = next(self._rest, None)
            except GatewayError as error:
                self._code = error.code
                log.warning("wado.broken_off", code=error.code, sent=self._sent)
                raise BrokenOff from None
        yield self._frame.end

    def close(self) -> None:
        """Leave the transfer."""
        self._close()
        self._told(self._sent, self._code)
