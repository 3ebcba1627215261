"""The console's pages of messages and of the relay, and the interface for a system without HL7."""

from __future__ import annotations

import hashlib
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
from gateway.hl7 import relay_reading
from gateway.hl7.again import again
from gateway.hl7.reception import Reception
from gateway.hl7.teleradiology import read
from gateway.hl7.teleradiology_build import build as build_message
from gateway.model.identifiers import INS_TEST
from gateway.model.relay import LineAnswer
from gateway.model.site import Site
from gateway.model.teleradiology import Cancellation, Complement, Envelope, ImagingRequest
from gateway.web.app import create_app
from gateway.web.once import Once
from gateway.web.parts import IntakeKey, RelayParts, Submitted
from gateway.web.relay_form import Form
from tests.support import web
from tests.support.relay import NUMBER, Stage, answer, request, stage, written
from tests.support.web import KEY, OTHER_KEY, PLATFORM_KEY, RADIOLOGIST, REFERRER, sign_in

URL = "http://127.0.0.1:8080"
HERE = replace(SITE, name="nord", pacs="pacs", destinations=("registry",), public_url="https://images.example.org")
NOW = datetime.fromisoformat("2026-03-02T08:30:00+00:00")
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
    submitted: list[tuple[str, Form]]
    asked: list[Once | None]
    mended: Site | None = None
    """The site as its settings say after they were corrected."""

    def again(self, message_id: str) -> str:
        relaying = self.relay.relaying
        if self.mended is not None:
            relaying = replace(relaying, sites={"nord": self.mended})
        clock = self.relay.world.clock
        reception = Reception(self.relay.world.accepting.accept_all, clock, self.relay.messages, relaying)
        return again(message_id, log=self.relay.messages, reception=reception, clock=clock).answer

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
    with stage(tmp_path / "relay", site=HERE) as relay:
        site = web.build(tmp_path, URL, "http://127.0.0.1:8090", clock=relay.world.clock)
        submitted: list[tuple[str, Form]] = []
        asked: list[Once | None] = []

        def submit(key: IntakeKey, form: Form, once: Once | None) -> Submitted:
            asked.append(once)
            if form.platform == "nowhere":
                raise InputRejected("relay_site_platform", place="platform", platform=form.platform, known="lecture")
            submitted.append((key.name, form))
            return Submitted(request_id="request-1", left_out=("telephone",) if form.kind == "complement" else ())

        parts = replace(
            site.parts,
            messages=relay.messages,
            relay=RelayParts(
                store=relay.store,
                submit=submit,
                fetching=relay.fetching,
                said=relay_reading.read,
                take_up=relay.forwarding.take_up,
                give_up=relay.forwarding.give_up,
            ),
        )
        made = Place(replace(site, parts=parts), relay, submitted, asked)
        made.site = replace(site, parts=replace(parts, message_again=made.again))
        yield made


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


def test_messages_are_found_by_sender_number_and_day(place: Place) -> None:
    for number in ("CTRL-1", "CTRL-2"):
        place.relay.take(written(request(), control_id=number))
    for asked, shown in (
        ("control_id=CTRL-1", {"CTRL-1"}),
        ("control_id=CTRL", set()),
        ("sender=PRESQUILE", {"CTRL-1", "CTRL-2"}),
        ("sender=nobody", set()),
        ("since=2026-03-02", {"CTRL-1", "CTRL-2"}),
        ("since=2030-01-01", set()),
        ("since=yesterday&answer=AA", {"CTRL-1", "CTRL-2"}),
    ):
        rows = place.page(f"/console/messages?{asked}").text.partition('<div id="rows">')[2]
        assert {number for number in ("CTRL-1", "CTRL-2") if number in rows} == shown, asked
    kept = place.page("/console/messages?sender=PRESQUILE&since=2026-03-02").text
    assert 'href="/console/messages?sender=PRESQUILE&amp;control_id=&amp;since=2026-03-02&amp;answer=AE"' in kept


def test_a_refused_message_is_processed_again_after_its_cause_was_mended(place: Place) -> None:
    stranger = written(request(), control_id="CTRL-9").replace(b"RIS-DEMO", b"RIS-NEW ")
    assert place.relay.take(stranger)[0] == "AE"
    (kept,) = place.relay.messages.find(limit=9)
    address = f"/console/messages/{kept.id}"
    assert "Traiter à nouveau" in place.page(address).text
    assert place.page(address, administrator=False, csrf_token="c" * 43).status_code == 403
    assert place.page(address, csrf_token="x").status_code == 403
    still = place.page(address, csrf_token="c" * 43)
    assert still.status_code == 303
    assert 'class="badge held">AE' in place.page(still.headers["Location"]).text
    # The site's settings name the new system now.
    site = place.relay.relaying.sites["nord"]
    place.mended = replace(site, senders=frozenset({"RIS-NEW|PRESQUILE"}))
    done = place.page(place.page(address, csrf_token="c" * 43).headers["Location"]).text
    assert 'class="badge shared">AA' in done
    assert f'href="{address}"' in done
    assert "Traiter à nouveau</button>" not in done
    assert place.relay.request().order == NUMBER
    assert [event.action for event in place.site.events()].count("message.again") == 2
    assert place.page("/console/messages/nobody", csrf_token="c" * 43).status_code == 404


