"""Documents put into a folder as they are submitted: what is made is right, for the checker and for the registry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.model.codes import Code
from gateway.model.finding import Verdict
from gateway.trust.safexml import parse
from gateway.xds import ebrim, queries
from gateway.xds.folders import with_folder, with_new_folder
from gateway.xds.metadata import MetadataSettings, prepare
from gateway.xds.rules.judge import judge
from tests.support.publications import PUBLICATION
from tests.support.registry import Bytes, running_service

CODES = (Code("IMG", "1.2.250.1.999.5", "Imagerie"),)


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
def test_a_submission_with_a_new_folder_is_valid(flavour: str) -> None:
    how = MetadataSettings(flavour=flavour)  # type: ignore[arg-type]
    made = with_new_folder(prepare(PUBLICATION, how).metadata, "Épisode", CODES)
    judgement = judge(made, how.flavour)
    assert judgement.verdict is Verdict.VALID, [finding.message.english for finding in judgement.findings]


def test_the_registry_has_the_folder_with_its_documents_and_takes_more_into_it(tmp_path: Path) -> None:
    first, second = (prepare(PUBLICATION, MetadataSettings()) for _ in range(2))
    held: Mapping[str, bytes] = {
        one.entry_id: content
        for one, content in zip(
            first.documents,
            (PUBLICATION.report_content, *(draft.content for draft in PUBLICATION.manifests)),
            strict=True,
        )
        if content is not None
    }
    documents = {name: Bytes(content) for name, content in held.items()}
    with running_service(tmp_path) as service:

        def folder() -> tuple[str, int]:
            asked = queries.find_folders(first.patient_id)
            (found,) = service.stored_query(asked).objects.folders
            whole = service.stored_query(queries.get_folder_and_contents(entry_uuid=found.entry_uuid)).objects
            return found.entry_uuid, len(whole.entries)

        submitted = ebrim.read(parse(with_new_folder(first.metadata, "Épisode", CODES)))
        assert service.provide_and_register(submitted, documents) == ()
        uuid, members = folder()
        assert members == len(documents)
        again = ebrim.read(parse(with_folder(second.metadata, uuid)))
        assert service.provide_and_register(again, documents) == ()
        assert folder() == (uuid, 2 * len(documents))
