"""What a registry of revision 0001 held is there after the upgrade, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from gateway.model.document import Status, Submission
from gateway.registry import rows
from gateway.registry.files import DocumentFiles
from gateway.registry.service import RegistryService
from gateway.registry.verify import Looked, verify
from gateway.store import migrations
from gateway.store.engine import open_engine, reading, transaction
from gateway.xds import queries
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.registry import PATIENT, REPOSITORY, accession, entry, submission
from tests.support.store import DATABASES, url_of

TIMES = ("2026-11-20T10:00:00.000+00:00", "2026-11-20T10:00:01.000+00:00")
CONTENT = b"<ClinicalDocument/>"


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    one = open_engine(url_of(request.param, tmp_path, request))
    yield one
    one.dispose()


@pytest.fixture
def files(tmp_path: Path) -> DocumentFiles:
    return DocumentFiles(tmp_path / "documents")


def registered(files: DocumentFiles, *members: str) -> Submission:
    """A submission of two documents as it stood in the registry; *members* are known documents that join it."""
    digest = files.put(CONTENT)
    fact = files.measure(digest)
    entries = []
    for number in range(2):
        uuid = uuid4().urn
        one = entry(uuid, reference_ids=(accession(f"ACC{number}"),), size=fact.size_bytes, hash=fact.sha1)
        entries.append(
            replace(one, logical_id=uuid, version="1", repository_unique_id=REPOSITORY, status=Status.APPROVED)
        )
    made = submission(*entries, entry_uuid=uuid4().urn, status=Status.APPROVED)
    joined = (*made.associations, *(replace(made.associations[0], target=name) for name in members))
    set_uuid = made.submission_sets[0].entry_uuid
    return replace(
        made,
        associations=tuple(
            replace(one, entry_uuid=uuid4().urn, source=set_uuid, status=Status.APPROVED) for one in joined
        ),
    )


def insert(connection: sa.Connection, table: str, written: list[dict[str, Any]]) -> None:
    """*written*, in so far as the table of revision 0001 has its columns."""
    there = sa.Table(table, sa.MetaData(), autoload_with=connection)
    connection.execute(there.insert(), [{name: row[name] for name in row if name in there.c} for row in written])


def write_as_0001(engine: sa.Engine, files: DocumentFiles, held: Submission, moment: str) -> None:
    with transaction(engine) as connection:
        fact = files.measure(files.put(CONTENT))
        for one in held.entries:
            document = {"unique_id": one.unique_id, "digest": fact.sha256, "mime_type": one.mime_type}
            document |= {"hash": fact.sha1, "size_bytes": fact.size_bytes, "received_at": moment}
            insert(connection, "registry_documents", [document])
            insert(connection, "registry_entries", [rows.entry_row(one, 0, 0, moment)])
            owned = {"entry_uuid": one.entry_uuid}
            insert(connection, "registry_reference_ids", [{**row, **owned} for row in rows.reference_rows(one, 0)])
            insert(connection, "registry_entry_codes", [{**row, **owned} for row in rows.code_rows(one, 0)])
            authors = rows.author_rows(one.authors, 0)
            insert(connection, "registry_entry_authors", [{**row, **owned} for row in authors])
        for submitted in held.submission_sets:
            insert(connection, "registry_submission_sets", [rows.submission_set_row(submitted, 0, moment)])
        for association in held.associations:
            row = {
                "entry_uuid": association.entry_uuid,
                "type": association.type,
                "source": association.source,
                "target": association.target,
                "status": association.status,
                "body": rows.dump(association),
            }
            insert(connection, "registry_associations", [row])


def test_what_revision_0001_held_is_found_read_and_whole_after_the_upgrade(
    engine: sa.Engine, files: DocumentFiles
) -> None:
    migrations.upgrade(engine, "0001")
    first = registered(files)
    second = registered(files, first.entries[0].entry_uuid)
    for held, moment in zip((first, second), TIMES, strict=True):
        write_as_0001(engine, files, held, moment)
    migrations.upgrade(engine)

    service = RegistryService(engine, files, REPOSITORY)
    found = service.stored_query(queries.find_documents(PATIENT)).objects.entries
    assert set(found) == {*first.entries, *second.entries}
    by_reference = queries.find_documents_by_reference_id(PATIENT, [accession("ACC1").cxi()])
    both = {first.entries[1], second.entries[1]}
    assert set(service.stored_query(by_reference).objects.entries) == both
    asked = queries.get_submission_set_and_contents(entry_uuid=second.submission_sets[0].entry_uuid)
    whole = service.stored_query(asked).objects
    assert whole.submission_sets == second.submission_sets
    assert set(whole.entries) == {*second.entries, first.entries[0]}
    assert set(whole.associations) == set(second.associations)
    assert list(verify(engine, files, REPOSITORY, Looked())) == []
    service.close()


def test_a_registry_goes_on_writing_after_the_upgrade(engine: sa.Engine, files: DocumentFiles) -> None:
    migrations.upgrade(engine, "0001")
    write_as_0001(engine, files, registered(files), TIMES[0])
    migrations.upgrade(engine)
    service = RegistryService(engine, files, REPOSITORY)
    fact = files.measure(files.put(CONTENT))
    later = submission(entry(size=fact.size_bytes, hash=fact.sha1, repository_unique_id=REPOSITORY))
    assert service.register(later) == ()
    assert len(service.stored_query(queries.find_documents(PATIENT)).objects.entries) == 3
    assert list(verify(engine, files, REPOSITORY, Looked())) == []
    service.close()


def test_back_to_revision_0001_the_tables_are_there_and_empty(engine: sa.Engine, files: DocumentFiles) -> None:
    migrations.upgrade(engine, "0001")
    with reading(engine) as connection:
        before = {
            name: sorted(column["name"] for column in sa.inspect(connection).get_columns(name))
            for name in sa.inspect(connection).get_table_names()
            if name.startswith("registry_")
        }
    migrations.upgrade(engine)
    migrations.downgrade(engine, "0001")
    with reading(engine) as connection:
        after = {
            name: sorted(column["name"] for column in sa.inspect(connection).get_columns(name))
            for name in sa.inspect(connection).get_table_names()
            if name.startswith("registry_")
        }
    assert after == before
