"""Headers of instances in the DICOM JSON model (DICOM PS3.18 annex F), without what is large.

Made here rather than by pydicom, whose data sets cost ten times as much: a series of five hundred is a second.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import Any

from gateway.dicom import glance
from gateway.dicom.guard import Limits, is_implicit
from gateway.dicom.values import CHARACTER_SET, Values
from gateway.errors import GatewayError, PeerMisbehaved
from gateway.model.image import StoredInstance

_LARGE_BYTES = 16 << 10
_LIMITS = Limits(size_bytes=64 << 20)
_BINARY = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN", b"SV", b"UV"})
_NUMBERS = frozenset({b"US", b"SS", b"UL", b"SL", b"IS", b"FL", b"FD", b"DS"})
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def described(instance: StoredInstance) -> dict[str, Any]:
    """The header of *instance*: everything before Pixel Data but for binary values above 16 KiB.

    Raises PeerMisbehaved ``pacs_answer_malformed``.
    """
    try:
        found = glance.pixel_data(instance.data, instance.transfer_syntax)
        head = instance.data[: found.position] if found is not None else instance.data
        values = Values.read(head, implicit=is_implicit(instance.transfer_syntax), limits=_LIMITS)
    except GatewayError as error:
        raise PeerMisbehaved("pacs_answer_malformed", pacs="", words=error.code) from None
    told = _told(values)
    if f"{CHARACTER_SET:08X}" in told:
        # JSON is in UTF-8, and the values with it (PS3.18 section F.2).
        told[f"{CHARACTER_SET:08X}"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    return told


def _told(values: Values) -> dict[str, Any]:
    return {f"{tag:08X}": _attribute(values, tag, vr) for tag, vr in values.tags() if tag & 0xFFFF}


def _attribute(values: Values, tag: int, vr: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {"vr": vr.decode("ascii")}
    if vr == b"SQ":
        items = [_told(item) for item in values.items(tag)]
        return {**told, "Value": items} if items else told
    raw = values.raw(tag)
    if not raw:
        return told
    if vr in _BINARY:
        if len(raw) > _LARGE_BYTES:
            return {**told, "BulkDataURI": ""}
        return {**told, "InlineBinary": base64.b64encode(raw).decode("ascii")}
    found = list(_values(values, tag, vr, bytes(raw)))
    return {**told, "Value": found} if any(one is not None for one in found) else told


def _values(values: Values, tag: int, vr: bytes, raw: bytes) -> Iterable[Any]:
    if vr == b"AT":
        pairs = (raw[at : at + 4] for at in range(0, len(raw) - 3, 4))
        return [f"{int.from_bytes(one[:2], 'little'):04X}{int.from_bytes(one[2:], 'little'):04X}" for one in pairs]
    texts = values.texts(tag)
    if vr in _NUMBERS:
        return [_number(text) for text in texts]
    if vr == b"PN":
        return [
            {name: group for name, group in zip(_GROUPS, text.split("="), strict=False) if group} or None
            for text in texts
        ]
    return [text or None for text in texts]


def _number(text: str) -> int | float | None:
    """A number, or nothing for what is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else number
