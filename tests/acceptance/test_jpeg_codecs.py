"""JPEG as dcmtk writes it: lossless with each predictor, and 12 bits held against dcmtk's own decoder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy
import pydicom
import pytest
from pydicom.encaps import generate_frames

from gateway.dicom.pixels import jpeg_extended, jpeg_lossless
from tests.unit.test_image_decoding import colour, grey, smooth

pytestmark = pytest.mark.dcmtk


def compressed(dataset: pydicom.Dataset, folder: Path, *options: str) -> bytes:
    """The bitstream that dcmcjpeg makes of *dataset*."""
    plain, made = folder / "plain.dcm", folder / "jpeg.dcm"
    dataset.save_as(plain, enforce_file_format=True)
    subprocess.run(["dcmcjpeg", *options, plain, made], check=True, capture_output=True)
    return next(generate_frames(pydicom.dcmread(made).PixelData, number_of_frames=1))


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("predictor", range(1, 8))
def test_lossless_grey_of_dcmtk_comes_back_as_it_went_in(predictor: int, bits: int, tmp_path: Path) -> None:
    dataset = grey(bits)
    content = compressed(dataset, tmp_path, "--encode-lossless", "--selection-value", str(predictor))
    wanted = numpy.frombuffer(dataset.PixelData, dtype="<u2").reshape(dataset.Rows, dataset.Columns)
    assert (jpeg_lossless.decoded(content)[:, :, 0] == wanted).all()


def test_lossless_colour_of_dcmtk_comes_back_as_it_went_in(tmp_path: Path) -> None:
    content = compressed(colour(smooth()), tmp_path, "--encode-lossless-sv1")
    assert (jpeg_lossless.decoded(content) == smooth()).all()


def test_twelve_bits_of_dcmtk_are_what_dcmtk_makes_of_them(tmp_path: Path) -> None:
    content = compressed(grey(12), tmp_path, "--encode-extended")
    subprocess.run(["dcmdjpeg", tmp_path / "jpeg.dcm", tmp_path / "back.dcm"], check=True, capture_output=True)
    wanted = pydicom.dcmread(tmp_path / "back.dcm").pixel_array.astype(int)
    # Its transform counts in whole numbers, ours does not.
    assert abs(jpeg_extended.decoded(content)[:, :, 0].astype(int) - wanted).max() <= 1
