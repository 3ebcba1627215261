"""What a CDA document says of itself in its header, against its entry, as the CI-SIS maps one to the other.

Sources: ITI TF-3 sections 4.2.3.2.6, 4.2.3.2.13, 4.2.3.2.16, 4.2.3.2.19, 4.2.3.2.24 to 4.2.3.2.26; HL7 CDA R2; CI-SIS
"Transmission d'un document CDA-R2 en HL7v2", mapping XDS.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from lxml import etree

from gateway.errors import GatewayError
from gateway.model.finding import Severity
from gateway.model.identifiers import INS_OIDS
from gateway.model.times import Timestamp
from gateway.trust import safexml
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, values
from gateway.xds.rules.objects import Thing
from gateway.xds.rules.rule import ERROR, TF3, WARNING, Findings, rule

REPORT_MALFORMED = rule(
    "report.malformed",
    ERROR,
    f"{TF3} table 4.2.4.1-2 (InvalidDocumentContent)",
    "Le document XML de la fiche « {value} » est mal formé.",
    "The XML document of the entry “{value}” is malformed.",
)
REPORT_ID = rule(
    "report.unique-id",
    ERROR,
    f"{TF3} 4.2.3.2.26 (root^extension)",
    "uniqueId « {value} » n'est pas l'id du document CDA, {expected}.",
    "uniqueId “{value}” is not the id of the CDA document, {expected}.",
)
REPORT_TYPE = rule(
    "report.type",
    ERROR,
    f"{TF3} 4.2.3.2.25; CI-SIS, mapping XDS",
    "typeCode « {value} » n'est pas le code du document CDA, {expected}.",
    "typeCode “{value}” is not the code of the CDA document, {expected}.",
)
REPORT_PATIENT = rule(
    "report.patient",
    ERROR,
    f"{TF3} 4.2.3.2.16; CI-SIS, mapping XDS",
    "Le patient de la fiche (« {value} ») n'est pas celui du document CDA ({expected}).",
    "The patient of the entry (“{value}”) is not that of the CDA document ({expected}).",
)
REPORT_LANGUAGE = rule(
    "report.language",
    ERROR,
    f"{TF3} 4.2.3.2.13; CI-SIS, mapping XDS",
    "languageCode « {value} » n'est pas la langue du document CDA, {expected}.",
    "languageCode “{value}” is not the language of the CDA document, {expected}.",
)
REPORT_CREATED = rule(
    "report.creation-time",
    ERROR,
    f"{TF3} 4.2.3.2.6; CI-SIS, mapping XDS (effectiveTime)",
    "creationTime « {value} » n'est pas effectiveTime du document CDA en UTC, {expected}.",
    "creationTime “{value}” is not effectiveTime of the CDA document in UTC, {expected}.",
)
REPORT_SERVICE = rule(
    "report.service-time",
    ERROR,
    f"{TF3} 4.2.3.2.19; CI-SIS, mapping XDS (serviceEvent/effectiveTime)",
    "serviceStartTime « {value} » n'est le début d'aucun acte du document CDA en UTC ({expected}).",
    "serviceStartTime “{value}” is the beginning of no act of the CDA document in UTC ({expected}).",
)
REPORT_TITLE = rule(
    "report.title",
    WARNING,
    f"{TF3} 4.2.3.2.24; CI-SIS, mapping XDS (title)",
    "title « {value} » n'est pas le titre du document CDA, « {expected} ».",
    "title “{value}” is not the title of the CDA document, “{expected}”.",
)

_CDA = "{urn:hl7-org:v3}"


def check(entry: Thing, data: bytes, findings: Findings, *, french: bool) -> None:
    """The XML *data* of *entry*: well formed, and where it is CDA, its header."""
    try:
        root = safexml.parse(data)
    except GatewayError:
        findings.add(REPORT_MALFORMED, entry.element, value=entry.id)
        return
    if root.tag == f"{_CDA}ClinicalDocument":
        _report(entry, root, findings, french=french)


def _report(entry: Thing, root: etree._Element, findings: Findings, *, french: bool) -> None:
    """The header of a CDA document against its entry, as the CI-SIS maps one to the other."""
    identifier = root.find(f"{_CDA}id")
    severity = None if french else WARNING
    if identifier is not None and identifier.get("root"):
        expected = identifier.get("root", "") + (
            f"^{identifier.get('extension')}" if identifier.get("extension") else ""
        )
        stated = entry.identifier(c.ENTRY_UNIQUE_ID)
        if stated and "-" not in expected.partition("^")[0] and stated != expected:
            findings.add(REPORT_ID, entry.element, value=stated, expected=expected, attribute="DocumentEntry.uniqueId")
    code, stated_code = root.find(f"{_CDA}code"), entry.code(c.ENTRY_TYPE)
    if code is not None and code.get("code") and stated_code and stated_code.code != code.get("code"):
        expected = code.get("code", "")
        findings.add(REPORT_TYPE, stated_code.element, value=stated_code.code, expected=expected, severity=severity)
    number, domain = hl7_values.cx_key(entry.identifier(c.ENTRY_PATIENT_ID))
    same = _patients(root, domain)
    if domain and same and number not in same:
        stated = entry.identifier(c.ENTRY_PATIENT_ID)
        findings.add(REPORT_PATIENT, entry.element, value=stated, expected=", ".join(same))
    language = root.find(f"{_CDA}languageCode")
    told = entry.value("languageCode")
    if language is not None and language.get("code") and told and told.lower() != language.get("code", "").lower():
        expected = language.get("code", "")
        findings.add(REPORT_LANGUAGE, entry.element, value=told, expected=expected, severity=severity)

    _report_times(entry, root, findings, severity)
    title, told = root.findtext(f"{_CDA}title") or "", entry.text("Name")
    if title.strip() and told and not " ".join(title.split()).startswith(" ".join(told.split())):
        findings.add(REPORT_TITLE, entry.element, value=told, expected=" ".join(title.split()))


def _report_times(entry: Thing, root: etree._Element, findings: Findings, severity: Severity | None) -> None:
    """Times that the document writes with their zone, in UTC; those without one are left alone."""
    created = entry.value("creationTime")
    expected = _utc(root.find(f"{_CDA}effectiveTime"))
    if expected and values.is_dtm(created) and not _same_moment(created, expected):
        findings.add(REPORT_CREATED, entry.element, value=created, expected=expected, severity=severity)
    lows = root.iterfind(f"{_CDA}documentationOf/{_CDA}serviceEvent/{_CDA}effectiveTime/{_CDA}low")
    begun = [moment for low in lows if (moment := _utc(low))]
    start = entry.value("serviceStartTime")
    if begun and values.is_dtm(start) and not any(_same_moment(start, moment) for moment in begun):
        told = ", ".join(begun)
        findings.add(REPORT_SERVICE, entry.element, value=start, expected=told, severity=severity)


def _utc(element: etree._Element | None) -> str:
    text = element.get("value", "") if element is not None else ""
    try:
        time = Timestamp.parse(text)
        return time.dtm(UTC) if time.moment.tzinfo is not None else ""
    except (ValueError, OverflowError):
        return ""


def _same_moment(one: str, other: str) -> bool:
    """Equal as far as both are precise."""
    common = min(len(one), len(other))
    return one[:common] == other[:common]


def _patients(root: etree._Element, domain: str) -> list[str]:
    """The patient's ids in *domain*; for a national identity, whichever of its OIDs it is under."""
    roles = (
        role
        for target in root.iterchildren(f"{_CDA}recordTarget")
        for role in target.iterchildren(f"{_CDA}patientRole")
    )
    ids = [(one.get("root", ""), one.get("extension", "")) for role in roles for one in role.iterchildren(f"{_CDA}id")]
    wanted: Callable[[str], bool] = (lambda oid: oid in INS_OIDS) if domain in INS_OIDS else (lambda oid: oid == domain)
    return [extension for oid, extension in ids if extension and wanted(oid)]
