"""Messages that tell of a change: images of a study (OMI^O23), the identity of a patient (ADT^A08, A40, A47).

Sources: DRIM-M, OMI^O23 "Modification Examen Imagerie" (IPC-3 is the Study Instance UID); IHE ITI TF-2 3.30 (ITI-30)
with the national extension France 2.11: A08 corrects the identity of PID-3, A40 merges MRG-1 into PID-3, A47 puts the
identifier of PID-3 in the place of MRG-1.
"""

from __future__ import annotations

from typing import TypedDict

from gateway.errors import InputRejected
from gateway.flow.events import Event, IdentityChanged, ImagesChanged
from gateway.hl7.er7 import Message, Segment
from gateway.hl7.values import identifiers, missing, value
from gateway.model.identifiers import Identifier, is_uid

MESSAGE_CODES = frozenset({"OMI", "ADT"})
_CORRECTED, _MERGED = frozenset({"A08", "A31"}), frozenset({"A40", "A47"})


class _Said(TypedDict):
    known: tuple[Identifier, ...]
    birth_date: str
    sex: str
    sender: str


def read(message: Message) -> tuple[Event, ...]:
    """The events of an OMI or ADT; raises InputRejected with its place and code of table 0357."""
    code, event = message.header.text(9), message.header.text(9, 2)
    if not value(message.header, 10):
        raise missing(message.header.place(10))
    if code == "OMI" and event == "O23":
        return _images(message)
    if code == "ADT" and event in _CORRECTED | _MERGED:
        return _identities(message, event)
    text = "hl7_adt_event" if code == "ADT" else "hl7_event"
    raise InputRejected(text, place=message.header.place(9, 1, 2), hl7_code="201")


def _images(message: Message) -> tuple[Event, ...]:
    controls = message.all("IPC")
    if not controls:
        raise InputRejected("hl7_segment_missing", place="IPC^1", hl7_code="100", segment="IPC")
    studies: dict[str, None] = {}
    for control in controls:
        study = value(control, 3)
        if not study:
            raise missing(control.place(3))
        if not is_uid(study):
            raise InputRejected("hl7_not_a_change", place=control.place(3), hl7_code="102")
        studies[study] = None
    return tuple(ImagesChanged(study) for study in studies)


def _identities(message: Message, event: str) -> tuple[Event, ...]:
    patients, merged = message.all("PID"), message.all("MRG")
    if not patients:
        raise InputRejected("hl7_segment_missing", place="PID^1", hl7_code="100", segment="PID")
    if event in _CORRECTED:
        known = _rooted(patients[0], 3)
        said = _said(message, patients[0], known)
        return tuple(IdentityChanged(identifier, None, **said) for identifier in known)
    if len(merged) != len(patients):
        raise InputRejected("hl7_segment_missing", place=f"MRG^{len(merged) + 1}", hl7_code="100", segment="MRG")
    return tuple(
        IdentityChanged(gone, _successor(gone, kept), **_said(message, patient, kept))
        for patient, old in zip(patients, merged, strict=True)
        for kept in [_rooted(patient, 3)]
        for gone in _rooted(old, 1)
    )


def _said(message: Message, patient: Segment, known: tuple[Identifier, ...]) -> _Said:
    """What a message states of the patient that holds now, and who states it."""
    header = message.header
    return {
        "known": known,
        "birth_date": value(patient, 7)[:8],
        "sex": value(patient, 8),
        "sender": f"{value(header, 3)}|{value(header, 4)}",
    }


def _rooted(segment: Segment, field: int) -> tuple[Identifier, ...]:
    """The identifiers that say whose they are; without one nothing can be found by them."""
    found = tuple(dict.fromkeys(each for each in identifiers(segment, field) if each.root))
    if not found:
        name = f"{segment.name}-{field}"
        raise InputRejected("hl7_not_merged", place=segment.place(field, 1, 4), hl7_code="102", field=name)
    return found


def _successor(gone: Identifier, kept: tuple[Identifier, ...]) -> Identifier:
    """The identifier of the same issuer, else the first: who was known elsewhere is known here now."""
    return next((each for each in kept if each.root == gone.root), kept[0])
