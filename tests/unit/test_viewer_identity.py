"""Whose images these are: what the banner says, and when it warns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from flask_babel import Babel

from gateway.model.identifiers import Identifier
from gateway.model.people import Patient
from gateway.model.report import Reliability
from gateway.web.viewer.identity import Stated, differs, identity, ins_status, iso
from tests.support.web import exam

PATIENT = Patient(
    identifiers=(Identifier("1.2.250.1.213.1.4.10", "281112915104759"),),
    birth_family="KERMARREC",
    birth_given="ZOÉ",
    used_family="LEFÈVRE",
    used_given="ZOÉ",
    birth_date="19811109",
    sex="F",
)


@pytest.fixture
def french() -> Flask:
    app = Flask(__name__)
    Babel(app, default_locale="fr")
    return app


def test_the_banner_tells_the_names_of_birth_and_of_use(french: Flask) -> None:
    with french.test_request_context():
        told = identity(exam(), Stated(PATIENT, Reliability.QUALIFIED))
    assert told["name"] == "KERMARREC-LEFÈVRE ZOÉ"
    assert told["birth_name"] == "KERMARREC ZOÉ"
    assert told["used_name"] == "LEFÈVRE ZOÉ"
    assert told["ins"] == "INS qualifiée"
    assert told["differs"] is False


def test_a_pacs_that_says_little_is_completed_by_the_report(french: Flask) -> None:
    bare = replace(exam(), patient_name="", patient_birth_date="", patient_sex="")
    with french.test_request_context():
        told = identity(bare, Stated(PATIENT, Reliability.UNSTATED))
    assert (told["name"], told["birth_date"], told["sex"]) == ("KERMARREC ZOÉ", "1981-11-09", "F")
    assert told["ins"] == "INS dans le compte rendu"


@pytest.mark.parametrize(
    ("reliability", "told"),
    [
        (Reliability.PROVISIONAL, "INS provisoire"),
        (Reliability.DOUBTFUL, "Identité douteuse"),
        (Reliability.FICTITIOUS, "Identité fictive"),
    ],
)
def test_a_doubtful_identity_is_called_so(french: Flask, reliability: Reliability, told: str) -> None:
    with french.test_request_context():
        assert ins_status(Stated(PATIENT, reliability)) == told
        assert ins_status(Stated(replace(PATIENT, identifiers=()), Reliability.UNSTATED)) == "Sans INS"


@pytest.mark.parametrize(
    "changed",
    [
        {"birth_date": "19811110"},
        {"sex": "M"},
        {"birth_family": "DUPONT", "used_family": ""},
    ],
)
def test_a_contradiction_between_pacs_and_report_is_told(changed: dict[str, str]) -> None:
    assert differs(exam(), replace(PATIENT, **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {"birth_family": "kermarrec lefevre", "used_family": ""},
        {"birth_date": "1981"},
        {"birth_date": ""},
        {"sex": "U"},
        {"birth_family": "DUPONT"},
        {"birth_family": "", "used_family": ""},
    ],
)
def test_what_is_only_written_otherwise_is_no_contradiction(changed: dict[str, str]) -> None:
    assert not differs(exam(), replace(PATIENT, **changed))  # type: ignore[arg-type]


def test_a_date_that_is_none_is_left_out() -> None:
    assert iso("19811109") == "1981-11-09"
    assert iso("19811109102500") == "1981-11-09"
    assert iso("1981") == ""
    assert iso("abcdefgh") == ""
