"""The sample examinations of the demo, as DICOM files: a CT, a chest radiograph and an earlier CT of one patient.

The studies and the patient are those of :mod:`gateway.demo.identity`, so that the sample reports name these very
images. Same arguments, same UIDs and same bytes. Needs numpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydicom.dataset import Dataset

from gateway.demo import headers, identity
from gateway.demo.anatomy import HEIGHT_MM, Array, paint
from gateway.demo.identity import DemoStudy, demo_uid
from gateway.model.people import Patient

_SIZE, _FIELD_MM = 512, 380.0
_INTERCEPT = -1024
_NOISE_SEED = 20260312
_RADIOGRAPH_SIZE, _RADIOGRAPH_MM = 1280, 384.0
_RADIOGRAPH_TOP_MM, _PROJECTED_SIZE = -32.0, 288

Stored = np.ndarray[Any, np.dtype[np.uint16]]


@dataclass(frozen=True, slots=True)
class SampleStudy:
    """What was written of one study."""

    study_uid: str
    accession: str
    accession_issuer: str
    """OID."""
    description: str
    modality: str
    date: str
    instances: int


class Reconstruction(NamedTuple):
    """A series of a CT."""

    number: int
    description: str
    kernel: str
    windows: tuple[tuple[int, int, str], ...]
    """(centre, width, explanation) each."""
    sharp: bool


_SOFT = Reconstruction(
    2, "TAP portal, parties molles", "B30f", ((40, 400, "MEDIASTIN"), (90, 180, "FOIE"), (450, 1800, "OS")), False
)
_LUNG = Reconstruction(3, "Thorax-abdomen, filtre pulmonaire", "B70f", ((-600, 1500, "POUMON"),), True)


def sample_studies(
    folder: Path, *, patient: Patient = identity.PATIENT, slices: int = 120, prior_slices: int = 40
) -> tuple[SampleStudy, ...]:
    """Write the three examinations of *patient* below *folder*, one folder a study.

    The CT has two series of *slices* images, the earlier one a single series of *prior_slices*; the chest radiograph
    has two views. Raises OSError when the folder cannot be written.
    """
    return (
        _ct(folder, identity.CT, patient, slices, (_SOFT, _LUNG)),
        _chest(folder, identity.CHEST, patient),
        _ct(folder, identity.PRIOR_CT, patient, prior_slices, (_SOFT,)),
    )


def _write(folder: Path, study: DemoStudy, images: Iterator[Dataset]) -> SampleStudy:
    into = folder / study.key
    into.mkdir(parents=True, exist_ok=True)
    count = 0
    for image in images:
        name = f"{image.SeriesNumber:02d}-{image.InstanceNumber:04d}.dcm"
        image.save_as(into / name, enforce_file_format=True, overwrite=True)
        count += 1
    return SampleStudy(
        study_uid=study.study_uid,
        accession=study.accession.extension or "",
        accession_issuer=study.accession.root,
        description=study.description,
        modality=study.modality.code,
        date=study.started_at.strftime("%Y%m%d"),
        instances=count,
    )


def _ct(
    folder: Path, study: DemoStudy, patient: Patient, slices: int, series: tuple[Reconstruction, ...]
) -> SampleStudy:
    return _write(folder, study, _ct_images(study, patient, slices, series))


def _ct_images(
    study: DemoStudy, patient: Patient, slices: int, series: tuple[Reconstruction, ...]
) -> Iterator[Dataset]:
    step_mm = HEIGHT_MM / slices
    pixel_mm = _FIELD_MM / _SIZE
    noises = _noises(len(series) + 2)
    for index in range(slices):
        depth = step_mm * (index + 0.5)
        plane = paint(_SIZE, _FIELD_MM, depth)
        for reconstruction in series:
            image = headers.ct(study, patient, reconstruction.number)
            image.SOPInstanceUID = demo_uid(f"image/{study.key}/{reconstruction.number}/{index + 1}")
            image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
            image.SeriesDescription = reconstruction.description
            image.ConvolutionKernel = reconstruction.kernel
            image.WindowCenter = [centre for centre, _, _ in reconstruction.windows]
            image.WindowWidth = [width for _, width, _ in reconstruction.windows]
            image.WindowCenterWidthExplanation = [words for _, _, words in reconstruction.windows]
            image.InstanceNumber = index + 1
            corner = round(-(_SIZE - 1) / 2 * pixel_mm, 4)
            image.ImagePositionPatient = [corner, corner, round(-depth, 4)]
            image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            image.SliceLocation = round(-depth, 4)
            image.SliceThickness = round(min(step_mm, 5.0), 4)
            image.SpacingBetweenSlices = round(step_mm, 4)
            image.PixelSpacing = [round(pixel_mm, 6)] * 2
            image.Rows = image.Columns = _SIZE
            noise = np.roll(noises[(index + reconstruction.number) % len(noises)], 37 * index, axis=(index % 2))
            image.PixelData = _reconstructed(plane, noise, reconstruction.sharp).tobytes()
            yield image


def _noises(count: int) -> list[Array]:
    """Fields of grain of standard deviation 1, a little correlated, as a reconstruction leaves it."""
    random = np.random.default_rng(_NOISE_SEED)
    fields = []
    for _ in range(count):
        field = random.standard_normal((_SIZE, _SIZE), dtype=np.float32)
        field += np.roll(field, 1, 0) + np.roll(field, 1, 1) + np.roll(field, -1, 0)
        fields.append(field / field.std())
    return fields


def _reconstructed(plane: Array, noise: Array, sharp: bool) -> Stored:
    """Stored values: a soft kernel is smooth, a lung kernel sharpens edges and grain."""
    around = (np.roll(plane, 1, 0) + np.roll(plane, -1, 0) + np.roll(plane, 1, 1) + np.roll(plane, -1, 1)) / 4
    hu = plane + 0.9 * (plane - around) + 32 * noise if sharp else (plane + around) / 2 + 9 * noise
    stored: Stored = np.clip(hu - _INTERCEPT, 0, 4095).astype("<u2")
    return stored


def _chest(folder: Path, study: DemoStudy, patient: Patient) -> SampleStudy:
    return _write(folder, study, _chest_images(study, patient))


def _chest_images(study: DemoStudy, patient: Patient) -> Iterator[Dataset]:
    frontal, lateral = _projections()
    for number, (projection, view) in enumerate(((frontal, headers.PA), (lateral, headers.LATERAL)), start=1):
        image = headers.dx(study, patient, number, view)
        image.SOPInstanceUID = demo_uid(f"image/{study.key}/{number}/1")
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.InstanceNumber = 1
        image.Rows = image.Columns = _RADIOGRAPH_SIZE
        image.ImagerPixelSpacing = [_RADIOGRAPH_MM / _RADIOGRAPH_SIZE] * 2
        image.PixelData = _developed(projection, number).tobytes()
        yield image


def _projections() -> tuple[Array, Array]:
    """Millimetres of water that a ray meets, from behind and from the side; rows run down the patient."""
    step_mm = _RADIOGRAPH_MM / _PROJECTED_SIZE
    depths = _RADIOGRAPH_TOP_MM + step_mm * (np.arange(_PROJECTED_SIZE) + 0.5)
    frontal, lateral = [], []
    for depth in depths:
        plane = paint(_PROJECTED_SIZE, _RADIOGRAPH_MM, float(depth), table=False)
        # Below 100 keV calcium absorbs more than its density tells.
        density = np.maximum(0, 1 + plane / 1000) + np.maximum(0, plane - 190) * np.float32(0.0016)
        frontal.append(density.sum(axis=0))
        lateral.append(density.sum(axis=1))
    return np.array(frontal) * np.float32(step_mm), np.array(lateral) * np.float32(step_mm)


def _developed(projection: Array, seed: int) -> Stored:
    """Toned and enlarged, what lies before it evened out a little, dense structures bright (MONOCHROME2)."""
    projection = _blurred(projection, 1)
    body = np.clip(projection / 45, 0, 1)
    even = projection - 0.5 * _blurred(projection, 22)
    low, high = np.percentile(even[projection > 60], (1.0, 97.0))
    tone = 0.12 + 0.8 * (even - low) / (high - low)
    image = _enlarged(np.clip(tone, 0.02, 1.1) * body * body)
    image = image + np.float32(0.8) * (image - _blurred(image, 4))
    grain = np.random.default_rng(_NOISE_SEED + seed).standard_normal(image.shape, dtype=np.float32)
    toned = np.tanh(np.maximum(image, 0) * 1.25) * 4300 + 40 + 16 * grain
    stored: Stored = np.clip(toned, 0, 4095).astype("<u2")
    return stored


def _enlarged(image: Array) -> Array:
    """To the radiograph's size, linearly in both directions."""
    for axis in (0, 1):
        old = image.shape[axis]
        at = (np.arange(_RADIOGRAPH_SIZE) + 0.5) * old / _RADIOGRAPH_SIZE - 0.5
        below = np.clip(np.floor(at).astype(np.intp), 0, old - 2)
        share = np.clip(at - below, 0, 1).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None, :]
        image = np.take(image, below, axis) * (1 - share) + np.take(image, below + 1, axis) * share
    return image


def _blurred(image: Array, reach: int) -> Array:
    """The mean over (2 reach + 1) pixels in both directions, twice: nearly a bell."""
    for axis in (0, 1, 0, 1):
        padded = np.pad(image, [(reach + 1, reach) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        total = np.cumsum(padded, axis=axis, dtype=np.float64)
        ends = np.take(total, np.arange(2 * reach + 1, total.shape[axis]), axis)
        starts = np.take(total, np.arange(0, total.shape[axis] - 2 * reach - 1), axis)
        image = ((ends - starts) / (2 * reach + 1)).astype(np.float32)
    return image
