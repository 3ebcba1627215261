"""``gateway backup | restore | reconcile | retain``: keeping it well over the years."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from gateway.cli import options
from gateway.cli.options import house_of

commands = click.Group()

passphrase_file_option = click.option(
    "--passphrase-file", type=options.PATH, metavar="FILE", help="A file whose first line is the passphrase."
)


@commands.command()
@click.argument("folder", type=options.PATH, help="A new folder, or that of an earlier backup, which is brought up.")
@options.config
@passphrase_file_option
@click.option(
    "--recipient", type=options.PATH, metavar="FILE", help="Seal it for the owner of this X25519 public key (PEM)."
)
@click.option("--with-secrets", is_flag=True, help="Keep passwords, keys and the files that the settings name, too.")
@options.as_json
def backup(
    folder: Path,
    config: Path,
    passphrase_file: Path | None,
    recipient: Path | None,
    with_secrets: bool,
    as_json: bool,
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
    raise SystemExit(1 if made.missing else 0)


@commands.command()
@click.argument("folder", type=options.PATH, help="The folder of a backup.")
@options.config
@passphrase_file_option
@click.option("--identity", type=options.PATH, metavar="FILE", help="The X25519 private key (PEM) of the recipient.")
@click.option("--check", is_flag=True, help="Read and compare everything; restore nothing.")
@click.option(
    "--go-on",
    is_flag=True,
    help="Nothing left after the backup: what was waiting goes on without a person looking at it.",
)
@options.as_json
def restore(
    folder: Path,
    config: Path,
    passphrase_file: Path | None,
    identity: Path | None,
    check: bool,
    go_on: bool,
    as_json: bool,
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
        raise SystemExit(2)
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
@options.config
@click.option(
    "--per-minute",
    type=click.FloatRange(min=1),
    default=600,
    show_default=True,
    help="Questions to registry and PACS a minute, at most.",
)
@click.option("--images/--no-images", default=True, show_default=True, help="Compare the images in the PACS too.")
@options.language("en")
@options.as_json
def reconcile(
    config: Path,
    per_minute: float,
    images: bool,
    language: str,
    as_json: bool,
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
    raise SystemExit(1 if count else 0)


@commands.command()
@options.config
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@click.option("--report", default="", help="Erase this report now, whatever its age.")
@click.option(
    "--erase", type=click.Choice(("documents", "everything")), help="With --report; else as retention.erase says."
)
@click.option("--reason", default="", help="With --report: why, for the audit trail.")
@options.as_json
def retain(
    config: Path,
    dry_run: bool,
    report: str,
    erase: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """Erase what the settings' table retention does not keep, or one report. What is held never goes.

    The workers do it every day by themselves.
    """
    import getpass

    from gateway.care.retention import by_hand, by_rule

    if report and not reason:
        raise click.BadParameter("--report needs a --reason")
    with house_of(config) as house:
        if report:
            actor = f"command line ({getpass.getuser()})"
            what = erase or house.settings.retention.erase
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
