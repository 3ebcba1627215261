"""What a message says in two places, and dates, numbers and words that cannot be: one right and one wrong of each."""

from __future__ import annotations

import base64

import pytest

from gateway.hl7.profiles.others import SMTP_CODES
from tests.support.hl7_messages import (
    DOCTOR,
    INS,
    LOCAL,
    ORDER,
    READER,
    RIGHT,
    Alteration,
    cda,
    errors,
    found,
    message,
    put,
    twice,
    warned,
    without,
)

_PS, _INS = "&1.2.250.1.71.4.2.1&ISO", "&1.2.250.1.213.1.4.10&ISO"
_STRUCTURES = "ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO"


OTHER_ORDER = ORDER.replace("OPN101", "OPN102")


def refused(rows: list[str]) -> list[str]:
    """Flow 3 that declines."""
    return put(rows, "ORC^1^1", "OC")


def with_order(number: str, accession: str = "ACN7") -> list[str]:
    """A transmission of a document that names an order."""
    told = (
        '<inFulfillmentOf><order><id root="1.2.250.1.999.12" extension="OPN7"/>'
        '<ps3-20:accessionNumber xmlns:ps3-20="urn:dicom-org:ps3-20" root="1.2.250.1.999.27" extension="ACN7"/>'
        "</order></inFulfillmentOf><component>"
    )
    content = cda().replace(b"<component>", told.encode(), 1)
    rows = put(RIGHT["cda-oru-r01"], "OBX^1^5^1^5", base64.b64encode(content).decode())
    rows = put(put(rows, "ORC^1^2", number), "OBR^1^2", number)
    return put(rows, "ORC^1^3", f"{accession}^^1.2.250.1.999.27^ISO")


def doctor(number: str, kind: str = "IDNPS") -> Alteration:
    """Of a teleradiology message: ORC-12 and OBR-16 with another number."""
    who = f"{number}^ESSAI^Adam^^^DR^^^ASIP-SANTE-PS{_PS}^D^^^{kind}"
    return lambda rows: put(put(rows, "ORC^1^12", who), "OBR^1^16", who)


def on_paper(quantity: str, unit: str, value: str = "4") -> list[str]:
    """Flow D with a quantity of irradiation."""
    return put(put(put(RIGHT["lb-d"], "OBX^1^3", f"{quantity}^x^DCM"), "OBX^1^6", unit), "OBX^1^5", value)


