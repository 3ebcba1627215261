"""From what a probe has found out to the lines of ``[pacs.NAME]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.dicom.probing.traits import Trait
from gateway.dicom.settings import PacsSettings

_FASTER = 0.7
"""QIDO-RS is proposed for its speed when it needs less than this part of C-FIND's time,"""
_NOTICED_MS = 50.0
"""and saves at least so much: below, one question tells of the moment rather than of the PACS."""


def proposed(settings: PacsSettings, traits: Mapping[str, Trait]) -> tuple[str, ...]:
    """The keys worth setting, each a line of TOML; none when the PACS could not be asked."""
    echo = traits.get("c-echo")
    if echo is None or not echo.holds:
        return ()
    return tuple(_lines(settings, traits))


def _holds(traits: Mapping[str, Trait], name: str) -> bool | None:
    return traits[name].holds if name in traits else None


def _lines(settings: PacsSettings, traits: Mapping[str, Trait]) -> Iterator[str]:
    yield f'query = "{_query(traits)}"'
    way = _way(traits)
    if way:
        yield f'upstream = "{way}"'
    if way == "c-move" and settings.move_destination:
        yield f'move_destination = "{settings.move_destination}"'
    if settings.dicomweb_url and (way == "dicomweb" or _query(traits) == "qido-rs"):
        yield f'dicomweb_url = "{settings.dicomweb_url}"'
    relational = _holds(traits, "relational-image-query")
    yield f'relational = "{"no" if relational is False else "auto"}"'
    negotiated = traits.get("relational-queries-negotiated")
    if negotiated is not None and "refused" in negotiated.words:
        yield "negotiate = false"
    if _holds(traits, "counts-agree") is False:
        yield "count_instances = false"
    if not way:
        yield "open_notes = false"
    if _holds(traits, "character-set") is False:
        yield 'answer_character_set = ""  # the answers are not in the set they declare: state the real one'


def _query(traits: Mapping[str, Trait]) -> str:
    """``qido-rs`` where it is the only way that tells everything, or much the faster one."""
    if not _holds(traits, "qido-rs"):
        return "c-find"
    if not _holds(traits, "image-level") or not _holds(traits, "image.SOPClassUID"):
        return "qido-rs"
    found = traits.get("relational-image-query")
    web = traits["qido-rs"].took_ms
    if found is None or found.took_ms is None or web is None:
        return "c-find"
    faster = web < _FASTER * found.took_ms and found.took_ms - web >= _NOTICED_MS
    return "qido-rs" if faster else "c-find"


def _way(traits: Mapping[str, Trait]) -> str:
    for trait, way in (("wado-rs", "dicomweb"), ("c-get", "c-get"), ("c-move", "c-move")):
        if _holds(traits, trait):
            return way
    return ""
