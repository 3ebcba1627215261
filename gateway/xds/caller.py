"""The side that asks: zeep makes the envelope from our service description, our transport carries it.

What zeep does: operations and actions from ``wsdl/registry.wsdl``, the envelope, Action, MessageID and To. What is
added: mustUnderstand on Action, ReplyTo, MTOM, an assertion. Answers are not given to zeep: they are parsed once, by
``trust.safexml``, and read here, so that no second parser with other rules sees a stranger's bytes and what is
signed inside an answer stays as it came.

Sources: WS-Addressing 1.0 Core (W3C, 2006) section 3; SOAP 1.2 part 1 section 5.4; IHE ITI TF-2 appendix V.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import structlog
import zeep
from lxml import etree

from gateway.errors import InputRejected, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.resources import wsdl_path
from gateway.xds import mtom
from gateway.xds.envelope import (
    ADDRESSING,
    ANONYMOUS,
    ENVELOPE,
    MUST_UNDERSTAND,
    WSA,
    WSSE,
    qualified,
)
from gateway.xds.mistakes import MOST_WORDS, mistake
from gateway.xds.transport import (
    BUSY_STATUS,
    LIMITS,
    Answer,
    Connection,
    OnWire,
    Transport,
    peer_of,
    raise_for_status,
)

log = structlog.get_logger(__name__)

_UNDERSTOOD = ADDRESSING | {qualified(WSSE, "Security")}


class Assertion(Protocol):
    """Something that says in the header who is asking, such as a VIHF."""

    def apply(self, envelope: etree._Element, headers: dict[str, str]) -> tuple[etree._Element, dict[str, str]]:
        """Add the header block; nothing of the envelope is changed after it. Called once a try."""


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """An answer that is not a fault; close it when its documents are read."""

    body: etree._Element
    """The element that the service description announces."""
    parts: Mapping[etree._Element, mtom.Part] = field(repr=False)
    """Documents by the element that they stand in, for ``mtom.content``."""
    incoming: mtom.Incoming = field(repr=False)

    def close(self) -> None:
        self.incoming.close()

    def __enter__(self) -> Reply:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Caller:
    """Calls the operations of ``wsdl/registry.wsdl``.

    May be used by several threads; each call has its own message id, documents and answer.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        limits: mtom.Limits = LIMITS,
        assertion: Assertion | None = None,
        on_wire: OnWire | None = None,
    ) -> None:
        self._transport = Transport(connection, limits, on_wire)
        self._assertion = assertion
        settings = zeep.Settings(forbid_dtd=True, forbid_external=True, raw_response=True)
        client: Any = zeep.Client  # zeep has no types
        self._client = client(str(wsdl_path("registry")), transport=_Files(), settings=settings)
        self._client.set_ns_prefix("xdsb", "urn:ihe:iti:xds-b:2007")
        self._client.set_ns_prefix("query", "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0")
        (self._binding,) = self._client.wsdl.bindings.values()

    def close(self) -> None:
        """Close the kept connections."""
        self._transport.close()

    def call(
        self,
        operation: str,
        url: str,
        request: etree._Element,
        attachments: Sequence[mtom.Attachment] = (),
        *,
        multipart: bool = False,
    ) -> Reply:
        """Send *request*, whose children and attributes are taken over by the envelope, and read the answer.

        *multipart* sends MTOM even without attachments. Raises PeerUnreachable, PeerRefused (``registry_fault`` with
        the peer's ``words``, ``registry_http``), PeerMisbehaved, SettingsError (``registry_url``).
        """
        peer = peer_of(url)
        described = self._binding.get(operation)
        if described.input.body.qname != request.tag:
            raise ValueError(f"{operation} does not take this element")
        exchange = _Exchange(self._transport, self._assertion, tuple(attachments), multipart)
        view = copy.copy(self._client)
        view.transport, view.plugins, view.wsse = exchange, [exchange], exchange
        arguments = {"_value_1": list(request), "_attr_1": {str(name): value for name, value in request.attrib.items()}}
        answer: Answer = self._binding.send(view, {"address": url}, operation, (), arguments)
        try:
            _refuse_fault(answer, peer)
            return _reply(answer, described.output.body.qname, exchange.message_id)
        except InputRejected as error:
            answer.incoming.close()
            raise mistake(error, peer) from error
        except Exception:
            answer.incoming.close()
            raise


