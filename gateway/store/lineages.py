"""How a report that arrives finds what it amends, and what amends it finds a report that comes later.

A replacement names the report that it replaces, a withdrawal the report that it withdraws; both join the lineage of
that report, whatever set id they state. When that report is not here, they wait for it (``shares.awaits``), and the
report that comes joins their lineage and wakes them; from then on each waits for its target alone, because it came
before it (``shares.behind``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from gateway.model.share import AcceptedReport, Deed, Share, ShareState
from gateway.store import forms
from gateway.store.prepared import Prepared
from gateway.store.schema import REPORTS, SHARES

REPORT, WITHDRAWAL = "report", "withdrawal"

# Made once: to make a statement takes SQLAlchemy longer than to run it.
_BY_ID = select(SHARES).where(SHARES.c.id == bindparam("share"))
_WRITE = update(SHARES).where(SHARES.c.id == bindparam("share"))
_KNOWN = select(REPORTS.c.id).where(REPORTS.c.key == bindparam("report_key"))
_LINEAGE = (
    select(SHARES.c.id, SHARES.c.destination, SHARES.c.lineage)
    .where(SHARES.c.report_id == bindparam("report"), SHARES.c.deed == Deed.PUBLISH)
    .order_by(SHARES.c.sequence)
)
_AWAITING = Prepared(
    select(SHARES).where(SHARES.c.awaits == bindparam("report_key"), SHARES.c.awaits != "").order_by(SHARES.c.sequence)
)


def key(accepted: AcceptedReport) -> str:
    """What is unique of a report at its site. A withdrawal is not the report that it withdraws."""
    parts = (accepted.site, accepted.report.identifier.unique_id)
    return forms.key(*parts) if accepted.kind == REPORT else forms.key(accepted.kind, *parts)


def waiting_for(connection: Connection, accepted: AcceptedReport) -> Sequence[Row[Any]]:
    """What came before *accepted*, and amends it."""
    return _waiting(connection, key(accepted)) if accepted.kind == REPORT else ()


def joined(
    connection: Connection, accepted: AcceptedReport, new: Sequence[Share], waiting: Sequence[Row[Any]]
) -> list[Share]:
    """*new* with the lineage, and the target, of what *accepted* amends; else with the lineage of what waits for it."""
    if accepted.amends:
        parent = _report(connection, forms.key(accepted.site, accepted.amends))
        if parent is None:
            return [replace(share, awaits=accepted.amends) for share in new]
        lineage, publications = _lineage_of(connection, parent.id)
        return [
            replace(share, lineage=lineage or share.lineage, target=publications.get(share.destination, ""))
            for share in new
        ]
    return [replace(share, lineage=waiting[0].lineage) for share in new] if waiting else list(new)


def wake(connection: Connection, accepted: AcceptedReport, waiting: Sequence[Row[Any]]) -> None:
    """Give what was *waiting* for *accepted*, which was just kept with its shares, its target; it is due now."""
    if waiting:
        _link(connection, waiting, accepted.id, accepted.received_at)


def arrived(connection: Connection, share: Share, now: datetime) -> bool:
    """Whether what *share* awaits has come meanwhile, unseen by it: two transactions that did not see one another."""
    row = connection.execute(_BY_ID, {"share": share.id}).one()
    parent = _report(connection, row.awaits) if row.awaits else None
    if parent is not None:
        _link(connection, [row], parent.id, now)
    return parent is not None or not row.awaits


def restated(connection: Connection, accepted: AcceptedReport, new: Sequence[Share]) -> list[Share]:
    """The corrections, in place of *new*, of what was published of a report whose sender states something else now."""
    parent = _report(connection, key(accepted))
    if parent is None:
        return []
    lineage, publications = _lineage_of(connection, parent.id)
    return [
        replace(share, deed=Deed.CORRECT, lineage=lineage, target=publications[share.destination])
        for share in new
        if share.destination in publications
    ]


def _report(connection: Connection, report_key: str) -> Row[Any] | None:
    return connection.execute(_KNOWN, {"report_key": report_key}).one_or_none()


def _lineage_of(connection: Connection, report_id: str) -> tuple[str, dict[str, str]]:
    """The lineage of a report, and the last publication of it at each destination."""
    rows = connection.execute(_LINEAGE, {"report": report_id}).all()
    return (rows[0].lineage if rows else ""), {row.destination: row.id for row in rows}


def _waiting(connection: Connection, report_key: str) -> Sequence[Row[Any]]:
    return _AWAITING.all(connection, {"report_key": report_key})


def _link(connection: Connection, waiting: Sequence[Row[Any]], report_id: str, now: datetime) -> None:
    _, publications = _lineage_of(connection, report_id)
    for row in waiting:
        due = {"due_at": now, "claim_at": now} if row.state == ShareState.WAITING else {}
        linked = {"awaits": "", "target": publications.get(row.destination, ""), **due}
        connection.execute(_WRITE, {"share": row.id, **linked})
