"""No open door."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.doors import guard, is_loopback, plain_ports
from gateway.errors import SettingsError
from gateway.settings import Settings

LOGIN = {"issuer": "https://login.example.org", "client_id": "gateway"}
DEMO = {"issuer": "http://127.0.0.1:8091", "client_id": "demo", "demonstration": True}


def _settings(**tables: Any) -> Settings:
    return Settings.model_validate({"login": LOGIN, **tables})


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True),
                                                ("localhost", True), ("0.0.0.0", False), ("10.0.0.1", False),
                                                ("example.org", False), ("", False)])  # fmt: skip
def test_loopback_is_this_machine_alone(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize("door", ["web", "mllp"])
def test_a_port_in_the_clear_outside_the_machine_needs_a_word(door: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        guard(_settings(**{door: {"host": "0.0.0.0"}}))
    assert refusal.value.place == f"{door}.allow_plain"
    allowed = _settings(**{door: {"host": "0.0.0.0", "allow_plain": True}})
    guard(allowed)
    assert plain_ports(allowed) == [(door, "0.0.0.0", True)]


def test_a_certificate_closes_the_web_door() -> None:
    guard(_settings(web={"host": "0.0.0.0", "certificate": "c.pem", "key": "k.pem"}))


def test_without_a_login_nothing_starts() -> None:
    with pytest.raises(SettingsError) as refusal:
        guard(Settings())
    assert refusal.value.code == "login_missing"


@pytest.mark.parametrize(
    "tables",
    [
        {"public_url": "https://images.example.org"},
        {"environment": "production"},
        {"web": {"host": "0.0.0.0", "allow_plain": True}},
        {"mllp": {"host": "10.0.0.1", "allow_plain": True}},
        {"login": {**DEMO, "issuer": "https://login.example.org"}},
    ],
)
def test_the_demonstration_provider_goes_with_loopback_only(tables: dict[str, Any]) -> None:
    guard(_settings(login=DEMO))
    with pytest.raises(SettingsError) as refusal:
        guard(_settings(**{"login": DEMO, **tables}))
    assert refusal.value.code == "demonstration_provider"
