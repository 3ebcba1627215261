"""SOAP faults: what is answered to a request that cannot be read or served.

Sources: SOAP 1.2 part 1 (W3C, 2007) section 5.4, part 2 table 20 (HTTP status); WS-Addressing 1.0 SOAP Binding (W3C,
2006) section 6.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from gateway.errors import GatewayError, InputRejected
from gateway.texts import sentence
from gateway.texts.plain import shown
from gateway.xds.envelope import ENVELOPE, WSA, EnvelopeRejected, new_envelope, qualified
from gateway.xds.multipart import SOAP_MEDIA_TYPE

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# Facts of these codes come from the form of a message; those of others may name a person.
_SPEAKABLE = ("soap_", "mtom_", "mime_", "xml_")


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
        text.text = shown(sentence(error.code, facts, language))
    problem = error.problem if isinstance(error, EnvelopeRejected) else ()
    if subcodes and problem:
        _detail(fault, subcodes, problem)
    action = f"{WSA}/fault" if subcodes else f"{WSA}/soap/fault"
    root = new_envelope(action, relates_to or getattr(error, "relates_to", ""), fault)
    if name in ("MustUnderstand", "VersionMismatch"):
        _fault_headers(root[0], name, problem)
    content = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return FaultAnswer(_fault_status(error, name), f"{SOAP_MEDIA_TYPE}; charset=UTF-8", content)


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
