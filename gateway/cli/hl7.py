"""``gateway hl7``."""

from __future__ import annotations

import typer

commands = typer.Typer(no_args_is_help=True, help="HL7 v2 messages: judge, show, send.")
