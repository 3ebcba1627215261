"""The job table: a share waits as a row, is leased to one worker, and is written back under its lease.

* A lease is of the whole lineage (:data:`gateway.store.schema.LINEAGES`): of the shares of one lineage one at a time
  is worked on, and of those for one destination the first that arrived goes first, so that a replacement never
  overtakes what it replaces.
* Each lease has a new token, and each write compares it: a worker whose lease ran out and was given to another one
  writes nothing more.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, insert, or_, select, update

from gateway.errors import InputRejected, Unavailable
from gateway.flow.states import FINAL
from gateway.model.share import Deed, Share, ShareState
from gateway.store import forms
from gateway.store.schema import LINEAGES, SHARES
from gateway.store.statements import insert_new, rows_by

"""States in which the gateway itself has something to do."""

_earlier = SHARES.alias("earlier")
_NOT_OVERTAKING = ~exists().where(
    _earlier.c.lineage_key == SHARES.c.lineage_key,
    _earlier.c.destination == SHARES.c.destination,
    _earlier.c.sequence < SHARES.c.sequence,
    _earlier.c.claim_at.is_not(None),
)
_INSERT = insert(SHARES)
_WITH_LINEAGE = SHARES.join(LINEAGES, LINEAGES.c.key == SHARES.c.lineage_key)


def add(connection: Connection, new: Sequence[Share]) -> None:
    """Insert new shares, in their order."""
    # Sorted, so that two transactions of PostgreSQL that add the same lineages wait for one another in one order.
    for lineage_key in sorted({_lineage_key(share) for share in new}):
        insert_new(connection, LINEAGES, {"key": lineage_key})
    for share in new:
        connection.execute(
            _INSERT,
            {
                "id": share.id,
                "report_id": share.report_id,
                "site": share.site,
                "destination": share.destination,
                "lineage": share.lineage,
                "lineage_key": _lineage_key(share),
                "created_at": share.created_at,
                "deed": share.deed.value,
                "study_uid": share.study_uid,
                **_changing(share),
            },
        )


def claim(connection: Connection, now: datetime, lease_s: float) -> Share | None:
    """The share that is due longest among those that may be worked on at *now*, leased for *lease_s* seconds."""
    row = connection.execute(
        select(SHARES)
        .select_from(_WITH_LINEAGE)
        .where(
            SHARES.c.claim_at <= now,
            or_(LINEAGES.c.lease_until.is_(None), LINEAGES.c.lease_until <= now),
            _NOT_OVERTAKING,
        )
        .order_by(SHARES.c.claim_at, SHARES.c.sequence)
        .limit(1)
        # PostgreSQL locks the rows of the share and of its lineage, skips those that another worker is locking, and
        # looks again at both when it got them. Without key_share a report that arrives for the lineage would wait.
        .with_for_update(skip_locked=True, key_share=True)
    ).one_or_none()
    if row is None:
        return None
    token = uuid.uuid4().hex
    connection.execute(
        update(LINEAGES)
        .where(LINEAGES.c.key == row.lineage_key)
        .values(lease=token, lease_until=now + timedelta(seconds=lease_s), share_id=row.id)
    )
    return from_row(row, token)


def next_due(connection: Connection) -> datetime | None:
    """The first moment at which :func:`claim` would give something, if nothing changes until then."""
    free = connection.execute(
        select(SHARES.c.claim_at)
        .select_from(_WITH_LINEAGE)
        .where(SHARES.c.claim_at.is_not(None), LINEAGES.c.lease_until.is_(None), _NOT_OVERTAKING)
        .order_by(SHARES.c.claim_at, SHARES.c.sequence)
        .limit(1)
    ).scalar_one_or_none()
    # By the few lineages that are leased, in two steps: SQLite would go through every share that waits.
    leases = select(LINEAGES.c.key, LINEAGES.c.lease_until).where(LINEAGES.c.lease_until.is_not(None))
    ends = {row.key: row.lease_until for row in connection.execute(leases)}
    query = select(SHARES.c.lineage_key, SHARES.c.claim_at).where(SHARES.c.claim_at.is_not(None), _NOT_OVERTAKING)
    leased = rows_by(connection, query, SHARES.c.lineage_key, ends)
    moments = [max(row.claim_at, ends[key]) for key, rows in leased.items() for row in rows]
    return min([*moments, free] if free is not None else moments, default=None)


def by_id(connection: Connection, share_id: str) -> Share:
    """The share, without a lease; raises InputRejected (``store_share_unknown``)."""
    row = connection.execute(select(SHARES).where(SHARES.c.id == share_id)).one_or_none()
    if row is None:
        raise InputRejected("store_share_unknown", share=share_id)
    return from_row(row, "")


def renew(connection: Connection, share: Share, until: datetime) -> bool:
    """Lengthen the lease of *share* to *until*; False when it is not held any more."""
    return connection.execute(update(LINEAGES).where(_held_by(share)).values(lease_until=until)).rowcount == 1


def save(connection: Connection, share: Share, *, release: bool) -> None:
    """Write *share* back under its lease, which ends when *release*.

    A share without a lease (a person releases a held one) is written only while it is held by nobody and its state in
    the store is ``held``: no worker looks at such a one. Raises Unavailable (``lease_lost``).
    """
    written = update(SHARES).where(SHARES.c.id == share.id)
    if share.lease:
        fence(connection, share, release=release)
    else:
        leased = exists().where(LINEAGES.c.share_id == SHARES.c.id)
        written = written.where(SHARES.c.state == ShareState.HELD, ~leased)
    if connection.execute(written.values(_changing(share))).rowcount != 1:
        raise lease_lost(share)


def fence(connection: Connection, share: Share, *, release: bool) -> None:
    """Hold the lease of *share* until the end of the transaction, or end it; raises Unavailable (``lease_lost``)."""
    after = {"lease": None, "lease_until": None, "share_id": None} if release else {"share_id": share.id}
    if not share.lease or connection.execute(update(LINEAGES).where(_held_by(share)).values(after)).rowcount != 1:
        raise lease_lost(share)


def lease_lost(share: Share) -> Unavailable:
    return Unavailable("lease_lost", share=share.id)


def from_row(row: Row[Any], lease: str) -> Share:
    """The share of a row of ``SHARES``; *lease* is the token of whoever may write it back, or empty."""
    return Share(
        id=row.id,
        report_id=row.report_id,
        site=row.site,
        destination=row.destination,
        lineage=row.lineage,
        state=ShareState(row.state),
        due_at=row.due_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        attempts=row.attempts,
        progress=forms.load_words(row.progress),
        reason=row.reason,
        facts=forms.load_words(row.facts),
        registered_at=row.registered_at,
        lease=lease,
        deed=Deed(row.deed),
        target=row.target,
        study_uid=row.study_uid,
    )


def _lineage_key(share: Share) -> str:
    return forms.key(share.site, share.lineage)


def _held_by(share: Share) -> Any:
    return and_(LINEAGES.c.key == _lineage_key(share), LINEAGES.c.lease == share.lease, LINEAGES.c.share_id == share.id)


def _changing(share: Share) -> dict[str, Any]:
    """The columns that a save writes."""
    return {
        "state": share.state.value,
        "claim_at": None if share.state in FINAL else share.due_at,
        "due_at": share.due_at,
        "created_at": share.created_at,
        "updated_at": share.updated_at,
        "attempts": share.attempts,
        "progress": forms.dump_words(share.progress),
        "reason": share.reason,
        "facts": forms.dump_words(share.facts),
        "registered_at": share.registered_at,
        "target": share.target,
    }
