"""Associations that others ask us for, negotiated with pynetdicom's values (DICOM PS3.8 sections 7.1 and 9.3).

What a peer sends is vetted before pynetdicom decodes it. A PACS that moves images opens an association for each C-MOVE
and proposes every class it knows, the same bytes each time; those cost pynetdicom 0.1 s, so the last proposals and
their answers are remembered.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from pynetdicom._globals import APPLICATION_CONTEXT_NAME
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import (
    PresentationContext,
    PresentationContextTuple,
    build_context,
    negotiate_as_acceptor,
)

from gateway.dicom.network.negotiation import ACCEPTED, decoding, ourselves, taken_length
from gateway.dicom.network.pdu import Pdu
from gateway.dicom.network.vetting import vetted

_PERMANENT, _SERVICE_USER = 1, 1
_REMEMBERED = 16


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What a peer proposes; compared by identity."""

    called_aet: str
    calling_aet: str
    contexts: tuple[PresentationContext, ...]
    max_length: int


def read_request(content: memoryview) -> Request:
    """The A-ASSOCIATE-RQ *content*; raises Malformed."""
    return _read(vetted(Pdu.ASSOCIATE_REQUEST, content))


@functools.lru_cache(maxsize=_REMEMBERED)
def _read(encoded: bytes) -> Request:
    with decoding("association"):
        request = A_ASSOCIATE_RQ()
        request.decode(encoded)
        contexts = tuple(request.to_primitive().presentation_context_definition_list)
    user = request.user_information
    length = taken_length(user.maximum_length if user else None)
    return Request(request.called_ae_title, request.calling_ae_title, contexts, length)


@functools.lru_cache(maxsize=_REMEMBERED)
def acceptance(
    request: Request, supported: tuple[tuple[str, tuple[str, ...]], ...], max_length: int
) -> tuple[bytes, tuple[PresentationContextTuple, ...]]:
    """The A-ASSOCIATE-AC to *request*, and the contexts it accepts: id, abstract syntax, transfer syntax.

    *supported*: each abstract syntax that is taken, its transfer syntaxes in our order. Roles that the peer proposes
    are left as they are by default, which is what silence about them says (PS3.7 annex D.3.3.4).
    """
    ours = [build_context(abstract, list(syntaxes)) for abstract, syntaxes in supported]
    answered, _ = negotiate_as_acceptor(list(request.contexts), ours)
    primitive = A_ASSOCIATE()
    primitive.application_context_name = APPLICATION_CONTEXT_NAME
    primitive.called_ae_title, primitive.calling_ae_title = request.called_aet, request.calling_aet
    primitive.result, primitive.result_source = ACCEPTED, _SERVICE_USER
    primitive.presentation_context_definition_results_list = answered
    primitive.user_information = list(ourselves(max_length))
    accept = A_ASSOCIATE_AC()
    accept.from_primitive(primitive)
    return bytes(accept.encode()), tuple(context.as_tuple for context in answered if context.result == ACCEPTED)


def rejection(reason: int) -> bytes:
    """A permanent A-ASSOCIATE-RJ by the service user for *reason* (PS3.8 table 9-21)."""
    primitive = A_ASSOCIATE()
    primitive.result, primitive.result_source, primitive.diagnostic = _PERMANENT, _SERVICE_USER, reason
    reject = A_ASSOCIATE_RJ()
    reject.from_primitive(primitive)
    return bytes(reject.encode())
