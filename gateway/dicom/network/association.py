"""Conversations on one association with a PACS, lent to one owner at a time: C-ECHO, C-FIND, C-GET, C-MOVE.

Requests are made by pynetdicom; the answers, which come by thousands, are read here (DICOM PS3.7 section 9.1). The
association is held by the thread that uses it: a request is written, answers are read until the final one, and nobody
else reads the socket, so none can be lost to another reader (:mod:`gateway.dicom.network.upper` says what that costs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from pynetdicom.status import STATUS_PENDING, Status, code_to_category

from gateway.dicom.guard import IMPLICIT_LITTLE, Limits
from gateway.dicom.keys import Identifier, is_uid_as_found
from gateway.dicom.network import dimse, messages, pdu
from gateway.dicom.network.messages import Assembler, Command, Message, answer_set
from gateway.dicom.network.pdu import Malformed, Pdu
from gateway.dicom.network.proposal import FIND, GET, MOVE, VERIFICATION, Proposal
from gateway.dicom.network.upper import UpperLayer
from gateway.dicom.network.wire import PDU_LIMIT_BYTES
from gateway.dicom.settings import PacsSettings
from gateway.dicom.values import Values
from gateway.errors import InputRejected

T = TypeVar("T")

SUCCESS = int(Status.SUCCESS)
_ANSWER_LIMIT_BYTES = 256 << 20
_ANSWER_LIMITS = Limits(size_bytes=1 << 20, elements=20_000)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An instance as it came by C-GET: the data set without file meta information."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str
    data: bytes | memoryview


@dataclass(frozen=True, slots=True)
class Retrieved:
    """How a C-GET or C-MOVE ended (PS3.7 sections 9.3.3.2 and 9.3.4.2)."""

    status: int
    completed: int
    failed: int


class Requestor(UpperLayer):
    """An established association, and what is asked on it; raises as :class:`UpperLayer`."""

    def __init__(self, settings: PacsSettings, proposal: Proposal) -> None:
        """Associate; raises PeerUnreachable or PeerRefused (``pacs_rejected``, ``pacs_no_service``)."""
        self.parked_at = 0.0
        self.answered = False
        """Whether the operation under way has had an answer."""
        self._message_id = 0
        self._assembler = Assembler()
        super().__init__(settings, proposal)

    def echo(self) -> int:
        """C-ECHO (PS3.7 section 9.1.5); the status."""
        self._request(dimse.echo(), VERIFICATION, budget_bytes=PDU_LIMIT_BYTES)
        return next(self._answers(Command.C_ECHO_RESPONSE)).status

    def find(self, identifier: Identifier, read: Callable[[Values], T]) -> tuple[list[T], int]:
        """C-FIND, Study Root (PS3.7 section 9.1.2): what *read* makes of each answer, and the final status.

        What *read* raises ends the query at once.
        """
        context_id = self._context(FIND)
        implicit = self._syntax(context_id) == IMPLICIT_LITTLE
        self._request(dimse.find(identifier.encode(implicit=implicit)), FIND, budget_bytes=_ANSWER_LIMIT_BYTES)
        rows: list[T] = []
        for answer in self._answers(Command.C_FIND_RESPONSE):
            if not _is_pending(answer):
                return rows, answer.status
            if len(rows) >= self.settings.answer_limit:
                raise self._misbehaved("pacs_too_many_answers", limit=str(self.settings.answer_limit))
            rows.append(read(self._values(answer, implicit)))
        raise self._unreachable("pacs_lost")

    def get(self, identifier: Identifier, take: Callable[[Delivery], None]) -> Retrieved:
        """C-GET, Study Root (PS3.7 section 9.1.3): *take* is given each instance; how it ended."""
        context_id = self._context(GET)
        encoded = identifier.encode(implicit=self._syntax(context_id) == IMPLICIT_LITTLE)
        self._request(dimse.get(encoded), GET, budget_bytes=self.settings.instance_limit_bytes)
        for answer in self._answers(Command.C_GET_RESPONSE, Command.C_STORE_REQUEST):
            if answer.field == Command.C_STORE_REQUEST:
                take(self._take_in(answer))
                self._wire.budget_bytes = self.settings.instance_limit_bytes
            elif not _is_pending(answer):
                return _retrieved(answer)
        raise self._unreachable("pacs_lost")

    def move(
        self, identifier: Identifier, destination: str, progress: Callable[[int], None] = lambda completed: None
    ) -> Retrieved:
        """C-MOVE, Study Root, to the AE title *destination* (PS3.7 section 9.1.4); how it ended.

        *progress* is told how many instances were delivered, as often as the PACS tells.
        """
        context_id = self._context(MOVE)
        encoded = identifier.encode(implicit=self._syntax(context_id) == IMPLICIT_LITTLE)
        self._request(dimse.move(encoded, destination), MOVE, budget_bytes=_ANSWER_LIMIT_BYTES)
        for answer in self._answers(Command.C_MOVE_RESPONSE):
            if not _is_pending(answer):
                return _retrieved(answer)
            progress(answer.count(messages.COMPLETED))
        raise self._unreachable("pacs_lost")

    def _take_in(self, request: Message) -> Delivery:
        """Accept a sub-operation's instance."""
        uids = (request.sop_class_uid, request.sop_instance_uid)
        if request.data is None or request.message_id < 0 or not all(map(is_uid_as_found, uids)):
            raise self._misbehaved("pacs_protocol", words="C-STORE")
        answer = answer_set(
            {
                messages.FIELD: Command.C_STORE_RESPONSE,
                messages.RESPONDS_TO: request.message_id,
                messages.SOP_CLASS: uids[0],
                messages.SOP_INSTANCE: uids[1],
                messages.STATUS: SUCCESS,
            }
        )
        self._write(pdu.command_pdus(request.context_id, answer, self.accepted.max_length))
        return Delivery(*uids, self._syntax(request.context_id), request.data)

    def _request(self, primitive: dimse.Primitive, service: str, *, budget_bytes: int) -> None:
        """Begin an operation; *budget_bytes* is the most it may receive."""
        self._allow(budget_bytes, self.settings.operation_timeout_s)
        self.answered = False
        self._message_id = self._message_id % 65_535 + 1
        self._write(dimse.encoded(primitive, self._context(service), self._message_id, self.accepted.max_length))

    def _values(self, answer: Message, implicit: bool) -> Values:
        if answer.data is None:
            raise self._misbehaved("pacs_protocol", words="identifier")
        try:
            return Values.read(
                answer.data,
                implicit=implicit,
                limits=_ANSWER_LIMITS,
                character_set=self.settings.answer_character_set,
            )
        except InputRejected as error:
            raise self._misbehaved("pacs_answer_malformed", words=error.code) from None

    def _answers(self, *fields: Command) -> Iterator[Message]:
        """The messages of the operation under way, each checked to belong to it."""
        while True:
            kind, content = self._receive()
            self.answered = True
            if kind != Pdu.DATA:
                raise self._misbehaved("pacs_protocol", words=f"PDU {kind}")
            try:
                found = [self._assembler.take(*value) for value in pdu.values(content)]
            except (Malformed, InputRejected):
                raise self._misbehaved("pacs_protocol", words="fragment") from None
            for message in found:
                if message is not None:
                    self._check_belongs(message, fields)
                    yield message

    def _check_belongs(self, message: Message, fields: tuple[Command, ...]) -> None:
        if message.field not in fields:
            raise self._misbehaved("pacs_protocol", words=f"0x{message.field & 0xFFFF:04X}")
        if message.field != Command.C_STORE_REQUEST and (message.responds_to != self._message_id or message.status < 0):
            raise self._misbehaved("pacs_protocol", words="message id")


def _is_pending(answer: Message) -> bool:
    return code_to_category(answer.status) == STATUS_PENDING


def _retrieved(answer: Message) -> Retrieved:
    return Retrieved(answer.status, answer.count(messages.COMPLETED), answer.count(messages.FAILED))
