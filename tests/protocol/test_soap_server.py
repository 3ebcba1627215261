"""The side that answers: requests read, answers and faults written (SOAP 1.2, WS-Addressing 1.0)."""

from __future__ import annotations

import io
from typing import NoReturn

import pytest
from lxml import etree

from gateway.errors import GatewayError, InputRejected, PeerUnreachable, Unavailable
from gateway.trust import safexml
from gateway.xds import mtom, soap

ACTION = "urn:ihe:iti:2007:RegistryStoredQuery"
ADDRESSED = f"<a:Action e:mustUnderstand='1'>{ACTION}</a:Action><a:MessageID>urn:uuid:1</a:MessageID>"
NAMES = {"e": soap.ENVELOPE, "a": soap.WSA}


def envelope(header: str = ADDRESSED, body: str = "<q/>", namespace: str = soap.ENVELOPE) -> bytes:
    return (
        f'<e:Envelope xmlns:e="{namespace}" xmlns:a="{soap.WSA}"><e:Header>{header}</e:Header>'
        f"<e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def read(xml: bytes, content_type: str = "application/soap+xml", **options: object) -> soap.Request:
    return soap.read_request(content_type, io.BytesIO(xml), **options)  # type: ignore[arg-type]


def fault(error: GatewayError) -> tuple[int, etree._Element]:
    answer = soap.write_fault(error)
    assert answer.content_type == "application/soap+xml; charset=UTF-8"
    return answer.http_status, safexml.parse(answer.content)


def text(root: etree._Element, path: str) -> str:
    return root.findtext(path, namespaces=NAMES) or ""


def test_a_request_is_read_with_its_action_and_message_id() -> None:
    with read(envelope(), actions={ACTION}) as request:
        assert (request.action, request.message_id, request.body.tag) == (ACTION, "urn:uuid:1", "q")


def test_documents_of_a_request_are_found_by_their_ids() -> None:
    body = (
        '<r xmlns="urn:ihe:iti:xds-b:2007"><Document id="d1"><x:Include '
        f'xmlns:x="{mtom.XOP}" href="cid:1"/></Document><Document id="d2">QQ==</Document></r>'
    )
    outgoing = mtom.write(envelope(body=body), [mtom.Attachment("1", "application/pdf", b"\r\nPDF\r\n")], ACTION)
    with soap.read_request(outgoing.content_type, outgoing) as request:
        assert {name: part.read() for name, part in request.documents().items()} == {"d1": b"\r\nPDF\r\n", "d2": b"A"}


def test_an_answer_relates_to_its_question() -> None:
    outgoing = soap.write_response("urn:answer", "urn:uuid:1", etree.Element("r"))
    assert outgoing.content_type == 'application/soap+xml; charset=UTF-8; action="urn:answer"'
    root = safexml.parse(outgoing.read())
    assert text(root, "e:Header/a:Action") == "urn:answer"
    assert text(root, "e:Header/a:RelatesTo") == "urn:uuid:1"
    assert text(root, "e:Header/a:MessageID").startswith("urn:uuid:")
    assert root.find("e:Body/r", NAMES) is not None


def test_an_answer_is_multipart_with_documents_or_when_asked() -> None:
    for attachments, asked in (([], True), ([mtom.Attachment("1", "a/b", b"x")], False)):
        outgoing = soap.write_response("urn:a", "", etree.Element("r"), attachments, multipart=asked)
        assert outgoing.content_type.startswith("multipart/related; ")


@pytest.mark.parametrize(
    ("header", "subcodes", "status"),
    [
        ("<a:MessageID>1</a:MessageID>", ["MessageAddressingHeaderRequired"], 400),
        (f"<a:Action>{ACTION}</a:Action>", ["MessageAddressingHeaderRequired"], 400),
        (ADDRESSED + f"<a:Action>{ACTION}</a:Action>", ["InvalidAddressingHeader", "InvalidCardinality"], 400),
        (ADDRESSED + "<a:MessageID>2</a:MessageID>", ["InvalidAddressingHeader", "InvalidCardinality"], 400),
        ("<a:Action>urn:x</a:Action><a:MessageID>1</a:MessageID>", ["ActionNotSupported"], 400),
        (
            ADDRESSED + "<a:ReplyTo><a:Address>http://127.0.0.1/</a:Address></a:ReplyTo>",
            ["InvalidAddressingHeader", "OnlyAnonymousAddressSupported"],
            400,
        ),
    ],
    ids=["no action", "no message id", "two actions", "two message ids", "unknown action", "reply elsewhere"],
)
def test_addressing_that_cannot_be_answered_is_a_fault(header: str, subcodes: list[str], status: int) -> None:
    with pytest.raises(soap.EnvelopeRejected) as refusal:
        read(envelope(header), actions={ACTION})
    http_status, root = fault(refusal.value)
    assert http_status == status
    assert text(root, "e:Header/a:Action") == f"{soap.WSA}/fault"
    assert text(root, "e:Body/e:Fault/e:Code/e:Value") == "env:Sender"
    values = [value.text for value in root.iterfind(".//e:Subcode/e:Value", NAMES)]
    assert values == [f"wsa:{name}" for name in subcodes]
    assert root.find(".//e:Detail", NAMES) is not None


def test_the_action_of_the_content_type_must_be_the_same() -> None:
    with pytest.raises(soap.EnvelopeRejected) as refusal:
        read(envelope(), 'application/soap+xml; action="urn:other"')
    assert refusal.value.subcodes == ("InvalidAddressingHeader", "ActionMismatch")
    read(envelope(), f'application/soap+xml; action="{ACTION}"').close()


@pytest.mark.parametrize("value", ["1", "true", " true "])
def test_a_header_that_must_be_understood_and_is_not_is_a_fault(value: str) -> None:
    header = ADDRESSED + f'<v:H xmlns:v="urn:v" e:mustUnderstand="{value}"/>'
    with pytest.raises(soap.EnvelopeRejected) as refusal:
        read(envelope(header))
    status, root = fault(refusal.value)
    assert status == 500
    assert text(root, "e:Body/e:Fault/e:Code/e:Value") == "env:MustUnderstand"
    missed = root.find("e:Header/e:NotUnderstood", NAMES)
    assert missed is not None
    prefix, _, name = (missed.get("qname") or "").partition(":")
    assert (missed.nsmap[prefix], name) == ("urn:v", "H")
    assert text(root, "e:Header/a:RelatesTo") == "urn:uuid:1"
    read(envelope(header), understood={"{urn:v}H"}).close()


@pytest.mark.parametrize(
    "attributes",
    ["", 'e:mustUnderstand="0"', 'e:mustUnderstand="1" e:role="urn:another"', f'e:role="{soap.ENVELOPE}/role/none"'],
)
def test_a_header_that_is_optional_or_for_another_is_passed_over(attributes: str) -> None:
    read(envelope(ADDRESSED + f'<v:H xmlns:v="urn:v" {attributes}/>')).close()


def test_another_version_of_soap_is_told_which_one_is_spoken() -> None:
    with pytest.raises(soap.EnvelopeRejected) as refusal:
        read(envelope(namespace=soap.ENVELOPE_11))
    status, root = fault(refusal.value)
    assert (status, text(root, "e:Body/e:Fault/e:Code/e:Value")) == (500, "env:VersionMismatch")
    supported = root.find("e:Header/e:Upgrade/e:SupportedEnvelope", NAMES)
    assert supported is not None
    assert supported.get("qname") == "env:Envelope"


@pytest.mark.parametrize(
    "xml",
    [
        b"<x/>",
        envelope(body=""),
        envelope(body="<q/><q/>"),
        f'<e:Envelope xmlns:e="{soap.ENVELOPE}"/>'.encode(),
        f'<e:Envelope xmlns:e="{soap.ENVELOPE}"><e:Body/><e:Body/></e:Envelope>'.encode(),
        f'<e:Envelope xmlns:e="{soap.ENVELOPE}"><e:Body/><e:Header/></e:Envelope>'.encode(),
    ],
)
def test_what_is_no_envelope_is_a_fault_of_the_sender(xml: bytes) -> None:
    with pytest.raises(InputRejected) as refusal:
        read(xml)
    status, root = fault(refusal.value)
    assert (status, text(root, "e:Body/e:Fault/e:Code/e:Value")) == (400, "env:Sender")


def test_comments_between_the_elements_do_no_harm() -> None:
    read(envelope(f"<!-- a -->{ADDRESSED}<!-- b -->", "<!-- c --><q/><?d e?>")).close()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InputRejected("mtom_media_type", media_type="text/xml"), 415, "env:Sender"),
        (Unavailable("mtom_spool"), 503, "env:Receiver"),
        (PeerUnreachable("registry_lost", peer="x"), 500, "env:Receiver"),
    ],
)
def test_every_failure_has_a_fault(error: GatewayError, status: int, code: str) -> None:
    http_status, root = fault(error)
    assert (http_status, text(root, "e:Body/e:Fault/e:Code/e:Value")) == (status, code)


def test_a_fault_speaks_both_languages_and_tells_nothing_of_a_person() -> None:
    _, root = fault(InputRejected("identity_refused", words="DUPONT"))
    reasons = root.findall(".//e:Reason/e:Text", NAMES)
    assert [reason.get("{http://www.w3.org/XML/1998/namespace}lang") for reason in reasons] == ["en", "fr"]
    assert b"DUPONT" not in etree.tostring(root)


def test_a_client_that_leaves_is_a_truncated_message() -> None:
    class Gone(io.BytesIO):
        def read(self, size: int | None = -1, /) -> NoReturn:
            raise ConnectionResetError

    with pytest.raises(InputRejected, match="mtom_truncated"):
        soap.read_request("application/soap+xml", Gone())


def test_a_document_type_is_refused_before_anything_is_read() -> None:
    with pytest.raises(InputRejected, match="xml_doctype"):
        read(b'<!DOCTYPE e [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + envelope())
