"""What is wrong with one key of the settings, in words: pydantic's English, our French, and the key that was meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

_FRENCH = {
    "missing": "cette clé manque",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "int_from_float": "un nombre entier est attendu",
    "float_type": "un nombre est attendu",
    "float_parsing": "un nombre est attendu",
    "bool_type": "true ou false est attendu",
    "bool_parsing": "true ou false est attendu",
    "string_type": "un texte entre guillemets est attendu",
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


def words_of(error: Mapping[str, Any], model: type[BaseModel], language: str) -> str:
    """What is wrong, by one of pydantic's *error* entries about a file of *model*; in English where French has none."""
    if error["type"] == "extra_forbidden":
        *above, key = error["loc"]
        near = get_close_matches(str(key), _keys(model, above), 1)
        if language == "fr":
            return "cette clé n'existe pas" + (f" (vouliez-vous dire {near[0]} ?)" if near else "")
        return "there is no such key" + (f" (did you mean {near[0]}?)" if near else "")
    if language == "fr" and error["type"] in _FRENCH:
        return _FRENCH[error["type"]].format(**error.get("ctx", {}))
    return str(error["msg"]).removeprefix("Value error, ")


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
