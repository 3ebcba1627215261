"""How many bytes of unfinished and unanswered messages all connections together may hold."""

from __future__ import annotations

import asyncio


class Budget:
    """A shared limit that cannot deadlock.

    When the limit is reached, only the holder that has held longest may take more (it ends, or its read timeout ends
    it), and the others wait. The total therefore stays below the limit plus one message.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        # In the order of their first byte.
        self._held: dict[object, int] = {}
        self._changed = asyncio.Condition()

    @property
    def held_bytes(self) -> int:
        """What is held by all."""
        return sum(self._held.values())

    async def hold(self, holder: object, size_bytes: int) -> None:
        """Have *holder* hold *size_bytes* in all; waits while that is more than the limit leaves."""
        if size_bytes <= self._held.get(holder, 0):
            await self.release(holder, size_bytes)
            return
        async with self._changed:
            await self._changed.wait_for(lambda: self._may(holder, size_bytes))
            self._held[holder] = size_bytes

    async def release(self, holder: object, size_bytes: int = 0) -> None:
        """Have *holder* hold only *size_bytes* from now on; 0 forgets it."""
        if self._held.get(holder, 0) == size_bytes:
            return
        async with self._changed:
            if size_bytes:
                self._held[holder] = size_bytes
            else:
                self._held.pop(holder, None)
            self._changed.notify_all()

    def _may(self, holder: object, size_bytes: int) -> bool:
        others = self.held_bytes - self._held.get(holder, 0)
        return others + size_bytes <= self._limit or next(iter(self._held), holder) is holder
