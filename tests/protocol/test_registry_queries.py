"""The matrix of stored queries over a registry with a few documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.model.codes import DCM, Code
from gateway.model.document import ON_DEMAND, STABLE, Author, Status
from gateway.registry import conditions, search, usual
from gateway.registry.finder import Finder
from gateway.registry.service import Bounds, RegistryService
from gateway.store.engine import reading
from gateway.xds import queries
from gateway.xds.queries import QueryError, StoredQuery
from tests.support.postgresql import postgresql_server  # noqa: F401 - a fixture
from tests.support.registry import (
    ACCESSION_AUTHORITY,
    DATABASES,
    OTHER_PATIENT,
    PATIENT,
    Bytes,
    accession,
    database_url,
    entry,
    new_unique_id,
    running_service,
    study,
    submission,
)

SNOMED = "2.16.840.1.113883.6.96"
CT, MR = Code("CT", DCM), Code("MR", DCM)
CHEST, HEAD = Code("51185008", SNOMED), Code("69536005", SNOMED)
_ENTRY = "$XDSDocumentEntry"


@pytest.fixture(scope="module", params=DATABASES)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RegistryService, dict[str, str]]]:
    """Five documents, by the names the matrix uses; the fifth is another patient's."""
    documents = {
        "A": entry(
            "A",
            creation_time="20260101120000",
            service_start_time="20260101",
            event_codes=(CT, CHEST),
            reference_ids=(accession("ACC1"), study("1.2.3")),
            authors=(Author(person="1^MARTIN^Zoé^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"),),
        ),
        "B": entry(
            "B",
            creation_time="202602",
            event_codes=(MR, HEAD),
            reference_ids=(accession("ACC1", "1.2.250.9"), study("1.2.3", ACCESSION_AUTHORITY)),
            service_start_time="",
            service_stop_time="",
            authors=(Author(person="2^ÉLUARD^Paul"), Author(person="3^MARTIN^Guy")),
        ),
        "C": entry(
            "C",
            creation_time="20260301000000",
            event_codes=(CT, MR, HEAD),
            reference_ids=(accession("ACC2"), accession("ACC3")),
            confidentiality_codes=(Code("N", "2.16.840.1.113883.5.25"), Code("R", "2.16.840.1.113883.5.25")),
            class_code=Code("11", "1.2.250.1.213.1.1.4.1"),
            authors=(),
        ),
        "D": entry("D", creation_time="20260401", event_codes=(), reference_ids=(), mime_type="application/dicom"),
        "E": entry("E", patient_id=OTHER_PATIENT, creation_time="20260101120000", reference_ids=(accession("ACC1"),)),
    }
    with running_service(tmp_path_factory.mktemp("registry"), database_url(request)) as service:
        for name, one in documents.items():
            errors = service.provide_and_register(
                submission(one, patient_id=one.patient_id), {name: Bytes(name.encode())}
            )
            assert errors == ()
        yield service, {one.unique_id: name for name, one in documents.items()}


Filled = tuple[RegistryService, dict[str, str]]


def found(filled: Filled, query: StoredQuery) -> str:
    service, names = filled
    return "".join(names[one.unique_id] for one in service.stored_query(query).entries)


def find(**parameters: object) -> StoredQuery:
    """FindDocuments of the patient with further parameters by the name after ``$XDSDocumentEntry``."""
    query = queries.find_documents(PATIENT)
    added = {_ENTRY + name: groups for name, groups in parameters.items()}
    return replace(query, parameters={**query.parameters, **added})  # type: ignore[dict-item]


def by_reference(*groups: tuple[str, ...]) -> StoredQuery:
    return queries.find_documents_by_reference_id(PATIENT, groups[0], also=groups[1:])


def coded(*codes: Code) -> tuple[str, ...]:
    return tuple(queries.coded(code) for code in codes)


def test_a_patients_documents_come_newest_first(filled: Filled) -> None:
    assert found(filled, find()) == "DCBA"


def test_the_type_code_of_the_patient_identifier_does_not_matter(filled: Filled) -> None:
    assert found(filled, queries.find_documents(PATIENT.removesuffix("^NH"))) == "DCBA"


