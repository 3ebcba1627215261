"""Associations that we ask for, negotiated with pynetdicom's values (DICOM PS3.8 sections 7.1, 9.3; PS3.7 annex D.3).

Requests, acceptances, rejections and their words, releases, aborts, presentation contexts and roles are pynetdicom's
primitives, PDUs and rules. Only its plain values are used, none of its threads: :mod:`gateway.dicom.network.upper` says
why. What a peer sends is vetted before pynetdicom decodes it, and whatever its decoder raises is a :class:`Malformed`.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydicom.uid import UID
from pynetdicom._globals import APPLICATION_CONTEXT_NAME
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ, A_RELEASE_RP, A_RELEASE_RQ
from pynetdicom.pdu_primitives import (
    A_ABORT,
    A_ASSOCIATE,
    A_P_ABORT,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SOPClassExtendedNegotiation,
)
from pynetdicom.presentation import (
    PresentationContext,
    build_context,
    build_role,
    negotiate_as_requestor,
)

from gateway.dicom.network.pdu import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION, Malformed, Pdu, whole
from gateway.dicom.network.proposal import UNCOMPRESSED, Proposal
from gateway.dicom.network.vetting import vetted

# It logs the peer's bytes, and tracebacks of what it could not decode: both are told by a named error here.
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)

RELEASE_REQUEST: bytes = A_RELEASE_RQ().encode()
RELEASE_REPLY: bytes = A_RELEASE_RP().encode()
ACCEPTED = 0
_SHORTEST_PDU_BYTES = 7
"""PS3.8 annex D.1: a P-DATA-TF has six bytes of header before its first byte of a message."""
_TRANSIENT = 2
_REMEMBERED = 64
_RAISED = (
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)


@contextlib.contextmanager
def decoding(what: str) -> Iterator[None]:
    """Whatever pynetdicom raises over a peer's bytes is a Malformed that names *what* was read."""
    try:
        yield
    except _RAISED:
        raise Malformed(what) from None


# As requestor


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a peer has accepted of what was proposed."""

    contexts: tuple[PresentationContext, ...]
    """The accepted ones, each with its one transfer syntax."""
    max_length: int
    """The longest P-DATA-TF that the peer takes; 0: any."""
    version: str
    """Implementation version name."""
    extended: Mapping[str, bytes]
    """Service class application information by SOP class (PS3.7 annex D.3.3.5)."""


@functools.lru_cache(maxsize=_REMEMBERED)
def proposed_contexts(proposal: Proposal) -> tuple[PresentationContext, ...]:
    """The presentation contexts of *proposal*: the service first, then a context each for what C-GET delivers.

    They are shared, so not to be changed. 128 of them cost pynetdicom 50 ms to build, and as much to encode, so both
    are remembered: a search for the class of an image opens dozens of associations with few proposals.
    """
    contexts = [build_context(proposal.service, list(UNCOMPRESSED))]
    for sop_class_uid, syntaxes in proposal.storage:
        context = build_context(sop_class_uid, list(syntaxes))
        context.scu_role, context.scp_role = False, True
        contexts.append(context)
    for number, context in enumerate(contexts):
        context.context_id = 2 * number + 1
    return tuple(contexts)


@functools.lru_cache(maxsize=_REMEMBERED)
def proposing(called_aet: str, calling_aet: str, proposal: Proposal, max_length: int, *, negotiate: bool) -> bytes:
    """The A-ASSOCIATE-RQ of *proposal*; *negotiate*: with its application information (PS3.7 annex D.3.3.5)."""
    extended = {proposal.service: proposal.extended} if proposal.extended and negotiate else {}
    contexts = proposed_contexts(proposal)
    return association_request(called_aet, calling_aet, contexts, max_length=max_length, extended=extended)


def association_request(
    called_aet: str,
    calling_aet: str,
    contexts: Sequence[PresentationContext],
    *,
    max_length: int,
    extended: Mapping[str, bytes],
) -> bytes:
    """The A-ASSOCIATE-RQ; *extended*: application information by SOP class; *max_length* of what we take, in bytes."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = APPLICATION_CONTEXT_NAME
    primitive.called_ae_title, primitive.calling_ae_title = called_aet, calling_aet
    primitive.presentation_context_definition_list = list(contexts)
    delivered = dict.fromkeys(str(context.abstract_syntax) for context in contexts if context.scp_role)
    negotiated = []
    for sop_class_uid, information in extended.items():
        negotiation = SOPClassExtendedNegotiation()
        negotiation.sop_class_uid = sop_class_uid
        negotiation.service_class_application_information = information
        negotiated.append(negotiation)
    roles = [build_role(uid, scp_role=True) for uid in delivered]
    primitive.user_information = [*ourselves(max_length), *roles, *negotiated]
    request = A_ASSOCIATE_RQ()
    request.from_primitive(primitive)
    return bytes(request.encode())


