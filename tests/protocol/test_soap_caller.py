"""The side that asks, against a registry on loopback that answers well, badly, late or not at all."""

from __future__ import annotations

import contextlib
import copy
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme
from lxml import etree

from gateway.errors import GatewayError, PeerMisbehaved, PeerRefused, PeerUnreachable, SettingsError
from gateway.texts import TEXTS, sentence
from gateway.trust import safexml
from gateway.xds import mtom, soap
from gateway.xds.client import XDSB, DestinationSettings, RegistryClient
from tests.support.dripping import dripping
from tests.support.soap import (
    Behaviour,
    Seen,
    answering,
    blobs,
    client_of,
    frozen,
    playing,
    respond,
    saying,
    success,
)

ASSERTION = (
    '<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:unused="urn:unused" ID="_1" Version="2.0"><!-- kept --><saml2:AttributeValue '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">Hélène&#13;\n  &lt;&amp;</saml2:'
    'AttributeValue><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></saml2:Assertion>'
).encode()


class Asserting:
    """Puts the fixture into the header, as a VIHF is put."""

    def apply(self, envelope: etree._Element, headers: dict[str, str]) -> tuple[etree._Element, dict[str, str]]:
        header = envelope.find(soap.qualified(soap.ENVELOPE, "Header"))
        assert header is not None
        security = etree.SubElement(header, soap.qualified(soap.WSSE, "Security"), nsmap={"wsse": soap.WSSE})
        security.set(soap.MUST_UNDERSTAND, "1")
        security.append(copy.deepcopy(safexml.parse(ASSERTION)))
        return envelope, headers


SOAP_11_FAULT = (
    b'<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    b"<faultcode>s:VersionMismatch</faultcode><faultstring>Unknown version</faultstring></s:Fault></s:Body>"
    b"</s:Envelope>"
)


def refusal_of(behaviour: Behaviour, **changes: object) -> GatewayError:
    """What a submission to a registry of this behaviour raises."""
    with playing(behaviour) as loopback, client_of(loopback, **changes) as client:
        with pytest.raises(GatewayError) as refusal:
            client.send(frozen(), again=False)
        assert refusal.value.code in TEXTS
        assert "?" not in sentence(refusal.value.code, refusal.value.facts).replace(" ?", "")
        return refusal.value


def fault(error: GatewayError, status: int) -> Behaviour:
    def behaviour(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        answer = soap.write_fault(error, seen.message_id)
        respond(handler, answer.content_type, answer.content, status)

    return behaviour


def test_the_header_is_what_the_standard_asks() -> None:
    with playing(answering(lambda _: success())) as loopback, client_of(loopback) as client:
        client.send(frozen(), again=False)
        with loopback.seen[0].read() as request:
            header = {str(etree.QName(block).localname): block for block in request.blocks}
            assert header["Action"].text == "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
            assert header["Action"].get(soap.MUST_UNDERSTAND) == "1"
            assert header["To"].text == loopback.url
            assert header["ReplyTo"].findtext(soap.qualified(soap.WSA, "Address")) == soap.ANONYMOUS
            assert (header["MessageID"].text or "").startswith("urn:uuid:")
            assert request.body.tag == f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest"


def test_only_the_message_id_and_the_boundary_are_new_at_a_second_try() -> None:
    with playing(answering(lambda _: success())) as loopback, client_of(loopback) as client:
        client.send(frozen(), again=False)
        client.send(frozen(), again=True)
        first, second = loopback.seen
    assert first.message_id != second.message_id
    boundaries = [seen.headers["content-type"].split('"')[1].encode() for seen in (first, second)]
    assert second.body == first.body.replace(boundaries[0], boundaries[1]).replace(
        first.message_id.encode(), second.message_id.encode()
    )


def test_a_connection_is_kept() -> None:
    with playing(answering(lambda _: success())) as loopback, client_of(loopback) as client:
        for _ in range(5):
            client.send(frozen(), again=False)
        assert loopback.connections == 1


def test_threads_do_not_mix_their_calls() -> None:
    def echo(request: soap.Request) -> etree._Element:
        assert len(request.documents()) == 2
        return success()

    with playing(answering(echo)) as loopback, client_of(loopback) as client, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.send(frozen(), again=False), range(40)))
        assert len({seen.message_id for seen in loopback.seen}) == 40


