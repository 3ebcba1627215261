"""Looking at DICOM bytes before anything trusts them.

pydicom descends into sequences by recursion, believes a declared length that no bytes follow, and inflates a deflated
data set without a limit. The walk here is a loop with an explicit stack: it visits every element once, keeps nothing,
and stops with a named error at the first length that does not fit its container.

Sources: DICOM PS3.5 sections 7.1 (elements), 7.5 (sequences), A.4 (encapsulation); PS3.10 section 7 (files). A value
of VR UN with an undefined length is a sequence in Implicit VR (PS3.5 section 6.2.2 note 2).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from struct import Struct

import pydicom
from pydicom.datadict import DicomDictionary  # type: ignore[attr-defined]
from pydicom.errors import InvalidDicomError

from gateway.errors import InputRejected, InputTooLarge, NotSupportedYet

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_UNDEFINED = 0xFFFFFFFF
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_BASIC = Struct("<HHI")
_EXPLICIT = Struct("<HH2sH")
_LENGTH = Struct("<I")
_PREAMBLE_BYTES = 132
_TIFF = frozenset({b"II*\0", b"MM\0*"})
_META_LIMIT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a data set may be at most."""

    size_bytes: int = 64 * 1024 * 1024
    depth: int = 32
    elements: int = 1_000_000


DEFAULT = Limits()


class Kind(Enum):
    """What the walk has come to."""

    VALUE = 1
    SEQUENCE = 2
    ITEM = 3
    END = 4
    """Of the innermost item or sequence."""


Event = tuple[Kind, int, bytes, int, int]
"""Kind, tag, VR, offset of the value, its length in bytes (0 for all but values)."""


class _Container:
    """An open sequence or item: where it ends (-1: at its delimiter) and how its elements are encoded."""

    __slots__ = ("end", "implicit", "kind", "limit", "skipped")

    def __init__(self, kind: Kind, end: int, limit: int, implicit: bool, skipped: bool = False) -> None:
        self.kind, self.end, self.limit, self.implicit, self.skipped = kind, end, limit, implicit, skipped


def walk(data: bytes | bytearray | memoryview, *, implicit: bool, limits: Limits = DEFAULT) -> Iterator[Event]:
    """Every element of the little endian data set *data*, in order.

    Raises InputTooLarge (``dicom_too_large``, ``dicom_too_deep``, ``dicom_too_many_elements``) or InputRejected
    (``dicom_truncated``, ``dicom_malformed``), each with the offset in bytes.
    """
    size = len(data)
    if size > limits.size_bytes:
        raise InputTooLarge("dicom_too_large", size=size, limit=limits.size_bytes)
    stack: list[_Container] = []
    current = _Container(Kind.ITEM, size, size, implicit)
    position = count = 0
    while True:
        while position == current.end:
            if not stack:
                return
            if not current.skipped:
                yield Kind.END, 0, b"", position, 0
            current = stack.pop()
        count += 1
        if count > limits.elements:
            raise InputTooLarge("dicom_too_many_elements", limit=limits.elements)
        tag, vr, start, length = _header(data, position, current)
        if tag in (_ITEM_END, _SEQUENCE_END):
            _check_delimiter(tag, length, current, position)
            position, current.end, current.limit = start, start, start
            continue
        if length != _UNDEFINED and start + length > current.limit:
            raise InputRejected("dicom_truncated", offset=position)
        kind = _kind(tag, vr, length, current, position)
        if kind is Kind.VALUE:
            if tag != _ITEM:
                yield kind, tag, vr, start, length
            position = start + length
            continue
        if len(stack) >= 2 * limits.depth:
            raise InputTooLarge("dicom_too_deep", limit=limits.depth)
        end = -1 if length == _UNDEFINED else start + length
        fragments = kind is Kind.SEQUENCE and vr != b"SQ" and tag in _PIXELS
        stack.append(current)
        current = _Container(
            kind,
            end,
            current.limit if end < 0 else end,
            current.implicit or vr == b"UN",
            skipped=fragments,
        )
        if not fragments:
            yield kind, tag, vr, start, 0
        position = start


def _header(data: bytes | bytearray | memoryview, position: int, current: _Container) -> tuple[int, bytes, int, int]:
    """Tag, VR, offset of the value, declared length of the element at *position*."""
    if position + 8 > current.limit:
        raise InputRejected("dicom_truncated", offset=position)
    group, number, length = _BASIC.unpack_from(data, position)
    tag = group << 16 | number
    if group == 0xFFFE:
        return tag, b"", position + 8, length
    if current.implicit:
        known = DicomDictionary.get(tag)
        return tag, known[0][:2].encode() if known else b"UN", position + 8, length
    _, _, vr, short_length = _EXPLICIT.unpack_from(data, position)
    if vr in SHORT_VRS:
        return tag, vr, position + 8, short_length
    if vr not in _LONG_VRS:
        raise InputRejected("dicom_malformed", offset=position, words="VR")
    if position + 12 > current.limit:
        raise InputRejected("dicom_truncated", offset=position)
    (length,) = _LENGTH.unpack_from(data, position + 8)
    return tag, vr, position + 12, length


