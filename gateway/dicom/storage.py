"""Storage SOP classes that may be proposed or received, the common ones first (DICOM PS3.6 table A-1)."""

from __future__ import annotations

import re

from pydicom.uid import UID_dictionary  # type: ignore[attr-defined]

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
_PREFIX = "1.2.840.10008.5.1.4.1.1."
_CLASS = re.compile(re.escape(_PREFIX) + r"[0-9.]+")

# fmt: off
_COMMON = tuple(_PREFIX + tail for tail in (
    "2", "4", "1", "1.1", "6.1", "3.1", "7", "12.1", "1.2", "128", "20", "12.2", "2.1", "4.1",
    "88.11", "88.22", "88.33", "88.34", "88.59", "88.67", "88.65", "11.1", "11.2", "104.1", "66", "66.4", "67",
    "13.1.3", "1.3", "1.2.1", "1.1.1", "7.2", "7.4", "7.1", "7.3", "130", "128.1", "12.1.1", "12.2.1", "4.2", "30",
    "481.1", "481.2", "481.3", "481.4", "481.5", "77.1.1", "77.1.2", "77.1.4", "77.1.6", "77.1.5.1", "77.1.5.4",
    "9.1.1", "9.1.2", "9.1.3", "88.40", "88.50", "66.1", "66.2", "66.3", "66.5", "6.2", "13.1.1", "13.1.2", "3", "6",
))
# fmt: on


def _all() -> tuple[str, ...]:
    known = (
        str(uid)
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and _CLASS.fullmatch(uid) and "Storage" in name
    )
    return tuple(dict.fromkeys((*_COMMON, *known)))


STORAGE = _all()


def is_storage(sop_class_uid: str) -> bool:
    """Whether *sop_class_uid* is a storage class: of the standard, or of a vendor's own root.

    A class of the standard's root is one only where the standard says so.
    """
    if sop_class_uid.startswith("1.2.840.10008."):
        return sop_class_uid in _KNOWN
    return bool(sop_class_uid)


_KNOWN = frozenset(STORAGE)
