"""The profiles as data: the notation of structures, the routing, the page made from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.hl7 import er7
from gateway.hl7.profiles.dictionary import elements, field_name, segment_name
from gateway.hl7.profiles.grammar import Group, Row, structure
from gateway.hl7.profiles.page import page
from gateway.hl7.profiles.routing import all_profiles, route
from tests.support.hl7_messages import RIGHT, message, put

PAGE = Path(__file__).parents[2] / "docs" / "hl7-profiles.md"


def test_a_structure_is_read_from_the_notation_of_the_standard() -> None:
    read = structure("MSH [{NTE}] PID [PV1 [PV2]] {ORC OBR [{OBX [{NTE}]}]}")
    assert read.members == (
        Row("MSH", required=True, repeats=False),
        Row("NTE", required=False, repeats=True),
        Row("PID", required=True, repeats=False),
        Group(
            (Row("PV1", required=True, repeats=False), Row("PV2", required=False, repeats=False)),
            required=False,
            repeats=False,
        ),
        Group(
            (
                Row("ORC", required=True, repeats=False),
                Row("OBR", required=True, repeats=False),
                Group(
                    (Row("OBX", required=True, repeats=False), Row("NTE", required=False, repeats=True)),
                    required=False,
                    repeats=True,
                ),
            ),
            required=True,
            repeats=True,
        ),
    )
    assert read.names == {"MSH", "NTE", "PID", "PV1", "PV2", "ORC", "OBR", "OBX"}
    assert read.first == {"MSH"}


def test_an_unbalanced_structure_is_refused() -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        structure("MSH ] PID")


@pytest.mark.parametrize("name", RIGHT)
def test_a_message_finds_its_profile(name: str) -> None:
    profile = route(er7.parse(message(RIGHT[name])))
    assert profile is not None
    assert profile.name == name


@pytest.mark.parametrize(
    ("name", "place", "value", "expected"),
    [
        ("cda-oru-r01", "MSH^1^21", "", "cda-oru-r01"),
        ("cda-oru-r01", "MSH^1^21", "1.2^CISIS_CDA_HL7_V1", "cda-oru-r01"),
        ("cda-oru-r01", "MSH^1^9", "XXX^R01", "cda-oru-r01"),
        ("cda-mdm-t10", "MSH^1^9", "", "cda-mdm-t02"),
        ("tlr-3-answer", "MSH^1^21", "", "tlr-3-answer"),
        ("tlr-3-answer", "MSH^1^21", "2.1^CISIS_CDA_HL7_V2", "cda-oru-r01"),
        ("tlr-1-request", "MSH^1^9", "XXX", "tlr-1-request"),
        ("tlr-1-request", "OBR^1^4^1^1", "ANNULATION_DEMANDE", "tlr-2-cancel"),
        ("tlr-4-complement", "MSH^1^21", "", "tlr-4-complement"),
        ("lb-d", "OBX^1^3", "X", "lb-d"),
        ("lb-a", "OBX^1^3", "", "lb-a"),
    ],
)
def test_msh_21_decides_then_the_type_then_what_is_said(name: str, place: str, value: str, expected: str) -> None:
    rows = RIGHT[name] if place == "OBX^1^3" and name == "lb-a" else put(RIGHT[name], place, value)
    profile = route(er7.parse(message(rows)))
    assert profile is not None
    assert profile.name == expected


def test_every_field_of_a_profile_is_a_field_of_the_standard_with_names_in_both_languages() -> None:
    for profile in all_profiles().values():
        for section in profile.sections:
            assert section.source
            known = elements(section.segment)
            for field in section.fields:
                assert field.number in known, (profile.name, section.segment, field.number)
                assert field_name(section.segment, field.number, "fr")
                assert field_name(section.segment, field.number, "en")


def test_what_is_not_described_keeps_its_code() -> None:
    assert segment_name("ZZZ", "fr") == "ZZZ"
    assert field_name("ZZZ", 1, "fr") == ""


def test_the_page_for_integrators_is_the_one_of_the_profiles() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m gateway.hl7.profiles.page > docs/hl7-profiles.md"
