"""Values of a message that become keys: short, without control characters; identifiers under their issuer's OID."""

from __future__ import annotations

import re

from gateway.errors import InputRejected
from gateway.hl7.er7 import Segment
from gateway.model.identifiers import Identifier, is_uid

MAX_IDENTIFIERS = 100
MAX_VALUE_CHARACTERS = 250

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def value(segment: Segment, field: int, component: int = 1, subcomponent: int = 1, repetition: int = 1) -> str:
    """A value that is going to be compared or kept as a key; raises InputRejected (``hl7_value``)."""
    text = segment.text(field, component, subcomponent, repetition)
    if len(text) > MAX_VALUE_CHARACTERS or _CONTROL.search(text):
        place = segment.place(field, repetition, component)
        raise InputRejected("hl7_value", place=place, hl7_code="102", limit=MAX_VALUE_CHARACTERS)
    return text


def missing(place: str) -> InputRejected:
    """The refusal of a message that lacks the field at *place*."""
    segment, _, field = place.split("^")[:3]
    return InputRejected("hl7_field_missing", place=place, hl7_code="101", field=f"{segment}-{field}")


def identifiers(segment: Segment, field: int) -> tuple[Identifier, ...]:
    """The CX of a field: CX-1 under the OID of CX-4; an issuer without an OID gives an empty root.

    HL7 v2.5 section 2.A.14 (CX) and 2.A.33 (HD): CX-4.2 is an OID when CX-4.3 says ``ISO``. Raises InputRejected.
    """
    found = []
    for number in segment.repetitions(field):
        if number > MAX_IDENTIFIERS:
            raise InputRejected(
                "hl7_too_many_identifiers", place=segment.place(field, number), hl7_code="198", limit=MAX_IDENTIFIERS
            )
        text = value(segment, field, repetition=number)
        if text:
            found.append(Identifier(_issuer(segment, field, number), text))
    if not found:
        raise missing(segment.place(field))
    return tuple(found)


def _issuer(segment: Segment, field: int, number: int) -> str:
    root, kind = (value(segment, field, 4, part, number) for part in (2, 3))
    if is_uid(root):
        return root if kind in ("", "ISO") else ""
    if kind == "ISO":
        raise InputRejected("hl7_identifier", place=segment.place(field, number, 4), hl7_code="102")
    return ""
