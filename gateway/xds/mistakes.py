"""What our readers refuse in an answer, as a mistake of the peer: named for who operates the gateway.

The sentences of the readers speak to a sender ("remove it", "send it again"); of an answer a person must know that
nothing of it was used, and whom to ask.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from lxml import etree

from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.trust import safexml
from gateway.xds.envelope import ENVELOPE_11, qualified

MOST_WORDS = 2000
"""Characters of a peer's own words that are kept."""
_OF_FORM = "registry_answer_form"
_BY_CODE = {
    "mtom_truncated": "registry_answer_cut",
    "mtom_part": "registry_answer_parts",
    "mtom_too_large": "registry_answer_size",
    "soap_version": "registry_soap_11",
}
_BY_PREFIX = {
    "xml": "registry_answer_xml",
    "soap": "registry_answer_soap",
    "registry": "registry_answer_metadata",
}


def mistake(error: InputRejected, peer: str) -> PeerMisbehaved:
    """*error* of a reader of ours as PeerMisbehaved; ``place`` and ``facts["reason"]`` are the reader's own code."""
    code = _BY_CODE.get(error.code) or _BY_PREFIX.get(error.code.partition("_")[0], _OF_FORM)
    told = (error.facts.get(name, "") for name in ("attribute", "words", "what", "header", "encoding", "field", "line"))
    detail = next(filter(None, told), "-")
    facts = {**error.facts, "peer": peer, "reason": error.code, "detail": detail[:MOST_WORDS]}
    return PeerMisbehaved(code, place=error.code, **facts)


@contextlib.contextmanager
def mistakes_of(peer: str) -> Iterator[None]:
    """What our readers refuse inside is a mistake of *peer*."""
    try:
        yield
    except InputRejected as error:
        raise mistake(error, peer) from error


def fault_of_soap_11(content: bytes, peer: str, status: int, busy: frozenset[int]) -> GatewayError | None:
    """The fault in a SOAP 1.1 envelope, as peers send it for what they cannot read; None when there is none.

    Source: SOAP 1.1 (W3C, 2000) section 4.4.
    """
    try:
        root = safexml.parse(content)
    except GatewayError:
        return None
    fault = root.find(f"{qualified(ENVELOPE_11, 'Body')}/{qualified(ENVELOPE_11, 'Fault')}")
    if root.tag != qualified(ENVELOPE_11, "Envelope") or fault is None:
        return None
    code, words = _text(fault, "faultcode").rpartition(":")[2], _text(fault, "faultstring")
    facts = {"peer": peer, "status": str(status), "fault": code, "subcode": "", "words": words[:MOST_WORDS]}
    if status in busy:
        return PeerUnreachable("registry_fault_busy", **facts)
    return PeerRefused("registry_fault", **facts)


def _text(element: etree._Element, name: str) -> str:
    return " ".join((element.findtext(name) or "").split())
