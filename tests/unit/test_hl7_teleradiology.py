"""Teleradiology messages: what is written is right by our own checker, and read back equal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.errors import InputRejected
from gateway.hl7 import er7
from gateway.hl7.teleradiology import flow_of, read
from gateway.hl7.teleradiology_build import build
from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.identifiers import INS_TEST, ORGANIZATION_OID, PROFESSIONAL_OID, Identifier
from gateway.model.people import Organization, Patient, Professional
from gateway.model.teleradiology import (
    Answer,
    Antecedent,
    Cancellation,
    Complement,
    Envelope,
    Examination,
    Exchange,
    Flow,
    ImagingRequest,
    Location,
    Measure,
    Product,
    Sender,
    Visit,
)
from tests.support.hl7_messages import ANSWER, CANCEL, COMPLEMENT, REQUEST, RIGHT, errors, message, put, without

TEXT = st.text(st.characters(codec="iso8859-15", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
WORDS = TEXT.map(lambda text: f"{text} ^|~\\& {text}")
PATIENT = Patient(
    identifiers=(Identifier(INS_TEST, "279035121518989"), Identifier("1.2.250.1.999.4.2", "IPP101")),
    birth_family="PAT-ESSAI",
    birth_given="CAMILLE",
    given_names="CAMILLE LEA",
    birth_date="19790328",
    sex="F",
    birth_place="63220",
)
ENVELOPE = Envelope(
    control_id="1",
    sending=("RIS", "SITE"),
    receiving=("TLR", "PLATEFORME"),
    sent_at="20260106180000",
    processing_id="T",
)
VISIT = Visit(
    patient_class="O",
    number=Identifier("1.2.250.1.999.5", "RDV7"),
    admitted="20260106100000",
    discharged="20260107100000",
)
NUMBER = Identifier("1.2.250.1.999.12", "OPN101")
REGIONS = st.sampled_from([Code("774007", SNOMED_CT, "tête et cou"), Code("38266002", SNOMED_CT, "corps entier")])
MODIFIERS = st.sampled_from([Code("24028007", SNOMED_CT, "droit"), Code("7771000", SNOMED_CT, "gauche")])
MODALITIES = st.sampled_from([Code("MR", DCM, "IRM"), Code("CT", DCM), Code("US", DCM, "échographie")])
LOCATIONS = st.lists(st.builds(Location, region=REGIONS, modifier=st.none() | MODIFIERS), min_size=1, max_size=3).map(
    tuple
)
DOCTORS = st.builds(
    Professional,
    identifiers=st.sampled_from(["801234567897", "899700367909"]).map(lambda n: (Identifier(PROFESSIONAL_OID, n),)),
    family=TEXT,
    given=TEXT,
)
SENDERS = st.builds(
    Sender,
    organization=st.builds(Organization, identifiers=st.just((Identifier(ORGANIZATION_OID, "300017985"),)), name=TEXT),
    type_code=st.sampled_from(["FINEG", "FINEJ"]),
)


def _measures(least: int, most: int, unit: str) -> st.SearchStrategy[Measure]:
    return st.builds(Measure, value=st.decimals(least, most, places=1).map(str), unit=st.just(unit))


HEIGHTS = _measures(30, 250, "cm") | _measures(1, 2, "m")
WEIGHTS = _measures(1, 300, "kg") | _measures(400, 9000, "g")
QUANTITIES = _measures(1, 300, "ml") | _measures(1, 300, "mg")
REQUESTS = st.builds(
    ImagingRequest,
    order_number=st.just(NUMBER),
    patient=st.just(PATIENT),
    visit=st.just(VISIT),
    requested_at=st.just("20260106170000"),
    responsible=DOCTORS,
    sender=SENDERS,
    justification=WORDS,
    modality=MODALITIES,
    locations=LOCATIONS,
    reader=st.none() | DOCTORS,
    callback=st.sampled_from(["", "+33298000000"]),
    purposes=st.lists(WORDS, max_size=2).map(tuple),
    modality_comments=st.lists(WORDS, max_size=2).map(tuple),
    antecedents=st.lists(
        st.builds(Antecedent, text=WORDS, relevance=st.sampled_from(["", "PERTINENT", "MAJEUR"])), max_size=2
    ).map(tuple),
    height=st.none() | HEIGHTS,
    weight=st.none() | WEIGHTS,
    pregnant=st.none() | st.booleans(),
)
CANCELLATIONS = st.builds(
    Cancellation,
    order_number=st.just(NUMBER),
    patient=st.just(PATIENT),
    visit=st.just(VISIT),
    cancelled_at=st.just("20260106170000"),
    responsible=DOCTORS,
    sender=SENDERS,
    reason=st.just("") | WORDS,
    reader=st.none() | DOCTORS,
)
PROTOCOLS = st.lists(WORDS | st.binary(min_size=1, max_size=40), min_size=1, max_size=3).map(tuple)
ACCEPTED = st.builds(
    Answer,
    order_number=st.just(NUMBER),
    patient=st.just(PATIENT),
    accepted=st.just(True),
    reader=DOCTORS,
    sender=SENDERS,
    protocols=PROTOCOLS,
)
REFUSED = st.builds(
    Answer,
    order_number=st.just(NUMBER),
    patient=st.just(PATIENT),
    accepted=st.just(False),
    reader=DOCTORS,
    sender=SENDERS,
    reason=st.just("") | WORDS,
)
PRODUCTS = st.builds(
    Product,
    code=st.sampled_from([Code("V09", "ATC", "diagnostic"), Code("V10", "ATC")]),
    lot=st.sampled_from(["0123456789", "LOT-7", "1" * 20]),
    quantity=st.none() | QUANTITIES,
)


def _examination(number: int) -> st.SearchStrategy[Examination]:
    study = f"1.2.250.1.999.2.{number}"
    viewer = f"https://drimbox.example.org/v?StudyInstanceUID={study}&AccessionNumber=ACN{number}"
    return st.builds(
        Examination,
        accession=st.just(Identifier("1.2.250.1.999.27", f"ACN{number}")),
        study_uid=st.just(study),
        act=st.just(Code("24590-2", LOINC, "IRM du cerveau")),
        performed_at=st.just("20260106173000"),
        viewer_url=st.just(viewer),
        retention_days=st.integers(1, 9999),
        modality=st.none() | MODALITIES,
        locations=st.just(()) | LOCATIONS,
        products=st.lists(PRODUCTS, max_size=2).map(tuple),
        device_udi=st.sampled_from(["", "1234567896363"]),
        device_model=st.sampled_from(["", "Modèle"]),
    )


COMPLEMENTS = st.builds(
    Complement,
    order_number=st.just(NUMBER),
    patient=st.just(PATIENT),
    visit=st.just(VISIT),
    examinations=st.tuples(_examination(1)) | st.tuples(_examination(1), _examination(2)),
)


@settings(deadline=None, max_examples=60)
@given(
    st.one_of(REQUESTS, CANCELLATIONS, ACCEPTED, REFUSED, COMPLEMENTS), st.sampled_from(["UNICODE UTF-8", "8859/15"])
)
def test_what_is_written_is_right_and_read_back_equal(exchange: Exchange, charset: str) -> None:
    envelope = replace(ENVELOPE, charset=charset)
    try:
        raw = build(envelope, exchange)
    except InputRejected as refusal:
        # Latin text whose every byte is UTF-8 as well would be read as a lie about the character set.
        assume(refusal.place != "MSH^1^18")
        raise
    assert not errors(raw)
    got = read(raw)
    assert got.envelope == envelope
    assert got.exchanges == (exchange,)
    assert got.order_numbers == (NUMBER,)


@settings(deadline=None, max_examples=60)
@given(REQUESTS)
def test_a_plain_splitter_finds_the_same_values(request: ImagingRequest) -> None:
    rows = [row.split("|") for row in build(ENVELOPE, request).decode().rstrip("\r").split("\r")]
    fields = {row[0]: row for row in reversed(rows)}
    assert fields["ORC"][2] == fields["OBR"][2] == "OPN101^^1.2.250.1.999.12^ISO"
    assert fields["ORC"][12] == fields["OBR"][16]
    assert fields["MSH"][20] == "1.0^CISIS_TLR_HL7_V2"
    assert [row[1] for row in rows if row[0] == "OBX"] == [
        str(n + 1) for n in range(len([r for r in rows if r[0] == "OBX"]))
    ]


@pytest.mark.parametrize(
    ("rows", "flow"),
    [(REQUEST, Flow.REQUEST), (CANCEL, Flow.CANCELLATION), (ANSWER, Flow.ANSWER), (COMPLEMENT, Flow.COMPLEMENT)],
)
def test_the_flow_is_told_by_the_procedure_and_without_msh_21_too(rows: list[str], flow: Flow) -> None:
    assert read(message(rows)).flow is flow
    assert flow_of(er7.parse(message(put(rows, "MSH^1^21", "")))) is flow
    assert flow_of(er7.parse(message(put(rows, "OBR^1^4", "X")))) is flow


def test_a_complement_holds_each_examination_with_its_own_study() -> None:
    (complement,) = read(message(COMPLEMENT)).exchanges
    assert isinstance(complement, Complement)
    assert [each.study_uid for each in complement.examinations] == ["1.2.250.1.999.2.101", "1.2.250.1.999.2.102"]
    first = complement.examinations[0]
    assert first.accession == Identifier("1.2.250.1.999.27", "ACN101")
    assert first.viewer_url.startswith("https://drimbox.example.org/")
    assert first.products[0].lot == "0123456789"
    assert first.retention_days == 730


def test_dummy_data_are_passed_over_when_reading() -> None:
    (answer,) = read(message(put(ANSWER, "OBX^1^5^1^5", "Pendggfbubzbdy12gggvt"))).exchanges
    assert isinstance(answer, Answer)
    assert answer.protocols == ("T1 et T2",)


@pytest.mark.parametrize(
    ("rows", "code", "place"),
    [
        (RIGHT["cda-oru-r01"], "hl7_not_teleradiology", "MSH^1^21"),
        (RIGHT["lb-a"], "hl7_not_teleradiology", "MSH^1^21"),
        (without(REQUEST, "PID"), "hl7_segment_missing", "PID^1"),
        (without(REQUEST, "ORC"), "hl7_segment_missing", "ORC^1"),
        (put(REQUEST, "ORC^1^2", ""), "hl7_field_missing", "ORC^1^2"),
        (put(REQUEST, "PID^1^3", ""), "hl7_field_missing", "PID^1^3"),
        (put(ANSWER, "ORC^1^1", "NW"), "hl7_order_control", "ORC^1^1"),
        (without(without(COMPLEMENT, "IPC"), "IPC"), "hl7_segment_missing", "IPC^1"),
        (put(COMPLEMENT, "IPC^1^3", "X"), "hl7_not_a_change", "IPC^1^3"),
    ],
)
def test_what_a_relay_cannot_do_without_is_named(rows: list[str], code: str, place: str) -> None:
    with pytest.raises(InputRejected) as caught:
        read(message(rows))
    assert (caught.value.code, caught.value.place) == (code, place)


def test_nothing_is_written_that_our_own_checker_refuses() -> None:
    (request,) = read(message(REQUEST)).exchanges
    assert isinstance(request, ImagingRequest)
    for wrong, place in (
        (replace(request, justification=""), "OBR^1^13"),
        (replace(request, modality=Code("ZZ", DCM)), "OBX^1^5^1^1"),
        (replace(request, order_number=Identifier("x", "1")), "ORC^1^2^1^3"),
        (replace(request, visit=Visit(patient_class="O")), "PV1^1^19"),
    ):
        with pytest.raises(InputRejected) as caught:
            build(ENVELOPE, wrong)
        assert (caught.value.code, caught.value.place) == ("hl7_refused_by_us", place)
    with pytest.raises(InputRejected) as caught:
        build(replace(ENVELOPE, charset="EBCDIC"), request)
    assert caught.value.code == "hl7_charset_unknown"
