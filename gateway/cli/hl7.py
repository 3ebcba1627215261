"""``gateway hl7``: judge messages, show one, send one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import hl7_log, options

if TYPE_CHECKING:
    import ssl

commands = options.Group(help="HL7 v2 messages: judge, show, send; the log of those received.")
commands.add_command(hl7_log.log)
file_argument = click.argument("file", type=options.PATH, metavar="FILE", help="A message (ER7).")

_UNREACHABLE = 2
_WORDS = {
    "AA": ("accepté", "accepted"),
    "AE": ("refusé : le message est à corriger", "refused: the message must be corrected"),
    "AR": ("refusé pour l'instant : à renvoyer plus tard", "refused for now: send it again later"),
}


@commands.command()
@options.files
@click.option("--profile", default="", help="Judge by this profile; found in the message when not given.")
@options.as_json
@options.language("fr")
def check(
    files: tuple[Path, ...],
    profile: str,
    as_json: bool,
    language: str,
) -> None:
    """Judge messages by their profile: 0 all valid, 1 one is invalid, 2 one cannot be read."""
    from functools import partial

    from gateway.cli.checking import check as judge_all
    from gateway.errors import InputRejected
    from gateway.hl7.check.judge import judge, profile_names

    if profile and profile not in profile_names():
        raise InputRejected("hl7_unknown_profile", place="--profile", name=profile)
    judge_all(files, partial(judge, profile=profile), language=language, as_json=as_json)


@commands.command()
@file_argument
@options.as_json
@options.language("fr")
def show(file: Path, as_json: bool, language: str) -> None:
    """Show a message: segments and fields with their names, the document inside as a summary."""
    import json

    from gateway.hl7 import show as showing
    from gateway.hl7.check.judge import unframed

    raw = unframed(_read(file))
    if as_json:
        print(json.dumps(showing.as_json(raw, language), ensure_ascii=False))
        return
    for line in showing.lines(raw, language):
        print(line)


@commands.command()
@file_argument
@click.option("--to", required=True, metavar="HOST:PORT", help="Where it is sent.")
@click.option("--tls", is_flag=True, help="Speak TLS.")
@click.option("--ca", type=options.PATH, metavar="FILE", help="A PEM file.")
@click.option("--certificate", type=options.PATH, metavar="FILE", help="A PEM file.")
@click.option("--key", type=options.PATH, metavar="FILE", help="A PEM file.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    help="Seconds for everything.",
)
@options.as_json
@options.language("fr")
def send(
    file: Path,
    to: str,
    tls: bool,
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    timeout_s: float,
    as_json: bool,
    language: str,
) -> None:
    """Send a message and tell the acknowledgement in words: 0 accepted, 1 refused, 2 nobody answered."""
    import json

    from gateway.errors import PeerMisbehaved, PeerUnreachable
    from gateway.hl7 import er7, outcome
    from gateway.hl7.check.judge import unframed
    from gateway.hl7.sender import send as send_one
    from gateway.texts import sentence

    host, port = _address(to)
    message = er7.with_carriage_returns(unframed(_read(file)))
    context = _context(ca, certificate, key) if tls or ca or certificate else None
    try:
        answer = send_one(host, port, message, timeout_s, tls=context)
    except (PeerUnreachable, PeerMisbehaved) as error:
        print(sentence(error.code, error.facts, language))
        raise SystemExit(_UNREACHABLE) from None
    told = outcome.read(answer)
    if as_json:
        print(json.dumps(told.as_json(), ensure_ascii=False))
    else:
        words = _WORDS.get(told.code, (told.code, told.code))[1 if language == "en" else 0]
        print(f"{told.code}: {words}")
        for line in told.lines():
            print(f"  {line}")
    raise SystemExit(0 if told.code == "AA" else 1)


def _read(file: Path) -> bytes:
    import os

    from gateway.cli.checking import LIMIT_BYTES
    from gateway.errors import InputRejected, InputTooLarge

    try:
        if file.stat().st_size > LIMIT_BYTES:
            raise InputTooLarge("file_too_large", place=str(file))
        return file.read_bytes()
    except OSError as error:
        raise InputRejected("file_unreadable", place=str(file), reason=os.strerror(error.errno or 0)) from None


def _address(to: str) -> tuple[str, int]:
    from gateway.errors import InputRejected

    host, _, port = to.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputRejected("hl7_address", place="--to", address=to)
    return host, int(port)


def _context(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    import ssl

    from gateway.errors import InputRejected

    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        raise InputRejected(
            "hl7_certificate", place="--ca, --certificate, --key", reason=type(error).__name__
        ) from None
    return context
