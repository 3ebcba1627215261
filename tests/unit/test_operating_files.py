"""The files that an operator installs: units, image recipe, alerts, proxies, and the pages that speak of them."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.monitoring.figures import KINDS
from gateway.monitoring.health import Health, Look
from gateway.monitoring.metrics import text
from gateway.monitoring.status import Status
from gateway.store.tallies import Tallies
from tests.support.monitoring import read_exposition

ROOT = Path(__file__).parents[2]
CONFIG, DOCS = ROOT / "config", ROOT / "docs"
UNITS = sorted((CONFIG / "systemd").glob("*.service"))
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "StateDirectory": "gateway",
    "User": "gateway",
    "UMask": "0077",
    "CapabilityBoundingSet": "",
}


def unit(path: Path) -> configparser.ConfigParser:
    found = configparser.ConfigParser(strict=True, interpolation=None)
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read_string(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_every_unit_gives_the_service_as_little_as_it_needs(path: Path) -> None:
    service = unit(path)["Service"]
    assert {name: service.get(name) for name in HARDENED} == HARDENED
    assert service["ExecStart"].startswith("/opt/gateway/bin/gateway ")
    if service.get("Type") != "oneshot":
        assert service["Restart"] == "always"


def test_the_commands_of_the_units_exist() -> None:
    from click.testing import CliRunner

    from gateway.cli import app

    for path in UNITS:
        words = unit(path)["Service"]["ExecStart"].replace("%i", "work").split()[1:]
        options = [word for word in words if word.startswith("--")]
        shown = CliRunner().invoke(app, [words[0], "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
        assert shown.exit_code == 0, path
        plain = re.sub(r"\x1b\[[0-9;]*m", "", shown.output)
        assert all(option in plain for option in options), path


@pytest.mark.systemd
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    program = shutil.which("true")
    for path in (CONFIG / "systemd").iterdir():
        # The command is not where the units look for it on this machine.
        given = path.read_text(encoding="utf-8").replace("/opt/gateway/bin/gateway", str(program))
        (tmp_path / path.name.replace("@", "@work")).write_text(given, encoding="utf-8")
    units = sorted(str(path) for path in tmp_path.iterdir())
    verdict = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False, timeout=60
    )
    assert verdict.stderr == ""
    assert verdict.returncode == 0


def test_the_image_recipe_copies_what_is_there_and_runs_as_nobody_in_particular() -> None:
    recipe = (CONFIG / "oci" / "Containerfile").read_text(encoding="utf-8")
    copied = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", recipe)
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
    assert re.search(r"(?m)^USER 10001:10001$", recipe)
    assert "HEALTHCHECK" in recipe
    assert "--require-hashes" in recipe


def test_alerts_speak_of_figures_that_there_are_in_both_languages() -> None:
    rules = (CONFIG / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"gateway_[a-z_]+", rules))
    status = Status("work", 1, 0.0, 0.0)
    tallies = Tallies(
        shares={("d", "held"): 1},
        oldest_s={("d", "held"): 1.0},
        attempts={("d", "held"): 1},
        held={("d", "r"): 1},
        relay={"held": 1},
        notices={"mail": 1},
    )
    exposed = text(
        tallies=tallies, statuses=[status], health=Health((Look("store", "ok"),)), free={"store": 1}, now=0.0
    )
    known = set(read_exposition(exposed)) | set(KINDS)
    assert named <= known
    alerts = rules.count("- alert:")
    for annotation in ("summary", "summary_fr", "description", "description_fr"):
        assert len(re.findall(rf"(?m)^          {annotation}: ", rules)) == alerts
    told = (DOCS / "operator.md").read_text(encoding="utf-8")
    assert (
        sorted(name for name in known - {"gateway_info", "gateway_process_start_time_seconds"} if name not in told)
        == []
    )


def test_the_proxies_close_what_is_for_machines_and_log_no_address() -> None:
    nginx = (CONFIG / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    assert "healthz|readyz|metrics" in nginx
    assert nginx.count("access_log off;") == 2
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
    assert "/healthz /readyz /metrics" in (CONFIG / "proxy" / "Caddyfile").read_text(encoding="utf-8")


def test_an_installation_stops_before_a_file_that_was_changed(tmp_path: Path) -> None:
    carried, target = tmp_path / "carried", tmp_path / "target"
    carried.mkdir()
    shutil.copy(ROOT / "scripts" / "install-offline", carried / "install")
    (carried / "python-version").write_text("3.11\n", encoding="utf-8")
    (carried / "requirements.txt").write_text("flask==0\n", encoding="utf-8")
    (carried / "SHA256SUMS").write_text(f"{'0' * 64}  requirements.txt\n", encoding="utf-8")
    told = subprocess.run(
        [str(carried / "install"), str(target)], capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode != 0
    assert "requirements.txt" in told.stdout + told.stderr
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("script", ["wheelhouse", "install-offline"])
def test_the_scripts_are_read_by_bash_and_explain_themselves(script: str) -> None:
    path = ROOT / "scripts" / script
    assert subprocess.run(["bash", "-n", str(path)], check=False, timeout=60).returncode == 0
    shown = subprocess.run([str(path)], capture_output=True, text=True, check=False, timeout=60)
    assert shown.returncode == 2
    assert "network" in shown.stderr
