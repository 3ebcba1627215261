"""``gateway share show``: one share, what happened to it, what it sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.cli.options import house_of
from gateway.cli.share_list import described, zone_of
from gateway.errors import GatewayError
from gateway.texts.plain import shown

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from gateway.model.overview import ShareHistory
    from gateway.wiring.house import House


@click.command()
@click.argument("share", help="Id of a share (gateway share list).")
@options.config
@click.option("--metadata", is_flag=True, help="Its metadata as sent (XML), and nothing else.")
@click.option("--manifest", is_flag=True, help="The tree of its manifests too.")
@options.as_json
@options.language("en")
def show(
    share: str,
    config: Path,
    metadata: bool,
    manifest: bool,
    as_json: bool,
    language: str,
) -> None:
    """Show a share: every event and try, documents, the registry's words, versions, audit trail."""
    with house_of(config) as house:
        history = house.overview.history(share)
        if metadata:
            sys.stdout.buffer.write(history.submission.metadata + b"\n" if history.submission else b"")
            return
        trees = list(_trees(house, history)) if manifest else []
        zone = zone_of(house)
    if as_json:
        print(json.dumps(as_values(history, language), ensure_ascii=False))
        return
    for line in (*_lines(history, language, zone), *trees):
        print(shown(line))


def as_values(history: ShareHistory, language: str) -> dict[str, object]:
    """The share as JSON values."""
    from gateway.texts import sentence
    from gateway.texts.runbook import what_to_do
    from gateway.texts.seeing import happening

    share = history.overview.share
    return {
        **described(history.overview, language),
        "what_to_do": what_to_do(share.reason, language) if share.state.value == "held" else "",
        "channel": history.channel,
        "sender": history.sender,
        "steps": [
            {
                "at": step.at.isoformat(),
                "last_at": step.last_at.isoformat(),
                "times": step.times,
                "happening": step.happening,
                "what": happening(step.happening, language, share.deed.value),
                "state": step.state.value,
                "reason": step.reason,
                "sentence": sentence(step.reason, step.facts, language) if step.reason else "",
                "words": step.facts.get("words", ""),
                "actor": step.actor,
            }
            for step in history.steps
        ],
        "documents": [
            {
                "kind": one.kind,
                "unique_id": one.unique_id,
                "bytes": one.size,
                "sha1": one.hash,
                "study_uid": one.study_uid,
            }
            for one in history.overview.documents
        ],
        "submission_set": history.submission.submission_set_unique_id if history.submission else "",
        "versions": [
            {
                "share": one.share.id,
                "state": one.share.state.value,
                "deed": one.share.deed.value,
                "of": one.share.target,
            }
            for one in history.versions
        ],
        "elsewhere": [
            {"share": one.share.id, "destination": one.share.destination, "state": one.share.state.value}
            for one in history.elsewhere
        ],
        "trail": [
            {
                "at": line.at.isoformat(),
                "action": line.event.action,
                "actor": line.event.actor,
                "outcome": line.event.outcome.value,
                "facts": line.event.facts,
            }
            for line in history.trail
        ],
    }


def _lines(history: ShareHistory, language: str, zone: ZoneInfo) -> Iterator[str]:
    from gateway.texts import sentence
    from gateway.texts.runbook import what_to_do
    from gateway.texts.seeing import happening

    overview, share = history.overview, history.overview.share
    yield f"{', '.join(overview.accession_numbers) or '-'}  {share.state.value}  {share.site} -> {share.destination}"
    yield f"├─ share      {share.id} ({share.deed.value})"
    yield f"├─ report     {overview.report_unique_id}, {history.channel} {history.sender}"
    for uid in overview.study_uids:
        yield f"├─ study      {uid} {'/'.join(overview.modalities)}"
    if share.reason:
        yield f"├─ why        {sentence(share.reason, share.facts, language)}"
    if share.state.value == "held" and what_to_do(share.reason, language):
        yield f"├─ what to do {what_to_do(share.reason, language)}"
    yield "├─ timeline"
    for step in history.steps:
        times = f" ({step.times} times, last {step.last_at.astimezone(zone):%H:%M:%S})" if step.times > 1 else ""
        who = "" if step.actor == "gateway" else f", by {step.actor}"
        at = f"{step.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        yield f"│   ├─ {at}  {step.state.value:<10} {happening(step.happening, language, share.deed.value)}{times}{who}"
        if step.reason:
            yield f"│   │      {sentence(step.reason, step.facts, language)}"
    for document in overview.documents:
        yield f"├─ {document.kind:<10} {document.unique_id}, {document.size} bytes"
    for one in history.versions if len(history.versions) > 1 else ():
        here = "  (this one)" if one.share.id == share.id else ""
        yield f"├─ version    {one.share.id}  {one.share.state.value} {one.share.deed.value}{here}"
    for one in history.elsewhere:
        yield f"├─ elsewhere  {one.share.id}  {one.share.destination} {one.share.state.value}"
    yield f"└─ trail      {len(history.trail)} events"
    for line in history.trail:
        yield f"    ├─ {line.at.astimezone(zone):%Y-%m-%d %H:%M:%S}  {line.event.action}  {line.event.actor}"


def _trees(house: House, history: ShareHistory) -> Iterator[str]:
    from gateway.kos.read import read
    from gateway.kos.show import lines
    from gateway.texts import sentence

    for one in history.overview.documents:
        if one.kind == "manifest":
            try:
                yield from lines(read(house.blobs.get(one.digest)), instances=False)
            except GatewayError as error:
                yield f"{one.unique_id}: {sentence(error.code, error.facts, 'en')}"
