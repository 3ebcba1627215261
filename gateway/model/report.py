"""The report as received: CDA R2 level 1 or level 3 (IMG-CR-IMG).

Sources: CI-SIS IMG-CR-IMG 2024.01 technical specification section 3.2; "Structuration minimale".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.codes import Code
from gateway.model.identifiers import Identifier
from gateway.model.people import Organization, Patient, Professional
from gateway.model.times import Timestamp

UNSTRUCTURED_TEMPLATE = "1.3.6.1.4.1.19376.1.2.20"
"""templateId of a level-1 (XDS-SD) document."""
IMG_CR_IMG_TEMPLATE = "1.2.250.1.213.1.1.1.45"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """inFulfillmentOf/order: the placer order number and the accession number.

    Either may be absent with the nullFlavor that the report gives for it.
    """

    placer: Identifier | None = None
    placer_null: str = ""
    accession: Identifier | None = None
    accession_null: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """documentationOf/serviceEvent of an imaging act; one act is one study."""

    study_uid: str
    code: Code | None = None
    procedures: tuple[Code, ...] = ()
    """CCAM translations."""
    modalities: tuple[Code, ...] = ()
    """Translations qualified by 121139 (DCM), codes as written."""
    regions: tuple[Code, ...] = ()
    """Translations qualified by 39111-0 (LOINC)."""
    start: Timestamp | None = None
    stop: Timestamp | None = None
    performer: Professional | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """componentOf/encompassingEncounter."""

    code: Code | None = None
    start: Timestamp | None = None
    stop: Timestamp | None = None
    facility: Identifier | None = None
    facility_type: Code | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedDocument:
    """relatedDocument: what this report replaces (RPLC), completes (APND) or transforms (XFRM)."""

    type_code: str
    identifier: Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report: the header whole, the body by its kind."""

    identifier: Identifier
    level: int
    """1 (one body of ``media_type``) or 3 (sections and entries)."""
    templates: tuple[Identifier, ...]
    code: Code
    code_translations: tuple[Code, ...] = ()
    title: str = ""
    effective_time: Timestamp | None = None
    confidentiality: Code | None = None
    language: str = ""
    set_id: Identifier | None = None
    version: int | None = None
    patient: Patient
    authors: tuple[Professional, ...] = ()
    legal_authenticator: Professional | None = None
    custodian: Organization | None = None
    orders: tuple[Order, ...] = ()
    acts: tuple[Act, ...] = ()
    screening: bool = False
    """A documentationOf with CIM-10 Z13.9: the examination was part of a screening."""
    encounter: Encounter | None = None
    related: tuple[RelatedDocument, ...] = ()
    media_type: str = ""
    """Of the body of a level-1 document, such as ``application/pdf``."""

    @property
    def accessions(self) -> tuple[Identifier, ...]:
        """The distinct accession numbers, in the order of the report."""
        return tuple(dict.fromkeys(o.accession for o in self.orders if o.accession))

    @property
    def study_uids(self) -> tuple[str, ...]:
        """The distinct studies, in the order of the report."""
        return tuple(dict.fromkeys(act.study_uid for act in self.acts))


class Reliability(StrEnum):
    """How sure the sender is of the identity (HL7 v2 table 0445 as PAM-FR uses it, PID-32)."""

    QUALIFIED = "VALI"
    PROVISIONAL = "PROV"
    DOUBTFUL = "DOUTE"
    FICTITIOUS = "FICTI"
    UNSTATED = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What a sender says about a report beside it (PID-31, PID-32, the MetaDMPMSS observations, or HTTP headers)."""

    reliability: Reliability = Reliability.UNSTATED
    identity_unknown: bool = False
    masked: frozenset[str] = frozenset()
    """Of ``MASQUE_PS``, ``INVISIBLE_PATIENT``, ``INVISIBLE_REPRESENTANTS_LEGAUX`` (value set J08)."""
    to_dmp: bool | None = None
    """DESTDMP; None when it was not said."""
    secret_connection: bool = False
    visit_class: str = ""
    """PV1-2, from which the content type of the submission is proposed."""
