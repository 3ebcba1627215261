"""Presentation states with bitmaps: overlay planes of their own and a shutter made of one, written with pydicom."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from tests.support.viewing import SIDE, US, plain_state
from tests.support.web import STUDY

RED_CIELAB = [35_578, 53_662, 50_856]
"""Red of sRGB: L* 54.29, a* 80.80, b* 69.89 under D50."""
SHUTTER_GREY = 0x8080


def plane(item: Dataset, group: int, bits: Any, *, top: int = 1, left: int = 1, layer: str | None = None) -> None:
    """Puts *bits* (0 and 1, by row and column) into *item* as an overlay; *layer*: that activates it, if it is told."""
    rows, columns = bits.shape
    packed = np.packbits(bits.astype(np.uint8).ravel(), bitorder="little").tobytes()
    item.add_new(group << 16 | 0x0010, "US", rows)
    item.add_new(group << 16 | 0x0011, "US", columns)
    item.add_new(group << 16 | 0x0040, "CS", "G")
    item.add_new(group << 16 | 0x0050, "SS", [top, left])
    item.add_new(group << 16 | 0x0100, "US", 1)
    item.add_new(group << 16 | 0x0102, "US", 0)
    item.add_new(group << 16 | 0x3000, "OW", packed + b"\0" * (len(packed) % 2))
    if layer is not None:
        item.add_new(group << 16 | 0x1001, "CS", layer)


def shut_by_bits(item: Dataset, group: int, bits: Any) -> None:
    """The plane *bits* as the shutter of *item*."""
    plane(item, group, bits)
    item.ShutterShape, item.ShutterOverlayGroup, item.ShutterPresentationValue = "BITMAP", group, SHUTTER_GREY


def bitmap_state(study_uid: str = STUDY) -> Dataset:
    """Of the third CT slice: a shutter over its left and one pixel, and four planes.

    A red one with its corner at row 90, column 30 (from 0); the image's own of group 6000 in white; one that no layer
    activates; one whose data are too short.
    """
    item = plain_state(study_uid)
    shut = np.zeros((SIDE, SIDE))
    shut[:, :16] = shut[100, 100] = 1
    shut_by_bits(item, 0x6002, shut)
    drawn = np.zeros((10, 13))
    drawn[0, :] = drawn[9, 12] = 1
    plane(item, 0x6004, drawn, top=91, left=31, layer="MARKS")
    plane(item, 0x6006, np.ones((SIDE, SIDE)), layer="")
    plane(item, 0x6008, np.ones((SIDE, SIDE)), layer="MARKS")
    item[0x60083000].value = b"\xff" * 8
    item.add_new(0x60001001, "CS", "OWN")
    item.GraphicLayerSequence = [layer("MARKS", 2, cielab=RED_CIELAB), layer("OWN", 1, grey=0xFFFF)]
    return item


def loop_state(study_uid: str = STUDY) -> Dataset:
    """Of the ultrasound loop: a plane of two frames for the third and the fourth of it, one pixel in each."""
    item = plain_state(study_uid)
    item.SOPInstanceUID = item.file_meta.MediaStorageSOPInstanceUID = f"{item.SeriesInstanceUID}.2"
    item.InstanceNumber = 2
    (series,) = item.ReferencedSeriesSequence
    (reference,) = series.ReferencedImageSequence
    series.SeriesInstanceUID = f"{study_uid}.5"
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = US, f"{study_uid}.5.1"
    bits = np.zeros((64 * 2, 96))
    bits[10, 20] = bits[64 + 12, 22] = 1
    plane(item, 0x6000, bits, layer="MARKS")
    item.add_new(0x60000010, "US", 64)
    item.add_new(0x60000015, "IS", "2")
    item.add_new(0x60000051, "US", 3)
    return item


def frame_state(study_uid: str = STUDY) -> Dataset:
    """Of the fifth frame of the ultrasound loop alone, with a line drawn on it and one for its sixth."""
    item = loop_state(study_uid)
    for element in list(item):
        if element.tag.group == 0x6000:
            del item[element.tag]
    (reference,) = item.ReferencedSeriesSequence[0].ReferencedImageSequence
    reference.ReferencedFrameNumber = "5"
    marks = []
    for frame, row in (("5", 10.5), ("6", 20.5)):
        line, mark, of = Dataset(), Dataset(), copy.deepcopy(reference)
        of.ReferencedFrameNumber = frame
        line.GraphicAnnotationUnits, line.GraphicDimensions, line.NumberOfGraphicPoints = "PIXEL", 2, 2
        line.GraphicData, line.GraphicType, line.GraphicFilled = [10.0, row, 60.0, row], "POLYLINE", "N"
        mark.ReferencedImageSequence, mark.GraphicLayer, mark.GraphicObjectSequence = [of], "1", [line]
        marks.append(mark)
    item.GraphicAnnotationSequence = marks
    return item


def layer(name: str, order: int, *, grey: int | None = None, cielab: list[int] | None = None) -> Dataset:
    """One graphic layer (PS3.3 C.10.7)."""
    item = Dataset()
    item.GraphicLayer, item.GraphicLayerOrder = name, order
    if grey is not None:
        item.GraphicLayerRecommendedDisplayGrayscaleValue = grey
    if cielab is not None:
        item.GraphicLayerRecommendedDisplayCIELabValue = cielab
    return item


def grey_state(series: int, of: Dataset, **grey: Any) -> Dataset:
    """A state of *of* in the series *series* that says of grey values what *grey* says, by keyword."""
    item = plain_state()
    item.SeriesInstanceUID, item.SeriesNumber = f"{STUDY}.{series}", series
    item.SOPInstanceUID = item.file_meta.MediaStorageSOPInstanceUID = f"{item.SeriesInstanceUID}.1"
    (named,) = item.ReferencedSeriesSequence
    named.SeriesInstanceUID = of.SeriesInstanceUID
    (reference,) = named.ReferencedImageSequence
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = of.SOPClassUID, of.SOPInstanceUID
    for keyword, value in grey.items():
        setattr(item, keyword, value)
    return item


def look_up_table(entries: Any, *, first: int = 0, bits: int = 12) -> Dataset:
    """A lookup table of *entries* (PS3.3 C.11.1.1), for the values from *first*."""
    item = Dataset()
    item.add_new(0x00283002, "SS" if first < 0 else "US", [len(entries) % 65536, first, bits])
    item.add_new(0x00283006, "OW", np.asarray(entries, dtype="<u2").tobytes())
    return item


def window(centre: float, width: float, function: str = "") -> Dataset:
    """A window of a presentation state."""
    item = Dataset()
    item.WindowCenter, item.WindowWidth = centre, width
    if function:
        item.VOILUTFunction = function
    return item
