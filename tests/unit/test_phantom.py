"""The sample examinations: the images show what the sample reports say, and second readers accept them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest

from gateway.demo import identity
from gateway.demo.anatomy import paint
from gateway.demo.phantom import SampleStudy, sample_studies
from gateway.model.identifiers import INS_TEST, ins_key_is_right

SLICES, PRIOR = 8, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("samples")
    sample_studies(path, slices=SLICES, prior_slices=PRIOR)
    return path


def _read(folder: Path, study: identity.DemoStudy) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted((folder / study.key).glob("*.dcm"))]


def test_the_studies_are_those_that_the_reports_name(tmp_path: Path) -> None:
    made = sample_studies(tmp_path, slices=2, prior_slices=1)
    assert [study.study_uid for study in made] == [study.study_uid for study in identity.STUDIES]
    assert made[0] == SampleStudy(
        study_uid=identity.CT.study_uid,
        accession=identity.CT.accession.extension or "",
        accession_issuer=identity.ACCESSION_ISSUER,
        description=identity.CT.description,
        modality="CT",
        date="20260312",
        instances=4,
    )
    assert [study.instances for study in made] == [4, 2, 1]


def test_the_same_call_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    sample_studies(tmp_path, slices=SLICES, prior_slices=PRIOR)
    for path in sorted(folder.rglob("*.dcm")):
        assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_the_patient_has_a_local_number_and_beside_it_a_national_one_with_a_right_key(folder: Path) -> None:
    for study in identity.STUDIES:
        image = _read(folder, study)[0]
        assert str(image.PatientName) == "KERMARREC-LEFÈVRE^ZOÉ"
        assert image.SpecificCharacterSet == "ISO_IR 192"
        assert image.IssuerOfPatientIDQualifiersSequence[0].UniversalEntityID == identity.PATIENT_ISSUER
        national = image.OtherPatientIDsSequence[0]
        assert ins_key_is_right(national.PatientID)
        assert national.IssuerOfPatientIDQualifiersSequence[0].UniversalEntityID == INS_TEST
        assert image.IssuerOfAccessionNumberSequence[0].UniversalEntityID == identity.ACCESSION_ISSUER


def test_the_slices_of_a_series_lie_one_below_the_other(folder: Path) -> None:
    images = _read(folder, identity.CT)
    series = {image.SeriesInstanceUID for image in images}
    assert len(series) == 2
    assert len({image.FrameOfReferenceUID for image in images}) == 1
    for uid in series:
        heights = [float(image.ImagePositionPatient[2]) for image in images if uid == image.SeriesInstanceUID]
        steps = np.diff(heights)
        assert len(heights) == SLICES
        assert np.allclose(steps, -float(images[0].SpacingBetweenSlices), atol=1e-3)
        assert heights == sorted(heights, reverse=True)


def test_organs_have_their_density() -> None:
    def mean(depth: float, x: float, y: float) -> float:
        plane = paint(256, 380.0, depth)
        column, row = (round(v / (380 / 256) + 127.5) for v in (x, y))
        return float(plane[row - 1 : row + 2, column - 1 : column + 2].mean())

    assert mean(170, -100, 0) < -700
    assert 140 < mean(200, 30, 29) < 190
    assert 95 < mean(300, -80, -20) < 130
    assert 95 < mean(335, -70, 10) < 130
    assert -5 < mean(335, -82, 36) < 15
    assert -120 < mean(430, 0, -92) < -80
    assert mean(10, 180, -150) < -900


def test_the_stored_values_are_hounsfield_units_after_the_rescale(folder: Path) -> None:
    image = _read(folder, identity.CT)[2]
    units = image.pixel_array * float(image.RescaleSlope) + float(image.RescaleIntercept)
    assert -1024 <= units.min() < -950
    assert 300 < units.max() < 2000
    assert float(image.WindowCenter[0]) == 40


def test_a_radiograph_shows_dark_lungs_beside_a_bright_middle(folder: Path) -> None:
    frontal, lateral = (image.pixel_array.astype(float) for image in _read(folder, identity.CHEST))
    assert frontal.shape == lateral.shape == (1280, 1280)
    middle, right_lung, left_lung, outside = (
        frontal[480:560, columns].mean()
        for columns in (slice(620, 660), slice(380, 440), slice(840, 900), slice(0, 30))
    )
    assert max(right_lung, left_lung) < 0.8 * middle
    assert outside < 0.1 * middle


@pytest.mark.dicom3tools
def test_dciodvfy_finds_no_error(folder: Path) -> None:
    for path in sorted(folder.rglob("*.dcm")):
        if path.name.endswith("-0001.dcm"):
            done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, timeout=60)
            assert "Error" not in done.stdout + done.stderr
