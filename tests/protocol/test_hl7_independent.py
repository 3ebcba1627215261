"""Python ``hl7``, which we did not write: it sends to the listener, reads its answers, and reads what we write."""

from __future__ import annotations

import base64
from pathlib import Path

import hl7
import hl7.client
import pytest

from tests.support.hl7 import CDA, Draft, Recorder, listening, mdm

GOLDEN = Path(__file__).parent.parent / "golden"
WRITTEN = sorted(GOLDEN.glob("*.hl7"))
ENCODINGS = {"UNICODE UTF-8": "utf-8", "8859/15": "iso-8859-15"}


def parsed(message: bytes) -> hl7.Message:
    charset = message.split(b"\r", 1)[0].split(b"|")[17].decode("ascii")
    return hl7.parse(message.decode(ENCODINGS[charset]))


def test_its_sender_is_acknowledged_and_reads_the_acknowledgement() -> None:
    recorder = Recorder()
    messages = [
        Draft(control_id="PY-1").bytes(),
        mdm(control_id="PY-2").bytes(),
        Draft(control_id="PY-3", status="P").bytes(),
    ]
    with listening(recorder) as listener, hl7.client.MLLPClient("127.0.0.1", listener.port) as client:
        answers = [parsed(client.send_message(message)) for message in messages]
    assert [str(answer.segment("MSA")[1]) for answer in answers] == ["AA", "AA", "AE"]
    assert [str(answer.segment("MSA")[2]) for answer in answers] == ["PY-1", "PY-2", "PY-3"]
    assert [answer.extract_field("MSH", 1, 9, 1, 1) for answer in answers] == ["ACK"] * 3
    assert [answer.extract_field("MSH", 1, 9, 1, 2) for answer in answers] == ["R01", "T02", "R01"]
    assert str(answers[2].segment("ERR")[4]) == "E"
    assert len(recorder.events) == 2


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_it_reads_what_we_write_and_writes_the_same_bytes(path: Path) -> None:
    message = path.read_bytes()
    read = parsed(message)
    assert str(read).encode(ENCODINGS[str(read.segment("MSH")[18])]).rstrip(b"\r") == message.rstrip(b"\r")


def test_it_finds_the_document_and_the_patient_where_the_profile_puts_them() -> None:
    read = parsed((GOLDEN / "mdm_t02_new.hl7").read_bytes())
    document = base64.b64decode(read.extract_field("OBX", 1, 5, 1, 5))
    assert document.startswith(CDA[:16])
    assert read.extract_field("PID", 1, 3, 1, 1) == "279035121518989"
    assert read.extract_field("PID", 1, 3, 1, 4, 2) == "1.2.250.1.213.1.4.10"
    assert read.extract_field("TXA", 1, 12, 1, 1) == "1.2.250.1.999.7.2"
