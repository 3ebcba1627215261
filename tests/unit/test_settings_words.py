"""What is wrong with the settings, in words: each contradiction has its sentence, its key and its French."""

from __future__ import annotations

import datetime
import math
import os
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from gateway.demo import world
from gateway.errors import GatewayError, SettingsError
from gateway.settings import Settings, load
from gateway.settings.words import _FRENCH, told, words_of
from gateway.texts import settings as texts
from gateway.wiring.sites import site
from gateway.wiring.web import read_matrix

_PACS = '[pacs.p]\nhost = "h"\nport = 1\ncalled_aet = "P"\n'
_DESTINATION = '[destination.d]\nregistry_url = "https://r"\nrepository_url = "https://r"\n'
_SITE = '[site.s]\norganization_id = "1"\norganization_name = "o"\nsource_id = "1.2.3"\ndestinations = ["d"]\n'
_WHOLE = f"{_PACS}{_DESTINATION}{_SITE}"
_KEY = f'[[intake.key]]\nname = "k"\nsha256 = "{"0" * 64}"\n'
_PLATFORM = '[platform.l]\naddresses = ["a"]\nsites = ["s"]\n'
_MAIL = '[notify.mail]\nhost = "h"\nsender = "a@b"\nrecipients = ["a@b"]\n'

CONTRADICTIONS = [
    ("setting_oid", "registry.repository_unique_id", '[registry]\nrepository_unique_id = "1.02"'),
    ("setting_oid", "rights.authorities.IPP", '[rights.authorities]\nIPP = "x"'),
    (
        "setting_oid",
        "destination.d.imaging_sources.x",
        f'{_DESTINATION}[destination.d.imaging_sources]\nx = "https://r"',
    ),
    ("setting_time_zone", "site.s.time_zone", f'{_WHOLE}time_zone = "Europe/Crozon"'),
    ("setting_url", "public_url", 'public_url = "images.example"'),
    ("setting_issuer", "login.issuer", '[login]\nissuer = "idp"\nclient_id = "c"'),
    ("setting_sha256", "intake.key.0.sha256", '[[intake.key]]\nname = "k"\nsite = "s"\nsha256 = "x"'),
    ("setting_ae_title", "receive.ae_title", '[receive]\nae_title = "A\\\\B"'),
    ("setting_network", "web.health_hosts.1", '[web]\nhealth_hosts = ["::1", "here"]'),
    ("setting_certificate_name", "mllp.client_names.0", '[mllp]\nclient_names = ["ris"]'),
    ("setting_certificate_name", "mllp.second.client_names.0", '[mllp.second]\nclient_names = ["DNS="]'),
    ("setting_mail_address", "notify.mail.recipients.0", _MAIL.replace('["a@b"]', '["a@b, c@d"]')),
    ("setting_mail_password", "notify.mail.password_file", f'{_MAIL}username = "u"'),
    ("setting_mail_password", "notify.mail.username", f'{_MAIL}password_file = "p"'),
    ("setting_mail_in_the_clear", "notify.mail.tls", f'{_MAIL}username = "u"\npassword_file = "p"\ntls = "none"'),
    ("setting_images_peer", "images.peer.0", '[[images.peer]]\nname = "n"'),
    ("setting_introspection", "images.client_id", '[images]\nintrospection_url = "https://i"'),
    ("setting_receive_peer", "receive.peer.0.addresses", '[[receive.peer]]\nae_title = "A"'),
    (
        "setting_receive_certificates",
        "receive.certificate",
        f'[[receive.peer]]\nae_title = "A"\ncertificate_sha256 = "{"0" * 64}"',
    ),
    ("setting_client_names", "mllp.ca_file", '[mllp]\nclient_names = ["CN=a"]\ncertificate = "c"'),
    ("setting_ca_file_alone", "mllp.second.certificate", '[mllp.second]\nca_file = "c"'),
    ("setting_delivery_mllp", "platform.l.port", f'{_PLATFORM}host = "h"'),
    ("setting_delivery_pull", "site.s.ris.tls", f'{_WHOLE}[site.s.ris]\ndelivery = "pull"\ntls = true'),
    ("setting_intake_key_ends", "intake.key.0.site", _KEY),
    ("setting_unknown_name", "site.s.pacs", f'{_WHOLE}pacs = ["p", "q"]'),
    ("setting_unknown_name", "site.s.destinations", f"{_PACS}{_SITE}"),
    ("setting_unknown_name", "mllp.second.sites", f'{_WHOLE}[mllp.second]\nsites = ["t"]'),
    ("setting_unknown_name", "platform.l.sites", f'{_PLATFORM}host = "h"\nport = 1'),
    ("setting_unknown_name", "intake.key.1.site", f'{_WHOLE}{_KEY}site = "s"\n{_KEY}site = "t"'),
    ("setting_unknown_name", "intake.key.0.platform", f'{_WHOLE}{_KEY}platform = "t"'),
    ("setting_no_pacs", "site.s.pacs", f"{_DESTINATION}{_SITE}"),
    (
        "setting_record_in_production",
        "destination.d.record",
        f'environment = "production"\n{_DESTINATION}record = "wire"',
    ),
    ("setting_associations", "pacs.p.max_associations", f"[work]\nprocesses = 3\n{_PACS}"),
    ("setting_blobs", "registry.blobs", '[registry]\nblobs = "blobs"'),
    ("setting_fetches_without_key", "intake.key", f'{_WHOLE}[site.s.ris]\ndelivery = "pull"'),
]


