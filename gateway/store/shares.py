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

from sqlalchemy import Connection, Row, and_, case, exists, insert, literal, or_, select, update

from gateway.audit.columns import UtcTime
from gateway.errors import InputRejected, Unavailable
from gateway.flow.states import FINAL, TABLE, Happening
from gateway.model.share import Deed, Share, ShareState
from gateway.store import forms, listing, steps
from gateway.store.schema import LINEAGES, SHARES
from gateway.store.statements import insert_new, rows_by

_earlier, _target, _withdrawal = SHARES.alias("earlier"), SHARES.alias("target"), SHARES.alias("withdrawal")
_withdraws = SHARES.c.deed == Deed.WITHDRAW
_NOT_OVERTAKING = and_(
    # What came before it for the same destination is done, but for what waits behind something that came later.
    # A withdrawal goes before what waits, so that what it withdraws does not leave, and after what may be out.
    ~exists().where(
        _earlier.c.lineage_key == SHARES.c.lineage_key,
        _earlier.c.destination == SHARES.c.destination,
        _earlier.c.sequence < SHARES.c.sequence,
        _earlier.c.claim_at.is_not(None),
        ~_earlier.c.behind,
        or_(~_withdraws, _earlier.c.state == ShareState.SENDING, _earlier.c.deed == Deed.WITHDRAW),
    ),
    # What it amends is done, whichever came first.
    ~exists().where(
        _target.c.id == SHARES.c.target,
        _target.c.claim_at.is_not(None),
        or_(~_withdraws, _target.c.state == ShareState.SENDING),
    ),
    # Nothing is about to withdraw it.
    or_(
        SHARES.c.state == ShareState.SENDING,
        ~exists().where(
            _withdrawal.c.target == SHARES.c.id,
            _withdrawal.c.deed == Deed.WITHDRAW,
            _withdrawal.c.claim_at.is_not(None),
        ),
    ),
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
                "target": share.target,
                "awaits": forms.key(share.site, share.awaits) if share.awaits else "",
                "behind": bool(share.awaits) or _is_behind(connection, share.target),
                **_changing(share),
            },
        )
    steps.begin(connection, new)
    listing.note_arrivals(connection, new)


def _is_behind(connection: Connection, target: str) -> bool:
    """Whether *target* came before what it amends: what amends it must not stand in the way of that either."""
    found = target and connection.execute(select(SHARES.c.behind).where(SHARES.c.id == target)).scalar_one_or_none()
    return bool(found)


def begin(connection: Connection, new: Sequence[Share]) -> tuple[Share, ...]:
    """Add shares that no report brought; of a withdrawal that is under way, held or done, gives that one instead."""
    begun = []
    for share in new:
        # Taken for the transaction, so that two that ask for the same wait for one another.
        insert_new(connection, LINEAGES, {"key": _lineage_key(share)})
        connection.execute(select(LINEAGES.c.key).where(LINEAGES.c.key == _lineage_key(share)).with_for_update())
        alike = connection.execute(
            select(SHARES)
            .where(
                SHARES.c.target == share.target,
                SHARES.c.deed == Deed.WITHDRAW,
                or_(SHARES.c.claim_at.is_not(None), SHARES.c.state.in_((ShareState.WITHDRAWN, ShareState.HELD))),
            )
            .order_by(SHARES.c.sequence)
            .limit(1)
        ).one_or_none()
        if alike is None or share.deed is not Deed.WITHDRAW:
            add(connection, [share])
            alike = None
        begun.append(share if alike is None else from_row(alike, ""))
    return tuple(begun)


def versions(connection: Connection, share: Share) -> tuple[Share, ...]:
    """See :meth:`gateway.flow.ports.Store.versions`."""
    keys = select(SHARES.c.lineage_key).where(SHARES.c.id.in_([share.id, share.target]))
    rows = connection.execute(
        select(SHARES)
        .where(SHARES.c.lineage_key.in_(keys), SHARES.c.destination == share.destination, SHARES.c.deed == Deed.PUBLISH)
        .order_by(SHARES.c.sequence)
    )
    return tuple(from_row(row, "") for row in rows)


