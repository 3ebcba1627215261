"""The job table: a share waits as a row, is leased to one worker, and is written back under its lease.

A lease (:mod:`gateway.store.leasing`) is of the whole lineage: of its shares one at a time is worked on, and of those
for one destination the first that arrived goes first, so that a replacement never overtakes what it replaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    exists,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from gateway.audit.columns import UtcTime
from gateway.audit.inserting import insert_new, insert_row
from gateway.errors import InputRejected, Unavailable
from gateway.flow.states import FINAL, TABLE, Happening
from gateway.model.share import Deed, Share, ShareState
from gateway.store import forms, listing, steps
from gateway.store.leasing import Leases
from gateway.store.prepared import Prepared
from gateway.store.schema import LINEAGES, SHARES

_earlier, _target, _withdrawal = SHARES.alias("earlier"), SHARES.alias("target"), SHARES.alias("withdrawal")
_withdraws = SHARES.c.deed == Deed.WITHDRAW
_WITHDRAW: ColumnElement[Any] = literal_column(f"'{Deed.WITHDRAW.value}'")
"""Not a parameter: only so do the databases see that it asks for what the index ``shares_withdrawing`` holds."""
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
            _withdrawal.c.deed == _WITHDRAW,
            _withdrawal.c.claim_at.is_not(None),
        ),
    ),
)
LEASES = Leases(SHARES, LINEAGES, line="lineage_key", held="share_id", may_go=_NOT_OVERTAKING)

# Made once: to make a statement takes SQLAlchemy longer than to run it.
_WRITE = update(SHARES).where(SHARES.c.id == bindparam("share"))
_WRITE_FENCED = Prepared(_WRITE)
_WRITE_FROM = Prepared(_WRITE.where(SHARES.c.state == bindparam("only_from")))
_BY_ID = Prepared(select(SHARES).where(SHARES.c.id == bindparam("share")))
_STATE = select(SHARES.c.state).where(SHARES.c.id == bindparam("share"))
_IS_BEHIND = select(SHARES.c.behind).where(SHARES.c.id == bindparam("share"))
_LINEAGE = select(LINEAGES.c.key).where(LINEAGES.c.key == bindparam("lineage"))
_PUBLICATIONS = select(SHARES).where(SHARES.c.deed == Deed.PUBLISH).order_by(SHARES.c.sequence)
_OF_REPORT = _PUBLICATIONS.where(SHARES.c.report_id == bindparam("report"))
_AMENDING = select(SHARES).where(SHARES.c.target == bindparam("share")).order_by(SHARES.c.sequence)
_VERSIONS = Prepared(
    _PUBLICATIONS.where(
        or_(
            # Two keys of one index. As a join of the table with itself PostgreSQL, as long as it has not counted it,
            # takes every share of the destination: 20 ms for each thousand (measured).
            SHARES.c.lineage_key == bindparam("of_line"),
            SHARES.c.lineage_key
            == select(_target.c.lineage_key).where(_target.c.id == bindparam("target")).scalar_subquery(),
        ),
        SHARES.c.destination == bindparam("at"),
    )
)
_published = SHARES.alias("published")
_OF_REPORT_AT = (
    _published.c.report_id == bindparam("report"),
    _published.c.destination == bindparam("at"),
    _published.c.deed == Deed.PUBLISH,
)
_OVERRIDES = Prepared(
    select(_published.c.sequence.label("since"), _published.c.sequence, _published.c.overrides)
    .where(*_OF_REPORT_AT, _published.c.overrides != "")
    .union_all(
        select(_published.c.sequence, SHARES.c.sequence, SHARES.c.overrides)
        .join_from(_published, SHARES, SHARES.c.target == _published.c.id)
        .where(
            *_OF_REPORT_AT,
            SHARES.c.deed == Deed.CORRECT,
            SHARES.c.state == ShareState.SHARED,
            SHARES.c.overrides != "",
        )
    )
    .order_by("since", "sequence")
)
_WITHDRAWING = _AMENDING.where(
    SHARES.c.deed == Deed.WITHDRAW,
    or_(SHARES.c.claim_at.is_not(None), SHARES.c.state.in_((ShareState.WITHDRAWN, ShareState.HELD))),
).limit(1)


def add(connection: Connection, new: Sequence[Share]) -> None:
    """Insert new shares, in their order."""
    # Sorted, so that two transactions of PostgreSQL that add the same lineages wait for one another in one order.
    for lineage_key in sorted({_lineage_key(share) for share in new}):
        insert_new(connection, LINEAGES, {"key": lineage_key})
    for share in new:
        insert_row(
            connection,
            SHARES,
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
    return bool(target and connection.execute(_IS_BEHIND, {"share": target}).scalar_one_or_none())


def begin(connection: Connection, new: Sequence[Share]) -> tuple[Share, ...]:
    """Add shares that no report brought; of a withdrawal that is under way, held or done, gives that one instead."""
    begun = []
    for share in new:
        # Taken for the transaction, so that two that ask for the same wait for one another.
        insert_new(connection, LINEAGES, {"key": _lineage_key(share)})
        connection.execute(_LINEAGE.with_for_update(), {"lineage": _lineage_key(share)})
        alike = connection.execute(_WITHDRAWING, {"share": share.target}).one_or_none()
        if alike is None or share.deed is not Deed.WITHDRAW:
            add(connection, [share])
            alike = None
        begun.append(share if alike is None else from_row(alike, ""))
    return tuple(begun)


def versions(connection: Connection, share: Share) -> tuple[Share, ...]:
    """See :meth:`gateway.flow.ports.Store.versions`."""
    whose = {"of_line": _lineage_key(share), "target": share.target, "at": share.destination}
    return tuple(from_row(row, "") for row in _VERSIONS.all(connection, whose))


def publications_of(connection: Connection, report_id: str) -> tuple[Share, ...]:
    """The publications of a report, oldest first."""
    return tuple(from_row(row, "") for row in connection.execute(_OF_REPORT, {"report": report_id}))


def overrides_of(connection: Connection, report_id: str, destination: str) -> list[dict[str, str]]:
    """See :meth:`gateway.flow.ports.Store.overrides_of`."""
    rows = _OVERRIDES.all(connection, {"report": report_id, "at": destination})
    return [forms.load(row.overrides).get("values", {}) for row in rows]


def amendments(connection: Connection, share_id: str) -> tuple[Share, ...]:
    """The shares whose target *share_id* is, as they arrived."""
    return tuple(from_row(row, "") for row in connection.execute(_AMENDING, {"share": share_id}))


_OWN = frozenset({"created_at", "target"})
"""What another share's doing does not change."""


