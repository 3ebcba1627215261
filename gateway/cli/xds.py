"""``gateway xds``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from gateway.cli import xds_change, xds_client, xds_find
from gateway.cli.options import AsJson, Files, Language

commands = typer.Typer(
    no_args_is_help=True, help="Document registries (XDS.b): judge messages, submit, find, retrieve, update, withdraw."
)
for _group in (xds_client, xds_find, xds_change):
    commands.add_typer(_group.commands)

Flavour = Annotated[
    Literal["dmp", "ihe"] | None,
    typer.Option("--flavour", help="Whose rules: a French DMP's, or IHE's alone. Recognised when it is not given."),
]


@commands.command()
def check(files: Files, flavour: Flavour = None, language: Language = "fr", as_json: AsJson = False) -> None:
    """Judge SOAP, MTOM or ebRIM messages by the metadata rules of IHE and, for a DMP, of France.

    A file is a message with or without its HTTP head, or a bare SubmitObjectsRequest, ProvideAndRegister request,
    query or answer. Ends with 0 when all are valid, 1 when one is not, 2 when one cannot be read.
    """
    from functools import partial

    from gateway.cli.checking import check as judged
    from gateway.xds.rules.judge import judge

    judged(files, partial(judge, flavour=flavour), language=language, as_json=as_json)
