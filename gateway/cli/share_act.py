"""``gateway share replay | abandon | withdraw | correct | identity``: what people do with a share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.cli.options import house_of
from gateway.errors import GatewayError
from gateway.texts.plain import shown

if TYPE_CHECKING:
    from gateway.model.share import Share
    from gateway.wiring.house import House

_SHARES = "Ids of shares (gateway share list)."
shares_argument = click.argument("shares", nargs=-1, required=True, metavar="SHARE...", help=_SHARES)


@click.command()
@click.argument("shares", nargs=-1, metavar="[SHARE...]", help=_SHARES)
@click.option("--held-for", default="", help="Every share that is held for this reason.")
@options.config
@options.as_json
@options.language("en")
def replay(
    shares: tuple[str, ...],
    held_for: str,
    config: Path,
    as_json: bool,
    language: str,
) -> None:
    """Take held shares up again, once what held them was put right."""
    chosen = [*shares, *(_held_for(config, held_for) if held_for else ())]
    _each(chosen, config, lambda house, one, who: house.sharing.replay(one, who), as_json=as_json, language=language)


@click.command()
@shares_argument
@click.option("--reason", "-r", required=True, help="Why; it stays in the audit trail.")
@options.config
@options.as_json
@options.language("en")
def abandon(
    shares: tuple[str, ...],
    reason: str,
    config: Path,
    as_json: bool,
    language: str,
) -> None:
    """Give shares up that have not left: nothing more is done for them."""
    _each(
        shares,
        config,
        lambda house, one, who: house.sharing.abandon(one, reason, who),
        as_json=as_json,
        language=language,
    )


@click.command()
@shares_argument
@options.config
@options.as_json
@options.language("en")
def withdraw(shares: tuple[str, ...], config: Path, as_json: bool, language: str) -> None:
    """Have what shares published taken out of sight at their destination; names the shares that do it."""
    _each(shares, config, lambda house, one, who: house.sharing.withdraw(one, who), as_json=as_json, language=language)


@click.command()
@shares_argument
@options.config
@options.as_json
@options.language("en")
def identity(shares: tuple[str, ...], config: Path, as_json: bool, language: str) -> None:
    """What shares published is under a wrong patient: it is withdrawn, and made again once you replay what is held."""
    _each(
        shares,
        config,
        lambda house, one, who: house.sharing.correct_identity(one, who),
        as_json=as_json,
        language=language,
    )


@click.command()
@click.argument("share", help="Id of a held or shared share.")
@click.option("--region", default="", help="The anatomical region: code^system^name.")
@click.option("--type-code", default="", help="The type of the report: code^system^name.")
@click.option("--as-new", is_flag=True, help="What it replaces never came here.")
@options.config
@options.as_json
@options.language("en")
def correct(
    share: str,
    region: str,
    type_code: str,
    as_new: bool,
    config: Path,
    as_json: bool,
    language: str,
) -> None:
    """Take a held share up again, or correct a shared one, with values stated by hand; an empty one takes it back."""
    values = {"region": region, "type_code": type_code} | ({"parent": "none"} if as_new else {})

    def act(house: House, one: str, who: str) -> Share:
        return house.sharing.correct_and_replay(one, values, who)

    _each([share], config, act, as_json=as_json, language=language)


def _held_for(config: Path, reason: str) -> list[str]:
    """The shares that are held for *reason* (its code), the oldest first: what came first goes first."""
    from gateway.flow.overview import held_for

    with house_of(config) as house:
        return [one.share.id for one in held_for(house.overview, reason)][::-1]


def _each(
    shares: Sequence[str], config: Path, act: Callable[[House, str, str], Share], *, as_json: bool, language: str
) -> None:
    """Do it to each; one that cannot be done is told, and the others are done nevertheless. Ends with 2 then."""
    import getpass

    from gateway.texts import sentence

    told: list[dict[str, str]] = []
    refused = False
    with house_of(config) as house:
        who = f"command line ({getpass.getuser()})"
        for one in shares:
            try:
                moved = act(house, one, who)
            except GatewayError as error:
                refused = True
                words = sentence(error.code, error.facts, language)
                told.append({"share": one, "error": error.code, "sentence": words})
                if not as_json:
                    print(shown(f"{one}  {words}"), file=sys.stderr)
            else:
                done = {} if moved.id == one else {"by": moved.id}
                told.append({"share": one, "state": moved.state.value, **done})
                if not as_json:
                    print(f"{one}  {moved.state.value}{f'  by {moved.id}' if done else ''}")
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    if refused:
        raise SystemExit(2)
