"""What a rule is, the catalogue of all of them, and the collector that findings go into.

A rule is data: an id that stays, a severity, a source and a sentence in both languages whose braces are filled with
the facts of each finding. It is made where it is asked (``entries.py``, ``associations.py``, …) by :func:`rule`, which
enters it into :data:`CATALOGUE`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import cast

from lxml import etree

from gateway.model.finding import Finding, Severity
from gateway.texts.text import Text

CATALOGUE: dict[str, Rule] = {}
"""Every rule by its id."""

MOST_FINDINGS = 500
"""Of one file; what is wrong beyond is counted."""
_QUOTED = 200
"""Characters of a value that a finding quotes at most."""
_EXPECTED = 2000
"""Characters of what was expected at most: what documents of others say stands there too."""
_COUNTED = 1000
"""Brothers among which a path counts at most."""

TF3 = "IHE ITI TF-3"
TF2 = "IHE ITI TF-2"
RIM = "OASIS ebRIM 3.0, rim.xsd"
RAD = "IHE RAD TF-2 4.68"
FRENCH = "CI-SIS Partage de documents de santé"
IMAGING = "CI-SIS Partage d'examen d'imagerie (003)"

ERROR, WARNING, ADVICE = Severity.ERROR, Severity.WARNING, Severity.ADVICE


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    id: str
    severity: Severity
    source: str
    text: Text


def rule(name: str, severity: Severity, source: str, fr: str, en: str) -> Rule:
    """A new rule, entered into the catalogue; raises ValueError when its id is taken."""
    if name in CATALOGUE:
        raise ValueError(f"two rules {name}")
    made = Rule(name, severity, source, Text(fr, en))
    CATALOGUE[name] = made
    return made


@dataclass(slots=True)
class Findings:
    """Collects what is wrong with one file, each with its place, at most :data:`MOST_FINDINGS`."""

    _found: list[Finding] = field(default_factory=list)
    _places: dict[etree._Element, str] = field(default_factory=dict)
    left_out: int = 0
    errors_left_out: int = 0

    def add(
        self,
        broken: Rule,
        place: etree._Element | str,
        *,
        value: str = "",
        expected: str = "",
        attribute: str = "",
        severity: Severity | None = None,
        fault: Text | None = None,
        **facts: str,
    ) -> None:
        """A finding of *broken* at *place* (an element, or words); *attribute* is its name in the standard.

        *fault* says in both languages which component is wrong; *severity* stands for the rule's own, where two
        flavours weigh one rule differently.
        """
        weight = severity or broken.severity
        if len(self._found) >= MOST_FINDINGS:
            self.left_out += 1
            self.errors_left_out += weight is ERROR
            return
        quoted = value if len(value) <= _QUOTED else value[:_QUOTED] + "…"
        expected = expected if len(expected) <= _EXPECTED else expected[:_EXPECTED] + "…"
        known = {"value": quoted, "expected": expected, "attribute": attribute, **facts}
        message = Text(
            broken.text.fr.format_map({**known, "fault": fault.fr if fault else ""}),
            broken.text.en.format_map({**known, "fault": fault.en if fault else ""}),
        )
        line = None if isinstance(place, str) else cast("int | None", place.sourceline)
        self._found.append(
            Finding(
                rule=broken.id,
                severity=weight,
                path=place if isinstance(place, str) else self.path(place),
                line=line,
                message=message,
                source=broken.source,
                value=quoted or None,
                expected=expected or None,
                more={"attribute": attribute} if attribute else {},
            )
        )

    def close(self, broken: Rule, *, value: str) -> None:
        """The last word, beyond the limit: how many more there are."""
        message = Text(broken.text.fr.format(value=value), broken.text.en.format(value=value))
        self._found.append(
            Finding(rule=broken.id, severity=broken.severity, path="", message=message, source=broken.source)
        )

    def path(self, element: etree._Element) -> str:
        """The XPath of *element* by local names; slots and classifications by what tells them apart."""
        if element not in self._places:
            parent = element.getparent()
            above = self.path(parent) if parent is not None else ""
            self._places[element] = f"{above}/{_step(element)}"
        return self._places[element]

    def __iter__(self) -> Iterator[Finding]:
        yield from self._found

    def __len__(self) -> int:
        return len(self._found)


def _step(element: etree._Element) -> str:
    name = etree.QName(element).localname
    if slot := element.get("name"):
        return f"{name}[@name='{slot[:80]}']"
    parent = element.getparent()
    same = [] if parent is None else list(islice(parent.iterchildren(element.tag), _COUNTED))
    if len(same) < 2 or element not in same:
        return name
    return f"{name}[{same.index(element) + 1}]"
