"""Memory that images leave is kept for the next ones.

Images are megabytes that come and go. By itself the C library gives each block of that size back to the system when it
is freed, and the system hands out the next one page by page, each of them cleared first: four fifths of the time that a
transfer takes. So freed blocks stay with the process, as much as its busiest moment has needed, and one arena holds
them, so that a block that one thread has freed serves the next thread.
"""

from __future__ import annotations

import ctypes

import structlog

log = structlog.get_logger(__name__)

# Of mallopt(3) in the GNU C library.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_BYTES = 32 << 20
"""The largest threshold that the library takes; what is larger still goes back at once."""
_KEPT_BYTES = 2**31 - 1


def keep_freed() -> bool:
    """Have this process keep what it frees; False where the C library knows no such wish (it is another one)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        log.info("web.memory_as_usual")
        return False
    wishes = ((_MMAP_THRESHOLD, _LARGEST_BYTES), (_TRIM_THRESHOLD, _KEPT_BYTES), (_ARENA_MAX, 1))
    granted = [mallopt(name, value) for name, value in wishes]
    return all(granted)
