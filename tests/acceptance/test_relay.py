"""The relay of a whole gateway between two independent ends, one of which is away for a while."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests

from gateway.model.identifiers import Identifier
from tests.support.gateway import Running, planned
from tests.support.relay import NUMBER, READER, answer, cancellation, report, request, white_paper, written
from tests.support.relay_peers import OtherEnd, exchange, free_port, header, other_end

KEY = "a-key-of-the-relay-tests"


@pytest.fixture(scope="module")
def platform_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def ris() -> Iterator[OtherEnd]:
    with other_end() as end:
        yield end


@pytest.fixture(scope="module")
def gateway(platform_port: int, ris: OtherEnd) -> Iterator[Running]:
    with planned(retry_first_s=0.2) as here:
        file = here.world.settings_file
        text = file.read_text(encoding="utf-8")
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        text = text.replace("retry_first_s = 0.2", "retry_first_s = 0.2\nretry_longest_s = 0.5")
        text += (
            f'\n[platform.lecture]\nhost = "127.0.0.1"\nport = {platform_port}\naddresses = ["TLR|LECTURE"]\n'
            f'sites = ["presquile"]\n[site.presquile.ris]\nhost = "127.0.0.1"\nport = {ris.port}\n'
            f'[[intake.key]]\nname = "ris"\nsha256 = "{digest}"\nsite = "presquile"\n'
        )
        file.write_text(text, encoding="utf-8")
        here.start_identity_provider()
        here.start_gateway()
        yield here


def run(gateway: Running, *arguments: str) -> bytes:
    """What the command prints, in a process of its own."""
    command = [sys.executable, "-m", "gateway", *arguments, "--config", str(gateway.world.settings_file)]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def told(gateway: Running, *arguments: str) -> list[dict[str, object]]:
    read: list[dict[str, object]] = json.loads(run(gateway, *arguments, "--json"))
    return read


def test_requests_pass_in_order_though_the_platform_is_away_at_first(
    gateway: Running, platform_port: int, ris: OtherEnd
) -> None:
    first, second = written(request(), control_id="E2E-1"), written(cancellation(), control_id="E2E-2")
    # Nobody listens at the platform: the site is acknowledged all the same, because both are kept.
    assert exchange(gateway.mllp_port, first) == [b"AA", b"E2E-1"]
    assert exchange(gateway.mllp_port, second) == [b"AA", b"E2E-2"]
    assert told(gateway, "relay", "list")[0]["state"] == "cancelled"
    with other_end(platform_port) as platform:
        assert platform.wait_for(2) == [first, second]
        back = written(answer(accepted=False, protocols=(), reason="Annulé"), back=True, control_id="E2E-3")
        assert exchange(gateway.mllp_port, back) == [b"AA", b"E2E-3"]
        assert ris.wait_for(1) == [back]


def test_the_white_papers_messages_pass_without_the_guide(gateway: Running, platform_port: int, ris: OtherEnd) -> None:
    number, before = Identifier(NUMBER.root, "OPN-WHITE"), len(ris.received)
    asked, protocol = (white_paper(flow, number) for flow in ("lb-a", "lb-c"))
    assert exchange(gateway.mllp_port, asked)[0] == b"AA"
    assert exchange(gateway.mllp_port, protocol)[0] == b"AA"
    with other_end(platform_port) as platform:
        assert platform.wait_for(1) == [asked]
    assert ris.wait_for(before + 1)[-1] == protocol
    (kept,) = [one for one in told(gateway, "relay", "list") if one["order"] == "OPN-WHITE"]
    assert kept["state"] == "accepted"
    assert exchange(gateway.mllp_port, white_paper("lb-a", number, OBR_1_13=""))[0] == b"AE"


def test_a_report_comes_back_enters_the_share_and_reaches_the_site(gateway: Running, ris: OtherEnd) -> None:
    before = len(ris.received)
    message = report(control_id="E2E-4")
    assert exchange(gateway.mllp_port, message) == [b"AA", b"E2E-4"]
    assert ris.wait_for(before + 1)[-1] == message
    with closing(sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True, timeout=10)) as database:
        assert database.execute("select count(*) from shares where site = 'presquile'").fetchone() == (1,)


def test_a_system_without_hl7_asks_by_json_and_finds_the_answer(gateway: Running, platform_port: int) -> None:
    body = {
        "order": {"value": "OPN-JSON"},
        "patient": {
            "identifiers": [{"value": "281112915104759", "issuer": "1.2.250.1.213.1.4.10"}],
            "birth_family": "KERMARREC-LEFÈVRE",
            "birth_given": "ZOÉ",
            "birth_date": "19811109",
            "sex": "F",
            "birth_place": "29151",
        },
        "responsible": {"number": "810999000010", "family": "QUÉMÉNER", "given": "Yann"},
        "justification": "Céphalées",
        "modality": {"code": "CT", "display": "scanner"},
        "locations": [{"region": {"code": "774007", "display": "tête et/ou cou"}}],
    }
    url = f"{gateway.world.public_url}/api/relay/requests"
    headers = {"Authorization": f"Bearer {KEY}"}
    with other_end(platform_port) as platform:
        made = requests.post(url, json=body, headers=headers, timeout=20)
        assert made.status_code == 202, made.text
        (message,) = platform.wait_for(1)
        assert header(message, 9) == b"ORM^O01^ORM_O01"
        assert b"OPN-JSON" in message
        state = requests.get(f"{url}/{made.json()['id']}", headers=headers, timeout=20).json()
        assert state["state"] == "sent"
        back = answer(number_of(message), protocols=("Avec injection",))
        assert exchange(gateway.mllp_port, written(back, back=True))[0] == b"AA"
        state = requests.get(f"{url}/{made.json()['id']}", headers=headers, timeout=20).json()
        assert (state["state"], state["protocol"]) == ("accepted", "Avec injection")
        assert state["reader"] == READER.identifiers[0].extension
    wrong = requests.post(url, json={**body, "locations": []}, headers=headers, timeout=20)
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["place"]) == (400, "relay_json", "locations")
    assert requests.post(url, json=body, timeout=20).status_code == 401


def number_of(message: bytes) -> Identifier:
    row = next(row for row in message.split(b"\r") if row.startswith(b"ORC"))
    parts = row.split(b"|")[2].decode().split("^")
    return Identifier(parts[2], parts[0])


def test_everything_received_is_in_the_log_and_can_be_shown(gateway: Running) -> None:
    rows = told(gateway, "hl7", "log", "--answer", "AA")
    assert {"E2E-1", "E2E-2", "E2E-3", "E2E-4"} <= {row["control_id"] for row in rows}
    newest = next(row for row in rows if row["control_id"] == "E2E-4")
    identifier = str(newest["id"])
    assert header(run(gateway, "hl7", "log", identifier, "--show"), 10) == b"E2E-4"
    assert run(gateway, "hl7", "log", identifier, "--again").split()[-1] == b"AA"
    assert told(gateway, "hl7", "log", "--limit", "1")[0]["duplicate"] is True
