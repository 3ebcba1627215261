"""``gateway study look | lost | rejections``: published studies whose images change."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli import options
from gateway.cli.options import house_of

commands = options.Group(help="Published studies: look at them again, what was lost or rejected.")
study_argument = click.argument("study", help="Study Instance UID.")


@commands.command()
@study_argument
@options.config
def look(study: str, config: Path) -> None:
    """Say that the images of a study changed: it is looked at now, and what is gone counts as gone on purpose.

    Exit code 1 for a study that is not published and that no report waits for.
    """
    with house_of(config) as house:
        found = house.life.images_changed([study])
    if not found:
        print("not published here; a report that waits for it looks now")
    raise SystemExit(0 if found else 1)


@commands.command()
@options.config
@options.as_json
@click.option("--limit", type=int, default=1000)
def lost(config: Path, as_json: bool, limit: int) -> None:
    """Studies of which a PACS no longer has what was published, though nobody said why."""
    import json

    with house_of(config) as house:
        found = house.life.watches.lost(limit=limit)
    rows = [{"site": one.site, "study": one.study_uid, **one.lost} for one in found]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['at']}  {row['lost']:>6} of {row['of']:<6} {row['site']:<16} {row['study']}")


@commands.command()
@study_argument
@click.option(
    "--take-back", default="", metavar="INSTANCE", help="SOP Instance UID of a note: it rejects nothing any more."
)
@options.config
@options.as_json
def rejections(
    study: str,
    take_back: str,
    config: Path,
    as_json: bool,
) -> None:
    """The rejection notes that were received for a study. Exit code 1 for a note to take back that is not there."""
    import getpass
    import json

    with house_of(config) as house:
        if take_back:
            gone = house.life.received.take_back(
                study, take_back, actor=f"command line ({getpass.getuser()})", now=house.clock.now()
            )
            raise SystemExit(0 if gone else 1)
        found = house.life.received.rejections(study)
    rows = [{"instance": one.sop_instance_uid, "title": one.title.code, "rejects": sorted(one.marked)} for one in found]
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['title']}  {len(row['rejects']):>6} instances  {row['instance']}")
