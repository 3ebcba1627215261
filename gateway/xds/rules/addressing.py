"""The SOAP envelope and its WS-Addressing header.

Sources: SOAP 1.2 part 1 (W3C, 2007); WS-Addressing 1.0 Core and SOAP Binding (W3C, 2006); ITI TF-2x appendix V
(IHE_WSP215: SOAP 1.2; IHE_WSA101: Action mustUnderstand; IHE_WSA102: ReplyTo of the initiating message).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from gateway.xds import constants as c
from gateway.xds.envelope import ANONYMOUS, ENVELOPE, ENVELOPE_11, WSA, qualified
from gateway.xds.rules import soap_faults, values
from gateway.xds.rules.attributes import Context
from gateway.xds.rules.rule import ERROR, WARNING, Findings, rule

_V = "ITI TF-2x appendix V"
_SOAP = "SOAP 1.2 part 1 section 5"
_CORE = "WS-Addressing 1.0 Core section 3"

VERSION = rule(
    "soap.version",
    ERROR,
    f"{_V}.3.2 (IHE_WSP215)",
    "L'enveloppe est en SOAP 1.1 ; XDS.b demande SOAP 1.2.",
    "The envelope is SOAP 1.1; XDS.b requires SOAP 1.2.",
)
SHAPE = rule(
    "soap.envelope",
    ERROR,
    _SOAP,
    "L'enveloppe n'est pas Header puis Body avec un seul élément ({value}).",
    "The envelope is not Header then Body with a single element ({value}).",
)
STRAY = rule(
    "soap.text",
    ERROR,
    _SOAP,
    "Du texte (« {value} ») se trouve dans l'enveloppe, hors de tout bloc.",
    "Text (“{value}”) stands in the envelope, outside any block.",
)
UNQUALIFIED = rule(
    "soap.header",
    ERROR,
    f"{_SOAP}.2",
    "Le bloc d'en-tête {value} n'a pas d'espace de noms.",
    "The header block {value} has no namespace.",
)
UNDERSTOOD = rule(
    "soap.must-understand",
    ERROR,
    f"{_SOAP}.2.3 (xs:boolean)",
    "mustUnderstand du bloc d'en-tête {attribute} vaut « {value} » ; attendu : 1, 0, true ou false.",
    "mustUnderstand of the header block {attribute} is “{value}”; expected: 1, 0, true or false.",
)
BODY = rule(
    "soap.body",
    ERROR,
    "ITI TF-2 3.18, 3.41, 3.42, 3.43, 3.57",
    "Le corps contient {value}, qui n'est pas un message d'XDS.b.",
    "The body holds {value}, which is no message of XDS.b.",
)
MISSING = rule(
    "wsa.missing",
    ERROR,
    f"{_CORE}; {_V}",
    "L'en-tête wsa:{attribute} manque ou est vide.",
    "The header wsa:{attribute} is missing or empty.",
)
TO_MISSING = rule(
    "wsa.to",
    WARNING,
    f"{_CORE} (absent: anonymous)",
    "L'en-tête wsa:To manque : le destinataire est anonyme.",
    "The header wsa:To is missing: the recipient is anonymous.",
)
REPLY_MISSING = rule(
    "wsa.reply-to",
    WARNING,
    f"{_V}.3.2 (IHE_WSA102)",
    "L'en-tête wsa:ReplyTo manque dans une demande.",
    "The header wsa:ReplyTo is missing in a request.",
)
REPEATED = rule(
    "wsa.repeated",
    ERROR,
    f"{_CORE}, Binding section 6.4.1 (InvalidCardinality)",
    "L'en-tête wsa:{attribute} est présent plusieurs fois.",
    "The header wsa:{attribute} is there several times.",
)
MUST_UNDERSTAND = rule(
    "wsa.must-understand",
    ERROR,
    f"{_V}.3.2 (IHE_WSA101)",
    "wsa:Action doit porter mustUnderstand=1 ; trouvé : « {value} ».",
    "wsa:Action must carry mustUnderstand=1; found: “{value}”.",
)
ADDRESS = rule(
    "wsa.address",
    ERROR,
    f"{_CORE} (xs:anyURI, absolute)",
    "wsa:{attribute} « {value} » n'est pas une URI absolue.",
    "wsa:{attribute} “{value}” is not an absolute URI.",
)
MESSAGE_ID = rule(
    "wsa.message-id",
    ERROR,
    "RFC 4122",
    "wsa:MessageID « {value} » {fault}.",
    "wsa:MessageID “{value}” {fault}.",
)
ACTION = rule(
    "wsa.action",
    ERROR,
    f"{_V} (IHE_WSP208)",
    "wsa:Action « {value} » ne va pas avec le message ; attendu : {expected}.",
    "wsa:Action “{value}” does not go with the message; expected: {expected}.",
)
ACTION_PARAMETER = rule(
    "wsa.action-parameter",
    ERROR,
    "WS-Addressing 1.0 SOAP Binding section 6.4.1.4 (ActionMismatch)",
    "action du Content-Type (« {value} ») n'est pas wsa:Action ({expected}).",
    "action of the Content-Type (“{value}”) is not wsa:Action ({expected}).",
)
STATUS = rule(
    "http.status",
    ERROR,
    "SOAP 1.2 part 2 section 7.5.1.2; ITI TF-2x appendix V",
    "Une réponse {attribute} vient sous l'état HTTP {value} ; attendu : {expected}.",
    "An answer {attribute} comes under the HTTP status {value}; expected: {expected}.",
)
METHOD = rule(
    "http.method",
    ERROR,
    "SOAP 1.2 part 2 section 7.4",
    "La première ligne HTTP est « {value} » ; un message {attribute} vient sous : {expected}.",
    "The first line of HTTP is “{value}”; a message {attribute} comes under: {expected}.",
)
OTHER_VERSION = rule(
    "wsa.namespace",
    ERROR,
    _CORE,
    "L'en-tête {value} n'est pas de WS-Addressing 1.0.",
    "The header {value} is not of WS-Addressing 1.0.",
)
UNKNOWN_HEADER = rule(
    "wsa.unknown",
    ERROR,
    _CORE,
    "L'en-tête wsa:{value} n'existe pas.",
    "The header wsa:{value} does not exist.",
)

_SUBMIT = f"{{{c.LCM}}}SubmitObjectsRequest"
_RESPONSE = f"{{{c.RS}}}RegistryResponse"
_ITI = "urn:ihe:iti:"
PROVIDE = f"{{{c.XDSB}}}ProvideAndRegisterDocumentSetRequest"
QUERY_REQUEST, QUERY_RESPONSE = f"{{{c.QUERY}}}AdhocQueryRequest", f"{{{c.QUERY}}}AdhocQueryResponse"
RETRIEVE, RETRIEVED = f"{{{c.XDSB}}}RetrieveDocumentSetRequest", f"{{{c.XDSB}}}RetrieveDocumentSetResponse"
REMOVE = f"{{{c.LCM}}}RemoveObjectsRequest"
REMOVE_DOCUMENTS = f"{{{c.RMD}}}RemoveDocumentsRequest"
RETRIEVE_IMAGING = f"{{{c.XDSI}}}RetrieveImagingDocumentSetRequest"
STORED_QUERY_RESPONSE = f"{_ITI}2007:RegistryStoredQueryResponse"
ACTIONS: Mapping[str, tuple[str, ...]] = {
    PROVIDE: (f"{_ITI}2007:ProvideAndRegisterDocumentSet-b", "urn:ihe:iti:xds:2015:ProvideAndRegisterDocumentSet-b"),
    _SUBMIT: (
        f"{_ITI}2007:RegisterDocumentSet-b",
        f"{_ITI}2010:RegisterOnDemandDocumentEntry",
        f"{_ITI}2010:UpdateDocumentSet",
        f"{_ITI}2018:RestrictedUpdateDocumentSet",
    ),
    QUERY_REQUEST: (
        f"{_ITI}2007:RegistryStoredQuery",
        f"{_ITI}2009:MultiPatientStoredQuery",
        f"{_ITI}2007:CrossGatewayQuery",
    ),
    QUERY_RESPONSE: (
        STORED_QUERY_RESPONSE,
        f"{_ITI}2009:MultiPatientStoredQueryResponse",
        f"{_ITI}2007:CrossGatewayQueryResponse",
    ),
    RETRIEVE: (f"{_ITI}2007:RetrieveDocumentSet", f"{_ITI}2007:CrossGatewayRetrieve"),
    RETRIEVED: (f"{_ITI}2007:RetrieveDocumentSetResponse", f"{_ITI}2007:CrossGatewayRetrieveResponse"),
    RETRIEVE_IMAGING: (
        "urn:ihe:rad:2009:RetrieveImagingDocumentSet",
        "urn:ihe:rad:2011:CrossGatewayRetrieveImagingDocumentSet",
    ),
    REMOVE: (f"{_ITI}2010:DeleteDocumentSet",),
    REMOVE_DOCUMENTS: (f"{_ITI}2017:RemoveDocuments",),
    _RESPONSE: (
        f"{_ITI}2007:ProvideAndRegisterDocumentSet-bResponse",
        f"{_ITI}2007:RegisterDocumentSet-bResponse",
        f"{_ITI}2010:RegisterOnDemandDocumentEntryResponse",
        f"{_ITI}2010:UpdateDocumentSetResponse",
        f"{_ITI}2018:RestrictedUpdateDocumentSetResponse",
        f"{_ITI}2010:DeleteDocumentSetResponse",
        f"{_ITI}2017:RemoveDocumentsResponse",
    ),
}
"""The actions of each message (ITI TF-2, the transaction's section; RAD TF-2 4.69)."""
REQUESTS = frozenset({PROVIDE, _SUBMIT, QUERY_REQUEST, RETRIEVE, RETRIEVE_IMAGING, REMOVE, REMOVE_DOCUMENTS})
_CONTEXTS = {
    f"{_ITI}2007:RegisterDocumentSet-b": Context.REGISTER,
    f"{_ITI}2010:RegisterOnDemandDocumentEntry": Context.ON_DEMAND,
    f"{_ITI}2010:UpdateDocumentSet": Context.UPDATE,
    f"{_ITI}2018:RestrictedUpdateDocumentSet": Context.RESTRICTED_UPDATE,
}
_ANSWERED = {
    "": Context.ANSWER,
    STORED_QUERY_RESPONSE: Context.ANSWER,
    f"{_ITI}2007:CrossGatewayQueryResponse": Context.ANSWER_BETWEEN_COMMUNITIES,
}
_HEADERS = ("Action", "MessageID", "To", "ReplyTo", "FaultTo", "From", "RelatesTo", "ReferenceParameters")
_SENT_TO = ("http", "https", "urn", "mailto", "jms", "soap.tcp")
_UUID = re.compile(r"uuid:|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-", re.IGNORECASE)
_EARLIER = ("http://schemas.xmlsoap.org/ws/2004/08/addressing", "http://schemas.xmlsoap.org/ws/2003/03/addressing")


@dataclass(frozen=True, slots=True)
class Enveloped:
    """What an envelope holds: its one element, and the action that it names."""

    body: etree._Element | None
    action: str
    in_soap: bool


def context_of(action: str) -> Context:
    """What a SubmitObjectsRequest under *action* is there for."""
    return _CONTEXTS.get(action, Context.BARE)


def answered(action: str) -> Context:
    """What the objects of an AdhocQueryResponse under *action* are there for."""
    return _ANSWERED.get(action, Context.ANSWER_OF_SEVERAL)


def check_http(body: etree._Element | None, method: str | None, status: int | None, findings: Findings) -> None:
    """A request comes by POST and an answer under a status line, a refusal of it too, where the file has that line."""
    if method is None or body is None or (body.tag not in REQUESTS and body.tag not in ACTIONS):
        return
    name = etree.QName(body).localname
    expected = "POST" if body.tag in REQUESTS else ""
    if method != expected:
        told = [one or "HTTP/1.1 200 (status)" for one in (method, expected)]
        findings.add(METHOD, "HTTP", value=told[0], expected=told[1], attribute=name)
    elif status is not None and not 200 <= status < 300:  # which is for SOAP faults
        findings.add(STATUS, "HTTP", value=str(status), expected="200", attribute=name)


def unwrap(root: etree._Element, actions: Sequence[str], findings: Findings) -> Enveloped:
    """The message in *root*; adds what is wrong with its envelope. *actions* are those of the Content-Types."""
    namespace = next((one for one in (ENVELOPE, ENVELOPE_11) if root.tag == qualified(one, "Envelope")), "")
    if not namespace:
        return Enveloped(root, "", False)
    if namespace == ENVELOPE_11:
        findings.add(VERSION, root)
    names = [str(child.tag) for child in root.iterchildren(etree.Element)]
    wanted = [qualified(namespace, "Header"), qualified(namespace, "Body")]
    body = root.find(wanted[1])
    inside = list(body.iterchildren(etree.Element)) if body is not None else []
    stray = next((text for one in (root, *root.iterchildren(etree.Element)) for text in _texts(one)), "")
    stray = stray or next((str(one) for one in root.iter(etree.ProcessingInstruction)), "")  # section 5: there is none
    if stray:
        findings.add(STRAY, root, value=stray)
    if names not in (wanted, wanted[1:]) or len(inside) != 1:
        told = ", ".join(etree.QName(child).localname for child in [*root.iterchildren(etree.Element), *inside][:20])
        findings.add(SHAPE, root, value=told)
    content = next(iter(inside), None)
    stated = _headers(root.find(wanted[0]), namespace, content, actions, findings)
    if content is not None:
        _known(content, namespace, findings)
    return Enveloped(content, stated, True)


def _texts(element: etree._Element) -> Iterator[str]:
    """What stands between the children of *element* besides blanks."""
    texts = (element.text, *(child.tail for child in element))
    return (text.strip() for text in texts if text and text.strip())


def _known(content: etree._Element, namespace: str, findings: Findings) -> None:
    if content.tag == qualified(namespace, "Fault"):
        soap_faults.check(content, namespace, findings)
    elif content.tag not in ACTIONS:
        findings.add(BODY, content, value=str(content.tag))


def _headers(
    header: etree._Element | None,
    namespace: str,
    content: etree._Element | None,
    declared: Sequence[str],
    findings: Findings,
) -> str:
    blocks: dict[str, list[etree._Element]] = {}
    for block in header.iterchildren(etree.Element) if header is not None else ():
        qualified_name = etree.QName(block)
        local, owner = qualified_name.localname, qualified_name.namespace or ""
        if not owner:
            findings.add(UNQUALIFIED, block, value=local)
        understood = block.get(qualified(namespace, "mustUnderstand"), "0").strip()
        if understood not in ("0", "1", "true", "false"):
            findings.add(UNDERSTOOD, block, value=understood, attribute=local)
        if owner == WSA:
            blocks.setdefault(local, []).append(block)
            if local not in _HEADERS:
                findings.add(UNKNOWN_HEADER, block, value=local)
        elif owner in _EARLIER or (local in _HEADERS and "addressing" in owner):
            findings.add(OTHER_VERSION, block, value=str(block.tag))
    place: etree._Element | str = header if header is not None else "Envelope/Header"
    for name, found in blocks.items():
        if len(found) > 1 and name != "RelatesTo":
            findings.add(REPEATED, found[1], attribute=name)
    texts = {name: "".join(str(text) for text in found[0].itertext()).strip() for name, found in blocks.items()}
    is_request = content is None or content.tag in REQUESTS
    wanted = ("Action", "MessageID") if is_request else ("Action", "RelatesTo")
    is_fault = content is not None and etree.QName(content).localname == "Fault"
    for name in () if is_fault else wanted:
        if not texts.get(name):
            findings.add(MISSING, place, attribute=name)
    if is_request and not texts.get("To"):
        findings.add(TO_MISSING, place)
    if is_request and "ReplyTo" not in blocks:
        findings.add(REPLY_MISSING, place)
    _forms(blocks, texts, findings)
    _action(blocks, texts, namespace, content, declared, findings)
    return texts.get("Action", "")


def _forms(blocks: Mapping[str, list[etree._Element]], texts: Mapping[str, str], findings: Findings) -> None:
    for name in ("MessageID", "RelatesTo", "To", "Action"):
        value = texts.get(name, "")
        if not value:
            continue
        if next(blocks[name][0].iterchildren(etree.Element), None) is not None or not (
            _is_address(value) if name == "To" else values.is_uri(value)
        ):
            findings.add(ADDRESS, blocks[name][0], attribute=name, value=value)
        elif name in ("MessageID", "RelatesTo") and _UUID.search(value):
            # some stacks leave out urn:, which leaves a URI all the same
            fault = values.uuid(f"urn:{value.lower()}" if value.startswith("uuid:") else value.lower())
            if fault and not value.lower().startswith("http"):
                findings.add(MESSAGE_ID, blocks[name][0], value=value, fault=fault, attribute=name)
    for name in ("ReplyTo", "FaultTo", "From"):
        for block in blocks.get(name, ()):
            told = list(block.iterchildren(qualified(WSA, "Address")))
            address = (told[0].text or "").strip() if told else ""
            if len(told) > 1:
                findings.add(REPEATED, block, attribute=f"{name}/Address")
            if not _is_address(address):
                findings.add(ADDRESS, block, attribute=f"{name}/Address", value=address)


def _is_address(value: str) -> bool:
    """An absolute URI of a kind that messages are sent to; of WS-Addressing's own only ``anonymous`` and ``none``."""
    if value.lower().startswith("http://www.w3.org/") or value.endswith(("/addressing/anonymous", "/addressing/none")):
        return value in (ANONYMOUS, f"{WSA}/none")
    return values.is_uri(value) and value.partition(":")[0].lower() in _SENT_TO


def _action(
    blocks: Mapping[str, list[etree._Element]],
    texts: Mapping[str, str],
    namespace: str,
    content: etree._Element | None,
    declared: Sequence[str],
    findings: Findings,
) -> None:
    action = texts.get("Action", "")
    if "Action" in blocks:
        stated = (blocks["Action"][0].get(qualified(namespace, "mustUnderstand")) or "").strip()
        if stated not in ("1", "true"):
            # Official French samples write the attribute without its namespace, and many stacks answer without it.
            plain = (blocks["Action"][0].get("mustUnderstand") or "").strip() in ("1", "true")
            request = content is None or content.tag in REQUESTS
            severity = None if request and not plain else WARNING
            findings.add(MUST_UNDERSTAND, blocks["Action"][0], value=stated, severity=severity)
    expected = ACTIONS.get(str(content.tag), ()) if content is not None else ()
    if action and expected and action not in expected:
        findings.add(ACTION, blocks["Action"][0], value=action, expected=", ".join(expected))
    for other in declared if action else ():
        if other != action:
            findings.add(ACTION_PARAMETER, "Content-Type", value=other, expected=action)
