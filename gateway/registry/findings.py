"""How a finding is worded: an XDS error code, and a context that quotes the value and names what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gateway.model.codes import Code
from gateway.model.document import RegistryError
from gateway.registry import forms

_T = TypeVar("_T", bound=Hashable)
_ANSWERED = 200
"""Errors of one answer at most."""
_QUOTED = 120
"""Characters of a value that an error quotes at most."""


def bounded(found: Sequence[RegistryError]) -> tuple[RegistryError, ...]:
    """*found*, cut where it would only make the answer long; the last one then says how many more there are."""
    if len(found) <= _ANSWERED:
        return tuple(found)
    rest = RegistryError(code="XDSRegistryError", context=f"{len(found) - _ANSWERED} more errors are not listed")
    return (*found[:_ANSWERED], rest)


def repeated(values: Iterable[_T]) -> list[tuple[_T, int]]:
    """Each of *values* that stands more than once, and how often; nearly always there is none, which is seen first."""
    listed = list(values)
    if len(set(listed)) == len(listed):
        return []
    return [(value, count) for value, count in Counter(listed).items() if count > 1]


@dataclass(frozen=True, slots=True)
class Checks:
    """Makes the findings of one object: *kind* and *where* name it."""

    kind: str
    where: str

    # Tuples and no generators: a submission asks some eighty of these, and nearly all have nothing to say.

    def required(self, name: str, value: str, form: Callable[[str], str]) -> Sequence[RegistryError]:
        if not value:
            return (self.missing(name),)
        return (self.wrong(name, value, wrong),) if (wrong := form(value)) else ()

    def optional(self, name: str, value: str, form: Callable[[str], str]) -> Sequence[RegistryError]:
        return (self.wrong(name, value, wrong),) if value and (wrong := form(value)) else ()

    def each(self, name: str, values: Iterable[str], form: Callable[[str], str]) -> Sequence[RegistryError]:
        return [found for value in values for found in self.required(name, value, form)]

    def code(self, name: str, code: Code) -> Sequence[RegistryError]:
        if 0 < len(code.code) <= forms.LONGEST_VALUE and 0 < len(code.system) <= forms.LONGEST_VALUE:
            return ()
        found: list[RegistryError] = []
        if not code.code:
            found.append(self.missing(name))
        elif not code.system:
            found.append(self.wrong(name, code.code, "lacks its codingScheme"))
        found += self.optional(name, code.code, forms.short)
        found += self.optional(f"codingScheme of {name}", code.system, forms.short)
        return found

    def missing(self, name: str) -> RegistryError:
        return metadata_error(f"{self.kind}.{name} is missing", self.where)

    def wrong(self, name: str, value: str, words: str) -> RegistryError:
        return metadata_error(f"{self.kind}.{name} {quote(value)} {words}", self.where)


def quote(value: str) -> str:
    return f"“{value}”" if len(value) <= _QUOTED else f"“{value[:_QUOTED]}…”"


def metadata_error(context: str, location: str = "") -> RegistryError:
    return RegistryError(code="XDSRegistryMetadataError", context=context, location=location)


def repository_error(context: str, location: str) -> RegistryError:
    return RegistryError(code="XDSRepositoryMetadataError", context=context, location=location)


def unknown_repository(repository: str, location: str) -> RegistryError:
    context = f"the repository {quote(repository)} is not this one"
    return RegistryError(code="XDSUnknownRepositoryId", context=context, location=location)


def unknown_document(name: str) -> RegistryError:
    context = f"no document with the uniqueId {quote(name)} is here"
    return RegistryError(code="XDSDocumentUniqueIdError", context=context, location=name)
