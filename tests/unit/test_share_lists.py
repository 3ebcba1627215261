"""Lists of shares on both databases: every filter, every pair of filters, page by page; the picture of the day."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.errors import InputRejected
from gateway.model.audit import AuditEvent
from gateway.model.codes import Code
from gateway.model.overview import ShareFilter
from gateway.model.report import Act
from gateway.model.share import Deed, ShareOverview, ShareState
from gateway.store import listing
from gateway.store.engine import reading
from gateway.store.seeing import SqlOverview
from tests.support.postgresql import postgresql_server  # noqa: F401
from tests.support.store import (
    DATABASES,
    NOW,
    Stage,
    accept,
    accepted,
    claimed,
    frozen,
    keep,
    later,
    pairing,
    report,
    share,
    stage,
    uid,
    url_of,
)

SITES = ("nord", "sud")
DESTINATIONS = ("dmp", "region")
STATES = (ShareState.WAITING, ShareState.HELD, ShareState.SHARED)
MODALITIES = ("CT", "MR", "MG")


@pytest.fixture(params=DATABASES)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with stage(url_of(request.param, tmp_path, request)) as one:
        yield one


def fill(on: Stage, times: int = 2) -> None:
    """Shares of every kind, ten minutes after one another."""
    kinds = itertools.product(range(times), SITES, DESTINATIONS, STATES, MODALITIES)
    for number, (_, site, destination, state, modality) in enumerate(kinds):
        what = report(accessions=(f"A{number}",))
        what = replace(what, acts=(Act(study_uid=uid(), modalities=(Code(modality, "1.2.840.10008.2.16.4"),)),))
        moment = later(600 * number)
        of = accepted(what, site=site, received_at=moment)
        reason = "patient_differs" if state is ShareState.HELD else ""
        one = share(of, destination=destination, state=state, reason=reason, created_at=moment, updated_at=moment)
        registered = moment + timedelta(seconds=90) if state is ShareState.SHARED else None
        accept(on.store, of, [replace(one, registered_at=registered)], [])


def every_page(overview: SqlOverview, wanted: ShareFilter, limit: int = 5) -> list[ShareOverview]:
    found: list[ShareOverview] = []
    before = 0
    while True:
        page = overview.page(wanted, limit=limit, before=before)
        found += page.overviews
        if not page.older:
            return found
        assert not page.complete or len(page.overviews) == limit
        before = page.older


def fits(one: ShareOverview, wanted: ShareFilter) -> bool:
    return (
        wanted.state in ("", one.share.state.value)
        and wanted.site in ("", one.share.site)
        and wanted.destination in ("", one.share.destination)
        and (not wanted.modality or wanted.modality in one.modalities)
        and (wanted.since is None or one.received_at >= wanted.since)
        and (wanted.until is None or one.received_at < wanted.until)
    )


def test_every_filter_and_every_pair_of_them_gives_what_fits_newest_first(kept: Stage) -> None:
    fill(kept)
    overview = SqlOverview(kept.engine)
    everything = every_page(overview, ShareFilter())
    assert len(everything) == 72
    assert [one.sequence for one in everything] == sorted((one.sequence for one in everything), reverse=True)
    choices = {
        "state": ("", "held", "abandoned"),
        "site": ("", "nord", "nowhere"),
        "destination": ("", "region"),
        "modality": ("", "MG", "XA"),
        "since": (None, later(3600)),
    }
    for values in itertools.product(*choices.values()):
        wanted = ShareFilter(**dict(zip(choices, values, strict=True)))  # type: ignore[arg-type]
        wanted = replace(wanted, until=later(7 * 3600))
        got = [one.sequence for one in every_page(overview, wanted, 20)]
        assert got == [one.sequence for one in everything if fits(one, wanted)], wanted


def test_a_search_goes_on_where_it_had_to_stop(kept: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(kept)
    monkeypatch.setattr(listing, "_AT_ONCE", 4)
    monkeypatch.setattr(listing, "_LOOKED_AT", 8)
    overview = SqlOverview(kept.engine)
    wanted = ShareFilter(site="sud", modality="MG", state="held")
    first = overview.page(wanted, limit=5)
    assert not first.complete
    assert first.older
    found = every_page(overview, wanted)
    assert len(found) == 4
    assert all(fits(one, wanted) for one in found)


def test_a_share_is_found_by_accession_number_and_by_any_identifier_of_the_patient(kept: Stage) -> None:
    fill(kept, 1)
    overview = SqlOverview(kept.engine)
    (one,) = every_page(overview, ShareFilter(accession=" a7 "))
    assert one.accession_numbers == ("A7",)
    for patient in ("42", "160012b12345678"):
        assert len(every_page(overview, ShareFilter(patient=patient))) == 36
    assert every_page(overview, ShareFilter(patient="42", accession="A7", state="abandoned")) == []
    assert len(every_page(overview, ShareFilter(patient="42", accession="A7"))) == 1
    assert every_page(overview, ShareFilter(patient="43")) == []
    assert "42" not in repr(ShareFilter(patient="42"))


def test_what_the_pacs_has_is_found_too(kept: Stage) -> None:
    keep(kept.store)
    one = claimed(kept.store)
    study = uid()
    found = replace(pairing(study), modalities=("PT", "SR"))
    moved = replace(one, state=ShareState.FROZEN)
    assert kept.store.freeze(moved, frozen(study), [], [found], [])
    (seen,) = every_page(SqlOverview(kept.engine), ShareFilter(modality="PT"))
    assert seen.modalities == ("PT",)


def test_what_the_release_before_accepts_meanwhile_is_caught_up(kept: Stage) -> None:
    fill(kept, 1)
    with kept.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM report_keys"))
    overview = SqlOverview(kept.engine)
    assert every_page(overview, ShareFilter(accession="A7")) == []
    kept.writer.run(lambda connection: listing.catch_up(connection, NOW))
    assert len(every_page(overview, ShareFilter(accession="A7"))) == 1
    assert len(every_page(overview, ShareFilter(patient="160012B12345678"))) == 36
    assert kept.writer.run(lambda connection: listing.catch_up(connection, NOW)) == 0


def test_the_choices_are_what_shares_have(kept: Stage) -> None:
    fill(kept, 1)
    assert SqlOverview(kept.engine).choices() == (SITES, DESTINATIONS, ("CT", "MG", "MR"))


def test_the_picture_counts_the_day(kept: Stage) -> None:
    fill(kept)
    failing = accepted(received_at=later(60))
    accept(
        kept.store,
        failing,
        [share(failing, state=ShareState.SENDING, attempts=3, reason="registry_unreachable", site="nord")],
        [],
    )
    old = accepted(received_at=later(-90 * 86400))
    withdrawn = {"deed": Deed.WITHDRAW, "state": ShareState.WITHDRAWN, "registered_at": later(3600)}
    accept(kept.store, old, [share(old, **withdrawn)], [])  # type: ignore[arg-type]
    picture = SqlOverview(kept.engine).picture(NOW, later(12 * 3600))
    assert picture.states["held"] == 24
    assert picture.states["waiting"] == 24
    assert picture.received == 73
    assert picture.shared == 24
    assert picture.median_s == 90
    assert sum(each.received for each in picture.intervals) == 73
    assert sum(each.shared for each in picture.intervals) == 24
    assert len(picture.intervals) == 25
    assert [each.reason for each in picture.held] == ["patient_differs"]
    assert picture.held[0].count == 24
    (trouble,) = picture.troubles
    assert (trouble.destination, trouble.is_pacs, trouble.count) == ("dmp", False, 1)
    assert set(picture.last_registered) == set(DESTINATIONS)
    before = SqlOverview(kept.engine).picture(later(-7200), later(-3600))
    assert len(before.intervals) == 3


def test_the_history_of_a_share_has_its_versions_its_other_destinations_and_its_trail(kept: Stage) -> None:
    of = accepted(report(number="CR-H"))
    one, other = (share(of, destination=each, lineage="L") for each in DESTINATIONS)
    about = AuditEvent(action="share.held", actor="gateway", facts={"share": one.id})
    accepting = AuditEvent(action="report.accepted", actor="RIS|NORD", document=of.report.identifier.unique_id)
    accept(kept.store, of, [one, other], [accepting, about])
    again = accepted(received_at=later(60))
    newer = share(again, destination=one.destination, lineage="L")
    accept(kept.store, again, [newer], [])
    found = SqlOverview(kept.engine).history(one.id)
    assert [each.share.id for each in found.versions] == [one.id, newer.id]
    assert [each.share.id for each in found.elsewhere] == [other.id]
    assert [line.event.action for line in found.trail] == ["report.accepted", "share.held"]
    assert found.submission is None
    assert (found.channel, found.sender) == ("mllp", "RIS|NORD")
    with pytest.raises(InputRejected, match="store_share_unknown"):
        SqlOverview(kept.engine).history("nobody")


def test_an_hour_is_the_place_of_its_first_share(kept: Stage) -> None:
    fill(kept, 1)
    with reading(kept.engine) as connection:
        assert listing.sequence_at(connection, later(3600)) == 7
        assert listing.sequence_at(connection, later(100 * 3600)) > 2**60
