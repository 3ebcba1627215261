"""``scripts/bench [NAME] [--json]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from tests.bench import (
    ack,
    console,
    find,
    first_image,
    hl7,
    hl7_idle,
    hl7_intake,
    images,
    kos,
    life,
    registry,
    report,
    share,
    viewer,
)
from tests.bench.rows import Row

BENCHES: dict[str, Callable[[], list[Row]]] = {
    "share": share.run,
    "find": find.run,
    "kos": kos.run,
    "ack": ack.run,
    "hl7": lambda: hl7.run() + hl7_intake.run() + hl7_idle.run(),
    "report": report.run,
    "first-image": first_image.run,
    "images": images.run,
    "viewer": viewer.run,
    "registry": registry.run,
    "life": life.run,
    "restart": life.restart,
    "outage": life.outage,
    "hosts": life.hosts,
    "console": console.run,
}
_PARTS = frozenset({"restart", "outage", "hosts"})
"""Of ``life``, which runs them all."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Ratios, each side measured in this run.")
    parser.add_argument("name", nargs="?", choices=BENCHES, help="one of them; all when left out")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    arguments = parser.parse_args()
    rows: list[Row] = []
    for name, bench in BENCHES.items():
        if name == arguments.name or (arguments.name is None and name not in _PARTS):
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            rows += bench()
    if arguments.json:
        for row in rows:
            print(json.dumps(row.as_json(), ensure_ascii=False))
    else:
        _print(rows)
    return 0 if all(row.met for row in rows) else 1


def _print(rows: list[Row]) -> None:
    table = Table()
    for column in ("Row", "What", "Ours", "Against", "Ratio", "Goal", ""):
        table.add_column(column)
    for row in rows:
        table.add_row(
            row.row,
            row.what,
            f"{row.ours:.1f} {row.unit}",
            "" if row.against is None else f"{row.against:.1f} {row.unit}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.goal,
            "met" if row.met else "[red]missed[/]",
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    sys.exit(main())
