"""What of a peer's A-ASSOCIATE reaches pynetdicom's decoder (DICOM PS3.8 sections 9.3.1 to 9.3.3).

That decoder takes any item at any place, so that items in items take it as deep as they go; refuses a kind of item
that it does not know, where the standard says that it be ignored; needs 0.1 ms for each transfer syntax, of which a
PDU may hold fifty thousand; and warns aloud of a UID that is none. So one pass goes before it, in a loop: lengths that
do not fit, too many contexts or items, and UIDs that are none are named; what nobody reads is left out, and with it
what some peers are known to fill with rubbish (the transfer syntax of a refused context, which PS3.8 table 9-18 says
not to test; titles and names padded with zeros).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import Struct

from gateway.dicom.network.pdu import Malformed, Pdu, whole
from gateway.dicom.network.proposal import COMPRESSED, UNCOMPRESSED

LIMIT_BYTES = 1 << 18
"""The longest A-ASSOCIATE that is read: 128 contexts with every syntax there is, negotiated at length, need less."""

_ITEM = Struct(">BxH")
_FIXED_BYTES = 68
_TITLES = slice(4, 36)
_REQUESTED, _ANSWERED, _ABSTRACT, _TRANSFER, _USER = 0x20, 0x21, 0x30, 0x40, 0x50
_MAX_LENGTH, _ROLE, _VERSION, _EXTENDED = 0x51, 0x54, 0x55, 0x56
_CONTEXTS, _USER_ITEMS = 128, 512
_SYNTAXES = frozenset(uid.encode("ascii") for uid in (*UNCOMPRESSED, *COMPRESSED))
"""Those that may be accepted: of the others a context keeps one, that its answer can name."""
_VERSION_CHARACTERS = 16
_UID = re.compile(rb"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")


def vetted(kind: Pdu, content: bytes | memoryview) -> bytes:
    """The whole PDU, an A-ASSOCIATE-RQ or -AC by its *kind*, of *content* without what nobody reads.

    Raises Malformed with a word for what is wrong.
    """
    if not _FIXED_BYTES <= len(content) <= LIMIT_BYTES:
        raise Malformed("association length")
    data = bytes(content)
    parts = [data[: _TITLES.start], data[_TITLES].replace(b"\0", b" "), data[_TITLES.stop : _FIXED_BYTES]]
    wanted, vet = (_REQUESTED, _requested) if kind == Pdu.ASSOCIATE_REQUEST else (_ANSWERED, _answered)
    identifiers: set[int] = set()
    told = False
    for item, value in _items(data, _FIXED_BYTES):
        if item == wanted:
            if len(value) < 4 or value[0] in identifiers or len(identifiers) >= _CONTEXTS:
                raise Malformed("presentation context")
            identifiers.add(value[0])
            parts.append(_item(item, vet(value)))
        elif item == _USER:
            if told:
                raise Malformed("user information")
            told = True
            parts.append(_item(item, b"".join(_user(value))))
    return whole(kind, b"".join(parts))


def _requested(value: bytes) -> bytes:
    """A proposed context: one abstract syntax, and the transfer syntaxes that matter, each once."""
    abstract: list[bytes] = []
    transfer: dict[bytes, None] = {}
    for kind, content in _items(value, 4):
        uid = _trimmed(content)
        if kind == _ABSTRACT:
            abstract.append(_checked(uid))
        elif kind == _TRANSFER and _is_uid(uid):
            transfer[uid] = None
    if len(abstract) != 1:
        raise Malformed("abstract syntax")
    if not transfer:
        raise Malformed("transfer syntax")
    kept = [uid for uid in transfer if uid in _SYNTAXES] or [next(iter(transfer))]
    return value[:4] + _item(_ABSTRACT, abstract[0]) + b"".join(_item(_TRANSFER, uid) for uid in kept)


def _answered(value: bytes) -> bytes:
    """The answer to a context: the transfer syntax only where it is accepted."""
    if value[2]:
        return value[:4]
    syntaxes = [content for kind, content in _items(value, 4) if kind == _TRANSFER]
    if len(syntaxes) != 1:
        raise Malformed("transfer syntax")
    return value[:4] + _item(_TRANSFER, _checked(_trimmed(syntaxes[0])))


def _user(content: bytes) -> Iterator[bytes]:
    """The user information that is read: longest PDU, version name, roles, extended negotiation."""
    for number, (kind, value) in enumerate(_items(content, 0)):
        if number >= _USER_ITEMS:
            raise Malformed("user information")
        if kind == _MAX_LENGTH:
            yield _item(kind, value)
        elif kind == _VERSION:
            name = _trimmed(value)[:_VERSION_CHARACTERS]
            if name.isascii() and name.decode("ascii").isprintable() and b"\\" not in name:
                yield _item(kind, name)
        elif kind in (_ROLE, _EXTENDED):
            end = 2 + int.from_bytes(value[:2], "big")
            uid = _trimmed(value[2:end])
            if end <= len(value) and _is_uid(uid):
                yield _item(kind, len(uid).to_bytes(2, "big") + uid + value[end:])


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


def _trimmed(value: bytes) -> bytes:
    return value.strip(b" \0")


def _is_uid(value: bytes) -> bool:
    return len(value) <= 64 and _UID.fullmatch(value) is not None


def _checked(uid: bytes) -> bytes:
    if not _is_uid(uid):
        raise Malformed("UID")
    return uid
