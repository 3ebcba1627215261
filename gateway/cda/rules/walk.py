"""The one walk: every element is met once, in document order, and handed to the checks that asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from lxml import etree

from gateway.cda.rules.engine import Check, Context, Model, Profile, line_of
from gateway.cda.rules.looking import family, find, remembering
from gateway.cda.rules.profiles import books, kind_of
from gateway.cda.rules.structure import attributes, examine, say_stray
from gateway.cda.rules.visits import ROOT, Tables, Visit
from gateway.model.finding import Judgement, unreadable
from gateway.texts import TEXTS


def judge(root: etree._Element, profile: Profile) -> Judgement:
    """See :func:`gateway.cda.rules.judge`."""
    if root.tag != ROOT:
        return unreadable(
            "report_not_cda", TEXTS["report_not_cda"], path="/", line=line_of(root), source="HL7 CDA R2",
            profile=profile.value, model=None, level=None,
        )  # fmt: skip
    kind = kind_of(root)
    context = Context(root=root, profile=profile, model=kind.model, level=kind.level or 0)
    tables = tables_of(kind.model, unread=profile is Profile.OFFICIAL and not _has_type(root))
    about = {"profile": profile.value, "model": kind.name or None, "level": kind.level}
    with remembering():
        _walk(root, tables, context)
        for check in tables.end:
            check(root, context)
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
    for book in books():
        if model in book.models and not (unread and book.name in _UNREAD):
            for how, where, check in book.checks:
                tables.register(how, where, check)
    return tables


def _walk(root: etree._Element, tables: Tables, context: Context) -> None:
    """Depth first with a stack of our own, so that no depth of nesting can exhaust the interpreter's.

    What is plainly right (usual attributes and children, no text between elements) is seen to be so here and in line,
    because it is asked of every element; what may be wrong is handed to :mod:`gateway.cda.rules.structure`.
    """
    stack: list[tuple[etree._Element, Visit | None]] = [(root, tables.start())]
    pop = stack.pop
    while stack:
        element, visit = pop()
        if visit is None:  # a comment, an instruction
            continue
        if not visit.free:
            expected, named = visit.attributes, False
            stated: Any = element.items()
            for name, value in stated:
                attribute = expected.get(name)
                if attribute is None or not (value in attribute.usual or attribute.test(value)):
                    visit = attributes(element, visit, context)
                    break
                named = named or attribute.gathered
            else:
                if visit.needed_attributes and any(element.get(name) is None for name in visit.needed_attributes):
                    visit = attributes(element, visit, context)
                elif named:
                    context.collected["ID"].append(element)
            if not visit.text:
                text = element.text
                if text and not text.isspace():
                    say_stray(element, context)
        plan = None
        if len(element):
            children, names = known = family(element)
            plan = visit.plans.get(names)
            if plan is None:
                plan = examine(element, known, visit, context)
            elif not visit.text:
                for child in children:
                    text = child.tail
                    if text and not text.isspace():
                        say_stray(element, context)
        elif visit.needing:
            examine(element, family(element), visit, context)
        for check in visit.checks:
            check(element, context)
        if plan is not None:
            if plan.templates:
                _templates(element, [children[at] for at in plan.templates], tables.templates, context)
            stack += zip(reversed(children), plan.visits, strict=True)


def _templates(
    element: etree._Element,
    declared: Sequence[etree._Element],
    templates: Mapping[str, Sequence[Check]],
    context: Context,
) -> None:
    """The checks of the templates that *element* declares, each once."""
    found = [templates[root] for one in declared if (root := one.get("root", "")) in templates]
    if found:
        checks = found[0] if len(found) == 1 else dict.fromkeys(check for some in found for check in some)
        for check in checks:
            check(element, context)
