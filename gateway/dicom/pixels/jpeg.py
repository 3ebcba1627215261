"""The structure of a JPEG bitstream: markers, tables, the entropy-coded intervals of its one scan (ISO/IEC 10918-1).

Read for the processes that the installed codecs leave out: lossless (annex H,
:mod:`gateway.dicom.pixels.jpeg_lossless`) and sequential with 12 bits (annex F,
:mod:`gateway.dicom.pixels.jpeg_extended`). Archives are full of the first.

Huffman codes are resolved for all bit positions of a stretch at once; what is left to do one after the other is to step
from code to code, which is one look into a table for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

import numpy

SEQUENTIAL, LOSSLESS = 0xC1, 0xC3
"""SOF1 and SOF3: the frames that are read here."""
_BASELINE = 0xC0
_OTHER_FRAMES = frozenset({0xC2, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_START, _END, _TABLES, _QUANTISATION, _RESTART, _SCAN = 0xD8, 0xD9, 0xC4, 0xDB, 0xDD, 0xDA
_ALONE = frozenset({_START, 0x01, *range(0xD0, 0xD8)})
_WORD = Struct(">H")
_FRAME = Struct(">BHHB")
_SEGMENTS = 4096
_STRETCH = 1 << 18
"""Bytes whose bit positions are resolved at one time."""
_MARGIN = 8
NO_CODE = 64
"""The step from a position where no code stands: longer than any (16 bits of code and 16 behind it)."""


class Unreadable(ValueError):
    """The bitstream is broken, or of a kind that is not read here."""


@dataclass(frozen=True, slots=True)
class Component:
    """One colour, as the frame's header and the scan's have it."""

    name: int
    sampling: int
    """Horizontal and vertical sampling factors, four bits each."""
    quantisation: int
    dc: int = 0
    ac: int = 0


@dataclass(slots=True)
class Jpeg:
    """What the markers of one image say."""

    process: int = 0
    precision: int = 0
    rows: int = 0
    columns: int = 0
    components: tuple[Component, ...] = ()
    selection: int = 0
    """Ss: the predictor of a lossless scan."""
    shift: int = 0
    """Al: the point transform of a lossless scan."""
    restart: int = 0
    """Restart interval in minimum coded units; 0: none."""
    codes: dict[int, Codes] = field(default_factory=dict)
    """Huffman tables by class (16: AC) and number."""
    quantisation: dict[int, Any] = field(default_factory=dict)
    """64 values each, in zigzag order."""
    intervals: tuple[bytes, ...] = ()
    """Entropy-coded bytes between restart markers, stuffing removed."""

    def check_holds(self, codes: int) -> None:
        """Raises Unreadable unless so many codes can stand there: a size is only a claim."""
        if codes > 8 * sum(map(len, self.intervals)):
            raise Unreadable("length")


class Codes:
    """A Huffman table (annex C), by the 16 bits that stand at a position."""

    def __init__(self, counts: bytes, symbols: bytes) -> None:
        """*counts*: of codes of each length, 1 to 16; raises Unreadable."""
        self.lengths = numpy.zeros(65_536, dtype=numpy.uint8)
        self.symbols = numpy.zeros(65_536, dtype=numpy.uint8)
        code = place = 0
        for length, count in enumerate(counts, 1):
            for symbol in symbols[place : place + count]:
                first = code << (16 - length)
                last = first + (1 << (16 - length))
                if last > 65_536:
                    raise Unreadable("codes")
                self.lengths[first:last] = length
                self.symbols[first:last] = symbol
                code += 1
            place += count
            code <<= 1

    def steps(self, bits_of: Callable[[Any], Any]) -> Any:
        """By the 16 bits at a position: how far the next code is; *bits_of*: symbol to the bits that follow it."""
        steps = self.lengths + bits_of(self.symbols)
        steps[self.lengths == 0] = NO_CODE
        return steps.astype(numpy.uint8)


class Stretch:
    """The steps from every bit position of a stretch of one interval, for several tables."""

    def __init__(self, interval: bytes, first: int) -> None:
        """*first*: byte at which the stretch begins."""
        taken = interval[first : first + _STRETCH]
        self.end = 8 * (first + len(taken))
        """The bit position behind it."""
        self.first = 8 * first
        padded = numpy.frombuffer(interval[first : first + _STRETCH + 2] + bytes(_MARGIN), dtype=numpy.uint8)
        wide = padded.astype(numpy.uint32)
        count = len(taken)
        triple = wide[:count] << 16 | wide[1 : count + 1] << 8 | wide[2 : count + 2]
        # 16 bits from each of the eight positions of each byte.
        self._seen = ((triple[:, None] >> numpy.arange(8, 0, -1, dtype=numpy.uint32)) & 0xFFFF).astype(numpy.uint16)

    def look_up(self, table: Any) -> bytes:
        """The entry of *table* (65,536 small numbers) for each position."""
        return bytes(table[self._seen].tobytes())


def stretches(interval: bytes) -> range:
    """Where the stretches of *interval* begin."""
    return range(0, len(interval), _STRETCH)


def values(interval: bytes, positions: Any, codes: Codes) -> tuple[Any, Any]:
    """Symbols at the bit *positions*, and what the bits behind each say (F.1.2.1: as many as its low half names).

    Raises Unreadable where no code stands, or bits stand behind the end.
    """
    if not len(positions):
        nothing = numpy.zeros(0, dtype=numpy.int32)
        return nothing, nothing
    if int(positions[-1]) >= 8 * len(interval):
        raise Unreadable("length")
    padded = numpy.frombuffer(interval + bytes(_MARGIN), dtype=numpy.uint8).astype(numpy.uint64)
    at = positions >> 3
    wide = padded[at]
    for more in range(1, 5):
        wide = wide << numpy.uint64(8) | padded[at + more]
    offset = (positions & 7).astype(numpy.uint64)
    seen = ((wide >> (numpy.uint64(24) - offset)) & numpy.uint64(0xFFFF)).astype(numpy.uint16)
    lengths, symbols = codes.lengths[seen], codes.symbols[seen].astype(numpy.int32)
    if not lengths.all():
        raise Unreadable("code")
    size = (symbols & 0x0F).astype(numpy.uint64)
    size[symbols == 16] = 0
    left = numpy.uint64(40) - offset - lengths.astype(numpy.uint64) - size
    if int((positions + lengths + size.astype(numpy.int64))[-1]) > 8 * len(interval):
        raise Unreadable("length")
    told = ((wide >> left) & ((numpy.uint64(1) << size) - numpy.uint64(1))).astype(numpy.int32)
    half = (1 << size.astype(numpy.int32)) >> 1
    told = numpy.where(told < half, told - 2 * half + 1, told)
    told[size == 0] = 0
    return symbols, told


def read(content: bytes) -> Jpeg:
    """The structure of *content*, an image of one scan; raises Unreadable."""
    image = Jpeg()
    position = 0
    for _ in range(_SEGMENTS):
        marker, position = _marker(content, position)
        if marker in _ALONE:
            continue
        if marker == _END or marker in _OTHER_FRAMES or position + 2 > len(content):
            raise Unreadable("marker")
        (length,) = _WORD.unpack_from(content, position)
        segment = content[position + 2 : position + length]
        if length < 2 or len(segment) != length - 2:
            raise Unreadable("segment")
        position += length
        if marker == _SCAN:
            _scan(image, segment)
            image.intervals = _intervals(content[position:])
            return image
        _take(image, marker, segment)
    raise Unreadable("segments")


def _marker(content: bytes, position: int) -> tuple[int, int]:
    """The marker at *position*, fill bytes before it, and where it ends."""
    if content[position : position + 1] != b"\xff":
        raise Unreadable("marker")
    while content[position : position + 1] == b"\xff":
        position += 1
    if position >= len(content):
        raise Unreadable("marker")
    return content[position], position + 1


def _take(image: Jpeg, marker: int, segment: bytes) -> None:
    if marker in (_BASELINE, SEQUENTIAL, LOSSLESS):
        _frame(image, marker, segment)
    elif marker == _TABLES:
        _tables(image, segment)
    elif marker == _QUANTISATION:
        _quantisation(image, segment)
    elif marker == _RESTART:
        if len(segment) != 2:
            raise Unreadable("restart interval")
        (image.restart,) = _WORD.unpack(segment)


def _frame(image: Jpeg, marker: int, segment: bytes) -> None:
    """Frame header (B.2.2)."""
    if image.process or len(segment) < _FRAME.size:
        raise Unreadable("frame")
    image.process = marker
    image.precision, image.rows, image.columns, count = _FRAME.unpack_from(segment)
    told = segment[_FRAME.size :]
    if not 1 <= count <= 4 or len(told) != 3 * count or not image.rows or not image.columns:
        raise Unreadable("frame")
    image.components = tuple(Component(*told[3 * at : 3 * at + 3]) for at in range(count))


def _tables(image: Jpeg, segment: bytes) -> None:
    """Huffman tables (B.2.4.2)."""
    while segment:
        counts = segment[1:17]
        total = sum(counts)
        symbols = segment[17 : 17 + total]
        if len(counts) != 16 or len(symbols) != total or segment[0] & 0xEC:
            raise Unreadable("codes")
        image.codes[segment[0]] = Codes(counts, symbols)
        segment = segment[17 + total :]


def _quantisation(image: Jpeg, segment: bytes) -> None:
    """Quantisation tables (B.2.4.1)."""
    while segment:
        wide = segment[0] >> 4
        size = 128 if wide else 64
        told = segment[1 : 1 + size]
        if wide > 1 or len(told) != size:
            raise Unreadable("quantisation")
        image.quantisation[segment[0] & 0x0F] = numpy.frombuffer(told, dtype=">u2" if wide else "u1").astype("i4")
        segment = segment[1 + size :]


def _scan(image: Jpeg, segment: bytes) -> None:
    """Scan header (B.2.3): all components of the frame in one scan, in its order."""
    count = len(image.components)
    if not count or len(segment) != 4 + 2 * count or segment[0] != count:
        raise Unreadable("scan")
    found = []
    for at, one in enumerate(image.components):
        name, tables = segment[1 + 2 * at : 3 + 2 * at]
        if name != one.name:
            raise Unreadable("scan")
        found.append(Component(one.name, one.sampling, one.quantisation, tables >> 4, tables & 0x0F))
    image.components = tuple(found)
    image.selection, image.shift = segment[-3], segment[-1] & 0x0F


def _intervals(coded: bytes) -> tuple[bytes, ...]:
    """The intervals of the scan, which ends at the first marker that is no restart (B.1.1.5)."""
    found, start, position = [], 0, 0
    while True:
        position = coded.find(b"\xff", position)
        if position < 0 or position + 1 >= len(coded):
            raise Unreadable("end")
        follows = coded[position + 1]
        if follows == 0xFF:
            position += 1
            continue
        if follows:
            found.append(coded[start:position].rstrip(b"\xff").replace(b"\xff\0", b"\xff"))
            if not 0xD0 <= follows <= 0xD7:
                return tuple(found)
            start = position + 2
        position += 2
