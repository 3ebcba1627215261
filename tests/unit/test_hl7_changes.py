"""Messages that tell of changes: OMI^O23 and ADT become events."""

from __future__ import annotations

import pytest

from gateway.errors import InputRejected, NotSupportedYet
from gateway.flow.events import IdentityChanged, ImagesChanged
from gateway.hl7.intake import read_events
from gateway.model.identifiers import INS_TEST, Identifier
from tests.support.hl7 import read_event
from tests.support.hl7_messages import COMPLEMENT, RIGHT, message, put, twice, without

LOCAL = "1.2.250.1.999.4.2"
OMI, A08, A40, A47 = (RIGHT[name] for name in ("drim-omi-o23", "adt-a08", "adt-a40", "adt-a47"))


def refusal(rows: list[str]) -> tuple[str, str, str]:
    with pytest.raises(InputRejected) as caught:
        read_events(message(rows))
    return caught.value.code, caught.value.place, caught.value.hl7_code


def test_images_that_changed_are_named_by_their_study() -> None:
    for end in ("\r", "\n"):
        assert read_event(message(OMI, end)) == ImagesChanged("1.2.250.1.999.2.101")


def test_each_study_is_told_once() -> None:
    rows = [*OMI, OMI[-1].replace("2.101", "2.102"), OMI[-1]]
    assert read_events(message(rows)) == (ImagesChanged("1.2.250.1.999.2.101"), ImagesChanged("1.2.250.1.999.2.102"))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (without(OMI, "IPC"), ("hl7_segment_missing", "IPC^1", "100")),
        (put(OMI, "IPC^1^3", ""), ("hl7_field_missing", "IPC^1^3", "101")),
        (put(OMI, "IPC^1^3", "1.2.x"), ("hl7_not_a_change", "IPC^1^3", "102")),
        (put(OMI, "MSH^1^10", ""), ("hl7_field_missing", "MSH^1^10", "101")),
        (put(OMI, "MSH^1^9^1^2", "O27"), ("hl7_event", "MSH^1^9^1^2", "201")),
        (put(OMI, "MSH^1^11", "X"), ("hl7_processing_id", "MSH^1^11", "202")),
    ],
)
def test_each_fault_of_a_change_of_images_is_named(rows: list[str], told: tuple[str, str, str]) -> None:
    assert refusal(rows) == told


@pytest.mark.parametrize("rows", [COMPLEMENT, put(COMPLEMENT, "MSH^1^21", "")])
def test_the_complement_of_teleradiology_is_no_change_of_images(rows: list[str]) -> None:
    with pytest.raises(NotSupportedYet) as caught:
        read_events(message(rows))
    assert caught.value.hl7_code == "200"


def told_of(rows: list[str]) -> list[tuple[Identifier, Identifier | None]]:
    """Each identifier that a message tells of, and what became of it."""
    events = [event for event in read_events(message(rows)) if isinstance(event, IdentityChanged)]
    return [(event.patient, event.into) for event in events]


def test_a_corrected_identity_is_told_of_each_of_its_identifiers() -> None:
    expected = [Identifier(INS_TEST, "279035121518989"), Identifier(LOCAL, "IPP101")]
    assert told_of(A08) == [(each, None) for each in expected]
    assert read_events(message(put(A08, "MSH^1^9", "ADT^A31^ADT_A05"))) == read_events(message(A08))


@pytest.mark.parametrize("rows", [A40, A47])
def test_a_merged_identifier_becomes_the_one_of_the_same_issuer(rows: list[str]) -> None:
    assert told_of(rows) == [(Identifier(LOCAL, "IPP7"), Identifier(LOCAL, "IPP101"))]


def test_an_identifier_of_another_issuer_becomes_the_first() -> None:
    rows = put(A40, "MRG^1^1", "7^^^X&1.2.3.9&ISO^PI~IPP7^^^CABINET&1.2.250.1.999.4.2&ISO^PI")
    ins = Identifier(INS_TEST, "279035121518989")
    assert told_of(rows) == [
        (Identifier("1.2.3.9", "7"), ins),
        (Identifier(LOCAL, "IPP7"), Identifier(LOCAL, "IPP101")),
    ]


def test_a_change_says_who_the_patient_is_now_and_who_said_so() -> None:
    event = read_event(message(A40))
    assert isinstance(event, IdentityChanged)
    assert Identifier(LOCAL, "IPP101") in event.known
    assert len(event.birth_date) == 8
    assert event.sender.count("|") == 1


def test_several_patients_are_merged_by_one_message() -> None:
    rows = [*A40, A40[2].replace("IPP101", "IPP102"), A40[3].replace("IPP7", "IPP8")]
    assert [event.into for event in read_events(message(rows)) if isinstance(event, IdentityChanged)] == [
        Identifier(LOCAL, "IPP101"),
        Identifier(LOCAL, "IPP102"),
    ]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (without(A08, "PID"), ("hl7_segment_missing", "PID^1", "100")),
        (without(A40, "MRG"), ("hl7_segment_missing", "MRG^1", "100")),
        (twice(A40, "PID"), ("hl7_segment_missing", "MRG^2", "100")),
        (put(A40, "MRG^1^1", ""), ("hl7_field_missing", "MRG^1^1", "101")),
        (put(A40, "MRG^1^1", "IPP7"), ("hl7_not_merged", "MRG^1^1^1^4", "102")),
        (put(A08, "PID^1^3", "7^^^X"), ("hl7_not_merged", "PID^1^3^1^4", "102")),
        (put(A08, "MSH^1^9^1^2", "A01"), ("hl7_adt_event", "MSH^1^9^1^2", "201")),
    ],
)
def test_each_fault_of_a_change_of_identity_is_named(rows: list[str], told: tuple[str, str, str]) -> None:
    assert refusal(rows) == told