# What of a right message may stand otherwise, and its neighbour that may not.
RIGHT_AND_WRONG: list[tuple[str, Alteration, Alteration, tuple[str, str, str]]] = [
    # numbers of patients, accounts, visits
    (
        "tlr-1-request",
        lambda m: put(m, "PID^1^18", "405660^^^AUT&1204567809&M^AN"),
        lambda m: put(m, "PID^1^18^1^5", "VN"),
        ("value", "PID^1^18^1^5", "103"),
    ),
    (
        "tlr-1-request",
        lambda m: put(m, "PV1^1^19^1^5", ""),
        lambda m: put(m, "PV1^1^19^1^5", "AN"),
        ("value", "PV1^1^19^1^5", "103"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(m, "PID^1^3^2^5", "PI"),
        lambda m: put(m, "PID^1^3^2^5", "VN"),
        ("value", "PID^1^3^2^5", "103"),
    ),
    (
        "adt-a40",
        lambda m: put(m, "MRG^1^1^1^5", ""),
        lambda m: put(m, "MRG^1^1^1^5", "AN"),
        ("value", "MRG^1^1^1^5", "103"),
    ),
    (
        "tlr-1-request",
        lambda m: put(m, "PID^1^3^1^5", "INS-NIR"),
        lambda m: put(m, "PID^1^3^1^5", "INS-NIA"),
        ("ins-authority", "PID^1^3^1^5", "103"),
    ),
    (
        "tlr-1-request",
        lambda m: put(m, "PID^1^11^2^9", "99352"),
        lambda m: put(m, "PID^1^11^2^9", "00000"),
        ("birth-place-form", "PID^1^11^2^9", "102"),
    ),
    # what PID says twice
    (
        "lb-c",
        lambda m: put(put(m, "PID^1^3", LOCAL), "PID^1^32", "VALI"),
        lambda m: put(put(m, "PID^1^3", LOCAL), "PID^1^32", "VALI~DOUTE"),
        ("identity-contradicts", "PID^1^32", "103"),
    ),
    (
        "lb-c",
        lambda m: put(put(put(m, "PID^1^3", LOCAL), "PID^1^32", "PROV"), "PID^1^31", "Y"),
        lambda m: put(put(m, "PID^1^3", LOCAL), "PID^1^31", "Y"),
        ("identity-contradicts", "PID^1^32", "103"),
    ),
    (
        "tlr-1-request",
        lambda m: put(put(m, "PID^1^29", "20260105"), "PID^1^30", "Y"),
        lambda m: put(put(m, "PID^1^29", "20260105"), "PID^1^30", "N"),
        ("death-contradicts", "PID^1^30", "103"),
    ),
    # dates
    (
        "tlr-1-request",
        lambda m: put(m, "PID^1^29", "20260106"),
        lambda m: put(m, "PID^1^29", "20280106"),
        ("dates-future", "PID^1^29", "102"),
    ),
    (
        "tlr-1-request",
        lambda m: put(m, "PID^1^7", "19160328"),
        lambda m: put(m, "PID^1^7", "18790328"),
        ("dates-age", "PID^1^7", "102"),
    ),
    (
        "tlr-1-request",
        lambda m: put(m, "ORC^1^9", "19790328"),
        lambda m: put(m, "ORC^1^9", "19790327"),
        ("dates-birth", "ORC^1^9", "102"),
    ),
    (
        "tlr-4-complement",
        lambda m: put(m, "TQ1^1^7", "20250106170000"),
        lambda m: put(m, "TQ1^1^7", "19600106170000"),
        ("dates-birth", "TQ1^1^7", "102"),
    ),
    (
        "tlr-4-complement",
        lambda m: put(m, "TQ1^1^8", "20260106173000"),
        lambda m: put(m, "TQ1^1^8", "20260106163000"),
        ("dates-period", "TQ1^1^8", "102"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(put(m, "OBR^1^7", "20260105"), "OBR^1^8", "20260105"),
        lambda m: put(put(m, "OBR^1^7", "20260105"), "OBR^1^8", "20260104"),
        ("dates-period", "OBR^1^8", "102"),
    ),
    # the header
    (
        "tlr-1-request",
        lambda m: put(m, "MSH^1^11", "T^T"),
        lambda m: put(m, "MSH^1^11", "T^Z"),
        ("type-table", "MSH^1^11^1^2", "102"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(m, "MSH^1^12", "2.5^FRA"),
        lambda m: put(m, "MSH^1^12", "2.5^DEU"),
        ("value", "MSH^1^12^1^2", "103"),
    ),
    # orders
    (
        "tlr-1-request",
        lambda m: put(put(m, "ORC^1^3", "A^RIS^1.2.3^ISO"), "OBR^1^3", "A^^1.2.3^ISO"),
        lambda m: put(put(m, "ORC^1^3", "A^RIS^1.2.3^ISO"), "OBR^1^3", "A^RIS^1.2.4^ISO"),
        ("order-number-differs", "OBR^1^3", "103"),
    ),
    (
        "drim-omi-o23",
        lambda m: put(m, "OBR^1^3", "F1"),
        lambda m: put(m, "OBR^1^3", "F2"),
        ("order-number-differs", "OBR^1^3", "103"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(put(m, "ORC^1^2", "A^RIS"), "OBR^1^2", "A"),
        lambda m: put(put(m, "ORC^1^2", "A^RIS"), "OBR^1^2", "A^PACS"),
        ("order-number-differs", "OBR^1^2", "103"),
    ),
    # people and structures
    ("tlr-1-request", doctor("801234567897"), doctor("80123456789"), ("form", "ORC^1^12^1^1", "102")),
    ("tlr-1-request", doctor("10101234567", "RPPS"), doctor("901234567897"), ("form", "ORC^1^12^1^1", "102")),
    ("tlr-1-request", doctor("0291234567"), doctor("8ABCDEFGHIJK"), ("form", "ORC^1^12^1^1", "102")),
    (
        "tlr-1-request",
        doctor("291234567", "ADELI"),
        doctor("801234567897", "PI"),
        ("value", "ORC^1^12^1^13", "103"),
    ),
    (
        "tlr-1-request",
        lambda m: put(m, "ORC^1^21", f"X^^^^^{_STRUCTURES}^IDNST^^^312345678901234"),
        lambda m: put(m, "ORC^1^21", f"X^^^^^{_STRUCTURES}^IDNST^^^31234567890"),
        ("form", "ORC^1^21^1^10", "102"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(m, "PRT^1^8", f"X^^^^^{_STRUCTURES}^IDNST^^^1300017985"),
        lambda m: put(m, "PRT^1^8", f"X^^^^^{_STRUCTURES}^IDNST^^^3"),
        ("form", "PRT^1^8^1^10", "102"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(m, "PRT^2^8", f"X^^^^^{_STRUCTURES}^FINEG^^^300017985"),
        lambda m: put(m, "PRT^2^8", f"X^^^^^{_STRUCTURES}^FINEG^^^30001798"),
        ("form", "PRT^2^8^1^10", "102"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(m, "PRT^2^8", "Radiologie^^^^^120456789^UF^^^3435"),
        lambda m: put(m, "PRT^2^8", "X^^^^^X&1.2.250.1.71.4.2.1&ISO^FINEG^^^300017985"),
        ("value", "PRT^2^8^1^6^2", "103"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(m, "PRT^2^5", DOCTOR),
        lambda m: put(m, "PRT^2^5", DOCTOR.replace(_PS, _INS)),
        ("value", "PRT^2^5^1^9^2", "103"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(m, "PRT^2^5", f"{INS[:15]}^PAT-ESSAI^CAMILLE^^^^^^X{_INS}^L^^^INS"),
        lambda m: put(m, "PRT^2^5", f"{INS[:15]}^PAT-ESSAI^CAMILLE^^^^^^X{_PS}^L^^^INS"),
        ("value", "PRT^2^5^1^9^2", "103"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(m, "PRT^2^5", f"101234567897^Hoda^Adam^^^^^^X{_PS}^D^^^RPPS"),
        lambda m: put(m, "PRT^2^5", f"8012^Hoda^Adam^^^^^^X{_PS}^D^^^RPPS"),
        ("form", "PRT^2^5^1^1", "102"),
    ),
    # words that are those of another code
    (
        "cda-oru-r01",
        lambda m: put(m, "OBX^2^3^1^2", "Masqué aux professionnels de Santé"),
        lambda m: put(m, "OBX^2^3^1^2", "Document Non Visible par le patient"),
        ("label-differs", "OBX^2^3^1^2", "103"),
    ),
    (
        "cda-oru-r01",
        lambda m: put(m, "PRT^1^4", "SB^Send By^participation"),
        lambda m: put(m, "PRT^1^4", "SB^Reply To^participation"),
        ("label-differs", "PRT^1^4^1^2", "103"),
    ),
    (
        "tlr-1-request",
        lambda m: put(m, "OBR^1^4^1^2", "Transmission d’une demande d’examen d'imagerie"),
        lambda m: put(m, "OBR^1^4^1^2", "Annulation d’une demande d’examen"),
        ("label-differs", "OBR^1^4^1^2", "103"),
    ),
    (
        "zam-z02",
        lambda m: put(m, "OBX^1^3^1^2", "Accusé de réception MSSanté"),
        lambda m: put(m, "OBX^1^3^1^2", "Accusé de réception DMP"),
        ("label-differs", "OBX^1^3^1^2", "103"),
    ),
    # teleradiology
    (
        "tlr-1-request",
        lambda m: put(m, "OBX^1^5", "CT^Scanner^DCM"),
        lambda m: put(m, "OBX^1^5", "CT^Scanner^terminologie-cisis-fr"),
        ("value", "OBX^1^5^1^3", "103"),
    ),
    (
        "tlr-1-request",
        lambda m: put(put(m, "OBX^5^5", "1.70"), "OBX^5^6", "m"),
        lambda m: put(m, "OBX^5^6", "m"),
        ("measure", "OBX^5^5", "102"),
    ),
    (
        "tlr-1-request",
        lambda m: put(put(m, "OBX^6^5", "2900"), "OBX^6^6", "g"),
        lambda m: put(m, "OBX^6^5", "6800"),
        ("measure", "OBX^6^5", "102"),
    ),
    (
        "tlr-3-answer",
        lambda m: [*m, *put(refused(m), "ORC^1^2", OTHER_ORDER)[2:3], put(m, "OBR^1^2", OTHER_ORDER)[3]],
        lambda m: [*m, *refused(m)[2:4]],
        ("decisions", "ORC^2^1", "103"),
    ),
    # the white paper
    (
        "lb-d",
        lambda m: [*m[:-1], "IPC|ACN101|P|1.2.250.1.999.2.101|S|CT^^DCM", m[-1]],
        lambda m: [*m[:-1], "IPC|ACN102|P|1.2.250.1.999.2.101|S|CT^^DCM", m[-1]],
        ("element-differs", "IPC^1^1", "103"),
    ),
    (
        "lb-d",
        lambda m: [*m[:-1], "IPC|ACN101|P|1.2.250.1.999.2.101|S|", m[-1]],
        lambda m: [*m[:-1], "IPC|ACN101|P|1.2.250.1.999.2.102|S|", m[-1]],
        ("element-differs", "IPC^1^3", "103"),
    ),
    ("lb-d", lambda m: on_paper("113813", "mGy.cm"), lambda m: on_paper("113813", "mGy"), ("value", "OBX^1^6", "103")),
    ("lb-d", lambda m: on_paper("113830", "mGy"), lambda m: on_paper("113830", "mGy.cm"), ("value", "OBX^1^6", "103")),
    ("lb-d", lambda m: on_paper("113722", "dGy.cm2"), lambda m: on_paper("113722", "Gy"), ("value", "OBX^1^6", "103")),
    ("lb-d", lambda m: on_paper("113722", "Gy.m2"), lambda m: on_paper("113722", "Gy.m"), ("value", "OBX^1^6", "103")),
    ("lb-d", lambda m: on_paper("113507", "MBq"), lambda m: on_paper("113507", "mGy"), ("value", "OBX^1^6", "103")),
    ("lb-d", lambda m: on_paper("113839", "mSv"), lambda m: on_paper("113839", "mGy"), ("value", "OBX^1^6", "103")),
    (
        "lb-d",
        lambda m: on_paper("113813", "mGy.cm", "0.4"),
        lambda m: on_paper("113813", "mGy.cm", "0.0"),
        ("measure", "OBX^1^5", "102"),
    ),
    # acknowledgements and receipts
    (
        "ack",
        lambda m: [*m[:2], f"{m[2][:-1]}F", f"{m[2][:-1]}W"],
        lambda m: put(m, "ERR^1^4", "W"),
        ("error-severity", "ERR^1^4", "103"),
    ),
    (
        "zam-z02",
        lambda m: put(m, "ERR^1^5^1^1", "512"),
        lambda m: put(m, "ERR^1^5^1^1", "599"),
        ("form", "ERR^1^5^1^1", "102"),
    ),
    (
        "zam-z02",
        lambda m: put(m, "ERR^1^3^1^2", "Application internal error"),
        lambda m: put(m, "ERR^1^3^1^2", "Data type error"),
        ("error-text", "ERR^1^3", "103"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong", "told"), RIGHT_AND_WRONG)
def test_what_may_stand_so_is_right_and_its_neighbour_is_told_at_its_place(
    name: str, right: Alteration, wrong: Alteration, told: tuple[str, str, str]
) -> None:
    assert errors(right(RIGHT[name])) == []
    assert told in found(wrong(RIGHT[name]))


# What may be meant so, and is worth a look: valid, with a warning.
DOUBTFUL: list[tuple[str, Alteration, tuple[str, str]]] = [
    ("tlr-1-request", lambda m: put(m, "PID^1^8", "M"), ("ins-traits", "PID^1^8")),
    ("tlr-1-request", lambda m: put(m, "PID^1^7", "19790428"), ("ins-traits", "PID^1^7")),
    ("tlr-1-request", lambda m: put(put(m, "PID^1^24", "N"), "PID^1^25", "2"), ("birth-order", "PID^1^25")),
    ("tlr-1-request", lambda m: put(m, "PID^1^3^2^5", ""), ("field-required", "PID^1^3^2^5")),
    ("tlr-1-request", lambda m: put(m, "PID^1^3", f"{INS}~{LOCAL}~{LOCAL}"), ("number-twice", "PID^1^3^3")),
    ("tlr-1-request", lambda m: put(m, "PID^1^11^1^6", "FR"), ("type-country", "PID^1^11^1^6")),
    ("cda-oru-r01", lambda m: put(m, "OBX^1^14", "20270101"), ("dates-future", "OBX^1^14")),
    ("cda-oru-r01", lambda m: put(m, "PRT^2^15", "^^X.400^a@example.org"), ("mail-address", "PRT^2^15^1^4")),
    (
        "cda-oru-r01",
        lambda m: put(m, "PRT^2^5", f"277076322082910^A^B^^^^^^X{_INS}^L^^^INS"),
        ("recipient-differs", "PRT^2^5^1^1"),
    ),
    ("cda-oru-r01", lambda m: [*m[:6], m[7], m[6], *m[8:]], ("participation-order", "PRT^2")),
    ("cda-oru-r01", lambda m: twice(m, "PRT||UC||RCT"), ("recipient-twice", "PRT^3^15")),
    (
        "cda-oru-r01",
        lambda m: put(m, "OBR^1^4^1^2", "CR d'examens biologiques"),
        ("label-differs", "OBR^1^4^1^2"),
    ),
    (
        "tlr-1-request",
        lambda m: put(put(m, "PID^1^8", "M"), "OBX^7^5^1^1", "Y"),
        ("pregnant-man", "OBX^7^5"),
    ),
    ("tlr-3-answer", lambda m: put(m, "ORC^1^16", "^Refus"), ("reason-accepted", "ORC^1^16")),
    ("tlr-4-complement", lambda m: put(m, "IPC^1^5", "CT^^DCM"), ("modality-differs", "IPC^1^5")),
    ("lb-c", lambda m: put(m, "ORC^1^1", "UA"), ("protocol-refused", "OBX^1^3")),
    ("adt-a40", lambda m: put(m, "MRG^1^1", "7^^^X&1.2.3.9&ISO^PI"), ("merge-authority", "MRG^1^1")),
]


@pytest.mark.parametrize(("name", "alter", "told"), DOUBTFUL)
def test_what_may_be_meant_so_is_warned_of_and_stays_valid(name: str, alter: Alteration, told: tuple[str, str]) -> None:
    assert told not in warned(RIGHT[name])
    rows = alter(RIGHT[name])
    assert errors(rows) == []
    assert told in warned(rows)


@pytest.mark.parametrize(
    ("order", "accession", "told"),
    [
        ("OPN7^^1.2.250.1.999.12^ISO", "ACN7", set()),
        ("OPN8^^1.2.250.1.999.13^ISO", "ACN7", set()),
        ("OPN8^^1.2.250.1.999.12^ISO", "ACN7", {("number-differs", "ORC^1^2"), ("number-differs", "OBR^1^2")}),
        ("OPN7^^1.2.250.1.999.12^ISO", "ACN8", {("number-differs", "ORC^1^3")}),
    ],
)
def test_numbers_of_another_order_than_the_document_s_are_worth_a_look(
    order: str, accession: str, told: set[tuple[str, str]]
) -> None:
    rows = with_order(order, accession)
    assert errors(rows) == []
    assert {one for one in warned(rows) if one[0] == "number-differs"} == told


def test_two_examinations_of_one_accession_number_are_worth_a_look() -> None:
    viewer = base64.b64encode(
        b"https://drimbox.example.org/viewer?StudyInstanceUID=1.2.250.1.999.2.102&AccessionNumber=ACN101"
    ).decode()
    rows = put(RIGHT["tlr-4-complement"], "IPC^2^1", "ACN101^^1.2.250.1.999.27^ISO")
    rows = put(rows, "OBX^11^5^1^5", viewer)
    assert errors(rows) == []
    assert ("accession-twice", "IPC^2^1") in warned(rows)


@pytest.mark.parametrize(("level", "doubtful"), [("N", False), ("R", True), ("V", True)])
def test_a_document_of_raised_confidentiality_that_goes_to_the_dmp_is_worth_a_look(level: str, doubtful: bool) -> None:
    stated = f'<confidentialityCode code="{level}" codeSystem="2.16.840.1.113883.5.25"/><recordTarget>'
    content = base64.b64encode(cda().replace(b"<recordTarget>", stated.encode(), 1)).decode()
    rows = put(RIGHT["cda-oru-r01"], "OBX^1^5^1^5", content)
    assert errors(rows) == []
    assert (("dmp-confidential", "OBX^1^5^1^5") in warned(rows)) is doubtful


@pytest.mark.parametrize("code", SMTP_CODES)
def test_each_code_of_the_mail_servers_is_known(code: str) -> None:
    assert errors(put(RIGHT["zam-z02"], "ERR^1^5^1^1", code)) == []


@pytest.mark.parametrize("control", ["NW", "XO", "CA", "DC"])
def test_a_request_of_the_white_paper_may_have_its_accession_number(control: str) -> None:
    rows = put(put(RIGHT["lb-a"], "OBR^1^18", "ACN101"), "ORC^1^1", control)
    assert errors(rows) == []


def test_a_state_with_an_accession_number_is_still_that_of_an_examination() -> None:
    rows = put(put(RIGHT["lb-a"], "OBR^1^18", "ACN101"), "ORC^1^1", "SC")
    assert ("element-missing", "ORC^1", "101") in found(rows)


def test_who_takes_back_a_request_repeats_what_it_held() -> None:
    rows = put(RIGHT["lb-d"], "ORC^1^1", "CA")
    assert errors(rows) == []
    assert errors(message(without(rows, "OBX|1|NM"))) == []


def test_the_reader_and_the_site_are_two_professionals_of_the_same_register() -> None:
    assert errors(put(RIGHT["tlr-1-request"], "ORC^1^11", READER)) == []
    assert ("value", "ORC^1^11^1^9^2", "103") in found(
        put(RIGHT["tlr-1-request"], "ORC^1^11", READER.replace("71.4.2.1", "71.4.2.2"))
    )
