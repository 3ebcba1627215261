"""The options that several commands share, and the house built from the settings they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from gateway.wiring.house import House

Command = TypeVar("Command", bound=Callable[..., Any])
LANGUAGE = "GATEWAY_LANG"
"""The environment variable that stands for ``--lang``."""
PATH = click.Path(path_type=Path)


class Group(click.Group):
    """A group of commands whose list says the whole first sentence of each."""

    group_class = type
    """Groups within it are of its kind."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list; a sentence that is too long for the line goes on below, where click would cut it."""
        rows = [(name, self.commands[name].get_short_help_str(limit=_SENTENCE)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


_SENTENCE = 300

config = click.option(
    "--config",
    "-c",
    type=PATH,
    default=Path("config/gateway.toml"),
    show_default=True,
    envvar="GATEWAY_CONFIG",
    help="The settings file.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
files = click.argument("files", type=PATH, nargs=-1, required=True, metavar="FILE...", help="The files.")


def language(default: str) -> Callable[[Command], Command]:
    """``--lang``: the language of the sentences, *default* (``fr``, ``en``) where nothing says another."""
    return click.option(
        "--lang",
        "language",
        type=click.Choice(("fr", "en")),
        default=default,
        show_default=True,
        envvar=LANGUAGE,
        help="The language of the sentences.",
    )


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
