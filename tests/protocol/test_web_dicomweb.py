"""The address that the manifests name for retrieval: recognised, and not served to others yet."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.support.web import running


def test_a_retrieve_url_of_a_manifest_is_answered_not_supported_yet(tmp_path: Path) -> None:
    with running(tmp_path) as site, requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{site.url}/dicom-web/studies/1.2.3/series/1.2.4")
    assert answer.status_code == 501
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["type"].endswith("web_dicomweb_not_yet")
