"""Examinations as links and rights look for them: by study, by accession number, by patient; as they stand now.

What a report is now is told by the shares of its lineage: the last report that was published there and not given up
has taken the place of the earlier ones; a withdrawal that was asked for closes it at once, long before every registry
has answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Row, Select, select

from gateway.errors import GatewayError
from gateway.model.identifiers import Identifier
from gateway.model.link import Asked, Led
from gateway.model.report import Report
from gateway.model.rights import ExamFacts
from gateway.model.share import Deed, KnownExam, ShareState
from gateway.store import facts, forms
from gateway.store.engine import reading
from gateway.store.reports import accessions_of, paired
from gateway.store.schema import PAIRINGS, REPORT_STUDIES, REPORTS, SHARES
from gateway.store.schema_access import REPORT_FACTS, REPORT_NUMBERS
from gateway.store.statements import keyed, rows_by
from gateway.store.writer import Writer

log = structlog.get_logger(__name__)

_LEARNT = 500
_MOST = 2000
"""Rows of one look: a key that half of the reports share is no key."""


class SqlExams:
    """:class:`gateway.flow.ports.Exams` on the database of the store."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def led(self, asked: Asked) -> Sequence[Led]:
        with reading(self._engine) as connection:
            return led(connection, asked)

    def learn_missing(self, read: Callable[[str], Report]) -> int:
        """Keep the facts of reports that were accepted by a release that kept none; gives of how many.

        *read*: digest of a report's bytes to the report. What cannot be read is kept without facts, and not tried
        again.
        """
        query = (
            select(REPORTS.c.id, REPORTS.c.digest)
            .outerjoin(REPORT_FACTS, REPORT_FACTS.c.report_id == REPORTS.c.id)
            .where(REPORT_FACTS.c.report_id.is_(None), REPORTS.c.kind == "report")
            .limit(_LEARNT)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        for row in rows:
            try:
                report: Report | None = read(row.digest)
            except GatewayError as error:
                log.warning("report.facts_unknown", report=row.id, code=error.code)
                report = None
            self._writer.run(partial(facts.learn, report_id=row.id, report=report))
        return len(rows)


def led(connection: Connection, asked: Asked) -> Sequence[Led]:
    """Every examination that one of the values of *asked* names, each with what it has become."""
    keys = [facts.number(value) for value in asked.accessions] + [facts.bare(value) for value in asked.accessions]
    keys += [facts.person(each) for each in asked.patients]
    found: dict[tuple[str, str], Row[Any]] = {}
    queries = [_REPORTS.where(REPORT_STUDIES.c.study_uid.in_(asked.studies))] if asked.studies else []
    if keys:
        named = select(REPORT_NUMBERS.c.report_id).where(REPORT_NUMBERS.c.key.in_(keys))
        queries.append(_REPORTS.where(REPORTS.c.id.in_(named)))
    for query in queries:
        for row in connection.execute(query.order_by(REPORTS.c.received_at, REPORTS.c.id).limit(_MOST)):
            found[row.id, row.study_uid] = row
    return _standing(connection, found.values())


_REPORTS: Select[Any] = (
    select(REPORTS, REPORT_STUDIES.c.study_uid, REPORT_FACTS.c.facts)
    .join(REPORT_STUDIES, REPORT_STUDIES.c.report_id == REPORTS.c.id)
    .outerjoin(REPORT_FACTS, REPORT_FACTS.c.report_id == REPORTS.c.id)
    .where(REPORTS.c.kind == "report")
)
_REPORTS_BY_ID = keyed(_REPORTS, REPORTS.c.id)
_STATEMENTS = keyed(select(REPORTS.c.id, REPORTS.c.statements), REPORTS.c.id)
_VERSIONS = keyed(
    select(
        SHARES.c.lineage_key,
        SHARES.c.id,
        SHARES.c.report_id,
        SHARES.c.sequence,
        SHARES.c.state,
        SHARES.c.deed,
        SHARES.c.target,
    ).order_by(SHARES.c.sequence),
    SHARES.c.lineage_key,
)
_PAIRINGS = keyed(select(PAIRINGS).order_by(PAIRINGS.c.paired_at.desc()), PAIRINGS.c.study_uid)


def _standing(connection: Connection, rows: Iterable[Row[Any]]) -> tuple[Led, ...]:
    rows = tuple(rows)
    lineages = _lineages(connection, {row.id for row in rows})
    others = {one.report_id for one in lineages.values() if one} - {row.id for row in rows}
    later = rows_by(connection, _REPORTS_BY_ID, others)
    everyone = [*rows, *(row for some in later.values() for row in some)]
    exams = _known(connection, everyone)
    corrected = {one.masks_of for one in lineages.values() if one}
    masks = {
        row.id: forms.load_statements(row.statements).masked
        for some in rows_by(connection, _STATEMENTS, corrected).values()
        for row in some
    }
    by_report: dict[str, list[KnownExam]] = {}
    for exam in exams:
        by_report.setdefault(exam.report_id, []).append(exam)
    answers = []
    for row in rows:
        for exam in by_report[row.id]:
            if exam.study_uid != row.study_uid:
                continue
            answers.append(Led(exam, _now(exam, lineages[row.id], by_report, masks)))
    return tuple(answers)


def _now(
    exam: KnownExam, stands: _Stands | None, by_report: dict[str, list[KnownExam]], masks: dict[str, frozenset[str]]
) -> tuple[KnownExam, ...]:
    """What *exam* is now: itself, its study in the version that holds, that version's studies, or nothing."""
    if stands is None:
        return ()
    version = by_report.get(stands.report_id, [])
    same = [one for one in version if one.study_uid == exam.study_uid]
    masked = masks.get(stands.masks_of)
    return tuple(one if masked is None else replace(one, masked=masked) for one in same or version)


@dataclass(frozen=True, slots=True)
class _Stands:
    """Which report of a lineage holds now, and whose statements mask it."""

    report_id: str
    masks_of: str


def _lineages(connection: Connection, report_ids: set[str]) -> dict[str, _Stands | None]:
    """Of each report, what stands in its lineage now; None: it is withdrawn."""
    keys = {
        row.report_id: row.lineage_key
        for row in connection.execute(
            select(SHARES.c.report_id, SHARES.c.lineage_key).where(
                SHARES.c.report_id.in_(report_ids), SHARES.c.deed == Deed.PUBLISH.value
            )
        )
    }
    shares = rows_by(connection, _VERSIONS, keys.values())
    # A site without destinations keeps its reports too: nothing was shared, and nothing replaced.
    return {one: _stands(shares[keys[one]], one) if one in keys else _Stands(one, one) for one in report_ids}


def _stands(shares: Sequence[Row[Any]], report_id: str) -> _Stands | None:
    given_up = ShareState.ABANDONED.value
    published = [one for one in shares if one.deed == Deed.PUBLISH.value and one.state != given_up]
    if not published:
        return _Stands(report_id, report_id)
    replaced = {one.target for one in published if one.target}
    last = max(published, key=lambda one: (one.id not in replaced, one.sequence))
    own = [one for one in published if one.report_id == last.report_id]
    taken_back = {one.target for one in shares if one.deed == Deed.WITHDRAW.value and one.state != given_up}
    if all(one.state == ShareState.WITHDRAWN.value or one.id in taken_back for one in own):
        return None
    targets = {one.id for one in own}
    corrections = [
        one for one in shares if one.deed == Deed.CORRECT.value and one.state != given_up and one.target in targets
    ]
    return _Stands(last.report_id, corrections[-1].report_id if corrections else last.report_id)


def _known(connection: Connection, rows: Sequence[Row[Any]]) -> list[KnownExam]:
    """The examinations of *rows*, with the accession numbers that the PACS has told, or each of the report's."""
    accessions = accessions_of(connection, {row.id for row in rows})
    pairings = rows_by(connection, _PAIRINGS, {row.study_uid for row in rows})
    return [
        KnownExam(
            report_id=row.id,
            site=row.site,
            study_uid=row.study_uid,
            accession=accession,
            report=Identifier(row.root, row.extension),
            patient_cx=row.patient_cx,
            masked=forms.load_statements(row.statements).masked,
            authors=forms.load_authors(row.authors),
            facts=forms.load_facts(row.facts, row.study_uid) if row.facts else ExamFacts(),
        )
        for row in rows
        for accession in paired(row, accessions.get(row.id, ()), pairings.get(row.study_uid, ()))
    ]
