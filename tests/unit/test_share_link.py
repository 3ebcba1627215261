"""When a share puts the link into a report, by the setting of its destination; both forms are kept and told."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import create_engine

from gateway import report_form
from gateway.audit.trail import events
from gateway.cda import link
from gateway.demo import reports
from gateway.demo.exams import RADIOGRAPHY
from gateway.demo.identity import CHEST, CT
from gateway.model.link import national_url
from gateway.settings.sharing import DestinationTable
from gateway.trust import safexml
from tests.fakes.world import exam, world

When = Literal["missing", "always", "never"]
OURS = national_url("https://images.example.org", CT.study_uid, CT.accession, CT.report)
ELSEWHERE = OURS.replace("images.example.org", "elsewhere.example.org")
BARE = reports.level3(reports.Draft(study=CT))
LINKED = link.linked(BARE, safexml.parse(BARE), {CT.study_uid: ELSEWHERE})


def shared(folder: Path, content: bytes, when: When) -> tuple[bytes, dict[str, str]]:
    """What is published of *content*, and what the audit trail says of it when it was frozen."""
    with world(folder, link=when) as here:
        here.pacs.exams[CHEST.study_uid] = exam(CHEST)
        here.accept(content=content)
        share = here.carry()
        published = next(d for d in here.store.frozen(share.id).documents if d.kind == "report")
        received = here.blobs.get(hashlib.sha256(content).hexdigest())
        assert received == content
        document = here.blobs.get(published.digest)
    engine = create_engine(f"sqlite:///{folder}/gateway.db")
    with engine.connect() as connection:
        told = [one.event.facts for one in events(connection) if one.event.action == "share.frozen"]
    engine.dispose()
    return document, told[0]


@pytest.mark.parametrize(
    ("content", "when", "url"),
    [
        (BARE, "missing", OURS),
        (BARE, "always", OURS),
        (BARE, "never", None),
        (LINKED, "missing", ELSEWHERE),
        (LINKED, "always", OURS),
        (LINKED, "never", ELSEWHERE),
    ],
)
def test_the_link_is_put_in_as_the_destination_wants(
    tmp_path: Path, content: bytes, when: When, url: str | None
) -> None:
    document, told = shared(tmp_path, content, when)
    assert link.links_of(safexml.parse(document)).get(CT.study_uid) == url
    assert (document == content) == (url in (None, ELSEWHERE))
    assert told == {
        "destination": "registry",
        "link": when,
        "received": hashlib.sha256(content).hexdigest(),
        "published": hashlib.sha256(document).hexdigest(),
    }


def test_the_links_inside_a_level_1_report_are_told_and_left(tmp_path: Path) -> None:
    form = report_form.read_value(reports.form_of(reports.Draft(study=CHEST), RADIOGRAPHY))
    content = report_form.build(form, pdf=b"%PDF-1.4\n<< /S /URI /URI (https://a.example/) >>\n%%EOF\n")
    document, told = shared(tmp_path, content, "always")
    assert document == content
    assert (told["received"], told["links_in_pdf"]) == (told["published"], "1")


@pytest.mark.parametrize(
    ("table", "when"),
    [
        ({"flavour": "ihe"}, "missing"),
        ({"flavour": "dmp"}, "never"),
        ({"flavour": "dmp", "link": "always"}, "always"),
        ({"flavour": "ihe", "link": "never"}, "never"),
    ],
)
def test_without_a_setting_a_dmp_gets_the_report_as_it_came(table: dict[str, Any], when: When) -> None:
    made = DestinationTable(registry_url="https://a.example", repository_url="https://a.example", **table)
    assert made.link_when == when
