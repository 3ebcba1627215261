"""The house is watched: what its adapters meet is counted, and its health is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import app
from gateway.errors import PeerUnreachable
from gateway.monitoring.status import read_all
from gateway.settings import load
from gateway.store.migrations import upgrade
from gateway.wiring.house import House
from tests.support.monitoring import read_exposition

SETTINGS = """
public_url = "http://127.0.0.1:18080"
[web]
health_hosts = ["10.0.0.0/8"]
[monitoring]
metrics_token_file = "token"
[pacs.main]
host = "127.0.0.1"
port = 1
called_aet = "NOBODY"
connect_timeout_s = 1.0
[destination.region]
registry_url = "http://127.0.0.1:1/registry"
repository_url = "http://127.0.0.1:1/repository"
[notify.webhook]
url = "http://127.0.0.1:1/hook"
secret_file = "secret"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "token").write_text("a long random word\n", encoding="utf-8")
    return path


@pytest.fixture
def house(file: Path) -> Iterator[House]:
    one = House(load(file))
    upgrade(one.engine)
    yield one
    one.close()


def test_what_peers_do_is_counted(house: House) -> None:
    with pytest.raises(PeerUnreachable):
        house.pacs["main"].echo()
    with pytest.raises(PeerUnreachable):
        house.destinations["region"].ping_repository()
    read = read_exposition_of(house)
    errors = {dict(labels)["peer"] + " " + dict(labels)["operation"] for labels in read["gateway_peer_errors_total"]}
    assert errors == {"pacs main echo", "destination region ping_repository"}


def test_what_is_answered_to_messages_is_counted(house: House) -> None:
    reception = house.reception
    reception.busy(reception.read(b"MSH|^~\\&|RIS|CLINIC|GW|GW|20260304||MDM^T02^MDM_T02|1|P|2.5\r"))
    assert read_exposition_of(house)["gateway_messages_total"] == {(("answer", "AR"), ("role", "test")): 1}


def read_exposition_of(house: House) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    house.monitoring.begin("test")
    try:
        for _ in range(1000):
            if read_all(house.settings.monitoring.folder):
                break
            house.monitoring._beacon._ended.wait(0.01)  # type: ignore[union-attr]
        return read_exposition(house.monitoring.metrics())
    finally:
        house.monitoring.end()


def test_the_store_that_is_there_makes_it_ready_and_one_that_is_old_does_not(house: House, file: Path) -> None:
    assert house.monitoring.health().ready
    assert "gateway_ready" in read_exposition(house.monitoring.metrics())
    fresh = House(
        load(file).model_copy(
            update={"store": house.settings.store.model_copy(update={"url": f"sqlite:///{file.parent}/new.db"})}
        )
    )
    try:
        health = fresh.monitoring.health()
        assert not health.ready
        assert [look.code for look in health.looks if look.state == "wrong"] == ["store_schema_old"]
        assert read_exposition(fresh.monitoring.metrics())["gateway_store_up"] == {(): 0}
    finally:
        fresh.close()


def test_the_web_gets_networks_and_token(house: House) -> None:
    parts = house.monitoring.web_parts()
    assert parts is not None
    assert [str(network) for network in parts.networks] == ["10.0.0.0/8"]
    assert parts.token is not None
    assert parts.token() == "a long random word"
    assert [channel.name for channel in house.monitoring.channels()] == ["webhook"]


def test_the_commands_say_what_is(house: House, file: Path) -> None:
    run = CliRunner().invoke
    absent = run(app, ["health", "--role", "work", "--config", str(file)])
    assert absent.exit_code == 1
    assert "work" in absent.output
    fine = run(app, ["health", "--json", "--config", str(file)])
    assert fine.exit_code == 0
    assert '"ready": true' in fine.output
    metrics = run(app, ["metrics", "--config", str(file)])
    assert read_exposition(metrics.output)["gateway_ready"] == {(): 1}
    test = run(app, ["notify", "--config", str(file)])
    assert test.exit_code == 1
    assert "secret" in test.output
