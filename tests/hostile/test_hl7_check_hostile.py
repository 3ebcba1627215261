"""The checker, the summary and the readers against bytes that nobody should have sent."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.hl7 import show
from gateway.hl7.check.case import MAX_FINDINGS
from gateway.hl7.check.judge import judge
from gateway.hl7.intake import read_events
from gateway.hl7.outcome import read as read_outcome
from gateway.hl7.teleradiology import read
from gateway.model.finding import Verdict
from tests.support.hl7_messages import RIGHT, cda, message, put

MESSAGES = [message(rows) for rows in RIGHT.values()]
READERS = (read_events, read, read_outcome, lambda raw: list(show.lines(raw, "fr")))


def survives(raw: bytes) -> None:
    """A verdict, and from each reader a value or an error with a name."""
    assert judge(raw).verdict in set(Verdict)
    for reader in READERS:
        with suppress(GatewayError):
            reader(raw)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(MESSAGES), st.integers(0, 10_000), st.integers(0, 40), st.binary(max_size=12))
def test_bytes_put_into_a_message_never_break_anything(raw: bytes, at: int, gone: int, put_in: bytes) -> None:
    at %= len(raw)
    survives(raw[:at] + put_in + raw[at + gone :])


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(MESSAGES), st.data())
def test_segments_in_any_order_never_break_anything(raw: bytes, data: st.DataObject) -> None:
    rows = raw.rstrip(b"\r").split(b"\r")
    rest = data.draw(st.lists(st.sampled_from(rows), max_size=20))
    survives(b"\r".join([rows[0], *rest]))


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(MESSAGES), st.integers(0, 10_000))
def test_a_message_that_is_cut_off_never_breaks_anything(raw: bytes, at: int) -> None:
    survives(raw[: at % len(raw)])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x0b\x1c\r",
        b"MSH",
        b"MSH|^~\\&",
        b"MSH|^~\\&|" + b"~" * 50_000,
        b"MSH|^~\\&|" + b"^" * 50_000,
        b"MSH|^~\\&|" + b"|" * 50_000 + b"\rPID|" + b"|" * 50_000,
        b"MSH|^~\\&|A|B|C|D|2024||ADT^A40|1|P|2.5\rPID|||" + b"1^^^&1.2.3&ISO~" * 5_000 + b"\rMRG|" + b"2~" * 5_000,
        b"MSH|^~\\&|A|B|C|D|2024||OMI^O23|1|P|2.5\r" + b"IPC|1|2|1.2.3\r" * 10_000,
        b"MSH|^~\\&|A|B|C|D|2024||ORU^R01|1|P|2.5\r" + b"ORC|NW\rOBR|1\rOBX|1\r" * 6_000,
        b"MSH|^~\\&|A|B|C|D|2024||ORM^O01|1|P|2.5\r" + b"NTE\r" * 19_000,
        b"MSH|^~\\&|A|B|C|D|2024||ORU^R01|1|P|2.5\r" + b"PRT|\r" * 19_000,
        b"MSH|^~\\&|A|B|C|D|2024||ORU^R01|1|P|2.5||||||EBCDIC\rPID|\xff\xfe\r",
        b"MSH|^~\\&|A|B|C|D|2024||ORU^R01|1|P|2.5\rOBX|1|FT|x||" + b"\\X\\" * 50_000 + b"||||||F",
        b"MSH||||||||||||||||||||",
    ],
)
def test_a_hostile_message_is_answered_in_bounded_time(raw: bytes) -> None:
    survives(raw)
    assert len(judge(raw).findings) <= MAX_FINDINGS + 3


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b"<a>" * 100_000,
        b"\x00" * 1000,
        cda().replace(b"recordTarget", b"target"),
        cda().replace(b'extension="279035121518989"', b'extension="' + b"9" * 100_000 + b'"'),
        cda()[:-40],
    ],
)
def test_a_hostile_document_makes_the_message_invalid_and_nothing_else(content: bytes) -> None:
    rows = put(RIGHT["cda-oru-r01"], "OBX^1^5^1^5", base64.b64encode(content).decode())
    assert judge(message(rows)).verdict is Verdict.INVALID
    survives(message(rows))


@pytest.mark.parametrize("name", ["cda-oru-r01", "tlr-4-complement"])
def test_a_large_value_where_a_code_belongs_is_told_and_shortened(name: str) -> None:
    judged = judge(message(put(RIGHT[name], "ORC^1^1", "N" * 1_000_000)))
    assert judged.verdict is Verdict.INVALID
    assert all(len(finding.message.fr) < 1000 for finding in judged.findings)
