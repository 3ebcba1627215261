"""One association with a PACS, lent to one owner at a time (DICOM PS3.7, PS3.8).

pynetdicom negotiates, keeps the state machine and frames the messages; the conversation itself is held here, because
its generator loses answers at speed: the association's own reactor thread takes messages from the queue that the
requestor waits on, and a find that lost its row is reported as "no match, Success", which nobody can tell from an
absent study. Here that thread may take none (:func:`gateway.dicom.transport.opened`), and this module alone
reads the queue.
"""

from __future__ import annotations

import queue
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

from pydicom.config import IGNORE
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import _config, build_context, build_role, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_GET, C_STORE, DimsePrimitiveType
from pynetdicom.dsutils import encode

from gateway.dicom.guard import IMPLICIT_LITTLE, Limits
from gateway.dicom.messages import Command, Message
from gateway.dicom.proposal import FIND, GET, UNCOMPRESSED, VERIFICATION, Proposal
from gateway.dicom.settings import PacsSettings
from gateway.dicom.transport import PDU_LIMIT_BYTES, Entity, opened, rearm
from gateway.dicom.values import Values
from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, PeerRefused, PeerUnreachable

_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False

T = TypeVar("T")

SUCCESS = 0x0000
_REJECTED_TRANSIENT = 0x02
_PENDING = frozenset({0xFF00, 0xFF01})
_MAX_PDU_BYTES = 131_072
_ANSWER_LIMIT_BYTES = 256 << 20
_ANSWER_LIMITS = Limits(size_bytes=1 << 20, elements=20_000)
_TICK_S = 0.25
_UID = re.compile(r"[0-9.]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An instance as it came by C-GET: the data set without file meta information."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str
    data: memoryview


_LENT_TURN_S = 0.0002
_PARKED_TURN_S = 0.001


class Requestor:
    """An established association.

    Every method raises PeerUnreachable (``pacs_lost``, ``pacs_timeout``), PeerMisbehaved or PeerRefused; after any of
    them the association is in an unknown state and must be dropped.
    """

    def __init__(self, settings: PacsSettings, proposal: Proposal) -> None:
        """Associate; raises PeerUnreachable or PeerRefused (``pacs_rejected``, ``pacs_no_service``)."""
        self.settings = settings
        self.proposal = proposal
        self.parked_at = 0.0
        self.answered = False
        self._message_id = 0
        entity = Entity(settings)
        self._association = self._associate(entity)
        if entity.connection is None:
            raise self._unreachable("pacs_unreachable", words="socket")
        self._connection = entity.connection
        try:
            self._check_accepted()
        except GatewayError:
            self.drop()
            raise

    def hasten(self, lent: bool) -> None:
        """How often pynetdicom looks at the socket: often while an answer is awaited, seldom while parked.

        It polls, a millisecond a turn, which is a third of a small answer's time; a shorter turn costs a processor
        only while somebody waits.
        """
        self._association.dul._run_loop_delay = _LENT_TURN_S if lent else _PARKED_TURN_S

    def _associate(self, entity: Entity) -> Association:
        settings, proposal = self.settings, self.proposal
        contexts = [build_context(proposal.service, list(UNCOMPRESSED))]
        roles = []
        if proposal.storage:
            contexts += [build_context(proposal.storage, list(each)) for each in proposal.storage_contexts]
            roles.append(build_role(proposal.storage, scp_role=True))
        address = self._address()
        try:
            return entity.associate(
                address,
                settings.port,
                contexts=contexts,
                ae_title=settings.called_aet,
                max_pdu=_MAX_PDU_BYTES,
                ext_neg=roles,  # type: ignore[arg-type]
                tls_args=(settings.tls, settings.host) if settings.tls is not None else None,
                evt_handlers=[(evt.EVT_CONN_OPEN, opened), (evt.EVT_DATA_SENT, rearm)],
            )
        except OSError as error:
            raise self._unreachable("pacs_unreachable", words=error.strerror or "socket") from None

    def _address(self) -> str:
        """An IP address of the host: pynetdicom takes a name without dots for an IPv6 address."""
        try:
            found = socket.getaddrinfo(self.settings.host, self.settings.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise self._unreachable("pacs_unreachable", words=error.strerror or "name resolution") from None
        found.sort(key=lambda entry: entry[0] != socket.AF_INET)
        return str(found[0][4][0])

    def _check_accepted(self) -> None:
        association = self._association
        if association.is_rejected:
            answer = association.acceptor.primitive
            words = answer.reason_str if answer is not None else "?"
            if answer is not None and answer.result == _REJECTED_TRANSIENT:
                raise self._unreachable("pacs_rejected_for_now", words=words)
            raise PeerRefused("pacs_rejected", pacs=self.settings.name, called=self.settings.called_aet, words=words)
        if self._connection.opened is None:
            raise self._unreachable("pacs_unreachable", words="no connection")
        if not association.is_established and not association.rejected_contexts:
            raise self._unreachable("pacs_lost")
        accepted = {str(context.abstract_syntax) for context in association.accepted_contexts}
        for wanted in (self.proposal.service, self.proposal.storage):
            if wanted and wanted not in accepted:
                raise PeerRefused("pacs_no_service", pacs=self.settings.name, service=wanted)

    # Conversations

    def echo(self) -> int:
        """C-ECHO (PS3.7 section 9.1.5); the status."""
        request = C_ECHO()
        request.MessageID = self._begin(PDU_LIMIT_BYTES)
        request.AffectedSOPClassUID = VERIFICATION
        self._send(request, self._context(VERIFICATION))
        return next(self._answers(Command.C_ECHO_RESPONSE)).status

    def find(self, identifier: Dataset, read: Callable[[Values], T]) -> tuple[list[T], int]:
        """C-FIND, Study Root (PS3.7 section 9.1.2): what *read* makes of each answer, and the final status.

        What *read* raises ends the query at once.
        """
        context_id = self._context(FIND)
        implicit = self._syntax(context_id) == IMPLICIT_LITTLE
        request = C_FIND()
        request.MessageID = self._begin(_ANSWER_LIMIT_BYTES)
        request.AffectedSOPClassUID = FIND
        request.Priority = 0
        request.Identifier = BytesIO(_encoded(identifier, implicit))
        self._send(request, context_id)
        rows: list[T] = []
        for answer in self._answers(Command.C_FIND_RESPONSE):
            if answer.status not in _PENDING:
                return rows, answer.status
            if len(rows) >= self.settings.answer_limit:
                raise self._misbehaved("pacs_too_many_answers", limit=str(self.settings.answer_limit))
            rows.append(read(self._values(answer, implicit)))
        raise self._unreachable("pacs_lost")

    def get(self, identifier: Dataset) -> tuple[list[Delivery], int]:
        """C-GET, Study Root (PS3.7 section 9.1.3): what was delivered, and the final status."""
        context_id = self._context(GET)
        request = C_GET()
        request.MessageID = self._begin(self.settings.instance_limit_bytes)
        request.AffectedSOPClassUID = GET
        request.Priority = 0
        request.Identifier = BytesIO(_encoded(identifier, self._syntax(context_id) == IMPLICIT_LITTLE))
        self._send(request, context_id)
        delivered: list[Delivery] = []
        for answer in self._answers(Command.C_GET_RESPONSE, Command.C_STORE_REQUEST):
            if answer.field == Command.C_STORE_REQUEST:
                delivered.append(self._take_in(answer))
            elif answer.status not in _PENDING:
                return delivered, answer.status
        raise self._unreachable("pacs_lost")

    def _take_in(self, request: Message) -> Delivery:
        """Accept a sub-operation's instance."""
        uids = (request.sop_class_uid, request.sop_instance_uid)
        if request.data is None or request.message_id < 0 or not all(map(_UID.fullmatch, uids)):
            raise self._misbehaved("pacs_protocol", words="C-STORE")
        answer = C_STORE()
        answer.MessageIDBeingRespondedTo = request.message_id
        answer.AffectedSOPClassUID = UID(request.sop_class_uid, IGNORE)
        answer.AffectedSOPInstanceUID = UID(request.sop_instance_uid, IGNORE)
        answer.Status = SUCCESS
        self._send(answer, request.context_id)
        syntax = self._syntax(request.context_id)
        return Delivery(request.sop_class_uid, request.sop_instance_uid, syntax, memoryview(request.data))

    def _begin(self, budget_bytes: int) -> int:
        """A new operation: its message id; *budget_bytes* is the most it may receive."""
        self._message_id = self._message_id % 65_535 + 1
        self._connection.budget_bytes = budget_bytes
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
        raise self._misbehaved("pacs_protocol", words="presentation context")

    def _values(self, answer: Message, implicit: bool) -> Values:
        if answer.data is None:
            raise self._misbehaved("pacs_protocol", words="identifier")
        try:
            return Values.read(answer.data, implicit=implicit, limits=_ANSWER_LIMITS)
        except InputRejected as error:
            raise self._misbehaved("pacs_answer_malformed", words=error.code) from None

    def _send(self, message: DimsePrimitiveType, context_id: int) -> None:
        if not self.established:
            raise self._unreachable("pacs_lost")
        self._association.dimse.send_msg(message, context_id)

    def _answers(self, *fields: Command) -> Iterator[Message]:
        """The messages of the operation under way, each checked to belong to it."""
        deadline = time.monotonic() + self.settings.operation_timeout_s
        while True:
            message = self._next(deadline)
            self.answered = True
            if message.field not in fields:
                raise self._misbehaved("pacs_protocol", words=f"0x{message.field & 0xFFFF:04X}")
            if message.field != Command.C_STORE_REQUEST and (
                message.responds_to != self._message_id or message.status < 0
            ):
                raise self._misbehaved("pacs_protocol", words="message id")
            yield message

    def _next(self, deadline: float) -> Message:
        """The next message; silence, the end of the connection and the operation's deadline all end the wait.

        A large instance may take longer than the silence allowed: every byte of it breaks the silence.
        """
        since = time.monotonic()
        messages = self._connection.messages
        while True:
            stood = self.established
            silence_ends = max(since, self._connection.heard_at) + self.settings.response_timeout_s
            left_s = min(silence_ends, deadline) - time.monotonic()
            try:
                return messages.get(timeout=max(0.0, min(left_s, _TICK_S)))
            except queue.Empty:
                if stood and left_s > 0:
                    continue
            if self._connection.exceeded:
                raise self._misbehaved("pacs_answer_too_large")
            if self._connection.malformed:
                raise self._misbehaved("pacs_protocol", words="fragment")
            if stood:
                raise self._unreachable("pacs_timeout", seconds=f"{self.settings.response_timeout_s:g}")
            raise self._unreachable("pacs_lost")

    def _misbehaved(self, code: str, **facts: str) -> PeerMisbehaved:
        return PeerMisbehaved(code, pacs=self.settings.name, **facts)

    def _unreachable(self, code: str, **facts: str) -> PeerUnreachable:
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
        self.drop()

    def drop(self) -> None:
        """End at once, by A-ABORT where that is still possible: the state of the conversation is unknown."""
        association = self._association
        if association.is_established:
            association.abort(block=False)
        self._connection.cut()
        association.kill()
        for thread in (association, association.dul):
            if thread.is_alive():
                thread.join(self.settings.response_timeout_s)
        self._connection.free()


def _encoded(identifier: Dataset, implicit: bool) -> bytes:
    encoded = encode(identifier, implicit, True)
    if encoded is None:
        raise InputRejected("pacs_key_unsafe")
    return encoded
