"""The ``gateway`` command."""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway import __version__, log
from gateway.errors import GatewayError
from gateway.texts import sentence

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An imaging-sharing gateway: reports and image manifests to a document registry, images to who may see them.",
)
Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.", envvar="GATEWAY_CONFIG")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT = Path("config/gateway.toml")
_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "wrong": "[red]wrong[/]"}


@app.command()
def serve(config: Config = DEFAULT) -> None:
    """Run the gateway: the web, the intake and the work."""
    from gateway.serve import serve as run

    raise typer.Exit(run(config))


@app.command()
def work(config: Config = DEFAULT) -> None:
    """Run the work alone, beside a gateway on another machine (PostgreSQL)."""
    from gateway.serve import serve as run

    raise typer.Exit(run(config, roles=("work",)))


@app.command()
def registry(config: Config = DEFAULT) -> None:
    """Run the document registry and repository that ships with the gateway."""
    from gateway.serve import serve_registry

    raise typer.Exit(serve_registry(config))


@app.command()
def check(config: Config = DEFAULT, as_json: AsJson = False) -> None:
    """Say in one screen what is wrong: settings, doors, store, PACS, registry, login, certificates."""
    from gateway.check import check as look

    findings = look(config)
    if as_json:
        print(json.dumps([finding.as_json() for finding in findings], ensure_ascii=False))
    else:
        table = Table(box=None, show_header=False, pad_edge=False)
        for finding in findings:
            table.add_row(_MARKS[finding.state], finding.subject, finding.words)
        Console().print(table)
    raise typer.Exit(1 if any(finding.state == "wrong" for finding in findings) else 0)


@app.command()
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
    from gateway.settings import load
    from gateway.wiring import House

    house = House(load(config))
    try:
        found = ask(house, accession, site=site, issuer=issuer, patient=patient)
    finally:
        house.close()
    if as_json:
        print(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return
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


@app.command()
def share(
    config: Config = DEFAULT,
    state: Annotated[str, typer.Option(help="Only those that are waiting, frozen, sending, shared or held.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the shares and, where one waits or is held, why."""
    from gateway.settings import load
    from gateway.wiring import House

    house = House(load(config))
    try:
        rows = house.store.overviews(limit=limit, states=(state,) if state else ())
    finally:
        house.close()
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


@app.command()
def replay(
    shares: Annotated[list[str], typer.Argument(help="Ids of held shares (gateway share --state held).")],
    config: Config = DEFAULT,
) -> None:
    """Take held shares up again, once what held them was put right."""
    import getpass

    from gateway.settings import load
    from gateway.wiring import House

    house = House(load(config))
    try:
        for one in shares:
            print(f"{one}  {house.sharing.replay(one, f'command line ({getpass.getuser()})').state.value}")
    finally:
        house.close()


@app.command()
def key() -> None:
    """Make a key for the HTTP intake, and the line of the settings that lets it in."""
    made = secrets.token_urlsafe(32)
    print(f"Key, for the sending system (it is shown this once):\n  {made}")
    print(f'Line for its [[intake.key]] table:\n  sha256 = "{hashlib.sha256(made.encode()).hexdigest()}"')


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Run the main job, follow the link, stop.")] = False,
    as_json: AsJson = False,
    keep: Annotated[Path | None, typer.Option(help="Keep documents, the request on the wire and ACKs here.")] = None,
    pacs: Annotated[str, typer.Option(help="AET@HOST:PORT of a PACS to use instead of the demo's.")] = "",
    registry: Annotated[str, typer.Option(help="ITI-18 address of a registry to use instead of the demo's.")] = "",
    repository: Annotated[str, typer.Option(help="ITI-41 and ITI-43 address of that registry's repository.")] = "",
    slices: Annotated[int, typer.Option(min=1, max=200, help="Images of each series of the sample CT.")] = 120,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Ports and delays of the demo.")] = None,
) -> None:
    """Run the main job on this machine: a report comes in, a clinician sees the images."""
    from gateway.demo.run import Wishes, run

    wishes = Wishes(
        once=once,
        as_json=as_json,
        keep=keep,
        pacs=pacs,
        registry=registry,
        repository=repository,
        slices=slices,
        config=config,
    )
    raise typer.Exit(run(wishes))


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Entry point: a failure that has a name is one line on standard error, never a traceback."""
    log.configure()
    try:
        app()
    except GatewayError as error:
        print(f"{error.place + ': ' if error.place else ''}{sentence(error.code, error.facts, 'en')}", file=sys.stderr)
        sys.exit(2)
