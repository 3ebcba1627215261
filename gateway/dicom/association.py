"""One association with a PACS, lent to one owner at a time (DICOM PS3.7, PS3.8).

pynetdicom negotiates, keeps the state machine and frames the messages; the conversation itself is held here, because
its generator loses answers at speed: the association's own reactor thread takes messages from the queue that the
requestor waits on, and a find that lost its row is reported as "no match, Success", which nobody can tell from an
absent study. Here that thread may take none (:meth:`Requestor._opened`), and this module alone reads the queue.

Also put right there: Nagle and delayed acknowledgements (a small C-FIND costs 88 ms with them, 3 ms without), a read
of the socket without any time limit, and PDUs and messages without any limit of size.
"""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NamedTuple, TypeVar

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, build_context, build_role, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_GET, C_STORE
from pynetdicom.dsutils import encode
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind as Find,
)
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelGet as Get,
)
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from gateway.dicom.guard import EXPLICIT_LITTLE, IMPLICIT_LITTLE, Limits
from gateway.dicom.settings import PacsSettings
from gateway.dicom.values import Values
from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, PeerRefused, PeerUnreachable

_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False

T = TypeVar("T")

UNCOMPRESSED = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
SUCCESS = 0x0000
_PENDING = frozenset({0xFF00, 0xFF01})
_MAX_PDU_BYTES = 131_072
_PDU_LIMIT_BYTES = 1 << 20
_ANSWER_LIMIT_BYTES = 256 << 20
_ANSWER_LIMITS = Limits(size_bytes=1 << 20, elements=20_000)
_TICK_S = 0.25


class Proposal(NamedTuple):
    """The presentation contexts of an association; ``storage`` is a SOP class to be received by C-GET."""

    service: str
    storage: str = ""
    storage_syntaxes: tuple[str, ...] = UNCOMPRESSED


QUERY = Proposal(str(Find))
ECHO = Proposal(str(Verification))


def retrieval(sop_class_uid: str, syntaxes: tuple[str, ...] = UNCOMPRESSED) -> Proposal:
    """A C-GET of instances of one SOP class, in one of *syntaxes*."""
    return Proposal(str(Get), sop_class_uid, syntaxes)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An instance as it came by C-GET: the data set without file meta information."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str
    data: memoryview


