"""``gateway xds update|withdraw``: what is registered, changed by a person (ITI-57)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.cli.xds_common import client_of, code_of, destination, record, registered, site, submitter_of
from gateway.cli.xds_show import REFUSED, dumped, peer_failures, print_errors, refusals

if TYPE_CHECKING:
    from gateway.model.document import DocumentEntry

commands = click.Group()

yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")

_ACCEPTED: Mapping[bool | None, tuple[str, str]] = {
    True: ("modifié", "changed"),
    False: ("refusé", "refused"),
    None: ("inchangé : la demande est refusée en entier", "unchanged: the request is refused as a whole"),
}


@commands.command()
@click.argument("unique_id", help="Unique id of the document.")
@options.config
@destination
@site
@click.option("--title", help="The new title.")
@click.option("--comments", help="The new comment.")
@click.option("--confidentiality", multiple=True, help="CODE^^SYSTEM^^LABEL; all of them, repeated.")
@click.option("--event", "events", multiple=True, help="eventCodeList, CODE^^SYSTEM^^LABEL; all, repeated.")
@click.option("--type", "type_code", default="", help="typeCode, CODE^^SYSTEM^^LABEL.")
@click.option("--class", "class_code", default="", help="classCode, CODE^^SYSTEM^^LABEL.")
@click.option("--restricted", is_flag=True, help="As ITI-92 (Restricted Metadata Update) instead of ITI-57.")
@yes_option
@options.language("fr")
@options.as_json
def update(
    unique_id: str,
    config: Path,
    destination: str,
    site: str,
    title: str | None,
    comments: str | None,
    confidentiality: tuple[str, ...],
    events: tuple[str, ...],
    type_code: str,
    class_code: str,
    restricted: bool,
    yes: bool,
    language: str,
    as_json: bool,
) -> None:
    """Change the metadata of a document that is registered (ITI-57, or ITI-92); its content stays.

    The entry is asked for first, and becomes a new version with the values given here. What became of each attribute
    is told. Ends with 1 when the registry refuses.
    """

    from gateway.errors import InputRejected
    from gateway.xds import updates
    from gateway.xds.answers import RegistryRefused, attribute_statuses

    changes: dict[str, object] = {}
    if title is not None:
        changes["title"] = title
    if comments is not None:
        changes["comments"] = comments
    if confidentiality:
        changes["confidentiality_codes"] = tuple(code_of("--confidentiality", one) for one in confidentiality)
    if events:
        changes["event_codes"] = tuple(code_of("--event", one) for one in events)
    for name, given in (("type_code", type_code), ("class_code", class_code)):
        if given:
            changes[name] = code_of("--type" if name == "type_code" else "--class", given)
    if not changes:
        raise InputRejected("xds_option", option="--title, --comments, --confidentiality", words="nothing to change")

    def change(old: DocumentEntry) -> DocumentEntry:
        return replace(old, **changes)  # type: ignore[arg-type]

    with client_of(config, destination) as (house, client):
        submitter = submitter_of(house, client, site)
        with refusals(language, as_json=as_json, objects=[unique_id]):
            entries = registered(client, [unique_id])
        old = entries[unique_id]
        stated = updates.changed_attributes(old, change(old))
        _confirm(entries, f"Change {', '.join(stated) or 'nothing'}?", yes=yes or not stated)
        refused: Sequence[object] = ()
        try:
            with peer_failures(language, as_json=as_json):
                client.update(unique_id, change, submitter, datetime.now(UTC), restricted=restricted)
            statuses = attribute_statuses(stated, [])
        except RegistryRefused as refusal:
            refused = refusal.errors
            statuses = attribute_statuses(stated, refusal.errors)
            if not as_json:
                print_errors(refusal.errors, [unique_id], language)
        record(house, "xds.updated", old.patient_id, unique_id, failed=bool(refused))
    if as_json:
        attributes = [
            {"attribute": one.attribute, "accepted": one.accepted, "errors": [e.as_json(language) for e in one.errors]}
            for one in statuses
        ]
        print(dumped({"unique_id": unique_id, "updated": bool(stated) and not refused, "attributes": attributes}))
    else:
        for one in statuses:
            print(f"{one.attribute}: {_ACCEPTED[one.accepted][language == 'en']}")
    if refused:
        raise SystemExit(REFUSED)


@commands.command()
@click.argument("unique_ids", nargs=-1, required=True, metavar="UNIQUE_ID...", help="Unique ids of documents.")
@options.config
@destination
@site
@click.option(
    "--status",
    type=click.Choice(("deprecated", "deleted", "approved")),
    help="deleted for a DMP and deprecated elsewhere by default; approved takes it back.",
)
@yes_option
@options.language("fr")
@options.as_json
def withdraw(
    unique_ids: tuple[str, ...],
    config: Path,
    destination: str,
    site: str,
    status: str | None,
    yes: bool,
    language: str,
    as_json: bool,
) -> None:
    """Withdraw documents: they stay registered, out of sight (ITI-57, TD3.3c of the DMP).

    The entries are asked for first and shown. Documents that have the status already are left alone. Ends with 1 when
    the registry refuses.
    """
    from gateway.model import document as model

    wanted = model.Status[status.upper()] if status else None
    with client_of(config, destination) as (house, client):
        submitter = submitter_of(house, client, site)
        with refusals(language, as_json=as_json, objects=unique_ids):
            entries = registered(client, unique_ids)
            _confirm(entries, f"Withdraw {len(entries)} document(s)?", yes=yes)
            done = client.withdraw(unique_ids, submitter, datetime.now(UTC), status=wanted)
        for entry in done:
            record(house, "xds.withdrawn", entry.patient_id, entry.unique_id)
    changed = [entry.unique_id for entry in done]
    if as_json:
        print(dumped({"withdrawn": changed, "unchanged": [one for one in unique_ids if one not in changed]}))
        return
    for one in unique_ids:
        print(f"{one}: {'done' if one in changed else 'has that status already'}")


def _confirm(entries: Mapping[str, DocumentEntry], question: str, *, yes: bool) -> None:
    """Show *entries* and ask on standard error, so that what is printed stays what was asked for."""
    if yes:
        return
    for entry in entries.values():
        status = entry.status.rpartition(":")[2]
        click.echo(
            f"{entry.unique_id}  {entry.title or entry.type_code.display}  {entry.creation_time}  {status}", err=True
        )
    click.confirm(question, abort=True, err=True)
