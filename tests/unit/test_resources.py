"""The data that ships with the program is found, or its absence has a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import resources
from gateway.errors import SettingsError


def test_a_checkout_has_its_data() -> None:
    assert resources.wsdl_path("registry").is_file()
    assert resources.valuesets_path().is_dir()
    assert resources.config_path().is_dir()


def test_the_data_of_an_installed_package_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "gateway" / "_data" / "wsdl"
    for folder in (inside, tmp_path / "wsdl"):
        folder.mkdir(parents=True)
        (folder / "registry.wsdl").touch()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "gateway")
    assert resources.wsdl_path("registry") == inside / "registry.wsdl"


def test_what_is_absent_stops_the_start_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="resource_missing") as refusal:
        resources.wsdl_path("absent")
    assert refusal.value.facts == {"name": "absent.wsdl"}
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "gateway")
    with pytest.raises(SettingsError, match="resource_missing"):
        resources.valuesets_path()
