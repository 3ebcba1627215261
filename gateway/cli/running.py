"""``gateway serve | work | check | key | demo | version``: running it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import DEFAULT, AsJson, Config, Language

_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "wrong": "[red]wrong[/]"}
commands = typer.Typer()


class Role(StrEnum):
    """The parts of the gateway, each a process of its own."""

    WEB = "web"
    INTAKE = "intake"
    WORK = "work"
    RECEIVE = "receive"


@commands.command()
def serve(
    config: Config = DEFAULT,
    only: Annotated[
        list[Role] | None,
        typer.Option("--only", help="This part alone; may be given several times. The others run elsewhere."),
    ] = None,
) -> None:
    """Run the gateway: the web, the intake, the work, and the reception of images; or some of them, on this machine."""
    from gateway.serve import serve as run

    raise typer.Exit(run(config, tuple(dict.fromkeys(role.value for role in only))) if only else run(config))


@commands.command()
def work(config: Config = DEFAULT) -> None:
    """Run the work alone, beside a gateway on another machine (PostgreSQL)."""
    from gateway.serve import serve as run

    raise typer.Exit(run(config, roles=("work",)))


@commands.command()
def check(config: Config = DEFAULT, as_json: AsJson = False, language: Language = "en") -> None:
    """Say in one screen what is wrong, and what to do: settings, doors, store, PACS, registry, login, certificates."""
    import json

    from gateway import log
    from gateway.check import check as look

    log.configure(level="warning")
    findings = look(config, language=language)
    if as_json:
        print(json.dumps([finding.as_json() for finding in findings], ensure_ascii=False))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False)
        for finding in findings:
            table.add_row(_MARKS[finding.state], finding.subject, finding.words)
        Console().print(table)
    raise typer.Exit(1 if any(finding.state == "wrong" for finding in findings) else 0)


@commands.command()
def key() -> None:
    """Make a key for the HTTP intake, and the line of the settings that lets it in."""
    import hashlib
    import secrets

    made = secrets.token_urlsafe(32)
    print(f"Key, for the sending system (it is shown this once):\n  {made}")
    print(f'Line for its [[intake.key]] table:\n  sha256 = "{hashlib.sha256(made.encode()).hexdigest()}"')


@commands.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Run the main job, follow the link, stop.")] = False,
    as_json: AsJson = False,
    keep: Annotated[Path | None, typer.Option(help="Keep documents, the request on the wire and ACKs here.")] = None,
    pacs: Annotated[str, typer.Option(help="AET@HOST:PORT of a PACS to use instead of the demo's.")] = "",
    registry: Annotated[str, typer.Option(help="ITI-18 address of a registry to use instead of the demo's.")] = "",
    repository: Annotated[str, typer.Option(help="ITI-41 and ITI-43 address of that registry's repository.")] = "",
    slices: Annotated[int, typer.Option(min=1, max=200, help="Images of each series of the sample CT.")] = 120,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Ports and delays of the demo.")] = None,
) -> None:
    """Run the main job on this machine: a report comes in, a clinician sees the images."""
    from gateway import log
    from gateway.demo.run import Wishes, run

    log.configure(level="warning")
    wishes = Wishes(
        once=once,
        as_json=as_json,
        keep=keep,
        pacs=pacs,
        registry=registry,
        repository=repository,
        slices=slices,
        config=config,
    )
    raise typer.Exit(run(wishes))


@commands.command()
def version() -> None:
    """Print the version."""
    from gateway import __version__

    print(__version__)
