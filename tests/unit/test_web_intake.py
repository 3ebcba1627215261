"""What is said beside a document."""

from __future__ import annotations

import pytest

from gateway.errors import InputRejected
from gateway.model.report import Reliability, Statements
from gateway.web.intake import _said, read_statements


def test_nothing_said_is_nothing_claimed() -> None:
    assert read_statements({}) == Statements()


def test_every_statement_is_read() -> None:
    said = {
        "Identity-Reliability": "vali",
        "Identity-Unknown": "false",
        "Document-Masks": "MASQUE_PS, invisible_patient",
        "Document-To-DMP": "N",
        "Secret-Connection": "true",
        "Visit-Class": "O",
    }
    assert read_statements(said) == Statements(
        reliability=Reliability.QUALIFIED,
        identity_unknown=False,
        masked=frozenset({"MASQUE_PS", "INVISIBLE_PATIENT"}),
        to_dmp=False,
        secret_connection=True,
        visit_class="O",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Identity-Reliability", "SURE"),
        ("Identity-Unknown", "perhaps"),
        ("Document-Masks", "MASQUE_PS;INVISIBLE_PATIENT"),
        ("Document-Masks", "MASQUE"),
        ("Document-To-DMP", ""),
        ("Visit-Class", "I^O"),
    ],
)
def test_a_statement_that_cannot_be_read_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(InputRejected) as raised:
        read_statements({name: value})
    assert raised.value.place == name


def test_a_header_and_a_parameter_may_agree_whatever_their_case() -> None:
    headers = [("Document-To-Dmp", "true"), ("Accept", "*/*"), ("Document-Masks", "MASQUE_PS")]
    assert _said(headers, {"document-masks": ["MASQUE_PS"]}) == {
        "Document-To-DMP": "true",
        "Document-Masks": "MASQUE_PS",
    }


@pytest.mark.parametrize(
    "query", [{"document-masks": ["INVISIBLE_PATIENT"]}, {"Document-Mask": ["MASQUE_PS"]}, {"Visit-Class": ["I", "O"]}]
)
def test_a_contradiction_or_a_mistyped_name_is_refused_so_that_no_mask_is_lost(query: dict[str, list[str]]) -> None:
    with pytest.raises(InputRejected):
        _said([("Document-Masks", "MASQUE_PS")], query)
