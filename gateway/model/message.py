"""A message that was received, as it is kept: byte for byte, with who sent it, when, and what it was answered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from json.encoder import encode_basestring_ascii


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message on its way in: what is known of it before it is judged."""

    id: str
    port: str
    """Name of the port it came to; ``again`` for one that a person processes again, ``api`` for one we built."""
    peer: str
    """Address of the other side, or the name in its certificate."""
    sender: str
    """``application|facility`` of MSH-3 and MSH-4."""
    control_id: str
    kind: str
    """MSH-9, such as ``ORU^R01^ORU_R01``."""
    profile: str = ""
    """MSH-21, such as ``2.1^CISIS_CDA_HL7_V2``."""
    received_at: datetime
    """When its last byte had come."""
    size_bytes: int
    envelope: bytes = field(repr=False)
    """The message without the documents that are kept elsewhere, where they can be put back byte for byte."""
    offsets: tuple[int, ...] = ()
    """Where in ``envelope`` they stood, in the order of the events."""
    apart: bytes | None = field(default=None, repr=False)
    """The whole message, where it is too large for a row and its documents cannot be put back; ``envelope`` is then
    its beginning."""
    whole: bool = True
    """False for what was too large to be taken: only its beginning is known."""
    again_of: str = ""
    """The message of which this is another processing."""


ROW_BYTES = 64 * 1024
"""A message up to this size stands in its row; a larger one, but for its documents, is a file of its own."""
BEGINNING_BYTES = 4096


def unabridged(arrival: Arrival, message: bytes) -> Arrival:
    """*arrival* with the bytes of *message* in one piece: in the row, or apart from it."""
    if len(message) <= ROW_BYTES:
        if arrival.envelope is message:
            return arrival
        return replace(arrival, envelope=message, offsets=(), apart=None)
    return replace(arrival, envelope=message[:BEGINNING_BYTES], offsets=(), apart=message)


def fingerprint(envelope: bytes, documents: Sequence[str]) -> str:
    """A digest that two deliveries of the same bytes share; *documents* are the SHA-256 of those taken out."""
    return hashlib.sha256(b"\n".join([envelope, *(each.encode("ascii") for each in documents)])).hexdigest()


def same_message(sender: str, control_id: str, kind: str, documents: Sequence[str], print_of_bytes: str) -> str:
    """What two deliveries of one message have in common: sender, control id, event, document ids and bytes.

    Control ids alone mean nothing: official examples give one to a report, its replacement and its withdrawal.
    """
    # What json.dumps gives for texts, in a fifth of its time.
    said = f"[{', '.join(map(encode_basestring_ascii, (sender, control_id, kind, *documents, print_of_bytes)))}]"
    return hashlib.sha256(said.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMessage:
    """A message in the log."""

    id: str
    port: str
    peer: str
    sender: str
    control_id: str
    kind: str
    profile: str
    received_at: datetime
    recorded_at: datetime
    size_bytes: int
    digest: str
    """:func:`fingerprint`."""
    answer: str
    """``AA``, ``AE``, ``AR``; empty for one that was not answered."""
    code: str = ""
    """Key of the texts that says why it was refused."""
    place: str = ""
    hl7_code: str = ""
    """ERR-3 of the answer (table 0357)."""
    report_ids: tuple[str, ...] = ()
    """The reports it brought, in its order."""
    relay_id: str = ""
    """The teleradiology request it belongs to."""
    duplicate: bool = False
    """Whether it had been taken before: answered again, without a second effect."""
    again_of: str = ""
    whole: bool = True
    """Whether every byte of it is kept; of what was too large only the beginning is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a message was answered."""

    answer: str
    code: str = ""
    place: str = ""
    hl7_code: str = ""


ACCEPTED = Verdict(answer="AA")
_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})\^[0-9]+(?:\^([0-9]+))?(?:\^[0-9]+)*", re.ASCII)
"""``segment^sequence^field`` and further, as ERR-2 has it."""


def facts_of(place: str) -> dict[str, str]:
    """Segment and field of a refusal, by its *place*: its facts are not kept, for some are of the patient."""
    found = _PLACE.fullmatch(place)
    if found is None:
        return {}
    return {"segment": found[1], "field": f"{found[1]}-{found[2]}" if found[2] else found[1]}


_SHOWN: dict[str, frozenset[int]] = {
    "MSH": frozenset(range(1, 26)),
    "EVN": frozenset({1, 2, 6}),
    "MSA": frozenset({1, 2}),
    "ERR": frozenset({1, 2, 3, 4, 5, 7}),
    "PV1": frozenset({1, 2}),
    "ORC": frozenset({1, 2, 3, 9, 15, 17}),
    "OBR": frozenset({1, 2, 3, 4, 7}),
    "TQ1": frozenset({1, 6, 7}),
    "TXA": frozenset({1, 2, 3, 4, 12, 13, 17}),
    "OBX": frozenset({1, 2, 3, 4, 6, 11}),
    "IPC": frozenset({2, 4}),
    "PRT": frozenset({1, 2, 4}),
    "DSC": frozenset({1, 2}),
}
"""Fields that never name a patient. Everything else is masked: what a sender adds may say anything."""
_STATEMENTS = b"MetaDMPMSS"
MASK = "•••"
_LINES = 2000
_FIELD_CHARACTERS = 200


def masked(message: bytes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The segments of *message* as (name, fields) with everything masked that may name a patient; never raises.

    A field is shown when it never says who a patient is (``_SHOWN``); the value of a metadata observation (Y or N)
    also is.
    """
    start = message.find(b"MSH")
    separator = message[start + 3 : start + 4] if start >= 0 else b"|"
    shown = []
    for line in message.replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")[:_LINES]:
        if not line.strip():
            continue
        fields = line.split(separator) if separator else [line]
        name = fields[0].decode("ascii", "replace")
        if name == "MSH":
            fields.insert(1, separator)
        shown.append(
            (name[:3], tuple(_field(name, number, value, fields) for number, value in enumerate(fields[1:], 1)))
        )
    return tuple(shown)


def _field(name: str, number: int, value: bytes, fields: list[bytes]) -> str:
    if not value:
        return ""
    stated = name == "OBX" and number == 5 and len(value) < 60 and _STATEMENTS in fields[3]
    if number in _SHOWN.get(name, frozenset()) or stated:
        return value.decode("utf-8", "replace")[:_FIELD_CHARACTERS]
    return MASK
