"""``gateway study look | lost | rejections``: published studies whose images change."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.options import DEFAULT, AsJson, Config, house_of

commands = typer.Typer(no_args_is_help=True, help="Published studies: look at them again, what was lost or rejected.")
Study = Annotated[str, typer.Argument(help="Study Instance UID.")]


@commands.command()
def look(study: Study, config: Config = DEFAULT) -> None:
    """Say that the images of a study changed: it is looked at now, and what is gone counts as gone on purpose.

    Exit code 1 for a study that is not published and that no report waits for.
    """
    with house_of(config) as house:
        found = house.life.images_changed([study])
    if not found:
        print("not published here; a report that waits for it looks now")
    raise typer.Exit(0 if found else 1)


@commands.command()
def lost(config: Config = DEFAULT, as_json: AsJson = False, limit: Annotated[int, typer.Option()] = 1000) -> None:
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
def rejections(
    study: Study,
    take_back: Annotated[
        str, typer.Option(help="SOP Instance UID of a note: it rejects nothing any more.", metavar="INSTANCE")
    ] = "",
    config: Config = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """The rejection notes that were received for a study. Exit code 1 for a note to take back that is not there."""
    import getpass
    import json

    with house_of(config) as house:
        if take_back:
            gone = house.life.received.take_back(
                study, take_back, actor=f"command line ({getpass.getuser()})", now=house.clock.now()
            )
            raise typer.Exit(0 if gone else 1)
        found = house.life.received.rejections(study)
    rows = [{"instance": one.sop_instance_uid, "title": one.title.code, "rejects": sorted(one.marked)} for one in found]
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['title']}  {len(row['rejects']):>6} instances  {row['instance']}")
