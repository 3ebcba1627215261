"""Documents and objects that are asked for by name: ITI-43 and its answer, RAD-69, ITI-62, ITI-86.

Sources: ITI TF-2 sections 3.43.4.1.2 and 3.43.4.2.2, 3.62.4.1.2, 3.86.4.1.2; RAD TF-2 section 4.69.4.1.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from gateway.xds import constants as c
from gateway.xds.rules import documents, values
from gateway.xds.rules.answers import STATUSES
from gateway.xds.rules.objects import inner_text
from gateway.xds.rules.parts import Apart
from gateway.xds.rules.rule import ERROR, RAD, TF2, WARNING, Findings, rule

_RETRIEVAL = f"{TF2} 3.43.4.1.2 and 3.43.4.2.2"
_IMAGING = f"{RAD[:-5]} 4.69.4.1.2"
REPOSITORY = rule(
    "retrieve.repository",
    ERROR,
    f"{TF2} 3.43.4.1.2",
    "RepositoryUniqueId vaut « {value} » et {fault}.",
    "RepositoryUniqueId is “{value}” and {fault}.",
)
PART = rule(
    "retrieve.missing",
    ERROR,
    _RETRIEVAL,
    "{attribute} manque ou est vide.",
    "{attribute} is missing or empty.",
)
HOME = rule(
    "retrieve.home",
    ERROR,
    f"{TF2} 3.43.4.1.2",
    "HomeCommunityId « {value} » {fault}.",
    "HomeCommunityId “{value}” {fault}.",
)
DOCUMENT = rule(
    "retrieve.document",
    ERROR,
    _RETRIEVAL,
    "DocumentUniqueId « {value} » {fault}.",
    "DocumentUniqueId “{value}” {fault}.",
)
TWICE = rule(
    "retrieve.repeated",
    WARNING,
    _RETRIEVAL,
    "Le document « {value} » est présent plusieurs fois.",
    "The document “{value}” is there several times.",
)
MIME_TYPE = rule(
    "retrieve.mime-type",
    ERROR,
    _RETRIEVAL,
    "mimeType « {value} » {fault}.",
    "mimeType “{value}” {fault}.",
)
STATED = rule(
    "retrieve.status",
    ERROR,
    f"{TF2} 3.43.4.2.2",
    "La réponse est « {value} » et porte {count} document(s).",
    "The answer is “{value}” and carries {count} document(s).",
)
SAME_UID = rule(
    "imaging.uid-of-another",
    ERROR,
    "DICOM PS3.5 section 9 (each entity its own UID)",
    "{attribute} « {value} » est aussi l'UID de l'étude ou de la série qui le contient.",
    "{attribute} “{value}” is the UID of the study or series that holds it, too.",
)
DELIVERED = rule(
    "retrieve.error-of-delivered",
    ERROR,
    f"{TF2} 3.43.4.2.2; {_IMAGING}",
    "Une erreur porte sur le document « {value} », que la réponse donne.",
    "An error is about the document “{value}”, which the answer carries.",
)
UID = rule(
    "imaging.uid",
    ERROR,
    _IMAGING,
    "{attribute} « {value} » {fault}.",
    "{attribute} “{value}” {fault}.",
)
REMOVED = rule(
    "remove.id",
    ERROR,
    f"{TF2} 3.62.4.1.2 (entryUUID of each object)",
    "L'objet à supprimer « {value} » {fault}.",
    "The object to remove “{value}” {fault}.",
)
REMOVED_TWICE = rule(
    "remove.repeated",
    WARNING,
    f"{TF2} 3.62.4.1.2",
    "L'objet à supprimer « {value} » est présent plusieurs fois.",
    "The object to remove “{value}” is there several times.",
)
SCOPE = rule(
    "remove.scope",
    ERROR,
    f"{TF2} 3.62.4.1.2 (deletionScope: DeleteAll, or absent)",
    "deletionScope vaut « {value} » ; attendu : {expected}.",
    "deletionScope is “{value}”; expected: {expected}.",
)
_DELETE_ALL = "urn:oasis:names:tc:ebxml-regrep:DeletionScopeType:DeleteAll"
_IDENTITY = ("RepositoryUniqueId", "DocumentUniqueId")


def _xdsb(name: str) -> str:
    return f"{{{c.XDSB}}}{name}"


def named(element: etree._Element, findings: Findings) -> None:
    """The DocumentRequests of ITI-43 or ITI-86."""
    _each(element.iterchildren(_xdsb("DocumentRequest")), findings)


def images(element: etree._Element, findings: Findings) -> None:
    """A RetrieveImagingDocumentSetRequest: study, series, instances, and the transfer syntaxes that are taken."""
    for tag, attribute in (("StudyRequest", "studyInstanceUID"), ("SeriesRequest", "seriesInstanceUID")):
        for one in element.iter(f"{{{c.XDSI}}}{tag}"):
            _uid(one, attribute, (one.get(attribute) or "").strip(), findings)
    for one in element.iter(f"{{{c.XDSI}}}TransferSyntaxUID"):
        if not inner_text(one):
            findings.add(PART, one, attribute="TransferSyntaxUID")
        _uid(one, "TransferSyntaxUID", inner_text(one), findings)
        if _is_something_else(inner_text(one)):
            fault = values.both("n'est pas une syntaxe de transfert de DICOM", "is no transfer syntax of DICOM")
            findings.add(UID, one, attribute="TransferSyntaxUID", value=inner_text(one), fault=fault)
    asked = list(element.iter(_xdsb("DocumentRequest")))
    _each(iter(asked), findings)
    for one in asked:
        _uid(one, "DocumentUniqueId", _text(one, "DocumentUniqueId"), findings)
    for study in element.iterchildren(f"{{{c.XDSI}}}StudyRequest"):
        _levels(study, findings)


def _levels(study: etree._Element, findings: Findings) -> None:
    """Study, series and instance have a UID each."""
    study_uid = (study.get("studyInstanceUID") or "").strip()
    for series in study.iterchildren(f"{{{c.XDSI}}}SeriesRequest"):
        series_uid = (series.get("seriesInstanceUID") or "").strip()
        if series_uid and series_uid == study_uid:
            findings.add(SAME_UID, series, value=series_uid, attribute="seriesInstanceUID")
        for one in series.iterchildren(_xdsb("DocumentRequest")):
            if (uid := _text(one, "DocumentUniqueId")) and uid in (study_uid, series_uid):
                findings.add(SAME_UID, one, value=uid, attribute="DocumentUniqueId")


def _is_something_else(uid: str) -> bool:
    """Whether the standard gives *uid* to something that is no transfer syntax; one of a maker's own may be one."""
    from pydicom._uid_dict import UID_dictionary  # what most messages do not need

    entry = UID_dictionary.get(uid)
    return entry is not None and entry[1] != "Transfer Syntax"


