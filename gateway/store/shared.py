"""What of a study has been shared and stands: for the doors by which other systems fetch images."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from sqlalchemy import Engine, select

from gateway.model.exam import Exam
from gateway.model.link import Asked
from gateway.model.share import SharedStudy
from gateway.store import forms
from gateway.store.engine import reading
from gateway.store.exams import led
from gateway.store.schema import DOCUMENTS, MANIFESTS

_REMEMBERED = 64


class SqlShared:
    """:class:`gateway.web.door_settings.Shared` on the database of the store. May be used by several threads."""

    def __init__(self, engine: Engine, read: Callable[[str, str], Exam | None]) -> None:
        """*read*: (digest of a manifest's bytes, study UID) to the instances that it names; raises Unavailable."""
        self._engine = engine
        self._read = read
        self._lock = threading.Lock()
        self._listed: OrderedDict[tuple[str, str], Exam] = OrderedDict()

    def study(self, study_uid: str) -> Sequence[SharedStudy]:
        """Empty where no registered manifest names the study, or every report of it was withdrawn."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(MANIFESTS.c.unique_id, MANIFESTS.c.shared, MANIFESTS.c.former).where(
                    MANIFESTS.c.study_uid == study_uid
                )
            ).all()
            standing = frozenset(
                uid for row in rows for uid, _ in (((row.unique_id, ""),) if row.shared else _former(row.former)) if uid
            )
            if not standing:
                return ()
            current = {
                exam.report_id: exam
                for one in led(connection, Asked(studies=(study_uid,)))
                for exam in one.current
                if exam.study_uid == study_uid
            }
        return tuple(SharedStudy(exam=exam, manifests=standing) for exam in current.values())

    def listing(self, study_uid: str, manifest: str) -> Exam | None:
        """The instances of the study that *manifest* names, which never change; None where its bytes are not here.

        Raises Unavailable.
        """
        key = (study_uid, manifest)
        with self._lock:
            if key in self._listed:
                self._listed.move_to_end(key)
                return self._listed[key]
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(MANIFESTS.c.unique_id, MANIFESTS.c.share_id, MANIFESTS.c.former).where(
                    MANIFESTS.c.study_uid == study_uid
                )
            ).all()
            shares = {
                uid: share_id for row in rows for uid, share_id in ((row.unique_id, row.share_id), *_former(row.former))
            }
            digest = connection.execute(
                select(DOCUMENTS.c.digest).where(
                    DOCUMENTS.c.share_id == shares.get(manifest, ""), DOCUMENTS.c.unique_id == manifest
                )
            ).scalar()
        exam = self._read(digest, study_uid) if digest else None
        if exam is not None:
            with self._lock:
                self._listed[key] = exam
                while len(self._listed) > _REMEMBERED:
                    self._listed.popitem(last=False)
        return exam


def _former(kept: str) -> tuple[tuple[str, str], ...]:
    """The manifest that stands at the registry while the one that replaces it is on its way, and its share."""
    if not kept:
        return ()
    former = forms.load(kept)
    return ((str(former.get("unique_id", "")), str(former.get("share_id", ""))),)
