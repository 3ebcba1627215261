"""The evidence: study, series, instances, each once; where to get them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.kos import tags as t
from gateway.kos.rules.attributes import REFERENCE, SERIES, STUDY, level
from gateway.kos.rules.context import Context, Path, name, under
from gateway.kos.sop_classes import is_known_storage, may_be_stored
from gateway.kos.tree import Node
from gateway.model.identifiers import is_uid

_RETRIEVAL = (t.RETRIEVE_AE_TITLE, t.RETRIEVE_URL, t.RETRIEVE_LOCATION_UID)
_RESOURCE = re.compile(r"/studies/([^/?#]*)(?:/series/([^/?#]*))?(/instances/[^/?#]*)?/?")
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class Mark(NamedTuple):
    """The mark of a key image: an item inside the item of the marked image."""

    node: Node
    path: Path
    instance_uid: str
    """Of the marked image."""


@dataclass(slots=True)
class Evidence:
    """What the evidence names."""

    instances: dict[str, str] = field(default_factory=dict)
    """SOP class by instance."""
    series: dict[str, str] = field(default_factory=dict)
    """Series by instance."""
    numbers: dict[str, str] = field(default_factory=dict)
    """Instance Number by instance and Series Number by series, where it is said."""
    frames: dict[str, str] = field(default_factory=dict)
    """Number of Frames by instance, where it is said."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Instances by series."""
    studies: set[str] = field(default_factory=set)
    locations: set[str] = field(default_factory=set)
    """Retrieve Location UIDs."""
    marks: list[Mark] = field(default_factory=list)


def check(context: Context) -> Evidence:
    """Walk the evidence."""
    found = Evidence()
    tag = t.CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE
    uneven = _Uneven()
    for index, study in enumerate(context.root.items(tag)):
        path = under("", tag, index)
        level(context, study, path, STUDY)
        study_uid = study.ascii(t.STUDY_INSTANCE_UID)
        if study_uid in found.studies:
            context.say("kos-study-twice", under(path, t.STUDY_INSTANCE_UID), value=study_uid)
        found.studies.add(study_uid)
        for number, series in enumerate(study.items(t.REFERENCED_SERIES_SEQUENCE)):
            place = under(path, t.REFERENCED_SERIES_SEQUENCE, number)
            _series(context, series, study_uid, place, found)
            uneven.add(series, place)
    own = context.root.ascii(t.STUDY_INSTANCE_UID)
    if own and found.studies and own not in found.studies:
        expected = min(found.studies)
        context.say("kos-study-other", under("", t.STUDY_INSTANCE_UID), value=own, expected=expected)
    uneven.say(context)
    return found


def _series(context: Context, series: Node, study_uid: str, path: Path, found: Evidence) -> None:
    level(context, series, path, SERIES)
    series_uid = series.ascii(t.SERIES_INSTANCE_UID)
    if series_uid and series_uid in found.sizes:
        context.say("kos-series-twice", under(path, t.SERIES_INSTANCE_UID), value=series_uid)
    _retrieval(context, series, study_uid, series_uid, path)
    if series.has(t.RETRIEVE_LOCATION_UID):
        found.locations.add(series.ascii(t.RETRIEVE_LOCATION_UID))
    if series.has(t.SERIES_NUMBER):
        found.numbers[series_uid] = series.ascii(t.SERIES_NUMBER)
    instances = series.items(t.REFERENCED_SOP_SEQUENCE)
    found.sizes[series_uid] = found.sizes.get(series_uid, 0) + len(instances)
    for index, instance in enumerate(instances):
        _instance(context, instance, series_uid, under(path, t.REFERENCED_SOP_SEQUENCE, index), found)


def _instance(context: Context, instance: Node, series_uid: str, place: Path, found: Evidence) -> None:
    level(context, instance, place, REFERENCE)
    uid, sop_class = instance.ascii(t.REFERENCED_SOP_INSTANCE_UID), instance.ascii(t.REFERENCED_SOP_CLASS_UID)
    if sop_class and is_uid(sop_class) and not may_be_stored(sop_class):
        context.say("kos-sop-class", under(place, t.REFERENCED_SOP_CLASS_UID), value=sop_class)
    elif sop_class.startswith("1.2.840.10008.") and not is_known_storage(sop_class):
        context.say("kos-sop-class-unknown", under(place, t.REFERENCED_SOP_CLASS_UID), value=sop_class)
    if uid in found.instances:
        context.say("kos-instance-twice", under(place, t.REFERENCED_SOP_INSTANCE_UID), value=uid)
    elif uid:
        found.instances[uid], found.series[uid] = sop_class, series_uid
    if instance.has(t.INSTANCE_NUMBER):
        found.numbers[uid] = instance.ascii(t.INSTANCE_NUMBER)
    if instance.has(t.NUMBER_OF_FRAMES):
        found.frames[uid] = frames = instance.ascii(t.NUMBER_OF_FRAMES)
        if not frames.lstrip("+0").isdigit():
            context.say("kos-number", under(place, t.NUMBER_OF_FRAMES), value=frames)
    for number, mark in enumerate(instance.items(t.REFERENCED_SOP_SEQUENCE)):
        found.marks.append(Mark(mark, under(place, t.REFERENCED_SOP_SEQUENCE, number), uid))


def _retrieval(context: Context, series: Node, study_uid: str, series_uid: str, path: Path) -> None:
    older = any(instance.has(t.RETRIEVE_URI) for instance in series.items(t.REFERENCED_SOP_SEQUENCE))
    if not older and not any(series.has(tag) for tag in _RETRIEVAL):
        context.say("kos-retrieval-missing", path)
    url = series.ascii(t.RETRIEVE_URL)
    if url:
        _url(context, url, study_uid, series_uid, under(path, t.RETRIEVE_URL))


def _url(context: Context, url: str, study_uid: str, series_uid: str, path: Path) -> None:
    """``{base}/studies/{study}/series/{series}``; a manifest with description may stop at the base or at the study."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        context.say("kos-url", path, value=url)
        return
    at = parts.path.rfind("/studies/")
    match = _RESOURCE.fullmatch(parts.path[at:]) if at >= 0 else None
    whole = match is not None and match[2] is not None and match[3] is None
    allowed = whole or (context.described and (at < 0 or (match is not None and match[3] is None)))
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or "@" in parts.netloc:
        allowed = False
    if not allowed:
        context.say("kos-url", path, value=url)
        return
    if match is not None and match[1] != study_uid:
        context.say("kos-url-study", path, value=match[1], expected=study_uid)
    if match is not None and match[2] is not None and match[2] != series_uid:
        context.say("kos-url-series", path, value=match[2], expected=series_uid)
    if parts.scheme == "http" and host not in _LOOPBACK:
        context.say("kos-url-clear", path, value=f"{parts.scheme}://{host}")


class _Uneven:
    """Which retrieval attributes some series carry and others do not."""

    def __init__(self) -> None:
        self._with: dict[int, int] = dict.fromkeys(_RETRIEVAL, 0)
        self._without: dict[int, list[Path]] = {tag: [] for tag in _RETRIEVAL}

    def add(self, series: Node, path: Path) -> None:
        for tag in _RETRIEVAL:
            if series.has(tag):
                self._with[tag] += 1
            else:
                self._without[tag].append(path)

    def say(self, context: Context) -> None:
        for tag in _RETRIEVAL:
            if self._with[tag]:
                for path in self._without[tag]:
                    context.say("kos-retrieval-uneven", under(path, tag), name=name(tag))
