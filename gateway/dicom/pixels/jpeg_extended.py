"""JPEG Extended, sequential with 12 bits and Huffman codes, one component (ISO/IEC 10918-1 annex F, process 4; .51)."""

from __future__ import annotations

from typing import Any

import numpy

from gateway.dicom.pixels.jpeg import SEQUENTIAL, Jpeg, Stretch, Unreadable, read, stretches, values

_SIDE = 8
_BLOCK = 64
_AC = 0x10
_NO_RUN = 0
_END_OF_BLOCK, _SIXTEEN_ZEROS = 0x00, 0xF0


def _zigzag() -> Any:
    """Place in a block (row by row) of each coefficient of the zigzag sequence (figure A.6)."""
    order = sorted(
        ((row, column) for row in range(_SIDE) for column in range(_SIDE)),
        key=lambda one: (sum(one), one[0] if sum(one) % 2 else one[1]),
    )
    return numpy.array([row * _SIDE + column for row, column in order])


def _cosines() -> Any:
    """The inverse transform as a matrix (A.3.3): samples by coefficients of one dimension."""
    samples, frequencies = numpy.arange(_SIDE)[:, None], numpy.arange(_SIDE)[None, :]
    found = numpy.cos((2 * samples + 1) * frequencies * numpy.pi / (2 * _SIDE)) / 2
    found[:, 0] /= numpy.sqrt(2)
    return found.astype(numpy.float32)


_ZIGZAG = _zigzag()
_COSINES = _cosines()


def decoded(content: bytes) -> Any:
    """The samples of *content*: rows, columns and one component, in 16 bits; raises Unreadable."""
    image = read(content)
    if image.process != SEQUENTIAL or image.precision != 12 or len(image.components) != 1:
        raise Unreadable("process")
    (component,) = image.components
    down, across = -(-image.rows // _SIDE), -(-image.columns // _SIDE)
    total = down * across
    image.check_holds(2 * total)  # the first coefficient, and the end of the block
    of_interval = image.restart or total
    if len(image.intervals) != -(-total // of_interval):
        raise Unreadable("restart")
    blocks = numpy.zeros((total, _BLOCK), dtype=numpy.float32)
    for place, interval in enumerate(image.intervals):
        first = place * of_interval
        count = min(of_interval, total - first)
        blocks[first : first + count] = _coefficients(image, interval, count)
    quantisation = image.quantisation.get(component.quantisation)
    if quantisation is None:
        raise Unreadable("quantisation")
    squares = numpy.zeros_like(blocks)
    squares[:, _ZIGZAG] = blocks * quantisation
    samples = _COSINES @ squares.reshape(total, _SIDE, _SIDE) @ _COSINES.T
    whole = samples.reshape(down, across, _SIDE, _SIDE).transpose(0, 2, 1, 3).reshape(down * _SIDE, across * _SIDE)
    middle = 1 << (image.precision - 1)
    shown = numpy.clip(numpy.rint(whole) + middle, 0, 2 * middle - 1).astype(numpy.uint16)
    return shown[: image.rows, : image.columns, None]


def _coefficients(image: Jpeg, interval: bytes, count: int) -> Any:
    """The coefficients of *count* blocks, each in zigzag order."""
    (component,) = image.components
    try:
        dc, ac = image.codes[component.dc], image.codes[_AC | component.ac]
    except KeyError:
        raise Unreadable("codes") from None
    steps = (dc.steps(_low), ac.steps(_low))
    firsts, others, places = _walked(interval, steps, ac.symbols, count)
    found = numpy.zeros(count * _BLOCK, dtype=numpy.int64)
    found[::_BLOCK] = numpy.cumsum(values(interval, numpy.array(firsts, dtype=numpy.int64), dc)[1])
    found[numpy.array(places, dtype=numpy.int64)] = values(interval, numpy.array(others, dtype=numpy.int64), ac)[1]
    return found.reshape(count, _BLOCK)


def _walked(
    interval: bytes, steps: tuple[Any, Any], symbols: Any, count: int
) -> tuple[list[int], list[int], list[int]]:
    """Bit positions of the first coefficient of each block, those of the others, and where these belong (F.2.2.2)."""
    firsts: list[int] = []
    others: list[int] = []
    places: list[int] = []
    position, block, place = 0, 0, 0
    for first in stretches(interval):
        stretch = Stretch(interval, first)
        base, end = stretch.first, stretch.end
        dc_steps, ac_steps, ac_symbols = (stretch.look_up(one) for one in (*steps, symbols))
        while position < end:
            if not place:
                if block == count:
                    return firsts, others, places
                firsts.append(position)
                position += dc_steps[position - base]
                place = 1
                continue
            symbol = ac_symbols[position - base]
            if symbol == _SIXTEEN_ZEROS:
                place += 16
            elif symbol & 0x0F == _NO_RUN:
                place = _BLOCK
            else:
                place += symbol >> 4
                if place >= _BLOCK:
                    raise Unreadable("run")
                others.append(position)
                places.append(block * _BLOCK + place)
                place += 1
            position += ac_steps[position - base]
            if place >= _BLOCK:
                block, place = block + 1, 0
    if block < count:
        raise Unreadable("length")
    return firsts, others, places


def _low(symbols: Any) -> Any:
    """How many bits follow a symbol."""
    return symbols & 0x0F
