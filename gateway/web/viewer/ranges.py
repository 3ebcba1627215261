"""Parts of a body that a client asks for (RFC 9110 section 14): one range of bytes, which is what films need."""

from __future__ import annotations

import re
from typing import NamedTuple

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)


class Range(NamedTuple):
    """From *start* up to and without *stop*."""

    start: int
    stop: int


class NotSatisfiable(ValueError):
    """No byte of the body is in the range."""


def asked(header: str, size: int) -> Range | None:
    """The range that the header ``Range`` asks of a body of *size* bytes; None: the whole body.

    Several ranges and what is no range are passed over, as section 14.2 allows. Raises NotSatisfiable.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        if not length:
            raise NotSatisfiable
        return Range(size - length, size)
    start = int(found[1])
    stop = min(int(found[2]) + 1, size) if found[2] else size
    if found[2] and int(found[2]) < start:
        return None
    if start >= size:
        raise NotSatisfiable
    return Range(start, stop)
