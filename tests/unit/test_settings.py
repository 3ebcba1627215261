"""The settings file: typed, documented, nothing unknown."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway.errors import SettingsError
from gateway.settings import Settings, load

FILE = Path(__file__).parents[2] / "config" / "gateway.toml"


def _write(folder: Path, text: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_commented_file_is_valid_as_it_stands() -> None:
    settings = load(FILE)
    assert settings.site["main"].destinations == ("region",)
    assert settings.store.blobs == FILE.parent / "blobs"
    assert settings.store.url == f"sqlite:///{FILE.parent}/gateway.db"


def test_every_key_stands_in_the_commented_file_and_every_commented_key_exists() -> None:
    text = FILE.read_text(encoding="utf-8")
    uncommented = re.sub(r"(?m)^# (?=\[|[a-z_A-Z0-9]+ = )", "", text)
    document = tomllib.loads(uncommented.replace("#   url", "# x"))
    mllp = document["mllp"]
    # A table inside [mllp] is a further port.
    mllp["ports"] = {name: mllp.pop(name) for name in [name for name in mllp if isinstance(mllp[name], dict)]}

    def compare(model: type[BaseModel], table: dict[str, object], path: str) -> None:
        assert set(table) == set(model.model_fields), path
        for name, field in model.model_fields.items():
            inner = _model_in(field.annotation)
            value = table[name]
            if inner is None:
                continue
            if isinstance(value, list):
                compare(inner, value[0], f"{path}.{name}")
            elif isinstance(value, dict) and not set(value) <= set(inner.model_fields):
                compare(inner, next(iter(value.values())), f"{path}.{name}.NAME")
            else:
                assert isinstance(value, dict)
                compare(inner, value, f"{path}.{name}")

    compare(Settings, document, "settings")


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("colour = 1", "colour"),
        ("[web]\nprot = 1", "web.prot"),
        ("[web]\nport = 70000", "web.port"),
        ("environment = 'live'", "environment"),
        ("[pacs.p]\nhost = 'h'\nport = 1\ncalled_aet = 'A\\\\B'", "pacs.p.called_aet"),
        ("[destination.d]\nregistry_url = 'ftp://x'\nrepository_url = 'http://x'", "destination.d.registry_url"),
        ("[[intake.key]]\nname = 'a'\nsha256 = 'xyz'\nsite = 's'", "intake.key.0.sha256"),
    ],
)
def test_a_wrong_key_stops_the_start_with_its_name(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(_write(tmp_path, text))
    assert refusal.value.code == "settings_wrong"
    assert refusal.value.place == place
    assert place in refusal.value.facts["words"]


@pytest.mark.parametrize(
    ("ends", "word"),
    [("", "one end"), ("site = 's'\nplatform = 'p'", "one end"), ("platform = 'p'", "no such table")],
)
def test_a_key_is_of_a_site_or_of_a_platform_that_is_there(tmp_path: Path, ends: str, word: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(_write(tmp_path, f"[[intake.key]]\nname = 'a'\nsha256 = '{'0' * 64}'\n{ends}"))
    assert word in refusal.value.facts["words"]


def test_a_site_that_names_an_absent_pacs_is_refused(tmp_path: Path) -> None:
    text = "[site.s]\norganization_id='1'\norganization_name='o'\npacs='nowhere'\ndestinations=[]\nsource_id='1.2.3'"
    with pytest.raises(SettingsError) as refusal:
        load(_write(tmp_path, text))
    assert "nowhere" in refusal.value.facts["words"]


@pytest.mark.parametrize("content", [b"not = toml = at all", b"\xff\xfe", b"[a"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as refusal:
        load(path)
    assert refusal.value.code == "settings_unreadable"


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(tmp_path / "none.toml")
    assert refusal.value.place.endswith("none.toml")
