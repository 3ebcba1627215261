"""The words of the relay: what a teleradiology message tells of its request, and what is added to a complement.

Flows 1 to 4 of the guide are read by :mod:`gateway.hl7.teleradiology`; of the white paper's flows A, C and D, which
give contents and no fields, only what the relay needs is read. Additions are put between the bytes of the message:
every other byte stays. Sources: CI-SIS "Téléradiologie" (HL7 v2.5.1); ANS white paper on teleradiology, 2024-10-03.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from gateway.errors import GatewayError, InputRejected
from gateway.hl7 import er7, teleradiology
from gateway.hl7.acknowledge import Request
from gateway.hl7.check.judge import judge
from gateway.hl7.er7 import Message, Segment
from gateway.hl7.order_groups import Order, of, orders
from gateway.hl7.profiles import routing
from gateway.hl7.profiles import teleradiology as guide
from gateway.hl7.profiles.white_paper import CANCELLATIONS, REFUSALS
from gateway.hl7.teleradiology import observed
from gateway.hl7.values import identifiers, value
from gateway.hl7.writer import Writer
from gateway.model import teleradiology as model
from gateway.model.finding import Severity
from gateway.model.identifiers import Identifier, is_uid
from gateway.model.people import Patient, Professional
from gateway.model.relay import Addition, Examination, Flow, LineAnswer, Told
from gateway.texts.plain import shown

_WHITE_PAPER = {"lb-a": Flow.REQUEST, "lb-c": Flow.ANSWER, "lb-d": Flow.COMPLEMENT}
_HEAD_BYTES = 64 * 1024
_PLACEHOLDER = "https://images.example.org/IHEInvokeImageDisplay?requestType=STUDY"
_WORDS = 200


def is_for_relay(message: bytes, request: Request) -> bool:
    """Whether *message*, of which *request* was read, is about a teleradiology request; by its first segments."""
    if routing.is_of_guide(request.profile) or request.message_code == "ORM":
        return True
    unsaid = not routing.is_national(request.profile)
    return request.message_code in ("ORU", "OMI") and unsaid and guide.PROCEDURES.encode() in message[:_HEAD_BYTES]


class HL7Wording:
    """Reads and writes the relay's messages (:class:`gateway.flow.ports.Wording`)."""

    def told(self, message: bytes) -> Told:
        parsed = er7.parse(message)
        profile = routing.route(parsed)
        if profile is None:
            raise InputRejected("hl7_type", place="MSH^1^9", hl7_code="200")
        if profile.name in _WHITE_PAPER:
            return _told_by_white_paper(parsed, profile.name)
        read = teleradiology.read(message)
        if len(read.order_numbers) != 1:
            raise InputRejected("relay_several_orders", place="ORC^2^2", hl7_code="198")
        return _told(read.exchanges[0], profile.name)

    def refusal(self, message: bytes) -> GatewayError | None:
        """The first error by the profile of *message*, what the gateway itself will add counted as present."""
        parsed = er7.parse(message)
        profile = routing.route(parsed)
        if profile is not None and profile.name == "tlr-4-complement":
            missing = [
                Addition(position=number, viewer_url=_placeholder(order))
                for number, order in enumerate(orders(parsed))
                if not observed(order, guide.VIEWER)
            ]
            message = self.complemented(message, missing)
        for finding in judge(message).findings:
            if finding.severity is Severity.ERROR:
                place = finding.path if "^" in finding.path else ""
                return InputRejected(
                    "relay_profile",
                    place=place,
                    hl7_code=str(finding.more.get("err3", "207")),
                    rule=finding.rule,
                    field=str(finding.more.get("field", "")),
                )
        return None

    def complemented(self, message: bytes, additions: Sequence[Addition]) -> bytes:
        if not additions:
            return message
        parsed = er7.parse(message)
        groups = orders(parsed)
        inserted: list[tuple[int, int, bytes]] = []
        for addition in additions:
            order = groups[addition.position]
            rows = _added(Writer(parsed.charset, parsed.delimiters), order, addition)
            end = _segment_end(parsed)
            inserted.append((*_place(order), b"".join(row + end for row in rows)))
            if addition.viewer_url:
                inserted += [(row.start, _end_of(parsed, row), b"") for row in observed(order, guide.VIEWER)]
        pieces, position = [], 0
        for start, stop, text in sorted(inserted):
            pieces += [message[position:start], text]
            position = stop
        return b"".join([*pieces, message[position:]])

    def sendable(self, message: bytes) -> bytes:
        """Official examples end their segments in LF: that is read, and not sent on."""
        return er7.with_carriage_returns(message)

    def order_of_document(self, message: bytes) -> Identifier | None:
        """ORC-2, else OBR-2; the transmission volet asks for neither, and no rule says what stands there."""
        parsed = er7.parse(message)
        rows = (row for name in ("ORC", "OBR") for row in parsed.all(name) if row.text(2))
        return next((Identifier(value(row, 2, 3), value(row, 2)) for row in rows), None)

    def answered(self, acknowledgement: bytes) -> LineAnswer:
        """MSA-1, and for a person what ERR says."""
        parsed = er7.parse(acknowledgement)
        row, error = parsed.first("MSA"), parsed.first("ERR")
        words = "" if error is None else " ".join(
            filter(None, (error.text(3), error.text(3, 2), error.text(5), error.text(5, 2), error.text(7)))
        )  # fmt: skip
        return LineAnswer(
            code=row.text(1) if row is not None else "",
            words=shown(words)[:_WORDS],
        )


