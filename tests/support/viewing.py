"""A study of every kind of object a viewer meets, made with pydicom, and a PACS in memory that hands it out.

Values are known by formula, so that what a browser draws can be held against them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG4HP41, UID, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from gateway.dicom import headers
from gateway.dicom.fetch import FrameSource
from gateway.dicom.settings import PacsSettings
from gateway.errors import InputRejected
from gateway.model.access import ShownStudy
from gateway.model.exam import Exam, Instance, Series
from gateway.model.image import Frame, StoredInstance
from gateway.web.app import create_app
from gateway.web.login import grants
from tests.support.dicom_objects import CT, encoded, image
from tests.support.web import STUDY, Site, known, sign_in
from tests.support.web import running as web_running

PRIOR = "1.2.250.1.999.5.9"
SIDE = 128
SLICES = 24
_STORAGE = "1.2.840.10008.5.1.4.1.1."
US, DX, MG, PDF, SR, PR, KO, SC, MR, VIDEO = (
    f"{_STORAGE}{part}" for part in ("3.1", "1.1", "1.2", "104.1", "88.67", "11.1", "88.59", "7", "4", "77.1.1.1")
)


@cache
def hounsfield_units(number: int) -> Any:
    """What slice *number* (from 1) of the CT holds: a body, two lungs, a bright square that moves."""
    row, column = np.mgrid[0:SIDE, 0:SIDE]
    middle = (SIDE - 1) / 2
    values = np.where(np.hypot((column - middle) / 1.25, row - middle) < SIDE * 0.36, 40 + column % 5, -1000)
    for side in (-1, 1):
        lung = np.hypot((column - middle - side * 22) / 0.8, (row - middle + 6) / 1.3) < 17
        values = np.where(lung, -820 + row % 7, values)
    left = 8 + 4 * (number - 1)
    values[56:72, left : left + 12] = 700
    return values


def hounsfield(row: int, column: int, number: int) -> int:
    """One value of it."""
    return int(hounsfield_units(number)[row, column])


def ct(number: int, series: int = 1, study_uid: str = STUDY) -> Dataset:
    """An axial slice, 0.7 mm a pixel, 2.5 mm a slice, on its left what lies on the patient's right."""
    item = image(series, number, study_uid=study_uid, side=SIDE)
    item.PixelRepresentation, item.BitsStored, item.HighBit = 1, 16, 15
    item.PixelSpacing = [0.7, 0.7]
    item.SliceThickness = 2.5
    item.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    item.ImagePositionPatient = [-44.8, -44.8, -100 + 2.5 * number]
    item.FrameOfReferenceUID = f"{study_uid}.77"
    values = (hounsfield_units(number) + 1024).astype("<i2")
    item.PixelData = values.tobytes()
    item.SeriesDescription = "Thorax injecté 2,5 mm"
    return item


def with_overlay(item: Dataset) -> Dataset:
    """A plane whose bits draw a frame of 2 pixels around rows and columns 20 to 40."""
    bits = np.zeros((SIDE, SIDE), dtype=np.uint8)
    bits[20:41, 20:41] = 1
    bits[22:39, 22:39] = 0
    item.add_new(0x60000010, "US", SIDE)
    item.add_new(0x60000011, "US", SIDE)
    item.add_new(0x60000040, "CS", "G")
    item.add_new(0x60000050, "SS", [1, 1])
    item.add_new(0x60000100, "US", 1)
    item.add_new(0x60000102, "US", 0)
    item.add_new(0x60003000, "OB", np.packbits(bits, bitorder="little").tobytes())
    return item


def with_overlay_in_pixels(item: Dataset) -> Dataset:
    """The same frame as :func:`with_overlay`, in bit 12 of the pixels, as files of old have it."""
    values = np.clip(np.frombuffer(item.PixelData, dtype="<i2").reshape(SIDE, SIDE), 0, 4095).astype("<u2")
    bits = np.zeros((SIDE, SIDE), dtype="<u2")
    bits[20:41, 20:41] = 1
    bits[22:39, 22:39] = 0
    item.PixelRepresentation, item.BitsStored, item.HighBit = 0, 12, 11
    item.PixelData = (values | bits << 12).tobytes()
    item.add_new(0x60000010, "US", SIDE)
    item.add_new(0x60000011, "US", SIDE)
    item.add_new(0x60000040, "CS", "G")
    item.add_new(0x60000050, "SS", [1, 1])
    item.add_new(0x60000100, "US", 16)
    item.add_new(0x60000102, "US", 12)
    return item