def test_an_assertion_travels_byte_for_byte() -> None:
    def unheard(_: Seen, handler: BaseHTTPRequestHandler) -> None:
        outgoing = soap.write_response("urn:answer", "", success())
        respond(handler, outgoing.content_type, outgoing.read())

    with playing(unheard) as loopback, client_of(loopback, assertion=Asserting()) as client:
        client.send(frozen(), again=False)
        assert ASSERTION in loopback.seen[0].body


def test_what_leaves_can_be_recorded_exactly() -> None:
    kept: list[tuple[bytes, bytes]] = []
    with (
        playing(answering(lambda _: success())) as loopback,
        client_of(loopback, on_wire=lambda head, body: kept.append((head, body.read()))) as client,
    ):
        client.send(frozen(), again=False)
        seen = loopback.seen[0]
    ((head, body),) = kept
    assert body == seen.body
    assert head.startswith(b"POST /xds HTTP/1.1\r\nHost: 127.0.0.1:")
    assert head.endswith(b"\r\n\r\n")
    recorded = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
    assert {name.lower(): value for name, value in recorded.items()} == seen.headers


def test_a_fault_is_told_in_the_registrys_words() -> None:
    error = refusal_of(
        fault(soap.EnvelopeRejected("soap_action", subcodes=("ActionNotSupported",), action="urn:x"), 500)
    )
    assert isinstance(error, PeerRefused)
    assert (error.code, error.facts["fault"], error.facts["subcode"]) == (
        "registry_fault",
        "Sender",
        "ActionNotSupported",
    )
    assert "urn:x" in error.facts["words"]


def test_a_fault_of_a_busy_registry_is_tried_again() -> None:
    error = refusal_of(fault(SettingsError("soap_envelope"), 503))
    assert isinstance(error, PeerUnreachable)
    assert error.code == "registry_fault_busy"


@pytest.mark.parametrize(
    ("status", "family", "code"),
    [
        (400, PeerRefused, "registry_http"),
        (401, PeerRefused, "registry_http"),
        (403, PeerRefused, "registry_http"),
        (404, PeerRefused, "registry_http"),
        (408, PeerUnreachable, "registry_http_busy"),
        (413, PeerRefused, "registry_http"),
        (429, PeerUnreachable, "registry_http_busy"),
        (500, PeerUnreachable, "registry_http_busy"),
        (502, PeerUnreachable, "registry_http_busy"),
        (503, PeerUnreachable, "registry_http_busy"),
        (200, PeerMisbehaved, "registry_not_soap"),
    ],
)
def test_a_page_instead_of_an_answer_is_judged_by_its_status(
    status: int, family: type[GatewayError], code: str
) -> None:
    error = refusal_of(saying("text/html", b"<h1>Error</h1>", status))
    assert isinstance(error, family)
    assert (error.code, error.facts["status"]) == (code, str(status))


def test_an_error_status_with_another_soap_body_is_no_success() -> None:
    assert refusal_of(answering(success(), status=500)).code == "registry_http_busy"
    assert refusal_of(answering(success(), status=400)).code == "registry_http"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with playing(answering(lambda _: success())) as other:
        error = refusal_of(saying("text/html", b"", status, Location=other.url))
        assert other.seen == []
    assert isinstance(error, PeerRefused)
    assert error.code == "registry_redirect"


def test_an_answer_to_another_question_is_not_used() -> None:
    error = refusal_of(answering(success(), relates_to="urn:uuid:another"))
    assert isinstance(error, PeerMisbehaved)
    assert error.code == "registry_relates_to"


def test_an_answer_that_does_not_say_its_question_is_used() -> None:
    with playing(answering(success(), relates_to="")) as loopback, client_of(loopback) as client:
        client.send(frozen(), again=False)


def test_another_answer_than_the_one_described_is_not_used() -> None:
    error = refusal_of(answering(etree.Element(f"{{{XDSB}}}RetrieveDocumentSetResponse")))
    assert (type(error), error.code) == (PeerMisbehaved, "registry_other_answer")


def test_a_header_that_we_must_understand_and_do_not_stops_us() -> None:
    xml = (
        f'<e:Envelope xmlns:e="{soap.ENVELOPE}"><e:Header><x:H xmlns:x="urn:x" e:mustUnderstand="1"/></e:Header>'
        '<e:Body><r:RegistryResponse xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"/></e:Body></e:Envelope>'
    )
    error = refusal_of(saying("application/soap+xml", xml.encode()))
    assert (type(error), error.code, error.place) == (PeerMisbehaved, "registry_answer_soap", "soap_must_understand")


