"""Published studies that are looked at again: a row for each study of each site, claimed as a share is.

A claim moves ``due_at`` to the end of the claim; that moment is its token. Who says in between that images changed
moves it again, so the look that was under way does not count, and another follows. Two workers never hold one row:
PostgreSQL skips a row that is locked, SQLite has one writer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, exists, literal, or_, select, update

from gateway import audit
from gateway.audit.inserting import insert_new
from gateway.model.audit import AuditEvent
from gateway.model.share import Deed, Manifest, Share, ShareState
from gateway.model.watch import IMAGES_LOST, Standing, Watch, WatchState
from gateway.store import forms, manifest_rows, shares
from gateway.store.engine import reading
from gateway.store.prepared import Prepared
from gateway.store.schema import MANIFESTS, REPORT_STUDIES, SHARES, WATCHES
from gateway.store.writer import Writer

_LIVING = tuple(state.value for state in (ShareState.FROZEN, ShareState.SENDING, ShareState.SHARED))
_UNFINISHED = frozenset(state.value for state in (ShareState.WAITING, ShareState.FROZEN, ShareState.SENDING))
_ADOPTED = 500
_NOTHING_LOST = forms.dump_words({})

# Made once: to make a statement takes SQLAlchemy longer than to run it.
_ONE = (WATCHES.c.site == bindparam("of_site"), WATCHES.c.study_uid == bindparam("of_study"))
_WRITE = update(WATCHES).where(*_ONE)
_WRITE_CLAIMED = _WRITE.where(WATCHES.c.due_at == bindparam("claimed"))
_SOONER = _WRITE.where(or_(WATCHES.c.due_at.is_(None), WATCHES.c.due_at > bindparam("due")))
_DUE = select(WATCHES).where(WATCHES.c.due_at <= bindparam("now")).order_by(WATCHES.c.due_at).limit(1)
_IS_DUE = select(exists().where(WATCHES.c.due_at <= bindparam("now")))
_NEXT_DUE = select(WATCHES.c.due_at).where(WATCHES.c.due_at.is_not(None)).order_by(WATCHES.c.due_at).limit(1)
_STUDIES = Prepared(
    select(REPORT_STUDIES.c.study_uid).where(REPORT_STUDIES.c.report_id == bindparam("report")).distinct()
)
_REPORTS_LIVING = Prepared(
    select(SHARES.c.report_id)
    .join(REPORT_STUDIES, REPORT_STUDIES.c.report_id == SHARES.c.report_id)
    .where(
        REPORT_STUDIES.c.study_uid == bindparam("of_study"),
        SHARES.c.destination == bindparam("at"),
        SHARES.c.deed == Deed.PUBLISH.value,
        SHARES.c.state.in_([literal(state) for state in _LIVING]),
        SHARES.c.id != bindparam("besides"),
    )
    .order_by(SHARES.c.sequence)
)
_HELD_FOR_LOSS = (
    select(SHARES.c.id)
    .where(
        SHARES.c.destination == bindparam("at"),
        SHARES.c.deed == Deed.MANIFEST.value,
        SHARES.c.study_uid == bindparam("of_study"),
        SHARES.c.state == ShareState.HELD.value,
        SHARES.c.reason == IMAGES_LOST,
    )
    .limit(1)
)


def published(connection: Connection, share: Share, first_look_s: float) -> None:
    """*share* is registered: its studies are looked at anew, the first time after *first_look_s* seconds."""
    if share.deed is Deed.MANIFEST:
        studies: Sequence[str] = (share.study_uid,)
    else:
        studies = sorted(_STUDIES.scalars(connection, {"report": share.report_id}))
    later = share.updated_at + timedelta(seconds=first_look_s)
    # After a withdrawal the manifest may stand for nothing; after that of a manifest a first one may be wanted.
    at_once = share.deed is Deed.WITHDRAW or (share.deed is Deed.MANIFEST and bool(share.target))
    due = share.updated_at if at_once else later
    for study_uid in studies:
        row = _row(share.site, study_uid, due)
        if not insert_new(connection, WATCHES, row):
            # One that is due sooner stays so: somebody said that its images changed.
            one = _one(share.site, study_uid)
            connection.execute(_WRITE, {**one, "round": 0})
            connection.execute(_SOONER, {**one, "due": due, "due_at": due})


def told(connection: Connection, study_uids: Iterable[str], now: datetime, *, on_purpose: bool = False) -> int:
    """The images of these studies changed: look at those that are published now; gives how many these are.

    *on_purpose*: images that are gone are meant to be gone.

    A share that waits for such a study, because it was not there at all, looks now too; one that was seen once keeps
    the time between its two looks.
    """
    found = 0
    for study_uid in sorted(set(study_uids)):
        found += connection.execute(
            update(WATCHES)
            .where(WATCHES.c.study_uid == study_uid)
            .values(due_at=now, **({"told": True} if on_purpose else {}))
        ).rowcount
        of_study = (
            exists()
            .where(REPORT_STUDIES.c.report_id == SHARES.c.report_id)
            .where(REPORT_STUDIES.c.study_uid == study_uid)
        )
        connection.execute(
            update(SHARES)
            .where(
                SHARES.c.state == ShareState.WAITING.value,
                SHARES.c.reason == "study_absent",
                SHARES.c.claim_at > now,
                of_study,
            )
            .values(claim_at=now, due_at=now)
        )
    return found


def claim(connection: Connection, now: datetime, lease_s: float) -> Watch | None:
    """The study that is due longest, for *lease_s* seconds the caller's."""
    row = connection.execute(_DUE.with_for_update(skip_locked=True), {"now": now}).one_or_none()
    if row is None:
        return None
    until = now + timedelta(seconds=lease_s)
    connection.execute(_WRITE, {**_one(row.site, row.study_uid), "due_at": until})
    return _watch(row, until)


