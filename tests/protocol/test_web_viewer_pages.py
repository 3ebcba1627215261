"""The viewers' pages over HTTP: which one opens, what they may hold, what their files say of themselves."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gateway.errors import SettingsError
from gateway.model.access import Handle, ShownStudy, ViewOptions
from gateway.web.tokens import digest, new_token
from gateway.web.viewer.assets import assets, blueprint
from gateway.web.viewer_settings import ViewerSettings
from tests.support.viewing import MemoryPacs, study, viewing
from tests.support.web import ACCESSION, STUDY, Site, running, sign_in

DOSE, STATE = 8, 9


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, MemoryPacs]]:
    with viewing(tmp_path_factory.mktemp("pages"), study()) as both:
        yield both


@pytest.fixture
def visitor() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def handle(site: Site, visitor: requests.Session, options: ViewOptions | None = None) -> str:
    """A session with one examination open; gives the address of its viewer."""
    session, token = sign_in(site), new_token()
    visitor.cookies.set("gateway-session", session)
    site.sessions.name(
        Handle(
            id=digest(token),
            session_id=digest(session),
            exams=(ShownStudy(site="nord", study_uid=STUDY, report_id="report-1"),),
            created_at=site.parts.clock.now(),
            options=options or ViewOptions(),
        ),
        [],
    )
    return f"{site.url}/viewer/{token}"


def test_the_link_chooses_the_viewer(seen: tuple[Site, MemoryPacs], visitor: requests.Session) -> None:
    assert 'id="canvas"' in visitor.get(handle(seen[0], visitor)).text
    asked = visitor.get(handle(seen[0], visitor, ViewOptions(viewer="full")))
    assert ('id="desk"' in asked.text) == (assets() is not None)
    light = handle(seen[0], visitor, ViewOptions(viewer="full"))
    assert 'id="canvas"' in visitor.get(f"{light}/light").text


def test_pages_are_kept_apart_from_other_origins(seen: tuple[Site, MemoryPacs], visitor: requests.Session) -> None:
    answer = visitor.get(handle(seen[0], visitor))
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_reader_who_waits_long_is_told_that_it_is_the_pacs(
    seen: tuple[Site, MemoryPacs], visitor: requests.Session
) -> None:
    page = visitor.get(f"{handle(seen[0], visitor)}/light", headers={"Accept-Language": "en"})
    assert 'data-slow="The PACS is slow to answer; the gateway is still waiting."' in page.text
    assert page.text.count("The PACS is slow to answer") == 2, "the page itself, and the words of the full viewer"
    assert ".busy[data-slow]::after" in visitor.get(f"{seen[0].url}/static/viewer.css").text


@pytest.mark.parametrize(("template", "address"), [("", ".org/"), ("?u={study_uid}", f".org/?u={STUDY}")])
def test_an_ohif_is_offered_without_anything_else_of_the_case(tmp_path: Path, template: str, address: str) -> None:
    settings = ViewerSettings(ohif_url=f"https://ohif.example.org/{template}")
    with running(tmp_path, viewer=settings) as site, requests.Session() as visitor:
        visitor.trust_env = False
        page = visitor.get(f"{handle(site, visitor)}/light")
        (link,) = re.findall(r'<a href="([^"]*)"[^>]*>OHIF</a>', page.text)
        assert link.endswith(address)
        assert ACCESSION.extension not in link
        assert 'rel="noopener"' in page.text
        # The site's OHIF learns nothing of where the reader came from, and nothing of it runs in the page.
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "ohif.example.org" not in page.headers["Content-Security-Policy"]


def test_reports_and_states_come_as_json(seen: tuple[Site, MemoryPacs], visitor: requests.Session) -> None:
    place = handle(seen[0], visitor)
    version = visitor.get(f"{place}/exam.json").json()["version"]
    told = visitor.get(f"{place}/structured/{DOSE}/0?v={version}")
    assert told.json()["title"] == "X-Ray Radiation Dose Report"
    assert visitor.get(f"{place}/state/{STATE}/0?v={version}").json()["label"] == "NODULE"
    assert "60003000" in visitor.get(f"{place}/layers/0/1?v={version}").json()
    assert visitor.get(f"{place}/layers/0/0?v={version}").json() == {}


@pytest.mark.parametrize("path", ["structured/99/0", "state/9/7", "layers/0/999"])
def test_a_place_that_is_none_is_not_found(seen: tuple[Site, MemoryPacs], visitor: requests.Session, path: str) -> None:
    answer = visitor.get(f"{handle(seen[0], visitor)}/{path}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "viewer_image_absent"


@pytest.mark.parametrize("path", ["structured/8/0", "state/9/0", "layers/0/0", "report", "full", "light", "exam.json"])
def test_nothing_is_told_without_a_session_or_of_another_s_handle(seen: tuple[Site, MemoryPacs], path: str) -> None:
    with requests.Session() as owner, requests.Session() as stranger:
        owner.trust_env = stranger.trust_env = False
        place = handle(seen[0], owner)
        assert stranger.get(f"{place}/{path}").status_code == 401
        stranger.cookies.set("gateway-session", sign_in(seen[0]))
        assert stranger.get(f"{place}/{path}").status_code == 404


def test_files_of_the_full_viewer_are_packed_and_kept(tmp_path: Path) -> None:
    from flask import Flask

    (tmp_path / "viewer-AAAAAAAA.js").write_text("1;")
    (tmp_path / "viewer-AAAAAAAA.js.gz").write_bytes(gzip.compress(b"1;"))
    (tmp_path / "manifest.json").write_text(json.dumps({}))
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(blueprint(tmp_path))
    client = app.test_client()
    packed = client.get("/static/full/viewer-AAAAAAAA.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == b"1;"
    assert "immutable" in packed.headers["Cache-Control"]
    plain = client.get("/static/full/viewer-AAAAAAAA.js", headers={"Accept-Encoding": "identity"})
    assert plain.data == b"1;"
    assert plain.mimetype == "text/javascript"
    for name in ("manifest.json", "..%2Fviewer.js", "viewer-BBBBBBBB.js", "x.py"):
        assert client.get(f"/static/full/{name}").status_code == 404


def test_an_ohif_that_is_no_address_is_refused() -> None:
    assert ViewerSettings(ohif_url="https://ohif.example.org/viewer?StudyInstanceUIDs={study_uid}")
    with pytest.raises(SettingsError):
        ViewerSettings(ohif_url="javascript:alert(1)")
