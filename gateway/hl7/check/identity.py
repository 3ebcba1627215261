"""The patient: national identity (INS), reliability, visit; numbers of what is repeated.

Sources: CI-SIS "Prise en charge de l'INS dans les standards d'interopérabilité" (form, OID, traits: birth name, first
given name, birth date, sex, place of birth); ANS "Référentiel INS" (key); IHE PAM national extension France 2.11
(PID-11 ``BDL``, PID-32); CI-SIS "Transmission de documents CDA en HL7v2" 2.1 (PV1-19).
"""

from __future__ import annotations

import re

from gateway.hl7 import profiles
from gateway.hl7.check.case import Case, components
from gateway.hl7.er7 import Segment
from gateway.hl7.order_groups import of
from gateway.hl7.profiles.common import HL7, PAM
from gateway.model.finding import Severity
from gateway.model.identifiers import INS_NIA, INS_NIR, INS_OIDS, INS_TEST_OIDS, ins_key_is_right

INS = "CI-SIS, Prise en charge de l'INS dans les standards d'interopérabilité"
_AUTHORITIES = {"ASIP-SANTE-INS-NIR": INS_NIR, "ASIP-SANTE-INS-NIA": INS_NIA}
_TYPES = {"INS-NIR": INS_NIR, "INS-NIA": INS_NIA}
_COG = re.compile(r"(?!00)[0-9]{5}|2[AB][0-9]{3}", re.ASCII)
"""INSEE code of a commune or country: no department is 00."""
_QUALIFIED = "VALI"
_UNSURE = {"PROV", "DOUTE", "FICTI", "VIDE"}


def identity(case: Case) -> None:
    """PID-3: the national identity's form, key, type and authority; then its traits and PID-32."""
    for patient in case.message.all("PID"):
        national = [number for number in patient.repetitions(3) if is_national(patient, number)]
        for number in national:
            _national(case, patient, number)
        if len(national) > 1:
            case.say("ins-several", patient, 3, repetition=national[1], err3="198", source=INS)
        _traits(case, patient, bool(national))
        _contradictions(case, patient, bool(national))


def has_ins(patient: Segment | None) -> bool:
    """Whether PID-3 has a national identity."""
    return patient is not None and any(is_national(patient, number) for number in patient.repetitions(3))


def is_national(segment: Segment, number: int, field: int = 3) -> bool:
    """Whether a repetition of a CX (of PID-3, where nothing else is said) is meant to be a national identity."""
    if segment.text(field, 4, 2, number) in INS_OIDS:
        return True
    if segment.text(field, 5, repetition=number).startswith("INS"):
        return True
    return segment.text(field, 4, 1, number).startswith("ASIP-SANTE-INS")


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
    for part, stated in ((4, _AUTHORITIES.get(name)), (5, _TYPES.get(type_code))):
        # Both test authorities are of the NIR.
        if stated and oid in INS_OIDS and oid != stated and not (stated == INS_NIR and oid in INS_TEST_OIDS):
            case.say("ins-authority", patient, 3, repetition=number, component=part, err3="103", source=INS)
    if oid != INS_NIA and ins_key_is_right(value):
        _as_the_number_says(case, patient, value)


_SEXES = {"1": "M", "3": "M", "7": "M", "2": "F", "4": "F", "8": "F"}


def _as_the_number_says(case: Case, patient: Segment, number: str) -> None:
    """Sex, year and month of birth stand in a NIR too. The traits of the register prevail, so it is a warning."""
    sex, born = patient.text(8), patient.text(7)
    if sex in ("M", "F") and _SEXES.get(number[0], sex) != sex:
        case.say("ins-traits", patient, 8, severity=Severity.WARNING, err3="103", source=INS)
    month = number[3:5] if "01" <= number[3:5] <= "12" else ""  # others: the month is not known
    if (born[2:4] and born[2:4] != number[1:3]) or (month and born[4:6] and born[4:6] != month):
        case.say("ins-traits", patient, 7, severity=Severity.WARNING, err3="103", source=INS)


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
    elif _QUALIFIED not in said or said & _UNSURE:
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


def _contradictions(case: Case, patient: Segment, national: bool) -> None:
    """What PID says twice: unknown and validated, alive and dead since, one of several births and the only one."""
    said = {patient.text(32, repetition=number) for number in patient.repetitions(32)}
    if not national and _QUALIFIED in said and (patient.text(31) == "Y" or said & _UNSURE):
        case.say("identity-contradicts", patient, 32, err3="103", source=f"{PAM}, PID-31, PID-32")
    if patient.text(30) == "N" and patient.text(29):
        case.say("death-contradicts", patient, 30, err3="103", source=f"{HL7} 3.4.2, PID-29, PID-30")
    if patient.text(24) == "N" and patient.text(25) not in ("", "1"):
        source = f"{HL7} 3.4.2, PID-24, PID-25"
        case.say("birth-order", patient, 25, severity=Severity.WARNING, err3="103", source=source)


def visit_number(case: Case) -> None:
    """PV1-19 is required when PV1-2 is E, I, O or R."""
    for visit in case.message.all("PV1"):
        if visit.text(2) in profiles.CLASSES_WITH_A_VISIT_NUMBER and not visit.text(19):
            case.say("visit-number", visit, 19, err3="101", value=visit.text(2))


def order_pairs(case: Case) -> None:
    """OBR-2 and OBR-3 are ORC-2 and ORC-3 where both are filled."""
    for order in case.orders:
        request = of(order, "OBR")
        if request is None:
            continue
        for number in (2, 3):
            if _differ(components(request, number), components(order[0], number)):
                case.say("order-number-differs", request, number, err3="103", source=f"{HL7} 4.5.3.{number}")


def _differ(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two EI cannot be the same number: the name of an authority says nothing beside its OID."""
    if not one or not other:
        return False
    (number, name, root), (its_number, its_name, its_root) = ((*each, "", "", "")[:3] for each in (one, other))
    if number != its_number or (root and its_root and root != its_root):
        return True
    return bool(name and its_name) and name != its_name and not (root and its_root)


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
