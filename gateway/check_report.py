"""Judging the bytes of a report: guarded parsing, then the rules; beside them, when asked, the official validator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from gateway.cda.rules import Profile, judge
from gateway.errors import GatewayError
from gateway.model.finding import Finding, Judgement, Severity, Verdict, unreadable
from gateway.texts import sentence
from gateway.texts.text import Text
from gateway.trust import safexml

LIMITS = safexml.Limits(size_bytes=64 * 1024 * 1024, depth=256, elements=100_000)
"""What is judged at most: a large report has some 10,000 elements; these bounds keep the time under two seconds."""

_TOLD = 5
"""Errors of the validator that are quoted where the verdicts differ."""


def judge_bytes(content: bytes, profile: str = "spec") -> Judgement:
    """The judgement of a file; what is broken, hostile, too large or no CDA is ``unreadable`` with the reason."""
    try:
        root = safexml.parse(content, LIMITS)
    except GatewayError as error:
        words = Text(*(sentence(error.code, error.facts, language) for language in ("fr", "en")))
        line = error.facts.get("line", "0")
        return unreadable(
            error.code,
            words,
            path=error.place or "/",
            line=int(line) or None,
            source="XML 1.0; HL7 CDA R2",
            profile=profile,
            model=None,
            level=None,
        )
    return judge(root, profile)


def digest(content: bytes) -> str:
    """What the validator's answers are filed under."""
    return hashlib.sha256(content).hexdigest()


def judge_beside(content: bytes, profile: str, official: Mapping[str, tuple[str, ...]]) -> Judgement:
    """The judgement of *content*, and what the official validator said of it: its errors, by :func:`digest`.

    ``about`` tells the validator's verdict; where it differs from that of our own profile ``official`` there is one
    more finding, an advice that quotes both.
    """
    judgement = judge_bytes(content, profile)
    errors = official.get(digest(content))
    if errors is None:
        return judgement
    theirs = Verdict.INVALID if errors else Verdict.VALID
    ours = judgement.verdict if profile == Profile.OFFICIAL else judge_bytes(content, Profile.OFFICIAL).verdict
    findings = judgement.findings
    if ours is not theirs:
        findings = (*findings, _difference(ours, theirs, errors))
    return replace(judgement, findings=findings, about={**judgement.about, "official": theirs.value})


def _difference(ours: Verdict, theirs: Verdict, errors: tuple[str, ...]) -> Finding:
    facts = {"ours": ours.value, "theirs": theirs.value, "words": " | ".join(errors[:_TOLD])}
    return Finding(
        rule="official-differs",
        severity=Severity.ADVICE,
        path="/ClinicalDocument",
        message=Text(*(sentence("report_official_differs", facts, language) for language in ("fr", "en"))),
        source="ANS TestContenuCDA, the checkout named",
        value=theirs.value,
        expected=ours.value,
    )
