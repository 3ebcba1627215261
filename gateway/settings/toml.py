"""Reads TOML: what is wrong is told by line and column, in French and English, with what to write instead.

``tomllib`` tells it in English alone; its messages are the few of the table here (TOML 1.0.0). One that is not in it is
passed on as it is.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from gateway.errors import SettingsError

_WORDS = (
    (
        ("Expected '=' after a key",),
        "il manque « = » après une clé : écrivez clé = valeur",
        "a key without “=”: write key = value",
    ),
    (
        ("Expected newline or end of document",),
        "quelque chose est de trop après une valeur : un texte se met entre guillemets, et chaque clé sur sa ligne",
        "something stands behind a value: put text in quotes, and each key on a line of its own",
    ),
    (
        ("Expected ']'", "Expected ']]'"),
        "le nom d'une table n'est pas fermé : écrivez [nom], ou [[nom]] pour une table qui se répète",
        "the name of a table is not closed: write [name], or [[name]] for a table that is repeated",
    ),
    (
        ("Cannot overwrite", "Cannot declare", "Cannot redefine", "Cannot mutate", "Duplicate inline"),
        "cette clé ou cette table existe déjà plus haut : gardez-en une seule",
        "this key or table stands above already: keep one of them",
    ),
    (
        ("Unterminated string", 'Expected "\'"', "Expected \"'''\"", "Expected '\"'", 'Expected \'"""\''),
        "un texte n'est pas fermé : il finit par le guillemet par lequel il commence",
        "a text is not closed: it ends with the quote that it begins with",
    ),
    (
        ("Illegal character", "Found invalid character"),
        "un caractère n'est pas permis ici, ou un texte n'est pas fermé à la fin de sa ligne : fermez-le",
        "a character is not allowed here, or a text is not closed at the end of its line: close it",
    ),
    (
        ("Unescaped '\\\\'", "Unescaped '\\'"),
        "« \\ » ne s'écrit pas seul entre guillemets : doublez-le, ou mettez le texte entre apostrophes",
        "“\\” does not stand alone in quotes: write it twice, or put the text in apostrophes",
    ),
    (
        ("Escaped character", "Invalid hex value"),
        "ce caractère écrit par son numéro n'existe pas : \\u et quatre chiffres hexadécimaux",
        "this character, written by its number, does not exist: \\u and four hexadecimal digits",
    ),
    (
        ("Invalid date",),
        "cette date n'existe pas : écrivez par exemple 2026-03-04",
        "this day does not exist: write for example 2026-03-04",
    ),
    (
        ("Invalid value",),
        "la valeur manque ou n'en est pas une : un texte se met entre guillemets, oui et non s'écrivent true et false",
        "the value is missing or is none: put text in quotes, write true and false for yes and no",
    ),
    (
        ("Invalid statement", "Invalid initial character"),
        "une clé a des lettres sans accent, des chiffres, « - » et « _ » : mettez toute autre entre guillemets",
        "a key has letters without accents, digits, “-” and “_”: put any other in quotes",
    ),
    (
        ("Unclosed array",),
        'une liste n\'est pas fermée, ou une virgule y manque : écrivez ["a", "b"]',
        'a list is not closed, or lacks a comma: write ["a", "b"]',
    ),
    (
        ("Unclosed inline table",),
        "une table entre accolades n'est pas fermée, ou une virgule y manque : écrivez { a = 1, b = 2 }",
        "a table in braces is not closed, or lacks a comma: write { a = 1, b = 2 }",
    ),
)
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parse(content: bytes, place: str) -> dict[str, Any]:
    """The document in *content*; raises SettingsError (``settings_toml``, ``settings_not_utf_8``), *place* its file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _at(content[: error.start].decode("utf-8", "replace"))
        raise SettingsError("settings_not_utf_8", place=place, line=line, column=column) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
    found = _PLACE.search(said)
    line, column = (int(found[1]), int(found[2])) if found and found[1] else _at(text)
    french, english = _words(said[: found.start()] if found else said)
    raise SettingsError(
        "settings_toml", place=place, line=line, column=column, words=english, words_fr=french
    ) from None


def _words(said: str) -> tuple[str, str]:
    for beginnings, french, english in _WORDS:
        if said.startswith(beginnings):
            return french, english
    return said, said


def _at(text: str) -> tuple[int, int]:
    """Line and column behind *text*, both from 1."""
    lines = text.split("\n")
    return len(lines), len(lines[-1]) + 1
