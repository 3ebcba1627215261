"""The imaging acts and orders of a CDA header (IMG-CR-IMG 2024.01 technical specification section 3.2)."""

from __future__ import annotations

from lxml import etree

from gateway.cda.elements import (
    LENGTH,
    PS3_20,
    attribute,
    code,
    find,
    find_all,
    identifier,
    interval,
)
from gateway.cda.people import professional
from gateway.errors import InputRejected
from gateway.model.codes import CCAM_SYSTEMS, DCM, LOINC, Code
from gateway.model.identifiers import is_uid
from gateway.model.report import Act, Order

SCREENING = ("Z13.9", "2.16.840.1.113883.6.3")
"""CIM-10 code of the documentationOf that says "done in a screening"."""

MODALITY = ("121139", DCM)
REGION = ("39111-0", LOINC)
"""Names of the qualifier that says what a translation of an act's code is."""
LITERAL = "studyInstanceUID"
"""Some senders write this word, meant as the name of the field, as the extension of the study's id."""


def orders(elements: list[etree._Element]) -> tuple[Order, ...]:
    """Every inFulfillmentOf/order, with the nullFlavor where a number is withheld."""
    found = []
    for index, element in enumerate(elements, start=1):
        place = f"/ClinicalDocument/inFulfillmentOf[{index}]/order"
        order = find(element, "order")
        if order is None:
            continue
        placer = find(order, "id")
        accession = order.find(f"{{{PS3_20}}}accessionNumber")
        number = identifier(accession, f"{place}/accessionNumber")
        found.append(
            Order(
                placer=identifier(placer, f"{place}/id"),
                placer_null=attribute(placer, "nullFlavor"),
                # an accession number is the extension: a root alone names an issuer and no examination
                accession=number if number is not None and number.extension else None,
                accession_null=attribute(accession, "nullFlavor"),
            )
        )
    return tuple(found)


def acts(elements: list[etree._Element]) -> tuple[tuple[Act, ...], bool]:
    """The acts that name a study, and whether the examination was part of a screening.

    Raises InputRejected for a study identifier that is no UID. An act without identifier is not an imaging study of
    ours (the official rules demand none) and is passed over.
    """
    found: list[Act] = []
    screening = False
    for index, element in enumerate(elements, start=1):
        place = f"/ClinicalDocument/documentationOf[{index}]/serviceEvent"
        event = find(element, "serviceEvent")
        if event is None:
            continue
        act_code = code(find(event, "code"))
        if act_code is not None and (act_code.code, act_code.system) == SCREENING:
            screening = True
            continue
        study_uid = _study_uid(event, f"{place}/id")
        if study_uid:
            found.append(_act(event, study_uid, act_code, place))
    return tuple(found), screening


def _act(event: etree._Element, study_uid: str, act_code: Code | None, place: str) -> Act:
    procedures, modalities, regions = _translations(event)
    start, stop = interval(find(event, "effectiveTime"), f"{place}/effectiveTime")
    performer = find(event, "performer")
    return Act(
        study_uid=study_uid,
        code=act_code,
        procedures=procedures,
        modalities=modalities,
        regions=regions,
        start=start,
        stop=stop,
        performer=None if performer is None else professional(performer, "assignedEntity", f"{place}/performer"),
    )


def _study_uid(event: etree._Element, place: str) -> str:
    """The Study Instance UID: the root of the id, whatever stands beside it; of several ids the one without extension.

    The specification says "formed of a root"; senders add the literal ``studyInstanceUID`` or an internal number.
    """
    stated = [element for element in find_all(event, "id", place) if not attribute(element, "nullFlavor")]
    stated.sort(key=lambda element: attribute(element, "extension") not in ("", LITERAL))
    if not stated:
        return ""
    root = attribute(stated[0], "root")
    if not is_uid(root):
        raise InputRejected("report_study_invalid", place=place, study=root[:LENGTH])
    return root


def _translations(event: etree._Element) -> tuple[tuple[Code, ...], tuple[Code, ...], tuple[Code, ...]]:
    """CCAM procedures, modalities, regions: told apart by code system and by the qualifier's name."""
    procedures: list[Code] = []
    modalities: list[Code] = []
    regions: list[Code] = []
    for element in find_all(event, "code/translation"):
        value = code(element)
        if value is None:
            continue
        names = {(attribute(n, "code"), attribute(n, "codeSystem")) for n in find_all(element, "qualifier/name")}
        if value.system in CCAM_SYSTEMS:
            procedures.append(value)
        elif MODALITY in names:
            modalities.append(value)
        elif REGION in names:
            regions.append(value)
    return tuple(procedures), tuple(modalities), tuple(regions)
