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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInstance:
    """One instance as the PACS keeps it: its data set, and what must stand before it to make a file of it."""

    study_uid: str
    series_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: str
    head: bytes = field(repr=False)
    """Preamble and File Meta Information (DICOM PS3.10 section 7.1)."""
    data: bytes = field(repr=False)
    """The data set, encoded in the transfer syntax."""

    @property
    def size_bytes(self) -> int:
        """Of the file."""
        return len(self.head) + len(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """One frame as it is kept: a compressed bitstream or native pixels, and what is needed to draw it."""

    transfer_syntax: str
    frame: Frame
    """Its ``pixels`` are the bitstream, in the transfer syntax."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """How a frame is to be made into a picture (DICOM PS3.18 section 8.3.5.1)."""

    media_type: str = "image/jpeg"
    """``image/jpeg`` or ``image/png``."""
    width: int = 0
    """At most so many columns; 0: as the frame has."""
    height: int = 0
    window: tuple[float, float] | None = None
    """Centre and width; None: the first that the instance states, else its whole range."""
    quality: int = 85
    """Of JPEG, 1 to 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFrame:
    """A rendered frame."""

    media_type: str
    content: bytes = field(repr=False)
