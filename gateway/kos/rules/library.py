"""The image library of a manifest with description: one group a series, one entry an instance, counts that agree.

TID 1600 and the templates below it are extensible: a concept that is not known here is let be; one that is known must
have its scheme and its value type (IHE RAD Supplement MADO 6.X.2.9, DICOM CP-2595, table A.35.4-2 of the latter).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.kos import tags as t
from gateway.kos.rules.attributes import CONTENT, REFERENCE, level
from gateway.kos.rules.context import Context, Path, under
from gateway.kos.rules.evidence import Evidence
from gateway.kos.rules.items import ENTRIES, VALUES, concept_of, foreign
from gateway.kos.sop_classes import value_types
from gateway.kos.tree import Node

_GROUP = ("126200", "DCM")
_MODALITY = "121139"
_SERIES_UID = "112002"
_INSTANCE_NUMBER = "113609"
_SERIES_NUMBER = "113607"
_FRAMES = "121140"
_SERIES_COUNTS = frozenset(("MADOTEMP009", "131565"))
_INSTANCE_COUNTS = frozenset(("MADOTEMP007", "131564"))
_VALUES = {
    "121139": re.compile(r"[A-Z][A-Z0-9_]{1,15}\|DCM", re.ASCII),
    "111027": re.compile(r"(7771000|24028007|51440002|66459002)\|SCT|G-A10[0-3]\|SRT", re.ASCII),
    "123014": re.compile(r".+\|(SCT|SRT|SNM3|FMA|RADLEX|NEU|UBERON|L|99.*|[0-9.]+)", re.ASCII),
}
"""Code and designator of the values: CID 33 is all of DCM, CID 244 has four codes, regions are anatomy or local."""
_TEXT_OR_CODE = frozenset(("TEXT", "CODE"))
_CONCEPTS: dict[str, tuple[str, str, frozenset[str]]] = {
    "121139": ("DCM", "modality", frozenset(("CODE",))),
    "123014": ("DCM", "target region", _TEXT_OR_CODE),
    "111027": ("DCM", "image laterality", frozenset(("CODE",))),
    "112002": ("DCM", "series instance uid", frozenset(("UIDREF",))),
    "113607": ("DCM", "series number", frozenset(("TEXT",))),
    "113609": ("DCM", "instance number", frozenset(("TEXT",))),
    "121140": ("DCM", "number of frames", frozenset(("NUM",))),
    "121144": ("DCM", "document title", frozenset(("CODE",))),
    "113012": ("DCM", "key object description", frozenset(("TEXT",))),
    "111028": ("DCM", "image library", frozenset(("CONTAINER",))),
    "126200": ("DCM", "image library group", frozenset(("CONTAINER",))),
    "MADOTEMP002": ("99IHE", "series description", _TEXT_OR_CODE),
    "MADOTEMP003": ("99IHE", "series date", frozenset(("DATE",))),
    "MADOTEMP004": ("99IHE", "series time", frozenset(("TIME",))),
    "MADOTEMP007": ("99IHE", "number of series related instances", frozenset(("TEXT", "NUM"))),
    "MADOTEMP009": ("99IHE", "number of study related series", frozenset(("TEXT", "NUM"))),
}
_MEANINGS = frozenset(meaning for _, meaning, _ in _CONCEPTS.values())
_STANDARD = frozenset(("131561", "131562", "131563", "131564", "131565"))
"""Codes that the change proposal gives the concepts of the trial once it is final."""
_ONCE = frozenset(_CONCEPTS) - {"121139", "123014", "111028", "126200"}
"""What describes one thing once; modalities, regions and groups may be several, none of them twice."""
_DESCRIBES = frozenset(("CODE", "DATE", "TIME", "DATETIME", "UIDREF", "NUM", "TEXT"))


@dataclass(slots=True)
class _Library:
    """What was found so far."""

    groups: set[str] = field(default_factory=set)
    entries: set[str] = field(default_factory=set)
    modalities: set[str] = field(default_factory=set)
    """That the groups name."""
    all_named: bool = True
    """Whether each group names one."""


def check(context: Context, evidence: Evidence, libraries: list[tuple[Node, Path]]) -> None:
    """Every library of the content; there is exactly one in a manifest with description and none in another."""
    if not context.described:
        return
    if not libraries:
        context.say("kos-library-missing", under("", t.CONTENT_SEQUENCE))
    for _, path in libraries[1:]:
        context.say("kos-library-several", path)
    for item, path in libraries[:1]:
        _library(context, item, path, evidence)


def _library(context: Context, item: Node, path: Path, evidence: Evidence) -> None:
    _continuity(context, item, path)
    _named(context, item, "CONTAINER", concept_of(item), path)
    found = _Library()
    counted = False
    modalities = set()
    items = item.items(t.CONTENT_SEQUENCE)
    _once(context, items, path)
    for index, one in enumerate(items):
        place = under(path, t.CONTENT_SEQUENCE, index)
        concept = _item(context, one, place, frozenset(("CONTAINER",)))
        if concept == _GROUP:
            _group(context, one, place, evidence, found)
        elif concept[0] in _SERIES_COUNTS:
            counted = True
            _same_count(context, one, place, len(evidence.sizes))
        if concept[0] == _MODALITY:
            modalities.add(_value_code(one))
    if not counted:
        context.say("kos-library-count", path, expected=str(len(evidence.sizes)))
    if not modalities:
        context.say("kos-library-lacks", path, name="Modality (121139, DCM)")
    elif found.modalities - modalities or (found.all_named and modalities - found.modalities):
        differing = ", ".join(sorted(found.modalities ^ modalities))
        context.say("kos-library-modality", path, value=differing)
    for series in evidence.sizes.keys() - found.groups:
        context.say("kos-library-series", path, value=series)
    for uid in evidence.instances.keys() - found.entries:
        context.say("kos-library-instance", path, value=uid)


def _item(context: Context, item: Node, path: Path, contained: frozenset[str]) -> tuple[str, str]:
    """One item below the library: form, relationship, value, concept; gives back the concept."""
    level(context, item, path, CONTENT)
    kind, relation, concept = item.ascii(t.VALUE_TYPE), item.ascii(t.RELATIONSHIP_TYPE), concept_of(item)
    allowed = {"CONTAINS": contained, "HAS ACQ CONTEXT": _DESCRIBES}.get(relation, frozenset())
    if kind and kind not in VALUES and kind != "CONTAINER":
        context.say("kos-content-type", under(path, t.VALUE_TYPE), value=kind)
    elif relation and kind and kind not in allowed:
        expected = "HAS ACQ CONTEXT" if kind in _DESCRIBES else "CONTAINS"
        context.say("kos-relationship", under(path, t.RELATIONSHIP_TYPE), value=relation, expected=expected)
    foreign(context, item, kind, path)
    if kind in ENTRIES:
        return concept
    _named(context, item, kind, concept, path)
    if kind == "NUM":
        _number(context, item, path)
    return concept


def _named(context: Context, item: Node, kind: str, concept: tuple[str, str], path: Path) -> None:
    """The concept name, and the value where it is a code."""
    known = _CONCEPTS.get(concept[0])
    meaning = next((context.text(one, t.CODE_MEANING) for one in item.items(t.CONCEPT_NAME_CODE_SEQUENCE)), "")
    if known is not None:
        wrong = concept[1] != known[0] or kind not in known[2]
        if meaning.casefold() != known[1]:
            wrong = wrong or meaning.casefold() in _MEANINGS
            shown = under(path, t.CONCEPT_NAME_CODE_SEQUENCE)
            context.say("kos-library-meaning", shown, value=meaning, expected=known[1])
    else:
        wrong = not any(concept) or (meaning.casefold() in _MEANINGS and concept[0] not in _STANDARD)
    if wrong:
        shown = ", ".join(filter(None, (*concept, meaning)))
        context.say("kos-library-name", under(path, t.CONCEPT_NAME_CODE_SEQUENCE), value=shown)
    allowed = _VALUES.get(concept[0])
    for one in item.items(t.CONCEPT_CODE_SEQUENCE)[:1] if allowed else ():
        value = f"{one.ascii(t.CODE_VALUE)}|{one.ascii(t.CODING_SCHEME_DESIGNATOR)}"
        if allowed is not None and allowed.fullmatch(value) is None:
            place = under(path, t.CONCEPT_CODE_SEQUENCE, 0)
            context.say("kos-library-value", place, value=value.replace("|", ", "))


def _value_code(item: Node) -> str:
    """The code of the value."""
    return next((one.ascii(t.CODE_VALUE) for one in item.items(t.CONCEPT_CODE_SEQUENCE)), "")


def _once(context: Context, items: list[Node], path: Path) -> None:
    """Nothing describes a study, a series or an instance twice."""
    seen = set()
    for index, one in enumerate(items):
        concept = concept_of(one)[0]
        described = (concept, "" if concept in _ONCE else _value_code(one) or context.text(one, t.TEXT_VALUE))
        if concept in _CONCEPTS and concept != _GROUP[0] and described in seen:
            context.say("kos-library-twice", under(path, t.CONTENT_SEQUENCE, index), value=concept)
        seen.add(described)


def _number(context: Context, item: Node, path: Path) -> None:
    """Numeric Measurement macro (PS3.3 C.18.1): one value with its unit."""
    for index, one in enumerate(item.items(t.MEASURED_VALUE_SEQUENCE)):
        place = under(path, t.MEASURED_VALUE_SEQUENCE, index)
        units = one.items(t.MEASUREMENT_UNITS_CODE_SEQUENCE)
        if len(units) != 1 or units[0].ascii(t.CODING_SCHEME_DESIGNATOR) != "UCUM" or not one.has(t.NUMERIC_VALUE):
            context.say("kos-library-unit", under(place, t.MEASUREMENT_UNITS_CODE_SEQUENCE))


def _group(context: Context, group: Node, path: Path, evidence: Evidence, found: _Library) -> None:
    _continuity(context, group, path)
    items = group.items(t.CONTENT_SEQUENCE)
    series = next((one.ascii(t.UID) for one in items if concept_of(one)[0] == _SERIES_UID), "")
    if not series or series in found.groups or series not in evidence.sizes:
        context.say("kos-library-series", path, value=series)
    found.groups.add(series)
    size = evidence.sizes.get(series, 0)
    counted = named = False
    _once(context, items, path)
    for index, one in enumerate(items):
        place = under(path, t.CONTENT_SEQUENCE, index)
        concept = _item(context, one, place, ENTRIES)
        if one.ascii(t.VALUE_TYPE) in ENTRIES:
            _entry(context, one, place, series, evidence, found)
        elif concept[0] in _INSTANCE_COUNTS:
            counted = True
            _same_count(context, one, place, size)
        elif concept[0] == _MODALITY:
            named = True
            found.modalities.add(_value_code(one))
        elif concept[0] == _SERIES_NUMBER:
            _same_number(context, one, place, evidence.numbers.get(series))
    found.all_named = found.all_named and named
    if not counted:
        context.say("kos-library-count", path, expected=str(size))


def _entry(context: Context, entry: Node, path: Path, series: str, evidence: Evidence, found: _Library) -> None:
    """An entry is of the series of its group, has the class of the evidence, and stands once."""
    references = entry.items(t.REFERENCED_SOP_SEQUENCE)
    if len(references) != 1:
        context.say("kos-library-instance", path)
        return
    level(context, references[0], under(path, t.REFERENCED_SOP_SEQUENCE, 0), REFERENCE)
    uid = references[0].ascii(t.REFERENCED_SOP_INSTANCE_UID)
    sop_class = references[0].ascii(t.REFERENCED_SOP_CLASS_UID)
    if uid in found.entries or evidence.series.get(uid) != series or evidence.instances.get(uid) != sop_class:
        context.say("kos-library-instance", path, value=uid)
    found.entries.add(uid)
    kind = entry.ascii(t.VALUE_TYPE)
    if sop_class and kind not in value_types(sop_class):
        expected = " | ".join(sorted(value_types(sop_class)))
        context.say("kos-value-type", under(path, t.VALUE_TYPE), value=kind, expected=expected)
    items = entry.items(t.CONTENT_SEQUENCE)
    _once(context, items, path)
    for index, one in enumerate(items):
        place = under(path, t.CONTENT_SEQUENCE, index)
        concept = _item(context, one, place, frozenset())
        if concept[0] == _INSTANCE_NUMBER:
            _same_number(context, one, place, evidence.numbers.get(uid))
        elif concept[0] == _FRAMES and uid in evidence.frames:
            _same_count(context, one, place, evidence.frames[uid].lstrip("+0"))


def _same_number(context: Context, item: Node, path: Path, right: str | None) -> None:
    """A number of a series or of an instance is the one of the evidence, where that says it."""
    said = context.text(item, t.TEXT_VALUE)
    if right is not None and said != right:
        context.say("kos-library-count", under(path, t.TEXT_VALUE), value=said, expected=right)


def _same_count(context: Context, item: Node, path: Path, right: int | str) -> None:
    """The first number of the value: the trial's example writes it as a text with its unit."""
    said = next((one.ascii(t.NUMERIC_VALUE) for one in item.items(t.MEASURED_VALUE_SEQUENCE)), "")
    said = said or context.text(item, t.TEXT_VALUE).partition(" ")[0]
    digits = "".join(letter for letter in said if letter.isdigit())
    if digits != str(right):
        context.say("kos-library-count", path, value=said, expected=str(right))


def _continuity(context: Context, item: Node, path: Path) -> None:
    """Type 1 of a container; the example of the profile itself lacks it, hence the warning."""
    value = item.ascii(t.CONTINUITY_OF_CONTENT)
    if not value:
        context.say("kos-library-continuity", under(path, t.CONTINUITY_OF_CONTENT))
    elif value != "SEPARATE":
        context.say("kos-fixed", under(path, t.CONTINUITY_OF_CONTENT), name="ContinuityOfContent", value=value,
                    expected="SEPARATE")  # fmt: skip
