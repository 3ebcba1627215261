"""``gateway report``."""

from __future__ import annotations

from gateway.cli import options, report_build, report_check, report_show

commands = options.Group(help="Reports (CDA R2, IMG-CR-IMG): judge, build, show.")
for _command in (report_check.check, report_check.rules, report_show.show, report_build.build):
    commands.add_command(_command)
