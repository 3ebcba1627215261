"""The commands, as an operator types them, over running parts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gateway.demo import phantom
from gateway.demo.identity import CT
from gateway.hl7.sender import send
from gateway.monitoring.status import read_all
from tests.support.gateway import Running, message, planned
from tests.support.monitoring import read_exposition


def _gateway(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def here() -> Iterator[Running]:
    with planned() as world:
        phantom.sample_studies(world.world.studies, slices=4, prior_slices=2)
        world.start_pacs()
        world.start_registry()
        world.start_identity_provider()
        world.start_gateway()
        assert b"MSA|AA|" in send("127.0.0.1", world.mllp_port, message(CT), 30)
        world.wait_for(CT, "shared")
        yield world


def test_search_finds_the_documents_and_the_link_by_accession_number(here: Running) -> None:
    settings = str(here.world.settings_file)
    told = _gateway("search", "--accession", str(CT.accession.extension), "--config", settings, "--json")
    assert told.returncode == 0, told.stderr
    (found,) = json.loads(told.stdout)
    assert sorted(d["mime_type"] for d in found["documents"]) == ["application/dicom", "text/xml"]
    assert all(len(d["hash"]) == 40 for d in found["documents"])
    (link,) = found["links"]
    assert f"studyUID={CT.study_uid}" in link
    table = _gateway("search", "--accession", str(CT.accession.extension), "--config", settings)
    assert link in table.stdout


def test_search_for_a_number_that_nobody_shared_asks_for_the_patient(here: Running) -> None:
    told = _gateway("search", "--accession", "NOBODY", "--config", str(here.world.settings_file))
    assert told.returncode == 2
    assert "--patient" in told.stderr
    named = _gateway(
        "search", "--accession", "NOBODY", "--patient", "X^^^&1.2.3&ISO", "--json",
        "--config", str(here.world.settings_file),
    )  # fmt: skip
    assert json.loads(named.stdout)[0]["documents"] == []


def test_check_finds_nothing_wrong_while_everything_runs(here: Running) -> None:
    told = _gateway("check", "--config", str(here.world.settings_file), "--json")
    findings = {f["subject"]: f for f in json.loads(told.stdout)}
    assert {f["state"] for f in findings.values()} == {"ok"}, findings
    assert set(findings) == {
        *("settings", "doors", "store", "documents", "disk documents", "disk store", "status folder"),
        *("process intake", "process web", "process work", "port web", "port mllp"),
        *("pacs demo", "destination demo", "repository demo", "login", "patient_login"),
    }
    assert told.returncode == 0


def test_check_names_what_does_not_answer(here: Running, tmp_path: Path) -> None:
    text = here.world.settings_file.read_text(encoding="utf-8")
    for name in ("pacs", "registry", "identity_provider"):
        text = text.replace(str(here.world.ports[name]), "1")
    settings = tmp_path / "gateway.toml"
    settings.write_text(text, encoding="utf-8")
    (tmp_path / "client-secret").write_text("x", encoding="utf-8")
    told = _gateway("check", "--config", str(settings), "--json")
    wrong = {f["subject"] for f in json.loads(told.stdout) if f["state"] == "wrong"}
    assert wrong == {"pacs demo", "destination demo", "repository demo", "login", "patient_login"}
    assert told.returncode == 1
    screen = _gateway("check", "--config", str(settings))
    assert "wrong" in screen.stdout
    assert "Traceback" not in screen.stderr


def _wait_for_figures(here: Running, *names: str) -> None:
    """Until the processes have written them into their status files."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        statuses = read_all(here.world.folder / "status")
        if set(names) <= {figure["name"] for status in statuses for figure in status.figures}:
            return
        time.sleep(0.1)
    raise AssertionError(f"{names} were not written")


def test_a_probe_and_prometheus_learn_how_it_is(here: Running) -> None:
    _wait_for_figures(here, "gateway_messages_total", "gateway_share_delay_seconds")
    told = _gateway("health", "--config", str(here.world.settings_file), "--json")
    health = json.loads(told.stdout)
    assert told.returncode == 0
    assert health["ready"] is True
    assert {peer["name"]: peer["up"] for peer in health["peers"]} == {"pacs demo": True, "destination demo": True}
    assert _gateway("health", "--config", str(here.world.settings_file), "--role", "work").returncode == 0
    assert _gateway("health", "--config", str(here.world.settings_file), "--role", "receive").returncode == 1
    assert requests.get(f"{here.world.public_url}/readyz", timeout=30).json()["ready"] is True
    read = read_exposition(requests.get(f"{here.world.public_url}/metrics", timeout=30).text)
    assert read["gateway_shares"] == {(("destination", "demo"), ("state", "shared")): 1}
    assert set(read["gateway_process_up"].values()) == {1}
    ((labels, answered),) = read["gateway_messages_total"].items()
    assert (dict(labels)["answer"], answered) == ("AA", 1)
    assert sum(read["gateway_share_delay_seconds_count"].values()) == 1


@pytest.mark.parametrize("command", ["serve", "check", "search", "registry"])
def test_a_wrong_setting_is_one_line_with_its_name(tmp_path: Path, command: str) -> None:
    settings = tmp_path / "gateway.toml"
    settings.write_text("[web]\nprot = 1\n", encoding="utf-8")
    more = ["--accession", "1"] if command == "search" else []
    told = _gateway(command, "--config", str(settings), *more)
    assert told.returncode != 0
    assert "web.prot" in told.stdout + told.stderr
    assert "Traceback" not in told.stderr


def test_a_start_with_an_open_door_is_refused(here: Running, tmp_path: Path) -> None:
    text = here.world.settings_file.read_text(encoding="utf-8").replace("[mllp]", '[mllp]\nhost = "0.0.0.0"')
    settings = tmp_path / "gateway.toml"
    settings.write_text(text, encoding="utf-8")
    told = _gateway("serve", "--config", str(settings))
    assert told.returncode == 2
    assert "mllp.allow_plain" in told.stderr


def test_a_key_is_shown_once_with_the_line_that_lets_it_in() -> None:
    told = _gateway("key")
    assert "sha256 = " in told.stdout


def test_help_names_every_command() -> None:
    told = _gateway("--help")
    for command in ("serve", "work", "registry", "check", "search", "key", "demo"):
        assert command in told.stdout
