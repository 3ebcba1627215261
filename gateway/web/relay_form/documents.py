"""Documents of a request as JSON: towards the platform (flow B, third documents), and the report back (flow E)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from gateway.model import teleradiology as model
from gateway.model.site import Site
from gateway.web.relay_form.exchanges import About
from gateway.web.relay_form.fields import Content, Reliability, VisitForm

Mask = Literal["MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"]


class _Carrying(About):
    """A document, whose header names the patient."""

    content: Annotated[Content, Field(min_length=1)]
    """A CDA in Base64."""
    withdraws: bool = False
    """Whether the document, which was sent before, is withdrawn. That it replaces another it says itself (RPLC)."""
    visit: VisitForm = VisitForm()
    reliability: Reliability = "VALI"
    masks: Annotated[tuple[Mask, ...], Field(max_length=3)] = ()

    def carried(self, content: bytes, site: Site, *, to_dmp: bool, secret: bool) -> model.Transmittal:
        """The transmittal of *content*."""
        return model.Transmittal(
            order_number=self.order.read(site.order_issuer),
            content=content,
            withdraws=self.withdraws,
            masks=frozenset(self.masks),
            to_dmp=to_dmp,
            secret_connection=secret,
            visit=self.visit.read(site),
            reliability=self.reliability,
        )


class DocumentForm(_Carrying):
    """Flow B and third documents: the request as a document, an earlier report."""

    kind: Literal["document"]

    def read(self, site: Site, now: datetime) -> model.Transmittal:
        return self.carried(self.content, site, to_dmp=False, secret=False)


class ReportForm(_Carrying):
    """Flow E: the report, as a CDA or as the facts of the examination (report.schema.json), of which it is made.

    The facts with a ``pdf`` become a CDA of level 1 around it.
    """

    from_platform: ClassVar[bool] = True
    kind: Literal["report"]
    content: Content = b""
    """A CDA in Base64; or ``report``."""
    report: dict[str, Any] | None = None
    pdf: Content = b""
    """A PDF in Base64, beside ``report``: what a person reads is then the PDF."""
    to_dmp: bool = True
    """Whether it is meant for the DMP, when the site publishes there."""
    secret_connection: bool = False

    @model_validator(mode="after")
    def _has_one(self) -> ReportForm:
        if bool(self.content) == (self.report is not None):
            raise ValueError("a report is either content (a CDA in Base64) or report (its facts)")
        if self.pdf and self.report is None:
            raise ValueError("a pdf needs report beside it: the facts of its header")
        return self

    def read(self, site: Site, now: datetime) -> model.Transmittal:
        """Raises report_form.FormRejected, whose places are below ``report``."""
        from gateway import report_form

        facts = self.report
        content = self.content
        if facts is not None:
            content = report_form.build(report_form.read_value(facts), pdf=self.pdf or None)
        return self.carried(content, site, to_dmp=self.to_dmp, secret=self.secret_connection)
