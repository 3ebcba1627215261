"""What several reports hide of one study: its manifest is as hidden as the most hidden of those that stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.demo.identity import CT
from gateway.flow.events import New, Replace
from gateway.model.report import Reliability, Statements
from gateway.model.share import Deed
from gateway.trust import safexml
from gateway.xds import ebrim
from tests.fakes.world import World, received, world
from tests.support.images import Looking, looking, report
from tests.unit.test_life import send, settle, version
from tests.unit.test_manifests import _masks, _withdraw_report, change

PLAIN = Statements(reliability=Reliability.QUALIFIED)
OTHER = "ANOTHER-ORDER"


def hiding(*masks: str) -> Statements:
    return Statements(reliability=Reliability.QUALIFIED, masked=frozenset(masks))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def looks(here: World) -> Looking:
    return looking(here)


def last(here: World) -> set[str]:
    return _masks(here.destination.sent[-1][0])


def corrected(here: World) -> list[set[str]]:
    """confidentialityCode of the manifest in each correction."""
    return [_masks(wanted.metadata) for wanted in here.destination.corrected]


def same_request() -> bytes:
    """A second report under the very numbers of the first."""
    return report(77, placer=CT.placer.extension or "")


def test_a_hidden_addendum_hides_the_images_that_were_shared_openly(here: World, looks: Looking) -> None:
    here.accept()
    here.carry()
    assert last(here) == {"N"}
    here.accept(content=same_request(), statements=hiding("MASQUE_PS"))
    here.carry()
    assert last(here) == {"N", "MASQUE_PS"}
    assert len(here.destination.approved) == 3, "two reports, one manifest"


def test_a_second_report_that_hides_as_much_makes_no_other_manifest(here: World, looks: Looking) -> None:
    here.accept(statements=hiding("MASQUE_PS"))
    here.carry()
    first = here.store.manifest("registry", CT.study_uid)
    here.accept(content=same_request())
    here.carry()
    assert here.store.manifest("registry", CT.study_uid) == first


@pytest.mark.parametrize("corrects", ["the open one", "the hidden one"])
def test_a_correction_of_one_report_shows_nothing_that_the_other_hides(
    here: World, looks: Looking, corrects: str
) -> None:
    second = report(77, placer=OTHER)
    here.accept(statements=hiding("INVISIBLE_PATIENT"))
    here.carry()
    here.accept(content=second)
    here.carry()
    if corrects == "the open one":
        here.accept(content=second, statements=hiding("MASQUE_PS"))
        wanted = {"N", "INVISIBLE_PATIENT", "MASQUE_PS"}
    else:
        here.accepting.accept(New(received(statements=PLAIN)))
        wanted = {"N"}
    looks.settle()
    assert corrected(here) == [wanted]
    # It is remembered: the look at what is published finds nothing to do.
    sent = len(here.destination.sent)
    looks.tell()
    looks.settle()
    assert len(here.destination.sent) == sent
    manifest = here.store.manifest("registry", CT.study_uid)
    assert manifest is not None
    assert all((mask in manifest.requests) == (mask in wanted) for mask in ("INVISIBLE_PATIENT", "MASQUE_PS"))


def test_new_images_are_as_hidden_as_the_most_hidden_report_whichever_came_last(here: World, looks: Looking) -> None:
    here.accept(statements=hiding("INVISIBLE_PATIENT"))
    here.carry()
    change(here, 1, 2, 3, 4)
    looks.tell()
    # The share for the new images was made for the first report, and is carried when there is a second one.
    looks.look()
    here.accept(content=report(77, placer=OTHER))
    looks.settle()
    assert last(here) == {"N", "INVISIBLE_PATIENT"}
    assert looks.numbers() >= {CT.placer.extension, OTHER}


def test_when_the_hidden_report_goes_the_images_are_shown_again(here: World, looks: Looking) -> None:
    receipt = here.accept(statements=hiding("INVISIBLE_PATIENT"))
    here.carry()
    here.accept(content=report(77, placer=OTHER))
    here.carry()
    assert last(here) == {"N", "INVISIBLE_PATIENT"}
    _withdraw_report(looks, receipt.report_id)
    looks.settle()
    assert last(here) == {"N"}


def test_a_restricted_document_restricts_the_images_of_a_normal_one(here: World, looks: Looking) -> None:
    first = received().content
    normal = b'<confidentialityCode code="N"'
    assert first.count(normal) == 1
    restricted = first.replace(normal, b'<confidentialityCode code="R"').replace(b'displayName="Normal"', b"", 1)
    here.accept(content=restricted)
    here.carry()
    here.accept(content=report(77, placer=OTHER))
    here.carry()
    entries = ebrim.read(safexml.parse(here.destination.sent[-1][0])).entries
    by_kind = {entry.mime_type: [code.code for code in entry.confidentiality_codes] for entry in entries}
    assert by_kind == {"text/xml": ["N"], "application/dicom": ["R"]}


def test_for_the_dmp_a_changed_masking_is_a_new_version_that_takes_the_manifest_with_it(tmp_path: Path) -> None:
    with world(tmp_path, flavour="dmp") as here:
        send(here, 1)
        settle(here)
        first = here.store.manifest("registry", CT.study_uid)
        here.accepting.accept(Replace(received(version(2), statements=hiding("INVISIBLE_PATIENT")), None))
        settle(here)
        now = here.store.manifest("registry", CT.study_uid)
        assert first is not None
        assert now is not None
        assert now.replaces == first.unique_id
        assert last(here) == {"N", "INVISIBLE_PATIENT"}
        assert not here.destination.corrected
        assert not [row for row in here.store.overviews(limit=9) if row.share.deed is Deed.CORRECT]
