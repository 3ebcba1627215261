"""kill -9 of the gateway, on real parts: nothing acknowledged is lost, nothing is published twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.demo import phantom
from gateway.demo.identity import CHEST, CT, DemoStudy
from gateway.hl7.sender import send
from gateway.model.document import REFERENCE_ACCESSION
from gateway.model.share import ShareState
from gateway.settings import load
from gateway.wiring.house import House
from gateway.xds.forms import reference
from tests.support.gateway import Running, message, planned


@pytest.fixture
def here() -> Iterator[Running]:
    with planned(lease_s=3.0) as world:
        phantom.sample_studies(world.world.studies, slices=4, prior_slices=2)
        yield world


def _send(here: Running, study: DemoStudy) -> None:
    assert b"MSA|AA|" in send("127.0.0.1", here.mllp_port, message(study), 30)


def _published_once(here: Running, study: DemoStudy) -> None:
    """The registry, asked by accession number, has one report and one manifest, the ones that were frozen."""
    house = House(load(here.world.settings_file))
    try:
        (row,) = [r for r in house.store.overviews(limit=10) if r.report_unique_id == study.report.unique_id]
        assert row.share.state is ShareState.SHARED
        patient = house.store.frozen(row.share.id).patient_id
        found = house.destinations["demo"].find_by_reference(
            patient, [reference(study.accession, REFERENCE_ACCESSION).cxi()]
        )
        assert sorted(e.unique_id for e in found) == sorted(d.unique_id for d in row.documents)
        assert len(found) == 2
    finally:
        house.close()


def test_a_gateway_killed_after_its_acknowledgement_shares_once_when_it_is_back(here: Running) -> None:
    here.start_gateway()
    _send(here, CT)
    here.world.household.kill("gateway")
    here.start_pacs()
    here.start_registry()
    here.start_gateway()
    here.wait_for(CT, "shared")
    _published_once(here, CT)


def test_a_gateway_killed_while_the_submission_may_be_out_asks_and_shares_once(here: Running) -> None:
    here.start_pacs()
    here.start_gateway()
    _send(here, CHEST)
    here.wait_for(CHEST, "sending")
    here.world.household.kill("gateway")
    here.start_registry()
    here.start_gateway()
    here.wait_for(CHEST, "shared")
    _published_once(here, CHEST)
