"""What a site and a platform tell each other, as JSON: request, cancellation, answer, complement."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field, model_validator

from gateway.flow.forward import partial_url
from gateway.model import teleradiology as model
from gateway.model.codes import DCM, LOINC
from gateway.model.people import Organization
from gateway.model.relay import Examination
from gateway.model.site import Site
from gateway.web.relay_form.fields import (
    MODEL,
    AddressForm,
    AntecedentForm,
    CodeForm,
    Content,
    DoseForm,
    IdentifierForm,
    LocationForm,
    MeasureForm,
    Oid,
    OrganizationForm,
    PatientForm,
    ProductForm,
    ProfessionalForm,
    Short,
    VisitForm,
    Words,
    moment,
)


class About(BaseModel):
    """What every form says: about which request, and to whom."""

    model_config = MODEL
    from_platform: ClassVar[bool] = False
    """Whether the platform says it, and the site is told."""
    platform: Short = ""
    """Of a site that has several: the name of its table in the settings."""
    site: Short = ""
    """Of a platform that reads for several: the site that is told."""
    order: IdentifierForm

    def left_out(self, *, white_paper: bool) -> tuple[str, ...]:
        """What is said here and the other end's messages have no place for: those of the guide or *white_paper*'s."""
        return ()


class Common(About):
    """What is about a patient whom no document names."""

    patient: PatientForm
    visit: VisitForm = VisitForm()


class RequestForm(Common):
    """Flow 1, or A: an examination is asked for."""

    kind: Literal["request"] = "request"
    requested_at: datetime | None = None
    responsible: ProfessionalForm
    reader: ProfessionalForm | None = None
    organization: OrganizationForm | None = None
    """Who asks; the site's own organisation when it is left out."""
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
            visit=self.visit.read(site),
            reliability=self.patient.reliability,
            requested_at=moment(self.requested_at or now, site),
            responsible=self.responsible.read(),
            reader=self.reader.read() if self.reader else None,
            callback=self.callback,
            sender=sender_of(site, self.organization),
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


class CancellationForm(Common):
    """Flow 2, or A: the request is taken back."""

    kind: Literal["cancellation"]
    cancelled_at: datetime | None = None
    responsible: ProfessionalForm
    reader: ProfessionalForm | None = None
    """Flow 2 alone has a place for the remote doctor."""
    organization: OrganizationForm | None = None
    """Who takes it back; the site's own organisation when it is left out."""
    reason: Words = ""

    def read(self, site: Site, now: datetime) -> model.Cancellation:
        return model.Cancellation(
            order_number=self.order.read(site.order_issuer),
            patient=self.patient.read(),
            visit=self.visit.read(site),
            reliability=self.patient.reliability,
            cancelled_at=moment(self.cancelled_at or now, site),
            responsible=self.responsible.read(),
            reader=self.reader.read() if self.reader else None,
            sender=sender_of(site, self.organization),
            reason=self.reason,
        )

    def left_out(self, *, white_paper: bool) -> tuple[str, ...]:
        return ("reader",) if white_paper and self.reader else ()


class ExaminationForm(BaseModel):
    """One examination of a complement."""

    model_config = MODEL
    accession: IdentifierForm
    study_uid: Annotated[Oid, Field(min_length=1)]
    act: CodeForm
    requested_act: CodeForm | None = None
    """Where it is not the act that was done."""
    performed_at: datetime
    retention_days: Annotated[int, Field(ge=1, le=36_500)]
    viewer_url: Annotated[str, Field(max_length=2000)] = ""
    """Partial: the identifier of the report is put behind it. The gateway writes its own when it is left out."""
    modality: CodeForm | None = None
    locations: Annotated[tuple[LocationForm, ...], Field(max_length=20)] = ()
    device_udi: Short = ""
    device_model: Short = ""
    products: Annotated[tuple[ProductForm, ...], Field(max_length=20)] = ()
    doses: Annotated[tuple[DoseForm, ...], Field(max_length=20)] = ()
    """For a platform that follows the white paper; flow 4 of the guide has no place for them."""


_OF_FLOW_4 = ("requested_act", "retention_days", "viewer_url", "products", "device_udi", "device_model")


