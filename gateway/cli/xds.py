"""``gateway xds``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from gateway.cli import options, xds_change, xds_client, xds_find

commands = options.Group(help="Document registries (XDS.b): judge messages, submit, find, retrieve, update, withdraw.")
for _group in (xds_client, xds_find, xds_change):
    for _command in _group.commands.commands.values():
        commands.add_command(_command)


@commands.command()
@options.files
@click.option(
    "--flavour",
    type=click.Choice(("dmp", "ihe")),
    help="Whose rules: a French DMP's, or IHE's alone. Recognised when it is not given.",
)
@options.language("fr")
@options.as_json
def check(files: tuple[Path, ...], flavour: Literal["dmp", "ihe"] | None, language: str, as_json: bool) -> None:
    """Judge SOAP, MTOM or ebRIM messages by the metadata rules of IHE and, for a DMP, of France.

    A file is a message with or without its HTTP head, or a bare SubmitObjectsRequest, ProvideAndRegister request,
    query or answer. Ends with 0 when all are valid, 1 when one is not, 2 when one cannot be read.
    """
    from functools import partial

    from gateway.cli.checking import check as judged
    from gateway.xds.rules.judge import judge

    judged(files, partial(judge, flavour=flavour), language=language, as_json=as_json)
