"""A frame made into a picture: windowed, scaled to the screen that asks, JPEG or PNG (DICOM PS3.18 section 8.3.5.1).

Windows are linear as PS3.3 C.11.2.1.2 has them; MONOCHROME1 is shown the other way round (C.7.6.3.1.2).
"""

from __future__ import annotations

import io
from typing import Any

import numpy
from PIL import Image

from gateway.errors import InputRejected
from gateway.model.image import Frame, RenderedFrame, Rendering

_FORMS = {"image/jpeg": "JPEG", "image/png": "PNG"}
_MAX_SIDE = 8192


def rendered(frame: Frame, wanted: Rendering) -> RenderedFrame:
    """The picture of *frame*; raises InputRejected ``image_rendering`` for a media type that is not made."""
    form = _FORMS.get(wanted.media_type)
    if form is None:
        raise InputRejected("image_rendering")
    pixels = _colour(frame) if frame.samples_per_pixel == 3 else _grey(frame, wanted.window)
    picture = Image.fromarray(pixels)
    width, height = _fit(frame, wanted)
    if (width, height) != picture.size:
        # A half or less is first made smaller by whole steps, which is fast and loses nothing that would be seen.
        picture = picture.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out = io.BytesIO()
    if form == "JPEG":
        picture.save(out, form, quality=min(100, max(1, wanted.quality)))
    else:
        picture.save(out, form, compress_level=1)
    return RenderedFrame(media_type=wanted.media_type, content=out.getvalue())


def _fit(frame: Frame, wanted: Rendering) -> tuple[int, int]:
    """Columns and rows that fit into what is wanted, the pixel's shape kept; never more than the frame has."""
    tall = _aspect(frame)
    columns, rows = float(frame.columns), frame.rows * tall
    scale = min(
        1.0,
        (min(wanted.width, _MAX_SIDE) or _MAX_SIDE) / columns,
        (min(wanted.height, _MAX_SIDE) or _MAX_SIDE) / rows,
    )
    return max(1, round(columns * scale)), max(1, round(rows * scale))


def _aspect(frame: Frame) -> float:
    """The height of a pixel against its width."""
    if frame.pixel_spacing is None:
        return 1.0
    ratio = frame.pixel_spacing[0] / frame.pixel_spacing[1]
    return ratio if 0.1 < ratio < 10 and abs(ratio - 1) > 0.001 else 1.0


def _colour(frame: Frame) -> Any:
    if frame.photometric_interpretation.startswith("YBR"):
        return numpy.asarray(Image.frombytes("YCbCr", (frame.columns, frame.rows), frame.pixels).convert("RGB"))
    return numpy.frombuffer(frame.pixels, dtype=numpy.uint8).reshape(frame.rows, frame.columns, 3)


def _grey(frame: Frame, window: tuple[float, float] | None) -> Any:
    kind = f"<{'i' if frame.signed else 'u'}{frame.bits_allocated // 8}"
    stored = numpy.frombuffer(frame.pixels, dtype=kind).reshape(frame.rows, frame.columns)
    unused = frame.bits_allocated - frame.bits_stored
    if unused:
        # Bits above High Bit may hold anything (PS3.5 section 8.1.1).
        stored = (stored << unused) >> unused
    values = stored.astype(numpy.float32) * frame.rescale_slope + frame.rescale_intercept
    chosen = window or (frame.windows[0] if frame.windows else None)
    if chosen is None:
        low, high = float(values.min()), float(values.max())
        shown = (values - low) * (255.0 / (high - low)) if high > low else numpy.zeros_like(values)
    else:
        centre, width = chosen
        if width <= 1:
            shown = numpy.where(values <= centre - 0.5, 0.0, 255.0)
        else:
            shown = ((values - (centre - 0.5)) / (width - 1) + 0.5) * 255.0
    grey = numpy.clip(shown, 0, 255).astype(numpy.uint8)
    return 255 - grey if frame.photometric_interpretation == "MONOCHROME1" else grey
