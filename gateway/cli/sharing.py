"""``gateway search | share | replay``: what was shared, and what waits for a person."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gateway.cli.options import DEFAULT, AsJson, Config, house_of

commands = typer.Typer()


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
def share(
    config: Config = DEFAULT,
    state: Annotated[str, typer.Option(help="Only those that are waiting, frozen, sending, shared or held.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the shares and, where one waits or is held, why."""
    from gateway.texts import sentence

    with house_of(config) as house:
        rows = house.store.overviews(limit=limit, states=(state,) if state else ())
    told = [
        {
            "share": row.share.id,
            "state": row.share.state.value,
            "site": row.share.site,
            "destination": row.share.destination,
            "report_unique_id": row.report_unique_id,
            "accession_numbers": list(row.accession_numbers),
            "received_at": row.received_at.isoformat(),
            "reason": row.share.reason,
            "sentence": sentence(row.share.reason, row.share.facts, "en") if row.share.reason else "",
        }
        for row in rows
    ]
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        numbers = ", ".join(map(str, one["accession_numbers"]))
        print(f"{one['share']}  {one['state']:<8} {numbers:<18} {one['site']} -> {one['destination']}")
        if one["sentence"]:
            print(f"    {one['sentence']}")


@commands.command()
def replay(
    shares: Annotated[list[str], typer.Argument(help="Ids of held shares (gateway share --state held).")],
    config: Config = DEFAULT,
) -> None:
    """Take held shares up again, once what held them was put right."""
    import getpass

    with house_of(config) as house:
        for one in shares:
            print(f"{one}  {house.sharing.replay(one, f'command line ({getpass.getuser()})').state.value}")
