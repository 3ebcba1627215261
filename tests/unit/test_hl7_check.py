"""The checker of messages: right ones are valid, each single alteration is found at its place."""

from __future__ import annotations

import ast
import base64
from pathlib import Path

import pytest

import gateway.hl7.check
from gateway.errors import GatewayError, InputRejected, Unavailable
from gateway.hl7.acknowledge import accepted, read_request, refused
from gateway.hl7.check.judge import RULES, judge, profile_names
from gateway.hl7.profiles.routing import all_profiles
from gateway.model.finding import Severity, Verdict
from gateway.texts import TEXTS
from tests.support.hl7_messages import (
    DOCUMENT_ID,
    INS,
    LOCAL,
    PID,
    REPLACED_ID,
    RIGHT,
    VIEWER,
    Alteration,
    cda,
    document_rows,
    errors,
    found,
    message,
    put,
    twice,
    warned,
    without,
)

ORU, T02, T10, T04 = (RIGHT[name] for name in ("cda-oru-r01", "cda-mdm-t02", "cda-mdm-t10", "cda-mdm-t04"))


def embedding(rows: list[str], content: bytes) -> list[str]:
    """The message with another document."""
    return put(rows, "OBX^1^5^1^5", base64.b64encode(content).decode())


def encapsulated(text: str) -> str:
    return f"^TEXT^^Base64^{base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_right_message_is_valid_by_its_own_profile(name: str, end: str) -> None:
    judged = judge(message(RIGHT[name], end))
    assert judged.about == {"profile": name}
    assert not [finding for finding in judged.findings if finding.severity is Severity.ERROR]
    assert ("segment-end" in {finding.rule for finding in judged.findings}) is ("\n" in end)


def test_every_profile_but_two_of_a_kind_has_a_right_message() -> None:
    assert set(profile_names()) - set(RIGHT) == {"zam-z01", "zam-z03"}


@pytest.mark.parametrize(
    ("name", "start"),
    [
        (name, row[:3])
        for name, rows in RIGHT.items()
        for row in {r[:3]: r for r in rows}.values()
        if row[:3] not in ("MSH", "NTE", "PRT", "EVN", "ZFD", "ZBE", "TQ1", "ERR", "ZDS")
        and not (row[:3] == "PV1" and name in ("cda-oru-r01", "drim-omi-o23"))
        and not (row[:3] == "OBX" and name in ("tlr-3-answer", "lb-d", "lb-c"))
    ],
)
def test_a_message_without_a_required_segment_is_invalid(name: str, start: str) -> None:
    rows = [row for row in RIGHT[name] if not row.startswith(start)]
    assert any(finding.more["err3"] in ("100", "101") for finding in errors(rows)), found(rows)


def _required_fields() -> list[tuple[str, str, str]]:
    cases = []
    for name, rows in RIGHT.items():
        for section in all_profiles()[name].sections:
            if section.when is not None:
                continue
            for field in section.fields:
                here = any(row.startswith(section.segment) for row in rows)
                if field.usage.value == "R" and not field.component and here and field.severity is Severity.ERROR:
                    cases.append((name, section.segment, str(field.number)))
    return [case for case in cases if (case[1], case[2]) not in (("MSH", "1"), ("MSH", "2"), ("MSH", "9"))]


@pytest.mark.parametrize(("name", "segment", "field"), _required_fields())
def test_each_required_field_that_is_empty_is_told_at_its_place(name: str, segment: str, field: str) -> None:
    for empty in ("", '""'):
        told = found(put(RIGHT[name], f"{segment}^1^{field}", empty))
        assert any(path.startswith(f"{segment}^1^{field}") and err3 == "101" for _, path, err3 in told), told


def _comment_before(rows: list[str], start: str) -> list[str]:
    """With a comment before the segment that begins so."""
    at = next(number for number, row in enumerate(rows) if row.startswith(start))
    return [*rows[:at], "NTE|1|L|Remarque", *rows[at:]]


def commented(rows: list[str], code: str, kind: str) -> list[str]:
    """With a comment of that kind under the observation of that code."""
    return [line for row in rows for line in ([row, f"NTE|||comment|{kind}"] if f"|{code}^" in row else [row])]


