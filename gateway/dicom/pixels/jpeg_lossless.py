"""JPEG Lossless, process 14 with every predictor (ISO/IEC 10918-1 annex H; transfer syntaxes .57 and .70).

No decoder of a fit licence is among the libraries that Python offers: the usual one is under the GPL, the other is a
large parser in C++ with a history of its own. This one keeps to numpy, so a broken bitstream can do no more than be
refused. A slice of 512 x 512 takes some 50 ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy

from gateway.dicom.pixels.jpeg import LOSSLESS, Codes, Jpeg, Stretch, Unreadable, read, stretches, values

_ONE_TO_ONE = 0x11
_HALF_OF_ALL = 32_768
"""What category 16 says, with no bits behind it (table H.2)."""


def decoded(content: bytes) -> Any:
    """The samples of *content*: rows, columns, components, in 16 bits; raises Unreadable."""
    image = read(content)
    if image.process != LOSSLESS or not 2 <= image.precision <= 16 or not 1 <= image.selection <= 7:
        raise Unreadable("process")
    if any(one.sampling != _ONE_TO_ONE for one in image.components) and len(image.components) > 1:
        raise Unreadable("sampling")
    if image.shift >= image.precision:
        raise Unreadable("point transform")
    image.check_holds(image.rows * image.columns * len(image.components))
    rows = _strips(image)
    pixels = numpy.zeros((image.rows, image.columns, len(image.components)), dtype=numpy.uint16)
    done = 0
    for interval, count in zip(image.intervals, rows, strict=True):
        differences = _differences(image, interval, count)
        for at in range(len(image.components)):
            start = 1 << (image.precision - image.shift - 1)
            pixels[done : done + count, :, at] = _predicted(differences[:, :, at], image.selection, start)
        done += count
    return pixels << image.shift


def _strips(image: Jpeg) -> list[int]:
    """How many rows each interval holds: an interval ends with a row (H.1.1)."""
    if not image.restart:
        if len(image.intervals) != 1:
            raise Unreadable("restart")
        return [image.rows]
    count, rest = divmod(image.restart, image.columns)
    wanted = -(-image.rows // count) if count else 0
    if rest or len(image.intervals) != wanted:
        raise Unreadable("restart")
    return [min(count, image.rows - place * count) for place in range(wanted)]


def _differences(image: Jpeg, interval: bytes, rows: int) -> Any:
    """What each sample differs by from its prediction: rows, columns, components."""
    count = rows * image.columns * len(image.components)
    try:
        tables = [image.codes[one.dc] for one in image.components]
    except KeyError:
        raise Unreadable("codes") from None
    positions = numpy.fromiter(_positions(interval, tables, count), dtype=numpy.int64)
    if len(positions) < count:
        raise Unreadable("length")
    found = numpy.zeros(count, dtype=numpy.int32)
    turns = len(tables)
    for at, codes in enumerate(tables):
        symbols, told = values(interval, positions[at::turns], codes)
        if int(symbols.max(initial=0)) > 16:
            raise Unreadable("category")
        told[symbols == 16] = _HALF_OF_ALL
        found[at::turns] = told
    return found.reshape(rows, image.columns, turns)


def _positions(interval: bytes, tables: list[Codes], count: int) -> Iterator[int]:
    """The bit position of each code, in order; fewer than *count* where the interval ends before."""
    tables_by_turn = [codes.steps(_bits) for codes in tables]
    same = all(one is tables[0] for one in tables)
    position = turn = 0
    for first in stretches(interval):
        stretch = Stretch(interval, first)
        base, end = stretch.first, stretch.end
        found: list[int] = []
        add = found.append
        if same:
            steps = stretch.look_up(tables_by_turn[0])
            while position < end:
                add(position)
                position += steps[position - base]
        else:
            looked_up = [stretch.look_up(one) for one in tables_by_turn]
            while position < end:
                add(position)
                position += looked_up[turn][position - base]
                turn = (turn + 1) % len(tables)
        # Bits that fill the last byte may look like codes.
        yield from found[:count]
        count -= len(found)
        if count <= 0:
            return


def _bits(symbols: Any) -> Any:
    """How many bits follow a category."""
    return numpy.where(symbols > 15, 0, symbols)


def _predicted(differences: Any, predictor: int, start: int) -> Any:
    """The samples of one strip, modulo 65,536 (H.1.2.1, table H.1); *start*: what the first is predicted by."""
    d = differences.astype(numpy.int64)
    d[0, 0] += start
    if predictor == 1:
        d[:, 0] = numpy.cumsum(d[:, 0])
        return numpy.cumsum(d, axis=1) & 0xFFFF
    d[0] = numpy.cumsum(d[0])
    if predictor == 2:
        return numpy.cumsum(d, axis=0) & 0xFFFF
    if predictor == 4:
        d[1:] = numpy.cumsum(d[1:], axis=1)
        return numpy.cumsum(d, axis=0) & 0xFFFF
    d[0] &= 0xFFFF
    d[:, 0] = numpy.cumsum(d[:, 0]) & 0xFFFF
    if predictor in (3, 5):
        for row in range(1, len(d)):
            above = d[row - 1]
            if predictor == 3:
                d[row, 1:] = (d[row, 1:] + above[:-1]) & 0xFFFF
            else:
                d[row, 1:] += (above[1:] - above[:-1]) >> 1
                d[row] = numpy.cumsum(d[row]) & 0xFFFF
        return d
    return _by_diagonals(d, predictor)


def _by_diagonals(d: Any, predictor: int) -> Any:
    """Predictors 6 and 7, which halve what stands left: all samples of one diagonal at a time."""
    rows, columns = d.shape
    for diagonal in range(2, rows + columns - 1):
        row = numpy.arange(max(1, diagonal - columns + 1), min(rows - 1, diagonal - 1) + 1)
        column = diagonal - row
        left, above = d[row, column - 1], d[row - 1, column]
        halved = (left + above) >> 1 if predictor == 7 else above + ((left - d[row - 1, column - 1]) >> 1)
        d[row, column] = (d[row, column] + halved) & 0xFFFF
    return d
