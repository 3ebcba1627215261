"""Dates in their order: nobody is born, asked for or dead after the message was made, or examined before being born.

Sources: HL7 v2.5.1 chapters 3, 4 and 7; IHE PAM national extension France 2.11 (PV1-44, PV1-45).
"""

from __future__ import annotations

from gateway.hl7.check.case import Case
from gateway.hl7.check.datatypes import is_time
from gateway.hl7.er7 import Segment
from gateway.hl7.profiles.common import HL7, PAM
from gateway.model.finding import Severity
from gateway.model.times import Timestamp

_NOT_AFTER_THE_MESSAGE = (("PID", 7), ("PID", 29), ("ORC", 9), ("PV1", 44))
_USUALLY_NOT_AFTER = (("EVN", 2), ("EVN", 6), ("TXA", 4), ("TXA", 7), ("OBX", 14))
"""Official examples have these after MSH-7."""
_NOT_BEFORE_THE_BIRTH = (("ORC", 9), ("TQ1", 7), ("OBR", 7), ("TXA", 4))
_PERIODS = (("TQ1", 7, 8), ("OBR", 7, 8), ("PRT", 11, 12))
"""Begin and end."""
MOST_YEARS = 130
"""Nobody has become so old."""


def dates(case: Case) -> None:
    """What may not be after the message, before the birth, or before its own beginning."""
    _before_the_message(case)
    patient = case.message.first("PID")
    born = patient.text(7) if patient else ""
    _visits(case, born)
    for name, begin, end in _PERIODS:
        for segment in case.message.all(name):
            if _both_later(segment.text(begin), segment.text(end)):
                case.say("dates-period", segment, end, err3="102", source=f"{HL7} {name}-{begin}, {name}-{end}")
    for name, number in _NOT_BEFORE_THE_BIRTH:
        for segment in case.message.all(name):
            if _both_later(born, segment.text(number)):
                case.say("dates-birth", segment, number, err3="102", source=f"{HL7} {name}-{number} ; PID-7")
    if patient is None:
        return
    if _both_later(born, patient.text(29)):
        case.say("dates-death", patient, 29, err3="102", source=PAM)
    if is_time(born) and is_time(case.message.header.text(7)):
        years = int(case.message.header.text(7)[:4]) - int(born[:4])
        if years > MOST_YEARS:
            case.say("dates-age", patient, 7, err3="102", source=PAM, expected=str(MOST_YEARS))


def is_later(one: str, other: str) -> bool:
    """Whether *one* is after *other*, to the precision of the shorter; zones are compared where both have one."""
    first, second = Timestamp.parse(one), Timestamp.parse(other)
    if first.moment.tzinfo and second.moment.tzinfo and min(first.digits, second.digits) > 8:
        return first.moment > second.moment
    digits = min(first.digits, second.digits)
    return one[:digits] > other[:digits]


def _both_later(one: str, other: str) -> bool:
    """The same of two fields, of which either may be empty or no date at all."""
    return bool(one and other) and is_time(one) and is_time(other) and is_later(one, other)


def _before_the_message(case: Case) -> None:
    made = case.message.header.text(7)
    for places, severity in ((_NOT_AFTER_THE_MESSAGE, Severity.ERROR), (_USUALLY_NOT_AFTER, Severity.WARNING)):
        for name, number in places:
            for segment in case.message.all(name):
                _not_after(case, segment, number, made, severity if number != 44 else Severity.WARNING)


def _not_after(case: Case, segment: Segment, number: int, made: str, severity: Severity) -> None:
    if _both_later(segment.text(number), made):
        case.say("dates-future", segment, number, severity=severity, err3="102", source=f"{PAM} ; MSH-7")


def _visits(case: Case, born: str) -> None:
    for visit in case.message.all("PV1"):
        if _both_later(visit.text(44), visit.text(45)):
            case.say("dates-visit", visit, 45, err3="102", source=PAM)
        if _both_later(born, visit.text(44)):
            case.say("dates-visit-birth", visit, 44, err3="102", source=PAM)
