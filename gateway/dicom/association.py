"""One association with a PACS, lent to one owner at a time (DICOM PS3.7, PS3.8).

It is held by the thread that uses it: a request is written, answers are read until the final one, and nobody else
reads the socket. There is no reactor thread that could take a message away, and an association that is kept costs
nothing. States of PS3.8 section 9.2 that a requestor in one thread can be in: no association, established, ended.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from gateway.dicom import messages, pdu
from gateway.dicom.guard import IMPLICIT_LITTLE, Limits
from gateway.dicom.keys import Identifier, is_uid_as_found
from gateway.dicom.messages import Assembler, Command, Message, command_set
from gateway.dicom.pdu import Associate, Context, Malformed, Pdu, Result
from gateway.dicom.proposal import FIND, GET, MOVE, UNCOMPRESSED, VERIFICATION, Proposal
from gateway.dicom.settings import PacsSettings
from gateway.dicom.values import Values
from gateway.dicom.wire import ANNOUNCED_BYTES, PDU_LIMIT_BYTES, Exceeded, Wire
from gateway.errors import InputRejected, PeerMisbehaved, PeerRefused, PeerUnreachable

T = TypeVar("T")

SUCCESS = 0x0000
_PENDING = frozenset({0xFF00, 0xFF01})
_REJECTED_TRANSIENT = 2
_MEDIUM = 0
_ANSWER_LIMIT_BYTES = 256 << 20
_ANSWER_LIMITS = Limits(size_bytes=1 << 20, elements=20_000)
_RELEASE_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """An instance as it came by C-GET: the data set without file meta information."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str
    data: memoryview


