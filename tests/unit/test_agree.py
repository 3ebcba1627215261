"""Never the wrong patient, never the wrong examination."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InputRejected, Mismatch
from gateway.flow import agree
from gateway.model.codes import LOINC, Code
from gateway.model.exam import Exam, ImagingRequest
from gateway.model.identifiers import INS_TEST, Identifier
from gateway.model.people import Organization, Patient
from gateway.model.report import Act, Order, Report
from gateway.model.share import Received
from gateway.model.site import Site

IPP, ACC, ORD = "1.2.250.1.999.1.1", "1.2.250.1.999.1.2", "1.2.250.1.999.1.3"
INS = Identifier(INS_TEST, "279035121518989")
SITE = Site(
    name="s",
    senders=frozenset(),
    custodians=frozenset(),
    organization=Organization(),
    patient_id_issuer=IPP,
    accession_issuer=ACC,
)
PATIENT = Patient(
    identifiers=(INS, Identifier(IPP, "P1")), birth_family="LÉVÊQUE", birth_given="Zoé", birth_date="19790328", sex="F"
)
REPORT = Report(
    identifier=Identifier("1.2.9"),
    level=3,
    templates=(),
    code=Code("18748-4", LOINC),
    patient=PATIENT,
    orders=(
        Order(placer=Identifier(ORD, "O1"), accession=Identifier(ACC, "A1")),
        Order(accession=Identifier(ACC, "A2")),
        Order(accession_null="NA"),
    ),
    acts=(Act(study_uid="1.2.3"),),
)
EXAM = Exam(
    study_uid="1.2.3",
    patient_id="P1",
    patient_id_issuer=IPP,
    other_patient_ids=(INS,),
    patient_name="LEVEQUE^Zoe",
    patient_birth_date="19790328",
    patient_sex="F",
    accession_number="A1",
    accession_issuer=ACC,
)


def test_the_accession_number_is_the_one_of_the_pacs() -> None:
    assert agree.report_and_exam(REPORT, EXAM, SITE).accession == Identifier(ACC, "A1")
    assert agree.report_and_exam(REPORT, replace(EXAM, accession_number="A2"), SITE).accession.extension == "A2"


def test_an_issuer_that_the_pacs_lacks_is_the_sites() -> None:
    bare = replace(EXAM, patient_id_issuer="", accession_issuer="", other_patient_ids=())
    assert agree.report_and_exam(REPORT, bare, SITE).accession == Identifier(ACC, "A1")


def test_an_issuer_that_nobody_names_agrees_with_nothing() -> None:
    bare = replace(EXAM, patient_id_issuer="", other_patient_ids=())
    with pytest.raises(Mismatch):
        agree.report_and_exam(REPORT, bare, replace(SITE, patient_id_issuer=""))


def test_two_numbers_without_an_issuer_agree_with_nothing() -> None:
    nobodys = replace(REPORT, patient=replace(PATIENT, identifiers=(Identifier("", "P1"), Identifier(IPP, ""))))
    for there in ({"patient_id_issuer": ""}, {"patient_id": "", "other_patient_ids": (Identifier(IPP, ""),)}):
        bare = replace(EXAM, **{"other_patient_ids": (), **there})  # type: ignore[arg-type]
        with pytest.raises(Mismatch, match="patient_differs"):
            agree.report_and_exam(nobodys, bare, replace(SITE, patient_id_issuer=""))


def test_one_national_identity_holds_whatever_the_local_numbers_are() -> None:
    """A local number changes with a merge in the PACS; the national identity does not."""
    agree.report_and_exam(REPORT, replace(EXAM, patient_id="P2"), SITE)


def test_an_other_patient_id_without_an_issuer_agrees_with_nothing() -> None:
    stranger = replace(EXAM, patient_id="P9", other_patient_ids=(Identifier("", "P1"),))
    with pytest.raises(Mismatch) as refusal:
        agree.report_and_exam(REPORT, stranger, SITE)
    assert refusal.value.code == "patient_differs"
    assert "P9" in refusal.value.facts["pacs"]
    assert "P1" in refusal.value.facts["report"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"patient_id": "P2", "other_patient_ids": ()}, "patient_differs"),
        ({"patient_id": "p1", "other_patient_ids": ()}, "patient_differs"),
        ({"patient_id_issuer": "1.2.250.1.999.9", "other_patient_ids": ()}, "patient_differs"),
        ({"patient_id": "", "other_patient_ids": ()}, "patient_differs"),
        ({"other_patient_ids": (Identifier(INS_TEST, "279035121518990"),)}, "patient_differs"),
        ({"patient_birth_date": "19790329"}, "birth_date_differs"),
        ({"patient_sex": "M"}, "sex_differs"),
        ({"accession_number": ""}, "accession_absent_in_pacs"),
        ({"accession_number": "A3"}, "accession_differs"),
        ({"accession_issuer": "1.2.250.1.999.8"}, "accession_differs"),
    ],
)
def test_a_difference_holds_the_share_and_shows_both_values(change: dict[str, object], code: str) -> None:
    with pytest.raises(Mismatch) as refusal:
        agree.report_and_exam(REPORT, replace(EXAM, **change), SITE)  # type: ignore[arg-type]
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        {"patient_birth_date": ""},
        {"patient_sex": "O"},
        {"patient_sex": ""},
        {"patient_birth_date": "1979"},
        {"patient_birth_date": "19790328093000"},
    ],
)
def test_what_the_pacs_does_not_know_contradicts_nothing(change: dict[str, object]) -> None:
    agree.report_and_exam(REPORT, replace(EXAM, **change), SITE)  # type: ignore[arg-type]


def test_names_only_warn() -> None:
    assert not agree.names_differ(PATIENT, EXAM)
    married = replace(EXAM, patient_name="DUPONT^Zoé")
    assert agree.names_differ(PATIENT, married)
    assert not agree.names_differ(replace(PATIENT, used_family="DUPONT"), married)
    assert not agree.names_differ(PATIENT, replace(EXAM, patient_name="")), "nothing is said"
    assert not agree.names_differ(replace(PATIENT, birth_family="", used_family=""), EXAM)
    assert agree.names_differ(PATIENT, replace(EXAM, patient_name="^ZOE")), "a name without a family name"
    agree.report_and_exam(REPORT, married, SITE)


def _received(**values: object) -> Received:
    return Received(channel="mllp", sender="a|b", control_id="015", content=b"", **values)  # type: ignore[arg-type]


def test_a_message_may_name_fewer_identifiers_than_its_report() -> None:
    agree.sender_and_report(_received(patient_identifiers=(INS,)), REPORT)
    agree.sender_and_report(_received(patient_identifiers=(INS, Identifier("", "X"))), REPORT)
    agree.sender_and_report(_received(patient_identifiers=(Identifier("", "X"),)), REPORT)
    agree.sender_and_report(_received(), REPORT)


def test_a_message_may_name_its_document_by_either_form_of_the_id() -> None:
    extended = replace(REPORT, identifier=Identifier("1.2.9", "7"))
    for name in ("1.2.9", extended.identifier.unique_id):
        agree.sender_and_report(_received(document_id=name), extended)


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"patient_identifiers": (Identifier(INS_TEST, "277076322082910"),)}, "PID^1^3"),
        ({"patient_identifiers": (INS, Identifier(IPP, "P2"))}, "PID^1^3"),
        ({"patient_identifiers": (Identifier("1.2.250.1.999.9", "P1"),)}, "PID^1^3"),
        ({"birth_date": "19790329"}, "PID^1^7"),
        ({"sex": "M"}, "PID^1^8"),
        ({"document_id": "1.2.8"}, "TXA^1^12"),
    ],
)
def test_a_message_that_contradicts_its_report_is_refused_at_its_field(values: dict[str, object], place: str) -> None:
    with pytest.raises(InputRejected) as refusal:
        agree.sender_and_report(_received(**values), REPORT)
    assert refusal.value.place == place


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_unrelated_patient_ever_agrees(identifier: str, issuer: str) -> None:
    exam = replace(EXAM, patient_id=identifier, patient_id_issuer=issuer, other_patient_ids=())
    if (identifier, issuer or IPP) == ("P1", IPP):
        return
    with pytest.raises(Mismatch):
        agree.report_and_exam(REPORT, exam, SITE)


def test_a_study_of_several_requests_is_the_examination_of_each_of_them() -> None:
    requests = (ImagingRequest(accession=Identifier(ACC, "A9")), ImagingRequest(accession=Identifier("", "A2")))
    several = replace(EXAM, accession_number="", accession_issuer="", requests=requests)
    assert agree.report_and_exam(REPORT, several, SITE).accession == Identifier(ACC, "A2")
    of_another = replace(several, requests=requests[:1])
    with pytest.raises(Mismatch, match="accession_differs"):
        agree.report_and_exam(REPORT, of_another, SITE)


def test_a_request_of_another_issuer_is_not_the_reports() -> None:
    requests = (ImagingRequest(accession=Identifier("1.2.250.1.999.8", "A2")),)
    with pytest.raises(Mismatch, match="accession_differs"):
        agree.report_and_exam(REPORT, replace(EXAM, accession_number="", requests=requests), SITE)