def follow(connection: Connection, other: Share) -> None:
    """Write *other*, which something that happened to another share has moved.

    It may have been moved since it was read; it is written when the table still leads from there to where it is now.
    Raises Unavailable (``lease_lost``).
    """
    state = connection.execute(_STATE.with_for_update(), {"share": other.id}).scalar_one()
    if TABLE.get((other.deed, ShareState(state), Happening[other.happening])) is not other.state:
        raise lease_lost(other)
    values = {name: value for name, value in _changing(other).items() if name not in _OWN}
    connection.execute(_WRITE, {**values, "share": other.id})
    steps.append(connection, other)


def state_of(connection: Connection, share_id: str) -> ShareState:
    """Where the store has the share *share_id*, which is there."""
    return ShareState(connection.execute(_STATE, {"share": share_id}).scalar_one())


def claim(connection: Connection, now: datetime, lease_s: float) -> Share | None:
    """The share that is due longest among those that may be worked on at *now*, leased for *lease_s* seconds."""
    claimed = LEASES.claim(connection, now, lease_s)
    return None if claimed is None else from_row(*claimed)


def next_due(connection: Connection) -> datetime | None:
    """The first moment at which :func:`claim` would give something, if nothing changes until then."""
    return LEASES.next_due(connection)


def by_id(connection: Connection, share_id: str) -> Share:
    """The share, without a lease; raises InputRejected (``store_share_unknown``)."""
    row = _BY_ID.one_or_none(connection, {"share": share_id})
    if row is None:
        raise InputRejected("store_share_unknown", share=share_id)
    return from_row(row, "")


