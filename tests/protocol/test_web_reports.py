"""The console's reports: judged and shown, from a file or from the store, to the people of the site alone."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from lxml import html
from werkzeug.test import Client, TestResponse

from gateway.demo.identity import CHEST, CT
from gateway.demo.reports import Draft, level1, level3
from gateway.model.report import Statements
from gateway.model.share import ShareState, StoredReport
from gateway.web.app import create_app
from tests.support import rendered
from tests.support.web import NOW, RADIOLOGIST, Site, build, overview, sign_in

URL = "http://127.0.0.1:8080"
CONTENT = {"a" * 64: level3(Draft(study=CT)), "b" * 64: level1(Draft(study=CHEST))}


def kept(name: str, digest: str) -> StoredReport:
    return StoredReport(
        id=name, site="s", sender="ris", channel="http", digest=digest, statements=Statements(), received_at=NOW
    )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    one = build(tmp_path, URL, "http://127.0.0.1:8090")
    one.store.reports = {"r1": kept("r1", "a" * 64), "r2": kept("r2", "b" * 64)}
    first, again, other = (overview(ShareState.SHARED, number) for number in (1, 1, 2))
    one.store.shares = [first, again, other]
    one.parts = replace(one.parts, content=CONTENT.__getitem__)
    return one


def client(site: Site, administrator: bool = True) -> Client:
    one = Client(create_app(site.parts), use_cookies=True)
    roles = frozenset({"administrator"}) if administrator else frozenset()
    one.set_cookie("gateway-session", sign_in(site, RADIOLOGIST.identifier, roles), domain="127.0.0.1")
    return one


def upload(site: Site, content: bytes, token: str = "c" * 43, **fields: str) -> TestResponse:
    data = {"csrf_token": token, "report": (BytesIO(content), "compte-rendu.xml"), **fields}
    headers = {"Sec-Fetch-Site": "same-origin"}
    return client(site).post("/console/reports", base_url=URL, data=data, headers=headers)


def test_the_reports_received_are_listed_once_each(site: Site) -> None:
    page = html.document_fromstring(client(site).get("/console/reports", base_url=URL).text)
    assert len({one.get("href") for one in page.xpath("//tbody//a")}) == len(page.xpath("//tbody//a")) == 2
    assert page.xpath("//nav/a[@aria-current='page']/@href") == ["/console/reports"]


def test_a_file_is_judged_and_shown_and_nothing_is_kept(site: Site) -> None:
    answer = upload(site, rendered.xml(rendered.sections()))
    assert answer.status_code == 200
    page = html.document_fromstring(answer.text)
    assert page.xpath("//section[contains(@class, 'verdict')]//span[contains(@class, 'badge')]/text()") == [
        "Non conforme"
    ]
    assert page.xpath("//article//h2/text()")[0] == "Scanner thoraco-abdomino-pelvien avec injection"
    assert page.xpath("//ol[@class='findings']/li")
    assert site.received == []
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_file_may_be_judged_as_the_official_validator_does(site: Site) -> None:
    assert "Validateur officiel" in upload(site, CONTENT["a" * 64], profile="official").text
    assert upload(site, CONTENT["a" * 64], profile="rubbish").status_code == 200


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01", b"<a", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a>" * 10_000, b"<html/>", b"%PDF-1.4"],
)
def test_what_cannot_be_read_is_a_verdict_with_its_reason(site: Site, content: bytes) -> None:
    answer = upload(site, content)
    assert answer.status_code == 200
    assert "Illisible" in answer.text
    assert "ne peut pas être affiché" in answer.text


def test_a_form_without_a_file_says_so(site: Site) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = client(site).post("/console/reports", base_url=URL, data={"csrf_token": "c" * 43}, headers=headers)
    assert "Choisissez d" in answer.text


def test_a_forged_post_and_one_too_large_are_refused(site: Site) -> None:
    assert upload(site, b"<a/>", token="x").status_code == 403
    small = replace(site.parts.settings, max_report_bytes=1024)
    site.parts = replace(site.parts, settings=small)
    assert upload(site, b"x" * 200_000).status_code == 413


def test_a_report_of_the_store_is_shown_and_the_look_recorded(site: Site) -> None:
    answer = client(site).get("/console/reports/r1", base_url=URL)
    page = html.document_fromstring(answer.text)
    assert page.xpath("//article[@class='report']")
    assert {one.get("href") for one in page.xpath("//nav[@class='filter']/a")} == {
        "/console/reports/r1?profile=spec",
        "/console/reports/r1?profile=official",
    }
    shown = [event for event in site.events() if event.action == "report.shown"]
    assert [event.facts for event in shown] == [{"report": "r1"}]


def test_the_pdf_of_a_level_1_report_is_served_beside_its_page(site: Site) -> None:
    one = client(site)
    page = html.document_fromstring(one.get("/console/reports/r2", base_url=URL).text)
    address = page.xpath("//object/@data")[0]
    assert address == "/console/reports/r2/parts/0"
    served = one.get(address, base_url=URL)
    assert served.data.startswith(b"%PDF-")
    assert served.mimetype == "application/pdf"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'self'" in served.headers["Content-Security-Policy"]
    assert one.get("/console/reports/r2/parts/7", base_url=URL).status_code == 404
    assert one.get("/console/reports/r1/parts/0", base_url=URL).status_code == 404
    shown = [event.facts for event in site.events() if event.action == "report.shown"]
    assert shown == [{"report": "r2"}, {"report": "r2", "part": "0"}]


def test_only_the_pages_of_reports_may_hold_documents(site: Site) -> None:
    one = client(site)
    for address, holds in (("/console", False), ("/console/reports", False), ("/console/reports/r2", True)):
        policy = one.get(address, base_url=URL).headers["Content-Security-Policy"]
        assert ("object-src" in policy) == holds
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("address", ["/console/reports/absent", "/console/reports/absent/parts/0"])
def test_an_unknown_report_is_not_found(site: Site, address: str) -> None:
    assert client(site).get(address, base_url=URL).status_code == 404
    site.parts = replace(site.parts, content=None)
    assert client(site).get("/console/reports/r1", base_url=URL).status_code == 404


def test_nobody_else_sees_any_of_it(site: Site) -> None:
    visitor, stranger = client(site, administrator=False), Client(create_app(site.parts))
    for address in ("/console/reports", "/console/reports/r1", "/console/reports/r2/parts/0"):
        assert visitor.get(address, base_url=URL).status_code == 403
        asked = stranger.get(address, base_url=URL)
        assert asked.status_code in (303, 502), "to the provider, which is away here"
        assert "SC26" not in asked.text
    assert visitor.post("/console/reports", base_url=URL).status_code == 403
    assert stranger.post("/console/reports", base_url=URL).status_code == 401


def test_the_page_speaks_english_when_asked(site: Site) -> None:
    text = client(site).get("/console/reports/r1", base_url=URL, headers={"Accept-Language": "en"}).text
    assert "Acts performed" in text
    assert "Conforming" in text or "Not conforming" in text


def test_the_style_of_reports_is_served(site: Site) -> None:
    answer = client(site).get("/console/report.css", base_url=URL)
    assert answer.mimetype == "text/css"
    assert ".report" in answer.text
