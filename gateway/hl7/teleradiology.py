"""Reading teleradiology messages: flows 1 to 4 become the values of ``gateway.model.teleradiology``.

Reading is liberal: what a relay must know (the flow, the order number, the patient) is required, everything else is
taken as it comes; ``gateway.hl7.check`` says what is wrong. Source: CI-SIS "Téléradiologie" (HL7 v2.5.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.errors import InputRejected
from gateway.hl7 import embedded, er7
from gateway.hl7.er7 import Message, Segment
from gateway.hl7.order_groups import Order, of, orders
from gateway.hl7.profiles import teleradiology as guide
from gateway.hl7.profiles.routing import is_teleradiology
from gateway.hl7.values import identifiers, missing, value
from gateway.model.codes import Code
from gateway.model.identifiers import Identifier, is_uid
from gateway.model.people import Organization, Patient, Professional
from gateway.model.teleradiology import (
    Answer,
    Antecedent,
    Cancellation,
    Complement,
    Envelope,
    Examination,
    Exchange,
    Flow,
    ImagingRequest,
    Location,
    Measure,
    Product,
    Sender,
    TeleradiologyMessage,
    Visit,
)

_FLOWS = {
    guide.REQUEST: Flow.REQUEST,
    guide.CANCEL: Flow.CANCELLATION,
    guide.ANSWER: Flow.ANSWER,
    guide.COMPLEMENT: Flow.COMPLEMENT,
}


def flow_of(message: Message) -> Flow | None:
    """The flow that a message belongs to, by its procedure (OBR-4), else by its type and ORC-1; None for any other."""
    if not is_teleradiology(message):
        return None
    procedures = (_FLOWS[row.text(4)] for row in message.all("OBR") if row.text(4) in _FLOWS)
    control = message.first("ORC")
    by_type = {
        "ORM": Flow.CANCELLATION if control is not None and control.text(1) == "CA" else Flow.REQUEST,
        "ORU": Flow.ANSWER,
        "OMI": Flow.COMPLEMENT,
    }
    return next(procedures, by_type.get(message.header.text(9)))


def read(raw: bytes) -> TeleradiologyMessage:
    """The values of a message of flows 1 to 4.

    Raises InputRejected with place and code of table 0357: ``hl7_not_teleradiology``, ``hl7_field_missing``
    (order number, patient), ``hl7_segment_missing``, those of :func:`gateway.hl7.er7.parse` and of values.
    """
    message = er7.parse(raw)
    flow = flow_of(message)
    if flow is None:
        raise InputRejected("hl7_not_teleradiology", place="MSH^1^21", hl7_code="200")
    groups = orders(message)
    patient = message.first("PID")
    for name, present in (("PID", patient is not None), ("ORC", bool(groups))):
        if not present:
            raise InputRejected("hl7_segment_missing", place=f"{name}^1", hl7_code="100", segment=name)
    exchanges = _exchanges(message, flow, groups)
    return TeleradiologyMessage(envelope=_envelope(message), flow=flow, exchanges=exchanges)


def _exchanges(message: Message, flow: Flow, groups: Sequence[Order]) -> tuple[Exchange, ...]:
    patient = message.all("PID")[0]
    who, sure = patient_of(patient), value(patient, 32)
    visit = visit_of(message.first("PV1"))
    if flow is Flow.COMPLEMENT:
        done = tuple(_examination(order) for order in groups)
        number = _order_number(groups[0])
        return (Complement(order_number=number, patient=who, visit=visit, examinations=done, reliability=sure),)
    if flow is Flow.ANSWER:
        return tuple(_answer(order, who, sure) for order in groups)
    if flow is Flow.CANCELLATION:
        return tuple(cancellation_of(order, who, visit, sure) for order in groups)
    return tuple(request_of(order, who, visit, sure) for order in groups)


def _envelope(message: Message) -> Envelope:
    header = message.header
    return Envelope(
        control_id=value(header, 10),
        sending=(value(header, 3), value(header, 4)),
        receiving=(value(header, 5), value(header, 6)),
        sent_at=value(header, 7),
        processing_id=value(header, 11),
        charset=message.charset.name,
    )


def patient_of(segment: Segment) -> Patient:
    places = (n for n in segment.repetitions(11) if segment.text(11, 7, repetition=n) == "BDL")
    place = next((value(segment, 11, 9, repetition=n) for n in places), "")
    return Patient(
        identifiers=identifiers(segment, 3),
        birth_family=value(segment, 5),
        birth_given=value(segment, 5, 2),
        given_names=value(segment, 5, 3),
        birth_date=value(segment, 7)[:8],
        sex=value(segment, 8),
        birth_place=place,
    )


def visit_of(segment: Segment | None) -> Visit:
    if segment is None:
        return Visit(patient_class="")
    number = value(segment, 19)
    root = value(segment, 19, 4, 2)
    return Visit(
        patient_class=value(segment, 2),
        number=Identifier(root if is_uid(root) else "", number) if number else None,
        authority=value(segment, 19, 4),
        admitted=value(segment, 44),
        discharged=value(segment, 45),
    )


def _order_number(order: Order) -> Identifier:
    number = value(order[0], 2)
    if not number:
        raise missing(order[0].place(2))
    return _entity(order[0], 2)


def _entity(segment: Segment, field: int) -> Identifier:
    return Identifier(value(segment, field, 3), value(segment, field))


def professional_of(segment: Segment, field: int) -> Professional:
    number, root = value(segment, field), value(segment, field, 9, 2)
    known = (Identifier(root, number),) if number else ()
    return Professional(identifiers=known, family=value(segment, field, 2), given=value(segment, field, 3))


def perhaps(segment: Segment, field: int) -> Professional | None:
    return professional_of(segment, field) if segment.raw(field) else None


def sender_of(segment: Segment) -> Sender:
    number, root = value(segment, 21, 10), value(segment, 21, 6, 2)
    known = (Identifier(root, number),) if number else ()
    return Sender(
        organization=Organization(identifiers=known, name=value(segment, 21)), type_code=value(segment, 21, 7)
    )


def reason_of(segment: Segment) -> str:
    return segment.text(16, 2) or segment.text(16)


def observed(order: Order, kind: guide.Observation) -> list[Segment]:
    """The OBX of one kind in an order."""
    return [row for row in order if row.name == "OBX" and guide.Kind(kind)(row)]


def code_of(row: Segment, field: int = 5) -> Code:
    """A CE, its system by our name for it."""
    system = value(row, field, 3)
    return Code(value(row, field), guide.CODE_SYSTEMS.get(system, system), row.text(field, 2))


def _coded(order: Order, kind: guide.Observation) -> Code | None:
    return next((code_of(row) for row in observed(order, kind)), None)


def _measure(order: Order, kind: guide.Observation) -> Measure | None:
    return next((Measure(value=value(row, 5), unit=value(row, 6)) for row in observed(order, kind)), None)


def _occurrence(row: Segment) -> str:
    return row.text(4).partition(".")[0]


def locations_of(order: Order) -> tuple[Location, ...]:
    modifiers = {_occurrence(row): code_of(row) for row in observed(order, guide.TOPOGRAPHY)}
    return tuple(
        Location(region=code_of(row), modifier=modifiers.get(_occurrence(row))) for row in observed(order, guide.REGION)
    )


def _comments(order: Order, kind: str) -> tuple[str, ...]:
    return tuple(row.text(3) for row in order if row.name == "NTE" and row.text(4) == kind)


def request_of(order: Order, patient: Patient, visit: Visit, sure: str) -> ImagingRequest:
    head, procedure = order[0], of(order, "OBR")
    history, height, weight, pregnancy = guide.MEDICAL
    pregnant = _coded(order, pregnancy)
    return ImagingRequest(
        order_number=_order_number(order),
        patient=patient,
        visit=visit,
        reliability=sure,
        requested_at=value(head, 9),
        responsible=professional_of(head, 12),
        reader=perhaps(head, 11),
        callback=value(head, 14, 12) or value(head, 14),
        sender=sender_of(head),
        justification=procedure.text(13) if procedure is not None else "",
        purposes=_comments(order, "FINALITE_EXAMEN"),
        modality=_coded(order, guide.MODALITY) or Code("", ""),
        modality_comments=_comments(order, "MODALITE_IMAGERIE"),
        locations=locations_of(order),
        antecedents=tuple(Antecedent(text=row.text(5), relevance=value(row, 8)) for row in observed(order, history)),
        height=_measure(order, height),
        weight=_measure(order, weight),
        pregnant=None if pregnant is None else pregnant.code == "Y",
    )


def cancellation_of(order: Order, patient: Patient, visit: Visit, sure: str) -> Cancellation:
    head = order[0]
    return Cancellation(
        order_number=_order_number(order),
        patient=patient,
        visit=visit,
        reliability=sure,
        cancelled_at=value(head, 9),
        responsible=professional_of(head, 12),
        reader=perhaps(head, 11),
        sender=sender_of(head),
        reason=reason_of(head),
    )


def _answer(order: Order, patient: Patient, sure: str) -> Answer:
    head = order[0]
    decision = head.text(1)
    if decision not in ("OK", "OC"):
        raise InputRejected("hl7_order_control", place=head.place(1), hl7_code="103", expected="OK, OC")
    return Answer(
        order_number=_order_number(order),
        patient=patient,
        reliability=sure,
        accepted=decision == "OK",
        reader=professional_of(head, 12),
        sender=sender_of(head),
        reason=reason_of(head),
        protocols=tuple(protocols_of(order)),
    )


def protocols_of(order: Order) -> Iterator[str | bytes]:
    """Words, or the bytes of a document; data that are no base64 are passed over here and told by the checker."""
    for row in observed(order, guide.PROTOCOL):
        if row.text(2) != "ED":
            yield row.text(5)
            continue
        content = _data(row)
        if content is not None:
            yield content


def _data(row: Segment) -> bytes | None:
    try:
        return embedded.decoded(row.text(5, 5).encode())
    except ValueError:
        return None


def _examination(order: Order) -> Examination:
    control, timing = of(order, "IPC"), of(order, "TQ1")
    if control is None:
        raise InputRejected("hl7_segment_missing", place="IPC^1", hl7_code="100", segment="IPC")
    study = value(control, 3)
    if not is_uid(study):
        raise InputRejected("hl7_not_a_change", place=control.place(3), hl7_code="102")
    days = value(timing, 6) if timing is not None else ""
    act = _coded(order, guide.ACT) or Code(value(control, 4), value(control, 4, 3))
    requested = Code(value(control, 2), value(control, 2, 3), "")
    return Examination(
        accession=_entity(control, 1),
        study_uid=study,
        act=act,
        requested_act=requested if requested.code and requested.code != act.code else None,
        performed_at=value(timing, 7) if timing is not None else "",
        retention_days=int(days) if days.isascii() and days.isdecimal() and len(days) < 7 else 0,
        viewer_url=_viewer(order),
        modality=_coded(order, guide.MODALITY),
        locations=locations_of(order),
        products=_products(order),
        device_udi=next((value(row, 5) for row in observed(order, guide.DEVICE)), ""),
        device_model=next((value(row, 5) for row in observed(order, guide.DEVICE_MODEL)), ""),
    )


def _viewer(order: Order) -> str:
    for row in observed(order, guide.VIEWER):
        content = _data(row)
        if content is not None and content.isascii():
            return content.decode("ascii").strip()
    return ""


def _products(order: Order) -> tuple[Product, ...]:
    lots = {_occurrence(row): value(row, 5) for row in observed(order, guide.LOT)}
    quantities = {
        _occurrence(row): Measure(value=value(row, 5), unit=value(row, 6)) for row in observed(order, guide.QUANTITY)
    }
    return tuple(
        Product(code=code_of(row), lot=lots.get(_occurrence(row), ""), quantity=quantities.get(_occurrence(row)))
        for row in observed(order, guide.PRODUCT)
    )
