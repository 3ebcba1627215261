"""Values of an object's attributes whatever a PACS wrote there: what is no such value is as good as absent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import Dataset


def text(item: Dataset, keyword: str) -> str:
    """The value of *keyword* as it is written, or nothing."""
    value = item.get(keyword)
    return "" if value is None else str(value)


def texts(item: Dataset, keyword: str) -> list[str]:
    """Every value of *keyword*."""
    value = item.get(keyword)
    several = hasattr(value, "__iter__") and not isinstance(value, str | bytes)
    return [] if value is None else [str(one) for one in (value if several else [value])]


def whole(item: Dataset, keyword: str) -> int:
    """The value of *keyword* as a whole number, or 0."""
    try:
        return int(item.get(keyword) or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def items(item: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence."""
    from pydicom.sequence import Sequence

    value = item.get(keyword)
    return list(value) if isinstance(value, Sequence) else []


def numbers(item: Dataset, keyword: str) -> list[float]:
    """Every value of *keyword*; none where one of them is no finite number."""
    return numeric(item.get(keyword))


def numeric(value: Any) -> list[float]:
    """One number or several as a list; empty where one of them is no finite number."""
    if value is None:
        return []
    several = hasattr(value, "__iter__") and not isinstance(value, str | bytes)
    try:
        found = [float(one) for one in (value if several else [value])]
    except (TypeError, ValueError, OverflowError):
        return []
    return found if all(map(math.isfinite, found)) else []
