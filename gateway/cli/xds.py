"""``gateway xds``."""

from __future__ import annotations

import typer

commands = typer.Typer(
    no_args_is_help=True, help="Document registries (XDS.b): judge messages, submit, find, retrieve."
)