# One alteration of a right message: what it is told as, where, with which code of table 0357.
ALTERED: list[tuple[str, Alteration, str, str, str]] = [
    # the header
    ("cda-oru-r01", lambda m: put(m, "MSH^1^9", "ORU^R01"), "field-required", "MSH^1^9^1^3", "101"),
    ("cda-oru-r01", lambda m: put(m, "MSH^1^12", "2.6"), "value", "MSH^1^12^1^1", "203"),
    ("cda-mdm-t02", lambda m: put(m, "MSH^1^12", "2.5"), "value", "MSH^1^12^1^1", "203"),
    ("cda-oru-r01", lambda m: put(m, "MSH^1^11", "X"), "value", "MSH^1^11^1^1", "202"),
    ("cda-oru-r01", lambda m: put(m, "MSH^1^17", "FR"), "value", "MSH^1^17^1", "103"),
    ("cda-oru-r01", lambda m: put(m, "MSH^1^7", "20261301"), "type-time", "MSH^1^7^1", "102"),
    ("cda-oru-r01", lambda m: put(m, "MSH^1^21", "9.9^CISIS_CDA_HL7_V2"), "value", "MSH^1^21", "203"),
    ("cda-oru-r01", lambda m: put(m, "MSH^1^9^1^2", "R32"), "value", "MSH^1^9^1^2", "201"),
    ("cda-oru-r01", lambda m: put(m, "MSH^1^18", "UTF-8"), "value", "MSH^1^18^1", "103"),
    ("tlr-1-request", lambda m: put(m, "MSH^1^12", "2.5"), "value", "MSH^1^12^1^1", "203"),
    ("tlr-1-request", lambda m: [*m[:7], m[8], m[7], *m[9:]], "segment-order", "NTE^2", "100"),
    ("tlr-4-complement", lambda m: put(m, "TQ1^1^6", "0^jours"), "form", "TQ1^1^6^1^1", "102"),
    ("tlr-4-complement", lambda m: put(m, "OBX^6^5^1^1", "V08AB02"), "form", "OBX^6^5^1^1", "102"),
    ("cda-oru-r01", lambda m: [*m[:8], m[8], m[8], *m[9:]], "segment-repeated", "PRT^4", "198"),
    ("cda-oru-r01", lambda m: commented(m, "DESTMSSANTEPAT", "FINI"), "value", "NTE^1^4^1^1", "103"),
    (
        "cda-oru-r01",
        lambda m: put(put(m, "OBX^8^5", "N^^expandedYes-NoIndicator"), "OBX^5^5", "Y^^expandedYes-NoIndicator"),
        "mail-matrix",
        "OBX^9^5",
        "103",
    ),
    ("cda-oru-r01", lambda m: _comment_before(m, "PRT||UC||SB"), "segment-order", "PRT^1", "100"),
    ("cda-oru-r01", lambda m: _comment_before(m, "PRT||UC||RCT"), "segment-order", "PRT^2", "100"),
    ("cda-mdm-t02", lambda m: _comment_before(m, "PRT||UC||SB"), "segment-order", "PRT^1", "100"),
    ("cda-oru-r01", lambda m: put(m, "PRT^1^5^1^13", "EI"), "value", "PRT^1^5^1^13", "103"),
    ("lb-d", lambda m: [*m, *put(m[3:], "OBR^1^18", "")], "element-missing", "ORC^2", "101"),
    ("ack", lambda m: [*m[:2], f"{m[2]}|999^x^applicationErrorCondition"], "form", "ERR^1^5^1^1", "102"),
    ("ack", lambda m: [*m[:2], f"{m[2]}|905^x^elsewhere"], "value", "ERR^1^5^1^3", "103"),
    ("ack", lambda m: put(m, "ERR^1^3", "0^Message accepted^messageErrorCondition"), "value", "ERR^1^3^1^1", "103"),
    ("cda-oru-r01", lambda m: put(m, "MSH^1^17", "FRA^X"), "type-components", "MSH^1^17^1^2", "102"),
    # structure
    ("cda-oru-r01", lambda m: twice(m, "PID"), "segment-repeated", "PID^2", "198"),
    ("cda-oru-r01", lambda m: [m[0], m[2], m[1], *m[3:]], "segment-order", "PID^1", "100"),
    ("cda-mdm-t02", lambda m: twice(m, "TXA"), "segment-repeated", "TXA^2", "198"),
    ("cda-oru-r01", lambda m: without(m, "OBR"), "segment-missing", "OBR^1", "100"),
    ("tlr-4-complement", lambda m: without(m, "TQ1"), "segment-missing", "TQ1^1", "100"),
    ("tlr-4-complement", lambda m: without(m, "IPC"), "segment-missing", "IPC^1", "100"),
    # the patient
    ("cda-oru-r01", lambda m: put(m, "PID^1^3^1^1", "279035121518988"), "ins-form", "PID^1^3^1^1", "102"),
    ("cda-oru-r01", lambda m: put(m, "PID^1^3^1^1", "27903512151898"), "ins-form", "PID^1^3^1^1", "102"),
    ("cda-oru-r01", lambda m: put(m, "PID^1^3^1^5", "PI"), "value", "PID^1^3^1^5", "103"),
    ("cda-oru-r01", lambda m: put(m, "PID^1^3", f"{INS}~{INS}~{LOCAL}"), "ins-several", "PID^1^3^2", "198"),
    (
        "cda-oru-r01",
        lambda m: put(m, "PID^1^3^1^4", "ASIP-SANTE-INS-NIR&1.2.3.4&ISO"),
        "value",
        "PID^1^3^1^4^2",
        "103",
    ),
    ("cda-oru-r01", lambda m: put(m, "PID^1^3^2^4", "CABINET&nothing&ISO"), "type-oid", "PID^1^3^2^4^2", "102"),
    ("tlr-1-request", lambda m: put(m, "PID^1^7", "19790229"), "type-time", "PID^1^7^1", "102"),
    ("tlr-1-request", lambda m: put(m, "PID^1^7", "1979"), "ins-birth-date", "PID^1^7", "102"),
    ("tlr-1-request", lambda m: put(m, "PID^1^7", "20300101"), "dates-future", "PID^1^7", "102"),
    ("tlr-1-request", lambda m: put(m, "PID^1^8", "X"), "value", "PID^1^8^1", "103"),
    ("tlr-1-request", lambda m: put(m, "PID^1^32", "PROV"), "ins-not-qualified", "PID^1^32", "103"),
    ("tlr-1-request", lambda m: put(m, "PID^1^32", ""), "ins-reliability", "PID^1^32", "101"),
    ("tlr-1-request", lambda m: put(m, "PID^1^31", "Y"), "ins-identity-unknown", "PID^1^31", "103"),
    ("tlr-1-request", lambda m: put(m, "PID^1^11", ""), "ins-birth-place", "PID^1^11", "101"),
    ("tlr-1-request", lambda m: put(m, "PID^1^11^2^9", "6322"), "birth-place-form", "PID^1^11^2^9", "102"),
    ("tlr-1-request", lambda m: put(m, "PID^1^5^1^2", "AUTRE"), "ins-given-names", "PID^1^5^1^3", "102"),
    ("tlr-1-request", lambda m: put(m, "PID^1^5^1^7", "D"), "value", "PID^1^5^1^7", "103"),
    ("cda-oru-r01", lambda m: put(m, "PV1^1^19", ""), "visit-number", "PV1^1^19", "101"),
    ("cda-oru-r01", lambda m: put(m, "PV1^1^45", "20260102"), "dates-visit", "PV1^1^45", "102"),
    # the three flags
    ("cda-oru-r01", lambda m: put(m, "ORC^1^1", "RO"), "trio", "OBX^1^11", "103"),
    ("cda-oru-r01", lambda m: put(m, "OBX^1^11", "D"), "trio", "OBX^1^11", "103"),
    ("cda-mdm-t10", lambda m: put(m, "MSH^1^9^1^2", "T04"), "trio", "ORC^1^1", "103"),
    ("cda-oru-r01", lambda m: put(m, "OBX^1^11", "P"), "value", "OBX^1^11^1", "103"),
    # the document
    ("cda-oru-r01", lambda m: put(m, "OBX^1^5^1^5", "QUJDR"), "document-base64", "OBX^1^5^1^5", "102"),
    ("cda-oru-r01", lambda m: put(m, "OBX^1^5^1^5", "QU!D"), "document-base64", "OBX^1^5^1^5", "102"),
    ("cda-oru-r01", lambda m: embedding(m, b"bonjour"), "document-unreadable", "OBX^1^5^1^5", "207"),
    ("cda-oru-r01", lambda m: embedding(m, b"<html/>"), "document-unreadable", "OBX^1^5^1^5", "207"),
    ("cda-oru-r01", lambda m: put(m, "OBX^1^5^1^3", "PDF"), "value", "OBX^1^5^1^3", "103"),
    ("cda-oru-r01", lambda m: put(m, "OBX^1^5^1^4", "A"), "value", "OBX^1^5^1^4", "103"),
    ("cda-oru-r01", lambda m: embedding(m, cda(signed=False)), "document-unsigned", "OBX^1^5^1^5", "207"),
    ("cda-oru-r01", lambda m: embedding(m, cda(replaces="1.2.3")), "replaces-unsaid", "OBX^1^11", "207"),
    ("cda-mdm-t10", lambda m: embedding(m, cda()), "replaces-nothing", "OBX^1^11", "207"),
    ("cda-oru-r01", lambda m: embedding(m, cda(patient="277076322082910")), "patient-differs", "PID^1^3^1^1", "207"),
    ("cda-oru-r01", lambda m: embedding(m, cda(born="19790329")), "patient-trait", "PID^1^7", "207"),
    ("cda-oru-r01", lambda m: put(m, "PID^1^8", "M"), "patient-trait", "PID^1^8", "207"),
    ("cda-oru-r01", lambda m: put(m, "PID^1^5^1^1", "AUTRE"), "patient-trait", "PID^1^5^1^1", "207"),
    ("cda-oru-r01", lambda m: put(m, "PID^1^11^2^9", "29019"), "patient-trait", "PID^1^11^2^9", "207"),
    ("cda-oru-r01", lambda m: put(m, "OBX^1^3^1^1", "11502-2"), "type-differs", "OBX^1^3", "103"),
    ("cda-mdm-t02", lambda m: put(m, "TXA^1^2", "11502-2"), "type-differs", "TXA^1^2", "103"),
    ("cda-oru-r01", lambda m: put(m, "OBR^1^4^1^1", "0-0"), "type-unknown", "OBR^1^4^1^1", "103"),
    ("cda-oru-r01", lambda m: put(m, "OBR^1^4^1^3", "TRE_A05"), "value", "OBR^1^4^1^3", "103"),
    ("cda-mdm-t02", lambda m: put(m, "TXA^1^12", "1.2.3"), "document-id-differs", "TXA^1^12", "207"),
    ("cda-mdm-t02", lambda m: put(m, "TXA^1^12", "DOC-7"), "type-oid", "TXA^1^12^1^1", "102"),
    ("cda-mdm-t10", lambda m: put(m, "TXA^1^13", ""), "field-required", "TXA^1^13", "101"),
    ("cda-mdm-t10", lambda m: put(m, "TXA^1^13", "1.2.3"), "parent-differs", "TXA^1^13", "207"),
    ("cda-mdm-t10", lambda m: put(m, "TXA^1^13", DOCUMENT_ID), "parent-itself", "TXA^1^13", "103"),
    ("cda-mdm-t02", lambda m: put(m, "TXA^1^17", "DI"), "value", "TXA^1^17^1", "103"),
    ("cda-mdm-t02", lambda m: put(m, "TXA^1^3", "AP"), "value", "TXA^1^3^1", "103"),
    ("cda-mdm-t02", lambda m: twice(m, "OBX|1|ED"), "document-too-many", "OBX^2^5", "198"),
    ("cda-oru-r01", lambda m: twice(m, "OBX|1|ED"), "document-same-id", "OBX^2^5", "198"),
    # the observations beside it
    ("cda-oru-r01", lambda m: put(m, "OBX^2^5^1^1", "O"), "value", "OBX^2^5^1^1", "103"),
    ("cda-oru-r01", lambda m: put(m, "OBX^2^5", "Y^^expandedYes-NoIndicator~N"), "field-repeated", "OBX^2^5^2", "198"),
    ("cda-oru-r01", lambda m: put(m, "OBX^2^2", "CWE"), "value", "OBX^2^2^1", "103"),
    ("cda-mdm-t02", lambda m: put(m, "OBX^2^2", "CE"), "value", "OBX^2^2^1", "103"),
    ("cda-oru-r01", lambda m: put(m, "OBX^2^3^1^3", "L"), "value", "OBX^2^3^1^3", "103"),
    ("cda-oru-r01", lambda m: put(m, "OBX^2^3^1^1", "MASQUE"), "statement-unknown", "OBX^2^3^1^1", "103"),
    ("cda-oru-r01", lambda m: put(m, "OBX^2^11", "O"), "value", "OBX^2^11^1", "103"),
    ("cda-oru-r01", lambda m: without(m, "OBX|3|"), "statement-missing", "OBX INVISIBLE_PATIENT", "100"),
    ("cda-oru-r01", lambda m: twice(m, "OBX|3|"), "statement-twice", "OBX^4^3", "198"),
    ("cda-oru-r01", lambda m: [*m[:9], m[10], m[9], *m[11:]], "statement-order", "OBX^3^3", "100"),
    ("cda-oru-r01", lambda m: put(m, "OBX^3^5^1^1", "Y"), "mail-invisible", "OBX^9^5", "103"),
    ("cda-oru-r01", lambda m: put(m, "PID^1^3", LOCAL), "dmp-without-ins", "OBX^7^5", "101"),
    # the participants
    ("cda-oru-r01", lambda m: without(m, "PRT||UC||SB"), "sender-missing", "PRT^1", "100"),
    ("cda-oru-r01", lambda m: without(m, "PRT||UC||RCT"), "recipient-missing", "PRT^1", "100"),
    ("cda-oru-r01", lambda m: twice(m, "PRT||UC||SB"), "sender-twice", "PRT^2", "198"),
    ("cda-oru-r01", lambda m: put(m, "PRT^1^4^1^1", "XX"), "value", "PRT^1^4^1^1", "103"),
    ("cda-oru-r01", lambda m: put(m, "PRT^1^5", ""), "sender-nobody", "PRT^1^5", "101"),
    ("cda-oru-r01", lambda m: put(m, "PRT^1^5^1^1", "X"), "form", "PRT^1^5^1^1", "102"),
    ("cda-oru-r01", lambda m: put(m, "PRT^1^8^1^7", "SIRET"), "value", "PRT^1^8^1^7", "103"),
    ("cda-oru-r01", lambda m: put(m, "PRT^1^8^1^10", "3"), "form", "PRT^1^8^1^10", "102"),
    ("cda-oru-r01", lambda m: put(m, "PRT^2^15^1^4", "adam.essai"), "form", "PRT^2^15^1^4", "102"),
    ("cda-oru-r01", lambda m: put(m, "PRT^2^15", ""), "field-required", "PRT^2^15", "101"),
    # teleradiology
    ("tlr-1-request", lambda m: put(m, "OBR^1^2^1^1", "OPN102"), "order-number-differs", "OBR^1^2", "103"),
    ("tlr-1-request", lambda m: put(m, "ORC^1^2^1^3", "nothing"), "form", "ORC^1^2^1^3", "102"),
    ("tlr-1-request", lambda m: put(m, "OBR^1^16^1^1", "801234567899"), "responsible-differs", "OBR^1^16", "103"),
    ("tlr-1-request", lambda m: put(m, "ORC^1^1", "CA"), "value", "ORC^1^1^1", "103"),
    ("tlr-1-request", lambda m: put(m, "ORC^1^9", "20270101"), "dates-future", "ORC^1^9", "102"),
    ("tlr-1-request", lambda m: put(m, "ORC^1^17^1^1", "PLATEFORME_TLR"), "value", "ORC^1^17^1^1", "103"),
    ("tlr-1-request", lambda m: put(m, "ORC^1^21^1^6", "X&1.2.3&ISO"), "value", "ORC^1^21^1^6^2", "103"),
    (
        "tlr-1-request",
        lambda m: without(m, "OBX|1|CE|MODALITE"),
        "observation-missing",
        "OBX MODALITE_IMAGERIE",
        "100",
    ),
    ("tlr-1-request", lambda m: twice(m, "OBX|1|CE|MODALITE"), "observation-twice", "OBX^2^3", "198"),
    ("tlr-1-request", lambda m: put(m, "OBX^1^5^1^1", "IRM"), "code-unknown", "OBX^1^5^1^1", "103"),
    ("tlr-1-request", lambda m: put(m, "OBX^1^11", "F"), "value", "OBX^1^11^1", "103"),
    ("tlr-1-request", lambda m: put(m, "OBX^2^4", "1.3"), "sub-id", "OBX^2^4", "102"),
    ("tlr-1-request", lambda m: put(m, "OBX^3^4", "2.2"), "facet-missing", "OBX^3^4", "100"),
    ("tlr-1-request", lambda m: put(m, "OBX^2^5^1^1", "1"), "code-unknown", "OBX^2^5^1^1", "103"),
    ("tlr-1-request", lambda m: put(m, "OBX^5^5", "grand"), "type-number", "OBX^5^5^1", "102"),
    ("tlr-1-request", lambda m: put(m, "OBX^5^6", ""), "field-required", "OBX^5^6", "101"),
    ("tlr-1-request", lambda m: put(m, "OBX^4^8", "GRAVE"), "value", "OBX^4^8^1", "103"),
    ("tlr-1-request", lambda m: put(m, "OBX^1^3^1^1", "MODALITE"), "observation-unknown", "OBX^1^3^1^1", "103"),
    ("tlr-1-request", lambda m: put(m, "NTE^1^4^1^1", "MODALITE_IMAGERIE"), "value", "NTE^1^4^1^1", "103"),
    ("tlr-2-cancel", lambda m: put(m, "OBR^1^4^1^1", "REPONSE_DEMANDE"), "value", "OBR^1^4^1^1", "103"),
    ("tlr-2-cancel", lambda m: put(m, "ORC^1^16", "X"), "field-required", "ORC^1^16^1^3", "101"),
    ("tlr-3-answer", lambda m: [row for row in m if "PROTOCOLE" not in row], "protocol-missing", "ORC^1^1", "100"),
    ("tlr-3-answer", lambda m: put(m, "OBX^1^5^1^5", "!!!"), "data-base64", "OBX^1^5^1^5", "102"),
    ("tlr-3-answer", lambda m: put(m, "OBX^1^5^1^4", "Hex"), "value", "OBX^1^5^1^4", "103"),
    ("tlr-4-complement", lambda m: put(m, "ORC^2^2^1^1", "OPN9"), "order-number-several", "ORC^2^2", "103"),
    ("tlr-4-complement", lambda m: put(m, "IPC^2^3", "1.2.250.1.999.2.101"), "study-twice", "IPC^2^3", "198"),
    ("tlr-4-complement", lambda m: put(m, "IPC^1^3", "1.2.03"), "form", "IPC^1^3^1^1", "102"),
    ("tlr-4-complement", lambda m: put(m, "IPC^1^1^1^1", "OTHER"), "viewer-differs", "OBX^1^5^1^5", "103"),
    (
        "tlr-4-complement",
        lambda m: put(m, "OBX^1^5", encapsulated(VIEWER.partition("&")[0])),
        "viewer-parameter",
        "OBX^1^5^1^5",
        "101",
    ),
    (
        "tlr-4-complement",
        lambda m: put(m, "OBX^1^5", encapsulated(VIEWER.replace("https", "http"))),
        "viewer-address",
        "OBX^1^5^1^5",
        "102",
    ),
    ("tlr-4-complement", lambda m: put(m, "TQ1^1^7", "20270101"), "dates-performed", "TQ1^1^7", "102"),
    ("tlr-4-complement", lambda m: put(m, "TQ1^1^6", "long^jours"), "form", "TQ1^1^6^1^1", "102"),
    ("tlr-4-complement", lambda m: put(m, "TQ1^1^6", "2^ans"), "value", "TQ1^1^6^1^2", "103"),
    ("tlr-4-complement", lambda m: without(m, "OBX|7|"), "facet-missing", "OBX^6^4", "100"),
    ("tlr-4-complement", lambda m: put(m, "IPC^1^2^1^1", "0-0"), "code-unknown", "IPC^1^2^1^1", "103"),
    # values that the standard closes, and what belongs together
    ("cda-oru-r01", lambda m: put(m, "PID^1^11^1^7", "ZZ"), "type-table", "PID^1^11^1^7", "102"),
    ("cda-oru-r01", lambda m: put(m, "PID^1^18^1^4", "AUT&7&OTHER"), "type-table", "PID^1^18^1^4^3", "102"),
    ("cda-oru-r01", lambda m: put(m, "PRT^1^5^1^10", "ZZ"), "type-table", "PRT^1^5^1^10", "102"),
    ("tlr-1-request", lambda m: put(m, "ORC^1^14", "^ZZ^CP"), "type-table", "ORC^1^14^1^2", "102"),
    ("tlr-1-request", lambda m: put(m, "PV1^1^51", "X"), "value", "PV1^1^51", "103"),
    ("cda-oru-r01", lambda m: put(m, "OBR^1^25", "T"), "value", "OBR^1^25", "103"),
    ("tlr-1-request", lambda m: put(m, "OBX^4^3^1^1", "11322-4"), "type-loinc", "OBX^4^3^1^1", "102"),
    ("lb-d", lambda m: put(m, "OBX^1^3^1^1", ""), "type-empty", "OBX^1^3^1^1", "102"),
    ("tlr-1-request", lambda m: put(m, "OBX^5^5", "1" * 17), "type-number", "OBX^5^5^1", "102"),
    ("tlr-1-request", lambda m: put(m, "OBX^5^5", "-170"), "measure", "OBX^5^5", "102"),
    ("tlr-1-request", lambda m: put(m, "OBX^6^5", "0.0"), "measure", "OBX^6^5", "102"),
    ("tlr-1-request", lambda m: put(m, "OBX^5^6", "kg"), "value", "OBX^5^6", "103"),
    ("tlr-1-request", lambda m: put(m, "OBX^5^6", "cm~cm"), "field-repeated", "OBX^5^6^2", "198"),
    ("tlr-1-request", lambda m: put(m, "MSH^1^21", "2.1^CISIS_CDA_HL7_V2"), "value", "MSH^1^21", "203"),
    ("lb-a", lambda m: put(m, "MSH^1^21", "2.1^CISIS_CDA_HL7_V2"), "value", "MSH^1^21", "203"),
    ("adt-a08", lambda m: put(m, "MSH^1^21", "2.1^CISIS_CDA_HL7_V2"), "value", "MSH^1^21", "203"),
    (
        "cda-oru-r01",
        lambda m: put(m, "MSH^1^21", "2.1^CISIS_CDA_HL7_V2~1.0^CISIS_TLR_HL7_V2"),
        "profile-several",
        "MSH^1^21^2",
        "198",
    ),
    ("cda-oru-r01", lambda m: put(m, "MSH^1^18", "UNICODE UTF-8~8859/15"), "field-repeated", "MSH^1^18^2", "198"),
    ("cda-oru-r01", lambda m: put(m, "MSH^1^10", "9" * 200), "form", "MSH^1^10^1", "102"),
    (
        "cda-oru-r01",
        lambda m: put(m, "PID^1^3^1^4", "ASIP-SANTE-INS-NIA&1.2.250.1.213.1.4.10&ISO"),
        "ins-authority",
        "PID^1^3^1^4",
        "103",
    ),
    ("cda-oru-r01", lambda m: put(m, "OBX^12^5^1^5", ""), "field-required", "OBX^12^5^1^5", "101"),
    ("cda-oru-r01", lambda m: put(m, "OBX^12^5^1^4", "Hex"), "value", "OBX^12^5^1^4", "103"),
    (
        "cda-oru-r01",
        lambda m: put(put(m, "OBX^2^5^1^1", "Y"), "OBX^9^5^1^1", "N"),
        "mail-masked",
        "OBX^8^5",
        "103",
    ),
    ("cda-mdm-t02", lambda m: put(m, "TXA^1^13", REPLACED_ID), "parent-unexpected", "TXA^1^13", "199"),
    ("tlr-3-answer", lambda m: put(m, "OBX^1^2", "FT"), "encapsulated-as-text", "OBX^1^5", "102"),
    (
        "tlr-4-complement",
        lambda m: put(m, "OBX^1^5", encapsulated("ftp://drimbox.example.org/viewer")),
        "viewer-address",
        "OBX^1^5^1^5",
        "102",
    ),
    ("lb-c", lambda m: put(m, "OBX^1^2", ""), "field-required", "OBX^1^2", "101"),
    ("lb-a", lambda m: put(m, "ORC^1^1", "OK"), "value", "ORC^1^1^1", "103"),
    ("lb-d", lambda m: put(m, "ZDS^1^1^1^1", "1.2.03"), "form", "ZDS^1^1^1^1", "102"),
    ("ack", lambda m: put(m, "ERR^1^3^1^1", "102"), "error-text", "ERR^1^3", "103"),
    ("zam-z02", lambda m: put(m, "ERR^1^5^1^1", "X"), "form", "ERR^1^5^1^1", "102"),
    ("zam-z02", lambda m: put(m, "OBX^2^5", "^^X.400^a@b.fr~^^X.400^c@b.fr"), "field-repeated", "OBX^2^5^2", "198"),
    # the white paper
    ("lb-a", lambda m: put(m, "PID^1^3", LOCAL), "ins-missing", "PID^1^3", "101"),
    ("lb-a", lambda m: put(m, "OBR^1^13", ""), "clinical-information", "ORC^1", "101"),
    ("lb-c", lambda m: put(m, "OBX^1^5", ""), "protocol-missing", "ORC^1^1", "100"),
    ("lb-d", lambda m: without(m, "OBX|1|NM|113813"), "dose-missing", "ORC^1", "101"),
    ("lb-d", lambda m: put(m, "OBX^1^6", ""), "field-required", "OBX^1^6", "101"),
    ("lb-d", lambda m: put(m, "OBX^1^2", "ST"), "value", "OBX^1^2", "103"),
    ("lb-d", lambda m: without(m, "ZDS"), "element-missing", "ORC^1", "101"),
    ("lb-d", lambda m: put(m, "OBR^1^18", ""), "element-missing", "ORC^1", "101"),
    ("lb-d", lambda m: put(m, "OBR^1^15", ""), "element-missing", "ORC^1", "101"),
    ("lb-d", lambda m: put(m, "ORC^1^12", ""), "field-required", "ORC^1^12", "101"),
    # the others
    ("drim-omi-o23", lambda m: put(m, "IPC^1^3", "no uid"), "form", "IPC^1^3^1^1", "102"),
    ("drim-omi-o23", lambda m: put(m, "OBX^1^3^1^2", "Autre"), "value", "OBX^1^3^1^2", "103"),
    ("drim-omi-o23", lambda m: put(m, "OBR^1^2", "7"), "order-number-differs", "OBR^1^2", "103"),
    ("ack", lambda m: put(m, "MSA^1^1", "CA"), "value", "MSA^1^1^1", "103"),
    ("ack", lambda m: put(m, "MSA^1^1", "AA"), "error-unexpected", "ERR^1", "199"),
    ("ack", lambda m: without(m, "ERR"), "error-missing", "ERR^1", "100"),
    ("ack", lambda m: put(m, "ERR^1^3^1^1", "999"), "value", "ERR^1^3^1^1", "103"),
    ("ack", lambda m: put(m, "ERR^1^4", "X"), "value", "ERR^1^4^1", "103"),
    ("ack", lambda m: put(m, "MSH^1^12", "2.6"), "value", "MSH^1^12", "203"),
    ("zam-z02", lambda m: without(m, "ERR"), "error-missing", "ERR^1", "100"),
    ("zam-z02", lambda m: put(m, "OBX^1^5^1^1", "Y"), "error-unexpected", "ERR^1", "199"),
    ("zam-z02", lambda m: put(m, "OBX^1^3^1^1", "ACK_RECEPTION_DMP"), "value", "OBX^1^3^1^1", "103"),
    ("zam-z02", lambda m: put(m, "OBX^2^5^1^4", "x"), "form", "OBX^2^5^1^4", "102"),
    ("zam-z02", lambda m: put(m, "ERR^1^5^1^3", "X"), "value", "ERR^1^5^1^3", "103"),
    ("adt-a31", lambda m: put(m, "MSH^1^9^1^3", "ADT_A01"), "value", "MSH^1^9^1^3", "200"),
    ("adt-a40", lambda m: put(m, "MRG^1^1", LOCAL), "merge-itself", "MRG^1^1", "103"),
    ("adt-a47", lambda m: put(m, "MRG^1^1", "7^^^X&1.2.3.9&ISO^PI"), "merge-authority", "MRG^1^1^1^4", "103"),
    ("adt-a40", lambda m: twice(m, "PID"), "segment-missing", "MRG^1", "100"),
    ("adt-a08", lambda m: put(m, "EVN^1^2", "yesterday"), "type-time", "EVN^1^2^1", "102"),
]


