"""The registry as values over a real database: submissions, submissions again, documents."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.errors import Unavailable
from gateway.model.document import DocumentEntry, Status, Submission
from gateway.registry import schema
from gateway.registry.files import CHECKED_BEFORE_BYTES, DocumentFiles
from gateway.registry.rules import Policy
from gateway.registry.service import Bounds, DocumentRequest, RegistryService
from gateway.registry.setup import RegistrySettings, build_service, prepare
from gateway.store.engine import open_engine, reading
from gateway.xds import queries
from tests.support.postgresql import postgresql_server  # noqa: F401 - a fixture
from tests.support.registry import (
    DATABASES,
    OTHER_PATIENT,
    REPOSITORY,
    Bytes,
    contents,
    database_url,
    entry,
    member,
    new_unique_id,
    running_service,
    sha1,
    submission,
)

CONTENT = b"\r\n<ClinicalDocument>\xc3\xa9t\xc3\xa9</ClinicalDocument>\r\n"


@pytest.fixture(params=DATABASES)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RegistryService]:
    with running_service(tmp_path, database_url(request)) as running:
        yield running


def codes(service: RegistryService, submitted: Submission, content: bytes = CONTENT) -> list[str]:
    return [error.code for error in service.provide_and_register(submitted, contents(submitted, content))]


def registered(service: RegistryService, *unique_ids: str) -> tuple[DocumentEntry, ...]:
    return service.stored_query(queries.get_documents(unique_ids=unique_ids)).entries


def bytes_of(service: RegistryService, unique_id: str) -> bytes:
    with service.retrieve([DocumentRequest(REPOSITORY, unique_id)]) as retrieval:
        (held,) = retrieval.documents
        held.content.seek(0)
        return held.content.read()


def rows(service: RegistryService, table: sa.Table) -> int:
    with reading(service.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_submission_is_registered_with_what_the_repository_adds(service: RegistryService) -> None:
    submitted = submission(entry("Document01"), entry("Document02"))
    assert codes(service, submitted) == []
    one, two = registered(service, *(e.unique_id for e in submitted.entries))
    assert one.entry_uuid.startswith("urn:uuid:")
    assert one.entry_uuid != two.entry_uuid
    for found in (one, two):
        assert found.logical_id == found.entry_uuid
        assert found.version == "1"
        assert found.status == Status.APPROVED
        assert found.repository_unique_id == REPOSITORY
        assert (found.hash, found.size) == (sha1(CONTENT), len(CONTENT))
    assert rows(service, schema.ASSOCIATIONS) == 2


def test_every_attribute_comes_back_as_it_was_sent(service: RegistryService) -> None:
    sent = entry(extra_slots=(("urn:x:é", ("a", "b")),), comments="« œ » 中")
    assert codes(service, submission(sent)) == []
    (found,) = registered(service, sent.unique_id)
    added = {"entry_uuid", "logical_id", "version", "status", "repository_unique_id", "hash", "size"}
    for name in set(DocumentEntry.__dataclass_fields__) - added:
        assert getattr(found, name) == getattr(sent, name), name


def test_the_bytes_come_back_exactly(service: RegistryService) -> None:
    sent = entry()
    assert codes(service, submission(sent)) == []
    assert bytes_of(service, sent.unique_id) == CONTENT


def test_a_real_entry_uuid_is_kept(service: RegistryService) -> None:
    name = "urn:uuid:0a1b2c3d-0000-4000-8000-000000000001"
    sent = entry(name)
    assert codes(service, submission(sent)) == []
    assert registered(service, sent.unique_id)[0].entry_uuid == name
    assert codes(service, submission(entry(name))) == ["XDSDuplicateUniqueIdInRegistry"]


def test_the_same_document_again_is_success_one_document_and_an_entry_in_each_submission(
    service: RegistryService,
) -> None:
    sent = entry()
    assert codes(service, submission(sent)) == []
    assert codes(service, submission(replace(sent, title="another title"))) == []
    again, first = registered(service, sent.unique_id)
    assert (first.title, again.title) == (sent.title, "another title")
    assert first.entry_uuid != again.entry_uuid
    assert (rows(service, schema.ENTRIES), rows(service, schema.DOCUMENTS)) == (2, 1)
    with reading(service.engine) as connection:
        targets = connection.execute(sa.select(schema.ASSOCIATIONS.c.target)).scalars().all()
    assert set(targets) == {first.entry_uuid, again.entry_uuid}


def test_the_same_unique_id_with_other_bytes_is_refused(service: RegistryService) -> None:
    sent = entry()
    assert codes(service, submission(sent)) == []
    assert codes(service, submission(sent), b"<other/>") == ["XDSNonIdenticalHash"]
    assert bytes_of(service, sent.unique_id) == CONTENT
    assert rows(service, schema.SUBMISSION_SETS) == 1


def test_a_known_submission_set_is_a_duplicate_even_with_the_same_bytes(service: RegistryService) -> None:
    submitted = submission(entry())
    assert codes(service, submitted) == []
    assert codes(service, submitted) == ["XDSDuplicateUniqueIdInRegistry"]


def test_a_document_cannot_take_the_unique_id_of_a_submission_set(service: RegistryService) -> None:
    submitted = submission(entry())
    assert codes(service, submitted) == []
    taken = submitted.submission_sets[0].unique_id
    assert codes(service, submission(entry(unique_id=taken))) == ["XDSDuplicateUniqueIdInRegistry"]
    other = submission(entry(), unique_id=submitted.entries[0].unique_id)
    assert codes(service, other) == ["XDSDuplicateUniqueIdInRegistry"]


def test_a_document_registered_for_one_patient_is_not_another_ones(service: RegistryService) -> None:
    sent = entry()
    assert codes(service, submission(sent)) == []
    wrong = submission(replace(sent, patient_id=OTHER_PATIENT), patient_id=OTHER_PATIENT)
    assert codes(service, wrong) == ["XDSPatientIdDoesNotMatch"]


def test_what_the_rules_and_what_the_database_find_come_in_one_answer(service: RegistryService) -> None:
    sent = entry()
    assert codes(service, submission(sent)) == []
    again = submission(replace(sent, language_code=""))
    assert codes(service, again, b"<other/>") == ["XDSRegistryMetadataError", "XDSNonIdenticalHash"]


def test_a_refused_submission_leaves_nothing(service: RegistryService) -> None:
    known, fresh = entry("Document01"), entry("Document02")
    assert codes(service, submission(known)) == []
    assert codes(service, submission(known, fresh), b"<other/>") == ["XDSNonIdenticalHash"]
    assert registered(service, fresh.unique_id) == ()
    assert rows(service, schema.SUBMISSION_SETS) == 1


def test_an_unknown_patient_is_accepted_unless_authorities_are_named(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        assert codes(service, submission(entry(patient_id="1^^^&1.2.3&ISO"), patient_id="1^^^&1.2.3&ISO")) == []
    with running_service(tmp_path, policy=Policy(frozenset({"1.2.9"}))) as service:
        assert set(codes(service, submission(entry()))) == {"XDSUnknownPatientId"}


def test_a_set_may_refer_to_a_registered_document(service: RegistryService) -> None:
    sent = entry()
    assert codes(service, submission(sent)) == []
    uuid = registered(service, sent.unique_id)[0].entry_uuid
    by_reference = replace(submission(), associations=(member(uuid, status="Reference"),))
    assert codes(service, by_reference) == []
    nowhere = "urn:uuid:0a1b2c3d-0000-4000-8000-000000000009"
    unknown = replace(submission(), associations=(member(nowhere, status="Reference"),))
    assert codes(service, unknown) == ["UnresolvedReferenceException"]
    other = replace(submission(patient_id=OTHER_PATIENT), associations=(member(uuid, status="Reference"),))
    assert codes(service, other) == ["XDSPatientIdDoesNotMatch"]


def test_forty_submissions_at_once_are_all_kept(service: RegistryService) -> None:
    submitted = [submission(entry("Document01"), entry("Document02")) for _ in range(40)]
    answers: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda one=one, n=n: answers.append(codes(service, one, b"<d/>" + bytes([65 + n % 9]))))
        for n, one in enumerate(submitted)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[]] * 40
    unique_ids = [e.unique_id for one in submitted for e in one.entries]
    assert {e.unique_id for e in registered(service, *unique_ids)} == set(unique_ids)


def test_of_forty_submissions_of_one_document_and_its_double_the_first_bytes_win(service: RegistryService) -> None:
    sent = entry()
    answers: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(codes(service, submission(sent), [CONTENT, b"<x/>"][n % 2])))
        for n in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [[]] * 20 + [["XDSNonIdenticalHash"]] * 20
    assert rows(service, schema.DOCUMENTS) == 1
    assert rows(service, schema.ENTRIES) == rows(service, schema.SUBMISSION_SETS) == 20


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    sent = entry()
    with running_service(tmp_path) as service:
        assert codes(service, submission(sent)) == []
        before = registered(service, sent.unique_id)
    with running_service(tmp_path) as service:
        assert registered(service, sent.unique_id) == before
        assert bytes_of(service, sent.unique_id) == CONTENT


def test_each_document_that_cannot_be_given_has_its_error(service: RegistryService) -> None:
    sent = entry()
    assert codes(service, submission(sent)) == []
    unknown = new_unique_id()
    wanted = [
        DocumentRequest(REPOSITORY, sent.unique_id),
        DocumentRequest(REPOSITORY, unknown),
        DocumentRequest("1.2.3", sent.unique_id),
        DocumentRequest(REPOSITORY, sent.unique_id),
    ]
    with service.retrieve(wanted) as retrieval:
        assert [held.unique_id for held in retrieval.documents] == [sent.unique_id]
        assert [(e.code, e.location) for e in retrieval.errors] == [
            ("XDSDocumentUniqueIdError", unknown),
            ("XDSUnknownRepositoryId", sent.unique_id),
        ]


def test_an_answer_that_would_be_too_large_says_so_for_what_it_leaves_out(tmp_path: Path) -> None:
    with running_service(tmp_path, bounds=Bounds(documents=2, document_bytes=len(CONTENT))) as service:
        submitted = submission(*(entry(f"Document{n}") for n in range(3)))
        assert codes(service, submitted) == []
        with service.retrieve([DocumentRequest(REPOSITORY, e.unique_id) for e in submitted.entries]) as retrieval:
            assert len(retrieval.documents) == 1
            assert [e.code for e in retrieval.errors] == ["XDSRepositoryError"] * 2


def test_damaged_bytes_are_an_error_and_never_given(service: RegistryService, tmp_path: Path) -> None:
    whole, damaged = entry("Document01"), entry("Document02")
    submitted = submission(whole, damaged)
    documents = {"Document01": Bytes(CONTENT), "Document02": Bytes(b"<damaged/>")}
    assert service.provide_and_register(submitted, documents) == ()
    for path in (tmp_path / "blobs").rglob("*"):
        if path.is_file() and path.read_bytes() == b"<damaged/>":
            path.write_bytes(b"<harmless/>")
    with service.retrieve([DocumentRequest(REPOSITORY, e.unique_id) for e in submitted.entries]) as retrieval:
        assert [held.unique_id for held in retrieval.documents] == [whole.unique_id]
        assert [(e.code, e.location) for e in retrieval.errors] == [("XDSRepositoryError", damaged.unique_id)]


def test_a_large_document_that_is_damaged_does_not_break_the_answer_that_holds_others(
    service: RegistryService, tmp_path: Path
) -> None:
    large = b"<damaged/>" * (CHECKED_BEFORE_BYTES // 10 + 1)
    damaged, whole = entry("Document01"), entry("Document02")
    submitted = submission(damaged, whole)
    assert service.provide_and_register(submitted, {"Document01": Bytes(large), "Document02": Bytes(CONTENT)}) == ()
    path = tmp_path / "blobs" / hashlib.sha256(large).hexdigest()[:2] / hashlib.sha256(large).hexdigest()
    path.write_bytes(large.replace(b"damaged", b"harmful"))
    with service.retrieve([DocumentRequest(REPOSITORY, e.unique_id) for e in submitted.entries]) as retrieval:
        assert [held.content.read() for held in retrieval.documents] == [CONTENT]
        assert [(e.code, e.location) for e in retrieval.errors] == [("XDSRepositoryError", damaged.unique_id)]


def test_the_folders_of_the_documents_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    files = DocumentFiles(tmp_path / "blobs")
    for _ in range(2):
        files.make_folders()
        made = [one for one in (tmp_path / "blobs").iterdir() if one.is_dir() and one.name != "incoming"]
        assert sorted(one.name for one in made) == [f"{number:02x}" for number in range(256)]
        assert {one.stat().st_mode & 0o777 for one in made} == {0o700}


def test_a_folder_that_has_gone_is_made_anew(service: RegistryService, tmp_path: Path) -> None:
    service.files.make_folders()
    (tmp_path / "blobs" / hashlib.sha256(CONTENT).hexdigest()[:2]).rmdir()
    sent = entry()
    assert codes(service, submission(sent)) == []
    with service.retrieve([DocumentRequest(REPOSITORY, sent.unique_id)]) as retrieval:
        assert [held.content.read() for held in retrieval.documents] == [CONTENT]


def test_the_blobs_of_registered_documents_are_referenced(service: RegistryService) -> None:
    sent = entry()
    assert codes(service, submission(sent)) == []
    assert service.is_referenced(hashlib.sha256(CONTENT).hexdigest())
    assert not service.is_referenced("0" * 64)


def test_a_database_without_tables_is_not_healthy(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        service.check()
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    broken = RegistryService(engine, DocumentFiles(tmp_path / "blobs"), REPOSITORY)
    with pytest.raises(Unavailable):
        broken.check()
    engine.dispose()


def test_a_folder_of_documents_that_is_not_mounted_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    settings = RegistrySettings(
        database_url=f"sqlite:///{tmp_path}/registry.db", blobs=tmp_path / "blobs", repository_unique_id=REPOSITORY
    )
    prepare(settings)
    running = build_service(settings)
    sent = submission(entry("Document01"))
    assert codes(running, sent) == []
    (tmp_path / "blobs").rename(tmp_path / "another disk")
    (tmp_path / "blobs").mkdir()
    with running.retrieve([DocumentRequest(REPOSITORY, sent.entries[0].unique_id)]) as retrieval:
        assert [error.code for error in retrieval.errors] == ["XDSRepositoryError"]
    with pytest.raises(Unavailable):
        codes(running, submission(entry("Document01")), b"<other/>")
    running.close()
    for begin in (prepare, build_service):
        with pytest.raises(Unavailable, match="store_documents_away"):
            begin(settings)
    assert list((tmp_path / "blobs").iterdir()) == []


def test_a_document_that_cannot_be_read_leaves_nothing_of_those_before_it(tmp_path: Path) -> None:
    class Gone(Bytes):
        def chunks(self) -> Iterator[bytes]:
            yield b"<half"
            raise Unavailable("mtom_spool")

    with running_service(tmp_path) as service:
        documents = {"Document01": Bytes(CONTENT), "Document02": Gone(b"<half/>")}
        with pytest.raises(Unavailable):
            service.provide_and_register(submission(entry("Document01"), entry("Document02")), documents)
        assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


def test_more_documents_than_are_open_at_once_are_all_kept(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        sent = [entry(f"Document{number:02}") for number in range(40)]
        documents = {one.entry_uuid: Bytes(f"<a>{one.entry_uuid}</a>".encode()) for one in sent}
        assert service.provide_and_register(submission(*sent), documents) == ()
        assert bytes_of(service, sent[-1].unique_id) == b"<a>Document39</a>"
        assert list((tmp_path / "blobs" / "incoming").iterdir()) == []
