"""The full viewer in a real browser: what it draws against the values in the objects, its measures, its documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pydicom.dataset import Dataset

from gateway.errors import PeerUnreachable
from gateway.model.access import ViewOptions
from gateway.web.viewer.assets import assets
from tests.support.browser import Watched, chromium, page_of, settled
from tests.support.presentation import (
    SHUTTER_GREY,
    bitmap_state,
    frame_state,
    grey_state,
    look_up_table,
    loop_state,
    window,
)
from tests.support.viewing import (
    SIDE,
    MemoryPacs,
    ct,
    film,
    hounsfield,
    mammography,
    prior,
    radiograph,
    study,
    ultrasound,
    viewing,
    with_overlay,
    with_overlay_in_pixels,
    with_prior,
)
from tests.support.web import STUDY, Site

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]
CT, J2K, JPEG_LS, RLE, LOOP, PHOTOGRAPH, RADIOGRAPH, DOCUMENT, DOSE, STATE = range(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert assets() is not None, "the full viewer is not built: install node 18 or later with npm, run scripts/viewer"
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, MemoryPacs]]:
    with viewing(tmp_path_factory.mktemp("full"), study() + prior()) as both:
        yield both


@pytest.fixture(scope="module")
def logged_in(browser: Browser, seen: tuple[Site, MemoryPacs]) -> Iterator[Watched]:
    with page_of(browser) as watched:
        opened(watched, seen[0])
        yield watched


@pytest.fixture
def watched(logged_in: Watched) -> Iterator[Watched]:
    """The full viewer over the study, as it opens; it must have complained of nothing at the end."""
    logged_in.page.reload()
    logged_in.page.wait_for_selector("body[data-ready=yes]")
    drawn(logged_in.page, "0/0/1")
    yield logged_in
    complaints, logged_in.complaints[:] = list(logged_in.complaints), []
    assert complaints == []


def opened(watched: Watched, site: Site, *, earlier: bool = False) -> Page:
    """The full viewer after a click on the link and a login, its first image drawn."""
    page = watched.page
    page.goto(site.link)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/viewer/*")
    address = page.url
    if earlier:
        # The light viewer still fetches pictures, of an examination that is another one from here on.
        page.goto("about:blank")
        with_prior(site)
    page.goto(f"{address}/full")
    page.wait_for_selector("body[data-ready=yes]")
    return page


def choose(page: Page, series: int, key: str = "") -> None:
    page.locator(".series-item").nth(series).click()
    drawn(page, key or f"{series}/0/1")


def drawn(page: Page, key: str, cell: int = 0) -> None:
    expect(page.locator(".cell").nth(cell)).to_have_attribute("data-shown", key)
    settled(page)
    settled(page)


def pixel(page: Page, row: int, column: int, cell: int = 0) -> list[int]:
    """The colour on the screen in the middle of the image's pixel (row, column)."""
    found: list[int] = page.evaluate(
        """([row, column, cell]) => {
            const element = document.querySelectorAll('.cell')[cell];
            const [a, b, c, d, e, f] = element.dataset.box.split(' ').map(Number);
            const canvas = element.querySelector('.cornerstone-canvas');
            const [x, y] = [a * (column + 0.5) + c * (row + 0.5) + e, b * (column + 0.5) + d * (row + 0.5) + f];
            return [...canvas.getContext('2d').getImageData(Math.floor(x), Math.floor(y), 1, 1).data.slice(0, 3)];
        }""",
        [row, column, cell],
    )
    return found


def on_screen(page: Page, row: int, column: int) -> tuple[int, int]:
    """Where on the page the image's pixel lies."""
    cell = page.locator(".cell")
    a, b, c, d, e, f = map(float, (cell.get_attribute("data-box") or "").split())
    place = cell.bounding_box()
    assert place
    x, y = a * (column + 0.5) + c * (row + 0.5) + e, b * (column + 0.5) + d * (row + 0.5) + f
    return round(place["x"] + x), round(place["y"] + y)


def grey(value: float, centre: float, width: float) -> int:
    """PS3.3 C.11.2.1.2."""
    return round(min(max(((value - (centre - 0.5)) / (width - 1) + 0.5) * 255, 0), 255))


def near(found: list[int], *expected: int, by: int = 2) -> bool:
    wanted = expected * 3 if len(expected) == 1 else expected
    return all(abs(one - other) <= by for one, other in zip(found, wanted, strict=True))


