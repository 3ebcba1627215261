"""What a PACS can do, found out by asking it (``gateway pacs probe``); :mod:`gateway.dicom.probing.propose` concludes.

Every question is about one study that exists (the one that is named, else one of the last days), is asked once on an
association of its own, and changes nothing in the PACS. What could not be asked is told as such, never guessed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

from pydicom.datadict import keyword_for_tag

from gateway.dicom import keys
from gateway.dicom.ask import QidoQuestions
from gateway.dicom.dicomweb import DicomWeb
from gateway.dicom.keys import SERIES_UID, SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_UID, Identifier, retrieval_keys
from gateway.dicom.network.association import SUCCESS, Delivery, Requestor
from gateway.dicom.network.proposal import (
    COMPRESSED,
    ECHO,
    FIND,
    GET,
    MAX_STORAGE_CONTEXTS,
    MOVE,
    MOVING,
    QUERY,
    UNCOMPRESSED,
    Proposal,
)
from gateway.dicom.probing.traits import IMAGE_KEYS, SERIES_KEYS, STUDY_KEYS, Target, Trait, opened
from gateway.dicom.settings import PacsSettings
from gateway.dicom.spool import Spool
from gateway.dicom.storage import STORAGE
from gateway.dicom.values import Header, Values, text
from gateway.errors import GatewayError

T = TypeVar("T")
_DATE = 0x00080020
_DAYS = (0, 7, 60, 3650)
_COUNT = 0x00201208
_WHO = ("pacs", "host", "port")
_ENOUGH = 20_000
_STORAGE_CONTEXTS = 100


class _Stop(Exception):
    """Enough answers were seen."""


class Probe:
    """Asks one PACS. Its traits are in the order in which they were found out."""

    def __init__(self, settings: PacsSettings, spool: Spool | None, today: date) -> None:
        """*spool*: where this gateway's receiver puts what C-MOVE delivers; None when it is off."""
        self.settings = settings
        self.traits: dict[str, Trait] = {}
        self._spool = spool
        self._today = today

    def run(self, study_uid: str = "") -> None:
        """Find out everything; raises nothing for what the PACS does or does not do."""
        if not self._try("c-echo", self._echo):
            return
        self._try("relational-queries-negotiated", self._negotiated)
        target = self._try("study-level", lambda: self._study(study_uid))
        if target is None:
            return
        self._try("series-level", lambda: self._series(target))
        self._try("image-level", lambda: self._images(target))
        self._try("relational-image-query", lambda: self._relational(target))
        self._counts(target)
        self._try("c-get", lambda: self._get(target))
        self._try("c-move", lambda: self._move(target))
        self._web(target)

    def note(self, name: str, holds: bool | None, words: str = "", took_ms: float | None = None) -> None:
        """Keep a trait."""
        self.traits[name] = Trait(name, holds, words, took_ms)

    def _try(self, name: str, action: Callable[[], tuple[T, str]]) -> T | None:
        """What *action* gives, its words and its time noted; what goes wrong is a trait that does not hold."""
        began = time.perf_counter()
        try:
            result, words = action()
        except GatewayError as error:
            facts = ", ".join(f"{key} {value}" for key, value in error.facts.items() if key not in _WHO)
            self.note(name, False, f"{error.code} ({facts})" if facts else error.code)
            return None
        took_ms = (time.perf_counter() - began) * 1000
        self.note(name, None if result is None else bool(result), words, round(took_ms, 1))
        return result

    # .. DIMSE

    def _echo(self) -> tuple[bool, str]:
        with opened(self.settings, ECHO) as requestor:
            accepted = requestor.accepted
            status = requestor.echo()
        return status == SUCCESS, f"{accepted.version or 'no version name'}, PDU {accepted.max_length}"

    def _negotiated(self) -> tuple[bool, str]:
        try:
            with opened(replace(self.settings, negotiate=True), QUERY) as requestor:
                answer = requestor.accepted.extended.get(FIND, b"")
        except GatewayError:
            with opened(replace(self.settings, negotiate=False), QUERY):
                return False, "associations that negotiate them are refused"
        return answer[:1] == b"\x01", "accepted" if answer[:1] == b"\x01" else "not answered"

    def _find(self, identifier: Identifier, limit: int = _ENOUGH) -> list[Values]:
        """At most *limit* answers; the association is given up when there are more."""
        rows: list[Values] = []

        def read(values: Values) -> None:
            rows.append(values)
            if len(rows) >= limit:
                raise _Stop

        requestor = Requestor(self.settings, QUERY)
        try:
            _, status = requestor.find(identifier, read)
        except _Stop:
            requestor.drop()
            return rows
        except BaseException:
            requestor.drop()
            raise
        requestor.release()
        if status != SUCCESS:
            self.note(f"{identifier.level.lower()}-level", False, f"status 0x{status:04X}")
        return rows

    def _study(self, study_uid: str) -> tuple[Target | None, str]:
        """The study that is named, or a recent one of the PACS."""
        returned = (STUDY_UID, *STUDY_KEYS)
        if study_uid:
            rows = self._find(Identifier("STUDY", ((STUDY_UID, study_uid),), returned), 1)
        else:
            rows = []
            for days in _DAYS:
                since = f"{self._today - timedelta(days=days):%Y%m%d}-"
                rows = rows or self._find(Identifier("STUDY", ((_DATE, since), (STUDY_UID, "")), returned), 1)
        if not rows:
            return None, "no study to ask about: name one with --study"
        row = rows[0]
        self._answered("study", row, STUDY_KEYS)
        declared = text(row, keys.CHARACTER_SET)
        misread = any(row.is_misread(tag) for tag in STUDY_KEYS)
        self.note("character-set", not misread, declared or "none declared")
        counted = text(row, _COUNT)
        target = Target(text(row, STUDY_UID), counted=int(counted) if counted.isdigit() else 0)
        return target, target.study_uid

    def _answered(self, level: str, row: Header, wanted: tuple[int, ...]) -> None:
        """Which optional keys are in an answer, and which of them with a value."""
        for tag in wanted:
            there = tag in row if isinstance(row, Values) else bool(row.texts(tag) or row.items(tag))
            filled = bool(any(row.texts(tag)) or row.items(tag))
            words = "answered" if filled else "empty" if there else "not answered"
            self.note(f"{level}.{keyword_for_tag(tag)}", filled or (None if there else False), words)

    def _series(self, target: Target) -> tuple[bool, str]:
        rows = self._find(Identifier("SERIES", ((STUDY_UID, target.study_uid), (SERIES_UID, "")), SERIES_KEYS))
        if not rows:
            return False, "no answer"
        self._answered("series", rows[0], SERIES_KEYS)
        target.series_uid = text(rows[0], SERIES_UID)
        if any(text(row, STUDY_UID) not in ("", target.study_uid) for row in rows):
            return False, "answers about other studies"
        for row in rows:
            target.found += len(self._find(self._image_keys(target.study_uid, text(row, SERIES_UID))))
        return True, f"{len(rows)} series"

    @staticmethod
    def _image_keys(study_uid: str, series_uid: str) -> Identifier:
        unique = ((STUDY_UID, study_uid), (SERIES_UID, series_uid), (SOP_INSTANCE_UID, ""))
        return Identifier("IMAGE", unique, IMAGE_KEYS)

    def _images(self, target: Target) -> tuple[bool, str]:
        rows = self._find(self._image_keys(target.study_uid, target.series_uid))
        if not rows:
            return False, "no answer"
        self._answered("image", rows[0], IMAGE_KEYS)
        target.sop_instance_uid = text(rows[0], SOP_INSTANCE_UID)
        target.sop_class_uid = text(rows[0], SOP_CLASS_UID)
        other = any(text(row, SERIES_UID) not in ("", target.series_uid) for row in rows)
        return not other, "answers about other series" if other else f"{len(rows)} instances of a series"

    def _relational(self, target: Target) -> tuple[bool, str]:
        rows = self._find(self._image_keys(target.study_uid, ""))
        named = [row for row in rows if text(row, SERIES_UID)]
        whole = len(named) == len(rows) == target.found and bool(rows)
        return whole, f"{len(rows)} instances of the study, {target.found} by series"

    def _counts(self, target: Target) -> None:
        if target.counted:
            words = f"{target.counted} counted, {target.found} found"
            self.note("counts-agree", target.counted <= target.found, words)
        else:
            self.note("counts-agree", None, "the PACS does not count")

    def _get(self, target: Target) -> tuple[bool | None, str]:
        if not target.sop_instance_uid:
            return None, "no instance to ask for"
        classes = (target.sop_class_uid,) if target.sop_class_uid else STORAGE[:_STORAGE_CONTEXTS]
        contexts: list[tuple[str, tuple[str, ...]]] = [(uid, UNCOMPRESSED) for uid in classes]
        contexts += [(uid, (syntax,)) for syntax in COMPRESSED for uid in classes]
        delivered: list[Delivery] = []
        identifier = retrieval_keys(target.study_uid, target.series_uid, (target.sop_instance_uid,))
        with opened(self.settings, Proposal(GET, tuple(contexts[:MAX_STORAGE_CONTEXTS]))) as requestor:
            ended = requestor.get(identifier, delivered.append)
        if not delivered:
            return False, f"nothing delivered, status 0x{ended.status:04X}"
        target.sop_class_uid = delivered[0].sop_class_uid
        return True, f"{len(delivered[0].data)} bytes of {target.sop_class_uid} in {delivered[0].transfer_syntax}"

    def _move(self, target: Target) -> tuple[bool | None, str]:
        if not target.sop_instance_uid:
            return None, "no instance to ask for"
        destination = self.settings.move_destination
        if self._spool is None or not destination:
            with opened(self.settings, MOVING) as requestor:
                offered = requestor.accepted is not None
            return None, f"{MOVE} is offered; [receive] and move_destination are needed to try it" if offered else ""
        self._spool.expect(target.study_uid)
        identifier = retrieval_keys(target.study_uid, target.series_uid, (target.sop_instance_uid,))
        with opened(self.settings, MOVING) as requestor:
            ended = requestor.move(identifier, destination)
        content = self._spool.get(target.sop_instance_uid)
        if content is None:
            words = f"nothing arrived at {destination}, status 0x{ended.status:04X}"
            return False, f"{words}: is it running (gateway serve), and known to the PACS under that title?"
        return True, f"{len(content)} bytes arrived at {destination}"

    # .. DICOMweb

    def _web(self, target: Target) -> None:
        if not self.settings.dicomweb_url:
            self.note("qido-rs", None, "no dicomweb_url")
            self.note("wado-rs", None, "no dicomweb_url")
            return
        web = DicomWeb(self.settings)
        try:
            self._try("qido-rs", lambda: self._qido(web, target))
            if target.sop_instance_uid:
                self._try("wado-rs", lambda: self._wado(web, target))
        finally:
            web.close()

    def _qido(self, web: DicomWeb, target: Target) -> tuple[bool, str]:
        rows = QidoQuestions(self.settings, web).ask(
            keys.image_keys(target.study_uid),
            lambda values: (text(values, SERIES_UID), text(values, SOP_INSTANCE_UID), text(values, SOP_CLASS_UID)),
        )
        if rows and not target.sop_instance_uid:
            target.series_uid, target.sop_instance_uid, target.sop_class_uid = rows[0]
        told = sum(bool(row[2]) for row in rows)
        return bool(rows) and told == len(rows), f"{len(rows)} instances, {told} with their class"

    def _wado(self, web: DicomWeb, target: Target) -> tuple[bool, str]:
        _, data = web.instance(target.study_uid, target.series_uid, target.sop_instance_uid)
        return True, f"{len(data)} bytes"
