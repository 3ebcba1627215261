"""Titles of key object documents: the code says whether one lists a study, marks images in it, or rejects them.

Sources: DICOM PS3.16 CID 7010, CID 7011 and annex D; IHE RAD Supplement MADO 1.1, whose code is that of the trial until
DICOM CP-2595 gives it one of DCM. What rejects is in :mod:`gateway.kos.rejections`.
"""

from __future__ import annotations

from gateway.kos.rejections import REJECTIONS
from gateway.model.codes import Code

MANIFEST = Code("113030", "DCM", "Manifest")
SIGNED_MANIFEST = Code("113031", "DCM", "Signed Manifest")
MANIFEST_WITH_DESCRIPTION = Code("MADOTEMP001", "99IHE", "Manifest with Description")
KEY_OBJECTS = {
    "113000": "Of Interest",
    "113002": "For Referring Provider",
    "113003": "For Surgery",
    "113004": "For Teaching",
    "113005": "For Conference",
    "113006": "For Therapy",
    "113007": "For Patient",
    "113008": "For Peer Review",
    "113009": "For Research",
    "113010": "Quality Issue",
    "113013": "Best In Set",
    "113018": "For Printing",
    "113020": "For Report Attachment",
    "113021": "For Litigation",
    "113032": "Complete Study Content",
    "113033": "Signed Complete Study Content",
    "113034": "Complete Acquisition Content",
    "113035": "Signed Complete Acquisition Content",
    "113036": "Group of Frames for Display",
}
"""Those that mark what they select: the meaning by the code of DCM."""
OTHER_MEANINGS = frozenset(
    meaning.casefold() for meaning in (*KEY_OBJECTS.values(), *REJECTIONS.values(), SIGNED_MANIFEST.display)
)
"""Meanings of every title that is not a plain manifest's."""


def is_manifest(title: Code | None) -> bool:
    """Whether a document with this title lists a study: a manifest, a signed one, one with description."""
    plain = title is not None and (title.code, title.system) in {
        (one.code, one.system) for one in (MANIFEST, SIGNED_MANIFEST)
    }
    return plain or is_described(title)


def is_described(title: Code | None) -> bool:
    """Whether it is the title of a manifest with description: of the trial, or of the standard once it is there."""
    if title is None:
        return False
    if title.system == MANIFEST_WITH_DESCRIPTION.system:
        return title.code == MANIFEST_WITH_DESCRIPTION.code
    same = title.display.casefold() == MANIFEST_WITH_DESCRIPTION.display.casefold()
    return title.system == MANIFEST.system and title.code != MANIFEST.code and same