@pytest.mark.parametrize("address", ["/console/relay", "/console/messages", "/console/messages/x", "/console/relay/x"])
def test_nobody_else_sees_any_of_it(place: Place, address: str) -> None:
    assert place.page(address, administrator=False).status_code == 403
    # Nobody is asked who they are here: the provider does not run, so the login cannot begin.
    assert Client(create_app(place.site.parts)).get(address, base_url=URL).status_code == 502


def test_json_becomes_a_request_that_the_guide_accepts(place: Place) -> None:
    made = place.api("/api/relay/requests", BODY)
    assert (made.status_code, made.json) == (202, {"id": "request-1"})
    assert made.headers["Location"].endswith("/api/relay/requests/request-1")
    ((caller, form),) = place.submitted
    exchange = form.read(HERE, NOW)
    assert caller == "ris"
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
    made = place.api("/api/relay/requests", {**common, "kind": "complement", "examinations": [done]})
    assert (made.status_code, made.json) == (202, {"id": "request-1", "left_out": ["telephone"]})
    cancelled, performed = (form.read(HERE, NOW) for _, form in place.submitted)
    assert isinstance(cancelled, Cancellation)
    assert cancelled.reason == "Absent"
    assert isinstance(performed, Complement)
    assert performed.examinations[0].viewer_url.startswith("https://images.example.org/IHEInvokeImageDisplay?")


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (b"{", "JSON"),
        (b"[]", "JSON"),
        ({**BODY, "kind": "telegram"}, "kind"),
        ({**BODY, "kind": "answer"}, "accepted"),
        ({**BODY, "colour": 1}, "colour"),
        ({**BODY, "locations": []}, "locations"),
        ({**BODY, "patient": {**BODY["patient"], "birth_date": "1981"}}, "patient.birth_date"),
        ({**BODY, "order": {"value": "1", "issuer": "x"}}, "order.issuer"),
        ({**BODY, "justification": "a\x0bb"}, "justification"),
        ({**BODY, "platform": "nowhere"}, "platform"),
        (b'{"kind": [' + b"[]," * 100_000 + b"1]}", None),
        (b"[" * 250_000, "JSON"),
        (b'"' + b"x" * (65 * 1024 * 1024) + b'"', None),
    ],
)
def test_a_body_that_is_wrong_is_told_by_its_field(place: Place, body: object, at: str | None) -> None:
    answered = place.api("/api/relay/requests", body)
    assert answered.status_code == (413 if at is None else 400)
    told = answered.json
    assert told is not None
    assert at is None or told["place"] == at
    assert "KERMARREC" not in answered.text


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ('"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ('"request 7"', None),
        ('""', None),
        ('"open', None),
        ('"' + "x" * 256 + '"', None),
    ],
)
def test_a_request_says_by_which_key_it_may_come_again(place: Place, header: str, key: str | None) -> None:
    answered = place.api("/api/relay/requests", BODY, **{"Idempotency-Key": header})
    if key is None:
        assert (answered.status_code, answered.json["code"]) == (400, "idempotency_key")
        assert place.asked == []
    else:
        assert answered.status_code == 202
        assert place.asked == [Once(key, hashlib.sha256(json.dumps(BODY).encode()).hexdigest())]


def test_without_the_header_each_request_is_a_new_one(place: Place) -> None:
    assert place.api("/api/relay/requests", BODY).status_code == 202
    assert place.asked == [None]


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


def test_a_platforms_key_sees_its_requests_and_is_none_for_reports(place: Place) -> None:
    place.relay.take(written(request()))
    found = place.relay.request()
    seen = place.api(f"/api/relay/requests/{found.id}", key=PLATFORM_KEY).json
    assert seen is not None
    assert seen["order"]["value"] == NUMBER.extension
    assert len((place.api("/api/relay/requests", key=PLATFORM_KEY).json or {})["requests"]) == 1
    for address, method in (("/api/reports", "post"), ("/api/reports/x", "get"), ("/api/reports/x", "delete")):
        client = Client(create_app(place.site.parts))
        sent = {"Authorization": f"Bearer {PLATFORM_KEY}", "Content-Type": "application/xml"}
        answered = getattr(client, method)(address, base_url=URL, headers=sent, data=b"<a/>")
        assert (answered.status_code, answered.json["code"]) == (403, "intake_key_of_platform")


def test_without_a_platform_there_is_no_relay(place: Place) -> None:
    bare = replace(place, site=replace(place.site, parts=replace(place.site.parts, relay=None, messages=None)))
    assert bare.page("/console/relay").status_code == 404
    assert bare.page("/console/messages").status_code == 404
    assert bare.api("/api/relay/requests").status_code == 404
    assert "Téléradiologie" not in bare.page("/console").text
