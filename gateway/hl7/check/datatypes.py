"""The form of values by their data types.

Sources: HL7 v2.5.1 chapter 2A; constraints of Interop'Santé on data types 1.8 (EI is .1 and .2, or .1, .3 and .4; the
coding system goes with the code).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.hl7.er7 import Segment
from gateway.model.finding import Severity
from gateway.model.identifiers import is_uid
from gateway.model.times import Timestamp

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_SEQUENCE = re.compile(r"[0-9]{1,4}", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9]([0-5][0-9](\.[0-9]{1,4})?)?)?([+-][0-9]{4})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}([0-9]{2}([0-9]{2})?)?", re.ASCII)
_LOINC = re.compile(r"[0-9]{1,7}-[0-9]", re.ASCII)
MOST_DIGITS = 16
"""Of a number (HL7 v2.5.1 section 2A.48, NM: maximum length)."""
_ADDRESS_TYPES = "B BA BDL BI BR C F H L M N O P RH S SH TM V"
"""XAD.7 (table 0190, v2.5 to v2.7)."""
_NAME_TYPES = "A B BAD C D F G I K L M MSK N NAV NB NOUSE P R REL S T TEMP U"
"""XPN.7 and XCN.10 (table 0200, v2.5 to v2.9)."""
_TELECOM_USES = "ASN BPN EMR NET ORN PRN PRS VHN WPN"
"""XTN.2 (table 0201, v2.5 to v2.7)."""
_TELECOM_KINDS = "BP CP FX Internet MD PH SAT TDD TTY X.400"
"""XTN.3 (table 0202, v2.5 to v2.7)."""
_MODES = "A I R T"
"""PT.2 (table 0207)."""
_COUNTRY = re.compile(r"[A-Z]{3}", re.ASCII)
"""XAD.6 (table 0399: ISO 3166, three letters)."""
_AUTHORITY_KINDS = "CAP CLIA CLIP DNS EUI64 GUID HCD HL7 ISO L M N Random URI UUID x400 x500"
"""HD.3 (table 0301, v2.5 to v2.7)."""
_PRIMITIVE = frozenset({"ST", "TX", "FT", "ID", "IS", "NM", "SI", "DT", "TM", "DTM"})
_TEXT = frozenset({"ST", "TX", "FT"})
MOST_COMPONENTS = {
    "HD": 3,
    "EI": 4,
    "CE": 6,
    "CX": 10,
    "MSG": 3,
    "PT": 2,
    "XPN": 15,
    "XCN": 23,
    "XON": 10,
    "ED": 5,
    "CQ": 2,
    "TS": 2,
}
OBSERVATION_TYPES = frozenset(
    [
        "AD",
        "CE",
        "CF",
        "CK",
        "CN",
        "CP",
        "CX",
        "CWE",
        "DT",
        "DTM",
        "ED",
        "FT",
        "ID",
        "IS",
        "MO",
        "NM",
        "PN",
        "RP",
        "SN",
        "ST",
        "TM",
        "TN",
        "TS",
        "TX",
        "XAD",
        "XCN",
        "XON",
        "XPN",
        "XTN",
        "EI",
        "HD",
    ]
)
"""OBX-2 (table 0125)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one value."""

    rule: str
    component: int = 0
    subcomponent: int = 0
    severity: Severity = Severity.ERROR
    expected: str = ""


def faults(segment: Segment, field: int, kind: str, repetition: int) -> Iterator[Fault]:
    """What is wrong with one repetition of a field of data type *kind*."""
    most = 1 if kind in _PRIMITIVE else MOST_COMPONENTS.get(kind, 0)
    # OBX-5 may be 60 MiB: whether there is one component more is asked of its bounds alone.
    if most and _filled(segment, field, repetition, most + 1):
        yield Fault("type-components", most + 1, severity=Severity.WARNING if kind in _TEXT else Severity.ERROR)
    check = _CHECKS.get(kind)
    if check is not None:
        yield from check(segment, field, repetition)


def is_loinc(code: str) -> bool:
    """Whether *code* has the form and the check digit (mod 10) of a LOINC number (LOINC Users' Guide, section 1.4)."""
    if not _LOINC.fullmatch(code):
        return False
    total = 0
    for place, digit in enumerate(reversed(code[:-2])):
        doubled = int(digit) * (1 + (place + 1) % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return (total + int(code[-1])) % 10 == 0


def is_number(text: str) -> bool:
    """Whether *text* is an NM."""
    return _NUMBER.fullmatch(text) is not None


def is_time(text: str) -> bool:
    """Whether *text* is a TS that exists in the calendar."""
    try:
        Timestamp.parse(text)
    except ValueError:
        return False
    return True


def _filled(segment: Segment, field: int, repetition: int, component: int, subcomponent: int = 0) -> bool:
    start, end = segment.span(field, repetition, component, subcomponent)
    return end > start


def _time_stamp(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    text = segment.text(field, repetition=repetition)
    if not text or is_time(text):
        return
    if segment.name == "PID" and field == 7 and re.fullmatch(r"[0-9]{4}[0-9]{2}00|[0-9]{4}0000", text):
        # A birth date of which the day is not known.
        yield Fault("type-birth-date", severity=Severity.WARNING)
        return
    yield Fault("type-time")


def _date(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    text = segment.text(field, repetition=repetition)
    if text and not (_DATE.fullmatch(text) and is_time(text)):
        yield Fault("type-time")


def _pattern(rule: str, pattern: re.Pattern[str]):  # type: ignore[no-untyped-def]
    def check(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
        text = segment.text(field, repetition=repetition)
        if text and not pattern.fullmatch(text):
            yield Fault(rule)

    return check


def _of_table(
    segment: Segment, field: int, repetition: int, component: int, values: str, subcomponent: int = 0
) -> Iterator[Fault]:
    """A code of a table that the standard closes."""
    code = segment.text(field, component, subcomponent or 1, repetition)
    if code and code not in values.split():
        yield Fault("type-table", component, subcomponent, expected=values.replace(" ", ", "))


def _authority(segment: Segment, field: int, repetition: int, component: int) -> Iterator[Fault]:
    """An HD as a component: ``name&root&kind``."""
    root, kind = (segment.text(field, component, part, repetition) for part in (2, 3))
    yield from _of_table(segment, field, repetition, component, _AUTHORITY_KINDS, 3)
    if kind == "ISO" and not is_uid(root):
        yield Fault("type-oid", component, 2)
    elif (root and not kind) or (is_uid(root) and kind != "ISO" and root.count(".") >= 3):
        yield Fault("type-authority", component, 3)


def _hierarchic(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    name, root, kind = (segment.text(field, part, repetition=repetition) for part in (1, 2, 3))
    yield from _of_table(segment, field, repetition, 3, _AUTHORITY_KINDS)
    if kind == "ISO" and not is_uid(root):
        yield Fault("type-oid", 2)
    elif bool(root) != bool(kind):
        yield Fault("type-authority", 3 if root else 2)
    elif not name and not root:
        yield Fault("type-empty", 1)


def _composite_id(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    if not segment.text(field, repetition=repetition):
        yield Fault("type-empty", 1)
    elif not _filled(segment, field, repetition, 4):
        yield Fault("type-no-authority", 4, severity=Severity.WARNING)
    yield from _authority(segment, field, repetition, 4)
    for number in (7, 8):
        text = segment.text(field, number, repetition=repetition)
        if text and not is_time(text):
            yield Fault("type-time", number)


def _person(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    yield from _authority(segment, field, repetition, 9)
    yield from _of_table(segment, field, repetition, 10, _NAME_TYPES)


def _name(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    yield from _of_table(segment, field, repetition, 7, _NAME_TYPES)


def _telecom(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    yield from _of_table(segment, field, repetition, 2, _TELECOM_USES)
    yield from _of_table(segment, field, repetition, 3, _TELECOM_KINDS)


def _address(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    yield from _of_table(segment, field, repetition, 7, _ADDRESS_TYPES)
    country = segment.text(field, 6, repetition=repetition)
    if country and not _COUNTRY.fullmatch(country):
        yield Fault("type-country", 6, severity=Severity.WARNING)


def _processing(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    yield from _of_table(segment, field, repetition, 2, _MODES)


def _organization(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    yield from _authority(segment, field, repetition, 6)


def _entity(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    value, _name, root, kind = (segment.text(field, part, repetition=repetition) for part in (1, 2, 3, 4))
    yield from _of_table(segment, field, repetition, 4, _AUTHORITY_KINDS)
    if not value:
        yield Fault("type-empty", 1)
    if kind == "ISO" and not is_uid(root):
        yield Fault("type-oid", 3)
    elif bool(root) != bool(kind):
        yield Fault("type-authority", 4 if root else 3)


def _coded(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    code, system = segment.text(field, 1, repetition=repetition), segment.text(field, 3, repetition=repetition)
    if code and not system:
        yield Fault("type-coding-system", 3, severity=Severity.WARNING)
    elif system and not code:
        yield Fault("type-empty", 1)
    elif system == "LN" and not is_loinc(code):
        yield Fault("type-loinc", 1)


def _number(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    text = segment.text(field, repetition=repetition)
    if text and (not _NUMBER.fullmatch(text) or len(text) > MOST_DIGITS):
        yield Fault("type-number")


def _quantity(segment: Segment, field: int, repetition: int) -> Iterator[Fault]:
    text = segment.text(field, repetition=repetition)
    if text and not _NUMBER.fullmatch(text):
        yield Fault("type-number", 1)


_CHECKS = {
    "TS": _time_stamp,
    "DTM": _time_stamp,
    "DT": _date,
    "TM": _pattern("type-time", _TIME),
    "NM": _number,
    "SI": _pattern("type-sequence", _SEQUENCE),
    "HD": _hierarchic,
    "CX": _composite_id,
    "XCN": _person,
    "XPN": _name,
    "XAD": _address,
    "XTN": _telecom,
    "XON": _organization,
    "EI": _entity,
    "CE": _coded,
    "CWE": _coded,
    "CQ": _quantity,
    "PT": _processing,
}
