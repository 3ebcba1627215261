"""What a submission does to what was registered before: replacements, addenda, transforms, signatures, folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.model.codes import Code
from gateway.model.document import ON_DEMAND, Association, AssociationType, DocumentEntry, Folder, Status, Submission
from gateway.registry.rules import Context, Policy
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
    member,
    new_unique_id,
    related,
    running_service,
    sha1,
    submission,
    with_folder,
)

RPLC, APND = AssociationType.REPLACE, AssociationType.APPEND
XFRM, XFRM_RPLC, SIGNS = AssociationType.TRANSFORM, AssociationType.TRANSFORM_AND_REPLACE, AssociationType.SIGNS


class Clock:
    """A second goes by at every look."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture(params=DATABASES)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RegistryService]:
    with running_service(tmp_path, database_url(request), now=Clock()) as running:
        yield running


def codes(service: RegistryService, submitted: Submission, content: bytes = b"<a/>") -> list[str]:
    return [error.code for error in service.provide_and_register(submitted, contents(submitted, content))]


def add(service: RegistryService, submitted: Submission) -> tuple[DocumentEntry, ...]:
    """Register *submitted*; gives its entries as they are registered."""
    assert codes(service, submitted) == []
    return tuple(stored(service, one.unique_id) for one in submitted.entries)


def stored(service: RegistryService, unique_id: str) -> DocumentEntry:
    (found,) = service.stored_query(queries.get_documents(unique_ids=[unique_id])).entries
    return found


def status(service: RegistryService, one: DocumentEntry) -> str:
    return stored(service, one.unique_id).status.rpartition(":")[2]


def folder(service: RegistryService, unique_id: str) -> Folder:
    query = StoredQuery(query_id=queries.GET_FOLDERS, parameters={"$XDSFolderUniqueId": ((unique_id,),)})
    (found,) = service.stored_query(query).objects.folders
    return found


def in_folder(service: RegistryService, unique_id: str) -> set[str]:
    """The unique ids of the documents in a folder."""
    query = StoredQuery(query_id=queries.GET_FOLDER_AND_CONTENTS, parameters={"$XDSFolderUniqueId": ((unique_id,),)})
    return {one.unique_id for one in service.stored_query(query).entries}


@pytest.mark.parametrize("kind", [RPLC, XFRM_RPLC])
def test_what_is_replaced_is_deprecated_with_its_addenda_and_transforms_and_theirs(
    service: RegistryService, kind: AssociationType
) -> None:
    (first,) = add(service, submission(entry()))
    (addendum,) = add(service, related(submission(entry()), APND, "Document01", first.entry_uuid))
    (transform,) = add(service, related(submission(entry()), XFRM, "Document01", addendum.entry_uuid))
    (signature,) = add(service, related(submission(entry()), SIGNS, "Document01", first.entry_uuid))
    (other,) = add(service, submission(entry()))
    (second,) = add(service, related(submission(entry()), kind, "Document01", first.entry_uuid))
    assert [status(service, one) for one in (first, addendum, transform)] == ["Deprecated"] * 3
    assert [status(service, one) for one in (signature, other, second)] == ["Approved"] * 3
    assert service.stored_query(queries.find_documents(PATIENT)).entries[0].unique_id == second.unique_id


def test_an_addendum_and_a_transform_leave_the_document_as_it_is(service: RegistryService) -> None:
    (first,) = add(service, submission(entry()))
    for kind in (APND, XFRM, SIGNS):
        add(service, related(submission(entry()), kind, "Document01", first.entry_uuid))
    assert status(service, first) == "Approved"


@pytest.mark.parametrize("kind", [APND, XFRM])
def test_an_addendum_or_transform_of_the_same_message_goes_with_its_document(
    service: RegistryService, kind: AssociationType
) -> None:
    both = submission(entry("Document01"), entry("Document02"))
    first, depending = add(service, related(both, kind, "Document02", "Document01"))
    assert [status(service, one) for one in (first, depending)] == ["Approved"] * 2
    add(service, related(submission(entry()), RPLC, "Document01", first.entry_uuid))
    assert [status(service, one) for one in (first, depending)] == ["Deprecated"] * 2