def test_another_authority_is_another_patient(filled: Filled) -> None:
    assert found(filled, queries.find_documents(PATIENT.replace(".4.10", ".4.11"))) == ""


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((coded(CT),), "CA"),
        ((coded(CT, MR),), "CBA"),
        ((coded(CT), coded(MR)), "C"),
        ((coded(CT, MR), coded(HEAD)), "CB"),
        ((coded(CT), coded(CHEST)), "A"),
        ((coded(Code("CT", "1.2.3")),), ""),
    ],
)
def test_values_of_one_slot_mean_or_and_repeated_slots_mean_and(
    filled: Filled, groups: tuple[tuple[str, ...], ...], expected: str
) -> None:
    assert found(filled, find(EventCodeList=groups)) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"CreationTimeFrom": (("20260101120000",),)}, "DCBA"),
        ({"CreationTimeFrom": (("20260101120001",),)}, "DCB"),
        ({"CreationTimeTo": (("20260301000000",),)}, "BA"),
        ({"CreationTimeTo": (("20260301000001",),)}, "CBA"),
        ({"CreationTimeFrom": (("20260201000000",),), "CreationTimeTo": (("202603",),)}, "B"),
        ({"CreationTimeFrom": (("2026",),), "CreationTimeTo": (("2027",),)}, "DCBA"),
        ({"CreationTimeFrom": (("20260201000001",),), "CreationTimeTo": (("202603",),)}, ""),
        ({"ServiceStartTimeFrom": (("20260101",),), "ServiceStartTimeTo": (("20260102",),)}, "A"),
        ({"ServiceStartTimeFrom": (("1900",),)}, "DCA"),
        ({"ServiceStopTimeTo": (("2100",),)}, "DCA"),
    ],
)
def test_from_is_inclusive_and_to_is_exclusive(filled: Filled, parameters: dict[str, object], expected: str) -> None:
    assert found(filled, find(**parameters)) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"ClassCode": (("11^^1.2.250.1.213.1.1.4.1",),)}, "C"),
        ({"ClassCode": (("11^^1.2.250.1.213.1.1.4.1", "31^^1.2.250.1.213.1.1.4.1"),)}, "DCBA"),
        ({"TypeCode": (("18748-4^^2.16.840.1.113883.6.1",),)}, "DCBA"),
        ({"FormatCode": (("none^^1.2",),)}, ""),
        ({"HealthcareFacilityTypeCode": (("SA25^^1.2.250.1.71.4.2.4",),)}, "DCBA"),
        ({"PracticeSettingCode": (("AMBULATOIRE^^1.2.250.1.213.1.1.4.9",),)}, ""),
        ({"ConfidentialityCode": (("R^^2.16.840.1.113883.5.25",),)}, "C"),
        (
            {"ConfidentialityCode": (("R^^2.16.840.1.113883.5.25",), ("N^^2.16.840.1.113883.5.25",))},
            "C",
        ),
        ({"Type": ((ON_DEMAND,),)}, ""),
        ({"Type": ((ON_DEMAND, STABLE),)}, "DCBA"),
        ({"DocumentAvailability": (("urn:ihe:iti:2010:DocumentAvailability:Online",),)}, "DCBA"),
        ({"DocumentAvailability": (("urn:ihe:iti:2010:DocumentAvailability:Offline",),)}, ""),
        ({"Status": ((Status.DEPRECATED.value,),)}, ""),
        ({"Status": ((Status.DEPRECATED.value, Status.APPROVED.value),)}, "DCBA"),
    ],
)
def test_each_parameter_narrows(filled: Filled, parameters: dict[str, object], expected: str) -> None:
    assert found(filled, find(**parameters)) == expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("%MARTIN%",), "BA"),
        (("%martin^zoé%",), "A"),
        (("%éluard%",), "B"),
        (("%ÉLUARD^PAUL",), "B"),
        (("%eluard%",), ""),
        (("_^MARTIN^Guy",), "B"),
        (("MARTIN",), ""),
        (("%ZOÉ%", "%Paul%"), "BA"),
        (("1\\^%",), ""),
    ],
)
def test_authors_are_found_by_like_whatever_the_case(filled: Filled, patterns: tuple[str, ...], expected: str) -> None:
    assert found(filled, find(AuthorPerson=(patterns,))) == expected


