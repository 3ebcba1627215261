"""Messages that carry a report, as a radiology information system writes them: strict by the profile.

Source: CI-SIS "Transmission d'un document CDA R2 en HL7 v2" 2.1: ORU^R01 v2.5, MDM^T02, T10 and T04 v2.6.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.errors import InputRejected
from gateway.hl7 import charset as charsets
from gateway.hl7 import er7, profiles
from gateway.hl7.profiles import Action, Profile
from gateway.hl7.writer import Writer
from gateway.model.codes import LOINC, Code
from gateway.model.identifiers import INS_OIDS, ORGANIZATION_OID, PROFESSIONAL_OID, Identifier

IMAGING_REPORT = Code("18748-4", LOINC, "CR d'imagerie médicale")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientIdentifier:
    """One repetition of PID-3."""

    value: str
    authority: str
    """Name of the issuer, CX-4.1, such as ``ASIP-SANTE-INS-NIR``."""
    oid: str
    type_code: str
    """CX-5: ``INS`` for the national identity, ``PI`` for a local one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderPerson:
    """Who sends, and for which structure (PRT ``SB``); a destination like the DMP needs both."""

    professional_id: str
    """National identifier of the professional (ANS, IdNat_PS)."""
    family: str
    given: str
    structure_id: str
    """National identifier of the structure (ANS, Struct_IdNat)."""
    structure_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """Everything of a message but its document."""

    control_id: str
    identifiers: tuple[PatientIdentifier, ...]
    family: str
    """Birth name."""
    given: str
    """First given name of the birth certificate."""
    given_names: str = ""
    """All of them, separated by spaces; the first when empty."""
    birth_date: str
    """``YYYYMMDD``."""
    sex: str
    birth_place: str = ""
    """INSEE code."""
    reliability: str = "VALI"
    visit_class: str = "N"
    """PV1-2 (table 0004): ``O`` an outpatient, ``I`` an inpatient, ``N`` not applicable."""
    visit_number: str = ""
    """PV1-19; required for the classes E, I, O and R."""
    visit_oid: str = ""
    """Issuer of the visit number."""
    action: Action = Action.NEW
    masks: frozenset[str] = frozenset()
    """Of ``MASQUE_PS``, ``INVISIBLE_PATIENT``, ``INVISIBLE_REPRESENTANTS_LEGAUX``."""
    to_dmp: bool = True
    secret_connection: bool = False
    document_id: Identifier | None = None
    """Of the CDA; an MDM repeats it in TXA-12."""
    parent_id: Identifier | None = None
    """Of the document that is replaced; an MDM^T10 repeats it in TXA-13."""
    document_type: Code = IMAGING_REPORT
    order_number: Identifier | None = None
    """ORC-2 and OBR-2, which the profile leaves free: what ties the document to a teleradiology request."""
    sender_person: SenderPerson | None = None
    sending: tuple[str, str] = ("RIS", "IMAGERIE")
    """MSH-3, MSH-4."""
    receiving: tuple[str, str] = ("DRIMBOX", "IMAGERIE")
    """MSH-5, MSH-6."""
    charset: str = charsets.UTF_8.name
    processing_id: str = "T"
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))


def oru_r01(cda: bytes, transmission: Transmission) -> bytes:
    """An ORU^R01 (v2.5) with *cda*; raises InputRejected when the profile requires what *transmission* lacks."""
    return _message(cda, transmission, profiles.ORU_R01, "R01")


def mdm_t02(cda: bytes, transmission: Transmission) -> bytes:
    """An MDM (v2.6) with *cda*: T02, or T10 and T04 by ``transmission.action``; raises as :func:`oru_r01`."""
    return _message(cda, transmission, profiles.MDM_T02, profiles.ACTIONS[transmission.action].mdm_event)


def _message(cda: bytes, sent: Transmission, profile: Profile, event: str) -> bytes:
    charset = charsets.named(sent.charset)
    if charset is None:
        raise InputRejected("hl7_charset_unknown", place=charsets.PLACE, hl7_code="103")
    writer = Writer(charset)
    is_mdm = profile is profiles.MDM_T02
    rows = [_header(writer, sent, profile, event)]
    if is_mdm:
        rows.append(writer.segment("EVN", {2: _time(sent)}))
    rows += [_patient(writer, sent), _visit(writer, sent), *_order(writer, sent)]
    if is_mdm:
        rows.append(_transcription(writer, sent))
    rows.append(_document(writer, cda, sent, profile))
    if sent.sender_person is not None:
        rows.append(_sender_person(writer, sent.sender_person))
    rows += _statements(writer, sent, profile)
    message = writer.message(*rows)
    _complete(message, profile, sent)
    return message


def _complete(message: bytes, profile: Profile, sent: Transmission) -> None:
    lacking = [(row.segment, row.field) for row in profiles.missing_fields(er7.parse(message), profile, 0)]
    if sent.action is Action.REPLACE and profile is profiles.MDM_T02 and sent.parent_id is None:
        lacking.append(("TXA", 13))
    if sent.visit_class in profiles.CLASSES_WITH_A_VISIT_NUMBER and not sent.visit_number:
        lacking.append(("PV1", 19))
    if any(each.oid in INS_OIDS for each in sent.identifiers) and not sent.birth_place:
        lacking.append(("PID", 11))
    if sent.to_dmp and sent.sender_person is None:
        lacking.append(("PRT", 5))
    for segment, number in lacking:
        raise InputRejected(
            "hl7_field_missing", place=f"{segment}^1^{number}", hl7_code="101", field=f"{segment}-{number}"
        )


