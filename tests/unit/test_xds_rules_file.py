"""The outer form of a file: HTTP head, multipart, SOAP or bare, and what is no message at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree

from gateway.cli import app
from gateway.errors import InputRejected
from gateway.model.codes import DCM, SNOMED_CT, Code
from gateway.model.finding import Severity, Verdict
from gateway.xds import ebrim, mtom, queries
from gateway.xds.constants import XDSB
from gateway.xds.rules import parts
from gateway.xds.rules.judge import judge
from tests.support import xds_messages as m
from tests.support.xds_changes import entry, identifier

CRLF_PART = b"Content-ID: <document2@gateway>\r\n"


def rules(content: bytes) -> set[str]:
    return {one.rule for one in judge(content, "dmp").findings}


def plain() -> bytes:
    return etree.tostring(m.request("dmp")[0])


@pytest.mark.parametrize(
    "made",
    [
        lambda: m.message("dmp"),
        lambda: m.message("dmp", head=False),
        lambda: m.message("dmp").partition(b"\r\n")[2],
        lambda: m.message("dmp").replace(b"POST /repository HTTP/1.1", b"POST /repository HTTP/2"),
        lambda: b"\r\n" + m.message("dmp", head=False),
        lambda: b"a preamble\r\n" + m.message("dmp", head=False),
        lambda: m.message("dmp") + b"an epilogue",
        lambda: chunked(m.message("dmp")),
        lambda: folded(m.message("dmp")),
        lambda: root_second(m.message("dmp")),
        lambda: m.message("dmp").replace(b"Host:", f'SOAPAction: "{m.ACTION}"\r\nHost:'.encode(), 1),
        lambda: m.message("dmp").replace(b"Host:", b'SOAPAction: ""\r\nHost:', 1),
        # a program that recorded it joined the chunks
        lambda: m.message("dmp").replace(b"Content-Length", b"Transfer-Encoding: chunked\r\nContent-Length", 1),
        *(
            lambda mark=mark: m.message("dmp").replace(mark, b"<!-- why -->" + mark, 1)
            for mark in (b"<env:Body>", b"<wsa:To>", b"</wsa:Action>", b"<xop:Include", b"</rim:Value>", b"<rim:Slot")
        ),
        lambda: m.message("dmp").replace(b"Type: application/dicom", b"Type: application/octet-stream"),
        lambda: m.message("dmp").replace(b"Type: text/xml", b"Type: application/xml"),
        plain,
        lambda: b"\xef\xbb\xbf" + plain(),
        lambda: etree.tostring(m.request("dmp")[0], encoding="UTF-16"),
        lambda: plain().replace(b"<rim:", b"<ns9:").replace(b"</rim:", b"</ns9:").replace(b"xmlns:rim", b"xmlns:ns9"),
    ],
)
def test_one_message_is_valid_in_every_outer_form(made: Callable[[], bytes]) -> None:
    judgement = judge(made())
    assert [one.message.en for one in judgement.findings] == []
    assert judgement.about["flavour"] == "dmp"


def chunked(content: bytes, most: int = 1000) -> bytes:
    """The body in chunks of at most *most* bytes."""
    head, _, body = content.partition(b"\r\n\r\n")
    pieces = [body[start : start + most] for start in range(0, len(body), most)]
    sent = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + sent + b"0\r\n\r\n"


def root_second(content: bytes) -> bytes:
    """The root part behind that of the first document."""
    before, root, document, *rest = content.split(b"--MIME_boundary\r\n")
    return b"--MIME_boundary\r\n".join((before, document, root, *rest))


def folded(content: bytes) -> bytes:
    return content.replace(b"; type=", b";\r\n\ttype=", 1)


def test_an_envelope_alone_says_what_cannot_be_verified() -> None:
    judgement = judge(etree.tostring(m.envelope(m.request("dmp"))))
    assert judgement.verdict is Verdict.VALID
    assert {one.rule for one in judgement.findings} == {"include.alone"}


def other_type(name: str, value: str | None) -> bytes:
    """The message whose Content-Type has another parameter, or lacks it."""
    body, content_type = m.packed(m.envelope(m.request("dmp")))
    instead = "" if value is None else f'; {name}="{value}"'
    return m.with_head(body, re.sub(rf'; {name}="[^"]*"', instead, content_type))


@pytest.mark.parametrize(
    ("rule", "content"),
    [
        ("mime.parameter", lambda: other_type("boundary", None)),
        ("mime.parameter", lambda: other_type("boundary", "other")),
        ("mime.parameter", lambda: other_type("type", None)),
        ("mime.parameter", lambda: other_type("type", "text/xml")),
        ("mime.parameter", lambda: other_type("start-info", None)),
        ("mime.parameter", lambda: other_type("start-info", "text/xml")),
        ("mime.root", lambda: other_type("start", "<nobody>")),
        ("wsa.action-parameter", lambda: other_type("action", "urn:other")),
        ("wsa.action-parameter", lambda: other_type("start-info", "application/soap+xml; action=urn:other")),
        ("http.method", lambda: m.message().replace(b"POST /repository HTTP/1.1", b"GET /repository HTTP/1.1")),
        ("http.method", lambda: m.message().replace(b"POST /repository HTTP/1.1", b"HTTP/1.1 200 OK")),
        (
            "http.repeated",
            lambda: m.message().replace(b"Content-Length", b"Content-Type: text/xml\r\nContent-Length", 1),
        ),
        ("mime.head", lambda: re.sub(rb"Content-Length: \d+", b"Content-Length: ten", m.message(), count=1)),
        ("mime.media-type", lambda: re.sub(rb"Content-Type: multipart[^\r]*\r\n", b"", m.message(), count=1)),
        ("mime.head", lambda: chunked(m.message(), 1 << 20).removesuffix(b"0\r\n\r\n") + b"end\r\n"),
        (
            "wsa.action-parameter",
            lambda: m.message().replace(b"Host:", b'SOAPAction: "urn:ihe:iti:2007:RegistryStoredQuery"\r\nHost:', 1),
        ),
        ("mime.first", lambda: root_second(m.message()).replace(b'; start="<root.envelope@gateway>"', b"", 1)),
        ("soap.text", lambda: m.message().replace(b"<env:Body>", b"<?target words?><env:Body>", 1)),
        ("mime.parameter", lambda: b"Content-Type: application/soap+xml; charset=iso-8859-1\r\n\r\n" + plain()),
        ("mime.media-type", lambda: m.message().replace(b"multipart/related", b"multipart/mixed", 1)),
        ("mime.media-type", lambda: b"Content-Type: text/plain\r\n\r\n" + plain()),
        ("mime.head", lambda: m.message().replace(b"Content-Type: multipart", b"Content-Type: multipart=", 1)),
        ("mime.head", lambda: m.message().replace(CRLF_PART, CRLF_PART + b"no field\r\n")),
        ("xml.blanks", lambda: m.message().replace(b"<?xml", b"  <?xml", 1)),
        ("xml.blanks", lambda: b"\n" + etree.tostring(m.request("dmp")[0], xml_declaration=True, encoding="UTF-8")),
        ("mime.closed", lambda: m.message().replace(b"--MIME_boundary--", b"")),
        ("mime.root-type", lambda: m.message().replace(b"application/xop+xml; charset", b"text/xml; charset", 1)),
        (
            "mime.root-type",
            lambda: m.message().replace(b'UTF-8; type="application/soap+xml"', b'UTF-8; type="text/xml"'),
        ),
        ("mime.content-id", lambda: m.message().replace(CRLF_PART, b"")),
        ("mime.content-id", lambda: m.message().replace(CRLF_PART, CRLF_PART.replace(b"2@", b"1@"))),
        (
            "mime.encoding",
            lambda: m.message().replace(CRLF_PART, CRLF_PART + b"X-More: 1\r\n").replace(b"binary", b"base64"),
        ),
        ("mime.encoding", lambda: m.message().replace(b"Encoding: binary", b"Encoding: morse")),
        ("mime.encoding", lambda: m.message().replace(b"Encoding: binary", b"Encoding: 7bit")),
        ("mime.root-type", lambda: m.message().replace(b"charset=UTF-8", b"charset=ISO-8859-1", 1)),
        ("include.unresolved", lambda: m.message().replace(CRLF_PART, CRLF_PART.replace(b"2@", b"9@"))),
        ("include.unused", lambda: m.message().replace(CRLF_PART, CRLF_PART.replace(b"2@", b"9@"))),
        (
            "document.part-type",
            lambda: m.message().replace(b"Content-Type: application/dicom", b"Content-Type: application/pdf"),
        ),
        ("document.hash", lambda: m.message().replace(b"</ClinicalDocument>\n", b"</ClinicalDocument> ")),
        ("document.size", lambda: m.message().replace(b"</ClinicalDocument>\n", b"</ClinicalDocument>")),
        ("report.malformed", lambda: m.message().replace(b"</ClinicalDocument>\n", b"</ClinicalDocuments>")),
        (
            "manifest.unreadable",
            lambda: m.message().replace(b"1.2.840.10008.5.1.4.1.1.88.59\0", b"1.2.840.10008.5.1.4.1.1.88.22\0"),
        ),
        (
            "soap.version",
            lambda: m.message().replace(
                b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/"
            ),
        ),
    ],
)
def test_a_fault_of_the_outer_form_is_named_and_the_rest_is_read_on(rule: str, content: Callable[[], bytes]) -> None:
    judgement = judge(content(), "dmp")
    assert rule in {one.rule for one in judgement.findings if one.severity is Severity.ERROR}
    assert judgement.verdict is Verdict.INVALID
    assert judgement.readable


def test_converted_line_ends_are_a_warning() -> None:
    assert "mime.line-ends" in rules(m.message().replace(b"\r\n", b"\n"))


def test_more_parts_than_are_read_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST_PARTS", 1)
    assert "mime.parts" in rules(m.message())


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda body: body, set()),
        (lambda body: body.replace(b"Content-ID: <d1@box>", b"Content-ID: <d9@box>"), {"include.unresolved"}),
        (lambda body: body.replace(b"%PDF-1.4", b"<html>  "), {"document.kind"}),
        (lambda body: body.replace(b"1.2.3.4</xdsb:Doc", b"1.2.3.04</xdsb:Doc"), {"retrieve.document"}),
    ],
)
def test_the_answer_of_a_repository_is_judged_with_its_parts(change: Callable[[bytes], bytes], wrong: set[str]) -> None:
    told = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetResponse", nsmap={"xdsb": XDSB})
    told.append(ebrim.write_response(ebrim.RegistryResponse(status=ebrim.ResponseStatus.SUCCESS)))
    document = etree.SubElement(told, f"{{{XDSB}}}DocumentResponse")
    stated = (("RepositoryUniqueId", "1.2.9"), ("DocumentUniqueId", "1.2.3.4"), ("mimeType", "application/pdf"))
    for name, value in stated:
        etree.SubElement(document, f"{{{XDSB}}}{name}").text = value
    etree.SubElement(document, f"{{{XDSB}}}Document").append(mtom.include("d1@box"))
    content = mtom.Attachment("d1@box", "application/pdf", b"%PDF-1.4")
    found = judge(change(mtom.write(etree.tostring(told), [content]).read()))
    assert wrong <= {one.rule for one in found.findings if one.severity is Severity.ERROR}
    assert (found.verdict is Verdict.VALID) is (not wrong)


def test_several_patients_answer_the_query_for_several() -> None:
    answer = m.answer()
    identifier(entry(answer), "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427").set("value", "B^^^&1.2.3&ISO")
    for action, wrong in (("2007:RegistryStoredQuery", True), ("2009:MultiPatientStoredQuery", False)):
        told = etree.tostring(m.envelope(answer, f"urn:ihe:iti:{action}Response"))
        assert ("patient-id.answered" in rules(told)) is wrong


def test_a_slot_that_is_repeated_in_a_query_means_and() -> None:
    asked = queries.find_documents("1^^^&1.2.3&ISO", events=[[Code("CT", DCM)], [Code("67734004", SNOMED_CT)]])
    assert judge(etree.tostring(queries.write(asked))).findings == ()


def test_an_answer_need_not_say_that_its_action_must_be_understood() -> None:
    told = m.envelope(m.answer(), "urn:ihe:iti:2007:RegistryStoredQueryResponse")
    for one in told.iter("{http://www.w3.org/2005/08/addressing}Action"):
        one.attrib.clear()
    found = {one.rule: one.severity for one in judge(etree.tostring(told)).findings}
    assert found["wsa.must-understand"] is Severity.WARNING


def test_partial_success_does_not_answer_a_submission() -> None:
    answer = m.refusal()
    answer.set("status", "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess")
    action = f"{m.ACTION}Response"
    assert "response.partial" in rules(etree.tostring(m.envelope(answer, action)))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "xds_no_message"),
        (b"hello: world\r\n\r\nbody", "xds_no_message"),
        (b"\x00\x01" * 100, "xds_no_message"),
        (b"<ClinicalDocument/>", "xds_no_message"),
        (b"<a>", "xml_malformed"),
        (b"--b\r\nContent-Type: text/xml\r\n\r\n", "xml_malformed"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "xml_doctype"),
    ],
)
def test_what_is_no_message_is_refused_by_name(content: bytes, code: str) -> None:
    with pytest.raises(InputRejected) as caught:
        judge(content)
    assert caught.value.code == code


def test_the_command_prints_one_object_and_ends_with_the_verdict(tmp_path: Path) -> None:
    run = CliRunner()
    good, bad, odd = (tmp_path / name for name in ("good.mtom", "bad.xml", "odd.txt"))
    good.write_bytes(m.message("ihe"))
    bad.write_bytes(plain().replace(b'mimeType="text/xml"', b""))
    odd.write_bytes(b"nothing")
    answer = run.invoke(app, ["xds", "check", str(good), "--json"])
    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["verdict"], told["findings"]) == (0, "valid", [])
    assert (told["file"], told["flavour"]) == (str(good), "ihe")
    answer = run.invoke(app, ["xds", "check", str(bad), "--json", "--flavour", "dmp", "--lang", "en"])
    (one,) = json.loads(answer.stdout)["findings"]
    assert answer.exit_code == 1
    assert one["rule"] == "DocumentEntry.mimeType.missing"
    assert one["message"] == "DocumentEntry.mimeType is missing."
    answer = run.invoke(app, ["xds", "check", str(good), str(odd), "--json"])
    assert answer.exit_code == 2
    assert [one["verdict"] for one in json.loads(answer.stdout)] == ["valid", "unreadable"]
    answer = run.invoke(app, ["xds", "check", str(bad)])
    assert "DocumentEntry.mimeType" in answer.stdout


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"Content-Transfer-Encoding: binary\r\n", b""),
        lambda content: content.replace(b"charset=UTF-8", b"charset=utf-8", 1),
        lambda content: content.replace(b"charset=UTF-8; ", b"", 1),
        lambda content: content.replace(b"<?xml version='1.0' encoding='UTF-8'?>", b"", 1),
    ],
)
def test_a_part_may_say_less_of_its_bytes(change: Callable[[bytes], bytes]) -> None:
    assert change(m.message()) != m.message()
    assert judge(change(m.message()), "dmp").verdict is Verdict.VALID


FAULT = """<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://www.w3.org/2005/08/addressing">
<env:Header><wsa:Action env:mustUnderstand="1">http://www.w3.org/2005/08/addressing/soap/fault</wsa:Action>
<wsa:RelatesTo>urn:uuid:11111111-2222-4333-8444-555555555555</wsa:RelatesTo></env:Header>
<env:Body><env:Fault><env:Code><env:Value>env:Sender</env:Value></env:Code>
<env:Reason><env:Text xml:lang="en">No such action</env:Text></env:Reason></env:Fault></env:Body></env:Envelope>"""


@pytest.mark.parametrize(
    ("old", "new", "right"),
    [
        ("", "", True),
        ("env:", "s:", True),
        ("env:Sender", "env:Receiver", True),
        ("</env:Reason>", "</env:Reason><env:Detail><a/></env:Detail>", True),
        ("env:Sender", "env:Client", False),
        ("env:Sender", "Sender", False),
        ("env:Sender", "wsa:Sender", False),
        ("<env:Value>env:Sender</env:Value>", "", False),
        (' xml:lang="en"', "", False),
        ("<env:Code><env:Value>env:Sender</env:Value></env:Code>", "", False),
        ("</env:Reason>", "</env:Reason><faultcode>1</faultcode>", False),
    ],
)
def test_a_fault_has_a_code_and_a_reason(old: str, new: str, right: bool) -> None:
    told = FAULT.replace(old, new) if old else FAULT
    told = told.replace("xmlns:env", "xmlns:s") if new == "s:" else told
    found = {one.rule: one.severity for one in judge(told.encode()).findings}
    assert found["soap.fault"] is Severity.WARNING
    assert ("soap.fault.form" not in found) is right


@pytest.mark.parametrize(
    ("status", "body", "right"),
    [
        ("200 OK", None, True),
        ("202 Accepted", None, True),
        ("500 Internal Server Error", None, False),
        ("404 Not Found", None, False),
        ("500 Internal Server Error", FAULT, True),
        ("400 Bad Request", FAULT, True),
    ],
)
def test_a_refusal_comes_under_200_and_a_fault_under_another_status(status: str, body: str | None, right: bool) -> None:
    told = body.encode() if body else etree.tostring(m.envelope(m.refusal(), f"{m.ACTION}Response"))
    content = f"HTTP/1.1 {status}\r\nContent-Type: application/soap+xml\r\n\r\n".encode() + told
    assert ("http.status" not in rules(content)) is right


@pytest.mark.parametrize(
    ("media_type", "right"), [("application/pdf", True), ("text/xml", False), ("text/plain", True)]
)
def test_the_part_of_an_answered_document_is_of_its_type(media_type: str, right: bool) -> None:
    told = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetResponse", nsmap={"xdsb": XDSB})
    told.append(ebrim.write_response(ebrim.RegistryResponse(status=ebrim.ResponseStatus.SUCCESS)))
    document = etree.SubElement(told, f"{{{XDSB}}}DocumentResponse")
    for name, value in (("RepositoryUniqueId", "1.2.9"), ("DocumentUniqueId", "1.2"), ("mimeType", "application/pdf")):
        etree.SubElement(document, f"{{{XDSB}}}{name}").text = value
    etree.SubElement(document, f"{{{XDSB}}}Document").append(mtom.include("d1@box"))
    content = mtom.Attachment("d1@box", media_type, b"%PDF-1.4")
    assert ("document.part-type" not in rules(mtom.write(etree.tostring(told), [content]).read())) is right
