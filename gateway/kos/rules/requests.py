"""The requests that the study answers to: accession numbers, orders, who issued them."""

from __future__ import annotations

from gateway.kos import tags as t
from gateway.kos.rules.context import Context, under
from gateway.kos.tree import Node

_ORDERS = (
    (t.PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, t.ORDER_PLACER_IDENTIFIER_SEQUENCE),
    (t.FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, t.ORDER_FILLER_IDENTIFIER_SEQUENCE),
)


def check(context: Context) -> None:
    """Referenced Request Sequence, in itself and with the accession number of the study level."""
    root = context.root
    own = (context.text(root, t.ACCESSION_NUMBER), _issuer(context, root))
    if own[0] and not own[1]:
        context.say("kos-accession-issuer", under("", t.ISSUER_OF_ACCESSION_NUMBER_SEQUENCE))
    if own[1] and not own[0]:
        context.say("kos-issuer-alone", under("", t.ISSUER_OF_ACCESSION_NUMBER_SEQUENCE))
    items = root.items(t.REFERENCED_REQUEST_SEQUENCE)
    if not items:
        _none(context, own[0])
        return
    accessions = _items(context, items)
    if not any(accessions):
        _none(context, own[0])
    if own[0]:
        if len(accessions) > 1:
            context.say("kos-accession-several", under("", t.ACCESSION_NUMBER), value=own[0])
        elif accessions and own not in accessions:
            expected = next(iter(accessions))[0]
            context.say("kos-accession-differs", under("", t.ACCESSION_NUMBER), value=own[0], expected=expected)


def _none(context: Context, accession: str) -> None:
    """Nothing is said of the request: a gap where an accession number or DRIM-M says that there was one."""
    place = under("", t.REFERENCED_REQUEST_SEQUENCE)
    context.say("kos-request-missing" if accession or context.national or context.described else "kos-request-none",
                place)  # fmt: skip


def _items(context: Context, items: list[Node]) -> set[tuple[str, str]]:
    """Each item; the accession numbers with their issuers."""
    studies = {
        study.ascii(t.STUDY_INSTANCE_UID)
        for study in context.root.items(t.CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE)
    }
    accessions: set[tuple[str, str]] = set()
    seen: set[tuple[str, ...]] = set()
    for index, item in enumerate(items):
        path = under("", t.REFERENCED_REQUEST_SEQUENCE, index)
        accession = (context.text(item, t.ACCESSION_NUMBER), _issuer(context, item))
        if accession[0]:
            accessions.add(accession)
            if not accession[1]:
                context.say("kos-accession-issuer", under(path, t.ISSUER_OF_ACCESSION_NUMBER_SEQUENCE))
        elif len(items) > 1 or context.national:
            context.say("kos-request-accession", under(path, t.ACCESSION_NUMBER))
        study = item.ascii(t.STUDY_INSTANCE_UID)
        if study and studies and study not in studies:
            context.say("kos-request-study", under(path, t.STUDY_INSTANCE_UID), value=study)
        for place_of, inside in enumerate(item.items(t.REFERENCED_STUDY_SEQUENCE)):
            named = inside.ascii(t.REFERENCED_SOP_INSTANCE_UID)
            if named and named != study:
                place = under(path, t.REFERENCED_STUDY_SEQUENCE, place_of)
                context.say("kos-request-study", under(place, t.REFERENCED_SOP_INSTANCE_UID), value=named)
        orders = []
        for number_tag, issuer_tag in _ORDERS:
            number, issuer = context.text(item, number_tag), context.issuer(item, issuer_tag)
            orders += [number, issuer]
            if issuer and not number:
                context.say("kos-issuer-alone", under(path, issuer_tag))
            if number and not issuer and number_tag == t.PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST:
                context.say("kos-order-issuer", under(path, issuer_tag), value=number)
        key = (*accession, study, *orders, context.text(item, t.REQUESTED_PROCEDURE_ID))
        if key in seen:
            context.say("kos-request-twice", path)
        seen.add(key)
    return accessions


def _issuer(context: Context, node: Node) -> str:
    return context.issuer(node, t.ISSUER_OF_ACCESSION_NUMBER_SEQUENCE)