def _told(exchange: model.Exchange, profile: str) -> Told:
    common = {"profile": profile, "order": exchange.order_number, "patient": exchange.patient}
    match exchange:
        case model.ImagingRequest():
            return Told(
                flow=Flow.REQUEST,
                modality=exchange.modality.code,
                responsible=_number(exchange.responsible),
                reader=_number(exchange.reader),
                **common,  # type: ignore[arg-type]
            )
        case model.Cancellation():
            return Told(
                flow=Flow.CANCEL,
                responsible=_number(exchange.responsible),
                reason=exchange.reason,
                **common,  # type: ignore[arg-type]
            )
        case model.Answer():
            protocols = (each for each in exchange.protocols if isinstance(each, str))
            return Told(
                flow=Flow.ANSWER,
                accepted=exchange.accepted,
                reader=_number(exchange.reader),
                reason=exchange.reason,
                protocol="\n".join(protocols),
                **common,  # type: ignore[arg-type]
            )
        case model.Complement():
            return Told(
                flow=Flow.COMPLEMENT,
                examinations=tuple(map(_examination, exchange.examinations)),
                modality=next((e.modality.code for e in exchange.examinations if e.modality), ""),
                act=next((e.act.code for e in exchange.examinations), ""),
                **common,  # type: ignore[arg-type]
            )


def _examination(done: model.Examination) -> Examination:
    return Examination(
        accession=done.accession,
        study_uid=done.study_uid,
        has_viewer=bool(done.viewer_url),
        has_modality=done.modality is not None,
        has_region=bool(done.locations),
    )


def _number(person: Professional | None) -> str:
    known = person.identifiers if person is not None else ()
    return next((each.extension for each in known if each.extension), "")


def _told_by_white_paper(message: Message, profile: str) -> Told:
    groups = orders(message)
    if not groups:
        raise InputRejected("hl7_segment_missing", place="ORC^1", hl7_code="100", segment="ORC")
    numbers = {_order_number(order) for order in groups}
    if len(numbers) != 1:
        raise InputRejected("relay_several_orders", place="ORC^2^2", hl7_code="198")
    head = groups[0][0]
    flow = _WHITE_PAPER[profile]
    if flow is Flow.REQUEST and head.text(1) in CANCELLATIONS:
        flow = Flow.CANCEL
    patient = message.first("PID")
    who = None
    if patient is not None:
        who = Patient(identifiers=identifiers(patient, 3), birth_date=value(patient, 7)[:8], sex=value(patient, 8))
    return Told(
        flow=flow,
        profile=profile,
        order=numbers.pop(),
        accepted=None if flow is not Flow.ANSWER else head.text(1) not in REFUSALS,
        examinations=tuple(_examinations_of(message, groups)) if flow is Flow.COMPLEMENT else (),
        patient=who,
        modality=next((value(row, 24) for row in message.all("OBR") if row.text(24)), ""),
        protocol="\n".join(row.text(5) for row in message.all("OBX") if guide.Kind(guide.PROTOCOL)(row)),
    )


