"""What is asked of an element of one shape at one place, compiled once: the tables that the walk follows.

The checks of the books are registered by path, name, kind and template. For each combination of a shape and a place
that documents have, the ones that apply are gathered into one :class:`Visit`, and what was found right of a sequence
of children (names, order, number) is remembered there as a :class:`Plan`: an element whose children are the usual ones
costs one look-up. Everything kept is bounded, because strangers write the documents.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from gateway.cda.elements import CDA
from gateway.cda.rules.engine import Check
from gateway.cda.rules.looking import Names
from gateway.cda.rules.structure_grammar import XSI_TYPE, Attribute, Shape, shapes, tag_of

TEMPLATE_ID = f"{{{CDA}}}templateId"
ROOT = f"{{{CDA}}}ClinicalDocument"


class Plan(NamedTuple):
    """What comes after an element with this sequence of children."""

    visits: tuple[Visit | None, ...]
    """One a child; None for a comment or an instruction."""
    declaring: bool
    """Whether some of the children are templateIds."""


@dataclass(slots=True, eq=False)
class _Place:
    """One node of the tree of paths that checks asked for."""

    checks: list[Check] = field(default_factory=list)
    below: dict[str, _Place] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Visit:
    """What is asked of an element of one shape at one place."""

    tables: Tables
    shape: Shape | None
    """None for an element that CDA does not have: it is looked at by its name and place alone."""
    place: _Place | None
    tag: str
    checks: tuple[Check, ...]
    free: bool
    """Nothing is asked of its attributes and children."""
    text: bool
    """Whether text may stand between its elements."""
    needed_attributes: frozenset[str]
    needing: bool
    """It must have children."""
    attributes: dict[str, Attribute]
    right: dict[str, Set[str]]
    """For each attribute, values that are known to be right."""
    plans: dict[Names, Plan] = field(default_factory=dict)
    """What was found right before, by the names of the children."""

    def plan(self, names: Names) -> Plan:
        """The visits of children of these *names*, right or not."""
        visits = [self._child(tag) if isinstance(tag, str) else None for tag in names.tags]
        declaring = (self.shape is None or TEMPLATE_ID in self.shape.slots) and TEMPLATE_ID in names.places
        return Plan(tuple(visits), declaring)

    def remember(self, names: Names, plan: Plan) -> None:
        """These children, in this order, are right."""
        if names.shared and len(self.plans) < _SEQUENCES:
            self.plans[names] = plan

    def typed(self, shape: Shape) -> Visit:
        """The visit of the same place when ``xsi:type`` chooses another *shape*."""
        return self.tables.visit(shape, self.place, self.tag)

    def _child(self, tag: str) -> Visit:
        place = None if self.place is None else self.place.below.get(tag)
        shape = self.shape
        if shape is not None and not shape.anything:
            slot = shape.slots.get(tag)
            shape = None if slot is None else slot.shape
        return self.tables.visit(shape, place, tag)


_SEQUENCES = 100
"""Sequences of children that a visit remembers."""


@dataclass(slots=True, eq=False)
class Tables:
    """The checks of one model, by where they apply, and the visits made of them."""

    paths: _Place = field(default_factory=_Place)
    templates: dict[str | None, list[Check]] = field(default_factory=dict)
    elements: dict[str, list[Check]] = field(default_factory=dict)
    kinds: dict[str, list[Check]] = field(default_factory=dict)
    end: list[Check] = field(default_factory=list)
    _visits: dict[tuple[str | None, _Place | None, str], Visit] = field(default_factory=dict)

    def register(self, how: str, where: str, check: Check) -> None:
        """Add a check of a book: *how* and *where* as :class:`gateway.cda.rules.engine.Book` has them."""
        if how == "at":
            place = self.paths
            for name in where.split("/"):
                place = place.below.setdefault(tag_of(name), _Place())
            place.checks.append(check)
        elif how == "element":
            self.elements.setdefault(tag_of(where), []).append(check)
        elif how == "end":
            self.end.append(check)
        elif how == "template":
            self.templates.setdefault(where, []).append(check)
        else:
            self.kinds.setdefault(where, []).append(check)

    def start(self) -> Visit:
        """The visit of the root."""
        return self.visit(shapes()["ClinicalDocument"], self.paths.below.get(ROOT), ROOT)

    def visit(self, shape: Shape | None, place: _Place | None, tag: str) -> Visit:
        """The visit of an element of *shape* at *place*; those of names that nobody asks for share one."""
        asked = tag if tag in self.elements else ""
        key = (None if shape is None else shape.name, place, asked)
        known = self._visits.get(key)
        if known is None:
            known = self._visits[key] = self._made(shape, place, asked)
        return known

    def _made(self, shape: Shape | None, place: _Place | None, tag: str) -> Visit:
        free = shape is None or shape.anything
        kinds = [] if shape is None or free else self.kinds.get(shape.name, [])
        return Visit(
            tables=self,
            shape=shape,
            place=place,
            tag=tag,
            checks=(*kinds, *(place.checks if place is not None else ()), *self.elements.get(tag, ())),
            free=free,
            text=shape is None or shape.text,
            needed_attributes=frozenset() if shape is None else _needed(shape),
            needing=shape is not None and bool(shape.needed),
            attributes={} if shape is None else shape.attributes,
            right={} if shape is None else {name: one.right for name, one in shape.attributes.items()},
        )

    def declared(self, roots: Sequence[str | None]) -> Sequence[Check]:
        """The checks of the templates of these *roots*, each once."""
        found = [self.templates[root] for root in roots if root in self.templates]
        if len(found) < 2:
            return found[0] if found else ()
        return [*dict.fromkeys(chain.from_iterable(found))]


def _needed(shape: Shape) -> frozenset[str]:
    always = frozenset(shape.needed_attributes)
    return always | {XSI_TYPE} if shape.name == "ANY" else always
