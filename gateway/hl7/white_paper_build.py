"""Writing the white paper's flows A, C and D: ORM^O01 for an end that does not follow the guide.

The white paper gives contents and no fields. They are put where IHE RAD Scheduled Workflow has them (OBR-18 accession
number, OBR-24 modality, ZDS-1 study) and, where it has no place, where the guide that followed put them (OBX).
Sources: ANS white paper "Téléradiologie", final version 2024-10-03, sections 3.2.2 and 3.3.1; IHE RAD TF-2 4.4.
"""

from __future__ import annotations

from gateway.errors import InputRejected
from gateway.hl7.profiles import teleradiology as guide
from gateway.hl7.teleradiology_writer import (
    PLATFORM_KIND,
    RESULT,
    SITE_KIND,
    TeleradiologyWriter,
    located,
    requested,
    strict,
)
from gateway.model.codes import Code
from gateway.model.identifiers import Identifier
from gateway.model.teleradiology import (
    Answer,
    Cancellation,
    Complement,
    Dose,
    Envelope,
    Examination,
    Exchange,
    ImagingRequest,
    PostalAddress,
    Visit,
)

_PROTOCOL = (guide.PROTOCOL.code, guide.PROTOCOL.label, guide.PROTOCOL.system)


def build(envelope: Envelope, exchange: Exchange) -> bytes:
    """Flow A of a request or its cancellation, C of an answer, D of a complement.

    Raises InputRejected: ``white_paper_refusal`` for an answer that refuses, which the white paper has no message for;
    ``hl7_refused_by_us`` with place and field when the white paper requires what is lacking (such as the dose);
    ``hl7_not_encodable``.
    """
    writer = TeleradiologyWriter.of(envelope)
    match exchange:
        case ImagingRequest():
            rows = _request(writer, exchange)
        case Cancellation():
            rows = _cancellation(writer, exchange)
        case Answer():
            rows = _answer(writer, exchange)
        case Complement():
            rows = _complement(writer, exchange)
    header = writer.header(envelope, "ORM", "O01", of_guide=False)
    return strict(writer.message(header, writer.patient(exchange.patient, exchange.reliability), *rows))


def _procedure(
    writer: TeleradiologyWriter, service: Code, number: Identifier, modality: str = "", **more: bytes | str
) -> bytes:
    """OBR; *service* is what is asked for or was done (OBR-4)."""
    fields: dict[int, bytes | str] = {1: "1", 2: writer.entity(number), 4: writer.code(service)}
    places = {"performed": 7, "reason": 13, "by": 16, "accession": 18}
    fields |= {places[name]: value for name, value in more.items()}
    return writer.segment("OBR", fields | ({24: modality} if modality else {}))


def _request(writer: TeleradiologyWriter, asked: ImagingRequest) -> list[bytes]:
    procedure = _procedure(
        writer,
        asked.modality,
        asked.order_number,
        asked.modality.code,
        reason=asked.justification,
        by=writer.professional(asked.responsible),
    )
    comments = [writer.comment(text, "FINALITE_EXAMEN") for text in asked.purposes]
    return [writer.visit(asked.visit), writer.new_order(asked), procedure, *comments, *requested(writer, asked)]


def _cancellation(writer: TeleradiologyWriter, taken_back: Cancellation) -> list[bytes]:
    order = writer.segment(
        "ORC",
        {
            1: "CA",
            2: writer.entity(taken_back.order_number),
            9: taken_back.cancelled_at,
            12: writer.professional(taken_back.responsible),
            16: writer.field("", taken_back.reason),
            17: writer.field(*SITE_KIND),
            21: writer.sender(taken_back.sender),
        },
    )
    return [writer.visit(taken_back.visit), order]


def _answer(writer: TeleradiologyWriter, answer: Answer) -> list[bytes]:
    if not answer.accepted:
        raise InputRejected("white_paper_refusal", place="accepted")
    reader = writer.professional(answer.reader)
    order = writer.segment(
        "ORC",
        {
            1: "OK",
            2: writer.entity(answer.order_number),
            12: reader,
            17: writer.field(*PLATFORM_KIND),
            21: writer.sender(answer.sender),
        },
    )
    fields: dict[int, bytes | str] = {1: "1", 2: writer.entity(answer.order_number), 4: writer.field(*_PROTOCOL)}
    # The structure has a PV1; what is answered is about a request and about no visit.
    rows = [writer.visit(Visit(patient_class="N")), order, writer.segment("OBR", {**fields, 16: reader})]
    return [*rows, *writer.protocols(answer.protocols)]


def _complement(writer: TeleradiologyWriter, done: Complement) -> list[bytes]:
    rows = [writer.visit(done.visit)]
    for examination in done.examinations:
        rows += _examination(writer, done, examination)
    return rows


def _examination(writer: TeleradiologyWriter, done: Complement, examination: Examination) -> list[bytes]:
    sender, requester = done.sender, done.requester or done.responsible
    order: dict[int, bytes | str] = {1: "SC", 2: writer.entity(done.order_number)}
    if done.responsible is not None:
        order[12] = writer.professional(done.responsible)
    if sender is not None:
        order |= {17: writer.field(*SITE_KIND), 21: writer.sender(sender)}
        order |= {22: _address(writer, sender.address)} if sender.address else {}
        order |= {23: writer.callback(sender.telephone)} if sender.telephone else {}
    numbers = iter(range(1, 1000))
    rows = [
        writer.segment("ORC", order),
        _procedure(
            writer,
            examination.act,
            done.order_number,
            examination.modality.code if examination.modality else "",
            performed=examination.performed_at,
            by=writer.professional(requester) if requester else b"",
            accession=examination.accession.extension or "",
        ),
        *located(writer, examination.locations, RESULT, numbers),
        *(_dose(writer, next(numbers), dose) for dose in examination.doses),
    ]
    # The study: IHE RAD's ZDS, a pointer to a DICOM application.
    return [*rows, writer.segment("ZDS", {1: writer.field(examination.study_uid, "", "Application", "DICOM")})]


def _dose(writer: TeleradiologyWriter, number: int, dose: Dose) -> bytes:
    fields: dict[int, bytes | str] = {1: str(number), 2: "NM", 3: writer.code(dose.code)}
    return writer.segment("OBX", fields | {5: dose.measure.value, 6: dose.measure.unit, 11: RESULT})


def _address(writer: TeleradiologyWriter, address: PostalAddress) -> bytes:
    return writer.field(address.street, "", address.city, "", address.postal_code, "FRA", "B")
