"""The requests that a manifest answers to: one item for each accession number and placer order number.

Sources: DICOM PS3.3 C.17.6.2 and table C.17-3c (Referenced Request macro), C.7.2.1 (Accession Number); IHE RAD TF-3
4.68.4.1.2.3; IHE RAD Supplement MADO 6.X.2.6.1 and 6.X.2.8.1 (the number of items is that of unique pairs).
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.kos import tags
from gateway.kos.elements import Attributes, coded, entity
from gateway.model.exam import Exam, ImagingRequest
from gateway.model.identifiers import Identifier

Order = tuple[Identifier, Identifier | None]


def put_requests(
    head: Attributes, exam: Exam, accession: Identifier, orders: Iterable[Order], *, one_at_the_study: bool
) -> None:
    """Referenced Request Sequence, and the accession number of the study level.

    With several accession numbers the study level is left empty; with one it is filled when *one_at_the_study* says
    so. Raises Mismatch for an identifier that DICOM cannot hold.
    """
    asked = requests(exam, accession, orders)
    accessions = list(dict.fromkeys(request.accession for request in asked))
    if one_at_the_study and len(accessions) == 1:
        _put_accession(head, accessions[0])
    else:
        head.put(tags.ACCESSION_NUMBER, "SH", "")
    head.items(tags.REFERENCED_REQUEST_SEQUENCE, [_item(exam.study_uid, request) for request in asked])


def requests(exam: Exam, accession: Identifier, orders: Iterable[Order]) -> tuple[ImagingRequest, ...]:
    """Every request: the report's orders with what the PACS adds to them, then those that only the PACS names.

    A request of the PACS without a placer number completes every order under its accession number; an issuer that the
    PACS does not name is the one of *accession*.
    """
    stated = [order for order in dict.fromkeys(orders) if order[0].extension]
    if all(number != accession for number, _ in stated):
        stated.insert(0, (accession, None))
    # an accession number with a placer number says all that the same number without one says
    full = {number for number, placer in stated if placer}
    stated = [(number, placer) for number, placer in stated if placer or number not in full]
    told = [_under(request, accession) for request in exam.requests if request.accession.extension]
    found = [_completed(number, placer, told) for number, placer in stated]
    known = {request.accession for request in found}
    found += [request for request in told if request.accession not in known]
    return tuple(dict.fromkeys(found))


def _under(request: ImagingRequest, accession: Identifier) -> ImagingRequest:
    from dataclasses import replace

    if request.accession.root:
        return request
    return replace(request, accession=Identifier(accession.root, request.accession.extension))


def _completed(number: Identifier, placer: Identifier | None, told: list[ImagingRequest]) -> ImagingRequest:
    from dataclasses import replace

    for request in told:
        if request.accession == number and (placer is None or request.placer in (None, placer)):
            return replace(request, placer=placer or request.placer)
    return ImagingRequest(accession=number, placer=placer)


def _item(study_uid: str, request: ImagingRequest) -> Attributes:
    """One request; type 2 attributes are empty where nothing is known."""
    item = Attributes()
    item.uid(tags.STUDY_INSTANCE_UID, study_uid)
    item.items(tags.REFERENCED_STUDY_SEQUENCE, ())
    _put_accession(item, request.accession)
    _put_order(item, request.placer, "PLACER")
    _put_order(item, request.filler, "FILLER")
    item.key(tags.REQUESTED_PROCEDURE_ID, "SH", request.procedure_id)
    item.words(tags.REQUESTED_PROCEDURE_DESCRIPTION, "LO", request.procedure_description)
    codes = [coded(request.procedure)] if request.procedure else []
    item.items(tags.REQUESTED_PROCEDURE_CODE_SEQUENCE, codes)
    return item


def _put_accession(item: Attributes, accession: Identifier) -> None:
    item.key(tags.ACCESSION_NUMBER, "SH", accession.extension or "")
    if accession.root:
        item.items(tags.ISSUER_OF_ACCESSION_NUMBER_SEQUENCE, [entity(accession.root)])


def _put_order(item: Attributes, number: Identifier | None, side: str) -> None:
    placer = side == "PLACER"
    tag = (
        tags.PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST if placer else tags.FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST
    )
    item.key(tag, "LO", (number.extension or "") if number else "")
    if number and number.extension and number.root:
        issuer = tags.ORDER_PLACER_IDENTIFIER_SEQUENCE if placer else tags.ORDER_FILLER_IDENTIFIER_SEQUENCE
        item.items(issuer, [entity(number.root)])
