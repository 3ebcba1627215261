"""``gateway pacs``."""

from __future__ import annotations

import typer

commands = typer.Typer(no_args_is_help=True, help="PACS: find out what one can do.")
