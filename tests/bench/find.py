"""C-FIND: the gateway's kept associations against pynetdicom's defaults, and against findscu."""

from __future__ import annotations

import subprocess
from statistics import median

from pydicom.dataset import Dataset
from pynetdicom import AE

from gateway.dicom.query import PacsClient
from gateway.dicom.settings import PacsSettings
from tests.bench.rows import Row, at_least, at_most, median_ms
from tests.bench.studies import named, slices
from tests.support import orthanc

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"


def run() -> list[Row]:
    small, large = named("find-small"), named("find-large")
    with orthanc.running() as pacs:
        client = PacsClient(settings(pacs))
        try:
            pacs.store(slices(small, 10, size=16))
            ours, default = [], []
            for _ in range(5):  # in turns, so that both meet the same machine
                ours.append(median_ms(lambda: client._one_study(small.study_uid), times=20, warm_up=3))
                default.append(_default(pacs, small.study_uid))
            pacs.store(slices(large, 5_000, size=8, series=20))
            images, findscu_ms = [], []
            for _ in range(5):
                images.append(median_ms(lambda: client._images_of_study(large.study_uid), times=1))
                findscu_ms.append(median_ms(lambda: findscu(pacs, large.study_uid), times=1))
        finally:
            client.close()
    return [
        at_least(
            "find",
            "STUDY queries a second on a kept association, against pynetdicom's defaults",
            1000 / median(ours),
            1000 / median(default),
            "1/s",
            15,
        ),
        at_most(
            "find",
            "IMAGE query of 5,000 instances, against findscu",
            median(images),
            median(findscu_ms),
            "ms",
            2,
        ),
    ]


def settings(pacs: orthanc.Orthanc, **changes: object) -> PacsSettings:
    return PacsSettings(
        name="bench",
        host="127.0.0.1",
        port=pacs.dicom_port,
        called_aet=orthanc.AE_TITLE,
        calling_aet="GATEWAY",
        **changes,  # type: ignore[arg-type]
    )


def findscu(pacs: orthanc.Orthanc, study_uid: str) -> None:
    """One IMAGE-level query with dcmtk, process start included."""
    keys = ["QueryRetrieveLevel=IMAGE", f"StudyInstanceUID={study_uid}", "SeriesInstanceUID", "SOPInstanceUID"]
    keys += ["SOPClassUID", "InstanceNumber", "NumberOfFrames"]
    command = ["findscu", "-S", "-aec", orthanc.AE_TITLE, *(part for key in keys for part in ("-k", key))]
    subprocess.run([*command, "127.0.0.1", str(pacs.dicom_port)], check=True, capture_output=True)


def _default(pacs: orthanc.Orthanc, study_uid: str) -> float:
    """A STUDY query as pynetdicom does it: an association of its own, nothing set."""

    def query() -> None:
        entity = AE(ae_title="GATEWAY")
        entity.add_requested_context(STUDY_ROOT)
        association = entity.associate("127.0.0.1", pacs.dicom_port, ae_title=orthanc.AE_TITLE)
        key = Dataset()
        key.QueryRetrieveLevel, key.StudyInstanceUID, key.PatientID, key.AccessionNumber = "STUDY", study_uid, "", ""
        answers = [status.Status for status, _ in association.send_c_find(key, STUDY_ROOT)]
        association.release()
        assert answers[-1] == 0

    return median_ms(query, times=5)
