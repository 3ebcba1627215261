"""Our own decoders of JPEG as a plugin of pydicom's (its "decoder plugins" guide says what such a module must hold)."""

from __future__ import annotations

import numpy
from pydicom.pixels.decoders.base import (
    DecodeRunner,
    JPEGExtended12BitDecoder,
    JPEGLosslessDecoder,
    JPEGLosslessSV1Decoder,
)
from pydicom.uid import JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1

from gateway.dicom.pixels import jpeg_extended, jpeg_lossless
from gateway.dicom.pixels.jpeg import Unreadable

NAME = "gateway"
DECODER_DEPENDENCIES = {JPEGExtended12Bit: ("numpy",), JPEGLossless: ("numpy",), JPEGLosslessSV1: ("numpy",)}


def is_available(uid: str) -> bool:
    """Whether frames in the transfer syntax *uid* are decoded here."""
    return uid in DECODER_DEPENDENCIES


def decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """The native pixels of the frame *src*, little endian, as wide as the data set says; raises Unreadable."""
    codec = jpeg_extended if runner.transfer_syntax == JPEGExtended12Bit else jpeg_lossless
    samples = codec.decoded(src)
    if samples.shape != (runner.rows, runner.columns, runner.samples_per_pixel):
        raise Unreadable("size")
    narrow = runner.bits_allocated == 8
    if narrow and int(samples.max()) > 255:
        raise Unreadable("precision")
    # A codec gives colours pixel by pixel, whatever the data set says of its own layout (PS3.5 section 8.2.1).
    runner.set_option("planar_configuration", 0)
    return bytes(samples.astype(numpy.uint8 if narrow else "<u2").tobytes())


def register() -> None:
    """Make them known to pydicom; may be called again."""
    for decoder in (JPEGExtended12BitDecoder, JPEGLosslessDecoder, JPEGLosslessSV1Decoder):
        if NAME not in decoder.available_plugins:
            decoder.add_plugin(NAME, (__name__, decode_frame.__name__))
