"""One ITI-41 request as it leaves, byte for byte, with a reading beside it.

A change of zeep, lxml or requests that changes the wire is seen here first.
"""

from __future__ import annotations

import uuid

import pytest

from tests.support.soap import MANIFEST, METADATA, REPORT, Seen, answering, client_of, frozen, playing, success

BOUNDARY = b"MIME_00112233445566778899aabbccddeeff"

CONTENT_TYPE = (
    'multipart/related; boundary="MIME_00112233445566778899aabbccddeeff"; '  # quoted: some peers want it
    'type="application/xop+xml"; '  # XOP 1.0 section 4.1: what the root part is
    'start="<root.envelope@gateway>"; '  # RFC 2387: its Content-ID
    'start-info="application/soap+xml"; '  # what the root part stands for
    'action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"'  # SOAP 1.2's action, no SOAPAction header
)

BODY = b"".join(
    [
        # The root part: the envelope, and how it is packed
        b"--" + BOUNDARY + b"\r\n",
        b'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"; '
        b'action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"\r\n',
        b"Content-Transfer-Encoding: binary\r\n",
        b"Content-ID: <root.envelope@gateway>\r\n",
        b"\r\n",
        b"<?xml version='1.0' encoding='UTF-8'?>\n",
        b'<soap-env:Envelope xmlns:soap-env="http://www.w3.org/2003/05/soap-envelope" '
        b'xmlns:xdsb="urn:ihe:iti:xds-b:2007" xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0">',
        # WS-Addressing: the action must be understood, the answer comes back on this connection
        b'<soap-env:Header xmlns:wsa="http://www.w3.org/2005/08/addressing">',
        b'<wsa:Action soap-env:mustUnderstand="1">urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b</wsa:Action>',
        b"<wsa:MessageID>urn:uuid:00000000-0000-4000-8000-000000000001</wsa:MessageID>",
        b"<wsa:To>@URL@</wsa:To>",
        b"<wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>",
        b"</soap-env:Header>",
        b"<soap-env:Body><xdsb:ProvideAndRegisterDocumentSetRequest>",
        # The frozen metadata, as they were serialised (an apostrophe needs no escape in a quoted attribute)
        METADATA.replace(b"&#39;", b"'"),
        # One Document an entry: its id is the entry's, its content is elsewhere in this message
        b'<xdsb:Document id="Document01"><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" '
        b'href="cid:1.document@gateway"/></xdsb:Document>',
        b'<xdsb:Document id="Document02"><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" '
        b'href="cid:2.document@gateway"/></xdsb:Document>',
        b"</xdsb:ProvideAndRegisterDocumentSetRequest></soap-env:Body></soap-env:Envelope>",
        # The report; the line end before a delimiter belongs to the delimiter, the one before it to the report
        b"\r\n--" + BOUNDARY + b"\r\n",
        b"Content-Type: text/xml\r\n",
        b"Content-Transfer-Encoding: binary\r\n",
        b"Content-ID: <1.document@gateway>\r\n",
        b"\r\n",
        REPORT,
        # The manifest, which begins and ends with a line end of its own
        b"\r\n--" + BOUNDARY + b"\r\n",
        b"Content-Type: application/dicom\r\n",
        b"Content-Transfer-Encoding: binary\r\n",
        b"Content-ID: <2.document@gateway>\r\n",
        b"\r\n",
        MANIFEST,
        # The end
        b"\r\n--" + BOUNDARY + b"--\r\n",
    ]
)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> tuple[Seen, str]:
    """One request made with fixed chance, and the address it went to."""
    with playing(answering(lambda _: success(), relates_to="")) as loopback, client_of(loopback) as client:
        with monkeypatch.context() as fixed:
            fixed.setattr(uuid, "uuid4", lambda: uuid.UUID("00000000-0000-4000-8000-000000000001"))
            fixed.setattr("secrets.token_hex", lambda _: "00112233445566778899aabbccddeeff")
            client.send(frozen(), again=False)
        return loopback.seen[0], loopback.url


def test_the_body_is_the_golden_one(seen: tuple[Seen, str]) -> None:
    request, url = seen
    assert request.body == BODY.replace(b"@URL@", url.encode())


def test_the_head_is_the_golden_one(seen: tuple[Seen, str]) -> None:
    request, url = seen
    assert request.headers["content-type"] == CONTENT_TYPE
    assert request.headers["content-length"] == str(len(request.body))
    assert "soapaction" not in request.headers
    assert "transfer-encoding" not in request.headers
    assert request.headers["host"] in url
