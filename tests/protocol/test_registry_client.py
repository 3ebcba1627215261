"""The gateway's own client at its own registry: publish, ask, publish again, find, retrieve."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.errors import PeerRefused, PeerUnreachable, Unavailable
from gateway.model.codes import Code
from gateway.model.document import AssociationType, DocumentEntry, Status, Submission
from gateway.model.share import FrozenDocument, FrozenSubmission
from gateway.registry.app import create_app
from gateway.registry.service import RegistryService
from gateway.store.blobs import FileBlobs
from gateway.trust import safexml
from gateway.xds import ebrim, queries
from gateway.xds.client import DestinationSettings, RegistryClient, RegistryRefused, Submitter
from tests.support import registry_wire as wire
from tests.support.registry import (
    PATIENT,
    ROOT,
    Bytes,
    accession,
    entry,
    running_service,
    sha1,
    submission,
    with_folder,
)

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


BY = Submitter(source_id=f"{ROOT}.0", content_type_code=Code("97", "1.2.250.1.213.2.2", "Activité"))
NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


def test_metadata_are_changed_and_documents_withdrawn_once_however_often_it_is_asked(
    client: RegistryClient, tmp_path: Path
) -> None:
    sent = entry()
    client.send(frozen(tmp_path, submission(sent)), again=False)

    def titled(old: DocumentEntry) -> DocumentEntry:
        return replace(old, title="Scanner, relu")

    assert client.update(sent.unique_id, titled, BY, NOW) == ("title",)
    assert client.update(sent.unique_id, titled, BY, NOW) == ()
    assert client.registered([sent.unique_id])[sent.unique_id].title == "Scanner, relu"
    assert [one.unique_id for one in client.withdraw([sent.unique_id], BY, NOW)] == [sent.unique_id]
    assert client.withdraw([sent.unique_id], BY, NOW) == ()
    assert client.registered([sent.unique_id])[sent.unique_id].status == Status.DEPRECATED


def test_a_document_is_replaced_and_what_replaced_it_is_found_from_it(client: RegistryClient, tmp_path: Path) -> None:
    old, new = entry(), entry()
    client.send(frozen(tmp_path, submission(old)), again=False)
    share = frozen(tmp_path, submission(new))
    client.replace(share, {new.unique_id: old.unique_id})
    client.replace(share, {new.unique_id: old.unique_id}, again=True)
    found = client.registered([old.unique_id, new.unique_id])
    assert [one.status for one in found.values()] == [Status.DEPRECATED, Status.APPROVED]
    related = client.query(
        queries.get_related_documents([AssociationType.REPLACE], entry_uuid=found[old.unique_id].entry_uuid)
    )
    assert new.unique_id in {one.unique_id for one in related.entries}
    with pytest.raises(PeerRefused, match="xds_document_not_current"):
        client.replacing(share, {new.unique_id: old.unique_id})


def test_what_is_still_named_cannot_be_deleted_and_bytes_can_be_removed(client: RegistryClient, tmp_path: Path) -> None:
    sent = entry()
    client.send(frozen(tmp_path, submission(sent)), again=False)
    found = client.registered([sent.unique_id])[sent.unique_id]
    with pytest.raises(RegistryRefused) as refusal:
        client.delete([found.entry_uuid])
    assert {error.code for error in refusal.value.errors} == {"ReferencesExistException"}
    sets = client.query(queries.get_submission_sets([found.entry_uuid]))
    everything = [found, *sets.submission_sets, *sets.associations]
    client.delete([one.entry_uuid for one in everything])
    assert client.registered([sent.unique_id]) == {}
    assert client.remove([found]) == ()
    assert client.remove([found], again=True) == ()


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


def test_a_restricted_update_makes_a_new_version_and_keeps_what_it_may_not_change(
    client: RegistryClient, tmp_path: Path
) -> None:
    sent = entry("Document01")
    client.send(frozen(tmp_path, submission(sent)), again=False)
    submitter = Submitter(source_id=f"{ROOT}.0", content_type_code=Code("97", "1.2.250.1.213.2.2", "-"))
    now = datetime.now(UTC)
    changed = client.update(sent.unique_id, lambda one: replace(one, title="B"), submitter, now, restricted=True)
    assert changed == ("title",)
    (found,) = client.query(queries.get_documents(unique_ids=[sent.unique_id], metadata_level=2)).entries[-1:]
    assert {one.version for one in client.registered([sent.unique_id]).values()} == {"2"}
    assert found.unique_id == sent.unique_id
    with pytest.raises(RegistryRefused) as caught:
        client.update(
            sent.unique_id,
            lambda one: replace(one, source_patient_id=f"OTHER^^^&{ROOT}&ISO"),
            submitter,
            now,
            restricted=True,
        )
    assert {error.code for error in caught.value.errors} == {"UnmodifiableMetadataError"}


def test_a_query_for_several_patients_finds_those_of_each_of_them_and_of_nobody_else(
    client: RegistryClient, service: RegistryService
) -> None:
    """ITI-51: whole objects of several patients in one answer; under ITI-18 its queries are not known."""
    patients = [PATIENT.replace("2790", f"{number}790") for number in (1, 2, 3)]
    for number, patient in enumerate(patients):
        one = entry(patient_id=patient, reference_ids=(accession(f"ACC-{number}"),))
        made = with_folder(submission(one, patient_id=patient), one.entry_uuid)
        assert service.provide_and_register(made, {one.entry_uuid: Bytes(CONTENT)}) == ()
    asked = queries.find_documents(PATIENT)
    found = client.query(queries.of_patients(asked, patients[:2])).entries
    assert {one.patient_id for one in found} == set(patients[:2])
    folders = client.query(queries.of_patients(queries.find_folders(PATIENT), patients[1:])).folders
    assert {one.patient_id for one in folders} == set(patients[1:])
    references = [accession(f"ACC-{number}").cxi() for number in range(3)]
    by_reference = queries.of_patients(queries.find_documents_by_reference_id(PATIENT, references), patients[2:])
    assert [one.patient_id for one in client.query(by_reference).entries] == patients[2:]
    everybody = queries.of_patients(queries.find_documents_by_reference_id(PATIENT, references), [])
    assert {one.patient_id for one in client.query(everybody).entries} == set(patients)


def test_a_query_for_several_patients_needs_a_patient_or_a_code(service: RegistryService) -> None:
    asked = queries.of_patients(queries.find_documents(PATIENT), [PATIENT])
    everything = replace(asked, parameters={n: v for n, v in asked.parameters.items() if not n.endswith("PatientId")})
    with pytest.raises(queries.QueryError) as caught:
        service.stored_query(everything)
    assert caught.value.code == "XDSStoredQueryMissingParam"
