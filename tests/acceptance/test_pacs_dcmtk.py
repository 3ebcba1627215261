"""The demo's PACS as dcmtk sees it, and our queries as dcmtk's PACS answers them."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from gateway.demo.pacs import DemoPacs, main
from gateway.dicom.query import PacsClient, PacsSettings
from tests.support.dicom_objects import STUDY, encoded, image, whole_study, write
from tests.support.dicom_scp import settle
from tests.support.orthanc import free_port

pytestmark = pytest.mark.dcmtk

MODEL = ["-S", "-aet", "TESTS", "-aec", "DEMO"]


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[DemoPacs]:
    folder = tmp_path / "pacs"
    folder.mkdir()
    write(folder, whole_study())
    running = DemoPacs(folder, "DEMO", destinations={"STORE": ("127.0.0.1", free_port())})
    running.start()
    yield running
    settle(running._entity)
    running.stop()


def find(pacs: DemoPacs, tmp_path: Path, *keys: str) -> list[pydicom.Dataset]:
    """What findscu extracts."""
    into = tmp_path / "answers"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    arguments = [argument for key in keys for argument in ("-k", key)]
    run("findscu", *MODEL, "-X", "-od", str(into), "127.0.0.1", str(pacs.port), *arguments)
    return [pydicom.dcmread(path, force=True) for path in sorted(into.glob("*.dcm"))]


def test_findscu_finds_the_study_with_its_issuers(pacs: DemoPacs, tmp_path: Path) -> None:
    (answer,) = find(
        pacs,
        tmp_path,
        "QueryRetrieveLevel=STUDY",
        "SpecificCharacterSet=ISO_IR 192",
        f"StudyInstanceUID={STUDY}",
        "PatientName",
        "IssuerOfAccessionNumberSequence",
        "OtherPatientIDsSequence",
        "ModalitiesInStudy",
        "NumberOfStudyRelatedSeries",
        "NumberOfStudyRelatedInstances",
    )
    assert str(answer.PatientName) == "KERMARREC-LEFÈVRE^ZOÉ"
    assert answer.OtherPatientIDsSequence[0].PatientID == "281112915104759"
    assert answer.IssuerOfAccessionNumberSequence[0].UniversalEntityIDType == "ISO"
    assert list(answer.ModalitiesInStudy) == ["CT", "US"]
    assert (answer.NumberOfStudyRelatedSeries, answer.NumberOfStudyRelatedInstances) == (3, 9)


@pytest.mark.parametrize(
    ("key", "count"),
    [
        ("PatientName=kermarrec*", 1),
        ("PatientName=MARTIN*", 0),
        ("PatientID=IPP-7Q402?", 1),
        ("StudyDate=20260101-20261231", 1),
        ("StudyDate=-20251231", 0),
        ("ModalitiesInStudy=US", 1),
        ("ModalitiesInStudy=MR", 0),
        ("StudyInstanceUID=1.2.3", 0),
    ],
)
def test_findscu_matches_as_the_standard_says(pacs: DemoPacs, tmp_path: Path, key: str, count: int) -> None:
    assert len(find(pacs, tmp_path, "QueryRetrieveLevel=STUDY", "StudyInstanceUID", key)) == count


def test_findscu_finds_series_and_images(pacs: DemoPacs, tmp_path: Path) -> None:
    study = f"StudyInstanceUID={STUDY}"
    series = find(pacs, tmp_path, "QueryRetrieveLevel=SERIES", study, "SeriesInstanceUID", "Modality")
    assert sorted(answer.Modality for answer in series) == ["CT", "CT", "US"]
    images = find(pacs, tmp_path, "QueryRetrieveLevel=IMAGE", study, f"SeriesInstanceUID={STUDY}.1", "SOPClassUID")
    assert len(images) == 5


def test_echoscu_is_answered_and_another_title_is_rejected(pacs: DemoPacs) -> None:
    run("echoscu", "-aec", "DEMO", "127.0.0.1", str(pacs.port))
    done = subprocess.run(
        ["echoscu", "-aec", "OTHER", "127.0.0.1", str(pacs.port)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert "Called AE Title Not Recognized" in done.stderr


def test_getscu_gets_the_images_as_they_lie(pacs: DemoPacs, tmp_path: Path) -> None:
    into = tmp_path / "got"
    into.mkdir()
    run(
        "getscu",
        *MODEL,
        "-od",
        str(into),
        "127.0.0.1",
        str(pacs.port),
        "-k",
        "QueryRetrieveLevel=SERIES",
        "-k",
        f"StudyInstanceUID={STUDY}",
        "-k",
        f"SeriesInstanceUID={STUDY}.1",
    )
    got = [pydicom.dcmread(path) for path in into.iterdir()]
    assert sorted(one.InstanceNumber for one in got) == [1, 2, 3, 4, 5]
    assert all(one.PixelData == image(1, one.InstanceNumber).PixelData for one in got)


def test_movescu_moves_to_a_known_title_only(pacs: DemoPacs, tmp_path: Path) -> None:
    into = tmp_path / "moved"
    into.mkdir()
    port = pacs._destinations["STORE"][1]
    receiver = subprocess.Popen(["storescp", "-od", str(into), "-aet", "STORE", str(port)])
    try:
        for _ in range(100):
            if subprocess.run(["echoscu", "127.0.0.1", str(port)], capture_output=True).returncode == 0:
                break
            time.sleep(0.05)
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}"]
        run("movescu", *MODEL, "-aem", "STORE", "127.0.0.1", str(pacs.port), *keys)
        assert len(list(into.iterdir())) == 9
        refused = subprocess.run(
            ["movescu", "-v", *MODEL, "-aem", "ELSEWHERE", "127.0.0.1", str(pacs.port), *keys],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "MoveDestinationUnknown" in refused.stdout + refused.stderr
    finally:
        receiver.terminate()
        receiver.wait(10)


def test_storescu_adds_an_image_that_is_found_at_once(pacs: DemoPacs, tmp_path: Path) -> None:
    added = tmp_path / "added.dcm"
    added.write_bytes(encoded(image(9, 1)))
    run("storescu", "-aet", "TESTS", "-aec", "DEMO", "127.0.0.1", str(pacs.port), str(added))
    answers = find(pacs, tmp_path, "QueryRetrieveLevel=SERIES", f"StudyInstanceUID={STUDY}", "SeriesInstanceUID")
    assert f"{STUDY}.9" in {str(answer.SeriesInstanceUID) for answer in answers}
    stored = pacs.folder / f"{STUDY}.9.1.dcm"
    assert pydicom.dcmread(stored).PixelData == image(9, 1).PixelData
    assert stored.read_bytes()[:128] == b"\0" * 128
    assert not list(pacs.folder.glob("*.part"))


def test_the_child_process_serves_and_ends_when_told(tmp_path: Path) -> None:
    write(tmp_path, [image()])
    port = free_port()
    child = multiprocessing.get_context("spawn").Process(target=main, args=(str(tmp_path), "DEMO", "127.0.0.1", port))
    child.start()
    try:
        for _ in range(400):
            done = subprocess.run(["echoscu", "-aec", "DEMO", "127.0.0.1", str(port)], capture_output=True)
            if done.returncode == 0:
                break
            time.sleep(0.05)
        assert done.returncode == 0
    finally:
        child.terminate()
        child.join(20)
    assert child.exitcode == 0


def test_a_stopped_pacs_leaves_no_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    pacs = DemoPacs(tmp_path, "DEMO")
    pacs.start()
    client = PacsClient(PacsSettings(name="d", host="127.0.0.1", port=pacs.port, called_aet="DEMO", calling_aet="T"))
    client.echo()
    pacs.stop()
    client.close()
    assert threading.active_count() == before
