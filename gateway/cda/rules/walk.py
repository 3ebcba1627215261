"""The one walk: every element is met once, in document order, and handed to the checks that asked for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from lxml import etree

from gateway.cda.elements import CDA
from gateway.cda.rules.engine import Check, Context, Model, Profile, line_of
from gateway.cda.rules.looking import find
from gateway.cda.rules.profiles import books, kind_of
from gateway.cda.rules.structure import Step, examine, shape_of
from gateway.cda.rules.structure_grammar import XSI_TYPE, shapes, tag_of
from gateway.model.finding import Judgement, unreadable
from gateway.texts import TEXTS

_ROOT = f"{{{CDA}}}ClinicalDocument"
_TEMPLATE = f"{{{CDA}}}templateId"


@dataclass(slots=True)
class _Step:
    """One node of the tree of paths that checks asked for."""

    checks: list[Check] = field(default_factory=list)
    below: dict[str, _Step] = field(default_factory=dict)


@dataclass(slots=True)
class Tables:
    """The checks of one profile and model, by where they apply."""

    paths: _Step = field(default_factory=_Step)
    templates: dict[str, list[Check]] = field(default_factory=dict)
    elements: dict[str, list[Check]] = field(default_factory=dict)
    kinds: dict[str, list[Check]] = field(default_factory=dict)
    end: list[Check] = field(default_factory=list)


def judge(root: etree._Element, profile: Profile) -> Judgement:
    """See :func:`gateway.cda.rules.judge`."""
    if root.tag != _ROOT:
        return unreadable(
            "report_not_cda", TEXTS["report_not_cda"], path="/", line=line_of(root), source="HL7 CDA R2",
            profile=profile.value, model=None, level=None,
        )  # fmt: skip
    kind = kind_of(root)
    context = Context(root=root, profile=profile, model=kind.model, level=kind.level or 0)
    tables = tables_of(kind.model, unread=profile is Profile.OFFICIAL and not _has_type(root))
    _walk(root, tables, context)
    for check in tables.end:
        check(root, context)
    about = {"profile": profile.value, "model": kind.name or None, "level": kind.level}
    return Judgement(findings=context.findings(), about=about)


_UNREAD = frozenset(
    {
        "datatypes",
        "header",
        "patient",
        "people",
        "names",
        "organisations",
        "encounter",
        "documented acts",
        "level 1",
    }
)
"""Books of the rules that the validator applies to a document of the right typeId alone."""


def _has_type(root: etree._Element) -> bool:
    type_id = find(root, "typeId")
    return type_id is not None and type_id.get("extension") == "POCD_HD000040"


@cache
def tables_of(model: Model, *, unread: bool = False) -> Tables:
    """The checks of the books that are for *model*; with *unread* without those that a wrong typeId silences."""
    tables = Tables()
    register: dict[str, Callable[[str, Check], None]] = {
        "at": lambda where, check: _path(tables.paths, where).checks.append(check),
        "template": lambda where, check: tables.templates.setdefault(where, []).append(check),
        "element": lambda where, check: tables.elements.setdefault(tag_of(where), []).append(check),
        "kind": lambda where, check: tables.kinds.setdefault(where, []).append(check),
        "end": lambda where, check: tables.end.append(check),
    }
    for book in books():
        if model in book.models and not (unread and book.name in _UNREAD):
            for how, where, check in book.checks:
                register[how](where, check)
    return tables


def _path(step: _Step, where: str) -> _Step:
    for name in where.split("/"):
        step = step.below.setdefault(tag_of(name), _Step())
    return step


def _walk(root: etree._Element, tables: Tables, context: Context) -> None:
    """Depth first with a stack of our own, so that no depth of nesting can exhaust the interpreter's."""
    kinds, elements, templates = tables.kinds, tables.elements, tables.templates
    nothing: dict[str, _Step] = {}
    stack: list[Step[_Step]] = [(root, _ROOT, shapes()["ClinicalDocument"], tables.paths.below.get(_ROOT))]
    while stack:
        element, tag, shape, step = stack.pop()
        below = nothing if step is None else step.below
        if shape is None or shape.anything:
            children = [
                (child, str(child.tag), shape, below.get(str(child.tag))) for child in element.iterchildren("*")
            ]
        else:
            if shape.data and (shape.name == "ANY" or element.get(XSI_TYPE) is not None):
                shape = shape_of(element, shape, context)
            children = examine(element, shape, context, below)
            for check in kinds.get(shape.name, ()):
                check(element, context)
        if step is not None:
            for check in step.checks:
                check(element, context)
        for check in elements.get(tag, ()):
            check(element, context)
        if children:
            if shape is None or _TEMPLATE in shape.slots:
                _templates(element, children, templates, context)
            children.reverse()
            stack += children


def _templates(
    element: etree._Element, children: list[Step[_Step]], templates: dict[str, list[Check]], context: Context
) -> None:
    """The checks of the templates that *element* declares, each once."""
    checks: dict[Check, None] = {}
    for child, tag, _, _ in children:
        if tag == _TEMPLATE:
            checks.update(dict.fromkeys(templates.get(child.get("root") or "", ())))
    for check in checks:
        check(element, context)