def test_a_transformation_of_the_same_message_is_not_added_to(service: RegistryService) -> None:
    three = submission(entry("Document01"), entry("Document02"), entry("Document03"))
    transformed = related(three, XFRM, "Document02", "Document01")
    assert codes(service, related(transformed, APND, "Document03", "Document02")) == ["XDSRegistryMetadataError"]
    assert codes(service, related(transformed, APND, "Document03", "Document01")) == []


def test_a_registered_transformation_is_not_added_to(service: RegistryService) -> None:
    (first,) = add(service, submission(entry()))
    (transform,) = add(service, related(submission(entry()), XFRM, "Document01", first.entry_uuid))
    addendum = submission(entry())
    wrong = related(addendum, APND, "Document01", transform.entry_uuid)
    assert codes(service, wrong) == ["XDSRegistryMetadataError"]
    assert codes(service, related(addendum, APND, "Document01", first.entry_uuid)) == []


def test_a_transformation_is_transformed_and_replaced_and_an_addendum_added_to(service: RegistryService) -> None:
    (first,) = add(service, submission(entry()))
    (transform,) = add(service, related(submission(entry()), XFRM, "Document01", first.entry_uuid))
    (again,) = add(service, related(submission(entry()), XFRM, "Document01", transform.entry_uuid))
    (addendum,) = add(service, related(submission(entry()), APND, "Document01", first.entry_uuid))
    assert codes(service, related(submission(entry()), APND, "Document01", addendum.entry_uuid)) == []
    assert codes(service, related(submission(entry()), RPLC, "Document01", transform.entry_uuid)) == []
    assert [status(service, one) for one in (first, transform, again)] == ["Approved", "Deprecated", "Deprecated"]


@pytest.mark.parametrize(("one", "other"), [(RPLC, RPLC), (RPLC, XFRM_RPLC)])
def test_two_documents_of_a_submission_may_replace_one(
    service: RegistryService, one: AssociationType, other: AssociationType
) -> None:
    (first,) = add(service, submission(entry()))
    both = submission(entry("New01"), entry("New02"))
    new = add(service, related(related(both, one, "New01", first.entry_uuid), other, "New02", first.entry_uuid))
    assert [status(service, each) for each in (first, *new)] == ["Deprecated", "Approved", "Approved"]


@pytest.mark.parametrize("kind", [APND, XFRM])
def test_two_documents_of_one_message_that_depend_on_each_other_are_replaced_together(
    service: RegistryService, kind: AssociationType
) -> None:
    both = submission(entry("Document01"), entry("Document02"))
    circle = related(related(both, kind, "Document02", "Document01"), kind, "Document01", "Document02")
    first, second = add(service, circle)
    add(service, related(submission(entry()), RPLC, "Document01", second.entry_uuid))
    assert [status(service, one) for one in (first, second)] == ["Deprecated"] * 2


@pytest.mark.parametrize("kind", [APND, XFRM])
@pytest.mark.parametrize("replacing", [RPLC, XFRM_RPLC])
def test_nothing_is_added_to_what_the_same_submission_replaces(
    service: RegistryService, kind: AssociationType, replacing: AssociationType
) -> None:
    first, other = add(service, submission(entry("Document01"), entry("Document02")))
    both = submission(entry("New01"), entry("New02"))
    for replacement, addendum in (("New01", "New02"), ("New01", "New01")):
        asked = related(related(both, kind, addendum, first.entry_uuid), replacing, replacement, first.entry_uuid)
        assert codes(service, asked) == ["XDSRegistryDeprecatedDocumentError"]
    assert status(service, first) == "Approved"
    right = related(related(both, kind, "New02", other.entry_uuid), replacing, "New01", first.entry_uuid)
    assert codes(service, right) == []
    assert (status(service, first), status(service, other)) == ("Deprecated", "Approved")


