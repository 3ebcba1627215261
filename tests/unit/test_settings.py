"""The settings file: typed, documented, nothing unknown."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway.errors import SettingsError
from gateway.settings import Settings, load, toml
from gateway.texts import sentence
from gateway.wiring import peers

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
    [("", "one end"), ("site = 's'\nplatform = 'p'", "one end"), ("platform = 'p'", "no table [platform.p]")],
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


@pytest.mark.parametrize(
    ("content", "line", "column", "french", "english"),
    [
        (b"[web]\nport", 2, 5, "il manque", "without"),
        (b"port = 80 80", 1, 11, "de trop", "stands behind a value"),
        (b"[web", 1, 5, "[nom]", "[name]"),
        (b"[[web]", 1, 6, "[nom]", "[name]"),
        (b"a = 1\na = 2\n\n", 2, 6, "gardez-en une seule", "keep one"),
        (b"[a]\n[a]", 2, 3, "gardez-en une seule", "keep one"),
        (b"a = {b = 1, b = 2}", 1, 18, "gardez-en une seule", "keep one"),
        (b"a = {b = 1}\na.c = 1\n", 2, 8, "gardez-en une seule", "keep one"),
        (b"a = 'x", 1, 7, "guillemet par lequel", "quote that it begins with"),
        (b"a = '''x", 1, 9, "guillemet par lequel", "quote that it begins with"),
        (b'a = "x\n"', 1, 7, "fin de sa ligne", "end of its line"),
        (b"a = 1 # \x01", 1, 9, "fin de sa ligne", "end of its line"),
        (b'a = "C:\\temp\\q"', 1, 15, "doublez-le", "write it twice"),
        (b'a = "\\ud800"', 1, 12, "son num", "by its number"),
        (b'a = "\\uzz"', 1, 8, "son num", "by its number"),
        (b"a = 2026-02-30T10:00:00", 1, 5, "cette date", "this day"),
        (b"a = yes", 1, 5, "true et false", "true and false"),
        (b"a =", 1, 4, "true et false", "true and false"),
        ("clé = 1".encode(), 1, 3, "il manque", "without"),
        ("é = 1".encode(), 1, 1, "accent", "accents"),
        (b"a. = 1", 1, 4, "accent", "accents"),
        (b"a = [1 2]", 1, 8, "une liste", "a list"),
        (b"a = {b = 1", 1, 11, "accolades", "braces"),
        (b"a = 1\nb = '\xff'", 2, 6, "enregistrez-le en UTF-8", "save it as UTF-8"),
    ],
)
def test_what_is_no_toml_is_told_by_its_place_with_what_to_write(
    tmp_path: Path, content: bytes, line: int, column: int, french: str, english: str
) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as refusal:
        load(path)
    error = refusal.value
    told = sentence(error.code, error.facts, "fr"), sentence(error.code, error.facts, "en")
    assert f"ligne {line}, colonne {column} : " in told[0]
    assert f"line {line}, column {column}: " in told[1]
    assert (french in told[0], english in told[1]) == (True, True), told


def test_each_message_of_the_reader_of_toml_has_its_words() -> None:
    source = inspect.getsource(tomllib._parser)  # type: ignore[attr-defined]
    messages = re.findall(r"""suffixed_err\(\s*src,\s*\w+,\s*f?"(.+?)",?\s*\)""", source)
    assert len(messages) > 15
    for message in (one.encode().decode("unicode_escape") for one in messages):
        # What is expected are the quotes of a string.
        said = message.replace("{expect!r}", repr("'"))
        assert toml._words(said)[0] != said, said


def test_a_file_with_a_mark_of_its_encoding_and_the_line_ends_of_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(b'\xef\xbb\xbflog_level = "debug"\r\n[web]\r\nport = 81\r\n')
    assert (load(path).log_level, load(path).web.port) == ("debug", 81)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(tmp_path / "none.toml")
    assert refusal.value.place.endswith("none.toml")


_RELAY = """
[pacs.p]
host = "127.0.0.1"
port = 1
called_aet = "P"
[site.s]
organization_id = "1"
organization_name = "o"
pacs = "p"
destinations = []
source_id = "1.2.3"
[platform.lecture]
addresses = ["TLR|LECTURE"]
sites = ["s"]
"""
_KEY = f'[[intake.key]]\nname = "k"\nsha256 = "{"0" * 64}"\n'


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('host = "h"\nport = 1\n', None),
        ('delivery = "mllp"\nhost = "h"\nport = 1\n', None),
        (f'delivery = "pull"\n{_KEY}platform = "lecture"\n', None),
        (f'host = "h"\nport = 1\n[site.s.ris]\ndelivery = "pull"\n{_KEY}site = "s"\n', None),
        ("", "needs host and port"),
        ('host = "h"\n', "needs host and port"),
        ("port = 1\n", "needs host and port"),
        ('delivery = "pull"\n', "[platform.lecture] fetches its messages"),
        (f'delivery = "pull"\n{_KEY}site = "s"\n', 'add an [[intake.key]] with platform = "lecture"'),
        (f'host = "h"\nport = 1\n[site.s.ris]\ndelivery = "pull"\n{_KEY}platform = "lecture"\n', 'with site = "s"'),
        ('delivery = "pull"\nhost = "h"\nport = 1\ntls = true\n', "take out host, port, tls"),
        ('delivery = "push"\nhost = "h"\nport = 1\n', "'mllp' or 'pull'"),
    ],
)
def test_an_end_of_the_relay_is_sent_its_messages_or_fetches_them(tmp_path: Path, more: str, words: str | None) -> None:
    path = _write(tmp_path, f"{_RELAY}{more}")
    if words is None:
        settings = load(path)
        ends = [settings.platform["lecture"], *filter(None, [settings.site["s"].ris])]
        assert any(end.fetches for end in ends) is ("pull" in more)
        return
    with pytest.raises(SettingsError) as refusal:
        load(path)
    assert words in refusal.value.facts["words"]


_PACS = '[pacs.p]\nhost = "127.0.0.1"\nport = 1\ncalled_aet = "P"\nmax_associations = '


def test_each_process_that_works_has_an_association_of_its_own(tmp_path: Path) -> None:
    path = _write(tmp_path, f"[work]\nprocesses = 3\n{_PACS}7\n")
    table = load(path).pacs["p"]
    assert [peers.pacs("p", table, part, 3).max_associations for part in ("work", "web", "")] == [1, 4, 7]
    path.write_text(f"[work]\nprocesses = 4\n{_PACS}7\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refusal:
        load(path)
    assert "pacs.p.max_associations: must be 8" in refusal.value.facts["words"]
