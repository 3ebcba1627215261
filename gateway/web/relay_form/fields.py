"""The small forms of which the messages as JSON are made."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Base64Encoder, BaseModel, ConfigDict, EncodedBytes, Field
from pydantic_core import PydanticCustomError

from gateway.model import teleradiology as model
from gateway.model.codes import DCM, SNOMED_CT, Code
from gateway.model.identifiers import ORGANIZATION_OID, PROFESSIONAL_OID, Identifier, is_uid
from gateway.model.people import Organization, Patient, Professional
from gateway.model.site import Site
from gateway.texts.plain import is_writing


def _oid(value: str) -> str:
    if value and not is_uid(value):
        raise ValueError("must be an OID")
    return value


def _no_controls(value: str) -> str:
    if not is_writing(value):
        raise ValueError("must hold no control character")
    return value


class _StrictBase64(Base64Encoder):
    """Base64 with its padding, in lines or not; the library's own passes over whatever is no Base64."""

    @classmethod
    def decode(cls, data: bytes) -> bytes:
        try:
            return base64.b64decode(b"".join(data.split()), validate=True)
        except ValueError:
            raise PydanticCustomError("base64", "must be Base64") from None


ATC = "ATC"
"""Products' coding system, by its name in HL7."""
Content = Annotated[bytes, EncodedBytes(encoder=_StrictBase64)]
"""A document in Base64."""
Oid = Annotated[str, AfterValidator(_oid)]
Words = Annotated[str, Field(max_length=10_000), AfterValidator(_no_controls)]
Reliability = Literal["VALI", "PROV", "DOUTE", "FICTI", ""]
"""PID-32; empty where nothing is said, which the guide does not take."""
Short = Annotated[str, Field(max_length=250), AfterValidator(_no_controls)]
Name = Annotated[str, Field(min_length=1, max_length=250), AfterValidator(_no_controls)]
MODEL = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
"""An unknown key is a mistake of the sender, and is told."""


class IdentifierForm(BaseModel):
    """A number and the OID of who gave it."""

    model_config = MODEL
    value: Name
    issuer: Oid = ""

    def read(self, default: str = "") -> Identifier:
        return Identifier(self.issuer or default, self.value)


class PatientForm(BaseModel):
    """PID: the national identity (INS) among the identifiers, and its traits."""

    model_config = MODEL
    identifiers: Annotated[tuple[IdentifierForm, ...], Field(min_length=1, max_length=20)]
    birth_family: Name
    birth_given: Name
    given_names: Short = ""
    birth_date: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    sex: Literal["M", "F", "U"]
    birth_place: Short = ""
    reliability: Reliability = "VALI"

    def read(self) -> Patient:
        return Patient(
            identifiers=tuple(each.read() for each in self.identifiers),
            birth_family=self.birth_family,
            birth_given=self.birth_given,
            given_names=self.given_names or self.birth_given,
            birth_date=self.birth_date,
            sex=self.sex,
            birth_place=self.birth_place,
        )


class VisitForm(BaseModel):
    """PV1: class (table 0004) and, for most, the number of the appointment."""

    model_config = MODEL
    patient_class: Annotated[str, Field(pattern=r"^[A-Z]$")] = "N"
    number: IdentifierForm | None = None
    authority: Short = ""
    admitted_at: datetime | None = None
    discharged_at: datetime | None = None

    def read(self, site: Site) -> model.Visit:
        return model.Visit(
            patient_class=self.patient_class,
            number=self.number.read() if self.number else None,
            authority=self.authority,
            admitted=moment(self.admitted_at, site) if self.admitted_at else "",
            discharged=moment(self.discharged_at, site) if self.discharged_at else "",
        )


class ProfessionalForm(BaseModel):
    """A professional by the national identifier."""

    model_config = MODEL
    number: Name
    family: Name
    given: Name

    def read(self) -> Professional:
        known = (Identifier(PROFESSIONAL_OID, self.number),)
        return Professional(identifiers=known, family=self.family, given=self.given)


class CodeForm(BaseModel):
    """A code and its words."""

    model_config = MODEL
    code: Name
    display: Short = ""
    system: Short = ""
    """Where it is not of the system that this field has: its OID, or its name in HL7."""

    def read(self, system: str) -> Code:
        return Code(self.code, self.system or system, self.display)


class LocationForm(BaseModel):
    """An anatomic region (SNOMED CT, JDV_RegionAnatomique) and its topographic modifier."""

    model_config = MODEL
    region: CodeForm
    modifier: CodeForm | None = None

    def read(self) -> model.Location:
        modifier = self.modifier.read(SNOMED_CT) if self.modifier else None
        return model.Location(region=self.region.read(SNOMED_CT), modifier=modifier)


class OrganizationForm(BaseModel):
    """A structure by its national identifier (FINESS and the like), as ORC-21 states it."""

    model_config = MODEL
    number: Name
    name: Name
    kind: Literal["FINEJ", "FINEG", "IDNST", "UF", "SVR"] = "FINEG"

    def read(self) -> model.Sender:
        known = (Identifier(ORGANIZATION_OID, self.number),)
        return model.Sender(organization=Organization(identifiers=known, name=self.name), type_code=self.kind)


class MeasureForm(BaseModel):
    """A number with its unit, as written."""

    model_config = MODEL
    value: Annotated[str, Field(pattern=r"^[0-9]{1,9}([.][0-9]{1,6})?$")]
    unit: Name

    def read(self) -> model.Measure:
        return model.Measure(value=self.value, unit=self.unit)


class AntecedentForm(BaseModel):
    """An antecedent in words."""

    model_config = MODEL
    text: Annotated[Words, Field(min_length=1)]
    relevance: Literal["", "SANS_IMPACT", "PERTINENT", "MAJEUR"] = ""


class ProductForm(BaseModel):
    """A product that was given: its class (ATC V09 or V10), its lot, how much."""

    model_config = MODEL
    code: CodeForm
    lot: Name
    quantity: MeasureForm | None = None

    def read(self) -> model.Product:
        quantity = self.quantity.read() if self.quantity else None
        return model.Product(code=self.code.read(ATC), lot=self.lot, quantity=quantity)


class DoseForm(BaseModel):
    """A quantity of irradiation (DICOM code of JDV_QuantiteExpositionRayonnements) and its value."""

    model_config = MODEL
    code: CodeForm
    value: Annotated[str, Field(pattern=r"^[0-9]{1,9}([.][0-9]{1,6})?$")]
    unit: Name

    def read(self) -> model.Dose:
        return model.Dose(code=self.code.read(DCM), measure=model.Measure(value=self.value, unit=self.unit))


class AddressForm(BaseModel):
    """Where the site is."""

    model_config = MODEL
    street: Name
    postal_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{5}$")]
    city: Name

    def read(self) -> model.PostalAddress:
        return model.PostalAddress(street=self.street, postal_code=self.postal_code, city=self.city)


def moment(value: datetime, site: Site) -> str:
    """HL7 TS in the site's own time, with its zone; one without a zone is the site's."""
    local = value.replace(tzinfo=site.time_zone) if value.tzinfo is None else value.astimezone(site.time_zone)
    return f"{local:%Y%m%d%H%M%S%z}"
