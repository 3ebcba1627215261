"""What a CDA document says of itself in its header, against its entry, as the CI-SIS maps one to the other.

Sources: ITI TF-3 sections 4.2.3.2.6, 4.2.3.2.13, 4.2.3.2.16, 4.2.3.2.19, 4.2.3.2.24 to 4.2.3.2.26; HL7 CDA R2; CI-SIS
"Transmission d'un document CDA-R2 en HL7v2", mapping XDS.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from datetime import UTC

from lxml import etree

from gateway import valuesets
from gateway.errors import GatewayError
from gateway.model.codes import CCAM_SYSTEMS
from gateway.model.document import REFERENCE_ACCESSION, REFERENCE_ORDER, REFERENCE_STUDY
from gateway.model.finding import Severity
from gateway.model.times import Timestamp
from gateway.trust import safexml
from gateway.xds import constants as c
from gateway.xds.rules import hl7_values, report_patients, report_people, values
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
    f"{TF3} 4.2.3.2.19, 4.2.3.2.20; CI-SIS, mapping XDS (serviceEvent/effectiveTime)",
    "{attribute} « {value} » n'est le début ou la fin d'aucun acte du document CDA en UTC ({expected}).",
    "{attribute} “{value}” is the beginning or the end of no act of the CDA document in UTC ({expected}).",
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

REPORT_RELATED = rule(
    "report.related",
    ERROR,
    f"{TF3} 4.2.2.2; HL7 CDA R2 4.2.3.1 (relatedDocument/@typeCode)",
    "L'association de la fiche est {value} ; le document CDA se dit {expected} d'un autre (relatedDocument).",
    "The association of the entry is {value}; the CDA document says {expected} of another (relatedDocument).",
)

STRUCTURED = "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"
_CDA = "{urn:hl7-org:v3}"
_RELATED = frozenset({"RPLC", "APND", "XFRM"})
PS3_20 = "{urn:dicom-org:ps3-20}"
"""Of the DICOM extension that holds the accession number (DICOM PS3.20 section 8)."""


def check(entry: Thing, data: bytes, relations: Collection[str], findings: Findings, *, french: bool) -> None:
    """The XML *data* of *entry*: well formed, and where it is CDA, its header.

    *relations* are the types of the associations that start from the entry (``RPLC``…).
    """
    try:
        root = safexml.parse(data)
    except GatewayError:
        findings.add(REPORT_MALFORMED, entry.element, value=entry.id)
        return
    if root.tag == f"{_CDA}ClinicalDocument":
        _report(entry, root, findings, french=french)
        _related(entry, root, relations, findings, None if french else WARNING)


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
    language = root.find(f"{_CDA}languageCode")
    told = entry.value("languageCode")
    if language is not None and language.get("code") and told and told.lower() != language.get("code", "").lower():
        expected = language.get("code", "")
        findings.add(REPORT_LANGUAGE, entry.element, value=told, expected=expected, severity=severity)

    _report_times(entry, root, findings, severity)
    report_patients.check(entry, root, findings, french=french)
    report_people.check(entry, root, findings, severity)
    _references(entry, root, findings, french=french)
    _events(entry, root, findings, severity)
    _body(entry, root, findings)
    title, told = root.findtext(f"{_CDA}title") or "", entry.text("Name")
    if title.strip() and told and not " ".join(title.split()).startswith(" ".join(told.split())):
        findings.add(REPORT_TITLE, entry.element, value=told, expected=" ".join(title.split()))


def _related(
    entry: Thing, root: etree._Element, relations: Collection[str], findings: Findings, severity: Severity | None
) -> None:
    """A document that replaces another, adds to it or transforms it is joined to it in no other way."""
    stated = {one.get("typeCode", "") for one in root.iterchildren(f"{_CDA}relatedDocument")} & _RELATED
    told = {part for one in relations for part in one.split("_")} & _RELATED  # XFRM_RPLC is both
    if stated and told and not stated & told:
        value, expected = ", ".join(sorted(told)), ", ".join(sorted(stated))
        findings.add(REPORT_RELATED, entry.element, value=value, expected=expected, severity=severity)


def examines_later(data: bytes) -> bool:
    """Whether *data* is a CDA document that itself says of an act that it was more than a day after its making.

    An official example of the CI-SIS does (HL7 v2 guide, "CR_Radio"): its metadata can say nothing else.
    """
    with contextlib.suppress(GatewayError):
        root = safexml.parse(data)
        made = _day(root.find(f"{_CDA}effectiveTime"))
        acts = root.iterfind(f"{_CDA}documentationOf/{_CDA}serviceEvent/{_CDA}effectiveTime/*")
        days = [day for one in acts if (day := _day(one))]
        return bool(made) and any(values.days_between(made, day) > 1 for day in days)
    return False


def _day(element: etree._Element | None) -> str:
    day = _stated(element, "value")[:8]
    return day if len(day) == len("YYYYMMDD") and values.is_dtm(day) else ""


def _report_times(entry: Thing, root: etree._Element, findings: Findings, severity: Severity | None) -> None:
    """Times that the document writes with their zone, in UTC; those without one are left alone."""
    created = entry.value("creationTime")
    expected = _utc(root.find(f"{_CDA}effectiveTime"))
    if expected and values.is_dtm(created) and not values.same_moment(created, expected):
        findings.add(REPORT_CREATED, entry.element, value=created, expected=expected, severity=severity)
    for name, bound in (("serviceStartTime", "low"), ("serviceStopTime", "high")):
        found = root.iterfind(f"{_CDA}documentationOf/{_CDA}serviceEvent/{_CDA}effectiveTime/{_CDA}{bound}")
        told = [moment for one in found if (moment := _utc(one))]
        stated = entry.value(name)
        if told and values.is_dtm(stated) and not any(values.same_moment(stated, moment) for moment in told):
            expected = ", ".join(told)
            findings.add(
                REPORT_SERVICE, entry.element, value=stated, expected=expected, attribute=name, severity=severity
            )


def _references(entry: Thing, root: etree._Element, findings: Findings, *, french: bool) -> None:
    """Accession, order numbers and studies are ones of the document's header; the issuer of a number is the same where
    both name it.

    An order or act of the header may lack its number (null, an act without a study): the source may know as many from
    elsewhere, when it gives those of the header too.
    """
    orders = root.findall(f"{_CDA}inFulfillmentOf/{_CDA}order")
    events = root.findall(f"{_CDA}documentationOf/{_CDA}serviceEvent")
    given = (
        (REFERENCE_ACCESSION, [_number(one.find(f"{PS3_20}accessionNumber")) for one in orders]),
        (REFERENCE_ORDER, [_number(one.find(f"{_CDA}id")) for one in orders]),
        (REFERENCE_STUDY, [(_stated(one.find(f"{_CDA}id"), "root"), "") for one in events]),
    )
    severity = ERROR if french else None
    for kind, stated in given:
        known = {number: issuer for number, issuer in stated if number}
        listed = [one for one in entry.values.get(c.REFERENCE_ID_LIST, ()) if one.text.endswith(f"^{kind}")]
        keys = [hl7_values.cx_key(one.text) for one in listed]
        others = [number for number, _ in keys if number not in known]
        unnamed = sum(not number for number, _ in stated)
        free = len(others) <= unnamed and known.keys() <= {number for number, _ in keys}
        told = ", ".join(f"{number} ({issuer})" if issuer else number for number, issuer in known.items())
        for one, (number, issuer) in zip(listed, keys, strict=True) if known else ():
            another = bool(issuer) and known.get(number, "") not in ("", issuer)
            if another or (number not in known and not free):
                findings.add(REPORT_REFERENCE, one.element, value=one.text, expected=told, severity=severity)


def _number(element: etree._Element | None) -> tuple[str, str]:
    """Number and issuer of an II, the issuer only where an XDS value can name it: an OID."""
    root = _stated(element, "root")
    return _stated(element, "extension"), "" if values.oid(root) else root


def _stated(element: etree._Element | None, name: str) -> str:
    return "" if element is None else element.get(name, "")


def _events(entry: Thing, root: etree._Element, findings: Findings, severity: Severity | None) -> None:
    """Modalities, regions and procedures: some act of the document is of one of those that the entry gives."""
    acts = root.findall(f"{_CDA}documentationOf/{_CDA}serviceEvent/{_CDA}code/{_CDA}translation")
    events = [code.code for code in entry.codes(c.ENTRY_EVENT)]
    found = []
    for qualifier, name in (("121139", valuesets.MODALITY), ("39111-0", valuesets.REGION)):
        stated = (
            one.get("code", "")
            for one in acts
            if any(named.get("code") == qualifier for named in one.iterfind(f"{_CDA}qualifier/{_CDA}name"))
        )
        done, told = ([code for code in codes if code in valuesets.load(name)] for codes in (stated, events))
        found.append((done, told))
    codes = [*acts, *root.iterfind(f"{_CDA}documentationOf/{_CDA}serviceEvent/{_CDA}code")]
    found.append(
        (
            [one.get("code", "") for one in codes if one.get("codeSystem") in CCAM_SYSTEMS],
            # digits are regions, which samples have under the OID of CCAM
            [one.code for one in entry.codes(c.ENTRY_EVENT) if one.system in CCAM_SYSTEMS and not one.code.isdigit()],
        )
    )
    for done, told in found:
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