@pytest.mark.parametrize(("name", "alter", "rule", "path", "err3"), ALTERED)
def test_an_alteration_is_found_at_its_place(name: str, alter: Alteration, rule: str, path: str, err3: str) -> None:
    told = found(alter(RIGHT[name]))
    assert (rule, path, err3) in told, told


@pytest.mark.parametrize(
    ("name", "alter", "rule"),
    [
        ("cda-oru-r01", lambda m: put(m, "PRT^1^4^1^2", ""), "field-required"),
        ("cda-oru-r01", lambda m: put(m, "OBX^1^5^1^2", "text"), "value"),
        ("cda-mdm-t02", lambda m: put(m, "TXA^1^12", f"{DOCUMENT_ID}^Organisation-Y"), "field-forbidden"),
        ("cda-mdm-t04", lambda m: put(m, "TXA^1^13", REPLACED_ID), "-"),
        ("cda-oru-r01", lambda m: put(m, "OBX^12^5^1^5", "Q" * 93), "mail-base64"),
        ("cda-oru-r01", lambda m: put(m, "PID^1^3", INS), "patient-more"),
        ("cda-oru-r01", lambda m: put(m, "PRT^2^16", "^^X.400^a@b.fr", ), "field-unknown"),
        ("cda-oru-r01", lambda m: put(put(m, "PRT^2^15", ""), "PRT^2^16", "^^X.400^a@b.fr"), "address-shifted"),
        ("cda-oru-r01", lambda m: put(m, "OBX^11^3^1^1", "ACK_LECTURE"), "value"),
        ("cda-oru-r01", lambda m: without(m, "OBX|10|"), "statement-missing"),
        ("cda-oru-r01", lambda m: put(m, "MSH^1^21", "1.2^CISIS_CDA_HL7_V1"), "profile-older"),
        ("cda-oru-r01", lambda m: put(m, "OBX^9^5^1^1", "N"), "mail-matrix"),
        ("cda-oru-r01", lambda m: put(m, "OBX^8^5^1^1", "N"), "mail-matrix"),
        ("tlr-4-complement", lambda m: twice(m, "TQ1"), "segment-repeated"),
        ("cda-oru-r01", lambda m: [*m, "CTI|x"], "segment-unknown"),
        ("cda-oru-r01", lambda m: [*m, "ZZZ|x"], "-"),
        ("ack", lambda m: put(m, "MSH^1^18", "8859/1"), "value"),
        ("cda-mdm-t02", lambda m: put(m, "EVN^1^2", "20270101"), "dates-future"),
        ("tlr-3-answer", lambda m: put(m, "OBX^1^5^1^5", "Pendggfbubzbdy12gggvt"), "data-base64"),
        ("tlr-4-complement", lambda m: put(m, "OBX^1^5^1^5", "Penfhghdegge"), "viewer-address"),
        ("tlr-4-complement", lambda m: put(put(m, "OBX^7^2", "TX"), "OBX^7^5", "LOT-7"), "-"),
        ("tlr-3-answer", lambda m: put(m, "ORC^1^1", "OC"), "protocol-refused"),
        ("zam-z02", lambda m: put(m, "MSH^1^21", "1.1^CISIS_CDA_HL7_LPS"), "profile-older"),
        ("cda-oru-r01", lambda m: put(put(m, "OBX^12^5^1^4", "A"), "OBX^12^5^1^5", "Bonjour"), "value"),
        ("drim-omi-o23", lambda m: put(m, "IPC^1^5", "ZZ"), "code-unknown"),
        ("drim-omi-o23", lambda m: put(m, "PID^1^5", "ESSAI"), "field-required"),
        ("lb-a", lambda m: put(put(m, "ORC^1^1", "CA"), "OBR^1^13", ""), "-"),
        ("lb-d", lambda m: put(m, "ZDS^1^1^1^4", ""), "field-required"),
        ("zam-z02", lambda m: put(m, "ERR^1^5^1^3", "SMTP_ERROR_CODE"), "value"),
    ],
)  # fmt: skip
def test_what_official_examples_get_wrong_is_a_warning(name: str, alter: Alteration, rule: str) -> None:
    rows = alter(RIGHT[name])
    assert not found(rows)
    if rule not in ("-", "field-unknown", "segment-unknown"):
        assert rule in {told for told, _ in warned(rows)}, warned(rows)


