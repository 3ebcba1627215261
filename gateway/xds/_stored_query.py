"""A stored query with its values, as both sides hold it, and the form of codes in it (ITI TF-2 3.18.4.1.2.3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model.codes import Code

LEAF_CLASS = "LeafClass"
OBJECT_REF = "ObjectRef"

Groups = tuple[tuple[str, ...], ...]
"""One tuple a slot (all must match), in it the values (any may match)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuery:
    """A query with its values, unquoted. Numbers and times are strings of digits."""

    query_id: str
    parameters: Mapping[str, Groups] = field(default_factory=dict)
    return_type: str = LEAF_CLASS
    home_community_id: str = ""

    def one(self, name: str) -> str:
        """The value of a parameter that holds one, or empty."""
        return next((value for group in self.parameters.get(name, ()) for value in group), "")

    def groups(self, name: str) -> Groups:
        """Every slot of the parameter: each group must match, any value of a group does."""
        return self.parameters.get(name, ())

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a parameter whose slot does not repeat: any of them matches."""
        return tuple(value for group in self.parameters.get(name, ()) for value in group)

    def codes(self, name: str) -> tuple[tuple[Code, ...], ...]:
        """:meth:`groups` of a coded parameter."""
        return tuple(tuple(parse_code(value) for value in group) for group in self.parameters.get(name, ()))


def coded(code: Code) -> str:
    """The form of a code in a query, ``code^^scheme``."""
    return f"{code.code}^^{code.system}"


def parse_code(text: str) -> Code:
    """Read ``code^^scheme``; raises ValueError when either is missing."""
    code, separator, system = text.partition("^^")
    if not code or not separator or not system:
        raise ValueError("a coded value is code^^scheme")
    return Code(code, system)
