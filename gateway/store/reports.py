"""Accepted reports: kept once, found by id, by link, by the digest of their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from gateway import audit
from gateway.errors import InputRejected
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import Identifier
from gateway.model.share import Acceptance, AcceptedReport, KnownExam, Share, StoredReport
from gateway.store import forms, shares
from gateway.store.schema import DOCUMENTS, PAIRINGS, REPORT_ACCESSIONS, REPORT_STUDIES, REPORTS, SUBMISSIONS
from gateway.store.statements import insert_new, rows_by

_INSERT_STUDIES = insert(REPORT_STUDIES)
_INSERT_ACCESSIONS = insert(REPORT_ACCESSIONS)


def accept(
    connection: Connection, accepted: AcceptedReport, new: Sequence[Share], events: Iterable[AuditEvent]
) -> Acceptance:
    """Keep the report, its shares and its events, unless its unique id is known at its site.

    Known with the same bytes and the same statements is a duplicate, known otherwise a conflict; nothing is written
    then.
    """
    if not insert_new(connection, REPORTS, _row(accepted)):
        return _compare(connection, accepted)
    report_id, report = accepted.id, accepted.report
    studies = [
        {"report_id": report_id, "position": position, "study_uid": uid}
        for position, uid in enumerate(report.study_uids)
    ]
    accessions = [
        {"report_id": report_id, "position": position, "root": each.root, "extension": each.extension}
        for position, each in enumerate(report.accessions)
    ]
    if studies:
        connection.execute(_INSERT_STUDIES, studies)
    if accessions:
        connection.execute(_INSERT_ACCESSIONS, accessions)
    shares.add(connection, new)
    for event in events:
        audit.record(connection, event)
    return Acceptance.ACCEPTED


def stored(connection: Connection, report_id: str) -> StoredReport:
    """Raises InputRejected (``store_report_unknown``)."""
    row = connection.execute(select(REPORTS).where(REPORTS.c.id == report_id)).one_or_none()
    if row is None:
        raise InputRejected("store_report_unknown", report=report_id)
    received = forms.load(row.received)
    return StoredReport(
        id=row.id,
        site=row.site,
        sender=received["sender"],
        channel=received["channel"],
        digest=row.digest,
        statements=forms.load_statements(row.statements),
        received_at=row.received_at,
        sender_person=forms.load_sender_person(received),
    )


def known_exams(connection: Connection, study_uid: str, report_root: str) -> Sequence[KnownExam]:
    """See :meth:`gateway.flow.ports.Store.known_exams`.

    The pairing that was frozen for the report itself decides. Before there is one, that of another report of the
    same site does, if its accession number is one of this report's.
    """
    reports = connection.execute(
        select(REPORTS)
        .join(REPORT_STUDIES, REPORT_STUDIES.c.report_id == REPORTS.c.id)
        .where(REPORT_STUDIES.c.study_uid == study_uid, REPORTS.c.root == report_root)
        .order_by(REPORTS.c.received_at, REPORTS.c.id)
    ).all()
    if not reports:
        return ()
    accessions = accessions_of(connection, [row.id for row in reports])
    pairings = connection.execute(
        select(PAIRINGS).where(PAIRINGS.c.study_uid == study_uid).order_by(PAIRINGS.c.paired_at.desc())
    ).all()
    return tuple(
        _known(row, study_uid, accession)
        for row in reports
        for accession in _paired(row, accessions.get(row.id, ()), pairings)
    )


def accessions_of(connection: Connection, report_ids: Iterable[str]) -> dict[str, tuple[Identifier, ...]]:
    """The accession numbers of each report, in its order."""
    query = select(REPORT_ACCESSIONS).order_by(REPORT_ACCESSIONS.c.report_id, REPORT_ACCESSIONS.c.position)
    rows = rows_by(connection, query, REPORT_ACCESSIONS.c.report_id, report_ids)
    return {report_id: tuple(Identifier(row.root, row.extension) for row in some) for report_id, some in rows.items()}


def studies_of(connection: Connection, report_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The studies of each report, in its order."""
    query = select(REPORT_STUDIES).order_by(REPORT_STUDIES.c.report_id, REPORT_STUDIES.c.position)
    rows = rows_by(connection, query, REPORT_STUDIES.c.report_id, report_ids)
    return {report_id: tuple(row.study_uid for row in some) for report_id, some in rows.items()}


def is_referenced(connection: Connection, digest: str) -> bool:
    """Whether any row of the store names the blob *digest*."""
    columns = (REPORTS.c.digest, DOCUMENTS.c.digest, SUBMISSIONS.c.signature_digest)
    return any(
        connection.execute(select(column).where(column == digest).limit(1)).first() is not None for column in columns
    )


def _row(accepted: AcceptedReport) -> dict[str, Any]:
    report = accepted.report
    return {
        "id": accepted.id,
        "key": _key(accepted),
        "site": accepted.site,
        "unique_id": report.identifier.unique_id,
        "root": report.identifier.root,
        "extension": report.identifier.extension,
        "digest": accepted.digest,
        "statements_digest": accepted.statements_digest,
        "received": forms.dump_received(accepted.received),
        "statements": forms.dump_statements(accepted.received.statements),
        "patient_cx": forms.patient_cx(report),
        "authors": forms.dump_authors(report),
        "received_at": accepted.received_at,
    }


def _key(accepted: AcceptedReport) -> str:
    return forms.key(accepted.site, accepted.report.identifier.unique_id)


def _compare(connection: Connection, accepted: AcceptedReport) -> Acceptance:
    known = connection.execute(
        select(REPORTS.c.digest, REPORTS.c.statements_digest).where(REPORTS.c.key == _key(accepted))
    ).one_or_none()
    # None: the gateway's own id of the report was used before, for another report.
    same = known is not None and tuple(known) == (accepted.digest, accepted.statements_digest)
    return Acceptance.DUPLICATE if same else Acceptance.CONFLICT


def _paired(report: Row[Any], accessions: Sequence[Identifier], pairings: Sequence[Row[Any]]) -> Sequence[Identifier]:
    for own in pairings:
        if own.report_id == report.id:
            return (Identifier(own.root, own.extension),)
    for other in pairings:
        accession = Identifier(other.root, other.extension)
        if other.site == report.site and accession in accessions:
            return (accession,)
    return accessions


def _known(report: Row[Any], study_uid: str, accession: Identifier) -> KnownExam:
    return KnownExam(
        report_id=report.id,
        site=report.site,
        study_uid=study_uid,
        accession=accession,
        report=Identifier(report.root, report.extension),
        patient_cx=report.patient_cx,
        masked=forms.load_statements(report.statements).masked,
        authors=forms.load_authors(report.authors),
    )
