"""Compressed frames to native pixels, and frames out of encapsulated pixel data (DICOM PS3.5 A.4, PS3.3 C.7.6.3).

The codecs are those of pydicom (RLE), pyjpegls (JPEG-LS), Pillow (JPEG of 8 bits, JPEG 2000) and our own (JPEG
Lossless, JPEG of 12 bits); a bitstream that none of them takes is named by its syntax, its own words are not shown. The
PACS is then asked for it uncompressed.
"""

from __future__ import annotations

from typing import Any

from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    JPEG2000,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from gateway.dicom import glance
from gateway.dicom.guard import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from gateway.dicom.pixels import jpeg_plugin
from gateway.dicom.values import Header, text
from gateway.errors import InputRejected, NotSupportedYet
from gateway.model.image import StoredInstance

NATIVE = frozenset({EXPLICIT_LITTLE, IMPLICIT_LITTLE})
DECODABLE = frozenset(
    map(
        str,
        (
            RLELossless,
            *(JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1),
            *(JPEGLSLossless, JPEGLSNearLossless, JPEG2000Lossless, JPEG2000),
        ),
    )
)
_LIMIT_PIXELS = 1 << 28
jpeg_plugin.register()


def bitstream(instance: StoredInstance, number: int, frames: int) -> bytes:
    """Frame *number* (from 1, of *frames*) of an instance with encapsulated pixel data, as it is kept.

    Raises InputRejected (``image_no_pixels``, ``image_frame_unknown``, ``dicom_malformed``).
    """
    found = glance.pixel_data(instance.data, instance.transfer_syntax)
    if found is None or found.tag != glance.PIXEL_DATA:
        raise InputRejected("image_no_pixels")
    if not 1 <= number <= frames:
        raise InputRejected("image_frame_unknown", number=number, frames=frames)
    try:
        return get_frame(bytes(instance.data[found.start :]), number - 1, number_of_frames=frames)
    except (ValueError, IndexError, EOFError, KeyError):
        raise InputRejected("dicom_malformed", offset=found.position, words="encapsulation") from None


def native(header: Header, syntax: str, content: bytes) -> tuple[bytes, str]:
    """The native pixels of one compressed frame, by pixel and little endian, and their photometric interpretation.

    Colour comes as RGB. Raises NotSupportedYet ``image_codec``.
    """
    if syntax not in DECODABLE:
        raise NotSupportedYet("image_codec", syntax=syntax)
    options: dict[str, Any] = {
        "rows": _number(header, 0x00280010),
        "columns": _number(header, 0x00280011),
        "samples_per_pixel": _number(header, 0x00280002) or 1,
        "photometric_interpretation": text(header, 0x00280004),
        "bits_allocated": _number(header, 0x00280100),
        "bits_stored": _number(header, 0x00280101),
        "pixel_representation": _number(header, 0x00280103),
        "planar_configuration": 0,
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
    }
    if options["rows"] * options["columns"] * options["samples_per_pixel"] > _LIMIT_PIXELS:
        raise NotSupportedYet("image_kind", what="size")
    try:
        pixels, meta = get_decoder(syntax).as_array(
            encapsulate([content]), index=0, decoding_plugin=plugin(syntax, options["bits_stored"]), **options
        )
    except (AttributeError, ValueError, RuntimeError):
        # An attribute that is needed is missing; one contradicts another or the length of the pixels; every codec has
        # failed, whatever it raised itself (pydicom makes one RuntimeError of those). Which codec is in the syntax.
        raise NotSupportedYet("image_codec", syntax=syntax) from None
    little = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)
    return little.tobytes(), str(meta.get("photometric_interpretation", options["photometric_interpretation"]))


def plugin(syntax: str, bits_stored: int) -> str:
    """The codec to take where several offer themselves and not all can: one that fails writes a page into the log."""
    ours = syntax in (JPEGLossless, JPEGLosslessSV1) or (syntax == JPEGExtended12Bit and bits_stored > 8)
    return jpeg_plugin.NAME if ours else ""


def coloured(header: Header, content: bytes) -> bytes:
    """The RGB pixels, 8 bits each, of a frame in PALETTE COLOR (PS3.3 C.7.9); raises NotSupportedYet ``image_kind``."""
    import numpy

    allocated = _number(header, 0x00280100)
    if allocated not in (8, 16):
        raise NotSupportedYet("image_kind", what="PALETTE COLOR")
    places = numpy.frombuffer(content, dtype="<u2" if allocated == 16 else "u1").astype("i4")
    planes = []
    for descriptor, data in ((0x00281101, 0x00281201), (0x00281102, 0x00281202), (0x00281103, 0x00281203)):
        told = [int(one) for one in header.texts(descriptor)]
        raw = header.raw(data) if hasattr(header, "raw") else b""
        if len(told) != 3 or not raw:
            raise NotSupportedYet("image_kind", what="PALETTE COLOR")
        count, first, bits = told[0] or 65_536, told[1], told[2]
        table = numpy.frombuffer(bytes(raw), dtype="u1" if bits == 8 and len(raw) < 2 * count else "<u2")
        if len(table) < count:
            raise NotSupportedYet("image_kind", what="PALETTE COLOR")
        chosen = table[numpy.clip(places - first, 0, count - 1)]
        planes.append((chosen >> 8).astype("u1") if bits == 16 else chosen.astype("u1"))
    return bytes(numpy.stack(planes, axis=-1).tobytes())


def _number(header: Header, tag: int) -> int:
    value = text(header, tag)
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else 0
