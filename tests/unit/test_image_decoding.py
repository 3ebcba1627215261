"""Frames out of each codec, compared with the pixels that went in; and pictures made of them."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from gateway.dicom import documents, headers, outgoing, part10
from gateway.dicom.fetch import FrameSource
from gateway.dicom.pixels.render import rendered
from gateway.errors import GatewayError, InputRejected, NotSupportedYet
from gateway.model.identifiers import Identifier
from gateway.model.image import Frame, Rendering, StoredInstance
from tests.support.dicom_objects import encoded, image, whole_study
from tests.support.dicom_scp import settings

SIDE = 64


def stored(dataset: Dataset) -> StoredInstance:
    syntax, data = part10.unwrap(encoded(dataset))
    uids = (str(dataset.SOPClassUID), str(dataset.SOPInstanceUID))
    return StoredInstance(
        study_uid=str(dataset.StudyInstanceUID),
        series_uid=str(dataset.SeriesInstanceUID),
        sop_class_uid=uids[0],
        sop_instance_uid=uids[1],
        transfer_syntax=syntax,
        head=part10.head(*uids, syntax),
        data=bytes(data),
    )


def drawn(dataset: Dataset, number: int = 1) -> Frame:
    source = FrameSource(settings(1))
    try:
        return source._drawn(stored(dataset), number)
    finally:
        source.close()


def grey(bits: int = 12, *, signed: bool = False) -> Dataset:
    dataset = image(1, 1, side=SIDE)
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1, int(signed)
    values = numpy.random.default_rng(3).integers(0, 1 << bits, (SIDE, SIDE))
    if signed:
        values = values - (1 << (bits - 1))
    dataset.PixelData = values.astype("<i2" if signed else "<u2").tobytes()
    return dataset


def colour(pixels: numpy.ndarray) -> Dataset:
    dataset = image(1, 1, side=SIDE)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = pixels.astype("u1").tobytes()
    return dataset


def smooth() -> numpy.ndarray:
    ramp = numpy.add.outer(numpy.arange(SIDE), numpy.arange(SIDE))
    return numpy.stack([ramp, 2 * ramp % 256, 255 - ramp], axis=-1).astype("u1")


@pytest.mark.parametrize(
    ("syntax", "bits"),
    [(RLELossless, 12), (RLELossless, 16), (JPEGLSLossless, 8), (JPEGLSLossless, 12), (JPEGLSLossless, 16)],
)
def test_grey_comes_back_as_it_went_in(syntax: str, bits: int) -> None:
    dataset = grey(bits)
    wanted = dataset.PixelData
    dataset.compress(syntax, generate_instance_uid=False)
    frame = drawn(dataset)
    assert frame.pixels == wanted
    assert (frame.photometric_interpretation, frame.bits_stored, frame.windows[0]) == ("MONOCHROME2", bits, (40, 400))


def test_signed_grey_comes_back_as_it_went_in() -> None:
    dataset = grey(16, signed=True)
    wanted = dataset.PixelData
    dataset.compress(RLELossless, generate_instance_uid=False)
    assert drawn(dataset).pixels == wanted


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_colour_comes_back_as_it_went_in(syntax: str) -> None:
    dataset = colour(smooth())
    wanted = dataset.PixelData
    dataset.compress(syntax, generate_instance_uid=False)
    frame = drawn(dataset)
    assert (frame.pixels, frame.photometric_interpretation) == (wanted, "RGB")


def by_pillow(pixels: numpy.ndarray, form: str, syntax: str, photometric: str, **options: Any) -> Dataset:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    dataset = colour(pixels) if pixels.ndim == 3 else grey(8 if pixels.dtype == numpy.uint8 else 16)
    if pixels.dtype == numpy.uint8:
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PhotometricInterpretation = photometric
    dataset.PixelData = encapsulate([buffer.getvalue()])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def test_jpeg_2000_grey_of_16_bits_comes_back() -> None:
    pixels = numpy.random.default_rng(5).integers(0, 65_536, (SIDE, SIDE)).astype("u2")
    dataset = by_pillow(pixels, "JPEG2000", JPEG2000Lossless, "MONOCHROME2", no_jp2=True)
    assert drawn(dataset).pixels == pixels.astype("<u2").tobytes()


def test_jpeg_2000_colour_comes_back_as_rgb() -> None:
    dataset = by_pillow(smooth(), "JPEG2000", JPEG2000Lossless, "YBR_RCT", no_jp2=True, mct=1)
    frame = drawn(dataset)
    assert frame.photometric_interpretation == "RGB"
    assert frame.pixels == smooth().tobytes()


def test_jpeg_colour_comes_back_nearly() -> None:
    dataset = by_pillow(smooth(), "JPEG", JPEGBaseline8Bit, "YBR_FULL_422", quality=98, subsampling=0)
    frame = drawn(dataset)
    assert frame.photometric_interpretation == "RGB"
    came = numpy.frombuffer(frame.pixels, "u1").reshape(SIDE, SIDE, 3).astype(int)
    assert numpy.median(abs(came - smooth().astype(int))) <= 3


def test_several_compressed_frames_are_told_apart() -> None:
    dataset = image(1, 1, side=16, frames=4)
    wanted = dataset.PixelData
    dataset.compress(RLELossless, generate_instance_uid=False)
    for number in range(1, 5):
        assert drawn(dataset, number).pixels == wanted[512 * (number - 1) : 512 * number]
    with pytest.raises(InputRejected, match="image_frame_unknown"):
        drawn(dataset, 5)


def test_a_palette_becomes_colour() -> None:
    dataset = image(1, 1, side=4)
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelData = bytes(range(16))
    for number, name in enumerate(("Red", "Green", "Blue")):
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [16, 0, 16])
        table = numpy.arange(16, dtype="<u2") * 4096 + number * 256
        setattr(dataset, f"{name}PaletteColorLookupTableData", table.tobytes())
    frame = drawn(dataset)
    assert (frame.samples_per_pixel, frame.photometric_interpretation) == (3, "RGB")
    assert frame.pixels[:6] == bytes((0, 1, 2, 16, 17, 18))


@pytest.mark.parametrize("broken", [b"", b"\xff\x4f\xff\x51", bytes(400)])
@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless, JPEGBaseline8Bit])
def test_a_broken_bitstream_is_named_by_its_syntax(syntax: str, broken: bytes) -> None:
    dataset = grey()
    dataset.PixelData = encapsulate([broken]) if broken else encapsulate([b"\0\0"])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    with pytest.raises(GatewayError):
        drawn(dataset)


def frame_of(values: list[int], **changes: Any) -> Frame:
    made = {
        "rows": 1, "columns": len(values), "samples_per_pixel": 1, "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": 16, "bits_stored": 12, "signed": False,
        "pixels": numpy.array(values, dtype="<u2").tobytes(),
    }  # fmt: skip
    return Frame(**{**made, **changes})


def shown(frame: Frame, **wanted: Any) -> list[int]:
    picture = rendered(frame, Rendering(media_type="image/png", **wanted))
    return numpy.asarray(Image.open(io.BytesIO(picture.content))).ravel().tolist()


def test_a_window_is_linear_as_the_standard_has_it() -> None:
    frame = frame_of([0, 899, 1000, 1100, 2000], rescale_intercept=-1000.0)
    assert shown(frame, window=(0.5, 201.0)) == [0, 0, 127, 255, 255]
    assert shown(frame_of([0, 5, 10])) == [0, 127, 255]
    assert shown(frame_of([0, 5, 10], photometric_interpretation="MONOCHROME1")) == [255, 128, 0]
    assert shown(frame_of([7, 7])) == [0, 0]


def test_bits_that_are_not_stored_do_not_show() -> None:
    assert shown(frame_of([0xF000, 0xF00A])) == [0, 255]


def test_pixels_that_are_not_square_are_shown_as_they_are() -> None:
    frame = frame_of([1] * 40, rows=10, columns=4, pixels=bytes(80), pixel_spacing=(2.0, 1.0))
    picture = rendered(frame, Rendering(media_type="image/png"))
    assert Image.open(io.BytesIO(picture.content)).size == (4, 20)


def test_the_identity_is_added_beside_what_is_there() -> None:
    ins = Identifier("1.2.250.1.213.1.4.10", "269054958815780")
    for implicit in (False, True):
        dataset = image(1, 1)
        if implicit:
            dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
        made = outgoing.with_identity(stored(dataset), ins)
        read = pydicom.dcmread(io.BytesIO(made.head + made.data))
        told = [
            (item.PatientID, item.IssuerOfPatientIDQualifiersSequence[0].UniversalEntityID)
            for item in read.OtherPatientIDsSequence
        ]
        assert told == [("281112915104759", ins.root), ("269054958815780", ins.root)]
        assert outgoing.with_identity(made, ins) is made
        del dataset.OtherPatientIDsSequence
        alone = outgoing.with_identity(stored(dataset), ins)
        read = pydicom.dcmread(io.BytesIO(alone.head + alone.data))
        assert read.OtherPatientIDsSequence[0].PatientID == "269054958815780"
        assert read.PixelData == dataset.PixelData


def test_a_document_and_a_film_come_out_of_their_instances() -> None:
    dataset = image(1, 1)
    del dataset.PixelData
    dataset.MIMETypeOfEncapsulatedDocument, dataset.EncapsulatedDocument = "application/pdf", b"%PDF-1.4 x\0"
    dataset.EncapsulatedDocumentLength = 10
    found = documents.content(stored(dataset))
    assert (found.media_type, found.content) == ("application/pdf", b"%PDF-1.4 x")
    dataset.MIMETypeOfEncapsulatedDocument = "text/html"
    assert documents.content(stored(dataset)).media_type == "application/octet-stream"
    film = image(1, 1)
    film.PixelData = encapsulate([b"film" * 10])
    film["PixelData"].VR = "OB"
    film["PixelData"].is_undefined_length = True
    film.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"
    found = documents.content(stored(film))
    assert (found.media_type, found.content) == ("video/mp4", b"film" * 10)
    with pytest.raises(InputRejected, match="image_no_document"):
        documents.content(stored(image(1, 1)))


def test_what_cannot_be_had_in_an_accepted_syntax_is_said() -> None:
    with pytest.raises(NotSupportedYet):
        outgoing.in_syntax(stored(grey()), {"1.2.840.10008.1.2.4.80"})
    implicit = grey()
    implicit.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    made = outgoing.in_syntax(stored(implicit), {"1.2.840.10008.1.2.1"})
    assert made.transfer_syntax == "1.2.840.10008.1.2.1"


def test_a_header_in_json_says_what_pydicom_says_of_it() -> None:
    for dataset in whole_study():
        dataset.FrameIncrementPointer = 0x00181063
        dataset.SmallestImagePixelValue = 3
        dataset.PatientComments = "  a leading blank, and é "
        told = headers.described(stored(dataset))
        read = pydicom.dcmread(io.BytesIO(encoded(dataset)))
        del read.PixelData
        wanted = json.loads(read.to_json())
        assert set(told) == set(wanted)
        for tag, attribute in wanted.items():
            if tag != "00104000":
                assert told[tag] == attribute, tag
        again = pydicom.Dataset.from_json(json.dumps(told))
        assert again.PatientName == dataset.PatientName
        assert again.OtherPatientIDsSequence[0].PatientID == "281112915104759"
