"""Images through the gateway against the same straight from Orthanc: PACS, gateway and reader on the same cores.

``BENCH_SLICES`` (500) CT slices of 512 x 512 make a study; ``BENCH_READERS`` (20) studies of a tenth of that are read
at the same time. The reference form of the national project is 1,300 slices in JPEG-LS (``BENCH_REFERENCE``).
"""

from __future__ import annotations

import http.client
import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from urllib.parse import urlsplit

import pydicom
from pydicom.uid import JPEGLSLossless
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    StudyRootQueryRetrieveInformationModelGet,
)

from gateway.demo.identity import DemoStudy
from tests.bench.image_server import HANDLE, Server, serving
from tests.bench.rows import Row, at_least, at_most, milliseconds
from tests.bench.studies import named, slices
from tests.support import orthanc
from tests.support.image_site import ANY_SYNTAX, KEY

SLICES = int(os.environ.get("BENCH_SLICES", "500"))
READERS = int(os.environ.get("BENCH_READERS", "20"))
REFERENCE = int(os.environ.get("BENCH_REFERENCE", "1300"))
_CACHE = 256 << 20
_ONE_STUDY = int(SLICES * 0.5254e6 * 1.1 / 0.75)
"""A cache in which transfers have room for one whole study, and not for two (384 MB for 500 slices)."""
_MEMORY = 400e6
_FRAME = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'