class ComplementForm(Common):
    """Flow 4, or D: the examination is done."""

    kind: Literal["complement"]
    examinations: Annotated[tuple[ExaminationForm, ...], Field(min_length=1, max_length=50)]
    requester: ProfessionalForm | None = None
    """Who asked the site; this and the next four are of the white paper's flow D."""
    responsible: ProfessionalForm | None = None
    organization: OrganizationForm | None = None
    """Who did it; the site's own organisation when it is left out."""
    address: AddressForm | None = None
    telephone: Short = ""

    def read(self, site: Site, now: datetime) -> model.Complement:
        return model.Complement(
            order_number=self.order.read(site.order_issuer),
            patient=self.patient.read(),
            visit=self.visit.read(site),
            reliability=self.patient.reliability,
            examinations=tuple(self._examination(one, site) for one in self.examinations),
            requester=self.requester.read() if self.requester else None,
            responsible=self.responsible.read() if self.responsible else None,
            sender=replace(
                sender_of(site, self.organization),
                address=self.address.read() if self.address else None,
                telephone=self.telephone,
            ),
        )

    def left_out(self, *, white_paper: bool) -> tuple[str, ...]:
        """The dose and the people are the white paper's alone; retention, device and products the guide's."""
        own = () if white_paper else ("requester", "responsible", "organization", "address", "telephone")
        of_each = _OF_FLOW_4 if white_paper else ("doses",)
        unsaid = [name for name in own if getattr(self, name)]
        for number, one in enumerate(self.examinations):
            unsaid += [f"examinations.{number}.{name}" for name in of_each if getattr(one, name)]
        return tuple(unsaid)

    def _examination(self, one: ExaminationForm, site: Site) -> model.Examination:
        accession = one.accession.read(site.accession_issuer)
        return model.Examination(
            accession=accession,
            study_uid=one.study_uid,
            act=one.act.read(LOINC),
            requested_act=one.requested_act.read(LOINC) if one.requested_act else None,
            performed_at=moment(one.performed_at, site),
            viewer_url=one.viewer_url or partial_url(site, Examination(accession=accession, study_uid=one.study_uid)),
            retention_days=one.retention_days,
            modality=one.modality.read(DCM) if one.modality else None,
            locations=tuple(each.read() for each in one.locations),
            device_udi=one.device_udi,
            device_model=one.device_model,
            products=tuple(each.read() for each in one.products),
            doses=tuple(each.read() for each in one.doses),
        )


class AnswerForm(Common):
    """Flow 3, or C: the remote doctor accepts with a protocol, or refuses."""

    from_platform: ClassVar[bool] = True
    kind: Literal["answer"]
    accepted: bool
    reader: ProfessionalForm
    """The remote doctor."""
    organization: OrganizationForm
    """The platform's own."""
    reason: Words = ""
    protocols: Annotated[tuple[Annotated[Words, Field(min_length=1)], ...], Field(max_length=20)] = ()
    protocol_documents: Annotated[tuple[Annotated[Content, Field(min_length=1)], ...], Field(max_length=5)] = ()
    """Documents in Base64."""

    @model_validator(mode="after")
    def _agrees(self) -> AnswerForm:
        if self.accepted and not (self.protocols or self.protocol_documents):
            raise ValueError("an answer that accepts needs protocols or protocol_documents")
        if not self.accepted and (self.protocols or self.protocol_documents):
            raise ValueError("an answer that refuses has no protocol")
        return self

    def read(self, site: Site, now: datetime) -> model.Answer:
        return model.Answer(
            order_number=self.order.read(site.order_issuer),
            patient=self.patient.read(),
            reliability=self.patient.reliability,
            accepted=self.accepted,
            reader=self.reader.read(),
            sender=self.organization.read(),
            reason=self.reason,
            protocols=(*self.protocols, *self.protocol_documents),
        )


def sender_of(site: Site, stated: OrganizationForm | None = None) -> model.Sender:
    """The organisation that is *stated*, else the site's own."""
    if stated is not None:
        return stated.read()
    return model.Sender(
        organization=Organization(identifiers=site.organization.identifiers, name=site.organization.name)
    )
