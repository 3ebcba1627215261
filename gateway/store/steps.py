"""The history of each share: one row for each thing that happened to it, tries that end alike counted in one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, update

from gateway.audit.inserting import insert_row, insert_rows
from gateway.model.share import Share, ShareState, Step
from gateway.store import forms
from gateway.store.schema import SHARE_STEPS as STEPS

_OF_SHARE = select(STEPS).where(STEPS.c.share_id == bindparam("share"))
_OLDEST_FIRST = _OF_SHARE.order_by(STEPS.c.position)
_LAST = _OF_SHARE.order_by(STEPS.c.position.desc()).limit(1)
_COUNT = update(STEPS).where(STEPS.c.share_id == bindparam("share"), STEPS.c.position == bindparam("at_position"))


def begin(connection: Connection, new: Sequence[Share]) -> None:
    """The arrival of shares that were just inserted."""
    insert_rows(connection, STEPS, [_row(share, 0) for share in new])


def append(connection: Connection, share: Share) -> None:
    """What moved *share* to where it is now; nothing when it was not moved (``Share.happening`` is empty)."""
    if not share.happening:
        return
    last = connection.execute(_LAST, {"share": share.id}).one_or_none()
    row = _row(share, 0 if last is None else last.position + 1)
    same = ("happening", "state", "reason", "facts", "actor")
    if last is not None and all(last._mapping[name] == row[name] for name in same):
        counted = {"last_at": share.updated_at, "times": last.times + 1}
        connection.execute(_COUNT, {"share": share.id, "at_position": last.position, **counted})
        return
    insert_row(connection, STEPS, row)


def of(connection: Connection, share_id: str) -> tuple[Step, ...]:
    """The history of a share, oldest first."""
    rows = connection.execute(_OLDEST_FIRST, {"share": share_id})
    return tuple(
        Step(
            at=row.at,
            last_at=row.last_at,
            times=row.times,
            happening=row.happening,
            state=ShareState(row.state),
            reason=row.reason,
            facts=forms.load_words(row.facts),
            actor=row.actor,
        )
        for row in rows
    )


def _row(share: Share, position: int) -> dict[str, object]:
    return {
        "share_id": share.id,
        "position": position,
        "at": share.updated_at,
        "last_at": share.updated_at,
        "times": 1,
        "happening": share.happening,
        "state": share.state.value,
        "reason": share.reason,
        "facts": forms.dump_words(share.facts),
        "actor": share.actor,
    }
