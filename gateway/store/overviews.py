"""Shares as people look at them: many in a line each, one with all its history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from gateway.audit import trail
from gateway.errors import InputRejected
from gateway.model.overview import ShareHistory, TrailLine
from gateway.model.share import FrozenSubmission, ShareOverview
from gateway.store import forms, listing, reports, shares, steps, submissions
from gateway.store.schema import REPORTS, SHARES

_VERSIONS = 100
_EVENTS = 500


def overviews(connection: Connection, limit: int, states: Sequence[str], report_id: str) -> Sequence[ShareOverview]:
    """At most *limit* shares, newest first. Their ``lease`` is empty: who only looks may not write."""
    query = _QUERY
    if states:
        query = query.where(SHARES.c.state.in_([str(state) for state in states]))
    if report_id:
        query = query.where(SHARES.c.report_id == report_id)
    rows = connection.execute(query.order_by(SHARES.c.sequence.desc()).limit(max(0, limit))).all()
    return _made(connection, rows)


def of(connection: Connection, sequences: Sequence[int]) -> Sequence[ShareOverview]:
    """The shares at these places in the order of arrival, newest first."""
    rows = connection.execute(_QUERY.where(SHARES.c.sequence.in_(sequences)).order_by(SHARES.c.sequence.desc())).all()
    return _made(connection, rows)


_QUERY: Select[Any] = select(SHARES, REPORTS.c.unique_id, REPORTS.c.received_at).select_from(
    SHARES.join(REPORTS, REPORTS.c.id == SHARES.c.report_id)
)


def _made(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[ShareOverview, ...]:
    accessions = reports.accessions_of(connection, [row.report_id for row in rows])
    studies = reports.studies_of(connection, [row.report_id for row in rows])
    documents = submissions.documents_of(connection, [row.id for row in rows])
    modalities = listing.modalities_of(connection, [row.sequence for row in rows])
    return tuple(
        ShareOverview(
            share=shares.from_row(row, ""),
            accession_numbers=tuple(each.extension or each.root for each in accessions.get(row.report_id, ())),
            study_uids=studies.get(row.report_id, ()),
            report_unique_id=row.unique_id,
            received_at=row.received_at,
            documents=documents.get(row.id, ()),
            modalities=modalities.get(row.sequence, ()),
            sequence=row.sequence,
        )
        for row in rows
    )


def history(connection: Connection, share_id: str) -> ShareHistory:
    """Raises InputRejected (``store_share_unknown``)."""
    row = connection.execute(_QUERY.add_columns(REPORTS.c.received).where(SHARES.c.id == share_id)).one_or_none()
    if row is None:
        raise InputRejected("store_share_unknown", share=share_id)
    same = _QUERY.where(SHARES.c.lineage_key == row.lineage_key, SHARES.c.destination == row.destination)
    versions = connection.execute(same.order_by(SHARES.c.sequence.desc()).limit(_VERSIONS)).all()
    other = _QUERY.where(SHARES.c.report_id == row.report_id, SHARES.c.destination != row.destination)
    received = forms.load(row.received)
    return ShareHistory(
        overview=_made(connection, [row])[0],
        steps=steps.of(connection, share_id),
        submission=_submission(connection, share_id),
        versions=_made(connection, versions)[::-1],
        elsewhere=_made(connection, connection.execute(other.order_by(SHARES.c.sequence).limit(_VERSIONS)).all()),
        trail=tuple(
            TrailLine(at=each.recorded_at, event=each.event)
            for each in trail.about(connection, (share_id, row.report_id, row.unique_id), limit=_EVENTS)
        ),
        channel=received["channel"],
        sender=received["sender"],
    )


def _submission(connection: Connection, share_id: str) -> FrozenSubmission | None:
    try:
        return submissions.frozen(connection, share_id)
    except InputRejected:
        return None
