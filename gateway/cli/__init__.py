"""The ``gateway`` command: one module a group of commands, each importing what it needs when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.errors import GatewayError

if TYPE_CHECKING:
    app: click.Group
    """The whole command; made when it is first asked for."""

_PLAIN = ("running", "care", "sharing", "top", "monitoring")
"""Modules whose commands stand directly under ``gateway``."""
_GROUPS = ("report", "kos", "xds", "registry", "hl7", "relay", "pacs", "study", "valuesets")
"""Modules whose commands stand under their own name (``gateway report check``)."""


@cache
def _command(plain: Iterable[str], groups: Iterable[str]) -> click.Group:
    made = options.Group(
        "gateway",
        help="An imaging-sharing gateway: reports and image manifests to a document registry, images to who may see"
        " them.",
    )
    for name in plain:
        for command in import_module(f"gateway.cli.{name}").commands.commands.values():
            made.add_command(command)
    for name in groups:
        made.add_command(import_module(f"gateway.cli.{name}").commands, name)
    return made


def __getattr__(name: str) -> click.Group:
    if name == "app":
        return _command(_PLAIN, _GROUPS)
    raise AttributeError(name)


def _asked() -> click.Group:
    """What this call needs: of the groups the one that is named, because making the parameters of all costs 0.1 s."""
    named = sys.argv[1] if len(sys.argv) > 1 else ""
    return _command((), (named,)) if named in _GROUPS else _command(_PLAIN, _GROUPS)


def _language() -> str:
    """What ``--lang`` says, whichever command it stands behind; else the environment, else English."""
    from gateway.cli.options import LANGUAGE

    words = [part for word in sys.argv[1:] for part in word.split("=", 1)]
    said = words[words.index("--lang") + 1 :] if "--lang" in words else []
    return said[0] if said else os.environ.get(LANGUAGE, "en")


def main() -> None:
    """Entry point: a failure that has a name is one line on standard error, never a traceback."""
    try:
        _asked()()
    except GatewayError as error:
        from gateway.texts import sentence

        told = sentence(error.code, error.facts, _language())
        print(f"{error.place + ': ' if error.place else ''}{told}", file=sys.stderr)
        sys.exit(2)
