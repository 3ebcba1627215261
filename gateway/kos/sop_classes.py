"""Which storage classes a content item names as IMAGE and which as WAVEFORM; every other one is COMPOSITE.

IMAGE is for objects whose information object definition holds pixel data that is displayed as such, WAVEFORM for
those that hold a waveform sequence (DICOM PS3.3 tables A.1-1a to A.1-1c; PS3.16 TID 2010). A class of a vendor's own
is COMPOSITE, which is always true.
"""

from __future__ import annotations

from typing import Literal

ValueType = Literal["IMAGE", "WAVEFORM", "COMPOSITE"]

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


def value_type(sop_class_uid: str) -> ValueType:
    """The value type of the content item that refers to an instance of *sop_class_uid*."""
    if not sop_class_uid.startswith(_STORAGE):
        return "COMPOSITE"
    tail = sop_class_uid[len(_STORAGE) :]
    if tail in _IMAGES:
        return "IMAGE"
    return "WAVEFORM" if tail in _WAVEFORMS else "COMPOSITE"
