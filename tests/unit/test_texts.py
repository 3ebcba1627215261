"""Sentences for people."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import gateway
from gateway.texts import TEXTS, sentence

PACKAGE = Path(gateway.__file__).parent
RAISED = {
    "InputRejected", "InputTooLarge", "InputConflicts", "NotSupportedYet", "Unavailable", "PeerUnreachable",
    "PeerRefused", "PeerMisbehaved", "Mismatch", "NotAllowed", "SettingsError",
}  # fmt: skip


def _codes_raised() -> set[tuple[str, str]]:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first = node.args[0]
            if name in RAISED and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add((first.value, path.name))
    return found


def test_every_code_that_is_raised_has_its_sentences() -> None:
    assert sorted((code, file) for code, file in _codes_raised() if code not in TEXTS) == []


def test_both_languages_use_the_same_facts() -> None:
    for code, text in TEXTS.items():
        assert set(re.findall(r"{(\w+)}", text.fr)) == set(re.findall(r"{(\w+)}", text.en)), code


def test_a_missing_fact_leaves_a_mark_and_never_an_exception() -> None:
    assert "?" in sentence("xml_malformed")
    assert sentence("no_such_code") == "no_such_code"