class Requestor:
    """An established association.

    Every method raises PeerUnreachable (``pacs_lost``, ``pacs_timeout``), PeerMisbehaved or PeerRefused; after any of
    them the association is in an unknown state and must be dropped.
    """

    def __init__(self, settings: PacsSettings, proposal: Proposal) -> None:
        """Associate; raises PeerUnreachable or PeerRefused (``pacs_rejected``, ``pacs_no_service``)."""
        self.settings = settings
        self.proposal = proposal
        self.used = False
        self.parked_at = 0.0
        self.answered = False
        self._message_id = 0
        self._budget_bytes = _PDU_LIMIT_BYTES
        self._breach: GatewayError | None = None
        self._socket: socket.socket | None = None
        self._association = self._associate()

    # Opening

    def _associate(self) -> Association:
        settings, proposal = self.settings, self.proposal
        entity = AE(ae_title=settings.calling_aet)
        entity.connection_timeout = settings.connect_timeout_s
        entity.acse_timeout = settings.connect_timeout_s
        entity.dimse_timeout = settings.response_timeout_s
        entity.network_timeout = None
        contexts = [build_context(proposal.service, list(UNCOMPRESSED))]
        roles = []
        if proposal.storage:
            contexts.append(build_context(proposal.storage, list(proposal.storage_syntaxes)))
            roles.append(build_role(proposal.storage, scp_role=True))
        association = entity.associate(
            self._address(),
            settings.port,
            contexts=contexts,
            ae_title=settings.called_aet,
            max_pdu=_MAX_PDU_BYTES,
            ext_neg=roles,  # type: ignore[arg-type]
            tls_args=(settings.tls, settings.host) if settings.tls is not None else None,
            evt_handlers=[(evt.EVT_CONN_OPEN, self._opened), (evt.EVT_DATA_SENT, self._rearm)],
        )
        try:
            self._check_accepted(association)
        except GatewayError:
            self._end(association)
            raise
        return association

    def _address(self) -> str:
        """An IP address of the host: pynetdicom takes a name without dots for an IPv6 address."""
        try:
            found = socket.getaddrinfo(self.settings.host, self.settings.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise self._unreachable("pacs_unreachable", words=error.strerror or "name resolution") from None
        found.sort(key=lambda entry: entry[0] != socket.AF_INET)
        return str(found[0][4][0])

    def _check_accepted(self, association: Association) -> None:
        if association.is_rejected:
            answer = association.acceptor.primitive
            words = answer.reason_str if answer is not None else "?"
            if answer is not None and answer.result == 0x02:
                raise self._unreachable("pacs_rejected_for_now", words=words)
            raise PeerRefused("pacs_rejected", pacs=self.settings.name, called=self.settings.called_aet, words=words)
        if self._socket is None:
            raise self._unreachable("pacs_unreachable", words="connection")
        if not association.is_established and not association.rejected_contexts:
            raise self._unreachable("pacs_lost")
        accepted = {str(context.abstract_syntax): context for context in association.accepted_contexts}
        for wanted in (self.proposal.service, self.proposal.storage):
            if wanted and wanted not in accepted:
                raise PeerRefused("pacs_no_service", pacs=self.settings.name, service=wanted)

    def _opened(self, event: evt.Event) -> None:
        """The connection stands: bound and speed up its socket, and keep the reactor from the answers."""
        association = event.assoc
        connection = association.dul.socket.socket
        connection.settimeout(self.settings.response_timeout_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._rearm(event)
        association.dul.socket.recv = self._receive
        association.dimse.get_msg = lambda block=False: (None, None)

    def _rearm(self, event: evt.Event | None = None) -> None:
        """Linux forgets TCP_QUICKACK: it is set again before each wait."""
        if self._socket is not None and hasattr(socket, "TCP_QUICKACK"):
            try:
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            except OSError:
                return  # a closed socket is found out by whoever reads it

    def _receive(self, count: int) -> bytearray:
        """In place of pynetdicom's read, in its thread: *count* bytes, fewer at the end of the stream.

        Raises OSError when the peer is too slow or sends more than any answer may hold.
        """
        connection = self._socket
        if connection is None:
            raise OSError("closed")
        if count > _PDU_LIMIT_BYTES or count > self._budget_bytes:
            self._breach = PeerMisbehaved("pacs_answer_too_large", pacs=self.settings.name)
            raise OSError("more than any answer may hold")
        self._budget_bytes -= count
        buffer = bytearray(count)
        view = memoryview(buffer)
        got = 0
        deadline = time.monotonic() + self.settings.response_timeout_s
        while got < count:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            connection.settimeout(left_s)
            self._rearm()
            received = connection.recv_into(view[got:])
            if not received:
                return buffer[:got]
            got += received
        connection.settimeout(self.settings.response_timeout_s)
        return buffer

    # Conversations

    def echo(self) -> int:
        """C-ECHO (PS3.7 section 9.1.5); the status."""
        request = C_ECHO()
        request.MessageID = self._begin(_PDU_LIMIT_BYTES)
        request.AffectedSOPClassUID = Verification
        self._send(request, self._context(str(Verification)))
        _, answer = next(self._answers(C_ECHO))
        return int(answer.Status)

    def find(self, identifier: Dataset, read: Callable[[Values], T]) -> tuple[list[T], int]:
        """C-FIND, Study Root (PS3.7 section 9.1.2): what *read* makes of each answer, and the final status.

        What *read* raises ends the query at once.
        """
        context = self._context(str(Find))
        implicit = self._syntax(context) == IMPLICIT_LITTLE
        request = C_FIND()
        request.MessageID = self._begin(_ANSWER_LIMIT_BYTES)
        request.AffectedSOPClassUID = Find
        request.Priority = 0
        request.Identifier = BytesIO(_encoded(identifier, implicit))
        self._send(request, context)
        rows: list[T] = []
        for _, answer in self._answers(C_FIND):
            if answer.Status not in _PENDING:
                return rows, int(answer.Status)
            if len(rows) >= self.settings.answer_limit:
                raise PeerMisbehaved("pacs_too_many_answers", pacs=self.settings.name, limit=self.settings.answer_limit)
            rows.append(read(self._values(answer.Identifier, implicit)))
        raise self._unreachable("pacs_lost")

    def get(self, identifier: Dataset) -> tuple[list[Delivery], int]:
        """C-GET, Study Root (PS3.7 section 9.1.3): what was delivered, and the final status."""
        context = self._context(str(Get))
        request = C_GET()
        request.MessageID = self._begin(self.settings.instance_limit_bytes)
        request.AffectedSOPClassUID = Get
        request.Priority = 0
        request.Identifier = BytesIO(_encoded(identifier, self._syntax(context) == IMPLICIT_LITTLE))
        self._send(request, context)
        delivered: list[Delivery] = []
        for context_id, answer in self._answers(C_GET, C_STORE):
            if isinstance(answer, C_STORE):
                delivered.append(self._take_in(context_id, answer))
            elif answer.Status not in _PENDING:
                return delivered, int(answer.Status)
        raise self._unreachable("pacs_lost")

    def _take_in(self, context_id: int, request: C_STORE) -> Delivery:
        """Accept a sub-operation's instance."""
        if not request.is_valid_request or request.DataSet is None:
            raise PeerMisbehaved("pacs_protocol", pacs=self.settings.name, words="C-STORE")
        answer = C_STORE()
        answer.MessageIDBeingRespondedTo = request.MessageID
        answer.AffectedSOPClassUID = request.AffectedSOPClassUID
        answer.AffectedSOPInstanceUID = request.AffectedSOPInstanceUID
        answer.Status = SUCCESS
        self._send(answer, context_id)
        return Delivery(
            str(request.AffectedSOPClassUID),
            str(request.AffectedSOPInstanceUID),
            self._syntax(context_id),
            request.DataSet.getbuffer(),
        )

    def _begin(self, budget_bytes: int) -> int:
        """A new operation: its message id; *budget_bytes* is the most it may receive."""
        self._message_id = self._message_id % 65_535 + 1
        self._budget_bytes = budget_bytes
        self.answered = False
        return self._message_id

    def _context(self, abstract_syntax: str) -> int:
        for context in self._association.accepted_contexts:
            if context.abstract_syntax == abstract_syntax and context.context_id is not None:
                return context.context_id
        raise PeerRefused("pacs_no_service", pacs=self.settings.name, service=abstract_syntax)

    def _syntax(self, context_id: int) -> str:
        for context in self._association.accepted_contexts:
            if context.context_id == context_id:
                return str(context.transfer_syntax[0])
        raise PeerMisbehaved("pacs_protocol", pacs=self.settings.name, words="presentation context")

    def _values(self, identifier: BytesIO | None, implicit: bool) -> Values:
        if identifier is None:
            raise PeerMisbehaved("pacs_protocol", pacs=self.settings.name, words="identifier")
        try:
            return Values.read(identifier.getvalue(), implicit=implicit, limits=_ANSWER_LIMITS)
        except InputRejected as error:
            raise PeerMisbehaved("pacs_answer_malformed", pacs=self.settings.name, words=error.code) from None

    def _send(self, message: Any, context_id: int) -> None:
        if not self.established:
            raise self._unreachable("pacs_lost")
        self._association.dimse.send_msg(message, context_id)

    def _answers(self, *kinds: type[Any]) -> Iterator[tuple[int, Any]]:
        """The messages of the operation under way, each checked to belong to it."""
        deadline = time.monotonic() + self.settings.operation_timeout_s
        while True:
            context_id, message = self._next(deadline)
            self.answered = True
            if not isinstance(message, kinds):
                raise PeerMisbehaved("pacs_protocol", pacs=self.settings.name, words=type(message).__name__)
            if not isinstance(message, C_STORE) and (
                message.MessageIDBeingRespondedTo != self._message_id or message.Status is None
            ):
                raise PeerMisbehaved("pacs_protocol", pacs=self.settings.name, words="message id")
            yield context_id, message

    def _next(self, deadline: float) -> tuple[int, Any]:
        """The next message; silence, the end of the connection and the operation's deadline all end the wait."""
        silence_ends = time.monotonic() + self.settings.response_timeout_s
        messages = self._association.dimse.msg_queue
        while True:
            left_s = min(silence_ends, deadline) - time.monotonic()
            try:
                context_id, message = messages.get(timeout=max(0.0, min(left_s, _TICK_S)))
            except queue.Empty:
                if self.established and left_s > 0:
                    continue
                if self.established:
                    raise self._unreachable("pacs_timeout", seconds=round(self.settings.response_timeout_s)) from None
                context_id = message = None
            if message is not None and context_id is not None:
                return context_id, message
            raise self._breach or self._unreachable("pacs_lost")

    def _unreachable(self, code: str, **facts: object) -> PeerUnreachable:
        settings = self.settings
        return PeerUnreachable(code, pacs=settings.name, host=settings.host, port=settings.port, **facts)

    # Ending

    @property
    def established(self) -> bool:
        """Whether the association stands, as far as this side knows."""
        return bool(self._association.is_established and self._association.dul.is_alive())

    def release(self) -> None:
        """A-RELEASE, then close; whatever the peer does, the threads and the socket are gone afterwards."""
        if self.established:
            self._association.release()
        self._end(self._association)

    def drop(self) -> None:
        """End at once: the state of the conversation is unknown."""
        self._end(self._association)

    def _end(self, association: Association) -> None:
        if association.is_established:
            association.abort()
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                association.dul.kill_dul()  # closed already
            self._socket.close()
        association.kill()
        for thread in (association, association.dul):
            if thread.is_alive():
                thread.join(self.settings.response_timeout_s)


def _encoded(identifier: Dataset, implicit: bool) -> bytes:
    encoded = encode(identifier, implicit, True)
    if encoded is None:
        raise InputRejected("pacs_key_unsafe")
    return encoded
