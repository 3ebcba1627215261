"""Several PACS as one: a study is looked for where its site keeps its studies, else everywhere."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Container, Mapping, Sequence
from typing import Any

from gateway.errors import GatewayError, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.flow.ports import Images, InstanceReading, Pacs
from gateway.model.exam import Exam
from gateway.model.identifiers import Identifier
from gateway.model.image import Frame, RenderedFrame, Rendering, StoredFrame, StoredInstance

_REMEMBERED = 50_000


class SeveralPacs:
    """Implements :class:`gateway.flow.ports.Pacs` and :class:`gateway.flow.ports.Images` over several of each.

    May be used by several threads at once.
    """

    def __init__(self, pacs: Mapping[str, Pacs], images: Mapping[str, Images], first: Sequence[str] = ()) -> None:
        """*first*: the names of those that are asked first, in this order; the others follow."""
        self._pacs = pacs
        self._images = images
        self._first = tuple(first)
        self._others = tuple(name for name in pacs if name not in first)
        self._lock = threading.Lock()
        self._where: OrderedDict[str, str] = OrderedDict()

    def study(self, study_uid: str) -> Exam | None:
        """The study from the first that has it, or None when surely none has it.

        A PACS of the site that does not answer ends the search: what another holds under the same UID may be a part.
        Raises what the PACS raises; InputRejected for a key that is not a UID.
        """
        for name in self._first:
            exam = self._pacs[name].study(study_uid)
            if exam is not None:
                return self._found(name, exam)
        error: GatewayError | None = None
        for name in self._others:
            try:
                exam = self._pacs[name].study(study_uid)
            except (PeerUnreachable, PeerRefused, PeerMisbehaved) as failure:
                error = error or failure
                continue
            if exam is not None:
                return self._found(name, exam)
        if error is not None:
            raise error
        return None

    def _found(self, name: str, exam: Exam) -> Exam:
        with self._lock:
            self._where[exam.study_uid] = name
            self._where.move_to_end(exam.study_uid)
            while len(self._where) > _REMEMBERED:
                self._where.popitem(last=False)
        return exam

    def echo(self) -> None:
        """Every PACS of the site answers C-ECHO; raises as :meth:`study`."""
        for name in self._first or self._others:
            self._pacs[name].echo()

    def frame(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int) -> Frame:
        """Frame *number* (from 1) from the PACS that has the study; raises as :class:`gateway.flow.ports.Images`."""
        return self._of(study_uid).frame(study_uid, series_uid, sop_class_uid, sop_instance_uid, number)

    def stored_frame(
        self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, number: int
    ) -> StoredFrame:
        return self._of(study_uid).stored_frame(study_uid, series_uid, sop_class_uid, sop_instance_uid, number)

    def rendered(
        self,
        study_uid: str,
        series_uid: str,
        sop_class_uid: str,
        sop_instance_uid: str,
        number: int,
        wanted: Rendering,
    ) -> RenderedFrame:
        return self._of(study_uid).rendered(study_uid, series_uid, sop_class_uid, sop_instance_uid, number, wanted)

    def instance(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str) -> StoredInstance:
        return self._of(study_uid).instance(study_uid, series_uid, sop_class_uid, sop_instance_uid)

    def document(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str) -> RenderedFrame:
        return self._of(study_uid).document(study_uid, series_uid, sop_class_uid, sop_instance_uid)

    def bulk(self, study_uid: str, series_uid: str, sop_class_uid: str, sop_instance_uid: str, tag: int) -> bytes:
        return self._of(study_uid).bulk(study_uid, series_uid, sop_class_uid, sop_instance_uid, tag)

    def begin(self, exam: Exam, series_uid: str) -> None:
        self._of(exam.study_uid).begin(exam, series_uid)

    def read(self, exam: Exam, series_uid: str = "") -> InstanceReading:
        return self._of(exam.study_uid).read(exam, series_uid)

    def whole(self, exam: Exam, series_uid: str = "") -> Sequence[StoredInstance] | None:
        return self._of(exam.study_uid).whole(exam, series_uid)

    def headers(self, exam: Exam, series_uid: str) -> Sequence[Mapping[str, Any]]:
        return self._of(exam.study_uid).headers(exam, series_uid)

    def sent_as(
        self, instance: StoredInstance, acceptable: Container[str], identity: Identifier | None = None
    ) -> StoredInstance:
        return self._of(instance.study_uid).sent_as(instance, acceptable, identity)

    def _of(self, study_uid: str) -> Images:
        return self._images[self._holder(study_uid)]

    def _holder(self, study_uid: str) -> str:
        names = (*self._first, *self._others)
        if len(names) == 1:
            return names[0]
        with self._lock:
            known = self._where.get(study_uid)
        if known is None:
            self.study(study_uid)
            with self._lock:
                known = self._where.get(study_uid)
        return known or names[0]
