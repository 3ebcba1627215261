"""The viewers' pages, and what they must know of the examination.

``/viewer/<handle>`` opens the viewer that the link or the site chose, ``/light`` and ``/full`` below it one of them.
The pages name nothing but the opaque handle; patient and series come by ``exam.json``, pictures by ``web.frames`` and
its neighbours. The report that led there is at ``/report``, as it is read in the console.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask_babel import gettext

from gateway.cda import render
from gateway.errors import GatewayError
from gateway.model.access import Handle, Session, ViewOptions
from gateway.model.audit import AuditEvent
from gateway.model.exam import Exam, Instance
from gateway.model.image import StoredInstance
from gateway.trust import safexml
from gateway.web.exams import Exams, ShownExam, ShownSeries
from gateway.web.login.grants import Grants, NoSession
from gateway.web.login.session import Access, actor
from gateway.web.pages import Problem, as_problem, language, message, neutral, public_sentence
from gateway.web.parts import WebParts
from gateway.web.places import Places, Refused
from gateway.web.tokens import is_token
from gateway.web.viewer import structured
from gateway.web.viewer.assets import Assets, assets
from gateway.web.viewer.identity import identity, iso, stated
from gateway.web.viewer.words import words

SHOWING = frozenset({"viewer.page", "viewer.full", "viewer.report"})
"""Endpoints whose pages may hold a PDF or a video."""
SERVING = frozenset({"viewer.report"})
"""Endpoints whose answer such a page may hold."""
_FRESH_S = 20.0
_TEXT = 200
_FRAMES = 10_000
"""Of one instance: a number that a PACS invents must not fill the reader's memory."""
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_VIDEO = frozenset(f"{_STORAGE}77.1.{part}.1" for part in (1, 2, 4))
"""Video endoscopic, microscopic and photographic image storage."""
_DOCUMENTS = frozenset({f"{_STORAGE}104.1"})
"""Encapsulated PDF storage."""
_KEY_OBJECTS = f"{_STORAGE}88.59"
_REPORTS = f"{_STORAGE}88."
_STATES = f"{_STORAGE}11."
_PHONE = re.compile(r"\b(Mobile|iPhone|Android)\b")

log = structlog.get_logger(__name__)


def blueprint(parts: WebParts, access: Access, exams: Exams, grants: Grants) -> Blueprint:
    """The pages and their JSON."""
    routes = Blueprint("viewer", __name__)
    built = assets()
    places = Places(parts, exams, grants)

    def opened(token: str) -> tuple[Handle, Session] | Response:
        try:
            handle = grants.handle(request.environ, token) if is_token(token) else None
        except NoSession:
            return neutral("viewer_session_over", 401)
        session = access.current()
        return neutral("viewer_handle_over", 404) if handle is None or session is None else (handle, session)

    @routes.get("/viewer/<token>")
    def page(token: str) -> Response:
        found = opened(token)
        if isinstance(found, Response):
            return found
        handle, session = found
        if built is not None and _wants_full(parts, handle):
            return redirect(f"/viewer/{token}/full", code=303, Response=Response)  # type: ignore[return-value]
        return _page(parts, "viewer.html", token, handle, session, built)

    @routes.get("/viewer/<token>/light")
    def light(token: str) -> Response:
        found = opened(token)
        return found if isinstance(found, Response) else _page(parts, "viewer.html", token, *found, built)

    @routes.get("/viewer/<token>/full")
    def full(token: str) -> Response:
        found = opened(token)
        if isinstance(found, Response):
            return found
        if built is None:
            return redirect(f"/viewer/{token}/light", code=303, Response=Response)  # type: ignore[return-value]
        return _page(parts, "viewer_full.html", token, *found, built)

    @routes.get("/viewer/<token>/report")
    def report(token: str) -> Response:
        found = opened(token)
        return found if isinstance(found, Response) else _report(parts, *found)

    def told_of(token: str, series: int, instance: int, tell: Callable[[StoredInstance, ShownExam], Any]) -> Response:
        try:
            handle = places.handle(request.environ, token if is_token(token) else "")
            with places.slot():
                place = places.find(handle, request.query_string.decode("ascii", "replace"), series, instance)
                found = place.instance
                if found is None:
                    return _told(Problem(404, "viewer_image_absent"))
                of = (place.series.exam.study_uid, place.series.series.series_uid)
                stored = parts.images(place.series.site).instance(*of, found.sop_class_uid, found.sop_instance_uid)
                return jsonify(tell(stored, place.exam))
        except Refused as refused:
            return _told(refused.problem)
        except GatewayError as error:
            log.warning("object.failed", code=error.code)
            return _told(as_problem(error, images=True))

    @routes.get("/viewer/<token>/structured/<int:series>/<int:instance>")
    def structured_report(token: str, series: int, instance: int) -> Response:
        return told_of(token, series, instance, lambda stored, shown: structured.report(stored))

    @routes.get("/viewer/<token>/state/<int:series>/<int:instance>")
    def state(token: str, series: int, instance: int) -> Response:
        return told_of(token, series, instance, lambda stored, shown: structured.state(stored, instance_places(shown)))

    @routes.get("/viewer/<token>/layers/<int:series>/<int:instance>")
    def layers(token: str, series: int, instance: int) -> Response:
        return told_of(token, series, instance, lambda stored, shown: structured.layers(stored))

    @routes.get("/viewer/<token>/exam.json")
    def exam(token: str) -> Response:
        try:
            handle = grants.handle(request.environ, token) if is_token(token) else None
        except NoSession:
            return _told(Problem(401, "viewer_session_over"))
        if handle is None:
            return _told(Problem(404, "viewer_handle_over"))
        try:
            shown = exams.of(handle, _FRESH_S)
        except GatewayError as error:
            log.warning("exam.failed", code=error.code)
            return _told(as_problem(error, images=True))
        if shown is None:
            return _told(Problem(404, "viewer_study_absent"))
        return jsonify(described(shown, handle.options, identity(shown.exam, stated(parts, handle.report_id))))

    return routes