def answer(element: etree._Element, apart: Apart, findings: Findings) -> None:
    """A RetrieveDocumentSetResponse: its documents with their bytes, and whether its status fits them."""
    used: set[str] = set()
    found = list(element.iterchildren(_xdsb("DocumentResponse")))
    _each(iter(found), findings)
    for one in found:
        stated = _text(one, "mimeType")
        if not stated:
            findings.add(PART, one, attribute="mimeType")
        elif fault := values.mime_type(stated):
            findings.add(MIME_TYPE, one, value=stated, fault=fault)
        content = one.find(_xdsb("Document"))
        if content is None:
            findings.add(PART, one, attribute="Document")
        else:
            documents.answered(content, _text(one, "DocumentUniqueId"), stated, apart, used, findings)
    documents.left_over(element, apart, used, findings)
    given = {_text(one, "DocumentUniqueId") for one in found}
    for error in element.iter(f"{{{c.RS}}}RegistryError"):
        about = (error.get("location") or "").strip()
        if about in given and (error.get("severity") or "").endswith(":Error"):
            findings.add(DELIVERED, error, value=about)
    for response in element.iterchildren(f"{{{c.RS}}}RegistryResponse"):
        status = (response.get("status") or "").strip()
        # Success and PartialSuccess give documents, Failure gives none
        if status in STATUSES and bool(found) == (status == STATUSES[1]):
            findings.add(STATED, response, value=status, count=str(len(found)))


def removal(element: etree._Element, findings: Findings) -> None:
    """A RemoveObjectsRequest: the entryUUIDs of what is to go."""
    scope = (element.get("deletionScope") or "").strip()
    if scope and scope != _DELETE_ALL:
        findings.add(SCOPE, element, value=scope, expected=_DELETE_ALL)
    seen: set[str] = set()
    for one in element.iter(f"{{{c.RIM}}}ObjectRef"):
        name = (one.get("id") or "").strip()
        if name and (fault := values.uuid(name)):
            findings.add(REMOVED, one, value=name, fault=fault)
        elif name in seen:
            findings.add(REMOVED_TWICE, one, value=name)
        seen.add(name)
        home = (one.get("home") or "").strip()
        if home and (fault := values.home_community(home)):
            findings.add(HOME, one, value=home, fault=fault)


def _each(asked: Iterator[etree._Element], findings: Findings) -> None:
    """What names a document, of a DocumentRequest or a DocumentResponse."""
    seen: set[tuple[str, str]] = set()
    for one in asked:
        for name in _IDENTITY:
            if not _text(one, name):
                findings.add(PART, one, attribute=name)
        repository, document = (_text(one, name) for name in _IDENTITY)
        for name in ("RepositoryUniqueId", "NewRepositoryUniqueId"):
            if (stated := _text(one, name)) and (fault := values.oid(stated)):
                findings.add(REPOSITORY, one, value=stated, fault=fault)
        for name in ("DocumentUniqueId", "NewDocumentUniqueId"):
            if (stated := _text(one, name)) and (fault := values.unique_id(stated)):
                findings.add(DOCUMENT, one, value=stated, fault=fault)
        home = one.find(_xdsb("HomeCommunityId"))
        stated = _text(one, "HomeCommunityId")
        if home is not None and (fault := values.home_community(stated)):
            findings.add(HOME, home, value=stated, fault=fault)
        if document and (repository, document) in seen:
            findings.add(TWICE, one, value=document)
        seen.add((repository, document))


def _uid(place: etree._Element, attribute: str, value: str, findings: Findings) -> None:
    if value and (fault := values.oid(value)):
        findings.add(UID, place, attribute=attribute, value=value, fault=fault)


def _text(element: etree._Element, name: str) -> str:
    found = element.find(_xdsb(name))
    return "" if found is None else inner_text(found)
