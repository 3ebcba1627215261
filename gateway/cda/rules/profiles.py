"""Which books there are, and what kind of document is being judged."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import NamedTuple

from lxml import etree

from gateway.cda.elements import attribute
from gateway.cda.rules.engine import Book, Model
from gateway.cda.rules.looking import find, kids

_ROOMS = (
    "structure",
    "datatypes",
    "references",
    "header",
    "header_imaging",
    "patient",
    "people",
    "names",
    "organizations",
    "encounter",
    "periods",
    "blanks",
    "acts",
    "order_acts",
    "unstructured",
    "request",
    "sections",
    "entries",
    "agreement",
    "advice",
)
"""Modules of this package, each with its ``BOOK``, in the order in which the rules are listed."""

CR_IMG = "1.2.250.1.213.1.1.1.45"
DA_IMG = "1.2.250.1.213.1.1.1.47"
XDS_SD = "1.3.6.1.4.1.19376.1.2.20"
"""IHE XDS-SD: a document in a CDA envelope (level 1)."""
_CI_SIS_MODELS = "1.2.250.1.213.1.1.1."
_CI_SIS = "1.2.250.1.213.1.1.1.1"
"""Conformance to the CI-SIS itself, no model."""
_DICOM_REPORT = "1.2.840.10008.9.1"
IMAGING_REPORT = "18748-4"
IMAGING_REQUEST = "55115-0"


class Kind(NamedTuple):
    """What kind of document it is."""

    model: Model
    name: str
    """As ``about`` tells it: for another model the OID that it declares, with its name where it is known."""
    level: int | None


@cache
def books() -> tuple[Book, ...]:
    """Every book, in order."""
    return tuple(import_module(f"gateway.cda.rules.{name}").BOOK for name in _ROOMS)


def kind_of(root: etree._Element) -> Kind:
    """The model that *root* declares, and the level of its body.

    A report or request is recognised by its templateId; one that lost it, by the templates of DICOM or by its type of
    document, so that the loss is found. Of another model it is only when one of the two is missing as well: a report of
    DICOM Part 20 with the type of an imaging report has a wrong templateId.
    """
    level = _level(root)
    declared = [attribute(one, "root") for one in kids(root, "templateId")]
    if level == 1:
        return Kind(Model.LEVEL_1, Model.LEVEL_1.value, 1)
    if CR_IMG in declared:
        return Kind(Model.CR_IMG, Model.CR_IMG.value, level)
    if DA_IMG in declared:
        return Kind(Model.DA_IMG, Model.DA_IMG.value, level)
    is_dicom, code = _DICOM_REPORT in declared, attribute(find(root, "code"), "code")
    others = [root for root in declared if root.startswith(_CI_SIS_MODELS) and root != _CI_SIS]
    if others and not (is_dicom and code == IMAGING_REPORT):
        return Kind(Model.OTHER, _named(others[-1]), level)
    if is_dicom or code == IMAGING_REPORT:
        return Kind(Model.CR_IMG, Model.CR_IMG.value, level)
    if code == IMAGING_REQUEST:
        return Kind(Model.DA_IMG, Model.DA_IMG.value, level)
    return Kind(Model.OTHER, "", level)


def _level(root: etree._Element) -> int | None:
    if find(root, "component/structuredBody") is not None:
        return 3
    return 1 if find(root, "component/nonXMLBody") is not None else None


_NAMES = {
    "1.2.250.1.213.1.1.1.2.1": "CARD-F-PRC",
    "1.2.250.1.213.1.1.1.5": "CSE",
    "1.2.250.1.213.1.1.1.8": "CANCER-FRCP",
    "1.2.250.1.213.1.1.1.12": "OBP",
    "1.2.250.1.213.1.1.1.13": "VSM",
    "1.2.250.1.213.1.1.1.15": "AVC-AUNV",
    "1.2.250.1.213.1.1.1.16": "AVC-EUNV",
    "1.2.250.1.213.1.1.1.17": "AVC-SUNV",
    "1.2.250.1.213.1.1.1.18": "OPH-CR-RTN",
    "1.2.250.1.213.1.1.1.21": "LDL-EES",
    "1.2.250.1.213.1.1.1.22": "DLU-DLU",
    "1.2.250.1.213.1.1.1.23": "DLU-FLUDT",
    "1.2.250.1.213.1.1.1.24": "DLU-FLUDR",
    "1.2.250.1.213.1.1.1.25": "AVC-PAVC",
    "1.2.250.1.213.1.1.1.26": "CANCER-PPS",
    "1.2.250.1.213.1.1.1.27": "CANCER-D2LM-FIN",
    "1.2.250.1.213.1.1.1.28": "CANCER-D2LM-FIDD",
    "1.2.250.1.213.1.1.1.29": "LDL-SES",
    "1.2.250.1.213.1.1.1.30": "SDM-MR",
    "1.2.250.1.213.1.1.1.32": "CANCER-CR-GM",
    "1.2.250.1.213.1.1.1.36": "CNAM-HR",
    "1.2.250.1.213.1.1.1.37": "VAC",
    "1.2.250.1.213.1.1.1.38": "TLM-DA",
    "1.2.250.1.213.1.1.1.39": "eP-MED-DM",
    "1.2.250.1.213.1.1.1.40": "ANEST-CR-ANEST",
    "1.2.250.1.213.1.1.1.41": "ANEST-CR-CPA",
    "1.2.250.1.213.1.1.1.42": "OPH-BRE",
    "1.2.250.1.213.1.1.1.46": "VAC-NOTE",
    "1.2.250.1.213.1.1.1.51": "IPS-FR",
    "1.2.250.1.213.1.1.1.54": "eDISP-MED",
    "1.2.250.1.213.1.1.1.55": "BIO-CR-BIO",
    "1.2.250.1.213.1.1.1.59": "BIO-TROD",
}
"""Short names of the other models of the CI-SIS, by templateId; 27 and 28 are the second reading of mammographies."""


def _named(root: str) -> str:
    """The name of a model; one of a family has the family's."""
    known = root
    while known not in _NAMES and known.startswith(_CI_SIS_MODELS):
        known = known.rpartition(".")[0]
    return f"{_NAMES[known]} ({root})" if known in _NAMES else root
