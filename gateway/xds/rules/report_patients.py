"""Who the patient of a CDA document is by its header, against its entry: ids, names, birth, sex, place of birth.

Sources: ITI TF-3 sections 4.2.3.2.16, 4.2.3.2.22, 4.2.3.2.23; CI-SIS "Transmission d'un document CDA-R2 en HL7v2",
mapping XDS (recordTarget).
"""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from gateway.model.finding import Severity
from gateway.model.identifiers import INS_OIDS
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, names, values
from gateway.xds.rules.objects import Thing
from gateway.xds.rules.rule import ERROR, TF3, WARNING, Findings, rule

REPORT_PATIENT = rule(
    "report.patient",
    ERROR,
    f"{TF3} 4.2.3.2.16, 4.2.3.2.22; CI-SIS, mapping XDS",
    "Le patient de la fiche (« {value} ») n'est pas celui du document CDA ({expected}).",
    "The patient of the entry (“{value}”) is not that of the CDA document ({expected}).",
)
REPORT_TRAITS = rule(
    "report.traits",
    ERROR,
    f"{TF3} 4.2.3.2.23; CI-SIS, mapping XDS (recordTarget)",
    "sourcePatientInfo dit « {value} » ; le document CDA dit {expected}.",
    "sourcePatientInfo says “{value}”; the CDA document says {expected}.",
)
REPORT_NAME = rule(
    "report.name",
    WARNING,
    f"{TF3} 4.2.3.2.23; CI-SIS, mapping XDS (recordTarget)",
    "PID-5 de sourcePatientInfo (« {value} ») n'est pas un nom du patient du document CDA ({expected}).",
    "PID-5 of sourcePatientInfo (“{value}”) is not a name of the patient in the CDA document ({expected}).",
)
_CDA = "{urn:hl7-org:v3}"
_COUNTY = f"{_CDA}birthplace/{_CDA}place/{_CDA}addr/{_CDA}county"
"""The INSEE code of the place of birth (CI-SIS)."""


def check(entry: Thing, root: etree._Element, findings: Findings, *, french: bool) -> None:
    """The patient in the header *root* of the document of *entry*."""
    for stated in dict.fromkeys((entry.identifier(c.ENTRY_PATIENT_ID), entry.value("sourcePatientId"))):
        number, domain = hl7_values.cx_key(stated)
        same = _numbers(root, domain)
        if domain and same and number not in same:
            findings.add(REPORT_PATIENT, entry.element, value=stated, expected=", ".join(same))
    patient = root.find(f"{_CDA}recordTarget/{_CDA}patientRole/{_CDA}patient")
    if patient is not None:
        _traits(entry, patient, findings, ERROR if french else None)


def _traits(entry: Thing, patient: etree._Element, findings: Findings, severity: Severity | None) -> None:
    """Names, birth date, sex and place of birth, where both say them."""
    families, givens = _texts(patient, "name", "family"), _texts(patient, "name", "given")
    for other, known in (
        (names.of_another(entry, families), families),
        (names.of_another_given(entry, givens), givens),
    ):
        if other:
            told = ", ".join(dict.fromkeys(known))
            findings.add(REPORT_NAME, other.element, value=other.text, expected=told, severity=severity)
    birth, gender = patient.find(f"{_CDA}birthTime"), patient.find(f"{_CDA}administrativeGenderCode")
    born = birth.get("value", "")[:8] if birth is not None else ""
    sex = gender.get("code", "") if gender is not None else ""
    place = (patient.findtext(_COUNTY) or "").strip()
    for one in entry.values.get("sourcePatientInfo", ()):
        number, told = hl7_values.field_of(one.text) or (0, "")
        if number == 7 and values.is_dtm(born) and values.is_dtm(told) and not values.same_moment(told[:8], born):
            findings.add(REPORT_TRAITS, one.element, value=one.text, expected=born)
        if number == 8 and {told, sex} == {"M", "F"}:
            findings.add(REPORT_TRAITS, one.element, value=one.text, expected=sex)
        parts = told.split("^")
        if number == 11 and place and len(parts) > 8 and parts[6] in ("BDL", "BR") and parts[8] not in ("", place):
            findings.add(REPORT_TRAITS, one.element, value=one.text, expected=place, severity=severity or WARNING)


def _texts(element: etree._Element, *path: str) -> list[str]:
    found = element.iterfind("/".join(f"{_CDA}{step}" for step in path))
    return [text for one in found if (text := "".join(map(str, one.itertext())).strip())]


def _numbers(root: etree._Element, domain: str) -> list[str]:
    """The patient's ids in *domain*; for a national identity, whichever of its OIDs it is under."""
    roles = (
        role
        for target in root.iterchildren(f"{_CDA}recordTarget")
        for role in target.iterchildren(f"{_CDA}patientRole")
    )
    ids = [(one.get("root", ""), one.get("extension", "")) for role in roles for one in role.iterchildren(f"{_CDA}id")]
    wanted: Callable[[str], bool] = (lambda oid: oid in INS_OIDS) if domain in INS_OIDS else (lambda oid: oid == domain)
    return [extension for oid, extension in ids if extension and wanted(oid)]
