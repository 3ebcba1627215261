"""A received message becomes an event of the flow.

The order of the checks is the order in which a person would ask: is it a message, of a kind that is handled, is
everything there, does it agree with itself, is the report validated, is the document readable. Each refusal names its
place (``SEG^sequence^field``) and its code of table 0357.

Source: CI-SIS "Transmission d'un document CDA R2 en HL7 v2" 2.1; HL7 v2.5 chapters 2, 3, 7 and 9.
"""

from __future__ import annotations

import re

from gateway.errors import InputRejected, InputTooLarge, NotSupportedYet
from gateway.flow.events import Delete, Event, New, Replace
from gateway.hl7 import embedded, er7, profiles, statements
from gateway.hl7.er7 import Message, Segment
from gateway.hl7.profiles import Action, Profile
from gateway.model.identifiers import Identifier, is_root, is_uid
from gateway.model.share import Received

CHANNEL = "mllp"
MAX_ENVELOPE_BYTES = 1024 * 1024
"""Of a message without its document; an official one has 4 KiB."""
MAX_IDENTIFIERS = 100
MAX_VALUE_CHARACTERS = 250

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BIRTH_DATE = re.compile(r"\d{4}(\d{2}(\d{2})?)?", re.ASCII)
_RESULT_STATUSES = frozenset(trio.result_status for trio in profiles.ACTIONS.values())


def read_event(message: bytes, *, processing_ids: frozenset[str] = profiles.PROCESSING_IDS) -> Event:
    """What *message* asks for, nothing of it believed yet.

    *processing_ids*: the values of MSH-11 that are taken; a gateway in production may take ``P`` alone. Raises
    InputRejected, InputTooLarge or NotSupportedYet, each with ``place`` and ``hl7_code``.
    """
    parsed = er7.parse(message)
    profile = _profile(parsed, processing_ids)
    _structure(parsed, profile)
    document = embedded.find(parsed)
    _fields(parsed, profile, document)
    action = _action(parsed, document)
    received = _received(parsed, document)
    if action is Action.DELETE:
        return Delete(received)
    if action is Action.REPLACE:
        return Replace(received, _parent(parsed))
    return New(received)


def _profile(message: Message, processing_ids: frozenset[str]) -> Profile:
    """The structure by which to read; the header decides, the type of message first."""
    header = message.header
    code, event = header.text(9), header.text(9, 2)
    if not code:
        raise _missing(header.place(9))
    profile = profiles.BY_MESSAGE_CODE.get(code)
    if profile is None:
        kind, text = (
            (NotSupportedYet, "hl7_type_later") if code in profiles.LATER_TYPES else (InputRejected, "hl7_type")
        )
        raise kind(text, place=header.place(9, 1, 1), hl7_code="200")
    if header.text(21, 2).startswith(profiles.OTHER_PROFILES):
        raise NotSupportedYet("hl7_profile_later", place=header.place(21), hl7_code="200")
    if event not in profile.events:
        raise InputRejected("hl7_event", place=header.place(9, 1, 2), hl7_code="201")
    if header.text(12) not in profiles.READ_VERSIONS:
        raise InputRejected("hl7_version", place=header.place(12), hl7_code="203", expected=profile.version)
    if header.text(11) not in processing_ids:
        expected = ", ".join(sorted(processing_ids))
        raise InputRejected("hl7_processing_id", place=header.place(11), hl7_code="202", expected=expected)
    return profile


def _structure(message: Message, profile: Profile) -> None:
    for name in profile.single:
        if len(message.all(name)) > 1:
            raise InputRejected("hl7_segment_twice", place=f"{name}^2", hl7_code="198", segment=name)
    for name in profiles.missing_segments(message, profile):
        raise InputRejected("hl7_segment_missing", place=f"{name}^1", hl7_code="100", segment=name)
    name = profiles.misplaced_segment(message, profile)
    if name:
        raise InputRejected("hl7_segment_order", place=f"{name}^1", hl7_code="100", segment=name)


def _fields(message: Message, profile: Profile, document: Segment) -> None:
    for required in profiles.missing_fields(message, profile, document.sequence - 1):
        if required.needed:
            sequence = document.sequence if required.segment == "OBX" else 1
            component = f"^1^{required.component}" if required.component > 1 else ""
            raise _missing(f"{required.segment}^{sequence}^{required.field}{component}")


def _missing(place: str) -> InputRejected:
    segment, _, field = place.split("^")[:3]
    return InputRejected("hl7_field_missing", place=place, hl7_code="101", field=f"{segment}-{field}")


