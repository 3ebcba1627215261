"""Protocol data units of the upper layer, as bytes and as values (DICOM PS3.8 section 9.3; PS3.7 annex D.3.3).

No sockets here. Lengths are big endian; every item says its own, and what does not fit its container is a
:class:`Malformed`. Sub-items that are not known are skipped, as the standard asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from struct import Struct

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
IMPLEMENTATION_CLASS_UID = "2.25.195213318625906054100384178324250070577"
IMPLEMENTATION_VERSION = "DRIM_GATEWAY"

HEADER_BYTES = 6
FRAGMENT_HEADER_BYTES = 6
_HEADER = Struct(">BxI")
_ITEM = Struct(">BxH")
_FRAGMENT = Struct(">IBB")
_FIXED_BYTES = 68
_APPLICATION, _REQUESTED, _ANSWERED, _ABSTRACT, _TRANSFER, _USER = 0x10, 0x20, 0x21, 0x30, 0x40, 0x50
_MAX_LENGTH, _CLASS_UID, _ROLE, _VERSION, _EXTENDED = 0x51, 0x52, 0x54, 0x55, 0x56
COMMAND_BIT, LAST_BIT = 0x01, 0x02


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


RELEASE_REQUEST = b"\x05\0\0\0\0\x04\0\0\0\0"
RELEASE_REPLY = b"\x06\0\0\0\0\x04\0\0\0\0"


class Result(IntEnum):
    """Result of one presentation context (PS3.8 table 9-18)."""

    ACCEPTED = 0
    USER_REJECTED = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True, slots=True)
class Context:
    """A proposed presentation context."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a presentation context."""

    context_id: int
    result: int
    transfer_syntax: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Associate:
    """A-ASSOCIATE-RQ (with ``contexts``) or A-ASSOCIATE-AC (with ``answered``)."""

    called_aet: str
    calling_aet: str
    contexts: tuple[Context, ...] = ()
    answered: tuple[Answered, ...] = ()
    max_length: int = 0
    """The longest P-DATA-TF that the sender of this takes; 0: any."""
    roles: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    """SCU and SCP role of the requestor by SOP class (PS3.7 D.3.3.4)."""
    extended: Mapping[str, bytes] = field(default_factory=dict)
    """Service class application information by SOP class (PS3.7 D.3.3.5)."""
    version: str = ""
    """Implementation version name."""

    def encode(self) -> bytes:
        """The whole PDU."""
        kind = Pdu.ASSOCIATE_ACCEPT if self.answered else Pdu.ASSOCIATE_REQUEST
        parts = [
            b"\0\x01\0\0",
            *(title.encode("ascii")[:16].ljust(16) for title in (self.called_aet, self.calling_aet)),
            bytes(32),
            _item(_APPLICATION, APPLICATION_CONTEXT.encode()),
        ]
        for context in self.contexts:
            syntaxes = b"".join(_item(_TRANSFER, uid.encode("ascii")) for uid in context.transfer_syntaxes)
            abstract = _item(_ABSTRACT, context.abstract_syntax.encode("ascii"))
            parts.append(_item(_REQUESTED, bytes((context.context_id, 0, 0, 0)) + abstract + syntaxes))
        for one in self.answered:
            syntax = _item(_TRANSFER, one.transfer_syntax.encode("ascii"))
            parts.append(_item(_ANSWERED, bytes((one.context_id, 0, one.result, 0)) + syntax))
        parts.append(_item(_USER, self._user_information()))
        return _pdu(kind, b"".join(parts))

    def _user_information(self) -> bytes:
        parts = [
            _item(_MAX_LENGTH, self.max_length.to_bytes(4, "big")),
            _item(_CLASS_UID, IMPLEMENTATION_CLASS_UID.encode()),
        ]
        for uid, (scu, scp) in self.roles.items():
            parts.append(_item(_ROLE, _sized(uid) + bytes((scu, scp))))
        parts.append(_item(_VERSION, IMPLEMENTATION_VERSION.encode()))
        parts += [_item(_EXTENDED, _sized(uid) + content) for uid, content in self.extended.items()]
        return b"".join(parts)

    @classmethod
    def decode(cls, content: bytes | bytearray | memoryview) -> Associate:
        """From the content of either PDU, without its header; raises Malformed."""
        data = bytes(content)
        if len(data) < _FIXED_BYTES:
            raise Malformed("association")
        contexts: list[Context] = []
        answered: list[Answered] = []
        user = b""
        for kind, value in _items(data, _FIXED_BYTES):
            if kind == _REQUESTED:
                contexts.append(_requested(value))
            elif kind == _ANSWERED:
                answered.append(_answered(value))
            elif kind == _USER:
                user = value
        max_length, roles, extended, version = _user(user)
        return cls(
            called_aet=_text(data[4:20]),
            calling_aet=_text(data[20:36]),
            contexts=tuple(contexts),
            answered=tuple(answered),
            max_length=max_length,
            roles=roles,
            extended=extended,
            version=version,
        )


