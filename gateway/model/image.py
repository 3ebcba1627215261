"""A frame to look at: uncompressed pixels and what is needed to draw them (DICOM PS3.3 C.7.6.3, C.11.1, C.11.2)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame, little endian, native."""

    rows: int
    columns: int
    samples_per_pixel: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    signed: bool
    rescale_slope: float = 1.0
    rescale_intercept: float = 0.0
    windows: tuple[tuple[float, float], ...] = ()
    """(centre, width) each, in units after the rescale."""
    pixel_spacing: tuple[float, float] | None = None
    """Row and column spacing in millimetres."""
    pixels: bytes = field(repr=False)
