"""Another try of a received message, once its cause is mended: a person's decision, through the same reception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gateway.errors import InputRejected
from gateway.flow.ports import Clock, MessageLog
from gateway.hl7 import er7
from gateway.hl7.ports import Admission
from gateway.hl7.reception import Meeting


class Answering(Protocol):
    """The reception, as far as it answers (:class:`gateway.hl7.reception.Reception`)."""

    def answer(self, message: bytes, meeting: Meeting) -> bytes | None:
        """The acknowledgement; None for a message that is one itself."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What the message was answered this time."""

    answer: str
    """MSA-1; empty where there is no answer."""
    words: str = ""
    """ERR-8."""
    diagnosis: str = ""
    """ERR-7."""


def again(message_id: str, *, log: MessageLog, reception: Answering, clock: Clock) -> Tried:
    """Process the message anew, by the admission of no port; it stands in the log as a message of its own.

    Raises InputRejected (``message_unknown``, ``message_not_whole``), Unavailable when its bytes are gone.
    """
    kept = log.message(message_id)
    if not kept.whole:
        raise InputRejected("message_not_whole", message=message_id)
    meeting = Meeting(admission=Admission(port="again"), peer=kept.peer, received_at=clock.now(), again_of=message_id)
    reply = reception.answer(log.content(message_id), meeting)
    if reply is None:
        return Tried("")
    acknowledgement = er7.parse(reply)
    error = acknowledgement.first("ERR")
    code = acknowledgement.all("MSA")[0].text(1)
    return Tried(code) if error is None else Tried(code, error.text(8), error.text(7))
