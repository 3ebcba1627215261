"""What a CDA document is: an imaging report, a request, another model of the CI-SIS, or something else.

A model of the CI-SIS is told by its templateId (1.2.250.1.213.1.1.1.n). The names are those under which the ANS
publishes the models.
"""

from __future__ import annotations

from lxml import etree

from gateway.cda.elements import CDA, attribute, path
from gateway.model.report import IMG_CR_IMG_TEMPLATE, UNSTRUCTURED_TEMPLATE, DocumentKind

CI_SIS = "1.2.250.1.213.1.1.1.1"
"""templateId of every document of the CI-SIS."""
IMG_DA_IMG_TEMPLATE = "1.2.250.1.213.1.1.1.47"

_ROOT = "1.2.250.1.213.1.1.1"
MODELS = {
    f"{_ROOT}.{number}": name
    for number, name in {
        "2.1.1": "CARD-F-PRC-AVK",
        "2.1.2": "CARD-F-PRC-TAP",
        "2.1.3": "CARD-F-PRC-DCI",
        "2.1.4": "CARD-F-PRC-PSC",
        "2.1.5": "CARD-F-PRC-PPV",
        "5.1": "CSE-CS8",
        "5.2": "CSE-CS9",
        "5.3": "CSE-CS24",
        "5.4": "CSE-MDE",
        "8": "CANCER-FRCP",
        "12.1": "OBP-SAP",
        "12.2": "OBP-SNM",
        "12.3": "OBP-SNE",
        "12.4": "OBP-SCM",
        "12.5": "OBP-SCE",
        "13": "VSM",
        "15": "AVC-AUNV",
        "16": "AVC-EUNV",
        "17": "AVC-SUNV",
        "18": "OPH-CR-RTN",
        "20": "PPS-PAERPA",
        "21": "LDL-EES",
        "22": "DLU-EHPAD-DLU",
        "23": "DLU-EHPAD-FLUDT",
        "24": "DLU-EHPAD-FLUDR",
        "25": "AVC-PAVC",
        "26": "CANCER-PPS",
        "27": "CANCER-D2LM-FIN",
        "28": "CANCER-D2LM-FIDD",
        "29": "LDL-SES",
        "30": "SDM-MR",
        "32": "CANCER-CR-GM",
        "37": "VAC",
        "38": "TLM-DA",
        "39": "EP-MED-DM",
        "40": "ANEST-CR-ANEST",
        "41": "ANEST-CR-CPA",
        "42": "OPH-BRE",
        "45": "IMG-CR-IMG",
        "46": "VAC-NOTE",
        "47": "IMG-DA-IMG",
        "55": "BIO-CR-BIO",
        "59": "BIO-ATTEST-DEPIST",
    }.items()
}
"""Models of the CI-SIS by their templateId."""

_KINDS = {
    IMG_CR_IMG_TEMPLATE: DocumentKind.IMAGING_REPORT,
    IMG_DA_IMG_TEMPLATE: DocumentKind.IMAGING_REQUEST,
    f"{_ROOT}.27": DocumentKind.MAMMOGRAPHY_SECOND_READING,
    f"{_ROOT}.28": DocumentKind.MAMMOGRAPHY_DEFERRED_DIAGNOSIS,
}


def kind_of(root: etree._Element) -> DocumentKind | None:
    """What the document is, by its templates and, for level 1, its body; None when it is no CDA document."""
    if root.tag != f"{{{CDA}}}ClinicalDocument":
        return None
    declared = _declared(root)
    for template in declared:
        if template in _KINDS:
            return _KINDS[template]
    if UNSTRUCTURED_TEMPLATE in declared or root.find(path("component/nonXMLBody")) is not None:
        return DocumentKind.UNSTRUCTURED
    return DocumentKind.OTHER_CISIS if any(_of_cisis(template) for template in declared) else DocumentKind.OTHER


def model_of(root: etree._Element) -> str:
    """The name of the CI-SIS model that the document declares; its templateId when it is unknown, else empty."""
    models = [template for template in _declared(root) if _of_cisis(template) and template != CI_SIS]
    return next((MODELS[template] for template in models if template in MODELS), models[0] if models else "")


def _declared(root: etree._Element) -> list[str]:
    return [attribute(element, "root") for element in root.findall(path("templateId"))]


def _of_cisis(template: str) -> bool:
    return template.startswith(f"{_ROOT}.")
