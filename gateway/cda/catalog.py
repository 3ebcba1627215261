"""The object catalog of a level-3 report: where it is, and how its parts are made.

Section FR-DICOM-Object-Catalog > act Examen-imagerie (a study) > act Serie-imagerie (one "generic" series) >
observation SOP-instance-observation (the link). Sources: IMG-CR-IMG 2024.01 technical specification sections
3.3.4 and 3.3.4.5; DICOM PS3.20 sections 9.8.7, 10.9 to 10.11; CDA R2 schema for the order of children.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from lxml import etree

from gateway.cda.elements import CDA, attribute, find, has_template, path
from gateway.model.codes import DCM, LOINC, Code, dicom_modality
from gateway.model.report import Act

PROCEDURE_TEMPLATES = frozenset({"1.2.250.1.213.1.1.2.206", "1.2.840.10008.9.3"})
CATALOG_TEMPLATES = frozenset({"1.2.250.1.213.1.1.2.217", "2.16.840.1.113883.10.20.6.1.1"})
STUDY_TEMPLATES = frozenset({"1.2.250.1.213.1.1.3.155", "1.2.840.10008.9.16"})
SERIES_TEMPLATES = frozenset({"1.2.250.1.213.1.1.3.156", "1.2.840.10008.9.17"})
INSTANCE_TEMPLATES = frozenset({"1.2.250.1.213.1.1.3.157", "1.2.840.10008.9.18"})
_TECHNIQUE_TEMPLATES = frozenset({"1.2.250.1.213.1.1.3.153", "1.2.840.10008.9.14"})

# fmt: off
_SECTION_ORDER = (
    "realmCode", "typeId", "templateId", "id", "code", "title", "text", "confidentialityCode", "languageCode",
    "subject", "author", "informant", "entry", "component",
)
_ACT_ORDER = (
    "realmCode", "typeId", "templateId", "id", "code", "text", "statusCode", "effectiveTime", "priorityCode",
    "languageCode", "subject", "specimen", "performer", "author", "informant", "participant", "entryRelationship",
    "reference", "precondition",
)
_OBSERVATION_ORDER = ("realmCode", "typeId", "templateId", "id", "code", "derivationExpr", "text")
# fmt: on
ORDER = {"section": _SECTION_ORDER, "act": _ACT_ORDER, "observation": _OBSERVATION_ORDER}
"""Order of children in the CDA R2 schema; what an order does not name comes after everything it names."""

_DICOM_UID = "1.2.840.10008.2.6.1"
_SECONDARY_CAPTURE = ("1.2.840.10008.5.1.4.1.1.7", "Secondary Capture Image Storage")
_SOP_CLASSES = {
    "CR": ("1.2.840.10008.5.1.4.1.1.1", "Computed Radiography Image Storage"),
    "CT": ("1.2.840.10008.5.1.4.1.1.2", "CT Image Storage"),
    "DX": ("1.2.840.10008.5.1.4.1.1.1.1", "Digital X-Ray Image Storage - For Presentation"),
    "IO": ("1.2.840.10008.5.1.4.1.1.1.3", "Digital Intra-Oral X-Ray Image Storage - For Presentation"),
    "MG": ("1.2.840.10008.5.1.4.1.1.1.2", "Digital Mammography X-Ray Image Storage - For Presentation"),
    "MR": ("1.2.840.10008.5.1.4.1.1.4", "MR Image Storage"),
    "NM": ("1.2.840.10008.5.1.4.1.1.20", "Nuclear Medicine Image Storage"),
    "RF": ("1.2.840.10008.5.1.4.1.1.12.2", "X-Ray Radiofluoroscopic Image Storage"),
    "US": ("1.2.840.10008.5.1.4.1.1.6.1", "Ultrasound Image Storage"),
    "XA": ("1.2.840.10008.5.1.4.1.1.12.1", "X-Ray Angiographic Image Storage"),
}
"""The usual storage class of a modality: the observation must name one class although its link opens a whole study.

