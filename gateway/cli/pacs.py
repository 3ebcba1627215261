"""``gateway pacs probe | measure``: what a PACS can do, and how fast it gives its images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.cli.options import house_of

if TYPE_CHECKING:
    from gateway.dicom.probing.measure import Measured
    from gateway.dicom.probing.traits import Trait

commands = options.Group(help="PACS: find out what one can do.")
_MARKS = {True: "yes", False: "NO ", None: "-  "}
name_argument = click.argument("name", help="NAME of the table pacs.NAME in the settings.")


@commands.command()
@name_argument
@options.config
@click.option("--study", default="", help="Study Instance UID to ask about; a recent study when left out.")
@options.as_json
def probe(
    name: str,
    config: Path,
    study: str,
    as_json: bool,
) -> None:
    """Ask a PACS what it can do, and propose its settings. Exit code 1 when it does not answer C-ECHO."""
    import json
    from datetime import datetime

    from gateway.dicom.probing.probe import Probe
    from gateway.dicom.probing.propose import proposed

    with house_of(config) as house:
        asked = Probe(house.pool(name).settings, house.spool, datetime.now().astimezone().date())
        asked.run(study)
    lines = proposed(asked.settings, asked.traits)
    if as_json:
        traits = [trait.as_json() for trait in asked.traits.values()]
        print(json.dumps({"pacs": name, "traits": traits, "proposed": list(lines)}, ensure_ascii=False))
    else:
        for trait in asked.traits.values():
            print(_line(trait))
        if lines:
            print(f"\n[pacs.{name}]", *lines, sep="\n")
    raise SystemExit(0 if lines else 1)


def _line(trait: Trait) -> str:
    took = "" if trait.took_ms is None else f"  {trait.took_ms:.0f} ms"
    return f"{_MARKS[trait.holds]}  {trait.name:<46} {trait.words}{took}"


@commands.command()
@name_argument
@click.option("--study", required=True, help="Study Instance UID.")
@options.config
@options.as_json
def measure(
    name: str,
    study: str,
    config: Path,
    as_json: bool,
) -> None:
    """Get a study by each way the PACS offers: first image, bytes, total time, throughput (DB.SO.102)."""
    import json

    from gateway.dicom.probing.measure import measure as get
    from gateway.errors import InputRejected

    with house_of(config) as house:
        settings = house.pool(name).settings
        exam = house.pacs[name].study(study)
        if exam is None:
            raise InputRejected("pacs_study_absent", pacs=name)
        rows = get(settings, exam, house.spool)
    if as_json:
        print(json.dumps({"pacs": name, "study": study, "ways": [row.as_json() for row in rows]}, ensure_ascii=False))
    else:
        for row in rows:
            print(_row(row))
    raise SystemExit(0 if any(row.instances for row in rows) else 1)


def _row(row: Measured) -> str:
    if row.total_s is None:
        from gateway.texts import sentence

        return f"{row.way:<18} {sentence(row.reason, {}, 'en') if row.reason else ''} ({row.reason})"
    first = "-" if row.first_image_ms is None else f"{row.first_image_ms:.1f} ms"
    return (
        f"{row.way:<18} {row.instances} instances, {row.size_bytes} bytes, first image {first}, "
        f"total {row.total_s:.3f} s, {row.megabytes_per_s} MB/s"
    )
