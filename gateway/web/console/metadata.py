"""The metadata of a submission as rows of words, under the standard's own names (IHE ITI TF-3 section 4.2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from gateway.model.codes import Code
from gateway.model.document import Author, ReferenceId
from gateway.trust import safexml
from gateway.xds import ebrim

_KINDS = {"submission_sets": "SubmissionSet", "entries": "DocumentEntry", "folders": "Folder"}
_ACRONYMS = {"id": "Id", "uuid": "UUID", "uri": "URI"}


@dataclass(frozen=True, slots=True)
class MetadataObject:
    """One object of a submission."""

    kind: str
    """``DocumentEntry``, ``SubmissionSet``, ``Folder`` or ``Association``."""
    name: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    """The name of each attribute that is stated, and its values."""


def described(metadata: bytes) -> tuple[MetadataObject, ...]:
    """The objects of an lcm:SubmitObjectsRequest; raises InputRejected."""
    submission = ebrim.read(safexml.parse(metadata))
    made = [
        MetadataObject(kind, getattr(one, "title", "") or one.unique_id, tuple(_rows(one)))
        for name, kind in _KINDS.items()
        for one in getattr(submission, name)
    ]
    made += [
        MetadataObject("Association", one.type.rpartition(":")[2], tuple(_rows(one))) for one in submission.associations
    ]
    return tuple(made)


def _rows(one: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in fields(one):
        value = getattr(one, each.name)
        if each.name in ("extra_slots", "slots"):
            yield from value
        elif value not in (None, "", (), False):
            values = value if isinstance(value, tuple) else (value,)
            yield _camel(each.name), tuple(_words(part) for part in values)


def _words(value: object) -> str:
    if isinstance(value, Code):
        return f"{value.code} — {value.display} ({value.system})"
    if isinstance(value, ReferenceId):
        return value.cxi()
    if isinstance(value, Author):
        told = (value.person, *value.institutions, *value.roles, *value.specialties, *value.telecommunications)
        return " · ".join(part for part in told if part)
    return str(value)


def _camel(name: str) -> str:
    """The attribute's name as the standard writes it: ``typeCode`` for ``type_code``."""
    first, *rest = name.split("_")
    return first + "".join(_ACRONYMS.get(word, word.capitalize()) for word in rest)
