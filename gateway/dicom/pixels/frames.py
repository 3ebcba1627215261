"""From a header and native pixel bytes to a frame (DICOM PS3.3 C.7.6.3, C.7.6.16, C.11.1, C.11.2; PS3.5 8.1)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.dicom.values import Header, text
from gateway.errors import InputRejected, NotSupportedYet
from gateway.model.image import Frame

PIXEL_DATA = 0x7FE00010
_SHARED_GROUPS, _PER_FRAME_GROUPS = 0x52009229, 0x52009230
_MEASURES, _VOI, _TRANSFORMATION = 0x00289110, 0x00289132, 0x00289145
_MONOCHROME = frozenset({"MONOCHROME1", "MONOCHROME2"})
_COLOUR = frozenset({"RGB", "YBR_FULL"})
_SHOWN = {1: _MONOCHROME | {"PALETTE COLOR"}, 3: _COLOUR}
_DECODED = {1: _SHOWN[1], 3: _COLOUR | {"YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"}}
"""What codecs make RGB of."""
_BITS_ALLOCATED = {1: frozenset({8, 16, 32}), 3: frozenset({8})}
_MAX_SIDE = 65_535


@dataclass(frozen=True, slots=True)
class Pixels:
    """How the pixel data of one instance is laid out."""

    rows: int
    columns: int
    samples: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    signed: bool
    by_plane: bool
    """Planar Configuration 1: all of one colour, then the next."""
    frames: int
    header: Header

    @property
    def frame_bytes(self) -> int:
        return self.rows * self.columns * self.samples * self.bits_allocated // 8

    def check_number(self, number: int) -> None:
        """Raises InputRejected ``image_frame_unknown`` unless there is a frame *number*."""
        if not 1 <= number <= self.frames:
            raise InputRejected("image_frame_unknown", number=number, frames=self.frames)


def layout(header: Header, *, compressed: bool = False) -> Pixels:
    """The layout that *header* describes; *compressed*: of what a codec will make of it.

    Raises InputRejected ``image_no_pixels``, and NotSupportedYet ``image_kind`` for bit masks, subsampled
    colour and what else a viewer could not draw from these bytes.
    """
    rows, columns = _whole(header, 0x00280010, 0), _whole(header, 0x00280011, 0)
    if not (0 < rows <= _MAX_SIDE and 0 < columns <= _MAX_SIDE):
        raise InputRejected("image_no_pixels")
    samples = _whole(header, 0x00280002, 1)
    photometric = text(header, 0x00280004)
    allocated = _whole(header, 0x00280100, 0)
    stored = _whole(header, 0x00280101, allocated)
    if photometric == "PALETTE COLOR" and 0x00281101 not in header:
        raise NotSupportedYet("image_kind", what=photometric)
    if photometric not in (_DECODED if compressed else _SHOWN).get(samples, ()):
        raise NotSupportedYet("image_kind", what=photometric or "?")
    if allocated not in _BITS_ALLOCATED[samples] or not 0 < stored <= allocated:
        raise NotSupportedYet("image_kind", what=f"{stored}/{allocated} bits")
    if _whole(header, 0x00280102, stored - 1) != stored - 1:
        raise NotSupportedYet("image_kind", what="High Bit")
    return Pixels(
        rows=rows,
        columns=columns,
        samples=samples,
        photometric_interpretation=photometric,
        bits_allocated=allocated,
        bits_stored=stored,
        signed=_whole(header, 0x00280103, 0) == 1,
        by_plane=samples > 1 and _whole(header, 0x00280006, 0) == 1,
        frames=max(1, _whole(header, 0x00280008, 1)),
        header=header,
    )


def cut(pixels: Pixels, data: memoryview, number: int) -> bytes:
    """The bytes of frame *number* out of the native pixel data of all frames, which is long enough."""
    pixels.check_number(number)
    return bytes(data[pixels.frame_bytes * (number - 1) : pixels.frame_bytes * number])


def frame(pixels: Pixels, number: int, data: bytes) -> Frame:
    """Frame *number*, whose native bytes are *data*; one in PALETTE COLOR comes in RGB."""
    if pixels.photometric_interpretation == "PALETTE COLOR" and data:
        from gateway.dicom.pixels import decode

        data = decode.coloured(pixels.header, data)
        pixels = replace(
            pixels, samples=3, photometric_interpretation="RGB", bits_allocated=8, bits_stored=8, signed=False
        )
    slope, intercept = _rescale(pixels.header, number)
    return Frame(
        rows=pixels.rows,
        columns=pixels.columns,
        samples_per_pixel=pixels.samples,
        photometric_interpretation=pixels.photometric_interpretation,
        bits_allocated=pixels.bits_allocated,
        bits_stored=pixels.bits_stored,
        signed=pixels.signed,
        rescale_slope=slope,
        rescale_intercept=intercept,
        windows=_windows(pixels.header, number),
        pixel_spacing=_spacing(pixels.header, number),
        pixels=_by_pixel(data) if pixels.by_plane else data,
    )


def _by_pixel(data: bytes) -> bytes:
    """Three planes of 8 bits, interleaved."""
    plane = len(data) // 3
    woven = bytearray(plane * 3)
    for colour in range(3):
        woven[colour::3] = data[colour * plane : (colour + 1) * plane]
    return bytes(woven)


def _holders(header: Header, number: int, macro: int) -> Iterator[Header]:
    """Where an attribute of frame *number* may stand: its own functional group, the shared one, the data set."""
    per_frame = header.items(_PER_FRAME_GROUPS)
    if number <= len(per_frame):
        yield from per_frame[number - 1].items(macro)[:1]
    for shared in header.items(_SHARED_GROUPS)[:1]:
        yield from shared.items(macro)[:1]
    yield header


def _rescale(header: Header, number: int) -> tuple[float, float]:
    for holder in _holders(header, number, _TRANSFORMATION):
        slopes, intercepts = _decimals(holder, 0x00281053), _decimals(holder, 0x00281052)
        if slopes and intercepts and slopes[0]:
            return slopes[0], intercepts[0]
    return 1.0, 0.0


def _windows(header: Header, number: int) -> tuple[tuple[float, float], ...]:
    for holder in _holders(header, number, _VOI):
        pairs = zip(_decimals(holder, 0x00281050), _decimals(holder, 0x00281051), strict=False)
        windows = tuple((centre, width) for centre, width in pairs if width > 0)
        if windows:
            return windows
    return ()


def _spacing(header: Header, number: int) -> tuple[float, float] | None:
    """Pixel Spacing only: Imager Pixel Spacing is measured at the detector and would mismeasure the patient."""
    for holder in _holders(header, number, _MEASURES):
        values = _decimals(holder, 0x00280030)
        if len(values) == 2 and min(values) > 0:
            return values[0], values[1]
    return None


def _decimals(header: Header, tag: int) -> tuple[float, ...]:
    """The values of a DS or FD; none at all when one of them is no finite number."""
    try:
        values = tuple(float(value) for value in header.texts(tag))
    except ValueError:
        return ()
    return values if all(map(math.isfinite, values)) else ()


def _whole(header: Header, tag: int, default: int) -> int:
    value = text(header, tag)
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else default
