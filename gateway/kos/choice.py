"""What of a study its manifest names: everything that may be shared, and for the rest the reason.

Sources: IHE RAD TF-3 4.68 (the set of DICOM instances to be shared), IHE RAD Imaging Object Change Management (titles
of rejection notes; DICOM PS3.16 CID 7011 and annex D), PS3.16 CID 7010 (titles of key object documents). A key object
document whose title is not known, because nobody opened it, is named: consumers show key images by it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from gateway.kos.rejections import is_rejection
from gateway.kos.sop_classes import family
from gateway.kos.titles import is_manifest
from gateway.model.exam import Exam, Instance
from gateway.model.site import ManifestSettings


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An instance that the manifest does not name."""

    instance: Instance
    reason: str
    """``rejected``, ``rejection note``, ``manifest``, ``presentation state``, ``structured report`` or ``private``."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The study as it is shared."""

    exam: Exam
    left_out: tuple[LeftOut, ...] = ()

    @property
    def reasons(self) -> dict[str, int]:
        """How many instances were left out for each reason."""
        return dict(Counter(one.reason for one in self.left_out))


def choose(exam: Exam, settings: ManifestSettings) -> Choice:
    """*exam* with what is shared of it, and what was left out; series that become empty are gone."""
    rejected = frozenset(uid for note in exam.notes if is_rejection(note.title) for uid in note.marked)
    withheld = {note.sop_instance_uid: "rejection note" for note in exam.notes if is_rejection(note.title)}
    withheld |= {note.sop_instance_uid: "manifest" for note in exam.notes if is_manifest(note.title)}
    families = frozenset(
        name
        for name, shared in (
            ("presentation state", settings.presentation_states),
            ("structured report", settings.structured_reports),
            ("private", settings.private_classes),
        )
        if not shared
    )
    classes = {instance.sop_class_uid for series in exam.series for instance in series.instances}
    kinds = {sop_class: family(sop_class) for sop_class in classes}
    unwanted = {sop_class: kind for sop_class, kind in kinds.items() if kind in families}
    if not (rejected or withheld or unwanted):
        return Choice(exam)
    left_out: list[LeftOut] = []
    series = []
    for one in exam.series:
        kept = []
        for instance in one.instances:
            uid = instance.sop_instance_uid
            reason = "rejected" if uid in rejected else withheld.get(uid) or unwanted.get(instance.sop_class_uid)
            if reason:
                left_out.append(LeftOut(instance, reason))
            else:
                kept.append(instance)
        if kept:
            series.append(replace(one, instances=tuple(kept)))
    notes = tuple(note for note in exam.notes if note.sop_instance_uid not in withheld)
    return Choice(replace(exam, series=tuple(series), notes=notes), tuple(left_out))
