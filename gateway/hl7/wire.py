"""The bytes of one connection, as asyncio gives them: a piece at a time, and no further one before it is asked for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

_PIECES = 2
"""Of what has come and was not asked for, 256 KiB each at most; more stays in the sender, which TCP holds back."""


class Wire(asyncio.Protocol):
    """For one reader and one writer at a time. *connected* is called when it can be read from and written to."""

    def __init__(self, connected: Callable[[Wire], None]) -> None:
        self._connected = connected
        self._pieces: deque[bytes] = deque()
        self._ended = self._lost = False
        self._error: OSError | None = None
        self._wanted: asyncio.Future[None] | None = None
        self._full = False
        self._drained: asyncio.Future[None] | None = None
        self._closed = asyncio.get_running_loop().create_future()

    # .. what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._connected(self)

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        if len(self._pieces) >= _PIECES:
            self.transport.pause_reading()
        _tell(self._wanted)

    def eof_received(self) -> bool:
        self._ended = True
        _tell(self._wanted)
        # What it asked is still answered; TLS has no such half.
        return self.transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = self._lost = True
        self._error = exc if exc is None or isinstance(exc, OSError) else ConnectionResetError()
        for waited_for in (self._wanted, self._drained, self._closed):
            _tell(waited_for)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _tell(self._drained)

    # .. what a connection calls

    async def read(self) -> bytes:
        """The next piece, empty at the end; raises OSError when the connection was lost."""
        if not self._pieces and not self._ended:
            self._wanted = asyncio.get_running_loop().create_future()
            self.transport.resume_reading()
            try:
                await self._wanted
            finally:
                self._wanted = None
        if self._pieces:
            return self._pieces.popleft()
        if self._error is not None:
            raise self._error
        return b""

    def hold(self) -> bool:
        """Take nothing from the socket until :meth:`read`; whether nothing was taken that is not read, nor is left to
        be sent: whoever reads and writes there meanwhile reads and writes what comes next."""
        self.transport.pause_reading()
        return not (self._pieces or self._ended or self.transport.get_write_buffer_size())

    async def write(self, data: bytes) -> None:
        """Send, and wait while too much of what was sent before is not taken; raises OSError."""
        self.transport.write(data)
        if self._full and not self._lost:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
        if self._lost:
            raise self._error or ConnectionResetError()

    async def close(self) -> None:
        """Close when everything is sent; raises OSError where that was not possible."""
        self.transport.close()
        await asyncio.shield(self._closed)
        if self._error is not None:
            raise self._error


def _tell(waited_for: asyncio.Future[None] | None) -> None:
    if waited_for is not None and not waited_for.done():
        waited_for.set_result(None)
