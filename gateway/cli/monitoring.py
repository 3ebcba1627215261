"""``gateway health | metrics | notify``: how it is, for machines and for people."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli import options
from gateway.cli.options import house_of

_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "wrong": "[red]wrong[/]"}
commands = click.Group()


@commands.command()
@options.config
@click.option(
    "--role", multiple=True, help="Of one process alone: web, intake, work or receive. Reads its status file only."
)
@options.as_json
@options.language("en")
def health(
    config: Path,
    role: tuple[str, ...],
    as_json: bool,
    language: str,
) -> None:
    """Say whether this machine's gateway can do its work; exit code 0 when it can, 1 when it cannot."""
    import json

    if role:
        from gateway.monitoring.health import Health, role_looks
        from gateway.monitoring.status import now, read_all
        from gateway.settings import load

        settings = load(config)
        expected = [one for one in role for _ in range(settings.work.processes if one == "work" else 1)]
        statuses = [status for status in read_all(settings.monitoring.folder) if status.role in role]
        found = Health(tuple(role_looks(statuses, expected, now())))
    else:
        with house_of(config) as house:
            found = house.monitoring.health(all_roles=True)
    if as_json:
        print(json.dumps(found.as_json(language), ensure_ascii=False))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False)
        for look in found.looks:
            table.add_row(_MARKS[look.state], look.name, look.words(language))
        for peer in found.peers:
            table.add_row(_MARKS["ok" if peer.up else "warning"], peer.name, "answers" if peer.up else "did not answer")
        Console().print(table)
    raise SystemExit(0 if found.ready else 1)


@commands.command()
@options.config
def metrics(config: Path) -> None:
    """Print this machine's figures in the form that Prometheus reads (for the collector of text files)."""
    with house_of(config) as house:
        print(house.monitoring.metrics(), end="")


@commands.command()
@options.config
@options.language("en")
def notify(
    config: Path,
    language: str,
) -> None:
    """Send a test notice by every way that the settings name; exit code 1 when one of them failed."""
    import uuid

    from gateway.errors import GatewayError
    from gateway.model.notice import Notice
    from gateway.texts import sentence

    failed = False
    with house_of(config) as house:
        notice = Notice(id=str(uuid.uuid4()), made_at=house.clock.now(), new=0, altogether=0)
        channels = house.monitoring.channels()
        for channel in channels:
            try:
                channel.send(notice)
                print(f"{channel.name}: sent, {notice.id}")
            except GatewayError as error:
                failed = True
                print(f"{channel.name}: {sentence(error.code, error.facts, language)}")
    if not channels:
        print("[notify] names neither mail nor webhook")
    raise SystemExit(1 if failed or not channels else 0)