def _action(message: Message, document: Segment) -> Action:
    """What is done with the document; only a validated report is taken."""
    status = document.text(11)
    if status not in _RESULT_STATUSES:
        raise InputRejected("hl7_not_validated", place=document.place(11), hl7_code="103", field="OBX-11")
    transcription = message.first("TXA")
    if transcription and transcription.text(17) not in ("", profiles.VALIDATED):
        raise InputRejected("hl7_not_validated", place=transcription.place(17), hl7_code="103", field="TXA-17")
    order = [row for row in message.all("ORC") if row.start < document.start][-1]
    action = profiles.action_of(message.header.text(9, 2), order.text(1), status)
    if action is None:
        raise InputRejected("hl7_inconsistent", place=order.place(1), hl7_code="103")
    return action


def _received(message: Message, document: Segment) -> Received:
    header, transcription = message.header, message.first("TXA")
    patient = message.all("PID")[0]
    start, end = embedded.span(document)
    if len(message.raw) - (end - start) > MAX_ENVELOPE_BYTES:
        raise InputTooLarge("hl7_envelope_too_large", place="MSH^1", limit=MAX_ENVELOPE_BYTES)
    return Received(
        channel=CHANNEL,
        sender=f"{_value(header, 3)}|{_value(header, 4)}",
        control_id=_value(header, 10),
        content=embedded.content(message, document),
        statements=statements.read(message, patient, message.first("PV1")),
        patient_identifiers=_identifiers(patient),
        birth_date=_birth_date(patient),
        sex=_value(patient, 8),
        document_id=_document_id(transcription) if transcription else "",
        envelope=message.without(start, end),
    )


def _value(segment: Segment, field: int, component: int = 1, subcomponent: int = 1, repetition: int = 1) -> str:
    """A value that is going to be compared or kept as a key: short, and without control characters."""
    text = segment.text(field, component, subcomponent, repetition)
    if len(text) > MAX_VALUE_CHARACTERS or _CONTROL.search(text):
        place = segment.place(field, repetition, component)
        raise InputRejected("hl7_value", place=place, hl7_code="102", limit=MAX_VALUE_CHARACTERS)
    return text


def _identifiers(patient: Segment) -> tuple[Identifier, ...]:
    """PID-3: CX-1 under the OID of CX-4; an issuer without an OID gives an empty root.

    HL7 v2.5 section 2.A.14 (CX) and 2.A.33 (HD): CX-4.2 is an OID when CX-4.3 says ``ISO``.
    """
    found = []
    for number in patient.repetitions(3):
        if number > MAX_IDENTIFIERS:
            raise InputRejected(
                "hl7_too_many_identifiers", place=patient.place(3, number), hl7_code="198", limit=MAX_IDENTIFIERS
            )
        value = _value(patient, 3, repetition=number)
        if value:
            found.append(Identifier(_issuer(patient, number), value))
    if not found:
        raise _missing(patient.place(3))
    return tuple(found)


def _issuer(patient: Segment, number: int) -> str:
    root, kind = (_value(patient, 3, 4, part, number) for part in (2, 3))
    if is_uid(root):
        return root if kind in ("", "ISO") else ""
    if kind == "ISO":
        raise InputRejected("hl7_identifier", place=patient.place(3, number, 4), hl7_code="102")
    return ""


def _birth_date(patient: Segment) -> str:
    """PID-7 to the day. Not every one is in the calendar: an unknown day or month may be written ``00``."""
    text = _value(patient, 7)[:8]
    if text and not _BIRTH_DATE.fullmatch(text):
        raise InputRejected("hl7_birth_date", place=patient.place(7), hl7_code="102")
    return text


def _document_id(transcription: Segment, field: int = 12) -> str:
    """TXA-12 or TXA-13 in the form of XDS: ``root^extension`` of ``extension^^root^ISO``, else the first component.

    The profile leaves component 2 empty; official messages write a name there, which means nothing.
    """
    first, root = _value(transcription, field), _value(transcription, field, 3)
    return Identifier(root, first).unique_id if is_root(root) else first


def _parent(message: Message) -> Identifier | None:
    """The document that is replaced: TXA-13 of an MDM, required there; an ORU leaves it to the CDA."""
    transcription = message.first("TXA")
    if transcription is None:
        return None
    place = transcription.place(13)
    first, root = _value(transcription, 13), _value(transcription, 13, 3)
    if not first:
        raise _missing(place)
    if is_root(root):
        return Identifier(root, first)
    if not is_root(first):
        raise InputRejected("hl7_document_id", place=place, hl7_code="102")
    return Identifier(first)
