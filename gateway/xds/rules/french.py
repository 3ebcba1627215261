"""What a French DMP adds: value sets, national identities and names, kinds of document, what imaging metadata need.

Where the official samples and the text differ, or samples of different years, the older form is a warning: modality
and region under the OIDs of their value sets, class 10 for a report, a placeholder as authority of the study.

Sources: CI-SIS "Partage de documents de santé" (technical), value sets J02, J04, J06 to J08, J10, J197, modality and
region; CI-SIS "Partage d'examen d'imagerie" (003) tables 12 to 14; IMG-CR-IMG 2024.01 technical section 4.1; the
guide "Transmission d'un document CDA-R2 en HL7v2", page "Mapping VIHF et XDS"; the DRIM-M samples of 2024.
"""

from __future__ import annotations

from collections import Counter

from lxml import etree

from gateway import valuesets
from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_ORDER, REFERENCE_STUDY
from gateway.xds import constants as c
from gateway.xds.rules import french_codes, french_people, french_signatures, values
from gateway.xds.rules.attributes import Context
from gateway.xds.rules.formats import MANIFEST_FORMAT, is_manifest, references
from gateway.xds.rules.objects import Objects, Thing
from gateway.xds.rules.rule import ADVICE, ERROR, FRENCH, IMAGING, WARNING, Findings, rule

CLASS_OF_TYPE = rule(
    "dmp.class-of-type",
    ERROR,
    "ASS_X04_CorrespondanceType_Classe_CISIS",
    "classCode « {value} » ne va pas avec typeCode {attribute} ; attendu : {expected}.",
    "classCode “{value}” does not go with typeCode {attribute}; expected: {expected}.",
)
FORMAT_OF_TYPE = rule(
    "dmp.format-of-type",
    ERROR,
    "IMG-CR-IMG 2024.01 section 4.1; ASS_A11_CorresModeleCDA_XdsFormatCode_CISIS",
    "formatCode « {value} » ne va pas avec typeCode {attribute} ; attendu : {expected}.",
    "formatCode “{value}” does not go with typeCode {attribute}; expected: {expected}.",
)
MANIFEST = rule(
    "dmp.manifest",
    ERROR,
    "DRIM-M samples; JDV_J07, JDV_J10",
    "La fiche est celle d'un manifeste, et {attribute} vaut « {value} » ; attendu : {expected}.",
    "The entry is that of a manifest, and {attribute} is “{value}”; expected: {expected}.",
)
MANIFEST_COMMENTS = rule(
    "dmp.manifest-comments",
    ADVICE,
    "DRIM-M samples",
    "Le commentaire d'un manifeste est « {value} » ; les exemples officiels écrivent KOS.",
    "The comments of a manifest are “{value}”; the official samples write KOS.",
)
LANGUAGE = rule(
    "dmp.language",
    ERROR,
    f"{IMAGING}, table 12 (langueDocument)",
    "languageCode vaut « {value} » ; attendu : {expected}.",
    "languageCode is “{value}”; expected: {expected}.",
)
LEVEL = rule(
    "dmp.confidentiality",
    ERROR,
    f"{FRENCH} (JDV_J08)",
    "confidentialityCode doit donner un niveau N, R ou V, une seule fois ; trouvé : « {value} ».",
    "confidentialityCode must give one level, N, R or V, once; found: “{value}”.",
)
ONE_STUDY = rule(
    "dmp.one-study",
    ERROR,
    f"{IMAGING}, table 12 (identifiantDObjetExamen [1..1])",
    "Un manifeste cite une étude et une seule ; referenceIdList en donne {count}.",
    "A manifest names one study and only one; referenceIdList gives {count}.",
)
SUBMISSION_TIME = rule(
    "dmp.submission-time",
    WARNING,
    "DRIM-M samples",
    "submissionTime de la fiche (« {value} ») n'est pas celui du lot ({expected}).",
    "submissionTime of the entry (“{value}”) is not that of the set ({expected}).",
)
SUBMISSION_TIME_FORM = rule(
    "dmp.submission-time.form",
    ERROR,
    "DRIM-M samples",
    "submissionTime de la fiche « {value} » {fault}.",
    "submissionTime of the entry “{value}” {fault}.",
)


