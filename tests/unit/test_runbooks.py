"""Every reason that can hold a share has its sentences, its advice and its section."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway
from gateway.monitoring.runbooks import page
from gateway.texts import TEXTS
from gateway.texts.runbook import GROUPS, what_to_do

PACKAGE = Path(gateway.__file__).parent
DOCS = PACKAGE.parent / "docs"
HOLDING = {"flow": {"Mismatch", "PeerRefused"}, "kos": {"Mismatch"}, "xds": {"Mismatch", "PeerRefused"}}
"""Packages whose failures hold what is carried, and the families that do."""
NAMED_ELSEWHERE = {"registry_refused", "pacs_too_late"}
"""Raised with a code that is worked out."""


def _strings(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def reasons() -> set[str]:
    """Every code that the source can hold something with."""
    found = set(NAMED_ELSEWHERE)
    for package, families in HOLDING.items():
        for path in (PACKAGE / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and _name(node.func) in families:
                    found.update(_strings(node.args[0]))
                if isinstance(node, ast.Assign) and any(_name(target) == "_TOO_LATE" for target in node.targets):
                    found.update(value.value for value in node.value.values)  # type: ignore[attr-defined]
    return found


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def test_the_source_was_read_as_it_is_meant() -> None:
    assert {"patient_differs", "study_absent_too_late", "registry_fault", "modality_unknown"} <= reasons()


def test_every_reason_has_a_sentence_and_what_to_do_in_both_languages() -> None:
    sections = {reason for _, group in GROUPS.values() for reason in group}
    assert sorted(reasons() - sections) == []
    for reason in sorted(sections):
        assert reason in TEXTS, reason
        french, english = what_to_do(reason, "fr"), what_to_do(reason, "en")
        assert french, reason
        assert english, reason
        assert french != english, reason


def test_a_reason_stands_in_one_place() -> None:
    each = [reason for _, group in GROUPS.values() for reason in group]
    assert len(each) == len(set(each))


@pytest.mark.parametrize("reason", ["pacs_unreachable", "registry_timeout", "hl7_peer_framing"])
def test_what_a_message_last_met_when_its_deadline_passed_has_advice(reason: str) -> None:
    assert what_to_do(reason, "fr")


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert what_to_do("no_such_reason", "fr") == ""


@pytest.mark.parametrize(("language", "file"), [("fr", "runbooks.md"), ("en", "runbooks.en.md")])
def test_the_pages_are_what_the_sentences_say(language: str, file: str) -> None:
    """After a change of the sentences: scripts/runbooks."""
    text = (DOCS / file).read_text(encoding="utf-8")
    assert text == page(language)
    for title in re.findall(r"(?m)^### `(\w+)`$", text):
        assert f"(#{title})" in text
