"""Do these two speak of the same patient, the same examination?

Publishing under the wrong patient is the one fault that cannot be taken back, so every rule here prefers to stop.
"""

from __future__ import annotations

from gateway.errors import InputRejected, Mismatch
from gateway.model.exam import Exam
from gateway.model.identifiers import INS_OIDS, Identifier
from gateway.model.people import Patient
from gateway.model.report import Report
from gateway.model.share import Pairing, Received
from gateway.model.site import Site


def sender_and_report(received: Received, report: Report) -> None:
    """The message around a report must not contradict it; raises InputRejected naming the field of the message.

    CI-SIS "Transmission d'un document CDA-R2 en HL7v2" wants PID-3 equal to the report's identifiers. Official
    messages list fewer in one of the two, so one shared pair is enough and a contradiction under one issuer is not.
    """
    stated = [i for i in received.patient_identifiers if i.root]
    if stated:
        known = set(report.patient.identifiers)
        if not known.intersection(stated) or _contradictory(stated, report.patient.identifiers):
            raise InputRejected("sender_patient_differs", place="PID^1^3")
    if _dates_differ(received.birth_date, report.patient.birth_date):
        raise InputRejected("sender_birth_date_differs", place="PID^1^7")
    if _sexes_differ(received.sex, report.patient.sex):
        raise InputRejected("sender_sex_differs", place="PID^1^8")
    if received.document_id and received.document_id not in (report.identifier.root, report.identifier.unique_id):
        raise InputRejected("sender_document_differs", place="TXA^1^12")


def report_and_exam(report: Report, exam: Exam, site: Site) -> Pairing:
    """The accession number under which *exam* is shared with *report*.

    The patient agrees when one (identifier, issuer) pair is shared, no national identity differs, and birth date and
    sex do not contradict; names are not judged. Only the PACS's own Patient ID takes the site's issuer when the PACS
    names none: an Other Patient ID without an issuer may come from anywhere. The accession number is the PACS's,
    of the study or of one of its requests, and must be one of the report's. Raises Mismatch with both values.
    """
    same_patient(report.patient, exam, site)
    modalities = tuple(sorted({series.modality for series in exam.series if series.modality}))
    return Pairing(study_uid=exam.study_uid, accession=_accession(report, exam, site), modalities=modalities)


def names_differ(patient: Patient, exam: Exam) -> bool:
    """Whether the family names have nothing in common; worth a warning, never a refusal."""
    stated = {_fold(name) for name in (patient.birth_family, patient.used_family) if name}
    return bool(stated and exam.patient_name) and _fold(exam.patient_name.partition("^")[0]) not in stated


def same_patient(patient: Patient, exam: Exam, site: Site) -> None:
    """Raises Mismatch (``patient_differs``, ``birth_date_differs``, ``sex_differs``) with both values."""
    issuer = exam.patient_id_issuer or site.patient_id_issuer
    theirs = [i for i in exam.other_patient_ids if i.root]
    if exam.patient_id:
        theirs.insert(0, Identifier(issuer, exam.patient_id))  # first, as a person reads it where they differ
    national = [i for i in theirs if i.root in INS_OIDS]
    shared = {one for one in theirs if one.root and one.extension}.intersection(patient.identifiers)
    if not shared or _contradictory(national, patient.identifiers):
        raise Mismatch(
            "patient_differs",
            report=", ".join(i.unique_id for i in patient.identifiers),
            pacs=", ".join(i.unique_id for i in theirs),
        )
    if _dates_differ(patient.birth_date, exam.patient_birth_date):
        raise Mismatch("birth_date_differs", report=patient.birth_date, pacs=exam.patient_birth_date)
    if _sexes_differ(patient.sex, exam.patient_sex):
        raise Mismatch("sex_differs", report=patient.sex, pacs=exam.patient_sex)


def _accession(report: Report, exam: Exam, site: Site) -> Identifier:
    """The first of the study's accession numbers that the report has; several requests may share one study."""
    stated = [Identifier(exam.accession_issuer, exam.accession_number), *(one.accession for one in exam.requests)]
    theirs = [Identifier(one.root or site.accession_issuer, one.extension or "") for one in stated if one.extension]
    if not theirs:
        raise Mismatch("accession_absent_in_pacs", study=exam.study_uid)
    for one in theirs:
        if one in report.accessions:
            return one
    raise Mismatch(
        "accession_differs",
        study=exam.study_uid,
        report=", ".join(i.unique_id for i in report.accessions),
        pacs=", ".join(dict.fromkeys(i.unique_id for i in theirs)),
    )


def _contradictory(ones: list[Identifier], others: tuple[Identifier, ...]) -> bool:
    """Whether some issuer is named on both sides and no value of it is shared."""
    for root in {i.root for i in ones} & {i.root for i in others}:
        if not {i for i in ones if i.root == root} & {i for i in others if i.root == root}:
            return True
    return False


def _dates_differ(one: str, other: str) -> bool:
    length = min(len(one), len(other), 8)
    return one[:length] != other[:length]


def _sexes_differ(one: str, other: str) -> bool:
    return {one[:1].upper(), other[:1].upper()} == {"M", "F"}


def _fold(name: str) -> str:
    import unicodedata

    letters = unicodedata.normalize("NFKD", name).upper()
    return "".join(c for c in letters if c.isalpha())