def run() -> list[Row]:
    with orthanc.running() as pacs:
        whole = [named(f"images-{number}") for number in range(3)]
        small = [named(f"images-small-{number}") for number in range(READERS)]
        for study in whole:
            pacs.store(slices(study, SLICES, series=8))
        for study in small:
            pacs.store(slices(study, max(8, SLICES // 10), series=1))
        reference = named("images-reference")
        pacs.store(_compressed(reference))
        web = _settings(pacs, web=True)
        uids = tuple(one.study_uid for one in (*whole, *small, reference))
        rows = []
        with serving(web, uids, _ONE_STUDY) as server:
            rows += _uncached(server, pacs, whole)
            rows += _cached(server, pacs, whole[-1])
            rows += _frames(server, pacs, whole[0])
            rows += _reference(server, pacs, reference)
        with serving(web, uids, _CACHE) as server:
            rows += _many(server, small)
        with serving(_settings(pacs, web=False), uids, _ONE_STUDY) as server:
            rows += _by_c_get(server, pacs, whole[1], whole[2])
    return rows


def _settings(pacs: orthanc.Orthanc, *, web: bool) -> dict[str, object]:
    return {
        "name": "bench",
        "host": "127.0.0.1",
        "port": pacs.dicom_port,
        "called_aet": orthanc.AE_TITLE,
        "calling_aet": "BENCH",
        "dicomweb_url": pacs.dicomweb_url if web else "",
        "max_associations": 8,
    }


def _take(url: str) -> tuple[int, float]:
    """Bytes of the body, and seconds to its first; a reader that does nothing with them."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    began = time.perf_counter()
    connection.request("GET", parts.path, headers={"Accept": ANY_SYNTAX, "Authorization": f"Bearer {KEY}"})
    answer = connection.getresponse()
    assert answer.status == 200, (answer.status, url)
    into = memoryview(bytearray(1 << 20))
    size = answer.readinto(into)
    first = time.perf_counter() - began
    while received := answer.readinto(into):
        size += received
    connection.close()
    return size, first


def _rate(urls: list[str]) -> float:
    """Megabytes a second in sum over *urls*, each by a reader of its own at the same time."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(urls)) as readers:
        size = sum(size for size, _ in readers.map(_take, urls))
    return size / 1e6 / (time.perf_counter() - began)


def _roots(server: Server, pacs: orthanc.Orthanc) -> tuple[str, str]:
    return f"{server.url}/dicom-web", pacs.dicomweb_url


def _uncached(server: Server, pacs: orthanc.Orthanc, studies: list[DemoStudy]) -> list[Row]:
    ours, direct = _roots(server, pacs)
    first, second, third = studies
    # The memory of both is filled, as it is after their first examinations: what a system gives a process for the first
    # time costs more than all the rest of a transfer.
    begun = _rate([f"{ours}/studies/{third.study_uid}"])
    _rate([f"{direct}/studies/{first.study_uid}"])
    against = _rate([f"{direct}/studies/{first.study_uid}"])
    before = server.cpu_s()
    one = _rate([f"{ours}/studies/{first.study_uid}"])
    cpu = server.cpu_s() - before
    size = SLICES * 0.5254e6
    series = [f"studies/{second.study_uid}/series/{uid}" for uid in _series(second)]
    _rate([f"{direct}/{path}" for path in series])
    eight_direct = _rate([f"{direct}/{path}" for path in series])
    eight = _rate([f"{ours}/{path}" for path in series])
    return [
        at_least("images", f"{SLICES} CT by WADO-RS, uncached, one reader", one, against, "MB/s", 0.35),
        at_least("images", "eight readers of a series each, uncached, in sum", eight, eight_direct, "MB/s", 0.25),
        _figure("processor of the gateway, uncached", cpu / (size / 1e9), "s/GB"),
        _figure("the first study of a gateway that has just started", begun, "MB/s"),
    ]


def _cached(server: Server, pacs: orthanc.Orthanc, study: DemoStudy) -> list[Row]:
    ours, direct = _roots(server, pacs)
    path = f"studies/{study.study_uid}"
    _rate([f"{ours}/{path}"])
    _rate([f"{direct}/{path}"])
    before = server.cpu_s()
    one = statistics.median(_rate([f"{ours}/{path}"]) for _ in range(3))
    cpu = (server.cpu_s() - before) / 3
    against = statistics.median(_rate([f"{direct}/{path}"]) for _ in range(3))
    return [
        at_least("images", "the same, cached", one, against, "MB/s", 1.0),
        _figure("processor of the gateway, cached", cpu / (SLICES * 0.5254e-3), "s/GB"),
    ]


def _frames(server: Server, pacs: orthanc.Orthanc, study: DemoStudy) -> list[Row]:
    """Frames of series that nobody has opened yet, one of each, against the same from Orthanc."""
    parts = urlsplit(server.url)
    kept = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    other = urlsplit(pacs.dicomweb_url)
    direct = http.client.HTTPConnection(other.hostname or "", other.port, timeout=60)

    def fetch(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> Callable[[], None]:
        def go() -> None:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, answer.status
            assert len(body) >= 512 * 512 * 2

        return go

    cookie = {"Cookie": f"gateway-session={server.cookie}"}
    kept.request("GET", f"/viewer/{HANDLE}/exam.json", headers=cookie)
    kept.getresponse().read()
    ours, against = [], []
    for number, series in enumerate(_series(study)):
        theirs = f"{other.path}/studies/{study.study_uid}/series/{series}/instances/{_instance(study, number + 8)}"
        # Orthanc ends what is idle for a second; a new one, opened before the clock runs, is as good as a kept one.
        direct.close()
        direct.connect()
        against.append(milliseconds(fetch(direct, f"{theirs}/frames/1", {"Accept": _FRAME})))
        ours.append(milliseconds(fetch(kept, f"/viewer/{HANDLE}/frames/{number}/3", cookie)))
        time.sleep(0.5)
    kept.close()
    direct.close()
    return [
        at_most(
            "images",
            "first frame of a series, handle open, against Orthanc",
            statistics.median(ours),
            statistics.median(against),
            "ms",
            1.5,
        )
    ]


def _reference(server: Server, pacs: orthanc.Orthanc, study: DemoStudy) -> list[Row]:
    ours, direct = _roots(server, pacs)
    path = f"studies/{study.study_uid}"
    size, against_first = _take(f"{direct}/{path}")
    against = _rate([f"{direct}/{path}"])
    began = time.perf_counter()
    _, first = _take(f"{ours}/{path}")
    rate = size / 1e6 / (time.perf_counter() - began)
    what = f"reference form, {REFERENCE} CT in JPEG-LS ({size / 1e6:.0f} MB)"
    return [
        at_least("images", f"DB.SO.102 throughput of a WADO-RS answer, {what}", rate, against, "MB/s", 0.35),
        Row(
            row="images",
            what="DB.SO.102 latency of a WADO-RS request (first byte), against Orthanc",
            ours=first * 1000,
            against=against_first * 1000,
            unit="ms",
            goal="the figure",
            met=True,
        ),
    ]


def _many(server: Server, studies: list[DemoStudy]) -> list[Row]:
    urls = [f"{server.url}/dicom-web/studies/{study.study_uid}" for study in studies]
    before = server.resident_bytes()
    peak = before
    took: list[float] = []
    with ThreadPoolExecutor(len(urls)) as readers:
        running = [readers.submit(milliseconds, lambda url=url: _take(url)) for url in urls]  # type: ignore[misc]
        while not all(one.done() for one in running):
            peak = max(peak, server.resident_bytes())
            time.sleep(0.01)
        took = [one.result() for one in running]
    return [
        at_most(
            "images",
            f"{len(urls)} readers of different studies: memory above the cache's limit",
            (peak - before) / 1e6,
            _CACHE / 1e6 + _MEMORY / 1e6,
            "MB",
            1.0,
        ),
        at_most("images", "the slowest of them against the median", max(took), statistics.median(took), "ms", 3.0),
    ]


def _by_c_get(server: Server, pacs: orthanc.Orthanc, study: DemoStudy, other: DemoStudy) -> list[Row]:
    against = _pynetdicom(pacs, study)
    _rate([f"{server.url}/dicom-web/studies/{other.study_uid}"])  # its memory is filled, see above
    before = server.cpu_s()
    ours = _rate([f"{server.url}/dicom-web/studies/{study.study_uid}"])
    cpu = server.cpu_s() - before
    return [
        at_least("images", "a PACS that speaks C-GET only, against pynetdicom as it comes", ours, against, "MB/s", 5.0),
        _figure("processor of the gateway by C-GET", cpu / (SLICES * 0.5254e-3), "s/GB"),
    ]


def _pynetdicom(pacs: orthanc.Orthanc, study: DemoStudy) -> float:
    entity = AE("BENCH")
    entity.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
    entity.add_requested_context(CTImageStorage)
    sizes: list[int] = []

    def store(event: evt.Event) -> int:
        sizes.append(len(event.request.DataSet.getvalue()))
        return 0

    wanted = pydicom.Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", study.study_uid
    association = entity.associate(
        "127.0.0.1",
        pacs.dicom_port,
        ae_title=orthanc.AE_TITLE,
        ext_neg=[build_role(CTImageStorage, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, store)],
    )
    assert association.is_established
    began = time.perf_counter()
    for _ in association.send_c_get(wanted, StudyRootQueryRetrieveInformationModelGet):
        pass
    took = time.perf_counter() - began
    association.release()
    assert len(sizes) == SLICES
    return sum(sizes) / 1e6 / took


def _series(study: DemoStudy) -> list[str]:
    from gateway.demo.identity import demo_uid

    return [demo_uid(f"{study.study_uid}/series/{part}") for part in range(8)]


def _instance(study: DemoStudy, number: int) -> str:
    from gateway.demo.identity import demo_uid

    return demo_uid(f"{study.study_uid}/{number}")


def _compressed(study: DemoStudy) -> Iterator[bytes]:
    """The reference form: one slice encoded once, under every identifier (its noise makes it 150 kB)."""
    import numpy

    first = pydicom.dcmread(BytesIO(next(slices(study, 1, series=1))))
    noise = numpy.random.default_rng(7).integers(0, 24, (512, 512), dtype="u2")
    ramp = (numpy.add.outer(numpy.arange(512), numpy.arange(512)) * 2).astype("u2")
    first.PixelData = (ramp + noise).astype("<u2").tobytes()
    first.compress(JPEGLSLossless, generate_instance_uid=False)
    for number in range(REFERENCE):
        first.SOPInstanceUID = first.file_meta.MediaStorageSOPInstanceUID = _instance(study, number)
        first.InstanceNumber = number + 1
        buffer = BytesIO()
        first.save_as(buffer, enforce_file_format=True)
        yield buffer.getvalue()


def _figure(what: str, value: float, unit: str) -> Row:
    return Row(row="images", what=what, ours=value, against=None, unit=unit, goal="the figure", met=True)
