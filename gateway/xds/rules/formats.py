"""What an entry says of its format (what the documents say themselves: ``reports``, ``manifests``).

Sources: ITI TF-3 sections 4.2.3.2.9, 4.2.3.2.15, 4.2.3.2.26, 5.2 (XDS-SD); RAD TF-2 section 4.68.4.1.2.3 (manifests).
"""

from __future__ import annotations

import re

from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_STUDY
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, reports, values
from gateway.xds.rules.documents import held
from gateway.xds.rules.objects import Objects, Thing
from gateway.xds.rules.rule import ERROR, RAD, TF3, WARNING, Findings, rule

MANIFEST_FORMAT = "1.2.840.10008.5.1.4.1.1.88.59"
MANIFEST_SYSTEM = "1.2.840.10008.2.6.1"
IHE_FORMATS = "1.3.6.1.4.1.19376.1.2.3"
_IHE_FORMAT = re.compile(r"urn:(?:ihe|ans|asip|hl7)[a-z-]*:[A-Za-z0-9-]+:\S+|http://www\.w3\.org/\S+|urn:oid:[0-9.]+")
_XML = ("text/xml", "application/xml", "application/xslt+xml")
MIME_BY_FORMAT: dict[str, tuple[str, ...]] = {
    MANIFEST_FORMAT: ("application/dicom",),
    reports.STRUCTURED: _XML,
    "urn:ihe:rad:PDF": ("application/pdf",),
    "urn:ihe:rad:TEXT": ("text/plain", "text/xml"),  # bare, or wrapped in CDA as IHE's own test messages have it
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

_PARSED_BYTES = 64 * 1024 * 1024


def check(objects: Objects, found: dict[str, bytes | None], findings: Findings, *, french: bool) -> None:
    """Format against mimeType, then each CDA document against its entry, then manifests against reports."""
    for entry in objects.entries:
        _format(entry, findings, french=french)
    for entry, data in held(objects, found):
        mime_type = entry.attribute("mimeType").partition(";")[0].strip().lower()
        if mime_type in _XML and data and len(data) <= _PARSED_BYTES:
            reports.check(entry, data, _relations(objects, entry), findings, french=french)
    _together(objects, findings, french=french)


def _relations(objects: Objects, entry: Thing) -> list[str]:
    """The types of the associations that start from *entry*, without what is the same of all."""
    started = (one for one in objects.associations if one.attribute("sourceObject") == entry.id)
    return [one.attribute("associationType").rpartition(":")[2] for one in started]


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


def _together(objects: Objects, findings: Findings, *, french: bool) -> None:
    """Each manifest's study and accession number are ones that a report beside it names, where reports name any."""
    severity = ERROR if french else None
    reports = [entry for entry in objects.entries if not is_manifest(entry)]
    for kind, broken in ((REFERENCE_STUDY, OTHER_STUDY), (REFERENCE_ACCESSION, OTHER_ACCESSION)):
        told = [text for report in reports for text in references(report, kind)]
        for entry in objects.entries if told else ():
            for text in references(entry, kind) if is_manifest(entry) else ():
                if not any(_same_number(text, one) for one in told):
                    findings.add(broken, entry.element, value=text, severity=severity)


def _same_number(one: str, other: str) -> bool:
    """One number; of an accession number the issuer too, where both name it (of a study it is a placeholder)."""
    (number, issuer), (same, said) = hl7_values.cx_key(one), hl7_values.cx_key(other)
    placed = one.endswith(REFERENCE_STUDY) or not (issuer and said)
    return number == same and (placed or issuer == said)
