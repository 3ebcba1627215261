"""What a PACS holds of a study: C-ECHO and C-FIND, Study Root, or QIDO-RS (DICOM PS3.4 annexes A and C, PS3.18 10.6).

A PACS's matching is not trusted: keys with a wildcard, a list or anything else but a UID never leave, and an answer
about another study, series or patient than asked condemns the whole conversation, for it says that the key was not
applied. An absent study is only what a final Success with no row says, on an association that still stands. A study
of which the PACS gives fewer instances than it counts itself is not whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog

from gateway.dicom import answers, keys
from gateway.dicom.answers import ImageRow, SeriesRow, StudyRow
from gateway.dicom.ask import FindQuestions, QidoQuestions, Questions, failure
from gateway.dicom.classes import SopClasses
from gateway.dicom.dicomweb import DicomWeb
from gateway.dicom.keys import checked_uid, is_uid_as_found
from gateway.dicom.missing import Missing
from gateway.dicom.network.association import SUCCESS, Requestor
from gateway.dicom.network.pool import Pool
from gateway.dicom.network.proposal import ECHO
from gateway.dicom.notes import Notes, ReceivedNotes, none_received, without_rejected
from gateway.dicom.retrieve import Retriever
from gateway.dicom.settings import PacsSettings
from gateway.dicom.spool import Spool
from gateway.dicom.values import Header, Values, text
from gateway.errors import PeerMisbehaved, PeerRefused, PeerUnreachable
from gateway.model.exam import Exam, Instance, KeyObjectNote

__all__ = ["PacsClient", "PacsSettings"]

_log = structlog.get_logger(__name__)
T = TypeVar("T")

_IDENTITY = keys.tags("PatientName", "PatientID", "AccessionNumber")
_AWAY = "UNAVAILABLE"
InstancesByUid = dict[str, Instance]


class PacsClient:
    """One PACS; implements :class:`gateway.flow.ports.Pacs`. May be used by several threads at once."""

    def __init__(
        self,
        settings: PacsSettings,
        pool: Pool | None = None,
        *,
        received: ReceivedNotes = none_received,
        spool: Spool | None = None,
    ) -> None:
        """*pool*: shared with others who talk to this PACS; *received*: the rejection notes that were sent for a study;
        *spool*: where C-MOVE delivers."""
        self.settings = settings
        self._pool = pool or Pool(settings)
        self._owns_pool = pool is None
        self._web = DicomWeb(settings) if settings.dicomweb_url else None
        self._questions: Questions = (
            QidoQuestions(settings, self._web)
            if self._web is not None and settings.query == "qido-rs"
            else FindQuestions(settings, self._pool)
        )
        retriever = Retriever(settings, self._pool, self._web, spool)
        self._classes = SopClasses(settings, self._web, retriever)
        self._missing = Missing(settings, retriever)
        self._notes = Notes(settings, retriever, received)

    def close(self) -> None:
        """Release every association and connection that is this client's own."""
        if self._owns_pool:
            self._pool.close()
        if self._web is not None:
            self._web.close()

    def echo(self) -> None:
        """C-ECHO; raises PeerUnreachable, PeerRefused or PeerMisbehaved."""
        status = self._pool.run(ECHO, Requestor.echo)
        if status != SUCCESS:
            raise failure(status, self.settings, "C-ECHO")

    def ask_web(self) -> None:
        """A QIDO-RS query for a study that nobody has; raises as :meth:`study`, and at once without an address."""
        if self._web is not None:
            QidoQuestions(self.settings, self._web).ask(keys.study_keys("2.25.0"), text_of_study)

    def study(self, study_uid: str) -> Exam | None:
        """The study with its series and instances, or None when the PACS surely does not have it.

        Raises InputRejected for a key that is not a UID, PeerUnreachable when an answer did not come or is not whole
        yet, PeerRefused when the PACS says no, PeerMisbehaved when it answers another question or contradicts itself.
        """
        checked_uid(study_uid)
        study = self._one_study(study_uid)
        if study is None:
            return None
        series = self._series(study)
        instances = self._instances(study, series)
        if instances.keys() - series.keys():
            # Images of a series that came between the two queries.
            series = self._series(study)
            instances = self._instances(study, series)
            if instances.keys() - series.keys():
                raise self._misbehaved("pacs_other_series")
        self._check_counts(study, series, instances)
        self._check_availability(study, series)
        if not study.tells_issuers:
            study = self._missing.issuers(study, instances)
        if not study.exam.accession_number and not answers.all_requests(series.values()):
            series = self._missing.requests(study_uid, series, instances)
        notes = self._notes.of(study_uid, instances)
        return _exam(study, series, without_rejected(instances, notes), notes)

    def _one_study(self, study_uid: str) -> StudyRow | None:
        def read(values: Header) -> StudyRow:
            self._check_study(values, study_uid)
            self._check_text(values)
            return answers.study_row(values)

        rows = self._questions.ask(keys.study_keys(study_uid, self.settings.request_character_set), read)
        if len(set(rows)) > 1:
            raise self._misbehaved("pacs_contradicts", what="Study Instance UID")
        return rows[0] if rows else None

    def _series(self, study: StudyRow) -> dict[str, SeriesRow]:
        study_uid = study.exam.study_uid

        def read(values: Header) -> SeriesRow:
            self._check_study(values, study_uid)
            row = answers.series_row(values)
            self._check_patient(row.patient_id, study)
            return row

        found: dict[str, SeriesRow] = {}
        for row in self._questions.ask(keys.series_keys(study_uid, self.settings.request_character_set), read):
            if not is_uid_as_found(row.series.series_uid):
                raise self._misbehaved("pacs_contradicts", what="Series Instance UID")
            known = found.setdefault(row.series.series_uid, row)
            if known.series.modality != row.series.modality:
                raise self._misbehaved("pacs_contradicts", what="Modality")
        return found

    def _instances(self, study: StudyRow, series: dict[str, SeriesRow]) -> dict[str, InstancesByUid]:
        """Instances by series and SOP Instance UID.

        One query of the whole study, then one of each series that it left without any or with fewer than counted.
        """
        rows = list(self._images_of_study(study)) if series and self.settings.relational != "no" else []
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.series_uid] = counts.get(row.series_uid, 0) + 1
        for series_uid, expected in series.items():
            if counts.get(series_uid, 0) < max(1, expected.instances or 0):
                rows += self._images_of_series(study, series_uid)
        for row in rows:
            if not is_uid_as_found(row.instance.sop_instance_uid):
                raise self._misbehaved("pacs_contradicts", what="SOP Instance UID")
        return self._by_series(self._classes.completed(study.exam.study_uid, rows))

    def _images_of_study(self, study: StudyRow) -> Sequence[ImageRow]:
        """The answers of the relational query; none where the PACS refuses it or leaves the series out of them."""
        read = self._image_reader(study)
        identifier = keys.image_keys(study.exam.study_uid, character_set=self.settings.request_character_set)
        try:
            rows = self._questions.ask(identifier, read)
        except PeerRefused as error:
            _log.info("pacs.relational_query_refused", pacs=self.settings.name, status=error.facts.get("status"))
            return ()
        return rows if all(row.series_uid for row in rows) else ()

    def _images_of_series(self, study: StudyRow, series_uid: str) -> Sequence[ImageRow]:
        read_image = self._image_reader(study)

        def read(values: Header) -> ImageRow:
            row = read_image(values)
            if row.series_uid != series_uid:
                raise self._misbehaved("pacs_other_series")
            return row

        identifier = keys.image_keys(study.exam.study_uid, checked_uid(series_uid), self.settings.request_character_set)
        return self._questions.ask(identifier, read)

    def _image_reader(self, study: StudyRow) -> Callable[[Header], ImageRow]:
        study_uid = study.exam.study_uid

        def read(values: Header) -> ImageRow:
            self._check_study(values, study_uid)
            row = answers.image_row(values)
            if row.patient_id:
                self._check_patient(row.patient_id, study)
            return row

        return read

    def _by_series(self, rows: Sequence[ImageRow]) -> dict[str, InstancesByUid]:
        """Rows in order; an instance that is answered twice counts once."""
        found: dict[str, InstancesByUid] = {}
        series_of: dict[str, str] = {}
        for row in rows:
            instance = row.instance
            known = found.setdefault(row.series_uid, {}).setdefault(instance.sop_instance_uid, instance)
            if known.sop_class_uid != instance.sop_class_uid:
                raise self._misbehaved("pacs_contradicts", what="SOP Class UID")
            if series_of.setdefault(instance.sop_instance_uid, row.series_uid) != row.series_uid:
                raise self._misbehaved("pacs_contradicts", what="SOP Instance UID")
        return found

    # What is not believed

    def _check_study(self, values: Header, study_uid: str) -> None:
        """An answer about another study ends the query at once: what follows may be the whole archive."""
        if text(values, keys.STUDY_UID) != study_uid:
            raise self._misbehaved("pacs_other_study")

    def _check_patient(self, patient_id: str, study: StudyRow) -> None:
        if patient_id and patient_id != study.exam.patient_id:
            raise self._misbehaved("pacs_other_patient")

    def _check_text(self, values: Header) -> None:
        """Text that names a patient or an examination must be in its character set."""
        if isinstance(values, Values):
            for tag in _IDENTITY:
                if values.is_misread(tag):
                    raise self._misbehaved("pacs_wrong_character_set", declared=text(values, keys.CHARACTER_SET))

    def _check_counts(self, study: StudyRow, series: dict[str, SeriesRow], found: dict[str, InstancesByUid]) -> None:
        """Fewer instances than the PACS counts itself: it limits its answers, or the study is growing."""
        if not self.settings.count_instances:
            return
        expected = study.instances or 0
        got = sum(map(len, found.values()))
        short = next((uid for uid, row in series.items() if len(found.get(uid, ())) < (row.instances or 0)), None)
        if short is not None:
            expected, got = series[short].instances or 0, len(found.get(short, ()))
        if got < expected:
            raise PeerUnreachable("pacs_answers_short", pacs=self.settings.name, declared=str(expected), found=str(got))

    def _check_availability(self, study: StudyRow, series: dict[str, SeriesRow]) -> None:
        told = [study.availability, *(row.availability for row in series.values())]
        if _AWAY in told:
            raise PeerUnreachable("pacs_not_available", pacs=self.settings.name)

    def _misbehaved(self, code: str, **facts: str) -> PeerMisbehaved:
        return PeerMisbehaved(code, pacs=self.settings.name, **facts)


def text_of_study(values: Header) -> str:
    """The Study Instance UID of an answer."""
    return text(values, keys.STUDY_UID)


def _exam(
    study: StudyRow,
    series: dict[str, SeriesRow],
    instances: dict[str, InstancesByUid],
    notes: tuple[KeyObjectNote, ...],
) -> Exam:
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
    return replace(exam, series=tuple(whole), requests=answers.all_requests(series.values()), notes=notes)


def _order(instance: Instance) -> tuple[bool, int, str]:
    return instance.number is None, instance.number or 0, instance.sop_instance_uid