def _time(sent: Transmission) -> str:
    return f"{sent.sent_at:%Y%m%d%H%M%S%z}"


def _header(writer: Writer, sent: Transmission, profile: Profile, event: str) -> bytes:
    return writer.segment(
        "MSH",
        {
            3: sent.sending[0],
            4: sent.sending[1],
            5: sent.receiving[0],
            6: sent.receiving[1],
            7: _time(sent),
            9: writer.field(profile.message_code, event, profile.structure),
            10: sent.control_id,
            11: sent.processing_id,
            12: profile.version,
            17: "FRA",
            18: writer.charset.name,
            21: writer.field(profiles.PROFILE_VERSION, profiles.PROFILE),
        },
    )


def _patient(writer: Writer, sent: Transmission) -> bytes:
    identifiers = [
        writer.field(i.value, "", "", (i.authority, i.oid, "ISO"), i.type_code) for i in sent.identifiers if i.value
    ]
    names = (sent.family, sent.given, sent.given_names or sent.given, "", "", "", "L")
    fields: dict[int, bytes | str] = {
        3: writer.repeated(*identifiers),
        5: writer.field(*names) if sent.family else "",
        7: sent.birth_date,
        8: sent.sex,
        31: "N",
        32: sent.reliability,
    }
    if sent.birth_place:
        fields[11] = writer.field("", "", "", "", "", "", "BDL", "", sent.birth_place)
    return writer.segment("PID", fields)


def _visit(writer: Writer, sent: Transmission) -> bytes:
    number: bytes | str = sent.visit_number
    if sent.visit_number and sent.visit_oid:
        number = writer.field(sent.visit_number, "", "", ("", sent.visit_oid, "ISO"), "VN")
    return writer.segment("PV1", {1: "1", 2: sent.visit_class, 19: number})


def _type(writer: Writer, sent: Transmission) -> bytes:
    return writer.field(sent.document_type.code, sent.document_type.display, "LN")


def _order(writer: Writer, sent: Transmission) -> list[bytes]:
    control = profiles.ACTIONS[sent.action].order_control
    tied = {2: _entity(writer, sent.order_number)} if sent.order_number else {}
    return [
        writer.segment("ORC", {1: control, **tied}),
        writer.segment("OBR", {1: "1", **tied, 4: _type(writer, sent)}),
    ]


def _transcription(writer: Writer, sent: Transmission) -> bytes:
    return writer.segment(
        "TXA",
        {
            1: "1",
            2: sent.document_type.code,
            3: "TEXT",
            4: _time(sent),
            12: _entity(writer, sent.document_id),
            13: _entity(writer, sent.parent_id),
            17: profiles.VALIDATED,
        },
    )


def _entity(writer: Writer, identifier: Identifier | None) -> bytes:
    """TXA-12 and TXA-13: ``root`` alone, or ``extension^^root^ISO``."""
    if identifier is None:
        return b""
    if identifier.extension is None:
        return writer.field(identifier.root)
    return writer.field(identifier.extension, "", identifier.root, "ISO")


def _document(writer: Writer, cda: bytes, sent: Transmission, profile: Profile) -> bytes:
    return writer.segment(
        "OBX",
        {
            1: "1",
            2: profiles.ENCAPSULATED,
            3: _type(writer, sent),
            5: writer.field("", profile.subtype, "XML", "Base64", base64.b64encode(cda)),
            11: profiles.ACTIONS[sent.action].result_status,
        },
    )


def _sender_person(writer: Writer, person: SenderPerson) -> bytes:
    """PRT is of v2.9 and used by the profile in v2.5 and v2.6."""
    professionals, structures = ("", PROFESSIONAL_OID, "ISO"), ("", ORGANIZATION_OID, "ISO")
    names = (person.professional_id, person.family, person.given)
    return writer.segment(
        "PRT",
        {
            2: "UC",
            4: writer.field("SB", "Send by", "participation"),
            5: writer.field(*names, "", "", "", "", "", professionals, "D", "", "", "IDNPS"),
            8: writer.field(person.structure_name, "", "", "", "", structures, "IDNST", "", "", person.structure_id),
        },
    )


def _statements(writer: Writer, sent: Transmission, profile: Profile) -> list[bytes]:
    said = {code: mask in sent.masks for code, mask in profiles.MASKS.items()}
    said |= {"DESTDMP": sent.to_dmp, "CONNEXION_SECRETE": sent.secret_connection}
    return [
        writer.segment(
            "OBX",
            {
                1: str(number),
                2: profile.coded_type,
                3: writer.field(statement.code, statement.label, profiles.METADATA_SYSTEM),
                5: writer.field("Y" if said.get(statement.code) else "N", "", "expandedYes-NoIndicator"),
                11: "F",
            },
        )
        for number, statement in enumerate(profiles.STATEMENTS, 2)
    ]