@pytest.mark.parametrize("event", ["T02", "T10", "T04", "R01"])
@pytest.mark.parametrize("control", ["NW", "RO", "CA"])
@pytest.mark.parametrize("status", ["F", "C", "D"])
def test_every_combination_of_the_three_flags(event: str, control: str, status: str) -> None:
    kind = "ORU^R01^ORU_R01" if event == "R01" else f"MDM^{event}^MDM_T02"
    rows = [put(ORU, "MSH^1^9", kind)[0], *document_rows(kind, control, status, cda())]
    agree = (control, status) in {("NW", "F"), ("RO", "C"), ("CA", "D")}
    agree = agree and event in ("R01", {"NW": "T02", "RO": "T10", "CA": "T04"}[control])
    assert ("trio" not in {rule for rule, _, _ in found(rows)}) is agree


@pytest.mark.parametrize(
    ("name", "alter"),
    [
        ("cda-oru-r01", lambda m: commented(m, "DESTMSSANTEPAT", "FIN")),
        ("cda-oru-r01", lambda m: commented(m, "DESTMSSANTEPAT", "RE^Remark^HL70364")),
        ("tlr-4-complement", lambda m: put(m, "OBX^6^5^1^1", "V09AB03")),
        ("ack", lambda m: [*m[:2], f"{m[2]}|905^INS incomplete^applicationErrorCondition"]),
    ],
)
def test_a_right_variant_stays_right(name: str, alter: Alteration) -> None:
    assert errors(alter(RIGHT[name])) == []