def test_a_submission_of_associations_alone_joins_what_is_registered_once(service: RegistryService) -> None:
    held = with_folder(submission(entry()), "Document01")
    add(service, held)
    (outside,) = add(service, submission(entry()))
    found = folder(service, held.folders[0].unique_id)
    into = member(outside.entry_uuid, 1, status="", source=found.entry_uuid)

    def register(*associations: Association) -> list[str]:
        return [error.code for error in service.register(replace(submission(), associations=associations))]

    assert register() == ["XDSRegistryMetadataError"]  # a set of nothing
    assert register(into) == ["XDSRegistryMetadataError"]
    assert register(into, member("as1", 2)) == []
    assert register(into, member("as1", 2)) == ["XDSRegistryMetadataError"]
    assert in_folder(service, found.unique_id) == {held.entries[0].unique_id, outside.unique_id}
    assert register(member(outside.entry_uuid, 1, status="Reference")) == []


def test_one_relationship_is_stated_once(service: RegistryService) -> None:
    (first,) = add(service, submission(entry()))
    once = related(submission(entry()), RPLC, "Document01", first.entry_uuid)
    assert codes(service, related(once, RPLC, "Document01", first.entry_uuid)) == ["XDSRegistryMetadataError"]
    assert codes(service, once) == []


def test_a_document_may_be_identified_by_a_uri(service: RegistryService) -> None:
    for unique_id in ("urn:uuid:0a1b2c3d-0000-4000-8000-000000000009", "https://example.org/document/7"):
        (first,) = add(service, submission(entry(unique_id=unique_id)))
        assert first.unique_id == unique_id
        assert codes(service, submission(entry(unique_id=unique_id)), b"other") == ["XDSNonIdenticalHash"]
    for wrong in ("urn:oid:1.2.3", "urn:uuid:0A1B2C3D-0000-4000-8000-000000000009", "URN:UUID:1", "document 7"):
        assert codes(service, submission(entry(unique_id=wrong))) == ["XDSRegistryMetadataError"]


def test_one_submission_may_replace_several_and_one_document_several(service: RegistryService) -> None:
    first, second = add(service, submission(entry("Document01"), entry("Document02")))
    both = related(submission(entry()), RPLC, "Document01", first.entry_uuid)
    add(service, related(both, RPLC, "Document01", second.entry_uuid))
    assert status(service, first) == status(service, second) == "Deprecated"


@pytest.mark.parametrize("kind", [RPLC, APND, XFRM, XFRM_RPLC])
def test_what_is_deprecated_is_not_replaced_or_appended_to(service: RegistryService, kind: AssociationType) -> None:
    (first,) = add(service, submission(entry()))
    add(service, related(submission(entry()), RPLC, "Document01", first.entry_uuid))
    late = related(submission(entry()), kind, "Document01", first.entry_uuid)
    assert codes(service, late) == ["XDSRegistryDeprecatedDocumentError"]
    assert service.stored_query(queries.get_documents(unique_ids=[late.entries[0].unique_id])).entries == ()


def test_what_is_not_registered_or_another_patients_is_not_replaced(service: RegistryService) -> None:
    (first,) = add(service, submission(entry()))
    nowhere = "urn:uuid:0a1b2c3d-0000-4000-8000-000000000009"
    assert codes(service, related(submission(entry()), RPLC, "Document01", nowhere)) == ["UnresolvedReferenceException"]
    theirs = submission(entry(patient_id=OTHER_PATIENT), patient_id=OTHER_PATIENT)
    wrong = related(theirs, RPLC, "Document01", first.entry_uuid)
    assert codes(service, wrong) == ["XDSPatientIdDoesNotMatch"]
    assert status(service, first) == "Approved"


