"""The patient of a manifest (DICOM PS3.3 C.7.1.1), by the national identity or by the PACS's own number."""

from __future__ import annotations

from gateway.errors import Mismatch
from gateway.kos import tags
from gateway.kos.elements import Attributes, entity
from gateway.model.exam import Exam
from gateway.model.identifiers import INS_NIA, INS_OIDS, Identifier
from gateway.model.people import Patient
from gateway.model.site import Site

_INS_ISSUER = {INS_NIA: "ASIP-SANTE-INS-NIA"}
_INS_ISSUER_DEFAULT = "ASIP-SANTE-INS-NIR"
"""Local name of the issuer, beside its OID; the official samples use that of the NIR for test identities too."""


def put_patient(dataset: Attributes, exam: Exam, patient: Patient, site: Site, *, dmp: bool, repeat: bool) -> None:
    """The patient module; for ``dmp`` the traits of the report and its INS first, else those of the PACS.

    *repeat* says the identifier of Patient ID again among the others, as IHE MADO wants it. Raises Mismatch when
    ``dmp`` has no INS, and when an identifier cannot be written.
    """
    local = Identifier(exam.patient_id_issuer or site.patient_id_issuer, exam.patient_id) if exam.patient_id else None
    if dmp:
        if patient.ins is None:
            raise Mismatch("manifest_without_ins", study=exam.study_uid)
        others = (*((local,) if local else ()), *patient.local_identifiers)
        _put_identifiers(dataset, patient.ins, others, repeat=repeat)
        _put_traits(dataset, _name(patient), patient.birth_date, patient.sex)
        _put_national_extras(dataset, patient)
    else:
        _put_identifiers(dataset, local, (patient.ins,) if patient.ins else (), repeat=repeat)
        _put_traits(
            dataset,
            exam.patient_name or _name(patient),
            exam.patient_birth_date or patient.birth_date,
            exam.patient_sex or patient.sex,
        )


def _put_identifiers(
    dataset: Attributes, first: Identifier | None, others: tuple[Identifier, ...], *, repeat: bool
) -> None:
    dataset.key(tags.PATIENT_ID, "LO", (first.extension or "") if first else "")
    if first:
        _put_issuer(dataset, first)
    items = []
    for identifier in dict.fromkeys((first, *others) if repeat else others):
        if identifier and identifier.extension and (repeat or identifier != first):
            item = Attributes()
            item.key(tags.PATIENT_ID, "LO", identifier.extension)
            item.put(tags.TYPE_OF_PATIENT_ID, "CS", "TEXT")
            _put_issuer(item, identifier)
            items.append(item)
    if items:
        dataset.items(tags.OTHER_PATIENT_IDS_SEQUENCE, items)


def _put_issuer(dataset: Attributes, identifier: Identifier) -> None:
    if identifier.root in INS_OIDS:
        dataset.put(tags.ISSUER_OF_PATIENT_ID, "LO", _INS_ISSUER.get(identifier.root, _INS_ISSUER_DEFAULT))
    if identifier.root:
        dataset.items(tags.ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE, [entity(identifier.root)])


def _put_traits(dataset: Attributes, name: str, birth_date: str, sex: str) -> None:
    dataset.words(tags.PATIENT_NAME, "PN", name)
    dataset.date(tags.PATIENT_BIRTH_DATE, birth_date)
    dataset.put(tags.PATIENT_SEX, "CS", sex if sex in ("M", "F", "O") else "")


def _put_national_extras(dataset: Attributes, patient: Patient) -> None:
    """The used name, and the INSEE code of the birth place where DRIM-M manifests carry it."""
    used = f"{_component(patient.used_family)}^{_component(patient.used_given or patient.given)}"
    if patient.used_family and used != _name(patient):
        dataset.words(tags.OTHER_PATIENT_NAMES, "PN", used)
    if patient.birth_place:
        dataset.words(tags.PATIENT_COMMENTS, "LT", patient.birth_place)


def _name(patient: Patient) -> str:
    return f"{_component(patient.family)}^{_component(patient.given)}"


def _component(text: str) -> str:
    """A component of a PN holds no separator of components or of groups (PS3.5 section 6.2)."""
    return text.replace("^", " ").replace("=", " ")
