"""From the click on a link, with a session, to the first picture on the screen: both viewers, in Chromium.

The PACS is Orthanc with a CT of 120 slices; a phone's visit to all of them is counted in bytes.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import numpy as np
from playwright.sync_api import Browser, Page
from pydicom import dcmread

from gateway.demo.identity import DemoStudy
from gateway.hl7.sender import send
from gateway.model.link import national_url
from gateway.web.viewer.assets import assets
from tests.bench.rows import Row
from tests.bench.studies import named, slices
from tests.support import orthanc
from tests.support.browser import PHONE, as_professional, chromium, page_of
from tests.support.gateway import message, running

COUNT = 120
TIMES = 5
LIGHT_MS, FULL_MS, PHONE_BYTES = 1000, 2000, 10_000_000


def run() -> list[Row]:
    study = named("viewer")
    with orthanc.running() as pacs:
        pacs.store(_bodies(study))
        with running(pacs, dicomweb=True) as gateway, chromium() as browser:
            send("127.0.0.1", gateway.mllp_port, message(study), 30)
            gateway.wait_for(study, "shared")
            link = national_url(gateway.world.public_url, study.study_uid, study.accession, study.report)
            rows = [_row("light", _first_ms(browser, link, ""), LIGHT_MS)]
            if assets() is not None:
                rows.append(_row("full", _first_ms(browser, link, "&viewerType=full"), FULL_MS))
                ready = _first_ms(browser, link, "&viewerType=full", "ready")
                rows.append(replace(rows[-1], what="full viewer: click on the link to every tool at hand", ours=ready))
                rows[-1] = replace(rows[-1], goal="the figure", met=True)
            rows.append(_phone(browser, link))
    return rows


def _bodies(study: DemoStudy) -> Iterator[bytes]:
    """Slices that compress as a CT does: a body with the noise of a scanner (15 HU) in air."""
    chance = np.random.default_rng(8)
    row, column = np.mgrid[0:512, 0:512]
    body = np.where(np.hypot((column - 256) / 1.3, row - 256) < 170, 1064, 0)
    for file in slices(study, COUNT, series=1):
        item = dcmread(BytesIO(file))
        lungs = np.hypot((column - 150) / 0.8, row - 240) < 90 + item.InstanceNumber % 20
        values = np.where(lungs, 200, body) + chance.normal(0, 15, (512, 512))
        item.WindowCenter, item.WindowWidth, item.RescaleIntercept, item.RescaleSlope = 40, 400, -1024, 1
        item.PixelData = np.clip(values, 0, 4095).astype("<u2").tobytes()
        content = BytesIO()
        item.save_as(content)
        yield content.getvalue()


def _row(name: str, ours: float, goal_ms: int) -> Row:
    return Row(
        row="viewer",
        what=f"{name} viewer: click on the link (session present) to the first picture drawn",
        ours=ours,
        against=None,
        unit="ms",
        goal=f"< {goal_ms}",
        met=ours < goal_ms,
    )


def _sign_in(page: Page, link: str) -> None:
    page.goto(link)
    as_professional(page)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/viewer/**")


def _first_ms(browser: Browser, link: str, more: str, mark: str = "first-picture") -> float:
    """Median of the time from navigation to the picture, or to another *mark*, as the page's own clock tells it."""
    found = []
    with page_of(browser) as watched:
        page = watched.page
        _sign_in(page, link)
        for _ in range(TIMES):
            page.goto("about:blank")
            page.goto(link + more)
            page.wait_for_url("**/viewer/**")
            found.append(_drawn_ms(page, mark))
    return statistics.median(found)


def _drawn_ms(page: Page, mark: str = "first-picture") -> float:
    # The page's policy forbids evaluating strings, so the wait is here and the clock there.
    for _ in range(2000):
        at: float | None = page.evaluate("mark => performance.getEntriesByName(mark)[0]?.startTime ?? null", mark)
        if at is not None:
            return at
        page.wait_for_timeout(10)
    raise TimeoutError("no picture")


def _phone(browser: Browser, link: str) -> Row:
    """Bytes that reach a phone that looks at every slice."""
    with page_of(browser, viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2) as watched:
        page = watched.page
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        received: list[float] = []
        session.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))
        _sign_in(page, link)
        _drawn_ms(page)
        for _ in range(COUNT):
            page.keyboard.press("ArrowDown")
            page.wait_for_timeout(60)
        page.wait_for_timeout(1500)
        last = page.locator("#corner-place").inner_text()
        assert str(COUNT) in last
    return Row(
        row="viewer",
        what=f"a phone looks at all {COUNT} slices of a CT (512 by 512)",
        ours=sum(received) / 1e6,
        against=None,
        unit="MB",
        goal="< 10",
        met=sum(received) < PHONE_BYTES,
    )
