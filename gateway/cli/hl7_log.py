"""``gateway hl7 log``: every message that was received, what it was answered, and another try of one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from gateway.cli import options
from gateway.cli.options import house_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.model.message import KeptMessage
    from gateway.wiring.house import House

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_ANSWERS = ("", "AA", "AE", "AR")


@click.command()
@click.argument("message", default="", help="Id of one message; without it they are listed.")
@options.config
@click.option("--since", default="", help="From then on: 2026-03-04, 2026-03-04T09:30, 30m, 2h, 3d.")
@click.option("--sender", default="", help="Part of application|facility (MSH-3, MSH-4).")
@click.option("--control-id", default="", help="The whole MSH-10.")
@click.option("--answer", default="", help="Only those answered AA, AE or AR.")
@click.option(
    "--limit", type=click.IntRange(min=1, max=100_000), default=50, show_default=True, help="The newest so many."
)
@click.option("--show", is_flag=True, help="Print the message as it came. It names a patient.")
@click.option("--again", is_flag=True, help="Process the message again, once its cause is mended.")
@options.as_json
@options.language("fr")
def log(
    message: str,
    config: Path,
    since: str,
    sender: str,
    control_id: str,
    answer: str,
    limit: int,
    show: bool,
    again: bool,
    as_json: bool,
    language: str,
) -> None:
    """List the received messages, show one, or process one again."""
    with house_of(config) as house:
        if message and again:
            _again(house, message)
        elif message and show:
            sys.stdout.buffer.write(house.messages.content(message))
        elif message:
            _print([house.messages.message(message)], as_json=as_json, language=language, one=True)
        else:
            if answer.upper() not in _ANSWERS:
                _refuse("message_answer", answer)
            found = house.messages.find(
                limit=limit,
                since=moment(since) if since else None,
                sender=sender,
                control_id=control_id,
                answer=answer.upper(),
            )
            _print(found, as_json=as_json, language=language)


def moment(text: str) -> datetime:
    """A moment, or how long ago; one without a zone is of this machine's. Raises InputRejected (``message_since``)."""
    from datetime import UTC, datetime, timedelta

    unit, number = _UNITS.get(text[-1:]), text[:-1]
    try:
        if unit and number.isdecimal():
            return datetime.now(UTC) - timedelta(**{unit: int(number)})
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        _refuse("message_since", text)


def _refuse(code: str, value: str) -> NoReturn:
    from gateway.errors import InputRejected

    raise InputRejected(code, value=value)


def _again(house: House, message_id: str) -> None:
    from gateway.hl7.again import again

    tried = again(message_id, log=house.messages, reception=house.reception, clock=house.clock)
    print(f"{message_id}  {tried.answer or '-'}")
    if tried.answer not in ("", "AA"):
        print(f"    {tried.words} [{tried.diagnosis}]")
        raise SystemExit(1)


def told(one: KeptMessage, language: str) -> dict[str, object]:
    """What is printed of a message."""
    from gateway.model.message import facts_of
    from gateway.texts import sentence

    return {
        "id": one.id,
        "received_at": one.received_at.isoformat(),
        "port": one.port,
        "peer": one.peer,
        "sender": one.sender,
        "control_id": one.control_id,
        "kind": one.kind,
        "profile": one.profile,
        "size_bytes": one.size_bytes,
        "digest": one.digest,
        "answer": one.answer,
        "code": one.code,
        "place": one.place,
        "hl7_code": one.hl7_code,
        "sentence": sentence(one.code, facts_of(one.place), language) if one.code else "",
        "duplicate": one.duplicate,
        "reports": list(one.report_ids),
        "relay_request": one.relay_id,
        "again_of": one.again_of,
        "whole": one.whole,
    }


def _print(found: Sequence[KeptMessage], *, as_json: bool, language: str, one: bool = False) -> None:
    import json

    rows = [told(each, language) for each in found]
    if as_json:
        print(json.dumps(rows[0] if one else rows, ensure_ascii=False))
        return
    for row in rows:
        if one:
            for name, value in row.items():
                print(f"{name:<14} {value}")
            continue
        twice = " again" if row["duplicate"] else ""
        print(
            f"{row['id']}  {row['received_at']}  {row['answer'] or '-':<2}{twice}  {row['kind']:<14}"
            f" {row['control_id']:<20} {row['sender']}  {row['port']}  {row['size_bytes']} bytes"
        )
        if row["sentence"]:
            print(f"    {row['sentence']}  [{row['code']} {row['place']}]")
