"""Fetch: a kept message of the relay is given to an end that asks for it, and is delivered when that end says so.

    sending (what leaves is fixed) -> fetched, as often as it is asked for -> received -> delivered

An end of which nothing is known but its key sends no acknowledgement of HL7: it says that it has a message, or it
answers its request, which says as much of the request it had fetched. Of the messages that go one way for one request
the first alone is offered, so that they stay in order. What is not asked for in time is held, as what is not
acknowledged is (``forward.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from gateway.errors import InputRejected, PeerUnreachable
from gateway.flow.ports import Blobs, Clock, RelayStore
from gateway.model.audit import AuditEvent
from gateway.model.relay import DeliveryState, End, LineAnswer, RelayMessage, RelayRequest


class NotOfThisEnd(InputRejected):
    """No such request or message of this end: of another end is no other answer."""

    http_status = 404


class NotNow(InputRejected):
    """Not in this state, or not of an end that fetches."""

    http_status = 409


@dataclass(frozen=True, kw_only=True)
class Fetching:
    """How messages are fetched, with what that needs."""

    store: RelayStore
    blobs: Blobs
    clock: Clock
    ends: Collection[End]
    """Those that fetch their messages; the others are sent theirs."""
    ring: Callable[[], None] = lambda: None

    def offered(self, end: End, *, limit: int, after: str = "") -> Sequence[tuple[RelayRequest, RelayMessage]]:
        """What waits for *end*, the longest first; raises NotNow (``relay_not_fetching``), InputRejected."""
        self._fetches(end)
        return self.store.offered(end, limit=limit, after=after)

    def request(self, end: End, request_id: str) -> RelayRequest:
        """Raises NotOfThisEnd (``relay_request_unknown``)."""
        try:
            found = self.store.request(request_id)
        except InputRejected:
            raise NotOfThisEnd("relay_request_unknown", request="…") from None
        if not end.has(found):
            raise NotOfThisEnd("relay_request_unknown", request="…")
        return found

    def message(self, end: End, request: RelayRequest, message_id: str) -> RelayMessage:
        """A message for *end* that may leave, or has left.

        Raises NotOfThisEnd (``relay_message_unknown``), NotNow (``relay_not_fetching``).
        """
        self._fetches(end)
        for message in self.store.messages(request.id):
            if message.id == message_id and message.direction is end.direction and _is_out(message):
                return message
        raise NotOfThisEnd("relay_message_unknown", message="…")

    def give(self, request: RelayRequest, message: RelayMessage, actor: str) -> bytes:
        """The bytes of *message*, which *actor* is given: that is kept in the audit trail before."""
        content = self.blobs.get(message.outgoing)
        self.store.fetched(message.id, _about("relay.fetched", request, message, actor))
        return content

    def received(self, request: RelayRequest, message: RelayMessage, actor: str) -> None:
        """Its end has *message*; saying it again changes nothing. Raises Unavailable: it is to be said again then."""
        if message.state is DeliveryState.DELIVERED:
            return
        self.store.received(message, self.clock.now(), _about("relay.delivered", request, message, actor))
        # The next one of its line may leave now.
        self.ring()

    def _fetches(self, end: End) -> None:
        if end not in self.ends:
            raise NotNow("relay_not_fetching")


class PulledLine:
    """The line to an end that fetches (:class:`gateway.flow.ports.Line`): nothing is sent, and it is looked at again
    with the delays, and held at the deadline, of a peer that does not answer."""

    def send(self, message: bytes) -> LineAnswer:
        raise PeerUnreachable("relay_not_fetched")


def _is_out(message: RelayMessage) -> bool:
    """What a person gave up, or must look at first, is not given."""
    return bool(message.outgoing) and message.state in (DeliveryState.SENDING, DeliveryState.DELIVERED)


def _about(action: str, request: RelayRequest, message: RelayMessage, actor: str) -> AuditEvent:
    facts = {"message": message.id, "request": request.id, "flow": message.flow.value}
    return AuditEvent(action=action, actor=actor, patient=request.patient_cx, facts=facts)
