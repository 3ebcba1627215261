"""The console's pages: the day, the lists, one share, its buttons; who may see and who may act."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from wsgiref.types import WSGIApplication

import pytest
from lxml import etree, html
from werkzeug.test import Client, TestResponse

from gateway.errors import InputRejected
from gateway.kos.build import build as kos
from gateway.model.audit import AuditEvent, Outcome
from gateway.model.overview import TrailLine
from gateway.model.share import FrozenDocument, FrozenSubmission, ShareState
from gateway.web.app import create_app
from gateway.web.parts import WebParts
from gateway.xds import metadata
from gateway.xds.metadata import MetadataSettings
from tests.support.console import eventful
from tests.support.manifests import ct_exam, request
from tests.support.publications import PUBLICATION
from tests.support.web import NOW, RADIOLOGIST, REFERRER, Site, build, overview, sign_in

URL = "http://127.0.0.1:8080"
CSRF = "c" * 43
INS = "281112915104759"
ADMINISTRATOR, READER, NOBODY = ({"administrator"}, {"reader"}, set[str]())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    one = build(tmp_path, URL, "http://127.0.0.1:8090")
    one.store.shares = [
        overview(ShareState.WAITING, 1, "study_settling"),
        overview(ShareState.HELD, 2, "patient_differs", report=INS, pacs="IPP-7"),
        overview(ShareState.SHARED, 3),
    ]
    return one


_MADE: dict[int, tuple[WebParts, WSGIApplication]] = {}


def application(parts: WebParts) -> WSGIApplication:
    """Made once for a test: it takes longer than a page."""
    if id(parts) not in _MADE:
        _MADE.clear()
        _MADE[id(parts)] = (parts, create_app(parts))
    return _MADE[id(parts)][1]


def browser(site: Site, roles: set[str] = ADMINISTRATOR) -> Client:
    one = Client(application(site.parts), use_cookies=True)
    person = RADIOLOGIST if roles else REFERRER
    one.set_cookie("gateway-session", sign_in(site, person.identifier, frozenset(roles)), domain="127.0.0.1")
    return one


def get(site: Site, address: str, roles: set[str] = ADMINISTRATOR, **headers: str) -> TestResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser(site, roles).get(address, base_url=URL, headers=sent)


def post(one: Client, address: str, **fields: str) -> TestResponse:
    return one.post(
        address, base_url=URL, data={"csrf_token": CSRF, **fields}, headers={"Sec-Fetch-Site": "same-origin"}
    )


def test_the_day_says_how_many_stand_where_what_is_held_and_what_to_do(site: Site) -> None:
    page = get(site, "/console").text
    for part in ("À traiter", "En attente des images", "À faire :", INS, "SC26031202", "Répond", "PACS de"):
        assert part in page
    assert page.count("<svg") == 2
    assert "style=" not in page, "the policy forbids it"


def test_the_living_part_of_the_day_comes_alone(site: Site) -> None:
    inside = get(site, "/console/now").text
    assert "csrf_token" not in inside
    assert "<html" not in inside
    assert "À faire :" in inside


def test_the_people_of_the_site_see_every_share_and_why_it_waits(site: Site) -> None:
    page = get(site, "/console/shares").text
    for part in ("SC26031201", "SC26031202", "SC26031203", "À traiter", "Partagé", INS, "plus aucune image"):
        assert part in page
    assert "12/03/2026 11:39:00" in page, "in the site's time"


def test_the_list_is_cut_to_a_state_and_to_what_can_be_said_aloud(site: Site) -> None:
    page = get(site, "/console/shares?state=held").text
    assert "SC26031202" in page
    assert "SC26031201" not in page
    assert "SC26031201" in get(site, "/console/shares?state=rubbish").text
    assert "SC26031202" not in get(site, "/console/shares?modality=MR").text
    get(site, "/console/shares?since=2026-03-12&until=2026-03-12&destination=dmp&site=nord")
    asked = site.overview.asked[-1]
    assert (asked.destination, asked.site) == ("dmp", "nord")
    assert asked.since is not None
    assert asked.until is not None
    assert asked.until - asked.since == timedelta(days=1)
    assert asked.since.isoformat() == "2026-03-12T00:00:00+01:00"


def test_a_wrong_date_is_told_and_left_out(site: Site) -> None:
    for written in ("2026-02-30", "yesterday", "9999-12-31"):
        page = get(site, f"/console/shares?until={written}").text
        assert "date" in page
        assert 'role="alert"' in page
        assert "SC26031201" in page


def test_what_names_a_patient_is_posted_and_never_stands_in_an_address(site: Site) -> None:
    one = browser(site)
    answer = post(one, "/console/shares", patient=INS, accession="SC26031202", state="held")
    assert answer.status_code == 303
    address = answer.headers["Location"]
    assert INS not in address
    assert "SC2603" not in address
    assert "state=held" in address
    page = one.get(address, base_url=URL).text
    assert f'value="{INS}"' in page
    assert "SC26031202" in page
    assert "SC26031203" not in page
    for link in re.findall(r'(?:href|data-refresh)="([^"]*)"', page):
        assert INS not in link
    searched = [event for event in site.events() if event.action == "console.patient_searched"]
    assert len(searched) == 1
    assert INS not in str(searched)


def test_a_search_belongs_to_its_session(site: Site) -> None:
    address = post(browser(site), "/console/shares", patient=INS).headers["Location"]
    for other in (address, address[:-4] + "AAAA", "/console/shares?q=%C3%A9", "/console/shares?q=AAAA"):
        page = get(site, other).text
        assert "session terminée" in page
        assert f'value="{INS}"' not in page


def test_a_search_from_another_site_is_refused(site: Site) -> None:
    one = browser(site)
    assert one.post("/console/shares", base_url=URL, data={"patient": INS}).status_code == 403


def test_pages_follow_one_another(site: Site) -> None:
    site.store.shares = [overview(ShareState.SHARED, number) for number in range(1, 121)]
    one = browser(site)
    seen: list[str] = []
    address = "/console/shares?state=shared"
    for _ in range(3):
        page = html.fromstring(one.get(address, base_url=URL).text)
        seen += page.xpath("//tr[contains(@class,'share')]/th//text()[starts-with(., 'SC')]")
        further = page.xpath("//a[@rel='next']/@href")
        address = further[0] if further else ""
    assert address == ""
    assert len(seen) == len(set(seen)) == 120


def test_the_refresh_gets_the_table_alone(site: Site) -> None:
    rows = get(site, "/console/shares/rows?state=shared").text
    assert rows.lstrip().startswith("<table>")
    assert "SC26031203" in rows
    assert "csrf_token" not in rows


def test_a_share_tells_its_life_its_versions_and_the_registrys_words(site: Site) -> None:
    held = site.store.shares[1]
    history = eventful(held, submission())
    trail = (
        TrailLine(at=NOW, event=AuditEvent(action="share.held", actor="gateway", outcome=Outcome.SERIOUS_FAILURE)),
        TrailLine(at=NOW, event=AuditEvent(action="something.new", actor="899700000001", facts={"a": "b"})),
    )
    site.overview.histories["share-2"] = replace(history, trail=trail)
    page = get(site, "/console/shares/share-2").text
    for part in (
        "Compte rendu reçu",
        "12 ×",
        "XDSRegistryMetadataError",
        "par 899700000001",
        "celui-ci",
        "share-older",
        "Autres destinations",
        "something.new",
        "RIS|NORD",
        "Métadonnées envoyées",
        "1.2.250.1.999.9.7",
    ):
        assert part in page, part
    shown = [event for event in site.events() if event.action == "share.shown"]
    assert [event.facts for event in shown] == [{"share": "share-2"}]
    inside = get(site, "/console/shares/share-2/now").text
    assert "XDSRegistryMetadataError" in inside
    assert len([event for event in site.events() if event.action == "share.shown"]) == 1, "a refresh is no new look"


def submission() -> FrozenSubmission:
    frozen = metadata.prepare(PUBLICATION, MetadataSettings(flavour="ihe"))
    return replace(frozen, submission_set_unique_id="1.2.250.1.999.9.7")


def test_the_metadata_is_told_under_the_standards_names(site: Site) -> None:
    site.overview.histories["share-2"] = eventful(site.store.shares[1], submission())
    page = get(site, "/console/shares/share-2/metadata").text
    for part in ("SubmissionSet", "DocumentEntry", "typeCode", "practiceSettingCode", "HasMember", "uniqueId"):
        assert part in page, part
    assert get(site, "/console/shares/share-1/metadata").status_code == 404
    shown = [event.facts for event in site.events() if event.action == "share.shown"]
    assert shown == [{"share": "share-2", "part": "metadata"}]


def test_a_manifest_is_a_tree_and_one_that_cannot_be_read_says_so(site: Site) -> None:
    content = {"d1": kos(ct_exam(), request()), "d2": b"nothing"}
    documents = tuple(document(digest) for digest in content)
    site.store.shares = [replace(site.store.shares[2], documents=documents)]
    parts: WebParts = replace(site.parts, content=lambda digest: content[digest])
    changed = replace(site, parts=parts)
    tree = get(changed, "/console/shares/share-3/manifest/0").text
    assert "<details>" in tree
    assert "Retrieve" in tree
    assert "ne peut pas être lu" in get(changed, "/console/shares/share-3/manifest/1").text
    assert get(changed, "/console/shares/share-3/manifest/2").status_code == 404
    shown = [event.facts.get("part") for event in site.events() if event.action == "share.shown"]
    assert shown == ["manifest 0", "manifest 1"]


def document(digest: str) -> FrozenDocument:
    return FrozenDocument(
        kind="manifest",
        unique_id=f"1.2.3.{digest[1:]}",
        entry_id="e",
        mime_type="application/dicom",
        type_code="55113-5",
        format_code="f",
        digest=digest,
        hash="0" * 40,
        size=10,
    )


@pytest.mark.parametrize(
    ("act", "fields", "done"),
    [
        ("replay", {}, ("replay", "share-2", RADIOLOGIST.identifier)),
        ("abandon", {"reason": " not  ours "}, ("abandon", "share-2", "not ours", RADIOLOGIST.identifier)),
        ("withdraw", {}, ("withdraw", "share-2", RADIOLOGIST.identifier)),
        (
            "correct",
            {"region": "a^b^c"},
            ("correct", "share-2", "region=a^b^c", "type_code=", RADIOLOGIST.identifier),
        ),
    ],
)
def test_a_button_asks_once_more_and_then_acts(
    site: Site, act: str, fields: dict[str, str], done: tuple[str, ...]
) -> None:
    one = browser(site)
    asking = one.get(f"/console/shares/share-2/do/{act}", base_url=URL).text
    assert CSRF in asking
    assert site.acts.done == []
    answer = post(one, f"/console/shares/share-2/do/{act}", **fields)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/console/shares/share-2"
    assert site.acts.done == [done]


def test_what_the_story_refuses_is_told_on_the_same_page(site: Site) -> None:
    site.acts.fails = InputRejected("share_not_held", state="sending")
    answer = post(browser(site), "/console/shares/share-2/do/abandon", reason="kept")
    assert answer.status_code == 409
    assert "sending" in answer.text
    assert ">kept</textarea>" in answer.text


def test_what_cannot_be_done_in_this_state_is_not_offered(site: Site) -> None:
    shared = get(site, "/console/shares/share-3").text
    assert "/do/withdraw" in shared
    assert "/do/replay" not in shared
    page = get(site, "/console/shares/share-3/do/replay").text
    assert '<form method="post" action="/console' not in page
    assert get(site, "/console/shares/share-3/do/explode").status_code == 404
    assert get(site, "/console/shares/nobody").status_code == 404
    assert get(site, "/console/shares/nobody/do/replay").status_code == 404


def test_all_that_is_held_for_one_reason_is_taken_up_again_after_one_more_question(site: Site) -> None:
    for number in (5, 4):  # newest first, as the store answers
        site.store.shares.append(overview(ShareState.HELD, number, "type_code_unknown"))
    assert "/console/held/type_code_unknown" in get(site, "/console").text
    assert "/console/held/patient_differs" not in get(site, "/console").text, "one alone has its own button"
    asked = get(site, "/console/held/type_code_unknown")
    assert "<b>2</b>" in asked.text
    assert site.acts.done == []
    answer = post(browser(site), "/console/held/type_code_unknown")
    assert "Partages relancés" in answer.text
    done = [one[:2] for one in site.acts.done]
    assert done == [("replay", "share-4"), ("replay", "share-5")], "what came first goes first"
    site.acts.fails = InputRejected("share_not_held", state="waiting")
    refused = post(browser(site), "/console/held/type_code_unknown").text
    assert "SC26031204" in refused
    assert "SC26031205" in refused


def test_nobody_but_an_administrator_takes_all_of_a_reason_up_again(site: Site) -> None:
    site.store.shares.append(overview(ShareState.HELD, 4, "patient_differs"))
    address = "/console/held/patient_differs"
    assert address not in get(site, "/console", READER).text
    assert get(site, address, READER).status_code == 403
    assert post(browser(site, READER), address).status_code == 403
    assert browser(site).post(address, base_url=URL).status_code == 403, "without the form's token"
    assert get(site, "/console/held/nothing").status_code == 404
    assert site.acts.done == []


def test_a_post_without_the_forms_token_changes_nothing(site: Site) -> None:
    one = browser(site)
    for data, headers in (
        ({}, {"Sec-Fetch-Site": "same-origin"}),
        ({"csrf_token": CSRF}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf_token": "x" * 43}, {"Sec-Fetch-Site": "same-origin"}),
    ):
        answer = one.post("/console/shares/share-2/do/replay", base_url=URL, data=data, headers=headers)
        assert answer.status_code == 403
    assert site.acts.done == []


def test_a_reader_sees_everything_and_acts_on_nothing(site: Site) -> None:
    for address in ("/console", "/console/shares", "/console/shares/share-2", "/console/reports"):
        page = get(site, address, READER)
        assert page.status_code == 200
        assert "/do/" not in page.text
    one = browser(site, READER)
    assert one.get("/console/shares/share-2/do/replay", base_url=URL).status_code == 403
    assert post(one, "/console/shares/share-2/do/replay").status_code == 403
    assert site.acts.done == []
    assert [event.action for event in site.events()].count("console.act") == 2


def test_nobody_else_sees_any_of_it(site: Site) -> None:
    addresses = ("/console", "/console/now", "/console/shares", "/console/shares/rows", "/console/shares/share-2")
    for address in (*addresses, "/console/shares/share-2/now", "/console/shares/share-2/metadata"):
        answer = get(site, address, NOBODY)
        assert answer.status_code == 403, address
        assert "SC26" not in answer.text
    stranger = Client(create_app(site.parts))
    for address in ("/console/now", "/console/shares/rows", "/console/shares/share-2/now"):
        assert stranger.get(address, base_url=URL).status_code == 401
    assert stranger.post("/console/shares/share-2/do/replay", base_url=URL).status_code == 401
    refused = [event.action for event in site.events() if event.outcome is not Outcome.SUCCESS]
    assert refused == ["console.opened", "console.shares", "console.share", "console.share"]


def test_the_console_speaks_english_when_asked(site: Site) -> None:
    page = get(site, "/console", Accept_Language="en").text
    assert "To be handled" in page
    assert "The patient of the report" in page
    assert "To do:" in page
    assert "Go on searching" not in get(site, "/console/shares", Accept_Language="en").text


def test_every_page_has_one_heading_and_a_label_for_each_field(site: Site) -> None:
    site.overview.histories["share-2"] = eventful(site.store.shares[1], submission())
    for address in (
        "/console",
        "/console/shares",
        "/console/shares/share-2",
        "/console/shares/share-2/metadata",
        "/console/shares/share-2/do/abandon",
        "/console/shares/share-2/do/correct",
    ):
        page = html.fromstring(get(site, address).text)
        assert len(page.xpath("//h1")) == 1, address
        assert page.xpath("//main")
        assert page.xpath("//title/text()")
        for control in page.xpath("//main//input[not(@type='hidden')] | //main//select | //main//textarea"):
            assert control.xpath("ancestor::label"), etree.tostring(control)
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids)), address
        for named in page.xpath("//@aria-labelledby"):
            assert named in ids


def test_an_empty_console_says_so(site: Site) -> None:
    site.store.shares = []
    assert "Rien n" in get(site, "/console").text
    assert "encore été reçu" in get(site, "/console/shares").text
    assert "Aucun partage ne correspond" in get(site, "/console/shares?state=held").text


@pytest.mark.parametrize(
    ("reader", "written"), [("fr", "(09/11/1981) n'est pas celle du PACS (10/11/1981)"), ("en", "9 Nov 1981")]
)
def test_days_are_written_as_people_write_them(site: Site, reader: str, written: str) -> None:
    site.store.shares = [overview(ShareState.HELD, 2, "birth_date_differs", report="19811109", pacs="19811110")]
    for address in ("/console", "/console/shares", "/console/shares/share-2"):
        assert written in html.document_fromstring(get(site, address, accept_language=reader).text).text_content()


def test_who_may_not_see_the_console_may_change_the_account(site: Site) -> None:
    page = html.document_fromstring(get(site, "/console", NOBODY).text)
    assert page.xpath("//form/@action") == ["/logout"]
    assert page.xpath("//input[@name='csrf_token']/@value") == [CSRF]
    assert page.xpath("//a/@href") == ["/"]
    assert page.findtext(".//title") == page.findtext(".//h1") == "Cette page ne peut pas s'afficher"


def test_a_page_that_is_not_there_leads_back_to_the_console(site: Site) -> None:
    page = html.document_fromstring(get(site, "/console/shares/none").text)
    assert page.xpath("//a[@class='button']/@href") == ["/console"]
    assert not page.xpath("//form")


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", "Edge · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 EdgA/131.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1", "Safari · iOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox · Linux"),
        (
            "Mozilla/5.0 (Linux; Android 14) SamsungBrowser/25.0 Chrome/121.0 Safari/537.36",
            "Samsung Internet · Android",
        ),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_a_session_tells_its_browser_by_the_name_people_know(site: Site, agent: str, name: str) -> None:
    one = browser(site)
    for key, session in site.sessions.sessions.items():
        site.sessions.sessions[key] = replace(session, agent=agent)
    page = html.document_fromstring(one.get("/console/sessions", base_url=URL).text)
    assert page.xpath("//td[@data-name='Navigateur']/text()") == ([name] if name else [])
