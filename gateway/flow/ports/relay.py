"""The relay of teleradiology: its store, its lines, and the words of its messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from gateway.errors import GatewayError
from gateway.flow.ports.reception import NO_TURN, Turn
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import Identifier
from gateway.model.message import Arrival
from gateway.model.relay import Addition, Delays, End, Entry, LineAnswer, RelayMessage, RelayRequest, Told


class RelayStore(Protocol):
    """The requests of the relay and their messages. Each method is one transaction."""

    def enter(
        self,
        entry: Entry,
        arrival: Arrival | None,
        turn: Turn = NO_TURN,
        *,
        apart: str = "",
        events: Iterable[AuditEvent] = (),
    ) -> bool:
        """Keep a message that is relayed, what it does to its request, and the received message, together.

        *apart* is the key of the received message's bytes where they are a blob of their own.

        False when the same message (sender, control id, event, bytes) was taken before: it is then only recorded.
        """

    def request(self, request_id: str) -> RelayRequest:
        """Raises InputRejected (``relay_request_unknown``)."""

    def requests(
        self, *, limit: int, states: Sequence[str] = (), platform: str = "", site: str = "", after: str = ""
    ) -> Sequence[RelayRequest]:
        """Requests, newest first, those behind the one with the id *after*; raises InputRejected (``relay_cursor``)."""

    def messages(self, request_id: str) -> Sequence[RelayMessage]:
        """The messages of a request, in the order of their arrival; leased to nobody."""

    def message(self, message_id: str) -> RelayMessage:
        """Raises InputRejected (``relay_message_unknown``)."""

    def held(self, request_ids: Iterable[str]) -> dict[str, RelayMessage]:
        """Of each request that has any, its first message that is held."""

    def claim(self, now: datetime, lease_s: float) -> RelayMessage | None:
        """The message that is due longest, leased to the caller.

        Never two that go one way for one request at a time, and never one while an earlier one is not delivered.
        """

    def next_due(self) -> datetime | None:
        """When the next message is due, leased ones at their lease's end."""

    def renew(self, message: RelayMessage, until: datetime) -> bool:
        """Lengthen the lease; False when it was lost."""

    def save(self, message: RelayMessage, events: Iterable[AuditEvent], *, release: bool = True) -> None:
        """Write the message back; raises Unavailable when its lease was lost, or, for one without, it is not held."""

    def offered(self, end: End, *, limit: int, after: str = "") -> Sequence[tuple[RelayRequest, RelayMessage]]:
        """The messages that may leave for *end* and did not yet, each with its request, in the order of their arrival;
        those behind the one with the id *after*. Raises InputRejected (``relay_cursor``)."""

    def fetched(self, message_id: str, event: AuditEvent) -> None:
        """A message that may leave was given to its end, which has not said yet that it has it."""

    def received(self, message: RelayMessage, now: datetime, event: AuditEvent) -> None:
        """Its end says that it has *message*, which may leave: it is delivered, whoever has its lease.

        Raises Unavailable when it is in another state by now.
        """

    def delays(self, since: datetime) -> Sequence[Delays]:
        """Statistics of the requests since *since*, a platform each."""

    def authors(self, site: str, report_unique_id: str) -> frozenset[str] | None:
        """Identifiers of who wrote or signed a report of this site that was accepted; None for an unknown one."""


class Line(Protocol):
    """Where messages leave: a platform, or a site's own system."""

    def send(self, message: bytes) -> LineAnswer:
        """Send and give the acknowledgement; raises PeerUnreachable, PeerMisbehaved, InputRejected."""


class Wording(Protocol):
    """Reads and writes the messages of the relay, which are HL7 v2."""

    def complemented(self, message: bytes, additions: Sequence[Addition]) -> bytes:
        """*message* with *additions*, every other byte as it was. Raises InputRejected."""

    def sendable(self, message: bytes) -> bytes:
        """*message* with the segment ends that the standard asks for; most have them already."""

    def refusal(self, message: bytes) -> GatewayError | None:
        """What the profile of *message* says against it, the first error; None when it conforms."""

    def told(self, message: bytes) -> Told:
        """What *message* tells of its request; raises InputRejected."""

    def order_of_document(self, message: bytes) -> Identifier | None:
        """The placer order number (ORC-2, OBR-2) of a message that carries a document, when it says one."""
