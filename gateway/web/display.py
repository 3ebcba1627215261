"""The link of a report: IHE Invoke Image Display (RAD-106), answered by a redirect to the viewer.

Sources: IHE RAD TF-2 4.106 (parameters, 400 and 404); the national form of the link in ``gateway.model.link``, where
``Accessionnumber`` is written so and other systems write it otherwise: names of parameters are read whatever their
case. Parameters that are not known are passed over, as the profile asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

from flask import Blueprint, Response, request

from gateway.flow.consult import LinkUnknown, resolve
from gateway.model.access import Handle, Session
from gateway.model.audit import AuditEvent, Outcome
from gateway.model.identifiers import is_root, is_uid
from gateway.model.link import PATH, DisplayRequest
from gateway.model.share import KnownExam
from gateway.web.access import Access, actor
from gateway.web.pages import neutral
from gateway.web.parts import WebParts
from gateway.web.tokens import digest, new_token

_NAMES = {"requesttype": "requestType", "studyuid": "studyUID", "accessionnumber": "Accessionnumber", "idcda": "idCDA"}
_PARAMETERS = 64
_ACCESSION = 260
"""An OID of 128 characters, a dot, and an extension of any sane length."""


class LinkMalformed(ValueError):
    """The link cannot be one of ours."""


class PatientAsked(ValueError):
    """The link asks for a patient's examinations (``requestType=PATIENT``)."""


@dataclass(frozen=True, slots=True)
class Link:
    """A well-formed link."""

    request: DisplayRequest

    @property
    def path(self) -> str:
        """The link again, in the national form and with nothing else of what was sent."""
        wanted = self.request
        query = urlencode(
            [
                ("requestType", "STUDY"),
                ("studyUID", wanted.study_uid),
                ("Accessionnumber", wanted.accession),
                ("idCDA", wanted.report_root),
            ],
            quote_via=quote,
        )
        return f"{PATH}?{query}"


def read(query: bytes) -> Link:
    """The link that *query* (the raw query string) states; raises LinkMalformed or PatientAsked."""
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_PARAMETERS,
        )
    except ValueError:
        raise LinkMalformed from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if not (name + value).isprintable():
            raise LinkMalformed
        known = _NAMES.get(name.lower())
        if known is None:
            continue
        if known in found:
            raise LinkMalformed
        found[known] = value
    kind = found.get("requestType", "").upper()
    if kind == "PATIENT":
        raise PatientAsked
    wanted = DisplayRequest(found.get("studyUID", ""), found.get("Accessionnumber", ""), found.get("idCDA", ""))
    if kind != "STUDY" or not is_uid(wanted.study_uid) or not is_root(wanted.report_root):
        raise LinkMalformed
    if not 0 < len(wanted.accession) <= _ACCESSION:
        raise LinkMalformed
    return Link(wanted)


def blueprint(parts: WebParts, access: Access) -> Blueprint:
    """The route of the link."""
    routes = Blueprint("display", __name__)

    @routes.get(PATH)
    def display() -> Response:
        try:
            link = read(request.query_string)
        except PatientAsked:
            return neutral("link_patient_not_supported_yet", 501)
        except LinkMalformed:
            return neutral("link_unknown", 400)
        if request.method == "HEAD":
            # Mail scanners and link previews ask so. Nothing is looked up, so nothing is told.
            return Response(status=200, mimetype="text/html")
        session = access.current()
        if session is None:
            return access.begin(link.path)
        try:
            exam = resolve(parts.store, link.request, session.person)
        except LinkUnknown:
            parts.store.record(_refusal(link.request, session))
            return neutral("link_unknown", 404)
        return _see_other(f"/viewer/{_open(parts, exam, session)}")

    return routes


def _open(parts: WebParts, exam: KnownExam, session: Session) -> str:
    """Name the examination for this session; the name is all that later URLs hold."""
    token = new_token()
    handle = Handle(
        id=digest(token),
        session_id=session.id,
        site=exam.site,
        study_uid=exam.study_uid,
        report_id=exam.report_id,
        created_at=parts.clock.now(),
    )
    event = AuditEvent(
        action="images.displayed",
        actor=actor(session.person),
        patient=exam.patient_cx,
        study_uid=exam.study_uid,
        document=exam.report.unique_id,
        facts={"accession": exam.accession.dotted, "report": exam.report_id},
    )
    parts.sessions.name(handle, [event])
    return token


def _refusal(wanted: DisplayRequest, session: Session) -> AuditEvent:
    return AuditEvent(
        action="images.displayed",
        actor=actor(session.person),
        outcome=Outcome.MINOR_FAILURE,
        study_uid=wanted.study_uid,
        document=wanted.report_root,
        facts={"accession": wanted.accession, "reason": "link_unknown"},
    )


def _see_other(path: str) -> Response:
    return Response(status=303, headers={"Location": path})
