"""The history of each share: one row for each thing that happened to it, tries that end alike counted in one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, insert, literal_column, select, update

from gateway.audit.inserting import insert_row, insert_rows
from gateway.flow.states import TABLE, Happening
from gateway.model.share import Share, ShareState, Step
from gateway.store import forms
from gateway.store.prepared import Prepared
from gateway.store.schema import SHARE_STEPS as STEPS

_OF_SHARE = select(STEPS).where(STEPS.c.share_id == bindparam("share"))
_OLDEST_FIRST = _OF_SHARE.order_by(STEPS.c.position)
_LAST = Prepared(_OF_SHARE.order_by(STEPS.c.position.desc()).limit(literal_column("1")))
_COUNT = Prepared(
    update(STEPS).where(STEPS.c.share_id == bindparam("share"), STEPS.c.position == bindparam("at_position"))
)
_AFTER_THE_LAST = Prepared(
    insert(STEPS).from_select(
        [column.name for column in STEPS.columns],
        select(
            *(
                func.coalesce(func.max(STEPS.c.position) + 1, 0)
                if column is STEPS.c.position
                else bindparam(f"new_{column.name}", type_=column.type)
                for column in STEPS.columns
            )
        ).where(STEPS.c.share_id == bindparam("share")),
    )
)
_LEADS_ELSEWHERE = frozenset(Happening) - {
    happening for (_, state, happening), following in TABLE.items() if following is state
}
"""What cannot end twice alike, one after the other: after it the share stands somewhere else."""


def begin(connection: Connection, new: Sequence[Share]) -> None:
    """The arrival of shares that were just inserted."""
    insert_rows(connection, STEPS, [_row(share, 0) for share in new])


def append(connection: Connection, share: Share) -> None:
    """What moved *share* to where it is now; nothing when it was not moved (``Share.happening`` is empty)."""
    if not share.happening:
        return
    if Happening[share.happening] in _LEADS_ELSEWHERE:
        row = {f"new_{name}": value for name, value in _row(share, 0).items() if name != "position"}
        _AFTER_THE_LAST.count(connection, {**row, "share": share.id})
        return
    last = _LAST.one_or_none(connection, {"share": share.id})
    row = _row(share, 0 if last is None else last.position + 1)
    same = ("happening", "state", "reason", "facts", "actor")
    if last is not None and all(getattr(last, name) == row[name] for name in same):
        counted = {"last_at": share.updated_at, "times": last.times + 1}
        _COUNT.count(connection, {"share": share.id, "at_position": last.position, **counted})
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
