"""The entries of a report: what its sections say in codes, as one small tree of values.

An entry is read by the name of its element (``procedure``, ``observation``, ``substanceAdministration``, ``supply``,
``organizer``, ``act``, ``observationMedia``) and, when it declares a template that is known here, as the class that
the template names. ``FRENCH`` is that template (1.2.250.1.213.1.1.3.n), ``INTERNATIONAL`` those that a conforming
writer declares before it. Entries inside an entry are its ``relations``, in order; each says in ``link`` by which
typeCode it hangs (``COMP``, ``SUBJ``, ``RSON``, ``SPRT``; empty when the document does not say).

Sources: IMG-CR-IMG 2024.01 technical specification sections 3.3.3 to 3.3.11; DICOM PS3.20 sections 10.1 to 10.13.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gateway.model.codes import DCM, LOINC, SNOMED_CT
from gateway.model.datatypes import (
    Address,
    Concept,
    Media,
    Period,
    PersonName,
    Quantity,
    QuantityRange,
    Telecom,
    Value,
    Wording,
)
from gateway.model.identifiers import Identifier
from gateway.model.people import Organization, Professional


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryParticipant:
    """participant of an entry: who authorised an exposure, which device was used."""

    type_code: str = ""
    """``RESP``, ``DEV``."""
    role_class: str = ""
    """participantRole/@classCode, such as ``MANU``."""
    time: Period | None = None
    identifiers: tuple[Identifier, ...] = ()
    """Of the role: of a professional, or the unique identifier of a device (UDI)."""
    code: Concept | None = None
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    device: bool = False
    """Whether the role is played by a playingDevice and not a playingEntity."""
    entity: bool = False
    """Whether a playing entity or device is written at all."""
    entity_class: str = ""
    entity_code: Concept | None = None
    name: PersonName | None = None
    device_model: str = ""
    device_software: str = ""
    description: Wording | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What every entry may have."""

    TAG: ClassVar[str] = ""
    FRENCH: ClassVar[str] = ""
    INTERNATIONAL: ClassVar[tuple[str, ...]] = ()

    link: str = ""
    inverted: str = ""
    """inversionInd as written."""
    class_code: str = ""
    mood_code: str = ""
    negated: str = ""
    """negationInd as written: ``true`` says that what the entry tells is not so."""
    xml_id: str = ""
    """The attribute ``ID``, to which a narrative may refer."""
    templates: tuple[Identifier, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    code: Concept | None = None
    text: Wording | None = None
    status: str = ""
    time: Period | None = None
    priority: Concept | None = None
    language: str = ""
    performers: tuple[Professional, ...] = ()
    authors: tuple[Professional, ...] = ()
    participants: tuple[EntryParticipant, ...] = ()
    relations: tuple[Entry, ...] = ()

    @property
    def comments(self) -> tuple[Comment, ...]:
        """The comments on this entry."""
        return tuple(each for each in self.relations if isinstance(each, Comment))

    @property
    def uid(self) -> str:
        """The root of the first identifier: a DICOM UID where the entry is a study, a series or an instance."""
        return next((each.root for each in self.identifiers if each.root), "")


class Act(Entry):
    """An act without a more precise class."""

    __slots__ = ()

    TAG = "act"


class Comment(Act):
    """FR-Commentaire-ER: words on the entry that holds it; they stand in ``text``."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.32"
    INTERNATIONAL = ("2.16.840.1.113883.10.20.1.40", "1.3.6.1.4.1.19376.1.5.3.1.4.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure(Entry):
    """A procedure without a more precise class."""

    TAG = "procedure"

    methods: tuple[Concept, ...] = ()
    approach_sites: tuple[Concept, ...] = ()
    sites: tuple[Concept, ...] = ()


class Technique(Procedure):
    """FR-DICOM-Technique-imagerie: the act (``code``, its CCAM translation), how (``methods``: modalities) and where
    (``sites``, whose qualifiers are topographic modifiers); other parameters are its comments."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.153"
    INTERNATIONAL = ("1.2.840.10008.9.14",)

    @property
    def modalities(self) -> tuple[Concept, ...]:
        """The acquisition modalities."""
        return self.methods


class ExposureAuthorization(Procedure):
    """FR-DICOM-Exposition-patient: who authorised the irradiation."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.165"
    CODE: ClassVar[tuple[str, str]] = ("121290", DCM)
    ROLE: ClassVar[tuple[str, str]] = ("113850", DCM)

    @property
    def professional(self) -> EntryParticipant | None:
        """The one who gave the authorisation."""
        return next((p for p in self.participants if p.code and p.code.is_code(*self.ROLE)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation(Entry):
    """FR-DICOM-Observation, FR-Simple-observation and every other observation."""

    TAG = "observation"
    FRENCH = "1.2.250.1.213.1.1.3.150"
    INTERNATIONAL: ClassVar[tuple[str, ...]] = ("2.16.840.1.113883.10.20.6.2.13",)

    values: tuple[Value, ...] = ()
    interpretations: tuple[Concept, ...] = ()
    methods: tuple[Concept, ...] = ()
    sites: tuple[Concept, ...] = ()

    @property
    def concept(self) -> Concept | None:
        """The coded value."""
        return next((value.concept for value in self.values if value.concept), None)

    @property
    def quantity(self) -> Quantity | None:
        """The measured value with its unit."""
        return next((value.quantity for value in self.values if value.quantity), None)


MEDICAL_HISTORY = ("11348-0", LOINC)
SURGICAL_HISTORY = ("47519-4", LOINC)
CONTRAINDICATION = ("64100-1", LOINC)
PREGNANCY = ("364320009", SNOMED_CT)
PATIENT_INFORMATION = ("99622-3", LOINC)
"""The codes that tell observations of one template apart."""


class SimpleObservation(Observation):
    """FR-Simple-observation: the information given to the patient, the type of an attached document."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.48"
    INTERNATIONAL = ("1.3.6.1.4.1.19376.1.5.3.1.4.13",)


class RequestedAct(Observation):
    """FR-Demande-d-examen of a request: the act, its ``code`` a modality, ``sites`` the locations."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.27"
    INTERNATIONAL = ("1.3.6.1.4.1.19376.1.5.3.1.1.20.3.1", "2.16.840.1.113883.10.20.1.25")


class Measurement(Observation):
    """FR-DICOM-Quantite: a quantity of radiation (``quantity``) at a place of the body (``sites``)."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.154"
    INTERNATIONAL = ("2.16.840.1.113883.10.20.6.2.14",)


class ReferencePurpose(Observation):
    """FR-DICOM-Objectifs-de-reference: why an instance is referred to; not used in France."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.163"
    INTERNATIONAL = ("2.16.840.1.113883.10.20.6.2.9",)


class ReferencedFrames(Observation):
    """FR-DICOM-Cadres-references: the frames of an instance that matter (in its relations); not used in France."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.164"
    INTERNATIONAL = ("2.16.840.1.113883.10.20.6.2.10",)

    @property
    def frames(self) -> tuple[int, ...]:
        """The numbers of the frames, from 1."""
        bounds = (each for each in self.relations if isinstance(each, FrameBoundary))
        return tuple(int(v.text) for each in bounds for v in each.values if v.text.isascii() and v.text.isdigit())


class FrameBoundary(Observation):
    """FR-DICOM-Cadres: the list of frame numbers, each a ``value`` of type INT."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.166"
    INTERNATIONAL = ("2.16.840.1.113883.10.20.6.2.11",)


class CatalogInstance(Observation):
    """FR-DICOM-SOP-instance-observation: in France the one instance that carries the link; its ``code`` is the SOP
    class, its ``uid`` the SOP Instance UID."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.157"
    INTERNATIONAL = ("1.2.840.10008.9.18",)

    @property
    def url(self) -> str:
        """The link to the images."""
        return (self.text.reference or self.text.text) if self.text else ""

    @property
    def key_frames(self) -> tuple[int, ...]:
        """The frames that matter; none means all."""
        return tuple(n for each in self.relations if isinstance(each, ReferencedFrames) for n in each.frames)


class CatalogSeries(Act):
    """FR-DICOM-Serie-imagerie: in France one general series of a study."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.156"
    INTERNATIONAL = ("1.2.840.10008.9.17",)

    @property
    def modality(self) -> Concept | None:
        """The modality, which qualifies the code."""
        qualifiers = self.code.qualifiers if self.code else ()
        return next((q.value for q in qualifiers if q.name and q.name.is_code("121139", DCM)), None)

    @property
    def instances(self) -> tuple[CatalogInstance, ...]:
        """The instances named."""
        return tuple(each for each in self.relations if isinstance(each, CatalogInstance))


class CatalogStudy(Act):
    """FR-DICOM-Examen-imagerie: a study; its ``uid`` is the Study Instance UID."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.155"
    INTERNATIONAL = ("1.2.840.10008.9.16",)

    @property
    def series(self) -> tuple[CatalogSeries, ...]:
        """The series named."""
        return tuple(each for each in self.relations if isinstance(each, CatalogSeries))


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """consumable or product: what was given."""

    templates: tuple[Identifier, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    code: Concept | None = None
    """In the official example without a code of its own: its translations are CIP or UCD, and ATC."""
    name: str = ""
    lot: str = ""
    """lotNumberText."""
    manufacturer: Organization | None = None
    link: str = ""
    """typeCode of the consumable (``CSM``); ``class_code`` that of manufacturedProduct (``MANU``)."""
    class_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration(Entry):
    """FR-DICOM-Administration-produit-de-sante: a product, how and how much."""

    TAG = "substanceAdministration"
    FRENCH = "1.2.250.1.213.1.1.3.151"
    INTERNATIONAL: ClassVar[tuple[str, ...]] = ("1.2.840.10008.9.13",)

    more_times: tuple[Period, ...] = ()
    """effectiveTime after the first."""
    route: Concept | None = None
    approach_sites: tuple[Concept, ...] = ()
    dose: QuantityRange | None = None
    rate: QuantityRange | None = None
    product: Product | None = None


class Radiopharmaceutical(Administration):
    """FR-DICOM-Administration-radiopharmaceutique: the dose is an activity."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.173"
    INTERNATIONAL = ()
    CODE: ClassVar[tuple[str, str]] = ("440252007", SNOMED_CT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply(Entry):
    """A supply without a more precise class."""

    TAG = "supply"

    more_times: tuple[Period, ...] = ()
    quantity: Quantity | None = None
    product: Product | None = None


class Device(Supply):
    """FR-Dispositif-medical: a device used; it plays its participant of type ``DEV``."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.20"
    INTERNATIONAL = ("2.16.840.1.113883.10.20.1.34",)

    @property
    def played(self) -> EntryParticipant | None:
        """The device: its UDI (``identifiers``) and category (``entity_code``)."""
        return next((p for p in self.participants if p.device), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedMedia(Entry):
    """observationMedia: an image or document within the report; ``xml_id`` is what the narrative renders."""

    TAG = "observationMedia"

    media: Media | None = None


class Organizer(Entry):
    """An organizer without a more precise class; its components are its relations."""

    __slots__ = ()

    TAG = "organizer"


class Attachment(Organizer):
    """FR-Document-attache: a document within the report, with its type."""

    __slots__ = ()

    FRENCH = "1.2.250.1.213.1.1.3.18"

    @property
    def kind(self) -> Observation | None:
        """The type of the document (LOINC 69764-9)."""
        return next((each for each in self.relations if isinstance(each, Observation)), None)

    @property
    def files(self) -> tuple[EmbeddedMedia, ...]:
        """The document itself."""
        return tuple(each for each in self.relations if isinstance(each, EmbeddedMedia))


ENTRIES: tuple[type[Entry], ...] = (
    Comment, Technique, ExposureAuthorization, Observation, SimpleObservation, RequestedAct, Measurement,
    ReferencePurpose, ReferencedFrames, FrameBoundary, CatalogInstance, CatalogSeries, CatalogStudy, Administration,
    Radiopharmaceutical, Device, Attachment,
)  # fmt: skip
"""The classes that a template names."""

GENERAL: tuple[type[Entry], ...] = (Act, Procedure, Observation, Administration, Supply, Organizer, EmbeddedMedia)
"""The classes of elements without a known template."""
