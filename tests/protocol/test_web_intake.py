"""Reports over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, EnvironBuilder, TestResponse
from werkzeug.wrappers import Response

from gateway.errors import (
    GatewayError,
    InputConflicts,
    InputRejected,
    NotSupportedYet,
    PeerUnreachable,
    Unavailable,
)
from gateway.flow.events import New
from gateway.model.report import Reliability
from gateway.model.share import Receipt, ShareState, StoredReport
from gateway.web.app import create_app
from tests.fakes.clock import StoppedClock
from tests.support.web import KEY, NOW, OTHER_KEY, Site, build, overview

URL = "http://127.0.0.1:8080"
CDA = (
    b'<?xml version="1.0" encoding="UTF-8"?>\r\n<ClinicalDocument xmlns="urn:hl7-org:v3">\xc3\xa9</ClinicalDocument>\n'
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    one = build(tmp_path, URL, "http://127.0.0.1:8090", StoppedClock(), max_report_bytes=1000)
    one.store.reports["report-1"] = StoredReport(
        id="report-1",
        site="nord",
        sender="ris",
        channel="http",
        digest="d",
        statements=overview_statements(),
        received_at=NOW,
    )
    return one


def overview_statements() -> Any:
    from gateway.model.report import Statements

    return Statements()


def post(site: Site, content: bytes = CDA, key: str = KEY, query: str = "", **headers: str) -> TestResponse:
    sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/xml"}
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    return Client(create_app(site.parts)).post(f"/api/reports{query}", base_url=URL, data=content, headers=sent)


def state(site: Site, report_id: str = "report-1", key: str = KEY, **headers: str) -> TestResponse:
    sent = {"Authorization": f"Bearer {key}", **headers}
    return Client(create_app(site.parts)).get(f"/api/reports/{report_id}", base_url=URL, headers=sent)


def test_a_report_is_taken_byte_for_byte(site: Site) -> None:
    answer = post(site)
    assert answer.status_code == 202
    assert answer.headers["Location"] == "/api/reports/report-1"
    assert answer.get_json() == {"id": "report-1", "duplicate": False}
    (event,) = site.received
    assert isinstance(event, New)
    assert event.received.content == CDA
    assert (event.received.channel, event.received.sender, event.received.site) == ("http", "ris", "nord")
    assert len(event.received.control_id) == 32


def test_the_same_report_again_is_the_same_answer(site: Site) -> None:
    post(site)
    again = post(site, X_Request_ID="retry-7")
    assert again.status_code == 202
    assert again.get_json() == {"id": "report-1", "duplicate": True}
    assert site.received[1].received.control_id == "retry-7"  # type: ignore[union-attr]


def test_what_is_said_beside_the_document_arrives(site: Site) -> None:
    post(
        site,
        query="?visit-class=O",
        Identity_Reliability="VALI",
        Document_Masks="MASQUE_PS,INVISIBLE_PATIENT",
        Document_To_DMP="false",
    )
    statements = site.received[0].received.statements  # type: ignore[union-attr]
    assert statements.reliability is Reliability.QUALIFIED
    assert statements.masked == {"MASQUE_PS", "INVISIBLE_PATIENT"}
    assert statements.to_dmp is False
    assert statements.visit_class == "O"


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {KEY}", f"Bearer {KEY}x", "Bearer é"]
)
def test_without_a_key_nothing_is_taken(site: Site, sent: str) -> None:
    answer = post(site, Authorization=sent)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == "application/problem+json"
    assert not site.received


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"Content_Type": "application/json"}, 415, "intake_media_type"),
        ({"Content_Type": ""}, 415, "intake_media_type"),
        ({"Content_Type": "multipart/form-data; boundary=x"}, 415, "intake_media_type"),
        ({"Content_Encoding": "gzip"}, 415, "intake_encoding"),
        ({"content": b""}, 411, "intake_length"),
        ({"content": b"x" * 1001}, 413, "intake_too_large"),
        ({"Identity_Reliability": "SURE"}, 400, "intake_reliability"),
        ({"Document_Masks": "MASQUE"}, 400, "intake_masks"),
        ({"query": "?Document-Mask=MASQUE_PS"}, 400, "intake_parameter_unknown"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_its_name(
    site: Site, change: dict[str, Any], status: int, code: str
) -> None:
    answer = post(site, **change)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    told = answer.get_json()
    assert told["code"] == code
    assert told["status"] == status
    assert told["type"] == f"urn:drim-gateway:problem:{code}"
    assert told["detail"]
    assert not site.received


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputRejected("report_not_validated", place="ClinicalDocument/legalAuthenticator"), 400),
        (InputConflicts("report_conflicts"), 409),
        (NotSupportedYet("event_not_supported_yet"), 501),
        (Unavailable("store_full"), 503),
        (PeerUnreachable("pacs_away"), 502),
    ],
)
def test_a_refusal_of_the_story_is_a_problem_with_its_status(site: Site, error: GatewayError, status: int) -> None:
    site.found["accept"] = error
    answer = post(site)
    assert answer.status_code == status
    assert answer.get_json()["code"] == error.code
    assert answer.get_json().get("place", "") == error.place
    assert ("Retry-After" in answer.headers) == (status == 503)


def delete(site: Site, report_id: str = "report-1", key: str = KEY) -> TestResponse:
    sent = {"Authorization": f"Bearer {key}"}
    return Client(create_app(site.parts)).delete(f"/api/reports/{report_id}", base_url=URL, headers=sent)


def test_a_report_is_withdrawn_by_the_system_that_sent_it(site: Site) -> None:
    asked: list[tuple[str, str]] = []

    def withdraw(report_id: str, sender: str) -> Receipt:
        asked.append((report_id, sender))
        return Receipt(report_id=report_id, duplicate=len(asked) > 1)

    site.parts = replace(site.parts, withdraw_report=withdraw)
    answers = [delete(site), delete(site)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [answer.get_json()["duplicate"] for answer in answers] == [False, True]
    assert answers[0].headers["Location"] == "/api/reports/report-1"
    assert asked == [("report-1", "ris")] * 2


@pytest.mark.parametrize(("report_id", "key"), [("report-1", OTHER_KEY), ("no-such", KEY), ("..%2Fx", KEY)])
def test_nobody_withdraws_what_another_site_sent(site: Site, report_id: str, key: str) -> None:
    site.parts = replace(site.parts, withdraw_report=lambda *_: pytest.fail("it was withdrawn"))
    assert delete(site, report_id, key).status_code == 404


def test_a_problem_says_the_line_and_speaks_the_callers_language(site: Site) -> None:
    site.found["accept"] = InputRejected("xml_malformed", line=7, words="not well-formed")
    french, english = post(site), post(site, Accept_Language="en-GB,en;q=0.8")
    assert french.get_json()["line"] == 7
    assert "ligne 7" in french.get_json()["detail"]
    assert french.headers["Content-Language"] == "fr"
    assert "line 7" in english.get_json()["detail"]
    assert "7" not in english.get_json()["title"], "the title is the same for every case of its kind"


class BrokenOff(BytesIO):
    """Chunks that end before their last one, as the server tells it."""

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if not found:
            raise OSError("no more data")
        return found


def streamed(site: Site, body: BytesIO, **environ: Any) -> Response:
    """The answer to exactly this input, lengths and all."""
    builder = EnvironBuilder(
        "/api/reports",
        method="POST",
        base_url=URL,
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "text/xml"},
    )
    raw = {**builder.get_environ(), "wsgi.input": body, **environ}
    raw = {name: value for name, value in raw.items() if value is not None}
    builder.close()
    return Response.from_app(create_app(site.parts), raw)


CHUNKED = {"CONTENT_LENGTH": None, "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}


@pytest.mark.parametrize("size", [999, 1000, 1001, 5000, 1_000_000])
def test_a_body_of_no_stated_length_is_read_to_the_limit_and_never_cut(site: Site, size: int) -> None:
    body = BytesIO(b"x" * size)
    answer = streamed(site, body, **CHUNKED)
    assert answer.status_code == (202 if size <= 1000 else 413)
    assert [len(event.received.content) for event in site.received] == ([size] if size <= 1000 else [])  # type: ignore[union-attr]
    assert body.tell() <= 1001


@pytest.mark.parametrize("terminated", [True, None])
def test_a_body_that_breaks_off_is_not_a_document(site: Site, terminated: bool | None) -> None:
    cut = {"CONTENT_LENGTH": str(len(CDA)), "wsgi.input_terminated": terminated}
    assert streamed(site, BytesIO(CDA[:50]), **cut).status_code == 408
    assert streamed(site, BrokenOff(CDA[:50]), **cut).status_code == 408
    assert streamed(site, BrokenOff(CDA[:50]), **CHUNKED).status_code == 408
    assert not site.received


def test_a_body_that_nobody_ends_is_refused(site: Site) -> None:
    endless = {"CONTENT_LENGTH": None, "wsgi.input_terminated": None}
    assert streamed(site, BytesIO(CDA), **endless).status_code == 411
    assert not site.received


def test_the_state_of_a_report_tells_nothing_of_the_patient(site: Site) -> None:
    site.store.shares = [
        overview(ShareState.HELD, 1, "patient_differs", report="281112915104759", pacs="IPP-7"),
        overview(ShareState.SHARED, 2),
    ]
    answer = state(site, **{"Accept-Language": "en"})
    assert answer.status_code == 200
    told = answer.get_json()
    assert [share["state"] for share in told["shares"]] == ["held"]
    share = told["shares"][0]
    assert share["reason"] == "patient_differs"
    assert "…" in share["sentence"]
    assert "281112915104759" not in answer.text
    assert "IPP-7" not in answer.text
    assert "SC26" not in answer.text
    assert share["updated_at"] == (NOW - timedelta(minutes=7)).isoformat()


def test_a_report_of_another_site_is_a_report_that_does_not_exist(site: Site) -> None:
    theirs, absent = state(site, key=OTHER_KEY), state(site, "report-9", OTHER_KEY)
    assert theirs.status_code == absent.status_code == 404
    assert theirs.data == absent.data
    assert state(site, "..%2f..", KEY).status_code == 404
    assert state(site, "report-1", "wrong").status_code == 401


@pytest.mark.parametrize(("method", "address", "status"), [("GET", "/api/reports", 405), ("GET", "/api/x", 404)])
def test_an_address_that_is_none_is_a_problem_too(site: Site, method: str, address: str, status: int) -> None:
    answer = Client(create_app(site.parts)).open(address, method=method, base_url=URL)
    assert answer.status_code == status
    assert answer.get_json()["code"] == "intake_resource"
    assert answer.get_json()["status"] == status


def test_a_session_cookie_is_no_key(site: Site) -> None:
    from tests.support.web import RADIOLOGIST, sign_in

    one = Client(create_app(site.parts), use_cookies=True)
    one.set_cookie("gateway-session", sign_in(site, RADIOLOGIST.identifier), domain="127.0.0.1")
    assert one.post("/api/reports", base_url=URL, data=CDA, content_type="text/xml").status_code == 401
