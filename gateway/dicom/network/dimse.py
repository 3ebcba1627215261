"""Requests as pynetdicom makes them: DIMSE primitives, messages, P-DATA-TF (DICOM PS3.7 section 9.1).

The identifier is bytes of :mod:`gateway.dicom.keys`. Answers are not read here: they come by thousands, see
:mod:`gateway.dicom.network.messages`.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from pynetdicom.dimse_messages import C_ECHO_RQ, C_FIND_RQ, C_GET_RQ, C_MOVE_RQ, DIMSEMessage
from pynetdicom.dimse_primitives import C_ECHO, C_FIND, C_GET, C_MOVE
from pynetdicom.pdu import P_DATA_TF

from gateway.dicom.network.proposal import FIND, GET, MOVE, VERIFICATION

_MEDIUM = 0x0000
"""Priority (PS3.7 annex E.1); pynetdicom's own is low."""

Primitive = C_ECHO | C_FIND | C_GET | C_MOVE


def echo() -> C_ECHO:
    """C-ECHO (PS3.7 section 9.1.5)."""
    primitive = C_ECHO()
    primitive.AffectedSOPClassUID = VERIFICATION
    return primitive


def find(identifier: bytes) -> C_FIND:
    """C-FIND, Study Root (PS3.7 section 9.1.2, PS3.4 section C.4.1)."""
    primitive = C_FIND()
    primitive.AffectedSOPClassUID = FIND
    primitive.Priority = _MEDIUM
    primitive.Identifier = BytesIO(identifier)
    return primitive


def get(identifier: bytes) -> C_GET:
    """C-GET, Study Root (PS3.7 section 9.1.3, PS3.4 section C.4.3)."""
    primitive = C_GET()
    primitive.AffectedSOPClassUID = GET
    primitive.Priority = _MEDIUM
    primitive.Identifier = BytesIO(identifier)
    return primitive


def move(identifier: bytes, destination: str) -> C_MOVE:
    """C-MOVE, Study Root, to the AE title *destination* (PS3.7 section 9.1.4, PS3.4 section C.4.2)."""
    primitive = C_MOVE()
    primitive.AffectedSOPClassUID = MOVE
    primitive.Priority = _MEDIUM
    primitive.MoveDestination = destination
    primitive.Identifier = BytesIO(identifier)
    return primitive


_MESSAGES: dict[type[Primitive], type[DIMSEMessage]] = {
    C_ECHO: C_ECHO_RQ,
    C_FIND: C_FIND_RQ,
    C_GET: C_GET_RQ,
    C_MOVE: C_MOVE_RQ,
}


def encoded(primitive: Primitive, context_id: int, message_id: int, max_length: int) -> Iterator[bytes]:
    """The P-DATA-TF PDUs of *primitive*; *max_length*: what the peer takes in one, above 6; 0: any."""
    primitive.MessageID = message_id
    message = _MESSAGES[type(primitive)]()
    message.primitive_to_message(primitive)
    for fragment in message.encode_msg(context_id, max_length):
        pdu = P_DATA_TF()
        pdu.from_primitive(fragment)
        yield bytes(pdu.encode())
