"""What kind of number a CX says it is (CX.5, table 0203): a patient's, an account's, a visit's.

Sources: HL7 v2.5.1 table 0203 as Interop'Santé extends it; IHE PAM national extension France 2.11 (PID-3, PID-18
``AN``, PV1-19 ``VN``, MRG-1).
"""

from __future__ import annotations

from gateway.hl7.check.case import Case
from gateway.hl7.check.identity import is_national
from gateway.hl7.er7 import Segment
from gateway.hl7.profiles.common import ORGANIZATION_TYPES, PAM
from gateway.model.finding import Severity

ACCOUNT, VISIT = "AN", "VN"
_OF_PATIENTS = frozenset({"PI", "INS", "INS-C", "INS-NIR", "INS-NIA", "NH"})
_OF_OTHERS = frozenset({"ADELI", "IDNPS", "RPPS", *ORGANIZATION_TYPES})


def number_kinds(case: Case) -> None:
    """A patient's number is of no visit, an account's of no patient; an authority names a patient once."""
    for name, field in (("PID", 3), ("MRG", 1)):
        for segment in case.message.all(name):
            _patient_numbers(case, segment, field)
    for name, field, expected in (("PID", 18, ACCOUNT), ("PV1", 19, VISIT)):
        for segment in case.message.all(name):
            kind = segment.text(field, 5)
            if kind != expected and kind in (ACCOUNT, VISIT, *_OF_PATIENTS, *_OF_OTHERS):
                _wrong(case, segment, field, 1, kind, expected)


def _patient_numbers(case: Case, segment: Segment, field: int) -> None:
    seen: set[tuple[str, str]] = set()
    for number in segment.repetitions(field):
        kind = segment.text(field, 5, repetition=number)
        if kind in (ACCOUNT, VISIT, *_OF_OTHERS):
            _wrong(case, segment, field, number, kind, "PI")
        elif not kind and segment.text(field, repetition=number) and not is_national(segment, number, field):
            case.say(
                "field-required",
                segment,
                field,
                repetition=number,
                component=5,
                severity=Severity.WARNING,
                err3="101",
                source=PAM,
            )
        issuer = segment.text(field, 4, 2, number) or segment.text(field, 4, 1, number)
        if issuer and (issuer, kind) in seen and not is_national(segment, number, field):
            case.say(
                "number-twice", segment, field, repetition=number, severity=Severity.WARNING, err3="198", source=PAM
            )
        seen.add((issuer, kind))


def _wrong(case: Case, segment: Segment, field: int, number: int, kind: str, expected: str) -> None:
    case.say(
        "value",
        segment,
        field,
        repetition=number,
        component=5,
        err3="103",
        source=f"{PAM} ; table 0203",
        value=kind,
        expected=expected,
    )