Only classes of the value set JDV_SOPClass_CISIS, which lacks that of PET: it is a secondary capture there.
"""


def sections(root: etree._Element) -> Iterator[etree._Element]:
    """Every section of a structured body, in the order of the document."""
    body = find(root, "component/structuredBody")
    pending = [] if body is None else body.findall(path("component/section"))[::-1]
    while pending:
        section = pending.pop()
        yield section
        pending.extend(section.findall(path("component/section"))[::-1])


def studies(catalog: etree._Element) -> Iterator[tuple[etree._Element, frozenset[str]]]:
    """The study acts of a catalog section, each with the roots of its ids."""
    for act in catalog.iterfind(path("entry/act")):
        if has_template(act, STUDY_TEMPLATES):
            yield act, frozenset(attribute(element, "root") for element in act.findall(path("id")))


def instances(study: etree._Element) -> Iterator[etree._Element]:
    """The instance observations of a study act: in France one, which holds the link."""
    for series in study.iterfind(path("entryRelationship/act")):
        if has_template(series, SERIES_TEMPLATES):
            for observation in series.iterfind(path("entryRelationship/observation")):
                if has_template(observation, INSTANCE_TEMPLATES):
                    yield observation


def procedure_code(section: etree._Element) -> str:
    """The LOINC code of the act that a procedure section (Acte-imagerie) describes, or an empty string."""
    for procedure in section.iterfind(path("entry/procedure")):
        element = find(procedure, "code")
        if has_template(procedure, _TECHNIQUE_TEMPLATES) and attribute(element, "codeSystem") == LOINC:
            return attribute(element, "code")
    return ""


def element(name: str, *content: etree._Element | str, **attributes: str) -> etree._Element:
    """A CDA element with its attributes and content."""
    made = etree.Element(f"{{{CDA}}}{name}", attributes, nsmap={None: CDA})  # type: ignore[dict-item] # the stubs know no default namespace
    for item in content:
        if isinstance(item, str):
            made.text = item
        else:
            made.append(item)
    return made


def new_catalog(document_id: str) -> etree._Element:
    """An empty catalog section; its narrative and entries are added study by study."""
    return element(
        "section",
        *_templates("2.16.840.1.113883.10.20.6.1.1", "1.2.250.1.213.1.1.2.217"),
        element("id", root=_name(document_id, "catalog")),
        _coded("code", Code("121181", DCM, "Catalogue d’objets DICOM"), "DCM"),
        element("title", "Catalogue d’objets DICOM"),
        element("text"),
        classCode="DOCSECT",
        moodCode="EVN",
    )


def new_study(act: Act, effective_time: str) -> etree._Element:
    """The entry of a study that the catalog lacked, without its link; *effective_time* is a TS as written, or empty."""
    time = {"value": effective_time} if effective_time else {"nullFlavor": "UNK"}
    study = element(
        "act",
        *_templates("1.2.840.10008.9.16", "1.2.250.1.213.1.1.3.155"),
        element("id", root=act.study_uid),
        _coded("code", Code("113014", DCM, "Examen"), "DCM"),
        element("effectiveTime", **time),
        element("entryRelationship", new_series(act), typeCode="COMP"),
        classCode="ACT",
        moodCode="EVN",
    )
    return element("entry", study)


def new_series(act: Act) -> etree._Element:
    """The generic series of a study with its one instance observation."""
    modality = act.modalities[0] if act.modalities else Code("OT", DCM, "Autre")
    code = _coded("code", Code("113015", DCM, "Séries"), "DCM")
    value = _coded("value", Code(dicom_modality(modality.code), DCM, modality.display), "DCM")
    code.append(element("qualifier", _coded("name", Code("121139", DCM, "Modalité"), "DCM"), value))
    return element(
        "act",
        *_templates("1.2.840.10008.9.17", "1.2.250.1.213.1.1.3.156"),
        element("id", root=instance_uid(act.study_uid, "series")),
        code,
        element("entryRelationship", new_instance(act), typeCode="COMP"),
        classCode="ACT",
        moodCode="EVN",
    )


def new_instance(act: Act) -> etree._Element:
    """The observation that holds the link, without it."""
    sop_class = usual_sop_class(act.modalities[0].code if act.modalities else "")
    return element(
        "observation",
        *_templates("1.2.840.10008.9.18", "1.2.250.1.213.1.1.3.157"),
        element("id", root=instance_uid(act.study_uid, "instance")),
        _coded("code", sop_class, "DCMUID"),
        classCode="DGIMG",
        moodCode="EVN",
    )


def usual_sop_class(modality: str) -> Code:
    """The storage class that is named for a study of *modality*."""
    uid, label = _SOP_CLASSES.get(dicom_modality(modality), _SECONDARY_CAPTURE)
    return Code(uid, _DICOM_UID, label)


def instance_uid(study_uid: str, part: str) -> str:
    """The UID of the generic series or object of a study: made of its name (DICOM PS3.5 annex B.2)."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{study_uid}/{part}').int}"


def _templates(*roots: str) -> list[etree._Element]:
    return [element("templateId", root=root) for root in roots]


def _coded(name: str, code: Code, system_name: str) -> etree._Element:
    attributes = {"code": code.code, "displayName": code.display, "codeSystem": code.system}
    return element(name, **{k: v for k, v in attributes.items() if v}, codeSystemName=system_name)


def _name(base: str, part: str) -> str:
    """A UUID made of names: the same document gets the same ids each time it is linked."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{base}/{part}")).upper()
