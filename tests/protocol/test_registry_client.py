"""The gateway's own client at its own registry: publish, ask, publish again, find, retrieve."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import PeerRefused, PeerUnreachable, Unavailable
from gateway.model.document import Submission
from gateway.model.share import FrozenDocument, FrozenSubmission
from gateway.registry.app import create_app
from gateway.registry.service import RegistryService
from gateway.store.blobs import FileBlobs
from gateway.trust import safexml
from gateway.xds import ebrim
from gateway.xds.client import DestinationSettings, RegistryClient
from tests.support import registry_wire as wire
from tests.support.registry import PATIENT, accession, entry, running_service, sha1, submission

CONTENT = b"\r\n<ClinicalDocument>\xc3\xa9</ClinicalDocument>\r\n"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RegistryService]:
    with running_service(tmp_path / "registry") as running:
        yield running


@pytest.fixture
def client(service: RegistryService, tmp_path: Path) -> Iterator[RegistryClient]:
    with wire.loopback(create_app(service)) as address:
        settings = DestinationSettings(
            name="loopback", registry_url=f"{address}/registry", repository_url=f"{address}/repository"
        )
        made = RegistryClient(settings, FileBlobs(tmp_path / "blobs"))
        yield made
        made.close()


def frozen(tmp_path: Path, submitted: Submission, content: bytes = CONTENT) -> FrozenSubmission:
    FileBlobs(tmp_path / "blobs").put(content)
    return FrozenSubmission(
        submission_set_unique_id=submitted.submission_sets[0].unique_id,
        patient_id=PATIENT,
        metadata=safexml.serialise(ebrim.write(submitted)),
        documents=tuple(
            FrozenDocument(
                kind="report",
                unique_id=one.unique_id,
                entry_id=one.entry_uuid,
                mime_type=one.mime_type,
                type_code=one.type_code.code,
                format_code=one.format_code.code,
                digest=hashlib.sha256(content).hexdigest(),
                hash=sha1(content),
                size=len(content),
            )
            for one in submitted.entries
        ),
    )


def test_what_is_published_is_known_found_and_retrieved(client: RegistryClient, tmp_path: Path) -> None:
    sent = entry("Document01", hash=sha1(CONTENT), size=len(CONTENT), reference_ids=(accession("ACC-77"),))
    share = frozen(tmp_path, submission(sent, entry("Document02")))
    assert not client.known(share)
    client.send(share, again=False)
    assert client.known(share)
    (found,) = client.find_by_reference(PATIENT, [accession("ACC-77").cxi()])
    assert replace(found, entry_uuid="", status="", repository_unique_id="", logical_id="", version="") == replace(
        sent, entry_uuid=""
    )
    (document,) = client.retrieve([found])
    assert document.content == CONTENT


def test_sending_the_same_submission_again_ends_well_only_when_it_may_have_left(
    client: RegistryClient, tmp_path: Path
) -> None:
    share = frozen(tmp_path, submission(entry()))
    client.send(share, again=False)
    client.send(share, again=True)
    with pytest.raises(PeerRefused) as caught:
        client.send(share, again=False)
    assert caught.value.facts["codes"] == "XDSDuplicateUniqueIdInRegistry"


def test_other_bytes_under_a_known_unique_id_are_an_alarm(client: RegistryClient, tmp_path: Path) -> None:
    sent = entry()
    client.send(frozen(tmp_path, submission(sent)), again=False)
    with pytest.raises(PeerRefused) as caught:
        client.send(frozen(tmp_path, submission(sent), b"<other/>"), again=True)
    assert caught.value.code == "registry_other_hash"


def test_a_registry_that_is_full_is_asked_again_later(
    client: RegistryClient, service: RegistryService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(documents: object) -> object:
        raise Unavailable("store_full")

    share = frozen(tmp_path, submission(entry()))
    monkeypatch.setattr(service.files, "receive", full)
    with pytest.raises(PeerUnreachable):
        client.send(share, again=False)
    monkeypatch.undo()
    client.send(share, again=True)