def test_a_report_at_two_levels_is_one_right_message() -> None:
    second = ORU[5].replace("OBX|1|", "OBX|2|")
    data = base64.b64encode(cda("1.2.250.1.999.7.3", level=3)).decode()
    fields = second.split("^")
    fields[-1] = data + second[second.index("||||||F") :]
    assert not found([*ORU[:6], "^".join(fields), *ORU[6:]])


def test_a_lie_about_the_character_set_is_told_and_the_rest_is_judged() -> None:
    raw = message(put(ORU, "PID^1^8", "X")).replace("médicale".encode(), "médicale".encode("latin-1"))
    assert {("charset-contradicted", "MSH^1^18", "103"), ("value", "PID^1^8^1", "103")} <= found(raw)


def test_a_line_that_is_no_segment_is_told_and_the_rest_is_judged() -> None:
    told = found(message([*put(ORU, "PID^1^8", "X"), "not a segment"]))
    assert {rule for rule, _, _ in told} >= {"segment-name", "value"}


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"<xml/>", b"PID|1\r", b"MSH|aaaa|"])
def test_what_is_no_message_is_unreadable(raw: bytes) -> None:
    assert judge(raw).verdict is Verdict.UNREADABLE


def test_a_type_of_message_without_a_profile_is_invalid_with_200() -> None:
    judged = judge(message(["MSH|^~\\&|A|B|C|D|2024||SIU^S12^SIU_S12|1|P|2.5"]))
    assert (judged.verdict, judged.findings[0].more["err3"]) == (Verdict.INVALID, "200")


