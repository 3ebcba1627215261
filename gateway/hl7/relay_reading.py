"""What the relay's messages say, whole, for an end that does not read HL7: flows 1 to 4, A, C and D, and documents.

What an end is told is what the message says in the places that are known here; the white paper fixes none, so its
flows are read where IHE RAD Scheduled Workflow and the guide that followed have them, as they are written
(:mod:`gateway.hl7.white_paper_build`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.errors import InputRejected
from gateway.flow.events import Delete, New, Replace
from gateway.hl7 import er7, teleradiology
from gateway.hl7.er7 import Message, Segment
from gateway.hl7.intake import read_events
from gateway.hl7.order_groups import Order, all_of, of, orders
from gateway.hl7.profiles import routing
from gateway.hl7.profiles.white_paper import REFUSALS
from gateway.hl7.values import value
from gateway.model.codes import DCM, Code
from gateway.model.identifiers import Identifier
from gateway.model.people import Professional
from gateway.model.relay import Flow
from gateway.model.report import Reliability
from gateway.model.teleradiology import (
    Answer,
    Complement,
    Dose,
    Examination,
    Exchange,
    Measure,
    PostalAddress,
    Transmittal,
)

_WHITE_PAPER = frozenset({"lb-a", "lb-c", "lb-d"})
_ORDER = Identifier("", "")
"""Stands for the order number, which the relay knows."""


def read(message: bytes, flow: Flow, order: Identifier) -> tuple[Exchange | Transmittal, ...]:
    """What a message of the relay says: one exchange, or each of its documents.

    *order*: the number by which the relay knows its request, which a document need not say. Raises InputRejected as
    the readers of its kind do.
    """
    if flow in (Flow.DOCUMENT, Flow.REPORT):
        return tuple(_documents(message, order))
    parsed = er7.parse(message)
    profile = routing.route(parsed)
    if profile is None or profile.name not in _WHITE_PAPER:
        return teleradiology.read(message).exchanges
    return (replace(_of_white_paper(parsed, flow), order_number=order),)


# .. documents


def _documents(message: bytes, order: Identifier) -> Iterator[Transmittal]:
    parsed = er7.parse(message)
    visit = teleradiology.visit_of(parsed.first("PV1"))
    for event in read_events(message):
        if not isinstance(event, New | Replace | Delete):
            raise InputRejected("relay_no_document", place="MSH^1^9", hl7_code="200")
        received, said = event.received, event.received.statements
        yield Transmittal(
            order_number=order,
            content=received.content,
            withdraws=isinstance(event, Delete),
            masks=said.masked,
            to_dmp=said.to_dmp is not False,
            secret_connection=said.secret_connection,
            visit=visit,
            reliability="" if said.reliability is Reliability.UNSTATED else said.reliability.value,
        )


# .. the white paper's flows


def _of_white_paper(message: Message, flow: Flow) -> Exchange:
    patient, groups = message.first("PID"), orders(message)
    if patient is None or not groups:
        raise InputRejected("hl7_segment_missing", place="PID^1", hl7_code="100", segment="PID, ORC")
    who, sure = teleradiology.patient_of(patient), value(patient, 32)
    visit = teleradiology.visit_of(message.first("PV1"))
    order, head = groups[0], groups[0][0]
    match flow:
        case Flow.CANCEL:
            return teleradiology.cancellation_of(order, who, visit, sure)
        case Flow.ANSWER:
            return Answer(
                order_number=_ORDER,
                patient=who,
                reliability=sure,
                accepted=head.text(1) not in REFUSALS,
                reader=teleradiology.professional_of(head, 12),
                sender=teleradiology.sender_of(head),
                reason=teleradiology.reason_of(head),
                protocols=tuple(teleradiology.protocols_of(order)),
            )
        case Flow.COMPLEMENT:
            return Complement(
                order_number=_ORDER,
                patient=who,
                visit=visit,
                reliability=sure,
                examinations=tuple(_examination(message, each) for each in groups),
                requester=_requester(order),
                responsible=teleradiology.perhaps(head, 12),
                sender=replace(
                    teleradiology.sender_of(head),
                    address=_address(head),
                    telephone=value(head, 23, 12) or value(head, 23),
                ),
            )
        case _:
            asked = teleradiology.request_of(order, who, visit, sure)
            return asked if asked.modality.code else replace(asked, modality=_modality(order) or asked.modality)


def _modality(order: Order) -> Code | None:
    code = next((value(row, 24) for row in all_of(order, "OBR") if row.text(24)), "")
    return Code(code, DCM) if code else None


def _requester(order: Order) -> Professional | None:
    """OBR-16 where it is another than ORC-12: who asked the site."""
    procedure = of(order, "OBR")
    if procedure is None or procedure.raw(16) == order[0].raw(12):
        return None
    return teleradiology.perhaps(procedure, 16)


def _address(head: Segment) -> PostalAddress | None:
    if not head.raw(22):
        return None
    return PostalAddress(street=value(head, 22), postal_code=value(head, 22, 5), city=value(head, 22, 3))


def _examination(message: Message, order: Order) -> Examination:
    """OBR-4, OBR-7, OBR-18 and OBR-24, study in ZDS-1; or IPC-1 and IPC-3, as the guide has them."""
    procedure, control = of(order, "OBR"), of(order, "IPC")
    study = of(order, "ZDS") or message.first("ZDS")
    number = value(procedure, 18) if procedure is not None else ""
    return Examination(
        accession=Identifier("", number) if control is None else Identifier(value(control, 1, 3), value(control, 1)),
        study_uid=value(control, 3) if control is not None else value(study, 1) if study is not None else "",
        act=teleradiology.code_of(procedure, 4) if procedure is not None else Code("", ""),
        performed_at=value(procedure, 7) if procedure is not None else "",
        viewer_url="",
        retention_days=0,
        modality=_modality(order),
        locations=teleradiology.locations_of(order),
        doses=tuple(_dose(row) for row in all_of(order, "OBX") if row.text(2) == "NM" and row.text(3, 3) == "DCM"),
    )


def _dose(row: Segment) -> Dose:
    return Dose(
        code=teleradiology.code_of(row, 3),
        measure=Measure(value=value(row, 5), unit=value(row, 6)),
    )