def ourselves(
    max_length: int,
) -> tuple[MaximumLengthNotification, ImplementationClassUIDNotification, ImplementationVersionNameNotification]:
    """What either side tells of itself (PS3.8 annex D.1, PS3.7 annex D.3.3.2)."""
    length, identity, version = (
        MaximumLengthNotification(),
        ImplementationClassUIDNotification(),
        ImplementationVersionNameNotification(),
    )
    length.maximum_length_received = max_length
    identity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    version.implementation_version_name = IMPLEMENTATION_VERSION
    return length, identity, version


def read_acceptance(content: memoryview, asked: Sequence[PresentationContext]) -> Accepted:
    """What the A-ASSOCIATE-AC *content* accepts of the contexts *asked*; raises Malformed."""
    encoded = vetted(Pdu.ASSOCIATE_ACCEPT, content)
    with decoding("association"):
        accept = A_ASSOCIATE_AC()
        accept.decode(encoded)
        user = accept.user_information
        answers = accept.to_primitive().presentation_context_definition_results_list
        roles: dict[UID, tuple[bool | None, bool | None]] = {}
        if user is not None:
            roles = {uid: (bool(role.scu), bool(role.scp)) for uid, role in user.role_selection.items()}
        negotiated = negotiate_as_requestor(list(asked), answers, roles)
    offered = {context.context_id: context.transfer_syntax for context in asked}
    usable = [one for one in negotiated if one.result == ACCEPTED and (one.as_scu or one.as_scp)]
    if any(one.transfer_syntax[0] not in offered[one.context_id] for one in usable):
        raise Malformed("transfer syntax")
    return Accepted(
        tuple(usable),
        taken_length(user.maximum_length if user else None),
        (user.implementation_version_name or "") if user else "",
        {str(one.uid): one.app_info or b"" for one in user.ext_neg} if user else {},
    )


def taken_length(announced: int | None) -> int:
    """The longest P-DATA-TF that a peer takes, 0 for any; raises Malformed when no byte of a message would fit."""
    length = announced or 0
    if 0 < length < _SHORTEST_PDU_BYTES:
        raise Malformed("maximum length")
    return length


@dataclass(frozen=True, slots=True)
class Rejection:
    """An A-ASSOCIATE-RJ (PS3.8 table 9-21)."""

    for_now: bool
    words: str


def read_rejection(content: memoryview) -> Rejection:
    """Raises Malformed for one that is too short; a reason the standard does not know is given by its numbers."""
    rejection = A_ASSOCIATE_RJ()
    with decoding("rejection"):
        rejection.decode(whole(Pdu.ASSOCIATE_REJECT, content))
    fallback = f"source {rejection.source}, reason {rejection.reason_diagnostic}"
    return Rejection(rejection.result == _TRANSIENT, _worded(lambda: rejection.reason_str, fallback))


def abort_words(content: memoryview) -> str:
    """Who aborts and why, for the log (PS3.8 table 9-26); empty for what is no A-ABORT."""
    abort = A_ABORT_RQ()
    try:
        with decoding("abort"):
            abort.decode(whole(Pdu.ABORT, content))
    except Malformed:
        return ""
    fallback = f"source {abort.source}, reason {abort.reason_diagnostic}"
    return _worded(lambda: f"{abort.source_str}: {abort.reason_str}", fallback)


def _worded(words: Callable[[], str], fallback: str) -> str:
    """pynetdicom's own words where it has any."""
    try:
        return words()
    except (ValueError, KeyError):
        return fallback


# Ending


def _abort(primitive: A_ABORT | A_P_ABORT) -> bytes:
    abort = A_ABORT_RQ()
    abort.from_primitive(primitive)
    return bytes(abort.encode())


def abort() -> bytes:
    """The A-ABORT of a service user, who gives no reason (PS3.8 table 9-26)."""
    primitive = A_ABORT()
    primitive.abort_source = 0
    return _abort(primitive)


def provider_abort() -> bytes:
    """The A-ABORT of a service provider: an invalid parameter of a PDU (PS3.8 table 9-26, reason 6)."""
    primitive = A_P_ABORT()
    primitive.provider_reason = 6
    return _abort(primitive)