def publications_of(connection: Connection, report_id: str) -> tuple[Share, ...]:
    """The publications of a report, oldest first."""
    rows = connection.execute(
        select(SHARES).where(SHARES.c.report_id == report_id, SHARES.c.deed == Deed.PUBLISH).order_by(SHARES.c.sequence)
    )
    return tuple(from_row(row, "") for row in rows)


def amendments(connection: Connection, share_id: str) -> tuple[Share, ...]:
    """The shares whose target *share_id* is, as they arrived."""
    rows = connection.execute(select(SHARES).where(SHARES.c.target == share_id).order_by(SHARES.c.sequence))
    return tuple(from_row(row, "") for row in rows)


_OWN = frozenset({"created_at", "target"})
"""What another share's doing does not change."""


def follow(connection: Connection, other: Share) -> None:
    """Write *other*, which something that happened to another share has moved.

    It may have been moved since it was read; it is written when the table still leads from there to where it is now.
    Raises Unavailable (``lease_lost``).
    """
    state = connection.execute(select(SHARES.c.state).where(SHARES.c.id == other.id).with_for_update()).scalar_one()
    if TABLE.get((other.deed, ShareState(state), Happening[other.happening])) is not other.state:
        raise lease_lost(other)
    values = {name: value for name, value in _changing(other).items() if name not in _OWN}
    connection.execute(update(SHARES).where(SHARES.c.id == other.id).values(values))
    steps.append(connection, other)


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

    A share without a lease (a person moves it) is written only while no worker has it and the table leads from its
    state in the store to where it is now. Raises Unavailable (``lease_lost``).
    """
    written = update(SHARES).where(SHARES.c.id == share.id)
    if share.lease:
        fence(connection, share, release=release)
    else:
        leased = exists().where(LINEAGES.c.share_id == SHARES.c.id)
        written = written.where(SHARES.c.state.in_(_before(share)), ~leased)
    values: dict[str, Any] = _changing(share)
    if share.awaits and values["claim_at"] is not None:
        # What it awaits may have come since it was claimed, and have woken it.
        for name in ("claim_at", "due_at"):
            values[name] = case(
                (SHARES.c.awaits == "", literal(share.updated_at, UtcTime)), else_=literal(values[name], UtcTime)
            )
    if connection.execute(written.values(values)).rowcount != 1:
        raise lease_lost(share)
    steps.append(connection, share)


def fence(connection: Connection, share: Share, *, release: bool) -> None:
    """Hold the lease of *share* until the end of the transaction, or end it; raises Unavailable (``lease_lost``)."""
    after = {"lease": None, "lease_until": None, "share_id": None} if release else {"share_id": share.id}
    if not share.lease or connection.execute(update(LINEAGES).where(_held_by(share)).values(after)).rowcount != 1:
        raise lease_lost(share)


def lease_lost(share: Share) -> Unavailable:
    return Unavailable("lease_lost", share=share.id)


def from_row(row: Row[Any], lease: str) -> Share:
    """The share of a row of ``SHARES``; *lease* is the token of whoever may write it back, or empty."""
    stated = forms.load(row.overrides) if row.overrides else {}
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
        awaits=stated.get("awaits", "") if row.awaits else "",
        overrides=stated.get("values", {}),
    )


def _lineage_key(share: Share) -> str:
    return forms.key(share.site, share.lineage)


def _before(share: Share) -> list[str]:
    """The states from which what moved *share* leads to where it is; a person's doing alone says none: held."""
    if not share.happening:
        return [ShareState.HELD]
    wanted = Happening[share.happening]
    return [
        state
        for (deed, state, happening), following in TABLE.items()
        if deed is share.deed and happening is wanted and following is share.state
    ]


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
        # What it awaits may come at any time; the store alone gives it its target then.
        **({} if share.awaits else {"target": share.target}),
        "overrides": forms.dump({"awaits": share.awaits, "values": share.overrides})
        if share.awaits or share.overrides
        else "",
    }
