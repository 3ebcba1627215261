"""What a CDA document says of itself in its header, against its entry, as the CI-SIS maps one to the other.

Sources: ITI TF-3 sections 4.2.3.2.6, 4.2.3.2.13, 4.2.3.2.16, 4.2.3.2.19, 4.2.3.2.24 to 4.2.3.2.26; HL7 CDA R2; CI-SIS
"Transmission d'un document CDA-R2 en HL7v2", mapping XDS.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from lxml import etree

from gateway import valuesets
from gateway.errors import GatewayError
from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_STUDY
from gateway.model.finding import Severity
from gateway.model.identifiers import INS_OIDS
from gateway.model.times import Timestamp
from gateway.trust import safexml
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, names, values
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
REPORT_REFERENCE = rule(
    "report.reference",
    WARNING,
    f"{TF3} 4.2.3.2.28; CI-SIS Partage d'examen d'imagerie (003), tables 12 à 14",
    "referenceIdList donne « {value} », que le document CDA ne donne pas ({expected}).",
    "referenceIdList gives “{value}”, which the CDA document does not give ({expected}).",
)
REPORT_EVENTS = rule(
    "report.events",
    ERROR,
    f"{TF3} 4.2.3.2.8; CI-SIS Partage d'examen d'imagerie (003), tables 12 à 14; IMG-CR-IMG 2024.01 section 3.2",
    "eventCodeList donne « {value} » ; aucun acte du document CDA n'est de ceux-là ({expected}).",
    "eventCodeList gives “{value}”; no act of the CDA document is one of those ({expected}).",
)
REPORT_FORMAT = rule(
    "report.format",
    ERROR,
    f"{TF3} 4.2.3.2.9, 5.2 (XDS-SD); ASS_A11_CorresModeleCDA_XdsFormatCode_CISIS",
    "formatCode « {value} » ne va pas avec le corps du document CDA ({expected}).",
    "formatCode “{value}” does not go with the body of the CDA document ({expected}).",
)
REPORT_TITLE = rule(
    "report.title",
    WARNING,
    f"{TF3} 4.2.3.2.24; CI-SIS, mapping XDS (title)",
    "title « {value} » n'est pas le titre du document CDA, « {expected} ».",
    "title “{value}” is not the title of the CDA document, “{expected}”.",
)

STRUCTURED = "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"
_CDA = "{urn:hl7-org:v3}"
PS3_20 = "{urn:dicom-org:ps3-20}"
"""Of the DICOM extension that holds the accession number (DICOM PS3.20 section 8)."""


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
    _traits(entry, root, findings, french=french)
    _references(entry, root, findings, french=french)
    _events(entry, root, findings, severity)
    _body(entry, root, findings)
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


def _references(entry: Thing, root: etree._Element, findings: Findings, *, french: bool) -> None:
    """Accession numbers and studies are ones of the document's header, where each order and act there gives its own.

    What the header lacks (a null number, an act without a study) the source may know from elsewhere.
    """
    orders = root.iterfind(f"{_CDA}inFulfillmentOf/{_CDA}order")
    events = root.iterfind(f"{_CDA}documentationOf/{_CDA}serviceEvent")
    given = (
        (REFERENCE_ACCESSION, [_stated(one.find(f"{PS3_20}accessionNumber"), "extension") for one in orders]),
        (REFERENCE_STUDY, [_stated(one.find(f"{_CDA}id"), "root") for one in events]),
    )
    severity = ERROR if french else None
    for kind, known in given:
        for one in entry.values.get(c.REFERENCE_ID_LIST, ()) if known and all(known) else ():
            if one.text.endswith(f"^{kind}") and one.text.partition("^")[0] not in known:
                told = ", ".join(dict.fromkeys(known))
                findings.add(REPORT_REFERENCE, one.element, value=one.text, expected=told, severity=severity)


def _stated(element: etree._Element | None, name: str) -> str:
    return "" if element is None else element.get(name, "")


def _traits(entry: Thing, root: etree._Element, findings: Findings, *, french: bool) -> None:
    """Name, birth date and sex, where both say them."""
    patient = root.find(f"{_CDA}recordTarget/{_CDA}patientRole/{_CDA}patient")
    if patient is None:
        return
    families = ["".join(map(str, one.itertext())).strip() for one in patient.iterfind(f"{_CDA}name/{_CDA}family")]
    if other := names.of_another(entry, families):
        severity = ERROR if french else None
        findings.add(
            REPORT_NAME, other.element, value=other.text, expected=", ".join(dict.fromkeys(families)), severity=severity
        )
    birth, gender = patient.find(f"{_CDA}birthTime"), patient.find(f"{_CDA}administrativeGenderCode")
    born = birth.get("value", "")[:8] if birth is not None else ""
    sex = gender.get("code", "") if gender is not None else ""
    for one in entry.values.get("sourcePatientInfo", ()):
        number, told = hl7_values.field_of(one.text) or (0, "")
        if number == 7 and values.is_dtm(born) and values.is_dtm(told) and not _same_moment(told[:8], born):
            findings.add(REPORT_TRAITS, one.element, value=one.text, expected=born)
        if number == 8 and {told, sex} == {"M", "F"}:
            findings.add(REPORT_TRAITS, one.element, value=one.text, expected=sex)


def _events(entry: Thing, root: etree._Element, findings: Findings, severity: Severity | None) -> None:
    """Modalities and regions: some act of the document is of one of those that the entry gives."""
    acts = root.findall(f"{_CDA}documentationOf/{_CDA}serviceEvent/{_CDA}code/{_CDA}translation")
    events = [code.code for code in entry.codes(c.ENTRY_EVENT)]
    for qualifier, name in (("121139", valuesets.MODALITY), ("39111-0", valuesets.REGION)):
        stated = (
            one.get("code", "")
            for one in acts
            if any(named.get("code") == qualifier for named in one.iterfind(f"{_CDA}qualifier/{_CDA}name"))
        )
        done, told = ([code for code in codes if code in valuesets.load(name)] for codes in (stated, events))
        if told and done and not {*told} & {*done}:
            value, expected = ", ".join(told), ", ".join(sorted({*done}))
            findings.add(REPORT_EVENTS, entry.element, value=value, expected=expected, severity=severity)


_BODIES = {
    "urn:ihe:iti:xds-sd:pdf:2008": "application/pdf",
    "urn:ihe:iti:xds-sd:text:2008": "text/plain",
    "urn:ihe:iti-fr:xds-sd:jpeg:2010": "image/jpeg",
    "urn:ihe:iti-fr:xds-sd:rtf:2010": "text/rtf",
    "urn:ihe:iti-fr:xds-sd:tiff:2010": "image/tiff",
}
"""The media type of the body that each format of a wrapped document means."""


def _body(entry: Thing, root: etree._Element, findings: Findings) -> None:
    """A format of a wrapped document has a body of its media type; that of the structured report is structured."""
    code = entry.code(c.ENTRY_FORMAT)
    component = root.find(f"{_CDA}component")
    if code is None or component is None:
        return
    wrapped, content = component.find(f"{_CDA}nonXMLBody"), component.find(f"{_CDA}nonXMLBody/{_CDA}text")
    media_type = content.get("mediaType", "") if content is not None else ""
    if code.code in _BODIES and (wrapped is None or (media_type and media_type != _BODIES[code.code])):
        findings.add(REPORT_FORMAT, code.element, value=code.code, expected=media_type or "structuredBody")
    elif code.code == STRUCTURED and component.find(f"{_CDA}structuredBody") is None:
        findings.add(REPORT_FORMAT, code.element, value=code.code, expected=media_type or "nonXMLBody")


def _utc(element: etree._Element | None) -> str:
    text = element.get("value", "") if element is not None else ""
    try:
        time = Timestamp.parse_v3(text)
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
