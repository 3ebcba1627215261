"""The manifest that stands for a study at a destination: one row, taken by compare and swap.

A share that freezes a manifest takes the row: it inserts the first one, and takes one that stands by its unique id,
while it is shared. What the row said is kept in it until the registry has the new manifest, so that the row goes back
when the share is given up. Two shares never make a manifest of one study at a time: the second finds the row taken.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, select, update

from gateway.audit.inserting import insert_new
from gateway.model.share import Deed, Manifest, Share, ShareState
from gateway.store import forms, shares
from gateway.store.prepared import Prepared
from gateway.store.schema import MANIFESTS, SHARES, SUBMISSIONS

_FORMER = ("share_id", "unique_id", "fingerprint", "requests", "replaces")
_OF_STUDY = (MANIFESTS.c.destination == bindparam("at"), MANIFESTS.c.study_uid == bindparam("of_study"))
_OF_SHARE = MANIFESTS.c.share_id == bindparam("of_share")

# Made once: to make a statement takes SQLAlchemy longer than to run it.
_OF_STUDY_ALL = select(MANIFESTS).where(*_OF_STUDY)
_STANDING = Prepared(_OF_STUDY_ALL)
_STANDING_LOCKED = Prepared(_OF_STUDY_ALL.with_for_update())
_WRITE = update(MANIFESTS).where(*_OF_STUDY)
_WRITE_STANDING = _WRITE.where(MANIFESTS.c.unique_id == bindparam("known"), MANIFESTS.c.shared)
_DELETE = delete(MANIFESTS).where(*_OF_STUDY)
_DELETE_WITHDRAWN = _DELETE.where(_OF_SHARE)
_OF_SHARE_ALL = select(MANIFESTS).where(_OF_SHARE)
_TAKEN = Prepared(_OF_SHARE_ALL)
_NOT_OUT = _OF_SHARE_ALL.where(~MANIFESTS.c.shared).with_for_update()
_SHARED = Prepared(update(MANIFESTS).where(_OF_SHARE))
_SETTLE = update(SHARES).where(
    SHARES.c.id == bindparam("share"),
    SHARES.c.deed == Deed.MANIFEST.value,
    SHARES.c.state == ShareState.SHARED.value,
)
_KEPT = select(exists().where(SUBMISSIONS.c.share_id == bindparam("share")))


def manifest(connection: Connection, destination: str, study_uid: str) -> Manifest | None:
    """The manifest that stands for a study at a destination, or is on its way there."""
    row = _STANDING.one_or_none(connection, _at(destination, study_uid))
    return None if row is None else from_row(row)


def from_row(row: Any) -> Manifest:
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
    where = _at(wanted.destination, wanted.study_uid)
    standing = _STANDING_LOCKED.one_or_none(connection, where)
    if standing is None or not standing.shared or standing.unique_id != wanted.replaces:
        return False
    former = forms.dump({name: getattr(standing, name) for name in _FORMER})
    connection.execute(_WRITE, {**where, "former": former, **values})
    return True


def put_back(connection: Connection, share_id: str) -> None:
    """Give back the rows that *share_id* took and the registry never had: what they said before, or nothing."""
    for row in connection.execute(_NOT_OUT, {"of_share": share_id}).all():
        where = _at(row.destination, row.study_uid)
        former = forms.load(row.former) if row.former else {}
        if former and connection.execute(_KEPT, {"share": former["share_id"]}).scalar():
            connection.execute(_WRITE, {**where, "shared": True, "former": "", **former})
        else:
            connection.execute(_DELETE, where)


def registered(connection: Connection, share: Share) -> None:
    """The registry has what *share* sent: its manifests stand, and a share that had made a former one alone is done.

    A share that withdrew a manifest (``Share.target`` had published it) leaves no row: a later one is a first one.
    """
    if share.deed is Deed.MANIFEST and share.target:
        gone = {**_at(share.destination, share.study_uid), "of_share": share.target}
        connection.execute(_DELETE_WITHDRAWN, gone)
        _settled(connection, share.target, ShareState.WITHDRAWN, share)
        return
    taken = _TAKEN.all(connection, {"of_share": share.id})
    former = [forms.load(row.former)["share_id"] for row in taken if row.former]
    for share_id in sorted(set(former)):
        _settled(connection, share_id, ShareState.SUPERSEDED, share)
    if taken:
        _shared(connection, share.id)


def follow(connection: Connection, by: Share, other: Share) -> None:
    """*other* is withdrawn or superseded by *by*; called while its row still says where it stood.

    What had not left gives its rows back. What a person held may be at the registry, and is when *by* found it there:
    its manifests stand then, until they are withdrawn themselves.
    """
    stood = shares.state_of(connection, other.id)
    if stood is ShareState.HELD and by.happening == "REGISTERED" and other.state is ShareState.WITHDRAWN:
        _shared(connection, other.id)
    elif other.state in (ShareState.WITHDRAWN, ShareState.SUPERSEDED, ShareState.ABANDONED):
        put_back(connection, other.id)


def seen(connection: Connection, known: Manifest, fingerprint: str) -> bool:
    """The study now has *fingerprint*, and *known* says its truth still."""
    return _write(connection, known, fingerprint=fingerprint)


def carries(connection: Connection, known: Manifest, requests: str) -> bool:
    """The entry of *known* was corrected at the registry; False when another manifest stands by now."""
    return _write(connection, known, requests=requests)


def _write(connection: Connection, known: Manifest, **values: str) -> bool:
    where = {**_at(known.destination, known.study_uid), "known": known.unique_id}
    return connection.execute(_WRITE_STANDING, {**where, **values}).rowcount == 1


def _settled(connection: Connection, share_id: str, state: ShareState, by: Share) -> None:
    """A share that had made a manifest alone, and whose manifest has given way; what published a report stays."""
    connection.execute(_SETTLE, {"share": share_id, "state": state.value, "updated_at": by.updated_at})


def _shared(connection: Connection, share_id: str) -> None:
    _SHARED.count(connection, {"of_share": share_id, "shared": True, "former": ""})


def _at(destination: str, study_uid: str) -> dict[str, Any]:
    return {"at": destination, "of_study": study_uid}
