"""Updates of metadata (ITI-57, ITI-92): new versions, statuses, associations; and each error they may meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.model.codes import Code
from gateway.model.document import ON_DEMAND, AssociationType, DocumentEntry, Folder, Submission
from gateway.registry.retrieval import DocumentRequest
from gateway.registry.rules import Context
from gateway.registry.service import RegistryService
from gateway.xds import queries
from gateway.xds.queries import StoredQuery
from tests.support.postgresql import postgresql_server  # noqa: F401 - a fixture
from tests.support.registry import (
    DATABASES,
    OTHER_PATIENT,
    PATIENT,
    REPOSITORY,
    contents,
    database_url,
    entry,
    new_unique_id,
    related,
    running_service,
    sha1,
    submission,
    with_folder,
)
from tests.support.registry_updates import (
    APPROVED,
    DELETED,
    DEPRECATED,
    addition,
    new_version,
    status_change,
    update,
)

HAS_MEMBER = AssociationType.HAS_MEMBER.value
APND, RPLC = AssociationType.APPEND.value, AssociationType.REPLACE.value
LEVEL_2 = {"$MetadataLevel": (("2",),)}


@pytest.fixture(params=DATABASES)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RegistryService]:
    with running_service(tmp_path, database_url(request)) as running:
        yield running


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[RegistryService]:
    """On SQLite alone, for rules that ask the database nothing of its own."""
    with running_service(tmp_path) as running:
        yield running


def add(service: RegistryService, submitted: Submission) -> tuple[DocumentEntry, ...]:
    assert service.provide_and_register(submitted, contents(submitted)) == ()
    return tuple(versions(service, one.unique_id)[0] for one in submitted.entries)


def versions(service: RegistryService, unique_id: str) -> tuple[DocumentEntry, ...]:
    """Every version of a document's entry, in order."""
    query = queries.get_documents(unique_ids=[unique_id])
    found = service.stored_query(replace(query, parameters={**query.parameters, **LEVEL_2})).entries
    return tuple(sorted(found, key=lambda one: int(one.version)))


def folders(service: RegistryService, unique_id: str) -> tuple[Folder, ...]:
    parameters = {"$XDSFolderUniqueId": ((unique_id,),), **LEVEL_2}
    found = service.stored_query(StoredQuery(query_id=queries.GET_FOLDERS, parameters=parameters)).objects.folders
    return tuple(sorted(found, key=lambda one: int(one.version)))


def contents_of_folder(service: RegistryService, entry_uuid: str) -> set[str]:
    parameters = {"$XDSFolderEntryUUID": ((entry_uuid,),), **LEVEL_2}
    query = StoredQuery(query_id=queries.GET_FOLDER_AND_CONTENTS, parameters=parameters)
    return {one.entry_uuid for one in service.stored_query(query).entries}


def codes(service: RegistryService, asked: Submission, context: Context = Context.UPDATE) -> list[str]:
    return [error.code for error in service.update(asked, context)]


@pytest.mark.parametrize("context", [Context.UPDATE, Context.RESTRICTED_UPDATE])
def test_a_new_version_follows_the_one_before_which_is_deprecated(service: RegistryService, context: Context) -> None:
    (first,) = add(service, submission(entry()))
    asked = update(new_version(first, title="corrigé", confidentiality_codes=(Code("R", "2.16.840.1.113883.5.25"),)))
    assert codes(service, asked, context) == []
    one, two = versions(service, first.unique_id)
    assert (one.version, one.status, one.title) == ("1", DEPRECATED, first.title)
    assert (two.version, two.status, two.title) == ("2", APPROVED, "corrigé")
    assert one.logical_id == two.logical_id == one.entry_uuid != two.entry_uuid
    assert (two.hash, two.size, two.repository_unique_id) == (first.hash, first.size, REPOSITORY)
    (shown,) = service.stored_query(queries.find_documents(PATIENT)).entries
    assert shown == two
    (level_1,) = service.stored_query(queries.get_documents(unique_ids=[first.unique_id])).entries
    assert level_1 == two
    assert codes(service, update(new_version(two, title="encore"), previous=2)) == []
    assert [one.version for one in versions(service, first.unique_id)] == ["1", "2", "3"]


