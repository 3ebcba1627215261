"""What a PACS leaves out of its answers and one of the instances tells: issuers, and the requests of the series.

C-FIND need not answer sequences (DICOM PS3.4 tables C.6-5 and following: all optional), and a manifest without issuers
could be taken for another site's. An instance is retrieved only where the answer lacked the attribute altogether.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from gateway.dicom import answers
from gateway.dicom.answers import SeriesRow, StudyRow
from gateway.dicom.retrieve import InstanceKey, Retriever
from gateway.dicom.settings import PacsSettings
from gateway.dicom.values import Header
from gateway.errors import InputRejected, PeerRefused
from gateway.model.exam import Instance

_log = structlog.get_logger(__name__)
Instances = Mapping[str, Mapping[str, Instance]]


class Missing:
    """Asks instances of one PACS. May be used by several threads at once.

    Both methods raise PeerUnreachable and PeerMisbehaved; what the PACS does not give tells nothing.
    """

    def __init__(self, settings: PacsSettings, retriever: Retriever) -> None:
        self._settings = settings
        self._retriever = retriever

    def issuers(self, study: StudyRow, instances: Instances) -> StudyRow:
        """*study* with the issuers that its first instance names, where the identifiers are the same."""
        first = next((uid for uid, found in instances.items() if found), "")
        header = self._header(study.exam.study_uid, first, instances)
        if header is None:
            return study
        exam, told = study.exam, answers.study_row(header).exam
        if told.patient_id == exam.patient_id:
            exam = replace(
                exam,
                patient_id_issuer=exam.patient_id_issuer or told.patient_id_issuer,
                other_patient_ids=exam.other_patient_ids or told.other_patient_ids,
            )
        if told.accession_number == exam.accession_number:
            exam = replace(exam, accession_issuer=exam.accession_issuer or told.accession_issuer)
        return replace(study, exam=exam)

    def requests(self, study_uid: str, series: Mapping[str, SeriesRow], instances: Instances) -> dict[str, SeriesRow]:
        """*series* with the requests that one instance of each names.

        Request Attributes Sequence is of the series (PS3.3 C.7.3.1), so any of its instances tells.
        """
        found = dict(series)
        for series_uid, row in series.items():
            header = self._header(study_uid, series_uid, instances)
            if header is not None:
                found[series_uid] = replace(row, requests=answers.series_row(header).requests)
        return found

    def _header(self, study_uid: str, series_uid: str, instances: Instances) -> Header | None:
        one = next(iter(instances.get(series_uid, {}).values()), None)
        if one is None:
            return None
        try:
            return self._retriever.header(InstanceKey(study_uid, series_uid, one.sop_class_uid, one.sop_instance_uid))
        except (PeerRefused, InputRejected) as error:
            _log.info("pacs.header_not_given", pacs=self._settings.name, code=error.code)
            return None
