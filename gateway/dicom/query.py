"""What a PACS holds of a study: C-ECHO and C-FIND, Study Root (DICOM PS3.4 annexes A and C).

A PACS's matching is not trusted: keys with a wildcard, a list or anything else but a UID never leave, and an answer
about another study or series than asked condemns the whole conversation, for it says that the key was not applied. An
absent study is only what a final Success with no row says, on an association that still stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog
from pydicom.dataset import Dataset

from gateway.dicom import answers
from gateway.dicom.answers import ImageRow, SeriesRow, StudyRow
from gateway.dicom.association import SUCCESS, Requestor
from gateway.dicom.pool import Pool
from gateway.dicom.proposal import ECHO, QUERY
from gateway.dicom.settings import PacsSettings
from gateway.dicom.values import Values, text
from gateway.errors import GatewayError, InputRejected, PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.model.exam import Exam, Instance
from gateway.model.identifiers import is_safe_key

__all__ = ["PacsClient", "PacsSettings"]

_log = structlog.get_logger(__name__)
T = TypeVar("T")

_TRANSIENT = frozenset({0x0110, 0xA700, 0xFE00})
"""Processing failure, out of resources, cancelled (PS3.7 annex C, PS3.4 table C.4-1): worth another try later."""
_UID_AS_FOUND = re.compile(r"[0-9.]{1,64}", re.ASCII)


def checked_uid(value: str) -> str:
    """*value*, which may be sent as a unique key; raises InputRejected ``pacs_key_unsafe``.

    Components with leading zeros are let through: PS3.5 section 9.1 forbids them and archives are full of them.
    """
    if not is_safe_key(value) or _UID_AS_FOUND.fullmatch(value) is None:
        raise InputRejected("pacs_key_unsafe")
    return value


def failure(status: int, settings: PacsSettings, service: str) -> GatewayError:
    """The error for a final *status* other than Success."""
    family = PeerUnreachable if status in _TRANSIENT else PeerRefused
    return family("pacs_failed", pacs=settings.name, service=service, status=f"0x{status:04X}")


class PacsClient:
    """One PACS; implements :class:`gateway.flow.ports.Pacs`. May be used by several threads at once."""

    def __init__(self, settings: PacsSettings) -> None:
        self.settings = settings
        self._pool = Pool(settings)

    def close(self) -> None:
        """Release every association."""
        self._pool.close()

    def echo(self) -> None:
        """C-ECHO; raises PeerUnreachable, PeerRefused or PeerMisbehaved."""
        status = self._pool.run(ECHO, Requestor.echo)
        if status != SUCCESS:
            raise failure(status, self.settings, "C-ECHO")

    def study(self, study_uid: str) -> Exam | None:
        """The study with its series and instances, or None when the PACS surely does not have it.

        Raises InputRejected for a key that is not a UID, PeerUnreachable when an answer did not come, PeerRefused when
        the PACS says no, PeerMisbehaved when it answers another question or contradicts itself.
        """
        checked_uid(study_uid)
        study = self._one_study(study_uid)
        if study is None:
            return None
        series = self._series(study_uid)
        instances = self._instances(study_uid, series)
        if instances.keys() - series.keys():
            # Images of a series that came between the two queries.
            series = self._series(study_uid)
            instances = self._instances(study_uid, series)
            if instances.keys() - series.keys():
                raise self._misbehaved("pacs_other_series")
        found = sum(map(len, instances.values()))
        if study.instances is not None and study.instances != found:
            _log.info("pacs.count_differs", pacs=self.settings.name, declared=study.instances, found=found)
        return _exam(study, series, instances)

    def _one_study(self, study_uid: str) -> StudyRow | None:
        def read(values: Values) -> StudyRow:
            self._check_study(values, study_uid)
            return answers.study_row(values)

        rows = self._find(answers.study_identifier(study_uid), read)
        if len(set(rows)) > 1:
            raise self._misbehaved("pacs_contradicts", what="Study Instance UID")
        return rows[0] if rows else None

    def _series(self, study_uid: str) -> dict[str, SeriesRow]:
        def read(values: Values) -> SeriesRow:
            self._check_study(values, study_uid)
            return answers.series_row(values)

        found: dict[str, SeriesRow] = {}
        for row in self._find(answers.series_identifier(study_uid), read):
            if _UID_AS_FOUND.fullmatch(row.series.series_uid) is None:
                raise self._misbehaved("pacs_contradicts", what="Series Instance UID")
            found.setdefault(row.series.series_uid, row)
        return found

    def _instances(self, study_uid: str, series: dict[str, SeriesRow]) -> dict[str, dict[str, Instance]]:
        """Instances by series and SOP Instance UID.

        One query of the whole study, then one of each series that it left without any or with fewer than counted.
        """
        found: dict[str, dict[str, Instance]] = {}
        if series:
            self._keep(found, self._images_of_study(study_uid))
        for series_uid, expected in series.items():
            so_far = len(found.get(series_uid, ()))
            if not so_far or so_far < (expected.instances or 0):
                self._keep(found, self._images_of_series(study_uid, series_uid))
        series_of: dict[str, str] = {}
        for series_uid, instances in found.items():
            for sop_instance_uid in instances:
                if series_of.setdefault(sop_instance_uid, series_uid) != series_uid:
                    raise self._misbehaved("pacs_contradicts", what="SOP Instance UID")
        return found

    def _images_of_study(self, study_uid: str) -> Sequence[ImageRow]:
        """The answers of the relational query; none where the PACS refuses it or leaves the series out of them."""

        def read(values: Values) -> ImageRow:
            self._check_study(values, study_uid)
            return answers.image_row(values)

        try:
            rows = self._find(answers.image_identifier(study_uid), read)
        except PeerRefused as error:
            _log.info("pacs.relational_query_refused", pacs=self.settings.name, status=error.facts.get("status"))
            return ()
        return rows if all(row.series_uid for row in rows) else ()

    def _images_of_series(self, study_uid: str, series_uid: str) -> Sequence[ImageRow]:
        def read(values: Values) -> ImageRow:
            self._check_study(values, study_uid)
            row = answers.image_row(values)
            if row.series_uid != series_uid:
                raise self._misbehaved("pacs_other_series")
            return row

        return self._find(answers.image_identifier(study_uid, checked_uid(series_uid)), read)

    def _keep(self, found: dict[str, dict[str, Instance]], rows: Sequence[ImageRow]) -> None:
        """Add *rows*; an instance that is answered twice counts once."""
        for row in rows:
            instance = row.instance
            if _UID_AS_FOUND.fullmatch(instance.sop_instance_uid) is None:
                raise self._misbehaved("pacs_contradicts", what="SOP Instance UID")
            if not instance.sop_class_uid:
                raise PeerRefused("pacs_no_sop_class", pacs=self.settings.name)
            known = found.setdefault(row.series_uid, {}).setdefault(instance.sop_instance_uid, instance)
            if known.sop_class_uid != instance.sop_class_uid:
                raise self._misbehaved("pacs_contradicts", what="SOP Class UID")

    def _check_study(self, values: Values, study_uid: str) -> None:
        """An answer about another study ends the query at once: what follows may be the whole archive."""
        if text(values, answers.STUDY_UID) != study_uid:
            raise self._misbehaved("pacs_other_study")

    def _find(self, identifier: Dataset, read: Callable[[Values], T]) -> list[T]:
        rows, status = self._pool.run(QUERY, lambda requestor: requestor.find(identifier, read))
        if status != SUCCESS:
            raise failure(status, self.settings, f"C-FIND {identifier.QueryRetrieveLevel}")
        return rows

    def _misbehaved(self, code: str, **facts: str) -> PeerMisbehaved:
        return PeerMisbehaved(code, pacs=self.settings.name, **facts)


def _exam(study: StudyRow, series: dict[str, SeriesRow], instances: dict[str, dict[str, Instance]]) -> Exam:
    """Everything together, series and instances in the order of their numbers."""
    exam = study.exam
    if not exam.accession_number:
        agreed = answers.agreed_accession(series.values())
        if agreed is not None:
            exam = replace(exam, accession_number=agreed[0], accession_issuer=agreed[1] or exam.accession_issuer)
    whole = [
        replace(row.series, instances=tuple(sorted(instances.get(uid, {}).values(), key=_order)))
        for uid, row in series.items()
    ]
    whole.sort(key=lambda one: (one.number is None, one.number or 0, one.series_uid))
    return replace(exam, series=tuple(whole))


def _order(instance: Instance) -> tuple[bool, int, str]:
    return instance.number is None, instance.number or 0, instance.sop_instance_uid