def _user(content: bytes) -> tuple[int, dict[str, tuple[bool, bool]], dict[str, bytes], str]:
    max_length, version = 0, ""
    roles: dict[str, tuple[bool, bool]] = {}
    extended: dict[str, bytes] = {}
    for kind, value in _items(content, 0):
        if kind == _MAX_LENGTH and len(value) == 4:
            max_length = int.from_bytes(value, "big")
        elif kind == _VERSION:
            version = _text(value)[:16]
        elif kind in (_ROLE, _EXTENDED) and len(value) >= 2:
            end = 2 + int.from_bytes(value[:2], "big")
            uid, rest = _text(value[2:end]), value[end:]
            if kind == _EXTENDED:
                extended[uid] = rest
            elif len(rest) >= 2:
                roles[uid] = (rest[0] == 1, rest[1] == 1)
    return max_length, roles, extended, version


def _requested(value: bytes) -> Context:
    if len(value) < 4:
        raise Malformed("presentation context")
    abstract, syntaxes = "", []
    for kind, content in _items(value, 4):
        if kind == _ABSTRACT:
            abstract = _text(content)
        elif kind == _TRANSFER:
            syntaxes.append(_text(content))
    return Context(value[0], abstract, tuple(syntaxes))


def _answered(value: bytes) -> Answered:
    if len(value) < 4:
        raise Malformed("presentation context")
    syntax = next((_text(content) for kind, content in _items(value, 4) if kind == _TRANSFER), "")
    return Answered(value[0], value[2], syntax)


def _items(data: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    while position < len(data):
        if position + _ITEM.size > len(data):
            raise Malformed("item")
        kind, length = _ITEM.unpack_from(data, position)
        start = position + _ITEM.size
        position = start + length
        if position > len(data):
            raise Malformed("item length")
        yield kind, data[start:position]


def _item(kind: int, content: bytes) -> bytes:
    return _ITEM.pack(kind, len(content)) + content


def _sized(uid: str) -> bytes:
    return len(uid).to_bytes(2, "big") + uid.encode("ascii")


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace").strip(" \0")


def _pdu(kind: int, content: bytes) -> bytes:
    return _HEADER.pack(kind, len(content)) + content


def header(data: bytes | bytearray | memoryview, position: int = 0) -> tuple[int, int]:
    """Type and length of the PDU whose header is at *position*."""
    kind, length = _HEADER.unpack_from(data, position)
    return kind, length


def reject(result: int, source: int, reason: int) -> bytes:
    """A-ASSOCIATE-RJ (PS3.8 table 9-21)."""
    return _pdu(Pdu.ASSOCIATE_REJECT, bytes((0, result, source, reason)))


def abort(source: int = 0, reason: int = 0) -> bytes:
    """A-ABORT (PS3.8 table 9-26): of the service user (0) or the provider (2)."""
    return _pdu(Pdu.ABORT, bytes((0, 0, source, reason)))


REASONS: Mapping[tuple[int, int], str] = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognised",
    (1, 7): "called AE title not recognised",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}
"""What a rejection says, by source and reason (PS3.8 table 9-21)."""


def fragments(context_id: int, command: bytes, data: bytes, max_length: int) -> Iterator[bytes]:
    """P-DATA-TF PDUs of one message: its command set, then its data set if there is one (PS3.8 annex E).

    *max_length*: what the peer takes in one PDU; 0: any.
    """
    room = max(1, (max_length or 1 << 17) - FRAGMENT_HEADER_BYTES)
    yield from _cut(context_id, command, room, COMMAND_BIT)
    yield from _cut(context_id, data, room, 0)


def _cut(context_id: int, content: bytes, room: int, bit: int) -> Iterator[bytes]:
    for start in range(0, len(content), room):
        piece = content[start : start + room]
        control = bit | (LAST_BIT if start + room >= len(content) else 0)
        head = _HEADER.pack(Pdu.DATA, len(piece) + FRAGMENT_HEADER_BYTES)
        yield head + _FRAGMENT.pack(len(piece) + 2, context_id, control) + piece


def values(content: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """The presentation data values of a P-DATA-TF: context id, control header, bytes; raises Malformed."""
    position, end = 0, len(content)
    while position < end:
        if position + FRAGMENT_HEADER_BYTES > end:
            raise Malformed("fragment")
        length, context_id, control = _FRAGMENT.unpack_from(content, position)
        stop = position + 4 + length
        if length < 2 or stop > end:
            raise Malformed("fragment length")
        yield context_id, control, content[position + FRAGMENT_HEADER_BYTES : stop]
        position = stop
