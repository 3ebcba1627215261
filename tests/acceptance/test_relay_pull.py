"""A whole exchange where one end speaks HL7 and the other one only JSON, which fetches what it is told: from the
request to the report that is shared, beside a real PACS (Orthanc) and a registry."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hl7
import pytest
import requests

from gateway.demo.identity import CT
from gateway.hl7 import er7
from tests.acceptance.test_relay_pacs import images
from tests.support import orthanc
from tests.support.gateway import Running, planned
from tests.support.relay import (
    NUMBER,
    READER,
    answer,
    bare_complement,
    cancellation,
    complement,
    report,
    request,
    written,
)
from tests.support.relay_peers import OtherEnd, exchange, other_end

pytestmark = pytest.mark.orthanc
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
KEYS = {"site": "a-key-of-the-site", "platform": "a-key-of-the-platform"}
ORDER = {"value": NUMBER.extension, "issuer": NUMBER.root}


@dataclass
class Scene:
    """A gateway that runs, the end that speaks HL7, and the other one, which has nothing but its key."""

    gateway: Running
    peer: OtherEnd
    who: str

    def say(self, message: bytes) -> bytes:
        """By MLLP."""
        return exchange(self.gateway.mllp_port, message)[0]

    def ask(self, method: str, address: str, form: object = None) -> requests.Response:
        """By HTTP, with this end's key."""
        url = f"{self.gateway.world.public_url}{address}"
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, url, json=form, headers={"Authorization": f"Bearer {KEYS[self.who]}"}, timeout=30
            )

    def waiting(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "/api/relay/requests?waiting=true").json()["requests"]
        return found

    def fetch(self, flow: str) -> dict[str, Any]:
        """The message of *flow* that waits, once it does."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for one in self.waiting():
                if one["waiting"]["flow"] == flow:
                    told: dict[str, Any] = self.ask("GET", one["waiting"]["href"]).json()
                    return told
            time.sleep(0.05)
        raise AssertionError(f"no {flow} waits: {self.waiting()}")

    def take(self, flow: str) -> dict[str, Any]:
        """Fetch it, and say that it is there."""
        told = self.fetch(flow)
        assert self.ask("POST", told["received"]).status_code == 204
        assert told["beyond_form"] == []
        return told

    def post(self, form: dict[str, Any]) -> str:
        made = self.ask("POST", "/api/relay/requests", form)
        assert made.status_code == 202, made.text
        identifier: str = made.json()["id"]
        return identifier


@contextmanager
def scene(who: str) -> Iterator[Scene]:
    """*who*: the end that fetches."""
    with orthanc.running() as pacs, planned(pacs, retry_first_s=0.2) as here, other_end() as peer:
        sent = f'host = "127.0.0.1"\nport = {peer.port}'
        deliveries = {end: 'delivery = "pull"' if end == who else sent for end in KEYS}
        keys = {"site": "presquile", "platform": "lecture"}
        text = here.world.settings_file.read_text(encoding="utf-8")
        text = text.replace("retry_first_s = 0.2", "retry_first_s = 0.2\nretry_longest_s = 0.5")
        text += (
            f'\n[platform.lecture]\n{deliveries["platform"]}\naddresses = ["TLR|LECTURE"]\nsites = ["presquile"]\n'
            f"[site.presquile.ris]\n{deliveries['site']}\n"
            f'[[intake.key]]\nname = "json"\nsha256 = "{hashlib.sha256(KEYS[who].encode()).hexdigest()}"\n'
            f'{who} = "{keys[who]}"\n'
        )
        here.world.settings_file.write_text(text, encoding="utf-8")
        pacs.store(images(CT.study_uid))
        here.start_registry()
        here.start_identity_provider()
        here.start_gateway()
        yield Scene(here, peer, who)


def example(name: str, **changes: Any) -> dict[str, Any]:
    form: dict[str, Any] = json.loads((EXAMPLES / f"relay-{name}.json").read_text(encoding="utf-8"))
    return {**form, "order": ORDER, **changes}


def document_of(message: bytes) -> bytes:
    return base64.b64decode(er7.parse(message).all("OBX")[0].text(5, 5))


def test_the_site_speaks_hl7_and_the_platform_only_json() -> None:
    with scene("platform") as here:
        assert here.say(written(request())) == b"AA"
        # Flow B: the request as a document, of the same order number.
        document = report().replace(b"|TLR|LECTURE|RIS-DEMO|PRESQUILE|", b"|RIS-DEMO|PRESQUILE|TLR|LECTURE|")
        assert here.say(document) == b"AA"

        asked = here.fetch("request")
        (form,) = asked["exchanges"]
        assert (form["kind"], form["order"], form["site"]) == ("request", ORDER, "presquile")
        assert (form["justification"], form["modality"]["code"]) == ("Céphalées", "CT")
        assert form["patient"]["birth_family"] == "KERMARREC-LEFÈVRE"
        # Fetched is not received: it still waits, and what is behind it is not offered.
        assert [one["waiting"]["id"] for one in here.waiting()] == [asked["id"]]
        here.post(example("answer", protocols=["Sans injection"]))
        # An answer says as much: the document is next.
        brought = here.take("document")
        (link,) = brought["documents"]
        got = here.ask("GET", link)
        assert (got.content, got.headers["Content-Type"]) == (document_of(document), "application/xml")
        assert base64.b64decode(brought["exchanges"][0]["content"]) == got.content
        (accepted,) = here.peer.wait_for(1)
        assert str(hl7.parse(accepted.decode()).segment("ORC")[1]) == "OK"

        assert here.say(bare_complement("MODALITE_IMAGERIE")) == b"AA"
        (done,) = here.take("complement")["exchanges"][0]["examinations"]
        assert (done["study_uid"], done["accession"]["value"]) == (CT.study_uid, CT.accession.extension)
        assert (done["modality"]["code"], done["locations"][0]["region"]["code"]) == ("CT", "774007")
        assert f"studyUID={CT.study_uid}" in done["viewer_url"]

        cda = document_of(report())
        request_id = here.post({"kind": "report", "order": ORDER, "content": base64.b64encode(cda).decode()})
        reported = here.peer.wait_for(2)[1]
        assert document_of(reported) == cda
        here.gateway.wait_for(CT, "shared")
        state = here.ask("GET", f"/api/relay/requests/{request_id}").json()
        assert (state["state"], {one["state"] for one in state["messages"]}) == ("reported", {"delivered"})

        assert here.say(written(cancellation())) == b"AA"
        (taken_back,) = here.take("cancel")["exchanges"]
        assert (taken_back["kind"], taken_back["reason"]) == ("cancellation", "Patient absent")
        assert here.waiting() == []


def test_the_platform_speaks_hl7_and_the_site_only_json() -> None:
    with scene("site") as here:
        here.post(example("request"))
        assert b"OPN-77" in here.peer.wait_for(1)[0]
        assert here.say(written(answer(), back=True)) == b"AA"
        (answered,) = here.take("answer")["exchanges"]
        assert (answered["accepted"], answered["protocols"]) == (True, ["Sans injection"])
        assert answered["reader"]["number"] == READER.identifiers[0].extension
        done = example("complement")["examinations"][0]
        done |= {"study_uid": CT.study_uid, "accession": {"value": CT.accession.extension}}
        # The gateway's own address is not https here, which the guide asks for.
        done["viewer_url"] = complement().examinations[0].viewer_url
        here.post(example("complement", examinations=[done]))
        assert str(hl7.parse(here.peer.wait_for(2)[1].decode()).segment("MSH")[9]) == "OMI^O23^OMI_O23"
        message = report()
        assert here.say(message) == b"AA"
        told = here.take("report")
        assert here.ask("GET", told["documents"][0]).content == document_of(message)
        assert told["exchanges"][0]["to_dmp"] is True
        here.gateway.wait_for(CT, "shared")
