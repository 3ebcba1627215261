"""The evidence: study, series, instances, each once; where to get them; marks of key images."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gateway.kos import tags as t
from gateway.kos.rules.attributes import REFERENCE, SERIES, STUDY, code, level
from gateway.kos.rules.context import Context, Path, name, under
from gateway.kos.sop_classes import may_be_stored
from gateway.kos.tree import Node
from gateway.model.identifiers import is_uid

_RETRIEVAL = (t.RETRIEVE_AE_TITLE, t.RETRIEVE_URL, t.RETRIEVE_LOCATION_UID)
_RESOURCE = re.compile(r"/studies/([^/?#]*)(?:/series/([^/?#]*))?(/instances/[^/?#]*)?/?")
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(slots=True)
class Evidence:
    """What the evidence names."""

    instances: dict[str, str] = field(default_factory=dict)
    """SOP class by instance."""
    series: dict[str, str] = field(default_factory=dict)
    """Series by instance."""
    numbers: dict[str, str] = field(default_factory=dict)
    """Instance Number by instance, where it is said."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Instances by series."""


def check(context: Context) -> Evidence:
    """Walk the evidence."""
    found, marks = Evidence(), []
    tag = t.CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE
    studies: set[str] = set()
    uneven = _Uneven()
    for index, study in enumerate(context.root.items(tag)):
        path = under("", tag, index)
        level(context, study, path, STUDY)
        study_uid = study.ascii(t.STUDY_INSTANCE_UID)
        if study_uid in studies:
            context.say("kos-study-twice", under(path, t.STUDY_INSTANCE_UID), value=study_uid)
        studies.add(study_uid)
        for number, series in enumerate(study.items(t.REFERENCED_SERIES_SEQUENCE)):
            place = under(path, t.REFERENCED_SERIES_SEQUENCE, number)
            marks += _series(context, series, study_uid, place, found)
            uneven.add(series, place)
    _studies(context, studies)
    uneven.say(context)
    _own(context, found, studies)
    for mark, path, instance_uid in marks:
        _mark(context, mark, path, instance_uid, found)
    return found


def _series(
    context: Context, series: Node, study_uid: str, path: Path, found: Evidence
) -> list[tuple[Node, Path, str]]:
    """One series; gives back the marks of its instances, which may name a note of a series that comes later."""
    level(context, series, path, SERIES)
    series_uid = series.ascii(t.SERIES_INSTANCE_UID)
    if series_uid and series_uid in found.sizes:
        context.say("kos-series-twice", under(path, t.SERIES_INSTANCE_UID), value=series_uid)
    _retrieval(context, series, study_uid, series_uid, path)
    marks = []
    instances = series.items(t.REFERENCED_SOP_SEQUENCE)
    found.sizes[series_uid] = found.sizes.get(series_uid, 0) + len(instances)
    for index, instance in enumerate(instances):
        place = under(path, t.REFERENCED_SOP_SEQUENCE, index)
        level(context, instance, place, REFERENCE)
        uid, sop_class = instance.ascii(t.REFERENCED_SOP_INSTANCE_UID), instance.ascii(t.REFERENCED_SOP_CLASS_UID)
        if sop_class and is_uid(sop_class) and not may_be_stored(sop_class):
            context.say("kos-sop-class", under(place, t.REFERENCED_SOP_CLASS_UID), value=sop_class)
        if uid in found.instances:
            context.say("kos-instance-twice", under(place, t.REFERENCED_SOP_INSTANCE_UID), value=uid)
        elif uid:
            found.instances[uid], found.series[uid] = sop_class, series_uid
        if instance.has(t.INSTANCE_NUMBER):
            found.numbers[uid] = instance.ascii(t.INSTANCE_NUMBER)
        frames = instance.ascii(t.NUMBER_OF_FRAMES)
        if frames and not frames.lstrip("+0").isdigit():
            context.say("kos-number", under(place, t.NUMBER_OF_FRAMES), value=frames)
        for number, mark in enumerate(instance.items(t.REFERENCED_SOP_SEQUENCE)):
            marks.append((mark, under(place, t.REFERENCED_SOP_SEQUENCE, number), uid))
    return marks


def _studies(context: Context, studies: set[str]) -> None:
    own = context.root.ascii(t.STUDY_INSTANCE_UID)
    if own and studies and own not in studies:
        context.say("kos-study-other", under("", t.STUDY_INSTANCE_UID), value=own, expected=next(iter(studies)))
    copies = bool(context.root.items(t.IDENTICAL_DOCUMENTS_SEQUENCE))
    if len(studies) > 1 and not copies:
        context.say("kos-identical-missing", under("", t.IDENTICAL_DOCUMENTS_SEQUENCE))
    elif len(studies) == 1 and copies:
        context.say("kos-identical-needless", under("", t.IDENTICAL_DOCUMENTS_SEQUENCE))


def _own(context: Context, found: Evidence, studies: set[str]) -> None:
    """The document is not part of what it lists, and no UID names two things."""
    series, instance = context.root.ascii(t.SERIES_INSTANCE_UID), context.root.ascii(t.SOP_INSTANCE_UID)
    if series and series in found.sizes:
        context.say("kos-own-series", under("", t.SERIES_INSTANCE_UID), value=series)
    if instance and instance in found.instances:
        context.say("kos-own-instance", under("", t.SOP_INSTANCE_UID), value=instance)
    named = [(uid, "study") for uid in {*studies, context.root.ascii(t.STUDY_INSTANCE_UID)} if uid]
    named += [(uid, "series") for uid in {*found.sizes, series} if uid]
    named += [(uid, "instance") for uid in {*found.instances, instance} if uid]
    seen: dict[str, str] = {}
    for uid, kind in named:
        if seen.setdefault(uid, kind) != kind:
            context.say("kos-uid-reused", under("", t.CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE), value=uid)


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


def _mark(context: Context, mark: Node, path: Path, instance_uid: str, found: Evidence) -> None:
    """The mark of a key image names a note of this evidence, its series and its title."""
    note = mark.ascii(t.REFERENCED_SOP_INSTANCE_UID)
    if not note or note not in found.instances or note == instance_uid:
        context.say("kos-mark", under(path, t.REFERENCED_SOP_INSTANCE_UID), value=note)
        return
    series = mark.ascii(t.SERIES_INSTANCE_UID)
    if series and series != found.series[note]:
        context.say("kos-mark", under(path, t.SERIES_INSTANCE_UID), value=series)
    for index, title in enumerate(mark.items(t.CONCEPT_NAME_CODE_SEQUENCE)):
        code(context, title, under(path, t.CONCEPT_NAME_CODE_SEQUENCE, index))
