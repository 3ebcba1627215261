"""The SOP class of instances whose PACS does not tell it in its answers.

SOP Class UID is an optional key at IMAGE level (DICOM PS3.4 table C.6-5), and a manifest needs it of every instance.
The modality of the series is no substitute: a CT series holds dose reports and secondary captures. So it is asked
where it must be told: QIDO-RS (PS3.18 table 10.6.1-5 requires it), else the retrieval itself, for each C-STORE names
the class of its instance (PS3.7 section 9.1.1.1.2). That moves the study once. An instance never changes its class,
so what was learned is remembered, and the second look costs nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from gateway.dicom import answers, keys
from gateway.dicom.answers import ImageRow
from gateway.dicom.ask import QidoQuestions
from gateway.dicom.dicomweb import DicomWeb
from gateway.dicom.keys import retrieval_keys
from gateway.dicom.network.association import Delivery
from gateway.dicom.network.proposal import COMPRESSED, MAX_STORAGE_CONTEXTS, UNCOMPRESSED
from gateway.dicom.retrieve import Retriever
from gateway.dicom.settings import PacsSettings
from gateway.dicom.storage import STORAGE
from gateway.errors import GatewayError, PeerMisbehaved, PeerRefused, SettingsError

_log = structlog.get_logger(__name__)

_REMEMBERED = 200_000
_COMPRESSED_CLASSES = 60
_UIDS_AT_ONCE = 200


class SopClasses:
    """Fills in what the answers of one PACS leave out. May be used by several threads at once."""

    def __init__(self, settings: PacsSettings, web: DicomWeb | None, retriever: Retriever) -> None:
        self._settings = settings
        self._questions = QidoQuestions(settings, web) if web is not None else None
        self._retriever = retriever
        self._lock = threading.Lock()
        self._known: OrderedDict[str, str] = OrderedDict()

    def completed(self, study_uid: str, rows: Sequence[ImageRow]) -> Sequence[ImageRow]:
        """*rows*, each with its class; raises PeerRefused ``pacs_no_sop_class`` when that cannot be found out."""
        lacking = [row for row in rows if not row.instance.sop_class_uid]
        if not lacking:
            return rows
        missing = self._missing(lacking)
        if missing:
            self._learn(study_uid, lacking, missing)
            missing = self._missing(lacking)
        if missing:
            raise PeerRefused("pacs_no_sop_class", pacs=self._settings.name, count=str(len(missing)))
        with self._lock:
            return [self._filled(row) for row in rows]

    def _filled(self, row: ImageRow) -> ImageRow:
        if row.instance.sop_class_uid:
            return row
        sop_class_uid = self._known[row.instance.sop_instance_uid]
        return replace(row, instance=replace(row.instance, sop_class_uid=sop_class_uid))

    def _missing(self, rows: Sequence[ImageRow]) -> set[str]:
        with self._lock:
            return {row.instance.sop_instance_uid for row in rows if row.instance.sop_instance_uid not in self._known}

    def _remember(self, sop_instance_uid: str, sop_class_uid: str) -> None:
        if not keys.is_uid_as_found(sop_class_uid):
            return
        with self._lock:
            known = self._known.setdefault(sop_instance_uid, sop_class_uid)
            self._known.move_to_end(sop_instance_uid)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if known != sop_class_uid:
            raise PeerMisbehaved("pacs_contradicts", pacs=self._settings.name, what="SOP Class UID")

    def _learn(self, study_uid: str, rows: Sequence[ImageRow], missing: set[str]) -> None:
        _log.info("pacs.classes_asked", pacs=self._settings.name, instances=len(missing))
        if self._questions is not None:
            for row in self._questions.ask(keys.image_keys(study_uid), answers.image_row):
                self._remember(row.instance.sop_instance_uid, row.instance.sop_class_uid)
            return
        if self._settings.images == "c-move":
            self._attempted(
                lambda: self._retriever.moved(study_uid, retrieval_keys(study_uid), sorted(missing), self._noted)
            )
        if self._missing(rows):
            self._attempted(lambda: self._by_get(study_uid, rows))

    def _attempted(self, way: Callable[[], object]) -> None:
        """A way that the PACS does not offer tells nothing."""
        try:
            way()
        except (PeerRefused, SettingsError) as error:
            _log.info("pacs.classes_not_told", pacs=self._settings.name, code=error.code)

    def _noted(self, delivery: Delivery) -> None:
        self._remember(delivery.sop_instance_uid, delivery.sop_class_uid)

    def _by_get(self, study_uid: str, rows: Sequence[ImageRow]) -> None:
        """Whole studies first, uncompressed; then what was not delivered, in other classes and syntaxes."""
        self._retriever.got(retrieval_keys(study_uid), STORAGE[:MAX_STORAGE_CONTEXTS], UNCOMPRESSED, self._noted)
        rounds: list[tuple[tuple[str, ...], tuple[str, ...]]] = [(STORAGE[MAX_STORAGE_CONTEXTS:], UNCOMPRESSED)]
        rounds += [(STORAGE[:_COMPRESSED_CLASSES], (syntax,)) for syntax in COMPRESSED]
        for classes, syntaxes in rounds:
            for series_uid in sorted({row.series_uid for row in rows}):
                missing = sorted(self._missing([row for row in rows if row.series_uid == series_uid]))
                for start in range(0, len(missing), _UIDS_AT_ONCE):
                    identifier = retrieval_keys(study_uid, series_uid, missing[start : start + _UIDS_AT_ONCE])
                    self._attempt(identifier, classes, syntaxes)

    def _attempt(self, identifier: keys.Identifier, classes: Sequence[str], syntaxes: tuple[str, ...]) -> None:
        """What a PACS refuses in one syntax it may give in another."""
        try:
            self._retriever.got(identifier, classes, syntaxes, self._noted)
        except GatewayError as error:
            if error.retry:
                raise