def save(connection: Connection, claimed: Watch, after: Watch) -> bool:
    """Write *after* in place of *claimed*; False when the claim was lost, or somebody told of the study since."""
    values = {
        "round": after.round,
        "due_at": after.due_at if after.state is WatchState.WATCHED else None,
        "fingerprint": after.view,
        "told": after.told,
        "lost": forms.dump_words(after.lost),
    }
    held = {**_one(claimed.site, claimed.study_uid), "claimed": claimed.due_at}
    return connection.execute(_WRITE_CLAIMED, {**held, **values}).rowcount == 1


def living(connection: Connection, destination: str, study_uid: str, besides: str = "") -> tuple[str, ...]:
    """Ids of the reports over a study that stand at a destination or are on their way, in the order of arrival.

    *besides*: a share whose report is not meant, because it gives way.
    """
    whose = {"at": destination, "of_study": study_uid, "besides": besides}
    return tuple(dict.fromkeys(_REPORTS_LIVING.scalars(connection, whose)))


def standing(connection: Connection, site: str, study_uid: str) -> tuple[Standing, ...]:
    """What of a study stands at each destination that has, or had, something of it from *site*."""
    manifests = {
        row.destination: manifest_rows.from_row(row)
        for row in connection.execute(select(MANIFESTS).where(MANIFESTS.c.study_uid == study_uid))
    }
    known = (
        select(SHARES.c.destination)
        .join(REPORT_STUDIES, REPORT_STUDIES.c.report_id == SHARES.c.report_id)
        .where(REPORT_STUDIES.c.study_uid == study_uid, SHARES.c.site == site)
        .distinct()
    )
    found = []
    for destination in sorted(connection.execute(known).scalars()):
        manifest, states = manifests.get(destination), _states(connection, destination, study_uid)
        found.append(
            Standing(
                destination=destination,
                manifest=manifest,
                reports=living(connection, destination, study_uid),
                under_way=bool(states & _UNFINISHED),
                # Of a publication that is held with its manifest fixed, too: its row is not to be had.
                held=ShareState.HELD.value in states or (manifest is not None and not manifest.shared),
                held_for_loss=connection.execute(_HELD_FOR_LOSS, {"at": destination, "of_study": study_uid}).scalar()
                or "",
            )
        )
    return tuple(found)


