"""``gateway valuesets``."""

from __future__ import annotations

import typer

commands = typer.Typer(no_args_is_help=True, help="Official value sets: list, show, find.")
