"""The relay beside a real PACS (Orthanc): what is said of an examination is compared with it before it leaves."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hl7
import pytest
import requests

from gateway.demo import headers, identity
from gateway.demo.identity import CT
from gateway.hl7 import er7
from gateway.model.identifiers import Identifier
from tests.support import orthanc
from tests.support.dicom_objects import encoded
from tests.support.gateway import Running, planned
from tests.support.relay import NUMBER, bare_complement, report, white_paper
from tests.support.relay_peers import OtherEnd, exchange, other_end

pytestmark = pytest.mark.orthanc
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
LATE = "1.2.250.1.999.5.77"
KEYS = {"site": "a-key-of-the-site", "platform": "a-key-of-the-platform", "paper": "a-key-of-the-other-platform"}


@dataclass
class Scene:
    """A gateway that runs, a PACS, the site's system and two platforms."""

    gateway: Running
    pacs: orthanc.Orthanc
    ris: OtherEnd
    platform: OtherEnd
    paper: OtherEnd

    def command(self, *arguments: str) -> Any:
        """What the command answers as JSON, in a process of its own."""
        file = str(self.gateway.world.settings_file)
        command = [sys.executable, "-m", "gateway", *arguments, "--json", "--config", file]
        return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)

    def say(self, message: bytes) -> bytes:
        return exchange(self.gateway.mllp_port, message)[0]

    def post(self, who: str, form: dict[str, Any]) -> requests.Response:
        url = f"{self.gateway.world.public_url}/api/relay/requests"
        with requests.Session() as session:
            session.trust_env = False
            return session.post(url, json=form, headers={"Authorization": f"Bearer {KEYS[who]}"}, timeout=30)

    def message(self, order: str, state: str) -> dict[str, Any]:
        """The message of the request with that order number, once it is in *state*."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = [one for one in self.command("relay", "list") if one["order"] == order]
            if found:
                told = self.command("relay", "show", found[0]["id"])["messages"]
                if told and told[-1]["state"] == state:
                    last: dict[str, Any] = told[-1]
                    return last
        raise AssertionError(f"{order} is not {state}: {found and told}")


def images(study_uid: str) -> list[bytes]:
    """Two small slices of the demo's CT, in a study of their own when it is another one."""
    made = []
    for number in (1, 2):
        image = headers.ct(CT, identity.PATIENT, 2)
        image.StudyInstanceUID = study_uid
        image.SeriesInstanceUID = f"{study_uid}.1"[:64]
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"{study_uid}.1.{number}"[-64:].lstrip(".")
        image.InstanceNumber = number
        image.Rows = image.Columns = 8
        image.PixelData = bytes(128)
        made.append(encoded(image))
    return made


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with (
        orthanc.running() as pacs,
        planned(pacs, retry_first_s=0.2) as here,
        other_end() as ris,
        other_end() as platform,
        other_end() as paper,
    ):
        file = here.world.settings_file
        digests = {who: hashlib.sha256(key.encode()).hexdigest() for who, key in KEYS.items()}
        text = file.read_text(encoding="utf-8")
        text = text.replace("retry_first_s = 0.2", "retry_first_s = 0.2\nretry_longest_s = 0.5")
        text += (
            f'\n[platform.lecture]\nhost = "127.0.0.1"\nport = {platform.port}\naddresses = ["TLR|LECTURE"]\n'
            f'sites = ["presquile"]\n'
            f'[platform.papier]\nhost = "127.0.0.1"\nport = {paper.port}\naddresses = ["TLR|PAPIER"]\n'
            f'sites = ["presquile"]\nmessages = "white-paper"\n'
            f'[site.presquile.ris]\nhost = "127.0.0.1"\nport = {ris.port}\n'
            f'[[intake.key]]\nname = "ris"\nsha256 = "{digests["site"]}"\nsite = "presquile"\n'
            f'[[intake.key]]\nname = "tlr"\nsha256 = "{digests["platform"]}"\nplatform = "lecture"\n'
            f'[[intake.key]]\nname = "papier"\nsha256 = "{digests["paper"]}"\nplatform = "papier"\n'
        )
        file.write_text(text, encoding="utf-8")
        pacs.store(images(CT.study_uid))
        here.start_identity_provider()
        here.start_gateway()
        yield Scene(here, pacs, ris, platform, paper)


