"""What the rules have in hand: the file, the tree, a way to say what is wrong and where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pydicom.datadict import keyword_for_tag

from gateway.kos import tags
from gateway.kos.decode import decoded
from gateway.kos.file import Part10
from gateway.kos.rules.catalogue import RULES
from gateway.kos.titles import is_described
from gateway.kos.tree import Node
from gateway.model.codes import Code
from gateway.model.finding import Finding
from gateway.model.identifiers import INS_OIDS
from gateway.texts.manifest import TEXTS
from gateway.texts.text import Text

KEPT = 25
"""Findings of one rule in one file; the rest say the same."""
_SHOWN = 80


Path = tuple[Any, int, "int | None"] | str
"""Where: the path above, the tag, the number of the item from 0; empty for the data set itself. It becomes words only
when something is said, for a manifest has a hundred thousand places."""


def name(tag: int) -> str:
    """``PatientID (0010,0020)``."""
    keyword = keyword_for_tag(tag)
    return f"{keyword} {tags.name(tag)}" if keyword else tags.name(tag)


def under(path: Path, tag: int, index: int | None = None) -> Path:
    """The path of an element below *path*, or of its item number *index* (from 0)."""
    return path, tag, index


def words(path: Path) -> str:
    """``ContentSequence[2].ValueType``."""
    steps = []
    while not isinstance(path, str):
        path, tag, index = path
        step = keyword_for_tag(tag) or tags.name(tag)
        steps.append(step if index is None else f"{step}[{index + 1}]")
    steps += [path] if path else []
    return ".".join(reversed(steps))


@dataclass(slots=True)
class Context:
    """One file under judgement."""

    part10: Part10
    root: Node
    findings: list[Finding] = field(default_factory=list)
    _said: Counter[str] = field(default_factory=Counter)

    @property
    def character_sets(self) -> tuple[str, ...]:
        declared = self.root.ascii(tags.SPECIFIC_CHARACTER_SET)
        return tuple(part.strip() for part in declared.split("\\"))

    def text(self, node: Node, tag: int) -> str:
        """The value in the character set of the file, without its padding; empty when it is absent."""
        element = node.get(tag)
        if element is None or element.items is not None:
            return ""
        return decoded(element.value, self.character_sets).strip(" \0")

    @property
    def national(self) -> bool:
        """Whether the patient is named by the French national identity: the manifest follows DRIM-M."""
        return self.issuer(self.root, tags.ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE) in INS_OIDS

    @property
    def described(self) -> bool:
        """Whether the title says that it is a manifest with description (IHE MADO)."""
        return any(is_described(self.code(item)) for item in self.root.items(tags.CONCEPT_NAME_CODE_SEQUENCE))

    def code(self, item: Node) -> Code:
        """The code of an item: value, designator, meaning."""
        value, system = item.ascii(tags.CODE_VALUE), item.ascii(tags.CODING_SCHEME_DESIGNATOR)
        return Code(value, system, self.text(item, tags.CODE_MEANING))

    def issuer(self, node: Node, tag: int) -> str:
        """The OID of an issuer sequence, empty when there is none."""
        return next((item.ascii(tags.UNIVERSAL_ENTITY_ID) for item in node.items(tag)), "")

    def say(self, rule: str, path: Path, *, value: str = "", expected: str = "", **facts: object) -> None:
        """Add a finding; above ``KEPT`` of one rule nothing more is said."""
        self._said[rule] += 1
        if self._said[rule] > KEPT:
            return
        severity, source = RULES[rule]
        told = {"value": value[:_SHOWN], "expected": expected, **{key: str(fact) for key, fact in facts.items()}}
        text = TEXTS[rule]
        self.findings.append(
            Finding(
                rule=rule,
                severity=severity,
                path=words(path),
                message=Text(text.fr.format(**told), text.en.format(**told)),
                source=source,
                value=value[:_SHOWN] or None,
                expected=expected or None,
            )
        )
