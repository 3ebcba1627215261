"""A Part 10 file taken apart: file meta information, how the data set is encoded, and its bytes.

Sources: DICOM PS3.10 section 7.1; PS3.5 annex A (transfer syntaxes), section 7.1 (elements). A deflated data set is
unfolded up to a limit, so that a small file cannot become a large one.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from gateway.errors import InputRejected, InputTooLarge
from gateway.kos import tags

SIZE_BYTES = 32 * 1024 * 1024
"""Six times the manifest of 20 000 instances, twice that of one with a description of each."""

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
READABLE = frozenset({EXPLICIT, IMPLICIT, DEFLATED})

_META_LONG = frozenset((b"OB", b"OW", b"UN", b"SQ", b"UT"))
_VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)


@dataclass(frozen=True, slots=True)
class Part10:
    """A file taken apart."""

    preamble: bytes
    meta: tuple[tuple[int, bytes, bytes], ...]
    """Tag, VR and value of each element of group 2, in the order of the file."""
    group_length_is_right: bool
    transfer_syntax: str
    """As the file meta information says."""
    implicit: bool
    """As the bytes of the data set are."""
    deflated: bool
    """As the bytes of the data set were."""
    body: bytes

    def meta_text(self, tag: int) -> str:
        """The value of an element of the file meta information, empty when it is absent."""
        for found, _, value in self.meta:
            if found == tag:
                return value.decode("ascii", "replace").strip(" \0")
        return ""


def take_apart(content: bytes, limit_bytes: int | None = None) -> Part10:
    """The parts of the file *content*.

    Raises InputTooLarge (``kos_too_large``) above *limit_bytes*, unfolded, and InputRejected for a file that is not
    DICOM, that is cut or that is in a transfer syntax that is never read (``kos_transfer_syntax``).
    """
    limit = SIZE_BYTES if limit_bytes is None else limit_bytes
    if len(content) > limit:
        raise InputTooLarge("kos_too_large", size=len(content), limit=limit)
    if content[128:132] != b"DICM":
        raise InputRejected("kos_not_dicom")
    meta, start = _meta(content)
    declared = next((v for t, vr, v in meta if t == 0x00020000 and vr == b"UL" and len(v) == 4), b"")
    right = bool(declared) and 132 + 12 + int.from_bytes(declared, "little") == start
    syntax = next((v.decode("ascii", "replace").strip(" \0") for t, _, v in meta if t == tags.TRANSFER_SYNTAX_UID), "")
    body = content[start:]
    # A file whose header names another syntax than its bytes have can be judged, and is found wrong.
    plain = body[4:6] in _VRS and body[1:2] == b"\0"
    if syntax == BIG_ENDIAN and not plain:
        raise InputRejected("kos_transfer_syntax", place="(0002,0010)", syntax=syntax)
    deflated = syntax == DEFLATED and not plain
    if deflated:
        body = _inflated(body, limit)
    return Part10(
        preamble=content[:128],
        meta=tuple(meta),
        group_length_is_right=right,
        transfer_syntax=syntax,
        implicit=bool(body) and body[4:6] not in _VRS,
        deflated=deflated,
        body=body,
    )


def _meta(content: bytes) -> tuple[list[tuple[int, bytes, bytes]], int]:
    """The elements of group 2, always Explicit VR Little Endian, and where the data set begins."""
    found = []
    offset = 132
    while content[offset : offset + 2] == b"\x02\x00":
        tag = 0x00020000 | int.from_bytes(content[offset + 2 : offset + 4], "little")
        vr = content[offset + 4 : offset + 6]
        long = vr in _META_LONG
        start = offset + (12 if long else 8)
        length = int.from_bytes(content[offset + (8 if long else 6) : start], "little")
        if start + length > len(content):
            raise InputRejected("kos_malformed", place=tags.name(tag))
        found.append((tag, vr, content[start : start + length]))
        offset = start + length
    return found, offset


def _inflated(body: bytes, limit: int) -> bytes:
    """PS3.5 annex A.5: raw deflate, perhaps padded by a NUL."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        unfolded = engine.decompress(body, limit + 1)
    except zlib.error:
        raise InputRejected("kos_malformed", place="(0002,0010)") from None
    if len(unfolded) > limit:
        raise InputTooLarge("kos_too_large", size=f"> {limit}", limit=limit)
    if not engine.eof:
        raise InputRejected("kos_malformed", place="(0002,0010)")
    return unfolded
