"""The order of a sender's messages, whatever connections they come over.

Messages are read and judged side by side, and their effects happen in the order of their arrival: a message takes a
place when its last byte has come, and goes on to the store when the one before it has gone there or has ended.
"""

from __future__ import annotations

import threading


class Place:
    """One message's place (:class:`gateway.flow.ports.Turn`)."""

    __slots__ = ("_before", "_passed")

    def __init__(self, before: Place | None) -> None:
        self._before = before
        self._passed = threading.Event()

    def wait(self) -> None:
        """One that was refused passed without waiting: then those before it are waited for here."""
        before = self._before
        while before is not None:
            before._passed.wait()
            before = before._before
        self._before = None

    def passed(self) -> None:
        self._passed.set()

    @property
    def is_clear(self) -> bool:
        """Whether it and all before it have passed."""
        before: Place | None = self
        while before is not None:
            if not before._passed.is_set():
                return False
            before = before._before
        return True


class Order:
    """The latest place of each sender; used from one thread (the loop's)."""

    def __init__(self) -> None:
        self._latest: dict[str, Place] = {}

    def place(self, sender: str) -> Place:
        """The place behind the latest message of *sender*."""
        latest = self._latest.get(sender)
        made = Place(None if latest is None or latest.is_clear else latest)
        self._latest[sender] = made
        return made

    def leave(self, sender: str, place: Place) -> None:
        """Forget *sender* when *place* was its latest: nobody stands behind it."""
        if self._latest.get(sender) is place:
            del self._latest[sender]
