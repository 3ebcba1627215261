"""What viewers ask beside frames, as bare WSGI, all under ``/viewer/<handle>/``:

``metadata/<series>``
    a JSON list with one trimmed DICOM JSON object an instance, in the order of ``exam.json`` (:mod:`.metadata`)
``rendered/<series>/<instance>[/<frame>]?width=&height=&window=<centre>,<width>&type=jpeg|png&quality=``
    a picture no larger than the screen that asks
``thumbnails/<series>``
    a small JPEG of the series' middle image
``objects/<series>/<instance>``
    the whole instance as a file (DICOM PS3.10); takes ``Range``
``document/<series>/<instance>``
    the PDF or the film inside the instance; takes ``Range``

Every one takes ``?v=`` (:mod:`.places`). Answers carry an ``ETag`` and are not to be stored: a viewer that keeps them
in its own memory may ask with ``If-None-Match``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog

from gateway.errors import GatewayError
from gateway.model.exam import Instance
from gateway.model.image import Rendering
from gateway.web.exams import ShownSeries
from gateway.web.pages import Problem, as_problem
from gateway.web.parts import WebParts
from gateway.web.places import REASONS, Place, Places, Refused
from gateway.web.viewer import metadata, ranges

PATH = re.compile(
    r"/viewer/([A-Za-z0-9_-]{43})/"
    r"(?:(metadata|thumbnails)/([0-9]{1,4})|(rendered)/([0-9]{1,4})/([0-9]{1,6})(?:/([0-9]{1,6}))?"
    r"|(objects|document)/([0-9]{1,4})/([0-9]{1,6}))",
    re.ASCII,
)
_THUMBNAIL = Rendering(width=128, height=128, quality=80)
_KEPT_BYTES = 32 << 20
_TYPES = {"": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png"}
_SIDE = 8192

log = structlog.get_logger(__name__)


class Body(NamedTuple):
    """What is answered."""

    media_type: str
    pieces: Sequence[bytes]
    etag: str = ""
    encoding: str = ""
    ranges: bool = False
    held: bool = False
    """Whether a page of ours may hold it in a frame."""


class PictureServer:
    """The WSGI application of metadata, pictures, thumbnails and whole objects."""

    def __init__(self, parts: WebParts, places: Places) -> None:
        self._parts = parts
        self._places = places
        self._kept = Kept(_KEPT_BYTES)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found = PATH.fullmatch(environ.get("PATH_INFO", ""))
        try:
            if found is None:
                raise Refused(Problem(404, "web_page_unknown"))
            if environ["REQUEST_METHOD"] != "GET":
                raise Refused(Problem(405, "web_method"))
            handle = self._places.handle(environ, found[1])
            kind = found[2] or found[4] or found[8]
            series = int(found[3] or found[5] or found[9])
            instance = found[6] or found[10]
            number = int(found[7] or 1)
            query = environ.get("QUERY_STRING", "")
            with self._places.slot():
                place = self._places.find(handle, query, series, int(instance) if instance else None, number)
                body = self._answers[kind](self, place, environ, number)
        except Refused as refused:
            return self._places.refuse(start_response, refused.problem)
        except GatewayError as error:
            log.warning("picture.failed", code=error.code)
            return self._places.refuse(start_response, as_problem(error, images=True))
        return self._send(body, environ, start_response)

    # Kinds

    def _metadata(self, place: Place, environ: WSGIEnvironment, number: int) -> Body:
        series = place.series
        version = place.exam.version
        key = ("metadata", series.site, series.exam.study_uid, series.series.series_uid, version, series.pictures)
        packed = self._kept.get(key, lambda: self._described(series))
        etag = f'"{hashlib.sha256(packed).hexdigest()[:24]}"'
        if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "").lower():
            return Body("application/dicom+json", [packed], etag, "gzip")
        return Body("application/dicom+json", [gzip.decompress(packed)], etag)

    def _described(self, series: ShownSeries) -> bytes:
        images = self._parts.images(series.site)
        headers = images.headers(series.exam, series.series.series_uid)
        wanted = [instance.sop_instance_uid for instance in series.instances]
        told = metadata.trimmed(headers, wanted, everything=not series.pictures)
        return gzip.compress(json.dumps(told, separators=(",", ":"), allow_nan=False).encode(), 5, mtime=0)

    def _thumbnail(self, place: Place, environ: WSGIEnvironment, number: int) -> Body:
        series = place.series
        if not series.pictures:
            raise Refused(Problem(404, "viewer_image_absent"))
        middle = series.instances[len(series.instances) // 2]
        frame = max(1, ((middle.frames or 1) + 1) // 2)
        key = ("thumbnail", series.site, series.exam.study_uid, series.series.series_uid, place.exam.version)
        content = self._kept.get(key, lambda: self._drawn(series, middle, frame, _THUMBNAIL))
        return Body("image/jpeg", [content], f'"{hashlib.sha256(content).hexdigest()[:24]}"')

    def _rendered(self, place: Place, environ: WSGIEnvironment, number: int) -> Body:
        wanted = rendering(environ.get("QUERY_STRING", ""))
        instance = _instance(place)
        content = self._drawn(place.series, instance, number, wanted)
        self._parts.images(place.series.site).begin(place.series.exam, place.series.series.series_uid)
        return Body(wanted.media_type, [content], f'"{hashlib.sha256(content).hexdigest()[:24]}"')

    def _drawn(self, series: ShownSeries, instance: Instance, number: int, wanted: Rendering) -> bytes:
        images = self._parts.images(series.site)
        return images.rendered(*_where(series, instance), number, wanted).content

    def _object(self, place: Place, environ: WSGIEnvironment, number: int) -> Body:
        instance = self._parts.images(place.series.site).instance(*_where(place.series, _instance(place)))
        return Body("application/dicom", [instance.head, instance.data], ranges=True)

    def _document(self, place: Place, environ: WSGIEnvironment, number: int) -> Body:
        found = self._parts.images(place.series.site).document(*_where(place.series, _instance(place)))
        return Body(found.media_type, [found.content], ranges=True, held=True)

    _answers: dict[str, Callable[[PictureServer, Place, WSGIEnvironment, int], Body]] = {  # noqa: RUF012 - never changed
        "metadata": _metadata,
        "thumbnails": _thumbnail,
        "rendered": _rendered,
        "objects": _object,
        "document": _document,
    }

    # Answering

    def _send(self, body: Body, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        common = self._places.held_headers if body.held else self._places.headers
        headers = [("Content-Type", body.media_type), *common]
        if body.etag:
            headers.append(("ETag", body.etag))
            if body.etag in [one.strip() for one in environ.get("HTTP_IF_NONE_MATCH", "").split(",")]:
                start_response("304 Not Modified", headers)
                return []
        if body.encoding:
            headers.append(("Content-Encoding", body.encoding))
        if body.media_type == "application/dicom+json":
            headers.append(("Vary", "Accept-Encoding"))
        size = sum(map(len, body.pieces))
        status, chosen = 200, ranges.Range(0, size)
        if body.ranges:
            headers.append(("Accept-Ranges", "bytes"))
            headers.append(("Content-Disposition", "inline"))
            try:
                part = ranges.asked(environ.get("HTTP_RANGE", ""), size)
            except ranges.NotSatisfiable:
                start_response(
                    f"416 {REASONS[416]}", [*headers, ("Content-Range", f"bytes */{size}"), ("Content-Length", "0")]
                )
                return []
            if part is not None:
                status, chosen = 206, part
                headers.append(("Content-Range", f"bytes {part.start}-{part.stop - 1}/{size}"))
        headers.append(("Content-Length", str(chosen.stop - chosen.start)))
        start_response(f"{status} {REASONS[status]}", headers)
        return _cut(body.pieces, chosen)


class Kept:
    """Small answers that cost much to make, least recently used out first."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._size_bytes = 0

    def get(self, key: tuple[Any, ...], make: Callable[[], bytes]) -> bytes:
        """What *make* gave for *key*; raises what it raises."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            if key not in self._kept and len(made) <= self._limit_bytes:
                self._kept[key] = made
                self._size_bytes += len(made)
                while self._size_bytes > self._limit_bytes:
                    self._size_bytes -= len(self._kept.popitem(last=False)[1])
        return made


def rendering(query: str) -> Rendering:
    """How the picture is wanted; raises Refused (400) for what is no number."""
    try:
        asked = parse_qs(query, max_num_fields=16)
        width, height = (int(asked.get(name, ["0"])[0]) for name in ("width", "height"))
        quality = int(asked.get("quality", ["85"])[0])
        media_type = _TYPES[asked.get("type", [""])[0]]
        window = None
        if "window" in asked:
            parts = [float(part) for part in asked["window"][0].split(",")[:2]]
            if len(parts) != 2 or not all(map(math.isfinite, parts)) or parts[1] <= 0:
                raise ValueError("window")
            window = (parts[0], parts[1])
        if not (0 <= width <= _SIDE and 0 <= height <= _SIDE and 1 <= quality <= 100):
            raise ValueError("size")
    except (ValueError, KeyError):
        raise Refused(Problem(400, "web_picture_malformed")) from None
    return Rendering(media_type=media_type, width=width, height=height, window=window, quality=quality)


def _instance(place: Place) -> Instance:
    if place.instance is None:
        raise Refused(Problem(404, "viewer_image_absent"))
    return place.instance


def _where(series: ShownSeries, instance: Instance) -> tuple[str, str, str, str]:
    return series.exam.study_uid, series.series.series_uid, instance.sop_class_uid, instance.sop_instance_uid


def _cut(pieces: Sequence[bytes], chosen: ranges.Range) -> list[bytes]:
    """The bytes of *chosen*, each piece's share of them."""
    found, position = [], 0
    for piece in pieces:
        start, stop = max(chosen.start - position, 0), min(chosen.stop - position, len(piece))
        if start < stop:
            found.append(bytes(piece[start:stop]))
        position += len(piece)
    return found
