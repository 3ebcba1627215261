"""What an imaging site and a remote reading platform tell each other: request, cancellation, answer, complement.

Values alone; ``gateway.hl7.teleradiology`` reads them from messages and writes them. Source: CI-SIS "Téléradiologie"
(HL7 v2.5.1, first edition), flows 1 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.model.codes import Code
from gateway.model.identifiers import Identifier
from gateway.model.people import Organization, Patient, Professional


class Flow(StrEnum):
    """The flows of the guide."""

    REQUEST = "1"
    CANCELLATION = "2"
    ANSWER = "3"
    COMPLEMENT = "4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who writes to whom, and when."""

    control_id: str
    """MSH-10."""
    sending: tuple[str, str]
    """MSH-3, MSH-4."""
    receiving: tuple[str, str]
    """MSH-5, MSH-6."""
    sent_at: str
    """MSH-7: ``YYYYMMDDHHMMSS`` with or without a zone."""
    processing_id: str = "P"
    charset: str = "UNICODE UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """PV1."""

    patient_class: str = "N"
    """PV1-2."""
    number: Identifier | None = None
    """PV1-19: the appointment; required when the class is E, I, O or R."""
    authority: str = ""
    """Name of its issuer (CX-4.1), for one without an OID."""
    admitted: str = ""
    discharged: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """Where a site is."""

    street: str
    postal_code: str
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The organisation that writes: ORC-17 and ORC-21."""

    organization: Organization
    """Its identifier under 1.2.250.1.71.4.2.2, its name."""
    type_code: str = "FINEG"
    """XON-7: FINEJ, FINEG, IDNST, UF, SVR."""
    address: PostalAddress | None = None
    """ORC-22 of flow D."""
    telephone: str = ""
    """ORC-23 of flow D."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """One anatomic region, and its topographic modifier."""

    region: Code
    modifier: Code | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Antecedent:
    """One antecedent, in words."""

    text: str
    relevance: str = ""
    """SANS_IMPACT, PERTINENT, MAJEUR."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number as written, with its unit."""

    value: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingRequest:
    """Flow 1: an examination is asked for."""

    order_number: Identifier
    patient: Patient
    visit: Visit
    requested_at: str
    responsible: Professional
    """The doctor of the site who is responsible."""
    sender: Sender
    justification: str
    modality: Code
    locations: tuple[Location, ...]
    reader: Professional | None = None
    """The remote doctor, when known (ORC-11)."""
    callback: str = ""
    """Telephone (ORC-14)."""
    purposes: tuple[str, ...] = ()
    modality_comments: tuple[str, ...] = ()
    antecedents: tuple[Antecedent, ...] = ()
    height: Measure | None = None
    weight: Measure | None = None
    pregnant: bool | None = None
    reliability: str = "VALI"
    """PID-32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Flow 2: the request is taken back."""

    order_number: Identifier
    patient: Patient
    visit: Visit
    cancelled_at: str
    responsible: Professional
    sender: Sender
    reason: str = ""
    reader: Professional | None = None
    reliability: str = "VALI"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Flow 3: the remote doctor accepts, with a protocol, or refuses."""

    order_number: Identifier
    patient: Patient
    accepted: bool
    reader: Professional
    sender: Sender
    reason: str = ""
    protocols: tuple[str | bytes, ...] = ()
    """Words, or a document (base64 on the wire)."""
    reliability: str = "VALI"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product that was given: its class (ATC V09, V10), lot, quantity."""

    code: Code
    lot: str
    quantity: Measure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """A quantity of irradiation."""

    code: Code
    """DICOM, value set JDV_QuantiteExpositionRayonnements."""
    measure: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """One examination of flow 4: one study."""

    accession: Identifier
    study_uid: str
    act: Code
    """LOINC."""
    performed_at: str
    viewer_url: str
    """Partial: the report's identifier is put behind it later."""
    retention_days: int
    requested_act: Code | None = None
    """IPC-2, when it is not the act that was done."""
    modality: Code | None = None
    locations: tuple[Location, ...] = ()
    products: tuple[Product, ...] = ()
    device_udi: str = ""
    device_model: str = ""
    doses: tuple[Dose, ...] = ()
    """Of the white paper's flow D; flow 4 has no place for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complement:
    """Flow 4: what is known once the examination is done."""

    order_number: Identifier
    patient: Patient
    visit: Visit
    examinations: tuple[Examination, ...]
    reliability: str = "VALI"
    requester: Professional | None = None
    """Who asked the site for the examination; this and the next two are of the white paper's flow D."""
    responsible: Professional | None = None
    """The doctor of the site who is responsible."""
    sender: Sender | None = None


Exchange = ImagingRequest | Cancellation | Answer | Complement


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmittal:
    """A document about a request: the request itself or a third document (flow B), the report (flow E).

    It goes as the transmission volet says (ORU^R01); the patient is the one in the document's own header.
    """

    order_number: Identifier
    content: bytes
    """A CDA."""
    withdraws: bool = False
    """Whether the document, which was sent before, is withdrawn; that it replaces another it says itself."""
    masks: frozenset[str] = frozenset()
    """Of ``MASQUE_PS``, ``INVISIBLE_PATIENT``, ``INVISIBLE_REPRESENTANTS_LEGAUX``."""
    to_dmp: bool = False
    secret_connection: bool = False
    visit: Visit
    reliability: str = "VALI"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeleradiologyMessage:
    """A message of the guide, read."""

    envelope: Envelope
    flow: Flow
    exchanges: tuple[Exchange, ...] = field(default=())
    """One an order; a complement holds all its examinations."""

    @property
    def order_numbers(self) -> tuple[Identifier, ...]:
        """The distinct order numbers, in the order of the message."""
        return tuple(dict.fromkeys(each.order_number for each in self.exchanges))
