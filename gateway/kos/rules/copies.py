"""Identical documents: a manifest over several studies is there once in each, and names its copies.

Source: DICOM PS3.3 C.17.6.2.1, table C.17-3 (Hierarchical SOP Instance Reference macro).
"""

from __future__ import annotations

from gateway.kos import tags as t
from gateway.kos.rules.attributes import REFERENCE, SERIES, STUDY, level
from gateway.kos.rules.context import Context, Path, under
from gateway.kos.rules.evidence import Evidence
from gateway.kos.sop_classes import KEY_OBJECT_SELECTION
from gateway.kos.tree import Node


def check(context: Context, found: Evidence) -> None:
    """One copy in every other study that the evidence names, and none elsewhere."""
    place = under("", t.IDENTICAL_DOCUMENTS_SEQUENCE)
    copies = context.root.items(t.IDENTICAL_DOCUMENTS_SEQUENCE)
    if len(found.studies) == 1 and copies:
        context.say("kos-identical-needless", place)
        return
    others = found.studies - {context.root.ascii(t.STUDY_INSTANCE_UID)}
    named = set()
    for index, copy in enumerate(copies):
        path = under("", t.IDENTICAL_DOCUMENTS_SEQUENCE, index)
        study = copy.ascii(t.STUDY_INSTANCE_UID)
        level(context, copy, path, STUDY)
        if study and (study not in others or study in named):
            context.say("kos-identical", under(path, t.STUDY_INSTANCE_UID), value=study)
        named.add(study)
        _documents(context, copy, path, found)
    if len(found.studies) > 1 and others - named:
        context.say("kos-identical-missing", place)


def _documents(context: Context, copy: Node, path: Path, found: Evidence) -> None:
    """A copy is a key object, of a series of its own, and not this document or one that it lists."""
    own = context.root.ascii(t.SOP_INSTANCE_UID)
    for number, series in enumerate(copy.items(t.REFERENCED_SERIES_SEQUENCE)):
        place = under(path, t.REFERENCED_SERIES_SEQUENCE, number)
        level(context, series, place, SERIES)
        for index, document in enumerate(series.items(t.REFERENCED_SOP_SEQUENCE)):
            inner = under(place, t.REFERENCED_SOP_SEQUENCE, index)
            level(context, document, inner, REFERENCE)
            uid, sop_class = document.ascii(t.REFERENCED_SOP_INSTANCE_UID), document.ascii(t.REFERENCED_SOP_CLASS_UID)
            if uid and (uid == own or uid in found.instances):
                context.say("kos-identical", under(inner, t.REFERENCED_SOP_INSTANCE_UID), value=uid)
            if sop_class and sop_class != KEY_OBJECT_SELECTION:
                context.say("kos-identical", under(inner, t.REFERENCED_SOP_CLASS_UID), value=sop_class)
