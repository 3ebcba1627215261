"""An imaging request (IMG-DA-IMG 2024.01) to a :class:`gateway.model.report.Request`.

A request names its order in documentationOf/serviceEvent/id and asks for acts in the section FR-Plan-de-soins; its
clinical information is that of a report. Source: CI-SIS volet IMG-DA-IMG 2024.01, official example.
"""

from __future__ import annotations

from lxml import etree

from gateway.cda.kinds import IMG_DA_IMG_TEMPLATE, kind_of, model_of
from gateway.cda.read import read_document
from gateway.cda.whole.report import completed
from gateway.errors import InputRejected
from gateway.model.codes import CCAM_SYSTEMS, DCM, LOINC
from gateway.model.datatypes import Concept, InstanceId
from gateway.model.identifiers import Identifier
from gateway.model.report import Act, DocumentKind, Report, Request, RequestedExamination
from gateway.model.report_body import CarePlan, Section
from gateway.model.report_entries import RequestedAct

_REQUEST = "55115-0"
"""LOINC code of the act documented by a request, which is the request itself."""


def read_request(root: etree._Element) -> Request:
    """The request of a CDA document.

    Raises InputRejected (``request_other_model``) for a document of another model, and as ``read`` for one without
    id, type or patient; a request without order number or acts is read, and judged elsewhere.
    """
    short = read_document(root)
    if kind_of(root) is not DocumentKind.IMAGING_REQUEST:
        raise InputRejected("request_other_model", place="/ClinicalDocument/templateId", model=model_of(root)[:64])
    document = completed(root, short, imaging=False)
    order = _documented(document)
    return Request(
        identifier=document.identifier,
        model_version=next((t.extension or "" for t in document.templates if t.root == IMG_DA_IMG_TEMPLATE), ""),
        patient=document.patient,
        order_number=_stated(order.more_identifiers) if order else None,
        accession=next(iter(document.accessions), None),
        requester=next(iter(document.authors), None),
        effective_time=document.effective_time,
        start=order.start if order else None,
        stop=order.stop if order else None,
        justification=_justification(document),
        acts=tuple(_examination(plan, act) for plan in _plans(document) for act in plan.acts),
        screening=document.screening,
        document=document,
    )


def _documented(document: Report) -> Act | None:
    """The act that is the request: the one with its code, else the first."""
    coded = (act for act in document.other_acts if act.code and act.code.code == _REQUEST)
    return next(coded, next(iter(document.other_acts), None))


def _stated(identifiers: tuple[Identifier, ...]) -> Identifier | None:
    return next((i for i in identifiers if i.root and not (isinstance(i, InstanceId) and i.null_flavor)), None)


def _plans(document: Report) -> tuple[CarePlan, ...]:
    return document.body.of(CarePlan) if document.body else ()


def _justification(document: Report) -> str:
    """The words of the subsection that justifies the request."""
    clinical = document.body.clinical_information if document.body else None
    section = clinical.request if clinical else None
    return section.text.text if section and section.text else ""


def _examination(plan: Section, act: RequestedAct) -> RequestedExamination:
    code = act.code
    every = (code, *code.translations) if code else ()
    return RequestedExamination(
        identifier=_stated(act.identifiers),
        modality=_of(every, frozenset({DCM})),
        code=_of(every, CCAM_SYSTEMS | {LOINC}),
        locations=tuple(site for site in act.sites if site.code),
        label=plan.words(act.text) or (code.display if code else ""),
        comment=" ".join(filter(None, (plan.words(comment.text) for comment in act.comments))),
        status=act.status,
        start=act.time.start if act.time else None,
    )


def _of(concepts: tuple[Concept, ...], systems: frozenset[str]) -> Concept | None:
    return next((each for each in concepts if each.code and each.system in systems), None)
