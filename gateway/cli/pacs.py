"""``gateway pacs probe | measure``: what a PACS can do, and how fast it gives its images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DEFAULT, AsJson, Config, house_of

if TYPE_CHECKING:
    from gateway.dicom.probing.measure import Measured
    from gateway.dicom.probing.traits import Trait

commands = typer.Typer(no_args_is_help=True, help="PACS: find out what one can do.")
_MARKS = {True: "yes", False: "NO ", None: "-  "}
Name = Annotated[str, typer.Argument(help="NAME of the table pacs.NAME in the settings.")]


@commands.command()
def probe(
    name: Name,
    config: Config = DEFAULT,
    study: Annotated[str, typer.Option(help="Study Instance UID to ask about; a recent study when left out.")] = "",
    as_json: AsJson = False,
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
    raise typer.Exit(0 if lines else 1)


def _line(trait: Trait) -> str:
    took = "" if trait.took_ms is None else f"  {trait.took_ms:.0f} ms"
    return f"{_MARKS[trait.holds]}  {trait.name:<46} {trait.words}{took}"


@commands.command()
def measure(
    name: Name,
    study: Annotated[str, typer.Option(help="Study Instance UID.")],
    config: Config = DEFAULT,
    as_json: AsJson = False,
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
    raise typer.Exit(0 if any(row.instances for row in rows) else 1)


def _row(row: Measured) -> str:
    if row.total_s is None:
        from gateway.texts import sentence

        return f"{row.way:<18} {sentence(row.reason, {}, 'en') if row.reason else ''} ({row.reason})"
    first = "-" if row.first_image_ms is None else f"{row.first_image_ms:.1f} ms"
    return (
        f"{row.way:<18} {row.instances} instances, {row.size_bytes} bytes, first image {first}, "
        f"total {row.total_s:.3f} s, {row.megabytes_per_s} MB/s"
    )