def test_the_framing_of_the_wire_is_taken_off() -> None:
    assert not found(b"\x0b" + message(ORU) + b"\x1c\r")


def test_other_delimiters_are_read_and_warned_of() -> None:
    raw = message(ORU).replace(b"^~\\&", b"\x01").translate(bytes.maketrans(b"|^~&", b"#*!$"))
    raw = raw.replace(b"\x01", b"*!?$", 1)
    assert not found(raw)
    assert ("value", "MSH^1^2") in warned(raw)


def test_a_profile_can_be_named() -> None:
    judged = judge(message(RIGHT["lb-a"]), profile="tlr-1-request")
    assert judged.about == {"profile": "tlr-1-request"}
    assert judged.verdict is Verdict.INVALID


def test_findings_are_told_once_each_and_at_most_so_many() -> None:
    rows = [*ORU[:6], *(f"OBX|{n}|CE|X^x^MetaDMPMSS||Z||||||F" for n in range(2, 2000))]
    judged = judge(message(rows))
    assert judged.findings[0].rule == "too-many"
    assert len(judged.findings) <= 501
    places = [(finding.rule, finding.path) for finding in judged.findings]
    assert len(places) == len(set(places))


def test_a_finding_says_segment_field_rule_source_and_both_codes_of_err() -> None:
    (finding,) = errors(put(RIGHT["tlr-1-request"], "PID^1^11", ""))
    told = finding.as_json("en")
    assert told == {
        "rule": "ins-birth-place",
        "severity": "error",
        "path": "PID^1^11",
        "line": None,
        "message": "The INS requires the place of birth: PID-11 of type BDL, INSEE code in component 9.",
        "source": "CI-SIS, Prise en charge de l'INS dans les standards d'interopérabilité",
        "segment": "PID",
        "field": "PID-11",
        "err3": "101",
        "err5": "905",
    }


