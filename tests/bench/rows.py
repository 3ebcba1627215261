"""A row, how it is measured and how it is printed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of ours against one of something else, in the same unit."""

    row: str
    what: str
    ours: float
    against: float | None
    unit: str
    goal: str
    met: bool

    @property
    def ratio(self) -> float | None:
        return None if not self.against else self.ours / self.against

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": None if self.ratio is None else round(self.ratio, 3)}


def at_most(row: str, what: str, ours: float, against: float, unit: str, limit: float) -> Row:
    """Ours may be at most *limit* times the other."""
    return Row(
        row=row, what=what, ours=ours, against=against, unit=unit, goal=f"≤ {limit}", met=ours <= limit * against
    )


def at_least(row: str, what: str, ours: float, against: float, unit: str, limit: float) -> Row:
    """Ours must be at least *limit* times the other."""
    return Row(
        row=row, what=what, ours=ours, against=against, unit=unit, goal=f"≥ {limit}", met=ours >= limit * against
    )


def milliseconds(action: Callable[[], object]) -> float:
    """How long *action* takes."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def median_ms(action: Callable[[], object], times: int, warm_up: int = 1) -> float:
    """The median of *times* runs after *warm_up* ones that do not count."""
    for _ in range(warm_up):
        action()
    return statistics.median(milliseconds(action) for _ in range(times))