def jpeg_2000(item: Dataset) -> Dataset:
    """Compressed without loss, by Pillow: unsigned values, as it cannot do others."""
    values = np.frombuffer(item.PixelData, dtype="<i2").reshape(SIDE, SIDE).astype("<u2")
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, format="JPEG2000", irreversible=False, no_jp2=True)
    item.PixelRepresentation = 0
    item.PixelData = encapsulate([stream.getvalue()])
    item["PixelData"].is_undefined_length = True
    item.file_meta.TransferSyntaxUID = JPEG2000Lossless
    return item


def compressed(item: Dataset, syntax: UID) -> Dataset:
    """In *syntax*, by pydicom's own encoders; values unsigned."""
    item.PixelRepresentation = 0
    item.compress(syntax, generate_instance_uid=False)
    return item


def ultrasound(study_uid: str = STUDY) -> Dataset:
    """A colour loop of eight frames; one region, 0.1 mm a pixel across and down, in centimetres."""
    item = image(5, 1, study_uid=study_uid, sop_class_uid=US, modality="US", frames=8)
    item.SamplesPerPixel, item.PhotometricInterpretation, item.PlanarConfiguration = 3, "RGB", 0
    item.BitsAllocated = item.BitsStored = 8
    item.HighBit, item.PixelRepresentation, item.Rows, item.Columns = 7, 0, 64, 96
    for name in ("RescaleIntercept", "RescaleSlope", "WindowCenter", "WindowWidth", "PixelSpacing"):
        delattr(item, name)
    item.FrameTime = "50"
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 95, 63
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.01
    item.SequenceOfUltrasoundRegions = [region]
    frames = []
    for number in range(1, 9):
        frame = np.zeros((64, 96, 3), dtype=np.uint8)
        frame[:, :] = 40 + 5 * number
        frame[30:36, 30 + number : 50 + number] = (200, 40, 30)
        frames.append(frame.tobytes())
    item.PixelData = b"".join(frames)
    item.SeriesDescription = "Échographie hépatique"
    return item


def film(stream: bytes, study_uid: str = STUDY) -> Dataset:
    """The MP4 *stream* as a video (PS3.5 section 8.2.7: one fragment)."""
    item = image(11, 1, study_uid=study_uid, sop_class_uid=VIDEO, modality="ES")
    item.SamplesPerPixel, item.PhotometricInterpretation, item.PlanarConfiguration = 3, "YBR_PARTIAL_420", 0
    item.BitsAllocated = item.BitsStored = 8
    item.HighBit, item.PixelRepresentation, item.Rows, item.Columns = 7, 0, 96, 128
    for name in ("RescaleIntercept", "RescaleSlope", "WindowCenter", "WindowWidth", "PixelSpacing"):
        delattr(item, name)
    item.PixelData = encapsulate([stream])
    item["PixelData"].is_undefined_length = True
    item.file_meta.TransferSyntaxUID = MPEG4HP41
    item.SeriesDescription = "Endoscopie"
    return item


def photograph(study_uid: str = STUDY) -> Dataset:
    """A colour picture in YBR_FULL_422, JPEG baseline: four fields of one colour each."""
    item = image(6, 1, study_uid=study_uid, sop_class_uid=SC, modality="OT")
    values = np.zeros((64, 64, 3), dtype=np.uint8)
    values[:32, :32], values[:32, 32:] = (200, 30, 40), (30, 190, 50)
    values[32:, :32], values[32:, 32:] = (40, 60, 210), (128, 128, 128)
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, format="JPEG", quality=95, subsampling=2)
    item.SamplesPerPixel, item.PhotometricInterpretation, item.PlanarConfiguration = 3, "YBR_FULL_422", 0
    item.BitsAllocated = item.BitsStored = 8
    item.HighBit, item.PixelRepresentation, item.Rows, item.Columns = 7, 0, 64, 64
    for name in ("RescaleIntercept", "RescaleSlope", "WindowCenter", "WindowWidth", "PixelSpacing"):
        delattr(item, name)
    item.PixelData = encapsulate([stream.getvalue()])
    item["PixelData"].is_undefined_length = True
    item.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    item.SeriesDescription = "Photographie"
    return item


