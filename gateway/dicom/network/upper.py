"""The upper layer of one association with a PACS (DICOM PS3.8), in the thread that uses it.

Negotiation, requests and statuses are pynetdicom's plain values (:mod:`gateway.dicom.network.negotiation`,
:mod:`gateway.dicom.network.dimse`). Its threads are not used. pynetdicom reads every association in a reactor thread of
its own, which takes messages from the queue that the caller waits on. Made as fast as this (no Nagle, no delayed ACK),
40 of 5,467 queries on four associations lost an answer so, and 37 of these came back as "no match, Success", which is
how an absent study looks. And handing each answer from thread to thread, and making a data set of it, costs 0.24 ms of
CPU where a plain reader needs 0.016 (5,000 answers: 1.2 s against 0.08).

Read in one thread, as here, no answer is lost, an association that is kept costs nothing, and ``scripts/bench find``
measures: STUDY queries on a kept association 26 times as many as with pynetdicom's defaults against Orthanc, 112 times
against dcmqrscp; one IMAGE query of 5,000 instances in 0.8 of findscu's time. Of a STUDY query 0.5 ms is pynetdicom's
encoding of the request. States of PS3.8 section 9.2 that a requestor in one thread can be in: no association,
established, ended.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterable

import structlog
from pynetdicom.presentation import PresentationContext

from gateway.dicom.network import negotiation
from gateway.dicom.network.negotiation import Accepted
from gateway.dicom.network.pdu import Malformed, Pdu
from gateway.dicom.network.proposal import Proposal
from gateway.dicom.network.vetting import LIMIT_BYTES
from gateway.dicom.network.wire import ANNOUNCED_BYTES, PDU_LIMIT_BYTES, Exceeded, Wire
from gateway.dicom.settings import PacsSettings
from gateway.errors import PeerMisbehaved, PeerRefused, PeerUnreachable

_log = structlog.get_logger(__name__)

_RELEASE_PATIENCE_S = 5.0


class UpperLayer:
    """An established association: PDUs out, PDUs in, and its end.

    Every method raises PeerUnreachable (``pacs_lost``, ``pacs_timeout``), PeerMisbehaved or PeerRefused; after any of
    them the association is in an unknown state and must be dropped.
    """

    def __init__(self, settings: PacsSettings, proposal: Proposal) -> None:
        """Associate; raises PeerUnreachable or PeerRefused (``pacs_rejected``, ``pacs_no_service``)."""
        self.settings = settings
        self.proposal = proposal
        self._ended = False
        self._wire = self._connect()
        try:
            self.accepted = self._associate()
        except BaseException:
            self.drop()
            raise
        self._syntax_of: dict[int, str] = {}
        self._context_of: dict[str, int] = {}
        for context in self.accepted.contexts:
            number, abstract, syntax = context.as_tuple
            self._syntax_of[number] = str(syntax)
            self._context_of.setdefault(str(abstract), number)

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

    def _associate(self) -> Accepted:
        settings, proposal = self.settings, self.proposal
        contexts = negotiation.proposed_contexts(proposal)
        request = negotiation.proposing(
            settings.called_aet, settings.calling_aet, proposal, ANNOUNCED_BYTES, negotiate=settings.negotiate
        )
        self._allow(LIMIT_BYTES, settings.connect_timeout_s)
        self._write([request])
        kind, content = self._receive()
        try:
            if kind == Pdu.ASSOCIATE_REJECT:
                raise self._rejected(negotiation.read_rejection(content))
            if kind != Pdu.ASSOCIATE_ACCEPT:
                raise Malformed("association")
            accepted = negotiation.read_acceptance(content, contexts)
        except Malformed as error:
            raise self._misbehaved("pacs_protocol", words=str(error)) from None
        self._check_usable(contexts, accepted.contexts)
        return accepted

    def _check_usable(self, asked: Iterable[PresentationContext], accepted: Iterable[PresentationContext]) -> None:
        """The service must be accepted, and one of the classes to be delivered where there are any."""
        wanted = dict.fromkeys(str(context.abstract_syntax) for context in asked)
        usable = {str(context.abstract_syntax) for context in accepted}
        if self.proposal.service not in usable or (len(wanted) > 1 and len(usable) < 2):
            missing = next(uid for uid in wanted if uid not in usable)
            raise PeerRefused("pacs_no_service", pacs=self.settings.name, service=missing)

    def _rejected(self, rejection: negotiation.Rejection) -> PeerRefused | PeerUnreachable:
        if rejection.for_now:
            return self._unreachable("pacs_rejected_for_now", words=rejection.words)
        settings = self.settings
        return PeerRefused("pacs_rejected", pacs=settings.name, called=settings.called_aet, words=rejection.words)

    # Conversing

    def _allow(self, budget_bytes: int, limit_s: float) -> None:
        """What may be received from now on, and for how long."""
        self._wire.budget_bytes = budget_bytes
        self._wire.deadline = time.monotonic() + limit_s

    def _context(self, abstract_syntax: str) -> int:
        """The accepted presentation context of a service."""
        if abstract_syntax not in self._context_of:
            raise PeerRefused("pacs_no_service", pacs=self.settings.name, service=abstract_syntax)
        return self._context_of[abstract_syntax]

    def _syntax(self, context_id: int) -> str:
        """The transfer syntax of an accepted presentation context."""
        if context_id not in self._syntax_of:
            raise self._misbehaved("pacs_protocol", words="presentation context")
        return self._syntax_of[context_id]

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
            words = negotiation.abort_words(content) if kind == Pdu.ABORT else "release"
            _log.info("pacs.association_ended", pacs=self.settings.name, words=words)
            raise self._unreachable("pacs_lost")
        return kind, content

    def _write(self, pdus: Iterable[bytes]) -> None:
        try:
            for one in pdus:
                self._wire.send(one)
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
                self._wire.send(negotiation.RELEASE_REQUEST)
                self._wire.receive()
            self._ended = True
        self._wire.close()

    def drop(self) -> None:
        """End at once, by A-ABORT where that is still possible: the state of the conversation is unknown."""
        if not self._ended:
            self._ended = True
            with contextlib.suppress(OSError):
                self._wire.send(negotiation.abort())
        self._wire.close()
