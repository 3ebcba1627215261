"""The guides read statement by statement: what each asks, the form that keeps it and the one that breaks it."""

from __future__ import annotations

import base64

import pytest

from gateway.hl7.check.judge import judge
from gateway.hl7.intake import read_events
from gateway.hl7.profiles.teleradiology import MODALITY
from gateway.hl7.teleradiology import read
from gateway.hl7.teleradiology_writer import TeleradiologyWriter
from gateway.model.codes import Code
from gateway.model.finding import Verdict
from gateway.model.teleradiology import ImagingRequest
from gateway.texts import TEXTS
from gateway.texts.message_rules import FAMILIES
from tests.support.hl7_messages import (
    RIGHT,
    cda,
    errors,
    found,
    message,
    put,
    twice,
    warned,
    without,
)

ORU, MDM, ZAM = RIGHT["cda-oru-r01"], RIGHT["cda-mdm-t02"], RIGHT["zam-z02"]
_REPORT, _ADMINISTRATIVE = "18748-4^CR d'imagerie médicale^LN", "51851-4^Document administratif^LN"


def stating(profile: str, rows: list[str] = ORU) -> list[str]:
    """The message with another MSH-21."""
    return put(rows, "MSH^1^21", profile)


def saying(rows: list[str], **values: str) -> list[str]:
    """With other values of metadata observations."""
    told = list(rows)
    for code, value in values.items():
        at = next(index for index, row in enumerate(told) if f"|{code}^" in row)
        fields = told[at].split("|")
        fields[5] = f"{value}^^expandedYes-NoIndicator"
        told[at] = "|".join(fields)
    return told


def of_type(rows: list[str], code: str) -> list[str]:
    """With a document of another type, which every place says."""
    content = cda().replace(b"18748-4", code.split("^")[0].encode())
    rows = put(rows, "OBX^1^5^1^5", base64.b64encode(content).decode())
    return [row.replace(_REPORT, code) for row in rows]


def in_words_of_1_2(rows: list[str]) -> list[str]:
    """As version 1.2 of the transmission wrote it: longer names, no coding systems, no sender, other states."""
    named = [
        row.replace("INVISIBLE_REP_LEGAUX", "INVISIBLE_REPRESENTANTS_LEGAUX")
        .replace("MODIF_CONF_CODE", "MODIF_CONFIDENTIALITYCODE")
        .replace("^MetaDMPMSS|", "|")
        .replace("^^expandedYes-NoIndicator", "")
        for row in rows
        if not row.startswith("PRT") and not any(code in row for code in ("ACK_", "CORPSMAIL"))
    ]
    return put(put(named, "ORC^1^1", "SC"), "OBX^1^3^1^3", "")


# --- the transmission of a document


@pytest.mark.parametrize("name", ["cda-oru-r01", "cda-mdm-t02", "cda-mdm-t10", "cda-mdm-t04"])
@pytest.mark.parametrize("place", ["OBR^1^4^1^2", "OBX^1^3^1^2", "OBX^2^3^1^2", "OBX^12^3^1^2"])
def test_the_words_beside_a_code_are_of_what_must_be_filled(name: str, place: str) -> None:
    assert ("field-required", place, "101") in found(put(RIGHT[name], place, ""))


@pytest.mark.parametrize(
    ("person", "right"),
    [
        ("101234567897^Hoda^Adam^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^RPPS", True),
        ("101234567897^Hoda^Adam^^^^^^^D^^^RPPS", False),
        ("279035121518989^PAT-ESSAI^CAMILLE^^^^^^1.2.250.1.213.1.4.10^L^^^INS", True),
    ],
)
def test_a_professional_who_receives_has_the_authority_of_the_number(person: str, right: bool) -> None:
    assert (("field-required", "PRT^2^5^1^9^2", "101") not in found(put(ORU, "PRT^2^5", person))) is right


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, None),
        ({"INVISIBLE_PATIENT": "Y", "DESTMSSANTEPAT": "N"}, None),
        ({"MASQUE_PS": "Y", "DESTMSSANTEPS": "N", "DESTDMP": "N"}, None),
        ({"MASQUE_PS": "Y", "DESTMSSANTEPS": "N"}, "warning"),
        ({"DESTMSSANTEPAT": "N"}, "warning"),
        ({"CONNEXION_SECRETE": "Y", "DESTMSSANTEPS": "N", "DESTDMP": "N"}, "error"),
        ({"INVISIBLE_REP_LEGAUX": "Y"}, "error"),
    ],
)
def test_the_matrix_of_secure_mail_is_the_guide_s_where_its_own_examples_keep_it(
    said: dict[str, str], told: str | None
) -> None:
    matrix = [one for one in judge(message(saying(ORU, **said))).findings if one.rule == "mail-matrix"]
    assert [one.severity.value for one in matrix] == ([told] if told else [])


