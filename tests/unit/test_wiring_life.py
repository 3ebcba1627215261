"""What the settings say of the time after a publication."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.model.watch import Watch
from gateway.settings import Settings
from gateway.settings.life import LifeTable
from gateway.settings.sharing import ManifestTable
from gateway.wiring.life import Paced, manifest_settings, policy
from tests.support.store import NOW, later


class Due:
    """Studies that are always due; counts how often one was claimed."""

    def __init__(self) -> None:
        self.claimed = 0

    def claim(self, now: datetime, lease_s: float) -> Watch | None:
        self.claimed += 1
        return Watch(site="s", study_uid="1.2", round=0, due_at=now)

    def next_due(self) -> datetime | None:
        return NOW

    def standing(self, site: str, study_uid: str) -> Sequence[object]:
        return ()


def test_no_two_looks_are_nearer_than_the_pace_allows() -> None:
    due = Due()
    paced = Paced(due, timedelta(seconds=3))  # type: ignore[arg-type]
    assert paced.claim(NOW, 900) is not None
    assert paced.claim(later(2.9), 900) is None
    assert paced.next_due() == later(3)
    assert paced.claim(later(3), 900) is not None
    assert due.claimed == 2


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
