"""Writing teleradiology messages: flows 1 to 4, strict by the guide.

Source: CI-SIS "Téléradiologie" (HL7 v2.5.1, first edition): "Contraintes applicables aux profils de message".
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from gateway.errors import InputRejected
from gateway.hl7 import charset as charsets
from gateway.hl7.check.datatypes import MOST_DIGITS
from gateway.hl7.profiles import teleradiology as guide
from gateway.hl7.profiles.teleradiology import Observation
from gateway.hl7.writer import Writer
from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.identifiers import INS_NIA, INS_OIDS, ORGANIZATION_OID, PROFESSIONAL_OID, Identifier
from gateway.model.people import Patient, Professional
from gateway.model.teleradiology import (
    Answer,
    Cancellation,
    Complement,
    Envelope,
    Examination,
    Exchange,
    ImagingRequest,
    Location,
    Product,
    Sender,
    Visit,
)

_SYSTEMS = {DCM: "DCM", LOINC: "LN", SNOMED_CT: "SCT"}
_DETAIL, _RESULT = "O", "F"


def build(envelope: Envelope, exchange: Exchange) -> bytes:
    """The message of one exchange.

    Raises InputRejected when the guide requires what is lacking (``hl7_refused_by_us``, with the first finding's place
    and code), or when a character does not exist in the character set.
    """
    charset = charsets.named(envelope.charset)
    if charset is None:
        raise InputRejected("hl7_charset_unknown", place=charsets.PLACE, hl7_code="103")
    writer = _Writer(charset)
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
    message = writer.message(
        writer.header(envelope, *kind), writer.patient(exchange.patient, exchange.reliability), *rows
    )
    _strict(message)
    return message


def _strict(message: bytes) -> None:
    """What we write is right by our own judgement."""
    from gateway.hl7.check.judge import judge
    from gateway.model.finding import Severity

    for finding in judge(message).findings:
        if finding.severity is Severity.ERROR:
            raise InputRejected(
                "hl7_refused_by_us", place=finding.path, hl7_code=finding.more["err3"], field=finding.more["field"]
            )


class _Writer(Writer):
    """The segments and data types that the four flows share."""

    def header(self, envelope: Envelope, code: str, event: str) -> bytes:
        return self.segment(
            "MSH",
            {
                3: envelope.sending[0],
                4: envelope.sending[1],
                5: envelope.receiving[0],
                6: envelope.receiving[1],
                7: envelope.sent_at,
                9: self.field(code, event, f"{code}_{event}"),
                10: envelope.control_id,
                11: envelope.processing_id,
                12: "2.5.1",
                17: "FRA",
                18: self.charset.name,
                21: self.field(guide.PROFILE_VERSION, guide.PROFILE_NAME),
            },
        )

    def patient(self, patient: Patient, reliability: str) -> bytes:
        given = patient.birth_given or patient.given_names.partition(" ")[0]
        fields: dict[int, bytes | str] = {
            3: self.repeated(*(self.identity(each) for each in patient.identifiers)),
            5: self.field(patient.birth_family, given, patient.given_names or given, "", "", "", "L"),
            7: patient.birth_date,
            8: patient.sex,
            31: "N",
            32: reliability,
        }
        if patient.birth_place:
            fields[11] = self.field("", "", "", "", "", "", "BDL", "", patient.birth_place)
        return self.segment("PID", fields)

    def identity(self, identifier: Identifier) -> bytes:
        national = identifier.root in INS_OIDS
        name = "" if not national else "ASIP-SANTE-INS-NIA" if identifier.root == INS_NIA else "ASIP-SANTE-INS-NIR"
        authority = (name, identifier.root, "ISO")
        return self.field(identifier.extension or "", "", "", authority, "INS" if national else "PI")

    def visit(self, visit: Visit) -> bytes:
        number: bytes = b""
        if visit.number is not None:
            root = visit.number.root
            authority = (visit.authority, root, "ISO") if root else (visit.authority,)
            number = self.field(visit.number.extension or "", "", "", authority, "VN")
        fields: dict[int, bytes | str] = {2: visit.patient_class, 19: number}
        fields |= {44: visit.admitted} if visit.admitted or visit.discharged else {}
        fields |= {45: visit.discharged} if visit.discharged else {}
        return self.segment("PV1", fields)

    def entity(self, identifier: Identifier) -> bytes:
        return self.field(identifier.extension or "", "", identifier.root, "ISO")

    def professional(self, person: Professional) -> bytes:
        number = next((each.extension or "" for each in person.identifiers if each.root == PROFESSIONAL_OID), "")
        authority = ("", PROFESSIONAL_OID, "ISO")
        return self.field(number, person.family, person.given, "", "", "", "", "", authority, "D", "", "", "IDNPS")

    def sender(self, sender: Sender) -> bytes:
        known = (each.extension or "" for each in sender.organization.identifiers if each.root == ORGANIZATION_OID)
        authority = ("", ORGANIZATION_OID, "ISO")
        name, number = sender.organization.name, next(known, "")
        return self.field(name, "", "", "", "", authority, sender.type_code, "", "", number)

    def code(self, code: Code) -> bytes:
        return self.field(code.code, code.display, _SYSTEMS.get(code.system, code.system))

    def observation(
        self, number: int, kind: Observation, status: str, value: bytes | str, occurrence: int = 1, **more: str
    ) -> bytes:
        fields: dict[int, bytes | str] = {
            1: str(number),
            2: more.get("type", kind.types[0]),
            3: self.field(kind.code, kind.label, kind.system),
            4: f"{occurrence}.{kind.facet}" if kind.facet else "",
            5: value,
            6: more.get("unit", ""),
            8: more.get("relevance", ""),
            11: status,
        }
        return self.segment("OBX", fields)

    def data(self, content: bytes) -> bytes:
        return self.field("", "TEXT", "", "Base64", base64.b64encode(content))

    def comment(self, text: str, kind: str) -> bytes:
        return self.segment("NTE", {3: text, 4: self.field(kind, "", guide.COMMENTS)})


def _procedure(writer: _Writer, code: str, number: Identifier, **more: bytes | str) -> bytes:
    fields: dict[int, bytes | str] = {
        2: writer.entity(number),
        4: writer.field(code, guide.LABELS[code], guide.PROCEDURES),
    }
    fields |= {13: more["justification"]} if "justification" in more else {}
    fields |= {16: more["responsible"]} if "responsible" in more else {}
    return writer.segment("OBR", fields)


def _request(writer: _Writer, asked: ImagingRequest) -> list[bytes]:
    responsible = writer.professional(asked.responsible)
    order = writer.segment(
        "ORC",
        {
            1: "NW",
            2: writer.entity(asked.order_number),
            9: asked.requested_at,
            11: writer.professional(asked.reader) if asked.reader else b"",
            12: responsible,
            14: writer.field("", "PRN", "PH", "", "", "", "", "", "", "", "", asked.callback)
            if asked.callback
            else b"",
            17: writer.field(guide.IMAGING_SITE, "", guide.ORGANIZATIONS),
            21: writer.sender(asked.sender),
        },
    )
    return [
        writer.visit(asked.visit),
        order,
        _procedure(
            writer,
            guide.REQUEST,
            asked.order_number,
            justification=asked.justification,
            responsible=responsible,
        ),
        *(writer.comment(text, "FINALITE_EXAMEN") for text in asked.purposes),
        *_requested(writer, asked),
    ]


def _requested(writer: _Writer, asked: ImagingRequest) -> list[bytes]:
    """The observations of flow 1, numbered."""
    numbers = iter(range(1, 1000))
    rows = [writer.observation(next(numbers), guide.MODALITY, _DETAIL, writer.code(asked.modality))]
    rows += [writer.comment(text, "MODALITE_IMAGERIE") for text in asked.modality_comments]
    rows += _locations(writer, asked.locations, _DETAIL, numbers)
    history, height, weight, pregnancy = guide.MEDICAL
    for each in asked.antecedents:
        rows.append(writer.observation(next(numbers), history, _DETAIL, each.text, relevance=each.relevance))
    for kind, measure in ((height, asked.height), (weight, asked.weight)):
        if measure is not None:
            rows.append(writer.observation(next(numbers), kind, _DETAIL, measure.value, unit=measure.unit))
    if asked.pregnant is not None:
        value = writer.field("Y" if asked.pregnant else "N", "", "expandedYes-NoIndicator")
        rows.append(writer.observation(next(numbers), pregnancy, _DETAIL, value))
    return rows


def _locations(writer: _Writer, locations: tuple[Location, ...], status: str, numbers: Iterator[int]) -> list[bytes]:
    rows = []
    for occurrence, each in enumerate(locations, 1):
        rows.append(writer.observation(next(numbers), guide.REGION, status, writer.code(each.region), occurrence))
        if each.modifier is not None:
            value = writer.code(each.modifier)
            rows.append(writer.observation(next(numbers), guide.TOPOGRAPHY, status, value, occurrence))
    return rows


def _cancellation(writer: _Writer, taken_back: Cancellation) -> list[bytes]:
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
            17: writer.field(guide.IMAGING_SITE, "", guide.ORGANIZATIONS),
            21: writer.sender(taken_back.sender),
        },
    )
    procedure = _procedure(writer, guide.CANCEL, taken_back.order_number, responsible=responsible)
    return [writer.visit(taken_back.visit), order, procedure]


def _answer(writer: _Writer, answer: Answer) -> list[bytes]:
    reader = writer.professional(answer.reader)
    order = writer.segment(
        "ORC",
        {
            1: "OK" if answer.accepted else "OC",
            2: writer.entity(answer.order_number),
            12: reader,
            16: writer.field("", answer.reason),
            17: writer.field(guide.PLATFORM, "", guide.ORGANIZATIONS),
            21: writer.sender(answer.sender),
        },
    )
    rows = [order, _procedure(writer, guide.ANSWER, answer.order_number, responsible=reader)]
    for number, protocol in enumerate(answer.protocols, 1):
        encapsulated = isinstance(protocol, bytes)
        value = writer.data(protocol) if isinstance(protocol, bytes) else protocol
        kind = "ED" if encapsulated else "FT"
        rows.append(writer.observation(number, guide.PROTOCOL, _RESULT, value, type=kind))
    return rows


def _complement(writer: _Writer, complement: Complement) -> list[bytes]:
    rows = [writer.visit(complement.visit)]
    for examination in complement.examinations:
        rows += _examination(writer, complement.order_number, examination)
    return rows


def _examination(writer: _Writer, number: Identifier, done: Examination) -> list[bytes]:
    numbers = iter(range(1, 1000))
    timing: dict[int, bytes | str] = {6: writer.field(str(done.retention_days), "jours"), 7: done.performed_at}
    rows = [
        writer.segment("ORC", {1: "SR", 2: writer.entity(number)}),
        writer.segment("TQ1", timing),
        _procedure(writer, guide.COMPLEMENT, number),
        writer.observation(next(numbers), guide.VIEWER, _RESULT, writer.data(done.viewer_url.encode())),
        writer.observation(next(numbers), guide.ACT, _RESULT, writer.code(done.act)),
        *_locations(writer, done.locations, _RESULT, numbers),
    ]
    if done.modality is not None:
        rows.append(writer.observation(next(numbers), guide.MODALITY, _RESULT, writer.code(done.modality)))
    for occurrence, product in enumerate(done.products, 1):
        rows += _product(writer, product, occurrence, numbers)
    for kind, value in ((guide.DEVICE, done.device_udi), (guide.DEVICE_MODEL, done.device_model)):
        if value:
            rows.append(writer.observation(next(numbers), kind, _RESULT, value))
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


def _product(writer: _Writer, product: Product, occurrence: int, numbers: Iterator[int]) -> list[bytes]:
    code = writer.field(product.code.code, product.code.display, "ATC")
    # NM is what the table says; a lot with letters is written as the page on OBX-4 does.
    numeric = product.lot.isascii() and product.lot.isdecimal() and len(product.lot) <= MOST_DIGITS
    kind = "NM" if numeric else "TX"
    rows = [
        writer.observation(next(numbers), guide.PRODUCT, _RESULT, code, occurrence),
        writer.observation(next(numbers), guide.LOT, _RESULT, product.lot, occurrence, type=kind),
    ]
    if product.quantity is not None:
        measure = product.quantity
        rows.append(
            writer.observation(next(numbers), guide.QUANTITY, _RESULT, measure.value, occurrence, unit=measure.unit)
        )
    return rows
