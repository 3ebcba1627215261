"""Our side of DICOM against Orthanc: what was stored is what is found and shown."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from gateway.dicom.fetch import FrameSource
from gateway.dicom.query import PacsClient, PacsSettings
from gateway.errors import InputRejected, NotSupportedYet, PeerRefused
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from tests.support.dicom_objects import (
    ACCESSION_OID,
    INS_TEST,
    IPP_OID,
    STUDY,
    encoded,
    image,
    request,
    whole_study,
)
from tests.support.orthanc import AE_TITLE, Orthanc, running

pytestmark = pytest.mark.orthanc

LATIN = "1.2.826.0.1.3680043.10.511.2"
BY_SERIES = "1.2.826.0.1.3680043.10.511.3"
OTHERS = "1.2.826.0.1.3680043.10.511.4"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
FINDS, THREADS = 2_000, 4


def _latin() -> Dataset:
    dataset = image(study_uid=LATIN)
    dataset.SpecificCharacterSet = "ISO_IR 100"
    return dataset


def _compressed() -> Dataset:
    dataset = image(1, 1, study_uid=OTHERS)
    dataset.file_meta.TransferSyntaxUID = JPEG_2000
    dataset.PixelData = encapsulate([b"\xff\x4f\xff\x51"])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


@pytest.fixture(scope="module")
def orthanc() -> Iterator[Orthanc]:
    with running() as started:
        started.store(map(encoded, whole_study()))
        started.store([encoded(_latin()), encoded(_compressed())])
        for series in (1, 2):
            asked = [request("FROM-SERIES")]
            started.store([encoded(image(series, study_uid=BY_SERIES, accession="", requests=asked))])
        yield started


@pytest.fixture(scope="module")
def settings(orthanc: Orthanc) -> PacsSettings:
    return PacsSettings(
        name="orthanc",
        host="127.0.0.1",
        port=orthanc.dicom_port,
        called_aet=AE_TITLE,
        calling_aet="GATEWAY",
        idle_release_s=0.2,
    )


@pytest.fixture(scope="module")
def client(settings: PacsSettings) -> Iterator[PacsClient]:
    made = PacsClient(settings)
    yield made
    made.close()


def _found(client: PacsClient, uid: str) -> Exam:
    exam = client.study(uid)
    assert exam is not None
    return exam


def test_echo(client: PacsClient) -> None:
    client.echo()


def test_a_study_comes_back_as_it_was_stored(client: PacsClient) -> None:
    exam = _found(client, STUDY)
    assert exam.patient_name == "KERMARREC-LEFÈVRE^ZOÉ"
    assert (exam.patient_id, exam.patient_id_issuer) == ("IPP-7Q4021", IPP_OID)
    assert exam.other_patient_ids == (Identifier(INS_TEST, "281112915104759"),)
    assert (exam.accession_number, exam.accession_issuer) == ("ACC-é1", ACCESSION_OID)
    assert exam.description == "Scanner thorax injecté, côté gauche"
    assert exam.referring_physician == "LE BIHAN^François"
    stored = {
        (str(one.SeriesInstanceUID), str(one.SOPClassUID), str(one.SOPInstanceUID), int(one.InstanceNumber))
        for one in whole_study()
    }
    assert stored == {
        (series.series_uid, one.sop_class_uid, one.sop_instance_uid, one.number)
        for series in exam.series
        for one in series.instances
    }
    assert [series.description for series in exam.series] == ["Série n° 1", "Série n° 2", "Série n° 3"]
    assert exam.series[2].instances[0].frames == 7


def test_latin_1_in_the_archive_is_the_same_text(client: PacsClient) -> None:
    assert _found(client, LATIN).patient_name == "KERMARREC-LEFÈVRE^ZOÉ"


def test_the_accession_number_of_all_series_is_the_studys(client: PacsClient) -> None:
    exam = _found(client, BY_SERIES)
    assert (exam.accession_number, exam.accession_issuer) == ("FROM-SERIES", ACCESSION_OID)


def test_an_absent_study_is_none(client: PacsClient) -> None:
    assert client.study("1.2.3.4.5.6.7") is None


def test_wildcards_are_refused_before_they_leave(client: PacsClient) -> None:
    with pytest.raises(InputRejected, match="pacs_key_unsafe"):
        client.study(f"{STUDY[:-1]}*")


def test_a_wrong_title_is_a_refusal(settings: PacsSettings) -> None:
    other = PacsClient(replace(settings, called_aet="NOBODY"))
    with pytest.raises(PeerRefused, match="pacs_rejected"):
        other.study(STUDY)
    other.close()


def test_of_thousands_of_finds_each_returns_its_row(client: PacsClient) -> None:
    uids = (STUDY, LATIN, BY_SERIES)

    def find(number: int) -> str:
        row = client._one_study(uids[number % 3])
        return row.exam.study_uid if row is not None else "lost"

    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(find, range(FINDS)))
    assert found == [uids[number % 3] for number in range(FINDS)]


@pytest.mark.parametrize("by_web", [True, False])
def test_frames_are_the_bytes_that_were_stored(orthanc: Orthanc, settings: PacsSettings, by_web: bool) -> None:
    source = FrameSource(replace(settings, dicomweb_url=orthanc.dicomweb_url if by_web else ""))
    for stored in whole_study():
        count = int(stored.get("NumberOfFrames", 1) or 1)
        keys = (stored.StudyInstanceUID, stored.SeriesInstanceUID, stored.SOPClassUID, stored.SOPInstanceUID)
        size = len(stored.PixelData) // count
        for number in {1, count}:
            frame = source.frame(*map(str, keys), number)
            assert frame.pixels == stored.PixelData[size * (number - 1) : size * number]
            assert (frame.rescale_intercept, frame.windows[0]) == (-1024.0, (40.0, 400.0))
    source.close()


@pytest.mark.parametrize("by_web", [True, False])
def test_a_codec_that_orthanc_lacks_is_named(orthanc: Orthanc, settings: PacsSettings, by_web: bool) -> None:
    source = FrameSource(replace(settings, dicomweb_url=orthanc.dicomweb_url if by_web else ""))
    stored = _compressed()
    keys = (stored.StudyInstanceUID, stored.SeriesInstanceUID, stored.SOPClassUID, stored.SOPInstanceUID)
    with pytest.raises(NotSupportedYet, match="image_codec") as caught:
        source.frame(*map(str, keys), 1)
    assert caught.value.facts["syntax"] == JPEG_2000
    source.close()


def test_by_wado_an_image_that_is_not_there_is_said_so(orthanc: Orthanc, settings: PacsSettings) -> None:
    source = FrameSource(replace(settings, dicomweb_url=orthanc.dicomweb_url))
    with pytest.raises(InputRejected, match="image_unknown"):
        source.frame(STUDY, f"{STUDY}.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.3", 1)
    source.close()
