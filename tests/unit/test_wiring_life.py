"""What the settings say of the time after a publication."""

from __future__ import annotations

from gateway.settings import Settings
from gateway.settings.life import LifeTable
from gateway.settings.sharing import ManifestTable
from gateway.wiring.life import manifest_settings, policy


def test_a_destination_states_some_keys_of_its_manifests_and_the_site_the_others() -> None:
    site = ManifestTable(private_classes=True, manufacturer="Nord")
    own = ManifestTable(mado="extra", manufacturer="drim-gateway", retrieval=("url",))
    made = manifest_settings(site, own)
    assert (made.private_classes, made.mado, made.retrieval) == (True, "extra", frozenset({"url"}))
    assert made.manufacturer == "drim-gateway", "a default that is stated is stated"
    assert manifest_settings(site).manufacturer == "Nord"


def test_the_choices_of_the_settings_reach_the_stories() -> None:
    life = LifeTable(lost_images="amend", manifest_after_last_report="keep", unknown_parent="hold")
    chosen = policy(Settings(life=life))
    assert (chosen.lost_images, chosen.manifest_after_last_report, chosen.unknown_parent) == ("amend", "keep", "hold")
