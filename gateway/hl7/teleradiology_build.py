"""Writing teleradiology messages: flows 1 to 4, strict by the guide.

Source: CI-SIS "Téléradiologie" (HL7 v2.5.1, first edition): "Contraintes applicables aux profils de message".
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.hl7.check.datatypes import MOST_DIGITS
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
from gateway.model.identifiers import Identifier
from gateway.model.teleradiology import (
    Answer,
    Cancellation,
    Complement,
    Envelope,
    Examination,
    Exchange,
    ImagingRequest,
    Product,
)


def build(envelope: Envelope, exchange: Exchange) -> bytes:
    """The message of one exchange.

    Raises InputRejected when the guide requires what is lacking (``hl7_refused_by_us``, with the first finding's place
    and code), or when a character does not exist in the character set.
    """
    writer = TeleradiologyWriter.of(envelope)
    match exchange:
        case ImagingRequest():
            rows = _request(writer, exchange)
            kind = ("ORM", "O01")
        case Cancellation():
            rows = _cancellation(writer, exchange)
            kind = ("ORM", "O01")
        case Answer():
            rows = _answer(writer, exchange)
            kind = ("ORU", "R01")
        case Complement():
            rows = _complement(writer, exchange)
            kind = ("OMI", "O23")
    return strict(
        writer.message(writer.header(envelope, *kind), writer.patient(exchange.patient, exchange.reliability), *rows)
    )


def _procedure(writer: TeleradiologyWriter, code: str, number: Identifier, **more: bytes | str) -> bytes:
    fields: dict[int, bytes | str] = {
        2: writer.entity(number),
        4: writer.field(code, guide.LABELS[code], guide.PROCEDURES),
    }
    fields |= {13: more["justification"]} if "justification" in more else {}
    fields |= {16: more["responsible"]} if "responsible" in more else {}
    return writer.segment("OBR", fields)


def _request(writer: TeleradiologyWriter, asked: ImagingRequest) -> list[bytes]:
    return [
        writer.visit(asked.visit),
        writer.new_order(asked),
        _procedure(
            writer,
            guide.REQUEST,
            asked.order_number,
            justification=asked.justification,
            responsible=writer.professional(asked.responsible),
        ),
        *(writer.comment(text, "FINALITE_EXAMEN") for text in asked.purposes),
        *requested(writer, asked),
    ]


def _cancellation(writer: TeleradiologyWriter, taken_back: Cancellation) -> list[bytes]:
    responsible = writer.professional(taken_back.responsible)
    order = writer.segment(
        "ORC",
        {
            1: "CA",
            2: writer.entity(taken_back.order_number),
            9: taken_back.cancelled_at,
            11: writer.professional(taken_back.reader) if taken_back.reader else b"",
            12: responsible,
            16: writer.field("", taken_back.reason),
            17: writer.field(*SITE_KIND),
            21: writer.sender(taken_back.sender),
        },
    )
    procedure = _procedure(writer, guide.CANCEL, taken_back.order_number, responsible=responsible)
    return [writer.visit(taken_back.visit), order, procedure]


def _answer(writer: TeleradiologyWriter, answer: Answer) -> list[bytes]:
    reader = writer.professional(answer.reader)
    order = writer.segment(
        "ORC",
        {
            1: "OK" if answer.accepted else "OC",
            2: writer.entity(answer.order_number),
            12: reader,
            16: writer.field("", answer.reason),
            17: writer.field(*PLATFORM_KIND),
            21: writer.sender(answer.sender),
        },
    )
    procedure = _procedure(writer, guide.ANSWER, answer.order_number, responsible=reader)
    return [order, procedure, *writer.protocols(answer.protocols)]


def _complement(writer: TeleradiologyWriter, complement: Complement) -> list[bytes]:
    rows = [writer.visit(complement.visit)]
    for examination in complement.examinations:
        rows += _examination(writer, complement.order_number, examination)
    return rows


def _examination(writer: TeleradiologyWriter, number: Identifier, done: Examination) -> list[bytes]:
    numbers = iter(range(1, 1000))
    timing: dict[int, bytes | str] = {6: writer.field(str(done.retention_days), "jours"), 7: done.performed_at}
    rows = [
        writer.segment("ORC", {1: "SR", 2: writer.entity(number)}),
        writer.segment("TQ1", timing),
        _procedure(writer, guide.COMPLEMENT, number),
        writer.observation(next(numbers), guide.VIEWER, RESULT, writer.data(done.viewer_url.encode())),
        writer.observation(next(numbers), guide.ACT, RESULT, writer.code(done.act)),
        *located(writer, done.locations, RESULT, numbers),
    ]
    if done.modality is not None:
        rows.append(writer.observation(next(numbers), guide.MODALITY, RESULT, writer.code(done.modality)))
    for occurrence, product in enumerate(done.products, 1):
        rows += _product(writer, product, occurrence, numbers)
    for kind, value in ((guide.DEVICE, done.device_udi), (guide.DEVICE_MODEL, done.device_model)):
        if value:
            rows.append(writer.observation(next(numbers), kind, RESULT, value))
    asked_for, act = done.requested_act or done.act, done.act
    rows.append(
        writer.segment(
            "IPC",
            {
                1: writer.entity(done.accession),
                2: writer.field(asked_for.code, "", asked_for.system, "ISO"),
                3: done.study_uid,
                4: writer.field(act.code, "", act.system, "ISO"),
            },
        )
    )
    return rows


def _product(writer: TeleradiologyWriter, product: Product, occurrence: int, numbers: Iterator[int]) -> list[bytes]:
    code = writer.field(product.code.code, product.code.display, "ATC")
    # NM is what the table says; a lot with letters is written as the page on OBX-4 does.
    numeric = product.lot.isascii() and product.lot.isdecimal() and len(product.lot) <= MOST_DIGITS
    kind = "NM" if numeric else "TX"
    rows = [
        writer.observation(next(numbers), guide.PRODUCT, RESULT, code, occurrence),
        writer.observation(next(numbers), guide.LOT, RESULT, product.lot, occurrence, type=kind),
    ]
    if product.quantity is not None:
        measure = product.quantity
        rows.append(
            writer.observation(next(numbers), guide.QUANTITY, RESULT, measure.value, occurrence, unit=measure.unit)
        )
    return rows
