"""``gateway kos``."""

from __future__ import annotations

import typer

commands = typer.Typer(no_args_is_help=True, help="Image manifests (DICOM Key Object Selection): build, show, judge.")
