"""Identifiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.identifiers import Identifier, ins_key_is_right, is_root, is_safe_key, is_uid, new_uid


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("1.2.840.10008.1.1", True),
        ("2.25.329800735698586629295641978511506172918", True),
        ("1.2.03", False),
        ("1..2", False),
        ("1.2.", False),
        ("1", False),
        ("", False),
        ("1.2." + "3" * 61, False),
        ("1.2.٣", False),
        ("1.2\n", False),
    ],
)
def test_a_uid_is_dotted_numbers_without_leading_zeros_of_at_most_64_characters(value: str, good: bool) -> None:
    assert is_uid(value) is good


def test_a_root_may_be_a_uuid() -> None:
    assert is_root("90E1C8EC-F951-4B26-A305-A34848818DD6")
    assert not is_root("90E1C8EC-F951-4B26-A305")


def test_new_uids_are_uids_and_differ() -> None:
    uids = {new_uid() for _ in range(200)}
    assert len(uids) == 200
    assert all(is_uid(uid) for uid in uids)


@given(st.text(max_size=80))
def test_a_safe_key_holds_nothing_that_dicom_matching_would_widen(value: str) -> None:
    if is_safe_key(value):
        assert not set(value) & set("*?\\")
        assert 0 < len(value) <= 64


def test_the_forms_of_an_identifier() -> None:
    accession = Identifier("1.2.3", "ACC.1")
    assert accession.unique_id == "1.2.3^ACC.1"
    assert accession.dotted == "1.2.3.ACC.1"
    assert accession.cx("PI") == "ACC.1^^^&1.2.3&ISO^PI"
    assert Identifier("1.2.3").unique_id == "1.2.3"


@pytest.mark.parametrize("matricule", ["279035121518989", "281112915104759"])
def test_the_key_of_a_matricule_is_97_minus_the_remainder(matricule: str) -> None:
    assert ins_key_is_right(matricule)
    wrong = matricule[:-2] + f"{(int(matricule[-2:]) % 97) + 1:02}"
    assert not ins_key_is_right(wrong)


def test_a_corsican_department_counts_as_a_number() -> None:
    body_a, body_b = "1800319A00123".replace("19A", "2A0"), "180032B001234"
    for body, number in ((body_a, body_a.replace("2A", "19")), (body_b, body_b.replace("2B", "18"))):
        assert ins_key_is_right(body + f"{97 - int(number) % 97:02}")


@pytest.mark.parametrize("matricule", ["", "27903512151898", "2790351215189890", "27903512151898X", "²79035121518989"])
def test_what_is_not_a_matricule_has_no_right_key(matricule: str) -> None:
    assert not ins_key_is_right(matricule)
