"""The tables as values: read when first asked for, once.

A table is plain rows until somebody asks for a :class:`Code`: the largest set has 6,896 codes, and a checker only
asks whether one is among them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, cached_property
from typing import Any

from gateway import resources
from gateway.errors import SettingsError
from gateway.model.codes import Code

_Row = tuple[str, str]
"""System and display."""


@dataclass(frozen=True, eq=False)
class ValueSet:
    """A value set: its identity, where it was taken from, and its codes in their order."""

    name: str
    oid: str
    revision: str
    """The publisher's date, ``YYYY-MM-DD``."""
    source: str
    note: str = ""
    """What a reader of the table must know: an extract, withdrawn by its publisher."""
    _rows: Mapping[str, _Row] = field(default_factory=dict, repr=False)
    _retired: Mapping[str, tuple[str, str, str]] = field(default_factory=dict, repr=False)
    """System, display and last day of the codes that may not be used any more."""

    def __contains__(self, code: Code | str) -> bool:
        """Whether the set has this code of this system now; a string, or a code without a system, by itself."""
        return self.has(code) if isinstance(code, str) else self.has(code.code, code.system)

    def __len__(self) -> int:
        """The number of codes in use."""
        return len(self._rows)

    def has(self, code: str, system: str = "") -> bool:
        """Whether *code* is in use here, under *system* when one is given."""
        row = self._rows.get(code)
        return row is not None and system in ("", row[0])

    def code(self, code: str) -> Code:
        """The entry of *code*; raises KeyError when the set lacks it. No set here has one code in two systems."""
        return Code(code, *self._rows[code])

    def complete(self, code: Code) -> Code:
        """*code* with the system and the display it lacks, when the set has it; else as it is."""
        if code not in self:
            return code
        system, display = self._rows[code.code]
        return replace(code, system=system, display=code.display or display)

    def display(self, code: str) -> str:
        """What the set calls *code*, in use or retired; nothing when it does not know it."""
        row = self._rows.get(code) or self._retired.get(code)
        return row[1] if row else ""

    def retired(self, code: Code | str) -> date | None:
        """The day since when *code* may not be used any more; None when it is in use, or was never here."""
        wanted, system = (code, "") if isinstance(code, str) else (code.code, code.system)
        row = self._retired.get(wanted)
        return date.fromisoformat(row[2]) if row and system in ("", row[0]) else None

    @cached_property
    def codes(self) -> tuple[Code, ...]:
        """Every code in use."""
        return tuple(Code(code, system, display) for code, (system, display) in self._rows.items())

    @cached_property
    def retired_codes(self) -> tuple[tuple[Code, date], ...]:
        """Every code that is not to be used any more, with the day since when."""
        return tuple(
            (Code(code, system, display), date.fromisoformat(day))
            for code, (system, display, day) in self._retired.items()
        )


@dataclass(frozen=True, eq=False)
class Association:
    """Which codes of one value set go with a code of another."""

    name: str
    oid: str
    revision: str
    source: str
    target: str
    """The name of the value set of the codes on the right."""
    note: str
    rows: Mapping[str, tuple[str, ...]] = field(repr=False)


@cache
def load(name: str) -> ValueSet:
    """The value set *name*; raises SettingsError ``valueset_unreadable`` when its table is missing or broken."""
    try:
        table = _table(name)
        system = table.get("system")
        rows = {row[0]: (system, row[1]) if system else (row[1], row[2]) for row in table["codes"]}
        retired = {code: (system, display, day) for code, system, display, day in table.get("retired", ())}
        about = (table["name"], table["oid"], table["revision"], table["source"], table.get("note", ""))
        return ValueSet(*about, rows, retired)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SettingsError("valueset_unreadable", place=f"{name}.json", name=name) from error


@cache
def association(name: str) -> Association:
    """The association *name*; raises as :func:`load`."""
    try:
        table = _table(name)
        rows = {code: tuple(targets) for code, targets in table["rows"].items()}
        about = (table["name"], table["oid"], table["revision"], table["source"], table["target"])
        return Association(*about, table.get("note", ""), rows)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SettingsError("valueset_unreadable", place=f"{name}.json", name=name) from error


def associate(name: str, code: str) -> tuple[Code, ...]:
    """What the association *name* gives for *code*, in its order; nothing when it has no row for it.

    A target that its own value set lacks (two tables of different days) comes without system and display.
    """
    table = association(name)
    targets = load(table.target)
    return tuple(targets.complete(Code(target, "")) for target in table.rows.get(code, ()))


def _table(name: str) -> dict[str, Any]:
    path = resources.valueset_path(name)
    table: dict[str, Any] = json.loads(path.read_bytes())
    return table
