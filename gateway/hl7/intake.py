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
from gateway.hl7 import changes, embedded, er7, participants, profiles, statements
from gateway.hl7.er7 import Message, Segment
from gateway.hl7.profiles import Action, Profile
from gateway.hl7.profiles.routing import is_teleradiology
from gateway.hl7.values import identifiers, missing, value
from gateway.model.identifiers import Identifier, is_root
from gateway.model.share import Received

CHANNEL = "mllp"
MAX_ENVELOPE_BYTES = 1024 * 1024
"""Of a message without its document; an official one has 4 KiB."""

_BIRTH_DATE = re.compile(r"\d{4}(\d{2}(\d{2})?)?", re.ASCII)
_RESULT_STATUSES = frozenset(trio.result_status for trio in profiles.ACTIONS.values())


def read_events(message: bytes, *, processing_ids: frozenset[str] = profiles.PROCESSING_IDS) -> tuple[Event, ...]:
    """What *message* asks for, nothing of it believed yet; at least one event.

    Several when it carries a report at two levels, a change of several studies, or identities. *processing_ids*: the
    values of MSH-11 that are taken; a gateway in production may take ``P`` alone. Raises InputRejected, InputTooLarge
    or NotSupportedYet, each with ``place`` and ``hl7_code``.
    """
    parsed = er7.parse(message)
    if parsed.header.text(9) in changes.MESSAGE_CODES and not is_teleradiology(parsed):
        _processing(parsed, processing_ids)
        return changes.read(parsed)
    profile = _profile(parsed, processing_ids)
    _structure(parsed, profile)
    documents = embedded.find(parsed, 1 if profile is profiles.MDM_T02 else embedded.MOST_DOCUMENTS)
    for document in documents:
        _fields(parsed, profile, document)
    actions = {_action(parsed, document) for document in documents}
    if len(actions) > 1:
        raise InputRejected("hl7_inconsistent", place=documents[1].place(11), hl7_code="103")
    action = actions.pop()
    return tuple(_event(parsed, action, received) for received in _received(parsed, documents))


def _event(message: Message, action: Action, received: Received) -> Event:
    if action is Action.DELETE:
        return Delete(received)
    if action is Action.REPLACE:
        return Replace(received, _parent(message))
    return New(received)


def _profile(message: Message, processing_ids: frozenset[str]) -> Profile:
    """The structure by which to read; the header decides, the type of message first."""
    header = message.header
    code, event = header.text(9), header.text(9, 2)
    if not code:
        raise missing(header.place(9))
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
    _processing(message, processing_ids)
    return profile


def _processing(message: Message, processing_ids: frozenset[str]) -> None:
    header = message.header
    if header.text(11) not in processing_ids:
        expected = ", ".join(sorted(processing_ids))
        raise InputRejected("hl7_processing_id", place=header.place(11), hl7_code="202", expected=expected)


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
            raise missing(f"{required.segment}^{sequence}^{required.field}{component}")


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


def _received(message: Message, documents: list[Segment]) -> tuple[Received, ...]:
    """One for each document; what stands beside the documents is of both."""
    header, transcription = message.header, message.first("TXA")
    patient = message.all("PID")[0]
    spans = [embedded.span(document) for document in documents]
    if len(message.raw) - sum(end - start for start, end in spans) > MAX_ENVELOPE_BYTES:
        raise InputTooLarge("hl7_envelope_too_large", place="MSH^1", limit=MAX_ENVELOPE_BYTES)
    said = statements.read(message, patient, message.first("PV1"))
    known = identifiers(patient, 3)
    return tuple(
        Received(
            channel=CHANNEL,
            sender=f"{value(header, 3)}|{value(header, 4)}",
            control_id=value(header, 10),
            content=embedded.content(message, document),
            statements=said,
            patient_identifiers=known,
            birth_date=_birth_date(patient),
            sex=value(patient, 8),
            document_id=_document_id(transcription) if transcription else "",
            sender_person=participants.sender(message, document),
        )
        for document in documents
    )


def _birth_date(patient: Segment) -> str:
    """PID-7 to the day. Not every one is in the calendar: an unknown day or month may be written ``00``."""
    text = value(patient, 7)[:8]
    if text and not _BIRTH_DATE.fullmatch(text):
        raise InputRejected("hl7_birth_date", place=patient.place(7), hl7_code="102")
    return text


def _document_id(transcription: Segment, field: int = 12) -> str:
    """TXA-12 or TXA-13 in the form of XDS: ``root^extension`` of ``extension^^root^ISO``, else the first component.

    The profile leaves component 2 empty; official messages write a name there, which means nothing.
    """
    first, root = value(transcription, field), value(transcription, field, 3)
    return Identifier(root, first).unique_id if is_root(root) else first


def _parent(message: Message) -> Identifier | None:
    """The document that is replaced: TXA-13 of an MDM, required there; an ORU leaves it to the CDA."""
    transcription = message.first("TXA")
    if transcription is None:
        return None
    place = transcription.place(13)
    first, root = value(transcription, 13), value(transcription, 13, 3)
    if not first:
        raise missing(place)
    if is_root(root):
        return Identifier(root, first)
    if not is_root(first):
        raise InputRejected("hl7_document_id", place=place, hl7_code="102")
    return Identifier(first)
