"""One request at the DICOMweb door: what it names, what it takes, and what of it the asker may see."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from gateway.flow.ports import Images
from gateway.model.exam import Exam, Instance
from gateway.model.image import Rendering
from gateway.web.doors import wado_accept
from gateway.web.doors.gate import Seen, Wrong
from gateway.web.doors.wado_accept import Range
from gateway.web.doors.wado_paths import Resource
from gateway.web.places import REASONS

_FIELDS = 64


class Where(NamedTuple):
    """What names one instance to :class:`gateway.flow.ports.Images`."""

    study_uid: str
    series_uid: str
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replying:
    """How a request is answered."""

    start_response: StartResponse
    headers: list[tuple[str, str]]
    """Of every answer."""

    def whole(self, status: int, media_type: str, pieces: Iterable[bytes]) -> Iterable[bytes]:
        """Answer with *pieces*, whose length is known."""
        held = list(pieces)
        told = [("Content-Type", media_type), ("Content-Length", str(sum(map(len, held))))]
        self.start_response(f"{status} {REASONS[status]}", [*told, *self.headers])
        return held

    def flowing(self, status: int, media_type: str) -> None:
        """Begin an answer that is sent while it comes."""
        self.start_response(f"{status} {REASONS[status]}", [("Content-Type", media_type), *self.headers])


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for what belongs to one study."""

    reply: Replying
    named: Resource
    accepted: tuple[Range, ...]
    query: str
    seen: Seen
    images: Images
    """Of the site that has the study."""
    chosen: tuple[Where, ...]
    """The instances that are named, at least one."""

    @property
    def exam(self) -> Exam:
        """The study."""
        return self.seen.exam


def chosen(exam: Exam, named: Resource) -> tuple[Where, ...]:
    """The instances of *exam* that *named* is about."""
    return tuple(
        where(exam, series.series_uid, instance)
        for series in exam.series
        if not named.series_uid or series.series_uid == named.series_uid
        for instance in series.instances
        if not named.instance_uid or instance.sop_instance_uid == named.instance_uid
    )


def where(exam: Exam, series_uid: str, instance: Instance) -> Where:
    """What names *instance* of *exam*."""
    return Where(exam.study_uid, series_uid, instance.sop_class_uid, instance.sop_instance_uid)


def accepted(environ: WSGIEnvironment) -> tuple[Range, ...]:
    """What the request takes; raises Wrong (400)."""
    try:
        parameter = ",".join(parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=_FIELDS).get("accept", ()))
    except ValueError:
        raise Wrong(400, "wado_address") from None
    return wado_accept.ranges(environ.get("HTTP_ACCEPT", ""), parameter)


def rendering(query: str, media_type: str, *, thumbnail: bool) -> Rendering:
    """What ``viewport``, ``window`` and ``quality`` ask (PS3.18 section 8.3.5.1); raises Wrong (400)."""
    try:
        asked = parse_qs(query, max_num_fields=_FIELDS)
        viewport = [abs(int(float(part))) for part in asked.get("viewport", [""])[0].split(",")[:2] if part]
        window = asked.get("window", [""])[0].split(",")[:2]
        pair = (float(window[0]), float(window[1])) if len(window) == 2 else None
        quality = int(asked.get("quality", ["85"])[0])
    except (ValueError, OverflowError):
        raise Wrong(400, "wado_address") from None
    if (pair is not None and not (all(map(math.isfinite, pair)) and pair[1] > 0)) or not 1 <= quality <= 100:
        raise Wrong(400, "wado_address")
    side = 128 if thumbnail else 0
    width, height = (*viewport, 0, 0)[:2] if viewport else (side, side)
    return Rendering(media_type=media_type, width=width, height=height, window=pair, quality=quality)
