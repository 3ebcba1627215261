"""The console's reports: one is taken from the list or from a file, judged, and shown as a clinician reads it.

A file that is looked at this way is not kept and not shared. Pages of this module may show PDF documents (in the
report, or served beside it), which every other page of ours forbids.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask_babel import gettext
from lxml import etree
from markupsafe import Markup

from gateway.cda import render
from gateway.cda.rules import judge
from gateway.errors import GatewayError, InputRejected
from gateway.model.access import Session
from gateway.model.audit import AuditEvent
from gateway.model.finding import Judgement, Severity, Verdict, unreadable
from gateway.model.share import ShareOverview, StoredReport
from gateway.texts import sentence
from gateway.texts.text import Text
from gateway.trust import safexml
from gateway.web.console.common import may
from gateway.web.login.session import Access, actor
from gateway.web.pages import language, message
from gateway.web.parts import WebParts

SHOWING = frozenset({"reports.uploaded", "reports.stored"})
"""Endpoints whose pages may hold a PDF."""
SERVING = frozenset({"reports.part"})
"""Endpoints whose answer is a PDF that such a page may hold."""
PROFILES = ("spec", "official")
_ROWS = 100
_FORM_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page of one report tells."""

    judgement: Judgement
    article: Markup | None
    """None when the file is no report that can be shown."""


def blueprint(parts: WebParts, access: Access) -> Blueprint:
    """The list with its form, a report of a file, a report of the store and its documents, the style of reports."""
    routes = Blueprint("reports", __name__, url_prefix="/console")

    def guarded(action: str) -> Session | Response:
        session = access.current()
        if session is None:
            return access.begin("/console/reports") if request.method == "GET" else Response(status=401)
        if not may(session):
            access.refused(action, session)
            return message("console_forbidden", HTTPStatus.FORBIDDEN)
        return session

    @routes.get("/reports")
    def listed() -> Response:
        session = guarded("console.reports")
        if isinstance(session, Response):
            return session
        return _page("reports.html", session, reports=_recent(parts))

    @routes.post("/reports")
    def uploaded() -> Response:
        request.max_content_length = parts.settings.max_report_bytes + _FORM_BYTES
        session = guarded("console.reports")
        if isinstance(session, Response):
            return session
        access.check_post(session)
        file = request.files.get("report")
        if file is None or not file.filename:
            return _page("reports.html", session, reports=_recent(parts), missing=True)
        shown = _shown(file.stream.read(), _profile(request.form.get("profile", "")))
        return _page("report.html", session, shown=shown, name=file.filename[:120], address="")

    @routes.get("/reports/<report_id>")
    def stored(report_id: str) -> Response:
        session = guarded("console.report")
        if isinstance(session, Response):
            return session
        report, content = _stored(parts, report_id)
        shown = _shown(content, _profile(request.args.get("profile", "")), report_id)
        event = AuditEvent(action="report.shown", actor=actor(session.person), facts={"report": report.id})
        parts.store.record(event)
        return _page("report.html", session, shown=shown, name=report.id, address=request.path)

    @routes.get("/reports/<report_id>/parts/<int:number>")
    def part(report_id: str, number: int) -> Response:
        session = guarded("console.report")
        if isinstance(session, Response):
            return session
        _, content = _stored(parts, report_id)
        found = next((one for one in render.parts(safexml.parse(content)) if one.number == number), None)
        if found is None or not found.may_be_saved:
            abort(404)
        facts = {"report": report_id, "part": str(number)}
        parts.store.record(AuditEvent(action="report.shown", actor=actor(session.person), facts=facts))
        response = Response(found.content, mimetype=found.media_type)
        kind = "inline" if found.is_pdf else "attachment"
        response.headers["Content-Disposition"] = f'{kind}; filename="document-{number + 1}"'
        return response

    @routes.get("/report.css")
    def style() -> Response:
        return Response(render.stylesheet(), mimetype="text/css")

    return routes


def _page(template: str, session: Session, **told: object) -> Response:
    page = render_template(
        template, session=session, profiles=profiles(), verdicts=verdicts(), weights=weights(), **told
    )
    return Response(page, mimetype="text/html")


def profiles() -> dict[str, str]:
    """The profiles as people call them."""
    return {"spec": gettext("Spécification IMG-CR-IMG 2024.01"), "official": gettext("Validateur officiel de l'ANS")}


def verdicts() -> dict[str, str]:
    """The verdicts as people call them."""
    return {
        Verdict.VALID.value: gettext("Conforme"),
        Verdict.INVALID.value: gettext("Non conforme"),
        Verdict.UNREADABLE.value: gettext("Illisible"),
    }


def weights() -> dict[str, str]:
    """The severities as people call them, the heaviest first."""
    return {
        Severity.ERROR.value: gettext("Erreurs"),
        Severity.WARNING.value: gettext("Avertissements"),
        Severity.ADVICE.value: gettext("Conseils"),
    }


def _profile(asked: str) -> str:
    return asked if asked in PROFILES else PROFILES[0]


def _recent(parts: WebParts) -> list[ShareOverview]:
    """The newest reports, each once whatever the number of its destinations."""
    by_report: dict[str, ShareOverview] = {}
    for overview in parts.store.overviews(limit=_ROWS):
        by_report.setdefault(overview.share.report_id, overview)
    return list(by_report.values())


def _stored(parts: WebParts, report_id: str) -> tuple[StoredReport, bytes]:
    """A report of the store and its bytes; answers 404 for an unknown one."""
    if parts.content is None:
        abort(404)
    try:
        report = parts.store.report(report_id)
    except InputRejected:
        abort(404)
    return report, parts.content(report.digest)


def _shown(content: bytes, profile: str, report_id: str = "") -> Shown:
    """The judgement and the rendered report; what cannot be read is a verdict too, with its reason."""
    try:
        root = safexml.parse(content)
        judgement = judge(root, profile)
        return Shown(judgement, _article(root, report_id) if judgement.readable else None)
    except GatewayError as error:
        words = Text(*(sentence(error.code, error.facts, one) for one in ("fr", "en")))
        return Shown(unreadable(error.code, words, path=error.place, profile=profile), None)


def _article(root: etree._Element, report_id: str) -> Markup:
    def part_url(number: int) -> str:
        return url_for("reports.part", report_id=report_id, number=number)

    made = render.article(root, language(), part_url if report_id else None, top=2)
    return Markup(render.serialised(made).decode())  # noqa: S704 - built of elements, escaped by lxml