FORMATS_OF_TYPE = {
    french_codes.IMAGING_TYPE: (
        "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013",
        "urn:ihe:iti:xds-sd:pdf:2008",
        "urn:ihe:iti:xds-sd:text:2008",
        "urn:ihe:iti-fr:xds-sd:jpeg:2010",
        "urn:ihe:iti-fr:xds-sd:rtf:2010",
        "urn:ihe:iti-fr:xds-sd:tiff:2010",
    ),
    french_codes.MANIFEST_TYPE: (MANIFEST_FORMAT,),
    french_codes.REQUEST_TYPE: ("urn:ans:ci-sis:img-da:2022",),
}
CLASS_OF = {french_codes.IMAGING_TYPE: "31", french_codes.MANIFEST_TYPE: "31", french_codes.REQUEST_TYPE: "42"}
"""Where the published association lacks a row (it has none for manifests)."""
_LEVELS = ("N", "R", "V")


def check(objects: Objects, context: Context, findings: Findings) -> None:
    """Every French rule, on what is submitted and on what a registry answers."""
    french_signatures.check(objects, findings, submitted=context.submits)
    submitted = next((one.value("submissionTime") for one in objects.sets), "")
    for one in objects.sets:
        french_people.identity(one, c.SET_PATIENT_ID, findings)
        french_codes.content_type(one, findings)
        french_people.authors(one, c.SET_AUTHOR, findings)
        if not one.classifications.get(c.SET_AUTHOR):
            findings.add(french_codes.REQUIRED, one.element, attribute="SubmissionSet.author")
    for one in objects.folders:
        french_people.identity(one, c.FOLDER_PATIENT_ID, findings)
    for entry in objects.entries:
        _entry(entry, submitted, findings, answered=context.answers)


def _entry(entry: Thing, submitted: str, findings: Findings, *, answered: bool) -> None:
    french_people.identity(entry, c.ENTRY_PATIENT_ID, findings)
    french_codes.codes(entry, findings)
    french_people.authors(entry, c.ENTRY_AUTHOR, findings)
    french_people.signatory(entry, findings)
    _language(entry, findings)
    _confidentiality(entry, findings)
    _kind(entry, findings)
    if not french_codes.is_signature(entry):
        french_people.source_patient(entry, findings)
        _imaging(entry, findings, answered=answered)
    for one in entry.values.get("submissionTime", ()):
        if fault := values.dtm(one.text):
            findings.add(SUBMISSION_TIME_FORM, one.element, value=one.text, fault=fault)
        elif submitted and one.text != submitted and not entry.attribute("lid"):  # a later version keeps its first
            findings.add(SUBMISSION_TIME, one.element, value=one.text, expected=submitted)


def _language(entry: Thing, findings: Findings) -> None:
    expected = "art" if french_codes.is_signature(entry) else "fr-FR"
    for one in entry.values.get("languageCode", ()):
        if (
            values.language(one.text) is None
            and one.text != expected
            and not (french_codes.is_signature(entry) and one.text == "fr-FR")
        ):
            findings.add(LANGUAGE, one.element, value=one.text, expected=expected)


def _confidentiality(entry: Thing, findings: Findings) -> None:
    codes = [code.code for code in entry.codes(c.ENTRY_CONFIDENTIALITY) if code.code]
    levels = [code for code in codes if code in _LEVELS]
    if codes and len(levels) != 1:
        findings.add(LEVEL, entry.element, value=", ".join(codes), attribute="DocumentEntry.confidentialityCode")


