"""Export, import and verification: a registry as a folder of submissions, and what is wrong with one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.errors import InputRejected, SettingsError, Unavailable
from gateway.model.document import AssociationType
from gateway.registry import schema
from gateway.registry.export import export
from gateway.registry.restore import Imported, restore
from gateway.registry.retrieval import DocumentRequest
from gateway.registry.rules import Policy
from gateway.registry.service import RegistryService
from gateway.registry.verify import Fault, Looked, verify
from gateway.store.engine import reading, transaction
from gateway.trust import safexml
from gateway.xds import ebrim, queries
from tests.support.postgresql import postgresql_server  # noqa: F401 - a fixture
from tests.support.registry import (
    DATABASES,
    OTHER_PATIENT,
    PATIENT,
    REPOSITORY,
    Bytes,
    contents,
    database_url,
    entry,
    related,
    running_service,
    sha1,
    submission,
    with_folder,
)
from tests.support.registry_updates import DELETED, new_version, status_change, update

TABLES = [table for table in schema.METADATA.sorted_tables if table is not schema.DOCUMENTS]
LISTED = Policy(listed_patients=True)


@pytest.fixture(params=DATABASES)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RegistryService]:
    with running_service(tmp_path / "one", database_url(request), policy=LISTED) as running:
        fill(running)
        yield running


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[RegistryService]:
    """On SQLite alone, for what asks the database nothing of its own."""
    with running_service(tmp_path / "one", policy=LISTED) as running:
        fill(running)
        yield running


def fill(service: RegistryService) -> None:
    """A bit of everything that a registry can hold."""
    service.add_patients([PATIENT, OTHER_PATIENT])
    first = with_folder(
        submission(entry("Document01"), entry("Document02", mime_type="application/dicom")), "Document01"
    )
    documents = {"Document01": Bytes(b"<one/>"), "Document02": Bytes(b"two" * 400_000)}
    assert service.provide_and_register(first, documents) == ()
    one, two = (uuid_of(service, entry.unique_id) for entry in first.entries)
    second = related(submission(entry()), AssociationType.REPLACE, "Document01", one)
    assert service.provide_and_register(second, contents(second, b"<three/>")) == ()
    elsewhere = submission(entry(hash=sha1(b"x"), size=1, repository_unique_id="1.2.3.4"))
    assert service.register(elsewhere) == ()
    (found,) = service.stored_query(queries.get_documents(entry_uuids=[two])).entries
    assert service.update(update(new_version(found, title="deux"))) == ()
    assert service.update(status_change(uuid_of(service, elsewhere.entries[0].unique_id), new=DELETED)) == ()
    assert service.merge_patients(OTHER_PATIENT, [PATIENT]) > 0


def uuid_of(service: RegistryService, unique_id: str) -> str:
    (found,) = service.stored_query(queries.get_documents(unique_ids=[unique_id])).entries
    return found.entry_uuid


def state(service: RegistryService) -> dict[str, list[dict[str, Any]]]:
    """Every row, in an order of its own, without what says when it was written."""
    told: dict[str, list[dict[str, Any]]] = {}
    with reading(service.engine) as connection:
        for table in TABLES:
            columns = [column for column in table.c if column.name not in ("registered_at", "recorded_at")]
            rows = [dict(row._mapping) for row in connection.execute(sa.select(*columns))]
            told[table.name] = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))
    return told


def take(service: RegistryService, folder: Path) -> list[Imported]:
    return list(restore(service, folder))


def faults(service: RegistryService) -> list[Fault]:
    return list(verify(service.engine, service.files, REPOSITORY, Looked()))


def test_an_export_comes_back_as_it_was(service: RegistryService, tmp_path: Path) -> None:
    written = export(service.engine, service.files, REPOSITORY, tmp_path / "out")
    assert (written.submissions, written.documents) == (5, 4)
    assert (tmp_path / "out" / "000000001" / "documents" / "2.dcm").stat().st_size == 1_200_000
    with running_service(tmp_path / "two", policy=LISTED) as other:
        assert [(one.errors, one.known) for one in take(other, tmp_path / "out")] == [((), False)] * 5
        assert without_bodies(state(other)) == without_bodies(state(service))
        assert faults(other) == []
        everything = {"$MetadataLevel": (("2",),)}
        for one in service.stored_query(queries.find_documents(OTHER_PATIENT)).entries:
            query = queries.get_documents(unique_ids=[one.unique_id])
            asked = queries.StoredQuery(query_id=query.query_id, parameters={**query.parameters, **everything})
            assert other.stored_query(asked) == service.stored_query(asked)
            with other.retrieve([DocumentRequest(REPOSITORY, one.unique_id)]) as retrieval:
                assert retrieval.errors == []
        assert [one.known for one in take(other, tmp_path / "out")] == [True] * 5
        assert without_bodies(state(other)) == without_bodies(state(service))


def without_bodies(told: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """A body keeps the status of its registration; columns and every answer say what it is now."""
    return {
        name: sorted(
            ({column: value for column, value in row.items() if column != "body"} for row in rows),
            key=lambda row: json.dumps(row, sort_keys=True, default=str),
        )
        for name, rows in told.items()
    }


def test_an_export_is_written_into_a_new_folder_and_read_by_the_same_repository(
    quick: RegistryService, tmp_path: Path
) -> None:
    service = quick
    export(service.engine, service.files, REPOSITORY, tmp_path / "out")
    with pytest.raises(SettingsError, match="registry_folder_used"):
        export(service.engine, service.files, REPOSITORY, tmp_path / "out")
    stated = tmp_path / "out" / "export.json"
    for text, code in (
        ('{"form": 1, "repository_unique_id": "1.2.9"}', "registry_import_repository"),
        ('{"form": 2, "repository_unique_id": "1.2.9"}', "registry_import_form"),
        ("[]", "registry_import_form"),
        ("{", "registry_import_form"),
    ):
        stated.write_text(text)
        with pytest.raises(SettingsError, match=code):
            take(service, tmp_path / "out")
    (tmp_path / "nothing").mkdir()
    for folder in ("nothing", "nowhere"):
        with pytest.raises(SettingsError, match="registry_folder_empty"):
            take(service, tmp_path / folder)


def test_a_document_of_an_export_that_has_changed_is_refused(quick: RegistryService, tmp_path: Path) -> None:
    export(quick.engine, quick.files, REPOSITORY, tmp_path / "out")
    (tmp_path / "out" / "000000001" / "documents" / "1.xml").write_bytes(b"<eno/>")
    with running_service(tmp_path / "two") as other, pytest.raises(InputRejected, match="registry_import_hash"):
        take(other, tmp_path / "out")


def test_a_document_that_is_damaged_is_not_exported(quick: RegistryService, tmp_path: Path) -> None:
    damage(quick, b"two" * 400_000)
    with pytest.raises(Unavailable, match="store_blob_damaged"):
        export(quick.engine, quick.files, REPOSITORY, tmp_path / "out")
    assert not (tmp_path / "out" / "export.json").exists()


def test_any_folder_of_submissions_is_submitted(tmp_path: Path) -> None:
    for name, submitted in (
        ("a", submission(entry("Document01"), entry("Document02"))),
        ("b", submission(entry(hash=sha1(b"x"), size=1, repository_unique_id="1.2.3.4"))),
        ("c", submission(entry(language_code="x" * 99))),
    ):
        folder = tmp_path / "in" / name
        folder.mkdir(parents=True)
        (folder / "metadata.xml").write_bytes(safexml.serialise(ebrim.write(submitted)))
        if name != "b":
            (folder / "documents").mkdir()
            for number, _ in enumerate(submitted.entries, 1):
                (folder / "documents" / f"{number}.xml").write_bytes(b"<a/>")
    with running_service(tmp_path / "one") as service:
        told = take(service, tmp_path / "in")
        assert [(one.name, [error.code for error in one.errors]) for one in told] == [
            ("a", []),
            ("b", []),
            ("c", ["XDSRegistryMetadataError"]),
        ]
        assert len(service.stored_query(queries.find_documents(PATIENT)).entries) == 3


def test_a_registry_that_is_whole_has_no_fault(service: RegistryService) -> None:
    looked = Looked()
    assert list(verify(service.engine, service.files, REPOSITORY, looked)) == []
    assert looked == Looked(documents=3, entries=5, folders=1, submission_sets=5, associations=9, orphans=0)


def damage(service: RegistryService, content: bytes) -> None:
    """Change the last byte of the file that holds *content*, and nothing that the file system tells."""
    for path in service.files._folder.rglob("*"):
        if path.is_file() and path.read_bytes() == content:
            path.write_bytes(content[:-1] + b"?")


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE registry_documents SET hash = 'x'", "registry_verify_bytes"),
        ("UPDATE registry_documents SET size_bytes = 1", "registry_verify_bytes"),
        ("UPDATE registry_entries SET hash = 'x'", "registry_verify_entry"),
        ("UPDATE registry_entries SET latest = (version = 1)", "registry_verify_version"),
        ("UPDATE registry_folders SET latest = (version = 9)", "registry_verify_version"),
        ("DELETE FROM registry_associations", "registry_verify_member"),
        ("DELETE FROM registry_submission_sets", "registry_verify_reference"),
        ("UPDATE registry_associations SET target_kind = 'F' WHERE target_kind = 'D'", "registry_verify_reference"),
    ],
)
def test_a_row_that_contradicts_another_is_told(quick: RegistryService, statement: str, code: str) -> None:
    with transaction(quick.engine) as connection:
        connection.execute(sa.text(statement))
    assert code in {fault.code for fault in faults(quick)}


def test_a_file_that_is_gone_or_damaged_is_told_and_one_that_nothing_names_is_counted(
    quick: RegistryService,
) -> None:
    service = quick
    damage(service, b"<one/>")
    for path in service.files._folder.rglob("*"):
        if path.is_file() and path.read_bytes() == b"<three/>":
            path.unlink()
    service.files.put(b"<orphan/>")
    looked = Looked()
    told = list(verify(service.engine, service.files, REPOSITORY, looked))
    assert {fault.code for fault in told} == {"registry_verify_bytes", "store_blob_missing"}
    assert looked.orphans == 1
