"""JPEG Lossless and JPEG of 12 bits: what went in comes out, and a broken bitstream is refused and nothing else."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.uid import UID, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1

from gateway.dicom.pixels import jpeg, jpeg_extended, jpeg_lossless
from gateway.errors import NotSupportedYet
from gateway.web.pages import as_problem
from tests.support.jpeg import lossless
from tests.unit.test_image_decoding import SIDE, drawn, grey

# Written by dcmtk's dcmcjpeg: first-order prediction, predictor 7, and a ramp of 12 bits in its extended process.
PIXELS = [[0, 5, 4095, 7], [100, 90, 80, 70], [2048, 2047, 2049, 1]]
BY_DCMTK = {
    1: "ffd8ffe000104a46494600010100000100010000ffc3000b100003000401011100ffc4001b0000020105000000000000000000000000"
    "040c010203070b10ffda0008010100010000ebaffd200f9905145df39152ff00ff00ffd9",
    7: "ffd8ffe000104a46494600010100000100010000ffc3000b100003000401011100ffc4001b0000010403000000000000000000000000"
    "0b03050a0c060710ffda0008010100070000e56ffd5007dc993008decf393d29ed0f77ffffd9",
}
EXTENDED = (
    "ffd8ffe000104a46494600010100000100010000ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c"
    "0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc1000b0c000a000901011100ffc400150001"
    "0100000000000000000000000000000c0affc4002310000102020b000000000000000000000000010b02c20512152122273744515462"
    "ffda0008010100003f008b8638684d00c3d1944b0589e436531c30a6405c9b1944b0554e10ffffd9"
)


@pytest.mark.parametrize("predictor", BY_DCMTK)
def test_what_another_program_wrote_is_read(predictor: int) -> None:
    found = jpeg_lossless.decoded(bytes.fromhex(BY_DCMTK[predictor]))
    assert found[:, :, 0].tolist() == PIXELS


def test_twelve_bits_are_read_as_the_other_program_reads_them() -> None:
    found = jpeg_extended.decoded(bytes.fromhex(EXTENDED))[:, :, 0].astype(int)
    wanted = numpy.add.outer(numpy.arange(10) * 3, numpy.arange(9) * 200) + 1024
    assert found.shape == (10, 9)
    assert abs(found - wanted).max() <= 4, "this much is lost by its quantisation"


@settings(deadline=None, max_examples=60)
@given(data=st.data(), predictor=st.integers(1, 7), precision=st.sampled_from([2, 8, 12, 15, 16]))
def test_every_predictor_gives_back_what_went_in(data: st.DataObject, predictor: int, precision: int) -> None:
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])))
    seed = data.draw(st.integers(0, 2**32 - 1))
    pixels = numpy.random.default_rng(seed).integers(0, 1 << precision, shape)
    rows_a_strip = data.draw(st.integers(0, shape[0]))
    shift = data.draw(st.integers(0, 1 if precision > 2 else 0))
    content = lossless(pixels, precision, predictor, shift=shift, rows_a_strip=rows_a_strip)
    assert (jpeg_lossless.decoded(content) == (pixels >> shift) << shift).all()


def test_more_than_one_stretch_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "_STRETCH", 7)
    pixels = numpy.random.default_rng(1).integers(0, 4096, (12, 11, 1))
    assert (jpeg_lossless.decoded(lossless(pixels, 12, 1)) == pixels).all()
    assert jpeg_extended.decoded(bytes.fromhex(EXTENDED)).shape == (10, 9, 1)


@settings(deadline=None, max_examples=150)
@given(data=st.data(), source=st.sampled_from([*BY_DCMTK.values(), EXTENDED]))
def test_a_broken_bitstream_is_refused_and_nothing_else(data: st.DataObject, source: str) -> None:
    content = bytearray.fromhex(source)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for one in (bytes(content), bytes(content[:cut])):
        for codec in (jpeg_lossless, jpeg_extended):
            try:
                found = codec.decoded(one)
            except jpeg.Unreadable:
                continue
            assert found.size <= 1 << 22


def test_a_size_that_no_bits_stand_for_costs_nothing() -> None:
    content = bytearray.fromhex(BY_DCMTK[1])
    at = content.index(b"\xff\xc3") + 5
    content[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(jpeg.Unreadable):
        jpeg_lossless.decoded(bytes(content))
    content = bytearray.fromhex(EXTENDED)
    at = content.index(b"\xff\xc1") + 5
    content[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(jpeg.Unreadable):
        jpeg_extended.decoded(bytes(content))


@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
@pytest.mark.parametrize("signed", [False, True])
def test_a_frame_of_an_archive_is_drawn(syntax: str, signed: bool) -> None:
    dataset = grey(12)
    values = numpy.frombuffer(dataset.PixelData, dtype="<u2").reshape(SIDE, SIDE)
    dataset.PixelRepresentation = int(signed)
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.PixelData = encapsulate([lossless(values[:, :, None], 12, 1)])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    frame = drawn(dataset)
    found = numpy.frombuffer(frame.pixels, dtype="<u2") & 0x0FFF
    assert (found.reshape(SIDE, SIDE) == values).all()
    assert frame.signed is signed


def test_a_frame_of_another_size_than_stated_is_not_drawn() -> None:
    dataset = grey(12)
    for syntax, content in ((JPEGLosslessSV1, BY_DCMTK[1]), (JPEGExtended12Bit, EXTENDED)):
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
        dataset.PixelData = encapsulate([bytes.fromhex(content)])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
        with pytest.raises(NotSupportedYet):
            drawn(dataset)


def test_a_process_that_nobody_undoes_is_a_clear_sentence() -> None:
    """Progressive, and colour of 12 bits: both viewers say that they cannot read the compression."""
    grey_, colour = grey(12), grey(12)
    colour.SamplesPerPixel, colour.PhotometricInterpretation, colour.PlanarConfiguration = 3, "YBR_FULL_422", 0
    for dataset, content in ((grey_, EXTENDED.replace("ffc1", "ffc2")), (colour, EXTENDED)):
        dataset.file_meta.TransferSyntaxUID = JPEGExtended12Bit
        dataset.PixelData = encapsulate([bytes.fromhex(content)])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
        with pytest.raises(NotSupportedYet) as refused:
            drawn(dataset)
        problem = as_problem(refused.value, images=True)
        assert (problem.status, problem.code) == (501, "viewer_codec")
