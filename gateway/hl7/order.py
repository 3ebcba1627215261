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


class Line:
    """The messages of one port that wait for a thread."""

    def __init__(self) -> None:
        self.waiting = 0


class Order:
    """The latest place of each sender, over all ports; for several threads.

    Places are taken in the order in which threads come to the messages, so the earliest one that has not passed always
    has its thread: that is why :meth:`at_once` gives none while others of the port wait for theirs.
    """

    def __init__(self) -> None:
        self._latest: dict[str, Place] = {}
        self._changing = threading.Lock()

    def place(self, sender: str, line: Line | None = None) -> Place:
        """The place behind the latest message of *sender*, for a message that waits in *line* until :meth:`begun`."""
        with self._changing:
            if line is not None:
                line.waiting += 1
            return self._place(sender)

    def at_once(self, sender: str, line: Line) -> Place | None:
        """A place for a message whose thread is there already; None where it must go behind others in *line*."""
        with self._changing:
            return None if line.waiting else self._place(sender)

    def begun(self, line: Line) -> None:
        """One that waited in *line* has its thread, or needs none any more."""
        with self._changing:
            line.waiting -= 1

    def leave(self, sender: str, place: Place) -> None:
        """Forget *sender* when *place* was its latest: nobody stands behind it."""
        with self._changing:
            if self._latest.get(sender) is place:
                del self._latest[sender]

    def _place(self, sender: str) -> Place:
        latest = self._latest.get(sender)
        made = Place(None if latest is None or latest.is_clear else latest)
        self._latest[sender] = made
        return made
