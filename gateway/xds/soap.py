"""SOAP 1.2 with WS-Addressing: what both sides share, and the side that answers.

:func:`read_request` reads a request or raises what :func:`write_fault` turns into a fault; :func:`write_response`
makes the answer. The side that asks is ``caller.py``.

Sources: SOAP 1.2 part 1 (W3C, 2007) section 2.4 (mustUnderstand), section 5 (envelope) and section 5.4 (fault),
part 2 table 20 (HTTP status of a fault); WS-Addressing 1.0 SOAP Binding (W3C, 2006) section 6 (faults); IHE ITI TF-2
appendix V.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from lxml import etree

from gateway.errors import GatewayError, InputRejected
from gateway.texts import sentence
from gateway.trust import safexml
from gateway.xds import mtom

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
ENVELOPE_11 = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ANONYMOUS = f"{WSA}/anonymous"
MUST_UNDERSTAND = f"{{{ENVELOPE}}}mustUnderstand"

ADDRESSING = frozenset(
    f"{{{WSA}}}{name}" for name in ("Action", "MessageID", "To", "From", "ReplyTo", "FaultTo", "RelatesTo")
)
"""The header blocks that this module understands, in Clark notation."""

_ROLES_OF_OURS = frozenset({"", f"{ENVELOPE}/role/next", f"{ENVELOPE}/role/ultimateReceiver"})
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SPEAKABLE = ("soap_", "mtom_", "mime_", "xml_")


class Readable(Protocol):
    """A body as a server gives it (``wsgi.input``)."""

    def read(self, size: int, /) -> bytes: ...


class EnvelopeRejected(InputRejected):
    """An envelope that is answered with a fault of its own.

    ``fault_code`` is a local name of SOAP 1.2 part 1 table 4 (``Sender``, ``MustUnderstand``, ``VersionMismatch``),
    ``subcodes`` local names of WS-Addressing from the outside in, ``problem`` what the fault names: an action, or the
    qualified names of header blocks.
    """

    def __init__(
        self,
        code: str,
        *,
        fault_code: str = "Sender",
        subcodes: tuple[str, ...] = (),
        problem: tuple[str, ...] = (),
        relates_to: str = "",
        **facts: str,
    ) -> None:
        super().__init__(code, **facts)
        self.fault_code = fault_code
        self.subcodes = subcodes
        self.problem = problem
        self.relates_to = relates_to


def qualified(namespace: str, name: str) -> str:
    """Clark notation."""
    return f"{{{namespace}}}{name}"


def message_id() -> str:
    """A new wsa:MessageID."""
    return f"urn:uuid:{uuid.uuid4()}"


# Reading, both sides


@dataclass(frozen=True, slots=True)
class Envelope:
    """The two halves of an envelope: its header blocks, and the one element of its body (None when empty)."""

    root: etree._Element
    blocks: tuple[etree._Element, ...]
    body: etree._Element | None

    def addressing(self, name: str) -> str:
        """The text of a WS-Addressing header, or empty; raises EnvelopeRejected (``soap_addressing``) for two."""
        found = [block for block in self.blocks if block.tag == qualified(WSA, name)]
        if len(found) > 1:
            raise EnvelopeRejected(
                "soap_addressing",
                subcodes=("InvalidAddressingHeader", "InvalidCardinality"),
                problem=(qualified(WSA, name),),
                header=name,
            )
        return (found[0].text or "").strip() if found else ""

    def not_understood(self, understood: Collection[str]) -> tuple[str, ...]:
        """Names of the blocks meant for us that must be understood and are not (SOAP 1.2 part 1 section 2.4)."""
        return tuple(
            str(block.tag)
            for block in self.blocks
            if (block.get(MUST_UNDERSTAND) or "").strip() in ("1", "true")
            and (block.get(qualified(ENVELOPE, "role")) or "").strip() in _ROLES_OF_OURS
            and block.tag not in understood
        )


def read_envelope(root: etree._Element) -> Envelope:
    """The envelope of *root*; raises EnvelopeRejected (``soap_version``, ``soap_envelope``)."""
    if root.tag != qualified(ENVELOPE, "Envelope"):
        if root.tag == qualified(ENVELOPE_11, "Envelope"):
            raise EnvelopeRejected("soap_version", fault_code="VersionMismatch")
        raise EnvelopeRejected("soap_envelope")
    halves = list(root.iterchildren("*"))
    names = [str(half.tag) for half in halves]
    wanted = [qualified(ENVELOPE, "Header"), qualified(ENVELOPE, "Body")]
    if names not in (wanted, wanted[1:]):
        raise EnvelopeRejected("soap_envelope")
    blocks = tuple(halves[0].iterchildren("*")) if len(halves) == 2 else ()
    content = list(halves[-1].iterchildren("*"))
    if len(content) > 1:
        raise EnvelopeRejected("soap_envelope")
    return Envelope(root, blocks, content[0] if content else None)


# The side that answers


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A request; close it when it is answered, for its documents may be in a temporary file."""

    action: str
    message_id: str
    body: etree._Element
    """The one element of the SOAP body."""
    blocks: tuple[etree._Element, ...]
    """The header blocks, for who reads an assertion."""
    parts: Mapping[etree._Element, mtom.Part] = field(repr=False)
    """Documents by the element that they stand in; ``mtom.content(element, parts)`` reads inline ones too."""
    incoming: mtom.Incoming = field(repr=False)

    def documents(self) -> dict[str, mtom.Part]:
        """The documents of an ITI-41 request by their ids; raises as :func:`mtom.documents_by_id`."""
        return mtom.documents_by_id(self.body, self.parts)

    def close(self) -> None:
        self.incoming.close()

    def __enter__(self) -> Request:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_request(
    content_type: str,
    stream: Readable,
    limits: mtom.Limits = mtom.DEFAULT,
    *,
    actions: Collection[str] | None = None,
    understood: Collection[str] = (),
) -> Request:
    """Read a request from an HTTP body.

    *actions* are those that are answered (all when None); *understood* are header blocks, in Clark notation, that the
    caller processes beside WS-Addressing. Raises EnvelopeRejected, and what ``mtom.Reader``, ``mtom.resolve`` and
    ``safexml.parse`` raise; all of it can be given to :func:`write_fault`.
    """
    incoming = _read_all(mtom.Reader(content_type, limits), stream)
    try:
        envelope = read_envelope(safexml.parse(incoming.root.read()))
        action, identifier = _addressed(envelope, incoming.action, actions, understood)
        if envelope.body is None:
            raise EnvelopeRejected("soap_envelope", relates_to=identifier)
        parts = mtom.resolve(envelope.root, incoming)
        return Request(action, identifier, envelope.body, envelope.blocks, parts, incoming)
    except Exception:
        incoming.close()
        raise


