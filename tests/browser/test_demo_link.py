"""The link of the published report in Chromium: login, the images, and the pixels that the PACS has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page
from pydicom import dcmread

from gateway.cda import link
from gateway.demo import phantom
from gateway.demo.identity import CT
from gateway.hl7.sender import send
from gateway.settings import load
from gateway.trust import safexml
from gateway.wiring.house import House
from gateway.xds.forms import reference
from tests.support.browser import chromium, open_link, page_of, pixel, settled, shown
from tests.support.gateway import Running, message, planned

pytestmark = pytest.mark.chromium
PLACES = [(row, column) for row in range(100, 420, 32) for column in range(100, 420, 32)]


@pytest.fixture(scope="module")
def here() -> Iterator[Running]:
    with planned() as world:
        phantom.sample_studies(world.world.studies, slices=12, prior_slices=2)
        world.start_pacs()
        world.start_registry()
        world.start_identity_provider()
        world.start_gateway()
        assert b"MSA|AA|" in send("127.0.0.1", world.mllp_port, message(CT), 30)
        world.wait_for(CT, "shared")
        yield world


@pytest.fixture(scope="module")
def address(here: Running) -> str:
    """The link as the registry gives it back in the published report."""
    house = House(load(here.world.settings_file))
    try:
        (row,) = house.store.overviews(limit=5)
        patient = house.store.frozen(row.share.id).patient_id
        sought = reference(CT.accession, "urn:ihe:iti:xds:2013:accession").cxi()
        client = house.destinations["demo"]
        entries = [e for e in client.find_by_reference(patient, [sought]) if e.mime_type == "text/xml"]
        (document,) = client.retrieve(entries)
    finally:
        house.close()
    return link.links_of(safexml.parse(document.content))[CT.study_uid]


@pytest.mark.timeout(180)
def test_one_click_one_login_the_right_images(here: Running, address: str) -> None:
    with chromium() as browser, page_of(browser) as watched:
        page = open_link(watched, address)
        assert CT.study_uid not in page.url
        assert "KERMARREC-LEFÈVRE" in page.inner_text("body")
        _same_pixels(page, here, 1)
        for _ in range(5):
            page.mouse.move(700, 400)
            page.mouse.wheel(0, 100)
        shown(page, "0/5/1")
        _same_pixels(page, here, 6)
        before = [pixel(page, *place) for place in PLACES]
        page.get_by_role("button", name="Poumon").click()
        settled(page)
        assert [pixel(page, *place) for place in PLACES] != before
        # The session is there now: the link opens without a form.
        page.goto(address)
        page.wait_for_url("**/viewer/*")
        assert watched.complaints == []


@pytest.mark.timeout(120)
def test_the_patient_of_the_report_sees_its_images_and_another_does_not(here: Running, address: str) -> None:
    with chromium() as browser:
        with page_of(browser) as watched:
            page = watched.page
            page.goto(address)
            page.get_by_role("link", name="Patient ou représentant").click()
            page.get_by_role("button", name="Se connecter").click()
            page.wait_for_url("**/viewer/*")
            shown(page, "0/0/1")
        with page_of(browser) as watched:
            page = watched.page
            page.goto(address)
            page.get_by_role("link", name="Patient ou représentant").click()
            page.get_by_text("Un autre patient").click()
            with page.expect_navigation():
                page.get_by_role("button", name="Se connecter").click()
            assert "/viewer/" not in page.url


def _same_pixels(page: Page, here: Running, number: int) -> None:
    """What is drawn is what the PACS has there, through the image's own window; the canvas smooths as it scales."""
    folder = here.world.studies / "ct"
    drawn = np.array([pixel(page, *place)[0] for place in PLACES])

    def distance(other: int) -> float:
        expected = _expected(folder, other)
        return float(np.abs(drawn - [expected[place] for place in PLACES]).mean())

    assert distance(number) < 4
    assert min(range(1, 13), key=distance) == number


def _expected(folder: Path, number: int) -> np.ndarray:
    image = dcmread(min(folder.glob(f"*-{number:04d}.dcm")))
    values = image.pixel_array * float(image.RescaleSlope) + float(image.RescaleIntercept)
    centre, width = (float(np.atleast_1d(value)[0]) for value in (image.WindowCenter, image.WindowWidth))
    # The linear function of PS3.3 C.11.2.1.2.1.
    return np.clip(((values - (centre - 0.5)) / (width - 1) + 0.5) * 255, 0, 255).astype(int)
