"""The report as received: CDA R2 level 1 or level 3 (IMG-CR-IMG).

Two readings give it. ``gateway.cda.read.read`` gives what a share needs, quickly: the header without addresses and
other details, no body. ``gateway.cda.whole.read_whole`` gives everything: there every code is a ``Concept``, the
details of the header are filled, ``body`` is there, and ``not_understood`` names what has no place in the value. A
report that is built from the value and read whole again gives the same value.

Sources: CI-SIS IMG-CR-IMG 2024.01 technical specification section 3.2; "Structuration minimale".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.model.codes import Code
from gateway.model.datatypes import Address
from gateway.model.identifiers import Identifier
from gateway.model.people import Informant, Organization, Participant, Patient, Professional
from gateway.model.times import Timestamp

if TYPE_CHECKING:  # a share never looks into the body: the many classes of it are loaded where a report is read whole
    from gateway.model.report_body import Body

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
    code: Code | None = None
    priority: Code | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """documentationOf/serviceEvent of an imaging act; one act is one study.

    The translations of its code stand in ``procedures``, ``modalities``, ``regions`` and ``more_translations``, in that
    order, and not in ``code``.
    """

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
    more_performers: tuple[Professional, ...] = ()
    study_extension: str = ""
    """What stands as the extension of the study's id (``studyInstanceUID``, an internal number)."""
    more_identifiers: tuple[Identifier, ...] = ()
    """Other ids of the act; of an act that names no study, all of them."""
    more_translations: tuple[Code, ...] = ()
    """Translations of the code that are neither CCAM, modality nor region."""
    start_null: str = ""
    stop_null: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """componentOf/encompassingEncounter."""

    code: Code | None = None
    start: Timestamp | None = None
    stop: Timestamp | None = None
    facility: Identifier | None = None
    facility_type: Code | None = None
    identifiers: tuple[Identifier, ...] = ()
    start_null: str = ""
    stop_null: str = ""
    discharge: Code | None = None
    responsible: Professional | None = None
    """responsibleParty."""
    participants: tuple[Participant, ...] = ()
    """encounterParticipant (value set J140)."""
    facility_name: str = ""
    facility_address: Address | None = None
    provider: Organization | None = None
    """serviceProviderOrganization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedDocument:
    """relatedDocument: what this report replaces (RPLC), completes (APND) or transforms (XFRM)."""

    type_code: str
    identifier: Identifier
    more_identifiers: tuple[Identifier, ...] = ()
    code: Code | None = None
    set_id: Identifier | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """authorization/consent."""

    identifiers: tuple[Identifier, ...] = ()
    code: Code | None = None
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report: the header whole, the body by its kind."""

    identifier: Identifier
    level: int
    """1 (one body of ``media_type``) or 3 (sections and entries)."""
    templates: tuple[Identifier, ...]
    code: Code
    """Without its translations, which follow."""
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
    addressees: tuple[Identifier, ...] = field(default=(), compare=False)
    """Identifiers of who asked for the examination (participant ``REF``) and of the recipients: told by the others."""
    # from here on: of a report that was read whole
    realm: str = ""
    type_id: Identifier | None = None
    screening_code: Code | None = None
    """The code of the screening as written."""
    other_acts: tuple[Act, ...] = ()
    """documentationOf that name no study, screening aside; their ``study_uid`` is empty."""
    data_enterer: Professional | None = None
    informants: tuple[Informant, ...] = ()
    recipients: tuple[Participant, ...] = ()
    """informationRecipient."""
    authenticators: tuple[Professional, ...] = ()
    participants: tuple[Participant, ...] = ()
    """Of the document (value set J144)."""
    authorizations: tuple[Authorization, ...] = ()
    body: Body | None = None
    """None when the report was read for its share alone."""
    not_understood: tuple[tuple[str, str], ...] = ()
    """What has no place in this value: its path, and why (a word; ``not_understood_`` and it: a key of the texts)."""

    @property
    def requester(self) -> Professional | None:
        """Who asked for the examination: the participant of type ``REF``."""
        return next((p.professional for p in self.participants if p.type_code == "REF"), None)

    @property
    def treating_physician(self) -> Professional | None:
        """The participant whose function is ``PCP``."""
        functions = ((p.professional, p.professional.role) for p in self.participants)
        return next((person for person, role in functions if role and role.code == "PCP"), None)

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
    """Of :data:`gateway.model.rights.MASKS`."""
    to_dmp: bool | None = None
    """DESTDMP; None when it was not said."""
    secret_connection: bool = False
    visit_class: str = ""
    """PV1-2, from which the content type of the submission is proposed."""


class DocumentKind(StrEnum):
    """What a CDA document is, by its templateId."""

    IMAGING_REPORT = "IMG-CR-IMG"
    UNSTRUCTURED = "level-1"
    """A level-1 document (XDS-SD)."""
    IMAGING_REQUEST = "IMG-DA-IMG"
    MAMMOGRAPHY_SECOND_READING = "CANCER-D2LM-FIN"
    """Second reading of a screening mammography, national sheet."""
    MAMMOGRAPHY_DEFERRED_DIAGNOSIS = "CANCER-D2LM-FIDD"
    """The same volet, sheet of the deferred diagnosis."""
    OTHER_CISIS = "CI-SIS"
    OTHER = "CDA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An imaging request (IMG-DA-IMG): who asks for what, for whom and why."""

    identifier: Identifier
    model_version: str = ""
    """Such as ``2024.01``: the extension of the model's templateId."""
    patient: Patient
    order_number: Identifier | None = None
    """The placer order number: serviceEvent/id."""
    accession: Identifier | None = None
    """When the document states one already (inFulfillmentOf)."""
    requester: Professional | None = None
    """The first author."""
    effective_time: Timestamp | None = None
    start: Timestamp | None = None
    stop: Timestamp | None = None
    justification: str = ""
    """The words of the subsection on the justification and purpose."""
    acts: tuple[RequestedExamination, ...] = ()
    screening: bool = False
    document: Report
    """Everything else: the request read whole, as a report of its own kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedExamination:
    """One act of a request."""

    identifier: Identifier | None = None
    modality: Code | None = None
    code: Code | None = None
    """An act code (LOINC or CCAM), when the request names one."""
    locations: tuple[Code, ...] = ()
    label: str = ""
    """The words of the act in the narrative."""
    comment: str = ""
    status: str = ""
    start: Timestamp | None = None