@pytest.mark.parametrize(
    ("content_type", "body", "code", "reason"),
    [
        ("application/soap+xml", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "registry_answer_xml", "xml_doctype"),
        ("application/soap+xml", b"<a>", "registry_answer_xml", "xml_malformed"),
        ("application/soap+xml", b"<a/>", "registry_answer_soap", "soap_envelope"),
        ("application/soap+xml", b"", "registry_answer_xml", "xml_malformed"),
        ("multipart/related; boundary=x", b"--x\r\n\r\n<a/>\r\n--x", "registry_answer_cut", "mtom_truncated"),
        ("multipart/related", b"", "registry_answer_form", "mtom_boundary"),
        ("multipart/related; boundary=x; start=a", b"--x\r\n\r\n<a/>\r\n--x--", "registry_answer_form", "mtom_root"),
        ("application/soap+xml", b"<a>" * 1000, "registry_answer_xml", "xml_too_deep"),
        ("application/soap+xml", SOAP_11_FAULT, "registry_soap_11", "soap_version"),
    ],
)
def test_a_broken_answer_is_named_and_not_used(content_type: str, body: bytes, code: str, reason: str) -> None:
    error = refusal_of(saying(content_type, body))
    assert (type(error), error.code, error.place) == (PeerMisbehaved, code, reason)
    for language in ("fr", "en"):  # for who operates the gateway: the reader's own sentence speaks to a sender
        words = sentence(error.code, error.facts, language)
        assert "?" not in words
        assert words != sentence(reason, error.facts, language)


@pytest.mark.parametrize(
    ("content_type", "status", "family", "code"),
    [
        ("text/xml; charset=utf-8", 500, PeerRefused, "registry_fault"),
        ("text/xml", 200, PeerRefused, "registry_fault"),
        ("application/xml", 500, PeerRefused, "registry_fault"),
        ("text/xml", 503, PeerUnreachable, "registry_fault_busy"),
    ],
)
def test_a_fault_of_soap_11_is_told_in_the_registrys_words(
    content_type: str, status: int, family: type[GatewayError], code: str
) -> None:
    error = refusal_of(saying(content_type, SOAP_11_FAULT, status))
    assert (type(error), error.code, error.facts["words"]) == (family, code, "Unknown version")


@pytest.mark.parametrize("body", [b"<html/>", b"<!DOCTYPE a><a/>", b"", b"<a>" * 200_000, b"<e:Envelope"])
def test_xml_that_is_no_fault_is_judged_by_its_status(body: bytes) -> None:
    assert refusal_of(saying("text/xml", body, 500)).code == "registry_http_busy"
    assert refusal_of(saying("text/xml", body, 404)).code == "registry_http"
    assert refusal_of(saying("text/xml", body)).code == "registry_not_soap"


def test_a_part_that_the_answer_does_not_name_is_refused() -> None:
    error = refusal_of(answering(success(), mtom.Attachment("1", "a/b", b"x")))
    assert (type(error), error.code, error.place) == (PeerMisbehaved, "registry_answer_parts", "mtom_part")


