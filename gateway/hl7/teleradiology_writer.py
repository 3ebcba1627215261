"""The segments and data types that the messages of teleradiology share, those of the guide and of the white paper.

Source: CI-SIS "Téléradiologie" (HL7 v2.5.1, first edition): "Contraintes communes", tables OBSERVATION.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sized

from gateway.errors import InputRejected
from gateway.hl7 import charset as charsets
from gateway.hl7.profiles import teleradiology as guide
from gateway.hl7.profiles.teleradiology import Observation
from gateway.hl7.writer import Writer
from gateway.model.codes import Code
from gateway.model.finding import Severity
from gateway.model.identifiers import INS_NIA, INS_OIDS, ORGANIZATION_OID, PROFESSIONAL_OID, Identifier
from gateway.model.people import Patient, Professional
from gateway.model.teleradiology import Envelope, ImagingRequest, Location, Sender, Visit

DETAIL, RESULT = "O", "F"
"""OBX-11 of what is asked, of what was found."""
SITE_KIND = (guide.IMAGING_SITE, "", guide.ORGANIZATIONS)
PLATFORM_KIND = (guide.PLATFORM, "", guide.ORGANIZATIONS)
"""ORC-17."""


def strict(message: bytes) -> bytes:
    """*message*, which is right by our own judgement; raises InputRejected (``hl7_refused_by_us``) when it is not."""
    from gateway.hl7.check.judge import judge

    for finding in judge(message).findings:
        if finding.severity is Severity.ERROR:
            raise InputRejected(
                "hl7_refused_by_us", place=finding.path, hl7_code=finding.more["err3"], field=finding.more["field"]
            )
    return message


class TeleradiologyWriter(Writer):
    """The segments and data types that the flows share."""

    @classmethod
    def of(cls, envelope: Envelope) -> TeleradiologyWriter:
        """A writer in the character set of *envelope*. Raises InputRejected (``hl7_charset_unknown``)."""
        charset = charsets.named(envelope.charset)
        if charset is None:
            raise InputRejected("hl7_charset_unknown", place=charsets.PLACE, hl7_code="103")
        return cls(charset)

    def header(self, envelope: Envelope, code: str, event: str, *, of_guide: bool = True) -> bytes:
        """MSH; what does not follow the guide claims no profile."""
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
                21: self.field(guide.PROFILE_VERSION, guide.PROFILE_NAME) if of_guide else b"",
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

    def new_order(self, asked: ImagingRequest) -> bytes:
        """The ORC of a request."""
        return self.segment(
            "ORC",
            {
                1: "NW",
                2: self.entity(asked.order_number),
                9: asked.requested_at,
                11: self.professional(asked.reader) if asked.reader else b"",
                12: self.professional(asked.responsible),
                14: self.callback(asked.callback),
                17: self.field(*SITE_KIND),
                21: self.sender(asked.sender),
            },
        )

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

    def callback(self, telephone: str) -> bytes:
        """An XTN; empty for no number."""
        return self.field("", "PRN", "PH", "", "", "", "", "", "", "", "", telephone) if telephone else b""

    def sender(self, sender: Sender) -> bytes:
        known = (each.extension or "" for each in sender.organization.identifiers if each.root == ORGANIZATION_OID)
        authority = ("", ORGANIZATION_OID, "ISO")
        name, number = sender.organization.name, next(known, "")
        return self.field(name, "", "", "", "", authority, sender.type_code, "", "", number)

    def code(self, code: Code) -> bytes:
        return self.field(code.code, code.display, guide.SYSTEM_NAMES.get(code.system, code.system))

    def observation(
        self, number: int, kind: Observation, status: str, value: bytes | str, occurrence: int = 1, **more: str
    ) -> bytes:
        fields: dict[int, bytes | str] = {
            1: str(number),
            2: more.get("type", kind.types[0]),
            3: self.field(kind.code, kind.label, kind.system),
            4: f"{occurrence}.{kind.facet}" if kind.facet else more.get("sub_id", ""),
            5: value,
            6: more.get("unit", ""),
            8: more.get("relevance", ""),
            11: status,
        }
        return self.segment("OBX", fields)

    def protocols(self, protocols: tuple[str | bytes, ...]) -> list[bytes]:
        """The observations of an answer: words as FT, a document as ED."""
        rows = []
        for number, protocol in enumerate(protocols, 1):
            value, kind = (self.data(protocol), "ED") if isinstance(protocol, bytes) else (protocol, "FT")
            sub_id = _sub_id(number, protocols)
            rows.append(self.observation(number, guide.PROTOCOL, RESULT, value, type=kind, sub_id=sub_id))
        return rows

    def data(self, content: bytes) -> bytes:
        return self.field("", "TEXT", "", "Base64", base64.b64encode(content))

    def comment(self, text: str, kind: str) -> bytes:
        return self.segment("NTE", {3: text, 4: self.field(kind, "", guide.COMMENTS)})


def _sub_id(number: int, rows: Sized) -> str:
    """OBX-4 of one of several observations of a kind: required as soon as they share OBX-3."""
    return f"{number}.1" if len(rows) > 1 else ""


def requested(writer: TeleradiologyWriter, asked: ImagingRequest) -> list[bytes]:
    """The observations of a request, numbered: modality, regions, and what is known of the patient."""
    numbers = iter(range(1, 1000))
    rows = [writer.observation(next(numbers), guide.MODALITY, DETAIL, writer.code(asked.modality))]
    rows += [writer.comment(text, "MODALITE_IMAGERIE") for text in asked.modality_comments]
    rows += located(writer, asked.locations, DETAIL, numbers)
    history, height, weight, pregnancy = guide.MEDICAL
    for count, each in enumerate(asked.antecedents, 1):
        sub_id = _sub_id(count, asked.antecedents)
        rows.append(
            writer.observation(next(numbers), history, DETAIL, each.text, relevance=each.relevance, sub_id=sub_id)
        )
    for kind, measure in ((height, asked.height), (weight, asked.weight)):
        if measure is not None:
            rows.append(writer.observation(next(numbers), kind, DETAIL, measure.value, unit=measure.unit))
    if asked.pregnant is not None:
        value = writer.field("Y" if asked.pregnant else "N", "", "expandedYes-NoIndicator")
        rows.append(writer.observation(next(numbers), pregnancy, DETAIL, value))
    return rows


def located(
    writer: TeleradiologyWriter, locations: tuple[Location, ...], status: str, numbers: Iterator[int]
) -> list[bytes]:
    """Regions with their modifiers, one occurrence (OBX-4) each."""
    rows = []
    for occurrence, each in enumerate(locations, 1):
        rows.append(writer.observation(next(numbers), guide.REGION, status, writer.code(each.region), occurrence))
        if each.modifier is not None:
            value = writer.code(each.modifier)
            rows.append(writer.observation(next(numbers), guide.TOPOGRAPHY, status, value, occurrence))
    return rows
