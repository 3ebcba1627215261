"""A glance at the beginning of a data set: whose it is, and where an attribute stands, without a walk of the whole.

Every instance that passes through is looked at, so this reads the headers of the outermost elements only and steps over
their values. What it finds is not trusted beyond that: :mod:`gateway.dicom.guard` walks what is to be read further.

Sources: DICOM PS3.5 sections 7.1 and 7.5; the order of elements is ascending (section 7.1), so a glance may stop early.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from gateway.dicom.guard import DEFLATED, EXPLICIT_BIG, IMPLICIT_LITTLE
from gateway.errors import InputRejected

SOP_CLASS, SOP_INSTANCE, STUDY, SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
PIXEL_DATA = 0x7FE00010
_WANTED = frozenset({SOP_CLASS, SOP_INSTANCE, STUDY, SERIES})
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DEPTH = 64
_ELEMENTS = 200_000
_INFLATED_BYTES = 1 << 20
_EXPLICIT = {"<": Struct("<HH2sH"), ">": Struct(">HH2sH")}
_LENGTH = {"<": Struct("<I"), ">": Struct(">I")}
Data = bytes | bytearray | memoryview


class Element(NamedTuple):
    """One element of the outermost level."""

    tag: int
    vr: bytes
    """Empty in Implicit VR."""
    position: int
    """Of its header."""
    start: int
    """Of its value."""
    end: int
    """Behind its value, delimiters included."""


class Owner(NamedTuple):
    """What a data set says it is."""

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str


def owner(data: Data, syntax: str) -> Owner:
    """What the data set *data*, encoded in the transfer syntax *syntax*, says it is; raises InputRejected."""
    if syntax == DEFLATED:
        data = _inflated(data)
    found: dict[int, str] = {}
    for tag, _, _, start, end in _each(data, syntax, into_pixels=True):
        if tag > SERIES:
            break
        if tag in _WANTED:
            found[tag] = bytes(data[start:end]).rstrip(b"\0 ").decode("ascii", "replace")
    return Owner(*(found.get(tag, "") for tag in (SOP_CLASS, SOP_INSTANCE, STUDY, SERIES)))


def pixel_data(data: Data, syntax: str) -> Element | None:
    """Where Pixel Data stands at the outermost level; raises InputRejected."""
    return next((one for one in elements(data, syntax, into_pixels=False) if one.tag >= PIXEL_DATA), None)


def elements(data: Data, syntax: str, *, into_pixels: bool = True) -> Iterator[Element]:
    """The elements of the outermost level, in order; raises InputRejected at the first that does not fit.

    Without *into_pixels* the last one given is that of Pixel Data where it is encapsulated, its end being unknown (the
    end of the data set).
    """
    return map(Element._make, _each(data, syntax, into_pixels=into_pixels))


def _each(data: Data, syntax: str, *, into_pixels: bool) -> Iterator[tuple[int, bytes, int, int, int]]:
    """As :func:`elements`, without a name for each part: a transfer asks this of thousands of instances a second."""
    order = ">" if syntax == EXPLICIT_BIG else "<"
    implicit = syntax == IMPLICIT_LITTLE
    position, size = 0, len(data)
    for _ in range(_ELEMENTS):
        if position == size:
            return
        tag, vr, start, length = _header(data, position, order, implicit)
        if length == _UNDEFINED:
            if tag == PIXEL_DATA and not into_pixels:
                yield tag, vr, position, start, size
                return
            end = _skip(data, start, order, implicit or vr == b"UN")
        else:
            end = start + length
        if end > size or tag >> 16 == 0xFFFE:
            raise InputRejected("dicom_truncated", offset=position)
        yield tag, vr, position, start, end
        position = end
    raise InputRejected("dicom_malformed", offset=position, words="elements")


def _header(data: Data, position: int, order: str, implicit: bool) -> tuple[int, bytes, int, int]:
    if position + 8 > len(data):
        raise InputRejected("dicom_truncated", offset=position)
    group, number, vr, short = _EXPLICIT[order].unpack_from(data, position)
    tag = group << 16 | number
    if implicit or group == 0xFFFE:
        return tag, b"", position + 8, _LENGTH[order].unpack_from(data, position + 4)[0]
    if vr not in _LONG:
        if not vr.isalpha():
            raise InputRejected("dicom_malformed", offset=position, words="VR")
        return tag, vr, position + 8, short
    if position + 12 > len(data):
        raise InputRejected("dicom_truncated", offset=position)
    return tag, vr, position + 12, _LENGTH[order].unpack_from(data, position + 8)[0]


def _skip(data: Data, position: int, order: str, implicit: bool) -> int:
    """The end of the sequence of undefined length whose first item is at *position*."""
    open_: list[bool] = [implicit]
    """Of each container that ends at a delimiter: whether it is in Implicit VR."""
    for _ in range(_ELEMENTS):
        tag, vr, start, length = _header(data, position, order, open_[-1])
        if tag in (_ITEM_END, _SEQUENCE_END):
            open_.pop()
            position = start
            if not open_:
                return position
        elif length == _UNDEFINED:
            if len(open_) >= 2 * _DEPTH:
                raise InputRejected("dicom_malformed", offset=position, words="depth")
            open_.append(open_[-1] or vr == b"UN")
            position = start
        else:
            position = start + length
    raise InputRejected("dicom_malformed", offset=position, words="elements")


def _inflated(data: Data) -> bytes:
    """The first mebibyte of a deflated data set (PS3.5 section A.5): what it is stands there."""
    try:
        inflated = zlib.decompressobj(-15).decompress(data, _INFLATED_BYTES)
    except zlib.error:
        raise InputRejected("dicom_malformed", offset=0, words="deflate") from None
    return inflated
