"""Messages altered in one place, as a peer with a bug would send them: each is answered, by a code that IHE defines.

What the registry refuses for its form, the checker (``gateway xds check``) must call invalid too: it is the stricter.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from lxml import etree
from werkzeug.test import Client

from gateway.model.finding import Verdict
from gateway.registry import received
from gateway.registry.app import create_app
from gateway.registry.rules import Context, Policy, metadata_findings
from gateway.registry.service import RegistryService
from gateway.registry.verify import Looked, verify
from gateway.xds import ebrim, queries, updates
from gateway.xds.rules.answers import ERROR_CODES
from gateway.xds.rules.judge import judge
from tests.support import registry_wire as wire
from tests.support import xds_messages as m
from tests.support.registry import PATIENT, REPOSITORY, entry, running_service, submission, with_folder
from tests.support.xds_alterations import Element, altered

STEP = 3
"""Of the alterations each third is tried: all of them take a minute, and differ little."""
UUID = "urn:uuid:99999999-2222-4333-8444-555555555555"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RegistryService]:
    with running_service(tmp_path) as running:
        yield running


def registration() -> Element:
    """ITI-42 of an entry in a new folder."""
    one = entry("Document01", hash="a" * 40, size=3, repository_unique_id="1.2.3")
    return ebrim.write(with_folder(submission(one), "Document01"))


def removal() -> Element:
    return updates.remove_objects([UUID])


def documents() -> Element:
    return updates.remove_documents([entry(repository_unique_id=REPOSITORY)], REPOSITORY)


def question() -> Element:
    return queries.write(
        queries.find_documents_by_reference_id(PATIENT, ["A^^^&1.2&ISO^urn:ihe:iti:xds:2013:accession"])
    )


@pytest.mark.parametrize(
    ("made", "action", "path"),
    [
        (registration, wire.ITI_42, "registry"),
        (removal, wire.ITI_62, "registry"),
        (documents, wire.ITI_86, "repository"),
        (question, wire.ITI_18, "registry"),
    ],
    ids=["ITI-42", "ITI-62", "ITI-86", "ITI-18"],
)
def test_every_alteration_is_answered_by_a_code_of_ihe_or_a_fault_of_the_sender(
    service: RegistryService, made: Callable[[], Element], action: str, path: str
) -> None:
    client = Client(create_app(service))
    told: Counter[str] = Counter()
    for words, message in islice(altered(m.envelope(made(), action)), 0, None, STEP):
        answer = client.post(
            f"/{path}", input_stream=io.BytesIO(etree.tostring(message)), content_type="application/soap+xml"
        )
        if answer.status_code != 200:
            assert re.search(rb"(Sender|MustUnderstand)</", answer.data), words
            continue
        codes = set(re.findall(r'errorCode="([^"]*)"', answer.text))
        assert codes <= ERROR_CODES, words
        assert codes or "ResponseStatusType:Success" in answer.text, words
        told.update(codes or {"Success"})
    assert told
    assert list(verify(service.engine, service.files, REPOSITORY, Looked())) == []


def test_what_the_registry_refuses_for_its_form_the_checker_refuses_too() -> None:
    root = m.envelope(m.full(), m.REGISTER)
    for words, message in islice(altered(root), 0, None, STEP):
        asked = message.findall(".//{*}SubmitObjectsRequest")
        found = received.submission(asked[0]) if asked else None
        if found is None:
            continue
        errors = [*found.errors]
        if found.submission is not None:
            errors += metadata_findings(found.submission, Policy(), Context.REGISTER)
        if errors:
            assert judge(etree.tostring(message), "ihe").verdict is Verdict.INVALID, (words, errors[0].context)
