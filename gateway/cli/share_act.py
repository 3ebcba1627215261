"""``gateway share replay | abandon | withdraw | correct | identity``: what people do with a share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DEFAULT, AsJson, Config, Language, house_of
from gateway.errors import GatewayError
from gateway.texts.plain import shown

if TYPE_CHECKING:
    from gateway.model.share import Share
    from gateway.wiring.house import House

_SHARES = "Ids of shares (gateway share list)."
Shares = Annotated[list[str], typer.Argument(help=_SHARES, metavar="SHARE...")]


def replay(
    shares: Annotated[list[str] | None, typer.Argument(help=_SHARES, metavar="[SHARE...]")] = None,
    held_for: Annotated[str, typer.Option("--held-for", help="Every share that is held for this reason.")] = "",
    config: Config = DEFAULT,
    as_json: AsJson = False,
    lang: Language = "en",
) -> None:
    """Take held shares up again, once what held them was put right."""
    chosen = [*(shares or ()), *(_held_for(config, held_for) if held_for else ())]
    _each(chosen, config, lambda house, one, who: house.sharing.replay(one, who), as_json=as_json, language=lang)


def abandon(
    shares: Shares,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it stays in the audit trail.")],
    config: Config = DEFAULT,
    as_json: AsJson = False,
    lang: Language = "en",
) -> None:
    """Give shares up that have not left: nothing more is done for them."""
    _each(
        shares, config, lambda house, one, who: house.sharing.abandon(one, reason, who), as_json=as_json, language=lang
    )


def withdraw(shares: Shares, config: Config = DEFAULT, as_json: AsJson = False, lang: Language = "en") -> None:
    """Have what shares published taken out of sight at their destination; names the shares that do it."""
    _each(shares, config, lambda house, one, who: house.sharing.withdraw(one, who), as_json=as_json, language=lang)


def identity(shares: Shares, config: Config = DEFAULT, as_json: AsJson = False, lang: Language = "en") -> None:
    """What shares published is under a wrong patient: it is withdrawn, and made again once you replay what is held."""
    _each(
        shares, config, lambda house, one, who: house.sharing.correct_identity(one, who), as_json=as_json, language=lang
    )


def correct(
    share: Annotated[str, typer.Argument(help="Id of a held or shared share.")],
    region: Annotated[str, typer.Option(help="The anatomical region: code^system^name.")] = "",
    type_code: Annotated[str, typer.Option("--type-code", help="The type of the report: code^system^name.")] = "",
    as_new: Annotated[bool, typer.Option("--as-new", help="What it replaces never came here.")] = False,
    config: Config = DEFAULT,
    as_json: AsJson = False,
    lang: Language = "en",
) -> None:
    """Take a held share up again, or correct a shared one, with values stated by hand; an empty one takes it back."""
    values = {"region": region, "type_code": type_code} | ({"parent": "none"} if as_new else {})

    def act(house: House, one: str, who: str) -> Share:
        return house.sharing.correct_and_replay(one, values, who)

    _each([share], config, act, as_json=as_json, language=lang)


def _held_for(config: Path, reason: str) -> list[str]:
    """The shares that are held for *reason* (its code), the oldest first: what came first goes first."""
    from gateway.flow.overview import held_for

    with house_of(config) as house:
        return [one.share.id for one in held_for(house.overview, reason)][::-1]


def _each(
    shares: list[str], config: Path, act: Callable[[House, str, str], Share], *, as_json: bool, language: str
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
        raise typer.Exit(2)
