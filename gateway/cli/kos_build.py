"""What ``gateway kos build`` takes from the settings and the PACS, where a share has a report to take it from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import InputRejected, Mismatch
from gateway.model.exam import Exam
from gateway.model.identifiers import INS_NIR, INS_TEST, Identifier
from gateway.model.people import Patient
from gateway.model.site import Site

if TYPE_CHECKING:
    from gateway.wiring.house import House


def site_of(house: House, pacs: str, name: str) -> Site:
    """The site *name*, or the only one there is for *pacs*; raises InputRejected."""
    if pacs not in house.settings.pacs:
        raise InputRejected("kos_build_pacs", place="--pacs", value=pacs, known=", ".join(house.settings.pacs))
    tables = house.settings.site
    ours = [key for key, table in tables.items() if pacs in table.pacs_names or not table.pacs_names]
    chosen = [name] if name in tables else ours if not name else []
    if len(chosen) != 1:
        raise InputRejected("kos_build_site", place="--site", known=", ".join(ours or tables))
    return house.sites[chosen[0]]


def accession_of(exam: Exam, site: Site, stated: str) -> Identifier:
    """The accession number: *stated*, the study's, or the one of its requests; raises Mismatch when none is known."""
    issuer = exam.accession_issuer or site.accession_issuer
    if stated:
        return Identifier(issuer, stated)
    if exam.accession_number:
        return Identifier(issuer, exam.accession_number)
    for request in exam.requests:
        if request.accession.extension:
            return Identifier(request.accession.root or issuer, request.accession.extension)
    raise Mismatch("accession_absent_in_pacs", study=exam.study_uid)


def patient_of(exam: Exam, site: Site, ins: str, *, production: bool) -> Patient:
    """The patient as the PACS names them, with the national identity *ins* where one is given."""
    family, _, given = exam.patient_name.partition("^")
    identifiers = exam.other_patient_ids
    if exam.patient_id:
        identifiers = (Identifier(exam.patient_id_issuer or site.patient_id_issuer, exam.patient_id), *identifiers)
    if ins:
        identifiers = (Identifier(INS_NIR if production else INS_TEST, ins), *identifiers)
    return Patient(
        identifiers=identifiers,
        birth_family=family,
        birth_given=given.partition("^")[0],
        birth_date=exam.patient_birth_date,
        sex=exam.patient_sex,
    )
