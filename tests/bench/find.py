"""C-FIND: kept associations against pynetdicom's defaults and findscu; and a report's way to its manifest."""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from pydicom.dataset import Dataset
from pynetdicom import AE

from gateway.demo import reports
from gateway.demo.identity import DemoStudy
from gateway.dicom.query import PacsClient
from gateway.dicom.settings import PacsSettings
from gateway.flow.patience import Patience
from gateway.model.share import ShareState
from tests.bench.rows import Row, at_least, at_most, median_ms
from tests.bench.studies import named, slices
from tests.fakes.world import world
from tests.support import dicom_dcmqrscp, orthanc

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
INSTANCES, SERIES, TURNS = 5_000, 20, 5


def run() -> list[Row]:
    return [*_against_orthanc(), _against_dcmtk()]


def _against_orthanc() -> list[Row]:
    small, large = named("find-small"), named("find-large")
    with orthanc.running() as pacs:
        client = PacsClient(settings(pacs))
        try:
            pacs.store(slices(small, 10, size=16))
            ours, default = [], []
            for _ in range(TURNS):  # in turns, so that both meet the same machine
                ours.append(median_ms(lambda: client._one_study(small.study_uid), times=20, warm_up=3))
                default.append(_default(pacs.dicom_port, orthanc.AE_TITLE, small.study_uid))
            pacs.store(slices(large, INSTANCES, size=8, series=SERIES))
            study = client._one_study(large.study_uid)
            assert study is not None
            images, findscu_ms, manifest = [], [], []
            for _ in range(TURNS):
                images.append(median_ms(lambda: client._images_of_study(study), times=1, warm_up=0))
                findscu_ms.append(median_ms(lambda: findscu(pacs, large.study_uid), times=1, warm_up=0))
                manifest.append(_report_to_manifest(client, large))
        finally:
            client.close()
    return [
        _study_row("Orthanc", ours, default),
        at_most(
            "find", "IMAGE query of 5,000 instances, against findscu", median(images), median(findscu_ms), "ms", 1.1
        ),
        at_most(
            "find",
            "report to manifest, 5,000 instances, against two IMAGE queries of findscu",
            median(manifest),
            2 * median(findscu_ms),
            "ms",
            1.3,
        ),
    ]


def _against_dcmtk() -> Row:
    from tests.support.dicom_objects import STUDY, whole_study

    with dicom_dcmqrscp.running(whole_study()) as port:
        client = PacsClient(
            PacsSettings(
                name="dcmtk", host="127.0.0.1", port=port, called_aet=dicom_dcmqrscp.AE_TITLE, calling_aet="GATEWAY"
            )
        )
        try:
            ours, default = [], []
            for _ in range(TURNS):
                ours.append(median_ms(lambda: client._one_study(STUDY), times=20, warm_up=3))
                default.append(_default(port, dicom_dcmqrscp.AE_TITLE, STUDY))
        finally:
            client.close()
    return _study_row("dcmqrscp", ours, default)


def _study_row(pacs: str, ours: list[float], default: list[float]) -> Row:
    what = f"STUDY queries a second on a kept association, against pynetdicom's defaults ({pacs})"
    return at_least("find", what, 1000 / median(ours), 1000 / median(default), "1/s", 15)


def _report_to_manifest(client: PacsClient, study: DemoStudy) -> float:
    """From the acknowledged report to the registered manifest, in milliseconds; the registry is played."""
    with (
        tempfile.TemporaryDirectory(prefix="bench.") as folder,
        world(Path(folder), patience=Patience(look_interval_s=0)) as here,
    ):
        here.sharing = replace(here.sharing, pacs={"pacs": client})
        here.accept(content=reports.level3(reports.Draft(study=study)))
        began = time.perf_counter()
        share = here.carry_until(ShareState.SHARED)
        took_ms = (time.perf_counter() - began) * 1000
        assert share.state is ShareState.SHARED
        return took_ms


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


def _default(port: int, title: str, study_uid: str) -> float:
    """A STUDY query as pynetdicom does it: an association of its own, nothing set."""

    def query() -> None:
        entity = AE(ae_title="GATEWAY")
        entity.add_requested_context(STUDY_ROOT)
        association = entity.associate("127.0.0.1", port, ae_title=title)
        key = Dataset()
        key.QueryRetrieveLevel, key.StudyInstanceUID, key.PatientID, key.AccessionNumber = "STUDY", study_uid, "", ""
        answers = [status.Status for status, _ in association.send_c_find(key, STUDY_ROOT)]
        association.release()
        assert answers[-1] == 0

    return median_ms(query, times=5)
