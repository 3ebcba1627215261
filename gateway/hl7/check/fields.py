"""Fields: data types and repetitions by the standard, usage and values by the profile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from gateway.hl7.check import datatypes
from gateway.hl7.check.case import Case
from gateway.hl7.er7 import Segment
from gateway.hl7.profiles import dictionary
from gateway.hl7.profiles.common import HL7
from gateway.hl7.profiles.grammar import Field, Section, Usage
from gateway.model.finding import Severity

_LARGE_BYTES = 64 * 1024
"""A value above this is a document; its text is never asked for here."""


def check(case: Case) -> None:
    """Say what is wrong with every field of a message."""
    known = case.profile.grammar.names
    for segment in case.message.segments:
        if segment.name in known:
            # The profile speaks first: what it says of a value, the standard need not say again.
            for section in _sections(case, segment):
                _profiled(case, segment, section)
            _standard(case, segment)


def _sections(case: Case, segment: Segment) -> Iterator[Section]:
    for section in case.profile.sections:
        if section.segment == segment.name and (section.when is None or section.when(segment)):
            yield section


def _standard(case: Case, segment: Segment) -> None:
    elements = dictionary.elements(segment.name)
    if not elements:
        return
    for element in elements.values():
        if segment.name == "MSH" and element.number <= 2:
            continue
        start, end = segment.span(element.number)
        if start == end:
            if start >= segment.end:
                break
            continue
        kind = element.type or segment.text(2)
        if segment.name == "OBX" and element.number == 6:
            kind = ""  # units are of UCUM or ISO when no system is named
        for repetition in _repetitions(case, segment, element):
            if _is_null(segment, element.number, repetition):
                continue
            for fault in datatypes.faults(segment, element.number, kind, repetition):
                case.say(
                    fault.rule,
                    segment,
                    element.number,
                    repetition=repetition,
                    component=fault.component,
                    subcomponent=fault.subcomponent,
                    severity=fault.severity,
                    err3="102",
                    source=f"{HL7} 2A, {kind}",
                    expected=fault.expected or None,
                )
    if segment.name == "OBX":
        _observation_type(case, segment)
    for number, (table, values) in dictionary.TABLES.get(segment.name, {}).items():
        text = segment.text(number)
        if text and text not in values:
            case.say("value", segment, number, err3="103", source=f"{HL7} {table}", value=text, expected=table)
    for number in dictionary.REQUIRED.get(segment.name, ()):
        start, end = segment.span(number)
        if start == end:
            case.say("field-required", segment, number, err3="101", source=f"{HL7} {segment.name}-{number}")
    _further(case, segment, max(elements))


def _observation_type(case: Case, segment: Segment) -> None:
    """OBX-2 says what OBX-5 is: needed as soon as there is a value (HL7 v2.5.1 section 7.4.2.2)."""
    kind = segment.text(2)
    start, end = segment.span(5)
    if not kind and start < end:
        case.say("field-required", segment, 2, err3="101", source=f"{HL7} OBX-2")
    if kind and kind not in datatypes.OBSERVATION_TYPES:
        case.say("value", segment, 2, err3="103", source=f"{HL7} table 0125", value=kind, expected="ED, CE…")


def _repetitions(case: Case, segment: Segment, element: dictionary.Element) -> Iterator[int]:
    for number in segment.repetitions(element.number):
        if number == 2 and not element.repeats:
            case.say(
                "field-repeated",
                segment,
                element.number,
                repetition=2,
                err3="198",
                source=f"{HL7} {segment.name}-{element.number}",
            )
        if number > 1 and not element.repeats:
            return
        yield number


def _is_null(segment: Segment, number: int, repetition: int) -> bool:
    """Whether nothing stands there but ``""``: a value of every data type, which says that there is none any more
    (HL7 v2.5.1 section 2.5.3)."""
    start, end = segment.span(number, repetition)
    return end - start == 2 and segment.text(number, 0, 0, repetition) == ""


def _further(case: Case, segment: Segment, last: int) -> None:
    """Something behind the last field that the standard gives a segment: often a separator too many."""
    for number in range(last + 1, last + 30):
        start, end = segment.span(number)
        if start < end and segment.name not in ("OBR", "OBX", "ORC", "TXA", "PRT"):
            case.say("field-unknown", segment, number, severity=Severity.WARNING, err3="199", source=HL7)
            return


def _profiled(case: Case, segment: Segment, section: Section) -> None:
    for field in section.fields:
        if field.component:
            for repetition in segment.repetitions(field.number):
                if repetition == 1 or not field.first_only:
                    _part(case, segment, section, field, repetition)
        else:
            _whole(case, segment, section, field)


def _whole(case: Case, segment: Segment, section: Section, field: Field) -> None:
    start, end = segment.span(field.number)
    empty = start == end or (end - start < _LARGE_BYTES and not _said(segment, field.number))
    if empty:
        if field.usage is Usage.REQUIRED:
            _missing(case, segment, section, field, 0)
        return
    if field.usage is Usage.FORBIDDEN:
        case.say("field-forbidden", segment, field.number, severity=field.severity, err3="199", source=section.source)
        return
    if field.single and _count(segment, field.number) > 1:
        case.say("field-repeated", segment, field.number, repetition=2, err3="198", source=section.source)
    if field.values or field.like:
        if segment.name == "MSH" and field.number <= 2:
            _value(case, segment, section, field, 0, case.message.raw[start:end].decode("latin-1"))
            return
        for repetition in segment.repetitions(field.number):
            if repetition == 1 or not field.first_only:
                _value(case, segment, section, field, repetition, segment.text(field.number, 1, 1, repetition))


def _count(segment: Segment, number: int) -> int:
    return sum(1 for _ in segment.repetitions(number))


def _said(segment: Segment, number: int) -> bool:
    """Whether a field holds more than delimiters, blanks and ``""``."""
    if segment.name == "MSH" and number <= 2:
        return True
    value = segment.raw(number)
    return bool(value.strip(b'^~&" \\')) or any(byte.isalnum() for byte in value.decode("latin-1"))


def _part(case: Case, segment: Segment, section: Section, field: Field, repetition: int) -> None:
    start, end = segment.span(field.number, repetition, field.component, field.subcomponent)
    large = end - start >= _LARGE_BYTES
    text = "" if large else segment.text(field.number, field.component, field.subcomponent or 1, repetition)
    if not text and not field.subcomponent and not field.values and not field.like:
        # An authority may have its OID alone: the component is there without its first part.
        text = segment.text(field.number, field.component, 2, repetition)
    if not text and not large:
        if field.usage is Usage.REQUIRED and _repetition_said(segment, field.number, repetition):
            _missing(case, segment, section, field, repetition)
        return
    if field.usage is Usage.FORBIDDEN:
        case.say(
            "field-forbidden",
            segment,
            field.number,
            repetition=repetition,
            component=field.component,
            severity=field.severity,
            err3="199",
            source=section.source,
        )
    elif not large:
        _value(case, segment, section, field, repetition, text)


def _repetition_said(segment: Segment, number: int, repetition: int) -> bool:
    start, end = segment.span(number, repetition)
    return end > start


def _missing(case: Case, segment: Segment, section: Section, field: Field, repetition: int) -> None:
    case.say(
        "field-required",
        segment,
        field.number,
        repetition=repetition,
        component=field.component,
        subcomponent=field.subcomponent,
        severity=Severity.WARNING if case.older and "" in field.older else field.severity,
        err3="101",
        source=section.source,
        expected=", ".join(field.values) or None,
    )


def _value(case: Case, segment: Segment, section: Section, field: Field, repetition: int, text: str) -> None:
    severity = field.severity
    if field.values:
        if text in field.values:
            return
        if _is_read(case, field, text):
            severity = Severity.WARNING
        rule, err3 = "value", field.err3 or "103"
    elif field.like and not _pattern(field.like).fullmatch(text):
        rule, err3 = "form", field.err3 or "102"
    else:
        return
    case.say(
        rule,
        segment,
        field.number,
        repetition=repetition,
        component=field.component,
        subcomponent=field.subcomponent,
        severity=severity,
        err3=err3,
        source=section.source,
        value=text,
        expected=", ".join(field.values) or None,
    )


def _is_read(case: Case, field: Field, text: str) -> bool:
    """Whether a value that is none of the profile's is taken all the same."""
    if text in field.tolerated or (case.older and text in field.older):
        return True
    return field.any_case and text.upper() in {value.upper() for value in field.values}


@lru_cache(maxsize=64)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)
