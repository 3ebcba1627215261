"""Explicit VR Little Endian by hand (DICOM PS3.5 section 7.1.2 and 7.5), for the two sequences that grow with a study.

pydicom needs 0.2 s for the 500 references of an ordinary CT; this needs 2 ms, and gives the bytes that pydicom gives
when it writes the file again, which is tested. Sequences and items have defined lengths.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

_LONG = frozenset({"SQ", "UR", "UT"})
"""VRs of ours whose length takes four bytes (PS3.5 table 7.1-1)."""
_ITEM = b"\xfe\xff\x00\xe0"


def element(tag: int, vr: str, value: str) -> bytes:
    """One element of text in UTF-8, padded to an even length: NUL for a UID, a blank otherwise."""
    return _element(tag, vr, _padded(value.encode(), b"\0" if vr == "UI" else b" "))


def sequence(tag: int, items: Iterable[bytes]) -> bytes:
    """A sequence of the *items*, each the elements of one in the order of their tags."""
    return _element(tag, "SQ", b"".join(_ITEM + struct.pack("<I", len(item)) + item for item in items))


def _element(tag: int, vr: str, value: bytes) -> bytes:
    group, number = tag >> 16, tag & 0xFFFF
    if vr in _LONG:
        return struct.pack("<HH2sHI", group, number, vr.encode(), 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, vr.encode(), len(value)) + value


def _padded(value: bytes, pad: bytes) -> bytes:
    return value + pad if len(value) % 2 else value