def _examinations_of(message: Message, groups: Sequence[Order]) -> list[Examination]:
    """Accession number in OBR-18 or IPC-1, study in IPC-3 or ZDS-1 (IHE RAD TF-2, Scheduled Workflow)."""
    found = []
    studies = [row.text(1) for row in message.all("ZDS")]
    for number, order in enumerate(groups):
        procedure = of(order, "OBR")
        control = of(order, "IPC")
        if control is not None:
            accession, study = Identifier(value(control, 1, 3), value(control, 1)), value(control, 3)
        else:
            accession = Identifier("", value(procedure, 18) if procedure is not None else "")
            study = studies[number] if number < len(studies) else (studies[0] if studies else "")
        if is_uid(study):
            found.append(Examination(accession=accession, study_uid=study, has_modality=True, has_region=True))
    return found


def _order_number(order: Sequence[Segment]) -> Identifier:
    rows = (row for row in order if row.name in ("ORC", "OBR") and row.text(2))
    row = next(rows, None)
    if row is None:
        raise InputRejected("hl7_field_missing", place=order[0].place(2), hl7_code="101", field="ORC-2")
    return Identifier(value(row, 2, 3), value(row, 2))


def _placeholder(order: Sequence[Segment]) -> str:
    """An address as the gateway will write it, so that the rest of the message can be judged before."""
    control = of(order, "IPC")
    if control is None:
        return _PLACEHOLDER
    said = [("studyUID", control.text(3)), ("Accessionnumber", control.text(1))]
    return f"{_PLACEHOLDER}&{urlencode(said, quote_via=quote)}"


def _place(order: Sequence[Segment]) -> tuple[int, int]:
    """Before the IPC of an order: behind its observations."""
    control = of(order, "IPC")
    if control is None:
        raise InputRejected("hl7_segment_missing", place="IPC^1", hl7_code="100", segment="IPC")
    return control.start, control.start


def _segment_end(message: Message) -> bytes:
    """How this message ends its segments, so that nothing else changes."""
    first = message.segments[0]
    raw = message.raw
    if raw[first.end : first.end + 2] == b"\r\n":
        return b"\r\n"
    return raw[first.end : first.end + 1] or b"\r"


def _end_of(message: Message, row: Segment) -> int:
    end = row.end
    while end < len(message.raw) and message.raw[end : end + 1] in (b"\r", b"\n"):
        end += 1
    return end


def _added(writer: Writer, order: Sequence[Segment], addition: Addition) -> list[bytes]:
    numbers = [int(row.text(1)) for row in order if row.name == "OBX" and row.text(1).isdecimal()]
    number = max(numbers, default=0)
    rows = []
    if addition.viewer_url:
        content = base64.b64encode(addition.viewer_url.encode("ascii")).decode("ascii")
        data = writer.field("", "TEXT", "", "Base64", content)
        rows.append((guide.VIEWER, "", data))
    rows += [(guide.MODALITY, "", writer.field(code, words, "DCM")) for code, words in addition.modalities]
    rows += [
        (guide.REGION, f"{occurrence}.1", writer.field(code, words, "SCT"))
        for occurrence, (code, words) in enumerate(addition.regions, 1)
    ]
    return [
        writer.segment(
            "OBX",
            {
                1: str(number + at),
                2: kind.types[0],
                3: writer.field(kind.code, _encodable(writer, kind.label), kind.system),
                4: facet,
                5: data,
                11: guide.STATUS["tlr-4-complement"],
            },
        )
        for at, (kind, facet, data) in enumerate(rows, 1)
    ]


def _encodable(writer: Writer, words: str) -> str:
    codec = writer.charset.codec
    return words.encode(codec, "replace").decode(codec)
