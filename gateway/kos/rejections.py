"""Rejection notes: key objects whose title says why images are no longer to be used.

Sources: IHE RAD TF-3 4.66.4.1.3.1 (Imaging Object Change Management), DICOM PS3.16 CID 7011.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.model.codes import Code
from gateway.model.exam import KeyObjectNote

REJECTIONS = {
    "113001": "Rejected for Quality Reasons",
    "113037": "Rejected for Patient Safety Reasons",
    "113038": "Incorrect Modality Worklist Entry",
    "113039": "Data Retention Policy Expired",
}
"""Titles of rejection notes, scheme DCM."""


def is_rejection(title: Code | None) -> bool:
    """Whether a document with this title rejects what it names."""
    return title is not None and title.system == "DCM" and title.code in REJECTIONS


def rejected_by(notes: Iterable[KeyObjectNote]) -> frozenset[str]:
    """SOP Instance UIDs of what the rejections among *notes* name, and of these rejections."""
    return frozenset(uid for note in notes if is_rejection(note.title) for uid in (note.sop_instance_uid, *note.marked))
