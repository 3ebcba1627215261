"""The patient: national identity (INS), reliability, visit, and dates in their order.

Sources: CI-SIS "Prise en charge de l'INS dans les standards d'interopérabilité" (form, OID, traits: birth name, first
given name, birth date, sex, place of birth); ANS "Référentiel INS" (key); IHE PAM national extension France 2.11
(PID-11 ``BDL``, PID-32); CI-SIS "Transmission de documents CDA en HL7v2" 2.1 (PV1-19).
"""

from __future__ import annotations

import re

from gateway.hl7 import profiles
from gateway.hl7.check.case import Case, components
from gateway.hl7.check.datatypes import is_time
from gateway.hl7.er7 import Segment
from gateway.hl7.order_groups import of
from gateway.hl7.profiles.common import HL7, PAM
from gateway.model.finding import Severity
from gateway.model.identifiers import INS_NIA, INS_NIR, INS_OIDS, INS_TEST_OIDS, ins_key_is_right

INS = "CI-SIS, Prise en charge de l'INS dans les standards d'interopérabilité"
_AUTHORITIES = {"ASIP-SANTE-INS-NIR": INS_NIR, "ASIP-SANTE-INS-NIA": INS_NIA}
_COG = re.compile(r"[0-9]{5}|2[AB][0-9]{3}", re.ASCII)
_QUALIFIED = "VALI"


def identity(case: Case) -> None:
    """PID-3: the national identity's form, key, type and authority; then its traits and PID-32."""
    for patient in case.message.all("PID"):
        national = [number for number in patient.repetitions(3) if _is_national(patient, number)]
        for number in national:
            _national(case, patient, number)
        if len(national) > 1:
            case.say("ins-several", patient, 3, repetition=national[1], err3="198", source=INS)
        _traits(case, patient, bool(national))


def has_ins(patient: Segment | None) -> bool:
    """Whether PID-3 has a national identity."""
    return patient is not None and any(_is_national(patient, number) for number in patient.repetitions(3))


def _is_national(patient: Segment, number: int) -> bool:
    if patient.text(3, 4, 2, number) in INS_OIDS:
        return True
    return patient.text(3, 5, repetition=number).startswith("INS") or patient.text(3, 4, 1, number).startswith(
        "ASIP-SANTE-INS"
    )


def _national(case: Case, patient: Segment, number: int) -> None:
    value = patient.text(3, repetition=number)
    oid, kind = patient.text(3, 4, 2, number), patient.text(3, 4, 3, number)
    if not ins_key_is_right(value):
        case.say("ins-form", patient, 3, repetition=number, component=1, err3="102", err5="905", source=INS)
    if oid not in INS_OIDS:
        expected = ", ".join(sorted(INS_OIDS))
        case.say(
            "value",
            patient,
            3,
            repetition=number,
            component=4,
            subcomponent=2,
            err3="103",
            source=INS,
            value=oid,
            expected=expected,
        )
    if oid in INS_OIDS and kind != "ISO":
        case.say(
            "value",
            patient,
            3,
            repetition=number,
            component=4,
            subcomponent=3,
            err3="103",
            source=INS,
            value=kind,
            expected="ISO",
        )
    type_code = patient.text(3, 5, repetition=number)
    if type_code not in ("INS", "INS-NIR", "INS-NIA", "NH"):
        rule, err3 = ("field-required", "101") if not type_code else ("value", "103")
        case.say(
            rule,
            patient,
            3,
            repetition=number,
            component=5,
            err3=err3,
            source=INS,
            value=type_code or None,
            expected="INS",
        )
    name = patient.text(3, 4, 1, number)
    if name and not name.startswith("ASIP-SANTE-INS"):
        case.say(
            "value",
            patient,
            3,
            repetition=number,
            component=4,
            subcomponent=1,
            severity=Severity.WARNING,
            err3="103",
            source=INS,
            value=name,
            expected="ASIP-SANTE-INS-NIR",
        )
    stated = _AUTHORITIES.get(name, "")
    if (stated and oid in (INS_NIR, INS_NIA) and stated != oid) or (stated == INS_NIA and oid in INS_TEST_OIDS):
        # Both test authorities are of the NIR.
        case.say("ins-authority", patient, 3, repetition=number, component=4, err3="103", source=INS)


def _once(case: Case, patient: Segment, field: int, component: int, kind: str) -> None:
    """One birth name, one place of birth."""
    of_kind = [n for n in patient.repetitions(field) if patient.text(field, component, repetition=n) == kind]
    if len(of_kind) > 1:
        case.say("field-repeated", patient, field, repetition=of_kind[1], err3="198", source=PAM)


