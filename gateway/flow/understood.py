"""What reports say, read once.

A report is looked at twice at least before it is published, once for each destination, and again whenever another
report over its studies is published. Its bytes never change: they are kept under their own digest.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from gateway.model.report import Report

_KEPT = 64


class Understood:
    """The reports that were read last, by the digest of their bytes; may be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: OrderedDict[str, Report] = OrderedDict()

    def report(self, digest: str, read: Callable[[], Report]) -> Report:
        """What the bytes of *digest* say; *read* reads them where that is not known."""
        with self._lock:
            known = self._reports.get(digest)
            if known is not None:
                self._reports.move_to_end(digest)
                return known
        made = read()
        with self._lock:
            self._reports[digest] = made
            while len(self._reports) > _KEPT:
                self._reports.popitem(last=False)
        return made
