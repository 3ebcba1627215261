"""Removal of metadata (ITI-62) and documents (ITI-86): all or nothing, and never half of an object."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model.document import AssociationType, DocumentEntry, Submission
from gateway.registry.retrieval import DocumentRequest
from gateway.registry.service import RegistryService
from gateway.xds import queries
from gateway.xds.queries import StoredQuery
from tests.support.postgresql import postgresql_server  # noqa: F401 - a fixture
from tests.support.registry import (
    DATABASES,
    REPOSITORY,
    contents,
    database_url,
    entry,
    new_unique_id,
    related,
    running_service,
    submission,
    with_folder,
)
from tests.support.registry_updates import new_version, update

ALL = ("urn:oasis:names:tc:ebxml-regrep:StatusType:Approved", "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated")


@pytest.fixture(params=DATABASES)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RegistryService]:
    with running_service(tmp_path, database_url(request)) as running:
        yield running


def add(service: RegistryService, submitted: Submission, content: bytes = b"<a/>") -> Submission:
    """Register *submitted*; gives it as it is registered, members and all."""
    assert service.provide_and_register(submitted, contents(submitted, content)) == ()
    return whole(service, submitted)


def whole(service: RegistryService, submitted: Submission) -> Submission:
    parameters = {
        "$XDSSubmissionSetUniqueId": ((submitted.submission_sets[0].unique_id,),),
        "$MetadataLevel": (("2",),),
        "$XDSAssociationStatus": (ALL,),
    }
    return service.stored_query(
        StoredQuery(query_id=queries.GET_SUBMISSION_SET_AND_CONTENTS, parameters=parameters)
    ).objects


def uuids(registered: Submission) -> list[str]:
    kinds = (registered.submission_sets, registered.folders, registered.entries, registered.associations)
    return [one.entry_uuid for kind in kinds for one in kind]


def codes(service: RegistryService, *names: str) -> list[str]:
    return sorted({error.code for error in service.remove_metadata(names)})


def relations(service: RegistryService, one: DocumentEntry) -> list[str]:
    query = StoredQuery(query_id=queries.GET_ASSOCIATIONS, parameters={"$uuid": ((one.entry_uuid,),)})
    found = service.stored_query(query).objects.associations
    return [link.entry_uuid for link in found if link.type != AssociationType.HAS_MEMBER]


def test_a_whole_submission_goes_and_its_documents_stay(service: RegistryService) -> None:
    submitted = with_folder(submission(entry("Document01"), entry("Document02")), "Document01")
    registered = add(service, submitted)
    assert len(uuids(registered)) == 8
    assert codes(service, *uuids(registered)) == []
    assert whole(service, submitted) == Submission()
    with service.retrieve([DocumentRequest(REPOSITORY, submitted.entries[0].unique_id)]) as retrieval:
        assert len(retrieval.documents) == 1
    assert service.provide_and_register(submitted, contents(submitted, b"<a/>")) == ()


def test_what_is_not_registered_takes_nothing_with_it(service: RegistryService) -> None:
    registered = add(service, submission(entry()))
    nowhere = "urn:uuid:0a1b2c3d-0000-4000-8000-000000000009"
    assert codes(service, *uuids(registered), nowhere) == ["UnresolvedReferenceException"]
    assert codes(service, "' OR 1=1 --") == ["UnresolvedReferenceException"]
    assert codes(service, *uuids(registered)) == []


def test_nothing_goes_that_an_association_names(service: RegistryService) -> None:
    registered = add(service, submission(entry()))
    (own,) = registered.submission_sets
    (document,) = registered.entries
    (membership,) = registered.associations
    assert codes(service, own.entry_uuid) == ["ReferencesExistException"]
    assert codes(service, document.entry_uuid) == ["ReferencesExistException"]
    assert codes(service, document.entry_uuid, membership.entry_uuid) == ["XDSUnreferencedObjectException"]
    assert codes(service, own.entry_uuid, membership.entry_uuid) == ["XDSUnreferencedObjectException"]
    assert codes(service, membership.entry_uuid) == ["XDSUnreferencedObjectException"]


def test_a_relationship_goes_alone_and_before_what_it_joins(service: RegistryService) -> None:
    first = add(service, submission(entry()))
    (target,) = first.entries
    second = add(service, related(submission(entry()), AssociationType.APPEND, "Document01", target.entry_uuid))
    (link,) = relations(service, target)
    assert codes(service, *uuids(first)) == ["ReferencesExistException"]
    assert codes(service, *uuids(second)) == ["ReferencesExistException"]
    assert codes(service, link) == []
    assert codes(service, *uuids(first), *uuids(second)) == []


def test_versions_go_together(service: RegistryService) -> None:
    submitted = submission(entry())
    first = add(service, submitted)
    asked = update(new_version(first.entries[0]), propagate="no")
    assert service.update(asked) == ()
    second = whole(service, asked)
    assert "XDSMetadataModelException" in codes(service, *uuids(first))
    assert codes(service, *uuids(second)) == ["XDSMetadataModelException"]
    assert codes(service, *uuids(first), *uuids(second)) == []


def test_a_list_of_ids_is_bounded(service: RegistryService) -> None:
    assert codes(service, *(f"urn:uuid:{number}" for number in range(20_000))) == ["XDSRegistryError"]


def test_a_document_goes_with_its_bytes_and_leaves_its_entry(service: RegistryService) -> None:
    here = submission(entry("Document01"), entry("Document02"))
    add(service, here, b"<secret/>")
    one, two = (one.unique_id for one in here.entries)
    (path,) = [path for path in (service.files._folder).rglob("*") if path.is_file() and b"secret" in path.read_bytes()]
    os.utime(path, (1, 1))
    unknown = new_unique_id()
    requests = [DocumentRequest(REPOSITORY, one), DocumentRequest(REPOSITORY, unknown), DocumentRequest("1.2.3", two)]
    removed = service.remove_documents(requests)
    assert removed.documents == 1
    assert [error.code for error in removed.errors] == ["XDSDocumentUniqueIdError", "XDSUnknownRepositoryId"]
    assert path.exists()
    with service.retrieve([DocumentRequest(REPOSITORY, one), DocumentRequest(REPOSITORY, two)]) as retrieval:
        assert [held.unique_id for held in retrieval.documents] == [two]
    assert service.remove_documents([DocumentRequest(REPOSITORY, two)]).errors == ()
    assert not path.exists()
    assert len(service.stored_query(queries.get_documents(unique_ids=[one, two])).entries) == 2


def test_bytes_that_came_a_moment_ago_stay_for_the_sweeper(service: RegistryService) -> None:
    registered = add(service, submission(entry()), b"<young/>")
    assert service.remove_documents([DocumentRequest(REPOSITORY, registered.entries[0].unique_id)]).errors == ()
    assert len(list(service.files.digests())) == 1


def test_a_removed_document_comes_back_with_the_same_bytes_alone(service: RegistryService) -> None:
    sent = entry()
    add(service, submission(sent))
    assert service.remove_documents([DocumentRequest(REPOSITORY, sent.unique_id)]).documents == 1
    other = submission(sent)
    refused = service.provide_and_register(other, contents(other, b"<other/>"))
    assert [error.code for error in refused] == ["XDSNonIdenticalHash"]
    assert service.provide_and_register(other, contents(other, b"<a/>")) == ()
    with service.retrieve([DocumentRequest(REPOSITORY, sent.unique_id)]) as retrieval:
        assert len(retrieval.documents) == 1
