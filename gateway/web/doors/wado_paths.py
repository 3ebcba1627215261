"""The resources of the DICOMweb door (DICOM PS3.18 sections 10.4 and 10.6), read from an address.

Two roots: ``/dicom-web`` (and ``/dicom-web-rs``, which the official requests of DRIM-M name) for other systems, and
``/viewer/<handle>/dicom-web`` for a viewer that speaks DICOMweb, in which the handle says which studies there are.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_UID = r"[0-9][0-9.]{0,63}"
UID = re.compile(_UID, re.ASCII)
"""As lax as PACS are: whether there is such an object is what is looked up."""
PATH = re.compile(r"(?:/viewer/([A-Za-z0-9_-]{43}))?/dicom-web(?:-rs)?(/.*)?", re.ASCII)
_RESOURCE = re.compile(
    rf"/studies(?:/(?P<study>{_UID})(?:/series(?:/(?P<series>{_UID})(?:/instances(?:/(?P<instance>{_UID})"
    rf"(?:/frames/(?P<frames>[0-9]{{1,6}}(?:,[0-9]{{1,6}}){{0,999}}))?(?:/bulkdata/(?P<tag>[0-9A-F]{{8}}))?)?)?)?)?)?"
    rf"(?P<form>/metadata|/rendered|/thumbnail|/instances)?/?",
    re.ASCII,
)


class Resource(NamedTuple):
    """What an address names."""

    handle: str
    """Token of the handle, or empty."""
    study_uid: str
    series_uid: str
    instance_uid: str
    frames: tuple[int, ...]
    tag: str
    form: str
    """``metadata``, ``rendered``, ``thumbnail``, or empty: the instances themselves."""
    search: str
    """``studies``, ``series`` or ``instances`` where the address is that of a search."""


def resource(path: str) -> Resource | None:
    """What *path* names; None for what is no resource of ours."""
    found = PATH.fullmatch(path)
    if found is None:
        return None
    inner = found[2] or ""
    named = _RESOURCE.fullmatch(inner)
    if named is None:
        return None
    study, series, instance = (named[name] or "" for name in ("study", "series", "instance"))
    form = (named["form"] or "").strip("/")
    frames = tuple(int(number) for number in (named["frames"] or "").split(",") if number)
    plain = inner.rstrip("/")
    search = ""
    if not study:
        search = "studies"
    elif form == "instances" and not series:
        search, form = "instances", ""
    elif plain.endswith("/series"):
        search = "series"
    elif plain.endswith("/instances"):
        search = "instances"
    wrong = (
        form == "instances"
        or (search and form)
        or (named["tag"] and form)
        or (frames and form not in ("", "rendered"))
        or (form == "thumbnail" and frames)
        # PS3.18 section 10.4.1.1.4: each frame once.
        or len(set(frames)) < len(frames)
    )
    if wrong:
        return None
    return Resource(found[1] or "", study, series, instance, frames, named["tag"] or "", form, search)
