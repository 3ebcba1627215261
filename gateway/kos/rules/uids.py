"""Unique identifiers: their form beyond digits and dots, whose they are, and that none names two things.

Sources: DICOM PS3.5 section 9.1 (form; as ISO/IEC 9834-1 has it, the first arc is 0, 1 or 2, and the second at most 39
below 0 and 1), section 9.2.1 (the root 1.2.840.10008 is the standard's own), annex B.2 (2.25 holds a UUID of 128 bits).
"""

from __future__ import annotations

from gateway.kos import tags as t
from gateway.kos.rules.context import Context, under
from gateway.kos.rules.evidence import Evidence
from gateway.model.identifiers import is_uid

_STANDARD = "1.2.840.10008."
_UUID_ROOT = "2.25."
_UUID_LIMIT = 1 << 128


def is_assignable(value: str) -> bool:
    """Whether somebody can have been given *value*."""
    if not is_uid(value):
        return False
    first, second, *_ = value.split(".")
    if int(first) > 2 or (first != "2" and int(second) > 39):
        return False
    return not value.startswith(_UUID_ROOT) or value.count(".") > 2 or int(value.removeprefix(_UUID_ROOT)) < _UUID_LIMIT


def check(context: Context, found: Evidence) -> None:
    """The document is not part of what it lists, and no UID names two things, or something of the standard's."""
    root = context.root
    study, series, instance = map(root.ascii, (t.STUDY_INSTANCE_UID, t.SERIES_INSTANCE_UID, t.SOP_INSTANCE_UID))
    if series and series in found.sizes:
        context.say("kos-own-series", under("", t.SERIES_INSTANCE_UID), value=series)
    if instance and instance in found.instances:
        context.say("kos-own-instance", under("", t.SOP_INSTANCE_UID), value=instance)
    evidence = under("", t.CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE)
    named = [(uid, "study") for uid in {*found.studies, study}]
    named += [(uid, "series") for uid in {*found.sizes, series}]
    named += [(uid, "instance") for uid in {*found.instances, instance}]
    named += [(uid, "location") for uid in found.locations]
    seen: dict[str, str] = {}
    for uid, kind in named:
        if uid and seen.setdefault(uid, kind) != kind:
            context.say("kos-uid-reused", evidence, value=uid)
        if uid.startswith(_STANDARD):
            context.say("kos-uid-standard", evidence, value=uid)
