r"""The delimiters of a message and its escape sequences.

Sources: HL7 v2.5 sections 2.5.4 (delimiters), 2.7 (escape sequences). ``\F\ \S\ \T\ \R\ \E\`` stand for the delimiters,
``\X..\`` for bytes, ``\.br\`` for a line break; every other sequence is kept as it is written.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from gateway.errors import InputRejected

_HEXADECIMAL = re.compile(rb"X(?:[0-9A-Fa-f]{2})+")


class Delimiters(NamedTuple):
    """MSH-1 and MSH-2, one byte each; empty when a message has none of a kind."""

    field: bytes = b"|"
    component: bytes = b"^"
    repetition: bytes = b"~"
    escape: bytes = b"\\"
    subcomponent: bytes = b"&"
    truncation: bytes = b""
    """The fifth encoding character, since v2.7."""

    @property
    def encoding_characters(self) -> bytes:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation

    @classmethod
    def read(cls, head: bytes) -> Delimiters:
        """Read them from the beginning of a message, ``MSH`` first.

        Raises InputRejected (``hl7_delimiters``) when they are not one to five different printable ASCII characters
        that are neither letters, digits nor blanks.
        """
        field = head[3:4]
        end = min((at for at in map(head.find, (field, b"\r", b"\n"), (4, 4, 4)) if at >= 0), default=len(head))
        return _stated(field, head[4:end])


@lru_cache(maxsize=32)
def _stated(field: bytes, characters: bytes) -> Delimiters:
    every = field + characters
    usual = every.isascii() and all(33 <= byte < 127 and not chr(byte).isalnum() for byte in every)
    if not field or not 1 <= len(characters) <= 5 or not usual or len(set(every)) != len(every):
        raise InputRejected("hl7_delimiters", place="MSH^1^2", hl7_code="102")
    return Delimiters(field, *(characters[index : index + 1] for index in range(5)))


STANDARD = Delimiters()


@lru_cache(maxsize=32)
def escapes(delimiters: Delimiters) -> dict[int, str]:
    r"""For ``str.translate``: delimiters and control characters as escape sequences; a line feed is ``\X0A\``."""
    escape = delimiters.escape.decode()
    table = {code: f"{escape}X{code:02X}{escape}" for code in (*range(32), 127)}
    for letter, delimiter in _letters(delimiters).items():
        table[delimiter[0]] = f"{escape}{letter.decode()}{escape}"
    return table


def _letters(delimiters: Delimiters) -> dict[bytes, bytes]:
    named = {
        b"F": delimiters.field,
        b"S": delimiters.component,
        b"T": delimiters.subcomponent,
        b"R": delimiters.repetition,
        b"E": delimiters.escape,
        b"P": delimiters.truncation,
    }
    return {letter: delimiter for letter, delimiter in named.items() if delimiter}


def unescaped(raw: bytes, delimiters: Delimiters, codec: str) -> bytes:
    """*raw*, a value that was split already, with its escape sequences replaced by the bytes they stand for.

    A sequence that is unknown, or whose bytes say nothing in *codec*, stays as it is written.
    """
    escape = delimiters.escape
    if not escape or escape not in raw:
        return raw
    letters = _letters(delimiters)

    def replace(match: re.Match[bytes]) -> bytes:
        body = match.group(1)
        if body in letters:
            return letters[body]
        if body == b".br":
            return b"\n"
        return _bytes_of(body, codec) or match.group(0)

    return _sequence(escape).sub(replace, raw)


def _bytes_of(body: bytes, codec: str) -> bytes | None:
    if not _HEXADECIMAL.fullmatch(body):
        return None
    value = bytes.fromhex(body[1:].decode())
    try:
        value.decode(codec)
    except UnicodeDecodeError:
        return None
    return value


@lru_cache(maxsize=32)
def _sequence(escape: bytes) -> re.Pattern[bytes]:
    one = re.escape(escape)
    return re.compile(one + b"([^" + one + b"]+)" + one)