def _kind(entry: Thing, findings: Findings) -> None:
    """Class, format and mimeType that go with the type."""
    type_code, class_code, format_code = (entry.code(one) for one in (c.ENTRY_TYPE, c.ENTRY_CLASS, c.ENTRY_FORMAT))
    type_ = type_code.code if type_code else ""
    if class_code and class_code.code and type_:
        stated = tuple(code.code for code in valuesets.associate(valuesets.CLASS_BY_TYPE, type_))
        allowed = stated or ((CLASS_OF[type_],) if type_ in CLASS_OF else ())
        if allowed and class_code.code not in allowed:
            # the demonstrator sends class 10 for a report
            severity = WARNING if (type_, class_code.code) == (french_codes.IMAGING_TYPE, "10") else None
            findings.add(
                CLASS_OF_TYPE,
                class_code.element,
                value=class_code.code,
                expected=", ".join(allowed),
                attribute=type_,
                severity=severity,
            )
    formats = FORMATS_OF_TYPE.get(type_)
    if format_code and format_code.code and formats and format_code.code not in formats:
        findings.add(
            FORMAT_OF_TYPE, format_code.element, value=format_code.code, expected=", ".join(formats), attribute=type_
        )
    if is_manifest(entry) or type_ == french_codes.MANIFEST_TYPE:
        _manifest(entry, type_, format_code.code if format_code else "", findings)


def _manifest(entry: Thing, type_: str, format_: str, findings: Findings) -> None:
    for attribute, value, expected in (
        ("typeCode", type_, french_codes.MANIFEST_TYPE),
        ("formatCode", format_, MANIFEST_FORMAT),
        ("mimeType", entry.attribute("mimeType"), "application/dicom"),
    ):
        if value and value != expected:
            findings.add(MANIFEST, entry.element, value=value, expected=expected, attribute=attribute)
    comments = entry.text("Description")
    if comments != "KOS":
        findings.add(MANIFEST_COMMENTS, entry.element, value=comments)


def _imaging(entry: Thing, findings: Findings, *, answered: bool) -> None:
    """What tables 12 to 14 want of imaging entries: event codes and reference ids; of reports they are expected.

    A region may be missing in what is *answered* (table 14: [0..*]), and not in what is submitted (table 12: [1..*]).
    """
    type_code = entry.code(c.ENTRY_TYPE)
    manifest = is_manifest(entry) or bool(type_code and type_code.code == french_codes.MANIFEST_TYPE)
    if not manifest and not (type_code and type_code.code == french_codes.IMAGING_TYPE):
        return
    broken = french_codes.REQUIRED if manifest else french_codes.EXPECTED
    kinds = Counter(french_codes.event_kind(code) for code in entry.codes(c.ENTRY_EVENT))
    for kind in ("modality", "region"):
        if not kinds[kind]:
            told = french_codes.EXPECTED if answered and kind == "region" else broken
            findings.add(told, entry.element, attribute=f"eventCodeList/{kind}")
    for reference, name in ((REFERENCE_ACCESSION, "accession"), (REFERENCE_STUDY, "studyInstanceUID")):
        if not references(entry, reference):
            findings.add(broken, entry.element, attribute=f"referenceIdList/{name}")
    if not references(entry, REFERENCE_ORDER):  # a null order number is left out
        findings.add(french_codes.EXPECTED, entry.element, attribute="referenceIdList/order")
    if not entry.value("serviceStartTime"):
        findings.add(french_codes.EXPECTED, entry.element, attribute="serviceStartTime")
    if not entry.text("Name"):
        findings.add(french_codes.EXPECTED, entry.element, attribute="title")
    for slot in ("hash", "size") if manifest else ():
        if not entry.value(slot):
            findings.add(french_codes.EXPECTED, entry.element, attribute=slot)
    studies = references(entry, REFERENCE_STUDY)
    if manifest and len(studies) > 1:
        place: etree._Element = entry.values[c.REFERENCE_ID_LIST][0].element
        findings.add(ONE_STUDY, place, count=str(len(studies)))
