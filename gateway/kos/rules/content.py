"""The content tree: title, template, each item, and its agreement with the evidence.

TID 2010 is not extensible and its order is not significant (DICOM PS3.16), so the text may come first or last.
"""

from __future__ import annotations

import re

from gateway.kos import tags as t
from gateway.kos import titles
from gateway.kos.rules import library
from gateway.kos.rules.attributes import CONTENT, REFERENCE, TEMPLATE, level
from gateway.kos.rules.context import Context, Path, name, under
from gateway.kos.rules.evidence import Evidence
from gateway.kos.rules.items import ENTRIES, VALUES, concept_of, foreign
from gateway.kos.sop_classes import value_types
from gateway.kos.tree import Node

_SIGNATURES = 0xFFFAFFFA
_CONTEXT_TYPES = frozenset(("TEXT", "CODE", "UIDREF", "PNAME"))
_MODIFIERS = frozenset((("121049", "DCM"), ("121046", "DCM"), ("121023", "DCM")))
"""Language, country of language, procedure code; a title modifier is for rejections and best sets alone."""
_DESCRIPTION = ("113012", "DCM")
_LIBRARY = ("111028", "DCM")
_MANIFEST = frozenset(("manifest", "manifeste", "manifesto", "manifiesto"))
"""The meaning in the languages in which manifests are made; official French ones write it in capitals."""
_DRIM_SERIES = re.compile(r"Série-([0-9.]+) : ")


def check(context: Context, evidence: Evidence) -> None:
    """Walk the content; the image library of a manifest with description is the next module's."""
    root = context.root
    _title(context)
    _template(context)
    foreign(context, root, "CONTAINER", "")
    selected: dict[str, str] = {}
    descriptions, libraries = [], []
    for index, item in enumerate(root.items(t.CONTENT_SEQUENCE)):
        path = under("", t.CONTENT_SEQUENCE, index)
        level(context, item, path, CONTENT)
        if t.REFERENCED_CONTENT_ITEM_IDENTIFIER in item.by_tag:
            context.say("kos-by-reference", path)
            continue
        kind, relation = item.ascii(t.VALUE_TYPE), item.ascii(t.RELATIONSHIP_TYPE)
        concept = concept_of(item)
        if kind == "CONTAINER" and concept == _LIBRARY and context.described:
            libraries.append((item, path))
            if relation != "CONTAINS":
                context.say("kos-relationship", under(path, t.RELATIONSHIP_TYPE), value=relation, expected="CONTAINS")
            continue
        _item(context, item, kind, relation, concept, path)
        if kind in ENTRIES:
            _reference(context, item, kind, path, evidence, selected)
        elif kind == "TEXT" and concept == _DESCRIPTION and relation == "CONTAINS":
            descriptions.append((item, path))
    if not descriptions and context.national:
        context.say("kos-description-none", under("", t.CONTENT_SEQUENCE))
    for _, path in descriptions[1:]:
        context.say("kos-description-several", path)
    for item, path in descriptions[:1]:
        _description(context, item, path, evidence)
    _agreement(context, evidence, selected)
    library.check(context, evidence, libraries)


def _title(context: Context) -> None:
    for one in context.root.items(t.CONCEPT_NAME_CODE_SEQUENCE)[:1]:
        path = under("", t.CONCEPT_NAME_CODE_SEQUENCE, 0)
        title = context.code(one)
        meaning = title.display.casefold()
        wanted, meanings = titles.MANIFEST, _MANIFEST
        if titles.is_described(title):
            wanted = titles.MANIFEST_WITH_DESCRIPTION
            meanings = frozenset((wanted.display.casefold(),))
        elif (title.code, meaning) == (titles.SIGNED_MANIFEST.code, titles.SIGNED_MANIFEST.display.casefold()):
            wanted, meanings = titles.SIGNED_MANIFEST, frozenset((meaning,))
            if not context.root.items(_SIGNATURES):
                context.say("kos-title-signed", path)
        elif (title.code, title.system) != (wanted.code, wanted.system) or meaning in titles.OTHER_MEANINGS:
            shown = f"({title.code}, {title.system}, {title.display})"
            context.say("kos-title", path, value=shown, expected="(113030, DCM, Manifest)")
            continue
        if meaning and meaning not in meanings:
            place = under(path, t.CODE_MEANING)
            context.say("kos-title-meaning", place, value=title.display, expected=wanted.display)


def _template(context: Context) -> None:
    items = context.root.items(t.CONTENT_TEMPLATE_SEQUENCE)
    place = under("", t.CONTENT_TEMPLATE_SEQUENCE)
    if not items:
        context.say("kos-template-drim" if _is_drim(context) else "kos-template-missing", place)
    for index, item in enumerate(items):
        path = under("", t.CONTENT_TEMPLATE_SEQUENCE, index)
        level(context, item, path, TEMPLATE)
        template = item.ascii(t.TEMPLATE_IDENTIFIER)
        if template and template != "2010":
            context.say("kos-fixed", under(path, t.TEMPLATE_IDENTIFIER), name=name(t.TEMPLATE_IDENTIFIER),
                        value=template, expected="2010")  # fmt: skip


