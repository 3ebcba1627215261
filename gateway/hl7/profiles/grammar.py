"""How a profile is written down: its segments in the standard's own notation, its fields as rows.

A structure is the abstract message syntax of HL7 v2.5.1 section 2.12: ``[X]`` is optional, ``{X}`` repeats, and a group
is named by its first segment. A field is a row: where, how needed (usage codes of HL7 v2.5.1 section 2.12.6), which
values. Each section of rows names the document it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from gateway.hl7.er7 import Segment
from gateway.model.finding import Severity


class Usage(StrEnum):
    """Whether a field is there."""

    REQUIRED = "R"
    IF_KNOWN = "RE"
    CONDITIONAL = "C"
    """By a rule of its own, which is a function."""
    OPTIONAL = "O"
    FORBIDDEN = "X"


@dataclass(frozen=True, slots=True)
class Row:
    """A segment of a structure."""

    name: str
    required: bool
    repeats: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Segments that come together."""

    members: tuple[Row | Group, ...]
    required: bool
    repeats: bool

    @property
    def names(self) -> frozenset[str]:
        """Every segment that may stand in it."""
        return _names(self.members)

    @property
    def first(self) -> frozenset[str]:
        """The segments by which it may begin."""
        return _first(self.members)


@cache
def _names(members: tuple[Row | Group, ...]) -> frozenset[str]:
    return frozenset(name for each in members for name in ([each.name] if isinstance(each, Row) else each.names))


@cache
def _first(members: tuple[Row | Group, ...]) -> frozenset[str]:
    found: set[str] = set()
    for each in members:
        found |= {each.name} if isinstance(each, Row) else each.first
        if each.required:
            break
    return frozenset(found)


_TOKEN = re.compile(r"[\[\]{}]|[A-Z][A-Z0-9]{2}")


@cache
def structure(text: str) -> Group:
    """The structure that *text* writes, such as ``MSH [{NTE}] PID {ORC OBR {OBX [{NTE}]}}``."""
    tokens = _TOKEN.findall(text)
    members, rest = _sequence(tokens, required=True)
    if rest:
        raise ValueError(f"unbalanced: {text}")
    return Group(members, required=True, repeats=False)


def _sequence(tokens: list[str], *, required: bool) -> tuple[tuple[Row | Group, ...], list[str]]:
    members: list[Row | Group] = []
    while tokens and tokens[0] not in "]}":
        sign = tokens.pop(0)
        if sign in "[{":
            member, tokens = _bracketed(sign, tokens)
            members.append(member)
        else:
            members.append(Row(sign, required=True, repeats=False))
    return tuple(members), tokens


def _bracketed(opening: str, tokens: list[str]) -> tuple[Row | Group, list[str]]:
    """``[X]``, ``{X}``, ``[{X}]``: one member with its two flags."""
    inner, tokens = _sequence(tokens, required=True)
    tokens = tokens[1:]
    required, repeats = opening == "{", opening == "{"
    if len(inner) == 1:
        only = inner[0]
        required, repeats = required and only.required, repeats or only.repeats
        if isinstance(only, Row):
            return Row(only.name, required, repeats), tokens
        inner = only.members
    return Group(inner, required, repeats), tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What is asked of one field, component or subcomponent."""

    number: int
    component: int = 0
    subcomponent: int = 0
    usage: Usage = Usage.REQUIRED
    values: tuple[str, ...] = ()
    """The values it may have; any when there are none."""
    tolerated: tuple[str, ...] = ()
    """Values that are read and warned of."""
    like: str = ""
    """A pattern of the whole value."""
    older: tuple[str, ...] = ()
    """Values of earlier versions of the profile, an empty one among them where none was asked for: warned of in a
    message that states such a version."""
    any_case: bool = False
    """Another case than that of ``values`` is a warning."""
    severity: Severity = Severity.ERROR
    """Of a breach; what official examples get wrong is a warning."""
    first_only: bool = False
    """Of a field that repeats: asked of its first repetition alone."""
    single: bool = False
    """Of a field that the standard lets repeat: it has one value here."""
    err3: str = ""
    """Of table 0357, when it is not the one of the kind of breach."""

    @property
    def path(self) -> str:
        """Such as ``8.6.2``."""
        return ".".join(str(part) for part in (self.number, self.component, self.subcomponent) if part)


def asked(path: str, usage: str = "R", *values: str, **more: Any) -> Field:
    """A row: ``asked("8.6.2", "R", "1.2.250.1.71.4.2.2")``."""
    numbers = [int(part) for part in path.split(".")] + [0, 0]
    return Field(
        number=numbers[0],
        component=numbers[1],
        subcomponent=numbers[2],
        usage=Usage(usage),
        values=values,
        **more,
    )


@dataclass(frozen=True, slots=True)
class Said:
    """Chooses the segments of which a component has one of some values."""

    field: int
    component: int
    values: frozenset[str]

    def __call__(self, segment: Segment) -> bool:
        return segment.text(self.field, self.component) in self.values

    def __str__(self) -> str:
        return f"{self.field}.{self.component} = {', '.join(sorted(self.values))}"

    def __and__(self, other: Said) -> Both:
        return Both(self, other)


@dataclass(frozen=True, slots=True)
class Both:
    """Chooses the segments that two choose."""

    first: Said
    second: Said

    def __call__(self, segment: Segment) -> bool:
        return self.first(segment) and self.second(segment)

    def __str__(self) -> str:
        return f"{self.first}, {self.second}"


def said(field: int, component: int, *values: str) -> Said:
    """Segments whose *field*, *component* is one of *values*."""
    return Said(field, component, frozenset(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The rows of one segment."""

    segment: str
    fields: tuple[Field, ...]
    source: str
    when: Callable[[Segment], bool] | None = None
    """Of which segments of that name; of all when there is none."""
    title: str = ""
    """What kind of them, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One profiled message."""

    name: str
    """Stable: what ``gateway hl7 check`` answers."""
    title_fr: str
    title_en: str
    structure: str
    structure_source: str
    sections: tuple[Section, ...]
    rules: tuple[str, ...] = ()
    """Names of the cross-field rules, which are functions of ``gateway.hl7.rules``."""
    source: str
    national: bool = True
    """Whether the identity traits of the national identity (INS) are asked for in full."""
    older: Mapping[str, str] = field(default_factory=dict)
    """Earlier values of MSH-21 that are read, and what they are."""

    @property
    def grammar(self) -> Group:
        """The structure, read."""
        return structure(self.structure)