class _Files:
    """What zeep loads its description with: the file that ships with the program, and nothing else."""

    def load(self, url: str) -> bytes:
        return Path(url).read_bytes()


class _Exchange:
    """One call, in the three roles that zeep knows: plug-in, signer and transport."""

    def __init__(
        self,
        transport: Transport,
        assertion: Assertion | None,
        attachments: tuple[mtom.Attachment, ...],
        multipart: bool,
    ) -> None:
        self._transport = transport
        self._assertion = assertion
        self._attachments = attachments
        self._multipart = multipart
        self._action = ""
        self.message_id = ""

    def egress(
        self, envelope: etree._Element, headers: dict[str, str], operation: object, options: object
    ) -> tuple[etree._Element, dict[str, str]]:
        header = envelope.find(qualified(ENVELOPE, "Header"))
        if header is None:
            raise ValueError("zeep has written no header")
        for block in header:
            if block.tag == qualified(WSA, "Action"):
                block.set(MUST_UNDERSTAND, "1")
                self._action = block.text or ""
            elif block.tag == qualified(WSA, "MessageID"):
                self.message_id = block.text or ""
        reply_to = etree.SubElement(header, qualified(WSA, "ReplyTo"))
        etree.SubElement(reply_to, qualified(WSA, "Address")).text = ANONYMOUS
        return envelope, headers

    def apply(self, envelope: etree._Element, headers: dict[str, str]) -> tuple[etree._Element, dict[str, str]]:
        return self._assertion.apply(envelope, headers) if self._assertion else (envelope, headers)

    def post_xml(self, address: str, envelope: etree._Element, headers: dict[str, Any]) -> Answer:
        xml = etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)
        if self._attachments or self._multipart:
            body = mtom.write(xml, self._attachments, self._action)
        else:
            body = mtom.plain(xml, self._action)
        return self._transport.post(address, body)


def _reply(answer: Answer, expected: str, message_id: str) -> Reply:
    envelope = answer.envelope
    missed = envelope.not_understood(_UNDERSTOOD)
    if missed:
        raise InputRejected("soap_must_understand", header=etree.QName(missed[0]).localname)
    relates_to = envelope.addressing("RelatesTo")
    if relates_to and relates_to != message_id:
        raise PeerMisbehaved("registry_relates_to")
    if not relates_to:
        # The connection tells which question is answered; the standard wants it said, some peers do not say it.
        log.debug("soap.relates_to_missing")
    if envelope.body is None or envelope.body.tag != expected:
        raise PeerMisbehaved("registry_other_answer")
    return Reply(envelope.body, mtom.resolve(envelope.root, answer.incoming), answer.incoming)


def _refuse_fault(answer: Answer, peer: str) -> None:
    """Raises for a SOAP fault, and for an error status without one."""
    body = answer.envelope.body
    if body is None or body.tag != qualified(ENVELOPE, "Fault"):
        raise_for_status(answer.http_status, peer)
        return
    code, subcode, words = _fault(body)
    facts = {"peer": peer, "status": str(answer.http_status), "fault": code, "subcode": subcode, "words": words}
    if answer.http_status in BUSY_STATUS:
        raise PeerUnreachable("registry_fault_busy", **facts)
    raise PeerRefused("registry_fault", **facts)


def _fault(fault: etree._Element) -> tuple[str, str, str]:
    """Local names of the code and of its innermost subcode, and the reason, French first."""
    codes = [_local(value.text) for value in fault.iter(qualified(ENVELOPE, "Value"))]
    texts = {
        (text.get("{http://www.w3.org/XML/1998/namespace}lang") or "").lower()[:2]: (text.text or "").strip()
        for text in fault.iterfind(f"{qualified(ENVELOPE, 'Reason')}/{qualified(ENVELOPE, 'Text')}")
    }
    words = texts.get("fr") or texts.get("en") or next(iter(texts.values()), "")
    return codes[0] if codes else "", codes[-1] if len(codes) > 1 else "", words[:MOST_WORDS]


def _local(name: str | None) -> str:
    return (name or "").strip().rpartition(":")[2]
