"""Marks of key images: the item of a marked image names the note that marks it, as official manifests of DRIM-M do.

The note is an instance of the same evidence; the mark gives its UID, its series, its title and a sentence that names
the image. Nothing of it is in the standard, which lets an item be extended (DICOM PS3.3, C.17.6.2).
"""

from __future__ import annotations

import re

from gateway.kos import tags as t
from gateway.kos.rules.attributes import code
from gateway.kos.rules.context import Context, Path, under
from gateway.kos.rules.evidence import Evidence, Mark
from gateway.kos.sop_classes import KEY_OBJECT_SELECTION
from gateway.kos.titles import KEY_OBJECTS
from gateway.kos.tree import Node

_SENTENCE = re.compile(r"Definition of key instance ([0-9.]+) associated with series ([0-9.]+)")


def check(context: Context, found: Evidence) -> None:
    """Every mark of the evidence."""
    seen = set()
    for mark in found.marks:
        note = mark.node.ascii(t.REFERENCED_SOP_INSTANCE_UID)
        place = under(mark.path, t.REFERENCED_SOP_INSTANCE_UID)
        is_note = found.instances.get(note) == KEY_OBJECT_SELECTION
        if not note or not is_note or note == mark.instance_uid or (mark.instance_uid, note) in seen:
            context.say("kos-mark", place, value=note)
            continue
        seen.add((mark.instance_uid, note))
        series = mark.node.ascii(t.SERIES_INSTANCE_UID)
        if series != found.series[note]:
            context.say("kos-mark", under(mark.path, t.SERIES_INSTANCE_UID), value=series)
        _title(context, mark.node, mark.path)
        _sentence(context, mark, found)


def _title(context: Context, mark: Node, path: Path) -> None:
    """One title, which is not a rejection's or a manifest's, with the meaning that the standard gives it."""
    titles = mark.items(t.CONCEPT_NAME_CODE_SEQUENCE)
    if len(titles) != 1:
        context.say("kos-mark-title", under(path, t.CONCEPT_NAME_CODE_SEQUENCE), value=str(len(titles)))
    for index, title in enumerate(titles):
        place = under(path, t.CONCEPT_NAME_CODE_SEQUENCE, index)
        code(context, title, place)
        value, meaning = title.ascii(t.CODE_VALUE), context.text(title, t.CODE_MEANING)
        known = KEY_OBJECTS.get(value)
        standard = title.ascii(t.CODING_SCHEME_DESIGNATOR) == "DCM"
        if known is None if standard else known is not None:
            context.say("kos-mark-title", under(place, t.CODE_VALUE), value=value)
        elif known is not None and meaning and meaning.casefold() != known.casefold():
            context.say("kos-mark-title", under(place, t.CODE_MEANING), value=meaning)


def _sentence(context: Context, mark: Mark, found: Evidence) -> None:
    """Consumers may read the sentence; where it names an image and a series they are those of the item."""
    items = mark.node.items(t.CONTENT_SEQUENCE)
    texts = [context.text(item, t.TEXT_VALUE) for item in items]
    place = under(mark.path, t.CONTENT_SEQUENCE)
    if len(items) != 1 or not texts[0]:
        context.say("kos-mark-words", place)
    for text in texts:
        named = _SENTENCE.search(text)
        if named and named.groups() != (mark.instance_uid, found.series.get(mark.instance_uid)):
            context.say("kos-mark", place, value=named[1])
