"""A bounded memory of what was fetched: least recently used out first, and each thing fetched once at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from gateway.errors import GatewayError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Flight(Generic[V]):
    """A fetch under way."""

    __slots__ = ("ended", "error", "value")

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.value: V | None = None
        self.error: GatewayError | None = None


class Cache(Generic[K, V]):
    """Holds at most *limit_bytes*; a thing that is larger is handed out and not kept.

    But for one that is no larger than *largest_bytes*: it is kept alone, until the next comes. An instance of a
    thousand frames is so, which would be fetched for each of them.
    """

    def __init__(self, limit_bytes: int, largest_bytes: int = 0) -> None:
        self._limit_bytes = limit_bytes
        self._largest_bytes = max(limit_bytes, largest_bytes)
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._size_bytes = 0
        self._flights: dict[K, _Flight[V]] = {}

    @property
    def size_bytes(self) -> int:
        """What is kept now."""
        return self._size_bytes

    def get(self, key: K, load: Callable[[], tuple[V, int]]) -> V:
        """The value of *key*; *load* gives it with its size in bytes, and is called by one thread at a time a key.

        Raises what *load* raises, to everybody who waits for the same key.
        """
        while True:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key][0]
                flight = self._flights.get(key)
                leads = flight is None
                if flight is None:
                    flight = self._flights[key] = _Flight()
            if leads:
                return self._load(key, flight, load)
            flight.ended.wait()
            if flight.error is not None:
                raise flight.error
            if flight.value is not None:
                return flight.value

    def _load(self, key: K, flight: _Flight[V], load: Callable[[], tuple[V, int]]) -> V:
        try:
            flight.value, size_bytes = load()
            self._keep(key, flight.value, size_bytes)
            return flight.value
        except GatewayError as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                del self._flights[key]
            flight.ended.set()

    def _keep(self, key: K, value: V, size_bytes: int) -> None:
        if size_bytes > self._largest_bytes:
            return
        with self._lock:
            self._kept[key] = (value, size_bytes)
            self._size_bytes += size_bytes
            while self._size_bytes > self._limit_bytes and len(self._kept) > 1:
                _, (_, freed) = self._kept.popitem(last=False)
                self._size_bytes -= freed
