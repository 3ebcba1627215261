"""The manifest that stands for a study at a destination: one row, taken by compare and swap.

A share that freezes a manifest takes the row: it inserts the first one, and takes one that stands by its unique id,
while it is shared. What the row said is kept in it until the registry has the new manifest, so that the row goes back
when the share is given up. Two shares never make a manifest of one study at a time: the second finds the row taken.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, exists, select, update

from gateway.model.share import Deed, Manifest, Share, ShareState
from gateway.store import forms
from gateway.store.schema import MANIFESTS, SHARES, SUBMISSIONS
from gateway.store.statements import insert_new

_FORMER = ("share_id", "unique_id", "fingerprint", "requests", "replaces")


def manifest(connection: Connection, destination: str, study_uid: str) -> Manifest | None:
    """The manifest that stands for a study at a destination, or is on its way there."""
    row = connection.execute(select(MANIFESTS).where(_is(destination, study_uid))).one_or_none()
    return None if row is None else from_row(row)


def from_row(row: Row[Any]) -> Manifest:
    """The manifest of a row of ``MANIFESTS``."""
    return Manifest(
        share_id=row.share_id,
        destination=row.destination,
        study_uid=row.study_uid,
        unique_id=row.unique_id,
        fingerprint=row.fingerprint,
        requests=row.requests,
        shared=row.shared,
        replaces=row.replaces,
    )


def take(connection: Connection, share_id: str, wanted: Manifest) -> bool:
    """Put *wanted* in its study's row; False when another share was there first.

    The first of a study is inserted; one that replaces takes the row only while that one stands and is shared.
    """
    values = {
        "share_id": share_id,
        "unique_id": wanted.unique_id,
        "fingerprint": wanted.fingerprint,
        "requests": wanted.requests,
        "shared": wanted.shared,
        "replaces": wanted.replaces,
    }
    key = {"destination": wanted.destination, "study_uid": wanted.study_uid}
    if not wanted.replaces:
        return insert_new(connection, MANIFESTS, {**key, **values, "former": ""})
    where = _is(wanted.destination, wanted.study_uid)
    standing = connection.execute(select(MANIFESTS).where(where).with_for_update()).one_or_none()
    if standing is None or not standing.shared or standing.unique_id != wanted.replaces:
        return False
    former = forms.dump({name: getattr(standing, name) for name in _FORMER})
    connection.execute(update(MANIFESTS).where(where).values(former=former, **values))
    return True


def put_back(connection: Connection, share_id: str) -> None:
    """Give back the rows that *share_id* took and the registry never had: what they said before, or nothing."""
    taken = select(MANIFESTS).where(MANIFESTS.c.share_id == share_id, ~MANIFESTS.c.shared)
    for row in connection.execute(taken.with_for_update()).all():
        where = _is(row.destination, row.study_uid)
        former = forms.load(row.former) if row.former else {}
        if former and _is_kept(connection, former["share_id"]):
            connection.execute(update(MANIFESTS).where(where).values(shared=True, former="", **former))
        else:
            connection.execute(delete(MANIFESTS).where(where))


def registered(connection: Connection, share: Share) -> None:
    """The registry has what *share* sent: its manifests stand, and a share that had made a former one alone is done.

    A share that withdrew a manifest (``Share.target`` had published it) leaves no row: a later one is a first one.
    """
    if share.deed is Deed.MANIFEST and share.target:
        gone = _is(share.destination, share.study_uid) & (MANIFESTS.c.share_id == share.target)
        connection.execute(delete(MANIFESTS).where(gone))
        _settled(connection, share.target, ShareState.WITHDRAWN, share)
        return
    taken = connection.execute(select(MANIFESTS).where(MANIFESTS.c.share_id == share.id)).all()
    former = [forms.load(row.former)["share_id"] for row in taken if row.former]
    for share_id in sorted(set(former)):
        _settled(connection, share_id, ShareState.SUPERSEDED, share)
    connection.execute(update(MANIFESTS).where(MANIFESTS.c.share_id == share.id).values(shared=True, former=""))


def follow(connection: Connection, by: Share, other: Share) -> None:
    """*other* is withdrawn or superseded by *by*; called while its row still says where it stood.

    What had not left gives its rows back. What a person held may be at the registry, and is when *by* found it there:
    its manifests stand then, until they are withdrawn themselves.
    """
    stood = connection.execute(select(SHARES.c.state).where(SHARES.c.id == other.id)).scalar_one_or_none()
    if stood == ShareState.HELD and by.happening == "REGISTERED" and other.state is ShareState.WITHDRAWN:
        connection.execute(update(MANIFESTS).where(MANIFESTS.c.share_id == other.id).values(shared=True, former=""))
    elif other.state in (ShareState.WITHDRAWN, ShareState.SUPERSEDED, ShareState.ABANDONED):
        put_back(connection, other.id)


def seen(connection: Connection, known: Manifest, fingerprint: str) -> bool:
    """The study now has *fingerprint*, and *known* says its truth still."""
    where = _is(known.destination, known.study_uid) & (MANIFESTS.c.unique_id == known.unique_id) & MANIFESTS.c.shared
    return connection.execute(update(MANIFESTS).where(where).values(fingerprint=fingerprint)).rowcount == 1


def _settled(connection: Connection, share_id: str, state: ShareState, by: Share) -> None:
    """A share that had made a manifest alone, and whose manifest has given way; what published a report stays."""
    connection.execute(
        update(SHARES)
        .where(SHARES.c.id == share_id, SHARES.c.deed == Deed.MANIFEST.value, SHARES.c.state == ShareState.SHARED.value)
        .values(state=state.value, updated_at=by.updated_at)
    )


def _is(destination: str, study_uid: str) -> Any:
    return (MANIFESTS.c.destination == destination) & (MANIFESTS.c.study_uid == study_uid)


def _is_kept(connection: Connection, share_id: str) -> bool:
    return bool(connection.execute(select(exists().where(SUBMISSIONS.c.share_id == share_id))).scalar())