def test_a_version_that_is_not_the_latest_is_not_followed(quick: RegistryService) -> None:
    (first,) = add(quick, submission(entry()))
    assert codes(quick, update(new_version(first))) == []
    assert codes(quick, update(new_version(first))) == ["XDSMetadataVersionError"]
    assert codes(quick, update(new_version(first), previous=7)) == ["XDSMetadataVersionError"]
    nowhere = new_version(first, logical_id="urn:uuid:0a1b2c3d-0000-4000-8000-000000000009")
    assert codes(quick, update(nowhere)) == ["XDSMetadataVersionError"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"logical_id": ""}, "XDSMetadataUpdateError"),
        ({"logical_id": "Document01"}, "XDSMetadataUpdateError"),
        ({"unique_id": "1.2.3.4.5"}, "XDSMetadataUpdateError"),
        ({"object_type": ON_DEMAND}, "XDSMetadataUpdateError"),
        ({"status": DEPRECATED}, "XDSMetadataUpdateError"),
        ({"hash": "0" * 40}, "XDSMetadataUpdateError"),
        ({"size": 4711}, "XDSMetadataUpdateError"),
        ({"language_code": ""}, "XDSRegistryMetadataError"),
        ({"repository_unique_id": ""}, "XDSRegistryMetadataError"),
        ({"patient_id": OTHER_PATIENT}, "XDSPatientIdDoesNotMatch"),
    ],
)
def test_a_new_version_that_is_wrong_is_refused_by_its_code(
    quick: RegistryService, changes: dict[str, object], code: str
) -> None:
    (first,) = add(quick, submission(entry()))
    assert codes(quick, update(new_version(first, **changes))) == [code]
    assert len(versions(quick, first.unique_id)) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"unique_id": "1.2.3.4.5"}, "XDSMetadataIdentifierError"),
        ({"object_type": ON_DEMAND}, "UnmodifiableMetadataError"),
        ({"repository_unique_id": "1.2.3.4"}, "UnmodifiableMetadataError"),
        ({"source_patient_id": "X^^^&1.2.3&ISO"}, "UnmodifiableMetadataError"),
        ({"document_availability": "urn:ihe:iti:2010:DocumentAvailability:Offline"}, "UnmodifiableMetadataError"),
        ({"status": DEPRECATED}, "UnmodifiableMetadataError"),
        ({"hash": "0" * 40}, "UnmodifiableMetadataError"),
    ],
)
def test_a_restricted_update_changes_no_identity(quick: RegistryService, changes: dict[str, object], code: str) -> None:
    (first,) = add(quick, submission(entry()))
    assert codes(quick, update(new_version(first, **changes)), Context.RESTRICTED_UPDATE) == [code]


def test_a_restricted_update_knows_new_versions_of_documents_alone(quick: RegistryService) -> None:
    submitted = with_folder(submission(entry()), "Document01")
    (first,) = add(quick, submitted)
    (folder,) = folders(quick, submitted.folders[0].unique_id)
    for asked in (
        update(new_version(folder)),
        status_change(first.entry_uuid),
        addition(APND, first.entry_uuid, folder.entry_uuid),
    ):
        assert "XDSMetadataUpdateOperationError" in codes(quick, asked, Context.RESTRICTED_UPDATE)


def test_a_restricted_update_corrects_a_deprecated_document_and_a_plain_one_does_not(quick: RegistryService) -> None:
    (first,) = add(quick, submission(entry()))
    assert codes(quick, status_change(first.entry_uuid)) == []
    assert codes(quick, update(new_version(first))) == ["XDSMetadataUpdateError"]
    assert codes(quick, update(new_version(first)), Context.RESTRICTED_UPDATE) == []
    assert [one.status for one in versions(quick, first.unique_id)] == [DEPRECATED, DEPRECATED]


def test_a_document_may_go_to_another_patient_unless_that_would_join_two(service: RegistryService) -> None:
    (alone,) = add(service, submission(entry()))
    moved = update(new_version(alone, patient_id=OTHER_PATIENT), patient_id=OTHER_PATIENT)
    assert codes(service, moved, Context.RESTRICTED_UPDATE) == ["XDSPatientIDReconciliationError"]
    assert codes(service, moved) == []
    submitted = with_folder(submission(entry()), "Document01")
    (joined,) = add(service, submitted)
    item = new_version(joined, patient_id=OTHER_PATIENT)
    assert codes(service, update(item, patient_id=OTHER_PATIENT)) == ["XDSPatientIDReconciliationError"]
    assert codes(service, update(item, patient_id=OTHER_PATIENT, propagate="no")) == []


