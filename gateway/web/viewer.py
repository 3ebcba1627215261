"""The light viewer: its page, and what the page must know of the examination.

The page names nothing but the opaque handle; patient and series come by ``exam.json``, frames by ``web.frames``. The
paths under ``/viewer/<handle>/`` leave room for a fuller viewer beside it.
"""

from __future__ import annotations

import re
from typing import Any

import structlog
from flask import Blueprint, Response, jsonify, render_template, request
from flask_babel import gettext

from gateway.errors import GatewayError
from gateway.model.exam import Exam
from gateway.web.access import Access
from gateway.web.exams import Exams, ShownExam
from gateway.web.grants import Grants, NoSession
from gateway.web.pages import Problem, as_problem, language, neutral, public_sentence
from gateway.web.parts import WebParts
from gateway.web.tokens import is_token

_FRESH_S = 20.0
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
_TEXT = 200
_FRAMES = 10_000
"""Of one instance: a number that a PACS invents must not fill the reader's memory."""

_SENTENCES = (
    "viewer_busy",
    "viewer_codec",
    "viewer_exam_changed",
    "viewer_exam_empty",
    "viewer_handle_over",
    "viewer_image_absent",
    "viewer_network",
    "viewer_pacs_away",
    "viewer_pacs_refused",
    "viewer_pixels",
    "viewer_session_over",
    "viewer_study_absent",
    "web_failed",
    "web_unavailable",
)
"""What the page may have to say by itself."""

log = structlog.get_logger(__name__)


def blueprint(parts: WebParts, access: Access, exams: Exams, grants: Grants) -> Blueprint:
    """The page and its JSON."""
    routes = Blueprint("viewer", __name__)

    @routes.get("/viewer/<token>")
    def page(token: str) -> Response:
        try:
            handle = grants.handle(request.environ, token) if is_token(token) else None
        except NoSession:
            return neutral("viewer_session_over", 401)
        session = access.current()
        if handle is None or session is None:
            return neutral("viewer_handle_over", 404)
        html = render_template("viewer.html", token=token, session=session, words=words(), language=language())
        return Response(html, mimetype="text/html")

    @routes.get("/viewer/<token>/exam.json")
    def exam(token: str) -> Response:
        try:
            handle = grants.handle(request.environ, token) if is_token(token) else None
        except NoSession:
            return _told(Problem(401, "viewer_session_over"))
        if handle is None:
            return _told(Problem(404, "viewer_handle_over"))
        try:
            found = exams.get(handle.site, handle.study_uid, _FRESH_S)
        except GatewayError as error:
            log.warning("exam.failed", code=error.code)
            return _told(as_problem(error, images=True))
        return _told(Problem(404, "viewer_study_absent")) if found is None else jsonify(described(found))

    return routes


def _told(problem: Problem) -> Response:
    response = jsonify({"code": problem.code, "sentence": public_sentence(problem.code, language())})
    response.status_code = problem.status
    return response


def words() -> dict[str, str]:
    """Every text that the page's program needs, in the reader's language."""
    reader = language()
    labels = {
        "lang": reader,
        "image": gettext("Image"),
        "images": gettext("images"),
        "one_image": gettext("1 image"),
        "series": gettext("Série"),
        "born": gettext("né(e) le"),
        "female": gettext("Femme"),
        "male": gettext("Homme"),
        "study_of": gettext("Examen du"),
        "window": gettext("L {width}  C {centre}"),
        "default": gettext("Par défaut"),
        "header_window": gettext("Fenêtre {number}"),
        "full_range": gettext("Dynamique entière"),
        "abdomen": gettext("Abdomen"),
        "lung": gettext("Poumon"),
        "bone": gettext("Os"),
        "brain": gettext("Cerveau"),
        "loading": gettext("Chargement…"),
        "no_name": gettext("Nom absent du PACS"),
    }
    return {**labels, **{code: public_sentence(code, reader) for code in _SENTENCES}}


def described(shown: ShownExam) -> dict[str, Any]:
    """``exam.json``: what a clinician must see to be sure of the patient, and the series with their frame counts."""
    exam = shown.exam
    return {
        "version": shown.version,
        "patient": {
            "name": person_name(exam.patient_name),
            "birth_date": _iso(exam.patient_birth_date),
            "sex": exam.patient_sex if exam.patient_sex in ("F", "M") else "",
        },
        "study": {"date": _iso(exam.study_date), "time": _clock(exam), "description": exam.description[:_TEXT]},
        "series": [
            {
                "index": index,
                "number": one.series.number,
                "modality": one.series.modality[:16],
                "description": one.series.description[:_TEXT],
                "body_part": one.series.body_part[:_TEXT],
                "frames": [min(max(instance.frames or 1, 1), _FRAMES) for instance in one.instances],
            }
            for index, one in enumerate(shown.series)
        ],
    }


def person_name(name: str) -> str:
    """A DICOM PN as people read it: prefix, family, given, middle, suffix (PS3.5 section 6.2.1.2)."""
    family, given, middle, prefix, suffix = ([part.strip() for part in name.split("^")] + [""] * 5)[:5]
    return " ".join(part for part in (prefix, family, given, middle, suffix) if part)[:_TEXT]


def _iso(date: str) -> str:
    match = _DATE.fullmatch(date.strip())
    return "-".join(match.groups()) if match else ""


def _clock(exam: Exam) -> str:
    time = exam.study_time.strip()
    return f"{time[:2]}:{time[2:4]}" if re.fullmatch(r"[0-9]{4,6}(\.[0-9]*)?", time, re.ASCII) else ""
