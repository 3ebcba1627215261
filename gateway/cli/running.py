"""``gateway serve | work | check | key | demo | version``: running it."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli import options

_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "wrong": "[red]wrong[/]"}
commands = click.Group()


@commands.command()
@options.config
@click.option(
    "--only",
    type=click.Choice(("web", "intake", "work", "receive")),
    multiple=True,
    help="This part alone; may be given several times. The others run elsewhere.",
)
def serve(
    config: Path,
    only: tuple[str, ...],
) -> None:
    """Run the gateway: the web, the intake, the work, and the reception of images; or some of them, on this machine."""
    from gateway.serve import serve as run

    raise SystemExit(run(config, tuple(dict.fromkeys(only))) if only else run(config))


@commands.command()
@options.config
def work(config: Path) -> None:
    """Run the work alone, beside a gateway on another machine (PostgreSQL)."""
    from gateway.serve import serve as run

    raise SystemExit(run(config, roles=("work",)))


@commands.command()
@options.config
@options.as_json
@options.language("en")
def check(config: Path, as_json: bool, language: str) -> None:
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
    raise SystemExit(1 if any(finding.state == "wrong" for finding in findings) else 0)


@commands.command()
def key() -> None:
    """Make a key for the HTTP intake, and the line of the settings that lets it in."""
    import hashlib
    import secrets

    made = secrets.token_urlsafe(32)
    print(f"Key, for the sending system (it is shown this once):\n  {made}")
    print(f'Line for its [[intake.key]] table:\n  sha256 = "{hashlib.sha256(made.encode()).hexdigest()}"')


@commands.command()
@click.option("--once", is_flag=True, help="Run the main job, follow the link, stop.")
@options.as_json
@click.option("--keep", type=options.PATH, help="Keep documents, the request on the wire and ACKs here.")
@click.option("--pacs", default="", help="AET@HOST:PORT of a PACS to use instead of the demo's.")
@click.option("--registry", default="", help="ITI-18 address of a registry to use instead of the demo's.")
@click.option("--repository", default="", help="ITI-41 and ITI-43 address of that registry's repository.")
@click.option(
    "--slices",
    type=click.IntRange(min=1, max=200),
    default=120,
    show_default=True,
    help="Images of each series of the sample CT.",
)
@click.option("--config", "-c", type=options.PATH, help="Ports and delays of the demo.")
def demo(
    once: bool,
    as_json: bool,
    keep: Path | None,
    pacs: str,
    registry: str,
    repository: str,
    slices: int,
    config: Path | None,
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
    raise SystemExit(run(wishes))


@commands.command()
def version() -> None:
    """Print the version."""
    from gateway import __version__

    print(__version__)
