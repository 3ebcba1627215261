"""One message in, one acknowledgement out: the step between the connection and the stories.

A message is read, judged and kept, and the answer says so; a message that is refused is kept too, with the reason. The
acknowledgement is returned only when everything of it is durable.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from gateway.errors import GatewayError, InputRejected, InputTooLarge, NotAllowed, NotSupportedYet, Unavailable
from gateway.flow.events import Delete, Event, IdentityChanged, ImagesChanged, New, Replace
from gateway.flow.ports import NO_TURN, Clock, MessageLog, Turn
from gateway.flow.relay import AcceptAll
from gateway.hl7 import acknowledge, arrival
from gateway.hl7.acknowledge import Request
from gateway.hl7.intake import read_events
from gateway.hl7.mllp import Fault
from gateway.hl7.ports import Admission, Content
from gateway.hl7.relay_wording import is_for_relay
from gateway.log import where
from gateway.model.message import Arrival, Verdict, unabridged
from gateway.model.share import Receipt

_log = structlog.get_logger(__name__)


class Relay(Protocol):
    """The teleradiology relay, as far as messages enter it (:class:`gateway.flow.relay.Relaying`)."""

    def take(self, message: bytes, arrival: Arrival, *, receiver: str, turn: Turn, sites: Collection[str]) -> str:
        """Keep a message of a request; gives the id of the request. Raises a GatewayError."""

    def is_platform(self, address: str) -> bool:
        """Whether *address* (``application|facility``) is a platform's."""

    def take_document(
        self,
        message: bytes,
        events: Sequence[Event],
        arrival: Arrival,
        accept: AcceptAll,
        *,
        receiver: str,
        turn: Turn,
        sites: Collection[str],
    ) -> tuple[Receipt, ...]:
        """Keep a document that goes between a site and a platform. Raises a GatewayError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Where and when a message came in."""

    admission: Admission
    peer: str
    received_at: datetime
    again_of: str = ""


class Reception:
    """Answers messages; several at once, in threads."""

    def __init__(
        self, accept: AcceptAll, clock: Clock, log: MessageLog | None = None, relay: Relay | None = None
    ) -> None:
        """*log* keeps what is refused; what is accepted is kept by *accept* and *relay* themselves."""
        self._accept = accept
        self._clock = clock
        self._messages = log
        self._relay = relay

    def meeting(self, admission: Admission, peer: str) -> Meeting:
        """A message whose last byte has just come."""
        return Meeting(admission=admission, peer=peer, received_at=self._clock.now())

    def answer(
        self, message: bytes, meeting: Meeting, turn: Turn = NO_TURN, request: Request | None = None
    ) -> bytes | None:
        """The acknowledgement of *message*, after it was kept or something has refused it.

        *request* is what :meth:`read` gave, where that was asked already. None for a message that is an
        acknowledgement itself: two programs that answer each other's answers never stop.
        """
        request = request or self.read(message)
        if request.is_answer:
            _log.warning("hl7.unexpected_answer", sender=request.sender)
            return None
        came = arrival.of(message, request, meeting)
        try:
            self._take(message, request, meeting, came, turn)
        except GatewayError as error:
            return self._refused(request, unabridged(came, message), error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must still be answered, and must not print its values
            _log.error("hl7.internal_error", error=type(error).__name__, where=where(error), sender=request.sender)
            return self._refused(request, unabridged(came, message), Unavailable("hl7_internal_error"))
        return acknowledge.accepted(request)

    def busy(self, request: Request) -> bytes | None:
        """The answer to a message that could not be kept in time: it may be sent again later."""
        if request.is_answer:
            return None
        _log.warning("hl7.busy", sender=request.sender)
        return acknowledge.refused(request, Unavailable("hl7_busy"))

    def answer_fault(self, fault: Fault, meeting: Meeting, limit_bytes: int) -> bytes | None:
        """The refusal of bytes that were no block, when their sender waits for one."""
        _log.warning("hl7.framing", code=fault.code, size_bytes=fault.size_bytes, answered=fault.answered)
        if not fault.answered:
            return None
        head = fault.head[max(fault.head.find(b"MSH"), 0) :]
        request = acknowledge.read_request(head)
        if request.is_answer:
            return None
        error = InputRejected(fault.code, hl7_code="199")
        if fault.code == "mllp_too_large":
            error = InputTooLarge(fault.code, size=fault.size_bytes, limit=limit_bytes)
        came = replace(arrival.of(head, request, meeting), size_bytes=fault.size_bytes, whole=False)
        return self._refused(request, came, error)

    def read(self, message: bytes) -> Request:
        """Who sent *message*, and what an answer to it takes from it; never raises."""
        return acknowledge.read_request(message)

    def _take(self, message: bytes, request: Request, meeting: Meeting, came: Arrival, turn: Turn) -> None:
        admission = meeting.admission
        if admission.senders and request.sender not in admission.senders:
            raise NotAllowed("hl7_sender_not_allowed", place="MSH^1^3")
        relay = self._relay
        if relay is not None and is_for_relay(message, request):
            _admit("relay", admission)
            _processed(request, admission)
            relay_id = relay.take(message, came, receiver=request.receiver, turn=turn, sites=admission.sites)
            _log.info("hl7.relayed", request=relay_id, sender=request.sender)
            return
        events = read_events(message, processing_ids=admission.processing_ids)
        _admit(_content_of(events), admission)
        came = arrival.outlined(message, came, events)
        if relay is not None and (relay.is_platform(request.sender) or relay.is_platform(request.receiver)):
            _admit("relay", admission)
            receipts = relay.take_document(
                message, events, came, self._accept, receiver=request.receiver, turn=turn, sites=admission.sites
            )
        else:
            receipts = self._accept(events, came, turn=turn, sites=admission.sites)
        # What tells of several identifiers of a patient is one thing that happened.
        for receipt in dict.fromkeys(receipts):
            _log.info("hl7.accepted", report_id=receipt.report_id, duplicate=receipt.duplicate, sender=request.sender)

    def _refused(self, request: Request, came: Arrival, error: GatewayError) -> bytes:
        _log.info(
            "hl7.refused", code=error.code, place=error.place, answer=error.acknowledgement, sender=request.sender
        )
        if self._messages is not None:
            verdict = Verdict(answer=error.acknowledgement, code=error.code, place=error.place, hl7_code=error.hl7_code)
            try:
                self._messages.refuse(came, verdict)
            except GatewayError as unkept:
                # The refusal stands whether or not it could be noted: its sender has the message still.
                _log.warning("hl7.refusal_not_kept", code=unkept.code, sender=request.sender)
        return acknowledge.refused(request, error)


def _admit(content: Content, admission: Admission) -> None:
    if content not in admission.content:
        raise NotSupportedYet("hl7_not_on_this_port", place="MSH^1^9", hl7_code="200")


def _processed(request: Request, admission: Admission) -> None:
    if request.processing_id not in admission.processing_ids:
        expected = ", ".join(sorted(admission.processing_ids))
        raise InputRejected("hl7_processing_id", place="MSH^1^11", hl7_code="202", expected=expected)


def _content_of(events: Sequence[Event]) -> Content:
    match events[0]:
        case ImagesChanged() | IdentityChanged():
            return "change"
        case New() | Replace() | Delete():
            return "report"


__all__ = ["Meeting", "Reception", "Relay"]
