"""A parsed CDA document to a :class:`gateway.model.report.Report`: one walk over the header, then the kind of body.

What a report must have to be shared at all is refused here when it lacks; whether it is signed, conforming or about
the right patient is judged elsewhere. Sources: HL7 CDA R2; CI-SIS "Structuration minimale"; IMG-CR-IMG 2024.01.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lxml import etree

from gateway.cda import acts, people
from gateway.cda.elements import (
    CDA,
    REPEATS,
    attribute,
    children,
    code,
    find,
    find_all,
    identifier,
    interval,
    name_of,
    text_of,
    time,
)
from gateway.errors import InputRejected, InputTooLarge
from gateway.model.codes import Code
from gateway.model.identifiers import Identifier
from gateway.model.report import Encounter, RelatedDocument, Report

Header = dict[str, list[etree._Element]]

_ROOT = "/ClinicalDocument"
_DEFAULT_MEDIA_TYPE = "text/plain"
"""Of an ED without a mediaType (HL7 v3 data types, section 2.4.1)."""


def read(root: etree._Element) -> Report:
    """The report of a CDA document, of level 1 or 3.

    Raises InputRejected (or InputTooLarge) with the place of what is missing or unreadable; the codes are in
    ``gateway.texts.report``.
    """
    header = _header(root)
    report = _report(header)
    documented, screening = acts.acts(header.get("documentationOf", []))
    if not documented:
        raise InputRejected("report_study_missing", place=f"{_ROOT}/documentationOf/serviceEvent/id")
    orders = acts.orders(header.get("inFulfillmentOf", []))
    if not any(order.accession for order in orders):
        raise InputRejected("report_accession_missing", place=f"{_ROOT}/inFulfillmentOf/order/accessionNumber")
    return replace(report, orders=orders, acts=documented, screening=screening)


def read_document(root: etree._Element) -> Report:
    """The header of any CDA document, as a report without acts and orders: nothing of images is asked of it.

    Raises as :func:`read`, but not for studies and accession numbers.
    """
    return _report(_header(root))


def _report(header: Header) -> Report:
    document_code = code(_first(header, "code"))
    if document_code is None:
        raise InputRejected("report_code_missing", place=f"{_ROOT}/code")
    signer = _first(header, "legalAuthenticator")
    level, media_type = _body(header.get("component", []))
    return Report(
        identifier=_identifier(header),
        level=level,
        media_type=media_type,
        templates=_templates(header),
        code=document_code,
        code_translations=tuple(_codes(_first(header, "code"))),
        title=text_of(_first(header, "title")),
        effective_time=time(_first(header, "effectiveTime"), f"{_ROOT}/effectiveTime"),
        confidentiality=code(_first(header, "confidentialityCode")),
        language=attribute(_first(header, "languageCode"), "code"),
        set_id=identifier(_first(header, "setId"), f"{_ROOT}/setId"),
        version=_version(header),
        patient=people.patient(header.get("recordTarget", [])),
        authors=tuple(
            people.professional(element, "assignedAuthor", f"{_ROOT}/author[{index}]")
            for index, element in enumerate(header.get("author", []), start=1)
        ),
        legal_authenticator=None
        if signer is None
        else people.professional(signer, "assignedEntity", f"{_ROOT}/legalAuthenticator"),
        custodian=people.organization(
            find(_first(header, "custodian"), "assignedCustodian/representedCustodianOrganization"),
            f"{_ROOT}/custodian/assignedCustodian/representedCustodianOrganization",
        ),
        encounter=_encounter(find(_first(header, "componentOf"), "encompassingEncounter")),
        related=tuple(_related(header.get("relatedDocument", []))),
        addressees=_addressees(header),
    )


def _addressees(header: Header) -> tuple[Identifier, ...]:
    """Who asked for the document and to whom it is sent, by their identifiers: rights depend on them."""
    asked = [e for e in header.get("participant", []) if attribute(e, "typeCode") == "REF"]
    found = [each for e in asked for each in find_all(e, "associatedEntity/id")]
    found += [each for e in header.get("informationRecipient", []) for each in find_all(e, "intendedRecipient/id")]
    return tuple(dict.fromkeys(each for each in map(_if_readable, found) if each is not None))


def _if_readable(element: etree._Element) -> Identifier | None:
    """An identifier, or None: nobody is refused a report for the number of one of its recipients."""
    try:
        return identifier(element, "")
    except InputRejected:
        return None


def _header(root: etree._Element) -> Header:
    """The children of the document by their names, in one pass."""
    if root.tag != f"{{{CDA}}}ClinicalDocument":
        raise InputRejected("report_not_cda", place="/")
    header: Header = {}
    for element in children(root):
        name = name_of(element)
        same = header.setdefault(name, [])
        if len(same) >= REPEATS:
            raise InputTooLarge("report_too_many", place=f"{_ROOT}/{name}", limit=REPEATS)
        same.append(element)
    return header


def _first(header: Header, name: str) -> etree._Element | None:
    return next(iter(header.get(name, ())), None)


def _identifier(header: Header) -> Identifier:
    stated = header.get("id", [])
    if len(stated) > 1:
        raise InputRejected("report_id_several", place=f"{_ROOT}/id")
    value = identifier(_first(header, "id"), f"{_ROOT}/id")
    if value is None:
        raise InputRejected("report_id_missing", place=f"{_ROOT}/id")
    return value


def _templates(header: Header) -> tuple[Identifier, ...]:
    """The templates as declared; they are compared and never sent, so their form is not judged here."""
    return tuple(
        Identifier(attribute(element, "root"), attribute(element, "extension") or None)
        for element in header.get("templateId", [])
        if attribute(element, "root")
    )


def _codes(element: etree._Element | None) -> list[Code]:
    values = (code(translation) for translation in find_all(element, "translation", f"{_ROOT}/code/translation"))
    return [value for value in values if value is not None]


def _version(header: Header) -> int | None:
    value = attribute(_first(header, "versionNumber"), "value")
    if not value:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
        raise InputRejected("report_version_invalid", place=f"{_ROOT}/versionNumber")
    return int(value)


def _encounter(element: etree._Element | None) -> Encounter | None:
    if element is None:
        return None
    place = f"{_ROOT}/componentOf/encompassingEncounter"
    start, stop = interval(find(element, "effectiveTime"), f"{place}/effectiveTime")
    facility = find(element, "location/healthCareFacility")
    return Encounter(
        code=code(find(element, "code")),
        start=start,
        stop=stop,
        facility=identifier(find(facility, "id"), f"{place}/location/healthCareFacility/id"),
        facility_type=code(find(facility, "code")),
    )


def _related(elements: list[etree._Element]) -> list[RelatedDocument]:
    found = []
    for index, element in enumerate(elements, start=1):
        place = f"{_ROOT}/relatedDocument[{index}]/parentDocument/id"
        parent = identifier(find(element, "parentDocument/id"), place)
        if parent is None:
            raise InputRejected("report_parent_missing", place=place)
        found.append(RelatedDocument(type_code=attribute(element, "typeCode"), identifier=parent))
    return found


def _body(components: list[etree._Element]) -> tuple[int, str]:
    """The level, and the media type of a level-1 body; raises InputRejected unless there is exactly one body."""
    place = f"{_ROOT}/component"
    structured = [body for component in components for body in find_all(component, "structuredBody", place)]
    texts = [text for component in components for text in find_all(component, "nonXMLBody/text", place)]
    if len(structured) + len(texts) > 1:
        raise InputRejected("report_body_several", place=place)
    if structured:
        return 3, ""
    if not texts:
        raise InputRejected("report_body_missing", place=place)
    return 1, attribute(texts[0], "mediaType") or _DEFAULT_MEDIA_TYPE
