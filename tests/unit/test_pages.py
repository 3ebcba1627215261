"""Every page leads somewhere: links and anchors, commands with their options, and the settings that it names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from gateway.cli import app
from gateway.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?ms)^```([a-z]*)\n(.*?)^```")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
CALL = re.compile(r"(?:^|[ /])gateway (?=[a-z])([^;>#(]+)")
EVENTS = {"registry.submitted", "login.failed"}
"""Names of audit events that begin like a table of the settings."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@every_page
def test_links_lead_to_a_page_and_to_a_heading_of_it(page: Path) -> None:
    prose = re.sub(r"`[^`\n]+`", "", BLOCK.sub("", page.read_text(encoding="utf-8")))
    for target in re.findall(r"\]\(([^)]+)\)", prose):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file), target


def test_a_page_that_the_code_or_the_settings_name_is_there() -> None:
    named = [*(ROOT / "config").rglob("*"), *(ROOT / "gateway").glob("*/**/*.py"), *(ROOT / "gateway").rglob("*.html")]
    for path in (path for path in named if path.is_file() and "node_modules" not in path.parts):
        for name, anchor in re.findall(r"docs/([\w.-]+\.md)(?:#([\w-]+))?", path.read_text(encoding="utf-8")):
            file = ROOT / "docs" / name
            assert file.exists(), (path, name)
            assert not anchor or anchor in _anchors(file), (path, name, anchor)


@every_page
def test_commands_and_their_options_exist(page: Path) -> None:
    for line in _code(page.read_text(encoding="utf-8")):
        for call in CALL.finditer(line):
            if "createdb" not in line and "import report_form" not in line and "──" not in line:
                _exists(call[1].replace(" | ", "|").split(), line)


@every_page
def test_settings_exist(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    for kind, block in BLOCK.findall(content):
        if kind == "toml":
            _known(Settings, tomllib.loads(block), "")
    for name in set(re.findall(r"`([a-z_]+(?:\.[A-Za-z_]+)+)`", content)) - EVENTS:
        if name.split(".")[0] in Settings.model_fields:
            assert _reached(name.split(".")), name


def _anchors(file: Path) -> set[str]:
    """The anchors of the headings of *file*, as forges make them: a heading that stands twice gets a number."""
    seen: dict[str, int] = {}
    made = set()
    for heading in re.findall(r"(?m)^#+ (.+)$", BLOCK.sub("", file.read_text(encoding="utf-8"))):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        made.add(f"{anchor}-{seen[anchor]}" if anchor in seen else anchor)
        seen[anchor] = seen.get(anchor, 0) + 1
    return made


def _code(content: str) -> Iterator[str]:
    """What stands as code in a page: inline, and line by line in blocks."""
    for _, block in BLOCK.findall(content):
        yield from block.replace("\\\n", " ").splitlines()
    yield from (code.replace("\\|", "|") for code in re.findall(r"`([^`\n]+)`", BLOCK.sub("", content)))


def _exists(words: list[str], line: str) -> None:
    """The command of *words* (``list|show`` for several) is there, and takes the options that stand behind it."""
    node: Any = app
    while words and (inner := getattr(node, "commands", None)) and re.fullmatch(r"[a-z0-9]+(\|[a-z0-9 ]+)*", words[0]):
        names = words.pop(0).split("|")
        assert set(names) <= set(inner), line
        node = inner[names[0]]
        if len(names) > 1:
            return
    options = {option for parameter in node.params for option in (*parameter.opts, *parameter.secondary_opts)}
    named = {option for word in words for option in OPTION.findall(word)}
    assert named <= options | {"--help"}, line


def _model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model(argument) for argument in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found is not None), None)


def _known(model: type[BaseModel], table: dict[str, Any], path: str) -> None:
    """Every key of *table* is one of *model*; the tables of ``[pacs.NAME]`` and their like are looked into."""
    for name, value in table.items():
        if path == "mllp" and isinstance(value, dict):
            continue  # a further port
        assert name in model.model_fields, f"{path}.{name}"
        inner = _model(model.model_fields[name].annotation)
        if inner is None:
            continue
        named = isinstance(value, dict) and not set(value) <= set(inner.model_fields)
        for entry in value.values() if named else value if isinstance(value, list) else [value]:
            _known(inner, entry, name)


def _reached(names: list[str]) -> bool:
    """There is a setting at the end of *names* (``destination.NAME.record``)."""
    model: type[BaseModel] | None = Settings
    while names:
        if model is None or names[0] not in model.model_fields:
            return False
        annotation = model.model_fields[names[0]].annotation
        model = _model(annotation)
        names = names[2:] if str(annotation).startswith("dict[") else names[1:]
    return True
