"""The form of a report: the plain facts of an examination, named after the tables of the functional specification.

This is what ``gateway report build`` reads as JSON, and its JSON Schema is published in the docs. Everything that the
document needs beside the facts (titles, templates, section codes, narrative, ids) is made from them by ``compose``.
Sources: CI-SIS IMG-CR-IMG 2024.01 functional specification section 3.3; "Structuration minimale".
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Base64Bytes, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateway.model.identifiers import INS_OIDS
from gateway.report_form.fields import (
    Atc,
    BirthDate,
    Ccam,
    Cip,
    Coded,
    Confidentiality,
    ContraindicationCode,
    Emdn,
    EncounterType,
    ExposureQuantity,
    FacilityType,
    Form,
    FullId,
    FunctionCode,
    Given,
    Id,
    ImagingCode,
    Line,
    Link,
    Location,
    Measured,
    Modality,
    Moment,
    Once,
    Pregnancy,
    Region,
    Relation,
    Route,
    Sector,
    SopClass,
    Specialty,
    TelecomUri,
    TopographicModifier,
    Ucd,
    Uid,
    Words,
)

Some = Annotated[tuple[Line, ...], Field(max_length=7)]


class Telecom(Form):
    """A telephone number or electronic address."""

    value: TelecomUri = Field(description="A URI: tel:, fax:, mailto:, http:, ftp: or mllp:.")
    use: Literal["H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG"] | None = None


class Address(Form):
    """A postal address: free lines, or its parts."""

    use: Literal["H", "HP", "HV", "WP", "TMP"] | None = None
    lines: Some = Field(default=(), description="Free lines, at most seven, instead of the parts.")
    house_number: Line | None = None
    street: Line | None = None
    unit: Line | None = None
    postal_code: Line | None = None
    city: Line | None = None
    country: Line | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        parts = any((self.house_number, self.street, self.unit, self.postal_code, self.city, self.country))
        if bool(self.lines) == parts:
            raise PydanticCustomError("form_address", "lines or parts")
        return self


class Contact(Form):
    """What everyone may have: addresses and telecoms."""

    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()


class Organization(Contact):
    """A structure: an imaging practice, a hospital."""

    identifiers: Annotated[tuple[FullId, ...], Field(min_length=1), Once] = Field(
        description="National identifier: root 1.2.250.1.71.4.2.2, extension 1 + FINESS (or 3 + SIRET)."
    )
    name: Line
    sector: Sector | None = Field(default=None, description="Sector of activity, value set J04.")


class Professional(Contact):
    """A health professional."""

    identifiers: Annotated[tuple[FullId, ...], Field(min_length=1), Once] = Field(
        description="National identifier: root 1.2.250.1.71.4.2.1, extension 8 + RPPS."
    )
    family: Line
    given: Line | None = None
    prefix: Literal["M", "MME"] | None = Field(default=None, description="Civility, value set J245.")
    suffix: Literal["DR", "MC", "MG", "PC", "PG", "PR"] | None = Field(default=None, description="Title (J246).")
    specialty: Specialty | None = Field(default=None, description="Profession and specialty, value set J01.")
    function: FunctionCode | None = Field(default=None, description="Functional role, value set J47.")
    organization: Organization | None = Field(default=None, description="The document's own when left out.")
    at: Moment | None = Field(default=None, description="When they wrote or signed; the document's date when left out.")


class NearPerson(Contact):
    """Somebody near the patient."""

    role: Literal["ECON", "NOK", "CON", "CAREGIVER", "PAT"] = Field(
        description="ECON to warn in an emergency, NOK trusted person, CAREGIVER, CON, PAT."
    )
    relation: Relation | None = Field(default=None, description="What they are to the patient, value set J11.")
    family: Line
    given: Line | None = None


class Guardian(Contact):
    """The legal representative of the patient."""

    family: Line
    given: Line | None = None
    prefix: Literal["M", "MME"] | None = None


class Patient(Contact):
    """The patient, with the traits of the national identity (INS)."""

    identifiers: Annotated[tuple[FullId, ...], Field(min_length=1), Once] = Field(
        description="INS (root 1.2.250.1.213.1.4.8 and others) first when it is known, then local numbers."
    )
    birth_family: Line = Field(description="Family name of birth.")
    birth_given: Line | None = Field(default=None, description="First given name of the birth certificate.")
    given_names: Line | None = Field(default=None, description="All given names of the birth certificate.")
    used_family: Line | None = None
    used_given: Line | None = None
    sex: Literal["F", "M", "U"]
    birth_date: BirthDate = Field(description="A day, or as much of it as is known (1981-11, 1981).")
    birth_place: Annotated[str, StringConstraints(pattern=r"^[0-9][0-9AB][0-9]{3}$")] | None = Field(
        default=None, description="INSEE code of the place of birth (99 and country abroad)."
    )
    birth_city: Line | None = None
    guardians: tuple[Guardian, ...] = ()

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not (self.birth_given or self.given_names or self.used_given):
            raise PydanticCustomError("form_given_name", "a given name is needed")
        if any(one.root in INS_OIDS for one in self.identifiers):
            lacking = [name for name in ("birth_given", "given_names", "birth_place") if getattr(self, name) is None]
            if lacking:
                raise PydanticCustomError("form_ins_traits", "traits", {"lacking": ", ".join(lacking)})
        return self


class Document(Form):
    """The document itself."""

    id: Id
    written_at: Moment
    title: Line
    version: Annotated[int, Field(ge=1)] = 1
    set_id: Id | None = Field(default=None, description="Common to all versions; made from the id when left out.")
    replaces: Id | None = Field(default=None, description="The document that this version replaces.")
    confidentiality: Confidentiality = Coded(code="N", system="2.16.840.1.113883.5.25", display="Normal")
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}-[A-Z]{2}$")] = "fr-FR"
    images_location: Link | None = Field(
        default=None,
        description="Public address of the gateway that shows the images: the links are made from it. Without it the"
        " catalogs have no link yet, and the gateway puts it in.",
    )


class Order(Form):
    """A request for imaging."""

    placer: FullId | None = Field(default=None, description="Number given by who asked; left out when there is none.")
    accession: FullId = Field(description="Accession number, under the OID of its issuer.")


class Encounter(Form):
    """The care in which the examination took place."""

    type: EncounterType = Field(description="Value set J142: AMB, EXTERNE, IMP, EMER...")
    started_at: Moment | None = Field(default=None, description="When the first act began, when left out.")
    ended_at: Moment | None = Field(default=None, description="When the last act ended, when left out.")
    facility_type: FacilityType = Field(description="Value set J02, such as SA08.")
    facility: Organization | None = Field(default=None, description="The document's structure when left out.")


class Participant(Form):
    """Anyone else who takes part."""

    type: Literal["REF", "REFB", "INF", "RESP", "PRF", "CON", "VRF"] = Field(description="Value set J144.")
    professional: Professional


class Place(Form):
    """A place of the body."""

    location: Location = Field(description="SNOMED CT, value set LocalisationAnatomique.")
    modifiers: tuple[TopographicModifier, ...] = Field(default=(), description="Value set ModificateurTopographique.")


class Product(Form):
    """What was given: named, and coded in ATC (and CIP or UCD)."""

    name: Line
    atc: Atc | None = None
    cip: Cip | None = None
    ucd: Ucd | None = None
    route: Route | None = Field(default=None, description="EDQM, value set RouteofAdministration.")
    lot: Line
    comment: Words | None = None

    @model_validator(mode="after")
    def _coded(self) -> Self:
        if not (self.atc or self.cip or self.ucd):
            raise PydanticCustomError("form_product_code", "ATC, CIP or UCD")
        return self


class AdministeredProduct(Product):
    """A product given, radiopharmaceuticals aside."""

    dose: Given | None = None


class Radiopharmaceutical(Product):
    """A radiopharmaceutical given (ATC V09 or V10)."""

    activity: Measured | None = Field(default=None, description="Such as 620 MBq.")


class Quantity(Place, Measured):
    """A quantity of radiation at a place of the body."""

    type: ExposureQuantity = Field(description="Value set QuantiteExpositionRayonnements, such as 113813.")


class Exposure(Form):
    """The exposure to radiation, and who authorised it."""

    authorized_by: Professional | None = Field(default=None, description="The performer of the act when left out.")
    pregnancy: Pregnancy | None = Field(
        default=None, description="60001007 not pregnant, 77386006 pregnant, 261665006 unknown."
    )
    quantities: tuple[Quantity, ...] = ()
    radiopharmaceuticals: tuple[Radiopharmaceutical, ...] = Field(
        default=(), max_length=1, description="One at most, as the specification has it (001 3.3.4.4)."
    )


class Images(Form):
    """What the object catalog says of the study."""

    link: Link | None = Field(default=None, description="Instead of the link that is made from images_location.")
    sop_class: SopClass | None = Field(default=None, description="The usual one of the modality when left out.")
    taken_at: Moment | None = Field(default=None, description="The beginning of the act when left out.")


class Act(Form):
    """An imaging act: one examination, one study."""

    study_uid: Uid
    accession: FullId | None = Field(
        default=None, description="Whose order it fulfils; the first order's when left out."
    )
    code: ImagingCode = Field(description="LOINC, value set CodesDocumentImagerie.")
    ccam: Ccam | None = None
    modalities: Annotated[tuple[Modality, ...], Field(min_length=1), Once]
    regions: Annotated[tuple[Region, ...], Field(min_length=1), Once] = Field(description="Value set RegionAnatomique.")
    started_at: Moment
    ended_at: Moment | None = None
    performer: Professional | None = Field(default=None, description="The first author when left out.")
    description: Words | None = Field(default=None, description="Description de l'acte.")
    parameters: Words | None = Field(default=None, description="Autres paramètres: equipment, sequences, protocol.")
    places: Annotated[tuple[Place, ...], Field(min_length=1)] = Field(description="Localisation anatomique.")
    products: tuple[AdministeredProduct, ...] = ()
    complications: Words | None = None
    exposure: Exposure | None = None
    images: Images = Images()

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.ended_at is not None and self.ended_at <= self.started_at:
            raise PydanticCustomError("form_times", "ended_at is not after started_at")
        return self


class Contraindication(Form):
    """A contra-indication or risk."""

    code: ContraindicationCode = Field(description="Value set Contre_indications.")
    comment: Words | None = None


class ClinicalInformation(Form):
    """Informations cliniques."""

    justification: Words = Field(description="Justification de la demande d'examen.")
    purpose: Words | None = Field(default=None, description="Finalité de l'examen.")
    medical_history: Words
    surgical_history: Words
    contraindications: tuple[Contraindication, ...] = ()


class Addendum(Form):
    """Corrections and complements to an earlier version."""

    text: Words
    author: Professional | None = Field(default=None, description="The first author when left out.")


class Device(Form):
    """A medical device used."""

    udi: Id = Field(description="Unique identifier (UDI) under the OID of its issuer, or catalogue reference.")
    category: Emdn = Field(description="EMDN code and words.")
    used_at: Moment | None = Field(default=None, description="The beginning of the first act when left out.")


class Attachment(Form):
    """A document or image within the report."""

    title: Line
    media_type: Literal["application/pdf", "image/jpeg", "image/png", "image/gif", "text/plain"]
    content: Annotated[Base64Bytes, Field(min_length=1)]


class ReportForm(Form):
    """A report."""

    document: Document
    patient: Patient
    organization: Organization = Field(description="The structure that publishes and keeps the report.")
    authors: Annotated[tuple[Professional, ...], Field(min_length=1)]
    legal_authenticator: Professional | None = Field(default=None, description="The first author when left out.")
    authenticators: tuple[Professional, ...] = ()
    requester: Professional | None = None
    treating_physician: Professional | None = None
    recipients: tuple[Professional, ...] = ()
    participants: tuple[Participant, ...] = ()
    near_persons: tuple[NearPerson, ...] = ()
    orders: Annotated[tuple[Order, ...], Field(min_length=1), Once]
    encounter: Encounter
    screening: bool = Field(default=False, description="The examination was part of a screening.")
    acts: Annotated[tuple[Act, ...], Field(min_length=1)]
    addendum: Addendum | None = None
    clinical_information: ClinicalInformation | None = Field(default=None, description="Needed, but for level 1.")
    devices: tuple[Device, ...] = ()
    results: Words | None = None
    earlier_results: Words | None = None
    comparison: Words | None = None
    conclusion: Words | None = Field(default=None, description="Needed, but for level 1.")
    attachments: tuple[Attachment, ...] = ()
    patient_information: Words | None = Field(default=None, description="What the patient was told.")
