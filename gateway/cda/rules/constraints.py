"""Rules as rows: how often a child may stand, which attributes a code must have, from which value set it must come.

Each function adds one rule and its check to a book. An owner is named in both languages, as the subject of the
sentence: ``("L'auteur", "The author")``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lxml import etree

from gateway.cda.elements import attribute
from gateway.cda.rules.engine import ERROR, Book, Context, Rule
from gateway.cda.rules.looking import kids, tagged
from gateway.cda.rules.structure_grammar import tag_of
from gateway.cda.rules.vocabulary import allowed, is_null, known, set_shown, shown
from gateway.model.finding import Severity


class Owner(NamedTuple):
    """What the sentence is about, as its subject."""

    fr: str
    en: str


Paths = str | Iterable[str]
Weight = Severity | None


def children(
    book: Book,
    rule_id: str,
    paths: Paths,
    child: str,
    owner: Owner,
    source: str,
    *,
    least: int = 1,
    most: int | None = 1,
    null: bool = True,
    spec: Weight = ERROR,
    official: Weight = ERROR,
) -> Rule:
    """The elements at *paths* have *least* to *most* children *child*; with *null* one with a nullFlavor counts."""
    fr, en = _often(least, most)
    rule = book.rule(
        rule_id,
        f"{owner.fr} doit avoir {fr} {child}.",
        f"{owner.en} must have {en} {child}.",
        source=source,
        spec=spec,
        official=official,
    )
    tag = tag_of(child)

    def check(element: etree._Element, context: Context) -> None:
        found = tagged(element, tag)
        if not null:
            found = [one for one in found if not is_null(one)]
        if len(found) < least or (most is not None and len(found) > most):
            context.say(rule, element, at=child, value=str(len(found)), expected=_range(least, most))

    book.at(*_listed(paths))(check)
    return rule


def attributes(
    book: Book,
    rule_id: str,
    paths: Paths,
    names: str,
    owner: Owner,
    source: str,
    *,
    null: bool = False,
    spec: Weight = ERROR,
    official: Weight = ERROR,
) -> Rule:
    """The elements at *paths* have every attribute of *names*; with *null* one with a nullFlavor is excused."""
    rule = book.rule(
        rule_id,
        f"{owner.fr} : il manque l'attribut {{name}} ({names.replace(' ', ', ')} attendus).",
        f"{owner.en}: the attribute {{name}} is missing ({names.replace(' ', ', ')} expected).",
        source=source,
        spec=spec,
        official=official,
    )
    wanted = names.split()

    def check(element: etree._Element, context: Context) -> None:
        if null and is_null(element):
            return
        for name in wanted:
            if not element.get(name):
                context.say(rule, element, at=f"@{name}", name=name)

    book.at(*_listed(paths))(check)
    return rule


def from_set(
    book: Book,
    rule_id: str,
    paths: Paths,
    name: str,
    owner: Owner,
    source: str,
    *,
    by_system: bool = False,
    spec: Weight = ERROR,
    official: Weight = ERROR,
) -> Rule:
    """The code of the elements at *paths* is of the value set *name*; one without a code is left to other rules.

    The validator looks most codes up by themselves; with *by_system* it looks at the code system as well.
    """
    rule = book.rule(
        rule_id,
        f"{owner.fr} : le code « {{value}} » n'est pas dans le jeu de valeurs {{expected}}.",
        f"{owner.en}: the code “{{value}}” is not in the value set {{expected}}.",
        source=source,
        spec=spec,
        official=official,
    )

    def check(element: etree._Element, context: Context) -> None:
        right = known(name, attribute(element, "code"), attribute(element, "codeSystem") or "none")
        if element.get("code") and not (right if by_system else allowed(name, element, context)):
            context.say(rule, element, at="@code", value=shown(element), expected=set_shown(name))

    book.at(*_listed(paths))(check)
    return rule


def count(element: etree._Element, steps: str) -> int:
    """How many elements there are below *element* along *steps*."""
    return len(kids(element, steps))


def _listed(paths: Paths) -> list[str]:
    return [paths] if isinstance(paths, str) else list(paths)


def _often(least: int, most: int | None) -> tuple[str, str]:
    if (least, most) == (1, 1):
        return "exactement un élément", "exactly one element"
    if most is None:
        return "au moins un élément", "at least one element"
    if least == 0:
        return f"au plus {most} élément{'s' if most > 1 else ''}", f"at most {most} element{'s' if most > 1 else ''}"
    return f"{least} à {most} éléments", f"{least} to {most} elements"


def _range(least: int, most: int | None) -> str:
    return f"{least}..{'*' if most is None else most}"
