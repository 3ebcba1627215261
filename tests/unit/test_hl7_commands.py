"""``gateway hl7 check``, ``show`` and the words of ``send``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.hl7 import commands
from gateway.errors import InputRejected, PeerMisbehaved
from gateway.hl7 import er7, show
from gateway.hl7.outcome import read
from tests.support.hl7_messages import ACK, COMPLEMENT, RIGHT, message, put


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(commands, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    paths = {}
    for name, content in {
        "right": message(RIGHT["cda-oru-r01"]),
        "wrong": message(put(RIGHT["tlr-1-request"], "PID^1^3^1^1", "279035121518988")),
        "none": b"%PDF-1.7",
    }.items():
        paths[name] = tmp_path / f"{name}.hl7"
        paths[name].write_bytes(content)
    return paths


@pytest.mark.parametrize(
    ("name", "code", "verdict"), [("right", 0, "valid"), ("wrong", 1, "invalid"), ("none", 2, "unreadable")]
)
def test_the_exit_code_and_the_verdict_go_together(files: dict[str, Path], name: str, code: int, verdict: str) -> None:
    ended, out = run("check", str(files[name]), "--json")
    told = json.loads(out)
    assert (ended, told["verdict"], told["file"]) == (code, verdict, str(files[name]))
    if name == "wrong":
        assert told["profile"] == "tlr-1-request"
        (finding,) = told["findings"]
        assert (finding["rule"], finding["path"], finding["segment"], finding["field"], finding["err3"]) == (
            "ins-form",
            "PID^1^3^1^1",
            "PID",
            "PID-3.1",
            "102",
        )
        assert finding["message"] == "Le matricule INS doit avoir 15 caractères et une clé juste."


def test_several_files_are_several_objects_and_the_worst_code(files: dict[str, Path]) -> None:
    ended, out = run("check", *(str(path) for path in files.values()), "--json", "--lang", "en")
    assert ended == 2
    assert [each["verdict"] for each in json.loads(out)] == ["valid", "invalid", "unreadable"]


def test_a_person_reads_lines(files: dict[str, Path]) -> None:
    ended, out = run("check", str(files["wrong"]), "--lang", "en")
    assert ended == 1
    assert "invalid (profile tlr-1-request)" in out
    assert "ins-form  PID^1^3^1^1" in out


def test_an_unknown_profile_is_named(files: dict[str, Path]) -> None:
    result = CliRunner().invoke(commands, ["check", "--profile", "nothing", str(files["right"])])
    assert isinstance(result.exception, InputRejected)
    assert result.exception.code == "hl7_unknown_profile"
    assert run("check", "--profile", "cda-oru-r01", str(files["right"]))[0] == 0


def test_a_message_is_shown_with_names_and_without_its_base64(files: dict[str, Path]) -> None:
    ended, out = run("show", str(files["right"]))
    assert ended == 0
    assert "Identifiants du patient: 279035121518989" in out
    assert "1.2.250.1.999.7.2" in out
    assert "PENsaW5pY2Fs" not in out
    assert max(map(len, out.splitlines())) < 400
    assert "Patient identifier list" in run("show", str(files["right"]), "--lang", "en")[1]


def test_a_message_is_shown_as_json(files: dict[str, Path]) -> None:
    told = json.loads(run("show", str(files["right"]), "--json")[1])
    assert told["profile"] == "cda-oru-r01"
    assert [segment["segment"] for segment in told["segments"]][:4] == ["MSH", "PID", "PV1", "ORC"]
    (document,) = told["documents"]
    assert document["id"] == "1.2.250.1.999.7.2"
    assert document["level"] == 1
    assert "CAMILLE" in document["patient"]


def test_a_document_that_cannot_be_read_says_why() -> None:
    told = show.as_json(message(put(RIGHT["cda-oru-r01"], "OBX^1^5^1^5", "QUJD")), "en")
    assert "unreadable" in told["documents"][0]


def test_control_characters_are_not_shown() -> None:
    raw = message(RIGHT["cda-oru-r01"]).replace(b"rue des Essais", b"rue \x1b[31mdes")
    assert "\x1b" not in "".join(show.lines(raw, "fr"))


def test_a_file_with_line_feeds_is_sent_with_carriage_returns() -> None:
    assert er7.with_carriage_returns(message(COMPLEMENT, "\n")) == message(COMPLEMENT)
    assert er7.with_carriage_returns(message(COMPLEMENT, "\r\n")) == message(COMPLEMENT)


def test_an_acknowledgement_is_read_with_each_of_its_errors() -> None:
    outcome = read(message([*ACK, ACK[2].replace("101", "103")]))
    assert (outcome.code, outcome.control_id, outcome.accepted, outcome.again) == ("AE", "0001", False, False)
    assert [each.code for each in outcome.complaints] == ["101", "103"]
    assert outcome.complaints[0].place == "PID^1^3"
    assert outcome.lines()[0] == "PID^1^3 101 Required field missing"
    assert read(message(put(ACK, "MSA^1^1", "AR"))).again


def test_what_answers_nothing_is_no_acknowledgement() -> None:
    with pytest.raises(PeerMisbehaved):
        read(message(RIGHT["lb-a"]))


@pytest.mark.parametrize("to", ["host", "host:", ":7", "host:x", "host:70000", "host:0"])
def test_an_address_is_a_host_and_a_port(files: dict[str, Path], to: str) -> None:
    result = CliRunner().invoke(commands, ["send", str(files["right"]), "--to", to])
    assert isinstance(result.exception, InputRejected)
    assert result.exception.code == "hl7_address"
