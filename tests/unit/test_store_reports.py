"""Accepted reports, on both databases: once, whole, and found again by what a link says."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InputRejected, Unavailable
from gateway.model.link import Asked
from gateway.model.report import Reliability, Statements
from gateway.model.share import Acceptance, AcceptedReport, KnownExam, ShareState
from gateway.store import forms, references, schema
from gateway.store.exams import SqlExams
from tests.support.store import (
    ACCESSIONS_OID,
    NOW,
    Stage,
    accept,
    accepted,
    claimed,
    event,
    frozen,
    later,
    manifest,
    pairing,
    report,
    share,
)


def test_an_accepted_report_comes_back_with_what_was_stated_beside_it(on: Stage) -> None:
    statements = Statements(
        reliability=Reliability.QUALIFIED, masked=frozenset({"MASQUE_PS"}), to_dmp=False, visit_class="O"
    )
    of = accepted()
    of = replace(of, received=replace(of.received, statements=statements))
    assert accept(on.store, of, [share(of)], [event()]) is Acceptance.ACCEPTED
    stored = on.store.report(of.id)
    assert stored.statements == statements
    assert (stored.site, stored.sender, stored.channel) == ("nord", "RIS|NORD", "mllp")
    assert (stored.digest, stored.received_at) == (of.digest, NOW)


def test_an_unknown_report_is_refused_by_name(on: Stage) -> None:
    with pytest.raises(InputRejected, match="store_report_unknown"):
        on.store.report("nobody")


def test_the_same_bytes_and_statements_are_a_duplicate_without_any_effect(on: Stage) -> None:
    of = accepted()
    accept(on.store, of, [share(of)], [event()])
    again = replace(of, id="another", received_at=later(60))
    assert accept(on.store, again, [share(again)], [event()]) is Acceptance.DUPLICATE
    assert len(on.store.overviews(limit=10)) == 1
    assert on.actions() == ["report.accepted"]


@pytest.mark.parametrize("change", [{"digest": "e" * 64}, {"statements_digest": "s2"}])
def test_the_same_unique_id_with_anything_else_is_a_conflict(on: Stage, change: dict[str, str]) -> None:
    of = accepted()
    accept(on.store, of, [share(of)], [event()])
    other = replace(of, id="another", **change)  # type: ignore[arg-type]
    assert accept(on.store, other, [share(other)], [event()]) is Acceptance.CONFLICT
    assert on.store.report(of.id).digest == of.digest
    assert on.actions() == ["report.accepted"]


def test_our_own_id_used_twice_is_a_conflict_and_no_crash(on: Stage) -> None:
    of = accepted()
    accept(on.store, of, [], [])
    assert accept(on.store, accepted(id=of.id), [], []) is Acceptance.CONFLICT


def test_two_sites_may_have_the_same_unique_id(on: Stage) -> None:
    one = accepted()
    other = replace(one, id="of-sud", site="sud")
    assert accept(on.store, one, [share(one)], []) is Acceptance.ACCEPTED
    assert accept(on.store, other, [share(other)], []) is Acceptance.ACCEPTED


def test_of_sixteen_senders_of_one_report_one_is_accepted(on: Stage) -> None:
    answers: list[Acceptance] = []
    of = accepted()
    start = threading.Barrier(16)

    def send(number: int) -> None:
        mine = replace(of, id=f"try-{number}")
        start.wait()
        answers.append(accept(on.store, mine, [share(mine)], [event()]))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {Acceptance.ACCEPTED: 1, Acceptance.DUPLICATE: 15}
    assert len(on.store.overviews(limit=99)) == 1
    assert on.actions() == ["report.accepted"]


def test_what_a_stranger_wrote_by_hand_is_kept_on_both_databases(on: Stage) -> None:
    of = accepted()
    odd = "MSH|^~\\&|\x00\ud800|é\x1c"
    of = replace(of, received=replace(of.received, control_id=odd, sender=odd))
    assert accept(on.store, of, [share(of)], []) is Acceptance.ACCEPTED
    assert on.store.report(of.id).sender == odd


def test_an_enormous_unique_id_is_kept_or_refused_but_never_retried(on: Stage) -> None:
    enormous = "".join(f"{number:06d}" for number in range(20_000))
    of = accepted(report(number=enormous, accessions=(enormous,)))
    assert accept(on.store, of, [share(of, lineage=enormous)], []) is Acceptance.ACCEPTED
    with pytest.raises(InputRejected, match="store_value"):
        accept(on.store, accepted(digest="\ud800"), [], [])


def test_a_report_whose_shares_cannot_be_kept_is_not_kept(on: Stage) -> None:
    of = accepted()
    one = share(of)
    with pytest.raises(Unavailable, match="store_unavailable"):
        accept(on.store, of, [one, one], [event()])
    assert on.actions() == []
    assert accept(on.store, of, [one], [event()]) is Acceptance.ACCEPTED


# Which examination a link names


def known(on: Stage, of: AcceptedReport, position: int = 0) -> list[KnownExam]:
    return known_by(on, of.report.study_uids[position])


def known_by(on: Stage, study: str) -> list[KnownExam]:
    return [each.asked for each in SqlExams(on.engine, on.writer).led(Asked(studies=(study,)))]


def freeze(on: Stage, of: AcceptedReport, accession: str, study: str) -> None:
    accept(on.store, of, [share(of)], [])
    mine = claimed(on.store)
    waiting = replace(mine, state=ShareState.FROZEN)
    assert on.store.freeze(waiting, frozen(study), [manifest(mine, study)], [pairing(study, accession)], [])


def test_an_examination_is_known_by_its_study(on: Stage) -> None:
    of = accepted(report(studies=("1.2.3",), accessions=("A1",), root="1.2.250.1.999.5"))
    accept(on.store, of, [share(of)], [])
    (exam,) = known_by(on, "1.2.3")
    assert exam.accession.dotted == f"{ACCESSIONS_OID}.A1"
    assert exam.report == of.report.identifier
    assert exam.report_id == of.id
    assert exam.patient_cx == "160012B12345678^^^&1.2.250.1.213.1.4.10&ISO"
    assert exam.authors == {"899700000001", "899700000009"}
    assert exam.masked == frozenset()
    assert known_by(on, "1.2.4") == []


def test_masks_of_the_report_come_with_it(on: Stage) -> None:
    of = accepted()
    of = replace(of, received=replace(of.received, statements=Statements(masked=frozenset({"MASQUE_PS"}))))
    accept(on.store, of, [share(of)], [])
    (exam,) = known(on, of)
    assert exam.masked == {"MASQUE_PS"}


def test_before_the_pacs_was_asked_each_accession_number_of_the_report_does(on: Stage) -> None:
    of = accepted(report(studies=("1.2.3", "1.2.4"), accessions=("A1", "A2")))
    accept(on.store, of, [share(of)], [])
    assert [exam.accession.extension for exam in known(on, of)] == ["A1", "A2"]


def test_once_the_pacs_has_told_only_that_accession_number_does(on: Stage) -> None:
    of = accepted(report(studies=("1.2.3", "1.2.4"), accessions=("A1", "A2")))
    freeze(on, of, "A2", "1.2.3")
    assert [exam.accession.extension for exam in known(on, of)] == ["A2"]
    assert [exam.accession.extension for exam in known(on, of, 1)] == ["A1", "A2"]


def test_another_reports_pairing_counts_where_it_is_one_of_ours(on: Stage) -> None:
    first = accepted(report(studies=("1.2.3",), accessions=("A1", "A2")))
    freeze(on, first, "A2", "1.2.3")
    second = accepted(report(studies=("1.2.3",), accessions=("A2", "A3")))
    third = accepted(report(studies=("1.2.3",), accessions=("A4", "A5")))
    for each in (second, third):
        accept(on.store, each, [share(each)], [])
    by_report: dict[str, list[str | None]] = {}
    for exam in known_by(on, "1.2.3"):
        by_report.setdefault(exam.report_id, []).append(exam.accession.extension)
    assert by_report == {first.id: ["A2"], second.id: ["A2"], third.id: ["A4", "A5"]}


def test_a_later_pairing_does_not_break_the_link_of_an_earlier_report(on: Stage) -> None:
    first = accepted(report(studies=("1.2.3",), accessions=("A1",)))
    freeze(on, first, "A1", "1.2.3")
    other = accepted(report(studies=("1.2.3", "1.2.5"), accessions=("A9",)))
    freeze(on, other, "A9", "1.2.5")
    assert {(exam.report_id, exam.accession.extension) for exam in known_by(on, "1.2.3")} == {
        (first.id, "A1"),
        (other.id, "A9"),
    }


def test_blobs_that_a_row_names_are_known(on: Stage) -> None:
    of = accepted(report(studies=("1.2.3",)))
    freeze(on, of, "A1", "1.2.3")
    mine = on.store.frozen(on.store.overviews(limit=1)[0].share.id)
    digests = [of.digest, mine.signature_digest, *(document.digest for document in mine.documents)]
    assert all(on.store.is_referenced(digest) for digest in digests)
    assert not on.store.is_referenced("0" * 64)


# The forms of what is kept as text


@given(st.dictionaries(st.text(), st.text()))
def test_words_come_back_as_they_were(words: dict[str, str]) -> None:
    assert forms.load_words(forms.dump_words(words)) == words


@given(
    st.builds(
        Statements,
        reliability=st.sampled_from(Reliability),
        identity_unknown=st.booleans(),
        masked=st.frozensets(st.text()),
        to_dmp=st.none() | st.booleans(),
        secret_connection=st.booleans(),
        visit_class=st.text(),
    )
)
def test_statements_come_back_as_they_were(statements: Statements) -> None:
    assert forms.load_statements(forms.dump_statements(statements)) == statements


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_a_key_tells_every_cut_apart(one: list[str], other: list[str]) -> None:
    assert (forms.key(*one) == forms.key(*other)) == (one == other)


def test_a_form_of_a_later_version_is_not_guessed_at() -> None:
    with pytest.raises(Unavailable, match="store_form"):
        forms.load('{"version": 2, "words": {}}')


def test_every_digest_of_the_schema_is_named_as_one_or_known_not_to_be() -> None:
    """A new column that names a document's bytes must say so, or the sweep takes the bytes away."""
    digests = {
        (table.name, column.name)
        for table in schema.METADATA.tables.values()
        for column in table.columns
        if (column.type is schema.DIGEST and "key" not in column.name) or "digest" in column.name
    }
    named = {(column.table.name, column.name) for column in references.COLUMNS}
    of_no_blob = {("messages", "digest"), ("reports", "statements_digest")}
    assert named <= digests
    assert digests - named == of_no_blob
