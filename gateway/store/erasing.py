"""Erasure: which reports have come to their end, and how they leave the tables.

Nothing leaves that a later share still stands on: of reports that replaced one another the last goes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, select, true, update

from gateway import audit
from gateway.audit.inserting import insert_or_replace
from gateway.model.audit import AuditEvent
from gateway.model.share import ShareState
from gateway.store import references
from gateway.store.schema import (
    DOCUMENTS,
    LINEAGES,
    MANIFESTS,
    MESSAGES,
    METADATA,
    REPORT_STUDIES,
    REPORTS,
    SHARES,
    SUBMISSIONS,
    WATCHES,
)
from gateway.store.schema_care import ERASURES

DONE = (ShareState.SHARED, ShareState.SUPERSEDED, ShareState.WITHDRAWN, ShareState.ABANDONED)
"""What a share may be when its report is erased; one that is held waits for a person, whatever its age."""
_MESSAGE_WINDOW = timedelta(days=2)

_later = SHARES.alias("later")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasable:
    """A report that may be erased."""

    report_id: str
    site: str
    unique_id: str
    received_at: datetime


def erasable(connection: Connection, before: datetime, what: str, *, after: str = "", limit: int) -> list[Erasable]:
    """Reports that were received before *before*, and whose shares came to their end before it, in the order of their
    ids above *after*; not those that were erased so already."""
    of_this = SHARES.c.report_id == REPORTS.c.id
    query = (
        _query()
        .where(
            REPORTS.c.id > after,
            REPORTS.c.received_at < before,
            ~exists().where(of_this, SHARES.c.updated_at >= before),
            ~exists().where(ERASURES.c.report_id == REPORTS.c.id, ERASURES.c.what == what),
        )
        .order_by(REPORTS.c.id)
        .limit(limit)
    )
    return _read(connection, query, what)


def erasable_by_hand(connection: Connection, report_id: str, what: str) -> list[Erasable]:
    """The report of that id, when it may be erased whatever its age."""
    return _read(connection, _query().where(REPORTS.c.id == report_id), what)


def _query() -> Any:
    of_this = SHARES.c.report_id == REPORTS.c.id
    return select(REPORTS.c.id, REPORTS.c.site, REPORTS.c.unique_id, REPORTS.c.received_at).where(
        ~exists().where(of_this, SHARES.c.state.not_in([state.value for state in DONE]))
    )


def _read(connection: Connection, query: Any, what: str) -> list[Erasable]:
    if what == "everything":
        stands_on_it = (
            select(_later.c.id)
            .join(SHARES, SHARES.c.id == _later.c.target)
            .where(SHARES.c.report_id == REPORTS.c.id, _later.c.report_id != REPORTS.c.id)
        )
        query = query.where(~stands_on_it.exists(), ~_holds_a_manifest_of_others())
    return [
        Erasable(report_id=row.id, site=row.site, unique_id=row.unique_id, received_at=row.received_at)
        for row in connection.execute(query)
    ]


def _holds_a_manifest_of_others() -> Any:
    """Whether a share of the report had published a manifest under which another report stands: its row is needed."""
    other = SHARES.alias("standing")
    return (
        select(MANIFESTS.c.study_uid)
        .join(SHARES, SHARES.c.id == MANIFESTS.c.share_id)
        .join(REPORT_STUDIES, REPORT_STUDIES.c.study_uid == MANIFESTS.c.study_uid)
        .join(other, other.c.report_id == REPORT_STUDIES.c.report_id)
        .where(
            SHARES.c.report_id == REPORTS.c.id,
            other.c.report_id != REPORTS.c.id,
            other.c.destination == MANIFESTS.c.destination,
            # Hidden from the planner: by its state SQLite would find every share that stands, for each report.
            func.coalesce(other.c.state, "") == ShareState.SHARED.value,
        )
        .correlate(REPORTS)
        .exists()
    )


def only_its_own(connection: Connection, report_id: str) -> list[str]:
    """The digests of the bytes of a report and of what was published of it that no other report needs."""
    shares = select(SHARES.c.id).where(SHARES.c.report_id == report_id)
    named: set[str] = set()
    for query in (
        select(REPORTS.c.digest).where(REPORTS.c.id == report_id),
        select(DOCUMENTS.c.digest).where(DOCUMENTS.c.share_id.in_(shares)),
        select(SUBMISSIONS.c.signature_digest).where(SUBMISSIONS.c.share_id.in_(shares)),
    ):
        named |= set(connection.execute(query).scalars())
    return sorted(digest for digest in named if digest and not _needed_elsewhere(connection, digest, report_id))


def _needed_elsewhere(connection: Connection, digest: str, report_id: str) -> bool:
    besides = {
        REPORTS.name: and_(REPORTS.c.id != report_id, ~_is_erased(REPORTS.c.id)),
        DOCUMENTS.name: _is_of_others(DOCUMENTS.c.share_id, report_id),
        SUBMISSIONS.name: _is_of_others(SUBMISSIONS.c.share_id, report_id),
    }
    return any(
        connection.execute(
            select(column).where(column == digest, besides.get(column.table.name, true())).limit(1)
        ).first()
        is not None
        for column in references.COLUMNS
    )


def _is_of_others(share_id: ColumnElement[str], report_id: str) -> ColumnElement[bool]:
    return exists().where(SHARES.c.id == share_id, SHARES.c.report_id != report_id, ~_is_erased(SHARES.c.report_id))


def _is_erased(report_id: ColumnElement[str]) -> ColumnElement[bool]:
    # Asked of the row at hand: a list of all that were erased would be made anew for each question.
    return exists().where(ERASURES.c.report_id == report_id)


def erase(connection: Connection, one: Erasable, what: str, now: datetime, event: AuditEvent) -> None:
    """Write that *one* is erased, its bytes being gone; with *what* ``everything``, take its rows away."""
    insert_or_replace(
        connection,
        ERASURES,
        {
            "report_id": one.report_id,
            "site": one.site,
            "unique_id": one.unique_id,
            "what": what,
            "erased_at": now,
        },
    )
    _look_no_more(connection, one.report_id)
    if what == "everything":
        _take_rows(connection, one)
    audit.record(connection, event)


def _look_no_more(connection: Connection, report_id: str) -> None:
    """Its studies are not looked at again, unless another report needs them."""
    own = select(REPORT_STUDIES.c.study_uid).where(REPORT_STUDIES.c.report_id == report_id)
    needed = exists().where(REPORT_STUDIES.c.study_uid == WATCHES.c.study_uid, ~_is_erased(REPORT_STUDIES.c.report_id))
    connection.execute(update(WATCHES).where(WATCHES.c.study_uid.in_(own), ~needed).values(due_at=None))


def _take_rows(connection: Connection, one: Erasable) -> None:
    rows = connection.execute(
        select(SHARES.c.id, SHARES.c.lineage_key).where(SHARES.c.report_id == one.report_id)
    ).all()
    share_ids = [row.id for row in rows]
    # By the tables' own references, so that a table that is added one day is not forgotten here.
    for table in reversed(METADATA.sorted_tables):
        for key in table.foreign_keys:
            if key.column is REPORTS.c.id:
                connection.execute(delete(table).where(key.parent == one.report_id))
            elif key.column in (SHARES.c.id, SUBMISSIONS.c.share_id):
                connection.execute(delete(table).where(key.parent.in_(share_ids)))
    connection.execute(delete(REPORTS).where(REPORTS.c.id == one.report_id))
    _take_free_lineages(connection, {row.lineage_key for row in rows})
    connection.execute(
        delete(MESSAGES).where(
            MESSAGES.c.report_ids.contains(f'"{one.report_id}"', autoescape=True),
            MESSAGES.c.received_at.between(one.received_at - _MESSAGE_WINDOW, one.received_at + _MESSAGE_WINDOW),
        )
    )


def _take_free_lineages(connection: Connection, keys: set[str]) -> None:
    used = exists().where(SHARES.c.lineage_key == LINEAGES.c.key)
    connection.execute(delete(LINEAGES).where(LINEAGES.c.key.in_(sorted(keys)), ~used))