ACC1 = accession("ACC1").cxi()
BARE1 = accession("ACC1", "").cxi()


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (((ACC1,),), "A"),
        (((accession("ACC1", "1.2.250.9").cxi(),),), "B"),
        (((BARE1,),), "BA"),
        (((accession("ACC1", "1.9").cxi(),),), ""),
        (((study("1.2.3").cxi(),),), "BA"),
        (((study("1.2.3", ACCESSION_AUTHORITY).cxi(),),), "BA"),
        (((study("1.2.3", "1.9").cxi(),),), "A"),
        (((ACC1, accession("ACC2").cxi()),), "CA"),
        (((ACC1,), (study("1.2.3").cxi(),)), "A"),
        (((accession("ACC2").cxi(),), (accession("ACC3").cxi(),)), "C"),
        (((ACC1,), (accession("ACC2").cxi(),)), ""),
        (((f"ACC1^^^&{ACCESSION_AUTHORITY}&ISO^urn:ihe:iti:xds:2013:order",),), ""),
        (((f"acc1^^^&{ACCESSION_AUTHORITY}&ISO^urn:ihe:iti:xds:2013:accession",),), ""),
    ],
)
def test_a_reference_matches_on_id_and_type_and_on_the_authority_where_both_state_one(
    filled: Filled, groups: tuple[tuple[str, ...], ...], expected: str
) -> None:
    assert found(filled, by_reference(*groups)) == expected


@pytest.mark.parametrize("statuses", [1, 2, 5])
@pytest.mark.parametrize("return_type", [queries.LEAF_CLASS, queries.OBJECT_REF])
@pytest.mark.parametrize("reference", [ACC1, accession("ACC1", "1.9").cxi(), study("1.2.3", ACCESSION_AUTHORITY).cxi()])
def test_the_usual_query_by_reference_finds_what_the_general_statement_does(
    filled: Filled, reference: str, return_type: str, statuses: int
) -> None:
    service, _ = filled
    stated = (Status.DEPRECATED.value, Status.APPROVED.value, Status.DELETED.value, "urn:x", "urn:y")[-statuses:]
    stated = stated if Status.APPROVED.value in stated else (Status.APPROVED.value, *stated[1:])

    def asked(*group: str) -> StoredQuery:
        query = by_reference(group)
        parameters = {**query.parameters, f"{_ENTRY}Status": (stated,)}
        return replace(query, parameters=parameters, return_type=return_type)

    with reading(service.engine) as connection:
        once, twice = (Finder(connection, asked(*group), 100) for group in ((reference,), (reference, reference)))
        assert usual.find_by_reference_id(once, asked(reference)) is (statuses < 5)
        assert not usual.find_by_reference_id(twice, asked(reference, reference))
    assert service.stored_query(asked(reference)) == service.stored_query(asked(reference, reference))


def test_the_usual_query_by_reference_goes_by_the_index_of_references(filled: Filled) -> None:
    service, _ = filled
    asked = {"reference": "ACC1", "reference_type": "urn:x", "reference_authority": "1.2", "patient": "1^1.2"}
    with service.engine.connect() as connection:
        postgresql = connection.dialect.name == "postgresql"
        statement = usual._statement(1, leaf=True)._form(connection.dialect, (*asked, "status0", "at_most"))
        parameters = statement.parameters({**asked, "status0": "urn:y", "at_most": 1000})
        if postgresql:  # which reads tables of five rows from end to end, rightly
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
        given = parameters if isinstance(parameters, dict) else tuple(parameters)
        plan = str(connection.exec_driver_sql(f"{explain} {statement.text}", given).all())
    assert "registry_reference_ids_value" in plan
    assert not re.search(r"Seq Scan|SCAN registry_", plan)


def test_the_usual_query_by_reference_is_bounded_as_every_other(tmp_path: Path) -> None:
    with running_service(tmp_path, bounds=Bounds(entries=1)) as service:
        for number in range(2):
            one = entry(f"E{number}", reference_ids=(accession("ACC1"),))
            assert service.provide_and_register(submission(one), {one.entry_uuid: Bytes(b"x")}) == ()
        with pytest.raises(QueryError) as caught:
            service.stored_query(by_reference((ACC1,)))
        assert caught.value.code == "XDSTooManyResults"


@pytest.mark.parametrize("reference", ["ACC1", "ACC1^^^NS^urn:x", "ACC1^^^&1.02&ISO^urn:x", "^^^&1.2&ISO^urn:x"])
def test_a_reference_that_is_no_cxi_is_an_error_and_never_nothing_found(filled: Filled, reference: str) -> None:
    with pytest.raises(QueryError) as caught:
        found(filled, by_reference((reference,)))
    assert caught.value.code == "XDSStoredQueryParamNumber"


def test_a_patient_without_an_authority_is_an_error_and_never_nothing_found(filled: Filled) -> None:
    with pytest.raises(QueryError):
        found(filled, queries.find_documents("279035121518989"))


