"""What the site's manifest settings do to a share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cli.kos import judge
from gateway.kos.read import read
from gateway.model.share import ShareState
from gateway.model.site import ManifestSettings
from tests.fakes.world import SITE, world


@pytest.mark.parametrize(
    ("mado", "titles"), [("none", ["113030"]), ("instead", ["MADOTEMP001"]), ("extra", ["113030", "MADOTEMP001"])]
)
def test_the_manifest_with_description_is_published_instead_or_beside(
    tmp_path: Path, mado: str, titles: list[str]
) -> None:
    site = replace(SITE, manifest=ManifestSettings(mado=mado))
    with world(tmp_path, site=site) as house:
        house.accept()
        share = house.carry_until(ShareState.SHARED, ShareState.HELD)
        assert (share.state, share.reason) == (ShareState.SHARED, "")
        documents = [one for one in house.store.frozen(share.id).documents if one.kind == "manifest"]
        contents = [house.blobs.get(one.digest) for one in documents]
    manifests = [read(content) for content in contents]
    found = [manifest.title.code for manifest in manifests if manifest.title]
    assert found == titles
    assert all(manifest.is_manifest for manifest in manifests)
    assert len({one.unique_id for one in documents}) == len(titles)
    # the clock of this world stands before the day of the study
    assert {finding.rule for content in contents for finding in judge(content).findings} == {"kos-before-study"}