def _is_drim(context: Context) -> bool:
    """Whether it is made like the official manifests of DRIM-M, whose text comes last and which name no template."""
    items = context.root.items(t.CONTENT_SEQUENCE)
    return (
        context.national
        and len(items) > 1
        and concept_of(items[-1]) == _DESCRIPTION
        and context.text(items[-1], t.TEXT_VALUE).startswith("Examen : ")
    )


def _item(context: Context, item: Node, kind: str, relation: str, concept: tuple[str, str], path: Path) -> None:
    """One item directly below the root."""
    allowed = {"CONTAINS": ENTRIES | {"TEXT"}, "HAS CONCEPT MOD": {"CODE"}, "HAS OBS CONTEXT": _CONTEXT_TYPES}
    if relation and relation not in allowed:
        context.say("kos-relationship", under(path, t.RELATIONSHIP_TYPE), value=relation, expected="CONTAINS")
    elif kind and kind not in allowed.get(relation, ()):
        rule = "kos-relationship" if kind in VALUES else "kos-content-type"
        tag = t.RELATIONSHIP_TYPE if kind in VALUES else t.VALUE_TYPE
        context.say(rule, under(path, tag), value=relation if kind in VALUES else kind, expected="CONTAINS")
    foreign(context, item, kind, path)
    if kind in ENTRIES:
        if t.CONCEPT_NAME_CODE_SEQUENCE in item.by_tag:
            context.say("kos-purpose", under(path, t.CONCEPT_NAME_CODE_SEQUENCE))
    else:
        expected = {"CONTAINS": {_DESCRIPTION}, "HAS CONCEPT MOD": _MODIFIERS}.get(relation)
        if not any(concept) or (expected is not None and concept not in expected):
            shown = ", ".join(filter(None, concept))
            context.say("kos-content-name", under(path, t.CONCEPT_NAME_CODE_SEQUENCE), value=shown)
    if item.items(t.CONTENT_SEQUENCE) and relation == "CONTAINS":
        context.say("kos-nested", under(path, t.CONTENT_SEQUENCE))


def _reference(
    context: Context, item: Node, kind: str, path: Path, evidence: Evidence, selected: dict[str, str]
) -> None:
    """A selected instance: one, of the evidence, of the class and value type that it has there."""
    references = item.items(t.REFERENCED_SOP_SEQUENCE)
    if len(references) > 1:
        context.say("kos-reference-one", under(path, t.REFERENCED_SOP_SEQUENCE), value=str(len(references)))
    for index, reference in enumerate(references):
        place = under(path, t.REFERENCED_SOP_SEQUENCE, index)
        level(context, reference, place, REFERENCE)
        uid, sop_class = reference.ascii(t.REFERENCED_SOP_INSTANCE_UID), reference.ascii(t.REFERENCED_SOP_CLASS_UID)
        if not uid:
            continue
        if uid in selected:
            context.say("kos-content-twice", under(place, t.REFERENCED_SOP_INSTANCE_UID), value=uid)
        selected[uid] = sop_class
        known = evidence.instances.get(uid)
        if known is None:
            context.say("kos-content-unknown", under(place, t.REFERENCED_SOP_INSTANCE_UID), value=uid)
        elif sop_class and known and known != sop_class:
            context.say("kos-class-differs", under(place, t.REFERENCED_SOP_CLASS_UID), value=sop_class, expected=known)
        if sop_class and kind not in (allowed := value_types(sop_class)):
            expected = " | ".join(sorted(allowed))
            context.say("kos-value-type", under(path, t.VALUE_TYPE), value=kind, expected=expected)
        for number, other in enumerate(reference.items(t.REFERENCED_SOP_SEQUENCE)):
            state = other.ascii(t.REFERENCED_SOP_INSTANCE_UID)
            if state not in evidence.instances:
                inner = under(place, t.REFERENCED_SOP_SEQUENCE, number)
                context.say("kos-content-unknown", under(inner, t.REFERENCED_SOP_INSTANCE_UID), value=state)


def _agreement(context: Context, evidence: Evidence, selected: dict[str, str]) -> None:
    if not selected and t.CONTENT_SEQUENCE in context.root.by_tag:
        context.say("kos-reference-none", under("", t.CONTENT_SEQUENCE))
        return
    for uid in evidence.instances:
        if uid not in selected:
            context.say("kos-content-lacks", under("", t.CONTENT_SEQUENCE), value=uid)


def _description(context: Context, item: Node, path: Path, evidence: Evidence) -> None:
    """The lines of DRIM-M name series of the evidence; consumers look them up."""
    text = context.text(item, t.TEXT_VALUE)
    for one in item.items(t.CONCEPT_NAME_CODE_SEQUENCE)[:1]:
        meaning = context.text(one, t.CODE_MEANING)
        if meaning and meaning.casefold() != "key object description":
            context.say("kos-description-meaning", under(path, t.CONCEPT_NAME_CODE_SEQUENCE), value=meaning)
    if not text.startswith("Examen : "):
        return
    named, there = set(_DRIM_SERIES.findall(text)), set(evidence.sizes)
    # An official sample has the lines of another study altogether; one line that differs from the others is a fault.
    other = "kos-description-other" if named & there else "kos-description-series"
    for uid in named - there:
        context.say(other, under(path, t.TEXT_VALUE), value=uid)
    for uid in there - named:
        context.say("kos-description-series", under(path, t.TEXT_VALUE), value=uid)
