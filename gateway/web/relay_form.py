"""A teleradiology message as JSON, for a site's system that does not write HL7: flows 1, 2 and 4.

What is not in the JSON is the gateway's to know: who writes to whom, the site's organisation, the viewer's address.
Each field becomes the one of the guide that its description names (CI-SIS "Téléradiologie").
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway.errors import InputRejected
from gateway.model import teleradiology as model
from gateway.model.codes import DCM, LOINC, SNOMED_CT, Code
from gateway.model.identifiers import PROFESSIONAL_OID, Identifier, is_uid
from gateway.model.people import Organization, Patient, Professional
from gateway.model.site import Site


def _oid(value: str) -> str:
    if value and not is_uid(value):
        raise ValueError("must be an OID")
    return value


def _no_controls(value: str) -> str:
    if any(not character.isprintable() and character not in "\r\n\t" for character in value):
        raise ValueError("must hold no control character")
    return value


Oid = Annotated[str, AfterValidator(_oid)]
Words = Annotated[str, Field(max_length=10_000), AfterValidator(_no_controls)]
Short = Annotated[str, Field(max_length=250), AfterValidator(_no_controls)]
Name = Annotated[str, Field(min_length=1, max_length=250), AfterValidator(_no_controls)]
_MODEL = ConfigDict(extra="forbid", frozen=True)


class IdentifierForm(BaseModel):
    """A number and the OID of who gave it."""

    model_config = _MODEL
    value: Name
    issuer: Oid = ""

    def read(self, default: str = "") -> Identifier:
        return Identifier(self.issuer or default, self.value)


class PatientForm(BaseModel):
    """PID: the national identity (INS) among the identifiers, and its traits."""

    model_config = _MODEL
    identifiers: Annotated[tuple[IdentifierForm, ...], Field(min_length=1, max_length=20)]
    birth_family: Name
    birth_given: Name
    given_names: Short = ""
    birth_date: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    sex: Literal["M", "F", "U"]
    birth_place: Short = ""
    reliability: Literal["VALI", "PROV", "DOUTE", "FICTI"] = "VALI"

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

    model_config = _MODEL
    patient_class: Annotated[str, Field(pattern=r"^[A-Z]$")] = "N"
    number: IdentifierForm | None = None
    authority: Short = ""

    def read(self) -> model.Visit:
        number = self.number.read() if self.number else None
        return model.Visit(patient_class=self.patient_class, number=number, authority=self.authority)


class ProfessionalForm(BaseModel):
    """A professional by the national identifier."""

    model_config = _MODEL
    number: Name
    family: Name
    given: Name

    def read(self) -> Professional:
        return Professional(
            identifiers=(Identifier(PROFESSIONAL_OID, self.number),), family=self.family, given=self.given
        )


class CodeForm(BaseModel):
    """A code and its words."""

    model_config = _MODEL
    code: Name
    display: Short = ""

    def read(self, system: str) -> Code:
        return Code(self.code, system, self.display)


class LocationForm(BaseModel):
    """An anatomic region (SNOMED CT, JDV_RegionAnatomique) and its topographic modifier."""

    model_config = _MODEL
    region: CodeForm
    modifier: CodeForm | None = None

    def read(self) -> model.Location:
        modifier = self.modifier.read(SNOMED_CT) if self.modifier else None
        return model.Location(region=self.region.read(SNOMED_CT), modifier=modifier)


class MeasureForm(BaseModel):
    """A number with its unit, as written."""

    model_config = _MODEL
    value: Annotated[str, Field(pattern=r"^[0-9]{1,9}([.][0-9]{1,6})?$")]
    unit: Name

    def read(self) -> model.Measure:
        return model.Measure(value=self.value, unit=self.unit)


class AntecedentForm(BaseModel):
    """An antecedent in words."""

    model_config = _MODEL
    text: Annotated[Words, Field(min_length=1)]
    relevance: Literal["", "SANS_IMPACT", "PERTINENT", "MAJEUR"] = ""


class _Common(BaseModel):
    model_config = _MODEL
    platform: Short = ""
    order: IdentifierForm
    patient: PatientForm
    visit: VisitForm = VisitForm()


class RequestForm(_Common):
    """Flow 1."""

    kind: Literal["request"] = "request"
    requested_at: datetime | None = None
    responsible: ProfessionalForm
    reader: ProfessionalForm | None = None
    callback: Short = ""
    justification: Annotated[Words, Field(min_length=1)]
    purposes: Annotated[tuple[Words, ...], Field(max_length=20)] = ()
    modality: CodeForm
    modality_comments: Annotated[tuple[Words, ...], Field(max_length=20)] = ()
    locations: Annotated[tuple[LocationForm, ...], Field(min_length=1, max_length=20)]
    antecedents: Annotated[tuple[AntecedentForm, ...], Field(max_length=50)] = ()
    height: MeasureForm | None = None
    weight: MeasureForm | None = None
    pregnant: bool | None = None

    def read(self, site: Site, now: datetime) -> model.ImagingRequest:
        return model.ImagingRequest(
            order_number=self.order.read(site.order_issuer),
            patient=self.patient.read(),
            visit=self.visit.read(),
            reliability=self.patient.reliability,
            requested_at=_moment(self.requested_at or now, site),
            responsible=self.responsible.read(),
            reader=self.reader.read() if self.reader else None,
            callback=self.callback,
            sender=_sender(site),
            justification=self.justification,
            purposes=self.purposes,
            modality=self.modality.read(DCM),
            modality_comments=self.modality_comments,
            locations=tuple(each.read() for each in self.locations),
            antecedents=tuple(model.Antecedent(text=one.text, relevance=one.relevance) for one in self.antecedents),
            height=self.height.read() if self.height else None,
            weight=self.weight.read() if self.weight else None,
            pregnant=self.pregnant,
        )


class CancellationForm(_Common):
    """Flow 2."""

    kind: Literal["cancellation"]
    cancelled_at: datetime | None = None
    responsible: ProfessionalForm
    reason: Words = ""

    def read(self, site: Site, now: datetime) -> model.Cancellation:
        return model.Cancellation(
            order_number=self.order.read(site.order_issuer),
            patient=self.patient.read(),
            visit=self.visit.read(),
            reliability=self.patient.reliability,
            cancelled_at=_moment(self.cancelled_at or now, site),
            responsible=self.responsible.read(),
            sender=_sender(site),
            reason=self.reason,
        )


class ExaminationForm(BaseModel):
    """One examination of flow 4."""

    model_config = _MODEL
    accession: IdentifierForm
    study_uid: Annotated[Oid, Field(min_length=1)]
    act: CodeForm
    performed_at: datetime
    retention_days: Annotated[int, Field(ge=1, le=36_500)]
    modality: CodeForm | None = None
    locations: Annotated[tuple[LocationForm, ...], Field(max_length=20)] = ()
    device_udi: Short = ""
    device_model: Short = ""


class ComplementForm(_Common):
    """Flow 4."""

    kind: Literal["complement"]
    examinations: Annotated[tuple[ExaminationForm, ...], Field(min_length=1, max_length=50)]

    def read(self, site: Site, now: datetime) -> model.Complement:
        return model.Complement(
            order_number=self.order.read(site.order_issuer),
            patient=self.patient.read(),
            visit=self.visit.read(),
            reliability=self.patient.reliability,
            examinations=tuple(self._examination(one, site) for one in self.examinations),
        )

    def _examination(self, one: ExaminationForm, site: Site) -> model.Examination:
        from gateway.flow.forward import partial_url
        from gateway.model.relay import Examination

        accession = one.accession.read(site.accession_issuer)
        return model.Examination(
            accession=accession,
            study_uid=one.study_uid,
            act=one.act.read(LOINC),
            performed_at=_moment(one.performed_at, site),
            viewer_url=partial_url(site, Examination(accession=accession, study_uid=one.study_uid)),
            retention_days=one.retention_days,
            modality=one.modality.read(DCM) if one.modality else None,
            locations=tuple(each.read() for each in one.locations),
            device_udi=one.device_udi,
            device_model=one.device_model,
        )


Form = RequestForm | CancellationForm | ComplementForm
_BY_KIND: dict[str, type[Form]] = {
    "request": RequestForm,
    "cancellation": CancellationForm,
    "complement": ComplementForm,
}
_KIND: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])
_WORDS = 400


def read(body: bytes) -> Form:
    """The form in *body*; raises InputRejected (``relay_json``) that names every wrong field and quotes no value."""
    try:
        data = _KIND.validate_json(body)
        kind = data.get("kind", "request")
        if not isinstance(kind, str) or kind not in _BY_KIND:
            raise InputRejected("relay_json", place="kind", words="kind: request, cancellation, complement")
        return _BY_KIND[kind].model_validate_json(body)
    except ValidationError as error:
        wrong = [(".".join(map(str, each["loc"])) or "JSON", each["msg"]) for each in error.errors(include_input=False)]
        words = "; ".join(f"{place}: {what}" for place, what in wrong)[:_WORDS]
        raise InputRejected("relay_json", place=wrong[0][0][:100], words=words) from None


def _moment(value: datetime, site: Site) -> str:
    """HL7 TS in the site's own time, with its zone; one without a zone is the site's."""
    local = value.replace(tzinfo=site.time_zone) if value.tzinfo is None else value.astimezone(site.time_zone)
    return f"{local:%Y%m%d%H%M%S%z}"


def _sender(site: Site) -> model.Sender:
    return model.Sender(
        organization=Organization(identifiers=site.organization.identifiers, name=site.organization.name)
    )