def radiograph(study_uid: str = STUDY) -> Dataset:
    """A MONOCHROME1 chest film whose spacing is the detector's, with a VOI table instead of a window."""
    item = image(7, 1, study_uid=study_uid, sop_class_uid=DX, modality="DX", side=SIDE)
    item.PhotometricInterpretation = "MONOCHROME1"
    for name in ("RescaleIntercept", "RescaleSlope", "WindowCenter", "WindowWidth", "PixelSpacing"):
        delattr(item, name)
    item.ImagerPixelSpacing = [0.15, 0.15]
    item.PatientOrientation = ["L", "F"]
    item.ViewPosition = "PA"
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 8]
    table.LUTExplanation = "THORAX"
    table.add_new(0x00283006, "OW", np.array([min(255, value // 8) for value in range(4096)], dtype="<u2").tobytes())
    item.VOILUTSequence = [table]
    item.PixelData = np.array(
        [[(row * 16 + column) % 4096 for column in range(SIDE)] for row in range(SIDE)], dtype="<u2"
    ).tobytes()
    item.SeriesDescription = "Thorax de face"
    return item


def mammogram(number: int, side: str, view: str, study_uid: str) -> Dataset:
    """One of the four views; the chest wall is where the orientation says."""
    item = image(number, 1, study_uid=study_uid, sop_class_uid=MG, modality="MG", side=SIDE)
    for name in ("RescaleIntercept", "RescaleSlope", "PixelSpacing"):
        delattr(item, name)
    item.WindowCenter, item.WindowWidth = 2048, 4096
    item.ImageLaterality, item.ViewPosition = side, view
    item.PatientOrientation = (
        ["P", "L" if view == "CC" else "FL"] if side == "R" else ["A", "R" if view == "CC" else "FR"]
    )
    item.ImagerPixelSpacing = [0.1, 0.1]
    item.PresentationIntentType = "FOR PRESENTATION"
    item.Columns = 96
    grid_row, grid_column = np.mgrid[0:SIDE, 0:96]
    reach = np.hypot((grid_row - 64) * 0.8, (95 - grid_column) if side == "R" else grid_column)
    values = np.where(reach < 52, 2600 - reach * 18 + (grid_row * 7 + grid_column * 13) % 60, 90)
    item.PixelData = values.astype("<u2").tobytes()
    item.SeriesDescription = f"{side} {view}"
    return item


def document(study_uid: str = STUDY) -> Dataset:
    """An encapsulated PDF of one page."""
    item = _no_picture(8, PDF, "DOC", study_uid)
    item.MIMETypeOfEncapsulatedDocument = "application/pdf"
    item.DocumentTitle = "Compte rendu"
    item.EncapsulatedDocument = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n"
    )
    return item


def dose(study_uid: str = STUDY) -> Dataset:
    """An X-ray radiation dose report of three lines."""
    item = _no_picture(9, SR, "SR", study_uid)
    item.ValueType, item.ContinuityOfContent = "CONTAINER", "SEPARATE"
    item.ConceptNameCodeSequence = [_code("113701", "DCM", "X-Ray Radiation Dose Report")]
    acquisition = Dataset()
    acquisition.RelationshipType, acquisition.ValueType = "CONTAINS", "CONTAINER"
    acquisition.ConceptNameCodeSequence = [_code("113819", "DCM", "CT Acquisition")]
    product = Dataset()
    product.RelationshipType, product.ValueType = "CONTAINS", "NUM"
    product.ConceptNameCodeSequence = [_code("113838", "DCM", "DLP")]
    measured = Dataset()
    measured.NumericValue = "412.7"
    measured.MeasurementUnitsCodeSequence = [_code("mGy.cm", "UCUM", "mGy.cm")]
    product.MeasuredValueSequence = [measured]
    acquisition.ContentSequence = [product]
    item.ContentSequence = [acquisition]
    item.SeriesDescription = "Rapport de dose"
    return item


def plain_state(study_uid: str = STUDY) -> Dataset:
    """A presentation state of the third CT slice that asks for nothing."""
    item = _no_picture(10, PR, "PR", study_uid)
    item.ContentLabel, item.ContentDescription = "NODULE", "Nodule du lobe supérieur"
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CT, f"{study_uid}.1.3"
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedImageSequence = f"{study_uid}.1", [reference]
    item.ReferencedSeriesSequence = [series]
    return item


def presentation_state(study_uid: str = STUDY) -> Dataset:
    """Of the third CT slice: the lung window, a mirror, a text and a line, an area, and a shutter around it."""
    item = plain_state(study_uid)
    reference = item.ReferencedSeriesSequence[0].ReferencedImageSequence[0]
    window = Dataset()
    window.WindowCenter, window.WindowWidth = -600, 1500
    item.SoftcopyVOILUTSequence = [window]
    item.ImageHorizontalFlip, item.ImageRotation = "Y", 0
    note = Dataset()
    note.UnformattedTextValue, note.AnchorPoint = "Nodule 4 mm", [60.0, 40.0]
    note.AnchorPointAnnotationUnits, note.AnchorPointVisibility = "PIXEL", "Y"
    line = Dataset()
    line.GraphicAnnotationUnits, line.GraphicDimensions, line.NumberOfGraphicPoints = "PIXEL", 2, 2
    line.GraphicData, line.GraphicType, line.GraphicFilled = [50.0, 50.0, 70.0, 50.0], "POLYLINE", "N"
    annotation = Dataset()
    annotation.ReferencedImageSequence, annotation.GraphicLayer = [reference], "1"
    annotation.TextObjectSequence, annotation.GraphicObjectSequence = [note], [line]
    item.GraphicAnnotationSequence = [annotation]
    area = Dataset()
    area.ReferencedImageSequence, area.PresentationSizeMode = [reference], "SCALE TO FIT"
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = [33, 17], [112, 96]
    item.DisplayedAreaSelectionSequence = [area]
    item.ShutterShape, item.ShutterPresentationValue = ["RECTANGULAR", "CIRCULAR"], 0
    item.ShutterLeftVerticalEdge, item.ShutterRightVerticalEdge = 41, 104
    item.ShutterUpperHorizontalEdge, item.ShutterLowerHorizontalEdge = 25, 88
    item.CenterOfCircularShutter, item.RadiusOfCircularShutter = [57, 73], 30
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _no_picture(series: int, sop_class_uid: str, modality: str, study_uid: str) -> Dataset:
    item = image(series, 1, study_uid=study_uid, sop_class_uid=sop_class_uid, modality=modality)
    for element in list(item):
        if element.tag.group in (0x0028, 0x7FE0):
            del item[element.tag]
    return item


def study() -> list[Dataset]:
    """CT (with an overlay on its second slice), the same in three compressions, and everything else."""
    return [
        *(with_overlay(ct(n)) if n == 2 else ct(n) for n in range(1, SLICES + 1)),
        jpeg_2000(ct(3, 2)),
        compressed(ct(4, 3), JPEGLSLossless),
        compressed(ct(5, 4), RLELossless),
        ultrasound(),
        photograph(),
        radiograph(),
        document(),
        dose(),
        presentation_state(),
    ]


def prior() -> list[Dataset]:
    """The same patient's CT of two years before: eight slices."""
    found = [ct(n, 1, PRIOR) for n in range(1, 9)]
    for item in found:
        item.StudyDate, item.StudyDescription, item.SeriesDescription = "20240207", "Scanner thorax", "Thorax antérieur"
    return found


def mammography(study_uid: str = STUDY) -> list[Dataset]:
    """Four views."""
    views = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
    return [mammogram(number, *pair, study_uid) for number, pair in enumerate(views, 1)]


class MemoryPacs(FrameSource):
    """A source of images that has them already."""

    def __init__(self, datasets: list[Dataset]) -> None:
        super().__init__(PacsSettings(name="memory", host="127.0.0.1", port=1, called_aet="A", calling_aet="B"))
        self.asked: list[tuple[str, int]] = []
        self.fails: Exception | None = None
        self.held = {str(one.SOPInstanceUID): _stored(one) for one in datasets}
        self.datasets = datasets

    def instance(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str) -> StoredInstance:
        if sop_instance_uid not in self.held:
            raise InputRejected("image_unknown")
        return self.held[sop_instance_uid]

    def frame(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int) -> Frame:
        self.asked.append((sop_instance_uid, number))
        if self.fails is not None:
            raise self.fails
        return self._drawn(self.instance(study_uid, series_uid, sop_class_uid, sop_instance_uid), number)

    def headers(self, exam: Exam, series_uid: str) -> list[dict[str, Any]]:
        return [headers.described(one) for one in self.held.values() if one.series_uid == series_uid]

    def begin(self, exam: Exam, series_uid: str) -> None:
        """Everything is here."""

    def exam(self, study_uid: str) -> Exam | None:
        """The study as C-FIND tells it."""
        own = [one for one in self.datasets if one.StudyInstanceUID == study_uid]
        if not own:
            return None
        series: dict[str, Series] = {}
        for one in own:
            uid = str(one.SeriesInstanceUID)
            before = series.get(uid) or Series(
                series_uid=uid,
                modality=one.Modality,
                number=int(one.SeriesNumber),
                description=one.SeriesDescription,
                body_part=one.get("BodyPartExamined", ""),
            )
            frames = int(one.get("NumberOfFrames", 0)) or None
            instance = Instance(str(one.SOPClassUID), str(one.SOPInstanceUID), int(one.InstanceNumber), frames)
            series[uid] = replace(before, instances=(*before.instances, instance))
        first = own[0]
        return Exam(
            study_uid=study_uid,
            patient_name=str(first.PatientName),
            patient_birth_date=first.PatientBirthDate,
            patient_sex=first.PatientSex,
            study_date=first.StudyDate,
            study_time=first.StudyTime,
            description=first.StudyDescription,
            series=tuple(series.values()),
        )


def _stored(item: Dataset) -> StoredInstance:
    file = encoded(item)
    meta = FileMetaDataset()
    meta.update(item.file_meta)
    start = 132 + 12 + int.from_bytes(file[140:144], "little")
    return StoredInstance(
        study_uid=str(item.StudyInstanceUID),
        series_uid=str(item.SeriesInstanceUID),
        sop_class_uid=str(item.SOPClassUID),
        sop_instance_uid=str(item.SOPInstanceUID),
        transfer_syntax=str(item.file_meta.TransferSyntaxUID),
        head=file[:start],
        data=file[start:],
    )


@contextmanager
def viewing(folder: Path, datasets: list[Dataset], **settings: Any) -> Iterator[tuple[Site, MemoryPacs]]:
    """The web over a PACS that holds *datasets*."""
    pacs = MemoryPacs(datasets)

    def wrap(site: Site) -> Any:
        site.parts = replace(site.parts, exams=lambda _, uid: pacs.exam(uid), images=lambda _: pacs)
        return create_app(site.parts)

    try:
        # A test changes what a handle opens; what was granted before is not remembered here.
        with patch.object(grants, "GRANT_S", 0.0), web_running(folder, wrap, **settings) as site:
            yield site, pacs
    finally:
        pacs.close()


def with_prior(site: Site) -> None:
    """Let every handle of the site's sessions open the prior as well."""
    site.store.exams.append(replace(known(PRIOR), report_id="report-0"))
    for key, handle in list(site.sessions.handles.items()):
        other = ShownStudy(site="nord", study_uid=PRIOR, report_id="report-0")
        if len(handle.exams) == 1:
            site.sessions.handles[key] = replace(handle, exams=(*handle.exams, other))


__all__ = ["MemoryPacs", "mammography", "prior", "sign_in", "study", "viewing", "with_prior"]