def _read_all(reader: mtom.Reader, stream: Readable) -> mtom.Incoming:
    try:
        while chunk := stream.read(64 * 1024):
            reader.feed(chunk)
        return reader.finish()
    except OSError as error:
        reader.close()
        raise InputRejected("mtom_truncated") from error
    except BaseException:  # whatever a server raises for a client that has gone
        reader.close()
        raise


def _addressed(
    envelope: Envelope, declared_action: str, actions: Collection[str] | None, understood: Collection[str]
) -> tuple[str, str]:
    """The action and the message id, once the header is one that may be answered."""
    identifier = envelope.addressing("MessageID")
    missing = envelope.not_understood({*ADDRESSING, *understood})
    if missing:
        raise EnvelopeRejected(
            "soap_must_understand",
            fault_code="MustUnderstand",
            problem=missing,
            relates_to=identifier,
            header=etree.QName(missing[0]).localname,
        )
    action = envelope.addressing("Action")
    for name, value in (("Action", action), ("MessageID", identifier)):
        if not value:
            raise EnvelopeRejected(
                "soap_addressing",
                subcodes=("MessageAddressingHeaderRequired",),
                problem=(qualified(WSA, name),),
                relates_to=identifier,
                header=name,
            )
    if declared_action and declared_action != action:
        raise EnvelopeRejected(
            "soap_addressing",
            subcodes=("InvalidAddressingHeader", "ActionMismatch"),
            problem=(qualified(WSA, "Action"),),
            relates_to=identifier,
            header="Action",
        )
    if actions is not None and action not in actions:
        raise EnvelopeRejected(
            "soap_action", subcodes=("ActionNotSupported",), problem=(action,), relates_to=identifier, action=action
        )
    _anonymous_only(envelope, identifier)
    return action, identifier


def _anonymous_only(envelope: Envelope, identifier: str) -> None:
    for name in ("ReplyTo", "FaultTo"):
        for block in envelope.blocks:
            if block.tag == qualified(WSA, name):
                address = (block.findtext(qualified(WSA, "Address")) or "").strip()
                if address != ANONYMOUS:
                    raise EnvelopeRejected(
                        "soap_addressing",
                        subcodes=("InvalidAddressingHeader", "OnlyAnonymousAddressSupported"),
                        problem=(block.tag,),
                        relates_to=identifier,
                        header=name,
                    )


def write_response(
    action: str,
    relates_to: str,
    body: etree._Element,
    attachments: Sequence[mtom.Attachment] = (),
    *,
    multipart: bool = False,
) -> mtom.Outgoing:
    """The answer to *relates_to*, to be sent with HTTP 200 under its ``content_type``.

    It is multipart when there are attachments or when *multipart* asks for it (ITI-41 and ITI-43 answer in MTOM even
    without documents). *body* is moved into the envelope.
    """
    root = _envelope(action, relates_to, body)
    xml = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    if attachments or multipart:
        return mtom.write(xml, attachments, action)
    return mtom.plain(xml, action)


