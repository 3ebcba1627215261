"""What is wrong with one key of the settings, in words: which key, what is expected there, and the key that was meant.

A validator of ours raises :func:`gateway.settings.base.wrong`, whose sentence stands in :mod:`gateway.texts.settings`;
what pydantic finds by itself has its French here and its own English.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway.texts import TEXTS, sentence

_FRENCH = {
    "missing": "cette clé manque",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "int_parsing_size": "ce nombre a trop de chiffres",
    "int_from_float": "un nombre entier est attendu",
    "float_type": "un nombre est attendu",
    "float_parsing": "un nombre est attendu",
    "finite_number": "un nombre fini est attendu",
    "bool_type": "true ou false est attendu",
    "bool_parsing": "true ou false est attendu",
    "string_type": "un texte entre guillemets est attendu",
    "string_too_short": "un texte d'au moins {min_length} caractère(s) est attendu",
    "string_too_long": "un texte d'au plus {max_length} caractères est attendu",
    "too_short": "une liste d'au moins {min_length} valeur(s) est attendue",
    "too_long": "une liste d'au plus {max_length} valeurs est attendue",
    "tuple_type": "une liste est attendue",
    "list_type": "une liste est attendue",
    "dict_type": "une table est attendue",
    "model_type": "une table est attendue",
    "model_attributes_type": "une table est attendue",
    "path_type": "un chemin entre guillemets est attendu",
    "literal_error": "attendu : {expected}",
    "greater_than": "doit dépasser {gt}",
    "greater_than_equal": "doit être au moins {ge}",
    "less_than": "doit être inférieur à {lt}",
    "less_than_equal": "doit être au plus {le}",
}
_FILES = {
    errno.ENOENT: ("il n'existe pas", "it does not exist"),
    errno.ENOTDIR: ("son chemin passe par ce qui n'est pas un dossier", "its path leads through what is no folder"),
    errno.EISDIR: ("c'est un dossier", "it is a folder"),
    errno.EACCES: ("le droit de le lire manque", "there is no right to read it"),
    errno.EPERM: ("le droit de le lire manque", "there is no right to read it"),
}
_BRANCH = re.compile(r"\[key\]|str|path|(?:tuple|literal|function-[a-z]+)\[.*\]")
"""What pydantic adds to a place where a value may be of several kinds: no key of the file."""


def told(error: ValidationError, model: type[BaseModel]) -> dict[str, str]:
    """All wrong keys of a file of *model* as facts of an error: ``place`` is the first, ``words`` and ``words_fr`` say
    what to do about each."""
    wrong = [(_place(each), each) for each in error.errors(include_url=False)]
    words, words_fr = (
        "; ".join(dict.fromkeys(f"{place}: {words_of(each, model, language)}" for place, each in wrong))
        for language in ("en", "fr")
    )
    return {"place": wrong[0][0], "words": words, "words_fr": words_fr}


def words_of(error: Mapping[str, Any], model: type[BaseModel], language: str) -> str:
    """What is wrong, by one of pydantic's *error* entries about a file of *model*."""
    kind, facts = str(error["type"]), error.get("ctx", {})
    if kind in TEXTS:
        return sentence(kind, facts, language)
    if kind == "extra_forbidden":
        *above, key = error["loc"]
        near = get_close_matches(str(key), _keys(model, above), 1)
        if language == "fr":
            return "cette clé n'existe pas" + (f" (vouliez-vous dire {near[0]} ?)" if near else "")
        return "there is no such key" + (f" (did you mean {near[0]}?)" if near else "")
    if language == "fr" and kind in _FRENCH:
        expected = str(facts.get("expected", "")).replace(" or ", " ou ")
        return _FRENCH[kind].format(**{**facts, "expected": expected})
    return str(error["msg"])


def why_unreadable(error: OSError) -> dict[str, str]:
    """Why a file cannot be read, as facts of an error: ``words`` and ``words_fr``."""
    said = error.strerror or type(error).__name__
    french, english = _FILES.get(error.errno or 0, (said, said))
    return {"words": english, "words_fr": french}


def _place(error: Mapping[str, Any]) -> str:
    """The key as the file writes it, a list's entries counted from 0: ``site.nord.pacs``, ``intake.key.0.sha256``."""
    place = [str(part) for part in error["loc"] if not _BRANCH.fullmatch(str(part))]
    if place[:2] == ["mllp", "ports"]:
        del place[1]
    return ".".join([*place, *filter(None, [error.get("ctx", {}).get("key")])]) or "settings"


def _keys(model: type[BaseModel] | None, place: Sequence[int | str]) -> list[str]:
    """The keys that the table at *place* may have."""
    for part in place:
        if model is not None and part in model.model_fields:
            model = _table(model.model_fields[str(part)].annotation)
    return list(model.model_fields) if model else []


def _table(annotation: object) -> type[BaseModel] | None:
    """The table in an annotation such as ``dict[str, PacsTable]`` or ``LoginTable | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_table(argument) for argument in getattr(annotation, "__args__", ()))
    return next((one for one in found if one is not None), None)