def _kind(tag: int, vr: bytes, length: int, current: _Container, position: int) -> Kind:
    inside_sequence = current.kind is Kind.SEQUENCE
    if (tag == _ITEM) != inside_sequence:
        raise InputRejected("dicom_malformed", offset=position, words="item")
    if inside_sequence:
        if not current.skipped:
            return Kind.ITEM
        if length == _UNDEFINED:
            raise InputRejected("dicom_malformed", offset=position, words="fragment")
        return Kind.VALUE
    if length == _UNDEFINED:
        if vr in (b"SQ", b"UN") or tag in _PIXELS or current.implicit:
            return Kind.SEQUENCE
        raise InputRejected("dicom_malformed", offset=position, words="length")
    # pydicom reads a known attribute that was sent as UN by its dictionary, sequences included.
    if vr == b"SQ" or (vr == b"UN" and not current.implicit and _known_sequence(tag)):
        return Kind.SEQUENCE
    return Kind.VALUE


def _known_sequence(tag: int) -> bool:
    known = DicomDictionary.get(tag)
    return known is not None and known[0] == "SQ"


def _check_delimiter(tag: int, length: int, current: _Container, position: int) -> None:
    wanted = _SEQUENCE_END if current.kind is Kind.SEQUENCE else _ITEM_END
    if length or tag != wanted or current.end != -1:
        raise InputRejected("dicom_malformed", offset=position, words="delimiter")


def examine(data: bytes | memoryview, syntax: str, limits: Limits = DEFAULT) -> None:
    """Walk the whole data set, encoded in the transfer syntax *syntax*; raises as :func:`walk`.

    Raises InputRejected ``dicom_deflated`` for the deflated syntax and NotSupportedYet ``dicom_big_endian``.
    """
    for _ in walk(data, implicit=is_implicit(syntax), limits=limits):
        pass


def is_implicit(syntax: str) -> bool:
    """Whether *syntax* is Implicit VR; raises for the two syntaxes that are never read."""
    if syntax == DEFLATED:
        raise InputRejected("dicom_deflated")
    if syntax == EXPLICIT_BIG:
        raise NotSupportedYet("dicom_big_endian")
    return syntax == IMPLICIT_LITTLE


def read_file(content: bytes, limits: Limits = DEFAULT) -> pydicom.Dataset:
    """The data set of a DICOM file (PS3.10), parsed by pydicom after the guard has seen every byte of it.

    Raises as :func:`examine`, and InputRejected ``dicom_not_a_file`` or ``dicom_polyglot``: a preamble (PS3.10 section
    7.1) that is neither empty nor a TIFF's may make the file a program or a page as well.
    """
    if len(content) > limits.size_bytes:
        raise InputTooLarge("dicom_too_large", size=len(content), limit=limits.size_bytes)
    if content[128:_PREAMBLE_BYTES] == b"DICM" and content[:128].strip(b"\0") and content[:4] not in _TIFF:
        raise InputRejected("dicom_polyglot")
    start, syntax = file_meta(content)
    examine(memoryview(content)[start:], syntax, limits)
    try:
        return pydicom.dcmread(io.BytesIO(content))
    except (InvalidDicomError, ValueError, KeyError, IndexError, EOFError, AttributeError, TypeError):
        raise InputRejected("dicom_malformed", offset=start, words="pydicom") from None


def file_meta(content: bytes | bytearray) -> tuple[int, str]:
    """Where the data set begins and its transfer syntax (PS3.10 section 7.1)."""
    group_length = _PREAMBLE_BYTES + 12
    if content[128:_PREAMBLE_BYTES] != b"DICM" or content[_PREAMBLE_BYTES : group_length - 4] != b"\x02\0\0\0UL\x04\0":
        raise InputRejected("dicom_not_a_file")
    if len(content) < group_length:
        raise InputRejected("dicom_truncated", offset=len(content))
    (length,) = _LENGTH.unpack_from(content, group_length - 4)
    start = group_length + length
    if start > len(content) or length > _META_LIMIT_BYTES:
        raise InputRejected("dicom_truncated", offset=group_length)
    return start, _meta_syntax(bytes(content[group_length:start]), group_length)


def _meta_syntax(meta: bytes, offset: int) -> str:
    """The transfer syntax in the file meta information *meta*, which stands at *offset*: no sequences are there, and
    :func:`walk` would take ten times as long for each of thousands of instances."""
    position = 0
    while position + 8 <= len(meta):
        group, number, vr, length = _EXPLICIT.unpack_from(meta, position)
        start = position + 8
        if vr not in SHORT_VRS:
            if vr not in _LONG_VRS or start + 4 > len(meta):
                raise InputRejected("dicom_malformed", offset=offset + position, words="VR")
            (length,) = _LENGTH.unpack_from(meta, start)
            start += 4
        if group != 2 or start + length > len(meta):
            raise InputRejected("dicom_truncated", offset=offset + position)
        if number == 0x0010:
            return meta[start : start + length].rstrip(b"\0 ").decode("ascii", "replace")
        position = start + length
    raise InputRejected("dicom_not_a_file")