def test_every_rule_that_is_said_has_its_sentence_and_every_named_rule_exists() -> None:
    said = set()
    for path in Path(gateway.hl7.check.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "say":
                first = node.args[0]
                said |= {first.value} if isinstance(first, ast.Constant) else set()
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Fault", "_said"):
                first = node.args[0]
                said |= {first.value} if isinstance(first, ast.Constant) else set()
    assert said
    assert {rule for rule in said if f"rule_hl7_{rule.replace('-', '_')}" not in TEXTS} == set()
    assert {rule for profile in all_profiles().values() for rule in profile.rules} == set(RULES)


def test_no_sentence_of_a_finding_shows_a_trait_of_the_patient() -> None:
    for place, value in (("PID^1^5^1^1", "AUTRENOM"), ("PID^1^7", "19790329"), ("PID^1^3^1^1", "279035121518988")):
        for finding in judge(message(put(ORU, place, value))).findings:
            assert value not in f"{finding.message}{finding.value or ''}{finding.expected or ''}"


@pytest.mark.parametrize("name", [name for name in RIGHT if name not in ("ack", "lb-a", "lb-c", "lb-d")])
@pytest.mark.parametrize(
    "error",
    [
        None,
        InputRejected("hl7_not_validated", place="OBX^1^11", hl7_code="103", field="OBX-11"),
        InputRejected("sender_patient_differs", place="PID^1^3"),
        InputRejected("report_not_cda", place="/ClinicalDocument"),
        Unavailable("hl7_internal_error"),
    ],
)
def test_what_we_answer_is_right_by_our_own_checker(name: str, error: GatewayError | None) -> None:
    request = read_request(message(RIGHT[name]))
    answer = accepted(request) if error is None else refused(request, error)
    assert judge(answer).about == {"profile": "ack"}
    assert not found(answer)


def test_the_patient_of_the_messages_is_the_one_of_the_documents() -> None:
    assert PID in ORU
