"""``gateway relay``: teleradiology requests on their way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli import options
from gateway.cli.options import house_of

if TYPE_CHECKING:
    from gateway.model.relay import Delays, RelayMessage, RelayRequest

commands = options.Group(help="Teleradiology requests on their way.")
messages_argument = click.argument(
    "messages", nargs=-1, required=True, help="Ids of held messages (gateway relay show REQUEST)."
)


@commands.command("list")
@options.config
@click.option(
    "--state", default="", help="Only those that are sent, accepted, refused, cancelled, performed or reported."
)
@click.option("--platform", default="", help="Only those of this platform.")
@click.option("--site", default="", help="Only those of this site.")
@click.option(
    "--limit", type=click.IntRange(min=1, max=10_000), default=50, show_default=True, help="The newest so many."
)
@options.as_json
@options.language("fr")
def list_requests(
    config: Path,
    state: str,
    platform: str,
    site: str,
    limit: int,
    as_json: bool,
    language: str,
) -> None:
    """List the requests and, where a message of one is held, why."""
    with house_of(config) as house:
        store = house.relay.store
        requests = store.requests(limit=limit, states=(state,) if state else (), platform=platform, site=site)
        held = store.held([one.id for one in requests])
    told = [
        {**request_as_json(one), "held": message_as_json(held[one.id], language) if one.id in held else None}
        for one in requests
    ]
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for row in told:
        print(
            f"{row['id']}  {row['state']:<9}  {row['order']:<24} {row['site']} -> {row['platform']}"
            f"  {row['updated_at']}"
        )
        if row["held"]:
            print(f"    {row['held']['id']}  {row['held']['flow']}: {row['held']['sentence']}")


@commands.command()
@click.argument("request", help="Id of a request (gateway relay list).")
@options.config
@options.as_json
@options.language("fr")
def show(
    request: str,
    config: Path,
    as_json: bool,
    language: str,
) -> None:
    """Show one request with its messages and their states."""
    with house_of(config) as house:
        found = house.relay.store.request(request)
        messages = house.relay.store.messages(request)
    told: dict[str, Any] = request_as_json(found)
    told["messages"] = [message_as_json(one, language) for one in messages]
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for name, value in told.items():
        if name != "messages" and value not in ("", [], None):
            print(f"{name:<14} {', '.join(value) if isinstance(value, list) else value}")
    for row in told["messages"]:
        print(f"{row['id']}  {row['flow']:<10} to {row['direction']:<8}  {row['state']:<9}  tries {row['attempts']}")
        if row["sentence"]:
            print(f"    {row['sentence']}")


@commands.command()
@options.config
@click.option(
    "--days", type=click.IntRange(min=1, max=3650), default=30, show_default=True, help="Requests of so many days."
)
@options.as_json
def stats(
    config: Path,
    days: int,
    as_json: bool,
) -> None:
    """How long platforms take: from request to answer, from examination to report."""
    from datetime import timedelta

    with house_of(config) as house:
        found = house.relay.store.delays(house.clock.now() - timedelta(days=days))
    told = [delays_as_json(one) for one in found]
    if as_json:
        print(json.dumps(told))
        return
    for one in told:
        print(
            f"{one['platform']}: {one['requests']} requests, {one['waiting']} messages on their way, {one['held']} held"
        )
        for name in ("answer", "report", "delivery"):
            median, p90 = one[f"{name}_median_s"], one[f"{name}_p90_s"]
            if median is not None:
                print(f"    {name:<9} median {median:.0f} s, nine in ten within {p90:.0f} s")


@commands.command()
@messages_argument
@options.config
def retry(messages: tuple[str, ...], config: Path) -> None:
    """Take held messages up again, once what held them was put right."""
    _by_hand(messages, config, drop=False)


@commands.command()
@messages_argument
@options.config
def drop(messages: tuple[str, ...], config: Path) -> None:
    """Give held messages up, so that those behind them go on."""
    _by_hand(messages, config, drop=True)


def _by_hand(messages: Sequence[str], config: Any, *, drop: bool) -> None:
    import getpass

    with house_of(config) as house:
        forwarding = house.relay.forwarding
        act = forwarding.give_up if drop else forwarding.take_up
        for one in messages:
            print(f"{one}  {act(one, f'command line ({getpass.getuser()})').state.value}")


def request_as_json(one: RelayRequest) -> dict[str, Any]:
    """What is printed of a request; no patient is named."""
    moments = {
        name: getattr(one, name) for name in ("sent_at", "answered_at", "cancelled_at", "performed_at", "reported_at")
    }
    return {
        "id": one.id,
        "site": one.site,
        "platform": one.platform,
        "order": one.order.extension or one.order.root,
        "order_issuer": one.order.root,
        "state": one.state.value,
        "modality": one.modality,
        "act": one.act,
        "accession_numbers": list(one.accessions),
        "study_uids": list(one.study_uids),
        "report": one.report_id,
        "created_at": one.created_at.isoformat(),
        "updated_at": one.updated_at.isoformat(),
        **{name: value.isoformat() if value else None for name, value in moments.items()},
    }


def message_as_json(one: RelayMessage, language: str) -> dict[str, Any]:
    from gateway.texts import sentence

    return {
        "id": one.id,
        "flow": one.flow.value,
        "profile": one.profile,
        "direction": one.direction.value,
        "state": one.state.value,
        "control_id": one.control_id,
        "answer": one.answer,
        "attempts": one.attempts,
        "due_at": one.due_at.isoformat(),
        "created_at": one.created_at.isoformat(),
        "delivered_at": one.delivered_at.isoformat() if one.delivered_at else None,
        "reason": one.reason,
        "sentence": sentence(one.reason, one.facts, language) if one.reason else "",
    }


def delays_as_json(one: Delays) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(one)
