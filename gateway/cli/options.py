"""The options that several commands share, and the house built from the settings they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from gateway.wiring.house import House

DEFAULT = Path("config/gateway.toml")
LANGUAGE = "GATEWAY_LANG"
"""The environment variable that stands for ``--lang``."""
Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.", envvar="GATEWAY_CONFIG")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Language = Annotated[
    Literal["fr", "en"], typer.Option("--lang", help="The language of the sentences.", envvar=LANGUAGE)
]
Files = Annotated[list[Path], typer.Argument(help="The files.", metavar="FILE...")]


@contextmanager
def house_of(config: Path) -> Iterator[House]:
    """The gateway's parts as *config* sets them, closed at the end."""
    from gateway import log
    from gateway.settings import load
    from gateway.wiring.house import House

    log.configure(level="warning")
    house = House(load(config))
    try:
        yield house
    finally:
        house.close()