def drag(page: Page, left: int, top: int, right: int, bottom: int) -> None:
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move((left + right) // 2, (top + bottom) // 2)
    page.mouse.move(right, bottom)
    page.mouse.up()
    settled(page)


def test_pixels_are_those_of_the_objects_in_every_compression(watched: Watched) -> None:
    page = watched.page
    for series, number in ((CT, 1), (J2K, 3), (JPEG_LS, 4), (RLE, 5)):
        if series:
            choose(page, series)
        for row, column in ((100, 60), (101, 64), (4, 4), (64, 9 + 4 * number), (58, 42)):
            expected = grey(hounsfield(row, column, number), 40, 400)
            assert near(pixel(page, row, column), expected), (series, row, column, pixel(page, row, column))
    choose(page, PHOTOGRAPH)
    assert near(pixel(page, 10, 10), 200, 30, 40, by=6)
    assert near(pixel(page, 10, 50), 30, 190, 50, by=6)
    choose(page, LOOP)
    assert near(pixel(page, 33, 40), 200, 40, 30)
    page.keyboard.press("ArrowDown")
    drawn(page, f"{LOOP}/0/2")
    assert near(pixel(page, 5, 5), 50)
    choose(page, RADIOGRAPH)
    # MONOCHROME1 under the table of the image: value // 8, black is high.
    for row, column in ((10, 10), (60, 100), (120, 3)):
        assert near(pixel(page, row, column), 255 - min(255, (row * 16 + column) // 8), by=4)


def test_windows_turns_and_marks_follow_the_hand(watched: Watched) -> None:
    page = watched.page
    cell = page.locator(".cell")
    page.locator("#tools select").nth(1).select_option(label="5  Poumon")
    settled(page)
    assert near(pixel(page, 58, 42), grey(hounsfield(58, 42, 1), -600, 1500))
    expect(cell.locator(".bottom-left")).to_have_text(re.compile(r"L 1.500 +C -600"))
    page.keyboard.press("i")
    settled(page)
    assert near(pixel(page, 58, 42), 255 - grey(hounsfield(58, 42, 1), -600, 1500))
    page.keyboard.press("0")
    settled(page)
    assert near(pixel(page, 100, 60), grey(hounsfield(100, 60, 1), 40, 400))
    assert [cell.locator(f".side.{one}").inner_text() for one in ("left", "right", "top", "bottom")] == list("RLAP")
    page.keyboard.press("h")
    settled(page)
    assert [cell.locator(f".side.{one}").inner_text() for one in ("left", "right")] == list("LR")
    assert near(pixel(page, 64, 12), 255), "the square of the first slice, where the marks say"
    page.keyboard.press("0")
    page.keyboard.press("r")
    settled(page)
    assert [cell.locator(f".side.{one}").inner_text() for one in ("top", "right")] == list("RA")
    page.keyboard.press("0")
    page.keyboard.press("ArrowDown")
    drawn(page, "0/1/1")
    expect(cell.locator(".bottom-right")).to_contain_text("F 95,0 mm")
    marks = page.evaluate(
        """() => {
            const element = document.querySelector('.cell');
            const [a, b, c, d, e, f] = element.dataset.box.split(' ').map(Number);
            const marks = element.querySelector('.marks').getContext('2d');
            const place = (x, y) => [a * x + c * y + e, b * x + d * y + f];
            const at = (row, column) => marks.getImageData(...place(column + .5, row + .5), 1, 1).data[3];
            return [at(20, 30), at(30, 30), at(30, 20)];
        }"""
    )
    assert marks[0] > 200
    assert marks[1] == 0
    assert marks[2] > 200, "the overlay plane: a frame, and nothing in it"


def test_measures_say_what_they_were_measured_at(watched: Watched) -> None:
    page = watched.page
    texts = page.locator(".cell svg text")
    scale = float(page.locator(".cell").get_attribute("data-box").split()[0])  # type: ignore[union-attr]
    page.keyboard.press("l")
    drag(page, 500, 300, 700, 300)
    expect(texts.first).to_contain_text(f"{200 / scale * 0.7:.1f}".replace(".", ",") + " mm")
    page.keyboard.press("e")
    drag(page, *on_screen(page, 96, 56), *on_screen(page, 100, 66))
    expect(page.locator(".cell svg")).to_contain_text(re.compile(r"moy\. 4[0-4],\d UH"))
    choose(page, RADIOGRAPH)
    page.keyboard.press("l")
    drag(page, 600, 300, 700, 300)
    expect(page.locator(".cell svg")).to_contain_text("au détecteur")
    expect(page.locator(".scale")).to_contain_text("au détecteur")
    choose(page, LOOP)
    drag(page, 600, 300, 700, 300)
    expect(page.locator(".cell svg")).to_contain_text(re.compile(r"0,1 cm"))
    choose(page, PHOTOGRAPH)
    drag(page, 600, 300, 700, 300)
    expect(page.locator(".cell svg")).to_contain_text("non étalonné")
    page.get_by_role("button", name="Effacer les mesures").click()
    expect(texts).to_have_count(0)


def test_reports_documents_and_presentation_states_are_shown(watched: Watched) -> None:
    page = watched.page
    page.locator(".series-item").nth(DOSE).click()
    expect(page.locator("#document")).to_contain_text("X-Ray Radiation Dose Report")
    expect(page.locator("#document tr").nth(1)).to_have_text("DLP412.7 mGy.cm")
    page.locator(".series-item").nth(DOCUMENT).click()
    told = page.request.get(page.locator("#document a").get_attribute("href") or "")
    assert told.headers["content-type"] == "application/pdf"
    assert told.body().startswith(b"%PDF-1.4")
    page.locator(".series-item").nth(STATE).click()
    drawn(page, "0/2/1")
    expect(page.locator(".cell .top-right")).to_contain_text("NODULE")
    expect(page.locator(".cell .side.left")).to_have_text("L")
    assert near(pixel(page, 56, 72), grey(hounsfield(56, 72, 3), -600, 1500))


def covered(page: Page, row: int, column: int) -> bool:
    """Whether something is drawn over the image's pixel."""
    return bool(
        page.evaluate(
            """([row, column]) => {
                const element = document.querySelector('.cell');
                const [a, b, c, d, e, f] = element.dataset.box.split(' ').map(Number);
                const [x, y] = [a * (column + 0.5) + c * (row + 0.5) + e, b * (column + 0.5) + d * (row + 0.5) + f];
                const marks = element.querySelector('.marks').getContext('2d');
                return marks.getImageData(Math.floor(x), Math.floor(y), 1, 1).data[3] > 0;
            }""",
            [row, column],
        )
    )


def test_a_presentation_state_frames_its_area_and_shuts_the_rest(watched: Watched) -> None:
    page = watched.page
    page.locator(".series-item").nth(STATE).click()
    drawn(page, "0/2/1")
    place = page.locator(".cell .port").bounding_box()
    assert place
    corners = [on_screen(page, row, column) for row in (16, 95) for column in (32, 111)]
    # The area of 80 x 80 pixels fills the place, its middle in the middle.
    assert abs(sum(x for x, _ in corners) / 4 - (place["x"] + place["width"] / 2)) < 4
    assert abs(sum(y for _, y in corners) / 4 - (place["y"] + place["height"] / 2)) < 4
    sides = (
        max(x for x, _ in corners) - min(x for x, _ in corners),
        max(y for _, y in corners) - min(y for _, y in corners),
    )
    assert abs(max(sides) - min(place["width"], place["height"])) < min(place["width"], place["height"]) / 40
    inside, corner, outside = (56, 72), (27, 43), (56, 38)
    assert [covered(page, *one) for one in (inside, corner, outside)] == [False, True, True]


def mark(page: Page, row: int, column: int) -> list[int]:
    """Red, green, blue and opacity of what is drawn over the image's pixel."""
    found: list[int] = page.evaluate(
        """([row, column]) => {
            const element = document.querySelector('.cell');
            const [a, b, c, d, e, f] = element.dataset.box.split(' ').map(Number);
            const [x, y] = [a * (column + 0.5) + c * (row + 0.5) + e, b * (column + 0.5) + d * (row + 0.5) + f];
            const marks = element.querySelector('.marks').getContext('2d');
            return [...marks.getImageData(Math.floor(x), Math.floor(y), 1, 1).data];
        }""",
        [row, column],
    )
    return found


def test_bitmaps_of_a_presentation_state_show_and_hide(browser: Browser, tmp_path: Path) -> None:
    slices = [with_overlay(ct(number)) if number == 3 else ct(number) for number in range(1, 5)]
    held = [*slices, bitmap_state()]
    with viewing(tmp_path, held) as (site, _), page_of(browser) as watched:
        page = opened(watched, site)
        page.locator(".series-item").nth(1).click()
        drawn(page, "0/2/1")
        hidden = SHUTTER_GREY // 257
        for row, column in ((0, 0), (127, 15), (64, 9), (100, 100)):
            assert mark(page, row, column) == [hidden] * 3 + [255], (row, column)
        for row, column in ((64, 16), (99, 100), (101, 100), (100, 99), (100, 101), (60, 60)):
            assert not covered(page, row, column), (row, column)
        # A plane of 10 x 13 bits, its corner at row 90, column 30: the first row, and the last pixel.
        for row, column in ((90, 30), (90, 42), (99, 42)):
            assert near(mark(page, row, column)[:3], 255, 0, 0), (row, column, mark(page, row, column))
        for row, column in ((89, 35), (91, 30), (90, 29), (90, 43), (99, 41), (99, 43)):
            assert not covered(page, row, column), (row, column)
        assert near(mark(page, 21, 30)[:3], 255), "the image's own plane in the colour of its layer"
        assert not covered(page, 30, 30)
        # What cannot be drawn is named, and the image is there.
        expect(page.locator(".cell .top-right")).to_contain_text("Calque 6008 de l'état de présentation incomplet")
        assert near(pixel(page, 60, 60), grey(hounsfield(60, 60, 3), 40, 400))
        page.keyboard.press("ArrowDown")
        drawn(page, "0/3/1")
        assert not covered(page, 64, 9), "the state is not about the next image"
        assert not covered(page, 90, 35)
        expect(page.locator(".cell .top-right")).not_to_contain_text("6008")
        page.keyboard.press("ArrowUp")
        drawn(page, "0/2/1")
        page.keyboard.press("0")
        settled(page)
        assert near(mark(page, 21, 30)[:3], 255, 255, 128), "without the state the image's own has the viewer's colour"
        assert [covered(page, *place) for place in ((64, 9), (90, 35))] == [False, False]
        assert watched.complaints == []


def test_a_plane_of_several_frames_lies_over_those_it_belongs_to(browser: Browser, tmp_path: Path) -> None:
    held = [ct(1), ultrasound(), loop_state()]
    with viewing(tmp_path, held) as (site, _), page_of(browser) as watched:
        page = opened(watched, site)
        page.locator(".series-item").nth(2).click()
        expected = {1: (), 2: (), 3: ((10, 20),), 4: ((12, 22),), 5: ()}
        for frame, places in expected.items():
            drawn(page, f"1/0/{frame}")
            found = tuple(place for place in ((10, 20), (12, 22)) if covered(page, *place))
            assert found == places, frame
            page.keyboard.press("ArrowDown")
        assert watched.complaints == []


def test_a_state_of_one_frame_is_shown_on_that_frame_and_on_no_other(browser: Browser, tmp_path: Path) -> None:
    held = [ct(1), ultrasound(), frame_state()]
    with viewing(tmp_path, held) as (site, _), page_of(browser) as watched:
        page = opened(watched, site)
        page.locator(".series-item").nth(2).click()
        drawn(page, "1/0/5")
        corner = page.locator(".cell .top-right")
        expect(corner).to_contain_text("NODULE")
        assert [covered(page, row, 30) for row in (10, 20)] == [True, False]
        for frame, key in ((6, "ArrowDown"), (5, "ArrowUp"), (4, "ArrowUp")):
            page.keyboard.press(key)
            drawn(page, f"1/0/{frame}")
            assert [covered(page, row, 30) for row in (10, 20)] == [frame == 5, False], frame
        expect(corner).not_to_contain_text("NODULE")
        assert watched.complaints == []


def test_a_presentation_state_gives_the_whole_way_of_grey_values(browser: Browser, tmp_path: Path) -> None:
    """PS3.4 N.2.1: what a state does not have is an identity, and the image's own is not used."""
    slice_, chest = ct(3), radiograph()
    hounsfield_units = {"RescaleSlope": "1", "RescaleIntercept": "-1024", "RescaleType": "HU"}
    voi_lut = Dataset()
    voi_lut.VOILUTSequence = [look_up_table([3000 - one // 2 for one in range(4096)], first=-1024)]
    identity: dict[str, Any] = {"PresentationLUTShape": "IDENTITY"}
    table = look_up_table([4095 - one for one in range(4096)])
    held = [
        *(ct(number) for number in range(1, 5)),
        chest,
        grey_state(
            21, slice_, PresentationLUTShape="INVERSE", SoftcopyVOILUTSequence=[window(40, 400)], **hounsfield_units
        ),
        grey_state(22, slice_, **identity),
        grey_state(23, slice_, ModalityLUTSequence=[table], SoftcopyVOILUTSequence=[window(2048, 4096)], **identity),
        grey_state(24, slice_, SoftcopyVOILUTSequence=[voi_lut], **identity, **hounsfield_units),
        grey_state(
            25,
            slice_,
            SoftcopyVOILUTSequence=[window(40, 400)],
            **hounsfield_units,
            PresentationLUTSequence=[look_up_table([0, 255, 0], bits=8)],
        ),
        grey_state(26, chest, SoftcopyVOILUTSequence=[window(1024, 2048)], **identity),
        grey_state(27, chest, SoftcopyVOILUTSequence=[window(1024, 2048)], PresentationLUTShape="INVERSE"),
    ]
    place = (60, 60)
    value = hounsfield(*place, 3)
    part = grey(value, 40, 400)
    stored = place[0] * 16 + place[1]
    expected = [
        ("0/2/1", 255 - part),
        ("0/2/1", round((value + 1024 + 32768) / 65535 * 255)),
        ("0/2/1", grey(4095 - (value + 1024), 2048, 4096)),
        ("0/2/1", round((3000 - (value + 1024) // 2) / 4095 * 255)),
        ("0/2/1", 255 if 64 <= part <= 191 else 0),
        ("1/0/1", grey(stored, 1024, 2048)),
        ("1/0/1", 255 - grey(stored, 1024, 2048)),
    ]
    with viewing(tmp_path, held) as (site, _), page_of(browser) as watched:
        page = opened(watched, site)
        for at, (key, shade) in enumerate(expected):
            page.locator(".series-item").nth(2 + at).click()
            drawn(page, key)
            expect(page.locator(".cell .top-right")).to_contain_text("NODULE")
            assert near(pixel(page, *place), shade), (at, pixel(page, *place), shade)
        page.locator(".series-item").nth(2).click()
        drawn(page, "0/2/1")
        page.keyboard.press("i")
        settled(page)
        assert near(pixel(page, *place), part), "turned over once more"
        page.keyboard.press("ArrowDown")
        drawn(page, "0/3/1")
        page.keyboard.press("ArrowUp")
        drawn(page, "0/2/1")
        page.keyboard.press("0")
        drawn(page, "0/2/1")
        assert near(pixel(page, *place), part), "reset: the image's own window, not turned over"
        expect(page.locator(".cell .top-right")).not_to_contain_text("NODULE")
        assert watched.complaints == []


def test_values_under_a_state_are_in_its_units(browser: Browser, tmp_path: Path) -> None:
    slice_ = ct(1)
    same = {"RescaleSlope": "1", "RescaleIntercept": "-1024", "PresentationLUTShape": "IDENTITY"}
    held = [slice_, grey_state(21, slice_, **same), grey_state(22, slice_, PresentationLUTShape="IDENTITY")]
    with viewing(tmp_path, held) as (site, _), page_of(browser) as watched:
        page = opened(watched, site)
        for series, told in ((0, r"moy\. 4[0-4],\d UH"), (1, r"moy\. 4[0-4],\d UH"), (2, r"moy\. 1.?06[4-8],\d *·")):
            page.locator(".series-item").nth(series).click()
            drawn(page, "0/0/1")
            page.get_by_role("button", name="Effacer les mesures").click()
            page.keyboard.press("e")
            drag(page, *on_screen(page, 96, 56), *on_screen(page, 100, 66))
            expect(page.locator(".cell svg")).to_contain_text(re.compile(told))
        assert watched.complaints == []


def test_a_prior_is_compared_side_by_side(browser: Browser, seen: tuple[Site, MemoryPacs]) -> None:
    with page_of(browser) as watched:
        page = opened(watched, seen[0], earlier=True)
        expect(page.locator(".series h2")).to_have_count(2)
        page.get_by_role("button", name="Comparer").click()
        drawn(page, "0/0/1", 0)
        expect(page.locator(".cell")).to_have_count(2)
        expect(page.locator(".cell").nth(1).locator(".top-left")).to_contain_text("Examen du 07/02/2024")
        page.locator(".port").first.hover()
        page.mouse.wheel(0, 100)
        drawn(page, "0/1/1", 0)
        expect(page.locator(".cell").nth(1).locator(".bottom-right")).to_contain_text("Image 2 / 8")
        assert watched.complaints == []


def test_mammograms_hang_with_their_chest_walls_together(browser: Browser, tmp_path: Path) -> None:
    with viewing(tmp_path, mammography()) as (site, _), page_of(browser) as watched:
        page = opened(watched, site)
        titles = [page.locator(".cell").nth(place).locator(".top-left").inner_text() for place in range(4)]
        assert [re.sub(r"\s+", " ", one).split(" · ")[1][:4] for one in titles] == ["R CC", "L CC", "R ML", "L ML"]
        edges = page.evaluate(
            """() => [...document.querySelectorAll('.cell')].slice(0, 2).map((cell, place) => {
                const [a, , , , e] = cell.dataset.box.split(' ').map(Number);
                return place === 0 ? cell.clientWidth - (e + a * 96) : e;
            })"""
        )
        assert all(abs(gap) < 3 for gap in edges)
        assert watched.complaints == []


def test_an_english_reader_reads_english_and_nothing_is_asked_of_anyone_else(
    browser: Browser, seen: tuple[Site, MemoryPacs]
) -> None:
    site, _ = seen
    with page_of(browser, locale="en-GB") as watched:
        asked: list[str] = []
        watched.page.on("request", lambda request: asked.append(request.url))
        page = opened(watched, site)
        ours = (site.url, site.provider_url, "blob:", "data:")
        assert [url for url in asked if not url.startswith(ours)] == []
        answer = page.request.get(page.url)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
        assert not [url for url in asked if re.search(r"SC26|1\.2\.250|KERMARREC", url.split("?requestType")[0])]
        expect(page.get_by_role("button", name="Distance")).to_be_visible()
        expect(page.locator(".foot .warning")).to_contain_text("not for diagnosis")
        expect(page.locator("#patient-facts")).to_have_text("Female · born 9 Nov 1981")


def test_a_loop_plays_and_stops(watched: Watched) -> None:
    page = watched.page
    choose(page, LOOP)
    expect(page.locator(".rate input")).to_have_value("20")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator(".cell")).not_to_have_attribute("data-shown", f"{LOOP}/0/1")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Boucle")).to_be_visible()


def test_an_overlay_of_old_is_drawn_and_is_no_value(browser: Browser, tmp_path: Path) -> None:
    with viewing(tmp_path, [with_overlay_in_pixels(ct(1)), ct(2)]) as (site, _), page_of(browser) as watched:
        page = opened(watched, site)
        assert [covered(page, *place) for place in ((21, 30), (30, 30), (60, 60))] == [True, False, False]
        page.get_by_role("button", name="Calques").click()
        settled(page)
        assert not covered(page, 21, 30)
        # Under the plane the value is that of the object: a body, not the bit above it.
        assert near(pixel(page, 40, 60), grey(hounsfield(40, 60, 1), 40, 400))
        assert watched.complaints == []


def test_a_plane_larger_than_a_canvas_is_left_out_and_the_image_is_shown(browser: Browser, tmp_path: Path) -> None:
    item = with_overlay(ct(1))
    item[0x60000010].value = 40_000
    item[0x60003000].value = b"\xff" * (40_000 * SIDE // 8)
    with viewing(tmp_path, [item, ct(2)]) as (site, _), page_of(browser) as watched:
        page = opened(watched, site)
        assert not covered(page, 21, 30)
        assert near(pixel(page, 40, 60), grey(hounsfield(40, 60, 1), 40, 400))
        assert watched.complaints == []


def recorded(page: Page) -> bytes:
    """A second of red in H.264, recorded by the browser itself."""
    told = page.evaluate(
        """async () => {
            const canvas = Object.assign(document.createElement('canvas'), { width: 128, height: 96 });
            const context = canvas.getContext('2d');
            const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/mp4;codecs=avc1.42E01E' });
            const parts = [];
            recorder.ondataavailable = (event) => parts.push(event.data);
            const ended = new Promise((done) => (recorder.onstop = done));
            recorder.start();
            for (let at = 0; at < 25; at += 1) {
                context.fillStyle = at % 2 ? 'rgb(200 20 20)' : 'rgb(202 20 20)';
                context.fillRect(0, 0, 128, 96);
                await new Promise((done) => setTimeout(done, 40));
            }
            recorder.stop();
            await ended;
            return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
        }"""
    )
    return bytes(told)


def test_a_film_plays(browser: Browser, tmp_path: Path) -> None:
    with page_of(browser) as blank:
        blank.page.goto("about:blank")
        stream = recorded(blank.page)
    assert stream[4:8] == b"ftyp"
    with (
        viewing(tmp_path, [*(ct(number) for number in range(1, 4)), film(stream)]) as (site, _),
        page_of(browser) as watched,
    ):
        page = opened(watched, site)
        page.locator(".series-item").nth(1).click()
        expect(page.locator("#document")).to_have_attribute("data-shown", "1")
        shown = page.evaluate(
            """async () => {
                const video = document.querySelector('#document video');
                video.muted = true;
                await video.play();
                while (video.currentTime < 0.2) await new Promise((done) => setTimeout(done, 20));
                const canvas = Object.assign(document.createElement('canvas'), { width: 128, height: 96 });
                const context = canvas.getContext('2d');
                context.drawImage(video, 0, 0);
                return [video.videoWidth, video.videoHeight, ...context.getImageData(64, 48, 1, 1).data.slice(0, 3)];
            }"""
        )
        assert shown[:2] == [128, 96]
        assert near(shown[2:], 200, 20, 20, by=12)
        assert watched.complaints == []


def test_what_is_wrong_is_said_in_its_place_and_can_be_tried_again(
    watched: Watched, seen: tuple[Site, MemoryPacs]
) -> None:
    page, pacs = watched.page, seen[1]
    pacs.fails = PeerUnreachable("pacs_away")
    try:
        page.locator(".series-item").nth(PHOTOGRAPH).click()
        notice = page.locator(".cell .notice")
        expect(notice).to_contain_text("Le PACS du site ne répond pas")
    finally:
        pacs.fails = None
    notice.get_by_role("button").click()
    drawn(page, f"{PHOTOGRAPH}/0/1")
    expect(notice).to_be_hidden()
    assert all("Failed to load resource" in one for one in watched.complaints)
    watched.complaints.clear()


def test_an_image_that_does_not_come_leaves_no_other_in_its_place(watched: Watched) -> None:
    page = watched.page
    page.route("**/frames/0/20/1*", lambda route: route.abort())
    page.reload()
    page.wait_for_selector("body[data-ready=yes]")
    drawn(page, "0/0/1")
    page.locator(".cell .place").fill("21")
    notice, port = page.locator(".cell .notice"), page.locator(".cell .port")
    expect(notice).to_be_visible()
    expect(port).to_have_css("visibility", "hidden")
    assert page.locator(".cell").get_attribute("data-shown") == ""
    page.unroute("**/frames/0/20/1*")
    notice.get_by_role("button").click()
    drawn(page, "0/20/1")
    expect(port).to_have_css("visibility", "visible")
    expect(notice).to_be_hidden()
    watched.complaints.clear()


def test_the_light_viewer_begins_with_the_key_images_and_tells_facts(
    browser: Browser, seen: tuple[Site, MemoryPacs]
) -> None:
    site, _ = seen
    with page_of(browser) as watched:
        page = watched.page
        page.goto(site.link)
        page.get_by_role("button", name="Se connecter").click()
        page.wait_for_url("**/viewer/*")
        for key, handle in list(site.sessions.handles.items()):
            options = ViewOptions(key_images=(f"{STUDY}.1.9", f"{STUDY}.5.1"))
            site.sessions.handles[key] = replace(handle, options=options)
        page.reload()
        expect(page.locator("#canvas")).to_have_attribute("data-shown", "0/8/1")
        page.get_by_role("button", name="Images clés").click()
        expect(page.locator("#canvas")).to_have_attribute("data-shown", f"{LOOP}/0/1")
        page.keyboard.press("ArrowLeft")
        page.get_by_role("button", name="Informations").click()
        expect(page.locator("#facts")).to_contain_text("Modalité")
        assert watched.complaints == []
