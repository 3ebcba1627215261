"""From an address under ``/viewer/<handle>/`` to the series or the instance that it names.

Series and instance are places in ``exam.json`` (from 0), those of everything that is no picture after those of the
pictures. ``?v=`` carries the version of ``exam.json``; when images have come or gone since, the answer is 409 and the
page reads the list again, so that a place never shows another image than the one it named.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from gateway.errors import GatewayError
from gateway.model.access import Handle
from gateway.model.exam import Instance
from gateway.web.exams import Exams, ShownExam, ShownSeries
from gateway.web.headers import NO_STORE, security_headers
from gateway.web.login.grants import Grants, NoSession
from gateway.web.pages import Problem, as_problem
from gateway.web.parts import WebParts

REASONS = {
    200: "OK",
    206: "Partial Content",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    416: "Range Not Satisfiable",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
_WAIT_S = 5.0
_AGAIN_S = 2.0


class Refused(Exception):
    """The request ends in *problem*."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Place(NamedTuple):
    """What an address names."""

    handle: Handle
    exam: ShownExam
    series: ShownSeries
    instance: Instance | None
    """None where the address names the series."""


class Places:
    """The doors that all addresses of images of one handle go through."""

    def __init__(self, parts: WebParts, exams: Exams, grants: Grants) -> None:
        self._parts = parts
        self._exams = exams
        self._grants = grants
        self._slots = threading.BoundedSemaphore(parts.settings.frame_slots)
        self._headers = [*security_headers(parts.settings), NO_STORE]
        # A page that is kept apart from other origins may hold only what says the same of itself.
        apart = ("Cross-Origin-Embedder-Policy", "require-corp")
        self._held = [*security_headers(parts.settings, is_document=True), apart, NO_STORE]

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Of every answer."""
        return list(self._headers)

    @property
    def held_headers(self) -> list[tuple[str, str]]:
        """Of a document that our own pages may hold inside them."""
        return list(self._held)

    def handle(self, environ: WSGIEnvironment, token: str) -> Handle:
        """The handle behind *token*; raises Refused."""
        try:
            handle = self._grants.handle(environ, token)
        except NoSession:
            raise Refused(Problem(401, "viewer_session_over")) from None
        except GatewayError as error:
            raise Refused(as_problem(error)) from None
        if handle is None:
            raise Refused(Problem(404, "viewer_handle_over"))
        return handle

    def find(self, handle: Handle, query: str, series: int, place: int | None, number: int = 1) -> Place:
        """What the address names; raises Refused, and what the PACS raises."""
        version = parse_qs(query).get("v", [""])[0]
        exam = self._exams.of(handle, self._parts.settings.handle_s)
        if exam is not None and version and version != exam.version:
            # Another process may have looked later than this one.
            exam = self._exams.of(handle, _AGAIN_S)
        if exam is None:
            raise Refused(Problem(404, "viewer_study_absent"))
        if version and version != exam.version:
            raise Refused(Problem(409, "viewer_exam_changed"))
        if series >= len(exam.places):
            raise Refused(Problem(404, "viewer_image_absent"))
        found = exam.places[series]
        if place is None:
            return Place(handle, exam, found, None)
        if place >= len(found.instances):
            raise Refused(Problem(404, "viewer_image_absent"))
        instance = found.instances[place]
        if number < 1 or (instance.frames is not None and number > max(instance.frames, 1)):
            raise Refused(Problem(404, "viewer_image_absent"))
        return Place(handle, exam, found, instance)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One of the few requests that may work at the same time; raises Refused where none is free for long."""
        if not self._slots.acquire(timeout=_WAIT_S):
            raise Refused(Problem(503, "viewer_busy"))
        try:
            yield
        finally:
            self._slots.release()

    def refuse(self, start_response: StartResponse, problem: Problem) -> Iterable[bytes]:
        """The answer that says *problem*."""
        body = json.dumps({"code": problem.code}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *self._headers]
        if problem.status == 503:
            headers.append(("Retry-After", "2"))
        if problem.status == 405:
            headers.append(("Allow", "GET"))
        start_response(f"{problem.status} {REASONS.get(problem.status, 'Error')}", headers)
        return [body]
