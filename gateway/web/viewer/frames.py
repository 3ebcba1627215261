"""Frames, as bare WSGI beside Flask: ``/viewer/<handle>/frames/<series>/<instance>[/<frame>]``.

Series and instance are places in ``exam.json`` (from 0, see :mod:`gateway.web.places`), the frame is a DICOM frame
number (from 1). The body is the pixels as they are: native, little endian, sample by sample. What is needed to draw
them stands in one header, ``Frame-Attributes``, as compact JSON in ASCII::

    {"rows":512,"columns":512,"samples":1,"photometric":"MONOCHROME2","allocated":16,"stored":12,"signed":false,
     "slope":1.0,"intercept":-1024.0,"windows":[[40.0,400.0]],"spacing":[0.7,0.7]}

With ``?as=stored`` the body is the bitstream as the PACS keeps it, and ``"syntax"`` in the header its transfer syntax.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog

from gateway.errors import GatewayError
from gateway.model.image import Frame
from gateway.web.pages import Problem, as_problem
from gateway.web.parts import WebParts
from gateway.web.places import Place, Places, Refused

PATH = re.compile(r"/viewer/([A-Za-z0-9_-]{43})/frames/([0-9]{1,4})/([0-9]{1,6})(?:/([0-9]{1,6}))?", re.ASCII)
HEADER = "Frame-Attributes"

log = structlog.get_logger(__name__)


class FrameServer:
    """The WSGI application of the frames."""

    def __init__(self, parts: WebParts, places: Places) -> None:
        self._parts = parts
        self._places = places

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found = PATH.fullmatch(environ.get("PATH_INFO", ""))
        try:
            if found is None:
                raise Refused(Problem(404, "web_page_unknown"))
            if environ["REQUEST_METHOD"] != "GET":
                raise Refused(Problem(405, "web_method"))
            handle = self._places.handle(environ, found[1])
            query, number = environ.get("QUERY_STRING", ""), int(found[4] or 1)
            with self._places.slot():
                place = self._places.find(handle, query, int(found[2]), int(found[3]), number)
                frame, told = self._frame(place, number, stored=parse_qs(query).get("as") == ["stored"])
        except Refused as refused:
            return self._places.refuse(start_response, refused.problem)
        except GatewayError as error:
            log.warning("frame.failed", code=error.code)
            return self._places.refuse(start_response, as_problem(error, images=True))
        headers = [
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", str(len(frame.pixels))),
            (HEADER, told),
            *self._places.headers,
        ]
        start_response("200 OK", headers)
        return _Sent(frame.pixels, partial(self._begin, place))

    def _begin(self, place: Place) -> None:
        """Have the rest of the series come."""
        self._parts.images(place.series.site).begin(place.series.exam, place.series.series.series_uid)

    def _frame(self, place: Place, number: int, *, stored: bool) -> tuple[Frame, str]:
        """The frame and its attributes; raises Refused, and what the PACS raises."""
        instance = place.instance
        assert instance is not None  # noqa: S101 - the address of a frame names one
        images = self._parts.images(place.series.site)
        exam, series_uid = place.series.exam, place.series.series.series_uid
        where = (exam.study_uid, series_uid, instance.sop_class_uid, instance.sop_instance_uid)
        if stored:
            kept = images.stored_frame(*where, number)
            frame, told = kept.frame, attributes(kept.frame, kept.transfer_syntax)
        else:
            frame = images.frame(*where, number)
            if not is_whole(frame):
                log.warning("frame.wrong_size")
                raise Refused(Problem(502, "viewer_pacs_refused"))
            told = attributes(frame)
        return frame, told


class _Sent:
    """Pixels, and what is done when they are on their way: a transfer that began before would slow them down."""

    def __init__(self, pixels: bytes, then: Callable[[], None]) -> None:
        self._pixels = pixels
        self._then = then

    def __iter__(self) -> Iterator[bytes]:
        yield self._pixels

    def close(self) -> None:
        """Called by the server at the end, and before it when the client is gone."""
        self._then()


def is_whole(frame: Frame) -> bool:
    """Whether the pixels are as many as the attributes say, and every number can be written as JSON."""
    if frame.rows < 1 or frame.columns < 1 or frame.samples_per_pixel < 1 or frame.bits_allocated not in (8, 16, 32):
        return False
    size = frame.rows * frame.columns * frame.samples_per_pixel * frame.bits_allocated // 8
    return len(frame.pixels) == size and math.isfinite(frame.rescale_slope) and math.isfinite(frame.rescale_intercept)


def attributes(frame: Frame, transfer_syntax: str = "") -> str:
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
            **({"syntax": transfer_syntax} if transfer_syntax else {}),
        },
        ensure_ascii=True,
        allow_nan=False,
        separators=(",", ":"),
    )
