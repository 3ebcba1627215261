"""``gateway relay``."""

from __future__ import annotations

import typer

commands = typer.Typer(no_args_is_help=True, help="Teleradiology requests on their way.")
