"""Whose images these are: the PACS's words beside those of the report that led there.

The report states the INS traits (birth name, used name) and whether the identity is qualified; the PACS may not. Where
the two contradict each other the reader is told, for images of somebody else are worse than none.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import structlog
from flask_babel import gettext

from gateway.cda.read import read_document
from gateway.errors import GatewayError
from gateway.model.exam import Exam
from gateway.model.people import Patient
from gateway.model.report import Reliability
from gateway.trust import safexml
from gateway.web.parts import WebParts

_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
_TEXT = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a report says of its patient."""

    patient: Patient
    reliability: Reliability


def stated(parts: WebParts, report_id: str) -> Stated | None:
    """The identity in the report, or None where the report is not here or cannot be read."""
    if parts.content is None:
        return None
    try:
        report = parts.store.report(report_id)
        root = safexml.parse(parts.content(report.digest))
        return Stated(read_document(root).patient, report.statements.reliability)
    except GatewayError as error:
        log.warning("viewer.report_unread", code=error.code)
        return None


def identity(exam: Exam, told: Stated | None) -> dict[str, object]:
    """The banner's facts: names, sex, birth date, INS status, and whether report and PACS contradict each other."""
    facts: dict[str, object] = {
        "name": person_name(exam.patient_name),
        "birth_date": iso(exam.patient_birth_date),
        "sex": exam.patient_sex if exam.patient_sex in ("F", "M") else "",
        "birth_name": "",
        "used_name": "",
        "ins": "",
        "differs": False,
    }
    if told is None:
        return facts
    patient = told.patient
    birth = " ".join(part for part in (patient.birth_family, patient.birth_given) if part)[:_TEXT]
    used = " ".join(part for part in (patient.used_family, patient.used_given) if part)[:_TEXT]
    facts["birth_name"] = birth
    facts["used_name"] = used if _plain(used) != _plain(birth) else ""
    facts["name"] = facts["name"] or birth or used
    facts["birth_date"] = facts["birth_date"] or iso(patient.birth_date)
    facts["sex"] = facts["sex"] or (patient.sex if patient.sex in ("F", "M") else "")
    facts["ins"] = ins_status(told)
    facts["differs"] = differs(exam, patient)
    return facts


def ins_status(told: Stated) -> str:
    """How sure the identity is, in the reader's language; nothing where the report does not say."""
    labels: dict[Reliability, str] = {
        Reliability.QUALIFIED: gettext("INS qualifiée"),
        Reliability.PROVISIONAL: gettext("INS provisoire"),
        Reliability.DOUBTFUL: gettext("Identité douteuse"),
        Reliability.FICTITIOUS: gettext("Identité fictive"),
    }
    if told.reliability in labels:
        return labels[told.reliability]
    return str(gettext("INS dans le compte rendu") if told.patient.ins is not None else gettext("Sans INS"))


def differs(exam: Exam, patient: Patient) -> bool:
    """Whether birth date or sex contradict each other, or no family name of one is a name of the other.

    Names are compared without accents, case and punctuation: PACS often hold them so.
    """
    if exam.patient_birth_date and patient.birth_date and exam.patient_birth_date.strip() != patient.birth_date[:8]:
        return len(patient.birth_date) >= 8
    if exam.patient_sex in ("F", "M") and patient.sex in ("F", "M") and exam.patient_sex != patient.sex:
        return True
    pacs = _plain(exam.patient_name.split("^")[0])
    families = {_plain(one) for one in (patient.birth_family, patient.used_family, patient.spouse_family) if one}
    return bool(pacs and families) and not any(one in pacs or pacs in one for one in families)


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.casefold())
    return "".join(one for one in letters if one.isalnum())


def person_name(name: str) -> str:
    """A DICOM PN as people read it: prefix, family, given, middle, suffix (PS3.5 section 6.2.1.2)."""
    family, given, middle, prefix, suffix = ([part.strip() for part in name.split("^")] + [""] * 5)[:5]
    return " ".join(part for part in (prefix, family, given, middle, suffix) if part)[:_TEXT]


def iso(date: str) -> str:
    """``YYYY-MM-DD`` of a DICOM or HL7 date, nothing for any other."""
    match = _DATE.fullmatch(date.strip()[:8])
    return "-".join(match.groups()) if match else ""