def _refused(tmp_path: Path, text: str) -> GatewayError:
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refusal:
        load(path)
    return refusal.value


@pytest.mark.parametrize(("code", "place", "text"), CONTRADICTIONS)
def test_a_contradiction_names_its_key_and_says_what_to_do_in_both_languages(
    tmp_path: Path, code: str, place: str, text: str
) -> None:
    error = _refused(tmp_path, text)
    assert (error.code, error.place) == ("settings_wrong", place)
    sentences = texts.TEXTS[code]
    for said, form in ((error.facts["words"], sentences.en), (error.facts["words_fr"], sentences.fr)):
        assert said.startswith(f"{place}: ")
        assert form.split("{")[0] in said
        assert "?" not in said, "a fact of the sentence is missing"


def test_no_contradiction_is_without_a_wrong_file_above() -> None:
    known = {code for code in texts.TEXTS if code.startswith("setting_")}
    assert known == {code for code, _, _ in CONTRADICTIONS} | {"setting_public_url"}


def test_a_site_needs_the_address_of_the_link() -> None:
    settings = Settings.model_validate({"public_url": ""})
    with pytest.raises(SettingsError) as refusal:
        site("s", None, settings)  # type: ignore[arg-type]
    assert refusal.value.facts["words_fr"].startswith("public_url: est nécessaire")


def _tables(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[type[BaseModel], tuple[str, ...]]]:
    yield model, above
    for name, field in model.model_fields.items():
        for inner in _within(field.annotation):
            yield from _tables(inner, (*above, name))


def _within(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in getattr(annotation, "__args__", ()):
        yield from _within(argument)


_VALUES: tuple[Any, ...] = (
    *(True, -1, 0, 10**30, -1.5, math.inf, math.nan, "", "x", "9" * 5000, "é" * 80, datetime.date(2026, 3, 4)),
    *([], [""], ["x", 1], [[]], {}, {"x": 1}, {"x": {}}),
)


@pytest.mark.parametrize("model", sorted({model for model, _ in _tables(Settings)}, key=str))
def test_whatever_stands_at_a_key_is_told_in_french(model: type[BaseModel]) -> None:
    for error in _refusals(model):
        for each in error.errors(include_url=False):
            kind = each["type"]
            assert kind in texts.TEXTS or kind in _FRENCH or kind == "extra_forbidden", each
            assert words_of(each, model, "fr") != each["msg"]
        assert told(error, model)["words_fr"]


def _refusals(model: type[BaseModel]) -> Iterator[ValidationError]:
    for name in model.model_fields:
        for value in _VALUES:
            try:
                model.model_validate({name: value})
            except ValidationError as error:
                yield error


def test_a_value_that_may_be_of_two_kinds_is_named_once(tmp_path: Path) -> None:
    error = _refused(tmp_path, f"{_WHOLE}pacs = 7")
    assert error.place == "site.s.pacs"
    assert error.facts["words_fr"] == (
        "site.s.pacs: un texte entre guillemets est attendu; site.s.pacs: une liste est attendue"
    )


@pytest.mark.skipif(os.name != "posix", reason="files as POSIX has them")
def test_why_a_file_cannot_be_read_is_told_in_french(tmp_path: Path) -> None:
    for path, french in ((tmp_path / "none.toml", "n'existe pas"), (tmp_path, "c'est un dossier")):
        with pytest.raises(SettingsError) as refusal:
            load(path)
        assert refusal.value.code == "settings_unreadable"
        assert french in refusal.value.facts["words_fr"]
        with pytest.raises(SettingsError) as refusal:
            read_matrix(path)
        assert french in refusal.value.facts["words_fr"]
        assert refusal.value.facts["file"] == str(path)


@pytest.mark.parametrize(
    ("text", "code", "place", "french"),
    [
        ("[ports", "settings_toml", "", "fermé"),
        ("[ports]\nweb = 1\n[study]\nlook_interval_s = 1.0", "settings_wrong", "ports.mllp", "cette clé manque"),
        ("{ports}\n[study]\nlook_interval_s = 'x'", "settings_wrong", "study.look_interval_s", "un nombre est attendu"),
        ("{ports}wbe = 1\n[study]\nlook_interval_s = 1", "settings_wrong", "ports.wbe", "vouliez-vous dire web"),
        ("{ports}[studies]", "settings_wrong", "study", "cette clé manque"),
        (None, "settings_unreadable", "", "n'existe pas"),
    ],
)
def test_the_demo_names_what_is_wrong_in_its_own_file(
    tmp_path: Path, text: str | None, code: str, place: str, french: str
) -> None:
    path = tmp_path / "demo.toml"
    ports = "[ports]\nweb = 1\nmllp = 2\nregistry = 3\nidentity_provider = 4\npacs = 5\n"
    if text is not None:
        path.write_text(text.replace("{ports}", ports), encoding="utf-8")
    with pytest.raises(SettingsError) as refusal:
        world.plan(tmp_path, config=path, any_ports=True, pacs="", registry="", repository="", record=None)
    assert (refusal.value.code, refusal.value.place) == (code, place or str(path))
    assert french in refusal.value.facts["words_fr"]
