"""What a checker says: findings, and the verdict that follows from them. Shared by every ``gateway ... check``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.texts.text import Text


class Severity(StrEnum):
    """How much a finding weighs; only an error decides the verdict."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"
    """Good practice that a machine can see; never part of a verdict."""


class Verdict(StrEnum):
    """What was found in all."""

    VALID = "valid"
    INVALID = "invalid"
    UNREADABLE = "unreadable"
    """The rules could not be asked: not the kind of file, broken, hostile or too large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken rule at one place."""

    rule: str
    """Stable id of the rule."""
    severity: Severity
    path: str
    """Where: XPath, DICOM attribute path, HL7 location or metadata attribute."""
    message: Text
    """What is wrong and what was expected, in both languages, with the facts filled in."""
    source: str
    """The document and section that the rule comes from, and its sentence where it has one."""
    line: int | None = None
    """Of the file, from 1, where lines mean something."""
    value: str | None = None
    """The value found."""
    expected: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    """What one kind of checker adds, such as an ERR-3 code."""

    def as_json(self, language: str) -> dict[str, object]:
        """The finding as the commands print it; absent facts are left out, ``line`` never is."""
        told: dict[str, object] = {
            "rule": self.rule,
            "severity": self.severity.value,
            "path": self.path,
            "line": self.line,
            "message": self.message.en if language == "en" else self.message.fr,
            "source": self.source,
        }
        told.update({name: fact for name, fact in (("value", self.value), ("expected", self.expected)) if fact})
        return {**told, **self.more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Every finding of one file."""

    findings: tuple[Finding, ...]
    readable: bool = True
    """False when the findings say why nothing could be judged."""
    about: Mapping[str, object] = field(default_factory=dict)
    """What one kind of checker says of the whole file: profile, model, level."""

    @property
    def verdict(self) -> Verdict:
        """``unreadable``, else ``invalid`` when there is an error, else ``valid``."""
        if not self.readable:
            return Verdict.UNREADABLE
        wrong = any(finding.severity is Severity.ERROR for finding in self.findings)
        return Verdict.INVALID if wrong else Verdict.VALID

    def as_json(self, file: str, language: str) -> dict[str, object]:
        """The object a command prints for *file*."""
        return {
            "file": file,
            **self.about,
            "verdict": self.verdict.value,
            "findings": [finding.as_json(language) for finding in self.findings],
        }


def unreadable(
    rule: str, message: Text, *, source: str = "", path: str = "", line: int | None = None, **about: object
) -> Judgement:
    """The judgement of a file that no rule could be asked about."""
    finding = Finding(rule=rule, severity=Severity.ERROR, path=path, message=message, source=source, line=line)
    return Judgement(findings=(finding,), readable=False, about=about)


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """Of a checking command: 2 when a file was unreadable, else 1 when one is invalid, else 0."""
    if Verdict.UNREADABLE in verdicts:
        return 2
    return 1 if Verdict.INVALID in verdicts else 0
