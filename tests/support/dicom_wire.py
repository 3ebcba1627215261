"""The other side of an association on a bare socket: accepts, reads and answers, for peers that then misbehave."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from io import BytesIO

from pynetdicom.dimse_messages import C_FIND_RSP, DIMSEMessage
from pynetdicom.dimse_primitives import C_FIND, DIMSEPrimitive
from pynetdicom.pdu import P_DATA_TF

from tests.support.dicom_scp import FIND

ABORT = b"\x07\0\0\0\0\x04\0\0\0\0"
DATA = b"\x04\0"
PENDING, SUCCESS = 0xFF00, 0x0000
_BATCH_BYTES = 500_000


def item(kind: int, content: bytes) -> bytes:
    """An item of an A-ASSOCIATE."""
    return bytes([kind, 0]) + len(content).to_bytes(2, "big") + content


def associated(kind: int, *items: bytes) -> bytes:
    """An A-ASSOCIATE between PACS and GATEWAY, with *items*."""
    content = b"\0\x01\0\0" + b"PACS".ljust(16) + b"GATEWAY".ljust(16) + bytes(32) + b"".join(items)
    return bytes([kind, 0]) + len(content).to_bytes(4, "big") + content


CONTEXT = item(0x21, b"\x01\0\0\0" + item(0x40, b"1.2.840.10008.1.2.1"))
"""Context 1 is accepted with Explicit VR Little Endian."""
USER = item(0x50, item(0x51, (16_384).to_bytes(4, "big")) + item(0x52, b"1.2.3.4"))


def accept(connection: socket.socket, *items: bytes) -> None:
    """Take in the association request and accept it; or answer with *items*."""
    receive(connection, 1)
    connection.sendall(associated(2, *(items or (item(0x10, b"1.2.840.10008.3.1.1.1"), CONTEXT, USER))))


def receive(connection: socket.socket, pdus: int = 2) -> None:
    """Take in the request: a PDU of the command, one of the identifier."""
    for _ in range(pdus):
        head = connection.recv(6, socket.MSG_WAITALL)
        connection.recv(int.from_bytes(head[2:6], "big"), socket.MSG_WAITALL)


def drain(connection: socket.socket) -> None:
    """Read until the other side ends."""
    while connection.recv(65536):
        continue


def pdus(primitive: DIMSEPrimitive, kind: type[DIMSEMessage], context_id: int = 1) -> list[bytes]:
    """The P-DATA-TF PDUs of *primitive* as a message of *kind*, as pynetdicom makes them."""
    message = kind()
    message.primitive_to_message(primitive)
    return [P_DATA_TF(one).encode() for one in message.encode_msg(context_id, 131_072)]


def find_answer(status: int, row: bytes = b"") -> list[bytes]:
    """A C-FIND response to the first request on context 1."""
    answer = C_FIND()
    answer.MessageIDBeingRespondedTo, answer.AffectedSOPClassUID, answer.Status = 1, FIND, status
    if row:
        answer.Identifier = BytesIO(row)
    return pdus(answer, C_FIND_RSP)


def answers(connection: socket.socket, rows: Iterable[bytes]) -> None:
    """The pending answers *rows*, then Success, as one stream."""
    head = find_answer(PENDING, b"\0\0")[0]
    batch = bytearray()
    for row in rows:
        batch += head + DATA + struct.pack(">IIBB", len(row) + 6, len(row) + 2, 1, 2) + row
        if len(batch) > _BATCH_BYTES:
            connection.sendall(batch)
            batch.clear()
    connection.sendall(batch + find_answer(SUCCESS)[0])
