"""Frames, as bare WSGI beside Flask: ``/viewer/<handle>/frames/<series>/<instance>[/<frame>]``.

Series and instance are places in ``exam.json`` (from 0), the frame is a DICOM frame number (from 1). The body is the
pixels as they are: native, little endian, sample by sample. What is needed to draw them stands in one header,
``Frame-Attributes``, as compact JSON in ASCII::

    {"rows":512,"columns":512,"samples":1,"photometric":"MONOCHROME2","allocated":16,"stored":12,"signed":false,
     "slope":1.0,"intercept":-1024.0,"windows":[[40.0,400.0]],"spacing":[0.7,0.7]}

``?v=`` carries the version of ``exam.json``; when images have come or gone since, the answer is 409 and the page
reads the list again, so that a place never shows another image than the one it named.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Iterable
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog

from gateway.errors import GatewayError
from gateway.model.access import Handle
from gateway.model.exam import Instance
from gateway.model.image import Frame
from gateway.web.exams import Exams, ShownExam
from gateway.web.grants import Grants, NoSession
from gateway.web.headers import NO_STORE, security_headers
from gateway.web.pages import Problem, as_problem
from gateway.web.parts import WebParts

PATH = re.compile(r"/viewer/([A-Za-z0-9_-]{43})/frames/([0-9]{1,4})/([0-9]{1,6})(?:/([0-9]{1,6}))?", re.ASCII)
HEADER = "Frame-Attributes"
_WAIT_S = 5.0
_AGAIN_S = 2.0
_REASONS = {
    200: "OK",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
}

log = structlog.get_logger(__name__)


class FrameServer:
    """The WSGI application of the frames."""

    def __init__(self, parts: WebParts, exams: Exams, grants: Grants) -> None:
        self._parts = parts
        self._exams = exams
        self._grants = grants
        self._slots = threading.BoundedSemaphore(parts.settings.frame_slots)
        self._headers = [*security_headers(parts.settings), NO_STORE]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found = PATH.fullmatch(environ.get("PATH_INFO", ""))
        if found is None:
            return self._refuse(start_response, Problem(404, "web_page_unknown"))
        if environ["REQUEST_METHOD"] != "GET":
            return self._refuse(start_response, Problem(405, "web_method"))
        try:
            handle = self._grants.handle(environ, found[1])
        except NoSession:
            return self._refuse(start_response, Problem(401, "viewer_session_over"))
        except GatewayError as error:
            return self._refuse(start_response, as_problem(error))
        if handle is None:
            return self._refuse(start_response, Problem(404, "viewer_handle_over"))
        if not self._slots.acquire(timeout=_WAIT_S):
            return self._refuse(start_response, Problem(503, "viewer_busy"))
        try:
            version = parse_qs(environ.get("QUERY_STRING", "")).get("v", [""])[0]
            answer = self._frame(handle, version, int(found[2]), int(found[3]), int(found[4] or 1))
        finally:
            self._slots.release()
        if isinstance(answer, Problem):
            return self._refuse(start_response, answer)
        headers = [
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", str(len(answer.pixels))),
            (HEADER, attributes(answer)),
            *self._headers,
        ]
        start_response("200 OK", headers)
        return [answer.pixels]

    def _frame(self, handle: Handle, version: str, series: int, place: int, number: int) -> Frame | Problem:
        try:
            exam = self._exams.get(handle.site, handle.study_uid, self._parts.settings.handle_s)
            if exam is not None and version and version != exam.version:
                # Another process may have looked later than this one.
                exam = self._exams.get(handle.site, handle.study_uid, _AGAIN_S)
            if exam is None:
                return Problem(404, "viewer_study_absent")
            if version and version != exam.version:
                return Problem(409, "viewer_exam_changed")
            instance = _instance(exam, series, place, number)
            if instance is None:
                return Problem(404, "viewer_image_absent")
            frame = self._parts.images(handle.site).frame(
                handle.study_uid,
                exam.series[series].series.series_uid,
                instance.sop_class_uid,
                instance.sop_instance_uid,
                number,
            )
        except GatewayError as error:
            log.warning("frame.failed", code=error.code)
            return as_problem(error, images=True)
        if not is_whole(frame):
            log.warning("frame.wrong_size")
            return Problem(502, "viewer_pacs_refused")
        return frame

    def _refuse(self, start_response: StartResponse, problem: Problem) -> Iterable[bytes]:
        body = json.dumps({"code": problem.code}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *self._headers]
        if problem.status == 503:
            headers.append(("Retry-After", "2"))
        if problem.status == 405:
            headers.append(("Allow", "GET"))
        start_response(f"{problem.status} {_REASONS.get(problem.status, 'Error')}", headers)
        return [body]


def _instance(exam: ShownExam, series: int, place: int, number: int) -> Instance | None:
    if series >= len(exam.series) or place >= len(exam.series[series].instances):
        return None
    instance = exam.series[series].instances[place]
    return instance if number >= 1 and (instance.frames is None or number <= max(instance.frames, 1)) else None


def is_whole(frame: Frame) -> bool:
    """Whether the pixels are as many as the attributes say, and every number can be written as JSON."""
    if frame.rows < 1 or frame.columns < 1 or frame.samples_per_pixel < 1 or frame.bits_allocated not in (8, 16, 32):
        return False
    size = frame.rows * frame.columns * frame.samples_per_pixel * frame.bits_allocated // 8
    return len(frame.pixels) == size and math.isfinite(frame.rescale_slope) and math.isfinite(frame.rescale_intercept)


def attributes(frame: Frame) -> str:
    """The header of *frame*; a window or a spacing that is no real number is left out."""
    spacing = frame.pixel_spacing
    usable = spacing is not None and all(math.isfinite(side) and side > 0 for side in spacing)
    return json.dumps(
        {
            "rows": frame.rows,
            "columns": frame.columns,
            "samples": frame.samples_per_pixel,
            "photometric": frame.photometric_interpretation[:32],
            "allocated": frame.bits_allocated,
            "stored": frame.bits_stored,
            "signed": frame.signed,
            "slope": frame.rescale_slope,
            "intercept": frame.rescale_intercept,
            "windows": [w for w in frame.windows[:8] if math.isfinite(w[0]) and math.isfinite(w[1]) and w[1] > 0],
            "spacing": spacing if usable else None,
        },
        ensure_ascii=True,
        allow_nan=False,
        separators=(",", ":"),
    )
