"""``gateway report``."""

from __future__ import annotations

import typer

from gateway.cli import report_build, report_check, report_show

commands = typer.Typer(no_args_is_help=True, help="Reports (CDA R2, IMG-CR-IMG): judge, build, show.")
commands.command("check")(report_check.check)
commands.command("rules")(report_check.rules)
commands.command("show")(report_show.show)
commands.command("build")(report_build.build)
