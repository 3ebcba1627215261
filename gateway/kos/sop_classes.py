"""Which storage classes a content item names as IMAGE and which as WAVEFORM; every other one is COMPOSITE.

IMAGE is for objects whose information object definition holds pixel data that is displayed as such, WAVEFORM for
those that hold a waveform sequence (DICOM PS3.3 tables A.1-1a to A.1-1c; PS3.16 TID 2010). A class of a vendor's own
is COMPOSITE, which is always true.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

ValueType = Literal["IMAGE", "WAVEFORM", "COMPOSITE"]
Family = Literal["presentation state", "structured report", "key object", "private", "other"]

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
_DICOM = "1.2.840.10008."

_STORAGE = "1.2.840.10008.5.1.4.1.1."

# fmt: off
_IMAGES = frozenset((
    "1", "1.1", "1.1.1", "1.2", "1.2.1", "1.3", "1.3.1",          # CR, DX, MG, IO
    "2", "2.1", "2.2",                                            # CT
    "3", "3.1", "6", "6.1", "6.2", "6.3",                         # US and photoacoustic; 3 and 6 are retired
    "4", "4.1", "4.3", "4.4",                                     # MR; 4.2 is spectroscopy
    "5", "20",                                                    # NM; 5 is retired
    "7", "7.1", "7.2", "7.3", "7.4",                              # secondary capture
    "12.1", "12.1.1", "12.2", "12.2.1", "12.3",                   # XA, XRF; 12.3 is retired
    "13.1.1", "13.1.2", "13.1.3", "13.1.4", "13.1.5",             # X-ray 3D, breast tomosynthesis and projection
    "14.1", "14.2",                                               # intravascular OCT
    "30",                                                         # parametric map
    "66.4", "66.7", "66.8",                                       # segmentations by voxels
    "77.1", "77.2",                                               # VL of the trial, retired
    "77.1.1", "77.1.1.1", "77.1.2", "77.1.2.1", "77.1.3", "77.1.4", "77.1.4.1",   # endoscopy, microscopy, photography
    "77.1.5.1", "77.1.5.2", "77.1.5.4", "77.1.5.5", "77.1.5.6", "77.1.5.7", "77.1.5.8",   # ophthalmology
    "77.1.6", "77.1.7", "77.1.8", "77.1.9",                       # slides, dermoscopy, confocal microscopy
    "81.1", "82.1",                                               # ophthalmic thickness, corneal topography
    "128", "128.1", "130",                                        # PET
    "481.1", "481.23", "481.24",                                  # RT image
    "601.1", "601.2",                                             # eddy current
))
_WAVEFORMS = frozenset((
    "9.1", "9.1.1", "9.1.2", "9.1.3", "9.1.4", "9.2.1", "9.3.1", "9.4.1", "9.4.2", "9.5.1", "9.6.1", "9.6.2",
    "9.7.1", "9.7.2", "9.7.3", "9.7.4", "9.8.1",
))
# fmt: on


_EITHER = frozenset(("30", "66.4", "66.5", "66.7", "66.8", "481.2", "481.23", "481.24", "601.1", "601.2"))
"""Derived voxels and dose: makers name them IMAGE and COMPOSITE, and neither is wrong."""


@lru_cache(1024)
def value_type(sop_class_uid: str) -> ValueType:
    """The value type of the content item that refers to an instance of *sop_class_uid*."""
    if not sop_class_uid.startswith(_STORAGE):
        return "COMPOSITE"
    tail = sop_class_uid[len(_STORAGE) :]
    if tail in _IMAGES:
        return "IMAGE"
    return "WAVEFORM" if tail in _WAVEFORMS else "COMPOSITE"


@lru_cache(1024)
def value_types(sop_class_uid: str) -> frozenset[str]:
    """Every value type under which *sop_class_uid* may be named by someone: a class that is not known may be any."""
    if not is_known_storage(sop_class_uid):
        return frozenset(("IMAGE", "WAVEFORM", "COMPOSITE"))
    if sop_class_uid.removeprefix(_STORAGE) in _EITHER:
        return frozenset(("IMAGE", "COMPOSITE"))
    return frozenset((value_type(sop_class_uid),))


def is_known_storage(sop_class_uid: str) -> bool:
    """Whether the standard that this version knows has it among its storage classes (PS3.6 table A-1)."""
    from pydicom._uid_dict import UID_dictionary

    entry = UID_dictionary.get(sop_class_uid)
    return entry is not None and entry[1] == "SOP Class" and "Storage" in entry[0] and "Commitment" not in entry[0]


@lru_cache(1024)
def may_be_stored(sop_class_uid: str) -> bool:
    """Whether *sop_class_uid* may be the class of an object: a storage class, a newer one or a vendor's own."""
    if is_known_storage(sop_class_uid):
        return True
    from pydicom._uid_dict import UID_dictionary

    if sop_class_uid in UID_dictionary:
        return False
    return not sop_class_uid.startswith(_DICOM) or sop_class_uid.startswith("1.2.840.10008.5.1.4.")


@lru_cache(1024)
def family(sop_class_uid: str) -> Family:
    """What a site decides on when it chooses what its manifests name (PS3.4 table B.5-1)."""
    if not sop_class_uid.startswith(_DICOM):
        return "private"
    if sop_class_uid == KEY_OBJECT_SELECTION:
        return "key object"
    tail = sop_class_uid.removeprefix(_STORAGE)
    if tail == sop_class_uid:
        return "other"
    if tail.startswith("88."):
        return "structured report"
    return "presentation state" if tail.startswith("11.") else "other"
