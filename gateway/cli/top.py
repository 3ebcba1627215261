"""``gateway top``: the day at a glance, in the terminal, renewed every few seconds."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.cli.options import house_of
from gateway.cli.share_list import zone_of
from gateway.texts.plain import shown

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.console import RenderableType

    from gateway.model.overview import Picture
    from gateway.wiring.house import House

commands = click.Group()
_BARS = " ▁▂▃▄▅▆▇█"
_STYLES = {
    "held": "bold red",
    "waiting": "yellow",
    "frozen": "cyan",
    "sending": "cyan",
    "superseded": "dim",
    "withdrawn": "dim",
    "abandoned": "dim",
}


@commands.command()
@options.config
@click.option("--once", is_flag=True, help="Once, not again and again.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(min=0.5),
    default=2.0,
    show_default=True,
    help="Seconds between two looks.",
)
@options.as_json
@options.language("en")
def top(
    config: Path,
    once: bool,
    every_s: float,
    as_json: bool,
    language: str,
) -> None:
    """Show the day: shares by state, throughput and delay, what is held and why, who does not answer."""
    with house_of(config) as house:
        zone = zone_of(house)
        if as_json:
            print(json.dumps(as_values(_picture(house, zone), language), ensure_ascii=False))
            return
        from rich.console import Console
        from rich.live import Live

        console = Console()
        if once or not console.is_terminal:
            console.print(_drawn(_picture(house, zone), zone, language))
            return
        try:
            with Live(
                _drawn(_picture(house, zone), zone, language), console=console, screen=True, auto_refresh=False
            ) as live:
                while True:
                    time.sleep(every_s)
                    live.update(_drawn(_picture(house, zone), zone, language), refresh=True)
        except KeyboardInterrupt:
            return


def as_values(picture: Picture, language: str) -> dict[str, object]:
    """The picture as JSON values; no accession number and nothing of a patient is in it."""
    from gateway.texts.runbook import what_to_do

    return {
        "at": picture.at.isoformat(),
        "since": picture.since.isoformat(),
        "states": picture.states,
        "received_today": picture.received,
        "shared_today": picture.shared,
        "median_s": picture.median_s,
        "p90_s": picture.slowest_s,
        "intervals": [
            {
                "start": each.start.isoformat(),
                "received": each.received,
                "shared": each.shared,
                "median_s": each.median_s,
            }
            for each in picture.intervals
        ],
        "held": [
            {"reason": each.reason, "shares": each.count, "what_to_do": what_to_do(each.reason, language)}
            for each in picture.held
        ],
        "not_answering": [
            {
                "peer": "pacs" if each.is_pacs else "destination",
                "site": each.site,
                "destination": each.destination,
                "reason": each.reason,
                "shares": each.count,
                "last_at": each.last_at.isoformat(),
            }
            for each in picture.troubles
        ],
    }


def _picture(house: House, zone: ZoneInfo) -> Picture:
    now = house.clock.now()
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return house.overview.picture(midnight, now)


def _drawn(picture: Picture, zone: ZoneInfo, language: str) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    head = Text.assemble(
        ("gateway top", "bold"),
        f"  {picture.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        f"   received today {picture.received}, shared {picture.shared}",
        f", median {_delay(picture.median_s)}, nine in ten under {_delay(picture.slowest_s)}",
    )
    states = Text("  ").join(
        Text.assemble((f" {count} ", _STYLES[state] if count else "dim"), (state, "" if count else "dim"))
        for state, count in picture.states.items()
        if state in _STYLES
    )
    return Group(
        head,
        Text(),
        states,
        Text(),
        *_plot(picture, zone),
        Text(),
        _held(picture, language),
        _peers(picture, zone, language),
    )


def _plot(picture: Picture, zone: ZoneInfo) -> list[RenderableType]:
    from rich.text import Text

    most = max((max(each.received, each.shared) for each in picture.intervals), default=0) or 1
    longest = max((each.median_s or 0 for each in picture.intervals), default=0) or 1

    def line(name: str, values: list[float], of: float, style: str, top: str) -> Text:
        bars = "".join(_BARS[0 if value <= 0 else max(1, round(value / of * 8))] for value in values)
        return Text.assemble((f"{name:<9}", "dim"), (f"{bars:<48}", style), (f" {top}", "dim"))

    return [
        line(
            "received", [each.received for each in picture.intervals], most, "white", f"highest {most} in half an hour"
        ),
        line("shared", [each.shared for each in picture.intervals], most, "green", ""),
        line(
            "delay", [each.median_s or 0 for each in picture.intervals], longest, "blue", f"longest {_delay(longest)}"
        ),
        Text(f"{'':<9}" + "".join(f"{hour:<6}" for hour in range(0, 24, 3)), style="dim"),
    ]


def _held(picture: Picture, language: str) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from gateway.texts.runbook import what_to_do

    if not picture.held:
        return Text("Nothing waits for a person.", style="green")
    table = Table(box=box.SIMPLE, title="Held", title_justify="left", title_style="bold red", expand=True)
    table.add_column("", justify="right")
    table.add_column("Reason", overflow="fold")
    table.add_column("What to do", overflow="fold")
    table.add_column("Newest share", no_wrap=True)
    for each in picture.held:
        advice = what_to_do(each.reason, language)
        table.add_row(str(each.count), Text(each.reason), Text(advice), Text(each.newest.share.id))
    return table


def _peers(picture: Picture, zone: ZoneInfo, language: str) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from gateway.texts import sentence

    if not picture.troubles:
        return Text("Everyone answers.", style="green")
    table = Table(box=box.SIMPLE, title="Not answering", title_justify="left", title_style="bold yellow", expand=True)
    for column in ("Who", "Shares", "Last try", "Why"):
        table.add_column(column, overflow="fold")
    for each in picture.troubles:
        who = f"PACS of {each.site}" if each.is_pacs else f"{each.destination} (from {each.site})"
        table.add_row(
            Text(who),
            str(each.count),
            f"{each.last_at.astimezone(zone):%H:%M:%S}",
            Text(shown(sentence(each.reason, each.facts, language))),
        )
    return table


def _delay(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
