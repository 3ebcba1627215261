"""Part 10 files written and opened around a data set that stays as it is (DICOM PS3.10 section 7.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from gateway.dicom.guard import file_meta
from gateway.dicom.network.pdu import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION

_PREAMBLE = b"\0" * 128 + b"DICM"
_GROUP_LENGTH_BYTES = 12
_META_LIMIT_BYTES = 64 << 10


def wrap(
    sop_class_uid: str, sop_instance_uid: str, transfer_syntax: str, data: bytes | bytearray | memoryview
) -> bytes:
    """The file of the data set *data*, with a preamble of zeros."""
    return b"".join((head(sop_class_uid, sop_instance_uid, transfer_syntax), data))


def head(sop_class_uid: str, sop_instance_uid: str, transfer_syntax: str) -> bytes:
    """What stands before the data set in a file: a preamble of zeros and the file meta information."""
    before, after = _around(sop_class_uid, transfer_syntax)
    instance = _uid(0x03, sop_instance_uid)
    length = len(before) + len(instance) + len(after)
    return b"".join((_PREAMBLE, b"\x02\0\0\0UL\x04\0", length.to_bytes(4, "little"), before, instance, after))


@lru_cache(maxsize=256)
def _around(sop_class_uid: str, transfer_syntax: str) -> tuple[bytes, bytes]:
    """What stands before and after the instance's UID: the same for a whole series."""
    before = b"\x02\0\x01\0OB\0\0\x02\0\0\0\0\x01" + _uid(0x02, sop_class_uid)
    after = b"".join(
        (
            _uid(0x10, transfer_syntax),
            _uid(0x12, IMPLEMENTATION_CLASS_UID),
            _element(0x13, b"SH", IMPLEMENTATION_VERSION.encode(), b" "),
        )
    )
    return before, after


def opening(read: Callable[[int], bytes]) -> bytes:
    """What stands before the data set of the file that *read* gives, as far as its group length says."""
    first = read(len(_PREAMBLE) + _GROUP_LENGTH_BYTES)
    return first + read(min(int.from_bytes(first[-4:], "little"), _META_LIMIT_BYTES))


def unwrap(content: bytes | bytearray) -> tuple[str, memoryview]:
    """Transfer syntax and data set of a file; raises InputRejected (``dicom_not_a_file``, ``dicom_truncated``)."""
    start, syntax = file_meta(content)
    return syntax, memoryview(content)[start:]


def _uid(number: int, value: str) -> bytes:
    return _element(number, b"UI", value.encode("ascii"), b"\0")


def _element(number: int, vr: bytes, value: bytes, padding: bytes) -> bytes:
    value += padding * (len(value) % 2)
    return b"\x02\0" + number.to_bytes(2, "little") + vr + len(value).to_bytes(2, "little") + value
