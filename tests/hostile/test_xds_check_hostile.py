"""The checker against files made to break it: cut, altered or multiplied, each gives a verdict or a named refusal."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import GatewayError
from gateway.model.finding import Judgement
from gateway.texts import TEXTS
from gateway.xds.rules.judge import judge
from gateway.xds.rules.rule import MOST_FINDINGS
from tests.support import xds_messages as m

MANY = 4000


def outcome(content: bytes) -> Judgement | str:
    """The judgement, or the code of a refusal that has its sentence; anything else is a failure of the test."""
    try:
        judgement = judge(content)
    except GatewayError as refused:
        return sentenced(refused)
    assert len(judgement.findings) <= MOST_FINDINGS + 1
    for one in judgement.findings:
        assert one.message.fr
        assert len(one.message.en) < 5000
    return judgement


def sentenced(error: GatewayError) -> str:
    assert error.code in TEXTS
    return error.code


@pytest.fixture(scope="module")
def whole() -> bytes:
    return m.message("dmp")


@pytest.fixture(scope="module")
def plain() -> bytes:
    return etree.tostring(m.request("dmp")[0])


def test_a_message_cut_anywhere_has_a_verdict_or_a_refusal(whole: bytes) -> None:
    for cut in range(0, len(whole), 997):
        outcome(whole[:cut])


def test_a_message_with_a_byte_changed_has_a_verdict_or_a_refusal(whole: bytes) -> None:
    chance = random.Random(7)
    for _ in range(60):
        at = chance.randrange(len(whole))
        outcome(whole[:at] + bytes([chance.randrange(256)]) + whole[at + 1 :])


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_have_a_verdict_or_a_refusal(content: bytes) -> None:
    outcome(content)


@given(st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_text_in_any_value_has_a_verdict(text: str) -> None:
    root = m.full()
    printable = "".join(one for one in text if one.isprintable())
    for element in root.iter("{*}Value"):
        element.text = printable
    for element in root.iter("{*}ExternalIdentifier"):
        element.set("value", printable)
    assert not isinstance(outcome(etree.tostring(root)), str)


def repeated(marker: bytes, made: Callable[[int], bytes]) -> Callable[[bytes], bytes]:
    """*made* for many numbers, before the first *marker*."""

    def build(plain: bytes) -> bytes:
        at = plain.index(marker)
        return plain[:at] + b"".join(made(number) for number in range(MANY)) + plain[at:]

    return build


@pytest.mark.parametrize(
    "build",
    [
        repeated(b"</rim:RegistryObjectList>", lambda n: b'<rim:ExtrinsicObject id="x%d"/>' % n),
        repeated(
            b"</rim:RegistryObjectList>",
            lambda n: b'<rim:Association id="x%d" associationType="a" sourceObject="b" targetObject="c"/>' % n,
        ),
        repeated(
            b"</rim:RegistryObjectList>",
            lambda n: b'<rim:Classification id="x%d" classifiedObject="Document01" classificationNode="n%d"/>' % (n, n),
        ),
        repeated(b"<rim:Value>PID-5", lambda n: b"<rim:Value>PID-3|%d^^^&amp;1.2&amp;ISO</rim:Value>" % n),
        repeated(b"<rim:Value>ACN102", lambda n: b"<rim:Value>%d^^^^urn:ihe:iti:xds:2013:order</rim:Value>" % n),
        repeated(b'<rim:Slot name="creationTime">', lambda n: b'<rim:Slot name="s%d"/>' % n),
        lambda plain: plain.replace(b"PAT-CHEF", b"^" * 1_000_000, 1),
        lambda plain: plain.replace(b"PAT-CHEF", b"\\" * 1_000_000, 1),
        lambda plain: plain.replace(b"fr-FR", b"a-" * 500_000, 1),
        lambda plain: plain.replace(b"1.2.250.1.213.4.5.4.402", b"1." * 500_000, 1),
        lambda plain: plain.replace(b'mimeType="text/xml"', b'mimeType="text/x;' + b" " * 500_000 + b'"', 1),
        lambda plain: plain.replace(b"20210108101700", b"2" * 500_000, 1),
        lambda plain: plain.replace(b">Normal", b"/><rim:Slot>" * 300, 1),
        lambda plain: b"--a\r\nb: c\r\n\r\n" + b"\n--a" * 500_000,
        lambda plain: b"--a\r\nb: c\r\n\r\n" * 100_000,
        lambda plain: b"A: b\r\n" * 100_000 + b"\r\n" + plain,
        lambda plain: b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100_000,
        lambda plain: b"<a>" * 100_000,
        lambda plain: b'<!DOCTYPE a SYSTEM "http://other/"><a/>',
        lambda plain: plain.replace(b"<lcm:", b"<x:", 1),
    ],
)
def test_a_message_that_is_many_times_too_much_is_judged_or_refused(
    build: Callable[[bytes], bytes], plain: bytes
) -> None:
    outcome(build(plain))


def test_a_manifest_that_is_no_dicom_and_a_report_with_entities_are_findings(whole: bytes) -> None:
    attacked = whole.replace(
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Clin', b'<!DOCTYPE a [<!ENTITY b "c">]>     \n<Clin'
    )
    judgement = outcome(attacked)
    assert isinstance(judgement, Judgement)
    assert "report.malformed" in {one.rule for one in judgement.findings}
