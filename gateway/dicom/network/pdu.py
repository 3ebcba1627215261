"""The protocol data units of the hot path: headers, P-DATA-TF read, short answers written (DICOM PS3.8 section 9.3).

No sockets here. A query of a whole study is thousands of P-DATA-TF, a retrieval hundreds of thousands: these are read
as views of the buffer they came in. What opens and ends an association is read and written by pynetdicom, see
:mod:`gateway.dicom.network.negotiation`, and so is what asks, see :mod:`gateway.dicom.network.dimse`.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct

IMPLEMENTATION_CLASS_UID = "2.25.195213318625906054100384178324250070577"
IMPLEMENTATION_VERSION = "DRIM_GATEWAY"

HEADER_BYTES = 6
COMMAND_BIT, LAST_BIT = 0x01, 0x02
_HEADER = Struct(">BxI")
_FRAGMENT = Struct(">IBB")
_ANY_LENGTH_BYTES = 1 << 17


class Malformed(Exception):
    """The peer's bytes are no PDU of the upper layer, or not one that may come now."""


class Pdu(IntEnum):
    """PDU types (PS3.8 table 9-11 and following)."""

    ASSOCIATE_REQUEST = 1
    ASSOCIATE_ACCEPT = 2
    ASSOCIATE_REJECT = 3
    DATA = 4
    RELEASE_REQUEST = 5
    RELEASE_REPLY = 6
    ABORT = 7


def header(data: bytes | bytearray | memoryview, position: int = 0) -> tuple[int, int]:
    """Type and length of the PDU whose header is at *position*."""
    kind, length = _HEADER.unpack_from(data, position)
    return kind, length


def whole(kind: int, content: bytes | memoryview) -> bytes:
    """The PDU of *content*, its header before it."""
    return _HEADER.pack(kind, len(content)) + content


def command_pdus(context_id: int, command: bytes, max_length: int) -> Iterator[bytes]:
    """P-DATA-TF PDUs of an answer that has a command set and no data set (PS3.8 annex E).

    *max_length*: what the peer takes in one PDU, above 6; 0: any.
    """
    room = (max_length or _ANY_LENGTH_BYTES) - _FRAGMENT.size
    for start in range(0, len(command), room):
        piece = command[start : start + room]
        control = COMMAND_BIT | (LAST_BIT if start + room >= len(command) else 0)
        yield whole(Pdu.DATA, _FRAGMENT.pack(len(piece) + 2, context_id, control) + piece)


def values(content: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """The presentation data values of a P-DATA-TF: context id, control header, bytes; raises Malformed."""
    position, end = 0, len(content)
    while position < end:
        if position + _FRAGMENT.size > end:
            raise Malformed("fragment")
        length, context_id, control = _FRAGMENT.unpack_from(content, position)
        stop = position + 4 + length
        if length < 2 or stop > end:
            raise Malformed("fragment length")
        yield context_id, control, content[position + _FRAGMENT.size : stop]
        position = stop