@dataclass(frozen=True, slots=True)
class Retrieved:
    """How a C-GET or C-MOVE ended (PS3.7 sections 9.3.3.2 and 9.3.4.2)."""

    status: int
    completed: int
    failed: int


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
        """Whether the operation under way has had an answer."""
        self._message_id = 0
        self._assembler = Assembler()
        self._ended = False
        self._syntax_of: dict[int, str] = {}
        self._context_of: dict[str, int] = {}
        self._wire = self._connect()
        try:
            self.accepted = self._associate()
        except BaseException:
            self.drop()
            raise

    # Beginning

    def _connect(self) -> Wire:
        settings = self.settings
        try:
            connection = socket.create_connection((settings.host, settings.port), settings.connect_timeout_s)
        except OSError as error:
            raise self._unreachable("pacs_unreachable", words=error.strerror or type(error).__name__) from None
        try:
            if settings.tls is not None:
                connection = settings.tls.wrap_socket(connection, server_hostname=settings.tls_name or settings.host)
            return Wire(connection, settings.response_timeout_s)
        except OSError as error:
            connection.close()
            words = getattr(error, "reason", None) or error.strerror or type(error).__name__
            code = "pacs_tls" if isinstance(error, ssl.SSLError) else "pacs_unreachable"
            raise self._unreachable(code, words=words) from None

    def _associate(self) -> Associate:
        settings, proposal = self.settings, self.proposal
        contexts = [Context(1, proposal.service, UNCOMPRESSED)]
        contexts += [Context(3 + 2 * n, uid, syntaxes) for n, (uid, syntaxes) in enumerate(proposal.storage)]
        request = Associate(
            called_aet=settings.called_aet,
            calling_aet=settings.calling_aet,
            contexts=tuple(contexts),
            max_length=ANNOUNCED_BYTES,
            roles={uid: (False, True) for uid, _ in proposal.storage},
            extended={proposal.service: proposal.extended} if proposal.extended and settings.negotiate else {},
        )
        self._begin(PDU_LIMIT_BYTES, settings.connect_timeout_s)
        self._write(request.encode())
        kind, content = self._receive()
        if kind == Pdu.ASSOCIATE_REJECT:
            raise self._rejected(bytes(content))
        if kind != Pdu.ASSOCIATE_ACCEPT:
            raise self._misbehaved("pacs_protocol", words="association")
        try:
            accept = Associate.decode(content)
        except Malformed as error:
            raise self._misbehaved("pacs_protocol", words=str(error)) from None
        asked = {context.context_id: context.abstract_syntax for context in contexts}
        for one in accept.answered:
            if one.result == Result.ACCEPTED and one.context_id in asked:
                self._syntax_of[one.context_id] = one.transfer_syntax
                self._context_of.setdefault(asked[one.context_id], one.context_id)
        wanted = [proposal.service, *dict.fromkeys(uid for uid, _ in proposal.storage)]
        if proposal.service not in self._context_of or (len(wanted) > 1 and len(self._context_of) < 2):
            missing = next(uid for uid in wanted if uid not in self._context_of)
            raise PeerRefused("pacs_no_service", pacs=settings.name, service=missing)
        return accept

    def _rejected(self, content: bytes) -> PeerRefused | PeerUnreachable:
        result, source, reason = content[1:4] if len(content) >= 4 else (0, 0, 0)
        words = pdu.REASONS.get((source, reason), f"source {source}, reason {reason}")
        if result == _REJECTED_TRANSIENT:
            return self._unreachable("pacs_rejected_for_now", words=words)
        return PeerRefused("pacs_rejected", pacs=self.settings.name, called=self.settings.called_aet, words=words)

    # Conversations

    def echo(self) -> int:
        """C-ECHO (PS3.7 section 9.1.5); the status."""
        self._request(Command.C_ECHO_REQUEST, VERIFICATION, budget_bytes=PDU_LIMIT_BYTES)
        return next(self._answers(Command.C_ECHO_RESPONSE)).status

    def find(self, identifier: Identifier, read: Callable[[Values], T]) -> tuple[list[T], int]:
        """C-FIND, Study Root (PS3.7 section 9.1.2): what *read* makes of each answer, and the final status.

        What *read* raises ends the query at once.
        """
        context_id = self._context(FIND)
        implicit = self._syntax(context_id) == IMPLICIT_LITTLE
        self._request(
            Command.C_FIND_REQUEST, FIND, identifier.encode(implicit=implicit), budget_bytes=_ANSWER_LIMIT_BYTES
        )
        rows: list[T] = []
        for answer in self._answers(Command.C_FIND_RESPONSE):
            if answer.status not in _PENDING:
                return rows, answer.status
            if len(rows) >= self.settings.answer_limit:
                raise self._misbehaved("pacs_too_many_answers", limit=str(self.settings.answer_limit))
            rows.append(read(self._values(answer, implicit)))
        raise self._unreachable("pacs_lost")

    def get(self, identifier: Identifier, take: Callable[[Delivery], None]) -> Retrieved:
        """C-GET, Study Root (PS3.7 section 9.1.3): *take* is given each instance; how it ended."""
        context_id = self._context(GET)
        encoded = identifier.encode(implicit=self._syntax(context_id) == IMPLICIT_LITTLE)
        self._request(Command.C_GET_REQUEST, GET, encoded, budget_bytes=self.settings.instance_limit_bytes)
        for answer in self._answers(Command.C_GET_RESPONSE, Command.C_STORE_REQUEST):
            if answer.field == Command.C_STORE_REQUEST:
                take(self._take_in(answer))
                self._wire.budget_bytes = self.settings.instance_limit_bytes
            elif answer.status not in _PENDING:
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
        self._request(
            Command.C_MOVE_REQUEST,
            MOVE,
            encoded,
            budget_bytes=_ANSWER_LIMIT_BYTES,
            more={messages.MOVE_DESTINATION: destination},
        )
        for answer in self._answers(Command.C_MOVE_RESPONSE):
            if answer.status not in _PENDING:
                return _retrieved(answer)
            progress(answer.count(messages.COMPLETED))
        raise self._unreachable("pacs_lost")

    def _take_in(self, request: Message) -> Delivery:
        """Accept a sub-operation's instance."""
        uids = (request.sop_class_uid, request.sop_instance_uid)
        if request.data is None or request.message_id < 0 or not all(map(is_uid_as_found, uids)):
            raise self._misbehaved("pacs_protocol", words="C-STORE")
        self._send(
            request.context_id,
            {
                messages.FIELD: Command.C_STORE_RESPONSE,
                messages.RESPONDS_TO: request.message_id,
                messages.SOP_CLASS: uids[0],
                messages.SOP_INSTANCE: uids[1],
                messages.STATUS: SUCCESS,
            },
        )
        return Delivery(*uids, self._syntax(request.context_id), memoryview(request.data))

    def _request(
        self,
        field: Command,
        service: str,
        data: bytes = b"",
        *,
        budget_bytes: int,
        more: dict[int, int | str] | None = None,
    ) -> None:
        """Begin an operation; *budget_bytes* is the most it may receive."""
        self._begin(budget_bytes, self.settings.operation_timeout_s)
        self._message_id = self._message_id % 65_535 + 1
        elements: dict[int, int | str] = {
            messages.FIELD: field,
            messages.MESSAGE_ID: self._message_id,
            messages.SOP_CLASS: service,
            **(more or {}),
        }
        if data:
            elements[messages.PRIORITY] = _MEDIUM
        self._send(self._context(service), elements, data)

    def _begin(self, budget_bytes: int, limit_s: float) -> None:
        self._wire.budget_bytes = budget_bytes
        self._wire.deadline = time.monotonic() + limit_s
        self.answered = False

    def _context(self, abstract_syntax: str) -> int:
        if abstract_syntax not in self._context_of:
            raise PeerRefused("pacs_no_service", pacs=self.settings.name, service=abstract_syntax)
        return self._context_of[abstract_syntax]

    def _syntax(self, context_id: int) -> str:
        if context_id not in self._syntax_of:
            raise self._misbehaved("pacs_protocol", words="presentation context")
        return self._syntax_of[context_id]

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

    def _receive(self) -> tuple[int, memoryview]:
        """The next PDU but for the end of the association, which is ``pacs_lost``."""
        try:
            kind, content = self._wire.receive()
        except TimeoutError:
            raise self._unreachable("pacs_timeout", seconds=f"{self.settings.response_timeout_s:g}") from None
        except OSError:
            raise self._unreachable("pacs_lost") from None
        except Malformed as error:
            raise self._misbehaved("pacs_protocol", words=str(error)) from None
        except Exceeded:
            raise self._misbehaved("pacs_answer_too_large") from None
        if kind in (Pdu.ABORT, Pdu.RELEASE_REQUEST):
            self._ended = True
            raise self._unreachable("pacs_lost")
        return kind, content

    def _send(self, context_id: int, elements: dict[int, int | str], data: bytes = b"") -> None:
        command = command_set(elements, data=bool(data))
        for one in pdu.fragments(context_id, command, data, self.accepted.max_length):
            self._write(one)

    def _write(self, content: bytes) -> None:
        try:
            self._wire.send(content)
        except TimeoutError:
            raise self._unreachable("pacs_timeout", seconds=f"{self.settings.response_timeout_s:g}") from None
        except OSError:
            raise self._unreachable("pacs_lost") from None

    def _misbehaved(self, code: str, **facts: str) -> PeerMisbehaved:
        return PeerMisbehaved(code, pacs=self.settings.name, **facts)

    def _unreachable(self, code: str, **facts: str) -> PeerUnreachable:
        settings = self.settings
        return PeerUnreachable(code, pacs=settings.name, host=settings.host, port=settings.port, **facts)

    # Ending

    @property
    def established(self) -> bool:
        """Whether the association stands and is silent, as a parked one must be: whatever came has ended it."""
        return not self._ended and self._wire.is_quiet

    def release(self) -> None:
        """A-RELEASE, then close; whatever the peer does, the socket is gone afterwards."""
        if self.established:
            with contextlib.suppress(OSError, Malformed, Exceeded):
                self._wire.deadline = time.monotonic() + min(_RELEASE_PATIENCE_S, self.settings.response_timeout_s)
                self._wire.budget_bytes = PDU_LIMIT_BYTES
                self._wire.send(pdu.RELEASE_REQUEST)
                self._wire.receive()
            self._ended = True
        self._wire.close()

    def drop(self) -> None:
        """End at once, by A-ABORT where that is still possible: the state of the conversation is unknown."""
        if not self._ended:
            self._ended = True
            with contextlib.suppress(OSError):
                self._wire.send(pdu.abort())
        self._wire.close()


def _retrieved(answer: Message) -> Retrieved:
    return Retrieved(answer.status, answer.count(messages.COMPLETED), answer.count(messages.FAILED))
