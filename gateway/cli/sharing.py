"""``gateway search | replay``, and the group ``gateway share``: what was shared, and what waits for a person."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gateway.cli import share_act, share_list, share_show
from gateway.cli.options import DEFAULT, AsJson, Config, Language, house_of

commands = typer.Typer()
share = typer.Typer(help="Shares: list them, look at one, take it up again, give it up, withdraw it.")
share.callback(invoke_without_command=True)(share_list.every)
share.command("list")(share_list.listed)
share.command("show")(share_show.show)
share.command("replay")(share_act.replay)
share.command("abandon")(share_act.abandon)
share.command("withdraw")(share_act.withdraw)
share.command("correct")(share_act.correct)
share.command("identity")(share_act.identity)
commands.add_typer(share, name="share")


@commands.command()
def search(
    accession: Annotated[str, typer.Option("--accession", help="The accession number.")],
    config: Config = DEFAULT,
    site: Annotated[str, typer.Option(help="The site, when there are several.")] = "",
    issuer: Annotated[str, typer.Option(help="OID that issued the accession number; the site's by default.")] = "",
    patient: Annotated[str, typer.Option(help="The patient as CX, for an examination not shared from here.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask the registry for the documents of an examination (ITI-18 FindDocumentsByReferenceId)."""
    from gateway.search import search as ask

    with house_of(config) as house:
        found = ask(house, accession, site=site, issuer=issuer, patient=patient)
    if as_json:
        print(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for one in found:
        table = Table(title=f"{one.destination}: {len(one.documents)} documents under {one.accession}")
        for column in ("Document", "Type", "Format", "Created", "Bytes", "SHA-1"):
            table.add_column(column, overflow="fold")
        for entry in one.documents:
            table.add_row(
                entry.unique_id,
                f"{entry.type_code.code} {entry.mime_type}",
                entry.format_code.code,
                entry.creation_time,
                str(entry.size or ""),
                entry.hash,
            )
        console.print(table)
        for link in one.links:
            console.print(f"Link: {link}", soft_wrap=True)


@commands.command()
def replay(shares: share_act.Shares, config: Config = DEFAULT, as_json: AsJson = False, lang: Language = "en") -> None:
    """Take held shares up again, once what held them was put right (gateway share replay)."""
    share_act.replay(shares, config=config, as_json=as_json, lang=lang)
