"""``gateway backup | restore | reconcile | retain``: keeping it well over the years."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.options import DEFAULT, AsJson, Config, Language, house_of

commands = typer.Typer()

Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file whose first line is the passphrase.", metavar="FILE")
]


class What(StrEnum):
    """What is erased of a report."""

    DOCUMENTS = "documents"
    EVERYTHING = "everything"


@commands.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder, or that of an earlier backup, which is brought up.")],
    config: Config = DEFAULT,
    passphrase_file: Passphrase = None,
    recipient: Annotated[
        Path | None,
        typer.Option(help="Seal it for the owner of this X25519 public key (PEM).", metavar="FILE"),
    ] = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Keep passwords, keys and the files that the settings name, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy store, documents and settings into FOLDER while the gateway works."""
    from gateway.care.backup import Wishes, back_up

    wishes = Wishes(
        passphrase=passphrase_file,
        recipient=recipient,
        with_secrets=with_secrets,
        told=(lambda _: None) if as_json else (lambda what: print(f"  {what}", file=sys.stderr)),
    )
    with house_of(config) as house:
        made = back_up(house, config, folder, wishes)
    told: dict[str, Any] = {
        "backup": made.id,
        "revision": made.revision,
        "rows": made.rows,
        "documents": made.documents,
        "documents_new": made.documents_new,
        "missing": list(made.missing),
        "sealed": made.sealed,
    }
    if as_json:
        print(json.dumps(told))
    else:
        how = "sealed" if made.sealed else "NOT sealed: whoever has this folder reads every patient"
        print(f"{made.rows} rows, {made.documents} documents ({made.documents_new} new), {how}")
        for digest in made.missing:
            print(f"missing or damaged: {digest}")
    raise typer.Exit(1 if made.missing else 0)


@commands.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    config: Config = DEFAULT,
    passphrase_file: Passphrase = None,
    identity: Annotated[
        Path | None, typer.Option(help="The X25519 private key (PEM) of the recipient.", metavar="FILE")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Read and compare everything; restore nothing.")] = False,
    go_on: Annotated[
        bool,
        typer.Option(
            "--go-on", help="Nothing left after the backup: what was waiting goes on without a person looking at it."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup into the empty store and folder that the settings name (SQLite or PostgreSQL).

    Settings that are not there yet are written from the backup. A restore that was broken off is started again.
    """
    from gateway.care.restore import Backup, verify, write_settings
    from gateway.care.restore import restore as bring

    opened = Backup(folder, passphrase_file, identity)
    if check:
        documents = verify(opened)
        told: dict[str, Any] = {"backup": opened.id, "documents": documents, "whole": True}
        print(json.dumps(told) if as_json else f"whole: {documents} documents, {len(opened.tables)} tables")
        return
    if not config.exists() and write_settings(opened, config):
        print(f"{config} was written; put the password of the database into it, then restore again.", file=sys.stderr)
        raise typer.Exit(2)
    with house_of(config) as house:
        done = bring(house, opened, go_on=go_on)
    told = {
        "backup": done.id,
        "taken_at": done.taken_at,
        "rows": done.rows,
        "documents": done.documents,
        "missing": list(done.missing),
        "held": done.held,
        "restored_before": done.again,
    }
    if as_json:
        print(json.dumps(told))
    elif done.again:
        print("This backup was restored before; nothing was done.")
    else:
        print(f"{done.rows} rows and {done.documents} documents of {done.taken_at}")
        if done.held:
            print(f"{done.held} shares are held because they may have left since: gateway reconcile, then replay them.")
        for digest in done.missing:
            print(f"missing in the backup: {digest}")


@commands.command()
def reconcile(
    config: Config = DEFAULT,
    per_minute: Annotated[float, typer.Option(min=1, help="Questions to registry and PACS a minute, at most.")] = 600,
    images: Annotated[bool, typer.Option(help="Compare the images in the PACS too.")] = True,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Compare PACS, store and registry for every share, and tell every difference. Nothing is changed.

    Ends with 0 when there is none, 1 when there are some.
    """
    from gateway.care.reconcile import Reconciliation

    count = 0
    with house_of(config) as house:
        comparison = Reconciliation(house, per_minute=per_minute, images=images)
        found = []
        for one in comparison.differences():
            count += 1
            if as_json:
                found.append(one.as_json())
            else:
                print(f"{one.share}  {one.as_json()['sentence'][language]}")
    looked = comparison.looked.as_json()
    if as_json:
        print(json.dumps({"differences": found, "compared": looked}, ensure_ascii=False))
    else:
        print(f"{count} differences; compared: " + ", ".join(f"{n} {name}" for name, n in looked.items()))
    raise typer.Exit(1 if count else 0)


@commands.command()
def retain(
    config: Config = DEFAULT,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased, and erase nothing.")] = False,
    report: Annotated[str, typer.Option(help="Erase this report now, whatever its age.")] = "",
    erase: Annotated[What | None, typer.Option(help="With --report; else as the table retention says.")] = None,
    reason: Annotated[str, typer.Option(help="With --report: why, for the audit trail.")] = "",
    as_json: AsJson = False,
) -> None:
    """Erase what the settings' table retention does not keep, or one report. What is held never goes.

    The workers do it every day by themselves.
    """
    import getpass

    from gateway.care.retention import by_hand, by_rule

    if report and not reason:
        raise typer.BadParameter("--report needs a --reason")
    with house_of(config) as house:
        if report:
            actor = f"command line ({getpass.getuser()})"
            what = erase.value if erase else house.settings.retention.erase
            erased = [by_hand(house, report, what, actor, reason, dry_run=dry_run)]
        else:
            erased = list(by_rule(house, dry_run=dry_run))
    if as_json:
        told = [
            {"report": one.report_id, "site": one.site, "unique_id": one.unique_id, "documents": one.documents}
            for one in erased
        ]
        print(json.dumps({"erased": told, "dry_run": dry_run}))
        return
    for one in erased:
        print(f"{one.report_id}  {one.unique_id}  {one.documents} documents")
    print(f"{len(erased)} reports {'would be ' if dry_run else ''}erased")
