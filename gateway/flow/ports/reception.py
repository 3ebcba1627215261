"""Messages that come in: their order, and the log of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.model.message import Arrival, KeptMessage, Verdict


class Turn(Protocol):
    """The place of a message among those of its sender: their effects keep the order of their arrival."""

    def wait(self) -> None:
        """Return when every earlier message of the sender is kept, refused, or on its way to the disk in its place."""

    def passed(self) -> None:
        """The next one may go on; to say it twice is harmless."""


class NoTurn:
    """For what has no order to keep."""

    def wait(self) -> None:
        return None

    def passed(self) -> None:
        return None


NO_TURN = NoTurn()


class MessageLog(Protocol):
    """Every message that was received."""

    def refuse(self, arrival: Arrival, verdict: Verdict) -> None:
        """Record a message that was not taken; those that were taken are recorded with what they brought."""

    def find(
        self,
        *,
        limit: int,
        since: datetime | None = None,
        sender: str = "",
        control_id: str = "",
        answer: str = "",
        before: int = 0,
    ) -> Sequence[KeptMessage]:
        """Messages, newest first; *sender* is part of ``application|facility``, *control_id* the whole MSH-10."""

    def message(self, message_id: str) -> KeptMessage:
        """Raises InputRejected for an unknown id."""

    def content(self, message_id: str) -> bytes:
        """The bytes of a message. Raises InputRejected for an unknown id, Unavailable when they are gone."""
