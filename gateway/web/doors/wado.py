"""The DICOMweb door: WADO-RS for other gateways and tools (RAD-107), and the same for viewers that speak it.

Only studies that are shared, or that the handle in the address opens; masks and rights as at every door
(:mod:`gateway.flow.rights`). What the answers mean: 200 everything, 206 everything but what cannot be had in a syntax
that is taken, 400 a request that is none, 401 nobody known, 403 known and not allowed, 404 not shared or not named by
that manifest, 406 in no form that is taken, 410 shared and no longer in the PACS, 503 busy or the PACS away. A transfer
that breaks in the middle is broken for the client too (:mod:`gateway.web.doors.wado_body`).

Sources: DICOM PS3.18 sections 8 and 10, IHE RAD TF-2 4.107.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog

from gateway.errors import GatewayError, InputRejected, NotSupportedYet
from gateway.model.exam import Exam
from gateway.model.rights import Door
from gateway.web.door_settings import ImageDoors
from gateway.web.doors import qido, wado_capabilities, wado_views
from gateway.web.doors.gate import Gate, Seen, Wrong
from gateway.web.doors.wado_accept import JSON
from gateway.web.doors.wado_instances import Instances, Slot
from gateway.web.doors.wado_paths import UID, Resource, resource
from gateway.web.doors.wado_request import Asked, Replying, accepted, chosen
from gateway.web.exams import Exams
from gateway.web.headers import NO_STORE, security_headers
from gateway.web.limits import TooMany
from gateway.web.login.session import Access
from gateway.web.pages import public_sentence
from gateway.web.parts import WebParts
from gateway.web.places import REASONS, Places, Refused

log = structlog.get_logger(__name__)


class WadoServer:
    """The WSGI application of the DICOMweb door."""

    def __init__(self, parts: WebParts, doors: ImageDoors, access: Access, exams: Exams, places: Places) -> None:
        self._parts = parts
        self._gate = Gate(parts, doors, access, exams, Door.WADO_RS)
        self._places = places
        self._instances = Instances(self._gate, doors.streams)
        self._headers = [*security_headers(parts.settings), NO_STORE]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._answer(environ, start_response)
        except Wrong as wrong:
            return self._refuse(environ, start_response, wrong.status, wrong.code)
        except Refused as refused:
            return self._refuse(environ, start_response, refused.problem.status, refused.problem.code)
        except TooMany as error:
            return self._refuse(environ, start_response, error.http_status, error.code, error.wait_s)
        except GatewayError as error:
            log.warning("wado.failed", code=error.code)
            status, code = _status_of(error)
            return self._refuse(environ, start_response, status, code)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            reply = Replying(start_response=start_response, headers=[("Allow", "GET, OPTIONS"), *self._headers])
            wadl = wado_capabilities.wadl(self._parts.settings.public_url)
            return reply.whole(200, "application/vnd.sun.wadl+xml", [wadl])
        if method != "GET":
            raise Wrong(405, "web_method")
        named = resource(environ.get("PATH_INFO", ""))
        if named is None:
            raise Wrong(400, "wado_address")
        reply = Replying(start_response=start_response, headers=self._headers)
        if named.search:
            return self._search(environ, reply, named)
        asked = self._asked(environ, reply, named)
        if named.form == "metadata":
            return wado_views.metadata(asked, self._root(named))
        if named.form == "thumbnail":
            return wado_views.thumbnail(asked)
        if named.form == "rendered":
            return self._at_once(wado_views.rendered, asked)
        if len(named.frames) == 1:
            # A viewer asks for one after the other, and waits for no transfer of others.
            return wado_views.frames(asked, None)
        if named.frames:
            return self._at_once(wado_views.frames, asked)
        if named.tag:
            return wado_views.bulk(asked)
        return self._instances.answer(asked)

    def _asked(self, environ: WSGIEnvironment, reply: Replying, named: Resource) -> Asked:
        """The request, for who asks; raises Wrong and Refused."""
        takes = accepted(environ)
        seen = self._seen(environ, named)
        found = chosen(seen.exam, named)
        if not found:
            raise Wrong(404, "wado_unknown")
        return Asked(
            reply=reply,
            named=named,
            accepted=takes,
            query=environ.get("QUERY_STRING", ""),
            seen=seen,
            images=self._parts.images(seen.site),
            chosen=found,
        )

    def _seen(self, environ: WSGIEnvironment, named: Resource) -> Seen:
        """The study that is named, for who asks; raises Wrong and Refused."""
        if not named.handle:
            return self._gate.study(environ, self._gate.person(environ), named.study_uid)
        handle = self._places.handle(environ, named.handle)
        site = next((one.site for one in handle.exams if one.study_uid == named.study_uid), None)
        if site is None:
            raise Wrong(404, "wado_unknown")
        return Seen(site, self._gate.look(site, named.study_uid))

    def _at_once(self, view: Callable[[Asked, Slot], Iterable[bytes]], asked: Asked) -> Iterable[bytes]:
        """One of so many answers that are made at one time; raises Wrong (503)."""
        slot = self._instances.slot()
        try:
            return view(asked, slot)
        finally:
            if not slot.flows:
                slot.release()

    # Searches

    def _search(self, environ: WSGIEnvironment, reply: Replying, named: Resource) -> Iterable[bytes]:
        wado_views.takes_json(accepted(environ))
        query = environ.get("QUERY_STRING", "")
        if named.search == "studies":
            rows = qido.studies(self._found(environ, named, query), query)
        else:
            seen = self._seen(environ, named)
            rows = (
                qido.series(seen.exam, query)
                if named.search == "series"
                else qido.instances(seen.exam, named.series_uid, query)
            )
        if not rows:
            reply.start_response("204 No Content", reply.headers)
            return []
        return reply.whole(200, JSON, [json.dumps(rows, separators=(",", ":")).encode()])

    def _found(self, environ: WSGIEnvironment, named: Resource, query: str) -> list[Exam]:
        """The studies of the handle, or those that a search names and the asker may see."""
        if named.handle:
            handle = self._places.handle(environ, named.handle)
            return [self._gate.look(one.site, one.study_uid) for one in handle.exams]
        wanted = qido.study_uids(query)
        if not 0 < len(wanted) <= 10 or not all(map(UID.fullmatch, wanted)):
            raise Wrong(400, "wado_search")
        found = []
        for uid in wanted:
            try:
                found.append(self._seen(environ, named._replace(study_uid=uid)).exam)
            except Wrong as wrong:
                if wrong.status in (400, 401):
                    raise
        return found

    # Answering

    def _root(self, named: Resource) -> str:
        return f"/viewer/{named.handle}/dicom-web" if named.handle else f"{self._parts.settings.public_url}/dicom-web"

    def _refuse(
        self, environ: WSGIEnvironment, start_response: StartResponse, status: int, code: str, wait_s: int = 5
    ) -> Iterable[bytes]:
        reader = "fr" if environ.get("HTTP_ACCEPT_LANGUAGE", "").lower().startswith("fr") else "en"
        body = {
            "type": f"urn:drim-gateway:problem:{code}",
            "title": public_sentence(code, reader),
            "status": status,
            "code": code,
        }
        content = json.dumps(body).encode()
        headers = [
            ("Content-Type", "application/problem+json"),
            ("Content-Length", str(len(content))),
            ("Content-Language", reader),
            *self._headers,
        ]
        if status == 401:
            headers.append(("WWW-Authenticate", 'Bearer realm="images"'))
        if status == 405:
            headers.append(("Allow", "GET, OPTIONS"))
        if status in (429, 503):
            headers.append(("Retry-After", str(wait_s)))
        start_response(f"{status} {REASONS.get(status, 'Error')}", headers)
        return [content]


def _status_of(error: GatewayError) -> tuple[int, str]:
    """What a failure means to who asks: it names no fact of the case."""
    if error.code == "image_unknown":
        return 410, "wado_gone"
    if isinstance(error, NotSupportedYet):
        return 406, "wado_not_acceptable"
    if isinstance(error, InputRejected):
        return 404, "wado_unknown"
    if error.retry:
        return 503, "wado_away"
    return 502, "wado_pacs"
