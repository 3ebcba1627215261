"""The DICOMweb door: WADO-RS for other gateways and tools (RAD-107), and the same for viewers that speak it.

Only studies that are shared, or that the handle in the address opens; masks and rights as at every door
(:mod:`gateway.flow.rights`). What the answers mean: 200 everything, 206 everything but what cannot be had in a syntax
that is taken, 400 a request that is none, 401 nobody known, 403 known and not allowed, 404 not shared or not named by
that manifest, 406 in no form that is taken, 410 shared and no longer in the PACS, 503 busy or the PACS away. A transfer
that breaks in the middle is broken for the client too (:mod:`gateway.web.wado_body`).

Sources: DICOM PS3.18 sections 8 and 10, IHE RAD TF-2 4.107.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog

from gateway.errors import GatewayError, InputRejected, NotSupportedYet, PeerUnreachable
from gateway.model.exam import Exam, Instance, Series
from gateway.model.image import Rendering, StoredInstance
from gateway.model.rights import Door
from gateway.web import qido, wado_accept, wado_capabilities
from gateway.web.access import Access
from gateway.web.door_settings import ImageDoors
from gateway.web.exams import Exams
from gateway.web.gate import Gate, Seen, Wrong
from gateway.web.headers import NO_STORE, security_headers
from gateway.web.pages import public_sentence
from gateway.web.parts import WebParts
from gateway.web.places import REASONS, Places, Refused
from gateway.web.wado_accept import DICOM, JSON, OCTETS, Range, Syntaxes
from gateway.web.wado_body import Flowing, Multipart, Piece, piece
from gateway.web.wado_metadata import described
from gateway.web.wado_paths import Resource, resource

log = structlog.get_logger(__name__)

_WAIT_S = 5.0
_PICTURES = ("image/jpeg", "image/png")


class WadoServer:
    """The WSGI application of the DICOMweb door."""

    def __init__(self, parts: WebParts, doors: ImageDoors, access: Access, exams: Exams, places: Places) -> None:
        self._parts = parts
        self._gate = Gate(parts, doors, access, exams, Door.WADO_RS)
        self._places = places
        self._streams = threading.BoundedSemaphore(doors.streams)
        self._headers = [*security_headers(parts.settings), NO_STORE]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._answer(environ, start_response)
        except Wrong as wrong:
            return self._refuse(environ, start_response, wrong.status, wrong.code)
        except Refused as refused:
            return self._refuse(environ, start_response, refused.problem.status, refused.problem.code)
        except GatewayError as error:
            log.warning("wado.failed", code=error.code)
            status, code = _status_of(error)
            return self._refuse(environ, start_response, status, code)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            body = wado_capabilities.wadl(self._parts.settings.public_url)
            headers = [("Content-Type", "application/vnd.sun.wadl+xml"), ("Allow", "GET, OPTIONS")]
            return self._whole(start_response, 200, headers, [body])
        if method != "GET":
            raise Wrong(405, "web_method")
        named = resource(environ.get("PATH_INFO", ""))
        if named is None:
            raise Wrong(400, "wado_address")
        accepted = _accepted(environ)
        if named.search:
            return self._search(environ, start_response, named, accepted)
        seen = self._seen(environ, named)
        chosen = _chosen(seen.exam, named)
        if not chosen:
            raise Wrong(404, "wado_unknown")
        if named.form == "metadata":
            return self._metadata(start_response, named, accepted, seen, chosen)
        if named.form in ("rendered", "thumbnail"):
            return self._rendered(environ, start_response, named, accepted, seen, chosen)
        if named.frames:
            return self._frames(start_response, named, accepted, seen, chosen)
        if named.tag:
            return self._bulk(start_response, named, accepted, seen, chosen)
        return self._instances(start_response, named, accepted, seen, chosen)

    def _seen(self, environ: WSGIEnvironment, named: Resource) -> Seen:
        """The study that is named, for who asks; raises Wrong and Refused."""
        if not named.handle:
            return self._gate.study(environ, self._gate.person(environ), named.study_uid)
        handle = self._places.handle(environ, named.handle)
        site = next((one.site for one in handle.exams if one.study_uid == named.study_uid), None)
        if site is None:
            raise Wrong(404, "wado_unknown")
        return Seen(site, self._gate.look(site, named.study_uid))

    # Instances

    def _instances(
        self,
        start_response: StartResponse,
        named: Resource,
        accepted: tuple[Range, ...],
        seen: Seen,
        chosen: list[tuple[Series, Instance]],
    ) -> Iterable[bytes]:
        ranges = wado_accept.chosen(accepted, DICOM, single=len(chosen) == 1)
        syntaxes = Syntaxes(ranges)
        if not syntaxes:
            raise Wrong(406, "wado_not_acceptable")
        slot = self._slot()
        try:
            if named.instance_uid:
                series, instance = chosen[0]
                one = self._parts.images(seen.site).instance(*_where(seen.exam, series, instance))
                made = self._sent_as(one, syntaxes, seen)
                in_one = not any(one.multipart or one.media_type != DICOM for one in ranges)
                return self._one(start_response, made, in_one=in_one)
            return self._many(start_response, named, syntaxes, seen, slot)
        finally:
            if not slot.flows:
                slot.release()

    def _one(self, start_response: StartResponse, one: StoredInstance, *, in_one: bool) -> Iterable[bytes]:
        if in_one:
            media_type = f"{DICOM}; transfer-syntax={one.transfer_syntax}"
            return self._whole(start_response, 200, [("Content-Type", media_type)], [one.head, one.data])
        frame = Multipart(DICOM)
        return self._whole(start_response, 200, [("Content-Type", frame.content_type)], frame.whole([piece(one)]))

    def _many(
        self,
        start_response: StartResponse,
        named: Resource,
        syntaxes: Syntaxes,
        seen: Seen,
        slot: _Slot,
    ) -> Iterable[bytes]:
        images = self._parts.images(seen.site)
        frame = Multipart(DICOM)
        here = images.whole(seen.exam, named.series_uid)
        if here is not None:
            status, pieces = self._all(here, syntaxes, seen)
            return self._whole(start_response, status, [("Content-Type", frame.content_type)], frame.whole(pieces))
        reading = images.read(seen.exam, named.series_uid)
        try:
            coming = self._made(reading, syntaxes, seen)
            first = next(coming, None)
            if first is None:
                raise Wrong(410, "wado_gone")
        except NotSupportedYet:
            reading.close()
            raise Wrong(406, "wado_not_acceptable") from None
        except BaseException as error:
            reading.close()
            if isinstance(error, GatewayError) and error.code == "image_unknown":
                self._gate.stale(seen.exam.study_uid)
            raise

        def leave() -> None:
            reading.close()
            slot.release()

        def ended(sent: int, code: str) -> None:
            log.info("wado.sent", instances=sent, code=code)
            if code == "image_unknown":
                self._gate.stale(seen.exam.study_uid)

        slot.flows = True
        status = 206 if seen.partial else 200
        start_response(f"{status} {REASONS[status]}", [("Content-Type", frame.content_type), *self._headers])
        return Flowing(frame, first, coming, leave, ended)

    def _all(self, here: Iterable[StoredInstance], syntaxes: Syntaxes, seen: Seen) -> tuple[int, list[Piece]]:
        """What is in memory, and 206 where something of it is in no syntax that is taken; raises Wrong (406)."""
        pieces, left_out = [], 0
        for one in here:
            try:
                pieces.append(piece(self._sent_as(one, syntaxes, seen)))
            except (NotSupportedYet, Wrong):
                left_out += 1
        if not pieces:
            raise Wrong(406, "wado_not_acceptable")
        return (206 if left_out or seen.partial else 200), pieces

    def _made(self, reading: Iterable[StoredInstance], syntaxes: Syntaxes, seen: Seen) -> Iterator[Piece]:
        for one in reading:
            if one.study_uid != seen.exam.study_uid:
                # Cannot be; were it, this is the last place to stop it.
                raise PeerUnreachable("images_ended")
            yield piece(self._parts.images(seen.site).sent_as(one, syntaxes, seen.identity))

    def _sent_as(self, one: StoredInstance, syntaxes: Syntaxes, seen: Seen) -> StoredInstance:
        try:
            return self._parts.images(seen.site).sent_as(one, syntaxes, seen.identity)
        except NotSupportedYet:
            raise Wrong(406, "wado_not_acceptable") from None

    # Everything else

    def _metadata(
        self,
        start_response: StartResponse,
        named: Resource,
        accepted: tuple[Range, ...],
        seen: Seen,
        chosen: list[tuple[Series, Instance]],
    ) -> Iterable[bytes]:
        if not wado_accept.takes(accepted, JSON) and not wado_accept.takes(accepted, "application/json"):
            raise Wrong(406, "wado_not_acceptable")
        images = self._parts.images(seen.site)
        told = []
        for series_uid in dict.fromkeys(series.series_uid for series, _ in chosen):
            wanted = {one.sop_instance_uid for series, one in chosen if series.series_uid == series_uid}
            told += described(
                images.headers(seen.exam, series_uid), seen.exam.study_uid, series_uid, wanted, self._root(named)
            )
        if not told:
            raise Wrong(410, "wado_gone")
        body = json.dumps(told, separators=(",", ":"), allow_nan=False).encode()
        status = 200 if len(told) == len(chosen) else 206
        return self._whole(start_response, status, [("Content-Type", JSON)], [body])

    def _rendered(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        named: Resource,
        accepted: tuple[Range, ...],
        seen: Seen,
        chosen: list[tuple[Series, Instance]],
    ) -> Iterable[bytes]:
        media_type = next((one for one in _PICTURES if wado_accept.takes(accepted, one)), "")
        if not media_type or len(named.frames) > 1:
            raise Wrong(406, "wado_not_acceptable")
        series, instance = chosen[len(chosen) // 2 if named.form == "thumbnail" else 0]
        if not named.instance_uid and named.form == "rendered":
            raise Wrong(406, "wado_not_acceptable")
        wanted = _wanted(environ.get("QUERY_STRING", ""), media_type, thumbnail=named.form == "thumbnail")
        number = named.frames[0] if named.frames else 1
        made = self._parts.images(seen.site).rendered(*_where(seen.exam, series, instance), number, wanted)
        return self._whole(start_response, 200, [("Content-Type", made.media_type)], [made.content])

    def _frames(
        self,
        start_response: StartResponse,
        named: Resource,
        accepted: tuple[Range, ...],
        seen: Seen,
        chosen: list[tuple[Series, Instance]],
    ) -> Iterable[bytes]:
        series, instance = chosen[0]
        images, where = self._parts.images(seen.site), _where(seen.exam, series, instance)
        found: list[Piece] = []
        root_type = OCTETS
        stored = [one for one in accepted if one.quality and one.syntax not in ("", wado_accept.EXPLICIT_LITTLE)]
        syntaxes = Syntaxes(stored)
        for number in named.frames:
            if stored:
                kept = images.stored_frame(*where, number)
                if kept.transfer_syntax in syntaxes and kept.transfer_syntax in _FRAME_TYPES:
                    root_type = _FRAME_TYPES[kept.transfer_syntax]
                    media_type = f"{root_type}; transfer-syntax={kept.transfer_syntax}"
                    found.append(Piece(media_type, (kept.frame.pixels,)))
                    continue
            if not wado_accept.takes(accepted, OCTETS):
                raise Wrong(406, "wado_not_acceptable")
            pixels = images.frame(*where, number).pixels
            found.append(Piece(f"{OCTETS}; transfer-syntax={wado_accept.EXPLICIT_LITTLE}", (pixels,)))
        images.begin(seen.exam, series.series_uid)
        frame = Multipart(root_type)
        return self._whole(start_response, 200, [("Content-Type", frame.content_type)], frame.whole(found))

    def _bulk(
        self,
        start_response: StartResponse,
        named: Resource,
        accepted: tuple[Range, ...],
        seen: Seen,
        chosen: list[tuple[Series, Instance]],
    ) -> Iterable[bytes]:
        if not wado_accept.takes(accepted, OCTETS):
            raise Wrong(406, "wado_not_acceptable")
        series, instance = chosen[0]
        content = self._parts.images(seen.site).bulk(*_where(seen.exam, series, instance), int(named.tag, 16))
        frame = Multipart(OCTETS)
        return self._whole(
            start_response, 200, [("Content-Type", frame.content_type)], frame.whole([Piece(OCTETS, (content,))])
        )

    def _search(
        self, environ: WSGIEnvironment, start_response: StartResponse, named: Resource, accepted: tuple[Range, ...]
    ) -> Iterable[bytes]:
        if not wado_accept.takes(accepted, JSON) and not wado_accept.takes(accepted, "application/json"):
            raise Wrong(406, "wado_not_acceptable")
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
            start_response("204 No Content", self._headers)
            return []
        body = json.dumps(rows, separators=(",", ":")).encode()
        return self._whole(start_response, 200, [("Content-Type", JSON)], [body])

    def _found(self, environ: WSGIEnvironment, named: Resource, query: str) -> list[Exam]:
        """The studies of the handle, or those that a search names and the asker may see."""
        if named.handle:
            handle = self._places.handle(environ, named.handle)
            return [self._gate.look(one.site, one.study_uid) for one in handle.exams]
        wanted = qido.study_uids(query)
        if not 0 < len(wanted) <= 10:
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

    def _slot(self) -> _Slot:
        if not self._streams.acquire(timeout=_WAIT_S):
            raise Wrong(503, "wado_busy")
        return _Slot(self._streams)

    def _whole(
        self,
        start_response: StartResponse,
        status: int,
        headers: list[tuple[str, str]],
        pieces: Iterable[bytes],
    ) -> Iterable[bytes]:
        held = list(pieces)
        length = ("Content-Length", str(sum(map(len, held))))
        start_response(f"{status} {REASONS[status]}", [*headers, length, *self._headers])
        return held

    def _refuse(
        self, environ: WSGIEnvironment, start_response: StartResponse, status: int, code: str
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
        if status == 503:
            headers.append(("Retry-After", "5"))
        start_response(f"{status} {REASONS.get(status, 'Error')}", headers)
        return [content]


class _Slot:
    """One of the transfers that may run at one time."""

    def __init__(self, streams: threading.BoundedSemaphore) -> None:
        self._streams = streams
        self._given_back = False
        self.flows = False
        """Whether the answer goes on after the call: its body gives the slot back."""

    def release(self) -> None:
        """Give it back; may be called again."""
        if not self._given_back:
            self._given_back = True
            self._streams.release()


_FRAME_TYPES = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
}
"""Media types of compressed frames (PS3.18 table 8.7.3-4)."""


def _accepted(environ: WSGIEnvironment) -> tuple[Range, ...]:
    try:
        parameter = ",".join(parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=64).get("accept", ()))
    except ValueError:
        raise Wrong(400, "wado_address") from None
    return wado_accept.ranges(environ.get("HTTP_ACCEPT", ""), parameter)


def _chosen(exam: Exam, named: Resource) -> list[tuple[Series, Instance]]:
    return [
        (series, instance)
        for series in exam.series
        if not named.series_uid or series.series_uid == named.series_uid
        for instance in series.instances
        if not named.instance_uid or instance.sop_instance_uid == named.instance_uid
    ]


def _where(exam: Exam, series: Series, instance: Instance) -> tuple[str, str, str, str]:
    return exam.study_uid, series.series_uid, instance.sop_class_uid, instance.sop_instance_uid


def _wanted(query: str, media_type: str, *, thumbnail: bool) -> Rendering:
    """What ``viewport``, ``window`` and ``quality`` ask (PS3.18 section 8.3.5.1); raises Wrong (400)."""
    asked = parse_qs(query, max_num_fields=64)
    try:
        viewport = [abs(int(float(part))) for part in asked.get("viewport", [""])[0].split(",")[:2] if part]
        window = asked.get("window", [""])[0].split(",")[:2]
        pair = (float(window[0]), float(window[1])) if len(window) == 2 else None
        quality = int(asked.get("quality", ["85"])[0])
    except (ValueError, OverflowError):
        raise Wrong(400, "wado_address") from None
    if (pair is not None and not pair[1] > 0) or not 1 <= quality <= 100:
        raise Wrong(400, "wado_address")
    side = 128 if thumbnail else 0
    width, height = (*viewport, 0, 0)[:2] if viewport else (side, side)
    return Rendering(media_type=media_type, width=width, height=height, window=pair, quality=quality)


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