def renew(connection: Connection, share: Share, until: datetime) -> bool:
    """Lengthen the lease of *share* to *until*; False when it is not held any more."""
    return LEASES.renew(connection, _lineage_key(share), share.lease, share.id, until)


def save(connection: Connection, share: Share, *, release: bool) -> None:
    """Write *share* back under its lease, which ends when *release*.

    A share without a lease (a person moves it) is written only while no worker has it and the table leads from its
    state in the store to where it is now. Raises Unavailable (``lease_lost``).
    """
    if share.lease:
        fence(connection, share, release=release)
        write(connection, share)
    else:
        leased = exists().where(LINEAGES.c.share_id == SHARES.c.id)
        write(connection, share, SHARES.c.state.in_(_before(share)), ~leased)


def write(
    connection: Connection,
    share: Share,
    *conditions: ColumnElement[bool],
    only_from: ShareState | None = None,
    through: Sequence[Share] = (),
) -> bool:
    """Write *share*, whose lease this transaction has fenced, or of which *conditions* hold; and what moved it there,
    *through* what it was in between.

    False, and nothing is written, when the store does not have it in the state *only_from*. Raises Unavailable
    (``lease_lost``) when it is not to be written for any other reason.
    """
    values: dict[str, Any] = _changing(share)
    if conditions or (share.awaits and values["claim_at"] is not None):
        written = _write_with_care(connection, share, values, conditions, only_from)
    elif only_from is None:
        written = _WRITE_FENCED.count(connection, {**values, "share": share.id})
    else:
        written = _WRITE_FROM.count(connection, {**values, "share": share.id, "only_from": only_from.value})
    if written != 1:
        if only_from is not None:
            return False
        raise lease_lost(share)
    for one in (*through, share):
        steps.append(connection, one)
    return True


def _write_with_care(
    connection: Connection,
    share: Share,
    values: dict[str, Any],
    conditions: Sequence[ColumnElement[bool]],
    only_from: ShareState | None,
) -> int:
    """How many rows were written, of what a person moves, or what may be woken meanwhile."""
    statement = _WRITE.where(*conditions) if conditions else _WRITE
    if only_from is not None:
        statement = statement.where(SHARES.c.state == only_from)
    if share.awaits and values["claim_at"] is not None:
        # What it awaits may have come since it was claimed, and have woken it.
        woken = {
            name: case(
                (SHARES.c.awaits == "", literal(share.updated_at, UtcTime)), else_=literal(values.pop(name), UtcTime)
            )
            for name in ("claim_at", "due_at")
        }
        statement = statement.values({**values, **woken})
        values = {}
    return connection.execute(statement, {**values, "share": share.id}).rowcount


def fence(connection: Connection, share: Share, *, release: bool) -> None:
    """Hold the lease of *share* until the end of the transaction, or end it; raises Unavailable (``lease_lost``)."""
    if not LEASES.fence(connection, _lineage_key(share), share.lease, share.id, release=release):
        raise lease_lost(share)


def lease_lost(share: Share) -> Unavailable:
    return Unavailable("lease_lost", share=share.id)


def from_row(row: Any, lease: str) -> Share:
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
        waited_s=row.waited_s,
        away_s=row.away_s,
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
        "waited_s": share.waited_s,
        "away_s": share.away_s,
        # What it awaits may come at any time; the store alone gives it its target then.
        **({} if share.awaits else {"target": share.target}),
        "overrides": forms.dump({"awaits": share.awaits, "values": share.overrides})
        if share.awaits or share.overrides
        else "",
    }
