"""``gateway report``."""

from __future__ import annotations

import typer

commands = typer.Typer(no_args_is_help=True, help="Reports (CDA R2, IMG-CR-IMG): judge, build, show.")
