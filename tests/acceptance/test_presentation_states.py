"""Bitmaps of a presentation state as dcmtk draws them, against what our viewer is told to draw."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from gateway.web.viewer import structured
from tests.support.dicom_objects import encoded
from tests.support.presentation import SHUTTER_GREY, layer, plane, shut_by_bits
from tests.support.viewing import SIDE, MemoryPacs, ct, plain_state

pytestmark = pytest.mark.dcmtk


def state() -> Dataset:
    """A shutter of a slanted edge, and a white plane that begins inside of the image and ends outside."""
    item = plain_state()
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    shut_by_bits(item, 0x6000, rows > columns + 60)
    plane(item, 0x6002, np.mgrid[0:50, 0:61][1] % 4 == 0, top=3, left=91, layer="MARKS")
    item.GraphicLayerSequence = [layer("MARKS", 1, grey=0xFFFF)]
    reference = item.ReferencedSeriesSequence[0].ReferencedImageSequence
    area, window = Dataset(), Dataset()
    area.ReferencedImageSequence, area.PresentationSizeMode = reference, "SCALE TO FIT"
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = [1, 1], [SIDE, SIDE]
    area.PresentationPixelAspectRatio = [1, 1]
    item.DisplayedAreaSelectionSequence = [area]
    window.WindowCenter, window.WindowWidth = 0, 4000
    item.SoftcopyVOILUTSequence = [window]
    item.RescaleIntercept, item.RescaleSlope, item.RescaleType = -1024, 1, "HU"
    item.PresentationLUTShape = "IDENTITY"
    item.PresentationCreationDate, item.PresentationCreationTime = "20260312", "103000"
    item.ContentCreatorName = ""
    return item


def covered(one: dict[str, Any]) -> Any:
    """Where in the image the plane has bits."""
    packed = np.frombuffer(base64.b64decode(one["bits"]), dtype=np.uint8)
    bits = np.unpackbits(packed, bitorder="little")[: one["rows"] * one["columns"]].reshape(one["rows"], one["columns"])
    image = np.zeros((SIDE, SIDE), dtype=bool)
    top, left = one["top"] - 1, one["left"] - 1
    seen = bits[: SIDE - top, : SIDE - left]
    image[top : top + seen.shape[0], left : left + seen.shape[1]] = seen
    return image


def test_dcmtk_hides_and_marks_the_pixels_that_the_viewer_is_told_of(tmp_path: Path) -> None:
    item = state()
    (tmp_path / "image.dcm").write_bytes(encoded(ct(3)))
    (tmp_path / "state.dcm").write_bytes(encoded(item))
    # With -v it writes the overlays, each apart, into the folder it runs in.
    command = ["dcmp2pgm", "-v", "-p", "state.dcm", "image.dcm", "drawn.pgm"]
    subprocess.run(command, check=True, timeout=30, capture_output=True, cwd=tmp_path)
    told = structured.state(MemoryPacs([item]).held[str(item.SOPInstanceUID)], {})
    (shutter,), (overlay,) = told["shutters"], told["overlays"]
    hidden, marked = covered(shutter), covered(overlay)
    assert told["broken"] == []
    pixels = np.asarray(Image.open(tmp_path / "drawn.pgm"))
    assert ((pixels == SHUTTER_GREY // 257) == hidden).all()
    drawn = np.asarray(Image.open(tmp_path / "ovl_0101.pgm"))
    assert ((drawn > 0) == marked[2 : 2 + drawn.shape[0], 90 : 90 + drawn.shape[1]]).all()
    assert drawn.sum() > 0
    assert not marked[:2].any()
    assert not marked[:, :90].any()
