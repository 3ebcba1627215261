"""The plot of the day as rectangles for an inline SVG: drawn by the server, read without a script.

The drawing is stretched to its box, so words stand beside it in HTML, at their own size on a phone too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.model.overview import Interval, Picture

WIDTH = 960
HEIGHT = 120
_GAP = 0.14
"""Of an interval's width, left free on each side."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Plot:
    """The day: what came in, what was registered, how long it took."""

    received: tuple[Bar, ...]
    shared: tuple[Bar, ...]
    delays: tuple[Bar, ...]
    most: int
    """The number that the full height of the first drawing stands for."""
    longest_s: float
    """The delay that the full height of the second stands for."""
    now: float
    """Where the present stands."""
    hours: tuple[int, ...]
    """For the axis, evenly apart."""
    table: tuple[Interval, ...]
    """The same in numbers, without the intervals in which nothing happened."""
    width: int = WIDTH
    height: int = HEIGHT


def begin_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """Midnight before *now*, in the site's time."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def plot(picture: Picture, zone: ZoneInfo) -> Plot:
    """The plot of *picture*, whose ``since`` is the beginning of a day."""
    since = begin_of_day(picture.since, zone)
    # A day of a change of clocks has 23 or 25 hours.
    end = (since + timedelta(days=1)).replace(tzinfo=None).replace(tzinfo=zone)
    day_s = end.timestamp() - since.timestamp()
    most = _round(max((max(each.received, each.shared) for each in picture.intervals), default=0))
    longest = max((each.median_s or 0 for each in picture.intervals), default=0.0)
    top = max(longest * 1.1, 60.0)
    begin, step = since.timestamp(), WIDTH * 1800 / day_s

    def bars(values: list[float], of: float, half: int = 0, halves: int = 1) -> tuple[Bar, ...]:
        width = step * (1 - 2 * _GAP) / halves
        return tuple(
            Bar(
                x=round((each.start.timestamp() - begin) / day_s * WIDTH + step * _GAP + half * width, 1),
                y=round(HEIGHT * (1 - value / of), 1),
                width=round(width, 1),
                height=round(HEIGHT * value / of, 1),
            )
            for each, value in zip(picture.intervals, values, strict=True)
            if value > 0
        )

    return Plot(
        received=bars([each.received for each in picture.intervals], most, 0, 2),
        shared=bars([each.shared for each in picture.intervals], most, 1, 2),
        delays=bars([each.median_s or 0.0 for each in picture.intervals], top),
        most=most,
        longest_s=top,
        now=round(min(1.0, (picture.at.timestamp() - begin) / day_s) * WIDTH, 1),
        hours=(0, 3, 6, 9, 12, 15, 18, 21, 24),
        table=tuple(each for each in picture.intervals if each.received or each.shared),
    )


def _round(most: int) -> int:
    """The next number that is easy to halve: 2, 4, 10, 20, 40, 100 …"""
    unit = 1
    while most > 10 * unit:
        unit *= 10
    return next(digit * unit for digit in (2, 4, 10) if most <= digit * unit)