def test_references_alone_are_the_ids_of_the_entries(filled: Filled) -> None:
    service, _ = filled
    answer = service.stored_query(replace(find(), return_type=queries.OBJECT_REF))
    whole = service.stored_query(find())
    assert answer.references == tuple(one.entry_uuid for one in whole.entries)
    assert answer.entries == ()


def test_documents_are_got_by_unique_id_entry_uuid_or_logical_id(filled: Filled) -> None:
    service, names = filled
    unique_id = next(one for one, name in names.items() if name == "A")
    (one,) = service.stored_query(queries.get_documents(unique_ids=[unique_id, new_unique_id()])).entries
    assert service.stored_query(queries.get_documents(entry_uuids=[one.entry_uuid])).entries == (one,)
    by_logical_id = StoredQuery(query_id=queries.GET_DOCUMENTS, parameters={_ENTRY + "LogicalID": ((one.logical_id,),)})
    assert service.stored_query(by_logical_id).entries == (one,)


def test_whole_entries_of_two_patients_are_never_in_one_answer(filled: Filled) -> None:
    service, names = filled
    both = queries.get_documents(unique_ids=[one for one, name in names.items() if name in "AE"])
    with pytest.raises(QueryError) as caught:
        service.stored_query(both)
    assert caught.value.code == "XDSResultNotSinglePatient"
    assert len(service.stored_query(replace(both, return_type=queries.OBJECT_REF)).references) == 2


def test_too_many_results_are_an_error_and_never_a_part_of_them(tmp_path: Path) -> None:
    with running_service(tmp_path, bounds=Bounds(entries=2, references=3)) as service:
        many = submission(*(entry(f"Document{n}") for n in range(3)))
        assert service.provide_and_register(many, {e.entry_uuid: Bytes(b"x") for e in many.entries}) == ()
        with pytest.raises(QueryError) as caught:
            service.stored_query(find())
        assert caught.value.code == "XDSTooManyResults"
        assert len(service.stored_query(replace(find(), return_type=queries.OBJECT_REF)).references) == 3


def test_an_unknown_query_and_too_many_or_too_long_values_are_refused(filled: Filled) -> None:
    service, _ = filled
    for query, code in (
        (StoredQuery(query_id="urn:uuid:f26abbcb-ac74-4422-8a30-000000000000"), "XDSUnknownStoredQuery"),
        (queries.get_documents(unique_ids=["1.2"] * (search.MAXIMUM_VALUES + 1)), "XDSStoredQueryParamNumber"),
        (find(AuthorPerson=(("%" * 5000,),)), "XDSStoredQueryParamNumber"),
        (find(AuthorPerson=(("%",) * (conditions.MAXIMUM_PATTERNS + 1),)), "XDSStoredQueryParamNumber"),
    ):
        with pytest.raises(QueryError) as caught:
            service.stored_query(query)
        assert caught.value.code == code


@pytest.mark.parametrize("name", ["CreationTimeFrom", "CreationTimeTo", "ServiceStartTimeFrom", "ServiceStopTimeTo"])
def test_a_date_that_does_not_exist_is_an_error_and_never_nothing_found(filled: Filled, name: str) -> None:
    for wrong in ("20260230", "20261301", "2026022925"):
        with pytest.raises(QueryError) as caught:
            found(filled, find(**{name: ((wrong,),)}))
        assert caught.value.code == "XDSStoredQueryParamNumber"
    found(filled, find(**{name: (("20280229",),)}))


def test_the_most_values_a_query_may_hold_are_answered(filled: Filled) -> None:
    many = tuple(accession(f"X{n}").cxi() for n in range(search.MAXIMUM_VALUES - 3))
    assert found(filled, by_reference((*many, ACC1))) == "A"
    patterns = tuple(f"%{n}x%" for n in range(conditions.MAXIMUM_PATTERNS - 1))
    assert found(filled, find(AuthorPerson=((*patterns, "%Zoé%"),))) == "A"
    events = coded(*(Code(str(n), DCM) for n in range(search.MAXIMUM_VALUES - 3)), CT)
    assert found(filled, find(EventCodeList=(events,))) == "CA"


def test_sql_in_a_value_is_only_a_value(filled: Filled) -> None:
    assert found(filled, find(AuthorPerson=(("' OR 1=1 --",),))) == ""
    assert found(filled, by_reference(("') OR 1=1 --^^^^urn:x",))) == ""
