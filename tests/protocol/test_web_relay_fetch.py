"""``/api/relay`` for an end that does not read HL7: what waits, what it says, that it is there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from gateway.errors import InputRejected
from gateway.hl7 import er7, relay_reading
from gateway.model.relay import DeliveryState, Direction
from gateway.web.app import create_app
from gateway.web.parts import IntakeKey, RelayParts, Submitted
from tests.protocol.test_web_relay import HERE, KEY, OTHER_KEY, PLATFORM_KEY, URL
from tests.support import web
from tests.support.relay import NUMBER, Stage, answer, request, stage, white_paper, written
from tests.support.relay import report as report_of

LIST = "/api/relay/requests?waiting=true"
NAMED = ("KERMARREC", "281112915104759", "19811109")


@dataclass
class Place:
    """A web over a relay of which both ends fetch."""

    site: web.Site
    relay: Stage

    def ask(self, address: str, key: str = PLATFORM_KEY, method: str = "GET") -> TestResponse:
        client = Client(create_app(self.site.parts))
        return client.open(address, method=method, base_url=URL, headers={"Authorization": f"Bearer {key}"})

    def waiting(self, key: str = PLATFORM_KEY, more: str = "") -> list[dict[str, object]]:
        self.relay.forward()
        found: list[dict[str, object]] = self.ask(LIST + more, key).json["requests"]
        return found

    def message(self, key: str = PLATFORM_KEY) -> dict[str, str]:
        """The only one that waits."""
        (one,) = self.waiting(key)
        told: dict[str, str] = one["waiting"]  # type: ignore[assignment]
        return told


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    both = frozenset(Direction)
    with stage(tmp_path / "relay", site=HERE, fetching=both, check_pacs=False) as relay:
        site = web.build(tmp_path, URL, "http://127.0.0.1:8090", clock=relay.world.clock)
        parts = RelayParts(
            store=relay.store,
            submit=lambda *_: Submitted(request_id="r"),
            fetching=relay.fetching,
            said=relay_reading.read,
            take_up=relay.forwarding.take_up,
            give_up=relay.forwarding.give_up,
        )
        yield Place(replace(site, parts=replace(site.parts, messages=relay.messages, relay=parts)), relay)


def test_what_waits_is_listed_read_as_a_form_and_received(place: Place) -> None:
    message = written(request())
    place.relay.take(message)
    listed = place.message()
    told = place.ask(listed["href"]).json
    (form,) = told["exchanges"]
    assert (form["kind"], form["platform"], form["site"]) == ("request", "lecture", "nord")
    assert form["order"] == {"value": NUMBER.extension, "issuer": NUMBER.root}
    assert (told["documents"], told["beyond_form"]) == ([], [])
    raw = place.ask(listed["hl7"])
    assert (raw.data, raw.headers["Content-Type"]) == (message, "application/hl7-v2")
    for _ in range(2):
        done = place.ask(listed["received"], method="POST")
        assert (done.status_code, done.data) == (204, b"")
    assert place.waiting() == []
    assert place.relay.on_their_way()[0].state is DeliveryState.DELIVERED
    assert place.ask(listed["href"]).status_code == 200


def test_documents_are_bytes_under_the_same_door(place: Place) -> None:
    message = report_of()
    place.relay.take(message)
    listed = place.message(KEY)
    cda = base64.b64decode(er7.parse(message).all("OBX")[0].text(5, 5))
    told = place.ask(listed["href"], KEY).json
    (link,) = told["documents"]
    assert base64.b64decode(told["exchanges"][0]["content"]) == cda
    got = place.ask(link, KEY)
    assert (got.data, got.headers["Content-Type"]) == (cda, "application/xml")
    assert (got.headers["Content-Disposition"], got.headers["Cache-Control"]) == ("attachment", "no-store")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    bare = place.ask(f"{listed['href']}?documents=links", KEY).json
    assert ("content" in bare["exchanges"][0], bare["documents"]) == (False, [link])
    for number in ("0", "2", "99999999999"):
        assert place.ask(f"{listed['href']}/documents/{number}", KEY).status_code == 404
    assert place.ask(f"{listed['href']}/documents/x", KEY).status_code == 404


def test_a_protocol_may_be_a_document(place: Place) -> None:
    place.relay.take(written(answer(protocols=("Sans injection", b"%PDF-1.4 x", b"\x00\x01")), back=True))
    told = place.ask(place.message(KEY)["href"], KEY).json
    kinds = [place.ask(link, KEY).headers["Content-Type"] for link in told["documents"]]
    assert kinds == ["application/pdf", "application/octet-stream"]
    assert told["exchanges"][0]["protocols"] == ["Sans injection"]


def test_only_the_end_that_it_is_for_sees_a_message_and_others_learn_nothing(place: Place) -> None:
    place.relay.take(written(request()))
    listed = place.message()
    for address, method in (
        (listed["href"], "GET"),
        (listed["hl7"], "GET"),
        (f"{listed['href']}/documents/1", "GET"),
        (listed["received"], "POST"),
    ):
        for key in (KEY, OTHER_KEY):
            refused = place.ask(address, key, method)
            assert refused.status_code == 404
            assert not any(named in refused.text for named in NAMED)
        assert place.ask(address, "wrong", method).status_code == 401
    assert place.ask(listed["href"].replace(listed["id"], "nobody")).status_code == 404
    assert place.message()["id"] == listed["id"]
    # A site of whose messages none is fetched here.
    assert place.ask(LIST, OTHER_KEY).json["code"] == "relay_not_fetching"
    assert place.ask(LIST, OTHER_KEY).status_code == 409


def test_nothing_of_a_patient_stands_in_an_address_or_in_a_list(place: Place) -> None:
    place.relay.take(written(request()))
    place.relay.forward()
    page = place.ask(LIST)
    assert not any(named in page.text for named in NAMED)
    listed = place.message()
    order = NUMBER.extension or ""
    assert all(order not in listed[name] for name in ("href", "hl7", "received"))


def test_a_list_has_pages_and_each_names_the_next(place: Place) -> None:
    for number in range(5):
        place.relay.take(written(request(replace(NUMBER, extension=f"OPN-{number}"))))
    place.relay.forward()
    for begin, wanted in ((f"{LIST}&limit=2", [0, 1, 2, 3, 4]), ("/api/relay/requests?limit=2", [4, 3, 2, 1, 0])):
        seen, following = [], begin
        while following:
            page = place.ask(following).json
            seen += [one["order"]["value"] for one in page["requests"]]
            following = page["next"]
        assert seen == [f"OPN-{number}" for number in wanted]
    chosen = place.ask("/api/relay/requests?limit=1&state=sent").json
    assert "state=sent" in chosen["next"]
    assert place.ask("/api/relay/requests?state=reported").json == {"requests": [], "next": None}


@pytest.mark.parametrize(
    ("asked", "at"),
    [
        ("waiting=yes", "waiting"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=1e2", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("state=lost", "state"),
        ("waiting=true&state=sent", "state"),
        ("waiting=true&after=nobody", "after"),
        ("after=nobody", "after"),
    ],
)
def test_a_parameter_that_is_none_is_named(place: Place, asked: str, at: str) -> None:
    refused = place.ask(f"/api/relay/requests?{asked}")
    assert (refused.status_code, refused.json["place"]) == (400, at)


def test_what_no_form_can_say_is_still_there_as_it_is(place: Place) -> None:
    message = white_paper("lb-d")
    place.relay.take(message)
    listed = place.message()

    def unreadable(*_: object) -> tuple[()]:
        raise InputRejected("hl7_field_missing", place="OBR^1^18")

    relay = replace(place.site.parts.relay, said=unreadable)  # type: ignore[type-var]
    closed = Place(replace(place.site, parts=replace(place.site.parts, relay=relay)), place.relay)
    refused = closed.ask(listed["href"])
    assert (refused.status_code, refused.json["code"], refused.json["place"]) == (409, "relay_no_json", "OBR^1^18")
    assert closed.ask(listed["hl7"]).data == message
    told = place.ask(listed["href"]).json
    done = "exchanges.0.examinations.0"
    assert told["beyond_form"] == [f"{done}.performed_at", f"{done}.retention_days"]
    assert json.dumps(told).isascii()


def test_a_key_of_nobody_has_no_end(place: Place) -> None:
    key = IntakeKey(name="old", sha256_hex="0" * 64)
    settings = replace(place.site.parts.settings, intake_keys=(key,))
    bare = Place(replace(place.site, parts=replace(place.site.parts, settings=settings)), place.relay)
    assert bare.ask(LIST).status_code == 401
