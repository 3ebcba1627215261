"""What an entry says of its format, and what its document says of itself: both must agree.

Sources: ITI TF-3 sections 4.2.3.2.9, 4.2.3.2.15, 4.2.3.2.26, 5.2 (XDS-SD); RAD TF-2 section 4.68.4.1.2.3 (manifests);
DICOM PS3.3 A.35.4; HL7 CDA R2.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING

from lxml import etree

from gateway import valuesets
from gateway.errors import GatewayError
from gateway.model.codes import DCM
from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_STUDY
from gateway.model.finding import Severity
from gateway.model.identifiers import INS_OIDS
from gateway.model.times import Timestamp
from gateway.trust import safexml
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, values
from gateway.xds.rules.documents import held
from gateway.xds.rules.objects import Objects, Thing
from gateway.xds.rules.rule import ERROR, RAD, TF3, WARNING, Findings, rule

MANIFEST_FORMAT = "1.2.840.10008.5.1.4.1.1.88.59"
MANIFEST_SYSTEM = "1.2.840.10008.2.6.1"
IHE_FORMATS = "1.3.6.1.4.1.19376.1.2.3"
STRUCTURED = "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"
_XML = ("text/xml", "application/xml", "application/xslt+xml")
MIME_BY_FORMAT: dict[str, tuple[str, ...]] = {
    MANIFEST_FORMAT: ("application/dicom",),
    STRUCTURED: _XML,
    "urn:ihe:rad:PDF": ("application/pdf",),
    "urn:ihe:rad:TEXT": ("text/plain",),
    "urn:ihe:iti:xds-sd:pdf:2008": _XML,
    "urn:ihe:iti:xds-sd:text:2008": _XML,
    "urn:ihe:iti-fr:xds-sd:jpeg:2010": _XML,
    "urn:ihe:iti-fr:xds-sd:rtf:2010": _XML,
    "urn:ihe:iti-fr:xds-sd:tiff:2010": _XML,
    "urn:ans:ci-sis:img-da:2022": _XML,
    "urn:ihe:iti:dsg:detached:2014": _XML,
    "urn:ihe:iti:dsg:enveloping:2014": _XML,
    "http://www.w3.org/2000/09/xmldsig#": _XML,
}
"""formatCode to the mimeType that it means."""

FORMAT_MIME = rule(
    "format.mime-type",
    ERROR,
    f"{TF3} 4.2.3.2.9 and 4.2.3.2.15",
    "mimeType « {value} » ne va pas avec le formatCode {attribute} ; attendu : {expected}.",
    "mimeType “{value}” does not go with the formatCode {attribute}; expected: {expected}.",
)
FORMAT_SYSTEM = rule(
    "format.system",
    ERROR,
    f"{TF3} 4.2.3.2.9; RAD TF-2 4.68.4.1.2.3",
    "Le codingScheme du formatCode {attribute} est « {value} » ; attendu : {expected}.",
    "The codingScheme of the formatCode {attribute} is “{value}”; expected: {expected}.",
)
FORMAT_UNKNOWN = rule(
    "format.unknown",
    ERROR,
    "IHE format codes of the Radiology domain (1.3.6.1.4.1.19376.1.2.3)",
    "formatCode « {value} » prend le préfixe du domaine de radiologie d'IHE sans être un de ses formats.",
    "formatCode “{value}” takes the prefix of IHE's radiology domain and is none of its formats.",
)
MODALITY = rule(
    "event.modality",
    WARNING,
    "RAD TF-2 4.68.4.1.2.3.2 (eventCodeList: modality from DICOM CID 29)",
    "eventCodeList : « {value} » n'est pas un code de DICOM (CID 29).",
    "eventCodeList: “{value}” is no code of DICOM (CID 29).",
)
DICOM_FORMAT = rule(
    "format.dicom",
    ERROR,
    f"{RAD}.4.1.2.3 (formatCode)",
    "Un document application/dicom d'imagerie partagée est un manifeste : formatCode « {value} » ; attendu {expected}.",
    "An application/dicom document of shared imaging is a manifest: formatCode “{value}”; expected {expected}.",
)
MANIFEST_ID = rule(
    "manifest.unique-id.form",
    ERROR,
    "DICOM PS3.5 section 9.1",
    "uniqueId « {value} » d'un manifeste doit être un UID DICOM : un OID de 64 caractères au plus, sans extension.",
    "uniqueId “{value}” of a manifest must be a DICOM UID: an OID of 64 characters at most, without extension.",
)
UNREADABLE = rule(
    "manifest.unreadable",
    ERROR,
    "DICOM PS3.10, PS3.3 A.35.4",
    "Le document de la fiche « {value} » n'est pas un Key Object Selection lisible.",
    "The document of the entry “{value}” is no readable Key Object Selection.",
)
MANIFEST_UID = rule(
    "manifest.unique-id",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.26",
    "uniqueId « {value} » n'est pas le SOP Instance UID du manifeste, {expected}.",
    "uniqueId “{value}” is not the SOP Instance UID of the manifest, {expected}.",
)
MANIFEST_STUDY = rule(
    "manifest.study",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.28",
    "referenceIdList donne l'étude « {value} » ; celle du manifeste est {expected}.",
    "referenceIdList gives the study “{value}”; that of the manifest is {expected}.",
)
MANIFEST_ACCESSION = rule(
    "manifest.accession",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.28",
    "referenceIdList donne le numéro d'examen « {value} » ; celui du manifeste est {expected}.",
    "referenceIdList gives the accession number “{value}”; that of the manifest is {expected}.",
)
MANIFEST_PATIENT = rule(
    "manifest.patient",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.16",
    "Le patient de la fiche (« {value} ») n'est pas celui du manifeste ({expected}).",
    "The patient of the entry (“{value}”) is not that of the manifest ({expected}).",
)
MANIFEST_BIRTH = rule(
    "manifest.birth",
    ERROR,
    f"{RAD}; {TF3} 4.2.3.2.23",
    "PID-7 de sourcePatientInfo (« {value} ») n'est pas la date de naissance du manifeste ({expected}).",
    "PID-7 of sourcePatientInfo (“{value}”) is not the birth date in the manifest ({expected}).",
)
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
OTHER_STUDY = rule(
    "submission.studies",
    WARNING,
    f"{TF3} 4.2.3.2.28; CI-SIS Partage d'examen d'imagerie (003)",
    "Aucun compte rendu de la soumission ne cite l'étude « {value} » du manifeste.",
    "No report of the submission names the study “{value}” of the manifest.",
)
OTHER_ACCESSION = rule(
    "submission.accessions",
    WARNING,
    f"{TF3} 4.2.3.2.28; CI-SIS Partage d'examen d'imagerie (003)",
    "Aucun compte rendu de la soumission ne cite le numéro d'examen « {value} » du manifeste.",
    "No report of the submission names the accession number “{value}” of the manifest.",
)

if TYPE_CHECKING:
    from gateway.kos.selection import KeyObjectSelection

_CDA = "{urn:hl7-org:v3}"
_NO_ACQUISITION_NAMES = """ANN ASMT AU CTPROTOCOL DOC FID HC KER KO LEN M3D OAM OP OSS OT PLAN POS PR REG RTDOSE
RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SMR SR SRF STAIN TEXTUREMAP VA XAPROTOCOL"""
_NO_ACQUISITION = frozenset(_NO_ACQUISITION_NAMES.split())
"""Modalities of DICOM that the French value set of acquisition leaves out."""
_PARSED_BYTES = 64 * 1024 * 1024


def check(objects: Objects, found: dict[str, bytes | None], findings: Findings, *, french: bool) -> None:
    """Format against mimeType, then each document against its entry, then manifests against reports."""
    for entry in objects.entries:
        _format(entry, findings, french=french)
        for code in entry.codes(c.ENTRY_EVENT) if not french else ():
            modality = code.code in valuesets.load(valuesets.MODALITY) or code.code in _NO_ACQUISITION
            if code.system in (DCM, "DCM") and code.code and not (modality or code.code.isdigit()):
                findings.add(MODALITY, code.element, value=code.code)
    for entry, data in held(objects, found):
        mime_type = entry.attribute("mimeType").partition(";")[0].strip().lower()
        if is_manifest(entry) and data[128:132] == b"DICM":
            _manifest(entry, data, findings)
        elif mime_type in _XML and data and len(data) <= _PARSED_BYTES:
            _xml(entry, data, findings, french=french)
    _together(objects, findings, french=french)


def is_manifest(entry: Thing) -> bool:
    """Whether the entry says so by its mimeType or its formatCode."""
    code = entry.code(c.ENTRY_FORMAT)
    return entry.attribute("mimeType") == "application/dicom" or bool(code and code.code == MANIFEST_FORMAT)


def references(entry: Thing, kind: str) -> list[str]:
    """The CXi of one type that are well formed."""
    texts = (one.text for one in entry.values.get(c.REFERENCE_ID_LIST, ()) if hl7_values.reference(one.text) is None)
    return [text for text in texts if text.split("^")[4] == kind]


def _format(entry: Thing, findings: Findings, *, french: bool) -> None:
    code = entry.code(c.ENTRY_FORMAT)
    mime_type = entry.attribute("mimeType").partition(";")[0].strip().lower()
    if code is None or not code.code:
        return
    expected = MIME_BY_FORMAT.get(code.code)
    if expected and mime_type and mime_type not in expected:
        findings.add(FORMAT_MIME, entry.element, value=mime_type, expected=", ".join(expected), attribute=code.code)
    system = ""
    if code.code == MANIFEST_FORMAT:
        system = MANIFEST_SYSTEM
    elif code.code.startswith(("urn:ihe:iti:xds-sd:", "urn:ihe:rad:", "urn:ihe:iti-fr:")):
        system = IHE_FORMATS
    if system and code.system and code.system != system and not (system == MANIFEST_SYSTEM and code.system == "DCMUID"):
        # TF-3 4.2.3.1.2: the designator of PS3.16 table 8-1 (DCMUID) may stand for the UID
        findings.add(FORMAT_SYSTEM, code.element, value=code.system, expected=system, attribute=code.code)
    if code.code.lower().startswith("urn:ihe:rad:") and code.code not in MIME_BY_FORMAT:
        findings.add(FORMAT_UNKNOWN, code.element, value=code.code)
    if mime_type == "application/dicom" and code.code != MANIFEST_FORMAT:
        findings.add(
            DICOM_FORMAT,
            entry.element,
            value=code.code,
            expected=MANIFEST_FORMAT,
            severity=ERROR if french else WARNING,
        )
    unique_id = entry.identifier(c.ENTRY_UNIQUE_ID)
    if is_manifest(entry) and unique_id and values.oid(unique_id):
        findings.add(MANIFEST_ID, entry.element, value=unique_id, attribute="DocumentEntry.uniqueId")


def _manifest(entry: Thing, data: bytes, findings: Findings) -> None:
    from gateway.kos import read as kos  # pydicom, which most messages do not need

    try:
        selection = kos.read(data)
    except GatewayError:
        findings.add(UNREADABLE, entry.element, value=entry.id)
        return
    unique_id = entry.identifier(c.ENTRY_UNIQUE_ID)
    if unique_id != selection.sop_instance_uid:
        findings.add(MANIFEST_UID, entry.element, value=unique_id, expected=selection.sop_instance_uid)
    studies = [study.study_uid for study in selection.studies] or [selection.study_uid]
    for text in references(entry, REFERENCE_STUDY):
        if text.split("^")[0] not in studies:
            findings.add(MANIFEST_STUDY, entry.element, value=text, expected=", ".join(studies))
    _accessions(entry, selection, findings)
    _manifest_patient(entry, selection, findings)


def _accessions(entry: Thing, selection: KeyObjectSelection, findings: Findings) -> None:
    stated = [selection.accession, *(request.accession for request in selection.requests)]
    known = {one.extension: one.root for one in stated if one is not None and one.extension}
    for text in references(entry, REFERENCE_ACCESSION) if known else ():
        number, domain = hl7_values.cx_key(text)
        root = known.get(number)
        if root is None or (root and domain and root != domain):
            told = ", ".join(f"{one} ({root})" if root else one for one, root in known.items())
            findings.add(MANIFEST_ACCESSION, entry.element, value=text, expected=told)


def _manifest_patient(entry: Thing, selection: KeyObjectSelection, findings: Findings) -> None:
    stated = entry.identifier(c.ENTRY_PATIENT_ID)
    number, domain = hl7_values.cx_key(stated)
    same = [one.extension for one in selection.patient_identifiers if one.root == domain and one.extension]
    if domain and same and number not in same:
        findings.add(MANIFEST_PATIENT, entry.element, value=stated, expected=", ".join(filter(None, same)))
    born = selection.patient_birth_date
    for one in entry.values.get("sourcePatientInfo", ()):
        field = hl7_values.field_of(one.text)
        if field and field[0] == 7 and born and values.is_dtm(field[1]) and field[1][:8] != born[: len(field[1][:8])]:
            findings.add(MANIFEST_BIRTH, one.element, value=field[1], expected=born)


def _xml(entry: Thing, data: bytes, findings: Findings, *, french: bool) -> None:
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


def _together(objects: Objects, findings: Findings, *, french: bool) -> None:
    """Each manifest's study and accession number are ones that a report beside it names, where reports name any."""
    severity = ERROR if french else None
    reports = [entry for entry in objects.entries if not is_manifest(entry)]
    for kind, broken in ((REFERENCE_STUDY, OTHER_STUDY), (REFERENCE_ACCESSION, OTHER_ACCESSION)):
        told = {hl7_values.cx_key(text)[0] for report in reports for text in references(report, kind)}
        for entry in objects.entries:
            if not told or not is_manifest(entry):
                continue
            for text in references(entry, kind):
                if hl7_values.cx_key(text)[0] not in told:
                    findings.add(broken, entry.element, value=text, severity=severity)
