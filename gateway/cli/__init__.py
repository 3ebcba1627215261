"""The ``gateway`` command: one module a group of commands, each importing what it needs when it runs."""

from __future__ import annotations

import sys

import typer

from gateway.cli import (
    care,
    hl7,
    kos,
    monitoring,
    pacs,
    registry,
    relay,
    report,
    running,
    sharing,
    study,
    top,
    valuesets,
    xds,
)
from gateway.errors import GatewayError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An imaging-sharing gateway: reports and image manifests to a document registry, images to who may see them.",
)
for _commands in (running.commands, care.commands, sharing.commands, top.commands, monitoring.commands):
    app.add_typer(_commands)
for _name, _group in {
    "report": report.commands,
    "kos": kos.commands,
    "xds": xds.commands,
    "registry": registry.commands,
    "hl7": hl7.commands,
    "relay": relay.commands,
    "pacs": pacs.commands,
    "study": study.commands,
    "valuesets": valuesets.commands,
}.items():
    app.add_typer(_group, name=_name)


def main() -> None:
    """Entry point: a failure that has a name is one line on standard error, never a traceback."""
    try:
        app()
    except GatewayError as error:
        from gateway.texts import sentence

        print(f"{error.place + ': ' if error.place else ''}{sentence(error.code, error.facts, 'en')}", file=sys.stderr)
        sys.exit(2)
