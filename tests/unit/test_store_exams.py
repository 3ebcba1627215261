"""Examinations as links look for them: by study, number and patient, as they stand now, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert

from gateway.audit.inserting import insert_new
from gateway.errors import InputRejected
from gateway.model.codes import DCM, Code
from gateway.model.identifiers import INS_TEST, Identifier
from gateway.model.identity import IdentityChange
from gateway.model.link import Asked
from gateway.model.report import Act, Report, Statements
from gateway.model.share import AcceptedReport, Deed, ShareState
from gateway.model.times import Timestamp
from gateway.store import identities
from gateway.store.engine import transaction
from gateway.store.exams import SqlExams
from gateway.store.schema import LINEAGES, SHARES
from gateway.store.schema_access import REPORT_FACTS, REPORT_NUMBERS
from gateway.store.shares import _changing, _lineage_key
from tests.support.store import (
    ACCESSIONS_OID,
    REPORTS_OID,
    Stage,
    accept,
    accepted,
    report,
    share,
)

INS = Identifier(INS_TEST, "160012B12345678")


def exams(on: Stage) -> SqlExams:
    return SqlExams(on.engine, on.writer)


def keep(on: Stage, what: Report, **statements: Any) -> AcceptedReport:
    of = accepted(what)
    if statements:
        of = replace(of, received=replace(of.received, statements=Statements(**statements)))
    accept(on.store, of, [share(of)], [])
    return of


def add_share(on: Stage, of: AcceptedReport, lineage: str, deed: Deed, state: ShareState, target: str = "") -> str:
    """A share as some later flow would have left it."""
    one = replace(share(of), lineage=lineage, deed=deed, state=state, target=target)
    row = {
        "id": one.id,
        "report_id": one.report_id,
        "site": one.site,
        "destination": one.destination,
        "lineage": lineage,
        "lineage_key": _lineage_key(one),
        "deed": deed.value,
        "study_uid": "",
        **_changing(one),
    }
    with transaction(on.engine) as connection:
        insert_new(connection, LINEAGES, {"key": row["lineage_key"]})
        connection.execute(insert(SHARES), row)
    return one.id


def put_state(on: Stage, share_id: str, state: ShareState) -> None:
    with transaction(on.engine) as connection:
        connection.execute(SHARES.update().where(SHARES.c.id == share_id).values(state=state.value))


def of_study(on: Stage, study: str) -> list[tuple[str, list[str]]]:
    """Report id of each examination of *study*, and the reports that it is now."""
    return [
        (each.asked.report_id, [one.report_id for one in each.current])
        for each in exams(on).led(Asked(studies=(study,)))
    ]


def test_a_report_is_found_by_study_number_and_patient(on: Stage) -> None:
    of = keep(on, report(studies=("1.2.3", "1.2.4"), accessions=("A1",)))
    keep(on, report(studies=("1.2.5",), accessions=("A2",)))
    for asked, studies in (
        (Asked(studies=("1.2.3",)), ["1.2.3"]),
        (Asked(studies=("1.2.4", "1.2.5", "1.2.9")), ["1.2.4", "1.2.5"]),
        (Asked(accessions=("A1",)), ["1.2.3", "1.2.4"]),
        (Asked(accessions=(f"{ACCESSIONS_OID}.A2",)), ["1.2.5"]),
        (Asked(accessions=("a1", "1", "2.A1", "")), []),
        (Asked(patients=(INS,)), ["1.2.3", "1.2.4", "1.2.5"]),
        (Asked(patients=(Identifier("1.2.250.1.999.3", "42"),)), ["1.2.3", "1.2.4", "1.2.5"]),
        (Asked(patients=(Identifier(INS_TEST, "42"),)), []),
        (Asked(), []),
    ):
        assert sorted({each.asked.study_uid for each in exams(on).led(asked)}) == studies
    (exam, _) = exams(on).led(Asked(accessions=("A1",)))
    assert exam.asked == exam.current[0]
    assert exam.asked.report_id == of.id
    assert exam.asked.facts.patient.ins == INS
    assert exam.asked.facts.type_code == "18748-4"
    assert exam.asked.accession == Identifier(ACCESSIONS_OID, "A1")


def test_after_a_merge_a_report_is_found_by_the_patient_that_is_left(on: Stage) -> None:
    gone, left, last = (Identifier("1.2.250.1.999.1.1", value) for value in ("IPP-1", "IPP-2", "IPP-3"))
    one = report()
    of = keep(on, replace(one, patient=replace(one.patient, identifiers=(*one.patient.identifiers, gone))))
    other = Identifier("1.2.250.1.999.1.1", "IPP-9")
    for identifier, now in ((gone, left), (left, last), (left, last), (other, last)):
        change = IdentityChange(
            site=of.site, identifier=identifier, now=(now,), merged=True, actor="ADT", at=datetime.now(UTC)
        )
        with transaction(on.engine) as connection:
            identities.record(connection, [change])
    for identifier, count in ((gone, 1), (left, 1), (last, 1), (other, 0)):
        assert len(exams(on).led(Asked(patients=(identifier,)))) == count
    elsewhere = replace(change, site="elsewhere", identifier=last, now=(other,))
    with transaction(on.engine) as connection:
        identities.record(connection, [elsewhere])
    assert not exams(on).led(Asked(patients=(other,)))


def test_a_report_that_comes_after_a_merge_is_found_by_the_patient_that_is_left(on: Stage) -> None:
    gone, left, last = (Identifier("1.2.250.1.999.1.1", value) for value in ("IPP-1", "IPP-2", "IPP-3"))
    one = report()
    site = accepted(one).site
    # The last leads back to the first, as a merge that was undone by another does: it must end all the same.
    for at, identifier, now in ((site, gone, left), (site, left, last), (site, last, gone), ("elsewhere", left, INS)):
        change = IdentityChange(
            site=at, identifier=identifier, now=(now,), merged=True, actor="ADT", at=datetime.now(UTC)
        )
        with transaction(on.engine) as connection:
            identities.record(connection, [change])
    keep(on, replace(one, patient=replace(one.patient, identifiers=(gone,))))
    for identifier, count in ((gone, 1), (left, 1), (last, 1), (INS, 0)):
        assert len(exams(on).led(Asked(patients=(identifier,)))) == count


def test_each_study_has_its_date_and_modalities(on: Stage) -> None:
    acts = (
        Act(study_uid="1.2.3", start=Timestamp.parse("202603121025+0100"), modalities=(Code("CT", DCM),)),
        Act(study_uid="1.2.4"),
    )
    keep(on, replace(report(), acts=acts, addressees=(Identifier("1.2", "asked"),)))
    first, second = (each.asked.facts for each in exams(on).led(Asked(studies=("1.2.3", "1.2.4"))))
    assert first.started_at == datetime(2026, 3, 12, 9, 25, tzinfo=UTC)
    assert first.modalities == {"CT"}
    assert first.addressees == {"asked"}
    assert (second.started_at, second.modalities) == (None, frozenset())


def test_a_replaced_report_leads_to_the_version_that_holds(on: Stage) -> None:
    old = keep(on, report(studies=("1.2.3", "1.2.4")))
    lineage = share(old).lineage
    new = accepted(report(studies=("1.2.3",)))
    accept(on.store, new, [], [])
    waiting = add_share(on, new, lineage, Deed.PUBLISH, ShareState.WAITING)
    assert of_study(on, "1.2.3") == [(old.id, [new.id]), (new.id, [new.id])]
    assert of_study(on, "1.2.4") == [(old.id, [new.id])], "the study is not in it any more: its own studies open"
    put_state(on, waiting, ShareState.ABANDONED)
    assert of_study(on, "1.2.3") == [(old.id, [old.id]), (new.id, [old.id])]


def test_a_withdrawal_closes_at_once_and_one_that_was_given_up_does_not(on: Stage) -> None:
    of = accepted(report(studies=("1.2.3",)))
    accept(on.store, of, [], [])
    published = add_share(on, of, "line", Deed.PUBLISH, ShareState.SHARED)
    assert of_study(on, "1.2.3") == [(of.id, [of.id])]
    asked = add_share(on, of, "line", Deed.WITHDRAW, ShareState.WAITING, published)
    assert of_study(on, "1.2.3") == [(of.id, [])]
    put_state(on, asked, ShareState.ABANDONED)
    assert of_study(on, "1.2.3") == [(of.id, [of.id])]
    put_state(on, published, ShareState.WITHDRAWN)
    assert of_study(on, "1.2.3") == [(of.id, [])]


def test_a_report_that_stands_at_one_destination_still_is_open(on: Stage) -> None:
    of = accepted(report(studies=("1.2.3",)))
    accept(on.store, of, [], [])
    add_share(on, of, "line", Deed.PUBLISH, ShareState.WITHDRAWN)
    other = add_share(on, of, "line", Deed.PUBLISH, ShareState.SHARED)
    assert of_study(on, "1.2.3") == [(of.id, [of.id])]
    add_share(on, of, "line", Deed.WITHDRAW, ShareState.SENDING, other)
    assert of_study(on, "1.2.3") == [(of.id, [])]


def test_a_correction_may_mask_what_was_open(on: Stage) -> None:
    of = accepted(report(studies=("1.2.3",)))
    accept(on.store, of, [], [])
    published = add_share(on, of, "line", Deed.PUBLISH, ShareState.SHARED)
    stated = accepted(report(studies=("1.2.99",)))
    masked = Statements(masked=frozenset({"INVISIBLE_PATIENT"}))
    accept(on.store, replace(stated, received=replace(stated.received, statements=masked)), [], [])
    add_share(on, stated, "line", Deed.CORRECT, ShareState.WAITING, published)
    (led,) = exams(on).led(Asked(studies=("1.2.3",)))
    assert led.asked.masked == frozenset()
    assert [one.masked for one in led.current] == [{"INVISIBLE_PATIENT"}]


def test_a_report_without_destinations_is_open_as_it_is(on: Stage) -> None:
    of = accepted(report(studies=("1.2.3",)))
    accept(on.store, of, [], [])
    assert of_study(on, "1.2.3") == [(of.id, [of.id])]


def test_facts_of_reports_of_the_release_before_are_learnt_once(on: Stage) -> None:
    kept = [keep(on, report(studies=(f"1.2.{number}",), accessions=(f"A{number}",))) for number in range(3)]
    with transaction(on.engine) as connection:
        connection.execute(delete(REPORT_FACTS))
        connection.execute(delete(REPORT_NUMBERS))
    assert exams(on).led(Asked(accessions=("A1",))) == ()
    assert exams(on).led(Asked(studies=("1.2.1",)))[0].asked.facts.type_code == ""
    by_digest = {of.digest: of.report for of in kept}

    def read(digest: str) -> Report:
        if digest == kept[2].digest:
            raise InputRejected("report_not_cda")
        return by_digest[digest]

    assert exams(on).learn_missing(read) == 3
    assert exams(on).learn_missing(read) == 0
    assert [each.asked.report_id for each in exams(on).led(Asked(accessions=("A1",)))] == [kept[1].id]
    assert exams(on).led(Asked(studies=("1.2.2",)))[0].asked.facts.type_code == ""


def test_the_root_of_a_report_stands_with_it(on: Stage) -> None:
    keep(on, report(studies=("1.2.3",), number="CR-7"))
    (led,) = exams(on).led(Asked(studies=("1.2.3",)))
    assert led.asked.report == Identifier(REPORTS_OID, "CR-7")