def _traits(case: Case, patient: Segment, national: bool) -> None:
    severity = Severity.ERROR if case.profile.national else Severity.WARNING
    _once(case, patient, 5, 7, "L")
    _once(case, patient, 11, 7, "BDL")
    birth_places = [n for n in patient.repetitions(11) if patient.text(11, 7, repetition=n) == "BDL"]
    for number in birth_places:
        code = patient.text(11, 9, repetition=number)
        if code and not _COG.fullmatch(code):
            case.say("birth-place-form", patient, 11, repetition=number, component=9, err3="102", source=PAM)
    if not national:
        return
    if not any(patient.text(11, 9, repetition=number) for number in birth_places):
        case.say("ins-birth-place", patient, 11, severity=severity, err3="101", err5="905", source=INS)
    if not len(patient.text(7)) >= 8 and patient.text(7):
        case.say("ins-birth-date", patient, 7, severity=severity, err3="102", err5="905", source=INS)
    sex = patient.text(8)
    if sex and sex not in ("M", "F", "U"):
        case.say("ins-sex", patient, 8, severity=severity, err3="103", err5="905", source=INS, value=sex)
    said = {patient.text(32, repetition=number) for number in patient.repetitions(32)} - {""}
    if not said:
        case.say("ins-reliability", patient, 32, severity=severity, err3="101", source=f"{INS} ; {PAM}")
    elif _QUALIFIED not in said or said & {"PROV", "DOUTE", "FICTI", "VIDE"}:
        case.say(
            "ins-not-qualified",
            patient,
            32,
            severity=Severity.ERROR,
            err3="103",
            source=f"{INS} ; {PAM}",
            value=", ".join(sorted(said)),
            expected=_QUALIFIED,
        )
    if patient.text(31) == "Y":
        case.say("ins-identity-unknown", patient, 31, severity=severity, err3="103", source=PAM)
    for number in patient.repetitions(5):
        if number == 1 and patient.text(5, 7) not in ("L", ""):
            case.say(
                "value",
                patient,
                5,
                repetition=1,
                component=7,
                severity=severity,
                err3="103",
                source=INS,
                value=patient.text(5, 7),
                expected="L",
            )
    first, given = patient.text(5, 2), patient.text(5, 3)
    if not first:
        case.say(
            "field-required",
            patient,
            5,
            repetition=1,
            component=2,
            severity=severity,
            err3="101",
            err5="905",
            source=INS,
        )
    if first and not given:
        case.say(
            "field-required",
            patient,
            5,
            repetition=1,
            component=3,
            severity=severity,
            err3="101",
            err5="905",
            source=INS,
        )
    elif first and not given.upper().startswith(first.upper()):
        case.say("ins-given-names", patient, 5, repetition=1, component=3, severity=severity, err3="102", source=INS)


def visit_number(case: Case) -> None:
    """PV1-19 is required when PV1-2 is E, I, O or R."""
    for visit in case.message.all("PV1"):
        if visit.text(2) in profiles.CLASSES_WITH_A_VISIT_NUMBER and not visit.text(19):
            case.say("visit-number", visit, 19, err3="101", value=visit.text(2))


_NOT_AFTER_THE_MESSAGE = (("PID", 7), ("ORC", 9), ("PV1", 44))
_USUALLY_NOT_AFTER = (("EVN", 2), ("EVN", 6), ("TXA", 4), ("TXA", 7))
"""Official examples have these after MSH-7."""


def dates(case: Case) -> None:
    """Nobody is born, and nothing was asked for, after the message was made; a visit ends after it began."""
    made = case.message.header.text(7)
    if is_time(made):
        for places, severity in (
            (_NOT_AFTER_THE_MESSAGE, Severity.ERROR),
            (_USUALLY_NOT_AFTER, Severity.WARNING),
        ):
            for name, number in places:
                for segment in case.message.all(name):
                    _not_after(case, segment, number, made, severity if number != 44 else Severity.WARNING)
    for visit in case.message.all("PV1"):
        start, stop = visit.text(44), visit.text(45)
        if start and stop and is_time(start) and is_time(stop) and _later(start, stop):
            case.say("dates-visit", visit, 45, err3="102", source=PAM)
    patient = case.message.first("PID")
    born = patient.text(7) if patient else ""
    for visit in case.message.all("PV1"):
        if born and visit.text(44) and is_time(born) and is_time(visit.text(44)) and _later(born, visit.text(44)):
            case.say("dates-visit-birth", visit, 44, err3="102", source=PAM)
    died = patient.text(29) if patient else ""
    if patient and died and born and is_time(died) and is_time(born) and _later(born, died):
        case.say("dates-death", patient, 29, err3="102", source=PAM)


def _not_after(case: Case, segment: Segment, number: int, made: str, severity: Severity) -> None:
    stated = segment.text(number)
    if stated and is_time(stated) and _later(stated, made):
        case.say("dates-future", segment, number, severity=severity, err3="102", source=f"{PAM} ; MSH-7")


def _later(one: str, other: str) -> bool:
    """Whether *one* is after *other*, to the precision of the shorter; zones are compared where both have one."""
    from gateway.model.times import Timestamp

    first, second = Timestamp.parse(one), Timestamp.parse(other)
    if first.moment.tzinfo and second.moment.tzinfo and min(first.digits, second.digits) > 8:
        return first.moment > second.moment
    digits = min(first.digits, second.digits)
    return one[:digits] > other[:digits]


def order_pairs(case: Case) -> None:
    """OBR-2 and OBR-3 are ORC-2 and ORC-3 where both are filled."""
    for order in case.orders:
        request = of(order, "OBR")
        if request is None:
            continue
        for number in (2, 3):
            ours, theirs = components(request, number), components(order[0], number)
            if ours and theirs and ours != theirs:
                case.say("order-number-differs", request, number, err3="103", source=f"{HL7} 4.5.3.{number}")


def sequence(case: Case) -> None:
    """OBX-1 counts from 1 in each order, as every example does."""
    expected = 1
    for segment in case.message.segments:
        if segment.name == "ORC":
            expected = 1
        if segment.name != "OBX":
            continue
        stated = segment.text(1)
        if stated.isdecimal() and int(stated) != expected:
            case.say(
                "sequence", segment, 1, severity=Severity.WARNING, err3="199", value=stated, expected=str(expected)
            )
        expected = (int(stated) if stated.isdecimal() and len(stated) < 6 else expected) + 1
