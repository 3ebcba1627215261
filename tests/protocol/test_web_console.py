"""The console's pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from gateway.model.share import ShareState
from gateway.web.app import create_app
from tests.support.web import RADIOLOGIST, REFERRER, Site, build, overview, sign_in

URL = "http://127.0.0.1:8080"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    one = build(tmp_path, URL, "http://127.0.0.1:8090")
    one.store.shares = [
        overview(ShareState.WAITING, 1, "study_settling"),
        overview(ShareState.HELD, 2, "patient_differs", report="281112915104759", pacs="IPP-7"),
        overview(ShareState.SHARED, 3),
    ]
    return one


def get(site: Site, address: str, administrator: bool = True, **headers: str) -> TestResponse:
    one = Client(create_app(site.parts), use_cookies=True)
    person = RADIOLOGIST if administrator else REFERRER
    roles = frozenset({"administrator"}) if administrator else frozenset()
    one.set_cookie("gateway-session", sign_in(site, person.identifier, roles), domain="127.0.0.1")
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return one.get(address, base_url=URL, headers=sent)


def test_the_people_of_the_site_see_every_share_and_why_it_waits(site: Site) -> None:
    page = get(site, "/console").text
    for part in ("SC26031201", "SC26031202", "SC26031203", "À traiter", "Partagé", "281112915104759"):
        assert part in page
    assert "plus aucune image" in page
    assert "12/03/2026 11:39:00" in page, "in the site's time"


def test_the_list_is_cut_to_a_state(site: Site) -> None:
    page = get(site, "/console?state=held").text
    assert "SC26031202" in page
    assert "SC26031201" not in page
    assert "SC26031201" in get(site, "/console?state=rubbish").text


def test_the_refresh_gets_the_table_alone(site: Site) -> None:
    rows = get(site, "/console/rows?state=shared").text
    assert rows.lstrip().startswith("<table>")
    assert "SC26031203" in rows
    assert "csrf_token" not in rows


def test_nobody_else_sees_any_of_it(site: Site) -> None:
    for address in ("/console", "/console/rows"):
        answer = get(site, address, administrator=False)
        assert answer.status_code == 403
        assert "SC26" not in answer.text
    stranger = Client(create_app(site.parts))
    assert stranger.get("/console/rows", base_url=URL).status_code == 401
    refused = [event for event in site.events() if event.action == "console.opened"]
    assert len(refused) == 1


def test_the_console_speaks_english_when_asked(site: Site) -> None:
    page = get(site, "/console", Accept_Language="en").text
    assert "To be handled" in page
    assert "The patient of the report" in page


def test_an_empty_console_says_so(site: Site) -> None:
    site.store.shares = []
    assert "encore été reçu" in get(site, "/console").text
    assert "dans cet état" in get(site, "/console?state=held").text
