"""``gateway report check`` and ``gateway report rules``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from gateway.cli import options


@click.command()
@options.files
@click.option(
    "--profile",
    type=click.Choice(("spec", "official")),
    default="spec",
    show_default=True,
    help="The specification (spec), or the ANS validator as it is today (official).",
)
@click.option(
    "--official",
    type=options.PATH,
    metavar="DIR",
    help="Run the ANS validator of this checkout beside (extra official).",
)
@options.language("fr")
@options.as_json
def check(
    files: tuple[Path, ...],
    profile: str,
    official: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Judge reports: every finding with its place, source and sentence. Exit 0 valid, 1 invalid, 2 unreadable."""
    from gateway.check_report import judge_beside, judge_bytes
    from gateway.cli import checking

    judge: checking.Judge
    if official is not None:
        from gateway.official_answers import ask

        judge = partial(judge_beside, profile=profile, official=ask(files, official))
    else:
        judge = partial(judge_bytes, profile=profile)
    about = {"profile": profile, "model": None, "level": None}
    checking.check(files, judge, language=language, as_json=as_json, about=about)


@click.command()
@options.language("fr")
@options.as_json
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the page of the documentation.")
def rules(
    language: str,
    as_json: bool,
    as_markdown: bool,
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