def test_a_replacement_that_is_sent_again_under_a_new_set_succeeds(service: RegistryService) -> None:
    (first,) = add(service, submission(entry()))
    second = entry()
    add(service, related(submission(second), RPLC, "Document01", first.entry_uuid))
    assert codes(service, related(submission(second), RPLC, "Document01", first.entry_uuid)) == []
    other = related(submission(entry()), RPLC, "Document01", first.entry_uuid)
    assert codes(service, other) == ["XDSRegistryDeprecatedDocumentError"]


def test_a_replacement_joins_the_folders_of_what_it_replaces_and_gives_them_a_new_time(
    service: RegistryService,
) -> None:
    submitted = with_folder(submission(entry()), "Document01")
    (first,) = add(service, submitted)
    unique_id = submitted.folders[0].unique_id
    before = folder(service, unique_id)
    (second,) = add(service, related(submission(entry()), RPLC, "Document01", first.entry_uuid))
    assert in_folder(service, unique_id) == {first.unique_id, second.unique_id}
    assert folder(service, unique_id).last_update_time > before.last_update_time
    third = related(submission(entry()), RPLC, "Document01", second.entry_uuid)
    told = member("Document01", 70, status="", source=before.entry_uuid)
    add(service, replace(third, associations=(*third.associations, told)))
    query = StoredQuery(query_id=queries.GET_FOLDER_AND_CONTENTS, parameters={"$XDSFolderUniqueId": ((unique_id,),)})
    assert len(service.stored_query(query).objects.associations) == 3


def test_a_folder_is_registered_with_the_time_of_its_registration(service: RegistryService) -> None:
    submitted = with_folder(submission(entry()), "Document01", last_update_time="20010101")
    add(service, submitted)
    found = folder(service, submitted.folders[0].unique_id)
    assert found.last_update_time.startswith("202611201000")
    assert (found.status, found.version, found.logical_id) == (Status.APPROVED, "1", found.entry_uuid)
    assert (found.title, found.codes) == (submitted.folders[0].title, submitted.folders[0].codes)
    again = with_folder(submission(entry()), "Document01", unique_id=submitted.folders[0].unique_id)
    assert codes(service, again) == ["XDSDuplicateUniqueIdInRegistry"]


def test_documents_old_and_new_join_a_folder_later(service: RegistryService) -> None:
    (old,) = add(service, submission(entry()))
    submitted = with_folder(submission(entry()), "Document01")
    add(service, submitted)
    unique_id = submitted.folders[0].unique_id
    before = folder(service, unique_id)
    later = submission(entry("Document02"))
    joins = (
        member("Document02", 90, status="", source=before.entry_uuid),
        member(old.entry_uuid, 91, status="", source=before.entry_uuid),
        member("as91", 92),
    )
    add(service, replace(later, associations=(*later.associations, *joins)))
    assert len(in_folder(service, unique_id)) == 3
    assert folder(service, unique_id).last_update_time > before.last_update_time


def test_a_folder_takes_no_document_of_another_patient(service: RegistryService) -> None:
    submitted = with_folder(submission(entry()), "Document01")
    add(service, submitted)
    theirs = submission(entry(patient_id=OTHER_PATIENT), patient_id=OTHER_PATIENT)
    mine = folder(service, submitted.folders[0].unique_id)
    join = member("Document01", 90, status="", source=mine.entry_uuid)
    wrong = replace(theirs, associations=(*theirs.associations, join))
    assert codes(service, wrong) == ["XDSPatientIdDoesNotMatch"]


def test_metadata_are_registered_alone_for_a_document_that_is_elsewhere(service: RegistryService) -> None:
    elsewhere = entry(hash=sha1(b"elsewhere"), size=9, repository_unique_id="1.2.3.4")
    assert service.register(submission(elsewhere)) == ()
    found = stored(service, elsewhere.unique_id)
    assert (found.repository_unique_id, found.hash, found.size) == ("1.2.3.4", sha1(b"elsewhere"), 9)
    assert service.register(submission(elsewhere)) == ()
    other = replace(elsewhere, hash=sha1(b"other"))
    assert [error.code for error in service.register(submission(other))] == ["XDSNonIdenticalHash"]
    assert codes(service, submission(replace(elsewhere, hash="", size=None)), b"other") == ["XDSNonIdenticalHash"]


