"""A whole series or study out of a PACS in one transfer, given on instance by instance as it comes.

By DICOMweb one multipart answer, by C-GET one association, by C-MOVE what arrives at this gateway's receiver. Nothing
is decoded. Each instance is held against what was asked for before anyone sees it: a PACS that mixes up two transfers
must not put one patient's images into another's examination.

Sources: DICOM PS3.18 section 10.4, PS3.4 sections C.4.2 and C.4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from gateway.dicom import glance, part10
from gateway.dicom.ask import failure
from gateway.dicom.dicomweb import DicomWeb
from gateway.dicom.keys import checked_uid, retrieval_keys
from gateway.dicom.network.association import SUCCESS, Delivery
from gateway.dicom.network.proposal import COMPRESSED, MAX_STORAGE_CONTEXTS, UNCOMPRESSED
from gateway.dicom.retrieve import InstanceKey, Retriever
from gateway.dicom.settings import PacsSettings
from gateway.errors import InputRejected, PeerMisbehaved
from gateway.model.exam import Exam, Instance
from gateway.model.image import StoredInstance

_log = structlog.get_logger(__name__)
Take = Callable[[StoredInstance], None]
_WARNING = 0xB000
"""C-GET and C-MOVE: sub-operations complete, one or more failures (PS3.4 tables C.4-2 and C.4-3)."""


class Upstream:
    """Transfers from one PACS. May be used by several threads at once; each transfer has a connection of its own."""

    def __init__(self, settings: PacsSettings, retriever: Retriever, web: DicomWeb | None) -> None:
        self._settings = settings
        self._retriever = retriever
        self._web = web if settings.images == "dicomweb" else None

    def every(self, exam: Exam, series_uid: str, take: Take) -> None:
        """Each instance of the series of *exam*, or of all of it where *series_uid* is empty, given to *take*.

        What *take* raises ends the transfer at once. The PACS may leave instances out: who asks counts. Raises
        InputRejected (``image_unknown``, ``pacs_key_unsafe``), PeerUnreachable, PeerRefused, PeerMisbehaved.
        """
        checked_uid(exam.study_uid)
        if series_uid:
            checked_uid(series_uid)
        if self._web is not None:
            self._by_web(self._web, exam.study_uid, series_uid, take)
            return
        chosen = [one for one in exam.series if not series_uid or one.series_uid == series_uid]
        instances = [instance for series in chosen for instance in series.instances]
        if self._settings.images == "c-move":
            self._by_move(exam.study_uid, series_uid, instances, take)
        else:
            self._by_get(exam.study_uid, series_uid, instances, take)

    def one(self, study_uid: str, series_uid: str, instance: Instance) -> StoredInstance:
        """One instance as the PACS keeps it; raises as :meth:`every`."""
        key = InstanceKey(study_uid, series_uid, instance.sop_class_uid, instance.sop_instance_uid)
        return self.stored(self._retriever.kept(key), study_uid, series_uid)

    def stored(self, delivery: Delivery, study_uid: str, series_uid: str) -> StoredInstance:
        """What was delivered, which must be of this study and, where one is named, of this series.

        Raises PeerMisbehaved (``pacs_other_instance``, ``pacs_answer_malformed``).
        """
        made = self._made(delivery.transfer_syntax, delivery.data, study_uid, series_uid)
        if made.sop_instance_uid != delivery.sop_instance_uid:
            raise self._misbehaved("pacs_other_instance")
        return made

    def _made(self, syntax: str, data: bytes | memoryview, study_uid: str, series_uid: str) -> StoredInstance:
        try:
            owner = glance.owner(data, syntax)
        except InputRejected as error:
            raise self._misbehaved("pacs_answer_malformed", words=error.code) from None
        if owner.study_uid != study_uid or (series_uid and owner.series_uid != series_uid):
            raise self._misbehaved("pacs_other_instance")
        return StoredInstance(
            study_uid=study_uid,
            series_uid=owner.series_uid,
            sop_class_uid=owner.sop_class_uid,
            sop_instance_uid=owner.sop_instance_uid,
            transfer_syntax=syntax,
            head=part10.head(owner.sop_class_uid, owner.sop_instance_uid, syntax),
            # Servers send bytes and nothing else: copied once here, not by every reader.
            data=bytes(data),
        )

    def _by_web(self, web: DicomWeb, study_uid: str, series_uid: str, take: Take) -> None:
        path = f"studies/{study_uid}/series/{series_uid}" if series_uid else f"studies/{study_uid}"
        web.each(path, lambda syntax, data: take(self._made(syntax, data, study_uid, series_uid)))

    def _by_get(self, study_uid: str, series_uid: str, instances: Iterable[Instance], take: Take) -> None:
        classes = tuple(dict.fromkeys(one.sop_class_uid for one in instances))
        contexts: list[tuple[str, tuple[str, ...]]] = [(uid, UNCOMPRESSED) for uid in classes]
        contexts += [(uid, (syntax,)) for syntax in COMPRESSED for uid in classes]
        ended = self._retriever.streamed(
            retrieval_keys(study_uid, series_uid),
            tuple(contexts[:MAX_STORAGE_CONTEXTS]),
            lambda delivery: take(self.stored(delivery, study_uid, series_uid)),
        )
        if ended.status not in (SUCCESS, _WARNING) and not ended.completed:
            raise failure(ended.status, self._settings, "C-GET")

    def _by_move(self, study_uid: str, series_uid: str, instances: Iterable[Instance], take: Take) -> None:
        ended = self._retriever.moved(
            study_uid,
            retrieval_keys(study_uid, series_uid),
            [one.sop_instance_uid for one in instances],
            lambda delivery: take(self.stored(delivery, study_uid, series_uid)),
            as_it_comes=True,
        )
        if ended.status not in (SUCCESS, _WARNING) and not ended.completed:
            raise failure(ended.status, self._settings, "C-MOVE")

    def _misbehaved(self, code: str, **facts: str) -> PeerMisbehaved:
        return PeerMisbehaved(code, pacs=self._settings.name, **facts)
