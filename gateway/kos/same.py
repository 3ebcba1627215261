"""Whether a manifest still says the truth of its study."""

from __future__ import annotations

from gateway.kos.choice import choose
from gateway.kos.selection import KeyObjectSelection
from gateway.model.exam import Exam
from gateway.model.site import ManifestSettings


def same_content(manifest: KeyObjectSelection, exam: Exam, settings: ManifestSettings | None = None) -> bool:
    """Whether *manifest* names exactly what a manifest of *exam* would name now.

    When it does not, a new manifest with a new UID takes its place; when it does, none is made. Compared are the
    study, and of each instance its series and class: names, numbers and descriptions are not a reason to replace.
    """
    shared = choose(exam, settings or ManifestSettings()).exam
    there = {
        (study.study_uid, series.series_uid, instance.sop_class_uid, instance.sop_instance_uid)
        for study in manifest.studies
        for series in study.series
        for instance in series.instances
    }
    here = {
        (exam.study_uid, series.series_uid, instance.sop_class_uid, instance.sop_instance_uid)
        for series in shared.series
        for instance in series.instances
    }
    return there == here
