"""Shares as people look at them: the console, the command line."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from gateway.model.share import ShareOverview
from gateway.store import reports, shares, submissions
from gateway.store.schema import REPORTS, SHARES


def overviews(connection: Connection, limit: int, states: Sequence[str], report_id: str) -> Sequence[ShareOverview]:
    """At most *limit* shares, newest first. Their ``lease`` is empty: who only looks may not write."""
    query = select(SHARES, REPORTS.c.unique_id, REPORTS.c.received_at).select_from(
        SHARES.join(REPORTS, REPORTS.c.id == SHARES.c.report_id)
    )
    if states:
        query = query.where(SHARES.c.state.in_([str(state) for state in states]))
    if report_id:
        query = query.where(SHARES.c.report_id == report_id)
    rows = connection.execute(query.order_by(SHARES.c.sequence.desc()).limit(max(0, limit))).all()
    accessions = reports.accessions_of(connection, [row.report_id for row in rows])
    studies = reports.studies_of(connection, [row.report_id for row in rows])
    documents = submissions.documents_of(connection, [row.id for row in rows])
    return tuple(
        ShareOverview(
            share=shares.from_row(row, ""),
            accession_numbers=tuple(each.extension or each.root for each in accessions.get(row.report_id, ())),
            study_uids=studies.get(row.report_id, ()),
            report_unique_id=row.unique_id,
            received_at=row.received_at,
            documents=documents.get(row.id, ()),
        )
        for row in rows
    )
