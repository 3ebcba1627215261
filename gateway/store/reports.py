"""Accepted reports: kept once, found by id, by link, by the digest of their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from gateway import audit
from gateway.audit.inserting import insert_new, insert_rows
from gateway.errors import InputRejected
from gateway.model.audit import AuditEvent
from gateway.model.identifiers import Identifier
from gateway.model.share import Acceptance, AcceptedReport, Share, StoredReport
from gateway.store import facts, forms, identities, lineages, listing, shares
from gateway.store.prepared import Prepared
from gateway.store.schema import REPORT_ACCESSIONS, REPORT_STUDIES, REPORTS
from gateway.store.statements import keyed, rows_by

_STORED = Prepared(select(REPORTS).where(REPORTS.c.id == bindparam("report")))
_ACCESSIONS = keyed(
    select(REPORT_ACCESSIONS).order_by(REPORT_ACCESSIONS.c.report_id, REPORT_ACCESSIONS.c.position),
    REPORT_ACCESSIONS.c.report_id,
)
_STUDIES = keyed(
    select(REPORT_STUDIES).order_by(REPORT_STUDIES.c.report_id, REPORT_STUDIES.c.position), REPORT_STUDIES.c.report_id
)


def accept(
    connection: Connection, accepted: AcceptedReport, new: Sequence[Share], events: Iterable[AuditEvent]
) -> Acceptance:
    """Keep the report, its shares and its events, unless its unique id is known at its site.

    Known with the same bytes and the same statements is a duplicate, known otherwise a conflict; nothing is written
    then.
    """
    if not insert_new(connection, REPORTS, _row(accepted)):
        return _known_already(connection, accepted, new, events)
    waiting = lineages.waiting_for(connection, accepted)
    new = lineages.joined(connection, accepted, new, waiting)
    if accepted.kind != lineages.REPORT:
        shares.add(connection, new)
        audit.record_all(connection, events)
        return Acceptance.ACCEPTED
    report_id, report = accepted.id, accepted.report
    studies = [
        {"report_id": report_id, "position": position, "study_uid": uid}
        for position, uid in enumerate(report.study_uids)
    ]
    accessions = [
        {"report_id": report_id, "position": position, "root": each.root, "extension": each.extension}
        for position, each in enumerate(report.accessions)
    ]
    insert_rows(connection, REPORT_STUDIES, studies)
    insert_rows(connection, REPORT_ACCESSIONS, accessions)
    identities.note(connection, accepted)
    shares.add(connection, new)
    lineages.wake(connection, accepted, waiting)
    patients = [each.extension for each in accepted.received.patient_identifiers if each.extension]
    listing.note_report(connection, report_id, report, patients)
    facts.learn(connection, report_id, report)
    identities.follow(connection, accepted)
    audit.record_all(connection, events)
    return Acceptance.ACCEPTED


def stored(connection: Connection, report_id: str) -> StoredReport:
    """Raises InputRejected (``store_report_unknown``)."""
    row = _STORED.one_or_none(connection, {"report": report_id})
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


def accessions_of(connection: Connection, report_ids: Iterable[str]) -> dict[str, tuple[Identifier, ...]]:
    """The accession numbers of each report, in its order."""
    rows = rows_by(connection, _ACCESSIONS, report_ids)
    return {report_id: tuple(Identifier(row.root, row.extension) for row in some) for report_id, some in rows.items()}


def studies_of(connection: Connection, report_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The studies of each report, in its order."""
    rows = rows_by(connection, _STUDIES, report_ids)
    return {report_id: tuple(row.study_uid for row in some) for report_id, some in rows.items()}


def _row(accepted: AcceptedReport) -> dict[str, Any]:
    report = accepted.report
    return {
        "id": accepted.id,
        "key": lineages.key(accepted),
        "site": accepted.site,
        "unique_id": report.identifier.unique_id,
        "root": report.identifier.root,
        "extension": report.identifier.extension,
        "digest": accepted.digest,
        "statements_digest": accepted.statements_digest,
        "received": forms.dump_received(accepted.received),
        "statements": forms.dump_statements(accepted.received.statements),
        "patient_cx": report.patient.cx,
        "authors": forms.dump_authors(report),
        "received_at": accepted.received_at,
        "kind": accepted.kind,
        "replaces": accepted.amends if accepted.kind == lineages.REPORT else "",
    }


def _known_already(
    connection: Connection, accepted: AcceptedReport, new: Sequence[Share], events: Iterable[AuditEvent]
) -> Acceptance:
    columns = (REPORTS.c.id, REPORTS.c.digest, REPORTS.c.statements_digest)
    known = connection.execute(select(*columns).where(REPORTS.c.key == lineages.key(accepted))).one_or_none()
    if accepted.kind != lineages.REPORT and known is not None:
        # A report is withdrawn once, whatever the second message holds.
        return Acceptance.DUPLICATE
    # None: the gateway's own id of the report was used before, for another report.
    if known is None or known.digest != accepted.digest:
        return Acceptance.CONFLICT
    if known.statements_digest == accepted.statements_digest:
        return Acceptance.DUPLICATE
    if not accepted.restatable:
        return Acceptance.CONFLICT
    row = _row(accepted)
    stated = {name: row[name] for name in ("statements", "statements_digest")}
    connection.execute(update(REPORTS).where(REPORTS.c.id == known.id).values(stated))
    shares.add(connection, lineages.restated(connection, accepted, new))
    audit.record_all(connection, events)
    return Acceptance.ACCEPTED


def paired(report: Row[Any], accessions: Sequence[Identifier], pairings: Sequence[Row[Any]]) -> Sequence[Identifier]:
    """Which of *accessions* a study of *report* has, by the *pairings* of that study, newest first."""
    for own in pairings:
        if own.report_id == report.id:
            return (Identifier(own.root, own.extension),)
    for other in pairings:
        accession = Identifier(other.root, other.extension)
        if other.site == report.site and accession in accessions:
            return (accession,)
    return accessions
