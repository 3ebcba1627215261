"""The console's pages of messages and of the relay, and the interface for a system without HL7."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from gateway.demo.identity import SITE
from gateway.errors import InputRejected
from gateway.hl7.teleradiology import read
from gateway.hl7.teleradiology_build import build as build_message
from gateway.model.identifiers import INS_TEST
from gateway.model.relay import LineAnswer
from gateway.model.teleradiology import Cancellation, Complement, Envelope, Exchange, ImagingRequest
from gateway.web.app import create_app
from gateway.web.parts import RelayParts
from tests.support import web
from tests.support.relay import NUMBER, Stage, answer, request, stage, written
from tests.support.web import KEY, OTHER_KEY, RADIOLOGIST, REFERRER, sign_in

URL = "http://127.0.0.1:8080"
BODY: dict[str, Any] = {
    "kind": "request",
    "order": {"value": "OPN-JSON", "issuer": "1.2.250.1.999.3"},
    "patient": {
        "identifiers": [{"value": "281112915104759", "issuer": INS_TEST}],
        "birth_family": "KERMARREC-LEFÈVRE",
        "birth_given": "ZOÉ",
        "birth_date": "19811109",
        "sex": "F",
        "birth_place": "29151",
    },
    "visit": {"patient_class": "O", "number": {"value": "RDV-9"}, "authority": "PRESQUILE"},
    "responsible": {"number": "810999000010", "family": "QUÉMÉNER", "given": "Yann"},
    "requested_at": "2026-03-02T09:00:00",
    "justification": "Céphalées",
    "modality": {"code": "CT", "display": "scanner"},
    "locations": [{"region": {"code": "774007", "display": "tête et/ou cou"}}],
    "antecedents": [{"text": "Aucun", "relevance": "SANS_IMPACT"}],
    "weight": {"value": "68", "unit": "kg"},
    "pregnant": False,
}


@dataclass
class Place:
    """A web over a relay."""

    site: web.Site
    relay: Stage
    submitted: list[tuple[str, str, str, Exchange]]

    def page(self, address: str, administrator: bool = True, **form: str) -> TestResponse:
        client = Client(create_app(self.site.parts), use_cookies=True)
        person = RADIOLOGIST if administrator else REFERRER
        roles = frozenset({"administrator"}) if administrator else frozenset()
        client.set_cookie("gateway-session", sign_in(self.site, person.identifier, roles), domain="127.0.0.1")
        if form:
            return client.post(address, base_url=URL, data=form, headers={"Origin": URL})
        return client.get(address, base_url=URL)

    def api(self, address: str, body: object = None, key: str = KEY, **headers: str) -> TestResponse:
        client = Client(create_app(self.site.parts))
        sent = {"Authorization": f"Bearer {key}", **headers}
        if body is None:
            return client.get(address, base_url=URL, headers=sent)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(address, base_url=URL, data=data, headers={"Content-Type": "application/json", **sent})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    here = replace(SITE, name="nord", pacs="pacs", destinations=("registry",), public_url="https://images.example.org")
    with stage(tmp_path / "relay", site=here) as relay:
        site = web.build(tmp_path, URL, "http://127.0.0.1:8090", clock=relay.world.clock)
        submitted: list[tuple[str, str, str, Exchange]] = []

        def submit(name: str, caller: str, platform: str, values: Any) -> str:
            if platform == "nowhere":
                raise InputRejected("relay_site_platform", place="platform", platform=platform, known="lecture")
            exchange = values(here, datetime.fromisoformat("2026-03-02T08:30:00+00:00"))
            submitted.append((name, caller, platform, exchange))
            return "request-1"

        parts = replace(
            site.parts,
            messages=relay.messages,
            relay=RelayParts(
                store=relay.store,
                submit=submit,
                take_up=relay.forwarding.take_up,
                give_up=relay.forwarding.give_up,
            ),
        )
        yield Place(replace(site, parts=parts), relay, submitted)


def test_the_worklist_shows_states_times_and_what_is_held(place: Place) -> None:
    place.relay.platform.answers = [LineAnswer(code="AE", words="103 refusé là-bas")]
    place.relay.take(written(request()))
    place.relay.forward()
    page = place.page("/console/relay").text
    for part in ("OPN-77", "Demandé", "nord → lecture", "103 refusé là-bas", "Délais"):
        assert part in page
    assert "OPN-77" not in place.page("/console/relay?state=reported").text
    for named in ("KERMARREC", "281112915104759"):
        assert named not in page


def test_a_request_shows_its_messages_and_a_held_one_can_be_taken_up(place: Place) -> None:
    place.relay.platform.answers = [LineAnswer(code="AE")]
    place.relay.take(written(request()))
    place.relay.take(written(answer(), back=True))
    place.relay.forward()
    found = place.relay.request()
    page = place.page(f"/console/relay/{found.id}").text
    for part in ("Sans injection", "Reprendre", "Abandonner", "Réponse"):
        assert part in page
    held = next(one for one in place.relay.on_their_way() if one.reason)
    posted = place.page(f"/console/relay/messages/{held.id}", action="retry", csrf_token="c" * 43)
    assert posted.status_code == 303
    assert place.relay.store.message(held.id).state.value == "waiting"
    assert place.page(f"/console/relay/messages/{held.id}", action="retry", csrf_token="x").status_code == 403
    assert place.page("/console/relay/nobody").status_code == 404


def test_received_messages_are_listed_and_shown_with_their_patient_masked(place: Place) -> None:
    place.relay.take(written(request(), control_id="CTRL-1"))
    place.relay.take(b"hello")
    page = place.page("/console/messages").text
    for part in ("CTRL-1", "AA", "AE", "RIS-DEMO|PRESQUILE"):
        assert part in page
    assert "CTRL-1" not in place.page("/console/messages?answer=AE").text
    kept = place.relay.messages.find(limit=9, answer="AA")[0]
    shown = place.page(f"/console/messages/{kept.id}").text
    assert "TRANSMISSION_DEMANDE" in shown
    for named in ("KERMARREC", "281112915104759", "19811109", "Céphalées"):
        assert named not in shown
    assert place.page("/console/messages/nobody").status_code == 404
    assert [event.action for event in place.site.events() if event.action == "message.shown"] == ["message.shown"]


@pytest.mark.parametrize("address", ["/console/relay", "/console/messages", "/console/messages/x", "/console/relay/x"])
def test_nobody_else_sees_any_of_it(place: Place, address: str) -> None:
    assert place.page(address, administrator=False).status_code == 403
    # Nobody is asked who they are here: the provider does not run, so the login cannot begin.
    assert Client(create_app(place.site.parts)).get(address, base_url=URL).status_code == 502


def test_json_becomes_a_request_that_the_guide_accepts(place: Place) -> None:
    made = place.api("/api/relay/requests", BODY)
    assert (made.status_code, made.json) == (202, {"id": "request-1"})
    assert made.headers["Location"].endswith("/api/relay/requests/request-1")
    ((site, caller, platform, exchange),) = place.submitted
    assert (site, caller, platform) == ("nord", "ris", "")
    assert isinstance(exchange, ImagingRequest)
    assert exchange.requested_at == "20260302090000+0100"
    envelope = Envelope(control_id="1", sending=("A", "B"), receiving=("C", "D"), sent_at="20260302120000+0100")
    (again,) = read(build_message(envelope, exchange)).exchanges
    assert isinstance(again, ImagingRequest)
    assert again.order_number == exchange.order_number
    assert again.justification == "Céphalées"


def test_json_becomes_a_cancellation_or_a_complement(place: Place) -> None:
    common = {name: BODY[name] for name in ("order", "patient", "visit")}
    assert place.api(
        "/api/relay/requests",
        {**common, "kind": "cancellation", "responsible": BODY["responsible"], "reason": "Absent"},
    ).status_code == 202  # fmt: skip
    done = {
        "accession": {"value": "ACN-1"},
        "study_uid": "1.2.250.1.999.7.1",
        "act": {"code": "24590-2", "display": "IRM"},
        "performed_at": "2026-03-02T10:00:00+01:00",
        "retention_days": 730,
    }
    assert place.api("/api/relay/requests", {**common, "kind": "complement", "examinations": [done]}).status_code == 202
    cancelled, performed = (each[3] for each in place.submitted)
    assert isinstance(cancelled, Cancellation)
    assert cancelled.reason == "Absent"
    assert isinstance(performed, Complement)
    assert performed.examinations[0].viewer_url.startswith("https://images.example.org/IHEInvokeImageDisplay?")


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (b"{", "JSON"),
        (b"[]", "JSON"),
        ({**BODY, "kind": "answer"}, "kind"),
        ({**BODY, "colour": 1}, "colour"),
        ({**BODY, "locations": []}, "locations"),
        ({**BODY, "patient": {**BODY["patient"], "birth_date": "1981"}}, "patient.birth_date"),
        ({**BODY, "order": {"value": "1", "issuer": "x"}}, "order.issuer"),
        ({**BODY, "justification": "a\x0bb"}, "justification"),
        ({**BODY, "platform": "nowhere"}, "platform"),
        (b'"' + b"x" * 300_000 + b'"', None),
    ],
)
def test_a_body_that_is_wrong_is_told_by_its_field(place: Place, body: object, at: str | None) -> None:
    answered = place.api("/api/relay/requests", body)
    assert answered.status_code == (413 if at is None else 400)
    told = answered.json
    assert told is not None
    assert at is None or told["place"] == at
    assert "KERMARREC" not in answered.text


def test_only_a_key_of_the_site_sees_its_requests(place: Place) -> None:
    place.relay.take(written(request()))
    found = place.relay.request()
    address = f"/api/relay/requests/{found.id}"
    seen = place.api(address).json
    assert seen is not None
    assert (seen["state"], seen["order"]["value"]) == ("sent", NUMBER.extension)
    assert [one["flow"] for one in seen["messages"]] == ["request"]
    assert len((place.api("/api/relay/requests").json or {})["requests"]) == 1
    assert (place.api("/api/relay/requests", key=OTHER_KEY).json or {})["requests"] == []
    assert place.api(address, key=OTHER_KEY).status_code == 404
    assert place.api(address, key="wrong").status_code == 401
    assert place.api("/api/relay/requests", b"{}", **{"Content-Type": "text/plain"}).status_code == 415


def test_without_a_platform_there_is_no_relay(place: Place) -> None:
    bare = replace(place, site=replace(place.site, parts=replace(place.site.parts, relay=None, messages=None)))
    assert bare.page("/console/relay").status_code == 404
    assert bare.page("/console/messages").status_code == 404
    assert bare.api("/api/relay/requests").status_code == 404
    assert "Téléradiologie" not in bare.page("/console").text
