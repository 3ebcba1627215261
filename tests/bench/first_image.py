"""The link to the first image, and a frame through the gateway against the same frame straight from Orthanc."""

from __future__ import annotations

import statistics

import requests

from gateway.demo import browser
from gateway.hl7.sender import send
from gateway.model.link import national_url
from tests.bench.rows import Row, at_most, milliseconds
from tests.bench.studies import named, slices
from tests.support import orthanc
from tests.support.gateway import message, running

COUNT = 60
ACCEPT = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'


def run() -> list[Row]:
    rows = []
    for dicomweb in (True, False):
        study = named(f"image-{'web' if dicomweb else 'get'}")
        way = "WADO-RS" if dicomweb else "C-GET"
        with orthanc.running() as pacs:
            pacs.store(slices(study, COUNT, series=1))
            with running(pacs, dicomweb=dicomweb) as gateway:
                send("127.0.0.1", gateway.mllp_port, message(study), 30)
                gateway.wait_for(study, "shared")
                link = national_url(gateway.world.public_url, study.study_uid, study.accession, study.report)
                visit = browser.follow(link)
                ours, against = _frames(link, pacs)
        rows.append(
            Row(
                row="first-image",
                what=f"link opened (session present) to the first frame's last byte, images by {way}",
                ours=visit.first_image_ms,
                against=None,
                unit="ms",
                goal="the figure",
                met=True,
            )
        )
        rows.append(
            at_most(
                "first-image",
                f"a frame not seen before, handle open, by {way}, against Orthanc",
                ours,
                against,
                "ms",
                2,
            )
        )
    return rows


def _frames(link: str, pacs: orthanc.Orthanc) -> tuple[float, float]:
    """Median ms of frames that nobody has fetched yet: through the gateway, and from Orthanc's own WADO-RS."""
    with requests.Session() as visitor, requests.Session() as direct:
        visitor.trust_env = direct.trust_env = False
        page = visitor.get(link)
        if "/viewer/" not in page.url:
            page = browser._sign_in(visitor, page)
        exam = visitor.get(f"{page.url}/exam.json").json()
        index = exam["series"][0]["index"]
        urls = _instance_urls(pacs, direct)
        ours, against = [], []
        for number in range(1, COUNT):
            path = f"{page.url}/frames/{index}/{number}"
            ours.append(milliseconds(lambda path=path: visitor.get(path).raise_for_status()))  # type: ignore[misc]
            other = urls[(number + COUNT // 2) % COUNT]
            answer = milliseconds(lambda other=other: _direct(direct, other))  # type: ignore[misc]
            against.append(answer)
    return statistics.median(ours), statistics.median(against)


def _instance_urls(pacs: orthanc.Orthanc, session: requests.Session) -> list[str]:
    found = session.get(f"{pacs.dicomweb_url}/instances", headers={"Accept": "application/dicom+json"}).json()
    return [
        f"{pacs.dicomweb_url}/studies/{one['0020000D']['Value'][0]}/series/{one['0020000E']['Value'][0]}"
        f"/instances/{one['00080018']['Value'][0]}/frames/1"
        for one in found
    ]


def _direct(session: requests.Session, url: str) -> None:
    answer = session.get(url, headers={"Accept": ACCEPT})
    answer.raise_for_status()
    assert len(answer.content) > 512 * 512 * 2
