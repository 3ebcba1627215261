"""The accepting side of an association: who may speak, in which contexts, and what is answered (PS3.7, PS3.8).

States of PS3.8 section 9.2 that an acceptor in one thread can be in: the connection stands, the association is
established, it has ended. What is received is handed over one message at a time and its status is the answer. What is
accepted is negotiated by pynetdicom (:mod:`gateway.dicom.network.admission`); reading is ours, as for a requestor.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Protocol

from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    InstanceAvailabilityNotification,
    ModalityPerformedProcedureStep,
)

from gateway.dicom.guard import EXPLICIT_BIG, IMPLICIT_LITTLE
from gateway.dicom.keys import is_uid_as_found
from gateway.dicom.network import admission, messages, negotiation, pdu
from gateway.dicom.network.admission import Request
from gateway.dicom.network.messages import Assembler, Command, Message, answer_set
from gateway.dicom.network.pdu import Malformed, Pdu
from gateway.dicom.network.proposal import COMPRESSED, UNCOMPRESSED, VERIFICATION
from gateway.dicom.network.vetting import LIMIT_BYTES
from gateway.dicom.network.wire import ANNOUNCED_BYTES, Exceeded, Wire
from gateway.dicom.storage import is_storage
from gateway.errors import InputRejected

INSTANCE_AVAILABILITY = str(InstanceAvailabilityNotification)
"""Instance Availability Notification SOP class (PS3.4 annex R)."""
PERFORMED_STEP = str(ModalityPerformedProcedureStep)
"""Modality Performed Procedure Step SOP class (PS3.4 annex F.7)."""

SUCCESS = 0x0000
INVALID_INSTANCE, CLASS_NOT_SUPPORTED, NOT_AUTHORISED = 0x0117, 0x0122, 0x0124
UNRECOGNISED_OPERATION, DUPLICATE, NO_SUCH_INSTANCE = 0x0211, 0x0111, 0x0112
OUT_OF_RESOURCES, MISMATCH, CANNOT_UNDERSTAND = 0xA700, 0xA900, 0xC000
_CALLING, _CALLED, _CONTEXT_NAME = 3, 7, 2
REQUEST_S = 30.0
"""The timer ARTIM (PS3.8 section 9.1.5): until the association is asked for, however slowly its bytes come."""
_SYNTAXES = (*UNCOMPRESSED, *(syntax for syntax in COMPRESSED if syntax != EXPLICIT_BIG))


@dataclass(frozen=True, slots=True)
class Arrival:
    """An instance that was sent, its data set as it came."""

    peer: str
    """AE title of who sent it."""
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Announcement:
    """An Instance Availability Notification, its data set as it came."""

    peer: str
    implicit: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class StepMessage:
    """An N-CREATE or N-SET of a performed procedure step, its data set as it came."""

    peer: str
    sop_instance_uid: str
    implicit: bool
    data: bytes
    begins: bool
    """N-CREATE."""


class Receiving(Protocol):
    """What is done with what comes; each gives the status to answer."""

    def admits(self, calling_aet: str) -> bool:
        """Whether this caller may speak to us."""

    def takes(self, calling_aet: str, sop_class_uid: str) -> bool:
        """Whether this caller may send this class."""

    def store(self, arrival: Arrival) -> int: ...

    def announce(self, announcement: Announcement) -> int: ...

    def step(self, message: StepMessage) -> int: ...


class Acceptor:
    """One association, from its request to its end."""

    def __init__(
        self,
        wire: Wire,
        ae_title: str,
        receiving: Receiving,
        *,
        instance_limit_bytes: int,
        association_limit_s: float,
        request_limit_s: float = REQUEST_S,
    ) -> None:
        """*instance_limit_bytes*: of one message; *association_limit_s*: how long the whole may last;
        *request_limit_s*: how long it may take to ask for it."""
        self._wire = wire
        self._ae_title = ae_title
        self._receiving = receiving
        self._limit_bytes = instance_limit_bytes
        self._limit_s = association_limit_s
        self._request_limit_s = request_limit_s
        self._assembler = Assembler()
        self._contexts: dict[int, tuple[str, str]] = {}
        self._peer = ""
        self._max_length = 0

    def serve(self) -> None:
        """Until the peer releases, aborts, falls silent or breaks the protocol; raises nothing for what it does."""
        began = time.monotonic()
        self._wire.deadline = began + min(self._request_limit_s, self._limit_s)
        try:
            if self._begin():
                self._wire.deadline = began + self._limit_s
                self._converse()
        except (Malformed, Exceeded, InputRejected):
            self._abort()
        except OSError:
            return  # silence or the end of the connection: the owner closes it
        finally:
            self._wire.close()

    def _abort(self) -> None:
        with contextlib.suppress(OSError):
            self._wire.send(negotiation.provider_abort())

    def _begin(self) -> bool:
        """Accept or reject the association."""
        self._wire.budget_bytes = LIMIT_BYTES
        kind, content = self._wire.receive()
        if kind != Pdu.ASSOCIATE_REQUEST:
            raise Malformed("association")
        request = admission.read_request(content)
        reason = 0
        if request.called_aet != self._ae_title:
            reason = _CALLED
        elif not self._receiving.admits(request.calling_aet):
            reason = _CALLING
        elif not request.contexts:
            reason = _CONTEXT_NAME
        if reason:
            self._wire.send(admission.rejection(reason))
            return False
        self._peer = request.calling_aet
        self._max_length = request.max_length
        encoded, accepted = admission.acceptance(request, self._supported(request), ANNOUNCED_BYTES)
        self._contexts = {number: (str(abstract), str(syntax)) for number, abstract, syntax in accepted}
        self._wire.send(encoded)
        return True

    def _supported(self, request: Request) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What this caller may send, of what it asks for."""
        asked = dict.fromkeys(str(context.abstract_syntax) for context in request.contexts)
        return tuple(
            (abstract, _SYNTAXES if is_storage(abstract) else UNCOMPRESSED)
            for abstract in asked
            if (abstract in (VERIFICATION, INSTANCE_AVAILABILITY, PERFORMED_STEP) or is_storage(abstract))
            and self._receiving.takes(self._peer, abstract)
        )

    def _converse(self) -> None:
        self._wire.budget_bytes = self._limit_bytes
        while True:
            kind, content = self._wire.receive()
            if kind == Pdu.RELEASE_REQUEST:
                self._wire.send(negotiation.RELEASE_REPLY)
                return
            if kind == Pdu.ABORT:
                return
            if kind != Pdu.DATA:
                raise Malformed("PDU")
            for message in [self._assembler.take(*value) for value in pdu.values(content)]:
                if message is not None:
                    self._answer(message)
                    self._wire.budget_bytes = self._limit_bytes

    def _answer(self, message: Message) -> None:
        if message.context_id not in self._contexts or message.message_id < 0:
            raise Malformed("presentation context")
        if message.field == Command.C_CANCEL_REQUEST:
            return
        abstract, syntax = self._contexts[message.context_id]
        field = message.field | messages.RESPONSE_BIT if message.field >= 0 else Command.C_STORE_RESPONSE
        elements: dict[int, int | str] = {
            messages.FIELD: field,
            messages.RESPONDS_TO: message.message_id,
            messages.SOP_CLASS: abstract,
            messages.STATUS: self._status(message, abstract, syntax),
        }
        if is_uid_as_found(message.sop_instance_uid):
            elements[messages.SOP_INSTANCE] = message.sop_instance_uid
        for one in pdu.command_pdus(message.context_id, answer_set(elements), self._max_length):
            self._wire.send(one)

    def _status(self, message: Message, abstract: str, syntax: str) -> int:
        if message.field == Command.C_ECHO_REQUEST and abstract == VERIFICATION:
            return SUCCESS
        if message.field == Command.N_CREATE_REQUEST and abstract == INSTANCE_AVAILABILITY:
            if message.data is None:
                return CANNOT_UNDERSTAND
            return self._receiving.announce(Announcement(self._peer, syntax == IMPLICIT_LITTLE, bytes(message.data)))
        if message.field in (Command.N_CREATE_REQUEST, Command.N_SET_REQUEST) and abstract == PERFORMED_STEP:
            return self._step(message, syntax)
        if message.field != Command.C_STORE_REQUEST or not is_storage(abstract):
            return UNRECOGNISED_OPERATION
        if message.sop_class_uid != abstract:
            return CLASS_NOT_SUPPORTED
        if not is_uid_as_found(message.sop_instance_uid):
            return INVALID_INSTANCE
        if message.data is None:
            return CANNOT_UNDERSTAND
        return self._receiving.store(
            Arrival(self._peer, abstract, message.sop_instance_uid, syntax, bytes(message.data))
        )

    def _step(self, message: Message, syntax: str) -> int:
        if not is_uid_as_found(message.sop_instance_uid):
            return INVALID_INSTANCE
        if message.data is None:
            return CANNOT_UNDERSTAND
        begins = message.field == Command.N_CREATE_REQUEST
        implicit = syntax == IMPLICIT_LITTLE
        return self._receiving.step(
            StepMessage(self._peer, message.sop_instance_uid, implicit, bytes(message.data), begins)
        )
