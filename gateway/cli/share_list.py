"""``gateway share list``: shares, newest first, cut by what people know of them."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.cli.options import house_of
from gateway.errors import InputRejected
from gateway.texts.plain import shown

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from gateway.model.overview import ShareFilter
    from gateway.model.share import ShareOverview
    from gateway.wiring.house import House

state_option = click.option(
    "--state",
    default="",
    help="Only those that are waiting, frozen, sending, shared, held, superseded, withdrawn or abandoned.",
)
limit_option = click.option(
    "--limit", type=click.IntRange(min=1, max=10_000), default=50, show_default=True, help="The newest so many."
)


@click.group(cls=options.Group, invoke_without_command=True)
@click.pass_context
@options.config
@state_option
@limit_option
@options.as_json
def share(context: click.Context, config: Path, state: str, limit: int, as_json: bool) -> None:
    """Shares: list them, look at one, take it up again, give it up, withdraw it. Without a command: the list."""
    if context.invoked_subcommand is None:
        context.invoke(listed, config=config, state=state, limit=limit, as_json=as_json)


@share.command("list")
@options.config
@state_option
@click.option("--accession", default="", help="The accession number.")
@click.option("--patient", default="", help="An identifier of the patient; - reads it from the standard input.")
@click.option("--site", default="", help="The site.")
@click.option("--destination", default="", help="The destination.")
@click.option("--modality", default="", help="A DICOM modality, such as CT.")
@click.option("--since", default="", help="Arrived on this day or later (YYYY-MM-DD, the site's time).")
@click.option("--until", default="", help="Arrived on this day or earlier.")
@limit_option
@click.option("--before", type=int, default=0, help="The page that follows: the number that the last one ended with.")
@options.as_json
@options.language("en")
def listed(
    config: Path,
    state: str,
    accession: str,
    patient: str,
    site: str,
    destination: str,
    modality: str,
    since: str,
    until: str,
    limit: int,
    before: int,
    as_json: bool,
    language: str,
) -> None:
    """List the shares and, where one waits or is held, why."""
    from gateway.model.overview import ShareFilter

    if patient == "-":
        patient = sys.stdin.readline().strip()
    with house_of(config) as house:
        zone = zone_of(house)
        wanted = ShareFilter(
            accession=accession,
            patient=patient,
            state=_state(state),
            site=site,
            destination=destination,
            modality=modality.upper(),
            since=_day(since, zone, 0, "--since"),
            until=_day(until, zone, 1, "--until"),
        )
        rows, older = _pages(house, wanted, limit, before)
    if as_json:
        print(json.dumps([described(row, language) for row in rows], ensure_ascii=False))
    else:
        for row in rows:
            _print(row, language)
    if older:
        print(f"older shares: --before {older}", file=sys.stderr)


def zone_of(house: House) -> ZoneInfo:
    """The time zone of the first site."""
    from zoneinfo import ZoneInfo

    return next((site.time_zone for site in house.sites.values()), ZoneInfo("Europe/Paris"))


def described(row: ShareOverview, language: str) -> dict[str, object]:
    """A share as JSON values."""
    from gateway.texts import sentence

    share = row.share
    return {
        "share": share.id,
        "state": share.state.value,
        "deed": share.deed.value,
        "site": share.site,
        "destination": share.destination,
        "report_unique_id": row.report_unique_id,
        "accession_numbers": list(row.accession_numbers),
        "modalities": list(row.modalities),
        "study_uids": list(row.study_uids),
        "received_at": row.received_at.isoformat(),
        "registered_at": share.registered_at.isoformat() if share.registered_at else None,
        "attempts": share.attempts,
        "reason": share.reason,
        "sentence": sentence(share.reason, share.facts, language) if share.reason else "",
    }


def _pages(house: House, wanted: ShareFilter, limit: int, before: int) -> tuple[list[ShareOverview], int]:
    """Up to *limit* shares, however often the search has to go on; and where the next page begins."""
    rows: list[ShareOverview] = []
    while True:
        page = house.overview.page(wanted, limit=limit - len(rows), before=before)
        rows += page.overviews
        before = page.older
        if not before or len(rows) >= limit:
            return rows, before


def _print(row: ShareOverview, language: str) -> None:
    told = described(row, language)
    numbers = ", ".join(row.accession_numbers)
    deed = "" if row.share.deed.value == "publish" else f"  ({row.share.deed.value})"
    kinds = "/".join(row.modalities)
    place = f"{row.share.site} -> {row.share.destination}"
    print(shown(f"{row.share.id}  {row.share.state.value:<10} {numbers:<18} {kinds:<6} {place}{deed}"))
    if told["sentence"]:
        print(shown(f"    {told['sentence']}"))


def _state(state: str) -> str:
    from gateway.model.share import ShareState

    known = [each.value for each in ShareState]
    if state and state not in known:
        raise InputRejected("share_filter_state", place="--state", state=state[:40], known=", ".join(known))
    return state


def _day(written: str, zone: ZoneInfo, after: int, place: str) -> datetime | None:
    if not written:
        return None
    try:
        return datetime.combine(date.fromisoformat(written) + timedelta(days=after), time(), zone)
    except (ValueError, OverflowError):
        raise InputRejected("share_filter_date", place=place, value=written[:40]) from None
