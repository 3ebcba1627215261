"""Figures as text, in the form that Prometheus reads.

The form is small enough to be written by hand: comment lines that name and type a family, then one line a sample.
Source: Prometheus, "Exposition formats", text-based format, version 0.0.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value; *suffix* stands behind the family's name (``_bucket``, ``_sum``, ``_count`` of a histogram)."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one name. Raises ValueError for a name that the form cannot hold."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    words: str
    samples: Sequence[Sample]

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None:
            raise ValueError(f"{self.name!r} cannot name a figure")
        for sample in self.samples:
            for label in sample.labels:
                if _LABEL.fullmatch(label) is None:
                    raise ValueError(f"{label!r} cannot name a label")


def text_of(families: Iterable[Family]) -> str:
    """The whole answer; a family without samples is left out."""
    lines: list[str] = []
    for family in families:
        if not family.samples:
            continue
        lines.append(f"# HELP {family.name} {_escaped(family.words)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        lines += [f"{family.name}{one.suffix}{_labels(one.labels)} {number(one.value)}" for one in family.samples]
    return "".join(f"{line}\n" for line in lines)


def number(value: float) -> str:
    """A value as Go writes and reads it; whole ones without a point."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escaped(value).replace(chr(34), chr(92) + chr(34))}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")