def test_an_answer_without_end_is_left() -> None:
    def endless(_: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/soap+xml")
        handler.end_headers()
        handler.close_connection = True
        while True:
            handler.wfile.write(b" " * 65536)

    error = refusal_of(endless, limits=mtom.Limits(total_bytes=1_000_000))
    assert (type(error), error.code, error.place) == (PeerMisbehaved, "registry_answer_size", "mtom_too_large")


def test_an_answer_compressed_unasked_is_refused() -> None:
    error = refusal_of(saying("application/soap+xml", b"x", 200, Content_Encoding="gzip"))
    assert error.code == "registry_not_soap"


def test_a_reply_lost_after_the_request_was_read_is_no_answer() -> None:
    def leave(_: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    error = refusal_of(leave)
    assert (type(error), error.code) == (PeerUnreachable, "registry_lost")


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_that_breaks_off_is_no_answer(chunked: bool) -> None:
    def break_off(_: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/soap+xml")
        handler.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", "1000")))
        handler.end_headers()
        handler.wfile.write(b"100\r\n<e:Envelope" if chunked else b"<e:Envelope")
        handler.close_connection = True

    error = refusal_of(break_off)
    assert (type(error), error.code) == (PeerUnreachable, "registry_lost")


def test_a_chunked_answer_is_read() -> None:
    def chunked(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        outgoing = soap.write_response("urn:answer", seen.message_id, success(), multipart=True)
        handler.send_response(200)
        handler.send_header("Content-Type", outgoing.content_type)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while chunk := outgoing.read(100):
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        handler.wfile.write(b"0\r\n\r\n")

    with playing(chunked) as loopback, client_of(loopback) as client:
        for _ in range(3):
            client.send(frozen(), again=False)
        assert loopback.connections == 1


def silent(released: threading.Event) -> Behaviour:
    def behaviour(_: Seen, handler: BaseHTTPRequestHandler) -> None:
        released.wait(30)
        handler.close_connection = True

    return behaviour


@contextlib.contextmanager
def released_at_the_end_of(event: threading.Event) -> Iterator[None]:
    try:
        yield
    finally:
        event.set()


def test_a_silent_registry_is_left_after_the_time_that_is_set() -> None:
    event = threading.Event()
    with (
        playing(silent(event)) as loopback,
        released_at_the_end_of(event),
        client_of(loopback, read_timeout_s=0.1) as client,
        pytest.raises(PeerUnreachable, match="registry_timeout") as refusal,
    ):
        client.send(frozen(), again=False)
    assert refusal.value.facts["seconds"] == "0.1"


def test_an_answer_that_drips_is_left_after_the_time_that_is_set() -> None:
    event = threading.Event()

    def drip(_: Seen, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/soap+xml")
        handler.end_headers()
        handler.close_connection = True
        while not event.wait(0.01):
            handler.wfile.write(b" ")

    with (
        playing(drip) as loopback,
        released_at_the_end_of(event),
        client_of(loopback, answer_timeout_s=0.1) as client,
        pytest.raises(PeerUnreachable, match="registry_timeout"),
    ):
        client.send(frozen(), again=False)


def test_nobody_there_is_unreachable() -> None:
    with playing(saying("a/b", b"")) as loopback:
        pass
    with client_of(loopback) as client, pytest.raises(PeerUnreachable, match="registry_unreachable"):
        client.send(frozen(), again=False)


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1/", "file:///etc/passwd", "http:///x", "http://127.0.0.1:x/"])
def test_an_address_that_cannot_be_called_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="registry_url"):
        RegistryClient(DestinationSettings(name="x", registry_url=url, repository_url=url), blobs())


def test_a_file_that_is_absent_stops_the_start(tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.pem")
    settings = DestinationSettings(name="x", registry_url="http://x/", repository_url="http://x/", ca_file=absent)
    with pytest.raises(SettingsError, match="registry_file"):
        RegistryClient(settings, blobs())


def test_both_sides_show_their_certificates(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    files = {name: str(tmp_path / f"{name}.pem") for name in ("ca", "stranger", "certificate")}
    authority.cert_pem.write_to_path(files["ca"])
    stranger.cert_pem.write_to_path(files["stranger"])
    authority.issue_cert("gateway.example").private_key_and_cert_chain_pem.write_to_path(files["certificate"])
    with playing(answering(lambda _: success()), server) as loopback:
        with client_of(loopback, ca_file=files["ca"], certificate_file=files["certificate"]) as client:
            client.send(frozen(), again=False)
        mistrustful = client_of(loopback, ca_file=files["stranger"], certificate_file=files["certificate"])
        with mistrustful as client, pytest.raises(PeerUnreachable, match="registry_tls") as caught:
            client.send(frozen(), again=False)
        assert "certificate" in caught.value.facts["reason"]
        assert caught.value.facts["reason"] in sentence("registry_tls", caught.value.facts, "fr")
        with client_of(loopback, ca_file=files["ca"]) as client, pytest.raises(PeerUnreachable):
            client.send(frozen(), again=False)
        assert len(loopback.seen) == 1


def test_proxies_and_cookies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    def cookie(seen: Seen, handler: BaseHTTPRequestHandler) -> None:
        outgoing = soap.write_response("urn:answer", seen.message_id, success())
        respond(handler, outgoing.content_type, outgoing.read(), Set_Cookie="a=b")

    with playing(cookie) as loopback, client_of(loopback) as client:
        client.send(frozen(), again=False)
        client.send(frozen(), again=False)
        assert "cookie" not in loopback.seen[1].headers


def test_header_fields_that_drip_are_left_too() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ") as port:
        url = f"http://127.0.0.1:{port}/"
        with (
            playing(saying("a/b", b"")) as loopback,
            client_of(
                loopback, registry_url=url, repository_url=url, read_timeout_s=0.2, answer_timeout_s=0.1
            ) as client,
            pytest.raises(PeerUnreachable, match="registry_timeout"),
        ):
            client.send(frozen(), again=False)
