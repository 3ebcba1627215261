"""The headers of a series for the viewers, trimmed to what drawing and measuring need (DICOM PS3.18 annex F).

No name, no identifier of the patient and no person: who the images are of stands in ``exam.json``. Addresses of bulk
data are taken out, for they are the PACS's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SOP_INSTANCE = "00080018"
_TAGS = (
    # What it is
    "00080005 00080008 00080016 00080018 00080060 00080064 00080068 0008103E 00081140 00081115 00082112 00082218"
    " 0020000D 0020000E 00200011 00200012 00200013 00200062 00280008 0008002A 00080022 00080032 00080033 00081090"
    # The patient's traits that quantities need
    " 00100040 00101010 00101020 00101030"
    # How it was made
    " 00180015 00180022 00180040 00180050 00180060 00180080 00180081 00180086 00180088 00181063 00181065 00181110"
    " 00181111 00181114 00181149 00181150 00181151 00181152 00181164 00182010 00185100 00185101 00186011 00187060"
    " 00540013 00540016 00540081 00540101 00541001 00541102 00541300 00541321 00541330 00080104 00080100 00080102"
    # What of it is not to be shown
    " 00181600 00181602 00181604 00181606 00181608 00181610 00181612 00181620 00181622"
    # Where it lies
    " 00200020 00200030 00200032 00200035 00200037 00200052 00201041 00280030 00280034 00280A02 00280A04"
    # Pixels
    " 00280002 00280004 00280006 00280009 0028000A 00280010 00280011 00280100 00280101 00280102 00280103 00280106"
    " 00280107 00280120 00280121 00280301 00281040 00281041 00281050 00281051 00281052 00281053 00281054 00281055"
    " 00281056 00281101 00281102 00281103 00281201 00281202 00281203 00282110 00282112 00282114 00283000 00283010"
    # Functional groups
    " 52009229 52009230 00209221 00209222 00289110 00289132 00289145"
    # Presentation states
    " 00700001 00700041 00700042 00700051 00700052 0070005A 00700060 00700080 00700081 00700082 00700083 00700100"
    " 00700101 20500010 20500020"
)
_KEPT = frozenset(_TAGS.split())
_LEFT_OUT = frozenset({"00100010", "00100020", "00100021", "00100030", "00101000", "00101001", "00101002", "00104000"})
_PEOPLE = frozenset({"PN"})


def trimmed(headers: Iterable[Mapping[str, Any]], wanted: Sequence[str], *, everything: bool) -> list[dict[str, Any]]:
    """One object an instance of *wanted* (SOP Instance UIDs), in that order; one that is unknown has its UID alone.

    *everything*: every attribute but those that name people, for objects that are no pictures.
    """
    by_uid = {_uid(header): header for header in headers}
    return [
        _trimmed(by_uid[uid], everything) if uid in by_uid else {SOP_INSTANCE: {"vr": "UI", "Value": [uid]}}
        for uid in wanted
    ]


def _uid(header: Mapping[str, Any]) -> str:
    attribute = header.get(SOP_INSTANCE)
    values = attribute.get("Value") if isinstance(attribute, dict) else None
    return str(values[0]) if isinstance(values, list) and values else ""


def _trimmed(header: Mapping[str, Any], everything: bool) -> dict[str, Any]:
    return {
        tag: _plain(attribute)
        for tag, attribute in header.items()
        if isinstance(attribute, dict)
        and tag not in _LEFT_OUT
        and (tag in _KEPT or _is_overlay(tag) or (everything and attribute.get("vr") not in _PEOPLE))
    }


def _is_overlay(tag: str) -> bool:
    """Whether *tag* is of a repeating group of overlays (PS3.3 C.9)."""
    return tag.startswith("60") and tag[2:4] <= "1E"


def _plain(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """Without addresses of bulk data, at any depth, and without people."""
    kept: dict[str, Any] = {}
    for name, value in attribute.items():
        if name == "BulkDataURI":
            continue
        if name == "Value" and attribute.get("vr") == "SQ" and isinstance(value, list):
            kept[name] = [
                {tag: _plain(inner) for tag, inner in item.items() if isinstance(inner, dict) and _is_shown(tag, inner)}
                for item in value
                if isinstance(item, dict)
            ]
        else:
            kept[name] = value
    return kept


def _is_shown(tag: str, attribute: Mapping[str, Any]) -> bool:
    return tag not in _LEFT_OUT and attribute.get("vr") not in _PEOPLE
