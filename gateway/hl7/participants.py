"""Who takes part: the sender of a document (PRT ``SB``).

Source: CI-SIS "Transmission de document(s) CDA en HL7v2" 2.1, segment PRT: the identity that an assertion and the
submission set are made of. PRT is of v2.9 and used in v2.5 and v2.6.
"""

from __future__ import annotations

from gateway.hl7.er7 import Message, Segment
from gateway.hl7.values import value
from gateway.model.identifiers import Identifier, is_uid
from gateway.model.people import Organization, Professional

SENDER = "SB"


def sender(message: Message, document: Segment) -> Professional | None:
    """The sender that stands behind *document*, else the first of the message; None when none is named.

    Identifiers are under the OID that is stated, an empty root when none is; nothing is checked against a register.
    """
    rows = [row for row in message.all("PRT") if row.text(4) == SENDER]
    if not rows:
        return None
    row = next((row for row in rows if row.start > document.start), rows[0])
    person, structure, device = value(row, 5), value(row, 8, 10), value(row, 10)
    name = value(row, 8)
    organization = None
    if structure or name:
        organization = Organization(identifiers=_identified(row, 8, 6, structure), name=name)
    if not person and not device and organization is None:
        return None
    return Professional(
        identifiers=_identified(row, 5, 9, person),
        family=value(row, 5, 2),
        given=value(row, 5, 3),
        device=device,
        organization=organization,
    )


def _identified(row: Segment, field: int, authority: int, identifier: str) -> tuple[Identifier, ...]:
    root = value(row, field, authority, 2)
    return (Identifier(root if is_uid(root) else "", identifier),) if identifier else ()
