"""Reconciliation: PACS, store and registry compared; each way to differ is told, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.care.reconcile import NOT_ASKED, Difference, Reconciliation
from gateway.errors import PeerUnreachable
from gateway.model.document import DocumentEntry, Status
from gateway.model.share import Share, ShareState
from gateway.store.engine import transaction
from gateway.wiring.house import House
from tests.fakes.world import exam
from tests.support.care import house, publish, settings_file
from tests.support.registry import entry
from tests.support.store import NOW

MORE = """
[pacs.main]
host = "127.0.0.1"
port = 104
called_aet = "PACS"
[destination.dmp]
registry_url = "http://127.0.0.1:1/registry"
repository_url = "http://127.0.0.1:1/repository"
[site.nord]
organization_id = "1"
organization_name = "Nord"
pacs = "main"
destinations = ["dmp"]
source_id = "1.2.3"
"""


class Registry:
    """Entries by unique id."""

    def __init__(self) -> None:
        self.entries: dict[str, DocumentEntry] = {}
        self.others: list[DocumentEntry] = []
        self.asked = 0
        self.error: Exception | None = None

    def registered(self, unique_ids: Sequence[str]) -> dict[str, DocumentEntry]:
        self.asked += 1
        if self.error:
            raise self.error
        return {one: self.entries[one] for one in unique_ids if one in self.entries}

    def find_by_reference(self, patient_id: str, references: Sequence[str]) -> Sequence[DocumentEntry]:
        return [*self.entries.values(), *self.others]

    def close(self) -> None:
        return None


class Pacs:
    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.fingerprint_of: dict[str, Any] = {}

    def study(self, study_uid: str) -> Any:
        if study_uid in self.gone:
            return None
        return _Exam(self.fingerprint_of.get(study_uid, "f1"))


class _Exam:
    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.instances = exam().instances


@pytest.fixture
def here(tmp_path: Path) -> Iterator[House]:
    with house(settings_file(tmp_path / "one", more=MORE)) as made:
        made.__dict__["destinations"] = {"dmp": Registry()}
        made.__dict__["everywhere"] = {"main": Pacs()}
        yield made


def registry(here: House) -> Any:
    return here.destinations["dmp"]


def register(here: House, share: Share) -> list[str]:
    """The registry takes what was fixed for *share*; the unique ids of report and manifest."""
    frozen = here.store.frozen(share.id)
    for document in frozen.documents:
        registry(here).entries[document.unique_id] = entry(
            unique_id=document.unique_id, hash=document.hash, status=Status.APPROVED
        )
    return [document.unique_id for document in frozen.documents]


def differences(here: House, **options: Any) -> list[Difference]:
    return list(Reconciliation(here, per_minute=1e9, **options).differences())


def codes(here: House) -> list[str]:
    return [one.code.removeprefix("reconcile_") for one in differences(here)]


def change(here: House, unique_id: str, **changes: Any) -> None:
    entries = registry(here).entries
    entries[unique_id] = replace(entries[unique_id], **changes)


def test_what_is_alike_is_not_told(here: House) -> None:
    for _ in range(3):
        register(here, publish(here))
    publish(here, state=ShareState.WAITING)
    assert differences(here) == []


def test_a_document_that_the_registry_lost_is_told(here: House) -> None:
    report, _ = register(here, publish(here))
    del registry(here).entries[report]
    (one,) = differences(here)
    assert (one.code, one.facts["document"]) == ("reconcile_missing", report)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"hash": "f" * 40}, "hash"),
        ({"status": Status.DEPRECATED}, "status"),
        ({"status": Status.DELETED}, "status"),
    ],
)
def test_a_document_that_the_registry_has_otherwise_is_told(here: House, changes: dict[str, Any], code: str) -> None:
    report, _ = register(here, publish(here))
    change(here, report, **changes)
    assert codes(here) == [code]


def test_what_should_have_been_withdrawn_is_told_and_what_was_is_not(here: House) -> None:
    share = publish(here)
    report, manifest = register(here, share)
    with transaction(here.engine) as connection:
        connection.execute(sa.text("UPDATE shares SET state = 'withdrawn'"))
        connection.execute(sa.text("DELETE FROM manifests"))
    assert codes(here) == ["status", "status"]
    change(here, report, status=Status.DEPRECATED)
    del registry(here).entries[manifest]
    assert codes(here) == []


def test_what_is_under_way_is_not_compared_by_its_status(here: House) -> None:
    share = publish(here, state=ShareState.SENDING)
    assert codes(here) == []
    register(here, share)
    assert codes(here) == []


def test_a_document_that_nobody_here_knows_is_told(here: House) -> None:
    register(here, publish(here))
    registry(here).others.append(entry())
    assert codes(here) == ["extra"]


def test_a_report_that_the_registry_has_and_nobody_sent_is_told(here: House) -> None:
    publish(here, state=ShareState.WAITING)
    unique_id = here.store.overviews(limit=1)[0].report_unique_id
    registry(here).entries[unique_id] = entry(unique_id=unique_id)
    assert codes(here) == ["unexpected"]


def test_images_that_changed_and_studies_that_went_are_told(here: House) -> None:
    one, other = publish(here), publish(here)
    register(here, one)
    register(here, other)
    pacs: Any = here.everywhere["main"]
    studies = [here.store.frozen(share.id).documents[1].study_uid for share in (one, other)]
    pacs.fingerprint_of[studies[0]] = "f2"
    pacs.gone.add(studies[1])
    assert sorted(codes(here)) == ["images", "study"]
    assert differences(here, images=False) == []


def test_bytes_that_went_are_told(here: House) -> None:
    share = publish(here)
    register(here, share)
    document = here.store.frozen(share.id).documents[0]
    here.blobs.forget(document.digest, NOW + timedelta(days=10_000))
    assert codes(here) == ["bytes"]


def test_a_peer_that_does_not_answer_is_told_and_ends_nothing(here: House) -> None:
    publish(here)
    publish(here)
    registry(here).error = PeerUnreachable("registry_unreachable")
    found = differences(here)
    assert {one.code for one in found} == {NOT_ASKED}
    assert len({one.share for one in found}) == 2


def test_peers_are_asked_slowly(here: House) -> None:
    for _ in range(3):
        register(here, publish(here))
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    comparison = Reconciliation(here, per_minute=60, sleep=sleep, monotonic=lambda: now)
    assert list(comparison.differences()) == []
    assert comparison.looked.questions == 7
    assert now == pytest.approx(6)


def test_each_difference_has_a_sentence_in_both_languages(here: House) -> None:
    report, _ = register(here, publish(here))
    change(here, report, status=Status.DEPRECATED)
    (told,) = (one.as_json() for one in differences(here))
    assert report in told["sentence"]["fr"]
    assert "Deprecated" in told["sentence"]["en"]
    assert "?" not in told["sentence"]["fr"] + told["sentence"]["en"]