@pytest.mark.parametrize("rows", [ORU, MDM])
def test_what_goes_to_the_dmp_is_of_a_type_that_it_takes(rows: list[str]) -> None:
    rows = [row.replace("TXA|1|18748-4", "TXA|1|51851-4") for row in of_type(rows, _ADMINISTRATIVE)]
    assert ("dmp-type", "OBR^1^4^1^1", "103") in found(rows)
    assert errors(saying(rows, DESTDMP="N")) == []


@pytest.mark.parametrize("version", ["1.0^CISIS_CDA_HL7_V1", "1.1^CISIS_CDA_HL7_V1", "1.2^CISIS_CDA_HL7_V1"])
def test_a_message_of_version_1_is_read_in_its_own_words(version: str) -> None:
    rows = in_words_of_1_2(stating(version))
    assert errors(rows) == []
    assert ("profile-older", "MSH^1^21") in warned(rows)
    assert {"statement-unknown", "field-required", "value"} <= {rule for rule, _, _ in found(in_words_of_1_2(ORU))}


def test_version_2_0_had_the_systems_of_the_standard_and_senders() -> None:
    old = [row.replace("^participation|", "^HL70912|") for row in stating("2.0^CISIS_CDA_HL7_V2")]
    old = [row.replace("expandedYes-NoIndicator", "HL70136") for row in old]
    assert errors(old) == []
    assert ("sender-missing", "PRT^1", "100") in found(without(old, "PRT||UC||SB"))
    assert ("value", "OBX^2^5^1^3", "103") in found([row.replace("expandedYes-NoIndicator", "HL70136") for row in ORU])


@pytest.mark.parametrize("name", ["INVISIBLE_REPRESENTANTS_LEGAUX", "INVISIBLE_REPRENSANTS_LEGAUX"])
def test_a_mask_keeps_its_meaning_under_its_earlier_names(name: str) -> None:
    rows = [row.replace("INVISIBLE_REP_LEGAUX", name) for row in saying(ORU, INVISIBLE_REP_LEGAUX="Y")]
    (event,) = read_events(message(rows))
    assert event.received.statements.masked == {"INVISIBLE_REPRESENTANTS_LEGAUX"}  # type: ignore[union-attr]


def test_the_way_back_of_an_exchange_platform_is_named_and_not_judged() -> None:
    judged = judge(message(stating("1.1^CISIS_CDA_HL7_LPS", MDM)))
    assert (judged.verdict, judged.about) == (Verdict.INVALID, {"profile": ""})
    assert [(one.rule, one.path, one.more["err3"]) for one in judged.findings] == [
        ("profile-way-back", "MSH^1^21", "200")
    ]
    assert errors(MDM) == []


# --- acknowledgements and receipts


@pytest.mark.parametrize(
    ("code", "words", "other"),
    [
        ("198", "Non-conformant cardinality", "101"),
        ("199", "Other HL7 Error", "102"),
        ("202", "Unsupported processing", "203"),
        ("203", "Unsupported version", "202"),
    ],
)
def test_the_words_of_err_3_are_the_guide_s_too(code: str, words: str, other: str) -> None:
    rows = put(RIGHT["ack"], "ERR^1^3", f"{code}^{words}^messageErrorCondition")
    assert errors(rows) == []
    assert ("error-text", "ERR^1^3", "103") in found(put(rows, "ERR^1^3^1^1", other))


def test_uac_is_of_version_2_6() -> None:
    head, *rest = RIGHT["ack"]
    rows = [head, "UAC|A^Kerberos^HL70615|^^^^x", *rest]
    assert ("segment-unknown", "UAC^1") in warned(rows)
    new = put(put(rows, "MSH^1^12", "2.6"), "MSH^1^9^1^2", "T02")
    assert errors(new) == []
    assert ("segment-unknown", "UAC^1") not in warned(new)


def test_err_3_of_a_code_that_the_guide_lacks_has_its_own_words_too() -> None:
    rows = put(RIGHT["ack"], "ERR^1^3", "206^Application record locked^messageErrorCondition")
    assert errors(rows) == []
    assert ("error-text", "ERR^1^3", "103") in found(put(rows, "ERR^1^3^1^2", "Unsupported version"))


