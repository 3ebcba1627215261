"""Links inside the PDF of a level-1 report are found, and nothing is changed."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import report_form
from gateway.cda.pdf_links import MOST_LINKS, links_of_unstructured, pdf_links
from gateway.demo import reports
from gateway.trust import safexml

URL = "https://images.example/IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.3"


def stream(content: bytes, more: bytes = b"") -> bytes:
    packed = zlib.compress(content)
    head = b"7 0 obj\n<< /Length %d /Filter /FlateDecode %s >>\nstream\r\n" % (len(packed), more)
    return head + packed + b"\nendstream\nendobj\n"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (f"/URI ({URL})".encode(), URL),
        (b"/URI(http://a.example/\\(1\\))", "http://a.example/(1)"),
        (b"/URI (http://a.example/(1))", "http://a.example/(1)"),
        (b"/URI (http://a.example/\\101\\\nB)", "http://a.example/AB"),
        (b"/URI <" + URL.encode().hex().encode() + b">", URL),
        (b"/URI\n<68 74 74 70 3a 2f 2f 61 2>", "http://a "[:-1]),
    ],
)
def test_a_link_is_found_as_pdf_writes_strings(written: bytes, address: str) -> None:
    assert pdf_links(b"%PDF-1.4\n<< /S /URI " + written + b" >>") == (address,)


def test_a_link_in_a_compressed_stream_is_found() -> None:
    assert pdf_links(b"%PDF-1.5\n" + stream(f"<< /S /URI /URI ({URL}) >>".encode(), b"/Type /ObjStm")) == (URL,)


def test_pictures_and_broken_streams_are_passed_over() -> None:
    link = f"/URI ({URL})".encode()
    assert pdf_links(b"%PDF-1.5\n" + stream(link, b"/Subtype /Image")) == ()
    assert pdf_links(b"%PDF-1.5\n<< /FlateDecode >>\nstream\nnot deflated\nendstream\n" + link) == (URL,)


def test_each_address_is_told_once_and_their_number_is_bounded() -> None:
    assert pdf_links(b"/URI (http://a)/URI (http://b)/URI (http://a)") == ("http://a", "http://b")
    many = b"".join(b"/URI (http://a/%d)" % number for number in range(MOST_LINKS + 50))
    assert len(pdf_links(many)) == MOST_LINKS


def test_the_links_of_a_level_1_report_are_those_of_its_pdf() -> None:
    form = report_form.read_value(reports.examples()["ct"])
    pdf = b"%PDF-1.4\n" + f"/URI ({URL})".encode()
    assert links_of_unstructured(safexml.parse(report_form.build(form, pdf=pdf))) == (URL,)
    assert links_of_unstructured(safexml.parse(report_form.build(form))) == ()


@pytest.mark.parametrize(
    "hostile",
    [
        b"/URI(" * 400_000,
        b"/URI" + b" " * 2_000_000,
        b"/URI <" + b"0" * 2_000_000,
        b"/FlateDecode stream\n" * 100_000,
        stream(b"\0" * 40_000_000) * 40,
    ],
)
def test_a_hostile_pdf_ends_like_any_other(hostile: bytes) -> None:
    assert pdf_links(b"%PDF-1.7\n" + hostile) == ()


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200), st.binary(max_size=60))
def test_any_bytes_are_scanned(before: bytes, inside: bytes) -> None:
    pdf_links(before + b"/URI (" + inside + b")" + stream(inside))
