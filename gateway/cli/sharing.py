"""``gateway search | replay``, and the group ``gateway share``: what was shared, and what waits for a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options, share_act, share_list, share_show
from gateway.cli.options import house_of
from gateway.texts.plain import shown

if TYPE_CHECKING:
    from rich.console import Console

    from gateway.model.document import DocumentEntry

_COLUMNS = ("Document", "Type", "Format", "Created", "Bytes", "SHA-1")
_TABLE_COLUMNS = 150
"""Of the terminal: in a narrower one, identifiers of sixty characters would be folded letter by letter."""

commands = click.Group()
commands.add_command(share_list.share)
for _command in (
    share_show.show,
    share_act.replay,
    share_act.abandon,
    share_act.withdraw,
    share_act.correct,
    share_act.identity,
):
    share_list.share.add_command(_command)
commands.add_command(share_act.replay)


@commands.command()
@click.option("--accession", required=True, help="The accession number.")
@options.config
@click.option("--site", default="", help="The site, when there are several.")
@click.option("--issuer", default="", help="OID that issued the accession number; the site's by default.")
@click.option("--patient", default="", help="The patient as CX, for an examination not shared from here.")
@options.as_json
def search(
    accession: str,
    config: Path,
    site: str,
    issuer: str,
    patient: str,
    as_json: bool,
) -> None:
    """Ask the registry for the documents of an examination (ITI-18 FindDocumentsByReferenceId)."""
    from gateway.search import search as ask

    with house_of(config) as house:
        found = ask(house, accession, site=site, issuer=issuer, patient=patient)
    if as_json:
        print(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return
    from rich.console import Console

    console = Console()
    for one in found:
        console.print(f"{one.destination}: {len(one.documents)} documents under {one.accession}", highlight=False)
        rows = [tuple(map(shown, _row(entry))) for entry in one.documents]
        _table(console, rows) if console.width >= _TABLE_COLUMNS else _blocks(console, rows)
        for link in one.links:
            console.print(f"Link: {link}", soft_wrap=True)


def _row(entry: DocumentEntry) -> tuple[str, ...]:
    """What :data:`_COLUMNS` say of a document."""
    return (
        entry.unique_id,
        f"{entry.type_code.code} {entry.mime_type}",
        entry.format_code.code,
        entry.creation_time,
        str(entry.size or ""),
        entry.hash,
    )


def _table(console: Console, rows: Sequence[tuple[str, ...]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in _COLUMNS:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _blocks(console: Console, rows: Sequence[tuple[str, ...]]) -> None:
    """A line for each value, whole: identifiers are there to be copied."""
    for row in rows:
        console.print()
        for column, value in zip(_COLUMNS, row, strict=True):
            console.print(f"  {column:<9} {value}", soft_wrap=True, markup=False, highlight=False)
    console.print()
