"""What every content item has, wherever it stands: a concept, a value, and no value of another type."""

from __future__ import annotations

from gateway.kos import tags as t
from gateway.kos.rules.context import Context, Path, name, under
from gateway.kos.tree import Node

ENTRIES = frozenset(("IMAGE", "WAVEFORM", "COMPOSITE"))
VALUES = {
    "TEXT": t.TEXT_VALUE,
    "CODE": t.CONCEPT_CODE_SEQUENCE,
    "UIDREF": t.UID,
    "PNAME": t.PERSON_NAME,
    "DATE": t.DATE,
    "TIME": t.TIME,
    "DATETIME": t.DATE_TIME,
    "NUM": t.MEASURED_VALUE_SEQUENCE,
    "IMAGE": t.REFERENCED_SOP_SEQUENCE,
    "WAVEFORM": t.REFERENCED_SOP_SEQUENCE,
    "COMPOSITE": t.REFERENCED_SOP_SEQUENCE,
}
"""The attribute that holds the value, by value type (PS3.3 table C.17.3-5)."""
_VALUE_TAGS = tuple(sorted(set(VALUES.values())))


def concept_of(item: Node) -> tuple[str, str]:
    """Code and designator of the concept name."""
    for one in item.items(t.CONCEPT_NAME_CODE_SEQUENCE):
        return one.ascii(t.CODE_VALUE), one.ascii(t.CODING_SCHEME_DESIGNATOR)
    return "", ""


def foreign(context: Context, item: Node, kind: str, path: Path) -> None:
    """The value of the item is there, and no value of another type is."""
    own = VALUES.get(kind)
    if own is not None and not item.has(own):
        context.say("kos-content-value", under(path, own), name=name(own), value=kind)
    for tag in _VALUE_TAGS:
        if tag != own and tag in item.by_tag:
            context.say("kos-content-foreign", under(path, tag), name=name(tag), value=kind)
