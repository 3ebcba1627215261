"""A writer of JPEG Lossless as plain as can be (ISO/IEC 10918-1 annex H), one code of five bits a category."""

from __future__ import annotations

import numpy

_CATEGORIES = 17
_CODE_BITS = 5


def lossless(pixels: numpy.ndarray, precision: int, predictor: int, *, shift: int = 0, rows_a_strip: int = 0) -> bytes:
    """*pixels*: rows, columns, components; *rows_a_strip*: a restart marker after so many rows, 0 none."""
    rows, columns, components = pixels.shape
    samples = pixels.astype(int) >> shift
    strip = rows_a_strip or rows
    strips = [_coded(samples[at : at + strip], precision - shift, predictor) for at in range(0, rows, strip)]
    frame = bytes([precision, *divmod(rows, 256), *divmod(columns, 256), components])
    frame += b"".join(bytes([at + 1, 0x11, 0]) for at in range(components))
    table = bytes([0, *(0, 0, 0, 0, _CATEGORIES), *(0,) * 11, *range(_CATEGORIES)])
    scan = bytes([components]) + b"".join(bytes([at + 1, 0]) for at in range(components)) + bytes([predictor, 0, shift])
    body = b"\xff\xd8" + _segment(0xC3, frame) + _segment(0xC4, table)
    if rows_a_strip:
        body += _segment(0xDD, (rows_a_strip * columns).to_bytes(2, "big"))
    body += _segment(0xDA, scan)
    for at, one in enumerate(strips):
        body += (bytes([0xFF, 0xD0 + (at - 1) % 8]) if at else b"") + one
    return body + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def _coded(samples: numpy.ndarray, precision: int, predictor: int) -> bytes:
    bits = []
    for row, column, component in numpy.ndindex(*samples.shape):
        plane = samples[:, :, component]
        difference = (int(plane[row, column]) - _prediction(plane, row, column, precision, predictor)) & 0xFFFF
        if difference > 32_768:
            difference -= 65_536
        category = abs(difference).bit_length()
        bits.append(f"{category:05b}")
        if 0 < category < 16:
            bits.append(f"{difference if difference > 0 else difference + (1 << category) - 1:0{category}b}")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8)).replace(b"\xff", b"\xff\0")


def _prediction(plane: numpy.ndarray, row: int, column: int, precision: int, predictor: int) -> int:
    if not row and not column:
        return 1 << (precision - 1)
    if not row:
        return int(plane[row, column - 1])
    if not column:
        return int(plane[row - 1, column])
    a, b, c = (int(plane[at]) for at in ((row, column - 1), (row - 1, column), (row - 1, column - 1)))
    return {1: a, 2: b, 3: c, 4: a + b - c, 5: a + ((b - c) >> 1), 6: b + ((a - c) >> 1), 7: (a + b) >> 1}[predictor]