@dataclass(frozen=True, slots=True)
class FaultAnswer:
    """A fault ready to be sent."""

    http_status: int
    content_type: str
    content: bytes


def write_fault(error: GatewayError, relates_to: str = "") -> FaultAnswer:
    """The fault that answers *error*, its reason in French and in English, without data of the request's body."""
    fault = etree.Element(qualified(ENVELOPE, "Fault"), nsmap={"env": ENVELOPE, "wsa": WSA})
    name = _fault_code(error)
    code = etree.SubElement(fault, qualified(ENVELOPE, "Code"))
    etree.SubElement(code, qualified(ENVELOPE, "Value")).text = f"env:{name}"
    subcodes = error.subcodes if isinstance(error, EnvelopeRejected) else ()
    for subcode in subcodes:
        code = etree.SubElement(code, qualified(ENVELOPE, "Subcode"))
        etree.SubElement(code, qualified(ENVELOPE, "Value")).text = f"wsa:{subcode}"
    reason = etree.SubElement(fault, qualified(ENVELOPE, "Reason"))
    facts = error.facts if error.code.startswith(_SPEAKABLE) else {}
    for language in ("en", "fr"):
        text = etree.SubElement(reason, qualified(ENVELOPE, "Text"))
        text.set(_XML_LANG, language)
        text.text = _xml_text(sentence(error.code, facts, language))
    problem = error.problem if isinstance(error, EnvelopeRejected) else ()
    if subcodes and problem:
        _detail(fault, subcodes, problem)
    action = f"{WSA}/fault" if subcodes else f"{WSA}/soap/fault"
    root = _envelope(action, relates_to or getattr(error, "relates_to", ""), fault)
    if name in ("MustUnderstand", "VersionMismatch"):
        _fault_headers(root[0], name, problem)
    content = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return FaultAnswer(_fault_status(error, name), f"{mtom.SOAP_MEDIA_TYPE}; charset=UTF-8", content)


def _fault_code(error: GatewayError) -> str:
    if isinstance(error, EnvelopeRejected):
        return error.fault_code
    return "Sender" if isinstance(error, InputRejected) else "Receiver"


def _fault_status(error: GatewayError, fault_code: str) -> int:
    """SOAP 1.2 part 2 table 20: 400 for Sender, 500 for the others; a more exact status of the same class is kept."""
    if error.code == "mtom_media_type":
        return 415
    if fault_code == "Sender":
        return error.http_status if error.http_status < 500 else 400
    return error.http_status if fault_code == "Receiver" and error.http_status == 503 else 500


def _detail(fault: etree._Element, subcodes: tuple[str, ...], problem: tuple[str, ...]) -> None:
    """WS-Addressing 1.0 SOAP Binding section 6.3."""
    detail = etree.SubElement(fault, qualified(ENVELOPE, "Detail"))
    if subcodes[0] == "ActionNotSupported":
        named = etree.SubElement(detail, qualified(WSA, "ProblemAction"))
        etree.SubElement(named, qualified(WSA, "Action")).text = problem[0]
    else:
        name = etree.SubElement(detail, qualified(WSA, "ProblemHeaderQName"))
        name.text = f"wsa:{etree.QName(problem[0]).localname}"


def _fault_headers(header: etree._Element, name: str, problem: tuple[str, ...]) -> None:
    """SOAP 1.2 part 1 sections 5.4.7 (Upgrade) and 5.4.8 (NotUnderstood)."""
    if name == "VersionMismatch":
        upgrade = etree.SubElement(header, qualified(ENVELOPE, "Upgrade"))
        etree.SubElement(upgrade, qualified(ENVELOPE, "SupportedEnvelope")).set("qname", "env:Envelope")
    for tag in problem:
        block = etree.QName(tag)
        nsmap = {"missed": block.namespace} if block.namespace else None
        missed = etree.SubElement(header, qualified(ENVELOPE, "NotUnderstood"), nsmap=nsmap)
        missed.set("qname", f"missed:{block.localname}" if block.namespace else block.localname)


def _envelope(action: str, relates_to: str, body: etree._Element) -> etree._Element:
    root = etree.Element(qualified(ENVELOPE, "Envelope"), nsmap={"env": ENVELOPE, "wsa": WSA})
    header = etree.SubElement(root, qualified(ENVELOPE, "Header"))
    named = etree.SubElement(header, qualified(WSA, "Action"))
    named.text = action
    named.set(MUST_UNDERSTAND, "1")
    etree.SubElement(header, qualified(WSA, "MessageID")).text = message_id()
    if relates_to:
        etree.SubElement(header, qualified(WSA, "RelatesTo")).text = relates_to
    etree.SubElement(root, qualified(ENVELOPE, "Body")).append(body)
    return root


def _xml_text(text: str) -> str:
    """*text* without the control characters that XML cannot hold."""
    return "".join(character for character in text if character.isprintable())
