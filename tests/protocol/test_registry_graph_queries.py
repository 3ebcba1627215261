"""The stored queries that follow associations, and those for submission sets and folders."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa

from gateway.model.codes import Code
from gateway.model.document import ON_DEMAND, AssociationType, Author, Submission
from gateway.registry.finder import Answer
from gateway.registry.rules import Context
from gateway.registry.service import Bounds, RegistryService
from gateway.xds import queries
from gateway.xds.queries import QueryError, StoredQuery
from tests.support.postgresql import postgresql_server  # noqa: F401 - a fixture
from tests.support.registry import (
    DATABASES,
    OTHER_PATIENT,
    PATIENT,
    REPOSITORY,
    accession,
    contents,
    database_url,
    entry,
    member,
    related,
    running_service,
    submission,
    with_folder,
)
from tests.support.registry_updates import APPROVED, DEPRECATED, new_version, update

CODE = Code("IMG", "1.2.250.1.999.5")
OTHER_CODE = Code("CARDIO", "1.2.250.1.999.5")
HAS_MEMBER, APND, RPLC = (
    AssociationType.HAS_MEMBER.value,
    AssociationType.APPEND.value,
    AssociationType.REPLACE.value,
)
ENTRY, SET, FOLDER = "$XDSDocumentEntry", "$XDSSubmissionSet", "$XDSFolder"


@dataclass(frozen=True)
class Filled:
    """A registry with three submissions of one patient, and the letters the tests call its objects by.

    Submission 1: documents A (in folder F) and B; 2: C, an addendum of A; 3: D, which replaces B, and folder G with D.
    X is another patient's, O on demand.
    """

    service: RegistryService
    names: dict[str, str]
    """Letter by unique id."""
    uuids: dict[str, str]
    """entryUUID by letter; sets are 1, 2, 3."""

    def ask(self, query_id: str, return_type: str = "LeafClass", **parameters: object) -> Answer:
        stated = {f"${name}": groups for name, groups in parameters.items()}
        return self.service.stored_query(
            StoredQuery(query_id=query_id, parameters=stated, return_type=return_type)  # type: ignore[arg-type]
        )

    def letters(self, answer: Answer) -> str:
        """Sets, folders and entries of the answer, in alphabetical order."""
        found = answer.objects
        objects = (*found.submission_sets, *found.folders, *found.entries)
        return "".join(sorted(self.names[one.unique_id] for one in objects))

    def links(self, answer: Answer) -> set[str]:
        """The associations of the answer, such as ``1>A`` or ``C APND A``."""
        by_uuid = {uuid: letter for letter, uuid in self.uuids.items()}
        return {
            by_uuid.get(one.source, "?")
            + (">" if one.type == HAS_MEMBER else f" {one.type.rpartition(':')[2]} ")
            + by_uuid.get(one.target, "?")
            for one in answer.objects.associations
        }


@pytest.fixture(scope="module", params=DATABASES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with running_service(tmp_path_factory.mktemp("registry"), database_url(request)) as service:
        yield fill(service)


def fill(service: RegistryService) -> Filled:
    names: dict[str, str] = {}
    uuids: dict[str, str] = {}

    def add(submitted: Submission, set_name: str, *letters: str) -> None:
        assert service.provide_and_register(submitted, contents(submitted)) == ()
        objects = (*submitted.entries, *submitted.folders)
        for letter, one in zip((set_name, *letters), (*submitted.submission_sets, *objects), strict=True):
            names[one.unique_id] = letter
        learn(service, names, uuids)

    first = with_folder(
        submission(
            entry("A", confidentiality_codes=(Code("R", "2.16.840.1.113883.5.25"),)),
            entry("B", format_code=Code("urn:x", "1.2.3")),
            submission_time="20260101",
            authors=(Author(person="1^ADAM^Ève"),),
        ),
        "A",
        codes=(CODE, OTHER_CODE),
    )
    first = replace(first, associations=(*first.associations, member("as81", 95)))
    add(first, "1", "A", "B", "F")
    second = related(submission(entry("C"), submission_time="20260201"), AssociationType.APPEND, "C", uuids["A"])
    add(second, "2", "C")
    third = submission(entry("D"), source_id="1.2.99", submission_time="20260301", content_type_code=Code("07", "1.2"))
    third = with_folder(related(third, AssociationType.REPLACE, "D", uuids["B"]), "D", codes=(CODE,))
    add(third, "3", "D", "G")
    theirs = submission(entry("X", patient_id=OTHER_PATIENT), patient_id=OTHER_PATIENT)
    add(theirs, "4", "X")
    on_demand = submission(entry("O", object_type=ON_DEMAND, repository_unique_id=REPOSITORY, size=None))
    assert service.register(on_demand, Context.REGISTER_ON_DEMAND) == ()
    names[on_demand.entries[0].unique_id], names[on_demand.submission_sets[0].unique_id] = "O", "5"
    learn(service, names, uuids)
    return Filled(service, names, uuids)


def learn(service: RegistryService, names: dict[str, str], uuids: dict[str, str]) -> None:
    """Ask for the entryUUIDs of everything that has a name."""
    for query_id, prefix in (
        (queries.GET_DOCUMENTS, ENTRY),
        (queries.GET_FOLDERS, FOLDER),
        (queries.GET_SUBMISSION_SET_AND_CONTENTS, SET),
    ):
        for unique_id in names:
            found = service.stored_query(
                StoredQuery(query_id=query_id, parameters={f"{prefix}UniqueId": ((unique_id,),)})
            ).objects
            for one in (*found.submission_sets, *found.folders, *found.entries):
                if one.unique_id == unique_id:
                    uuids[names[unique_id]] = one.entry_uuid


def find(**parameters: object) -> dict[str, object]:
    return {"XDSSubmissionSetPatientId": ((PATIENT,),), "XDSSubmissionSetStatus": ((APPROVED,),), **parameters}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "1235"),
        ({"XDSSubmissionSetStatus": ((DEPRECATED,),)}, ""),
        ({"XDSSubmissionSetSourceId": (("1.2.99", "1.2.98"),)}, "3"),
        ({"XDSSubmissionSetSubmissionTimeFrom": (("20260201",),)}, "235"),
        ({"XDSSubmissionSetSubmissionTimeTo": (("20260201",),)}, "1"),
        (
            {
                "XDSSubmissionSetSubmissionTimeFrom": (("202602",),),
                "XDSSubmissionSetSubmissionTimeTo": (("20260301",),),
            },
            "2",
        ),
        ({"XDSSubmissionSetAuthorPerson": (("%adam%",),)}, "1"),
        ({"XDSSubmissionSetAuthorPerson": (("ADAM",),)}, ""),
        ({"XDSSubmissionSetContentType": (("07^^1.2",),)}, "3"),
        ({"XDSSubmissionSetContentType": (("07^^1.3",),)}, ""),
        ({"XDSSubmissionSetPatientId": ((OTHER_PATIENT,),)}, "4"),
    ],
)
def test_submission_sets_are_found(filled: Filled, parameters: dict[str, object], expected: str) -> None:
    assert filled.letters(filled.ask(queries.FIND_SUBMISSION_SETS, **find(**parameters))) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "FG"),
        ({"XDSFolderCodeList": (("CARDIO^^1.2.250.1.999.5",),)}, "F"),
        ({"XDSFolderCodeList": (("IMG^^1.2.250.1.999.5", "CARDIO^^1.2.250.1.999.5"),)}, "FG"),
        ({"XDSFolderCodeList": (("IMG^^1.2.250.1.999.5",), ("CARDIO^^1.2.250.1.999.5",))}, "F"),
        ({"XDSFolderCodeList": (("IMG^^1.2.3",),)}, ""),
        ({"XDSFolderLastUpdateTimeFrom": (("2020",),), "XDSFolderLastUpdateTimeTo": (("2999",),)}, "FG"),
        ({"XDSFolderLastUpdateTimeTo": (("2020",),)}, ""),
        ({"XDSFolderPatientId": ((OTHER_PATIENT,),)}, ""),
    ],
)
def test_folders_are_found(filled: Filled, parameters: dict[str, object], expected: str) -> None:
    stated = {"XDSFolderPatientId": ((PATIENT,),), "XDSFolderStatus": ((APPROVED,),), **parameters}
    assert filled.letters(filled.ask(queries.FIND_FOLDERS, **stated)) == expected


def test_a_submission_set_comes_with_its_contents_and_what_joins_them(filled: Filled) -> None:
    answer = filled.ask(queries.GET_SUBMISSION_SET_AND_CONTENTS, XDSSubmissionSetEntryUUID=((filled.uuids["1"],),))
    assert filled.letters(answer) == "1ABF"
    assert filled.links(answer) == {"1>A", "1>B", "1>F", "1>?", "F>A"}
    by_id = {"XDSSubmissionSetUniqueId": ((unique_id(filled, "1"),),)}
    assert filled.ask(queries.GET_SUBMISSION_SET_AND_CONTENTS, **by_id).objects == answer.objects
    narrowed = {"XDSDocumentEntryFormatCode": (("urn:x^^1.2.3",),)}
    answer = filled.ask(queries.GET_SUBMISSION_SET_AND_CONTENTS, **by_id, **narrowed)
    assert (filled.letters(answer), filled.links(answer)) == ("1BF", {"1>B", "1>F"})
    narrowed = {"XDSDocumentEntryConfidentialityCode": (("R^^2.16.840.1.113883.5.25",),)}
    answer = filled.ask(queries.GET_SUBMISSION_SET_AND_CONTENTS, **by_id, **narrowed)
    assert (filled.letters(answer), filled.links(answer)) == ("1AF", {"1>A", "1>F", "1>?", "F>A"})


def test_documents_on_demand_come_when_their_type_is_asked_for(filled: Filled) -> None:
    by_id = {"XDSSubmissionSetUniqueId": ((unique_id(filled, "5"),),)}
    assert filled.letters(filled.ask(queries.GET_SUBMISSION_SET_AND_CONTENTS, **by_id)) == "5"
    typed = {"XDSDocumentEntryType": ((ON_DEMAND,),)}
    assert filled.letters(filled.ask(queries.GET_SUBMISSION_SET_AND_CONTENTS, **by_id, **typed)) == "5O"


def test_a_folder_comes_with_its_documents(filled: Filled) -> None:
    answer = filled.ask(queries.GET_FOLDER_AND_CONTENTS, XDSFolderUniqueId=((unique_id(filled, "F"),),))
    assert (filled.letters(answer), filled.links(answer)) == ("AF", {"F>A"})
    narrowed = {"XDSDocumentEntryFormatCode": (("urn:x^^1.2.3",),)}
    answer = filled.ask(queries.GET_FOLDER_AND_CONTENTS, XDSFolderEntryUUID=((filled.uuids["F"],),), **narrowed)
    assert (filled.letters(answer), filled.links(answer)) == ("F", set())


def test_the_folders_of_a_document_come_without_it(filled: Filled) -> None:
    answer = filled.ask(queries.GET_FOLDERS_FOR_DOCUMENT, XDSDocumentEntryEntryUUID=((filled.uuids["D"],),))
    assert (filled.letters(answer), filled.links(answer)) == ("G", set())
    assert filled.letters(filled.ask(queries.GET_FOLDERS_FOR_DOCUMENT, XDSDocumentEntryUniqueId=(("1.2",),))) == ""


def test_folders_and_documents_are_got_by_any_of_their_ids(filled: Filled) -> None:
    for name, value in (("EntryUUID", "F"), ("LogicalID", "F")):
        assert filled.letters(filled.ask(queries.GET_FOLDERS, **{f"XDSFolder{name}": ((filled.uuids[value],),)})) == "F"
    both = {"XDSDocumentEntryEntryUUID": ((filled.uuids["A"], filled.uuids["D"]),)}
    assert filled.letters(filled.ask(queries.GET_DOCUMENTS, **both)) == "AD"


def test_associations_are_those_of_either_end(filled: Filled) -> None:
    answer = filled.ask(queries.GET_ASSOCIATIONS, uuid=((filled.uuids["A"], filled.uuids["B"]),))
    assert filled.links(answer) == {"1>A", "1>B", "F>A", "C APND A", "D RPLC B"}
    references = filled.ask(queries.GET_ASSOCIATIONS, "ObjectRef", uuid=((filled.uuids["A"], filled.uuids["B"]),))
    assert set(references.references) == {one.entry_uuid for one in answer.objects.associations}


def test_documents_come_with_their_associations(filled: Filled) -> None:
    answer = filled.ask(queries.GET_DOCUMENTS_AND_ASSOCIATIONS, XDSDocumentEntryUniqueId=((unique_id(filled, "A"),),))
    assert (filled.letters(answer), filled.links(answer)) == ("A", {"1>A", "F>A", "C APND A"})


def test_the_submission_sets_of_objects_come_with_the_memberships(filled: Filled) -> None:
    answer = filled.ask(queries.GET_SUBMISSION_SETS, uuid=((filled.uuids["A"], filled.uuids["G"]),))
    assert (filled.letters(answer), filled.links(answer)) == ("13", {"1>A", "3>G"})


@pytest.mark.parametrize(
    ("start", "types", "letters", "links"),
    [
        ("A", (APND,), "AC", {"C APND A"}),
        ("C", ("APND",), "AC", {"C APND A"}),
        ("B", (APND, RPLC), "BD", {"D RPLC B"}),
        ("A", (RPLC,), "", set()),
        ("A", (HAS_MEMBER,), "", set()),
    ],
)
def test_related_documents_come_with_what_relates_them(
    filled: Filled, start: str, types: tuple[str, ...], letters: str, links: set[str]
) -> None:
    asked = {"XDSDocumentEntryEntryUUID": ((filled.uuids[start],),), "AssociationTypes": (types,)}
    answer = filled.ask(queries.GET_RELATED_DOCUMENTS, **asked)
    assert (filled.letters(answer), filled.links(answer)) == (letters, links)


def test_all_of_a_patient_comes_with_every_association(filled: Filled) -> None:
    statuses = {f"XDS{kind}Status": ((APPROVED,),) for kind in ("DocumentEntry", "SubmissionSet", "Folder")}
    answer = filled.ask(queries.GET_ALL, patientId=((PATIENT,),), **statuses)
    assert filled.letters(answer) == "1235ACDFG"
    assert filled.links(answer) == {
        *("1>A", "1>B", "1>F", "1>?", "F>A", "2>C", "C APND A", "3>D", "3>G", "G>D", "D RPLC B", "5>O"),
    }
    statuses["XDSDocumentEntryStatus"] = ((APPROVED, DEPRECATED),)
    assert filled.letters(filled.ask(queries.GET_ALL, patientId=((PATIENT,),), **statuses)) == "1235ABCDFG"
    with pytest.raises(QueryError, match="XDSStoredQueryParamNumber"):
        filled.ask(queries.GET_ALL, patientId=(("279035121518989",),), **statuses)


def test_whole_objects_of_two_patients_are_never_in_one_answer(filled: Filled) -> None:
    both = {"uuid": ((filled.uuids["A"], filled.uuids["X"]),)}
    with pytest.raises(QueryError, match="XDSResultNotSinglePatient"):
        filled.ask(queries.GET_SUBMISSION_SETS, **both)
    assert len(filled.ask(queries.GET_SUBMISSION_SETS, "ObjectRef", **both).references) == 4


def test_an_unknown_metadata_level_is_an_error(filled: Filled) -> None:
    with pytest.raises(QueryError, match="XDSStoredQueryParamNumber"):
        filled.ask(queries.GET_DOCUMENTS, XDSDocumentEntryUniqueId=(("1.2",),), MetadataLevel=(("3",),))


def test_level_1_shows_the_latest_versions_that_are_online(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_service(tmp_path_factory.mktemp("levels")) as service:
        here = fill(service)
        (document,) = here.ask(queries.GET_DOCUMENTS, XDSDocumentEntryEntryUUID=((here.uuids["A"],),)).entries
        offline = new_version(document, document_availability="urn:ihe:iti:2010:DocumentAvailability:Offline")
        assert service.update(update(offline)) == ()
        asked = {"XDSDocumentEntryUniqueId": ((unique_id(here, "A"),),)}
        assert here.letters(here.ask(queries.GET_DOCUMENTS, **asked)) == ""
        assert here.letters(here.ask(queries.GET_DOCUMENTS, **asked, MetadataLevel=(("2",),))) == "AA"
        patient = {"XDSDocumentEntryPatientId": ((PATIENT,),), "XDSDocumentEntryStatus": ((APPROVED,),)}
        wanted = {"XDSDocumentEntryDocumentAvailability": (("urn:ihe:iti:2010:DocumentAvailability:Offline",),)}
        assert here.letters(here.ask(queries.FIND_DOCUMENTS, **patient, **wanted)) == ""
        level_2 = {"MetadataLevel": (("2",),)}
        assert here.letters(here.ask(queries.FIND_DOCUMENTS, **patient, **wanted, **level_2)) == "A"


def test_each_query_is_bounded(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_service(tmp_path_factory.mktemp("bounded")) as service:
        here = fill(service)
        for query_id, parameters in every_query(here).items():
            size = here.ask(query_id, **parameters).size
            assert size > 0, query_id
            service._bounds = Bounds(entries=size, references=size)
            assert here.ask(query_id, **parameters).size == size
            assert here.ask(query_id, "ObjectRef", **parameters).size == size
            service._bounds = Bounds(entries=size - 1, references=size - 1)
            for return_type in ("LeafClass", "ObjectRef"):
                with pytest.raises(QueryError, match="XDSTooManyResults"):
                    here.ask(query_id, return_type, **parameters)
            service._bounds = Bounds()


def every_query(here: Filled) -> dict[str, dict[str, object]]:
    """Each query with parameters that find something."""
    documents = {"XDSDocumentEntryPatientId": ((PATIENT,),), "XDSDocumentEntryStatus": ((APPROVED, DEPRECATED),)}
    several = {"XDSDocumentEntryEntryUUID": (tuple(here.uuids[name] for name in "ABCD"),)}
    references = {"XDSDocumentEntryReferenceIdList": ((accession("ACC1").cxi(),), (accession("ACC1", "").cxi(),))}
    return {
        queries.FIND_DOCUMENTS: {
            **documents,
            "XDSDocumentEntryEventCodeList": (("CT^^1.2.840.10008.2.16.4",), ("51185008^^2.16.840.1.113883.6.96",)),
            "XDSDocumentEntryServiceStartTimeFrom": (("2026",),),
            "XDSDocumentEntryAuthorPerson": (("%",),),
        },
        queries.FIND_DOCUMENTS_BY_REFERENCE_ID: {**documents, **references},
        queries.FIND_SUBMISSION_SETS: find(),
        queries.FIND_FOLDERS: {
            "XDSFolderPatientId": ((PATIENT,),),
            "XDSFolderStatus": ((APPROVED,),),
            "XDSFolderCodeList": (("IMG^^1.2.250.1.999.5",),),
        },
        queries.GET_ALL: {
            "patientId": ((PATIENT,),),
            **{f"XDS{kind}Status": ((APPROVED,),) for kind in ("DocumentEntry", "SubmissionSet", "Folder")},
        },
        queries.GET_DOCUMENTS: several,
        queries.GET_FOLDERS: {"XDSFolderUniqueId": (tuple(here.names),)},
        queries.GET_ASSOCIATIONS: {"uuid": ((here.uuids["A"],),)},
        queries.GET_DOCUMENTS_AND_ASSOCIATIONS: several,
        queries.GET_SUBMISSION_SETS: {"uuid": ((here.uuids["A"],),)},
        queries.GET_SUBMISSION_SET_AND_CONTENTS: {"XDSSubmissionSetEntryUUID": ((here.uuids["1"],),)},
        queries.GET_FOLDER_AND_CONTENTS: {"XDSFolderEntryUUID": ((here.uuids["F"],),)},
        queries.GET_FOLDERS_FOR_DOCUMENT: {"XDSDocumentEntryEntryUUID": ((here.uuids["A"],),)},
        queries.GET_RELATED_DOCUMENTS: {
            "XDSDocumentEntryEntryUUID": ((here.uuids["A"],),),
            "AssociationTypes": ((APND,),),
        },
    }


def test_no_query_reads_a_whole_table(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_service(tmp_path_factory.mktemp("plans")) as service:
        statements: list[str] = []

        @sa.event.listens_for(service.engine, "checkout")
        def listen(connection: sqlite3.Connection, *_: object) -> None:
            # By the driver: prepared statements do not pass by SQLAlchemy. Their values are in the text.
            connection.set_trace_callback(lambda text: statements.append(text) if text.startswith("SELECT") else None)

        here = fill(service)  # what submissions look up is looked at too
        asked = every_query(here)
        assert set(asked) == set(queries.DEFINITIONS)
        for query_id, parameters in asked.items():
            here.ask(query_id, **parameters)
        assert (
            service.update(update(new_version(here.ask(queries.GET_DOCUMENTS, **by_uuid(here, "A")).entries[0]))) == ()
        )
        assert service.remove_metadata([here.uuids["1"]]) != ()
        by_one_reference = queries.find_documents_by_reference_id(PATIENT, [accession("A-1").cxi()])
        assert service.stored_query(by_one_reference).size == 0
        assert any("registry_reference_ids" in statement for statement in statements[-1:]), (
            "the usual one is among them"
        )
        with service.engine.connect() as connection:
            for statement in list(statements):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
                scans = [row[3] for row in plan if re.match(r"SCAN registry_", row[3])]
                assert scans == [], statement


def by_uuid(here: Filled, letter: str) -> dict[str, object]:
    return {"XDSDocumentEntryEntryUUID": ((here.uuids[letter],),)}


def unique_id(filled: Filled, letter: str) -> str:
    return next(one for one, name in filled.names.items() if name == letter)
