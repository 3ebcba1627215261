"""Retention: what is old and at its end is erased by rule, with a trace (``gateway retain``, every day by itself)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gateway.errors import InputRejected
from gateway.model.audit import AuditEvent
from gateway.store import erasing
from gateway.store.engine import reading
from gateway.store.erasing import Erasable
from gateway.wiring.house import House

log = structlog.get_logger(__name__)

_BATCH = 200
_YOUNG = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """One report that was erased, or would be."""

    report_id: str
    site: str
    unique_id: str
    received_at: datetime
    documents: int


def retain(house: House) -> int:
    """Erase what ``[retention]`` does not keep; gives the number of reports. Raises Unavailable."""
    return sum(1 for _ in by_rule(house))


def by_rule(house: House, *, dry_run: bool = False) -> Iterator[Erased]:
    """Each report that the rule erases, as it is erased; with *dry_run* as it would be. Raises Unavailable."""
    table = house.settings.retention
    if not table.days:
        return
    before = house.clock.now() - timedelta(days=table.days)
    facts = {"rule": f"{table.days} days"}
    last = ""
    while True:
        with reading(house.engine) as connection:
            batch = erasing.erasable(connection, before, table.erase, after=last, limit=_BATCH)
        for one in batch:
            yield from _erase(house, one, table.erase, "gateway", facts, dry_run=dry_run)
        if len(batch) < _BATCH:
            return
        last = batch[-1].report_id


def by_hand(house: House, report_id: str, what: str, actor: str, reason: str, *, dry_run: bool = False) -> Erased:
    """Erase one report whatever its age. Raises InputRejected (``report_not_erasable``) while one of its shares is
    under way or held, or a later report stands on it; ``store_report_unknown``."""
    house.store.report(report_id)
    with reading(house.engine) as connection:
        found = erasing.erasable_by_hand(connection, report_id, what)
    for one in found:
        for erased in _erase(house, one, what, actor, {"reason": reason}, dry_run=dry_run):
            return erased
    raise InputRejected("report_not_erasable", report=report_id)


def _erase(
    house: House, one: Erasable, what: str, actor: str, facts: dict[str, str], *, dry_run: bool
) -> Iterator[Erased]:
    with reading(house.engine) as connection:
        digests = erasing.only_its_own(connection, one.report_id)
    erased = Erased(
        report_id=one.report_id,
        site=one.site,
        unique_id=one.unique_id,
        received_at=one.received_at,
        documents=len(digests),
    )
    if dry_run:
        yield erased
        return
    young = house.clock.now() - _YOUNG
    # The bytes go before it is written that they went: after a crash in between it is done again.
    if not all(house.blobs.forget(digest, young) for digest in digests):
        log.info("report.not_erased_yet", report=one.report_id)
        return
    now = house.clock.now()
    event = AuditEvent(
        action="report.erased",
        actor=actor,
        document=one.unique_id,
        facts={"report": one.report_id, "what": what, "documents": str(len(digests)), **facts},
    )
    house.writer.run(lambda connection: erasing.erase(connection, one, what, now, event))
    log.info("report.erased", report=one.report_id, what=what)
    yield erased