def test_on_demand_documents_are_registered_and_found_by_their_type(service: RegistryService) -> None:
    on_demand = entry(object_type=ON_DEMAND, creation_time="", repository_unique_id="1.2.3.4", size=None)
    assert service.register(submission(on_demand), Context.REGISTER_ON_DEMAND) == ()
    assert service.stored_query(queries.find_documents(PATIENT)).entries == ()
    query = queries.find_documents(PATIENT)
    asked = replace(query, parameters={**query.parameters, "$XDSDocumentEntryType": ((ON_DEMAND,),)})
    assert [one.unique_id for one in service.stored_query(asked).entries] == [on_demand.unique_id]
    snapshot = submission(entry())
    known = stored(service, on_demand.unique_id)
    add(service, related(snapshot, AssociationType.IS_SNAPSHOT_OF, "Document01", known.entry_uuid))
    wrong = related(
        submission(entry()),
        AssociationType.IS_SNAPSHOT_OF,
        "Document01",
        stored(service, snapshot.entries[0].unique_id).entry_uuid,
    )
    assert codes(service, wrong) == ["XDSRegistryMetadataError"]


def test_a_listed_patient_is_known_and_a_merged_one_is_the_survivor(tmp_path: Path) -> None:
    with running_service(tmp_path, policy=Policy(listed_patients=True)) as service:
        assert set(codes(service, submission(entry()))) == {"XDSUnknownPatientId"}
        assert service.add_patients([PATIENT, OTHER_PATIENT]) == 2
        assert service.add_patients([PATIENT.removesuffix("^NH")]) == 0
        submitted = with_folder(submission(entry()), "Document01")
        add(service, submitted)
        assert service.merge_patients(OTHER_PATIENT, [PATIENT]) == 3
        assert service.stored_query(queries.find_documents(PATIENT)).entries == ()
        (moved,) = service.stored_query(queries.find_documents(OTHER_PATIENT)).entries
        assert moved.patient_id == OTHER_PATIENT
        assert set(codes(service, submission(entry()))) == {"XDSUnknownPatientId"}


def test_extra_slots_are_kept_by_their_urn_or_all_left_out_as_told(tmp_path: Path) -> None:
    slots = (("urn:x:kept", ("a",)), ("other", ("b",)), ("urn:x:long", ("c" * 300,)))
    sent = with_folder(submission(entry(extra_slots=slots), extra_slots=slots), "Document01", extra_slots=slots)
    with running_service(tmp_path / "keeping") as service:
        assert set(codes(service, sent)) == {"XDSExtraMetadataNotSaved"}
        assert stored(service, sent.entries[0].unique_id).extra_slots == (("urn:x:kept", ("a",)),)
        assert folder(service, sent.folders[0].unique_id).extra_slots == (("urn:x:kept", ("a",)),)
    with running_service(tmp_path / "strict", policy=Policy(keep_extra_slots=False)) as service:
        errors = service.provide_and_register(sent, contents(sent))
        assert len(errors) == 9
        assert {error.severity for error in errors} == {"Warning"}
        assert stored(service, sent.entries[0].unique_id).extra_slots == ()


def test_a_code_and_a_title_of_any_script_come_back(service: RegistryService) -> None:
    sent = entry(title="« 胸部 » – œdème", class_code=Code("Ω", "1.2", "Ω"))
    add(service, submission(sent))
    found = stored(service, sent.unique_id)
    assert (found.title, found.class_code) == (sent.title, sent.class_code)
    assert found.repository_unique_id == REPOSITORY
    assert new_unique_id() != sent.unique_id