def test_a_receipt_of_version_2_0_is_read() -> None:
    rows = [
        row.replace("expandedYes-NoIndicator", "HL70136").replace("messageErrorCondition", "HL70357") for row in ZAM
    ]
    assert errors(stating("2.0^CISIS_CDA_HL7_V2", rows)) == []
    assert {("value", "OBX^1^5^1^3", "103"), ("value", "ERR^1^3^1^3", "103")} <= found(rows)


# --- teleradiology


@pytest.mark.parametrize("name", ["tlr-1-request", "tlr-4-complement"])
@pytest.mark.parametrize(
    ("modality", "told"),
    [
        *((f"{code}^x^DCM", "") for code in ("MG", "CT", "MR", "OT", "NM", "PT")),
        *((f"MED-{number}^x^terminologie-cisis-fr", "") for number in (1126, 1127, 1128, 1129)),
        ("258174001^imagerie interventionnelle^SCT", ""),
        ("US^Échographie^DCM", "warning"),
        ("CR^Radiographie^DCM", "warning"),
        ("ZZ^x^DCM", "code-unknown"),
        ("MED-1130^x^terminologie-cisis-fr", "code-unknown"),
        ("MED-1126^x^DCM", "value"),
        ("CT^x^terminologie-cisis-fr", "value"),
        ("258174001^x^DCM", "value"),
        ("774007^x^SCT", "code-unknown"),
    ],
)
def test_the_modality_is_of_the_value_set_of_requests_and_of_its_system(name: str, modality: str, told: str) -> None:
    number = next(row.split("|")[1] for row in RIGHT[name] if f"|{MODALITY.code}^" in row)
    rows = put(RIGHT[name], f"OBX^{number}^5", modality)
    assert {rule for rule, _, _ in found(rows)} == ({told} - {"", "warning"})
    assert (("code-unknown", f"OBX^{number}^5^1^1") in warned(rows)) is (told == "warning")


def test_several_observations_of_a_kind_are_told_apart_by_obx_4() -> None:
    rows = RIGHT["tlr-3-answer"]
    assert warned(rows) == set()
    for alike in (put(rows, "OBX^2^4", ""), put(rows, "OBX^2^4", "1.1")):
        assert errors(alike) == []
        assert ("sub-id", "OBX^2^4") in warned(alike)
    assert warned(put(without(rows, "OBX|2"), "OBX^1^4", "")) == set()


def test_a_code_of_the_national_terminology_is_written_by_its_name() -> None:
    written = TeleradiologyWriter().code(Code("MED-1126", "1.2.250.1.213.1.1.4.322", "Radiographie sans contraste"))
    assert written == b"MED-1126^Radiographie sans contraste^terminologie-cisis-fr"
    (exchange,) = read(message(put(RIGHT["tlr-1-request"], "OBX^1^5", written.decode()))).exchanges
    assert isinstance(exchange, ImagingRequest)
    assert exchange.modality == Code("MED-1126", "1.2.250.1.213.1.1.4.322", "Radiographie sans contraste")


def test_what_the_gateway_writes_tells_several_protocols_apart() -> None:
    writer = TeleradiologyWriter()
    assert [row.split(b"|")[4] for row in writer.protocols(("T1", "T2"))] == [b"1.1", b"2.1"]
    assert [row.split(b"|")[4] for row in writer.protocols(("T1",))] == [b""]


def test_the_group_of_tq1_may_repeat_and_its_fields_stay_required() -> None:
    rows = twice(RIGHT["tlr-4-complement"], "TQ1")
    assert errors(rows) == []
    assert ("field-required", "TQ1^2^7", "101") in found(put(rows, "TQ1^2^7", ""))


# --- patient administration


@pytest.mark.parametrize("event", ["A01", "A03", "A04"])
def test_an_event_of_the_stay_is_judged_and_named_as_not_ours(event: str) -> None:
    rows = RIGHT[f"adt-{event.lower()}"]
    assert errors(rows) == []
    assert ("visit-event", "MSH^1^9^1^2") in warned(rows)
    assert ("segment-missing", "PV1^1", "100") in found(without(rows, "PV1"))


@pytest.mark.parametrize("event", ["A02", "A11", "A24", "A28", "Z99"])
def test_another_event_of_patient_administration_is_unknown_with_201(event: str) -> None:
    assert found(put(RIGHT["adt-a08"], "MSH^1^9^1^2", event)) == {("event-unknown", "MSH^1^9^1^2", "201")}


# --- sentences


def test_a_sentence_stands_in_one_family() -> None:
    names = [f"rule_hl7_{rule}" for family in FAMILIES for rule in family.RULES]
    assert len(names) == len(set(names))
    assert set(names) == {code for code in TEXTS if code.startswith("rule_hl7_")}