def test_two_new_versions_of_one_object_are_refused(quick: RegistryService) -> None:
    (first,) = add(quick, submission(entry()))
    both = update(new_version(first), new_version(first, entry_uuid="New02"))
    found = codes(quick, both)
    assert "XDSMetadataUpdateOperationError" in found
    assert "XDSRegistryDuplicateUniqueIdInMessage" in found


@pytest.mark.parametrize(
    "slots",
    [
        (("SubmissionSetStatus", ("Original",)),),
        (("PreviousVersion", ("1",)),),
        (("SubmissionSetStatus", ("Reference",)), ("PreviousVersion", ("1",))),
        (("SubmissionSetStatus", ("Original",)), ("PreviousVersion", ("one",))),
        (("SubmissionSetStatus", ("Original",)), ("PreviousVersion", ("1", "2"))),
        (("SubmissionSetStatus", ("Original",)), ("PreviousVersion", ("1",)), ("AssociationPropagation", ("maybe",))),
        (("SubmissionSetStatus", ("Original",)), ("PreviousVersion", ("1",)), ("OriginalStatus", (APPROVED,))),
    ],
)
def test_a_new_version_that_cannot_be_made_out_is_an_operation_error(
    quick: RegistryService, slots: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    (first,) = add(quick, submission(entry()))
    assert "XDSMetadataUpdateOperationError" in codes(quick, update(new_version(first), slots=slots))


def test_a_first_version_is_not_submitted_as_an_update(quick: RegistryService) -> None:
    fresh = submission(entry(hash=sha1(b"x"), size=1, repository_unique_id=REPOSITORY))
    found = codes(quick, fresh)
    assert set(found) == {"XDSMetadataUpdateError", "XDSMetadataUpdateOperationError"}
    assert codes(quick, submission()) == ["XDSMetadataUpdateOperationError"]


def test_associations_are_taken_over_unless_told_otherwise(service: RegistryService) -> None:
    submitted = with_folder(submission(entry()), "Document01")
    (first,) = add(service, submitted)
    (folder,) = folders(service, submitted.folders[0].unique_id)
    assert codes(service, update(new_version(first, title="deux"))) == []
    _, second = versions(service, first.unique_id)
    assert contents_of_folder(service, folder.entry_uuid) == {first.entry_uuid, second.entry_uuid}
    assert codes(service, update(new_version(folder, title="autre"))) == []
    _, later = folders(service, folder.unique_id)
    assert (later.title, later.version, later.logical_id) == ("autre", "2", folder.entry_uuid)
    assert contents_of_folder(service, later.entry_uuid) == {first.entry_uuid, second.entry_uuid}
    assert codes(service, update(new_version(later), previous=2, propagate="no")) == []
    assert contents_of_folder(service, folders(service, folder.unique_id)[2].entry_uuid) == set()


@pytest.mark.parametrize("new", [DEPRECATED, DELETED])
def test_a_status_changes_there_and_back(service: RegistryService, new: str) -> None:
    (first,) = add(service, submission(entry()))
    assert codes(service, status_change(first.entry_uuid, new=new)) == []
    assert versions(service, first.unique_id)[0].status == new
    assert service.stored_query(queries.find_documents(PATIENT)).entries == ()
    assert len(service.stored_query(queries.find_documents(PATIENT, status=(new,))).entries) == 1
    assert codes(service, status_change(first.entry_uuid, new=new)) == ["XDSMetadataUpdateError"]
    assert codes(service, status_change(first.entry_uuid, new, APPROVED)) == []
    assert len(service.stored_query(queries.find_documents(PATIENT)).entries) == 1


def test_a_withdrawn_document_is_not_given_any_more_and_not_followed(service: RegistryService) -> None:
    (first,) = add(service, submission(entry()))
    assert codes(service, status_change(first.entry_uuid, new=DELETED)) == []
    with service.retrieve([DocumentRequest(REPOSITORY, first.unique_id)]) as retrieval:
        assert [error.code for error in retrieval.errors] == ["XDSDocumentUniqueIdError"]
    assert codes(service, update(new_version(first)), Context.RESTRICTED_UPDATE) == ["XDSMetadataUpdateError"]
    assert codes(service, status_change(first.entry_uuid, DELETED, APPROVED)) == []
    with service.retrieve([DocumentRequest(REPOSITORY, first.unique_id)]) as retrieval:
        assert [held.unique_id for held in retrieval.documents] == [first.unique_id]


def test_a_new_version_and_a_new_status_come_in_one_update(service: RegistryService) -> None:
    (first,) = add(service, submission(entry()))
    asked = update(new_version(first, title="deux"))
    wrong = status_change("New01", DEPRECATED, APPROVED, within=asked)
    assert codes(service, wrong) == ["XDSMetadataUpdateError"]
    assert codes(service, status_change("New01", within=asked)) == []
    one, two = versions(service, first.unique_id)
    assert (one.status, two.status) == (DEPRECATED, DEPRECATED)
    later = update(new_version(two, title="trois"), previous=2)
    assert codes(service, status_change(two.entry_uuid, DEPRECATED, APPROVED)) == []
    assert codes(service, status_change(two.entry_uuid, within=later)) == []
    assert [one.status for one in versions(service, first.unique_id)] == [DEPRECATED] * 3


@pytest.mark.parametrize(
    ("original", "new", "slots"),
    [
        (APPROVED, APPROVED, ()),
        ("Approved", DEPRECATED, ()),
        (APPROVED, "urn:x", ()),
        ("", DEPRECATED, ()),
        (APPROVED, DEPRECATED, (("PreviousVersion", ("1",)),)),
    ],
)
def test_a_status_change_that_cannot_be_made_out_is_an_operation_error(
    quick: RegistryService, original: str, new: str, slots: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    (first,) = add(quick, submission(entry()))
    asked = status_change(first.entry_uuid, original, new)
    (change,) = asked.associations
    stated = tuple(slot for slot in (*change.slots, *slots) if slot[1] != ("",))
    asked = replace(asked, associations=(replace(change, slots=stated),))
    assert "XDSMetadataUpdateOperationError" in codes(quick, asked)
    assert versions(quick, first.unique_id)[0].status == APPROVED


def test_a_status_changes_of_what_is_registered_for_the_patient_and_the_latest(quick: RegistryService) -> None:
    (first,) = add(quick, submission(entry()))
    nowhere = "urn:uuid:0a1b2c3d-0000-4000-8000-000000000009"
    assert codes(quick, status_change(nowhere)) == ["UnresolvedReferenceException"]
    theirs = status_change(first.entry_uuid, patient_id=OTHER_PATIENT)
    assert codes(quick, theirs) == ["XDSPatientIDReconciliationError"]
    assert codes(quick, update(new_version(first))) == []
    assert codes(quick, status_change(first.entry_uuid, DEPRECATED, APPROVED)) == ["XDSMetadataVersionError"]
    sets = StoredQuery(
        query_id=queries.GET_SUBMISSION_SETS, parameters={"$uuid": ((first.entry_uuid,),)}, return_type="ObjectRef"
    )
    set_uuid = quick.stored_query(sets).references[0]
    assert codes(quick, status_change(set_uuid)) == ["XDSMetadataUpdateError"]


def test_an_association_is_added_deprecated_and_hidden_at_level_1(service: RegistryService) -> None:
    first, second = add(service, submission(entry("Document01"), entry("Document02")))
    assert codes(service, addition(APND, first.entry_uuid, second.entry_uuid)) == []
    again = codes(service, addition(APND, first.entry_uuid, second.entry_uuid))
    assert again == ["XDSMetadataUpdateError"]
    parameters = {"$XDSDocumentEntryEntryUUID": ((first.entry_uuid,),), "$AssociationTypes": ((APND,),)}
    query = StoredQuery(query_id=queries.GET_RELATED_DOCUMENTS, parameters=parameters)
    found = service.stored_query(query).objects
    assert (len(found.entries), len(found.associations)) == (2, 1)
    assert codes(service, status_change(found.associations[0].entry_uuid)) == []
    assert service.stored_query(query).objects == Submission()
    both = {"$XDSAssociationStatus": ((APPROVED, DEPRECATED),)}
    level_2 = service.stored_query(replace(query, parameters={**parameters, **LEVEL_2, **both})).objects
    assert (len(level_2.entries), len(level_2.associations)) == (2, 1)


def test_a_folder_and_a_document_are_joined_later(service: RegistryService) -> None:
    submitted = with_folder(submission(entry()), "Document01")
    (inside,) = add(service, submitted)
    (outside,) = add(service, submission(entry()))
    (folder,) = folders(service, submitted.folders[0].unique_id)
    assert codes(service, addition(HAS_MEMBER, folder.entry_uuid, outside.entry_uuid)) == []
    assert contents_of_folder(service, folder.entry_uuid) == {inside.entry_uuid, outside.entry_uuid}
    assert codes(service, addition(HAS_MEMBER, outside.entry_uuid, inside.entry_uuid)) == ["XDSRegistryMetadataError"]
    assert codes(service, addition(HAS_MEMBER, folder.entry_uuid, folder.entry_uuid)) == ["XDSRegistryMetadataError"]


def test_an_association_that_joins_two_patients_or_nothing_is_refused(quick: RegistryService) -> None:
    (mine,) = add(quick, submission(entry()))
    (theirs,) = add(quick, submission(entry(patient_id=OTHER_PATIENT), patient_id=OTHER_PATIENT))
    assert codes(quick, addition(APND, mine.entry_uuid, theirs.entry_uuid)) == ["XDSPatientIDReconciliationError"]
    nowhere = "urn:uuid:0a1b2c3d-0000-4000-8000-000000000009"
    assert codes(quick, addition(APND, mine.entry_uuid, nowhere)) == ["UnresolvedReferenceException"]
    assert "XDSRegistryMetadataError" in codes(quick, addition("urn:x:APND_TXFM", mine.entry_uuid, mine.entry_uuid))
    assert "XDSMetadataUpdateOperationError" in codes(quick, addition(APND, mine.entry_uuid, "nothing"))


def test_an_addendum_may_replace_what_it_was_added_to_and_stays(quick: RegistryService) -> None:
    (first,) = add(quick, submission(entry()))
    (addendum,) = add(quick, related(submission(entry()), AssociationType.APPEND, "Document01", first.entry_uuid))
    (second,) = add(quick, related(submission(entry()), AssociationType.APPEND, "Document01", first.entry_uuid))
    assert codes(quick, addition(RPLC, addendum.entry_uuid, first.entry_uuid)) == []
    found = (versions(quick, one.unique_id)[0].status.rpartition(":")[2] for one in (first, addendum, second))
    assert list(found) == ["Deprecated", "Approved", "Deprecated"]


def test_an_update_does_not_add_to_a_transformation(quick: RegistryService) -> None:
    transforming = AssociationType.TRANSFORM.value
    first, second, third = add(quick, submission(*(entry(f"Document0{number}") for number in (1, 2, 3))))
    both = addition(APND, first.entry_uuid, second.entry_uuid)
    both = addition(transforming, second.entry_uuid, third.entry_uuid, within=both)
    assert codes(quick, both) == ["XDSRegistryMetadataError"]
    assert codes(quick, addition(transforming, second.entry_uuid, third.entry_uuid)) == []
    assert codes(quick, addition(APND, first.entry_uuid, second.entry_uuid)) == ["XDSRegistryMetadataError"]
    assert codes(quick, addition(APND, first.entry_uuid, third.entry_uuid)) == []


def test_nothing_is_joined_to_itself(quick: RegistryService) -> None:
    first, second = add(quick, submission(entry("Document01"), entry("Document02")))
    for kind in (APND, RPLC):
        assert codes(quick, addition(kind, first.entry_uuid, first.entry_uuid)) == ["XDSRegistryMetadataError"]
    assert codes(quick, addition(APND, first.entry_uuid, second.entry_uuid)) == []


def test_an_association_to_a_new_version_needs_propagation_off(quick: RegistryService) -> None:
    first, second = add(quick, submission(entry("Document01"), entry("Document02")))
    asked = update(new_version(first))
    both = addition(APND, "New01", second.entry_uuid, within=asked)
    assert codes(quick, both) == ["XDSMetadataUpdateOperationError"]
    asked = update(new_version(first), propagate="no")
    assert codes(quick, addition(APND, "New01", second.entry_uuid, within=asked)) == []


def test_an_update_is_all_or_nothing_and_tells_everything(quick: RegistryService) -> None:
    first, second = add(quick, submission(entry("Document01"), entry("Document02")))
    right, wrong = new_version(first), new_version(second, entry_uuid="New02", title="x", unique_id=new_unique_id())
    asked = status_change("urn:uuid:0a1b2c3d-0000-4000-8000-000000000009", within=update(right, wrong))
    assert codes(quick, asked) == ["XDSMetadataUpdateError", "UnresolvedReferenceException"]
    assert len(versions(quick, first.unique_id)) == 1


def test_a_known_submission_set_is_a_duplicate_in_an_update_too(quick: RegistryService) -> None:
    submitted = submission(entry())
    (first,) = add(quick, submitted)
    asked = status_change(first.entry_uuid)
    taken = replace(asked.submission_sets[0], unique_id=submitted.submission_sets[0].unique_id)
    assert codes(quick, replace(asked, submission_sets=(taken,))) == ["XDSDuplicateUniqueIdInRegistry"]