def adopt(connection: Connection, now: datetime) -> int:
    """Watch studies that are published and not watched, some at a time; gives how many.

    The release before this one published without watching, and goes on so while machines are brought up to date.
    """
    watched = exists().where(WATCHES.c.study_uid == MANIFESTS.c.study_uid, WATCHES.c.site == SHARES.c.site)
    rows = connection.execute(
        select(SHARES.c.site, MANIFESTS.c.study_uid)
        .join(SHARES, SHARES.c.id == MANIFESTS.c.share_id)
        .where(~watched)
        .distinct()
        .limit(_ADOPTED)
    ).all()
    return sum(insert_new(connection, WATCHES, _row(row.site, row.study_uid, now)) for row in rows)


def _states(connection: Connection, destination: str, study_uid: str) -> set[str]:
    """The states of the shares that make or withdraw the manifest of a study, and of the one that has its row."""
    alone = select(SHARES.c.state).where(
        SHARES.c.destination == destination,
        SHARES.c.deed == Deed.MANIFEST.value,
        SHARES.c.study_uid == study_uid,
        SHARES.c.state.in_([*_UNFINISHED, ShareState.HELD.value]),
    )
    taking = (
        select(SHARES.c.state)
        .join(MANIFESTS, MANIFESTS.c.share_id == SHARES.c.id)
        .where(MANIFESTS.c.destination == destination, MANIFESTS.c.study_uid == study_uid, ~MANIFESTS.c.shared)
    )
    return {state for query in (alone, taking) for state in connection.execute(query).scalars()}


def _row(site: str, study_uid: str, due: datetime) -> dict[str, Any]:
    return {
        "site": site,
        "study_uid": study_uid,
        "round": 0,
        "due_at": due,
        "fingerprint": "",
        "lost": _NOTHING_LOST,
        "told": False,
    }


def _one(site: str, study_uid: str) -> dict[str, Any]:
    return {"of_site": site, "of_study": study_uid}


def _watch(row: Row[Any], until: datetime | None) -> Watch:
    return Watch(
        site=row.site,
        study_uid=row.study_uid,
        round=row.round,
        due_at=until,
        view=row.fingerprint,
        told=row.told,
        lost=forms.load_words(row.lost),
    )


class SqlWatches:
    """Implements :class:`gateway.flow.ports.Watches`; raises as :class:`gateway.store.sql.SqlStore`."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def claim(self, now: datetime, lease_s: float) -> Watch | None:
        # Asked before anything is written: most of the time nothing is due.
        with reading(self._engine) as connection:
            due = connection.execute(_IS_DUE, {"now": now}).scalar()
        return self._writer.run(lambda connection: claim(connection, now, lease_s)) if due else None

    def next_due(self) -> datetime | None:
        with reading(self._engine) as connection:
            return connection.execute(_NEXT_DUE).scalar_one_or_none()

    def standing(self, site: str, study_uid: str) -> Sequence[Standing]:
        with reading(self._engine) as connection:
            return standing(connection, site, study_uid)

    def looked(
        self,
        claimed: Watch,
        after: Watch,
        new: Sequence[Share] = (),
        same: Sequence[tuple[Manifest, str]] = (),
        events: Iterable[AuditEvent] = (),
    ) -> bool:
        """As the port."""
        kept = tuple(events)

        def write(connection: Connection) -> bool:
            if not save(connection, claimed, after):
                return False
            for known, fingerprint in same:
                manifest_rows.seen(connection, known, fingerprint)
            shares.add(connection, new)
            for event in kept:
                audit.record(connection, event)
            return True

        return self._writer.run(write)

    def told(self, study_uids: Iterable[str], now: datetime, events: Iterable[AuditEvent] = ()) -> int:
        """As the port."""
        studies, kept = tuple(study_uids), tuple(events)

        def write(connection: Connection) -> int:
            for event in kept:
                audit.record(connection, event)
            return told(connection, studies, now, on_purpose=True)

        return self._writer.run(write)

    def adopt(self, now: datetime) -> int:
        """Watch what is published and not watched; for the chores."""
        return self._writer.run(lambda connection: adopt(connection, now))

    def lost(self, *, limit: int) -> Sequence[Watch]:
        """Studies of which the PACS lost something without a word, for people."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(WATCHES).where(WATCHES.c.lost != _NOTHING_LOST).limit(limit))
            return tuple(_watch(row, row.due_at) for row in rows)
