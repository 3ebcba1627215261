"""What an entry says of its format, and what a manifest says of itself: both must agree (CDA documents: ``reports``).

Sources: ITI TF-3 sections 4.2.3.2.9, 4.2.3.2.15, 4.2.3.2.26, 5.2 (XDS-SD); RAD TF-2 section 4.68.4.1.2.3 (manifests);
DICOM PS3.3 A.35.4.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.errors import GatewayError
from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_STUDY
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, reports, values
from gateway.xds.rules.documents import held
from gateway.xds.rules.objects import Objects, Thing
from gateway.xds.rules.rule import ERROR, RAD, TF3, WARNING, Findings, rule

MANIFEST_FORMAT = "1.2.840.10008.5.1.4.1.1.88.59"
MANIFEST_SYSTEM = "1.2.840.10008.2.6.1"
IHE_FORMATS = "1.3.6.1.4.1.19376.1.2.3"
STRUCTURED = "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"
_IHE_FORMAT = re.compile(r"urn:(?:ihe|ans|asip|hl7)[a-z-]*:[A-Za-z0-9-]+:\S+|http://www\.w3\.org/\S+|urn:oid:[0-9.]+")
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
    "IHE format codes (1.3.6.1.4.1.19376.1.2.3)",
    "formatCode « {value} » prend un préfixe ou le système d'IHE sans être un de ses formats.",
    "formatCode “{value}” takes a prefix or the code system of IHE and is none of its formats.",
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

_PARSED_BYTES = 64 * 1024 * 1024


def check(objects: Objects, found: dict[str, bytes | None], findings: Findings, *, french: bool) -> None:
    """Format against mimeType, then each document against its entry, then manifests against reports."""
    for entry in objects.entries:
        _format(entry, findings, french=french)
    for entry, data in held(objects, found):
        mime_type = entry.attribute("mimeType").partition(";")[0].strip().lower()
        if is_manifest(entry) and data[128:132] == b"DICM":
            _manifest(entry, data, findings)
        elif mime_type in _XML and data and len(data) <= _PARSED_BYTES:
            reports.check(entry, data, findings, french=french)
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
    elif _is_no_format(code.code, code.system):
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


def _is_no_format(code: str, system: str) -> bool:
    """Of IHE's code system, or under a prefix whose formats are all known here, and none of them."""
    if code in MIME_BY_FORMAT:
        return False
    closed = code.lower().startswith(("urn:ihe:rad:", "urn:ihe:iti:xds-sd:", "urn:ihe:iti-fr:xds-sd:"))
    return closed or (system == IHE_FORMATS and _IHE_FORMAT.fullmatch(code) is None)


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