def _wants_full(parts: WebParts, handle: Handle) -> bool:
    wanted = handle.options.viewer
    if wanted:
        return wanted == "full"
    phone = _PHONE.search(request.headers.get("User-Agent", "")) is not None
    return parts.settings.viewer.first == "full" and not phone


def _page(
    parts: WebParts, template: str, token: str, handle: Handle, session: Session, built: Assets | None
) -> Response:
    settings = parts.settings.viewer
    other = None
    if template == "viewer_full.html":
        other = {"href": f"/viewer/{token}/light", "label": gettext("Visionneuse légère")}
    elif built is not None:
        other = {"href": f"/viewer/{token}/full", "label": gettext("Visionneuse complète")}
    html = render_template(
        template,
        token=token,
        session=session,
        words=words(),
        language=language(),
        assets=built,
        other=other,
        has_report=parts.content is not None,
        not_for_diagnosis=settings.not_for_diagnosis,
        ohif_url=settings.ohif_url.replace("{study_uid}", handle.study_uid),
        options=handle.options,
    )
    response = Response(html, mimetype="text/html")
    # The page holds nothing of other origins, so it may be kept apart from them in the browser's memory as well.
    response.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    return response


def _report(parts: WebParts, handle: Handle, session: Session) -> Response:
    """The report of the handle, as people read it; its own documents are inside as ``data:``."""
    if parts.content is None:
        return message("web_page_unknown", 404)
    found = parts.store.report(handle.report_id)
    root = safexml.parse(parts.content(found.digest))
    made = render.serialised(render.article(root, language()))
    event = AuditEvent(action="report.shown", actor=actor(session.person), facts={"report": found.id})
    parts.store.record(event)
    html = render_template("viewer_report.html", article=made.decode())
    response = Response(html, mimetype="text/html")
    response.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    return response


def _told(problem: Problem) -> Response:
    response = jsonify({"code": problem.code, "sentence": public_sentence(problem.code, language())})
    response.status_code = problem.status
    return response


def described(shown: ShownExam, options: ViewOptions, patient: dict[str, object]) -> dict[str, Any]:
    """``exam.json``: what a clinician must see to be sure of the patient, and the series with their frame counts."""
    exams = shown.exams or (shown.exam,)
    return {
        "version": shown.version,
        "patient": patient,
        "study": study_facts(shown.exam),
        "studies": [study_facts(exam) for exam in exams],
        "key_images": key_images(shown, options),
        "key_images_only": options.key_images_only,
        "diagnostic": options.diagnostic,
        "series": [
            {
                "index": index,
                "study": next((place for place, exam in enumerate(exams) if exam is one.exam), 0),
                "kind": kind(one),
                "number": one.series.number,
                "modality": one.series.modality[:16],
                "description": one.series.description[:_TEXT],
                "body_part": one.series.body_part[:_TEXT],
                "frames": [frame_count(instance) for instance in one.instances],
            }
            for index, one in enumerate(shown.places)
        ],
    }


def kind(series: ShownSeries) -> str:
    """How a series is looked at: ``images``, ``video``, ``document``, ``report``, ``state``, ``key_objects``, or
    ``other`` for what no viewer of ours shows."""
    classes = {one.sop_class_uid for one in series.instances}
    if series.pictures:
        return "video" if classes and classes <= _VIDEO else "images"
    if classes & _DOCUMENTS:
        return "document"
    if classes == {_KEY_OBJECTS}:
        return "key_objects"
    if any(one.startswith(_STATES) for one in classes):
        return "state"
    return "report" if any(one.startswith(_REPORTS) for one in classes) else "other"


def key_images(shown: ShownExam, options: ViewOptions) -> list[str]:
    """The places (``series/instance/frame``) of what the key objects mark, in their order.

    Of an instance that is marked whole the first frame stands for all, but where nothing else is shown; a frame that
    the instance does not have is left out.
    """
    places = instance_places(shown)
    counts = {one.sop_instance_uid: frame_count(one) for series in shown.series for one in series.instances}
    found = []
    for name in options.key_images:
        uid, _, number = name.partition("/")
        if uid not in places:
            continue
        frames = range(1, counts[uid] + 1 if options.key_images_only else 2)
        if number:
            frames = range(int(number), min(int(number), counts[uid]) + 1)
        found += [f"{places[uid]}/{frame}" for frame in frames if frame > 0]
    return found


def frame_count(instance: Instance) -> int:
    """How many pictures a viewer shows of the instance."""
    return min(max(instance.frames or 1, 1), _FRAMES)


def instance_places(shown: ShownExam) -> dict[str, str]:
    """SOP Instance UIDs of the pictures, each with its place (``series/instance``)."""
    return {
        instance.sop_instance_uid: f"{index}/{place}"
        for index, one in enumerate(shown.series)
        for place, instance in enumerate(one.instances)
    }


def study_facts(exam: Exam) -> dict[str, str]:
    """Date, time and description of a study."""
    return {"date": iso(exam.study_date), "time": _clock(exam), "description": exam.description[:_TEXT]}


def _clock(exam: Exam) -> str:
    time = exam.study_time.strip()
    return f"{time[:2]}:{time[2:4]}" if re.fullmatch(r"[0-9]{4,6}(\.[0-9]*)?", time, re.ASCII) else ""
