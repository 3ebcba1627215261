"""``gateway report check`` and ``gateway report rules``."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import AsJson, Files, Language


class Measure(StrEnum):
    """By whose measure."""

    SPEC = "spec"
    OFFICIAL = "official"


By = Annotated[
    Measure,
    typer.Option("--profile", help="The specification (spec), or the ANS validator as it is today (official)."),
]
Checkout = Annotated[
    Path | None,
    typer.Option("--official", metavar="DIR", help="Run the ANS validator of this checkout beside (extra official)."),
]


def check(
    files: Files,
    profile: By = Measure.SPEC,
    official: Checkout = None,
    language: Language = "fr",
    as_json: AsJson = False,
) -> None:
    """Judge reports: every finding with its place, source and sentence. Exit 0 valid, 1 invalid, 2 unreadable."""
    from gateway.check_report import judge_beside, judge_bytes
    from gateway.cli import checking

    judge: checking.Judge
    if official is not None:
        from gateway.official_answers import ask

        judge = partial(judge_beside, profile=profile.value, official=ask(files, official))
    else:
        judge = partial(judge_bytes, profile=profile.value)
    about = {"profile": profile.value, "model": None, "level": None}
    checking.check(files, judge, language=language, as_json=as_json, about=about)


def rules(
    language: Language = "fr",
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the page of the documentation.")] = False,
) -> None:
    """Every rule with its source and its weight in each profile."""
    from gateway.cda.rules import rules as every
    from gateway.cda.rules import tables

    if as_json:
        print(tables.as_json(every()))
    elif as_markdown:
        print(tables.as_markdown(every()), end="")
    else:
        print(tables.as_text(every(), language))