def example(name: str, **changes: Any) -> dict[str, Any]:
    form: dict[str, Any] = json.loads((EXAMPLES / f"relay-{name}.json").read_text(encoding="utf-8"))
    return {**form, **changes}


def test_flow_d_that_the_pacs_confirms_leaves_as_it_came(scene: Scene) -> None:
    before = len(scene.platform.received)
    message = white_paper("lb-d", Identifier(NUMBER.root, "OPN-D1"))
    assert scene.say(message) == b"AA"
    assert scene.platform.wait_for(before + 1)[-1] == message
    assert scene.message("OPN-D1", "delivered")["flow"] == "complement"


def test_flow_d_of_which_the_pacs_knows_another_accession_number_is_held(scene: Scene) -> None:
    before = len(scene.platform.received)
    assert scene.say(white_paper("lb-d", Identifier(NUMBER.root, "OPN-D2"), OBR_1_18="OTHER")) == b"AA"
    assert scene.message("OPN-D2", "held")["reason"] == "relay_accession_differs"
    assert len(scene.platform.received) == before


def test_flow_d_waits_until_the_pacs_has_the_study(scene: Scene) -> None:
    before = len(scene.platform.received)
    study = f"{LATE}^RIS^Application^DICOM"
    message = white_paper("lb-d", Identifier(NUMBER.root, "OPN-D3"), ZDS_1_1=study)
    assert scene.say(message) == b"AA"
    assert scene.message("OPN-D3", "waiting")["reason"] in ("", "study_absent")
    scene.pacs.store(images(LATE))
    assert scene.platform.wait_for(before + 1)[-1] == message


def test_flow_4_is_completed_from_the_pacs(scene: Scene) -> None:
    before = len(scene.platform.received)
    bare = bare_complement("MODALITE_IMAGERIE", number=Identifier(NUMBER.root, "OPN-D4"))
    assert scene.say(bare) == b"AA"
    rows = hl7.parse(scene.platform.wait_for(before + 1)[-1].decode()).segments("OBX")
    said = {str(row[3][0][0]): row[5][0] for row in rows}
    assert str(said["MODALITE_IMAGERIE"][0]) == "CT"


def test_a_platform_without_hl7_answers_and_reports_by_json(scene: Scene) -> None:
    there, back = len(scene.platform.received), len(scene.ris.received)
    order = {"value": "OPN-J1", "issuer": NUMBER.root}
    asked = scene.post("site", example("request", order=order, platform="lecture"))
    assert asked.status_code == 202, asked.text
    assert scene.platform.wait_for(there + 1)
    answered = scene.post("platform", example("answer", order=order))
    assert (answered.status_code, answered.json()["id"]) == (202, asked.json()["id"])
    cda = er7.parse(report()).all("OBX")[0].text(5, 5)
    reported = scene.post("platform", {"kind": "report", "order": order, "content": cda})
    assert reported.status_code == 202, reported.text
    answer, carried = scene.ris.wait_for(back + 2)[back:]
    assert str(hl7.parse(answer.decode()).segment("ORC")[1]) == "OK"
    assert str(hl7.parse(carried.decode()).segment("OBX")[5][0][4]) == cda
    (kept,) = [one for one in scene.command("relay", "list") if one["order"] == "OPN-J1"]
    assert kept["state"] == "reported"
    assert scene.gateway.state(CT)


def test_the_same_json_reaches_a_platform_of_the_white_paper_in_its_terms(scene: Scene) -> None:
    there, back = len(scene.paper.received), len(scene.ris.received)
    order = {"value": "OPN-J2", "issuer": NUMBER.root}
    done = example("complement")["examinations"][0]
    done |= {"study_uid": CT.study_uid, "accession": {"value": CT.accession.extension}}
    for who, form in (
        ("site", example("request", order=order, platform="papier")),
        ("paper", example("answer", order=order)),
        ("site", example("complement", order=order, platform="papier", examinations=[done])),
    ):
        made = scene.post(who, form)
        assert made.status_code == 202, made.text
    asked, performed = scene.paper.wait_for(there + 2)[there:]
    (protocol,) = scene.ris.wait_for(back + 1)[back:]
    for message in (asked, performed, protocol):
        assert str(hl7.parse(message.decode()).segment("MSH")[9]) == "ORM^O01^ORM_O01"
    assert str(hl7.parse(performed.decode()).segment("ZDS")[1][0][0]) == CT.study_uid
